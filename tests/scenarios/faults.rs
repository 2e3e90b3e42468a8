//! Whatever goes wrong with a write, going on from there ends where the plan ends.

use mixaccess_applier::ApplyStatus;

use crate::harness::mixed::{Mix, app_granting, app_inviting, members, teams_and_service_accounts};
use crate::harness::{Bench, side_by_side};

/// What the first apply ends with when every write of the plan meets this once. What may be sent twice
/// is; what must happen once, an invitation, is left to `--resume` when nobody knows whether it did.
#[derive(Debug)]
struct Row {
    /// What goes wrong.
    fault: &'static str,
    /// The exit code of the apply that meets it.
    code: i32,
    /// How many of the changes are in place after it, and how many writes met it: not those that
    /// another one kept from being sent.
    in_place: usize,
    met: usize,
}

const fn row(fault: &'static str, code: i32, in_place: usize, met: usize) -> Row {
    Row { fault, code, in_place, met }
}

fn meets(mix: &Mix, Row { fault, code, in_place, met }: &Row) {
    let what = format!("{}: {fault}", mix.name);
    let bench = Bench::new(mix.seed, &mix.files);
    bench.run("plan --out plan.json").exits(0);
    let plan = bench.plan("plan.json");
    assert_eq!(plan.content.changes.len(), mix.writes.len());
    let faults: Vec<String> = mix.writes.iter().map(|write| format!("{write} {fault}")).collect();
    bench.fail(&faults.iter().map(String::as_str).collect::<Vec<_>>());
    let first = bench.run("apply plan.json --timeout 2 --format json");
    let have_met = bench.writes().iter().filter(|write| write.fault.is_some()).count();
    let receipt = first.json();
    let done = |change: &&serde_json::Value| {
        matches!(change["result"].as_str(), Some("applied" | "already_so"))
    };
    let found = receipt["changes"].as_array().unwrap().iter().filter(done).count();
    assert_eq!((first.code, found, have_met), (Some(*code), *in_place, *met), "{what}\n{first}");
    assert_eq!(bench.changes(), *in_place, "{what}: the receipt and the service disagree\n{first}");

    bench.emulator.set_faults(Vec::new());
    if *code == 4 {
        assert!(first.stderr.contains("apply plan.json --resume"), "{first}");
        bench.run("apply plan.json --resume").exits(0);
    }
    bench.agrees();
    assert_eq!(
        bench.changes(),
        mix.writes.len(),
        "{what}: something was done twice, or not at all"
    );
    assert_eq!(bench.invited(), mix.invited, "{what}: an invitation was sent twice, or not at all");
    let runs = bench.journals(&plan);
    let statuses: Vec<_> = runs.iter().map(|run| run.finished.map(|(status, _)| status)).collect();
    let expected = match code {
        4 => vec![Some(ApplyStatus::Incomplete), Some(ApplyStatus::Applied)],
        _ => vec![Some(ApplyStatus::Applied)],
    };
    assert_eq!(statuses, expected, "{what}: the journals tell another story");
    bench.run("apply plan.json").exits(0).shows("Already applied");
}

const MEMBERS: [Row; 15] = [
    // The service says no, or that it is in trouble.
    row("status=403", 4, 0, 7),
    row("status=404", 4, 0, 7),
    row("status=409", 4, 0, 7),
    row("status=429 retry-after=0", 0, 7, 7),
    row("status=500", 4, 5, 7),
    row("status=503 after", 0, 7, 7),
    row("html", 4, 5, 7),
    row("html=502 after", 0, 7, 7),
    // The network gives no answer, or none that is whole.
    row("reset", 4, 5, 7),
    row("reset after", 0, 7, 7),
    row("hang", 4, 5, 7),
    row("hang after", 0, 7, 7),
    row("truncate before", 4, 5, 7),
    row("truncate", 0, 7, 7),
    row("slow=1s", 0, 7, 7),
];

const APP_GRANTING: [Row; 6] = [
    row("status=403", 4, 0, 6),
    row("status=429 retry-after=0", 0, 6, 6),
    row("status=500", 4, 5, 6),
    row("status=503 after", 0, 6, 6),
    row("reset", 4, 5, 6),
    row("truncate", 0, 6, 6),
];

const APP_INVITING: [Row; 4] = [
    row("status=403", 4, 0, 6),
    row("status=500", 4, 4, 6),
    row("reset after", 0, 6, 6),
    row("hang", 4, 4, 6),
];

/// Where taking a role from a service account fails, giving it another is not tried.
const TEAMS_AND_SERVICE_ACCOUNTS: [Row; 8] = [
    row("status=403", 4, 0, 8),
    row("status=409", 4, 0, 8),
    row("status=429 retry-after=0", 0, 9, 9),
    row("status=500", 0, 9, 9),
    row("status=503 after", 0, 9, 9),
    row("reset", 0, 9, 9),
    row("hang after", 0, 9, 9),
    row("truncate", 0, 9, 9),
];

#[test]
fn whatever_goes_wrong_with_every_write_it_ends_as_planned() {
    type Mixes<'a> = (fn() -> Mix, &'a [Row]);
    let mixes: [Mixes<'_>; 4] = [
        (members, &MEMBERS),
        (app_granting, &APP_GRANTING),
        (app_inviting, &APP_INVITING),
        (teams_and_service_accounts, &TEAMS_AND_SERVICE_ACCOUNTS),
    ];
    let all: Vec<_> =
        mixes.iter().flat_map(|(mix, rows)| rows.iter().map(move |row| (mix(), row))).collect();
    side_by_side(&all, |(mix, row)| meets(mix, row));
}
