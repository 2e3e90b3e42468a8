//! Applies that are killed, stopped, run twice at once, or run out of disk.

use std::fs;

use mixaccess_applier::journal::Record;
use mixaccess_emulator::Effect;

use crate::harness::many::{MANY, many};
use crate::harness::mixed::{FILES, INVITED, SEED, WRITES};
use crate::harness::{Bench, Program, Running, side_by_side};

/// Starts the apply and waits until the service has seen so many writes.
fn started(bench: &Bench, writes: usize) -> Running {
    let words = ["apply", "plan.json", "--concurrency", "4"];
    let mut running = bench.program(&words).start();
    assert!(running.until(|| bench.writes().len() >= writes), "{}", running.finish());
    running
}

/// Every invitation went out exactly once, and nothing is left to do.
fn is_done_once(bench: &Bench) {
    bench.agrees();
    let mut expected: Vec<String> =
        (0..MANY / 3).map(|number| format!("new{number}@d{number}.example")).collect();
    expected.sort();
    assert_eq!(bench.invited(), expected);
}

#[test]
fn killed_anywhere_it_goes_on_and_repeats_nothing() {
    side_by_side(&[1, 9, 23, 38, 57], |writes| {
        let bench = many("40ms");
        let running = started(&bench, *writes);
        running.signal("KILL");
        let killed = running.finish();
        assert_eq!(killed.code, None, "{killed}");
        // What was in flight arrives all the same, or not.
        let plan = bench.plan("plan.json");
        let run = &bench.journals(&plan)[0];
        assert_eq!(run.finished, None);
        let intents = intents(&run.records);
        assert!(intents >= *writes, "{intents} intents for {writes} writes");
        if *writes == 23 {
            tear(&run.path);
        }
        bench.run("apply plan.json").exits(3).says("did not finish").says("--resume");
        bench.run("apply plan.json --resume").exits(0).shows("verified");
        is_done_once(&bench);
    });
}

fn intents(records: &[Record]) -> usize {
    records.iter().filter(|record| matches!(record, Record::Intent { .. })).count()
}

/// Leaves the last line of a journal half written, as a crash of the machine does.
fn tear(journal: &std::path::Path) {
    let bytes = fs::read(journal).unwrap();
    fs::write(journal, &bytes[..bytes.len() - 20]).unwrap();
}

#[test]
fn asked_to_stop_it_finishes_what_is_in_flight() {
    side_by_side(&["INT", "TERM", "HUP"], |signal| {
        let bench = many("100ms");
        let running = started(&bench, 5);
        running.signal(signal);
        let stopped = running.finish().exits(4).says("what is in flight finishes");
        let stopped = stopped.shows("stopped on request").says("apply plan.json --resume");
        let done = bench.changes();
        assert!((5..MANY).contains(&done), "{done} done: {stopped}");
        let run = &bench.journals(&bench.plan("plan.json"))[0];
        assert_eq!(intents(&run.records), done, "something was left in flight");
        assert!(run.finished.is_some());
        bench.run("apply plan.json --resume").exits(0);
        is_done_once(&bench);
        assert_eq!(bench.writes().len(), MANY, "something was sent twice");
    });
}

#[test]
fn under_nohup_the_end_of_the_terminal_stops_nothing() {
    let bench = many("30ms");
    let words = ["apply", "plan.json", "--concurrency", "4"];
    let mut running = Program::behind("trap '' HUP; exec \"$@\"", &words)
        .directory(bench.root())
        .variable("MIXPANEL_BASE_URL", &bench.emulator.base_url())
        .variable("MIXPANEL_SERVICE_ACCOUNT", crate::harness::USERNAME)
        .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", crate::harness::SECRET)
        .start();
    assert!(running.until(|| bench.writes().len() >= 3));
    running.signal("HUP");
    running.finish().exits(0).shows("verified");
    is_done_once(&bench);
}

#[test]
fn a_declined_question_is_an_error_and_writes_nothing() {
    let bench = Bench::new(SEED, FILES);
    for answer in ["n\\n", "no\\n", "y\\n", "\\n", ""] {
        for (line, question) in
            [("apply", "Only `yes` does"), ("adopt --all --allow-uncommitted", "Only `yes` does")]
        {
            let declined = bench.typed(line, answer).exits(1).shows(question);
            declined.shows("the answer was not `yes`, so nothing was");
        }
    }
    assert_eq!(bench.writes(), []);
    assert_eq!(bench.files().len(), 1, "{:?}", bench.files().keys());
    assert_eq!(bench.read("access/access.yaml"), FILES);
    bench.typed("apply", "yes\\n").exits(0).shows("verified");
}

#[test]
fn what_a_run_leaves_behind_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new(SEED, FILES);
    // As an older version or somebody's umask left it.
    for directory in ["plans", "journals"] {
        bench.write(&format!(".mixaccess/{directory}/0123456789abcdef.json"), "{}");
        let old = bench.path(&format!(".mixaccess/{directory}"));
        fs::set_permissions(old, fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::set_permissions(bench.path(".mixaccess"), fs::Permissions::from_mode(0o755)).unwrap();
    let shell = "umask 0; exec \"$@\"";
    let applied = Program::behind(shell, &["apply", "--auto-approve"])
        .directory(bench.root())
        .variable("MIXPANEL_BASE_URL", &bench.emulator.base_url())
        .variable("MIXPANEL_SERVICE_ACCOUNT", crate::harness::USERNAME)
        .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", crate::harness::SECRET)
        .run();
    applied.exits(0);
    let mut left = vec![bench.path(".mixaccess")];
    let mut files = 0;
    while let Some(path) = left.pop() {
        let found = fs::symlink_metadata(&path).unwrap();
        let mode = found.permissions().mode() & 0o777;
        if found.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files += 1;
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
    // The two old ones, and the plan, its journal, its undo plan, the lock and `.gitignore`.
    assert_eq!(files, 7);
}

#[test]
fn of_two_applies_at_once_the_second_is_told_about_the_first() {
    let bench = many("50ms");
    let running = started(&bench, 3);
    let holder = format!("process {}", running.id());
    let second = bench.run("apply plan.json").exits(1).says("another apply holds").says(&holder);
    assert!(second.stdout.is_empty(), "{second}");
    running.finish().exits(0);
    is_done_once(&bench);
    assert_eq!(bench.writes().len(), MANY);
    bench.run("apply plan.json").exits(0).shows("Already applied");
}

#[test]
fn without_room_for_the_journal_nothing_is_sent_unrecorded() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    let plan = bench.plan("plan.json");
    // No file may grow beyond so many KiB: the first lines do not fit, or the later ones do not.
    for (kibibytes, code, what) in [(0, 1, ".mixaccess"), (4, 4, "journal")] {
        let shell = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"");
        let full = Program::behind(&shell, &["apply", "plan.json", "--concurrency", "1"])
            .directory(bench.root())
            .variable("MIXPANEL_BASE_URL", &bench.emulator.base_url())
            .variable("MIXPANEL_SERVICE_ACCOUNT", crate::harness::USERNAME)
            .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", crate::harness::SECRET)
            .run();
        let recorded: usize = bench.journals(&plan).iter().map(|run| intents(&run.records)).sum();
        let sent = bench.writes().len();
        assert!(sent <= recorded, "{sent} writes and {recorded} intents\n{full}");
        assert_eq!(full.code, Some(code), "{full}");
        let told = format!("{}{}", full.stdout, full.stderr);
        assert!(told.contains(what) && told.contains("File too large"), "{full}");
    }
    bench.run("apply plan.json --resume").exits(0);
    assert_eq!(bench.read(".mixaccess/.gitignore"), "*\n");
    bench.agrees();
    assert_eq!(bench.invited(), INVITED);
    let changed = bench.writes().iter().filter(|write| write.effect == Effect::Changed).count();
    assert_eq!(changed, WRITES.len());
}
