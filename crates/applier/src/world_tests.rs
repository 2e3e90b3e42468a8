//! Real plans: whatever the planner makes of files and organization is applied through any trouble,
//! leaves nothing to plan, and is taken back by its undo plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::{Email, GrantSource, LiveMember, LiveState, Plan, PlanContent, ProjectId};
use mixaccess_planner::testing::{Answers, NOW, World, config, worlds};
use proptest::prelude::*;

use crate::fake::{Fake, Person, Roster, options};
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, CancelToken, NoProgress, StateDirectory, apply,
};

fn fake_of(live: &LiveState) -> Fake {
    let roster = live
        .members
        .iter()
        .map(|member| {
            let others = |source: &GrantSource| {
                !matches!(source, GrantSource::Individual | GrantSource::Organization)
            };
            let person = Person {
                id: member.id.expect("a faithful service numbers everybody"),
                role: member.organization_role.expect("and says what they are"),
                status: member.status,
                invited_at: None,
                grants: member
                    .grants
                    .iter()
                    .filter(|grant| grant.source.is_individual())
                    .map(|grant| (grant.project, grant.role.clone()))
                    .collect(),
                others: member.grants.iter().filter(|one| others(&one.source)).cloned().collect(),
            };
            (member.email.clone(), person)
        })
        .collect::<Roster>();
    let fake = Fake::new(roster);
    {
        let mut inner = fake.lock();
        inner.actor = live.actor.clone();
        inner.upsert = live.members.len().is_multiple_of(2);
    }
    fake
}

/// What plans decide about everybody: role, and individual grants.
fn decided(live: &LiveState) -> BTreeMap<Email, String> {
    let individual = |member: &LiveMember| {
        let grants = member.grants.iter().filter(|grant| grant.source.is_individual());
        grants.map(|grant| (grant.project, grant.role.clone())).collect::<Vec<_>>()
    };
    live.members
        .iter()
        .map(|one| {
            (one.email.clone(), format!("{:?} {:?}", one.organization_role, individual(one)))
        })
        .collect()
}

fn options_for(content: &PlanContent) -> ApplyOptions {
    let mut options = options(0);
    options.target.organization = content.organization.id;
    options.clock = Arc::new(|| NOW);
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
    live.members = fake.live().members;
    let unread = |project: ProjectId| {
        world.live.project(project).is_none_or(|project| !project.members_read)
    };
    for member in &mut live.members {
        member.grants.retain(|grant| !unread(grant.project));
    }
    live.normalize();
    World { desired: world.desired.clone(), live }
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
    let receipt = result.unwrap();
    if content.is_empty() {
        prop_assert_eq!(receipt.status, ApplyStatus::NothingToDo);
        return Ok(());
    }
    prop_assert_eq!(receipt.status, ApplyStatus::Applied, "{:?}", receipt);
    prop_assert_eq!(fake.lock().writes.len(), content.changes.len());
    let after = seen(world, &fake);
    prop_assert_eq!(decided(&after.live), decided(&world.after(&content).live));
    prop_assert!(after.plan().unwrap().is_empty(), "something is left to plan");
    undo(world, &receipt, &fake, &state, &runtime)
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
    let undone = result.unwrap();
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
}
