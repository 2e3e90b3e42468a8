//! The command line: help, bad usage, formats, columns, and commands that are told to be typed.

use std::collections::BTreeSet;

use crate::harness::mixed::{FILES, SEED};
use crate::harness::repository::example_organization;
use crate::harness::{Bench, Program, Run, words};

/// The commands that the program says it has.
fn commands() -> Vec<String> {
    let help = Program::new(&["--help"]).run().exits(0);
    let listed = help.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    listed
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_command_explains_itself() {
    let commands = commands();
    assert!(commands.len() >= 12, "{commands:?}");
    for command in &commands {
        let long = Program::new(&[command, "--help"]).run().exits(0);
        assert!(long.stderr.is_empty(), "{long}");
        long.shows(&format!("Usage: mixaccess {command}")).shows("--config");
        let man = Program::new(&["man"]).run().exits(0);
        man.shows(&format!("mixaccess\\-{command}"));
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Program::new(&["completions", shell]).run().exits(0);
        for command in &commands {
            assert!(script.stdout.contains(command), "{command} in {shell}");
        }
    }
    let version = Program::new(&["--version"]).run().exits(0).shows("mixaccess ");
    assert!(version.stderr.is_empty() && version.stdout.lines().count() == 1, "{version}");
}

#[test]
fn what_cannot_be_meant_is_an_error_with_a_way_out() {
    let bench = Bench::new(SEED, FILES);
    for (line, said) in [
        ("", "Usage"),
        ("plna", "plan"),
        ("plan --nonsense", "--nonsense"),
        ("plan --format html", "human"),
        ("plan --width wide", "--width"),
        ("plan --at nonsense", "Write a date"),
        ("plan --allow reductions=9", "--because"),
        ("plan --allow nonsense --because x", "reductions"),
        ("plan --allow ticket=3 --because x", "takes no number"),
        ("plan --allow removals=many --because x", "many"),
        ("plan --live nowhere.json", "nowhere.json"),
        ("plan --config nowhere", "nowhere"),
        ("plan --out no/where/plan.json", "no/where/plan.json"),
        ("plan --ca-file nowhere.pem", "nowhere.pem"),
        ("plan --organization nobody", "nobody"),
        ("show", "PLAN"),
        ("show nowhere.json", "nowhere.json"),
        ("show access", "regular file"),
        ("apply nowhere.json", "nowhere.json"),
        ("apply plan.json --expect x", "--expect"),
        ("apply --expect x", "sha256"),
        ("apply", "--auto-approve"),
        ("explain", "EMAIL"),
        ("explain nobody@nowhere.example", "nobody@nowhere.example"),
        ("explain priya@acme.example --project wbe --offline", "web"),
        ("schema nonsense", "access"),
        ("completions tcsh", "zsh"),
        ("snapshot --redact", "redact"),
    ] {
        let run = bench.run(line).exits(1);
        let run = run.says(said);
        assert_eq!(bench.writes(), [], "{run}");
        assert!(!run.stderr.contains("panicked"), "{run}");
    }
}

/// An organization with a plan file, live state in a file, and something changed by hand.
fn prepared() -> Bench {
    let bench = example_organization();
    bench.run("plan --out plan.json").exits(0);
    bench.run("snapshot --out live.json").exits(0);
    bench
}

/// Every command that shows something, with its exit code.
const SHOWING: [(&str, i32); 7] = [
    ("validate", 0),
    ("plan", 0),
    ("plan --diff --live live.json --detailed-exitcode", 2),
    ("show plan.json --diff", 0),
    ("drift", 2),
    ("explain alex@agency.example", 0),
    ("doctor", 0),
];

fn check_format(format: &str, run: &Run) {
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run}");
    assert!(run.stdout.ends_with('\n') || run.stdout.is_empty(), "{run}");
    match format {
        "json" => assert!(run.json().is_object() || run.json().is_array()),
        "sarif" => {
            let sarif = run.json();
            assert_eq!(sarif["version"], "2.1.0", "{run}");
            assert_eq!(sarif["runs"][0]["tool"]["driver"]["name"], "mixaccess", "{run}");
        }
        "junit" => {
            assert!(run.stdout.starts_with("<?xml") && run.stdout.contains("<testsuite"), "{run}");
        }
        _ => {}
    }
}

#[test]
fn every_result_is_whole_in_every_format_and_alone_on_stdout() {
    let bench = prepared();
    for (line, code) in SHOWING {
        for format in ["human", "json", "markdown", "sarif", "junit"] {
            let run = bench.run(&format!("{line} --format {format}"));
            if run.code == Some(1) {
                // A format that a result has no form for is said, and nothing is half printed.
                assert!(matches!(format, "sarif" | "junit"), "{run}");
                let run = run.says("--format");
                assert!(run.stdout.is_empty(), "{run}");
            } else {
                check_format(format, &run.exits(code));
            }
        }
    }
    for of in ["access", "plan", "live"] {
        let schema = bench.run(&format!("schema {of}")).exits(0);
        assert!(schema.json()["$schema"].as_str().unwrap().contains("json-schema.org"));
    }
    let plan = bench.run("plan --format json").exits(0).json();
    let saved: serde_json::Value = serde_json::from_str(&bench.read("plan.json")).unwrap();
    assert_eq!(plan["changes_digest"], saved["changes_digest"]);
    let receipt = bench.run("apply plan.json --format json").exits(0).json();
    assert_eq!(receipt["status"], "applied");
    assert_eq!(receipt["verification"]["result"], "verified");
}

#[test]
fn people_read_lines_that_fit() {
    let bench = prepared();
    let seed = bench.emulator.state();
    for width in [80_usize, 160] {
        for (line, code) in SHOWING.into_iter().chain([("apply plan.json", 0); 2]) {
            let run = bench.run(&format!("{line} --width {width}")).exits(code);
            // What is to be copied into a shell, or was copied from a file, is never broken.
            let is_copied = |line: &&str| {
                let is_command = line.trim_start().starts_with("mixaccess ");
                is_command || line.contains(" | ") || line.contains("sha256:")
            };
            for line in run.stdout.lines().filter(|line| !is_copied(line)) {
                assert!(line.chars().count() <= width, "more than {width} columns: {line}\n{run}");
            }
        }
        bench.emulator.replace(&seed).unwrap();
        std::fs::remove_dir_all(bench.path(".mixaccess")).unwrap();
    }
}

#[test]
fn redacted_output_names_nobody() {
    let bench = prepared();
    let seed = bench.emulator.state();
    let mut people: BTreeSet<String> = BTreeSet::new();
    for member in &seed.members {
        people.insert(member.email.to_lowercase());
        people.extend(member.name.as_ref().map(|name| name.to_lowercase()));
    }
    people.extend(seed.service_accounts.iter().map(|account| account.email.to_lowercase()));
    assert!(people.len() > 50);
    let names_nobody = |run: Run| {
        let all = format!("{}\n{}", run.stdout, run.stderr).to_lowercase();
        for person in &people {
            assert!(!all.contains(person.as_str()), "{person} is named:\n{run}");
        }
        assert!(!all.contains("@acme.example") && !all.contains("@agency.example"), "{run}");
    };
    for (line, _) in SHOWING.into_iter().filter(|(line, _)| !line.starts_with("explain")) {
        for format in ["human", "json", "markdown", "sarif", "junit"] {
            names_nobody(bench.run(&format!("{line} --redact --format {format} -v")));
        }
    }
    for email in ["alex@agency.example", "Tomas@acme.example", "nobody@acme.example"] {
        for format in ["human", "json", "markdown"] {
            names_nobody(bench.run(&format!("explain {email} --redact --format {format}")));
        }
    }
    bench.write(
        "broken/access.yaml",
        "collaborators: { alex@agency.example: { nmae: Alex Thompson } }",
    );
    for line in ["validate", "plan", "doctor", "explain alex@agency.example", "apply plan.json"] {
        names_nobody(bench.run(&format!("{line} --config broken --redact")));
    }
    bench.fail(&["PUT /** status=403 times=1", "DELETE /** status=409 times=always"]);
    names_nobody(bench.run("apply plan.json --redact --max-wait 0").exits(4));
    names_nobody(bench.run("apply plan.json --redact").exits(3));
    bench.emulator.set_faults(Vec::new());
    names_nobody(bench.run("apply plan.json --redact --resume --format markdown"));
    names_nobody(bench.run("apply plan.json --redact --format json").exits(0));
}

#[test]
fn a_plan_is_the_same_from_a_file_from_the_network_and_from_files_in_any_order() {
    let bench = prepared();
    let digest = |directory: &std::path::Path, line: &str| {
        let line = format!("{line} --at 2026-11-01 --format json");
        let run = bench.program(&words(&line)).directory(directory).run().exits(0);
        run.json()["digest"].as_str().unwrap().to_owned()
    };
    let live = digest(bench.root(), "plan");
    assert_eq!(digest(bench.root(), "plan --live live.json"), live);
    assert_eq!(digest(bench.root(), "plan --concurrency 1"), live);
    // Directories list their entries in another order when these were made in another order.
    let mut names: Vec<String> =
        ["organization", "policy", "profiles"].map(|name| format!("{name}.yaml")).to_vec();
    names.extend(
        ["agency", "engineering", "leadership", "product", "studio"]
            .map(|name| format!("people/{name}.yaml")),
    );
    let other = tempfile::tempdir().unwrap();
    for name in names.iter().rev() {
        let target = other.path().join("access").join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(bench.path("access").join(name), target).unwrap();
    }
    assert_eq!(digest(other.path(), "plan"), live);
}

#[test]
fn what_the_plan_says_to_type_works_as_it_stands() {
    let bench = Bench::empty(SEED, mixaccess_emulator::EmulatorOptions::default());
    bench.write("our files/acme/access.yaml", FILES);
    bench.write("our files/other/access.yaml", FILES.replace("12345", "777"));
    let planned = bench.run("plan --config 'our files' --organization acme --at 2026-11-01 --allow tiny --because \"it's small\" --out 'a plan.json'").exits(0);
    let told: Vec<&str> =
        planned.stdout.lines().filter_map(|line| line.strip_prefix("  mixaccess ")).collect();
    assert_eq!(told.len(), 2, "{planned}");
    for line in told {
        // As a shell reads it.
        let shell = format!("program=$1; mixaccess() {{ \"$program\" \"$@\"; }}; mixaccess {line}");
        let typed = Program::behind(&shell, &[])
            .directory(bench.root())
            .variable("MIXPANEL_BASE_URL", &bench.emulator.base_url())
            .variable("MIXPANEL_SERVICE_ACCOUNT", crate::harness::USERNAME)
            .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", crate::harness::SECRET)
            .run();
        typed.exits(0);
    }
    bench.run("plan --config 'our files' --organization acme --detailed-exitcode").exits(0);
}

#[test]
fn only_the_reviewed_changes_are_executed_when_a_digest_is_expected() {
    let bench = Bench::new(SEED, FILES);
    let reviewed = bench.run("plan --format json").exits(0).json();
    let digest = reviewed["changes_digest"].as_str().unwrap().to_owned();
    let whole = "plan --at 2026-03-01 --format json";
    let whole = bench.run(whole).exits(0).json()["digest"].as_str().unwrap().to_owned();
    let other = format!("sha256:{}", "0".repeat(64));
    for wrong in [&other, &whole] {
        let refused = bench.run(&format!("apply --expect {wrong}")).exits(3);
        refused.says("not the reviewed ones").says(&digest);
    }
    bench.run("plan --out plan.json").exits(0);
    bench.run(&format!("apply plan.json --expect {other}")).exits(3).says("not the expected ones");
    assert_eq!(bench.writes(), []);
    bench.run(&format!("apply --expect {digest}")).exits(0);
    bench.agrees();
    // Again, from the same state directory and from another one.
    let again = bench.run(&format!("apply --expect {digest}")).exits(0);
    again.shows("Nothing to do").shows("12345").shows("http://127.0.0.1:").shows("sha256:");
    for elsewhere in [format!("{digest} --state-dir elsewhere"), other, whole] {
        let refused = bench.run(&format!("apply --expect {elsewhere}")).exits(3);
        refused.says("not the reviewed ones").says("There is nothing to do");
    }
    let empty = bench.run("plan --format json").exits(0).json();
    let empty = empty["changes_digest"].as_str().unwrap();
    bench.run(&format!("apply --expect {empty} --state-dir elsewhere")).exits(0);

    let bench = Bench::new(SEED, FILES);
    let whole = bench.run("plan --at 2026-03-01 --format json").exits(0).json();
    let whole = whole["digest"].as_str().unwrap();
    bench.run(&format!("apply --expect {whole} --at 2026-03-01")).exits(0);
    bench.run(&format!("apply --expect {whole} --at 2026-03-01")).exits(0).shows("Nothing to do");

    let bench = Bench::new(SEED, FILES);
    bench.run("apply --auto-approve").exits(0).shows("verified");
    bench.agrees();
    bench.run("apply --auto-approve").exits(0).shows("No changes");
}

#[test]
fn an_undo_plan_brings_back_what_can_come_back() {
    let bench = Bench::new(SEED, FILES);
    let before = bench.emulator.state();
    bench.run("plan --out plan.json").exits(0);
    let applied = bench.run("apply plan.json --format json").exits(0).json();
    let undo = applied["undo"]["plan"].as_str().unwrap();
    let shown = bench.run(&format!("show {undo}")).exits(0).shows("removed@agency.example");
    assert!(shown.stdout.contains("cannot"), "{shown}");
    bench.run(&format!("apply {undo}")).exits(0);
    let after = bench.emulator.state();
    let same = before.members.iter().filter(|member| after.members.contains(member)).count();
    assert_eq!(same, before.members.len() - 1, "only who was removed stays away");
    bench.run(&format!("apply {undo}")).exits(0).shows("Already applied");
    // Edited, it is as good as any edited plan.
    let edited = crate::harness::edited(&bench.read(undo), "/made_by", "somebody");
    bench.write("undo.json", edited);
    bench.run("apply undo.json").exits(3).says("changed after it was made");
}
