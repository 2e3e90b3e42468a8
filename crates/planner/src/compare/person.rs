//! From one person's declared and live access to the changes between them.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    Annotations, Cause, DesiredCollaborator, DesiredGrant, Finding, Grant, GrantSource, LiveMember,
    MemberStatus, NotPlanned, NotPlannedKind, OrganizationRole, Reason, ReasonKind, State, Write,
};

use crate::codes::{INVITATION_EXPIRED, REINVITED};
use crate::compare::comparer::{Comparer, Course};
use crate::compare::doubt::Stops;
use crate::compare::draft::{Draft, Stage};
use crate::finding::names::names;
use crate::finding::observation;
use crate::finding::tally::{Tally, is_above};
use crate::invitation;
use crate::overlay::Projection;
use crate::subject::subject_of;

/// What came out of comparing one person.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) tally: Tally,
}

impl Comparison {
    /// Drops what a doubt stops, and says how many changes that are.
    pub(crate) fn withhold(&mut self, stops: Stops) -> usize {
        let invites = self.drafts.iter().any(Draft::invites);
        if invites {
            self.findings.retain(|one| !is_about_new_invitation(one));
        }
        match stops {
            Stops::Additions => keep_reductions(&mut self.drafts),
            Stops::Everything => std::mem::take(&mut self.drafts).len(),
        }
    }
}

/// Drops what gives something, and says how many changes that are. A new invitation goes with the
/// withdrawal of the old one: neither alone is what the files want.
pub(crate) fn keep_reductions(drafts: &mut Vec<Draft>) -> usize {
    let before = drafts.len();
    if drafts.iter().any(Draft::invites) {
        drafts.clear();
    } else {
        drafts.retain(|draft| draft.stage == Stage::Reduction);
    }
    before - drafts.len()
}

/// Whether a finding says that a new invitation is sent.
pub(crate) fn is_about_new_invitation(finding: &Finding) -> bool {
    [REINVITED, INVITATION_EXPIRED].contains(&finding.code.as_ref())
}

impl Comparer<'_> {
    /// Somebody declared who is not live: an invitation, or nothing when the person should be gone.
    pub(crate) fn absent(
        &self,
        collaborator: &DesiredCollaborator,
        teams: &Projection<'_>,
    ) -> Comparison {
        let mut out = Comparison::default();
        if self.course(collaborator, None) == Course::Invite {
            self.invite(collaborator, teams, ReasonKind::Declared, &mut out);
        }
        out
    }

    /// Somebody declared who is live, with the rows of teams as the plan will have them (`teams`).
    pub(crate) fn present(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        teams: &Projection<'_>,
    ) -> Comparison {
        let mut out = Comparison::default();
        match (collaborator.state, self.course(collaborator, Some(member))) {
            (State::Removed, _) => {
                let reason = self.reason(ReasonKind::Removed, &collaborator.cause);
                out.drafts.push(self.draft(self.removal(member), reason));
            }
            (State::Suspended, _) => {
                let reason = self.reason(ReasonKind::Suspended, &collaborator.cause);
                self.suspend(member, &reason, &mut out);
            }
            (State::Active, Course::Reinvite(kind)) => {
                self.reinvite(collaborator, member, teams, kind, &mut out);
            }
            (State::Active, _) => self.active(collaborator, member, &mut out),
        }
        out
    }

    /// Suspended: the account stays, with the lowest organization role and no project at all.
    pub(crate) fn suspend(&self, member: &LiveMember, reason: &Reason, out: &mut Comparison) {
        if self.suspension_course(member) == Course::Leave {
            out.drafts.push(self.draft(self.removal(member), reason.clone()));
            return;
        }
        let lowest = OrganizationRole::LOWEST;
        match member.organization_role {
            Some(before) if before != lowest => {
                let write = Write::set_organization_role(before, lowest);
                out.drafts.push(self.draft(write, reason.clone()));
            }
            Some(_) => {}
            None => out.findings.push(observation::unknown_organization_role(member)),
        }
        for (project, role) in member.individual_grants() {
            let project = self.names.reference(project);
            let write = Write::revoke(project, role.clone());
            out.drafts.push(self.draft(write, reason.clone()));
        }
        for rows in member.grants.chunk_by(|a, b| a.project == b.project) {
            if let Some(row) = rows.first() {
                self.still_given(member, &self.names.reference(row.project), rows, out);
            }
        }
    }

    /// Removal of a member, or withdrawal of an invitation.
    pub(crate) fn removal(&self, member: &LiveMember) -> Write {
        let loses = member
            .individual_grants()
            .map(|(project, role)| (self.names.reference(project), role.clone()));
        match member.status {
            MemberStatus::Active => Write::remove(member.organization_role, loses),
            MemberStatus::Pending => Write::withdraw(member.organization_role, loses),
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
                let write = Write::set_organization_role(before, collaborator.organization_role);
                let reason =
                    self.reason(ReasonKind::Declared, &collaborator.organization_role_cause);
                out.drafts.push(self.draft(write, reason));
            }
            Some(_) => {}
            None => out.findings.push(observation::unknown_organization_role(member)),
        }
        self.remind(collaborator, member, out);
        self.grants(collaborator, member, out);
    }

    /// A reminder for an invitation that waits for long, or a word about it.
    fn remind(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        out: &mut Comparison,
    ) {
        if !invitation::waits_for_long(member, self.live.taken_at) {
            return;
        }
        let may_have_expired = invitation::may_have_expired(member, self.live.taken_at);
        let is_told = may_have_expired.is_some();
        out.findings.extend(may_have_expired);
        // Reminding goes by number.
        if self.desired.policy.invitations.remind && member.id.is_some() {
            let sent_at = member.invitation.and_then(|invitation| invitation.sent_at);
            let reason = self.reason(ReasonKind::InvitationWaiting, &collaborator.cause);
            out.drafts.push(self.draft(Write::remind(sent_at), reason));
        } else if !is_told {
            out.findings.push(invitation::waiting(member, self.live.taken_at));
        }
    }

    fn reinvite(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        teams: &Projection<'_>,
        kind: ReasonKind,
        out: &mut Comparison,
    ) {
        let cause = match kind {
            ReasonKind::InvitationExpired => &collaborator.cause,
            _ => &collaborator.organization_role_cause,
        };
        out.drafts.push(self.draft(self.removal(member), self.reason(kind, cause)));
        self.invite(collaborator, teams, kind, out);
        self.carry_over(member, out);
        let mut finding = match kind {
            ReasonKind::InvitationExpired => invitation::expired(member, self.live.taken_at),
            _ => observation::reinvited(member, collaborator.organization_role),
        };
        finding.message.push_str(&self.lost_places(member, teams));
        out.findings.push(finding);
    }

    /// Projects that the files do not declare are not touched: the new invitation carries what the
    /// withdrawn one gave there.
    fn carry_over(&self, member: &LiveMember, out: &mut Comparison) {
        let Some(Draft { write, .. }) = out.drafts.last_mut().filter(|draft| draft.invites())
        else {
            return;
        };
        let kept = member
            .individual_grants()
            .filter(|(project, _)| self.desired.project(*project).is_none())
            .map(|(project, role)| (self.names.reference(project), role.clone()));
        write.carry(kept);
    }

    /// The teams that somebody was in and that no plan puts them into again, because the files do not
    /// declare them. They go with the account (`SERVICE.md`, "Behaviour", 5).
    fn lost_places(&self, member: &LiveMember, teams: &Projection<'_>) -> String {
        let through = member.grants.iter().filter_map(|row| match &row.source {
            GrantSource::Team(name) => Some(Arc::clone(name)),
            _ => None,
        });
        let mut lost: BTreeSet<Arc<str>> = through.chain(teams.teams_of(&member.email)).collect();
        for declared in self.desired.teams.iter().flatten() {
            lost.remove(&declared.name);
        }
        let count = lost.len();
        let named = names(lost.iter().map(|name| mixaccess_model::printable(name).into_owned()));
        match count {
            0 => String::new(),
            1 => format!("; the place in the undeclared team {named} is lost"),
            _ => format!("; the places in {count} undeclared teams are lost: {named}"),
        }
    }

    fn invite(
        &self,
        collaborator: &DesiredCollaborator,
        teams: &Projection<'_>,
        kind: ReasonKind,
        out: &mut Comparison,
    ) {
        let role = collaborator.organization_role;
        let mut wanted = Vec::new();
        for grant in &collaborator.grants {
            let Some(wanted_role) = &grant.role else {
                continue;
            };
            let met = role.implied_project_role().as_ref() == Some(wanted_role)
                || self.is_given_by_teams(teams, &collaborator.email, grant.project, wanted_role);
            if met || self.desired.project(grant.project).is_none() {
                continue;
            }
            wanted.push((grant, wanted_role));
        }
        let grants = wanted
            .iter()
            .map(|(grant, role)| (self.names.reference(grant.project), (*role).clone()));
        let reason = self.invitation_reason(collaborator, kind, wanted.iter().map(|(one, _)| *one));
        out.drafts.push(self.draft(Write::invite(role, grants), reason));
        self.note_above(collaborator, teams, out);
    }

    /// Says what somebody who is invited will have beyond what is declared, as the next plan would.
    fn note_above(
        &self,
        collaborator: &DesiredCollaborator,
        teams: &Projection<'_>,
        out: &mut Comparison,
    ) {
        let invited = self.as_invited(collaborator, teams);
        let mut judged = Comparison::default();
        self.grants(collaborator, &invited, &mut judged);
        out.findings.extend(judged.findings.into_iter().filter(is_above));
    }

    /// Somebody with nothing but the organization role and what the declared teams will give.
    fn as_invited(&self, collaborator: &DesiredCollaborator, teams: &Projection<'_>) -> LiveMember {
        let mut grants = Vec::new();
        for declared in self.membership.teams_of(&collaborator.email) {
            let team = teams.team(&declared.name).filter(|team| team.has(&collaborator.email));
            grants.extend(team.iter().flat_map(|team| &team.grants).map(|given| Grant {
                project: given.project,
                role: given.role.clone(),
                source: GrantSource::Team(Arc::clone(&declared.name)),
            }));
        }
        grants.sort();
        LiveMember {
            id: None,
            email: collaborator.email.clone(),
            name: None,
            organization_role: Some(collaborator.organization_role),
            status: MemberStatus::Pending,
            invitation: None,
            managed_by: collaborator.managed_by,
            last_active: None,
            grants,
        }
    }

    fn invitation_reason<'g>(
        &self,
        collaborator: &'g DesiredCollaborator,
        kind: ReasonKind,
        grants: impl Iterator<Item = &'g DesiredGrant>,
    ) -> Reason {
        let causes: Vec<&Cause> = grants.map(|grant| &grant.cause).collect();
        let mut reason = match causes.as_slice() {
            [only] => self.reason(kind, only),
            _ => self.reason(kind, &collaborator.cause),
        };
        let organization_role =
            (collaborator.organization_role, &collaborator.organization_role_cause);
        reason.annotations = annotations_of_whole(causes, organization_role);
        reason
    }
}

/// The words for one write that carries an organization role and several grants: those of what asks
/// for each grant, and for the organization role where that gives anything or nothing else is carried.
/// Words that not all of them have do not count.
pub(crate) fn annotations_of_whole<'c>(
    mut causes: Vec<&'c Cause>,
    (organization_role, its_cause): (OrganizationRole, &'c Cause),
) -> Annotations {
    if causes.is_empty() || organization_role != OrganizationRole::LOWEST {
        causes.push(its_cause);
    }
    annotations_of_all(&causes)
}

/// The words that every cause has; where they differ, one after the other.
fn annotations_of_all(causes: &[&Cause]) -> Annotations {
    let all: Option<Vec<&Annotations>> =
        causes.iter().map(|cause| cause.annotations.as_deref()).collect();
    let Some(all) = all else { return Annotations::default() };
    let joined = |field: fn(&Annotations) -> &Option<Arc<str>>| -> Option<Arc<str>> {
        let given =
            |one: &&'_ Annotations| field(one).as_ref().is_some_and(|word| !word.trim().is_empty());
        all.iter()
            .all(given)
            .then(|| one_after_the_other(all.iter().filter_map(|one| field(one).as_ref())))?
    };
    // Whoever asked for one of them must not be who approved.
    let requested = one_after_the_other(
        all.iter().filter_map(|one| one.requested_by.as_ref()).filter(|who| !who.trim().is_empty()),
    );
    Annotations {
        ticket: joined(|one| &one.ticket),
        reason: joined(|one| &one.reason),
        requested_by: requested,
        approved_by: joined(|one| &one.approved_by),
    }
}

fn one_after_the_other<'w>(words: impl Iterator<Item = &'w Arc<str>>) -> Option<Arc<str>> {
    let mut different: Vec<&Arc<str>> = Vec::new();
    for word in words {
        if !different.contains(&word) {
            different.push(word);
        }
    }
    match different.as_slice() {
        [] => None,
        [only] => Some(Arc::clone(only)),
        several => {
            let several: Vec<&str> = several.iter().map(|word| &***word).collect();
            Some(Arc::from(several.join(", ")))
        }
    }
}

/// Changes that address the member by number cannot be made without one.
pub(crate) fn needs_number(member: &LiveMember, drafts: &[Draft]) -> Option<NotPlanned> {
    let addressed = drafts.iter().any(|draft| !draft.invites() && draft.write.granted().is_none());
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
