//! What a failure stops, and what goes on.

use mixaccess_api::Write;
use mixaccess_model as model;
use mixaccess_model::{Email, MemberStatus, OrganizationRole, ProjectRole, Through};

use crate::fake::{Fake, Fault, Organization, Planner, Roster, Team, options, person, project};
use crate::{ApplyStatus, CancelToken, NoProgress, Receipt, StateDirectory, apply};

const ED: &str = "ed@acme.example";
const LEE: &str = "lee@acme.example";
const ROOT: &str = "root@acme.example";

struct Bench {
    fake: Fake,
    planner: Planner,
    root: tempfile::TempDir,
}

impl Bench {
    fn of(organization: Organization) -> Self {
        let planner = Planner::of(&organization);
        Self { fake: Fake::of(organization), planner, root: tempfile::tempdir().unwrap() }
    }

    /// Ed is admin of the organization and of four projects.
    fn new() -> Self {
        let grants = [6, 7, 8, 9].map(|number| (number, ProjectRole::Admin));
        Self::of(Organization {
            people: Roster::from([
                (Email::new(ED), person(2, OrganizationRole::Admin, &grants)),
                (Email::new(LEE), person(3, OrganizationRole::Member, &[])),
                (Email::new(ROOT), person(1, OrganizationRole::Owner, &[])),
            ]),
            ..Organization::default()
        })
    }

    async fn run(&self, resume: bool) -> Receipt {
        let state = StateDirectory::open(self.root.path()).unwrap();
        let mut options = options(1);
        options.concurrency = 1;
        options.resume = resume;
        let never = CancelToken::never();
        let plan = self.planner.plan();
        apply(&plan, &self.fake, &state, &options, &NoProgress, &never).await.unwrap()
    }

    /// The writes of those numbers are refused.
    fn refuse(&self, writes: impl IntoIterator<Item = usize>) {
        let refused = writes.into_iter().map(|number| (number, Fault::Refuse));
        self.fake.lock().faults.extend(refused);
    }

    fn roles(&self, email: &str) -> Vec<u64> {
        let inner = self.fake.lock();
        inner.now.people[&Email::new(email)].grants.keys().map(|project| project.0).collect()
    }
}

fn revoke(number: u64) -> model::Write {
    model::Write::revoke(project(number), ProjectRole::Admin)
}

fn grant(number: u64, after: ProjectRole) -> model::Write {
    model::Write::grant(project(number), after)
}

fn results(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|change| change.outcome.as_str()).collect()
}

#[tokio::test]
async fn whoever_is_suspended_loses_what_can_be_taken() {
    let mut bench = Bench::new();
    let (before, after) = (OrganizationRole::Admin, OrganizationRole::Member);
    bench.planner.add(ED, model::Write::set_organization_role(before, after), &[]);
    for number in [7, 8, 9] {
        bench.planner.add(ED, revoke(number), &[]);
    }
    bench.planner.add(ED, grant(10, ProjectRole::Analyst), &[]);
    bench.refuse([0, 2]);
    let receipt = bench.run(false).await;
    assert_eq!(results(&receipt), ["failed", "applied", "failed", "applied", "skipped"]);
    assert_eq!((receipt.exit_code(), bench.roles(ED)), (4, vec![6, 8]));

    // Going on, which fails again at the same place, and at last does not.
    bench.refuse([4]);
    let receipt = bench.run(true).await;
    assert_eq!(results(&receipt), ["failed", "applied", "applied", "applied", "skipped"]);
    let receipt = bench.run(true).await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!(bench.roles(ED), [6, 10]);
}

#[tokio::test]
async fn a_reduction_goes_on_where_somebody_else_moved_another() {
    let mut bench = Bench::new();
    for number in [7, 8, 9] {
        bench.planner.add(ED, revoke(number), &[]);
    }
    bench.planner.add(ED, grant(10, ProjectRole::Analyst), &[]);
    bench.refuse([0, 1, 2]);
    // One went through, so that there is something to go on from.
    bench.planner.add(LEE, grant(10, ProjectRole::Analyst), &[]);
    assert_eq!(
        results(&bench.run(false).await),
        ["failed", "failed", "failed", "skipped", "applied"]
    );
    bench.fake.by_hand(|roster| {
        let ed = roster.get_mut(&Email::new(ED)).unwrap();
        ed.grants.insert(project(7).id, ProjectRole::Owner);
        ed.grants.insert(project(8).id, ProjectRole::Analyst);
    });
    let receipt = bench.run(true).await;
    assert_eq!(results(&receipt), ["moved", "moved", "applied", "skipped", "applied"]);
    assert_eq!((receipt.exit_code(), bench.roles(ED)), (4, vec![6, 7, 8]));
}

#[tokio::test]
async fn a_reduction_waits_for_what_replaces_it() {
    let mut organization = Organization {
        people: Bench::new().fake.lock().now.people.clone(),
        ..Organization::default()
    };
    let team = Team { id: 7, ..Team::default() };
    organization.teams.insert("Web".into(), team);
    let mut bench = Bench::of(organization);
    let email = Email::new(ED);
    let join = model::Write::add_team_member(email, Through::Mixpanel);
    let joined = bench.planner.add_to_team("Web", join, &[]);
    bench.planner.add(ED, revoke(7), &[joined]);
    bench.planner.add(ED, revoke(8), &[]);
    bench.refuse([0]);
    assert_eq!(results(&bench.run(false).await), ["failed", "skipped", "applied"]);
    assert_eq!(bench.roles(ED), [6, 7, 9]);
}

#[tokio::test]
async fn whoever_does_not_become_owner_keeps_the_projects() {
    let mut bench = Bench::new();
    let (before, after) = (OrganizationRole::Admin, OrganizationRole::Owner);
    bench.planner.add(ED, model::Write::set_organization_role(before, after), &[]);
    bench.planner.add(ED, revoke(7), &[]);
    bench.refuse([0]);
    assert_eq!(results(&bench.run(false).await), ["failed", "skipped"]);
    assert_eq!(bench.roles(ED), [6, 7, 8, 9]);
}

/// Roles that are taken and given again: a lower one is a reduction as a whole, and another is none.
#[tokio::test]
async fn a_role_that_is_exchanged_is_one_change() {
    for (after, expected, roles) in [
        (ProjectRole::Analyst, ["failed", "applied", "applied", "failed"], vec![6, 7, 8, 9]),
        (ProjectRole::Owner, ["failed", "skipped", "skipped", "failed"], vec![6, 7, 8, 9]),
    ] {
        let mut bench = Bench::new();
        bench.fake.by_hand(|roster| {
            let ed = roster.get_mut(&Email::new(ED)).unwrap();
            ed.status = MemberStatus::Pending;
        });
        bench.planner = Planner::of(&bench.fake.lock().now);
        bench.planner.add(ED, revoke(6), &[]);
        let taken = bench.planner.add(ED, revoke(7), &[]);
        bench.planner.add(ED, grant(7, after.clone()), &[taken]);
        bench.planner.add(ED, revoke(8), &[]);
        // The last write, whichever it is, and the first.
        bench.refuse([0, if after == ProjectRole::Analyst { 3 } else { 1 }]);
        let receipt = bench.run(false).await;
        assert_eq!(results(&receipt), expected, "{after}");
        assert_eq!(bench.roles(ED), roles, "{after}");
    }
}

#[tokio::test]
async fn an_invitation_that_is_sent_anew_is_left_as_it_is() {
    let mut bench = Bench::new();
    bench.fake.by_hand(|roster| {
        let ed = roster.get_mut(&Email::new(ED)).unwrap();
        ed.status = MemberStatus::Pending;
    });
    bench.planner = Planner::of(&bench.fake.lock().now);
    bench.planner.add(ED, revoke(6), &[]);
    let loses = [7, 8, 9].map(|number| (project(number), ProjectRole::Admin));
    let organization_role = Some(OrganizationRole::Admin);
    let withdrawal = model::Write::withdraw(organization_role, loses.to_vec());
    let withdrawn = bench.planner.add(ED, withdrawal, &[]);
    let organization_role = OrganizationRole::Member;
    let invite = model::Write::invite(organization_role, Vec::new());
    bench.planner.add(ED, invite, &[withdrawn]);
    bench.refuse([0]);
    assert_eq!(results(&bench.run(false).await), ["failed", "skipped", "skipped"]);
    assert!(matches!(bench.fake.lock().writes.as_slice(), [Write::Revoke { .. }]));
}

#[tokio::test]
async fn accounts_and_teams_lose_what_can_be_taken() {
    let mut organization = Organization {
        people: Bench::new().fake.lock().now.people.clone(),
        ..Organization::default()
    };
    let grants = [7, 8].map(|number| (project(number).id, ProjectRole::Admin));
    let account = crate::fake::Account {
        id: 40,
        secret: String::new(),
        created: None,
        created_by: None,
        expires: None,
        grants: grants.clone().into(),
    };
    organization.accounts.insert("ci".into(), account);
    let people = [ED, LEE].map(Email::new);
    let team = Team { id: 7, members: people.clone().into(), grants: grants.into() };
    organization.teams.insert("Web".into(), team);
    let mut bench = Bench::of(organization);
    for number in [7, 8] {
        bench.planner.add_to_account("ci", revoke(number), &[]);
    }
    for email in people {
        let leave = model::Write::remove_team_member(email, Through::Mixpanel);
        bench.planner.add_to_team("Web", leave, &[]);
    }
    bench.refuse([0, 2]);
    assert_eq!(results(&bench.run(false).await), ["failed", "applied", "failed", "applied"]);
}

/// Somebody else takes a role from Ed as soon as something is done.
struct Meddler<'a>(&'a Fake);

impl crate::Progress for Meddler<'_> {
    fn change_done(&self, _: &mixaccess_model::Change, _: &crate::Outcome) {
        self.0.by_hand(|roster| {
            roster.get_mut(&Email::new(ED)).unwrap().grants.remove(&project(9).id);
        });
    }
}

#[tokio::test]
async fn going_on_asks_again_whether_everything_is_as_planned() {
    let mut bench = Bench::new();
    bench.planner.add(ED, revoke(7), &[]);
    bench.planner.add(LEE, grant(10, ProjectRole::Analyst), &[]);
    let plan = bench.planner.plan();
    let state = StateDirectory::open(bench.root.path()).unwrap();
    let never = CancelToken::never();
    let meddler = Meddler(&bench.fake);
    let first = apply(&plan, &bench.fake, &state, &options(1), &meddler, &never).await.unwrap();
    let told = |receipt: &Receipt| {
        let all = receipt.verification.mismatches().iter();
        let told = |one: &crate::Mismatch| {
            let place = one.project.as_ref().map_or_else(String::new, |at| at.key.to_string());
            format!("{} {place}: {}, {}", one.subject, one.expected, one.found)
        };
        (receipt.exit_code(), all.map(told).collect::<Vec<_>>())
    };
    let not_so = (4, vec!["ed@acme.example project-9: admin, none".to_owned()]);
    assert_eq!((results(&first), told(&first)), (vec!["applied", "applied"], not_so.clone()));
    // What was accepted can be taken back all the same.
    assert!(first.undo.plan.is_some());

    // Everything was sent, and it is still not as planned.
    let again = bench.run(true).await;
    assert_eq!((told(&again), again.requests.writes), (not_so.clone(), 0));
    assert!(again.undo.plan.is_some());
    let ed = Email::new(ED);
    bench.fake.by_hand(|roster| {
        roster.get_mut(&ed).unwrap().grants.insert(project(9).id, ProjectRole::Admin);
    });
    let again = bench.run(true).await;
    assert_eq!((again.status, told(&again)), (ApplyStatus::Applied, (0, vec![])));

    // A finished plan is finished; whoever goes on with it is told what is not so.
    assert_eq!(bench.run(true).await.status, ApplyStatus::AlreadyApplied);
    bench.fake.by_hand(|roster| {
        let ed = roster.get_mut(&ed).unwrap();
        ed.grants.remove(&project(9).id);
        ed.grants.insert(project(7).id, ProjectRole::Analyst);
    });
    let again = bench.run(false).await;
    assert_eq!((again.status, again.exit_code()), (ApplyStatus::AlreadyApplied, 0));
    let again = bench.run(true).await;
    let (code, mut all) = told(&again);
    all.sort_unstable();
    assert_eq!(code, 4);
    assert_eq!(
        all,
        ["ed@acme.example project-7: none, analyst", "ed@acme.example project-9: admin, none"]
    );
    assert_eq!((results(&again), again.requests.writes), (vec!["applied", "applied"], 0));
}
