//! The tokens of projects: how old they are, and new values that only one place ever holds.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Bench, side_by_side};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
  - { username: weak, secret: demo-secret, email: weak@acme.example, role: member }
projects:
  - id: 11
    name: Web
    tokens:
      - { id: t-1, name: Data Pipeline, token: first-value-of-it, created_at: 200 days ago, last_used: 3 days ago, created_by: priya@acme.example }
      - { id: 77, name: Mobile, token: second-value-of-it, created_at: 89 days ago }
  - { id: 12, name: iOS }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: sana@acme.example, role: member, projects: { 11: analyst } }
";

const FILES: &str = "
organization: { id: 12345, name: Acme Corp }
projects: { web: { id: 11 }, ios: { id: 12 } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  sana@acme.example: { projects: { web: admin } }
";

fn token(bench: &Bench, id: &str) -> String {
    let tokens = bench.emulator.state().projects.into_iter().flat_map(|project| project.tokens);
    tokens.into_iter().find(|token| token.id == id).unwrap().token
}

#[test]
fn tokens_are_listed_with_age_and_last_use_and_never_their_value() {
    let bench = Bench::new(SEED, FILES);
    let listed = bench.run("tokens list").exits(0);
    let listed = listed
        .shows("t-1 Data Pipeline: 200 days old, last used 3 days ago, made by priya@acme.example ! older than 90 days")
        .shows("77 Mobile: 89 days old, never used");
    listed.shows("1 of 2 older than 90 days").never_shows("-value-of-it");
    let rows = bench.run("tokens list --format json").exits(0).json();
    let shown: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["id"].as_str().unwrap(),
                row["age_days"].as_i64().unwrap(),
                row["rotate"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [("t-1", 200, true), ("77", 89, false)]);
    bench.run("tokens list --redact").exits(0).never_shows("priya@acme.example");
    bench.run("tokens list --project ios").exits(0).shows("No tokens");
    bench.run("tokens list --project wbe").exits(1).says("web");
    let weak =
        bench.program(&["tokens", "list"]).variable("MIXPANEL_SERVICE_ACCOUNT", "weak").run();
    weak.exits(1).says("403");
    assert_eq!(bench.writes(), []);
    // Who gains project admin may read them, and a plan says what follows.
    bench.run("plan").exits(0).shows("follow-up-tokens").shows("mixaccess tokens");
    let none = SEED.replace("members:", "served: { without: [tokens] }\nmembers:");
    let untold = Bench::new(&none, FILES).run("tokens list").exits(1);
    untold.says("does not tell the tokens of web, ios").never_shows("No tokens");
    // One project that is gone hides no other.
    let gone = FILES.replace("ios: { id: 12 }", "gone: { id: 99 }");
    let told = Bench::new(SEED, &gone).run("tokens list").exits(1);
    told.shows("t-1 Data Pipeline").says("does not tell the tokens of gone");
}

#[test]
fn a_rotation_asks_for_the_name_and_hands_the_value_to_one_file() {
    let bench = Bench::new(SEED, FILES);
    let rotate = |more: &[&str]| {
        let line = ["tokens", "rotate", "web", "t-1"];
        bench.program(&[&line[..], more].concat()).run()
    };
    for (more, said) in [
        (&[][..], "--secret-file"),
        (&["--secret-file", "new.secret"], "--confirm-name"),
        (
            &["--secret-file", "new.secret", "--confirm-name", "data pipeline"],
            "nothing was rotated",
        ),
        (
            &["--secret-file", "access/access.yaml", "--confirm-name", "Data Pipeline"],
            "access/access.yaml",
        ),
    ] {
        let refused = rotate(more).exits(1).says(said);
        assert_eq!(bench.writes(), [], "{refused}");
    }
    assert!(!bench.path("new.secret").exists());
    bench
        .run("tokens rotate web t-9 --confirm-name x --secret-file new.secret")
        .exits(1)
        .says("t-9");
    let rotated =
        rotate(&["-v", "--secret-file", "new.secret", "--confirm-name", "Data Pipeline"]).exits(0);
    let value = token(&bench, "t-1");
    let rotated = rotated.shows("Update every implementation that uses it").never_shows(&value);
    rotated.never_shows("first-value-of-it");
    assert_eq!(bench.read("new.secret").trim(), value);
    assert_ne!(value, "first-value-of-it");
    let mode = std::fs::metadata(bench.path("new.secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    bench.run("tokens list").exits(0).shows("t-1 Data Pipeline: 0 days old").never_shows(&value);
    bench.holds_nowhere(&value, &["new.secret"]);
    // An id that is a number.
    bench
        .run("tokens rotate web 77 --confirm-name Mobile --secret-command 'cat > mobile.secret'")
        .exits(0);
    assert_eq!(bench.read("mobile.secret"), token(&bench, "77"));
}

#[test]
fn the_name_is_typed_back_at_a_terminal() {
    let bench = Bench::new(SEED, FILES);
    let line = "tokens rotate web t-1 --secret-file typed.secret";
    for answer in ["Mobile\\n", "\\n", ""] {
        let asked = bench.typed(line, answer).exits(1).shows("Type its name to go on");
        asked.shows("nothing was rotated");
    }
    assert_eq!(bench.writes(), []);
    assert!(!bench.path("typed.secret").exists() && !bench.path(".mixaccess").exists());
    bench
        .typed(line, "Data Pipeline\\n")
        .exits(0)
        .shows("every implementation")
        .shows("typed.secret");
    assert_eq!(bench.read("typed.secret").trim(), token(&bench, "t-1"));
}

#[test]
fn an_identity_without_the_power_does_not_begin_a_rotation() {
    let roles =
        [("role: member", 3), ("role: member, projects: { 11: analyst }", 3), ("role: admin", 0)];
    for (role, code) in roles {
        let seed = SEED.replace(
            "email: weak@acme.example, role: member",
            &format!("email: weak@acme.example, {role}"),
        );
        let bench = Bench::new(&seed, FILES);
        let words = ["tokens", "rotate", "web", "t-1", "--confirm-name", "Data Pipeline"];
        let run = bench
            .program(&[&words[..], &["--secret-file", "new.secret"]].concat())
            .variable("MIXPANEL_SERVICE_ACCOUNT", "weak")
            .run()
            .exits(code);
        if code == 3 {
            run.says("weak lacks the power to rotate a token of web").says("help:");
            assert_eq!(bench.writes(), []);
            assert!(!bench.path("new.secret").exists() && !bench.path(".mixaccess").exists());
        }
    }
}

/// The lines of the only record of a rotation, each by its word.
fn recorded(bench: &Bench) -> Vec<String> {
    let files = bench.files();
    let mut records = files.iter().filter(|(name, _)| name.contains("/rotations/"));
    let (name, bytes) = records.next().unwrap();
    assert_eq!(records.next(), None);
    let mode = std::fs::metadata(bench.path(name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let word = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line.get("outcome").unwrap_or(&line["record"]).as_str().unwrap().to_owned()
    };
    String::from_utf8_lossy(bytes).lines().map(word).collect()
}

#[test]
fn a_rotation_that_was_sent_finishes_whoever_asks_it_to_stop() {
    side_by_side(&["INT", "TERM", "HUP"], |signal| {
        let bench = Bench::new(SEED, FILES);
        bench.fail(&["POST /projects/*/tokens/rotate slow=700ms"]);
        let words = ["tokens", "rotate", "web", "t-1", "--confirm-name", "Data Pipeline"];
        let mut running =
            bench.program(&[&words[..], &["--secret-file", "new.secret"]].concat()).start();
        assert!(running.until(|| !bench.writes().is_empty()));
        assert_eq!(recorded(&bench), ["intent"], "what is asked is recorded before it is sent");
        running.signal(signal);
        running.signal(signal);
        let rotated = running.finish().exits(0).says("what is in flight finishes");
        let value = token(&bench, "t-1");
        rotated.shows("Rotated token Data Pipeline").never_shows(&value);
        assert_eq!(bench.read("new.secret"), value);
        assert_eq!(recorded(&bench), ["intent", "rotated", "handed_over"]);
        bench.holds_nowhere(&value, &["new.secret"]);
    });
}

#[test]
fn a_rotation_that_is_stopped_before_it_is_sent_sends_nothing() {
    let bench = Bench::new(SEED, FILES);
    bench.fail(&["GET /projects/*/tokens slow=30s"]);
    let words = ["tokens", "rotate", "web", "t-1", "--confirm-name", "Data Pipeline"];
    let mut running =
        bench.program(&[&words[..], &["--secret-file", "new.secret"]].concat()).start();
    assert!(running.until(|| !bench.emulator.requests().is_empty()));
    running.signal("INT");
    let stopped = running.finish();
    assert_ne!(stopped.code, Some(0), "{stopped}");
    assert_eq!(bench.writes(), []);
    assert!(!bench.path("new.secret").exists());
}

#[test]
fn nothing_is_rotated_without_a_place_for_the_value_and_for_the_record() {
    let bench = Bench::new(SEED, FILES);
    let rotate = |secret: &str, state: &str| {
        let words = ["tokens", "rotate", "web", "t-1", "--confirm-name", "Data Pipeline"];
        bench
            .program(&[&words[..], &["--secret-file", secret, "--state-dir", state]].concat())
            .run()
    };
    rotate("missing/new.secret", ".mixaccess").exits(1).says("cannot create missing/new.secret");
    bench.write("file", "");
    rotate("new.secret", "file/state").exits(1).says("cannot make file/state");
    // What an earlier one could not hand over is not replaced.
    bench.write(".mixaccess/token-web-t_1.secret", "earlier");
    rotate("new.secret", ".mixaccess").exits(1).says("holds an earlier value");
    assert_eq!(bench.read(".mixaccess/token-web-t_1.secret"), "earlier");
    assert_eq!(bench.writes(), []);
    assert!(!bench.path("new.secret").exists());
    assert_eq!(token(&bench, "t-1"), "first-value-of-it");
    // A refusal of the service is no unknown outcome.
    std::fs::remove_file(bench.path(".mixaccess/token-web-t_1.secret")).unwrap();
    bench.fail(&["POST /projects/*/tokens/rotate status=403"]);
    rotate("new.secret", ".mixaccess").exits(1).says("403");
    assert_eq!(recorded(&bench), ["intent", "failed"]);
    assert_eq!(token(&bench, "t-1"), "first-value-of-it");
}

#[test]
fn a_value_that_cannot_be_handed_over_is_rescued() {
    let bench = Bench::new(SEED, FILES);
    let failed = bench.run("tokens rotate web t-1 --confirm-name \"Data Pipeline\" --secret-command 'cat; cat >&2; exit 7'");
    let value = token(&bench, "t-1");
    let failed = failed.exits(4).says("the token was rotated").never_shows(&value);
    let rescue = ".mixaccess/token-web-t_1.secret";
    failed.says(rescue);
    assert_eq!(bench.read(rescue).trim(), value);
    let mode = std::fs::metadata(bench.path(rescue)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(recorded(&bench), ["intent", "rotated"]);
    let mode = std::fs::metadata(bench.path(".mixaccess")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(bench.read(".mixaccess/.gitignore"), "*\n");
}

#[test]
fn a_rotation_whose_answer_is_lost_is_not_made_twice_and_says_what_to_do() {
    let bench = Bench::new(SEED, FILES);
    bench.fail(&["POST /projects/*/tokens/rotate reset after times=always"]);
    let lost = bench
        .run("tokens rotate web t-1 --confirm-name \"Data Pipeline\" --secret-file other.secret")
        .exits(4);
    assert_eq!(bench.writes().len(), 1, "{lost}");
    assert_eq!(recorded(&bench), ["intent", "unknown"]);
    lost.says("it is unknown whether the token was rotated")
        .says("tokens list --project web")
        .says("rotate it once more");
    assert!(!bench.path("other.secret").exists());
}
