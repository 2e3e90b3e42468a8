//! The reverse of an applied plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_model::{
    Action, Change, ChangeId, Digest, Email, Figures, Finding, InvitedGrant, LiveMember, LiveState,
    MemberStatus, NotPlanned, OrganizationRole, OverrideOrigin, PlanContent, ProjectId, ProjectKey,
    ProjectRef, ProjectRole, Reason, ReasonKind, Subject,
};

use crate::content::{live_digest, named_projects};
use crate::draft::{Draft, PersonDraft};
use crate::guard;
use crate::observation;
use crate::person::needs_number;
use crate::power::Power;
use crate::sequence::sequence;

/// The plan that reverses those changes of `content` that were carried out (`done`), against the live
/// state read after the apply (`design.md`, "Apply": undo plan). It takes back the net effect on each
/// person: an invitation that still waits is withdrawn, roles return to what they were. What cannot be
/// reversed, or was changed again by somebody else, is a finding (`not-undone`) in the result.
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
    let mut effects: BTreeMap<&Email, Effect<'_>> = BTreeMap::new();
    let mut taken_back = TakenBack::default();
    for change in content.changes.iter().filter(|change| done.contains(&change.id)) {
        if let Some(message) = lasting(&change.action) {
            taken_back.findings.push(observation::not_undone(change.subject.email(), message));
        }
        effects.entry(change.subject.email()).or_default().add(change);
    }
    for (email, effect) in &effects {
        taken_back.person(content, after, email, effect);
    }
    assemble(content, digest, taken_back, after, instant)
}

/// What the changes of one person did, taken together.
#[derive(Default)]
struct Effect<'a> {
    /// A removal or withdrawal: what came before it cannot be brought back piece by piece.
    gone: bool,
    invitation: Option<&'a Change>,
    /// Organization role before the first change and after the last.
    organization_role: Option<(OrganizationRole, OrganizationRole, &'a Change)>,
    /// Individual grant before the first change and after the last, for each project.
    grants: BTreeMap<ProjectId, GrantEffect<'a>>,
}

struct GrantEffect<'a> {
    project: &'a ProjectRef,
    before: Option<&'a ProjectRole>,
    after: Option<&'a ProjectRole>,
    change: &'a Change,
}

impl<'a> Effect<'a> {
    fn add(&mut self, change: &'a Change) {
        match &change.action {
            Action::Invite { organization_role, grants } => {
                self.invitation = Some(change);
                if *organization_role != OrganizationRole::LOWEST {
                    let lowest = OrganizationRole::LOWEST;
                    self.organization_role = Some((lowest, *organization_role, change));
                }
                for grant in grants {
                    self.grant(&grant.project, None, Some(&grant.role), change);
                }
            }
            Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => self.gone = true,
            Action::SetOrganizationRole { before, after } => {
                let first = self.organization_role.map_or(*before, |(first, ..)| first);
                self.organization_role = Some((first, *after, change));
            }
            Action::Grant { project, after } => self.grant(project, None, Some(after), change),
            Action::SetProjectRole { project, before, after } => {
                self.grant(project, Some(before), Some(after), change);
            }
            Action::Revoke { project, before } => self.grant(project, Some(before), None, change),
        }
    }

    fn grant(
        &mut self,
        project: &'a ProjectRef,
        before: Option<&'a ProjectRole>,
        after: Option<&'a ProjectRole>,
        change: &'a Change,
    ) {
        self.grants
            .entry(project.id)
            .and_modify(|effect| effect.after = after)
            .or_insert(GrantEffect { project, before, after, change });
    }
}

/// What an undo plan is made of.
#[derive(Default)]
struct TakenBack {
    people: Vec<PersonDraft>,
    findings: Vec<Finding>,
    not_planned: Vec<NotPlanned>,
}

impl TakenBack {
    fn person(
        &mut self,
        content: &PlanContent,
        after: &LiveState,
        email: &Email,
        effect: &Effect<'_>,
    ) {
        if effect.gone {
            return;
        }
        let Some(member) = after.member(email) else {
            let message = "is not live any more, so nothing is taken back";
            self.findings.push(observation::not_undone(email, message));
            return;
        };
        let mut drafts = Vec::new();
        match effect.invitation {
            Some(invitation) if member.status == MemberStatus::Pending => {
                drafts.push(draft(withdrawal(content, after, member), invitation));
            }
            _ => {
                self.organization_role(member, effect, &mut drafts);
                for grant in effect.grants.values() {
                    self.grant(member, grant, &mut drafts);
                }
            }
        }
        if drafts.is_empty() {
            return;
        }
        if let Some(waiting) = needs_number(member, &drafts) {
            self.not_planned.push(waiting);
            return;
        }
        let original = content.subject(email);
        self.people.push(PersonDraft {
            subject: Subject::Person { email: member.email.clone(), user: member.id },
            name: original.and_then(|one| one.name.clone()),
            tags: original.map(|one| one.tags.clone()).unwrap_or_default(),
            asked_by_name: true,
            drafts,
        });
    }

    fn organization_role(
        &mut self,
        member: &LiveMember,
        effect: &Effect<'_>,
        drafts: &mut Vec<Draft>,
    ) {
        let Some((first, last, change)) = effect.organization_role else { return };
        if member.organization_role == Some(first) {
            return;
        }
        if member.organization_role != Some(last) || member.status == MemberStatus::Pending {
            let found = member.organization_role.map_or("unknown", OrganizationRole::as_str);
            let message =
                format!("the organization role is {found} by now, not {last}, and stays as it is");
            self.findings.push(observation::not_undone(&member.email, message));
            return;
        }
        let action = Action::SetOrganizationRole { before: last, after: first };
        drafts.push(draft(action, change));
    }

    fn grant(&mut self, member: &LiveMember, effect: &GrantEffect<'_>, drafts: &mut Vec<Draft>) {
        let GrantEffect { project, before, after, change } = effect;
        let held = member.individual_role(project.id);
        if held == *before {
            return;
        }
        if held != *after {
            let words = |role: Option<&ProjectRole>| {
                role.map_or_else(|| "none".to_owned(), ToString::to_string)
            };
            let message = format!(
                "the role in {} is {} by now, not {}, and stays as it is",
                project.key,
                words(held),
                words(*after)
            );
            let finding = observation::not_undone(&member.email, message);
            self.findings.push(finding.in_project(&project.key));
            return;
        }
        let project = || (*project).clone();
        match (*after, *before) {
            (None, None) => {}
            (None, Some(before)) => drafts
                .push(draft(Action::Grant { project: project(), after: before.clone() }, change)),
            (Some(after), None) => drafts
                .push(draft(Action::Revoke { project: project(), before: after.clone() }, change)),
            // A role cannot be changed in place while the invitation is pending.
            (Some(after), Some(before)) if member.status == MemberStatus::Pending => {
                let revoked = Action::Revoke { project: project(), before: after.clone() };
                let granted = Action::Grant { project: project(), after: before.clone() };
                drafts.extend([draft(revoked, change), draft(granted, change)]);
            }
            (Some(after), Some(before)) => drafts.push(draft(
                Action::SetProjectRole {
                    project: project(),
                    before: after.clone(),
                    after: before.clone(),
                },
                change,
            )),
        }
    }
}

fn assemble(
    content: &PlanContent,
    digest: Digest,
    taken_back: TakenBack,
    after: &LiveState,
    instant: Timestamp,
) -> Result<PlanContent, serde_json::Error> {
    let TakenBack { people, mut findings, not_planned } = taken_back;
    let power = Power::of(&after.actor, &after.members);
    let floor = guard::owner_floor(content.policy.owners);
    let ordered = sequence(&people, after, power, floor)?;
    findings.extend(observation::actor_power(&ordered));
    findings.extend(observation::few_owners(ordered.owners_after));
    findings.extend(observation::irreversible(&ordered.changes));
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
        not_planned,
    };
    undone.guards = guard::evaluate(&undone, after, instant, None);
    Ok(undone)
}

fn draft(action: Action, undone: &Change) -> Draft {
    let reason = Reason {
        kind: ReasonKind::Undo,
        place: undone.reason.place.clone(),
        annotations: undone.reason.annotations.clone(),
    };
    Draft { action, reason }
}

/// The withdrawal of an invitation that is still pending.
fn withdrawal(content: &PlanContent, after: &LiveState, member: &LiveMember) -> Action {
    let key = |id: ProjectId| match (content.project(id), after.project(id)) {
        (Some(project), _) => project.key.clone(),
        (None, Some(project)) => ProjectKey::new(project.name.as_str()),
        (None, None) => ProjectKey::new(id.to_string()),
    };
    let loses = member
        .individual_grants()
        .map(|(id, role)| InvitedGrant {
            project: ProjectRef { id, key: key(id) },
            role: role.clone(),
        })
        .collect();
    Action::WithdrawInvitation { organization_role: member.organization_role, loses }
}

/// What lasts of an action whatever is done now.
const fn lasting(action: &Action) -> Option<&'static str> {
    match action {
        Action::Invite { .. } => {
            Some("the invitation was sent and cannot be unsent; only what it gives is taken back")
        }
        Action::WithdrawInvitation { .. } => Some(
            "the withdrawn invitation comes back only as a new invitation, which is not planned",
        ),
        Action::RemoveMember { .. } => {
            Some("the removed member comes back only by a new invitation, which is not planned")
        }
        Action::SetOrganizationRole { .. }
        | Action::Grant { .. }
        | Action::SetProjectRole { .. }
        | Action::Revoke { .. } => None,
    }
}
