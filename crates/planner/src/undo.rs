//! The reverse of an applied plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_model::{
    Action, Change, ChangeId, Digest, Email, Figures, Finding, LiveState, OverrideOrigin,
    PlanContent, Reason, ReasonKind, Severity, Subject,
};

use crate::draft::{Draft, PersonDraft};
use crate::guard;
use crate::observation;
use crate::planning::{live_digest, named_projects};
use crate::power::Power;
use crate::sequence::sequence;

/// The plan that reverses those changes of `content` that were carried out (`done`), against the live
/// state read after the apply (`design.md`, "Apply": undo plan). What cannot be reversed is a finding
/// (`irreversible`) in the result.
///
/// # Errors
/// When the result cannot be written as JSON, which no valid plan causes.
pub fn undo(
    content: &PlanContent,
    digest: Digest,
    done: &[ChangeId],
    after: &LiveState,
    instant: Timestamp,
) -> Result<PlanContent, serde_json::Error> {
    let done: BTreeSet<&ChangeId> = done.iter().collect();
    let mut people: BTreeMap<Email, PersonDraft> = BTreeMap::new();
    let mut findings = Vec::new();
    for change in content.changes.iter().filter(|change| done.contains(&change.id)) {
        if let Some(why) = change.action.irreversible() {
            findings.push(
                Finding::new(
                    Severity::Warning,
                    observation::IRREVERSIBLE,
                    format!("{} is not undone: {why}", described(&change.action)),
                )
                .about(change.subject.email()),
            );
        }
        let reversed = reverse(&change.action);
        let Some(member) = after.member(change.subject.email()) else {
            continue;
        };
        if reversed.is_empty() {
            continue;
        }
        let original =
            content.subjects.iter().find(|one| one.subject.email() == change.subject.email());
        let person = people.entry(member.email.clone()).or_insert_with(|| PersonDraft {
            subject: Subject::Person { email: member.email.clone(), user: member.id },
            name: original.and_then(|one| one.name.clone()),
            tags: original.map(|one| one.tags.clone()).unwrap_or_default(),
            asked_by_name: true,
            drafts: Vec::new(),
        });
        for action in reversed {
            person.drafts.push(Draft { action, reason: reason_of(change) });
        }
    }
    // Where an invitation was withdrawn, what came before it cannot be brought back piece by piece.
    for change in &content.changes {
        if done.contains(&change.id) && matches!(change.action, Action::WithdrawInvitation { .. }) {
            people.remove(change.subject.email());
        }
    }
    let people: Vec<PersonDraft> = people.into_values().collect();
    assemble(content, digest, &people, findings, after, instant)
}

fn assemble(
    content: &PlanContent,
    digest: Digest,
    people: &[PersonDraft],
    mut findings: Vec<Finding>,
    after: &LiveState,
    instant: Timestamp,
) -> Result<PlanContent, serde_json::Error> {
    let power = Power::of(&after.actor, &after.members);
    let ordered = sequence(people, after, power)?;
    for refused in &ordered.refused {
        if let Some(change) = ordered.changes.get(refused.change) {
            findings.push(
                Finding::new(
                    Severity::Error,
                    observation::ACTOR_POWER,
                    format!("the service would refuse this: {}", refused.message),
                )
                .about(change.subject.email()),
            );
        }
    }
    findings.extend(observation::few_owners(ordered.owners_after));
    findings.sort();
    findings.dedup();
    let named = named_projects(&ordered.changes, &ordered.subjects);
    let mut policy = content.policy.clone();
    // What was allowed for the plan was allowed for that plan only.
    policy.overrides.retain(|one| one.origin != OverrideOrigin::CommandLine);
    let mut undone = PlanContent {
        organization: content.organization.clone(),
        instant,
        instant_given: false,
        undoes: Some(digest),
        acting_as: content.acting_as.clone(),
        files_digest: content.files_digest,
        live_digest: live_digest(&ordered.subjects, after)?,
        policy,
        figures: Figures {
            members: u64::try_from(after.members.len()).unwrap_or(u64::MAX),
            active_owners: u64::try_from(after.active_owners()).unwrap_or(u64::MAX),
            ..content.figures
        },
        projects: content
            .projects
            .iter()
            .filter(|project| named.contains(&project.id))
            .cloned()
            .collect(),
        subjects: ordered.subjects,
        changes: ordered.changes,
        guards: Vec::new(),
        findings,
        not_planned: Vec::new(),
    };
    undone.guards = guard::evaluate(&undone, after, instant, None);
    Ok(undone)
}

/// The actions that take back what an action did.
fn reverse(action: &Action) -> Vec<Action> {
    match action.clone() {
        // The invitation stays sent, but it should give nothing.
        Action::Invite { grants, .. } => grants
            .into_iter()
            .map(|grant| Action::Revoke { project: grant.project, before: grant.role })
            .collect(),
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => Vec::new(),
        Action::SetOrganizationRole { before, after } => {
            vec![Action::SetOrganizationRole { before: after, after: before }]
        }
        Action::Grant { project, after } => vec![Action::Revoke { project, before: after }],
        Action::SetProjectRole { project, before, after } => {
            vec![Action::SetProjectRole { project, before: after, after: before }]
        }
        Action::Revoke { project, before } => vec![Action::Grant { project, after: before }],
    }
}

fn described(action: &Action) -> &'static str {
    match action {
        Action::Invite { .. } => "the invitation",
        Action::WithdrawInvitation { .. } => "the withdrawal of the invitation",
        Action::RemoveMember { .. } => "the removal",
        Action::SetOrganizationRole { .. }
        | Action::Grant { .. }
        | Action::SetProjectRole { .. }
        | Action::Revoke { .. } => "the change",
    }
}

fn reason_of(change: &Change) -> Reason {
    Reason {
        kind: ReasonKind::Undo,
        place: change.reason.place.clone(),
        annotations: change.reason.annotations.clone(),
    }
}
