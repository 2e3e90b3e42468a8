//! Plans that no planner made, sealed all the same: whoever can edit a plan can seal it.

use mixaccess_model::{
    Change, Email, LiveState, MemberStatus, OrganizationRole, Plan, Precondition, ProjectRef,
    ProjectRole, Subject, UserId, Verb, Write,
};

use crate::fake::{Fake, Fault, Planner, Roster, now, options, person, project};
use crate::preflight::precheck::{Precheck, check_live};
use crate::{ApplyError, CancelToken, NoProgress, Refusal, StateDirectory, apply};

const ANN: &str = "ann@acme.example";
const BEN: &str = "ben@acme.example";
const NEW: &str = "new@agency.example";
const LEE: &str = "lee@agency.example";

fn roster() -> Roster {
    let mut lee = person(4, OrganizationRole::Member, &[(10, ProjectRole::Analyst)]);
    lee.status = MemberStatus::Pending;
    [
        (ANN, person(1, OrganizationRole::Owner, &[])),
        (BEN, person(2, OrganizationRole::Member, &[(10, ProjectRole::Analyst)])),
        (LEE, lee),
    ]
    .into_iter()
    .map(|(email, person)| (Email::new(email), person))
    .collect()
}

fn live() -> LiveState {
    let mut live = Fake::new(roster()).live();
    live.actor.organization_role = Some(OrganizationRole::Owner);
    live
}

fn grant(number: u64, after: ProjectRole) -> Write {
    Write::grant(project(number), after)
}

fn invite(number: u64, role: ProjectRole) -> Write {
    Write::invite(OrganizationRole::Member, vec![(project(number), role)])
}

fn analyst() -> (ProjectRef, ProjectRole) {
    (project(10), ProjectRole::Analyst)
}

/// One honest change of each kind, by the address that it is about.
fn honest() -> Vec<(&'static str, Write)> {
    let member = OrganizationRole::Member;
    vec![
        (BEN, Write::set_organization_role(member, OrganizationRole::Admin)),
        (BEN, Write::set_project_role(project(10), ProjectRole::Analyst, ProjectRole::Admin)),
        (BEN, Write::revoke(project(10), ProjectRole::Analyst)),
        (BEN, grant(11, ProjectRole::Consumer)),
        (BEN, Write::remove(Some(member), vec![analyst()])),
        (LEE, Write::withdraw(Some(member), vec![analyst()])),
        (NEW, invite(10, ProjectRole::Analyst)),
    ]
}

fn plan(email: &str, action: Write, edit: impl FnOnce(&mut Change)) -> Plan {
    let mut planner = Planner::new(&roster());
    planner.add(email, action, &[]);
    let mut content = planner.content();
    edit(&mut content.changes[0]);
    Plan::seal(content, now(), "x".into()).unwrap()
}

fn refusals(plan: &Plan) -> Vec<Refusal> {
    match check_live(plan, &live(), now()) {
        Precheck::Refused(refusals) => refusals,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn assert_malformed(plan: &Plan, expected: &str) {
    let refusals = refusals(plan);
    let text = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(refusals.iter().any(|one| one.code() == "malformed"), "{text}");
    let email = plan.content.changes[0].subject.email().unwrap();
    assert!(text.contains(expected) && text.contains(email.as_str()), "{text}");
}

#[test]
fn what_a_planner_made_is_ready() {
    for (email, action) in honest() {
        let plan = plan(email, action, |_| {});
        let ready = check_live(&plan, &live(), now());
        assert!(matches!(ready, Precheck::Ready { .. }), "{ready:?}");
    }
}

#[test]
fn a_change_addresses_the_number_of_its_address() {
    for (email, action) in honest() {
        for user in [Some(UserId(1)), None] {
            let is_invitation = action.verb == Verb::Invite;
            let plan = plan(email, action.clone(), |change| {
                change.subject = Subject::Person { email: Email::new(email), user };
            });
            if is_invitation {
                assert!(matches!(check_live(&plan, &live(), now()), Precheck::Ready { .. }));
            } else {
                assert_malformed(&plan, "it addresses number");
            }
        }
    }
}

#[test]
fn preconditions_are_neither_left_out_nor_invented() {
    for (email, action) in honest() {
        let emptied = plan(email, action.clone(), |change| change.preconditions.clear());
        assert_malformed(&emptied, "preconditions");
        let shortened = plan(email, action.clone(), |change| {
            change.preconditions.pop();
        });
        assert_malformed(&shortened, "preconditions");
        let padded = plan(email, action, |change| {
            change.preconditions.extend(change.preconditions.first().cloned());
        });
        assert_malformed(&padded, "preconditions");
    }
    // A precondition that allows any number.
    let (email, action) = honest().remove(0);
    let any = plan(email, action, |change| {
        if let Precondition::Member { user, .. } = &mut change.preconditions[0] {
            *user = None;
        }
    });
    assert_malformed(&any, "preconditions");
}

#[test]
fn the_state_before_is_as_the_change_says() {
    let owner = OrganizationRole::Owner;
    let roles = || (project(10), ProjectRole::Owner);
    for (email, action, expected) in [
        (BEN, Write::set_organization_role(owner, OrganizationRole::Admin), "organization role"),
        (
            BEN,
            Write::set_project_role(project(10), ProjectRole::Consumer, ProjectRole::Admin),
            "it names consumer",
        ),
        (BEN, Write::revoke(project(10), ProjectRole::Owner), "it names owner"),
        (BEN, grant(10, ProjectRole::Admin), "it names none"),
        (BEN, Write::remove(Some(owner), vec![analyst()]), "role before"),
        (BEN, Write::remove(Some(OrganizationRole::Member), vec![roles()]), "it names owner"),
        (LEE, Write::withdraw(None, vec![analyst()]), "it names unknown"),
        (LEE, Write::remove(Some(OrganizationRole::Member), vec![analyst()]), "not accepted"),
        (BEN, Write::withdraw(Some(OrganizationRole::Member), vec![analyst()]), "was accepted"),
        (BEN, invite(11, ProjectRole::Analyst), "is there"),
    ] {
        assert_malformed(&plan(email, action, |_| {}), expected);
    }
    // A grant to nobody would be an invitation that is called a grant.
    let disguised = plan(NEW, invite(10, ProjectRole::Admin), |change| {
        change.write = grant(10, ProjectRole::Admin);
    });
    assert_malformed(&disguised, "not there");
}

#[test]
fn a_removal_that_does_not_name_everything_it_takes_is_stale() {
    let action = Write::remove(Some(OrganizationRole::Member), vec![]);
    let refusals = refusals(&plan(BEN, action, |_| {}));
    assert!(matches!(&refusals[..], [Refusal::Stale(moved)]
        if moved.message == "expected none in project 10, found analyst"));
}

#[test]
fn a_number_that_stands_for_two_members_is_addressed_by_nobody() {
    let (email, action) = honest().remove(2);
    let plan = plan(email, action, |_| {});
    let mut live = live();
    let mut again = live.member(&Email::new(BEN)).unwrap().clone();
    again.email = Email::new("zoe@acme.example");
    live.members.push(again);
    live.normalize();
    let Precheck::Refused(refusals) = check_live(&plan, &live, now()) else { panic!("refused") };
    assert!(refusals[0].to_string().contains("stands for several"), "{refusals:?}");
}

#[tokio::test]
async fn going_on_checks_what_is_still_to_be_sent() {
    let mut planner = Planner::new(&roster());
    planner.add(LEE, Write::revoke(project(10), ProjectRole::Analyst), &[]);
    planner.add(BEN, Write::revoke(project(10), ProjectRole::Analyst), &[]);
    let plan = planner.plan();
    let fake = Fake::new(roster());
    let root = tempfile::tempdir().unwrap();
    let state = StateDirectory::open(root.path()).unwrap();
    let mut options = options(0);
    options.concurrency = 1;
    fake.lock().faults.insert(1, Fault::Busy);
    let run = async |plan: &Plan, options: &crate::ApplyOptions| {
        apply(plan, &fake, &state, options, &NoProgress, &CancelToken::never()).await
    };
    assert_eq!(run(&plan, &options).await.unwrap().exit_code(), 4);
    // The journal is made to fit another plan: what is sealed is no proof either way.
    let mut content = plan.content.clone();
    content.changes[1].subject = Subject::Person { email: Email::new(BEN), user: Some(UserId(1)) };
    let forged = Plan::seal(content, now(), "x".into()).unwrap();
    let old = std::fs::read_dir(state.journals()).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&old).unwrap();
    let text = text.replace(&plan.digest.to_string(), &forged.digest.to_string());
    std::fs::write(state.journals().join(format!("{}-0001.jsonl", forged.digest.short(16))), text)
        .unwrap();
    options.resume = true;
    let Err(ApplyError::Refused(refusals)) = run(&forged, &options).await else { panic!("sent") };
    assert!(refusals[0].to_string().contains("it addresses number 1"), "{refusals:?}");
    assert_eq!(fake.lock().writes.len(), 2);
    assert_eq!(run(&plan, &options).await.unwrap().exit_code(), 0);
}

/// Ben and Lee lose their only project, and everybody else's figures are grand.
fn sweep() -> Plan {
    let mut planner = Planner::new(&roster());
    for email in [BEN, LEE] {
        let revoke = Write::revoke(project(10), ProjectRole::Analyst);
        planner.add(email, revoke, &[]);
    }
    let mut content = planner.content();
    content.policy.removals = Default::default();
    content.subjects.clear();
    content.projects.clear();
    Plan::seal(content, now(), "x".into()).unwrap()
}

#[test]
fn guard_rails_count_what_is_live_whatever_the_plan_says_of_it() {
    let plan = sweep();
    assert_eq!(plan.content.figures.members, 1_000);
    let text = refusals(&plan).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("2 people would be removed") && text.contains("of 3 members"), "{text}");

    let owner = Write::set_organization_role(OrganizationRole::Member, OrganizationRole::Owner);
    let honest = self::plan(BEN, owner, |_| {});
    let mut content = honest.content;
    content.policy.escalations.allow_organization_owner = false;
    content.subjects.clear();
    let promoted = Plan::seal(content, now(), "x".into()).unwrap();
    let codes: Vec<_> = refusals(&promoted).iter().map(Refusal::code).collect();
    assert!(codes.contains(&"escalations"), "{codes:?}");
}

#[tokio::test]
async fn a_plan_that_says_otherwise_of_whom_it_changes_is_refused() {
    let (email, action) = honest().remove(2);
    let edits: [fn(&mut mixaccess_model::PlanContent); 4] = [
        |content| content.subjects.clear(),
        |content| {
            let before = content.subjects[0].before.as_mut().unwrap();
            before.grants.iter_mut().for_each(|row| row.role = ProjectRole::Owner);
        },
        |content| content.subjects[0].after = content.subjects[0].before.clone(),
        |content| {
            let before = content.subjects[0].before.as_mut().unwrap();
            before.organization_role = Some(OrganizationRole::Owner);
        },
    ];
    for edit in edits {
        let mut content = plan(email, action.clone(), |_| {}).content;
        edit(&mut content);
        let plan = Plan::seal(content, now(), "x".into()).unwrap();
        let fake = Fake::new(roster());
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path()).unwrap();
        let (options, never) = (options(0), CancelToken::never());
        let refused = apply(&plan, &fake, &state, &options, &NoProgress, &never).await;
        let Err(ApplyError::Refused(refusals)) = refused else { panic!("sent") };
        assert!(refusals[0].to_string().contains("what it says of the access of"), "{refusals:?}");
        assert_eq!(fake.lock().writes.len(), 0);
    }
}
