//! From desired and live state to a plan.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Email, ManualTask, NotPlanned, NotPlannedKind, Override, PlanContent, ProjectId, ReasonKind,
    Subject,
};

use crate::compare::comparer::Comparer;
use crate::compare::doubt::Doubts;
use crate::compare::gathering::Gathering;
use crate::compare::membership::Membership;
use crate::compare::service_account::compare_service_accounts;
use crate::compare::team::compare_teams;
use crate::content;
use crate::custom_role::CustomRoles;
use crate::finding::custom_role::custom_roles;
use crate::finding::follow_up;
use crate::finding::observation;
use crate::finding::service_account as service_account_findings;
use crate::finding::team as team_findings;
use crate::guard;
use crate::identity_provider::directory::Directory;
use crate::input::PlanningInput;
use crate::invitation;
use crate::order::actor_permission::ActorPower;
use crate::order::sequence::{Described, Sequence, Setting, sequence};
use crate::project_names::ProjectNames;

/// Plans the changes that take live state to desired state: the same content for the same input.
///
/// # Errors
/// When the content cannot be written as JSON, which no valid input causes.
pub fn plan(input: &PlanningInput<'_>) -> Result<PlanContent, serde_json::Error> {
    let PlanningInput { desired, live, capabilities, .. } = *input;
    let custom = CustomRoles::declared(desired);
    let membership = Membership::of(desired);
    let names = ProjectNames { desired, live };
    let directory = Directory::of(live.identity_provider.as_ref());
    let doubts = Doubts::of(desired, live);
    let comparer = Comparer {
        desired,
        live,
        names,
        capabilities,
        custom: &custom,
        membership: &membership,
        directory: &directory,
        doubts: &doubts,
    };
    // What teams will give decides which individual grants are needed.
    let teams = compare_teams(&comparer);
    let mut gathering = Gathering::of(comparer, teams);
    gathering.compare_everybody();
    gathering.add_accounts(compare_service_accounts(&comparer));
    let power = ActorPower::of(live, &custom);
    gathering.findings.extend(observation::actor_unknown(&live.actor));
    let sequence = sequence_what_may_run(&mut gathering, power, input.allow)?;
    observe(&mut gathering, &sequence);
    content::assemble(input, gathering, sequence)
}

/// Puts the drafts in order. What the service would refuse is an error where the files ask for
/// it by name; where only a sweeping rule does, the person is left out and reported. Credentials
/// that are for reading plan what others will apply: they are told once, and nothing is left out.
fn sequence_what_may_run(
    gathering: &mut Gathering<'_>,
    power: Option<ActorPower<'_>>,
    allow: &[Override],
) -> Result<Sequence, serde_json::Error> {
    let Comparer { desired, live, custom, .. } = gathering.comparer;
    let describe = |email: &Email| -> Described {
        let declared = desired.collaborator(email);
        let name = declared
            .and_then(|one| one.name.clone())
            .or_else(|| live.member(email).and_then(|member| member.name.clone()));
        (name, declared.map(|one| one.tags.clone()).unwrap_or_default())
    };
    let floor = guard::owner_floor(desired.policy.owners);
    let is_declared = |project: ProjectId| desired.project(project).is_some();
    let setting =
        Setting { live, power, floor, custom, is_declared: &is_declared, describe: &describe };
    let first = sequence(&gathering.drafted, setting)?;
    let mut withheld: BTreeMap<Subject, String> = BTreeMap::new();
    for refused in &first.refused {
        let Some(change) = first.changes.get(refused.change) else {
            continue;
        };
        let reads_only = power.is_some_and(ActorPower::is_below_admin);
        if change.reason.kind == ReasonKind::Unmanaged && !reads_only {
            withheld.insert(change.subject.clone(), refused.message.clone());
        }
    }
    let settled = if withheld.is_empty() {
        first
    } else {
        withhold(gathering, &withheld);
        sequence(&gathering.drafted, setting)?
    };
    for (subject, message) in withheld {
        gathering.not_planned.push(NotPlanned {
            kind: NotPlannedKind::ActorPower,
            subject: Some(subject),
            project: None,
            message: format!("not in the files, and left alone: {message}"),
        });
    }
    let standing = guard::standing(desired, live, &settled.subjects, allow, custom);
    let settled = if gathering.withhold_additions(standing) {
        sequence(&gathering.drafted, setting)?
    } else {
        settled
    };
    gathering.findings.extend(if power.is_some_and(ActorPower::is_below_admin) {
        observation::reading_identity(&settled).into_iter().collect()
    } else {
        observation::actor_power(&settled)
    });
    Ok(settled)
}

/// Drops what a sweeping rule asks for about these people, in their teams as well.
fn withhold(gathering: &mut Gathering<'_>, withheld: &BTreeMap<Subject, String>) {
    let people: BTreeSet<&Email> = withheld.keys().filter_map(Subject::email).collect();
    for one in &mut gathering.drafted {
        let is_person = one.subject.email().is_some_and(|email| people.contains(email));
        one.drafts.retain(|draft| {
            let leaves = draft.write.left();
            let is_withheld = leaves.map_or(is_person, |email| people.contains(email));
            draft.reason.kind != ReasonKind::Unmanaged || !is_withheld
        });
    }
}

fn observe(gathering: &mut Gathering<'_>, sequence: &Sequence) {
    let Comparer { desired, live, capabilities, custom, .. } = gathering.comparer;
    let findings = &mut gathering.findings;
    let changes = &sequence.changes;
    findings.extend(observation::few_owners(sequence.owners_after));
    findings.extend(observation::irreversible(changes));
    findings.extend(observation::unknown_verbs(changes, capabilities));
    findings.extend(invitation::beyond_the_limit(changes, live));
    let mut leaving = service_account_findings::leaving(changes);
    let deprovisioned = gathering.manual.iter().filter(|one| {
        matches!(one.task, ManualTask::Deprovision | ManualTask::CheckDeprovisioning)
    });
    leaving
        .extend(deprovisioned.filter_map(|one| Some((one.subject.email()?, one.subject.user()))));
    findings.extend(service_account_findings::left_behind(desired, live, &leaving));
    findings.extend(custom_roles(desired, live));
    findings.extend(follow_up::tokens(&sequence.subjects, custom));
    findings.extend(team_findings::deletions(changes, &sequence.subjects, custom));
}
