//! Credentials that are missing, wrong or weak name the variable and the way out; the secret itself is
//! nowhere.

use std::fs;

use crate::harness::mixed::{FILES, SEED};
use crate::harness::{Bench, Program, Run, SECRET, words};

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

/// Whoever may propose a change of the files must not choose who is sent the credentials.
#[test]
fn no_file_says_where_credentials_go() {
    let bench = Bench::new(SEED, FILES);
    let collector = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.run("snapshot --out live.json").exits(0);
    let digest = bench.plan("plan.json").changes_digest;
    bench.emulator.clear_requests();
    let address = collector.emulator.base_url();
    let organization = format!("{{ id: 12345, name: Acme Corp, base_url: \"{address}\" }}");
    let files = FILES.lines().map(|line| match line.starts_with("organization:") {
        true => format!("organization: {organization}\n"),
        false => format!("{line}\n"),
    });
    bench.write("access/access.yaml", files.collect::<String>());
    for line in [
        "plan",
        "plan --live live.json",
        "drift",
        "apply",
        "apply --auto-approve",
        &format!("apply --expect {digest}"),
        "adopt --all",
        "explain raised@agency.example",
    ] {
        let run = bench.run(line).exits(1).says("error[base-url]").says("access/access.yaml:");
        run.says("MIXPANEL_BASE_URL").says("region");
    }
    bench.run("validate").exits(1).shows("error[base-url]").shows("access/access.yaml:");
    let told = bench.run("validate --format json").exits(1).json();
    let told = &told["findings"][0];
    assert_eq!(told["code"], "base-url");
    assert_eq!(told["place"]["file"], "access/access.yaml");
    assert!(told["place"]["line"].as_u64() > Some(0) && told["place"]["column"].as_u64() > Some(1));
    assert_eq!(bench.emulator.requests(), []);
    // What goes on in spite of the files asks whom the environment names.
    for line in ["doctor", "apply plan.json", "snapshot --out again.json", "tokens list"] {
        bench.run(line);
    }
    assert!(!bench.emulator.requests().is_empty());
    assert_eq!(collector.emulator.requests(), []);
}

#[test]
fn init_writes_a_region_and_no_address() {
    for (address, region) in [
        ("https://proxy.example", "in"),
        ("https://proxy.example/mixpanel/", "in"),
        ("http://127.0.0.1:8400", "in"),
        ("https://EU.mixpanel.com/", "eu"),
        ("", "in"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let list = "Name,Email,Organization Role\nJo,jo@acme.example,Owner\n";
        fs::write(root.path().join("list.csv"), list).unwrap();
        let line = "init --offline --csv list.csv --organization-id 7 --region in --one-file";
        let program = Program::new(&words(line)).directory(root.path());
        program.variable("MIXPANEL_BASE_URL", address).run().exits(0);
        let written = fs::read_to_string(root.path().join("access/access.yaml")).unwrap();
        assert!(written.contains(&format!("\n  region: {region}\n")), "{address}: {written}");
        assert!(!written.contains("base_url") && !written.contains("proxy"), "{written}");
    }
}

#[test]
fn every_plan_names_its_address_and_no_other_is_written_to() {
    let bench = Bench::new(SEED, FILES);
    bench.run("snapshot --out live.json").exits(0);
    bench.emulator.clear_requests();
    let europe = FILES.replace("id: 12345", "id: 12345, region: eu");
    assert_ne!(europe, FILES);
    bench.write("europe/access.yaml", europe);
    let mut digests = Vec::new();
    for (config, variable, address) in [
        ("access", "", "https://mixpanel.com"),
        ("europe", " ", "https://eu.mixpanel.com"),
        ("access", "https://proxy.example/", "https://proxy.example"),
    ] {
        let line = format!("plan --live live.json --config {config} --out {config}.json");
        let run = |line: &str| {
            bench.program(&words(line)).variable("MIXPANEL_BASE_URL", variable).run().exits(0)
        };
        for format in ["human", "json", "markdown", "sarif", "junit"] {
            run(&format!("{line} --format {format}")).shows(address);
            run(&format!("show {config}.json --format {format}")).shows(address);
        }
        let plan = bench.plan(&format!("{config}.json"));
        assert_eq!(plan.content.organization.base_url, address);
        digests.push(plan.changes_digest);
        // Where the credentials of this bench go is another address.
        let refused = bench.run(&format!("apply {config}.json")).exits(3);
        refused.says(&format!("address {address}")).says(&bench.emulator.base_url());
    }
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 3);
    assert_eq!(bench.emulator.requests(), []);
    let here = bench.emulator.base_url();
    for format in ["human", "json", "markdown", "sarif", "junit"] {
        bench.run(&format!("plan --format {format}")).exits(0).shows(&here);
        bench.run(&format!("drift --format {format}")).exits(2).shows(&here);
    }
    let receipt = bench.run("apply --auto-approve --format json").exits(0).json();
    assert_eq!((&receipt["organization"], &receipt["base_url"]), (&12345.into(), &here.into()));
}

#[test]
fn an_address_that_is_none_stops_before_anything_is_written() {
    let bench = Bench::new(SEED, FILES);
    bench.run("snapshot --out live.json").exits(0);
    bench.emulator.clear_requests();
    for address in [
        "https://mixpanel.com?x=hunter2222",
        "https://jo:hunter2222@mixpanel.com",
        "http://mixpanel.com",
    ] {
        for line in ["plan --live live.json --out plan.json", "drift --live live.json", "plan"] {
            let program = bench.program(&words(line)).variable("MIXPANEL_BASE_URL", address);
            program
                .run()
                .exits(1)
                .says("MIXPANEL_BASE_URL: the base URL")
                .never_shows("hunter2222");
        }
        let doctor = bench.program(&["doctor"]).variable("MIXPANEL_BASE_URL", address).run();
        doctor.exits(1).shows("MIXPANEL_BASE_URL").never_shows("hunter2222");
    }
    assert!(!bench.path("plan.json").exists());
    assert_eq!(bench.emulator.requests(), []);
}

/// The same files and the same people, in two organizations and at two hosts.
#[test]
fn what_was_reviewed_for_one_organization_is_refused_for_another() {
    let reviewed = Bench::new(SEED, FILES);
    let other = Bench::new(&SEED.replace("12345", "777"), &FILES.replace("12345", "777"));
    let twin = Bench::new(SEED, FILES);
    reviewed.run("plan --out plan.json").exits(0);
    let plan = reviewed.plan("plan.json");
    let digest = plan.changes_digest;
    for elsewhere in [&other, &twin] {
        elsewhere.run("plan --out plan.json").exits(0);
        let there = elsewhere.plan("plan.json");
        assert_eq!(there.content.changes, plan.content.changes);
        assert_ne!(there.changes_digest, digest);
        let address = elsewhere.emulator.base_url();
        for line in ["apply --expect", "apply plan.json --expect"] {
            let run = elsewhere.run(&format!("{line} {digest}")).exits(3).says(&digest.to_string());
            run.says(&there.changes_digest.to_string());
        }
        let run = elsewhere.run(&format!("apply --expect {digest}")).exits(3);
        run.says(&format!("organization {} at {address}", there.content.organization.id));
        assert_eq!(elsewhere.writes(), []);
    }
    // Planned again where it was reviewed, it is the same work; what undoes it stays there as well.
    let run = reviewed.run(&format!("apply --expect {digest} --format json")).exits(0).json();
    let undo = reviewed.read(run["undo"]["plan"].as_str().unwrap());
    for (plan, resume) in [(undo, ""), (reviewed.read("plan.json"), " --resume")] {
        twin.write("foreign.json", plan);
        let refused = twin.run(&format!("apply foreign.json{resume}")).exits(3);
        refused.says(&reviewed.emulator.base_url()).says(&twin.emulator.base_url());
    }
    assert_eq!(twin.writes(), []);
}
