//! Teams: what is planned for them, and what they give.

use mixaccess_model::{
    EffectiveAboveDeclared, GuardCode, NotPlannedKind, Precondition, Risk, Severity, Subject,
    UnmanagedAction,
};

use super::{
    World, actor, changes, findings, left_alone, planned, protecting, refusals, sweeping,
    with_teams, world,
};
use crate::{Projection, refused_by_service};

const PEOPLE: [&str; 4] = ["ana", "bo", "cleo", "zoe owner"];

fn everybody() -> World {
    world(&PEOPLE, &PEOPLE)
}

#[track_caller]
fn check(files: &[&str], live: &[&str], expected: &[&str]) {
    assert_eq!(
        planned(&with_teams(everybody(), files, live)),
        expected,
        "{files:?} against {live:?}"
    );
}

#[test]
fn teams_are_created_changed_and_deleted() {
    check(&["Growth +ana web=analyst"], &["Growth +ana web=analyst"], &[]);
    check(
        &["Growth +ana +bo web=analyst ios=none"],
        &[],
        &[
            "team Growth: create",
            "team Growth: + ana",
            "team Growth: + bo",
            "team Growth: web + analyst",
        ],
    );
    check(
        &["Growth +ana web=analyst"],
        &["Growth +bo ios=admin qa=owner web=admin old=owner"],
        &[
            "team Growth: - bo",
            "team Growth: ios - admin",
            "team Growth: qa - owner",
            "team Growth: web admin -> analyst",
            "team Growth: + ana",
        ],
    );
    check(
        &["Growth removed"],
        &["Growth +bo web=admin old=owner"],
        &["team Growth: delete bo web=admin old=owner"],
    );
    check(&["Growth removed"], &[], &[]);
}

#[test]
fn undeclared_teams_and_people_are_reported() {
    let world = with_teams(
        world(&["ana", "zoe owner"], &["ana", "bo", "zoe owner"]),
        &["Growth +ana"],
        &["Data +ana web=admin", "Growth +ana +bo"],
    );
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    let alone = left_alone(&content);
    for expected in [
        "team Data: not in the files: 1 person, 1 project",
        "team Growth: keeps 1 person whom the files do not name: bo@acme.example",
    ] {
        assert!(alone.contains(&(NotPlannedKind::Unmanaged, expected.to_owned())), "{alone:?}");
    }
}

#[test]
fn people_join_when_they_are_invited_and_leave_with_their_account() {
    let invited =
        with_teams(world(&["ana", "zoe owner"], &["zoe owner"]), &["Growth +ana web=admin"], &[]);
    let content = invited.plan().unwrap();
    assert_eq!(
        changes(&content),
        [
            "ana: invite as member",
            "team Growth: create",
            "team Growth: + ana",
            "team Growth: web + admin"
        ]
    );
    let ids =
        |at: &[usize]| at.iter().map(|at| content.changes[*at].id.clone()).collect::<Vec<_>>();
    assert_eq!(content.changes[2].depends_on, ids(&[1, 0]));
    assert_eq!(content.changes[3].depends_on, ids(&[1]));

    let gone = with_teams(
        world(&["ana removed", "bo suspended", "zoe owner"], &["ana", "bo", "zoe owner"]),
        &["Growth"],
        &["Growth +ana +bo web=admin"],
    );
    assert_eq!(
        planned(&gone),
        ["ana: remove member", "team Growth: - bo", "team Growth: web - admin"]
    );

    // A new invitation brings a new place in the team.
    let renewed = with_teams(
        world(&["ana admin", "zoe owner"], &["ana pending", "zoe owner"]),
        &["Growth +ana"],
        &["Growth +ana"],
    );
    assert_eq!(
        planned(&renewed),
        ["ana: withdraw member", "ana: invite as admin", "team Growth: + ana"]
    );
}

#[test]
fn what_a_team_will_give_decides_what_individual_grants_are_needed() {
    // Joining gives the declared role.
    let joins = with_teams(
        world(&["ana web=analyst", "zoe owner"], &["ana", "zoe owner"]),
        &["Growth +ana web=analyst"],
        &["Growth web=analyst"],
    );
    assert_eq!(planned(&joins), ["team Growth: + ana"]);
    // Leaving takes it away, so that it is granted.
    let leaves = with_teams(
        world(&["ana web=analyst", "zoe owner"], &["ana", "zoe owner"]),
        &["Growth web=analyst"],
        &["Growth +ana web=analyst"],
    );
    assert_eq!(planned(&leaves), ["ana: web + analyst", "team Growth: - ana"]);
}

#[test]
fn sweeping_takes_people_out_of_teams() {
    let world = with_teams(
        sweeping(world(&["zoe owner"], &["ana", "bo", "zoe owner"]), UnmanagedAction::Suspend),
        &["Growth web=admin"],
        &["Growth +ana web=admin"],
    );
    assert_eq!(planned(&protecting(world.clone(), "bo@*")), ["team Growth: - ana"]);
    assert_eq!(planned(&protecting(world, "ana@*")), Vec::<String>::new());
}

#[test]
fn members_who_are_nowhere_are_told() {
    let world = with_teams(world(&["zoe owner"], &["zoe owner"]), &["Growth +ana"], &["Growth"]);
    let content = world.plan().unwrap();
    let expected = "team-member-absent: ana@acme.example should be in the team, and is not in the organization";
    assert!(findings(&content).contains(&expected.to_owned()));
    assert_eq!(changes(&content), Vec::<String>::new());
}

#[test]
fn teams_that_cannot_be_told_are_left_alone() {
    let mut unread = with_teams(everybody(), &["Growth"], &[]);
    unread.live.teams = None;
    let twice = with_teams(everybody(), &["Growth"], &["Growth +ana", "Growth"]);
    let declared_twice = with_teams(everybody(), &["Growth +ana", "Growth"], &["Growth +ana"]);
    for (world, code) in [
        (unread, "teams-unreadable"),
        (twice, "duplicate-team"),
        (declared_twice, "declared-twice"),
    ] {
        let content = world.plan().unwrap();
        let mut told = content.findings.iter().filter(|one| one.code == code);
        assert!(told.next().is_some_and(|one| one.hint.is_some()), "{code}");
        assert_eq!(content.is_refused(), code == "declared-twice");
        assert_eq!(changes(&content), Vec::<String>::new());
    }
    let alike = with_teams(everybody(), &["Growth"], &["growth"]).plan().unwrap();
    assert!(
        findings(&alike).contains(
            &"look-alike-team: is created although team growth is already live".to_owned()
        )
    );
}

#[test]
fn a_deletion_says_who_loses_what() {
    let live = ["ana", "bo web=admin", "cleo owner", "zoe owner"];
    let world = with_teams(
        world(&["ana", "bo web=admin", "cleo owner", "zoe owner"], &live),
        &["Growth removed"],
        &["Growth +ana +bo +cleo web=analyst"],
    );
    let content = world.plan().unwrap();
    assert_eq!(content.changes[0].risk, Risk::Destructive);
    let told = "team-deleted: is deleted: 1 person loses analyst in web: ana@acme.example";
    assert!(findings(&content).contains(&told.to_owned()), "{:?}", findings(&content));
    let empty = with_teams(everybody(), &["Growth removed"], &["Growth"]).plan().unwrap();
    let nobody = "team-deleted: is deleted, and nobody loses access by it".to_owned();
    assert!(findings(&empty).contains(&nobody));
}

#[test]
fn everybody_whom_a_team_touches_is_shown_before_and_after() {
    let content =
        with_teams(everybody(), &["Growth +ana web=admin"], &["Growth +ana +bo web=analyst"])
            .plan()
            .unwrap();
    let shown: Vec<String> =
        content.subjects.iter().map(|one| super::name_of(&one.subject)).collect();
    assert_eq!(shown, ["ana", "bo", "team Growth"]);
    let roles = |at: usize| {
        let one = &content.subjects[at];
        [&one.before, &one.after].map(|access| {
            let access = access.as_ref().unwrap();
            let grants = access.grants.iter().map(|grant| grant.role.to_string());
            (access.teams.len(), grants.collect::<Vec<_>>().join(" "))
        })
    };
    assert_eq!(roles(0), [(1, "analyst".to_owned()), (1, "admin".to_owned())]);
    assert_eq!(roles(1), [(1, "analyst".to_owned()), (0, String::new())]);
    assert_eq!(roles(2), [(0, "analyst".to_owned()), (0, "admin".to_owned())]);
}

#[test]
fn team_writes_need_an_organization_admin() {
    for (role, refuses) in
        [("owner", false), ("admin", false), ("billing_admin", true), ("member", true)]
    {
        let mut world = with_teams(everybody(), &["Growth +ana web=admin"], &[]);
        world.live.actor = actor(role);
        let content = world.plan().unwrap();
        let refused = refused_by_service(&content, &world.live);
        assert_eq!(refused.len(), if refuses { 3 } else { 0 }, "{role}: {refused:?}");
    }
    let mut above = with_teams(everybody(), &["Growth web=owner"], &["Growth"]);
    above.live.actor = actor("admin");
    let content = above.plan().unwrap();
    assert!(
        content.errors().any(|one| one.message.contains("nobody assigns a role above their own"))
    );
}

#[test]
fn guard_rails_see_through_teams() {
    // Two people lose their last project with the team.
    let mut loses = with_teams(everybody(), &["Growth +ana +bo"], &["Growth +ana +bo web=admin"]);
    loses.desired.policy.removals.people = 1;
    assert_eq!(refusals(&loses.plan().unwrap()), [GuardCode::Removals]);
    loses.desired.policy.removals.people = 100;
    loses.desired.policy.reductions.percent = 50;
    let content = loses.plan().unwrap();
    assert_eq!(content.figures.other_grants, 2);
    assert_eq!(refusals(&content), [GuardCode::Reductions]);

    let mut gains = with_teams(everybody(), &["Growth +ana +bo web=admin"], &["Growth +ana"]);
    gains.desired.policy.escalations.maximum = Some(1);
    assert_eq!(refusals(&gains.plan().unwrap()), [GuardCode::Escalations]);
    gains.desired.policy.escalations.maximum = Some(2);
    assert_eq!(refusals(&gains.plan().unwrap()), []);

    for files in [
        "Growth +bo web=admin",
        "Growth +ana +bo web=consumer",
        "Growth removed",
        "Growth +ana web=admin ios=admin",
    ] {
        let touched =
            protecting(with_teams(everybody(), &[files], &["Growth +ana web=admin"]), "ana@*");
        let content = touched.plan().unwrap();
        assert_eq!(refusals(&content), [GuardCode::Protected], "{files}");
        let verdict = content.refusals().next().unwrap();
        assert_eq!(verdict.subject.as_ref().map(super::name_of).as_deref(), Some("ana"));
    }
}

#[test]
fn rules_see_what_teams_give() {
    let people = |owner| world(&["ana", owner], &["ana", owner]);
    let mut world = with_teams(
        people("zoe@owners.example owner"),
        &["Growth +ana web=admin"],
        &["Growth +ana"],
    );
    world.desired.policy.rules.push(mixaccess_model::Rule {
        deny: mixaccess_model::RuleMatch {
            domain: vec!["acme.example".to_owned()],
            role: vec![mixaccess_model::ProjectRole::Admin],
            project: vec![mixaccess_model::ProjectKey::new("web")],
            ..mixaccess_model::RuleMatch::default()
        },
        because: "of the contract".to_owned(),
        place: None,
    });
    let refused = world.plan().unwrap();
    let messages: Vec<&str> = refused.refusals().map(|one| one.message.as_str()).collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("ana@acme.example: admin in web"), "{messages:?}");
    // Nothing changes, and what stands is told all the same.
    let settled = world.after(&refused).plan().unwrap();
    assert_eq!(changes(&settled), Vec::<String>::new());
    assert_eq!(refusals(&settled), []);
    assert!(settled.findings.iter().any(|one| one.code == "rule"));
}

#[test]
fn effective_access_above_what_is_declared() {
    let told = |files: &str, declared: &[&str], live: &[&str]| {
        let world = with_teams(
            world(&[files, "zoe owner"], &["ana web=analyst", "zoe owner"]),
            declared,
            live,
        );
        let mut lines = findings(&world.plan().unwrap());
        lines.retain(|one| !one.starts_with("few-owners") && !one.starts_with("follow-up"));
        lines
    };
    let growth = "Growth +ana web=admin";
    assert_eq!(
        told("ana web=analyst", &[growth], &[growth]),
        [
            "effective-above-declared: declared analyst in web, effectively admin through team Growth"
        ]
    );
    // What the files themselves give through a team is declared.
    let other = "Growth +ana ios=admin";
    assert_eq!(told("ana web=analyst", &[other], &[other]), Vec::<String>::new());
    assert_eq!(
        told("ana web=analyst", &[], &[other]),
        ["effective-above-declared: declared none in ios, effectively admin through team Growth"]
    );
    assert_eq!(
        told("ana web=analyst ios=none", &[other], &[other]),
        ["none-not-reachable: none in ios cannot be reached: admin through team Growth"]
    );
    // Also where one team gives exactly what is declared, and another gives more.
    let two = ["Data +ana web=analyst", growth];
    let mut met =
        with_teams(world(&["ana web=analyst", "zoe owner"], &["ana", "zoe owner"]), &two, &two);
    met.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
    let content = met.plan().unwrap();
    assert_eq!(content.errors().count(), 1, "{:?}", findings(&content));
    assert!(!findings(&content).iter().any(|one| one.starts_with("grant-changes-nothing")));
    let same = "Growth +ana web=analyst";
    assert_eq!(
        told("ana web=analyst", &[same], &[same]),
        [
            "grant-changes-nothing: the individual grant of analyst in web changes nothing: analyst is given through team Growth"
        ]
    );
    // A team that the person is about to leave gives nothing.
    assert_eq!(told("ana web=analyst", &["Growth web=admin"], &[growth]), Vec::<String>::new());
    let through_role = told("ana admin web=analyst", &[], &[]);
    let admin = "effective-above-declared: declared analyst in web, effectively admin through the organization role";
    assert_eq!(through_role, [admin]);
    // What the organization role gives everywhere is no more because a team gives some of it.
    let still = "still-has-access: keeps admin in web through the organization role";
    assert_eq!(told("ana admin", &[], &[other]), [still]);
    assert_eq!(
        told("ana admin", &[], &["Growth +ana ios=owner"]),
        [
            "effective-above-declared: declared none in ios, effectively owner through team Growth",
            still
        ]
    );
}

#[test]
fn effective_above_declared_can_refuse() {
    let growth = "Growth +ana web=admin";
    let mut world = with_teams(
        world(&["ana web=analyst"], &["ana web=analyst", "zoe owner"]),
        &[growth],
        &[growth],
    );
    assert!(!world.plan().unwrap().is_refused());
    world.desired.policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
    let content = world.plan().unwrap();
    assert!(content.is_refused());
    assert_eq!(content.errors().next().map(|one| one.severity), Some(Severity::Error));
    // Also while an individual grant goes.
    world.desired.collaborators[0].grants[0].role = None;
    let content = world.plan().unwrap();
    assert_eq!(changes(&content), ["ana: web - analyst"]);
    let errors: Vec<&str> = content.errors().map(|one| one.code.as_ref()).collect();
    assert_eq!(errors, ["none-not-reachable"]);
}

#[test]
fn what_moved_in_a_team_is_said() {
    let before = with_teams(
        everybody(),
        &["Growth +ana web=admin", "Data removed"],
        &["Growth +bo web=analyst", "Data"],
    );
    let content = before.plan().unwrap();
    let growth = Subject::Team { name: "Growth".into(), id: None };
    assert!(matches!(content.changes[1].preconditions[0], Precondition::Team { id: Some(_) }));
    for (live, expected) in [
        (vec!["Growth +bo web=analyst", "Data"], vec![]),
        (
            vec!["Growth +ana +bo web=analyst", "Data"],
            vec!["expected ana@acme.example not in the team, found in it"],
        ),
        (
            vec!["Growth web=analyst", "Data"],
            vec!["expected bo@acme.example in the team, found not"],
        ),
        (vec!["Growth +bo web=owner", "Data"], vec!["expected analyst in project 11, found owner"]),
        (
            vec!["Growth +bo web=analyst", "Data +cleo"],
            vec!["expected cleo@acme.example not in the team, found in it"],
        ),
        (
            vec!["Growth +bo web=analyst", "Data web=admin"],
            vec!["expected none in project 11, found admin"],
        ),
        (vec!["Growth +bo web=analyst"], vec!["expected a team, found none of this name"]),
    ] {
        let now = with_teams(everybody(), &[], &live).live;
        let projection = Projection::new(&now);
        let moved: Vec<String> = content
            .changes
            .iter()
            .flat_map(|change| projection.moved(change))
            .map(|moved| moved.message)
            .collect();
        assert_eq!(moved, expected, "{live:?}");
        assert!(projection.access(&growth).is_some());
    }
}

#[test]
fn what_teams_give_in_unread_projects_counts() {
    for (files, live, before, after) in [
        ("Ops +ana web=analyst", "Ops web=analyst old=owner", false, true),
        ("Ops web=analyst", "Ops +ana web=analyst old=owner", true, false),
        ("Ops removed", "Ops +ana web=analyst old=owner", true, false),
    ] {
        let mut world = with_teams(everybody(), &[files], &[live]);
        world.live.projects[3].members_read = false;
        for member in &mut world.live.members {
            member.grants.retain(|grant| grant.project != mixaccess_model::ProjectId(14));
        }
        world.desired.policy.escalations.maximum = Some(0);
        let content = world.plan().unwrap();
        let ana = content.subjects.iter().find(|one| one.subject.email().is_some()).unwrap();
        let owns = |access: &Option<mixaccess_model::Access>| {
            let grants = access.iter().flat_map(|one| &one.grants);
            grants.filter(|grant| grant.project.0 == 14 && grant.role.as_str() == "owner").count()
        };
        let expected = (usize::from(before), usize::from(after));
        assert_eq!((owns(&ana.before), owns(&ana.after)), expected, "{files}");
        assert_eq!(refusals(&content).contains(&GuardCode::Escalations), after, "{files}");
        assert!(content.projects.iter().any(|project| project.id.0 == 14), "{files}");
    }
}
