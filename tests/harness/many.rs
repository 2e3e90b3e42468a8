//! A plan that is long enough to be watched while it is applied.

use mixaccess_emulator::EmulatorOptions;

use super::Bench;
use super::mixed::{FILES, SEED};

/// How many changes it has.
pub(crate) const MANY: usize = 60;

/// Sixty people: a third is raised, a third loses a project, a third is invited;
/// and every write takes that long.
pub(crate) fn many(latency: &str) -> Bench {
    let mut seed = SEED.split("members:").next().unwrap().to_owned();
    seed.push_str("members:\n  - { id: 501, email: priya@acme.example, role: owner }\n");
    let mut files = FILES.split("collaborators:").next().unwrap().to_owned();
    files.push_str("collaborators:\n  priya@acme.example: { organization_role: owner }\n");
    for number in 0..MANY / 3 {
        let id = 600 + 2 * number;
        seed.push_str(&format!(
            "  - {{ id: {id}, email: up{number}@agency.example, role: member, projects: {{ 11: analyst }} }}\n  \
             - {{ id: {}, email: down{number}@agency.example, role: member, projects: {{ 11: analyst, 12: analyst }} }}\n",
            id + 1
        ));
        files.push_str(&format!(
            "  up{number}@agency.example: {{ projects: {{ web: admin }} }}\n  \
             down{number}@agency.example: {{ projects: {{ ios: analyst }} }}\n  \
             new{number}@d{number}.example: {{ projects: {{ android: consumer }} }}\n"
        ));
    }
    let bench = Bench::with(&seed, &files, EmulatorOptions::default());
    bench.run("plan --out plan.json").exits(0);
    assert_eq!(bench.plan("plan.json").content.changes.len(), MANY);
    bench.emulator.clear_requests();
    bench.fail(&[&format!("POST,PUT,DELETE /** slow={latency} times=always")]);
    bench
}
