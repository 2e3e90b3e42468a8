//! Teams and service accounts, one situation after another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use mixaccess_api::{TeamUpdate, Write};
use mixaccess_model as model;
use mixaccess_model::{
    Email, Grant, GrantSource, MemberStatus, OrganizationRole, Plan, ProjectRef, ProjectRole,
    Subject, TeamId, Through,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use crate::fake::{
    Account, Crash, Fake, Fault, Organization, Planner, Team, now, options, person, project,
};
use crate::fake_plan::comparable;
use crate::journal::unsettled_creations;
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, Awaited, CancelToken, Delivery, NoProgress, Outcome,
    Progress, Receipt, Refusal, SecretSink, StateDirectory, Verification, apply, cancellation,
};

const ANN: &str = "ann@acme.example";
const BEN: &str = "ben@acme.example";
const NEW: &str = "new@agency.example";

fn analyst(number: u64) -> (ProjectRef, ProjectRole) {
    (project(number), ProjectRole::Analyst)
}

fn join(email: &str) -> model::Write {
    model::Write::add_team_member(Email::new(email), Through::Mixpanel)
}

fn grant(number: u64, after: ProjectRole) -> model::Write {
    model::Write::grant(project(number), after)
}

fn create(grants: Vec<(ProjectRef, ProjectRole)>) -> model::Write {
    model::Write::create_service_account(OrganizationRole::Member, grants, None)
}

fn account(id: u64) -> Account {
    Account {
        id,
        secret: "old".into(),
        created: None,
        created_by: None,
        expires: None,
        grants: [(project(7).id, ProjectRole::Analyst)].into(),
    }
}

/// Ann owns the organization; Ben is in team Growth, which gives analyst in project 7, as the service
/// account etl has.
fn organization() -> Organization {
    let team = Team {
        id: 50,
        members: [Email::new(BEN)].into(),
        grants: [(project(7).id, ProjectRole::Analyst)].into(),
    };
    Organization {
        people: [
            (Email::new(ANN), person(1, OrganizationRole::Owner, &[])),
            (Email::new(BEN), person(2, OrganizationRole::Member, &[])),
        ]
        .into(),
        teams: [("Growth".into(), team)].into(),
        accounts: [("etl".into(), account(60))].into(),
        ..Organization::default()
    }
}

/// Keeps secrets, or says why not.
#[derive(Default)]
struct Vault {
    kept: Mutex<BTreeMap<String, String>>,
    broken: Mutex<bool>,
    /// Whether the process dies once a secret is kept.
    dies: Mutex<bool>,
    died: Notify,
    /// The accounts that it was asked to make ready for, each time.
    asked: Mutex<Vec<Vec<String>>>,
}

impl SecretSink for Vault {
    fn prepare(&self, awaited: &[Awaited<'_>]) -> Result<(), String> {
        let usernames = awaited.iter().map(|one| one.username.to_owned()).collect();
        self.asked.lock().unwrap().push(usernames);
        match awaited.iter().find(|one| self.holds_another(one)) {
            Some(taken) => Err(format!("{} has\na secret already", taken.username)),
            None => Ok(()),
        }
    }

    fn deliver<'a>(&'a self, awaited: Awaited<'a>, secret: &'a SecretString) -> Delivery<'a> {
        if self.holds_another(&awaited) {
            return Box::pin(async { Err("it holds another".to_owned()) });
        }
        let secret = secret.expose_secret().to_owned();
        if *self.broken.lock().unwrap() {
            return Box::pin(async move { Err(format!("vault is sealed\n(put {secret})")) });
        }
        self.kept.lock().unwrap().insert(awaited.username.to_owned(), secret);
        if *self.dies.lock().unwrap() {
            self.died.notify_one();
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Ok(()) })
    }
}

impl Vault {
    /// Whether there is something of that name that no earlier run of the plan handed over.
    fn holds_another(&self, awaited: &Awaited<'_>) -> bool {
        let kept = self.kept.lock().unwrap();
        kept.get(awaited.username).is_some_and(|kept| {
            let kept = SecretString::from(kept.as_str());
            !awaited.earlier.iter().any(|mark| mark.marks(&kept))
        })
    }
}

struct Bench {
    fake: Fake,
    planner: Planner,
    options: ApplyOptions,
    vault: Arc<Vault>,
    root: tempfile::TempDir,
}

impl Bench {
    fn new(fill: impl FnOnce(&mut Planner)) -> Self {
        let mut planner = Planner::of(&organization());
        fill(&mut planner);
        let vault = Arc::new(Vault::default());
        let mut options = options(2);
        options.concurrency = 1;
        options.secrets = Some(Arc::clone(&vault) as Arc<dyn SecretSink>);
        let fake = Fake::of(organization());
        Self { fake, planner, options, vault, root: tempfile::tempdir().unwrap() }
    }

    async fn try_run(&self, plan: &Plan, resume: bool) -> Result<Receipt, ApplyError> {
        let state = StateDirectory::open(self.root.path()).unwrap();
        let mut options = self.options.clone();
        options.resume = resume;
        apply(plan, &self.fake, &state, &options, &NoProgress, &CancelToken::never()).await
    }

    async fn apply(&self) -> Receipt {
        self.try_run(&self.planner.plan(), false).await.unwrap()
    }

    async fn resume(&self) -> Receipt {
        self.try_run(&self.planner.plan(), true).await.unwrap()
    }

    async fn refusals(&self) -> Vec<Refusal> {
        match self.try_run(&self.planner.plan(), false).await {
            Err(ApplyError::Refused(refusals)) => refusals,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn is_as_planned(&self) -> bool {
        comparable(&self.fake.live()) == self.planner.outcome()
    }

    fn writes(&self) -> Vec<Write> {
        self.fake.lock().writes.clone()
    }

    fn secret_of(&self, username: &str) -> Option<String> {
        self.fake.lock().now.accounts.get(username).map(|account| account.secret.clone())
    }

    /// Everything that runs left behind, as text.
    fn left_behind(&self) -> String {
        let state = StateDirectory::open(self.root.path()).unwrap();
        let directories = [state.journals(), state.undo_plans()];
        let files = directories.into_iter().flat_map(|one| std::fs::read_dir(one).unwrap());
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

fn results(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|change| change.outcome.as_str()).collect()
}

fn undo_of(receipt: &Receipt) -> Plan {
    Plan::from_json(&std::fs::read(receipt.undo.plan.as_ref().unwrap()).unwrap()).unwrap()
}

/// A new team with somebody whom the same plan invites, and a change of the old one.
fn team_plan(planner: &mut Planner) {
    let invite = model::Write::invite(OrganizationRole::Member, vec![analyst(7), analyst(8)]);
    let invited = planner.add(NEW, invite, &[]);
    let made = planner.add_to_team("Data", model::Write::create_team(), &[]);
    let made = std::slice::from_ref(&made);
    planner.add_to_team("Data", grant(8, ProjectRole::Consumer), made);
    planner.add_to_team("Data", join(NEW), &[invited, made[0].clone()]);
    planner.add_to_team("Data", join(BEN), made);
    let set = model::Write::set_project_role(project(7), ProjectRole::Analyst, ProjectRole::Admin);
    planner.add_to_team("Growth", set, &[]);
}

#[tokio::test]
async fn teams_are_made_filled_verified_and_taken_back() {
    let bench = Bench::new(team_plan);
    let receipt = bench.apply().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(bench.is_as_planned());
    // Before: who we are, teams, members, two projects. The new team's number once. What the invitation
    // gave in two projects: members and those. After: the first without who we are.
    assert_eq!((receipt.requests.reads, receipt.requests.writes), (5 + 1 + 3 + 4, 6));
    assert!(bench.writes().contains(&Write::UpdateTeam {
        team: TeamId(1002),
        update: TeamUpdate::AddMember(Email::new(NEW)),
    }));
    assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);

    let undo = undo_of(&receipt);
    let undone = bench.try_run(&undo, false).await.unwrap();
    assert_eq!(undone.status, ApplyStatus::Applied, "{undone:?}");
    assert_eq!(comparable(&bench.fake.live()), comparable(&organization().live()));
}

#[tokio::test]
async fn a_team_that_moved_is_stale_and_one_that_is_not_there_cannot_change() {
    let bench = Bench::new(|planner| {
        let members = vec![Email::new(BEN)];
        planner.add_to_team("Growth", model::Write::delete_team(members, vec![analyst(7)]), &[]);
    });
    let growth = |change: &dyn Fn(&mut Team)| {
        let mut inner = bench.fake.lock();
        inner.now = organization();
        change(inner.now.teams.get_mut("Growth").unwrap());
    };
    let edits: [fn(&mut Team); 4] = [
        |team| team.members.extend([Email::new(ANN)]),
        |team| team.grants.extend([(project(9).id, ProjectRole::Owner)]),
        |team| team.grants.extend([(project(7).id, ProjectRole::Owner)]),
        |team| team.id = 51,
    ];
    for change in edits {
        growth(&change);
        let refusals = bench.refusals().await;
        assert!(refusals.iter().all(|one| one.code() == "stale"), "{refusals:?}");
        assert!(refusals[0].to_string().starts_with("team Growth moved"), "{refusals:?}");
    }
    assert!(bench.writes().is_empty());
    growth(&|_| {});
    let receipt = bench.apply().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(bench.is_as_planned());
}

#[tokio::test]
async fn what_a_team_should_give_and_does_not_is_a_mismatch_where_the_service_tells_it() {
    // Ben's row through the team stays although the team gives nothing any more.
    let bench = Bench::new(|planner| {
        let revoke = model::Write::revoke(project(7), ProjectRole::Analyst);
        planner.add_to_team("Growth", revoke, &[]);
    });
    struct Lingers<'a>(&'a Fake);
    impl Progress for Lingers<'_> {
        fn change_done(&self, _: &mixaccess_model::Change, _: &Outcome) {
            let source = GrantSource::Team("Growth".into());
            let row = Grant { project: project(7).id, role: ProjectRole::Analyst, source };
            self.0.by_hand(|roster| {
                roster.get_mut(&Email::new(BEN)).unwrap().others.push(row);
            });
        }
    }
    let state = StateDirectory::open(bench.root.path()).unwrap();
    let (progress, never) = (Lingers(&bench.fake), CancelToken::never());
    let plan = bench.planner.plan();
    let receipt =
        apply(&plan, &bench.fake, &state, &bench.options, &progress, &never).await.unwrap();
    let [mismatch] = receipt.verification.mismatches() else { panic!("{receipt:?}") };
    assert_eq!(mismatch.subject.to_string(), BEN);
    assert_eq!(
        (&*mismatch.expected, &*mismatch.found),
        ("none through teams", "analyst through team Growth")
    );
}

#[tokio::test]
async fn groups_change_through_scim_where_there_is_a_token() {
    let scim = |planner: &mut Planner| {
        let through = Through::Scim;
        let join = model::Write::add_team_member(Email::new(ANN), through);
        let leave = model::Write::remove_team_member(Email::new(BEN), through);
        planner.add_to_team("Growth", join, &[]);
        planner.add_to_team("Growth", leave, &[]);
    };
    let mut bench = Bench::new(scim);
    bench.options.target.scim = false;
    let refusals = bench.refusals().await;
    assert_eq!(refusals.len(), 2);
    assert_eq!((refusals[0].code(), bench.fake.lock().requests), ("unsupported", 0));
    bench.options.target.scim = true;
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
    assert!(bench.is_as_planned());
    let change = |email: &str, member| Write::ChangeGroup {
        group: "Growth".into(),
        email: Email::new(email),
        member,
    };
    assert_eq!(bench.writes(), [change(ANN, true), change(BEN, false)]);
}

#[tokio::test]
async fn hostile_changes_of_teams_and_service_accounts_are_refused() {
    let ben = || Subject::Person { email: Email::new(BEN), user: Some(mixaccess_model::UserId(2)) };
    type Edit = fn(&mut mixaccess_model::Change);
    let team_as = |id| Subject::Team { name: "Growth".into(), id };
    let cases: [(model::Write, Subject, Edit, &str); 7] = [
        (join(ANN), team_as(Some(TeamId(51))), |_| {}, "it addresses number 51"),
        (join(ANN), team_as(None), |_| {}, "has not said which number"),
        (join(ANN), team_as(Some(TeamId(50))), |one| one.preconditions.clear(), "preconditions"),
        (join(BEN), team_as(Some(TeamId(50))), |_| {}, "who is in the team"),
        (grant(7, ProjectRole::Owner), team_as(Some(TeamId(50))), |_| {}, "it names none"),
        (model::Write::create_team(), team_as(None), |_| {}, "it creates what is there"),
        (
            model::Write::delete_team(vec![Email::new(BEN)], vec![analyst(7)]),
            ben(),
            |_| {},
            "no person has that",
        ),
    ];
    for (action, subject, edit, expected) in cases {
        let bench = Bench::new(|planner| {
            planner.add_to(subject.key(), action, &[]);
            planner.add(ANN, grant(8, ProjectRole::Consumer), &[]);
        });
        let mut content = bench.planner.content();
        content.changes[0].subject = subject;
        edit(&mut content.changes[0]);
        let plan = Plan::seal(content, now(), "x".into()).unwrap();
        let error = bench.try_run(&plan, false).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!((error.exit_code(), bench.writes().len()), (3, 0));
    }
}

#[tokio::test]
async fn two_teams_of_one_name_are_addressed_by_nobody() {
    let bench = Bench::new(|planner| {
        planner.add_to_team("Growth", join(ANN), &[]);
    });
    let plan = bench.planner.plan();
    let mut live = bench.fake.live();
    live.actor.organization_role = Some(OrganizationRole::Owner);
    let mut again = live.team("Growth").unwrap().clone();
    again.id = TeamId(90);
    live.teams.as_mut().unwrap().push(again);
    live.normalize();
    let crate::preflight::precheck::Precheck::Refused(refusals) =
        crate::preflight::precheck::check_live(&plan, &live, now())
    else {
        panic!("refused")
    };
    assert!(refusals[0].to_string().contains("several with that name"), "{refusals:?}");
}

#[tokio::test]
async fn a_new_service_account_hands_its_secret_over_and_nowhere_else() {
    let bench = Bench::new(|planner| {
        let made = planner.add_to_account("loader", create(vec![analyst(7)]), &[]);
        planner.add_to_account("loader", grant(8, ProjectRole::Consumer), &[made]);
    });
    let receipt = bench.apply().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(bench.is_as_planned());
    let secret = bench.secret_of("loader").unwrap();
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), Some(&secret));
    let told = format!("{receipt:?}{}{:?}", bench.left_behind(), bench.options);
    assert!(told.contains("loader") && !told.contains(&secret));
    // Its number came with the answer: it was not read for the second change.
    assert_eq!(receipt.requests.reads, 5 + 4);
    // The undo plan deletes it again.
    let undone = bench.try_run(&undo_of(&receipt), false).await.unwrap();
    assert_eq!(undone.status, ApplyStatus::Applied, "{undone:?}");
    assert_eq!(bench.secret_of("loader"), None);
}

#[tokio::test]
async fn without_a_place_for_secrets_nothing_is_sent() {
    let mut bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
        planner.add(BEN, grant(8, ProjectRole::Consumer), &[]);
    });
    bench.options.secrets = None;
    let refusals = bench.refusals().await;
    let expected = Refusal::NoSecretSink { usernames: vec!["loader".into()], because: None };
    assert_eq!(refusals, [expected]);
    assert!(refusals[0].hint().contains("--secret-file"), "{refusals:?}");
    assert!(bench.writes().is_empty());
    bench.options.secrets = Some(Arc::clone(&bench.vault) as Arc<dyn SecretSink>);
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
    bench.options.secrets = None;
    assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);
}

#[tokio::test]
async fn a_place_that_cannot_take_a_secret_is_known_before_anything_is_sent() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
        planner.add_to_account("reader", create(vec![]), &[]);
    });
    bench.vault.kept.lock().unwrap().insert("reader".to_owned(), "other".to_owned());
    let refusals = bench.refusals().await;
    assert_eq!(refusals.len(), 1);
    assert_eq!(
        refusals[0].to_string(),
        "there is no place for the secret of new service accounts: loader, reader (reader has a \
         secret already)"
    );
    assert_eq!((refusals[0].code(), bench.writes().len()), ("no-secret-sink", 0));
    bench.vault.kept.lock().unwrap().clear();
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
    // A finished plan needs no place.
    assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);
    assert_eq!(*bench.vault.asked.lock().unwrap(), [["loader", "reader"]; 2]);
}

#[tokio::test]
async fn going_on_needs_a_place_only_for_the_accounts_still_to_be_created() {
    let mut bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
        planner.add_to_account("reader", create(vec![]), &[]);
        planner.add(BEN, grant(8, ProjectRole::Consumer), &[]);
    });
    bench.fake.lock().faults.extend([(1, Fault::Refuse), (2, Fault::Refuse), (4, Fault::Refuse)]);
    assert_eq!(results(&bench.apply().await), ["applied", "failed", "failed"]);
    let first = bench.secret_of("loader");
    assert_eq!(results(&bench.resume().await), ["applied", "applied", "failed"]);
    assert_eq!(*bench.vault.asked.lock().unwrap(), [vec!["loader", "reader"], vec!["reader"]]);
    bench.options.secrets = None;
    let receipt = bench.resume().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!(bench.secret_of("loader"), first, "it was not made anew");
    assert!(bench.is_as_planned());
}

#[tokio::test]
async fn a_secret_that_cannot_be_handed_over_takes_the_account_with_it() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    *bench.vault.broken.lock().unwrap() = true;
    let receipt = bench.apply().await;
    let Outcome::Failed { failure } = &receipt.changes[0].outcome else { panic!("{receipt:?}") };
    assert_eq!(
        failure.message,
        "the secret could not be handed over: vault is sealed (put (the secret)); the account was \
         deleted again"
    );
    assert!(failure.hint.as_ref().unwrap().contains("--resume"), "{failure:?}");
    assert_eq!((bench.secret_of("loader"), bench.writes().len()), (None, 2));
    let told = format!("{receipt:?}{}", bench.left_behind());
    assert!(!told.contains("secret-"), "{told}");
    // Every write is in the journal before it is sent.
    assert_eq!(told.matches("\"action\":\"delete_service_account\"").count(), 1);
    *bench.vault.broken.lock().unwrap() = false;
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), bench.secret_of("loader").as_ref());
}

/// Kills a run once the vault holds the secret, and before the journal says so.
async fn killed_at_hand_over(bench: &Bench, resume: bool) {
    *bench.vault.dies.lock().unwrap() = true;
    let plan = bench.planner.plan();
    tokio::select! {
        _ = bench.try_run(&plan, resume) => panic!("the process dies"),
        () = bench.vault.died.notified() => {}
    }
    *bench.vault.dies.lock().unwrap() = false;
}

#[tokio::test]
async fn killed_after_a_hand_over_it_knows_its_own_secrets_again() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    killed_at_hand_over(&bench, false).await;
    let first = bench.secret_of("loader").unwrap();
    // And once more, with what the first run left.
    killed_at_hand_over(&bench, true).await;
    let second = bench.secret_of("loader").unwrap();
    assert_ne!(first, second);
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), Some(&second));
    let receipt = bench.resume().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    let third = bench.secret_of("loader").unwrap();
    assert!(third != first && third != second);
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), Some(&third));
    let told = format!("{receipt:?}{}", bench.left_behind());
    assert_eq!(told.matches(r#""record":"hand_over""#).count(), 3);
    assert!(!told.contains("secret-"), "{told}");
}

#[tokio::test]
async fn what_somebody_else_put_there_after_a_kill_stays() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    killed_at_hand_over(&bench, false).await;
    let secret = bench.secret_of("loader");
    let writes = bench.writes().len();
    bench.vault.kept.lock().unwrap().insert("loader".to_owned(), "theirs".to_owned());
    let refused = bench.try_run(&bench.planner.plan(), true).await.unwrap_err();
    let ApplyError::Refused(refusals) = refused else { panic!("{refused}") };
    assert_eq!(refusals[0].code(), "no-secret-sink");
    assert_eq!((bench.secret_of("loader"), bench.writes().len()), (secret, writes));
}

#[tokio::test]
async fn a_secret_of_an_account_that_may_be_anothers_is_left_alone() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    killed_at_hand_over(&bench, false).await;
    let secret = bench.secret_of("loader").unwrap();
    bench.fake.lock().now.accounts.get_mut("loader").unwrap().created_by = Some(Email::new(ANN));
    let receipt = bench.resume().await;
    assert_eq!(receipt.status, ApplyStatus::Incomplete, "{receipt:?}");
    assert_eq!(bench.secret_of("loader").as_ref(), Some(&secret));
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), Some(&secret));
}

#[tokio::test]
async fn a_lost_answer_takes_the_account_with_it() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    bench.fake.lock().faults.insert(0, Fault::LostAfter);
    let receipt = bench.apply().await;
    let Outcome::Failed { failure } = &receipt.changes[0].outcome else { panic!("{receipt:?}") };
    assert!(failure.message.ends_with("the account was deleted again"), "{failure:?}");
    assert_eq!((bench.secret_of("loader"), bench.writes().len()), (None, 2));
    // Not carried out, as far as can be seen: it is not created twice before somebody asks for it.
    bench.fake.lock().faults.insert(2, Fault::LostBefore);
    let receipt = bench.apply().await;
    assert_eq!(results(&receipt), ["unknown"]);
    assert_eq!(bench.writes().len(), 3);
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), bench.secret_of("loader").as_ref());
}

#[tokio::test]
async fn after_a_crash_an_account_is_made_anew_unless_somebody_else_made_it() {
    for foreign in [false, true] {
        let bench = Bench::new(|planner| {
            planner.add_to_account("loader", create(vec![]), &[]);
        });
        // Who we are, members, accounts; then the creation, and the process dies before the answer.
        bench.fake.lock().crash = Some(Crash { at_request: 3, carried_out: true });
        tokio::select! {
            _ = bench.apply() => panic!("the process dies"),
            () = bench.fake.crashed.notified() => {}
        }
        bench.fake.lock().crash = None;
        let first = bench.secret_of("loader").unwrap();
        if foreign {
            let mut inner = bench.fake.lock();
            let loader = inner.now.accounts.get_mut("loader").unwrap();
            loader.created_by = Some(Email::new(ANN));
        }
        let receipt = bench.resume().await;
        let second = bench.secret_of("loader").unwrap();
        if foreign {
            assert_eq!(results(&receipt), ["moved"]);
            assert_eq!((second, bench.writes().len()), (first, 1));
            continue;
        }
        assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
        assert_ne!(first, second);
        assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), Some(&second));
    }
}

/// A creation whose answer is lost makes nothing; then another plan makes the account with the same
/// credentials, and hands over its secret.
#[tokio::test]
async fn going_on_leaves_an_account_that_another_plan_made() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    bench.fake.lock().faults.insert(0, Fault::LostBefore);
    assert_eq!(results(&bench.apply().await), ["unknown"]);
    let mut other = Planner::of(&organization());
    other.add_to_account("loader", create(vec![analyst(7)]), &[]);
    let receipt = bench.try_run(&other.plan(), false).await.unwrap();
    assert_eq!((results(&receipt), bench.writes().len()), (vec!["applied"], 2));
    let secret = bench.secret_of("loader");
    bench.vault.kept.lock().unwrap().clear();
    for _ in 0..2 {
        assert_eq!(results(&bench.resume().await), ["moved"]);
        assert_eq!((bench.secret_of("loader"), bench.writes().len()), (secret.clone(), 2));
    }
    // Once it is gone, the first plan makes its own, and clears up after itself alone.
    bench.fake.lock().now.accounts.remove("loader");
    bench.fake.lock().faults.insert(2, Fault::LostAfter);
    let receipt = bench.resume().await;
    let Outcome::Failed { failure } = &receipt.changes[0].outcome else { panic!("{receipt:?}") };
    assert!(failure.message.ends_with("the account was deleted again"), "{failure:?}");
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
}

/// As above, and the other apply has a state directory of its own.
#[tokio::test]
async fn going_on_leaves_an_account_that_an_apply_elsewhere_may_have_made() {
    for (after, said) in [
        (Some(10), "was created at 2026-03-01T10:00:10Z, and this plan asked for it at"),
        (Some(-10), "was created at 2026-03-01T09:59:50Z, and this plan asked for it at"),
        (None, "does not say when it was created"),
    ] {
        for name in ["loader", "loader.x9.mp-service-account"] {
            let bench = Bench::new(|planner| {
                planner.add_to_account("loader", create(vec![]), &[]);
            });
            bench.fake.lock().faults.insert(0, Fault::LostBefore);
            assert_eq!(results(&bench.apply().await), ["unknown"]);
            let theirs = Account {
                created: after.map(|seconds| now() + SignedDuration::from_secs(seconds)),
                created_by: Some(Email::new("robot@acme.example")),
                ..account(99)
            };
            bench.fake.lock().now.accounts.insert(name.into(), theirs);
            for _ in 0..2 {
                let receipt = bench.resume().await;
                assert_eq!((results(&receipt), receipt.exit_code()), (vec!["unknown"], 4));
                let told = format!("{receipt:?}");
                assert!(
                    told.contains(&format!("service account {name} (number 99) {said}")),
                    "{told}"
                );
                assert!(told.contains("nothing was deleted"), "{told}");
                assert!(told.contains("declare yours under another name"), "{told}");
                assert_eq!(
                    (bench.secret_of(name).as_deref(), bench.writes().len()),
                    (Some("old"), 1)
                );
            }
            bench.fake.lock().now.accounts.remove(name);
            assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
        }
    }
}

/// The creation is asked for a second time, and what was asked for first appears.
#[tokio::test]
async fn an_account_is_ours_also_where_it_was_asked_for_long_ago() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    bench.fake.lock().crash = Some(Crash { at_request: 3, carried_out: true });
    tokio::select! {
        _ = bench.apply() => panic!("the process dies"),
        () = bench.fake.crashed.notified() => {}
    }
    bench.fake.lock().crash = None;
    let made = bench.fake.lock().now.accounts.remove("loader").unwrap();
    bench.fake.lock().faults.insert(1, Fault::LostBefore);
    assert_eq!(results(&bench.resume().await), ["unknown"]);
    bench.fake.lock().now.accounts.insert("loader".into(), made.clone());
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert_ne!(bench.secret_of("loader"), Some(made.secret));
}

#[tokio::test]
async fn an_account_whose_secret_nobody_may_have_is_told_from_the_journals() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    let told = || {
        let told = unsettled_creations(bench.root.path(), &bench.fake.live()).unwrap();
        told.into_iter().map(|one| (one.username.to_string(), one.journal)).collect::<Vec<_>>()
    };
    assert_eq!(told(), []);
    *bench.vault.broken.lock().unwrap() = true;
    bench.fake.lock().faults.insert(1, Fault::Refuse);
    let receipt = bench.apply().await;
    assert_eq!(results(&receipt), ["unknown"]);
    let journal = receipt.journal.unwrap().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(told(), [("loader".to_owned(), journal)]);
    let refusals = bench.refusals().await;
    assert!(matches!(&refusals[..], [Refusal::Unfinished { .. }]), "{refusals:?}");
    assert!(refusals[0].hint().contains("loader, whose secret nobody may have"), "{refusals:?}");
    let mut organization = bench.fake.lock().now.clone();
    organization.accounts.get_mut("loader").unwrap().created_by = Some(Email::new(ANN));
    let foreign = unsettled_creations(bench.root.path(), &organization.live()).unwrap();
    assert_eq!(foreign, [], "somebody else made it");
    // Not there: nobody can use what nobody has.
    organization.accounts.remove("loader");
    assert_eq!(unsettled_creations(bench.root.path(), &organization.live()).unwrap(), []);
    *bench.vault.broken.lock().unwrap() = false;
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert_eq!(told(), []);
}

/// Whoever was there before a creation that went wrong is there after it, and after `--resume`.
#[tokio::test]
async fn an_answer_with_another_account_takes_nobody_elses_with_it() {
    for (fault, said) in [
        (Fault::TellsNumber(60), "number 60, which service account etl had before"),
        (Fault::TellsNumber(62), "number 62, which service account robot had before"),
        (Fault::TellsName(Some("Loader")), "with service account Loader (number 1001)"),
        (Fault::TellsName(Some("etl")), "with service account etl"),
        (Fault::TellsName(Some("loader2")), "with service account loader2"),
    ] {
        for broken in [false, true] {
            let bench = Bench::new(|planner| {
                planner.add_to_account("loader", create(vec![analyst(7)]), &[]);
            });
            bench.fake.lock().now.accounts.insert("robot".into(), account(62));
            let before = bench.fake.lock().now.accounts.clone();
            *bench.vault.broken.lock().unwrap() = broken;
            bench.fake.lock().faults.insert(0, fault);
            let receipt = bench.apply().await;
            assert_eq!((results(&receipt), receipt.exit_code()), (vec!["unknown"], 4));
            let told = format!("{receipt:?}");
            assert!(told.contains(said) && told.contains("nothing was deleted"), "{told}");
            assert!(told.contains("Look in Mixpanel"), "{told}");
            assert_eq!(bench.writes().len(), 1, "nothing was deleted");
            assert!(bench.vault.kept.lock().unwrap().is_empty(), "no secret of an unknown account");
            assert_eq!(receipt.undo.plan, None, "there is nothing that is known to be ours");
            *bench.vault.broken.lock().unwrap() = false;
            // What the creation made is known by name and creator.
            assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
            assert_eq!(bench.fake.lock().now.accounts.len(), before.len() + 1);
            for (name, account) in before {
                assert_eq!(bench.fake.lock().now.accounts.get(&name), Some(&account), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_number_is_given_to_one_creation_only() {
    for told in [1001, 1002] {
        let mut bench = Bench::new(|planner| {
            planner.add_to_account("loader", create(vec![]), &[]);
            planner.add_to_account("reader", create(vec![]), &[]);
        });
        bench.options.concurrency = 1;
        bench.fake.lock().faults.insert(1, Fault::TellsNumber(told));
        let receipt = bench.apply().await;
        let expected = if told == 1001 { "unknown" } else { "applied" };
        assert_eq!(results(&receipt), ["applied", expected], "{receipt:?}");
        assert_eq!(bench.writes().len(), 2);
        let secret = bench.secret_of("loader");
        assert_eq!(bench.resume().await.exit_code(), 0);
        assert_eq!(bench.secret_of("loader"), secret, "it was not made anew");
    }
}

#[tokio::test]
async fn an_answer_without_a_name_is_believed_as_the_list_has_it() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    bench.fake.lock().faults.insert(0, Fault::TellsName(None));
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
    assert_eq!(bench.vault.kept.lock().unwrap().get("loader"), bench.secret_of("loader").as_ref());
}

#[tokio::test]
async fn a_lost_creation_takes_no_account_that_may_be_somebody_elses() {
    for (by, said) in [
        (Some(ANN), "was created by somebody else"),
        (None, "has a creator whom the service does not tell"),
    ] {
        for name in ["loader", "loader.x9.mp-service-account"] {
            let bench = Bench::new(|planner| {
                planner.add_to_account("loader", create(vec![]), &[]);
            });
            bench.fake.lock().faults.insert(0, Fault::LostToOther { name, by });
            let receipt = bench.apply().await;
            assert_eq!((results(&receipt), receipt.exit_code()), (vec!["unknown"], 4));
            let told = format!("{receipt:?}");
            assert!(
                told.contains(&format!("service account {name} (number 1001) {said}")),
                "{told}"
            );
            let theirs = bench.secret_of(name);
            let receipt = bench.resume().await;
            assert_eq!(receipt.exit_code(), 4, "{receipt:?}");
            assert_eq!(bench.writes().len(), 1);
            assert_eq!(bench.secret_of(name), theirs);
            // Once a human has taken it away, it goes on.
            bench.fake.lock().now.accounts.remove(name);
            assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
        }
    }
}

#[tokio::test]
async fn names_that_differ_otherwise_are_other_accounts() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    for (id, name) in [(80, "Loader"), (81, "loader.eu.x9.mp-service-account"), (82, "loader2")] {
        bench.fake.lock().now.accounts.insert(name.into(), account(id));
    }
    bench.fake.lock().faults.insert(0, Fault::LostAfter);
    assert_eq!(results(&bench.apply().await), ["failed"]);
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    for name in ["Loader", "loader.eu.x9.mp-service-account", "loader2"] {
        assert!(bench.secret_of(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn two_accounts_of_the_name_after_a_lost_creation_are_both_left() {
    let bench = Bench::new(|planner| {
        planner.add_to_account("loader", create(vec![]), &[]);
    });
    bench.fake.lock().crash = Some(Crash { at_request: 3, carried_out: true });
    tokio::select! {
        _ = bench.apply() => panic!("the process dies"),
        () = bench.fake.crashed.notified() => {}
    }
    bench.fake.lock().crash = None;
    let again = Account { created_by: Some(Email::new("robot@acme.example")), ..account(99) };
    bench.fake.lock().now.accounts.insert("loader.x9.mp-service-account".into(), again);
    let receipt = bench.resume().await;
    let told = format!("{receipt:?}");
    assert!(told.contains("2 service accounts called loader (numbers 1001, 99)"), "{told}");
    assert_eq!((results(&receipt), bench.writes().len()), (vec!["unknown"], 1));
}

#[tokio::test]
async fn what_the_service_appends_to_a_name_changes_nothing() {
    let bench = Bench::new(|planner| {
        let made = planner.add_to_account("loader", create(vec![analyst(7)]), &[]);
        planner.add_to_account("loader", grant(8, ProjectRole::Consumer), &[made]);
    });
    bench.fake.lock().appends = true;
    *bench.vault.broken.lock().unwrap() = true;
    assert_eq!(results(&bench.apply().await), ["failed", "skipped"]);
    assert_eq!(bench.fake.lock().now.accounts.len(), 1);
    *bench.vault.broken.lock().unwrap() = false;
    let receipt = bench.apply().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);
    let undone = bench.try_run(&undo_of(&receipt), false).await.unwrap();
    assert_eq!(undone.status, ApplyStatus::Applied, "{undone:?}");
    assert_eq!(
        bench.fake.lock().now.accounts.keys().map(|one| &**one).collect::<Vec<_>>(),
        ["etl"]
    );
}

fn rerole(planner: &mut Planner) {
    let before = ProjectRole::Analyst;
    let taken = planner.add_to_account("etl", model::Write::revoke(project(7), before), &[]);
    planner.add(BEN, grant(8, ProjectRole::Consumer), &[]);
    planner.add_to_account("etl", grant(7, ProjectRole::Admin), &[taken]);
}

#[tokio::test]
async fn a_role_is_taken_and_given_back_to_back_also_when_asked_to_stop() {
    struct Stops(Mutex<Option<crate::Cancellation>>);
    impl Progress for Stops {
        fn change_started(&self, _: &mixaccess_model::Change) {
            if let Some(cancellation) = self.0.lock().unwrap().take() {
                cancellation.cancel();
            }
        }
    }
    let bench = Bench::new(rerole);
    let (cancellation, token) = cancellation();
    let state = StateDirectory::open(bench.root.path()).unwrap();
    let stops = Stops(Mutex::new(Some(cancellation)));
    let plan = bench.planner.plan();
    let receipt = apply(&plan, &bench.fake, &state, &bench.options, &stops, &token).await.unwrap();
    assert_eq!(results(&receipt), ["applied", "not tried", "applied"]);
    assert!(matches!(
        bench.writes()[..],
        [Write::RemoveServiceAccount { .. }, Write::AddServiceAccount { .. }]
    ));
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert!(bench.is_as_planned());
}

#[tokio::test]
async fn a_new_role_that_is_refused_leaves_the_old_one() {
    let bench = Bench::new(rerole);
    bench.fake.lock().faults.insert(1, Fault::Refuse);
    let receipt = bench.apply().await;
    assert_eq!(results(&receipt), ["failed", "applied", "failed"]);
    let role = || bench.fake.lock().now.accounts["etl"].grants[&project(7).id].clone();
    assert_eq!(role(), ProjectRole::Analyst);
    let Outcome::Failed { failure } = &receipt.changes[0].outcome else { panic!("{receipt:?}") };
    assert!(failure.message.contains("the old one was given back"), "{failure:?}");
    assert_eq!(receipt.verification, Verification::Verified);
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert_eq!(role(), ProjectRole::Admin);
}

#[tokio::test]
async fn a_role_that_is_lost_is_read_again_and_told() {
    let variants = [
        (Fault::Refuse, ["applied", "applied", "failed"], "could not be given back"),
        (Fault::LostBefore, ["applied", "applied", "unknown"], "connection lost"),
    ];
    for (fault, expected, said) in variants {
        for alone in [true, false] {
            let bench = Bench::new(|planner| {
                let before = ProjectRole::Analyst;
                let revoke = model::Write::revoke(project(7), before);
                let taken = planner.add_to_account("etl", revoke, &[]);
                planner.add_to_account("etl", grant(7, ProjectRole::Admin), &[taken]);
                if !alone {
                    planner.add(BEN, grant(8, ProjectRole::Consumer), &[]);
                }
            });
            bench.fake.lock().faults.extend([(1, fault), (2, fault)]);
            let receipt = bench.apply().await;
            let [taken, other, given] = expected;
            let expected = if alone { vec![taken, given] } else { vec![taken, given, other] };
            assert_eq!(results(&receipt), expected, "{receipt:?}");
            assert!(!bench.fake.lock().now.accounts["etl"].grants.contains_key(&project(7).id));
            let told = "etl is without access in project-7: it lost analyst there and has \
                        no other role";
            assert!(receipt.notes.iter().any(|note| note.contains(told)), "{receipt:?}");
            assert!(format!("{receipt:?}").contains(said), "{receipt:?}");
            let undone = bench.try_run(&undo_of(&receipt), false).await.unwrap();
            assert_eq!(undone.exit_code(), 0, "{undone:?}");
            let role = bench.fake.lock().now.accounts["etl"].grants[&project(7).id].clone();
            assert_eq!(role, ProjectRole::Analyst);
        }
    }
}

#[tokio::test]
async fn every_change_is_told_to_be_done_once() {
    struct Counts(Mutex<Vec<(String, &'static str)>>);
    impl Progress for Counts {
        fn change_done(&self, change: &mixaccess_model::Change, outcome: &Outcome) {
            self.0.lock().unwrap().push((change.id.to_string(), outcome.as_str()));
        }
    }
    for refused in [0, 1] {
        let bench = Bench::new(rerole);
        bench.fake.lock().faults.insert(refused, Fault::Refuse);
        let state = StateDirectory::open(bench.root.path()).unwrap();
        let (plan, counts) = (bench.planner.plan(), Counts(Mutex::default()));
        let token = CancelToken::never();
        let receipt = apply(&plan, &bench.fake, &state, &bench.options, &counts, &token).await;
        let mut told = counts.0.into_inner().unwrap();
        let reports = receipt.unwrap().changes.into_iter();
        let mut expected =
            reports.map(|one| (one.change.to_string(), one.outcome.as_str())).collect::<Vec<_>>();
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{refused}");
    }
}

#[tokio::test]
async fn a_team_that_gives_more_than_was_reviewed_takes_nobody_in() {
    let bench = Bench::new(|planner| {
        planner.add_to_team("Growth", join(ANN), &[]);
    });
    let plan = bench.planner.plan();
    for raised in [(7, ProjectRole::Owner), (9, ProjectRole::Analyst)] {
        let (number, role) = raised;
        bench.fake.change_team("Growth", |team| {
            team.grants.insert(project(number).id, role);
        });
        let Err(ApplyError::Refused(refusals)) = bench.try_run(&plan, false).await else {
            panic!("it was applied");
        };
        let stale = |one: &Refusal| matches!(one, Refusal::Stale(moved) if moved.message.contains("the team to give"));
        assert!(refusals.iter().any(stale), "{refusals:?}");
    }
}

/// A plan that removes Ben, who is in no team, and takes Ann into team Growth, which gives analyst in
/// project 7 as well; only where that is declared, planning had read it.
async fn removal_of_ben(
    removal: model::Write,
    declared: bool,
    is_pending: bool,
) -> Result<Receipt, ApplyError> {
    let mut organization = organization();
    organization.teams.get_mut("Growth").unwrap().members.clear();
    if is_pending {
        organization.people.get_mut(&Email::new(BEN)).unwrap().status = MemberStatus::Pending;
    }
    let mut planner = Planner::of(&organization);
    planner.add(BEN, removal, &[]);
    planner.add_to_team("Growth", join(ANN), &[]);
    let mut content = planner.content();
    content.projects.iter_mut().for_each(|project| project.declared = declared);
    let plan = Plan::seal(content, now(), "mixaccess test".into()).unwrap();
    let bench = Bench { fake: Fake::of(organization), planner, ..Bench::new(|_| {}) };
    bench.fake.by_hand(|people| {
        let ben = people.get_mut(&Email::new(BEN)).unwrap();
        ben.grants.insert(project(7).id, ProjectRole::Consumer);
    });
    bench.try_run(&plan, false).await
}

#[tokio::test]
async fn who_leaves_has_not_moved_by_what_planning_had_not_read() {
    let role = Some(OrganizationRole::Member);
    let remove = model::Write::remove(role, Vec::new());
    let withdraw = model::Write::withdraw(role, Vec::new());
    for (removal, is_pending) in [(remove, false), (withdraw, true)] {
        let receipt = removal_of_ben(removal.clone(), false, is_pending).await.unwrap();
        assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
        let refused = removal_of_ben(removal, true, is_pending).await.unwrap_err().to_string();
        assert!(refused.contains("expected none in project 7, found consumer"), "{refused}");
    }
}
