//! What an identity provider does not do: people whom it does not reach or does not have, grants made by
//! hand, and groups that do not fit.

use std::sync::Arc;

use jiff::SignedDuration;
use mixaccess_model::{Pattern, PlanContent, ScimEvent};

use super::super::{changes, email, findings};
use super::{check, managed, manual, step, steps_of, with_scim};
use crate::testing::NOW;

#[test]
fn a_group_of_the_right_name_is_not_joined_when_it_gives_something_else() {
    let files = ["ana scim web=analyst", "zoe owner"];
    let live = ["ana", "zoe owner"];
    for team in [
        "Mixpanel-web-Analyst web=admin",
        "Mixpanel-web-Analyst web=consumer",
        "mixpanel-WEB-analyst web=analyst ios=consumer",
        "Mixpanel-web-Analyst web=analyst old=owner",
    ] {
        for write in [true, false] {
            let mut world = with_scim(managed(&files, &live, &[], &[team]), &["ana"]);
            world.desired.policy.scim.write = write;
            let content = world.plan().unwrap();
            assert_eq!(changes(&content), Vec::<String>::new(), "{team}");
            assert_eq!(manual(&content), ["ana: join leave"], "{team}");
            step(steps_of(&content), "No group gives analyst in web: make one");
        }
    }
    // Neither is one that will give something else once it is there.
    let told = |declared: &str| {
        let content = managed(&files, &live, &[declared], &[]).plan().unwrap();
        manual(&content).into_iter().find(|one| one.starts_with("ana"))
    };
    assert_eq!(told("Mixpanel-web-Analyst scim web=admin").as_deref(), Some("ana: join leave"));
    let fits = "ana: join Mixpanel-web-Analyst leave";
    assert_eq!(told("Mixpanel-web-Analyst scim web=analyst").as_deref(), Some(fits));
}

#[test]
fn suspended_means_none_where_the_grant_was_made_by_hand() {
    let effects = |content: &PlanContent| {
        let [change] = content.manual.as_slice() else { panic!("one: {:?}", content.manual) };
        let keys = change.effects.iter().filter_map(|one| one.project.as_ref());
        keys.map(|project| project.key.as_str().to_owned()).collect::<Vec<_>>()
    };
    for write in [true, false] {
        let live = ["ana web=admin old=owner", "zoe owner"];
        let world = managed(&["ana scim suspended", "zoe owner"], &live, &[], &[]);
        let mut world = with_scim(world, &["ana"]);
        world.desired.policy.scim.write = write;
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), Vec::<String>::new());
        assert_eq!(manual(&content), ["ana: join leave"]);
        let mut keys = effects(&content);
        keys.sort();
        assert_eq!(keys.len(), 2, "{keys:?}");
        step(steps_of(&content), "Take admin in web away in Mixpanel");
    }
    // Beside a group that SCIM takes them out of.
    let live = ["ana web=analyst", "zoe owner"];
    let files = ["ana scim suspended", "zoe owner"];
    let mut world = with_scim(managed(&files, &live, &[], &["Growth +ana ios=admin"]), &["ana"]);
    world.desired.policy.scim.write = true;
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["team Growth: - ana through SCIM"]);
    assert_eq!(effects(&content), ["web"]);
    // Nothing is left to do without the grants.
    check("ana scim suspended", "ana", &[], &[]);
}

#[test]
fn nothing_is_left_to_an_identity_provider_that_does_not_reach_somebody() {
    let plan = |live: &str| {
        let people = ["a@else.example scim web=analyst", "zoe owner"];
        let team = ["Analysts +a@else.example web=analyst"];
        managed(&people, &[live, "zoe owner"], &[], &team).plan().unwrap()
    };
    let content = plan("a@else.example web=admin");
    assert_eq!(manual(&content).len(), 1);
    step(steps_of(&content), "Take admin in web away in Mixpanel");
    let told = findings(&content);
    assert!(told.iter().any(|one| one.contains("which stays, because")), "{told:?}");
    // As much as is declared, and somebody whom the service says is managed.
    assert_eq!(manual(&plan("a@else.example web=consumer")), Vec::<String>::new());
    assert_eq!(manual(&plan("a@else.example scim web=admin")), Vec::<String>::new());
}

#[test]
fn whoever_is_gone_at_the_identity_provider_can_be_removed() {
    let plan = |files: &str, users: &[&str], minutes: Option<i64>| {
        let live = ["ana scim web=admin", "zoe owner"];
        let team = ["Growth +ana web=analyst"];
        let mut world = with_scim(managed(&[files, "zoe owner"], &live, &[], &team), users);
        let log = world.live.identity_provider.as_mut().unwrap().log.as_mut().unwrap();
        log.extend(minutes.map(|minutes| ScimEvent {
            at: NOW - SignedDuration::from_mins(minutes),
            email: email("ana"),
            event: Arc::from("USER_DEPROVISIONED"),
        }));
        world.plan().unwrap()
    };
    let is_told = |content: &PlanContent| {
        content.findings.iter().any(|one| one.code == "scim-removed-still-access")
    };
    for users in [&["-ana"][..], &[]] {
        // The files leave it to the provider: what it still takes, and nothing that is done.
        let content = plan("ana scim removed", users, Some(300));
        assert_eq!(changes(&content), Vec::<String>::new());
        assert_eq!(manual(&content), ["ana: check deprovisioning"]);
        assert!(is_told(&content));
        let steps = steps_of(&content);
        assert!(!steps.iter().any(|step| step.contains("Take the person out")), "{steps:?}");
        step(steps, "`managed_by: mixpanel` beside");
        // They give it to Mixpanel.
        for minutes in [Some(300), None] {
            let content = plan("ana removed", users, minutes);
            assert_eq!(changes(&content), ["ana: remove member web=admin"]);
            assert_eq!(manual(&content), Vec::<String>::new());
        }
        // The change may still be on its way.
        let content = plan("ana removed", users, Some(10));
        assert_eq!(changes(&content), Vec::<String>::new());
        assert_eq!(manual(&content), ["ana: check deprovisioning"]);
        assert!(!is_told(&content));
        assert!(!findings(&content).iter().any(|one| one.starts_with("scim-undeclared")));
    }
    // Somebody whom the provider still has would be put back.
    let content = plan("ana removed", &["ana"], Some(300));
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(manual(&content), ["ana: deprovision"]);
    // Nobody else is given up by the provider.
    assert_eq!(changes(&plan("ana", &["-ana"], Some(300))), Vec::<String>::new());
}

#[test]
fn a_group_is_left_through_scim_once_the_lesser_one_is_joined() {
    let live = ["ana", "zoe owner"];
    let plan = |files: &str, teams: &[&str]| {
        let mut world = with_scim(managed(&[files, "zoe owner"], &live, &[], teams), &["ana"]);
        world.desired.policy.scim.write = true;
        world.plan().unwrap()
    };
    for more in ["web=admin", "web=admin ios=analyst", "web=Messenger"] {
        let admins = format!("Admins +ana {more}");
        let content = plan("ana scim web=analyst", &[&admins, "Web web=analyst"]);
        let [join, leave] = content.changes.as_slice() else { panic!("{:?}", content.changes) };
        assert_eq!(
            changes(&content),
            ["team Web: + ana through SCIM", "team Admins: - ana through SCIM"]
        );
        assert_eq!(leave.depends_on, std::slice::from_ref(&join.id), "{more}");
    }
    // What is gone for good waits for nothing.
    let content = plan("ana scim ios=analyst", &["Admins +ana web=admin", "Apps ios=analyst"]);
    assert_eq!(
        changes(&content),
        ["team Admins: - ana through SCIM", "team Apps: + ana through SCIM"]
    );
    assert!(content.changes.iter().all(|change| change.depends_on.is_empty()));
}

#[test]
fn what_scim_last_set_is_told_without_guessing_who_did() {
    for (write, hint) in [(true, "last written through SCIM"), (false, "by hand was probably")] {
        let live = ["ana", "zoe owner"];
        let mut world =
            with_scim(managed(&["ana scim web=admin", "zoe owner"], &live, &[], &[]), &["ana"]);
        world.desired.policy.scim.write = write;
        let at = NOW - SignedDuration::new(60, 476_299);
        let changed = ScimEvent { at, email: email("ana"), event: Arc::from("USER_ROLE_CHANGED") };
        world.live.identity_provider.as_mut().unwrap().log = Some(vec![changed]);
        let content = world.plan().unwrap();
        let told = content.findings.iter().find(|one| one.code == "scim-reverted").unwrap();
        assert!(
            told.message.starts_with("SCIM last set the access at 1969-12-31T23:59:00Z"),
            "{told:?}"
        );
        assert!(!told.message.contains('.'), "{told:?}");
        assert!(told.hint.as_ref().unwrap().contains(hint), "{told:?}");
    }
}

#[test]
fn two_live_accounts_for_one_person_are_told_of() {
    let told = |files: &[&str], live: &[&str], ignored: Option<&str>| {
        let mut world = with_scim(managed(files, live, &[], &[]), &["ana"]);
        let ignore = &mut world.desired.policy.unmanaged.ignore;
        ignore.extend(ignored.map(Pattern::new));
        let mut told = findings(&world.plan().unwrap());
        told.retain(|one| one.starts_with("look-alike-member"));
        told
    };
    let alias = ["ana scim", "ana+x@acme.example web=admin", "zoe owner"];
    let expected =
        ["look-alike-member: ana+x@acme.example is live as well: two accounts for one person"];
    assert_eq!(told(&["zoe owner"], &alias, None), expected);
    let plain = ["ana", "ana+x@acme.example web=admin", "zoe owner"];
    assert_eq!(told(&["ana scim", "zoe owner"], &plain, None), expected);
    assert_eq!(told(&["ana scim", "ana+x@acme.example", "zoe owner"], &plain, None), expected);
    // Where nobody manages either, it may be somebody else.
    let resembles = "look-alike-member: ana+x@acme.example is live as well, and looks or means the same as ana@acme.example";
    assert_eq!(told(&["ana", "zoe owner"], &plain, None), [resembles]);
    // The policy knows of one.
    assert_eq!(told(&["zoe owner"], &alias, Some("ana+*")), Vec::<String>::new());
}
