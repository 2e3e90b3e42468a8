//! The reverse of an applied plan.

mod effect;
mod other;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_model::{
    Change, ChangeId, Digest, Email, Figures, Finding, LiveState, NotPlanned, OverrideOrigin,
    PlanContent, ProjectId, ProjectKey, ProjectRef, ProjectRole, Reason, ReasonKind, Subject,
    SubjectKey, Write,
};

use self::effect::{Effect, GrantEffect, lasting};
use crate::compare::draft::{Draft, SubjectDraft};
use crate::content::{live_digest, named_projects};
use crate::custom_role::CustomRoles;
use crate::finding::observation;
use crate::guard;
use crate::order::actor_permission::ActorPower;
use crate::order::sequence::{Described, Setting, sequence};

/// The plan that reverses those changes of `content` that were carried out (`done`), against the live
/// state read after the apply: an ordinary plan, to be reviewed like any other. It takes back the net
/// effect on each subject: an invitation that still waits is withdrawn, roles return to what they were,
/// a team that was deleted is made again. What cannot be reversed, or was changed again by somebody
/// else, is a finding (`not-undone`) in the result.
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
    let custom = CustomRoles::planned(content);
    let mut effects: BTreeMap<SubjectKey, (&Subject, Effect<'_>)> = BTreeMap::new();
    let mut taken_back = TakenBack::of(content, after, &custom);
    for change in content.changes.iter().filter(|change| done.contains(&change.id)) {
        if let Some(message) = lasting(change) {
            taken_back.findings.push(observation::not_undone(&change.subject, message));
        }
        let (_, effect) = effects
            .entry(change.subject.key())
            .or_insert_with(|| (&change.subject, Effect::default()));
        effect.add(change);
    }
    for (subject, effect) in effects.values() {
        match subject {
            Subject::Person { email, .. } => taken_back.person(subject, email, effect),
            Subject::Team { name, .. } => taken_back.team(subject, name, effect),
            Subject::ServiceAccount { username, .. } => {
                taken_back.service_account(subject, username, effect);
            }
        }
    }
    assemble(taken_back, digest, instant)
}

/// What an undo plan is made of.
struct TakenBack<'a> {
    content: &'a PlanContent,
    after: &'a LiveState,
    custom: &'a CustomRoles<'a>,
    /// Whose invitation this plan withdraws, and with it their place in teams.
    withdrawn: BTreeSet<Email>,
    drafted: Vec<SubjectDraft>,
    findings: Vec<Finding>,
    not_planned: Vec<NotPlanned>,
}

impl<'a> TakenBack<'a> {
    const fn of(
        content: &'a PlanContent,
        after: &'a LiveState,
        custom: &'a CustomRoles<'a>,
    ) -> Self {
        Self {
            content,
            after,
            custom,
            withdrawn: BTreeSet::new(),
            drafted: Vec::new(),
            findings: Vec::new(),
            not_planned: Vec::new(),
        }
    }

    /// Whether a role is still what the plan made it, and is to be what it was before. One that
    /// somebody else has changed since stays, and is told.
    fn is_to_be_reversed(
        &mut self,
        subject: &Subject,
        effect: &GrantEffect<'_>,
        held: Option<&ProjectRole>,
    ) -> bool {
        let GrantEffect { project, before, after, .. } = effect;
        if held == *before {
            return false;
        }
        if held == *after {
            return true;
        }
        let words = |role: Option<&ProjectRole>| {
            role.map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        let message = format!(
            "the role in {} is {} by now, not {}, and stays as it is",
            project.key,
            words(held),
            words(*after)
        );
        let finding = observation::not_undone(subject, message);
        self.findings.push(finding.in_project(&project.key));
        false
    }

    fn draft(&self, write: Write, undone: &Change) -> Draft {
        Draft::new(write, reason(undone), self.custom)
    }

    /// Gives back the role that there was in place of the one there is, where that takes two changes.
    fn exchange(
        &self,
        project: &ProjectRef,
        after: &ProjectRole,
        before: &ProjectRole,
        undone: &Change,
    ) -> [Draft; 2] {
        Draft::exchange(project, after, before, &reason(undone), self.custom)
    }

    fn push(&mut self, subject: Subject, drafts: Vec<Draft>) {
        if drafts.is_empty() {
            return;
        }
        let original = self.content.subject(&subject.key());
        self.drafted.push(SubjectDraft {
            name: original.and_then(|one| one.name.clone()),
            tags: original.map(|one| one.tags.clone()).unwrap_or_default(),
            subject,
            drafts,
        });
    }

    fn reference(&self, id: ProjectId) -> ProjectRef {
        let key = match (self.content.project(id), self.after.project(id)) {
            (Some(project), _) => project.key.clone(),
            (None, Some(project)) => ProjectKey::new(project.name.as_str()),
            (None, None) => ProjectKey::new(id.to_string()),
        };
        ProjectRef { id, key }
    }
}

fn assemble(
    taken_back: TakenBack<'_>,
    digest: Digest,
    instant: Timestamp,
) -> Result<PlanContent, serde_json::Error> {
    let TakenBack { content, after, custom, drafted, mut findings, not_planned, .. } = taken_back;
    let describe = |email: &Email| -> Described {
        let original = content.subject(&SubjectKey::Person(email.clone()));
        original.map(|one| (one.name.clone(), one.tags.clone())).unwrap_or_default()
    };
    let is_declared = |project: ProjectId| content.project(project).is_some_and(|one| one.declared);
    let setting = Setting {
        live: after,
        power: ActorPower::of(after, custom),
        floor: guard::owner_floor(content.policy.owners),
        custom,
        is_declared: &is_declared,
        describe: &describe,
    };
    let ordered = sequence(&drafted, setting)?;
    findings.extend(observation::actor_power(&ordered));
    findings.extend(observation::few_owners(ordered.owners_after));
    findings.extend(observation::irreversible(&ordered.changes));
    findings.sort();
    findings.dedup();
    let named = named_projects(&ordered.changes, &ordered.subjects, &[]);
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
        manual: Vec::new(),
        not_planned,
    };
    undone.guards = guard::evaluate(&undone, after, instant, None);
    Ok(undone)
}

/// Why an undo makes a change: because another is undone, for the same ticket and at the same place.
fn reason(undone: &Change) -> Reason {
    Reason {
        kind: ReasonKind::Undo,
        place: undone.reason.place.clone(),
        annotations: undone.reason.annotations.clone(),
    }
}
