//! A service that lies, is late, answers half, or answers in another shape.

use mixaccess_emulator::{EmulatorOptions, ListShape, NextPage, Paging, PostExisting, Shape};

use crate::harness::mixed::{FILES, INVITED, SEED};
use crate::harness::{Bench, side_by_side};

#[test]
fn a_write_that_was_accepted_and_not_carried_out_is_found() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.fail(&["PUT /projects/11/members/503 lie", "POST /organizations/*/members lie"]);
    let told = bench.run("apply plan.json").exits(4).shows("incomplete");
    told.shows("raised@agency.example in web: expected admin, found analyst")
        .shows("administrator@acme.example in the organization: expected there, found nobody")
        .shows("7 of 7 changes were accepted, and reading again found 2 things not as planned")
        .says("apply plan.json --resume");
    bench.run("plan --out again.json --detailed-exitcode").exits(2);
    assert_eq!(bench.plan("again.json").content.changes.len(), 2);
    bench.run("apply plan.json --resume").exits(0).shows("verified");
    bench.agrees();
    assert_eq!(bench.invited(), INVITED);
}

#[test]
fn answers_from_before_our_own_writes_are_not_believed() {
    side_by_side(
        &[
            "GET /projects/*/members stale=9 nth=4 times=4",
            "GET /organizations/*/members stale=9 nth=2 times=2",
        ],
        |fault| {
            let bench = Bench::new(SEED, FILES);
            bench.run("plan --out plan.json").exits(0);
            bench.fail(&[fault]);
            bench.run("apply plan.json").exits(0).shows("verified");
            let met = bench.emulator.requests().iter().filter(|one| one.fault.is_some()).count();
            assert!(met >= 2, "{fault} was met {met} times");
            bench.agrees();
        },
    );
}

#[test]
fn answers_that_cannot_be_read_stop_a_plan_and_say_so() {
    let bench = Bench::new(SEED, FILES);
    for path in ["/organizations/*/members", "/organizations/*/projects", "/projects/12/members"] {
        for (fault, said) in [
            ("html", "proxy or login page"),
            ("status=500", "500"),
            ("truncate=40", "stopped in the middle"),
            ("reset", "connection"),
            ("status=200 body=\"{\\\"results\\\":17}\"", "does not look like"),
            ("status=404", "404"),
        ] {
            bench.fail(&[&format!("GET {path} {fault} times=always")]);
            let run = bench.run("plan --max-wait 0 --out plan.json").exits(1).says(said);
            let run = run.says(path.rsplit('/').next().unwrap());
            assert!(run.stdout.is_empty() && !bench.path("plan.json").exists(), "{run}");
        }
        // Once is nothing: reading again is always safe.
        bench.fail(&[&format!("GET {path} status=503"), &format!("GET {path} reset nth=2")]);
        bench.run("plan").exits(0);
    }
    assert_eq!(bench.writes(), []);
}

#[test]
fn every_shape_of_answer_gives_the_same_plan_and_the_same_end() {
    let mut shapes = Shape::every();
    for next in [NextPage::Url, NextPage::Path, NextPage::Cursor, NextPage::Number] {
        let list = if next == NextPage::Url { ListShape::Members } else { ListShape::Results };
        let paging = Some(Paging { size: 2, next });
        shapes.push(Shape {
            list,
            paging,
            consumer: true,
            underscored_all_users: true,
            string_ids: false,
            total: true,
        });
    }
    let plain = Bench::new(SEED, FILES);
    let expected = content(&plain);
    side_by_side(&shapes, |shape| {
        let is_odd = shape.string_ids;
        let post_existing = if is_odd { PostExisting::Upsert } else { PostExisting::Conflict };
        let options = EmulatorOptions {
            shape: *shape,
            redirect_slash: is_odd,
            post_existing,
            ..EmulatorOptions::default()
        };
        let bench = Bench::with(SEED, FILES, options);
        assert_eq!(content(&bench), expected, "{shape}");
        bench.run("apply plan.json").exits(0);
        bench.agrees();
        assert_eq!(bench.invited(), INVITED, "{shape}");
    });
}

/// What is planned for one instant, wherever the emulator listens.
fn content(bench: &Bench) -> String {
    bench.run("plan --out plan.json --at 2026-01-01").exits(0);
    let mut content = bench.plan("plan.json").content;
    content.organization.base_url.clear();
    serde_json::to_string_pretty(&content).unwrap()
}
