//! Resolution by example, and how it is explained.

use jiff::Timestamp;
use mixaccess_model::{
    DesiredCollaborator, Email, OrganizationRole, ProjectKey, ProjectRole, State,
};

use super::{codes, load_files};
use crate::{Explanation, Loaded};

const DESIGN: &str = include_str!("../../tests/corpus/valid/design.yaml");

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person(loaded: &Loaded, email: &str, at: &str) -> DesiredCollaborator {
    loaded.resolve(instant(at)).unwrap().state.collaborator(&Email::new(email)).unwrap().clone()
}

fn grants(loaded: &Loaded, email: &str, at: &str) -> Vec<String> {
    let state = loaded.resolve(instant(at)).unwrap().state;
    let one = state.collaborator(&Email::new(email)).unwrap();
    one.grants
        .iter()
        .map(|grant| {
            let key = &state.project(grant.project).unwrap().key;
            let role = grant.role.as_ref().map_or("none", |role| role.as_str());
            format!("{key} {role} {}", grant.cause.position.line)
        })
        .collect()
}

#[test]
fn the_example_of_the_design() {
    let (_directory, loaded) = load_files(&[("access.yaml", DESIGN)]);
    let alex = |at: &str| grants(&loaded, "ALEX@agency.example", at);
    assert_eq!(
        alex("2026-06-15T12:00:00Z"),
        ["web-production analyst 28", "ios-production admin 29", "web-staging none 30"]
    );
    // The last day counts to its end in Berlin; then the profile's group decides.
    assert_eq!(alex("2026-12-31T22:59:59Z")[1], "ios-production admin 29");
    assert_eq!(alex("2026-12-31T23:00:00Z")[1], "ios-production admin 20");
    let one = person(&loaded, "alex@agency.example", "2026-06-15T12:00:00Z");
    let notes = one.grants[1].cause.annotations.as_ref().unwrap();
    assert_eq!(
        (notes.ticket.as_deref(), notes.reason.as_deref()),
        (Some("IAM-2847"), Some("Q4 instrumentation"))
    );
    assert_eq!(one.grants[0].cause.annotations, None);
}

#[test]
fn phases_take_turns_and_the_last_one_removes() {
    let (_directory, loaded) = load_files(&[("access.yaml", DESIGN)]);
    let kim = |at: &str| grants(&loaded, "kim@agency.example", at);
    assert_eq!(kim("2026-01-04T22:59:59Z"), Vec::<String>::new());
    assert_eq!(
        kim("2026-01-04T23:00:00Z"),
        ["web-production admin 36", "ios-production admin 36", "web-staging admin 36"]
    );
    assert_eq!(
        kim("2026-06-15T12:00:00Z"),
        ["web-production consumer 37", "ios-production consumer 37"]
    );
    let gone = person(&loaded, "kim@agency.example", "2027-04-05T00:00:00+02:00");
    assert_eq!((gone.state, gone.grants.len(), gone.cause.position.line), (State::Removed, 0, 38));
    let notes = gone.cause.annotations.unwrap();
    assert_eq!(notes.ticket.as_deref(), Some("IAM-3001"));
    assert_eq!(notes.approved_by.as_deref(), Some("pat@acme.example"));
}

#[test]
fn organization_roles_have_dates_too() {
    let (_directory, loaded) = load_files(&[("access.yaml", DESIGN)]);
    let pat = |at: &str| person(&loaded, "pat@acme.example", at).organization_role;
    assert_eq!(pat("2026-01-01T07:59:59Z"), OrganizationRole::Member);
    assert_eq!(pat("2026-01-01T08:00:00Z"), OrganizationRole::Owner);
    assert_eq!(
        grants(&loaded, "pat@acme.example", "2026-06-15T12:00:00Z"),
        [
            "web-production lexicon-editor 41",
            "ios-production consumer 41",
            "web-staging consumer 41"
        ]
    );
}

#[test]
fn what_is_written_stays_text() {
    let (_directory, loaded) =
        load_files(&[("a.yaml", include_str!("../../tests/corpus/valid/scalars.yaml"))]);
    let one = person(&loaded, "zoë@agency.example", "2026-06-15T12:00:00Z");
    assert_eq!(one.name.as_deref(), Some("2026-12-31"));
    assert_eq!(one.cause.annotations.unwrap().ticket.as_deref(), Some("0123"));
    let state = loaded.resolve(Timestamp::UNIX_EPOCH).unwrap().state;
    assert_eq!(state.organization.name.as_deref(), Some("no"));
    let environments: Vec<_> =
        state.projects.iter().map(|project| project.environment.as_deref()).collect();
    assert_eq!(environments, [Some("on"), Some("1_000"), None]);
}

#[test]
fn an_own_star_comes_before_a_profile() {
    let text = "
organization: { id: 1 }
projects: { web: { id: 2 }, ios: { id: 3 } }
profiles: { p: { organization_role: admin, projects: { web: admin } } }
collaborators: { a@agency.example: { profile: p, projects: { '*': consumer } } }
";
    let (_directory, loaded) = load_files(&[("a.yaml", text)]);
    assert_eq!(codes(&loaded), ["no-effect"]);
    assert_eq!(
        grants(&loaded, "a@agency.example", "2026-01-01T00:00:00Z"),
        ["web consumer 5", "ios consumer 5"]
    );
    assert_eq!(
        person(&loaded, "a@agency.example", "2026-01-01T00:00:00Z").organization_role,
        OrganizationRole::Admin
    );
    let findings = loaded.resolve(Timestamp::UNIX_EPOCH).unwrap().state.findings;
    assert_eq!(findings[0].code, "no-effect");
    assert!(findings[0].hint.as_ref().unwrap().contains("a.yaml:4:"));
}

fn chain(explanation: &Explanation) -> Vec<String> {
    explanation.projects[0]
        .chain
        .iter()
        .map(|entry| {
            format!(
                "{:?} {} {} {} {:?}",
                entry.level, entry.target, entry.role, entry.place.line, entry.verdict
            )
        })
        .collect()
}

#[test]
fn explaining_names_every_entry_and_what_comes_next() {
    let (_directory, loaded) = load_files(&[("access.yaml", DESIGN)]);
    let email = Email::new("alex@agency.example");
    let ios = ProjectKey::new("ios-production");
    let why = loaded.explain(&email, Some(&ios), instant("2026-06-15T12:00:00Z")).unwrap();
    assert_eq!(
        chain(&why),
        ["Own ios-production admin 29 Decides", "Profile production admin 20 Overridden"]
    );
    assert_eq!(why.projects[0].next, None, "the profile gives the same afterwards");
    let later = loaded.explain(&email, Some(&ios), instant("2027-06-15T12:00:00Z")).unwrap();
    assert_eq!(
        chain(&later),
        ["Own ios-production admin 29 Expired", "Profile production admin 20 Decides"]
    );

    let kim = loaded
        .explain(&Email::new("kim@agency.example"), Some(&ios), instant("2026-02-01T00:00:00Z"))
        .unwrap();
    assert_eq!(
        chain(&kim),
        ["Phase production admin 36 Decides", "Phase production consumer 37 NotYet"]
    );
    let next = kim.projects[0].next.as_ref().unwrap();
    assert_eq!(
        (next.at, next.phase.as_deref()),
        (instant("2026-04-04T22:00:00Z"), Some("support"))
    );
    assert_eq!(next.becomes.as_ref().map(ProjectRole::as_str), Some("consumer"));
    assert_eq!(next.place.as_ref().unwrap().line, 37);
    assert_eq!(
        kim.phase.as_ref().map(|(name, place)| (&**name, place.line)),
        Some(("implementation", 36))
    );
    assert_eq!(kim.state.next.as_ref().unwrap().becomes, State::Removed);
    assert_eq!(
        loaded.explain(&Email::new("nobody@agency.example"), None, Timestamp::UNIX_EPOCH),
        None
    );
}

#[test]
fn dates_on_the_command_line_mean_the_organizations_day() {
    let (_directory, loaded) = load_files(&[("access.yaml", DESIGN)]);
    assert_eq!(loaded.parse_instant("2026-12-01"), Ok(instant("2026-11-30T23:00:00Z")));
    assert_eq!(loaded.parse_instant("2026-12-01T12:00"), Ok(instant("2026-12-01T11:00:00Z")));
    assert_eq!(loaded.parse_instant("2026-12-01T12:00:00Z"), Ok(instant("2026-12-01T12:00:00Z")));
    assert!(loaded.parse_instant("next week").is_err());
}
