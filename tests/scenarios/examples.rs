//! Every example does what it promises, word for word.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use mixaccess_emulator::{EmulatorOptions, Seed};

use crate::harness::repository::{copy, example_organization, repository};
use crate::harness::{Bench, scrub, side_by_side, words};

/// What a person who types the commands of an example sees, and whether it ends as noted.
fn transcript(example: &Path) -> String {
    let seed = fs::read_to_string(example.join("live.yaml")).unwrap();
    let bench = Bench::empty(&seed, EmulatorOptions::default());
    let scim = Seed::from_yaml(&seed).unwrap().scim.map(|scim| scim.token).unwrap_or_default();
    copy(example, bench.root());
    let mut transcript = String::new();
    for line in fs::read_to_string(example.join("commands")).unwrap().lines() {
        let (command, note) = line.split_once(" # ").unwrap_or((line, "exit 0"));
        let code: i32 = note.strip_prefix("exit ").unwrap().parse().unwrap();
        let arguments = words(command.strip_prefix("mixaccess ").unwrap());
        // One at a time, so that what is told on the way comes in one order.
        let run = bench
            .program(&arguments)
            .variable("MIXACCESS_CONCURRENCY", "1")
            .variable("MIXPANEL_SCIM_TOKEN", &scim)
            .run();
        let run = run.exits(code);
        let _ = write!(transcript, "$ {line}\n{}", run.stdout);
        for line in run.stderr.lines() {
            let _ = writeln!(transcript, "{}", format!("2> {line}").trim_end());
        }
        transcript.push('\n');
    }
    scrub(&transcript, &bench.emulator.base_url(), bench.root())
}

#[test]
fn every_example_prints_what_it_promises() {
    let mut examples: Vec<PathBuf> = fs::read_dir(repository().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("commands").is_file())
        .collect();
    examples.sort();
    assert!(examples.len() >= 7, "examples are missing: {examples:?}");
    side_by_side(&examples, |example| {
        let found = transcript(example);
        let file = example.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&file, &found).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            let at =
                found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
            let at = at.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
            let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
            panic!(
                "{} differs in line {}:\n expected {}\n    found {}\nUPDATE_EXPECTED=1 rewrites it; then read it",
                file.display(),
                at + 1,
                line(&expected),
                line(&found)
            );
        }
    });
}

#[test]
fn the_organization_of_the_repository_goes_round_the_loop() {
    let bench = example_organization();
    bench.run("validate").exits(0);
    bench.run("plan --out plan.json --detailed-exitcode").exits(2);
    let changes = bench.plan("plan.json").content.changes.len();
    assert!(changes > 10, "{changes} changes show little");
    bench.run("apply plan.json").exits(0).shows(&format!("Applied {changes} changes"));
    assert_eq!(bench.changes(), changes);
    bench.run("plan --detailed-exitcode").exits(0);
    bench.run("drift").exits(0);
}
