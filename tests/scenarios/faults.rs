//! Whatever goes wrong with a write, going on from there ends where the plan ends.

use mixaccess_applier::ApplyStatus;

use crate::harness::mixed::{FILES, INVITED, SEED, WRITES};
use crate::harness::{Bench, side_by_side};

/// What the first apply ends with when every write of the plan meets this once. What may be sent twice
/// is; what must happen once, an invitation, is left to `--resume` when nobody knows whether it did.
#[derive(Debug)]
struct Row {
    /// What goes wrong.
    fault: &'static str,
    /// The exit code of the apply that meets it.
    code: i32,
    /// How many of the seven changes are in place after it.
    in_place: usize,
}

const fn row(fault: &'static str, code: i32, in_place: usize) -> Row {
    Row { fault, code, in_place }
}

fn meets(Row { fault, code, in_place }: &Row) {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    let plan = bench.plan("plan.json");
    assert_eq!(plan.content.changes.len(), WRITES.len());
    let faults: Vec<String> =
        WRITES.iter().map(|(_, _, write)| format!("{write} {fault}")).collect();
    bench.fail(&faults.iter().map(String::as_str).collect::<Vec<_>>());
    let first = bench.run("apply plan.json --timeout 2 --format json");
    let met = bench.writes().iter().filter(|write| write.fault.is_some()).count();
    assert_eq!(met, WRITES.len(), "{fault}: not every write met it\n{first}");
    assert_eq!(first.code, Some(*code), "{fault}\n{first}");
    let receipt = first.json();
    let done = |change: &&serde_json::Value| {
        matches!(change["result"].as_str(), Some("applied" | "already_so"))
    };
    let changes = receipt["changes"].as_array().unwrap();
    assert_eq!(changes.iter().filter(done).count(), *in_place, "{fault}\n{first}");
    assert_eq!(
        bench.changes(),
        *in_place,
        "{fault}: the receipt and the service disagree\n{first}"
    );

    bench.emulator.set_faults(Vec::new());
    if *code == 4 {
        assert!(first.stderr.contains("apply plan.json --resume"), "{first}");
        bench.run("apply plan.json --resume").exits(0);
    }
    bench.agrees();
    assert_eq!(bench.changes(), WRITES.len(), "{fault}: something was done twice, or not at all");
    assert_eq!(bench.invited(), INVITED, "{fault}: an invitation was sent twice, or not at all");
    let runs = bench.journals(&plan);
    let statuses: Vec<_> = runs.iter().map(|run| run.finished.map(|(status, _)| status)).collect();
    let expected = match code {
        4 => vec![Some(ApplyStatus::Incomplete), Some(ApplyStatus::Applied)],
        _ => vec![Some(ApplyStatus::Applied)],
    };
    assert_eq!(statuses, expected, "{fault}: the journals tell another story");
    bench.run("apply plan.json").exits(0).shows("Already applied");
}

#[test]
fn whatever_goes_wrong_with_every_write_it_ends_as_planned() {
    side_by_side(
        &[
            // The service says no, or that it is in trouble.
            row("status=403", 4, 0),
            row("status=404", 4, 0),
            row("status=409", 4, 0),
            row("status=429 retry-after=0", 0, 7),
            row("status=500", 4, 5),
            row("status=503 after", 0, 7),
            row("html", 4, 5),
            row("html=502 after", 0, 7),
            // The network gives no answer, or none that is whole.
            row("reset", 4, 5),
            row("reset after", 0, 7),
            row("hang", 4, 5),
            row("hang after", 0, 7),
            row("truncate before", 4, 5),
            row("truncate", 0, 7),
            row("slow=1s", 0, 7),
        ],
        meets,
    );
}
