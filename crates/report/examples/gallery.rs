//! Shows what the renderings look like, and lets their cost be measured:
//! `cargo run -p mixaccess-report --example gallery -- usual human 80`. The first word is `empty`,
//! `usual`, `whole`, `refused`, `large`, `teams` or a number of people; `drift`, `diff`, `redact`, `verbose` and
//! `color` may follow.
#![expect(clippy::print_stdout, reason = "showing is what it is for")]
#![expect(clippy::unwrap_used, reason = "an example for people at a terminal")]

mod sample;

use mixaccess_report::{
    Culprit, Culprits, Format, Purpose, Redaction, RenderOptions, Verbosity, plan,
};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, default: &'static str| words.get(at).map_or(default, String::as_str);
    let format: Format = word(1, "human").parse().unwrap();
    let flag = |name: &str| words.iter().any(|word| word == name);
    let made = match word(0, "usual") {
        "empty" => sample::Sample::empty(),
        "refused" => sample::refused(),
        "whole" => sample::whole::whole(),
        "large" => sample::large(1_000),
        "teams" => sample::whole::large(1_000, 50),
        count if count.parse::<usize>().is_ok() => sample::large(count.parse().unwrap()),
        _ => sample::usual(),
    };
    let blamed = |change: &mixaccess_model::Change| {
        let who = "jordan@acme.example".to_owned();
        (change.id.clone(), Culprit { who, at: Some("2026-11-20T14:05:00Z".parse().unwrap()) })
    };
    let culprits: Culprits = made.content.changes.iter().skip(1).take(1).map(blamed).collect();
    let made = made.seal();
    let redaction = Redaction::new(made.content.organization.id);
    let options = RenderOptions {
        width: word(2, "80").parse().unwrap(),
        color: flag("color"),
        diff: flag("diff"),
        verbosity: if flag("verbose") { Verbosity::Verbose } else { Verbosity::Normal },
        redact: flag("redact").then_some(&redaction),
        now: Some("2026-11-22T05:10:00Z".parse().unwrap()),
        purpose: if flag("drift") { Purpose::Drift { culprits: &culprits } } else { Purpose::Plan },
        plan_file: Some("plan.json"),
        chosen: &[],
    };
    print!("{}", plan(&made, format, &options).unwrap());
}
