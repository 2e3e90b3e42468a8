//! Whoever a plan makes owner or admin is named to whoever reviews it, however large it is.

use crate::harness::Bench;
use crate::harness::mixed::SEED;

/// Files in which many people are invited, the admins last by name.
fn files(consumers: usize, admins: usize) -> String {
    let mut files = "
organization: { id: 12345, name: Acme Corp }
projects:
  web: { id: 11, environment: production }
policy: { removals: { people: 50, percent: 100 }, reductions: { percent: 100 } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
"
    .to_owned();
    for number in 0..consumers {
        let reason = format!("{number} {}", "because of the project ".repeat(20));
        files.push_str(&format!(
            "  a{number:04}@agency.example: {{ projects: {{ web: {{ role: consumer, reason: {reason} }} }} }}\n"
        ));
    }
    for number in 0..admins {
        files.push_str(&format!(
            "  z{number:04}@agency.example: {{ projects: {{ web: admin }} }}\n"
        ));
    }
    files
}

#[test]
fn a_review_names_every_admin_before_anybody_else() {
    let bench = Bench::new(SEED, &files(300, 61));
    bench.run("plan --out plan.json").exits(0);
    for command in ["plan", "show plan.json"] {
        for format in ["human", "markdown", "sarif", "junit"] {
            let run = bench.run(&format!("{command} --format {format}")).exits(0);
            for number in 0..61 {
                assert!(run.stdout.contains(&format!("z{number:04}@agency.example")), "{run}");
            }
            let first = run.stdout.find("z0000@").unwrap();
            assert!(run.stdout.find("a0000@").is_none_or(|at| first < at), "{run}");
        }
    }
    let bench = Bench::new(SEED, &files(0, 2_600));
    bench.run("plan --out plan.json").exits(0);
    let run = bench.run("show plan.json --format markdown").exits(0);
    assert!(run.stdout.len() > 60_000 && run.stdout.len() < 65_536, "{}", run.stdout.len());
    let (_, told) = run.stdout.split_once("**Not reviewable here: ").unwrap();
    let (named, told) = told.split_once(" of 2,600 named.** ").unwrap();
    assert!(told.starts_with("`mixaccess show plan.json` gives everything."), "{told}");
    let section: usize = named.replace(',', "").parse().unwrap();
    let text = run.stdout.split_once("\n| |").map_or(run.stdout.as_str(), |(head, _)| head);
    assert_eq!(text.matches("`z").count(), section);
    assert!(section > 1_500, "{section}");
}
