//! Credentials that are missing, wrong or weak name the variable and the way out; the secret itself is
//! nowhere.

use std::fs;

use crate::harness::mixed::{FILES, SEED};
use crate::harness::{Bench, Run, SECRET};

const SECRET_VARIABLE: &str = "MIXPANEL_SERVICE_ACCOUNT_SECRET";

#[test]
fn missing_credentials_name_their_variables() {
    let bench = Bench::new(SEED, FILES);
    for name in ["MIXPANEL_SERVICE_ACCOUNT", SECRET_VARIABLE] {
        for command in [&["plan"][..], &["drift"], &["apply"], &["snapshot"]] {
            let run = bench.program(command).without(name).run().exits(1).says(name).says("help:");
            assert!(run.stdout.is_empty(), "{run}");
        }
    }
    let file = bench.path("secret");
    let from_file = |text: &str| {
        fs::write(&file, text).unwrap();
        let program = bench.program(&["plan"]).without(SECRET_VARIABLE);
        program.variable("MIXPANEL_SERVICE_ACCOUNT_SECRET_FILE", file.to_str().unwrap()).run()
    };
    from_file(&format!("{SECRET}\n")).exits(0);
    from_file("").exits(1).says("secret");
    fs::remove_file(&file).unwrap();
    let gone = bench.program(&["plan"]).without(SECRET_VARIABLE);
    let gone = gone.variable("MIXPANEL_SERVICE_ACCOUNT_SECRET_FILE", file.to_str().unwrap()).run();
    gone.exits(1).says("cannot read").says("MIXPANEL_SERVICE_ACCOUNT_SECRET_FILE");
}

#[test]
fn refused_credentials_say_what_would_be_accepted() {
    let bench = Bench::new(SEED, FILES);
    let wrong = bench.program(&["plan"]).variable(SECRET_VARIABLE, "a-wrong-secret").run();
    wrong.exits(1).says("401").says(SECRET_VARIABLE).never_shows("a-wrong-secret");
    bench.fail(&["GET /organizations/*/members status=403 times=always"]);
    bench
        .run("plan")
        .exits(1)
        .says("403")
        .says("needs to be an admin or owner of the organization");
    bench.emulator.set_faults(Vec::new());
    // Somebody who may only read plans what others apply, is told so, and is refused before a write.
    let weak = |words: &[&str]| bench.program(words).variable("MIXPANEL_SERVICE_ACCOUNT", "weak");
    weak(&["plan", "--out", "plan.json"]).run().exits(0).shows("reading-credentials");
    weak(&["apply", "plan.json"]).run().exits(3).says("the credentials are organization member");
    assert_eq!(bench.writes(), []);
    bench.run("apply plan.json").exits(0).shows("verified");
}

#[test]
fn credentials_go_to_nobody_else() {
    let bench = Bench::new(SEED, FILES);
    let other = Bench::new(SEED, FILES);
    let location = other.emulator.base_url();
    bench.fail(&[&format!("GET /me status=301 location={location}/api/app/me times=always")]);
    bench.run("plan").exits(1).says(&location).says("never sent to another host");
    assert_eq!(other.emulator.requests(), []);
    let plain = bench.program(&["plan"]).variable("MIXPANEL_BASE_URL", "http://mixpanel.example");
    plain.run().exits(1).says("https");
}

#[test]
fn the_secret_is_nowhere() {
    let secret = "s3cr3t-of-the-tests/+=";
    let seed =
        SEED.replace("mixaccess, secret: demo-secret", &format!("mixaccess, secret: \"{secret}\""));
    let bench = Bench::new(&seed, FILES);
    let token = "bWl4YWNjZXNzOnMzY3IzdC1vZi10aGUtdGVzdHMvKz0=";
    let unseen = |run: Run| run.never_shows(secret).never_shows(token);
    // A service that repeats what it was sent.
    let body = format!("{{\\\"error\\\":\\\"no {secret} and no Basic {token}\\\"}}");
    bench.fail(&[&format!("GET /me status=400 body=\"{body}\" times=always")]);
    unseen(bench.run("plan -v").exits(1).says("REDACTED"));
    unseen(bench.run("doctor -v --format json"));
    bench.fail(&[&format!("PUT /** status=400 body=\"{body}\" times=always")]);
    bench.run("plan -v --out plan.json").exits(0);
    unseen(bench.run("apply -v plan.json --format json").exits(4).shows("[REDACTED]"));
    for line in [
        "apply -v plan.json --resume",
        "snapshot -v --out live.json",
        "doctor -v",
        "plan -v",
        "drift -v --format json",
        "explain raised@agency.example -v",
    ] {
        unseen(bench.run(line));
    }
    bench.holds_nowhere(secret, &[]);
    bench.holds_nowhere(token, &[]);
    let files = bench.files().len();
    assert!(files >= 6, "only {files} files were left behind");
}
