//! Roles that projects define themselves, and what they count as.

use std::sync::Arc;

use mixaccess_model::{CustomRole, GuardCode, ProjectRole, Risk};

use super::{World, changes, findings, refusals, with_teams, world};
use crate::{CustomRoles, effective_role};

/// Web has a role Messenger that counts as `at_most`, if anything.
fn with_role(mut world: World, at_most: Option<&str>) -> World {
    let ProjectRole::Custom(name) = ProjectRole::parse("Messenger") else { unreachable!() };
    let at_most = at_most.map(ProjectRole::parse);
    world.desired.projects[0].custom_roles = Some(vec![CustomRole { name, at_most }]);
    world
}

#[test]
fn what_a_role_counts_as_decides_about_risk_and_order() {
    for (at_most, files, live, risk) in [
        (None, "web=Messenger", "web=admin", Risk::Escalation),
        (Some("analyst"), "web=Messenger", "web=admin", Risk::Reduction),
        (Some("analyst"), "web=Messenger", "web=consumer", Risk::Escalation),
        (Some("analyst"), "web=Messenger", "web=analyst", Risk::Neutral),
        (Some("analyst"), "web=admin", "web=Messenger", Risk::Escalation),
        (Some("analyst"), "web=consumer", "web=Messenger", Risk::Reduction),
        (Some("owner"), "web=Messenger", "web=admin", Risk::Escalation),
    ] {
        let (files, live) = (format!("ana {files}"), format!("ana {live}"));
        let world = with_role(world(&[&files, "zoe owner"], &[&live, "zoe owner"]), at_most);
        let content = world.plan().unwrap();
        assert_eq!(content.changes[0].risk, risk, "{at_most:?}: {files} against {live}");
        assert_eq!(content.projects[0].custom_roles.len(), 1);
    }
}

#[test]
fn guard_rails_count_what_a_role_counts_as() {
    // One that counts as nothing may allow anything.
    for (at_most, refused) in [(None, true), (Some("analyst"), false), (Some("admin"), true)] {
        let mut world =
            with_role(world(&["ana web=Messenger", "zoe owner"], &["ana", "zoe owner"]), at_most);
        world.desired.policy.escalations.maximum = Some(0);
        assert_eq!(refusals(&world.plan().unwrap()).contains(&GuardCode::Escalations), refused);
    }
    for (at_most, refused) in [(None, false), (Some("analyst"), true), (Some("owner"), false)] {
        let live = ["ana web=admin", "zoe owner"];
        let mut world = with_role(world(&["ana web=Messenger", "zoe owner"], &live), at_most);
        world.desired.policy.reductions.percent = 0;
        // At least one reduction is always allowed.
        world.desired.collaborators[0]
            .grants
            .push(super::declared(9, "x ios=consumer").grants[0].clone());
        world.live.members[0].grants.push(super::member(9, "x ios=admin").grants[0].clone());
        world.live.normalize();
        assert_eq!(
            refusals(&world.plan().unwrap()).contains(&GuardCode::Reductions),
            refused,
            "{at_most:?}"
        );
    }
}

#[test]
fn effective_access_compares_what_a_role_counts_as() {
    let content = |at_most| {
        let team = ["Growth +ana web=Messenger"];
        let world = with_teams(
            world(&["ana web=analyst", "zoe owner"], &["ana web=analyst", "zoe owner"]),
            &team,
            &team,
        );
        findings(&with_role(world, at_most).plan().unwrap())
    };
    let above = "effective-above-declared: declared analyst in web, effectively Messenger through team Growth";
    let idle = "grant-changes-nothing: the individual grant of analyst in web changes nothing: Messenger is given through team Growth";
    assert!(content(Some("admin")).contains(&above.to_owned()));
    assert!(content(None).contains(&above.to_owned()));
    assert!(content(Some("analyst")).contains(&idle.to_owned()));
    assert!(!content(Some("consumer")).iter().any(|one| one.contains("Messenger")));

    let world = with_role(world(&["ana"], &["ana web=Messenger web/*=analyst"]), Some("admin"));
    let custom = CustomRoles::declared(&world.desired);
    let role = effective_role(&world.live.members[0].grants, None, &custom);
    assert_eq!(role, Some(ProjectRole::parse("Messenger")));
}

#[test]
fn roles_that_are_not_there_are_told() {
    let told = |listed: Option<&str>, live: &[&str], files: &str, held: &str| {
        let mut world = world(&[files, "zoe owner"], &[held, "zoe owner"]);
        if listed.is_some() {
            world = with_role(world, None);
        }
        world.live.projects[0].custom_roles =
            Some(live.iter().map(|one| Arc::from(*one)).collect());
        let content = world.plan().unwrap();
        let mut lines = findings(&content);
        lines.retain(|one| one.contains("custom-role"));
        lines
    };
    assert_eq!(told(None, &["Messenger"], "ana web=Messenger", "ana"), Vec::<String>::new());
    assert_eq!(
        told(None, &["Reviewer"], "ana web=Messenger", "ana"),
        ["unknown-custom-role: web has no custom role Messenger, declared for ana@acme.example"]
    );
    assert_eq!(
        told(Some("Messenger"), &[], "ana web=Messenger", "ana web=consumer"),
        [
            "custom-role-deleted: the custom role Messenger is gone from web, ana@acme.example became consumer; declared for ana@acme.example"
        ]
    );
    assert_eq!(
        told(Some("Messenger"), &[], "ana web=Messenger", "ana web=analyst"),
        ["unknown-custom-role: web has no custom role Messenger, declared for ana@acme.example"]
    );
    assert_eq!(
        told(Some("Messenger"), &["Messenger"], "ana web=analyst", "ana web=Reviewer"),
        [
            "custom-role-undeclared: the custom role Reviewer is held by ana@acme.example, and the files do not list it for web"
        ]
    );
}

#[test]
fn administrators_who_come_and_go_are_followed_up() {
    for (files, live, told) in [
        ("ana web=admin", "ana", true),
        ("ana", "ana web=admin", true),
        ("ana removed", "ana web=owner", true),
        ("ana admin", "ana", true),
        ("ana web=admin", "ana web=owner", false),
        ("ana web=analyst", "ana", false),
        ("ana admin", "ana owner", false),
    ] {
        let content = world(&[files, "zoe owner"], &[live, "zoe owner"]).plan().unwrap();
        assert!(!changes(&content).is_empty());
        let found = findings(&content).into_iter().find(|one| one.starts_with("follow-up-tokens"));
        assert_eq!(found.is_some(), told, "{files} against {live}: {found:?}");
        if let Some(found) = found {
            assert_eq!(
                found,
                "follow-up-tokens: 1 person gains or loses project admin: ana@acme.example"
            );
        }
    }
}
