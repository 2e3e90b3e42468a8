//! Invitations that wait, expire, and are too many.

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{EffectiveAboveDeclared, Email, Invitation, NotPlannedKind, ReasonKind};

use super::{World, changes, email, findings, left_alone, planned, with_teams, world};
use crate::testing::NOW;
use crate::{INVITATIONS_PER_WINDOW, InvitationBudget, Projection};

/// Ana, invited so many hours ago.
fn invited(files: &str, hours: i64, expired: bool) -> World {
    let mut world = world(&[files, "zoe owner"], &["ana pending", "zoe owner"]);
    world.live.members[0].invitation =
        Some(Invitation { sent_at: Some(ago(hours)), expires_at: None, expired });
    world
}

fn ago(hours: i64) -> Timestamp {
    NOW - SignedDuration::from_hours(hours)
}

#[test]
fn an_invitation_says_how_long_it_waits() {
    for (hours, expected) in [
        (0, "ana: invited less than a minute ago, and not accepted yet"),
        (1, "ana: invited 1 hour ago, and not accepted yet"),
        (47, "ana: invited 1 day ago, and not accepted yet"),
        (72, "ana: invited 3 days ago, and not accepted yet"),
    ] {
        let content = invited("ana", hours, false).plan().unwrap();
        assert_eq!(left_alone(&content), [(NotPlannedKind::Pending, expected.to_owned())]);
    }
}

#[test]
fn a_reminder_is_due_after_72_hours() {
    for (hours, due) in [(71, false), (72, true)] {
        let mut world = invited("ana", hours, false);
        let told = findings(&world.plan().unwrap());
        assert_eq!(told.iter().any(|one| one.starts_with("invitation-waiting")), due, "{told:?}");
        assert_eq!(planned(&world), Vec::<String>::new());
        world.desired.policy.invitations.remind = true;
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), if due { vec!["ana: remind"] } else { vec![] });
        assert!(!findings(&content).iter().any(|one| one.starts_with("invitation-waiting")));
        let mut projection = Projection::new(&world.live);
        for change in &content.changes {
            assert_eq!(change.reason.kind, ReasonKind::InvitationWaiting);
            assert!(!projection.holds(change));
            projection.apply(change);
            assert!(projection.holds(change));
        }
    }
    // Nobody is reminded whose invitation goes, and nobody without a number.
    let mut gone = invited("ana removed", 100, false);
    gone.desired.policy.invitations.remind = true;
    assert_eq!(planned(&gone), ["ana: withdraw member"]);
    let mut unnumbered = invited("ana web=admin", 100, false);
    unnumbered.desired.policy.invitations.remind = true;
    unnumbered.live.members[0].id = None;
    assert_eq!(planned(&unnumbered), ["ana: web + admin"]);
}

#[test]
fn an_expired_invitation_is_replaced() {
    let content = invited("ana web=analyst", 24 * 10, true).plan().unwrap();
    assert_eq!(changes(&content), ["ana: withdraw member", "ana: invite as member web=analyst"]);
    assert!(content.changes.iter().all(|one| one.reason.kind == ReasonKind::InvitationExpired));
    assert_eq!(content.changes[1].depends_on, [content.changes[0].id.clone()]);
    let told = "invitation-expired: the invitation of 10 days ago can no longer be accepted, and a new one is sent";
    assert!(findings(&content).contains(&told.to_owned()));
    for (files, expected) in
        [("ana removed", vec!["ana: withdraw member"]), ("ana suspended", vec![])]
    {
        assert_eq!(planned(&invited(files, 24 * 10, true)), expected);
    }
}

#[test]
fn an_invitation_ages_where_the_service_does_not_call_it_expired() {
    let may = |days: i64| {
        format!(
            "may-have-expired: the invitation of {days} days ago may have expired: one can be accepted for 7 to 14 days"
        )
    };
    let over = |days: i64| {
        format!(
            "invitation-expired: the invitation of {days} days ago can no longer be accepted, and a new one is sent"
        )
    };
    let renewed = vec!["ana: withdraw member", "ana: invite as member web=analyst"];
    let grants = || vec!["ana: web + analyst"];
    for (hours, told, expected) in [
        (24 * 7 - 1, None, grants()),
        (24 * 7, Some(may(7)), grants()),
        (24 * 14, Some(may(14)), grants()),
        (24 * 14 + 1, Some(over(14)), renewed.clone()),
        (24 * 20, Some(over(20)), renewed),
    ] {
        for remind in [false, true] {
            let mut world = invited("ana web=analyst", hours, false);
            world.desired.policy.invitations.remind = remind;
            let content = world.plan().unwrap();
            let about: Vec<String> = findings(&content)
                .into_iter()
                .filter(|one| one.starts_with("may-have") || one.starts_with("invitation-expired"))
                .collect();
            assert_eq!(about, told.clone().into_iter().collect::<Vec<_>>(), "{hours}");
            let planned = changes(&content);
            let planned: Vec<&str> =
                planned.iter().map(String::as_str).filter(|one| *one != "ana: remind").collect();
            assert_eq!(planned, expected, "{hours}");
        }
    }
    // The service's own word, and no date at all.
    let mut told = invited("ana", 24 * 8, false);
    told.live.members[0].invitation.as_mut().unwrap().expires_at = Some(ago(-1));
    assert!(!findings(&told.plan().unwrap()).iter().any(|one| one.starts_with("may-have")));
    told.live.members[0].invitation.as_mut().unwrap().expires_at = Some(ago(1));
    assert_eq!(planned(&told), ["ana: withdraw member", "ana: invite as member"]);
    told.live.members[0].invitation = None;
    let content = told.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    let said = "ana: invited, the service does not say when, and not accepted yet";
    assert_eq!(left_alone(&content), [(NotPlannedKind::Pending, said.to_owned())]);
}

#[test]
fn a_new_invitation_brings_back_declared_teams_and_tells_of_the_others() {
    let live = ["Data +ana ios=analyst", "Growth +ana web=analyst", "Ops +ana"];
    for (files, expired, told) in [
        (
            "ana admin",
            false,
            "reinvited: the pending invitation as member is withdrawn and a new one as admin is sent",
        ),
        (
            "ana",
            true,
            "invitation-expired: the invitation of 10 days ago can no longer be accepted, and a new one is sent",
        ),
    ] {
        let invited = invited(files, 24 * 10, expired);
        let check = |declared: &[&str], lost: &str| {
            let world = with_teams(invited.clone(), declared, &live);
            let content = world.plan().unwrap();
            let told = format!("{told}{lost}");
            assert!(findings(&content).contains(&told), "{:?}", findings(&content));
            (world, content)
        };
        let (world, content) = check(
            &["Growth +ana web=analyst"],
            "; the places in 2 undeclared teams are lost: Data, Ops",
        );
        let lines = changes(&content);
        let at = |line: &str| lines.iter().position(|one| one.starts_with(line)).expect(line);
        let (invitation, place) = (at("ana: invite"), at("team Growth: + ana"));
        assert!(at("ana: withdraw") < invitation);
        assert_eq!(content.changes[place].depends_on, [content.changes[invitation].id.clone()]);
        // In the same plan: nothing is left for the next one.
        let after = world.after(&content);
        assert!(after.live.team("Growth").unwrap().has(&email("ana")));
        assert!(!after.live.team("Data").unwrap().has(&email("ana")));
        assert_eq!(planned(&after), Vec::<String>::new());
        check(
            &["Growth +ana web=analyst", "Ops +ana"],
            "; the place in the undeclared team Data is lost",
        );
        // A team that the files take somebody out of is no loss.
        check(&["Growth +ana web=analyst", "Ops", "Data removed"], "");
    }
    // Rows tell of teams that were not read.
    let mut unread = with_teams(invited("ana admin", 1, false), &[], &live);
    (unread.live.teams, unread.desired.teams) = (None, None);
    let told = findings(&unread.plan().unwrap());
    assert!(
        told.iter().any(|one| one.ends_with("2 undeclared teams are lost: Data, Growth")),
        "{told:?}"
    );
}

#[test]
fn more_invitations_than_an_hour_takes_are_foretold() {
    let limit_after = |count: usize, sent: usize, at: Timestamp, expired: bool, status: &str| {
        let files: Vec<String> = (0..count).map(|index| format!("p{index:02}")).collect();
        let waiting: Vec<String> = (0..sent).map(|index| format!("w{index:02} {status}")).collect();
        let live: Vec<&str> = waiting.iter().map(String::as_str).chain(["zoe owner"]).collect();
        let mut world = world(&files, &live);
        let waiting = world.live.members.iter_mut().filter(|one| one.email != email("zoe"));
        for member in waiting {
            member.invitation = Some(Invitation { sent_at: Some(at), expires_at: None, expired });
        }
        let told = findings(&world.plan().unwrap());
        told.into_iter().find(|one| one.starts_with("invitation-limit"))
    };
    let limit = |count, sent| limit_after(count, sent, NOW, false, "pending");
    assert_eq!(limit(10, 0), None);
    let told = |count, time| {
        Some(format!(
            "invitation-limit: {count} invitations for acme.example take {time}: the service sends 10 an hour for one e-mail domain"
        ))
    };
    assert_eq!(limit(11, 0), told(11, "1 hour"));
    assert_eq!(limit(35, 0), told(35, "3 hours"));
    assert_eq!(limit(6, 4), None);
    assert_eq!(limit(7, 4), told(7, "1 hour"));
    // An e-mail went out all the same if the invitation has expired or was accepted since.
    assert_eq!(limit_after(7, 4, NOW, true, "pending"), told(7, "1 hour"));
    assert_eq!(limit_after(7, 4, NOW, false, "member"), told(7, "1 hour"));
    assert_eq!(limit_after(7, 4, ago(1), false, "pending"), None);
    // A clock that runs ahead makes nobody wait for longer.
    assert_eq!(limit_after(7, 4, ago(-2), false, "pending"), told(7, "1 hour"));
}

#[test]
fn a_budget_is_freed_as_time_passes() {
    let world = world::<&str, _>(&[], &["zoe owner"]);
    let mut budget = InvitationBudget::of(&world.live);
    let (here, there) = (Email::new("a@acme.example"), Email::new("b@agency.example"));
    for minute in 0..INVITATIONS_PER_WINDOW {
        let at = NOW + SignedDuration::from_mins(i64::try_from(minute).unwrap());
        assert_eq!(budget.earliest(&here, at), at);
        budget.note_sent(&here, at);
    }
    let now = NOW + SignedDuration::from_mins(20);
    assert_eq!(budget.earliest(&there, now), now);
    assert_eq!(budget.earliest(&here, now), NOW + SignedDuration::from_mins(60));
    budget.note_sent(&here, NOW + SignedDuration::from_mins(60));
    assert_eq!(budget.earliest(&here, now), NOW + SignedDuration::from_mins(61));
    let later = NOW + SignedDuration::from_mins(600);
    assert_eq!(budget.earliest(&here, later), later);
}

#[test]
fn an_invitation_carries_the_words_that_all_its_grants_have() {
    let mut world =
        world(&["ana web=analyst ios=admin ticket:IAM-1 for:Eve by:Bob"], &["zoe owner"]);
    let second = &mut world.desired.collaborators[0].grants[1].cause;
    let mut other = second.annotations.as_deref().unwrap().clone();
    other.ticket = Some("IAM-2".into());
    other.requested_by = Some("Bob".into());
    second.annotations = Some(other.into());
    world.desired.policy.separation_of_duties = true;
    let content = world.plan().unwrap();
    let words = &content.changes[0].reason.annotations;
    assert_eq!(words.ticket.as_deref(), Some("IAM-1, IAM-2"));
    // Bob approved what he asked for.
    assert_eq!(super::refusals(&content), [mixaccess_model::GuardCode::SeparationOfDuties]);
    world.desired.collaborators[0].grants[1].cause.annotations = None;
    let content = world.plan().unwrap();
    assert_eq!(content.changes[0].reason.annotations.ticket, None);
}

#[test]
fn an_invitation_that_gives_more_than_is_declared_is_told_at_once() {
    let told = |world: &World| -> Vec<String> {
        world.plan().unwrap().errors().map(|one| one.message.clone()).collect()
    };
    let through_team = "declared consumer in web, effectively admin through team Growth";
    let through_role = "declared consumer in web, effectively admin through the organization role";
    for (declared, live, team, expected) in [
        ("ana web=consumer", "", "Growth +ana web=admin", through_team),
        ("ana web=consumer", "ana pending billing_admin", "Growth +ana web=admin", through_team),
        ("ana admin web=consumer", "", "Growth +ana", through_role),
        (
            "ana ios=none",
            "",
            "Growth +ana ios=analyst",
            "none in ios cannot be reached: analyst through team Growth",
        ),
        ("ana web=consumer", "", "Growth web=admin", ""),
        ("ana web=admin", "", "Growth +ana web=admin", ""),
        ("ana", "", "Growth +ana web=admin", ""),
        ("ana scim admin web=consumer", "", "Growth +ana", ""),
    ] {
        let live = [live, "zoe owner"].into_iter().filter(|one| !one.is_empty());
        let live: Vec<&str> = live.collect();
        let mut world = with_teams(world(&[declared, "zoe owner"], &live), &[team], &["Growth"]);
        assert_eq!(told(&world), Vec::<String>::new(), "reported: {declared}");
        world.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
        let expected: Vec<&str> =
            Some(expected).filter(|one| !one.is_empty()).into_iter().collect();
        assert_eq!(told(&world), expected, "{declared}");
    }
    // What only the identity provider will bring is refused once it is there.
    let declared = ["ana web=consumer", "zoe owner"];
    let files = ["Growth scim +ana web=admin"];
    let mut by_hand = with_teams(world(&declared, &["zoe owner"]), &files, &["Growth scim"]);
    by_hand.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
    assert_eq!(told(&by_hand), Vec::<String>::new());
}
