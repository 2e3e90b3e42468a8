//! From one person's declared and live access to the changes between them.

use std::cmp::Ordering;
use std::sync::Arc;

use mixaccess_model::{
    Action, Annotations, Capabilities, Cause, DesiredCollaborator, DesiredGrant, DesiredState,
    Finding, Grant, GrantSource, InvitedGrant, LiveMember, MemberStatus, NotPlanned,
    NotPlannedKind, OrganizationRole, ProjectId, ProjectRef, ProjectRole, Reason, ReasonKind,
    State, Subject,
};

use crate::custom_role::CustomRoles;
use crate::draft::Draft;
use crate::effective::is_met_otherwise;
use crate::observation::{self, MetOtherwise};
use crate::project_names::ProjectNames;

/// What came out of comparing one person.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) findings: Vec<Finding>,
    met_otherwise: Option<MetOtherwise>,
    /// Access beyond what is declared that no plan takes away.
    excess: Option<MetOtherwise>,
}

/// Compares people; holds what is the same for all of them.
#[derive(Clone, Copy)]
pub(crate) struct Comparer<'a> {
    pub(crate) desired: &'a DesiredState,
    pub(crate) names: ProjectNames<'a>,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) custom: &'a CustomRoles<'a>,
}

impl Comparer<'_> {
    /// Somebody declared who is not live: an invitation, or nothing when the person should be gone.
    pub(crate) fn absent(&self, collaborator: &DesiredCollaborator) -> Comparison {
        let mut out = Comparison::default();
        if collaborator.state == State::Active {
            self.invite(collaborator, ReasonKind::Declared, &mut out);
        }
        out
    }

    /// Somebody declared who is live.
    pub(crate) fn present(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
    ) -> Comparison {
        let mut out = Comparison::default();
        match collaborator.state {
            State::Active if member.status == MemberStatus::Pending => {
                self.pending(collaborator, member, &mut out);
            }
            State::Active => self.active(collaborator, member, &mut out),
            State::Suspended => {
                let reason = self.reason(ReasonKind::Suspended, &collaborator.cause);
                self.suspend(member, &reason, &mut out);
            }
            State::Removed => {
                let reason = self.reason(ReasonKind::Removed, &collaborator.cause);
                out.drafts.push(self.draft(self.removal(member), reason));
            }
        }
        out
    }

    /// Lowest organization role and no project at all (`design.md`, "The files": `suspended`).
    pub(crate) fn suspend(&self, member: &LiveMember, reason: &Reason, out: &mut Comparison) {
        let lowest = OrganizationRole::LOWEST;
        match member.organization_role {
            Some(before) if before != lowest => {
                if self.roles_are_fixed(member) {
                    // An invitation's role cannot be lowered, and it must not be accepted as it is.
                    out.drafts.push(self.draft(self.removal(member), reason.clone()));
                    return;
                }
                let action = Action::SetOrganizationRole { before, after: lowest };
                out.drafts.push(self.draft(action, reason.clone()));
            }
            Some(_) => {}
            None => out.findings.push(observation::unknown_organization_role(member)),
        }
        for (project, role) in member.individual_grants() {
            let project = self.names.reference(project);
            let action = Action::Revoke { project, before: role.clone() };
            out.drafts.push(self.draft(action, reason.clone()));
        }
        for rows in member.grants.chunk_by(|a, b| a.project == b.project) {
            if let Some(row) = rows.first() {
                still_given(member, &self.names.reference(row.project), rows, out);
            }
        }
    }

    /// Removal of a member, or withdrawal of an invitation.
    pub(crate) fn removal(&self, member: &LiveMember) -> Action {
        let loses = member
            .individual_grants()
            .map(|(project, role)| InvitedGrant {
                project: self.names.reference(project),
                role: role.clone(),
            })
            .collect();
        match member.status {
            MemberStatus::Active => {
                Action::RemoveMember { before: member.organization_role, loses }
            }
            MemberStatus::Pending => {
                Action::WithdrawInvitation { organization_role: member.organization_role, loses }
            }
        }
    }

    fn active(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        out: &mut Comparison,
    ) {
        match member.organization_role {
            Some(before) if before != collaborator.organization_role => {
                let action =
                    Action::SetOrganizationRole { before, after: collaborator.organization_role };
                let reason =
                    self.reason(ReasonKind::Declared, &collaborator.organization_role_cause);
                out.drafts.push(self.draft(action, reason));
            }
            Some(_) => {}
            None => out.findings.push(observation::unknown_organization_role(member)),
        }
        self.grants(collaborator, member, out);
        if let Some(excess) = out.excess.take() {
            out.findings.push(observation::excess(member, &excess));
        }
        if let Some(met) = out.met_otherwise.take() {
            out.findings.push(observation::met_otherwise(member, &met));
        }
    }

    fn pending(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        out: &mut Comparison,
    ) {
        let role_differs =
            member.organization_role.is_some_and(|role| role != collaborator.organization_role);
        if !role_differs || self.capabilities.change_pending_roles {
            self.active(collaborator, member, out);
            return;
        }
        // `mixpanel-api.md`, "How the world behaves", 6: a changed role is a withdrawal and a new
        // invitation, which carries everything else that differs as well.
        let reason = self.reason(ReasonKind::Declared, &collaborator.organization_role_cause);
        out.drafts.push(self.draft(self.removal(member), reason));
        self.invite(collaborator, ReasonKind::Declared, out);
        out.findings.push(observation::reinvited(member, collaborator.organization_role));
    }

    fn invite(&self, collaborator: &DesiredCollaborator, kind: ReasonKind, out: &mut Comparison) {
        let role = collaborator.organization_role;
        let mut wanted = Vec::new();
        for grant in &collaborator.grants {
            let Some(wanted_role) = &grant.role else {
                continue;
            };
            let implied = role.implied_project_role().as_ref() == Some(wanted_role);
            if implied || self.desired.project(grant.project).is_none() {
                continue;
            }
            wanted.push((grant, wanted_role));
        }
        let grants = wanted
            .iter()
            .map(|(grant, role)| InvitedGrant {
                project: self.names.reference(grant.project),
                role: (*role).clone(),
            })
            .collect();
        let reason = self.invitation_reason(collaborator, kind, wanted.iter().map(|(one, _)| *one));
        out.drafts.push(self.draft(Action::Invite { organization_role: role, grants }, reason));
    }

    /// What asks for an invitation: what asks for each of the grants that it carries, and for the
    /// organization role where that gives anything or nothing else is carried. Words that not all of
    /// them have do not count for the invitation.
    fn invitation_reason<'g>(
        &self,
        collaborator: &DesiredCollaborator,
        kind: ReasonKind,
        grants: impl Iterator<Item = &'g DesiredGrant>,
    ) -> Reason {
        let mut causes: Vec<&Cause> = grants.map(|grant| &grant.cause).collect();
        let mut reason = match causes.as_slice() {
            [only] => self.reason(kind, only),
            _ => self.reason(kind, &collaborator.cause),
        };
        if causes.is_empty() || collaborator.organization_role != OrganizationRole::LOWEST {
            causes.push(&collaborator.organization_role_cause);
        }
        reason.annotations = annotations_of_all(&causes);
        reason
    }

    /// Walks declared and live projects side by side, both sorted by number.
    fn grants(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        out: &mut Comparison,
    ) {
        let mut declared = collaborator.grants.iter().peekable();
        let mut live = member.grants.as_slice();
        loop {
            let next_live = live.first().map(|grant| grant.project);
            let order = match (declared.peek(), next_live) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(entry), Some(project)) => entry.project.cmp(&project),
            };
            let entry = if order.is_le() { declared.next() } else { None };
            let rows = match next_live {
                Some(project) if order.is_ge() => {
                    let count = live.partition_point(|grant| grant.project == project);
                    let (rows, rest) = live.split_at(count);
                    live = rest;
                    rows
                }
                _ => &[],
            };
            let (want, cause, kind) = match entry {
                Some(entry) => (entry.role.as_ref(), &entry.cause, ReasonKind::Declared),
                None => (None, &collaborator.cause, ReasonKind::NotMentioned),
            };
            let Some(project) = entry.map(|entry| entry.project).or(next_live) else {
                return;
            };
            let task = GrantTask { project, want, rows, cause, kind };
            self.grant(collaborator, member, &task, out);
        }
    }

    fn grant(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        task: &GrantTask<'_>,
        out: &mut Comparison,
    ) {
        let held = Grant::individual_role(task.rows);
        if held == task.want {
            self.note_excess(task, out);
            return;
        }
        if self.desired.project(task.project).is_none() {
            return;
        }
        let project = self.names.reference(task.project);
        let action = match (task.want, held) {
            (None, None) => return,
            (None, Some(held)) => {
                still_given(member, &project, task.rows, out);
                Action::Revoke { project, before: held.clone() }
            }
            (Some(want), held) => {
                // An unknown organization role stays unknown, and gives nothing that can be counted on.
                let organization_role = member
                    .organization_role
                    .map_or(OrganizationRole::LOWEST, |_| collaborator.organization_role);
                let met = is_met_otherwise(want, task.rows, organization_role);
                match (met, held) {
                    (Some(source), held) if held.is_none_or(|held| is_weaker(held, want)) => {
                        out.met_otherwise
                            .get_or_insert_with(|| MetOtherwise {
                                project,
                                role: want.clone(),
                                source,
                                projects: 0,
                            })
                            .projects += 1;
                        return;
                    }
                    (_, None) => Action::Grant { project, after: want.clone() },
                    (_, Some(held)) if self.roles_are_fixed(member) => {
                        let action =
                            Action::Revoke { project: project.clone(), before: held.clone() };
                        let reason = self.reason(task.kind, task.cause);
                        out.drafts.push(self.draft(action, reason));
                        Action::Grant { project, after: want.clone() }
                    }
                    (_, Some(held)) => Action::SetProjectRole {
                        project,
                        before: held.clone(),
                        after: want.clone(),
                    },
                }
            }
        };
        out.drafts.push(self.draft(action, self.reason(task.kind, task.cause)));
    }

    /// Notes what a team or all-users gives beyond what is declared, although nothing is to be changed.
    /// What everybody has is worth a word only where the files speak of the project.
    fn note_excess(&self, task: &GrantTask<'_>, out: &mut Comparison) {
        let wanted = task.want.and_then(ProjectRole::power).unwrap_or(0);
        let excess = task.rows.iter().find(|row| {
            let counts = match row.source {
                GrantSource::Team(_) => true,
                GrantSource::AllUsers => task.kind == ReasonKind::Declared,
                GrantSource::Individual | GrantSource::Organization => false,
            };
            counts && row.role.power().is_none_or(|power| power > wanted)
        });
        if let Some(row) = excess
            && task.want != Some(&row.role)
            && self.desired.project(task.project).is_some()
        {
            out.excess
                .get_or_insert_with(|| MetOtherwise {
                    project: self.names.reference(task.project),
                    role: row.role.clone(),
                    source: row.source.clone(),
                    projects: 0,
                })
                .projects += 1;
        }
    }

    /// A role cannot be changed in place while the invitation is pending.
    fn roles_are_fixed(&self, member: &LiveMember) -> bool {
        member.status == MemberStatus::Pending && !self.capabilities.change_pending_roles
    }

    pub(crate) fn draft(&self, action: Action, reason: Reason) -> Draft {
        Draft::new(action, reason, self.custom)
    }

    pub(crate) fn reason(&self, kind: ReasonKind, cause: &Cause) -> Reason {
        Reason {
            kind,
            place: Some(self.desired.place(cause.position)),
            annotations: cause
                .annotations
                .as_deref()
                .map_or_else(Annotations::default, Clone::clone),
        }
    }
}

/// The words that every cause has; where they differ, one after the other.
fn annotations_of_all(causes: &[&Cause]) -> Annotations {
    let all: Option<Vec<&Annotations>> =
        causes.iter().map(|cause| cause.annotations.as_deref()).collect();
    let Some(all) = all else { return Annotations::default() };
    let joined = |field: fn(&Annotations) -> &Option<Arc<str>>| -> Option<Arc<str>> {
        let mut words: Vec<&Arc<str>> = Vec::new();
        for one in &all {
            let word = field(one).as_ref().filter(|word| !word.trim().is_empty())?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        match words.as_slice() {
            [] => None,
            [only] => Some(Arc::clone(only)),
            several => {
                let several: Vec<&str> = several.iter().map(|word| &***word).collect();
                Some(Arc::from(several.join(", ")))
            }
        }
    };
    Annotations {
        ticket: joined(|one| &one.ticket),
        reason: joined(|one| &one.reason),
        requested_by: joined(|one| &one.requested_by),
        approved_by: joined(|one| &one.approved_by),
    }
}

/// One project of one person: what is wanted, what is there, and what asks for it.
struct GrantTask<'a> {
    project: ProjectId,
    want: Option<&'a ProjectRole>,
    rows: &'a [Grant],
    cause: &'a Cause,
    kind: ReasonKind,
}

/// Whether a role gives less than another; custom roles are not ordered.
fn is_weaker(role: &ProjectRole, than: &ProjectRole) -> bool {
    matches!((role.power(), than.power()), (Some(role), Some(than)) if role < than)
}

/// Says which of these rows stay although the individual grant goes.
fn still_given(member: &LiveMember, project: &ProjectRef, rows: &[Grant], out: &mut Comparison) {
    for row in rows {
        if matches!(row.source, GrantSource::Team(_) | GrantSource::AllUsers) {
            let finding = observation::still_has_access(member, project, &row.role, &row.source);
            out.findings.push(finding);
        }
    }
}

/// A live member as a subject.
pub(crate) fn subject_of(member: &LiveMember) -> Subject {
    Subject::Person { email: member.email.clone(), user: member.id }
}

/// Changes that address the member by number cannot be made without one.
pub(crate) fn needs_number(member: &LiveMember, drafts: &[Draft]) -> Option<NotPlanned> {
    let addressed = drafts
        .iter()
        .any(|draft| !matches!(draft.action, Action::Invite { .. } | Action::Grant { .. }));
    (member.id.is_none() && addressed).then(|| NotPlanned {
        kind: NotPlannedKind::Unreadable,
        subject: Some(subject_of(member)),
        project: None,
        message: format!(
            "{} change{} wait: the service gave no number to address this account by",
            drafts.len(),
            if drafts.len() == 1 { "" } else { "s" }
        ),
    })
}
