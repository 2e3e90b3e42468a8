//! The demo: the whole loop with nothing to set up.

use std::fs;

use crate::harness::repository::repository;
use crate::harness::{Bench, Program, words};

#[test]
fn the_demo_tells_the_loop_and_leaves_a_directory_to_go_on_from() {
    let root = tempfile::tempdir().unwrap();
    let demo = || Program::new(&["demo"]).directory(root.path()).run();
    let told = demo().exits(0);
    for command in ["validate", "plan", "apply", "drift", "explain chloe@acme.example"] {
        assert!(told.stdout.contains(&format!("$ mixaccess {command}")), "{command}:\n{told}");
    }
    let told = told.shows("No changes").shows("chloe@acme.example").shows("jordan@acme.example");
    assert!(!told.stdout.contains('\u{1b}') && !told.stderr.contains('\u{1b}'), "{told}");
    let left = root.path().join("mixaccess-demo");
    for name in ["access/organization.yaml", "access.schema.json", "plan.json", "live.yaml"] {
        assert!(left.join(name).is_file(), "{name} is missing");
    }
    for name in ["state/journals", "state/undo"] {
        let count = fs::read_dir(left.join(name)).map(Iterator::count);
        assert!(matches!(count, Ok(1)), "{name}: {count:?}");
    }

    // A demo replaces what a demo left, and nothing else.
    fs::write(left.join("plan.json"), "edited").unwrap();
    fs::write(left.join("stray"), "").unwrap();
    demo().exits(0);
    assert!(!left.join("stray").exists());
    assert_ne!(fs::read_to_string(left.join("plan.json")).unwrap(), "edited");
    let own = root.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("thesis.txt"), "precious").unwrap();
    let refused = Program::new(&["demo", "--directory", "own"]).directory(root.path()).run();
    refused.exits(1).says("own exists and is no former demo's").says("--directory");
    assert_eq!(fs::read_to_string(own.join("thesis.txt")).unwrap(), "precious");
}

/// The README shows parts of what the demo prints, as it prints them, at another moment.
#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, block) = readme.split_once("<!-- demo -->\n\n```text\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let root = tempfile::tempdir().unwrap();
    let told = Program::new(&["demo"]).directory(root.path()).run().exits(0);
    // Somebody else may listen where the demo would.
    let address = |line: &str| line.starts_with("Address: http://127.0.0.1:");
    let timeless = |line: &str| match line.split_once("changed by jordan@acme.example, ") {
        Some((before, _)) => format!("{before}changed by jordan@acme.example"),
        None if address(line) => "Address: http://127.0.0.1:8400".to_owned(),
        None => line.to_owned(),
    };
    let lines = |text: &str| text.lines().map(timeless).collect::<Vec<_>>().join("\n");
    let printed = lines(&told.stdout);
    let parts: Vec<String> = block.split("…\n").map(lines).collect();
    assert_eq!(parts.len(), 4);
    for part in parts {
        assert!(printed.contains(&part), "not printed any more:\n{part}\n{told}");
    }
}

#[test]
fn the_demo_minds_nobody_elses_credentials() {
    let root = tempfile::tempdir().unwrap();
    Program::new(&["demo"])
        .directory(root.path())
        .variable("MIXPANEL_BASE_URL", "https://nowhere.example")
        .variable("MIXPANEL_ORGANIZATION_ID", "4711")
        .variable("MIXPANEL_SERVICE_ACCOUNT", "somebody")
        .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", "their-own-secret")
        .variable("MIXPANEL_SCIM_TOKEN_FILE", "no-such-file")
        .run()
        .exits(0)
        .never_shows("nowhere.example")
        .never_shows("their-own-secret");
}

/// What the demo tells to type at the end: the emulator in one terminal, an apply in another.
#[test]
fn from_the_demos_directory_one_goes_on_with_the_emulator() {
    let root = tempfile::tempdir().unwrap();
    let told = Program::new(&["demo"]).directory(root.path()).run().exits(0);
    let line = "emulator --seed mixaccess-demo/live.yaml --save mixaccess-demo/live.yaml";
    assert!(told.stdout.contains(line), "{told}");
    let mut arguments = words(line);
    arguments.extend(["--listen".to_owned(), "127.0.0.1:0".to_owned()]);
    let mut emulator = Program::new(&arguments).directory(root.path()).start();
    emulator.until_it_shows("MIXPANEL_SERVICE_ACCOUNT_SECRET=");
    let variables: Vec<(String, String)> = emulator
        .stdout()
        .lines()
        .filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(variables.len(), 3, "{variables:?}");
    let run = |line: &str| {
        let program = Program::new(&words(line)).directory(root.path());
        variables.iter().fold(program, |program, (name, value)| program.variable(name, value)).run()
    };
    run("drift --config mixaccess-demo/access").exits(2).shows("chloe@acme.example");
    let again =
        "apply --auto-approve --config mixaccess-demo/access --state-dir mixaccess-demo/state";
    run(again).exits(0).shows("Applied 1 change");
    emulator.signal("INT");
    emulator.finish().exits(0).says("Wrote mixaccess-demo/live.yaml");
    let saved = fs::read_to_string(root.path().join("mixaccess-demo/live.yaml")).unwrap();
    let bench = Bench::empty(&saved, mixaccess_emulator::EmulatorOptions::default());
    let config = root.path().join("mixaccess-demo/access");
    bench.run(&format!("drift --config '{}'", config.display())).exits(0);
}
