//! What a human is told besides the changes.

use mixaccess_model::{
    Actor, Capabilities, NotPlannedKind, Plan, PlanContent, PlanOrganization, ProjectId, SealError,
};

use super::{changes, findings, left_alone, world};
use crate::testing::{CAPABILITIES, NOW};
use crate::{PlanningInput, plan};

#[test]
fn what_is_declared_and_not_there_blocks() {
    for (code, damage) in [
        ("project-not-live", (|world| world.live.projects.truncate(2)) as fn(&mut super::World)),
        ("project-not-read", |world| world.live.projects[2].members_read = false),
    ] {
        let mut world = world(&["zoe owner"], &["zoe owner"]);
        damage(&mut world);
        let content = world.plan().unwrap();
        let error = content.errors().next().unwrap();
        assert_eq!(error.code, code);
        assert_eq!(error.project.as_ref().map(mixaccess_model::ProjectKey::as_str), Some("qa"));
        assert_eq!(error.place.as_ref().map(ToString::to_string).unwrap(), "access.yaml:2:1");
    }
}

#[test]
fn undeclared_projects_are_named() {
    let mut world = world(&["zoe owner"], &["zoe owner"]);
    world.live.projects[3].name = String::new();
    let content = world.plan().unwrap();
    let [one] = content.not_planned.as_slice() else { panic!("one: {:?}", content.not_planned) };
    assert_eq!(one.kind, NotPlannedKind::UndeclaredProject);
    let project = one.project.as_ref().unwrap();
    assert_eq!((project.id, project.key.as_str()), (ProjectId(14), "14"));
}

#[test]
fn pending_people_are_named_unless_the_invitation_goes() {
    for (declared, waits) in
        [("ana", true), ("ana web=admin", true), ("ana admin", false), ("ana removed", false)]
    {
        let content = world(&[declared], &["ana pending", "zoe owner"]).plan().unwrap();
        let pending = (
            NotPlannedKind::Pending,
            "ana: invited, the service does not say when, and not accepted yet".to_owned(),
        );
        assert_eq!(left_alone(&content).contains(&pending), waits, "{declared}");
        let reinvited = findings(&content).iter().any(|one| one.starts_with("reinvited"));
        assert_eq!(reinvited, declared == "ana admin");
    }
}

#[test]
fn roles_met_otherwise_are_one_note_a_person() {
    let files = ["ana web=analyst ios=analyst qa=analyst", "bo web=analyst ios=analyst"];
    let live = [
        "ana web/*=analyst ios/*=analyst qa/*=analyst",
        "bo web/*=analyst ios/Growth=analyst",
        "zoe owner",
    ];
    let content = world(&files, &live).plan().unwrap();
    let notes: Vec<String> =
        findings(&content).into_iter().filter(|one| one.starts_with("grant-unchanged")).collect();
    let web = "grant-unchanged: analyst in web is already given through the project's role for all users, so nothing is added";
    assert_eq!(
        notes,
        [format!("{web} (and 2 more projects alike)"), format!("{web} (and 1 more project alike)")]
    );
}

#[test]
fn revoked_and_still_in() {
    let content = world(&["ana"], &["ana web=admin web/Growth=analyst", "zoe owner"]).plan();
    let content = content.unwrap();
    assert_eq!(changes(&content), ["ana: web - admin"]);
    let still = "still-has-access: keeps analyst in web through team Growth".to_owned();
    assert!(findings(&content).contains(&still));
}

#[test]
fn few_owners_are_a_warning() {
    for (live, expected) in [
        (vec!["zoe owner"], Some("few-owners: the organization will have 1 accepted owner")),
        (
            vec!["zoe owner pending"],
            Some("few-owners: the organization will have 0 accepted owners"),
        ),
        (vec!["zoe owner", "ana owner"], None),
    ] {
        let content = world::<&str, _>(&[], &live).plan().unwrap();
        let found = findings(&content).into_iter().find(|one| one.starts_with("few-owners"));
        assert_eq!(found.as_deref(), expected);
    }
}

#[test]
fn what_cannot_be_undone_is_counted() {
    let files = ["ana removed", "bo removed", "cleo removed", "dev"];
    let live = ["ana", "bo", "cleo pending", "zoe owner"];
    let content = world(&files, &live).plan().unwrap();
    let expected = "irreversible: no undo plan can reverse 2 removals, 1 withdrawn invitation, 1 sent invitation";
    assert!(findings(&content).contains(&expected.to_owned()));
}

#[test]
fn unknown_credentials_are_a_note() {
    for (role, email, notes) in
        [(Some("owner"), true, 0), (None, true, 1), (Some("owner"), false, 1), (None, false, 2)]
    {
        let mut world = world(&["zoe owner"], &["zoe owner"]);
        let known = super::actor(role.unwrap_or_default());
        world.live.actor = Actor { email: known.email.filter(|_| email), ..known };
        let content = world.plan().unwrap();
        let found = content.findings.iter().filter(|one| one.code == "actor-unknown").count();
        assert_eq!(found, notes);
        assert!(!content.is_refused());
    }
}

#[test]
fn a_verb_that_the_dialect_lacks_blocks() {
    let world = world(
        &["ana admin", "bo web=none", "cleo web=admin", "dev removed", "eve"],
        &["ana", "bo web=admin", "cleo web=analyst", "dev", "zoe owner"],
    );
    let none = Capabilities {
        set_organization_role: false,
        set_project_role: false,
        revoke: false,
        remove_member: false,
        ..CAPABILITIES
    };
    let content = plan(&PlanningInput {
        desired: &world.desired,
        live: &world.live,
        capabilities: &none,
        base_url: "https://mixpanel.example",
        instant_given: false,
        allow: &[],
    })
    .unwrap();
    let errors: Vec<&str> = content.errors().map(|one| one.message.as_str()).collect();
    assert_eq!(
        errors,
        [
            "the dialect members has no verb for set_organization_role",
            "the dialect members has no verb for revoke",
            "the dialect members has no verb for set_project_role",
            "the dialect members has no verb for remove_member",
        ]
    );
}

#[test]
fn a_dialect_that_changes_pending_roles_needs_no_new_invitation() {
    let world = world(&["ana admin web=admin"], &["ana pending web=analyst", "zoe owner"]);
    let capabilities = Capabilities { change_pending_roles: true, ..CAPABILITIES };
    let content = plan(&PlanningInput {
        desired: &world.desired,
        live: &world.live,
        capabilities: &capabilities,
        base_url: "https://mixpanel.example",
        instant_given: true,
        allow: &[],
    })
    .unwrap();
    assert_eq!(changes(&content), ["ana: member -> admin"]);
    assert!(content.instant_given);
}

#[test]
fn lines_that_moved_are_the_same_work() {
    let content = world(&["ana web=admin"], &["ana", "zoe owner"]).plan().unwrap();
    let mut moved = content.clone();
    for change in &mut moved.changes {
        change.reason.place.as_mut().unwrap().line += 7;
    }
    let seal = |content| mixaccess_model::Plan::seal(content, NOW, "test".to_owned()).unwrap();
    let (before, after) = (seal(content), seal(moved));
    assert_eq!(before.changes_digest, after.changes_digest);
    assert_ne!(before.digest, after.digest);
    assert_eq!(after.verify(), Ok(()));
}

#[test]
fn the_same_work_elsewhere_is_not_the_reviewed_work() {
    let content = world(&["ana web=admin"], &["ana", "zoe owner"]).plan().unwrap();
    let seal = |content, at| Plan::seal(content, at, "test".to_owned()).unwrap();
    let here = seal(content.clone(), NOW);
    let with = |change: fn(&mut PlanOrganization)| {
        let mut content = content.clone();
        change(&mut content.organization);
        seal(content, NOW)
    };
    let elsewhere = [
        with(|organization| organization.id.0 += 1),
        with(|organization| organization.base_url = "https://eu.mixpanel.com".to_owned()),
        with(|organization| organization.base_url = "https://in.mixpanel.com".to_owned()),
    ];
    for (at, other) in elsewhere.iter().enumerate() {
        assert_eq!(other.verify(), Ok(()));
        assert_ne!(other.changes_digest, here.changes_digest, "{at}");
        let earlier = elsewhere.iter().take(at);
        assert!(earlier.clone().all(|one| one.changes_digest != other.changes_digest), "{at}");
        // Neither the digest nor what it covers can be taken from one to the other.
        let edited = Plan { changes_digest: other.changes_digest, ..here.clone() };
        assert_eq!(edited.verify(), Err(SealError::Changes), "{at}");
        let organization = other.content.organization.clone();
        let content = PlanContent { organization, ..here.content.clone() };
        let edited = Plan { content: content.clone(), ..here.clone() };
        assert_eq!(edited.verify(), Err(SealError::Content), "{at}");
        let edited = Plan { digest: other.digest, ..edited };
        assert_eq!(edited.verify(), Err(SealError::Changes), "{at}");
    }
    // What it is called and when it is planned make no other work of it.
    let renamed = with(|organization| organization.name = Some("Acme".to_owned()));
    let later = seal(content.clone(), NOW + jiff::SignedDuration::from_hours(5));
    for same in [renamed, later] {
        assert_eq!(same.changes_digest, here.changes_digest);
        assert_ne!(same.seal, here.seal);
    }
}
