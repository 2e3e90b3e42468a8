//! What is doubtful about one person stops what that person would be given, and nobody else.

use mixaccess_model::{
    Email, NotPlannedKind, Pattern, PlanContent, Severity, UnmanagedAction, Unread, UnreadList,
    UserId, Verb,
};

use super::{World, changes, email, findings, left_alone, sweeping, with_teams, world};
use crate::{doubts_about, what_to_read};

/// Of whom something is withheld.
fn withheld(content: &PlanContent) -> Vec<String> {
    let left = left_alone(content).into_iter();
    let withheld = left.filter(|(kind, _)| *kind == NotPlannedKind::Withheld);
    withheld.map(|(_, text)| text.split(':').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn told(content: &PlanContent, code: &str, times: usize) {
    let found: Vec<_> = content.findings.iter().filter(|one| one.code == code).collect();
    assert_eq!(found.len(), times, "{code}: {:?}", findings(content));
    assert!(found.iter().all(|one| one.severity == Severity::Warning && one.hint.is_some()));
    assert!(!content.is_refused());
}

#[test]
fn a_look_alike_of_somebody_new_withholds_that_invitation_alone() {
    for (declared, live) in [
        ("ana+new@acme.example", "Ana@acme.example"),
        ("ana@acme.example", "ana+old@acme.example"),
        ("ana@acme.example", "\u{430}na@acme.example"),
        ("pal@acme.example", "pa1@acme.example"),
        ("ana@b\u{fc}cher.example", "ana@xn--bcher-kva.example"),
        ("zo\u{eb}@acme.example", "zoe\u{308}@acme.example"),
        ("ana@acme.example", "an\u{200b}a@acme.example"),
    ] {
        assert_eq!(Email::new(declared).appearance(), Email::new(live).appearance(), "{live:?}");
        let files = [&format!("{declared} web=admin"), "bo web=analyst", "cleo web=none"];
        let people = [live, "bo", "cleo web=admin", "zoe owner"];
        let content = world(&files, &people).plan().unwrap();
        assert_eq!(changes(&content), ["cleo: web - admin", "bo: web + analyst"], "{live:?}");
        assert_eq!(withheld(&content).len(), 1, "{live:?}");
        told(&content, "look-alike-member", 1);
        // Somebody who should not be there needs no invitation.
        for state in ["suspended", "removed"] {
            let files = [&format!("{declared} {state}"), "zoe owner"];
            let content = world(&files, &people).plan().unwrap();
            assert_eq!(withheld(&content), Vec::<String>::new(), "{state}");
        }
    }
    for (one, other) in [
        ("ana@acme.example", "ana@agency.example"),
        ("ana@acme.example", "anna@acme.example"),
        ("ana.b@acme.example", "anab@acme.example"),
        ("+a@acme.example", "+b@acme.example"),
    ] {
        assert_ne!(Email::new(one).appearance(), Email::new(other).appearance());
    }
}

#[test]
fn letters_that_deceive_are_spelled_out() {
    let content = world(&["ana"], &["\u{430}na@acme.example", "zoe owner"]).plan().unwrap();
    let spelled = "spelled \\u{430}na@acme.example";
    assert!(findings(&content).iter().any(|one| one.contains(spelled)), "{:?}", findings(&content));
}

#[test]
fn a_look_alike_of_somebody_live_is_a_warning_only() {
    let live = ["ana web=admin", "ana+old@acme.example", "zoe owner"];
    let content = world(&["ana ios=analyst", "zoe owner"], &live).plan().unwrap();
    assert_eq!(changes(&content), ["ana: web - admin", "ana: ios + analyst"]);
    assert_eq!(withheld(&content), Vec::<String>::new());
    told(&content, "look-alike-member", 1);
    // Neither does it protect the other account.
    let swept = sweeping(world(&["ana", "zoe owner"], &live), UnmanagedAction::Remove);
    assert_eq!(changes(&swept.plan().unwrap()), ["ana+old: remove member", "ana: web - admin"]);
}

#[test]
fn a_look_alike_that_the_files_know_is_somebody_else() {
    for (known, is_invited) in
        [("ana+old@acme.example", true), ("*@acme.example", false), ("bo@acme.example", false)]
    {
        let mut world = world(&["ana", "zoe owner"], &["ana+old@acme.example", "zoe owner"]);
        world.desired.policy.unmanaged.ignore.push(Pattern::new(known));
        let content = world.plan().unwrap();
        assert_eq!(withheld(&content).is_empty(), is_invited, "{known}");
        assert_eq!(changes(&content).is_empty(), !is_invited, "{known}");
    }
}

#[test]
fn nobody_comes_into_a_team_whose_invitation_is_withheld() {
    let live = ["ana+old@acme.example", "bo", "zoe owner"];
    let world =
        with_teams(world(&["ana", "bo", "zoe owner"], &live), &["Growth +ana +bo"], &["Growth"]);
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["team Growth: + bo"]);
    assert_eq!(withheld(&content), ["ana"]);
}

#[test]
fn one_number_for_two_accounts_stops_both_alone() {
    let live = ["ana ios=admin", "bo", "cleo", "zoe owner"];
    for action in [UnmanagedAction::Report, UnmanagedAction::Remove] {
        let files = ["ana web=admin", "cleo web=analyst", "zoe owner"];
        let mut world = sweeping(world(&files, &live), action);
        world.live.members[1].id = Some(UserId(100));
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), ["cleo: web + analyst"], "{action:?}");
        let both = if action == UnmanagedAction::Remove { vec!["ana", "bo"] } else { vec!["ana"] };
        assert_eq!(withheld(&content), both);
        told(&content, "duplicate-member", both.len());
        let message = "duplicate-member: number 100 stands for ana@acme.example, bo@acme.example";
        assert!(findings(&content).contains(&message.to_owned()), "{:?}", findings(&content));
    }
}

#[test]
fn people_of_teams_that_were_not_read_lose_and_do_not_gain() {
    let files = ["ana web=admin", "bo web=analyst", "cleo admin", "new", "zoe owner"];
    let live = ["ana ios=admin", "bo", "cleo", "zoe owner"];
    let mut unread = with_teams(world(&files, &live), &["Growth +ana +cleo +new"], &[]);
    unread.live.teams = None;
    unread.live.unread.push(Unread {
        list: UnreadList::Teams,
        project: None,
        why: "GET /teams: the service answered 403".to_owned(),
    });
    let twice =
        with_teams(world(&files, &live), &["Growth +ana +cleo +new"], &["Growth", "Growth"]);
    for (world, code) in [(unread, "teams-unreadable"), (twice, "duplicate-team")] {
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), ["ana: ios - admin", "bo: web + analyst"], "{code}");
        assert_eq!(withheld(&content), ["ana", "cleo", "new", "team Growth"], "{code}");
        assert!(!content.is_refused());
        assert!(content.findings.iter().filter(|one| one.code == code).count() >= 4);
    }
}

/// An organization whose undeclared project keeps its members to itself.
fn with_unread(files: &[&str], live: &[&str]) -> World {
    let mut world = world(files, live);
    world.live.projects[3].members_read = false;
    world.live.unread.push(Unread {
        list: UnreadList::ProjectMembers,
        project: Some(world.live.projects[3].id),
        why: "GET /api/app/projects/14/members: the service answered 403".to_owned(),
    });
    world
}

#[test]
fn a_project_that_cannot_be_read_is_unknown_access_of_those_suspended() {
    let files = ["ana suspended", "bo removed", "cleo web=analyst", "zoe owner"];
    let live = ["ana web=admin", "bo web=admin", "cleo", "zoe owner"];
    let world = with_unread(&files, &live);
    assert!(
        what_to_read(&world.desired, &world.live.members, crate::testing::NOW).undeclared_projects
    );
    let content = world.plan().unwrap();
    let expected = ["ana: web - admin", "bo: remove member web=admin", "cleo: web + analyst"];
    assert_eq!(changes(&content), expected);
    assert_eq!(withheld(&content), ["ana"]);
    told(&content, "undeclared-project-unread", 1);
    let finding = content.findings.iter().find(|one| one.code == "undeclared-project-unread");
    let finding = finding.unwrap();
    assert_eq!(finding.email(), Some(&email("ana")));
    assert!(finding.message.contains("old (id 14: GET /api/app/projects/14/members"));
    assert!(finding.message.contains("403"), "{}", finding.message);
    // Whoever asks about that person is told the same.
    let explained = doubts_about(&world.desired, &world.live, &email("ana"));
    assert_eq!(explained, std::slice::from_ref(finding));
    assert_eq!(doubts_about(&world.desired, &world.live, &email("bo")), []);

    for (files, times) in [(["ana", "zoe owner"], 0), (["bo suspended", "zoe owner"], 0)] {
        let content = with_unread(&files, &["ana", "zoe owner"]).plan().unwrap();
        told(&content, "undeclared-project-unread", times);
    }
    let swept =
        sweeping(with_unread(&["zoe owner"], &["ana", "zoe owner"]), UnmanagedAction::Suspend);
    assert_eq!(withheld(&swept.plan().unwrap()), ["ana"]);
}

#[test]
fn an_invitation_that_nobody_can_read_whole_is_not_replaced() {
    let content = with_unread(&["ana admin", "zoe owner"], &["ana pending", "zoe owner"]).plan();
    let content = content.unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(withheld(&content), ["ana"]);
    told(&content, "undeclared-project-unread", 1);
    told(&content, "reinvited", 0);
    // The places in teams, which would go with the old invitation, stay as they are.
    let pending = ["ana pending", "zoe owner"];
    let teams = (["Growth +ana", "Ops"], ["Growth +ana", "Ops +ana"]);
    let placed = with_teams(with_unread(&["ana admin", "zoe owner"], &pending), &teams.0, &teams.1);
    assert_eq!(changes(&placed.plan().unwrap()), ["team Ops: - ana"]);
    let whole = world(&["ana admin", "zoe owner"], &["ana pending", "zoe owner"]).plan().unwrap();
    let verbs: Vec<Verb> = whole.changes.iter().map(|one| one.write.verb).collect();
    assert!(verbs.contains(&Verb::Invite) && !verbs.contains(&Verb::Remove));
}

#[test]
fn two_accounts_of_one_person_are_told_to_who_asks() {
    let live = ["ana web=admin", "Ana@acme.example", "zoe owner"];
    let world = world(&["ana"], &live);
    let told = doubts_about(&world.desired, &world.live, &email("ana"));
    assert_eq!(told.len(), 1);
    assert!(told[0].message.starts_with("2 live accounts for one address"));
}
