//! Real plans: whatever the planner makes of files and organization is applied on either dialect,
//! leaves nothing to plan, and is taken back by its undo plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_api::Write;
use mixaccess_model::{
    Dialect, GrantSource, LiveMember, LiveServiceAccount, LiveState, LiveTeam, NotPlannedKind,
    Plan, PlanContent, ProjectId, Subject, SubjectKey,
};
use mixaccess_planner::testing::{
    APP_CAPABILITIES, Answers, CAPABILITIES, NOW, World, config, whole_worlds, worlds,
};
use proptest::prelude::*;
use secrecy::SecretString;

use crate::fake::{Account, Fake, Organization, Person, Team, options};
use crate::fake_plan::comparable;
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, CancelToken, Delivery, NoProgress, SecretSink,
    StateDirectory, apply,
};

fn person_of(member: &LiveMember, teams_are_known: bool) -> Person {
    let others = |source: &GrantSource| match source {
        GrantSource::Individual | GrantSource::Organization => false,
        GrantSource::Team(_) => !teams_are_known,
        GrantSource::AllUsers => true,
    };
    let individual = member.grants.iter().filter(|grant| grant.source.is_individual());
    Person {
        id: member.id.expect("a faithful service numbers everybody"),
        role: member.organization_role.expect("and says what they are"),
        status: member.status,
        invited_at: member.invitation.and_then(|invitation| invitation.sent_at),
        grants: individual.map(|grant| (grant.project, grant.role.clone())).collect(),
        others: member.grants.iter().filter(|one| others(&one.source)).cloned().collect(),
    }
}

fn fake_of(live: &LiveState) -> Fake {
    let people = live.members.iter();
    let teams = live.teams.iter().flatten().map(|team| {
        let grants = team.grants.iter().map(|grant| (grant.project, grant.role.clone()));
        let members = team.members.iter().cloned().collect();
        (Arc::clone(&team.name), Team { id: team.id.0, members, grants: grants.collect() })
    });
    let accounts = live.service_accounts.iter().flatten().map(|account| {
        let grants = account.individual_grants().map(|(project, role)| (project, role.clone()));
        let one = Account {
            id: account.id.0,
            secret: "old".into(),
            created: account.created,
            created_by: account.creator_email.clone(),
            expires: account.expires,
            grants: grants.collect(),
        };
        (Arc::clone(&account.username), one)
    });
    let known = live.teams.is_some();
    let fake = Fake::of(Organization {
        people: people.map(|one| (one.email.clone(), person_of(one, known))).collect(),
        teams: teams.collect(),
        accounts: accounts.collect(),
        ..Organization::default()
    });
    {
        let mut inner = fake.lock();
        inner.actor = live.actor.clone();
        inner.upsert = live.members.len().is_multiple_of(2);
        inner.carries_grants = live.dialect == Dialect::App;
        inner.clock = Some(Arc::new(|| NOW));
    }
    fake
}

/// Takes every secret.
struct Takes;

impl SecretSink for Takes {
    fn deliver<'a>(&'a self, _: crate::Awaited<'a>, _: &'a SecretString) -> Delivery<'a> {
        Box::pin(async { Ok(()) })
    }
}

fn options_for(content: &PlanContent) -> ApplyOptions {
    let mut options = options(0);
    options.target.organization = content.organization.id;
    options.target.capabilities = match content.organization.api {
        Dialect::Members => CAPABILITIES,
        Dialect::App => APP_CAPABILITIES,
    };
    options.clock = Arc::new(|| NOW);
    options.secrets = Some(Arc::new(Takes));
    options
}

async fn run(
    plan: &Plan,
    fake: &Fake,
    state: &StateDirectory,
) -> Result<crate::Receipt, ApplyError> {
    let options = options_for(&plan.content);
    apply(plan, fake, state, &options, &NoProgress, &CancelToken::never()).await
}

/// The organization as it is now, read like the one the world was drawn with.
fn seen(world: &World, fake: &Fake) -> World {
    let mut live = world.live.clone();
    let now = fake.live();
    live.members = now.members.into_iter().map(|one| member_seen(&world.live, one)).collect();
    live.teams = live.teams.and(now.teams);
    for team in live.teams.iter_mut().flatten() {
        let known = world.live.team(&team.name).filter(|known| known.id == team.id);
        team.managed_by = known.map(|known: &LiveTeam| known.managed_by).unwrap_or_default();
    }
    live.service_accounts = live.service_accounts.and(now.service_accounts);
    for account in live.service_accounts.iter_mut().flatten() {
        let known = world.live.service_account(&account.username);
        if let Some(known) = known.filter(|known| known.id == account.id) {
            let grants = std::mem::take(&mut account.grants);
            *account = LiveServiceAccount { grants, ..known.clone() };
        }
    }
    // A group is a team of the same name.
    let teams = live.teams.clone().unwrap_or_default();
    let provider = live.identity_provider.as_mut();
    for group in provider.and_then(|one| one.groups.as_mut()).into_iter().flatten() {
        if let Some(team) = teams.iter().find(|team| team.name == group.name) {
            group.members.clone_from(&team.members);
        }
    }
    let is_read = |id: ProjectId| live.projects.iter().any(|one| one.id == id && one.members_read);
    for member in &mut live.members {
        member.grants.retain(|grant| is_read(grant.project));
    }
    live.normalize();
    World { desired: world.desired.clone(), live }
}

fn member_seen(before: &LiveState, now: LiveMember) -> LiveMember {
    match before.member(&now.email).filter(|known| known.id == now.id) {
        Some(known) => LiveMember {
            grants: now.grants,
            organization_role: now.organization_role,
            invitation: match (known.invitation, now.invitation) {
                (Some(known), Some(now)) if known.sent_at == now.sent_at => Some(known),
                (known, now) => now.or(known),
            },
            ..known.clone()
        },
        None => now,
    }
}

fn decided(live: &LiveState) -> BTreeMap<SubjectKey, String> {
    comparable(live)
}

/// How many changes the writes carried out.
fn carried_out(fake: &Fake) -> usize {
    let size = |write: &Write| match write {
        Write::GrantMany { grants } => grants.len(),
        _ => 1,
    };
    fake.lock().writes.iter().map(size).sum()
}

fn check(world: &World) -> Result<(), TestCaseError> {
    let content = world.plan().unwrap();
    let plan = Plan::seal(content.clone(), NOW, "mixaccess test".into()).unwrap();
    let fake = fake_of(&world.live);
    let root = tempfile::tempdir().unwrap();
    let state = StateDirectory::open(root.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(run(&plan, &fake, &state));
    if content.is_refused() {
        prop_assert!(matches!(result, Err(ApplyError::Refused(_))), "{result:?}");
        prop_assert_eq!(fake.lock().requests, 0);
        return Ok(());
    }
    let receipt = match result {
        Ok(receipt) => receipt,
        Err(error) => return Err(TestCaseError::fail(told(&error, &content))),
    };
    if content.is_empty() {
        prop_assert_eq!(receipt.status, ApplyStatus::NothingToDo);
        return Ok(());
    }
    prop_assert_eq!(receipt.status, ApplyStatus::Applied, "{:?}", receipt);
    prop_assert_eq!(carried_out(&fake), content.changes.len());
    let after = seen(world, &fake);
    prop_assert_eq!(decided(&after.live), decided(&world.after(&content).live));
    // What was withheld can be clear by now, and is planned by the next run.
    let withheld = content.not_planned.iter().filter(|one| one.kind == NotPlannedKind::Withheld);
    let withheld: BTreeSet<SubjectKey> =
        withheld.filter_map(|one| one.subject.as_ref().map(Subject::key)).collect();
    let mut left = after.plan().unwrap().changes;
    left.retain(|change| {
        let joins = change.write.joined();
        let key = joins.map_or_else(|| change.subject.key(), |one| SubjectKey::Person(one.clone()));
        !withheld.contains(&key)
    });
    prop_assert!(left.is_empty(), "left to plan: {:?}", left);
    undo(world, &receipt, &fake, &state, &runtime)
}

fn told(error: &ApplyError, content: &PlanContent) -> String {
    let changes = content.changes.iter().map(|one| format!("{} {:?}", one.subject, one.write));
    format!("{error}\n{}", changes.collect::<Vec<_>>().join("\n"))
}

/// The undo plan may be refused by the guard rails; where it is not, everybody whom it changes is as
/// before, but for those who were invited or removed.
fn undo(
    world: &World,
    receipt: &crate::Receipt,
    fake: &Fake,
    state: &StateDirectory,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), TestCaseError> {
    let text = std::fs::read(receipt.undo.plan.as_ref().unwrap()).unwrap();
    let undo = Plan::from_json(&text).unwrap();
    let result = runtime.block_on(run(&undo, fake, state));
    if undo.content.is_refused() {
        prop_assert!(matches!(result, Err(ApplyError::Refused(_))), "{result:?}");
        return Ok(());
    }
    let undone = match result {
        Ok(undone) => undone,
        Err(error) => return Err(TestCaseError::fail(told(&error, &undo.content))),
    };
    prop_assert_eq!(undone.exit_code(), 0, "{:?}", undone);
    if !receipt.undo.irreversible.is_empty() {
        return Ok(());
    }
    prop_assert_eq!(decided(&seen(world, fake).live), decided(&world.live));
    Ok(())
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn what_is_planned_is_applied_and_can_be_taken_back(world in worlds(Answers::Faithful)) {
        check(&world)?;
    }

    #[test]
    fn the_whole_access_model_is_applied_and_can_be_taken_back(
        world in whole_worlds(Answers::Faithful),
    ) {
        check(&world)?;
    }
}
