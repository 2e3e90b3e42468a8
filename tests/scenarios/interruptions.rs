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
    side_by_side(&["INT", "TERM"], |signal| {
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
    // No file may grow beyond so many KiB: the first line does not fit, or the later ones do not.
    for (kibibytes, code, what) in [(0, 1, ".mixaccess"), (1, 4, "journal")] {
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
