//! The organization and its projects as they are resolved.

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{DesiredState, Dialect, ProjectRole, ProviderKind};

use super::load_files;

const ORGANIZATION: &str = include_str!("../../tests/corpus/valid/organization.yaml");

fn state(text: &str) -> DesiredState {
    let (_directory, loaded) = load_files(&[("access.yaml", text)]);
    loaded.resolve(Timestamp::UNIX_EPOCH).unwrap().state
}

#[test]
fn the_dialect_is_named_or_found_out() {
    let api = |word: &str| state(&format!("organization: {{ id: 1{word} }}")).organization.api;
    assert_eq!(api(""), Some(Dialect::Members));
    assert_eq!(api(", api: members"), Some(Dialect::Members));
    assert_eq!(api(", api: app"), Some(Dialect::App));
    assert_eq!(api(", api: auto"), None);
}

#[test]
fn an_identity_provider_is_a_word_or_all_that_is_known_of_it() {
    let long = state(ORGANIZATION).organization.identity_provider.unwrap();
    assert_eq!(long.provider, ProviderKind::Okta);
    let domains: Vec<&str> = long.domains.iter().map(|domain| &**domain).collect();
    assert_eq!(domains, ["acme.example", "globex.example"]);
    assert_eq!(long.group_name.as_deref(), Some("Mixpanel-[Project]-[Role]"));
    assert_eq!(long.propagation, SignedDuration::from_mins(90));
    assert_eq!((long.position.line, long.position.column), (5, 3));
    let short = state("organization: { id: 1, identity_provider: entra }").organization;
    let short = short.identity_provider.unwrap();
    assert_eq!((short.provider, short.domains.len()), (ProviderKind::Entra, 0));
    assert_eq!((short.group_name, short.propagation), (None, SignedDuration::from_hours(1)));
    assert_eq!(state("organization: { id: 1 }").organization.identity_provider, None);
}

#[test]
fn custom_roles_may_count_as_a_standard_one() {
    let state = state(ORGANIZATION);
    let roles: Vec<Vec<(&str, Option<ProjectRole>)>> = state
        .projects
        .iter()
        .map(|project| {
            let roles = project.custom_roles.iter().flatten();
            roles.map(|role| (role.name.as_str(), role.at_most.clone())).collect()
        })
        .collect();
    let web =
        [("Messenger", Some(ProjectRole::Consumer)), ("Reviewer", None), ("lexicon editor", None)];
    assert_eq!(roles, [web.to_vec(), Vec::new(), Vec::new()]);
    let listed: Vec<bool> = state.projects.iter().map(|one| one.custom_roles.is_some()).collect();
    assert_eq!(listed, [true, true, false]);
    let groups: Vec<Option<&str>> = state.projects.iter().map(|one| one.group.as_deref()).collect();
    assert_eq!(groups, [Some("WebApp"), None, None]);
    assert_eq!(state.collaborators[0].grants[0].role, Some(ProjectRole::parse("Messenger")));
}
