//! People whom an identity provider manages.

mod reach;

use std::sync::Arc;

use jiff::SignedDuration;
use mixaccess_model::{
    DeclaredIdentityProvider, EffectRole, EffectiveAboveDeclared, Email, LiveIdentityProvider,
    ManualChange, ManualTask, NotPlannedKind, PlanContent, ProviderKind, ScimEvent, ScimGroup,
    ScimUser,
};

use super::{World, at, changes, email, findings, left_alone, planned, with_teams, world};
use crate::testing::NOW;

/// Files and organization with groups named `Mixpanel-[Project]-[Role]` in Okta.
fn managed(files: &[&str], live: &[&str], declared: &[&str], teams: &[&str]) -> World {
    let mut world = with_teams(world(files, live), declared, teams);
    if declared.is_empty() {
        world.desired.teams = None;
    }
    world.desired.organization.identity_provider = Some(DeclaredIdentityProvider {
        provider: ProviderKind::Okta,
        domains: vec![Arc::from("acme.example")],
        group_name: Some(Arc::from("Mixpanel-[Project]-[Role]")),
        propagation: SignedDuration::from_hours(1),
        position: at(1),
    });
    world
}

/// With what SCIM knows: active people, and live teams as groups.
fn with_scim(mut world: World, people: &[&str]) -> World {
    let users = people.iter().map(|name| ScimUser {
        email: email(name.trim_start_matches('-')),
        id: Arc::from(*name),
        active: !name.starts_with('-'),
    });
    let groups = world.live.teams.iter().flatten().map(|team| ScimGroup {
        name: Arc::clone(&team.name),
        id: Arc::clone(&team.name),
        members: team.members.clone(),
    });
    world.live.identity_provider = Some(LiveIdentityProvider {
        users: Some(users.collect()),
        groups: Some(groups.collect()),
        log: Some(Vec::new()),
    });
    world
}

/// Manual changes, a line each.
fn manual(content: &PlanContent) -> Vec<String> {
    let list = |names: &[Arc<str>]| names.iter().map(|name| format!(" {name}")).collect::<String>();
    let people =
        |all: &[Email]| all.iter().map(|one| format!(" {}", super::short(one))).collect::<String>();
    let line = |one: &ManualChange| {
        let who = super::name_of(&one.subject);
        match &one.task {
            ManualTask::ChangeGroups { join, leave } => {
                format!("{who}: join{} leave{}", list(join), list(leave))
            }
            ManualTask::Provision { join } => format!("{who}: provision{}", list(join)),
            ManualTask::Deprovision => format!("{who}: deprovision"),
            ManualTask::CheckDeprovisioning => format!("{who}: check deprovisioning"),
            ManualTask::ChangePeople { add, remove } => {
                format!("{who}: add{} remove{}", people(add), people(remove))
            }
        }
    };
    content.manual.iter().map(line).collect()
}

#[track_caller]
fn check(files: &str, live: &str, teams: &[&str], expected: &[&str]) {
    let live: Vec<&str> = [live, "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
    let content = managed(&[files, "zoe owner"], &live, &[], teams).plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new(), "{files} against {live:?}");
    assert_eq!(manual(&content), expected, "{files} against {live:?}");
}

#[test]
fn groups_to_join_and_leave_are_named() {
    let analysts = "Mixpanel-web-Analyst +ana web=analyst";
    check("ana scim web=analyst", "ana", &[analysts], &[]);
    check("ana scim web=admin", "ana", &[analysts], &["ana: join Mixpanel-web-Admin leave"]);
    check("ana scim", "ana", &[analysts], &["ana: join leave Mixpanel-web-Analyst"]);
    check(
        "ana scim web=consumer",
        "ana",
        &[analysts],
        &["ana: join Mixpanel-web-Viewer leave Mixpanel-web-Analyst"],
    );
    // A team that gives exactly the role is the group, unless it gives more elsewhere.
    check("ana scim ios=admin", "ana", &["Apps ios=admin"], &["ana: join Apps leave"]);
    check(
        "ana scim ios=admin",
        "ana",
        &["Apps ios=admin web=admin"],
        &["ana: join Mixpanel-ios-Admin leave"],
    );
    // The way groups are named wins, and is spelled as it is there.
    check(
        "ana scim ios=admin",
        "ana",
        &["Apps ios=admin", "mixpanel-IOS-admin ios=admin"],
        &["ana: join mixpanel-IOS-admin leave"],
    );
    // What the service says counts as much as the files.
    check("ana ios=admin", "ana scim", &[], &["ana: join Mixpanel-ios-Admin leave"]);
}

#[test]
fn people_come_and_go_at_the_identity_provider() {
    check("ana scim web=admin", "", &[], &["ana: provision Mixpanel-web-Admin"]);
    check("ana scim removed", "ana web=admin", &[], &["ana: deprovision"]);
    check("ana scim removed", "", &[], &[]);
    check("ana scim suspended", "ana", &["Growth +ana web=admin"], &["ana: join leave Growth"]);
    check("ana scim admin", "ana", &[], &["ana: join leave"]);
}

#[test]
fn steps_are_those_of_the_product() {
    for (provider, part) in [
        (Some(ProviderKind::Okta), "click \"Provision User\", or wait"),
        (Some(ProviderKind::Entra), "Provision on demand, enter ana@acme.example"),
        (Some(ProviderKind::Onelogin), "click \"Sync Users\""),
        (None, "Start a provisioning run"),
    ] {
        let mut world = managed(
            &["ana scim web=admin"],
            &["ana", "zoe owner"],
            &[],
            &["Growth +ana web=owner"],
        );
        match provider {
            Some(provider) => {
                let declared = world.desired.organization.identity_provider.as_mut().unwrap();
                declared.provider = provider;
            }
            None => world.desired.organization.identity_provider = None,
        }
        let content = world.plan().unwrap();
        let [change] = content.manual.as_slice() else { panic!("one: {:?}", content.manual) };
        assert_eq!(change.provider, provider);
        let steps = change.steps.join(" ");
        assert!(steps.contains(part), "{steps}");
        assert!(steps.contains("emove the person from the group Growth."), "{steps}");
        assert!(steps.contains("at most 1 hour"), "{steps}");
        let [effect] = change.effects.as_slice() else { panic!("one: {:?}", change.effects) };
        let roles = [&effect.before, &effect.after].map(|role| match role {
            Some(EffectRole::Project(role)) => role.to_string(),
            other => panic!("a project role: {other:?}"),
        });
        assert_eq!(roles, ["owner", "admin"]);
        assert_eq!(effect.reason.place.as_ref().map(|place| place.line), Some(10));
    }
}

#[test]
fn people_of_a_managed_team_are_changed_there() {
    let people = ["ana", "bo", "zoe owner"];
    let content =
        managed(&people, &people, &["Growth scim +ana web=admin"], &["Growth +bo web=analyst"])
            .plan()
            .unwrap();
    // What a team gives is decided in Mixpanel.
    assert_eq!(changes(&content), ["team Growth: web analyst -> admin"]);
    assert_eq!(manual(&content), ["team Growth: add ana remove bo"]);
    let absent = managed(&people, &people, &["Growth scim +ana web=admin"], &[]).plan().unwrap();
    assert_eq!(changes(&absent), Vec::<String>::new());
    assert_eq!(manual(&absent), ["team Growth: add ana remove"]);
    assert!(left_alone(&absent).iter().any(|(kind, _)| *kind == NotPlannedKind::ManagedByScim));
    let gone =
        managed(&people, &people, &["Growth scim removed"], &["Growth +ana"]).plan().unwrap();
    assert_eq!(changes(&gone), Vec::<String>::new());
    assert_eq!(manual(&gone), ["team Growth: add remove ana"]);
    // A managed person in another team is changed there as well.
    let mixed =
        managed(&["ana scim", "zoe owner"], &["ana", "zoe owner"], &["Growth +ana"], &["Growth"]);
    let content = mixed.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(manual(&content), ["ana: join Growth leave"]);
}

#[test]
fn membership_is_written_through_scim_where_the_policy_allows_it() {
    let files = ["ana scim ios=admin", "bo scim web=admin", "zoe owner"];
    let live = ["ana", "bo", "zoe owner"];
    let teams = ["Apps ios=admin", "Growth +ana web=admin"];
    let mut world = with_scim(managed(&files, &live, &[], &teams), &["ana", "-bo"]);
    assert_eq!(planned(&world), Vec::<String>::new());
    world.desired.policy.scim.write = true;
    let content = world.plan().unwrap();
    assert_eq!(
        changes(&content),
        ["team Growth: - ana through SCIM", "team Apps: + ana through SCIM"]
    );
    // Bo is not active there.
    assert_eq!(manual(&content), ["bo: join Growth leave"]);
    let after = world.after(&content);
    assert_eq!(planned(&after), Vec::<String>::new());

    let declared = ["Growth scim +ana +bo"];
    let mut teams =
        with_scim(managed(&["ana", "bo", "zoe owner"], &live, &declared, &["Growth"]), &["ana"]);
    teams.desired.policy.scim.write = true;
    let content = teams.plan().unwrap();
    assert_eq!(changes(&content), ["team Growth: + ana through SCIM"]);
    assert_eq!(manual(&content), ["team Growth: add bo remove"]);
}

#[test]
fn what_scim_shows_is_told() {
    let told = |files: &str, live: &str, users: &[&str], change: fn(&mut World)| {
        let mut world = with_scim(managed(&[files], &[live, "zoe owner"], &[], &[]), users);
        change(&mut world);
        let codes = world.plan().unwrap().findings;
        let codes = codes.iter().map(|one| one.code.to_string());
        codes
            .filter(|code| code.starts_with("scim") || code.starts_with("look"))
            .collect::<Vec<_>>()
    };
    let nothing = |_: &mut World| {};
    assert_eq!(told("ana scim", "ana", &["ana"], nothing), Vec::<String>::new());
    assert_eq!(told("ana scim", "ana web=admin", &["ana"], nothing), ["scim-hand-made"]);
    assert_eq!(told("ana", "ana scim", &["ana"], nothing), ["scim-undeclared"]);
    assert_eq!(told("ana scim", "ana", &["Ana"], nothing), ["look-alike-member"]);
    assert_eq!(
        told("ana scim", "ana", &["ana", "ana+x@acme.example"], nothing),
        ["look-alike-member"]
    );
    assert_eq!(told("a@else.example scim", "a@else.example", &[], nothing), ["scim-domain"]);
    assert_eq!(told("ana scim", "ana", &["-ana"], nothing), ["scim-removed-still-access"]);
    assert_eq!(told("ana scim", "ana", &[], nothing), ["scim-removed-still-access"]);
    assert_eq!(told("bo", "ana scim", &[], nothing), ["scim-removed-still-access"]);
    fn event(world: &mut World, minutes: i64, event: &str) {
        let log = world.live.identity_provider.as_mut().unwrap().log.as_mut().unwrap();
        let at = NOW - SignedDuration::from_mins(minutes);
        log.push(ScimEvent { at, email: email("ana"), event: Arc::from(event) });
    }
    // A change takes up to an hour to arrive.
    assert_eq!(
        told("ana scim", "ana", &["-ana"], |world| event(world, 60, "USER_DEPROVISIONED")),
        Vec::<String>::new()
    );
    assert_eq!(
        told("ana scim", "ana", &["-ana"], |world| event(world, 61, "USER_DEPROVISIONED")),
        ["scim-removed-still-access"]
    );
    let changed = |world: &mut World| event(world, 10, "USER_ROLE_CHANGED");
    assert_eq!(told("ana scim", "ana", &["ana"], changed), Vec::<String>::new());
    assert_eq!(told("ana scim web=admin", "ana", &["ana"], changed), ["scim-reverted"]);
    let write = |world: &mut World| {
        world.desired.policy.scim.write = true;
        world.live.identity_provider = None;
    };
    assert_eq!(told("ana scim", "ana", &[], write), ["scim-unreadable"]);
}

#[test]
fn sweeping_leaves_managed_people_to_the_identity_provider() {
    let mut world = managed(&["zoe owner"], &["ana scim web=admin", "zoe owner"], &[], &[]);
    world.desired.policy.unmanaged.action = mixaccess_model::UnmanagedAction::Remove;
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(left_alone(&content)[0].0, NotPlannedKind::ManagedByScim);
    assert!(
        findings(&content).iter().any(|one| one.starts_with("scim-hand-made: holds admin in web"))
    );
}

#[test]
fn whoever_is_deprovisioned_leaves_accounts_behind() {
    let world = managed(&["ana scim removed", "zoe owner"], &["ana", "zoe owner"], &[], &[]);
    let content = super::with_accounts(world, &["etl"], &["etl by:100"]).plan().unwrap();
    assert!(
        findings(&content)
            .iter()
            .any(|one| one.contains("leaves 1 service account behind: etl (creator)"))
    );
}

#[test]
fn only_teams_that_the_identity_provider_keeps_are_groups_to_join() {
    let people = ["ana scim web=analyst", "zoe owner"];
    let live = ["ana", "zoe owner"];
    let told = |declared: &[&str], teams: &[&str]| {
        let content = managed(&people, &live, declared, teams).plan().unwrap();
        let mut told = manual(&content);
        told.retain(|one| one.starts_with("ana"));
        told
    };
    let named = "ana: join Mixpanel-web-Analyst leave";
    assert_eq!(told(&[], &["Hand web=analyst"]), ["ana: join Hand leave"]);
    // The files give its people to Mixpanel, it will be another, or it goes.
    assert_eq!(told(&["Hand web=analyst"], &["Hand web=analyst"]), [named]);
    assert_eq!(told(&["Hand scim web=admin"], &["Hand web=analyst"]), [named]);
    assert_eq!(told(&["Hand scim removed"], &["Hand web=analyst"]), [named]);
    assert_eq!(told(&["Hand scim web=analyst"], &["Hand web=consumer"]), ["ana: join Hand leave"]);
}

/// The same organization, whose groups are named in no way that the files know.
fn without_naming(mut world: World) -> World {
    let provider = world.desired.organization.identity_provider.as_mut().unwrap();
    provider.group_name = None;
    world
}

fn steps_of(content: &PlanContent) -> &[String] {
    let [change] = content.manual.as_slice() else { panic!("one: {:?}", content.manual) };
    &change.steps
}

#[track_caller]
fn step(steps: &[String], part: &str) -> usize {
    steps.iter().position(|step| step.contains(part)).unwrap_or_else(|| panic!("{part}: {steps:?}"))
}

#[test]
fn what_scim_does_not_write_is_changed_by_hand() {
    let files = ["ana scim ios=admin web=analyst", "zoe owner"];
    let live = ["ana", "zoe owner"];
    let mut world = with_scim(managed(&files, &live, &[], &["Apps ios=admin"]), &["ana"]);
    world.desired.policy.scim.write = true;
    let world = without_naming(world);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["team Apps: + ana through SCIM"]);
    assert_eq!(manual(&content), ["ana: join leave"]);
    // What SCIM writes is neither a step nor an effect.
    let [effect] = content.manual[0].effects.as_slice() else { panic!("one effect") };
    assert_eq!(effect.project.as_ref().unwrap().key.as_str(), "web");
    let steps = steps_of(&content);
    step(steps, "No group gives analyst in web");
    assert!(!steps.iter().any(|step| step.contains("Apps") || step.contains("ios")), "{steps:?}");
    // Once that is written, the rest is still said.
    let after = world.after(&content).plan().unwrap();
    assert_eq!(changes(&after), Vec::<String>::new());
    assert_eq!(manual(&after), ["ana: join leave"]);
    // The organization role is nothing that SCIM writes.
    let files = ["ana scim admin", "zoe owner"];
    let mut admin = with_scim(managed(&files, &live, &[], &["Apps +ana old=admin"]), &["ana"]);
    admin.desired.policy.scim.write = true;
    assert_eq!(manual(&admin.plan().unwrap()), ["ana: join leave"]);
}

#[test]
fn what_a_plan_does_to_teams_is_not_to_be_done_by_hand() {
    let world = managed(
        &["ana scim web=admin", "zoe owner"],
        &["ana", "zoe owner"],
        &["Growth +ana web=admin"],
        &["Growth +ana web=analyst"],
    );
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["team Growth: web analyst -> admin"]);
    assert_eq!(manual(&content), Vec::<String>::new());
}

#[test]
fn a_group_that_is_missing_is_said_for_every_role_that_none_gives() {
    let plan = |files: &str, live: &str, teams: &[&str]| {
        let live: Vec<&str> =
            [live, "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
        without_naming(managed(&[files, "zoe owner"], &live, &[], teams)).plan().unwrap()
    };
    // Beside a group to join.
    let content = plan("ana scim ios=admin web=analyst", "ana", &["Apps ios=admin"]);
    assert_eq!(manual(&content), ["ana: join Apps leave"]);
    let steps = steps_of(&content);
    assert!(
        step(steps, "Add the person to the group Apps.")
            < step(steps, "No group gives analyst in web")
    );
    // Beside a group to leave, which gives access until then.
    let content =
        plan("ana scim web=consumer", "ana", &["Growth +ana web=admin", "Other +ana qa=admin"]);
    assert_eq!(manual(&content), ["ana: join leave Growth Other"]);
    let steps = steps_of(&content);
    let order = [
        step(steps, "No group gives consumer in web"),
        step(steps, "Remove the person from the group Other."),
        step(
            steps,
            "Once Mixpanel has the new group and not before, so that no access is lost, remove the person from the group Growth.",
        ),
    ];
    assert!(order.is_sorted(), "{steps:?}");
    // Also where the role itself does not change, and the group goes for what else it gives.
    let content = plan("ana scim web=admin", "ana", &["Growth +ana ios=admin web=admin"]);
    assert_eq!(manual(&content), ["ana: join leave Growth"]);
    let steps = steps_of(&content);
    assert!(
        step(steps, "No group gives admin in web")
            < step(steps, "remove the person from the group Growth")
    );
    // For somebody who is not there yet.
    let content = plan("ana scim ios=admin web=admin", "", &["Apps ios=admin"]);
    assert_eq!(manual(&content), ["ana: provision Apps"]);
    step(steps_of(&content), "No group gives admin in web");
    assert!(!steps_of(&content).iter().any(|step| step.contains("in ios")));
    // Nothing is missing where nothing is wanted.
    let content = plan("ana scim", "ana", &["Growth +ana web=admin"]);
    assert!(!steps_of(&content).iter().any(|step| step.contains("No group")));
    step(steps_of(&content), "Remove the person from the group Growth.");
}

#[test]
fn scim_takes_nobody_out_of_a_group_before_another_gives_what_stays() {
    let live = ["ana", "zoe owner"];
    let writing = |world: World| {
        let mut world = with_scim(world, &["ana"]);
        world.desired.policy.scim.write = true;
        world
    };
    for named in [true, false] {
        let files = ["ana scim web=consumer", "zoe owner"];
        let mut world =
            managed(&files, &live, &[], &["Growth +ana web=admin", "Other +ana qa=admin"]);
        if !named {
            world = without_naming(world);
        }
        let content = writing(world).plan().unwrap();
        assert_eq!(changes(&content), ["team Other: - ana through SCIM"]);
        let join = if named { " Mixpanel-web-Viewer" } else { "" };
        assert_eq!(manual(&content), [format!("ana: join{join} leave Growth")]);
    }
    // Once the group is there, SCIM writes both.
    let teams = ["Growth +ana web=admin", "Mixpanel-web-Viewer web=consumer"];
    let content = writing(managed(&["ana scim web=consumer", "zoe owner"], &live, &[], &teams));
    let content = content.plan().unwrap();
    assert_eq!(manual(&content), Vec::<String>::new());
    assert_eq!(changes(&content).len(), 2);
}

#[test]
fn more_than_is_declared_is_refused_until_it_is_changed_at_the_identity_provider() {
    let told = |world: &World| {
        let content = world.plan().unwrap();
        let codes = content.errors().map(|one| one.code.to_string()).collect::<Vec<_>>();
        (codes, !content.manual.is_empty())
    };
    let above = || vec!["effective-above-declared".to_owned()];
    let zoe = "zoe owner";
    for (files, live, declared, team, expected) in [
        // A team that the files do not know, one that they do, and one whose people are managed.
        ("ana scim web=analyst", "ana", vec![], "Growth +ana web=admin", above()),
        ("ana scim web=analyst", "ana", vec!["Growth web=admin"], "Growth +ana web=admin", above()),
        (
            "ana web=analyst",
            "ana web=analyst",
            vec!["Growth scim web=admin"],
            "Growth +ana web=admin",
            above(),
        ),
        (
            "ana scim web=none",
            "ana",
            vec![],
            "Growth +ana web=admin",
            vec!["none-not-reachable".to_owned()],
        ),
        // The organization role.
        ("ana scim web=analyst", "ana admin", vec![], "Growth +ana web=analyst", above()),
        // Too little is no excess.
        ("ana scim web=admin", "ana", vec![], "Growth +ana web=analyst", vec![]),
    ] {
        let mut world = managed(&[files, zoe], &[live, zoe], &declared, &[team]);
        assert_eq!(told(&world), (vec![], true), "reported: {files} {declared:?}");
        world.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
        assert_eq!(told(&world), (expected, true), "{files} {declared:?}");
    }
    // What the plan itself writes through SCIM is as good as done.
    let mut world =
        managed(&["ana scim web=none", zoe], &["ana", zoe], &[], &["Growth +ana web=admin"]);
    world.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
    world.desired.policy.scim.write = true;
    let world = with_scim(world, &["ana"]);
    assert_eq!(planned(&world), ["team Growth: - ana through SCIM"]);
    assert_eq!(told(&world), (vec![], false));
    // And what was done by hand is done.
    let mut world = managed(&["ana scim web=none", zoe], &["ana", zoe], &[], &["Growth web=admin"]);
    world.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
    assert_eq!(told(&world), (vec![], false));
}
