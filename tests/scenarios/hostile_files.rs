//! Files that are broken or mean harm: a message, exit code 1, little memory, and an end.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::harness::mixed::{FILES, SEED};
use crate::harness::{Bench, Program, Run};

/// Most memory that a run may ask the system for, in KiB: 200 MB and what the code itself takes.
const MEMORY: usize = (200 << 10) + (100 << 10);

/// Validates a directory with bounded memory, and asserts that it is refused with a code and a place.
#[track_caller]
fn refused(bench: &Bench, directory: &str, code: &str) -> Run {
    let bounded = format!("ulimit -v {MEMORY}; exec \"$@\"");
    let words = ["validate", "--config", directory];
    let run = Program::behind(&bounded, &words).directory(bench.root()).run().exits(1);
    let run = run.shows(code);
    assert!(run.stdout.len() < 100_000, "{} bytes are too many", run.stdout.len());
    assert!(!run.stderr.contains("panicked"), "{run}");
    run
}

#[test]
fn a_file_that_means_harm_is_an_error() {
    let bench = Bench::new(SEED, FILES);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    bomb.push_str("projects: *a11\n");
    let nested = "[".repeat(10_000);
    let mapped: String = (0..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let twice = "organization: { id: 1 }\norganization: { id: 2 }\n";
    let wide = format!("projects: {{ {} }}\n", "a: { id: 1 }, ".repeat(20_000));
    for (name, text, code) in [
        ("bomb", bomb.as_bytes(), "error[alias]"),
        ("merge", b"a: &a { <<: *a }\n", "error["),
        ("nested", nested.as_bytes(), "error[too-deep]"),
        ("mapped", mapped.as_bytes(), "error[too-deep]"),
        ("bytes", b"projects: { \xff\xfe: 1 }\n", "error[not-utf8]"),
        ("binary", &[0; 4096], "error["),
        ("twice", twice.as_bytes(), "error[duplicate-key]"),
        ("wide", wide.as_bytes(), "error[duplicate-key]"),
        ("word", b"collaborators: { a@b.example: { projects: { web: no } } }\n", "error["),
        ("octal", b"organization: { id: 0777 }\nprojects: { web: { id: 0o17 } }\n", "error["),
        ("syntax", b"projects: [\n", "error[syntax]"),
        ("tag", b"organization: !!python/object:os.system { id: 1 }\n", "error["),
        ("steering", b"\"\\e]0;owned\\a\\e[31m\": 1\n", "error[unknown-key]"),
    ] {
        bench.write(&format!("{name}/file.yaml"), text);
        let run = refused(&bench, name, code);
        assert!(run.stdout.contains(&format!("{name}/file.yaml:")), "no place:\n{run}");
        assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\u{7}'), "{run}");
    }
    // The same one key, in two files, is two places.
    bench.write("two/a.yaml", "organization: { id: 1 }\n");
    bench.write("two/b.yaml", "organization: { id: 1 }\n");
    refused(&bench, "two", "duplicate-key").shows("two/a.yaml:1").shows("two/b.yaml:1");
}

#[test]
fn what_is_no_ordinary_file_is_an_error() {
    let bench = Bench::new(SEED, FILES);
    let directory = |name: &str| {
        fs::create_dir_all(bench.path(name)).unwrap();
        bench.path(name)
    };
    let huge = directory("huge").join("huge.yaml");
    fs::File::create(huge).unwrap().set_len(1 << 30).unwrap();
    refused(&bench, "huge", "error[too-large]").shows("huge/huge.yaml");
    directory("empty");
    refused(&bench, "empty", "error[nothing-declared]").shows("empty");
    refused(&bench, "missing", "error[unreadable]").shows("missing");
    bench.write("outside.yaml", FILES);
    symlink(bench.path("outside.yaml"), directory("link").join("link.yaml")).unwrap();
    refused(&bench, "link", "error[outside-tree]").shows("link/link.yaml");
    symlink("/etc", directory("tree").join("tree")).unwrap();
    refused(&bench, "tree", "error[outside-tree]").shows("tree/tree");
    symlink("loop.yaml", directory("loop").join("loop.yaml")).unwrap();
    refused(&bench, "loop", "loop/loop.yaml");
    let fifo = directory("fifo").join("fifo.yaml");
    assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    refused(&bench, "fifo", "error[not-a-file]").shows("fifo/fifo.yaml");
    symlink("/dev/zero", directory("device").join("device.yaml")).unwrap();
    refused(&bench, "device", "device/device.yaml");
    // Plans and live states are read as carefully.
    for line in ["show fifo/fifo.yaml", "apply /dev/zero", "plan --live fifo/fifo.yaml"] {
        bench.run(line).exits(1).says("not a regular file");
    }
}

#[test]
fn what_may_not_be_read_is_an_error() {
    let bench = Bench::new(SEED, FILES);
    bench.write("closed/inner/file.yaml", FILES);
    let inner = bench.path("closed/inner");
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything, so somebody else has to look.
    let words = ["validate", "--config", "closed"];
    let run = if fs::read_dir(&inner).is_ok() {
        fs::set_permissions(bench.root(), fs::Permissions::from_mode(0o755)).unwrap();
        let nobody = "command -v setpriv >/dev/null || exit 77; \
                      exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"";
        Program::behind(nobody, &words).directory(bench.root()).run()
    } else {
        Program::new(&words).directory(bench.root()).run()
    };
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    if matches!(run.code, Some(77 | 126 | 127)) {
        eprintln!("not checked: nobody else can be asked to look here");
        return;
    }
    run.exits(1).shows("error[unreadable]").shows("closed/inner");
}

#[test]
fn a_plan_or_a_live_state_that_is_nonsense_is_an_error() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.run("snapshot --out live.json").exits(0);
    let deep = "[".repeat(100_000);
    for (name, line) in [("live.json", "plan --live live.json"), ("plan.json", "show plan.json")] {
        let good = bench.read(name);
        bench.run(line).exits(0);
        for cut in [1, good.len() / 3, good.len() - 3] {
            bench.write(name, &good.as_bytes()[..cut]);
            bench.run(line).exits(1).says(name).says("help:");
        }
        for bad in [deep.as_bytes(), b"\xff", b"null", b"{\"format_version\": -1}"] {
            bench.write(name, bad);
            bench.run(line).exits(1).says(name);
        }
        let newer = good.replacen("\"format_version\":1", "\"format_version\":9", 1);
        let newer = newer.replacen("\"format_version\": 1", "\"format_version\": 9", 1);
        assert_ne!(newer, good);
        bench.write(name, newer);
        bench.run(line).exits(1).says("newer");
        bench.write(name, good);
    }
}
