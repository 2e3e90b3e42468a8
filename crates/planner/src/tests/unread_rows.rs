//! Rows that could not be read stop what depends on them, and nothing else.

use mixaccess_model::{
    NotPlannedKind, PlanContent, ProjectId, Severity, Subject, SubjectKey, UnmanagedAction,
    UnreadList, UnreadRow,
};

use super::{
    World, changes, email, findings, id_of, left_alone, sweeping, with_accounts, with_teams, world,
};
use crate::{Projection, doubts_about};

fn row(list: UnreadList, project: Option<&str>, key: Option<SubjectKey>) -> UnreadRow {
    let project = project.map(id_of);
    UnreadRow { list, project, subject: key.map(Subject::from), why: "has no role".to_owned() }
}

fn of_person(project: &str, name: &str) -> UnreadRow {
    row(UnreadList::ProjectMembers, Some(project), Some(SubjectKey::Person(email(name))))
}

fn with(mut world: World, rows: &[UnreadRow]) -> World {
    world.live.unread_rows = rows.to_vec();
    world.live.normalize();
    world
}

/// Of whom something is withheld.
fn withheld(content: &PlanContent) -> Vec<String> {
    let left = left_alone(content).into_iter();
    let withheld = left.filter(|(kind, _)| *kind == NotPlannedKind::Withheld);
    withheld.map(|(_, text)| text.split(':').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn told(content: &PlanContent, code: &str) {
    let mut found = content.findings.iter().filter(|one| one.code == code).peekable();
    assert!(found.peek().is_some(), "{code}: {:?}", findings(content));
    assert!(found.all(|one| one.severity == Severity::Warning && one.hint.is_some()));
    assert!(!content.is_refused());
    let unread = |(kind, _): &(NotPlannedKind, String)| *kind == NotPlannedKind::Unreadable;
    assert!(left_alone(content).iter().any(unread));
}

#[test]
fn a_row_about_somebody_stops_that_persons_additions_alone() {
    let files = ["ana ios=admin web=none", "bo web=analyst", "new web=analyst", "zoe owner"];
    let live = ["ana web=admin", "bo", "zoe owner"];
    let world = with(world(&files, &live), &[of_person("ios", "ana")]);
    let content = world.plan().unwrap();
    assert_eq!(
        changes(&content),
        ["ana: web - admin", "bo: web + analyst", "new: invite as member web=analyst"]
    );
    assert_eq!(withheld(&content), ["ana"]);
    told(&content, "member-unreadable");
    let own = content.findings.iter().filter(|one| one.code == "member-unreadable");
    assert_eq!(own.count(), 1, "said once: {:?}", findings(&content));
    assert_eq!(doubts_about(&world.desired, &world.live, &email("ana")).len(), 1);
    assert!(doubts_about(&world.desired, &world.live, &email("bo")).is_empty());
}

#[test]
fn a_row_about_somebody_who_is_not_listed_stops_that_invitation_alone() {
    let files = ["ana web=admin", "bo web=analyst", "zoe owner"];
    for row in [
        of_person("web", "ana"),
        row(UnreadList::Members, None, Some(SubjectKey::Person(email("ana")))),
    ] {
        let content = with(world(&files, &["zoe owner"]), &[row]).plan().unwrap();
        assert_eq!(changes(&content), ["bo: invite as member web=analyst"]);
        assert_eq!(withheld(&content), ["ana"]);
        told(&content, "member-unreadable");
    }
}

#[test]
fn a_member_whom_nobody_knows_may_be_anybody_who_is_not_listed() {
    let files = ["ana web=admin", "bo web=analyst", "cleo suspended", "dan removed", "zoe owner"];
    let live = ["bo", "cleo web=admin", "dan", "eve web=admin", "zoe owner"];
    let rows = [row(UnreadList::Members, None, None)];
    for (action, swept) in
        [(UnmanagedAction::Report, vec![]), (UnmanagedAction::Suspend, vec!["eve: web - admin"])]
    {
        let content = with(sweeping(world(&files, &live), action), &rows).plan().unwrap();
        let mut expected = vec!["dan: remove member", "cleo: web - admin", "bo: web + analyst"];
        expected.splice(2..2, swept);
        let mut found = changes(&content);
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(withheld(&content), ["ana"]);
        told(&content, "member-unreadable");
        // Nobody unread counts as an owner.
        assert!(content.findings.iter().any(|one| one.code == "few-owners"));
    }
}

#[test]
fn a_grant_of_anybody_stops_what_might_be_it() {
    let files = ["ana web=admin ios=admin", "bo web=admin", "new ios=admin", "zoe owner"];
    let live = ["ana", "bo web=analyst", "zoe owner"];
    let rows = [row(UnreadList::ProjectMembers, Some("web"), None)];
    let world = with(world(&files, &live), &rows);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["ana: ios + admin", "bo: web analyst -> admin"]);
    assert_eq!(withheld(&content), ["ana", "new"]);
    told(&content, "member-unreadable");
    // An invitation of which nobody knows what it gives stays.
    let live = ["ana pending", "zoe owner"];
    let content = with(super::world(&["ana admin", "zoe owner"], &live), &rows).plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(withheld(&content), ["ana"]);
}

#[test]
fn a_role_through_another_door_does_not_show_that_there_is_none_of_ones_own() {
    let files = ["ana web=analyst ios=analyst", "bo web=analyst", "zoe owner"];
    let rows = [row(UnreadList::ProjectMembers, Some("web"), None)];
    for other in ["web/*=consumer", "web/Growth=consumer"] {
        let live = [&format!("ana {other}"), "bo web=consumer", "zoe owner"];
        let content = with(world(&files, &live), &rows).plan().unwrap();
        assert_eq!(changes(&content), ["ana: ios + analyst", "bo: web consumer -> analyst"]);
        assert_eq!(withheld(&content), ["ana"], "{other}");
    }
}

#[test]
fn a_row_with_the_number_of_somebody_else_stops_both() {
    let files = ["ana removed", "cleo web=none", "zoe owner"];
    let live = ["ana web=admin", "bo web=admin", "cleo web=admin", "zoe owner"];
    for other in ["bo", "dan"] {
        for action in [UnmanagedAction::Report, UnmanagedAction::Remove] {
            let mut made = with(sweeping(world(&files, &live), action), &[of_person("web", other)]);
            let number = made.live.member(&email("ana")).unwrap().id;
            made.live.unread_rows[0].subject =
                Some(Subject::Person { email: email(other), user: number });
            let content = made.plan().unwrap();
            assert!(!changes(&content).iter().any(|one| one.starts_with("ana")), "{other}");
            assert!(changes(&content).contains(&"cleo: web - admin".to_owned()));
            assert!(withheld(&content).contains(&"ana".to_owned()), "{:?}", withheld(&content));
            assert!(
                findings(&content)
                    .iter()
                    .any(|one| one.starts_with("duplicate-member: number 100 stands for ana@"))
            );
            let is_swept = changes(&content).iter().any(|one| one.starts_with("bo: remove"));
            assert_eq!(is_swept, other == "dan" && action == UnmanagedAction::Remove);
        }
    }
}

#[test]
fn nobody_is_invited_beside_a_look_alike_whose_row_was_not_read() {
    let files = ["ana+new@acme.example web=admin", "bo web=admin", "zoe owner"];
    let content =
        with(world(&files, &["bo", "zoe owner"]), &[of_person("ios", "Ana")]).plan().unwrap();
    assert_eq!(changes(&content), ["bo: web + admin"]);
    assert_eq!(withheld(&content), ["ana+new"]);
    assert!(findings(&content).iter().any(|one| one.starts_with("look-alike-member")));
}

#[test]
fn a_role_in_a_project_that_nobody_lists_is_told_of_those_suspended() {
    let unknown = UnreadRow { project: Some(ProjectId(999)), ..of_person("web", "ana") };
    let live = ["ana web=admin", "zoe owner"];
    let suspended =
        with(world(&["ana suspended", "zoe owner"], &live), std::slice::from_ref(&unknown));
    let content = suspended.plan().unwrap();
    assert_eq!(changes(&content), ["ana: web - admin"]);
    assert_eq!(withheld(&content), ["ana"]);
    assert!(findings(&content).iter().any(|one| one.contains("of project 999 has no role")));
    assert_eq!(doubts_about(&suspended.desired, &suspended.live, &email("ana")).len(), 1);
    // What somebody is given in other projects does not depend on it.
    let content = with(world(&["ana web=owner", "zoe owner"], &live), &[unknown]).plan().unwrap();
    assert_eq!(changes(&content), ["ana: web admin -> owner"]);
    assert_eq!(withheld(&content), Vec::<String>::new());
}

#[test]
fn a_team_that_is_half_read_loses_and_does_not_gain() {
    let files = ["ana web=admin", "bo web=admin", "cleo", "zoe owner"];
    let live = ["ana", "bo", "cleo", "zoe owner"];
    let teams = ["Growth +ana web=analyst", "Ops +bo"];
    let own = row(UnreadList::Teams, None, Some(SubjectKey::Team("Growth".into())));
    let there = with_teams(world(&files, &live), &teams, &["Growth +cleo", "Ops"]);
    let content = with(there, std::slice::from_ref(&own)).plan().unwrap();
    assert_eq!(changes(&content), ["team Growth: - cleo", "bo: web + admin", "team Ops: + bo"]);
    assert_eq!(withheld(&content), ["ana", "team Growth"]);
    told(&content, "teams-unreadable");
    // One without a name may be any that is not found.
    for row in [own, row(UnreadList::Teams, None, None)] {
        let absent = with_teams(world(&files, &live), &teams, &["Ops"]);
        let content = with(absent, &[row]).plan().unwrap();
        assert_eq!(changes(&content), ["bo: web + admin", "team Ops: + bo"]);
        assert_eq!(withheld(&content), ["ana", "team Growth"]);
        told(&content, "teams-unreadable");
    }
}

#[test]
fn a_service_account_that_is_half_read_loses_and_does_not_gain() {
    let files = ["etl web=admin ios=none", "gone removed", "new web=analyst", "ok web=analyst"];
    let live = ["etl ios=admin", "gone", "ok"];
    let build = |rows: &[UnreadRow]| {
        let world = with_accounts(world(&["zoe owner"], &["zoe owner"]), &files, &live);
        with(world, rows).plan().unwrap()
    };
    let (list, account) = (UnreadList::ProjectServiceAccounts, SubjectKey::ServiceAccount);
    let own = |name: &str| row(list, Some("web"), Some(account(name.into())));
    let content = build(&[own("etl"), own("gone")]);
    assert_eq!(
        changes(&content),
        [
            "service account etl: ios - admin",
            "service account new: create as member web=analyst",
            "service account ok: web + analyst",
        ]
    );
    assert_eq!(withheld(&content), ["service account etl", "service account gone"]);
    told(&content, "service-account-unreadable");
    let suffixed = row(
        UnreadList::ServiceAccounts,
        None,
        Some(account("new.a1b2c3.mp-service-account".into())),
    );
    let expected = ["service account etl: ios - admin", "service account gone: delete"];
    for (row, own_withheld) in [(suffixed, false), (row(list, Some("web"), None), true)] {
        let content = build(&[row]);
        let found = changes(&content);
        assert!(expected.iter().all(|one| found.iter().any(|found| found == one)), "{found:?}");
        assert!(!found.iter().any(|one| one.contains("create")), "{found:?}");
        let is_given = found.contains(&"service account ok: web + analyst".to_owned());
        assert_eq!(is_given, !own_withheld);
        told(&content, "service-account-unreadable");
    }
}

#[test]
fn what_turns_out_unread_before_the_first_write_stops_what_depends_on_it() {
    let files = ["ana web=admin", "bo web=none", "new web=analyst", "zoe owner"];
    let sound = world(&files, &["ana", "bo web=admin", "zoe owner"]);
    let content = sound.plan().unwrap();
    let moved = |rows: &[UnreadRow]| -> Vec<String> {
        let live = with(world(&files, &["ana", "bo web=admin", "zoe owner"]), rows).live;
        let projection = Projection::new(&live);
        let moved = content.changes.iter().flat_map(|change| projection.moved(change));
        moved.map(|one| one.subject.key().to_string()).collect()
    };
    assert_eq!(moved(&[]), Vec::<String>::new());
    assert_eq!(moved(&[of_person("web", "ana")]), ["ana@acme.example"]);
    assert_eq!(moved(&[of_person("web", "bo")]), Vec::<String>::new(), "what takes goes on");
    assert_eq!(moved(&[row(UnreadList::Members, None, None)]), ["new@acme.example"]);
    let anybody = row(UnreadList::ProjectMembers, Some("web"), None);
    assert_eq!(moved(&[anybody]), ["ana@acme.example", "new@acme.example"]);
    // And nothing is taken for done because of a row that nobody could read.
    let taken = &content.changes[0];
    let live = world(&files, &["ana", "bo", "zoe owner"]);
    assert!(Projection::new(&live.live).holds(taken));
    let live = with(live, &[of_person("web", "bo")]).live;
    assert!(!Projection::new(&live).holds(taken));
}
