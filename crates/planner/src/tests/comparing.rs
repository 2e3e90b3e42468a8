//! Which changes one person's declaration asks for.

use mixaccess_model::{ManagedBy, NotPlannedKind, ProjectId, ReasonKind, UnmanagedAction};
use proptest::prop_assert_eq;

use super::{changes, findings, left_alone, planned, protecting, sweeping, with_teams, world};
use crate::what_to_read;

/// Somebody declared, the same person live, and the changes between them; an owner is always there.
#[track_caller]
fn check(declared: &str, live: &str, expected: &[&str]) {
    let live: Vec<&str> = [live, "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
    let world = world(&[declared, "zoe owner"], &live);
    assert_eq!(planned(&world), expected, "{declared} against {live:?}");
}

#[test]
fn roles_are_given_changed_and_taken_away() {
    check("ana web=admin", "ana web=admin", &[]);
    check("ana web=admin", "ana", &["ana: web + admin"]);
    check("ana web=admin", "ana web=analyst", &["ana: web analyst -> admin"]);
    check("ana web=none", "ana web=analyst", &["ana: web - analyst"]);
    check("ana", "ana web=analyst ios=owner", &["ana: ios - owner", "ana: web - analyst"]);
    check("ana admin", "ana", &["ana: member -> admin"]);
    check("ana", "ana roleless", &[]);
    check("ana web=Messenger", "ana web=Analysts", &["ana: web Analysts -> Messenger"]);
    // A live project that is not declared is never touched.
    check("ana", "ana old=admin", &[]);
}

#[test]
fn a_declared_role_is_met_by_what_gives_exactly_it() {
    check("ana web=analyst", "ana web/Growth=analyst", &[]);
    check("ana web=analyst", "ana web/*=analyst", &[]);
    check("ana owner web=owner", "ana owner", &[]);
    check("ana admin web=admin", "ana web/org=admin", &["ana: member -> admin"]);
    // More than declared is not exactly it, and less is not either.
    check("ana web=analyst", "ana web/Growth=admin", &["ana: web + analyst"]);
    check("ana web=admin", "ana web/Growth=analyst", &["ana: web + admin"]);
    check("ana owner web=admin", "ana owner", &["ana: web + admin"]);
    // A weaker individual grant changes nothing; a stronger or a custom one goes.
    check("ana web=analyst", "ana web=consumer web/Growth=analyst", &[]);
    let lowered = ["ana: web admin -> analyst"];
    check("ana web=analyst", "ana web=admin web/Growth=analyst", &lowered);
    let standard = ["ana: web Messenger -> analyst"];
    check("ana web=analyst", "ana web=Messenger web/Growth=analyst", &standard);
    // An organization role that is not known gives nothing.
    check("ana admin web=admin", "ana roleless", &["ana: web + admin"]);
}

#[test]
fn the_stronger_of_two_individual_rows_does_not_hide() {
    check("ana web=consumer", "ana web=consumer web=admin", &["ana: web admin -> consumer"]);
    check("ana suspended", "ana web=consumer web=admin", &["ana: web - admin"]);
    check("ana removed", "ana web=consumer web=admin", &["ana: remove member web=admin"]);
}

#[test]
fn somebody_absent_is_invited() {
    check("ana", "", &["ana: invite as member"]);
    check("ana ios=none web=analyst", "", &["ana: invite as member web=analyst"]);
    check("ana ios=admin web=analyst", "", &["ana: invite as member web=analyst ios=admin"]);
    let admin = ["ana: invite as admin ios=owner"];
    check("ana admin ios=owner web=admin", "", &admin);
    check("ana suspended web=analyst", "", &[]);
    check("ana removed", "", &[]);
}

#[test]
fn an_invitation_carries_the_words_of_its_grant() {
    let mut world = world(&["ana web=analyst ticket:IAM-1"], &["zoe owner"]);
    world.desired.collaborators[0].organization_role_cause.annotations = None;
    let content = world.plan().unwrap();
    assert_eq!(content.changes[0].reason.annotations.ticket.as_deref(), Some("IAM-1"));
}

#[test]
fn a_pending_role_is_replaced_not_changed() {
    check("ana web=analyst", "ana pending web=analyst", &[]);
    check("ana web=analyst", "ana pending", &["ana: web + analyst"]);
    check("ana", "ana pending web=analyst", &["ana: web - analyst"]);
    let regranted = ["ana: web - analyst", "ana: web + admin"];
    check("ana web=admin", "ana pending web=analyst", &regranted);
    let reinvited =
        ["ana: withdraw member ios=owner web=analyst", "ana: invite as admin web=analyst"];
    // The withdrawn invitation names its grants by project number.
    let by_number = ["ana: withdraw member web=analyst ios=owner", reinvited[1]];
    check("ana admin web=analyst", "ana pending web=analyst ios=owner", &by_number);
    // What stands in no file is not lost with the invitation.
    check(
        "ana admin",
        "ana pending old=owner",
        &["ana: withdraw member old=owner", "ana: invite as admin old=owner"],
    );
    check("ana removed", "ana pending web=analyst", &["ana: withdraw member web=analyst"]);
    check("ana suspended", "ana pending web=analyst", &["ana: web - analyst"]);
    // An invitation as admin must not be accepted by somebody suspended.
    check("ana suspended", "ana pending admin", &["ana: withdraw admin"]);
}

#[test]
fn suspended_means_nothing_at_all() {
    let everything = ["ana: admin -> member", "ana: web - admin", "ana: old - owner"];
    check("ana suspended", "ana admin web=admin old=owner", &everything);
    check("ana suspended", "ana", &[]);
    check("ana suspended", "ana billing_admin", &["ana: billing_admin -> member"]);
    let kept = world(&["ana suspended"], &["ana web/Growth=admin old/*=analyst", "zoe owner"]);
    let content = kept.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    let still: Vec<String> =
        findings(&content).into_iter().filter(|one| one.starts_with("still")).collect();
    assert_eq!(
        still,
        [
            "still-has-access: keeps analyst in old through the project's role for all users",
            "still-has-access: keeps admin in web through team Growth",
        ]
    );
}

#[test]
fn undeclared_projects_are_read_for_people_who_may_lose_something_there() {
    let reads = |files: &[&str], live: &[&str], action| {
        let world = sweeping(world(files, live), action);
        what_to_read(&world.desired, &world.live.members, world.live.taken_at).undeclared_projects
    };
    let report = UnmanagedAction::Report;
    assert!(reads(&["ana suspended"], &["Ana"], report));
    assert!(!reads(&["ana suspended"], &["bo"], report), "not live");
    assert!(!reads(&["ana removed"], &["ana"], report));
    assert!(reads(&["ana"], &["ana"], UnmanagedAction::Suspend));
    assert!(reads(&["ana admin"], &["ana pending"], report), "invited anew");
    assert!(!reads(&["ana"], &["ana pending"], report), "waits");
    assert!(!reads(&["ana admin removed"], &["ana pending"], report));
}

#[test]
fn removal_says_what_goes_with_it() {
    check("ana removed", "ana admin web=admin", &["ana: remove admin web=admin"]);
    check("ana removed", "ana roleless", &["ana: remove unknown"]);
}

#[test]
fn without_a_number_only_what_goes_by_address_is_planned() {
    check("ana web=admin", "ana unnumbered", &["ana: web + admin"]);
    let world = world(&["ana ios=admin"], &["ana unnumbered web=admin", "zoe owner"]);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    let waits = "ana: 2 changes wait: the service gave no number to address this account by";
    assert!(left_alone(&content).contains(&(NotPlannedKind::Unreadable, waits.to_owned())));
}

#[test]
fn unmanaged_people_are_reported_suspended_or_removed() {
    let live = ["ana admin web=admin old=owner", "bo pending web=analyst", "zoe owner"];
    for (action, expected) in [
        (UnmanagedAction::Report, vec![]),
        (
            UnmanagedAction::Suspend,
            vec![
                "ana: admin -> member",
                "ana: web - admin",
                "ana: old - owner",
                "bo: web - analyst",
            ],
        ),
        (
            UnmanagedAction::Remove,
            vec!["ana: remove admin web=admin old=owner", "bo: withdraw member web=analyst"],
        ),
    ] {
        let world = sweeping(world(&["zoe owner"], &live), action);
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), expected);
        assert_eq!(content.figures.unmanaged, 2);
        let kinds = content.changes.iter().all(|one| one.reason.kind == ReasonKind::Unmanaged);
        assert!(kinds);
        if action == UnmanagedAction::Report {
            assert_eq!(
                left_alone(&content),
                [
                    (NotPlannedKind::Unmanaged, "ana: not in the files: admin, 2 projects".into()),
                    (
                        NotPlannedKind::Unmanaged,
                        "bo: not in the files: member, 1 project, pending".into()
                    ),
                ]
            );
        }
    }
}

#[test]
fn sweeping_leaves_ignored_protected_and_ourselves_alone() {
    let live = ["ana web=admin", "bo web=admin", "robot owner", "zoe owner"];
    let mut world =
        protecting(sweeping(world(&["zoe owner"], &live), UnmanagedAction::Remove), "BO@*");
    let pattern = mixaccess_model::Pattern::new("ana@acme.example");
    world.desired.policy.unmanaged.ignore.push(pattern);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    assert!(
        !content.is_refused() || super::refusals(&content) == [mixaccess_model::GuardCode::Tiny]
    );
    assert_eq!(content.figures.unmanaged, 2);
    assert_eq!(
        left_alone(&content),
        [
            (NotPlannedKind::Protected, "bo: not in the files, and left alone: protected".into()),
            (
                NotPlannedKind::Protected,
                "robot: not in the files, and left alone: the identity we run as".into()
            ),
        ]
    );
}

#[test]
fn the_live_spelling_is_used() {
    let world = world(&["ana web=admin"], &["Ana@Acme.example", "zoe owner"]);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["Ana@Acme.example: web + admin"]);
    let expected = "spelling: declared as ana@acme.example, live as Ana@Acme.example";
    assert!(findings(&content).contains(&expected.to_owned()));
}

#[test]
fn look_alike_accounts_are_given_nothing() {
    let live = ["ana web=admin", "Ana@acme.example", "bo", "zoe owner"];
    let declared = world(&["ana web=none", "bo web=analyst", "zoe owner"], &live).plan().unwrap();
    // What the files take away goes from the account in use; nothing is given.
    assert_eq!(changes(&declared), ["ana: web - admin", "bo: web + analyst"]);
    let told = "duplicate-member: 2 live accounts for one address: ana@acme.example (number 100), Ana@acme.example (number 101)";
    assert!(findings(&declared).contains(&told.to_owned()));
    assert!(!declared.is_refused());
    let withheld =
        left_alone(&declared).into_iter().filter(|one| one.0 == NotPlannedKind::Withheld);
    assert_eq!(withheld.count(), 1);
    // An invitation that somebody sends beside it keeps nothing in place.
    for (files, expected) in [
        ("ana suspended", &["ana: admin -> member", "ana: web - admin"][..]),
        ("ana removed", &["ana: remove admin web=admin"]),
        ("ana web=analyst", &["ana: admin -> member", "ana: web admin -> analyst"]),
        ("ana admin web=admin ios=analyst", &[]),
    ] {
        for other in ["Ana@acme.example pending", "Ana@acme.example"] {
            let live = ["ana admin web=admin", other, "zoe owner"];
            let content = world(&[files, "zoe owner"], &live).plan().unwrap();
            assert_eq!(changes(&content), expected, "{files} beside {other}");
            assert_eq!(content.refusals().count(), 0);
        }
    }
    // Whatever makes their teams or their address doubtful keeps nothing in place either.
    let live = ["ana admin web=admin", "Ana@acme.example pending", "zoe owner"];
    let mut unread =
        with_teams(world(&["ana suspended", "zoe owner"], &live), &["Growth +ana"], &[]);
    unread.live.teams = None;
    assert_eq!(planned(&unread), ["ana: admin -> member", "ana: web - admin"]);
    let live = ["ana web=admin", "Ana@acme.example", "zoe owner"];
    for (action, expected) in [
        (UnmanagedAction::Report, &[][..]),
        (UnmanagedAction::Remove, &["ana: remove member web=admin"]),
        (UnmanagedAction::Suspend, &["ana: web - admin"]),
    ] {
        let unmanaged = sweeping(world(&["zoe owner"], &live), action).plan().unwrap();
        assert_eq!(changes(&unmanaged), expected);
        assert_eq!(unmanaged.errors().count(), 0);
        assert_eq!(unmanaged.figures.unmanaged, 2);
        assert_eq!(left_alone(&unmanaged).len(), 2 - expected.len());
    }
}

#[test]
fn an_address_declared_twice_is_planned_once() {
    let mut world = world(&["ana web=admin"], &["ana", "zoe owner"]);
    let mut again = world.desired.collaborators[0].clone();
    again.grants.clear();
    world.desired.collaborators.push(again);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["ana: web + admin"]);
    assert_eq!(
        content.errors().map(|one| one.code.as_ref()).collect::<Vec<_>>(),
        ["declared-twice"]
    );
}

#[test]
fn a_grant_in_a_project_that_is_not_declared_is_not_planned() {
    for live in [vec!["zoe owner"], vec!["ana", "zoe owner"], vec!["ana old=admin", "zoe owner"]] {
        let mut world = world(&["ana web=none"], &live);
        world.desired.collaborators[0].managed_by = ManagedBy::Mixpanel;
        for grant in &mut world.desired.collaborators[0].grants {
            grant.project = ProjectId(14);
            grant.role = Some(mixaccess_model::ProjectRole::Admin);
        }
        let about_old: Vec<String> =
            planned(&world).into_iter().filter(|one| one.contains("old")).collect();
        assert_eq!(about_old, Vec::<String>::new());
    }
}

proptest::proptest! {
    #![proptest_config(crate::testing::config(64))]

    #[test]
    fn risk_is_opposite_in_the_opposite_direction(a in 0..4_usize, b in 0..4_usize) {
        use mixaccess_model::{ProjectRole, Risk};
        let custom = crate::CustomRoles::default();
        let [a, b] = [a, b].map(|at| ProjectRole::STANDARD[at].clone());
        let opposite = match crate::compare::draft::risk_between(ProjectId(1), &a, &b, &custom) {
            Risk::Escalation => Risk::Reduction,
            Risk::Reduction => Risk::Escalation,
            other => other,
        };
        prop_assert_eq!(crate::compare::draft::risk_between(ProjectId(1), &b, &a, &custom), opposite);
    }
}
