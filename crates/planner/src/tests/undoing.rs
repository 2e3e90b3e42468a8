//! The reverse of every action, and what cannot be reversed.

use mixaccess_model::{ChangeId, NotPlannedKind, OverrideOrigin, PlanContent, ReasonKind};

use super::{World, changes, findings, refusals, with_accounts, with_teams, world};
use crate::testing::{NOW, applied};
use crate::undo;

/// Plans and applies, then undoes it in the organization that `change` has changed meanwhile.
fn undone(world: &World, meanwhile: impl FnOnce(&mut World)) -> PlanContent {
    let content = world.plan().unwrap();
    let done: Vec<ChangeId> = content.changes.iter().map(|change| change.id.clone()).collect();
    let mut after = world.after(&content);
    for (number, member) in (500..).zip(&mut after.live.members) {
        // Whoever was invited has a number by now.
        member.id = member.id.or(Some(mixaccess_model::UserId(number)));
    }
    meanwhile(&mut after);
    undo(&content, content.files_digest, &done, &after.live, NOW).unwrap()
}

fn not_undone(content: &PlanContent) -> Vec<String> {
    findings(content)
        .into_iter()
        .filter_map(|one| Some(one.strip_prefix("not-undone: ")?.to_owned()))
        .collect()
}

#[test]
fn every_action_is_reversed() {
    for (declared, live, expected) in [
        ("ana web=admin", "ana", vec!["ana: web - admin"]),
        ("ana web=admin", "ana web=analyst", vec!["ana: web admin -> analyst"]),
        ("ana", "ana web=analyst", vec!["ana: web + analyst"]),
        ("ana admin", "ana", vec!["ana: admin -> member"]),
        (
            "ana suspended",
            "ana admin web=admin old=owner",
            vec!["ana: member -> admin", "ana: web + admin", "ana: old + owner"],
        ),
        // Pending: the role came by revoking and granting, and goes back the same way.
        (
            "ana web=admin",
            "ana pending web=analyst",
            vec!["ana: web - admin", "ana: web + analyst"],
        ),
    ] {
        let world = world(&[declared, "zoe owner"], &[live, "zoe owner"]);
        let content = undone(&world, |_| {});
        assert_eq!(changes(&content), expected, "{declared} against {live}");
        assert!(content.changes.iter().all(|one| one.reason.kind == ReasonKind::Undo));
        assert_eq!(not_undone(&content), Vec::<String>::new());
        assert_eq!(content.undoes, Some(content.files_digest));
        assert_eq!(refusals(&content), []);
        let restored = applied(&world.after(&world.plan().unwrap()).live, &content);
        assert_eq!(restored, world.live);
    }
}

#[test]
fn an_invitation_is_withdrawn_or_emptied() {
    let invited = world(&["ana web=admin ios=analyst", "bo admin"], &["zoe owner"]);
    let waiting = undone(&invited, |_| {});
    assert_eq!(
        changes(&waiting),
        ["ana: withdraw member web=admin ios=analyst", "bo: withdraw admin"]
    );
    let sent = "the invitation was sent and cannot be unsent; only what it gives is taken back";
    assert_eq!(not_undone(&waiting), [sent, sent]);

    let accepted = undone(&invited, |after| {
        for member in &mut after.live.members {
            member.status = mixaccess_model::MemberStatus::Active;
        }
    });
    let emptied = ["ana: ios - analyst", "ana: web - admin", "bo: admin -> member"];
    assert_eq!(changes(&accepted), emptied);
}

#[test]
fn what_is_gone_stays_gone_and_is_said() {
    let gone = world(
        &["ana removed", "bo admin web=analyst", "cleo removed"],
        &["ana web=admin", "bo pending", "cleo pending", "zoe owner"],
    );
    let content = undone(&gone, |_| {});
    assert_eq!(changes(&content), ["bo: withdraw admin web=analyst"]);
    assert_eq!(
        not_undone(&content),
        [
            "the removed member comes back only by a new invitation, which is not planned",
            "the invitation was sent and cannot be unsent; only what it gives is taken back",
            "the withdrawn invitation comes back only as a new invitation, which is not planned",
            "the withdrawn invitation comes back only as a new invitation, which is not planned",
        ]
    );
}

#[test]
fn a_new_invitation_in_place_of_another_is_taken_back() {
    let invited_again = |meanwhile: fn(&mut World)| {
        let world = with_teams(
            world(
                &["pen admin web=analyst ios=admin", "zoe owner"],
                &["pen pending ios=admin qa=admin", "zoe owner"],
            ),
            &["Data +pen", "Growth +pen web=admin"],
            &["Data +pen", "Growth web=admin"],
        );
        undone(&world, meanwhile)
    };
    let waiting = invited_again(|_| {});
    assert_eq!(changes(&waiting), ["pen: withdraw admin web=analyst"]);
    // Whoever accepted it has again what the first invitation gave.
    let accepted = invited_again(|after| {
        for member in &mut after.live.members {
            member.status = mixaccess_model::MemberStatus::Active;
        }
    });
    assert_eq!(
        changes(&accepted),
        [
            "pen: admin -> member",
            "pen: web - analyst",
            "team Growth: - pen",
            "pen: ios + admin",
            "pen: qa + admin"
        ]
    );
}

#[test]
fn what_somebody_else_changed_since_stays() {
    let world = world(&["ana admin web=owner ios=owner"], &["ana web=analyst", "zoe owner"]);
    let content = undone(&world, |after| {
        let ana = &mut after.live.members[0];
        *ana = super::member(100, "ana billing_admin web=consumer");
    });
    // The grant in ios is gone already.
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(
        not_undone(&content),
        [
            "the organization role is billing_admin by now, not admin, and stays as it is",
            "the role in web is consumer by now, not owner, and stays as it is",
        ]
    );
    let vanished = undone(&world, |after| {
        after.live.members.remove(0);
    });
    assert_eq!(not_undone(&vanished), ["is not live any more, so nothing is taken back"]);
}

#[test]
fn only_what_was_done_is_undone() {
    let world = world(&["ana web=admin ios=admin"], &["ana", "zoe owner"]);
    let content = world.plan().unwrap();
    let mut half = content.clone();
    half.changes.truncate(1);
    let after = applied(&world.live, &half);
    let done = [content.changes[0].id.clone()];
    let undone = undo(&content, content.files_digest, &done, &after, NOW).unwrap();
    assert_eq!(changes(&undone), ["ana: ios - admin"]);
    assert_eq!(undone.projects.len(), 1);
}

#[test]
fn without_a_number_nothing_is_taken_away() {
    let world = world(&["ana web=admin"], &["ana unnumbered", "zoe owner"]);
    let content = undone(&world, |after| after.live.members[0].id = None);
    assert_eq!(changes(&content), Vec::<String>::new());
    assert_eq!(content.not_planned[0].kind, NotPlannedKind::Unreadable);
}

#[test]
fn what_was_allowed_was_allowed_for_the_plan_only() {
    let mut handed_over = world(&["ana owner", "zoe"], &["ana", "zoe owner"]);
    handed_over.desired.policy.escalations.allow_organization_owner = false;
    let allow = [mixaccess_model::Override {
        guard: mixaccess_model::GuardCode::Escalations,
        maximum: None,
        until: None,
        reason: "hand-over".to_owned(),
        ticket: None,
        origin: OverrideOrigin::CommandLine,
    }];
    let content = handed_over.plan_with(&allow).unwrap();
    assert!(!content.is_refused());
    let done: Vec<ChangeId> = content.changes.iter().map(|change| change.id.clone()).collect();
    let after = applied(&handed_over.live, &content);
    let undone = undo(&content, content.files_digest, &done, &after, NOW).unwrap();
    assert_eq!(changes(&undone), ["zoe: member -> owner", "ana: owner -> member"]);
    assert_eq!(undone.changes[1].depends_on, [undone.changes[0].id.clone()]);
    assert_eq!(refusals(&undone), [mixaccess_model::GuardCode::Escalations]);
}

#[test]
fn guard_rails_of_an_undo_are_passed_when_it_is_applied() {
    // Three people get everything they have: taking that back loses every grant there is.
    let world = world(
        &["ana web=admin ios=admin", "ben web=admin", "cleo web=admin", "zoe owner"],
        &["ana", "ben", "cleo", "zoe owner"],
    );
    let content = undone(&world, |_| {});
    assert_eq!(content.changes.len(), 4);
    assert!(content.is_refused());
    for verdict in content.refusals() {
        assert!(verdict.way_past.contains("apply it with `--allow"), "{}", verdict.way_past);
        assert!(!verdict.way_past.contains("plan again"), "{}", verdict.way_past);
    }
}

#[test]
fn teams_go_back_to_what_they_were() {
    for (files, live, expected) in [
        (
            "Growth +ana web=admin",
            "Growth +bo web=analyst ios=owner",
            vec![
                "team Growth: - ana",
                "team Growth: web admin -> analyst",
                "team Growth: + bo",
                "team Growth: ios + owner",
            ],
        ),
        (
            "Growth removed",
            "Growth +ana +bo web=admin",
            vec![
                "team Growth: create",
                "team Growth: + ana",
                "team Growth: + bo",
                "team Growth: web + admin",
            ],
        ),
        ("Growth +ana web=admin", "Data", vec!["team Growth: delete ana web=admin"]),
    ] {
        let people = ["ana", "bo", "zoe owner"];
        let world = with_teams(world(&people, &people), &[files], &[live]);
        let content = undone(&world, |_| {});
        assert_eq!(changes(&content), expected, "{files} against {live}");
        assert_eq!(not_undone(&content), Vec::<String>::new());
    }
}

#[test]
fn a_new_team_that_others_use_stays() {
    let people = ["ana", "bo", "zoe owner"];
    let world = with_teams(world(&people, &people), &["Growth +ana web=admin"], &[]);
    let content = undone(&world, |after| {
        let teams = after.live.teams.as_mut().unwrap();
        teams[0].members.push(super::email("bo"));
    });
    assert_eq!(changes(&content), ["team Growth: - ana", "team Growth: web - admin"]);
    assert_eq!(
        not_undone(&content),
        ["the new team holds more than the plan gave it, and is kept"]
    );
}

#[test]
fn service_accounts_go_back_to_what_they_were() {
    for (files, live, expected) in [
        ("etl admin web=analyst", vec![], vec!["service account etl: delete web=analyst"]),
        (
            "etl web=analyst",
            vec!["etl web=admin ios=admin"],
            vec![
                "service account etl: ios + admin",
                "service account etl: web - analyst",
                "service account etl: web + admin",
            ],
        ),
        ("etl removed", vec!["etl web=admin"], vec![]),
    ] {
        let world = with_accounts(world(&["zoe owner"], &["zoe owner"]), &[files], &live);
        let content = undone(&world, |_| {});
        assert_eq!(changes(&content), expected, "{files} against {live:?}");
        assert_eq!(not_undone(&content).len(), usize::from(files == "etl removed"));
    }
}
