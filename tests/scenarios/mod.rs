//! One file a theme.

mod app_dialect;
mod arrows;
mod author;
mod codes;
mod command_line;
mod credentials;
mod custom_roles;
mod demo;
mod doctor;
mod documents;
mod edited_plans;
mod effective_access;
mod examples;
mod failures;
mod faults;
mod hostile_files;
mod identity_provider;
mod interruptions;
mod invitations;
mod liars;
mod openapi;
mod owner_floor;
mod politeness;
mod random;
mod refusals;
mod reviewing;
mod service_accounts;
mod teams;
mod tokens;
mod unreadable;
mod wildcards;
mod withholding;

/// A file that nobody lists here is a scenario that never runs.
#[test]
fn no_scenario_is_forgotten() {
    let listed = include_str!("mod.rs");
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_listed = listed.lines().any(|line| line == format!("mod {name};"));
        assert!(is_listed || name == "mod", "scenarios/{name}.rs is not in scenarios/mod.rs");
    }
}
