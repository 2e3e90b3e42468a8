//! The order of changes, and what they wait for.

use std::collections::BTreeSet;

use mixaccess_model::{
    ChangeId, GuardCode, MemberStatus, OrganizationRole, Precondition, Risk, UserId,
};

use super::{World, changes, id_of, planned, refusals, with_teams, world};
use crate::Projection;

#[test]
fn governance_then_reductions_then_additions() {
    let world = world(
        &[
            "ana owner",
            "bo web=admin",
            "cleo removed",
            "dev ios=consumer",
            "eve web=analyst",
            "zoe",
        ],
        &[
            "ana web=admin",
            "bo web=analyst",
            "cleo web=admin",
            "dev ios=admin web=analyst",
            "zoe owner",
        ],
    );
    let content = world.plan().unwrap();
    assert_eq!(
        changes(&content),
        [
            "ana: member -> owner",
            "ana: web - admin",
            "cleo: remove member web=admin",
            "dev: ios admin -> consumer",
            "dev: web - analyst",
            "zoe: owner -> member",
            "bo: web analyst -> admin",
            "eve: invite as member web=analyst",
        ]
    );
    let risks: Vec<Risk> = content.changes.iter().map(|change| change.risk).collect();
    use Risk::{Destructive, Escalation, Reduction};
    assert_eq!(
        risks,
        [
            Escalation,
            Reduction,
            Destructive,
            Reduction,
            Reduction,
            Reduction,
            Escalation,
            Escalation
        ]
    );
    // The old owner waits for the new one.
    assert_eq!(content.changes[5].depends_on, [content.changes[0].id.clone()]);
    assert_eq!(refusals(&content), []);
}

#[test]
fn what_builds_on_something_waits_for_it() {
    let world = world(
        &["ana admin ios=owner web=owner", "bo web=admin"],
        &["ana pending", "bo pending web=analyst", "zoe owner"],
    );
    waits(
        &world,
        &[
            ("ana: withdraw member", &[]),
            ("ana: invite as admin web=owner ios=owner", &[0]),
            ("bo: web - analyst", &[]),
            ("bo: web + admin", &[2]),
        ],
    );
    let content = world.plan().unwrap();
    // The new invitation has another number than the withdrawn one.
    let numbers: Vec<Option<UserId>> =
        content.changes.iter().map(|change| change.subject.user()).collect();
    let (ana, bo) = (Some(UserId(100)), Some(UserId(101)));
    assert_eq!(numbers, [ana, None, bo, bo]);
}

#[test]
fn preconditions_describe_the_moment_of_the_change() {
    let world = world(&["ana admin web=owner", "bo"], &["ana web=analyst", "zoe owner"]);
    let content = world.plan().unwrap();
    assert_eq!(
        changes(&content),
        ["ana: member -> admin", "ana: web analyst -> owner", "bo: invite as member"]
    );
    let member = |organization_role| Precondition::Member {
        user: Some(UserId(100)),
        status: MemberStatus::Active,
        organization_role: Some(organization_role),
    };
    let held = Precondition::IndividualGrant {
        project: id_of("web"),
        role: Some(mixaccess_model::ProjectRole::Analyst),
    };
    assert_eq!(content.changes[0].preconditions, [member(OrganizationRole::Member)]);
    assert_eq!(content.changes[1].preconditions, [member(OrganizationRole::Admin), held]);
    assert_eq!(content.changes[2].preconditions, [Precondition::Absent]);
}

#[test]
fn what_moved_is_said() {
    let before = world(&["ana web=admin", "bo"], &["ana web=analyst", "zoe owner"]);
    let content = before.plan().unwrap();
    for (live, expected) in [
        (vec!["ana web=analyst"], vec![]),
        (vec![], vec!["expected a member, found nobody", "expected a member, found nobody"]),
        (vec!["ana web=owner"], vec!["expected analyst in project 11, found owner"]),
        (vec!["ana"], vec!["expected analyst in project 11, found none"]),
        (
            vec!["ana pending web=analyst"],
            vec!["expected an accepted member, found a pending invitation"],
        ),
        (vec!["ana admin web=analyst"], vec!["expected organization role member, found admin"]),
        (
            vec!["ana roleless web=analyst"],
            vec!["expected organization role member, found unknown"],
        ),
        (
            vec!["zoe", "ana web=analyst"],
            vec!["expected the same account, found another with this address"],
        ),
        (
            vec!["ana web=analyst", "bo pending"],
            vec!["expected nobody, found a pending invitation with organization role member"],
        ),
    ] {
        let now = world::<&str, _>(&[], &live).live;
        let projection = Projection::new(&now);
        let moved: Vec<String> = content
            .changes
            .iter()
            .flat_map(|change| projection.moved(change))
            .map(|moved| moved.message)
            .collect();
        assert_eq!(moved, expected, "{live:?}");
    }
}

#[test]
fn ids_are_stable_and_short() {
    let first = world(&["ana web=admin", "bo ios=admin"], &["ana", "bo", "zoe owner"]);
    let second = world(&["bo ios=admin"], &["bo", "Ana@acme.example web=admin", "zoe owner"]);
    let ids = |content: &mixaccess_model::PlanContent| {
        content.changes.iter().map(|one| one.id.clone()).collect::<Vec<_>>()
    };
    let (first, second) = (first.plan().unwrap(), second.plan().unwrap());
    assert_eq!(ids(&first)[1], ids(&second)[0]);
    assert!(ids(&first).iter().all(|id| id.0.len() == 16));
}

/// Many owners change: dependencies stay few, and the floor holds however the changes interleave.
#[test]
fn swapping_many_owners_stays_linear_and_governed() {
    let name = |index: usize| format!("p{index:03}");
    for (owners, come, go) in [(30, 30, 30), (40, 12, 38), (12, 40, 11), (2, 0, 1), (1, 20, 1)] {
        let live: Vec<String> = (0..owners + come)
            .map(|index| {
                format!("{} {}", name(index), if index < owners { "owner" } else { "member" })
            })
            .collect();
        let files: Vec<String> = (0..owners + come)
            .map(|index| format!("{} {}", name(index), if index < go { "member" } else { "owner" }))
            .collect();
        let content = world(&files, &live).plan().unwrap();
        assert_eq!(refusals(&content), [], "{owners} {come} {go}");
        let edges: usize = content.changes.iter().map(|one| one.depends_on.len()).sum();
        assert!(edges <= 8 * go, "{edges} dependencies for {go} owners who go");
        // Worst case: everybody goes as early as what they wait for allows.
        let mut came: BTreeSet<&ChangeId> = BTreeSet::new();
        let (mut now, mut gone) = (owners, 0);
        for change in content.changes.iter().filter(|one| one.risk == Risk::Escalation) {
            came.insert(&change.id);
            now += 1;
            for goes in content.changes.iter().filter(|one| one.risk == Risk::Reduction) {
                if goes.depends_on.contains(&change.id)
                    && goes.depends_on.iter().all(|id| came.contains(id))
                {
                    now -= 1;
                    gone += 1;
                    assert!(now >= owners.min(owners + come - go), "{now} owners left");
                }
            }
        }
        assert_eq!(gone, if come == 0 { 0 } else { go });
    }
}

#[test]
fn two_owners_can_swap_and_the_last_cannot_go() {
    let swap = world(&["ana owner", "bo"], &["ana", "bo owner"]);
    assert_eq!(planned(&swap), ["ana: member -> owner", "bo: owner -> member"]);
    assert_eq!(refusals(&swap.plan().unwrap()), []);
    // Somebody pending is no owner yet, and an invited owner is none either.
    for live in [vec!["bo owner"], vec!["ana owner pending", "bo owner"]] {
        let handed_over = world(&["ana owner", "bo"], &live).plan().unwrap();
        assert_eq!(refusals(&handed_over), [GuardCode::OwnerFloor], "{live:?}");
    }
}

/// Changes, each with the numbers of those that it waits for.
#[track_caller]
fn waits(world: &World, expected: &[(&str, &[usize])]) {
    let content = world.plan().unwrap();
    let waits: Vec<Vec<usize>> = content
        .changes
        .iter()
        .map(|change| {
            let index = |id: &ChangeId| content.changes.iter().position(|one| one.id == *id);
            change.depends_on.iter().filter_map(index).collect()
        })
        .collect();
    let lines = changes(&content);
    let found: Vec<(&str, &[usize])> =
        lines.iter().zip(&waits).map(|(line, all)| (line.as_str(), all.as_slice())).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_kept_is_given_before_it_is_taken() {
    let zoe = "zoe owner";
    // An individual grant, for a place in a team that gives as much or more, or is to give it.
    for team in ["analyst", "owner"] {
        let growth = format!("Growth +ana web={team}");
        let live = format!("Growth web={team}");
        let people = world(&["ana", zoe], &["ana web=analyst", zoe]);
        waits(
            &with_teams(people, &[&growth], &[&live]),
            &[("team Growth: + ana", &[]), ("ana: web - analyst", &[0])],
        );
    }
    let people = world(&["ana", zoe], &["ana web=analyst", zoe]);
    waits(
        &with_teams(people, &["Growth +ana web=analyst"], &["Growth web=consumer"]),
        &[
            ("team Growth: + ana", &[]),
            ("team Growth: web consumer -> analyst", &[]),
            ("ana: web - analyst", &[0, 1]),
        ],
    );
    let people = world(&["ana", zoe], &["ana web=analyst", zoe]);
    waits(
        &with_teams(people, &["Growth +ana web=analyst"], &[]),
        &[
            ("team Growth: create", &[]),
            ("team Growth: + ana", &[0]),
            ("team Growth: web + analyst", &[0]),
            ("ana: web - analyst", &[1, 2]),
        ],
    );
    let people = world(&["ana", zoe], &["ana web=analyst", zoe]);
    waits(
        &with_teams(people, &["Growth +ana web=analyst"], &["Growth +ana"]),
        &[("team Growth: web + analyst", &[]), ("ana: web - analyst", &[0])],
    );
    // A place in a team, for one in another or for an individual grant.
    let people = world(&["ana", zoe], &["ana", zoe]);
    waits(
        &with_teams(
            people,
            &["Data web=analyst", "Growth +ana web=analyst"],
            &["Data +ana web=analyst", "Growth web=analyst"],
        ),
        &[("team Growth: + ana", &[]), ("team Data: - ana", &[0])],
    );
    let people = world(&["ana web=admin", zoe], &["ana", zoe]);
    waits(
        &with_teams(people, &["Data web=analyst"], &["Data +ana web=analyst"]),
        &[("ana: web + admin", &[]), ("team Data: - ana", &[0])],
    );
}

#[test]
fn what_a_team_gives_is_given_before_it_is_taken() {
    let zoe = "zoe owner";
    // A whole team, for another, and what it gives, for individual grants.
    let people = world(&["ana", zoe], &["ana", zoe]);
    waits(
        &with_teams(
            people,
            &["Data removed", "Growth +ana web=analyst"],
            &["Data +ana web=analyst"],
        ),
        &[
            ("team Growth: create", &[]),
            ("team Growth: + ana", &[0]),
            ("team Growth: web + analyst", &[0]),
            ("team Data: delete ana web=analyst", &[1, 2]),
        ],
    );
    for (team, changed) in [
        ("Data +ana", "team Data: web - analyst"),
        ("Data +ana web=consumer", "team Data: web analyst -> consumer"),
    ] {
        let people = world(&["ana web=analyst", zoe], &["ana", zoe]);
        waits(
            &with_teams(people, &[team], &["Data +ana web=analyst"]),
            &[("ana: web + analyst", &[]), (changed, &[0])],
        );
    }
    // Who loses it loses it at once.
    let people = world(&["ana web=analyst", "bo", zoe], &["ana", "bo", zoe]);
    waits(
        &with_teams(people, &["Data removed"], &["Data +ana +bo web=analyst"]),
        &[("team Data: delete ana bo web=analyst", &[]), ("ana: web + analyst", &[])],
    );
}

/// A role that changes for somebody pending is taken and given again, whatever a team gives.
#[test]
fn a_role_that_is_given_again_waits_for_no_team() {
    let people =
        world(&["ana web=consumer", "zoe owner"], &["ana pending web=analyst", "zoe owner"]);
    waits(
        &with_teams(people, &["Growth +ana web=admin"], &["Growth web=admin"]),
        &[("ana: web - analyst", &[]), ("ana: web + consumer", &[0]), ("team Growth: + ana", &[])],
    );
}

#[test]
fn what_should_be_gone_waits_for_nothing() {
    let zoe = "zoe owner";
    // Less than before is a reduction.
    let people = world(&["ana", zoe], &["ana web=admin", zoe]);
    waits(
        &with_teams(people, &["Growth +ana web=analyst"], &["Growth web=analyst"]),
        &[("ana: web - admin", &[]), ("team Growth: + ana", &[])],
    );
    // So is a place in a team that gives something else besides.
    let people = world(&["ana", zoe], &["ana", zoe]);
    waits(
        &with_teams(
            people,
            &["Data ios=admin web=analyst", "Growth +ana web=analyst"],
            &["Data +ana ios=admin web=analyst", "Growth web=analyst"],
        ),
        &[("team Data: - ana", &[]), ("team Growth: + ana", &[])],
    );
    // What something else gives already needs no waiting.
    let people = world(&["ana", "bo", zoe], &["ana web=analyst", "bo", zoe]);
    waits(
        &with_teams(
            people,
            &["Data +bo web=analyst", "Growth +ana web=analyst"],
            &["Data web=analyst", "Growth +ana web=analyst"],
        ),
        &[("ana: web - analyst", &[]), ("team Data: + bo", &[])],
    );
}

#[test]
fn declared_projects_come_before_others() {
    // `old` is not in the files, and its name comes first.
    let world = world(
        &["ed suspended", "zoe owner"],
        &["ed admin old=admin web=admin qa=analyst", "zoe owner"],
    );
    let content = world.plan().unwrap();
    let expected =
        ["ed: admin -> member", "ed: qa - analyst", "ed: web - admin", "ed: old - admin"];
    assert_eq!(changes(&content), expected);
    assert!(content.changes.iter().all(|change| change.depends_on.is_empty()));

    // The way back takes what it takes in the same order.
    let done: Vec<ChangeId> = content.changes.iter().map(|one| one.id.clone()).collect();
    let after = crate::testing::applied(&world.live, &content);
    let digest = mixaccess_model::Digest::of_bytes(b"plan");
    let back = crate::undo(&content, digest, &done, &after, crate::testing::NOW).unwrap();
    let expected =
        ["ed: member -> admin", "ed: qa + analyst", "ed: web + admin", "ed: old + admin"];
    assert_eq!(changes(&back), expected);
}

#[test]
fn what_only_takes_away_is_told_from_what_gives() {
    let reductions = |files: &[&str], live: &[&str]| {
        let content = world(files, live).plan().unwrap();
        changes(&content).into_iter().zip(crate::reductions(&content)).collect::<Vec<_>>()
    };
    let told = |expected: &[(&str, bool)]| {
        expected.iter().map(|(change, is)| ((*change).to_owned(), *is)).collect::<Vec<_>>()
    };
    assert_eq!(
        reductions(
            &["ana owner", "bo web=admin", "cy ios=analyst", "dot removed", "eve"],
            &["ana", "bo admin web=analyst ios=admin", "cy ios=admin", "dot pending", "zoe owner"],
        ),
        told(&[
            ("ana: member -> owner", false),
            ("bo: admin -> member", true),
            ("bo: ios - admin", true),
            ("cy: ios admin -> analyst", true),
            ("dot: withdraw member", true),
            ("bo: web analyst -> admin", false),
            ("eve: invite as member", false),
        ])
    );
    // Somebody pending has roles exchanged, and is invited anew for another organization role.
    assert_eq!(
        reductions(
            &["ana web=admin ios=analyst", "bo admin"],
            &["ana pending web=analyst ios=admin", "bo pending", "zoe owner"],
        ),
        told(&[
            ("ana: ios - admin", true),
            ("ana: ios + analyst", true),
            ("bo: withdraw member", false),
            ("ana: web - analyst", false),
            ("ana: web + admin", false),
            ("bo: invite as admin", false),
        ])
    );
}
