//! The plans of random organizations, and what undoes them, say in every format what they said before.
//!
//! `renderings.txt` holds a digest for each: `UPDATE_EXPECTED=1` writes it anew, and `RENDERINGS_TO=DIR`
//! writes what is rendered there, to be compared with what another version wrote.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should stop")]

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::SignedDuration;
use mixaccess_model::{Digest, Plan, PlanContent};
use mixaccess_planner::testing::{Answers, NOW, World, applied, whole_worlds, worlds};
use mixaccess_planner::undo;
use mixaccess_report::{Culprits, Format, Purpose, Redaction, RenderOptions, Verbosity, plan};
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Organizations of each kind.
const EACH: usize = 60;

fn kinds() -> [(&'static str, BoxedStrategy<World>); 4] {
    [
        ("faithful", worlds(Answers::Faithful).boxed()),
        ("odd", worlds(Answers::Odd).boxed()),
        ("whole", whole_worlds(Answers::Faithful).boxed()),
        ("whole-odd", whole_worlds(Answers::Odd).boxed()),
    ]
}

fn sealed(content: PlanContent) -> Plan {
    Plan::seal(content, NOW, "mixaccess".to_owned()).unwrap()
}

/// The plan of an organization, and the one that takes all of it back.
fn plans(world: &World) -> [(&'static str, Plan); 2] {
    let made = sealed(world.plan().unwrap());
    let after = applied(&world.live, &made.content);
    let done: Vec<_> = made.content.changes.iter().map(|change| change.id.clone()).collect();
    let later = NOW + SignedDuration::from_hours(1);
    let undone = undo(&made.content, made.digest, &done, &after, later).unwrap();
    [("plan", made), ("undo", sealed(undone))]
}

fn rendered(made: &Plan) -> Vec<(String, String)> {
    let redaction = Redaction::new(made.content.organization.id);
    let options = RenderOptions {
        now: Some(NOW),
        diff: true,
        verbosity: Verbosity::Verbose,
        ..RenderOptions::default()
    };
    let redacted = RenderOptions { redact: Some(&redaction), ..options };
    let culprits = Culprits::new();
    let drift = RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..options };
    let named = Format::ALL.into_iter().map(|format| (format.as_str(), format, options));
    let others = [("redacted", Format::Json, redacted), ("drift", Format::Human, drift)];
    named
        .chain(others)
        .map(|(name, format, options)| (name.to_owned(), plan(made, format, &options).unwrap()))
        .collect()
}

#[test]
fn random_organizations_are_rendered_as_before() {
    let to = std::env::var_os("RENDERINGS_TO").map(PathBuf::from);
    let mut found = String::new();
    for (kind, strategy) in kinds() {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for number in 0..EACH {
            let world = strategy.new_tree(&mut runner).unwrap().current();
            for (what, made) in plans(&world) {
                let _ = write!(found, "{kind} {number} {what}");
                for (format, text) in rendered(&made) {
                    let _ =
                        write!(found, " {format}={}", Digest::of_bytes(text.as_bytes()).short(8));
                    if let Some(to) = &to {
                        std::fs::write(to.join(format!("{kind}-{number}-{what}.{format}")), text)
                            .unwrap();
                    }
                }
                found.push('\n');
            }
        }
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/renderings.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert_eq!(differs, None, "found and expected");
    assert_eq!(found.lines().count(), expected.lines().count());
}
