//! What the service would refuse for the identity we run as.

use mixaccess_model::{NotPlannedKind, UnmanagedAction};

use super::{
    World, actor, changes, findings, left_alone, planned, sweeping, with_accounts, with_teams,
    world,
};
use crate::refused_by_service;

/// The refusal of the one thing that `declared` asks of `live`, run as an organization `role`.
#[track_caller]
fn check(role: &str, declared: &str, live: &str, expected: Option<&str>) {
    let live: Vec<&str> =
        [live, "robot web=admin", "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
    let mut world = world(&[declared], &live);
    world.live.actor = actor(role);
    let content = world.plan().unwrap();
    assert!(!content.changes.is_empty());
    let refused = refused_by_service(&content, &world.live);
    let errors: Vec<&str> = content.errors().map(|one| one.message.as_str()).collect();
    let Some(part) = expected else {
        assert_eq!(refused, [], "{role}: {declared}");
        assert_eq!(errors, Vec::<&str>::new(), "{role}: {declared}");
        return;
    };
    assert_eq!(refused.len(), 1, "{role}: {declared}: {refused:?}");
    assert!(refused[0].2.contains(part) && refused[0].2.starts_with("the credentials "));
    if matches!(role, "admin" | "owner") {
        assert_eq!(errors, [format!("the service would refuse this: {}", refused[0].2)]);
        let finding = content.errors().next().unwrap();
        assert!(finding.place.is_some() && finding.hint.is_some());
    } else {
        // Somebody else may apply what was planned for reading.
        assert_eq!(errors, Vec::<&str>::new(), "{role}: {declared}");
        let told = findings(&content).iter().any(|one| one.contains("the credentials can plan"));
        assert!(told, "{:?}", findings(&content));
    }
}

const ABOVE: Option<&str> = Some("nobody assigns a role above their own");
const ORGANIZATION: Option<&str> = Some("only admins and owners write to the organization");
const PROJECT: Option<&str> = Some("only project admins and owners manage its people");
const NOT_BELOW: Option<&str> = Some("nobody removes somebody who is not below them");
const TOUCHES: Option<&str> = Some("nobody changes the role of somebody above them");

#[test]
fn inviting() {
    check("owner", "ana owner", "", None);
    check("admin", "ana owner", "", ABOVE);
    check("admin", "ana admin", "", None);
    check("billing_admin", "ana", "", ORGANIZATION);
    // An invitation with a grant is a write to the project.
    check("member", "ana web=admin", "", None);
    check("member", "ana web=owner", "", ABOVE);
    check("member", "ana ios=consumer", "", PROJECT);
}

#[test]
fn changing_organization_roles() {
    check("owner", "ana", "ana owner", None);
    check("admin", "ana owner", "ana", ABOVE);
    check("admin", "ana", "ana owner", TOUCHES);
    check("admin", "ana", "ana admin", None);
    check("member", "ana admin", "ana", ORGANIZATION);
}

#[test]
fn removing_and_withdrawing() {
    check("owner", "ana removed", "ana owner", None);
    check("admin", "ana removed", "ana owner", NOT_BELOW);
    check("admin", "ana removed", "ana admin", NOT_BELOW);
    check("admin", "ana removed", "ana billing_admin", None);
    check("admin", "ana removed", "ana pending admin", NOT_BELOW);
    check("member", "ana removed", "ana", ORGANIZATION);
    // An unknown role cannot be compared.
    check("admin", "ana removed", "ana roleless", None);
}

#[test]
fn granting_and_changing_project_roles() {
    check("admin", "ana ios=admin", "ana", None);
    check("admin", "ana ios=owner", "ana", ABOVE);
    check("member", "ana web=admin", "ana", None);
    check("member", "ana web=owner", "ana", ABOVE);
    check("member", "ana ios=analyst", "ana", PROJECT);
    check("member", "ana web=analyst", "ana web=admin", None);
    check("member", "ana web=analyst", "ana web=owner", ABOVE);
    check("member", "ana web=Messenger", "ana", None);
}

#[test]
fn revoking() {
    check("owner", "ana", "ana web=owner", None);
    check("admin", "ana", "ana web=owner", None);
    check("admin", "ana admin", "ana admin web=owner", Some("do not stand above this person"));
    check("member", "ana", "ana web=analyst", None);
    check("member", "ana", "ana web=admin", Some("do not stand above this person"));
    check("member", "ana", "ana ios=analyst", PROJECT);
    check("member", "ana", "ana web=analyst web/Growth=consumer", ORGANIZATION);
    check("member", "ana admin", "ana admin web=analyst", Some("do not stand above this person"));
}

#[test]
fn what_teams_and_service_accounts_lose() {
    let takes = "nobody takes away a role above their own (owner)";
    let deletes = "nobody deletes an account above them (owner)";
    let check = |world: &World, expected: Option<&str>| {
        for role in ["admin", "owner"] {
            let mut world = world.clone();
            world.live.actor = actor(role);
            let content = world.plan().unwrap();
            assert!(!content.changes.is_empty());
            let refused = refused_by_service(&content, &world.live);
            assert_eq!(content.errors().count(), refused.len());
            let expected = expected.filter(|_| role == "admin");
            assert_eq!(refused.len(), usize::from(expected.is_some()), "{refused:?}");
            assert!(
                refused.iter().all(|(.., why)| expected.is_some_and(|part| why.contains(part)))
            );
        }
    };
    let zoe = || world(&["zoe owner"], &["zoe owner"]);
    for (declared, live, expected) in [
        ("Growth", "Growth web=owner", Some(takes)),
        ("Growth", "Growth web=admin", None),
        ("Growth removed", "Growth +zoe web=owner", Some(takes)),
        ("Growth removed", "Growth +zoe web=admin", None),
    ] {
        check(&with_teams(zoe(), &[declared], &[live]), expected);
    }
    for (declared, live, expected) in [
        ("etl", "etl web=owner", Some(takes)),
        ("etl web=analyst", "etl web=owner", Some(takes)),
        ("etl web=analyst", "etl web=admin", None),
        ("etl removed", "etl web/org=owner", Some(deletes)),
        ("etl removed", "etl web/org=admin", None),
    ] {
        check(&with_accounts(zoe(), &[declared], &[live]), expected);
    }
}

#[test]
fn unknown_power_refuses_nothing() {
    check("", "ana owner", "", None);
    check("", "ana removed", "ana owner", None);
}

#[test]
fn what_only_a_sweep_asks_for_is_left_out_instead() {
    let live = ["ana admin web=admin", "bo web=admin", "zoe owner"];
    let mut world = sweeping(world(&["zoe owner"], &live), UnmanagedAction::Remove);
    world.live.actor = actor("admin");
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["bo: remove member web=admin"]);
    assert_eq!(content.errors().count(), 0);
    let [(kind, message)] = &left_alone(&content)[..] else { panic!("one person is left alone") };
    assert_eq!(*kind, NotPlannedKind::ActorPower);
    assert!(message.starts_with("ana: not in the files, and left alone: the credentials are"));
}

#[test]
fn our_own_standing_in_a_project_counts() {
    let mut world = world(&["ana ios=admin"], &["ana", "robot ios/Growth=admin", "zoe owner"]);
    world.live.actor = actor("member");
    assert_eq!(planned(&world), ["ana: ios + admin"]);
    assert!(!world.plan().unwrap().is_refused());
}

#[test]
fn an_account_that_is_in_no_member_list_may_have_projects_all_the_same() {
    let mut world = world(&["ana ios=admin", "zoe owner"], &["ana", "zoe owner"]);
    world.live.actor = actor("member");
    let content = world.plan().unwrap();
    assert_eq!(refused_by_service(&content, &world.live), []);
    assert!(!findings(&content).iter().any(|one| one.contains("actor-power")));
}

#[test]
fn who_plans_does_not_decide_what_is_planned() {
    let declared = ["ana admin", "bo removed", "cleo web=owner", "zoe owner"];
    let live = ["ana", "bo admin", "cleo", "dan admin web=admin", "zoe owner"];
    let mut world = sweeping(world(&declared, &live), UnmanagedAction::Suspend);
    world.live.actor = actor("owner");
    let by_owner = world.plan().unwrap();
    world.live.actor = actor("member");
    assert_eq!(world.plan().unwrap().changes, by_owner.changes);
}

#[test]
fn nobody_is_swept_away_while_it_is_unknown_who_we_are() {
    let mut world =
        sweeping(world(&["zoe owner"], &["robot web=admin", "zoe owner"]), UnmanagedAction::Remove);
    world.live.actor = mixaccess_model::Actor::default();
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(left_alone(&content)[0].0, NotPlannedKind::Protected);
}

/// What keeps an organization member, of whom the service tells these roles, from what is declared.
#[track_caller]
fn told(projects: Option<&[(&str, &str)]>, declared: &str, live: &str) -> Vec<String> {
    let live: Vec<&str> = [live, "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
    let mut world = world(&[declared], &live);
    world.live.actor = actor("member");
    world.live.actor.projects = projects.map(|all| {
        let own = |(project, role): &(&str, &str)| mixaccess_model::OwnGrant {
            project: super::id_of(project),
            role: mixaccess_model::ProjectRole::parse(role),
        };
        all.iter().map(own).collect()
    });
    let content = world.plan().unwrap();
    refused_by_service(&content, &world.live).into_iter().map(|(.., why)| why).collect()
}

#[test]
fn whoever_is_no_member_has_the_power_that_the_service_tells() {
    for (declared, live) in [
        ("ana web=analyst", "ana"),
        ("ana web=analyst", "ana web=consumer"),
        ("ana", "ana web=consumer"),
        ("ana web=analyst", ""),
    ] {
        for weak in [&[][..], &[("web", "analyst")], &[("ios", "owner")], &[("web", "Reviewer")]] {
            let refused = told(Some(weak), declared, live);
            assert_eq!(refused.len(), 1, "{weak:?}: {declared} against {live}");
            assert!(refused[0].contains(PROJECT.unwrap()), "{refused:?}");
        }
        // Strong enough, and not told.
        for known in [Some(&[("web", "admin")][..]), Some(&[("web", "owner")]), None] {
            let none: Vec<String> = Vec::new();
            let refused = told(known, declared, live);
            assert_eq!(refused, none, "{known:?}: {declared} against {live}");
        }
    }
    let refused = told(Some(&[("web", "admin")]), "ana web=owner", "ana");
    assert!(refused[0].contains(ABOVE.unwrap()), "{refused:?}");
}

#[test]
fn grants_by_a_route_of_the_organization_need_an_admin() {
    for (role, live, refused) in [
        ("member", "ana", true),
        ("member", "", true),
        ("billing_admin", "ana", true),
        ("admin", "ana", false),
    ] {
        let live: Vec<&str> = [live, "robot web=admin", "zoe owner"]
            .into_iter()
            .filter(|one| !one.is_empty())
            .collect();
        let mut world = world(&["ana web=analyst"], &live);
        world.live.actor = actor(role);
        world.live.dialect = mixaccess_model::Dialect::App;
        world.desired.organization.api = Some(mixaccess_model::Dialect::App);
        let content = world.plan().unwrap();
        let told = refused_by_service(&content, &world.live);
        assert_eq!(told.len(), usize::from(refused), "{role}: {told:?}");
        assert!(told.iter().all(|(.., why)| why.contains(ORGANIZATION.unwrap())), "{told:?}");
    }
}
