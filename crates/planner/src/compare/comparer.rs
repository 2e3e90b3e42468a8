//! What is the same for everybody who is compared.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mixaccess_model::{
    Annotations, Capabilities, Cause, DesiredCollaborator, DesiredState, Email, LiveMember,
    LiveState, MemberStatus, NotPlannedKind, OrganizationRole, Pattern, Reason, ReasonKind, State,
    UnmanagedAction, Validity, Write,
};

use crate::compare::doubt::Doubts;
use crate::compare::draft::Draft;
use crate::compare::membership::Membership;
use crate::custom_role::CustomRoles;
use crate::identity_provider::directory::Directory;
use crate::invitation;
use crate::order::actor_permission::is_actor;
use crate::project_names::ProjectNames;

/// An event of the SCIM log (`SERVICE.md`, "Dialect members").
const DEPROVISIONED: &str = "USER_DEPROVISIONED";

/// Compares declared with live subjects; holds what is the same for all of them.
#[derive(Clone, Copy)]
pub(crate) struct Comparer<'a> {
    pub(crate) desired: &'a DesiredState,
    pub(crate) live: &'a LiveState,
    pub(crate) names: ProjectNames<'a>,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) custom: &'a CustomRoles<'a>,
    pub(crate) membership: &'a Membership<'a>,
    pub(crate) directory: &'a Directory<'a>,
    pub(crate) doubts: &'a Doubts<'a>,
}

/// What becomes of somebody's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Not there, and should not be.
    Nothing,
    /// Not there, and is invited.
    Invite,
    /// There, and stays.
    Stay,
    /// The invitation is withdrawn and a new one is sent.
    Reinvite(ReasonKind),
    /// Removed, or the invitation withdrawn.
    Leave,
}

impl Comparer<'_> {
    /// What becomes of the account of somebody declared.
    pub(crate) fn course(
        &self,
        collaborator: &DesiredCollaborator,
        member: Option<&LiveMember>,
    ) -> Course {
        let Some(member) = member else {
            return match collaborator.state {
                State::Active => Course::Invite,
                State::Suspended | State::Removed => Course::Nothing,
            };
        };
        match collaborator.state {
            State::Removed => Course::Leave,
            State::Suspended => self.suspension_course(member),
            State::Active if member.status == MemberStatus::Pending => {
                let differs = member
                    .organization_role
                    .is_some_and(|role| role != collaborator.organization_role);
                if invitation::validity(member, self.live.taken_at) == Validity::Expired {
                    Course::Reinvite(ReasonKind::InvitationExpired)
                } else if differs && self.roles_are_fixed(member) {
                    // A changed role is a withdrawal and a new invitation, which carries everything
                    // else that differs as well (`SERVICE.md`, "Behaviour", 6).
                    Course::Reinvite(ReasonKind::Declared)
                } else {
                    Course::Stay
                }
            }
            State::Active => Course::Stay,
        }
    }

    /// An invitation's role cannot be lowered, and it must not be accepted as it is.
    pub(crate) fn suspension_course(&self, member: &LiveMember) -> Course {
        let is_above =
            member.organization_role.is_some_and(|role| role != OrganizationRole::LOWEST);
        if is_above && self.roles_are_fixed(member) { Course::Leave } else { Course::Stay }
    }

    /// A role cannot be changed in place while the invitation is pending.
    pub(crate) fn roles_are_fixed(&self, member: &LiveMember) -> bool {
        member.status == MemberStatus::Pending && !self.capabilities.change_pending_roles
    }

    /// Whether an identity provider puts back what is written to Mixpanel about somebody. It does not
    /// bring back whom it does not have any more, where the files give such a removal to Mixpanel.
    pub(crate) fn is_managed(
        &self,
        collaborator: Option<&DesiredCollaborator>,
        member: Option<&LiveMember>,
    ) -> bool {
        collaborator.is_some_and(|one| !one.managed_by.is_mixpanel())
            || member.is_some_and(|member| {
                let is_given_up = collaborator.is_some_and(|one| one.state == State::Removed)
                    && self.outstayed(member).is_some();
                !member.managed_by.is_mixpanel() && !is_given_up
            })
    }

    /// Whether the identity provider says that it does not have somebody, or not any more.
    pub(crate) fn is_gone_there(&self, member: &LiveMember) -> bool {
        self.directory.knows_people()
            && !self.directory.user(&member.email).is_some_and(|user| user.active)
    }

    /// Somebody who is gone there and still live after the time that its changes take; for how long,
    /// where its log says so.
    pub(crate) fn outstayed(&self, member: &LiveMember) -> Option<Option<SignedDuration>> {
        let since = self.directory.last_event(&member.email, DEPROVISIONED);
        let passed = since.map(|at| self.live.taken_at.duration_since(at));
        let is_over = passed.is_none_or(|passed| passed > self.propagation());
        (self.is_gone_there(member) && is_over).then_some(passed)
    }

    /// Whether SCIM reaches somebody: only people whose domain the organization has claimed. What the
    /// service itself says is managed is reached, whatever the files list.
    pub(crate) fn is_reached(
        &self,
        collaborator: Option<&DesiredCollaborator>,
        member: &LiveMember,
    ) -> bool {
        !member.managed_by.is_mixpanel()
            || !collaborator.is_some_and(|one| self.is_of_unclaimed_domain(one))
    }

    /// Whether the files say that SCIM manages somebody, and do not claim the domain.
    pub(crate) fn is_of_unclaimed_domain(&self, one: &DesiredCollaborator) -> bool {
        let provider = self.desired.organization.identity_provider.as_ref();
        let domain = one.email.domain();
        !one.managed_by.is_mixpanel()
            && provider.is_some_and(|provider| {
                let mut claimed = provider.domains.iter();
                !provider.domains.is_empty() && !claimed.any(|one| one.to_lowercase() == domain)
            })
    }

    /// Why an unmanaged person is not changed, or nothing when the policy sweeps.
    pub(crate) fn left_alone(&self, member: &LiveMember) -> Option<(NotPlannedKind, String)> {
        if self.desired.policy.unmanaged.action == UnmanagedAction::Report {
            let role = member.organization_role.map_or("unknown role", OrganizationRole::as_str);
            let count = member.grants.iter().filter(|grant| grant.source.is_individual()).count();
            let status = if member.status.is_active() { "" } else { ", pending" };
            let plural = if count == 1 { "" } else { "s" };
            let message = format!("not in the files: {role}, {count} project{plural}{status}");
            return Some((NotPlannedKind::Unmanaged, message));
        }
        let actor = &self.live.actor;
        let (kind, why) = if is_actor(actor, member) {
            (NotPlannedKind::Protected, "the identity we run as")
        } else if actor.email.is_none() && actor.user.is_none() {
            let why = "it is not known who we run as, and it could be this person";
            (NotPlannedKind::Protected, why)
        } else if matches_any(&self.desired.policy.protected, member) {
            (NotPlannedKind::Protected, "protected")
        } else if self.is_managed(None, Some(member)) {
            let why = "the identity provider would put back what is changed here";
            (NotPlannedKind::ManagedByScim, why)
        } else {
            return None;
        };
        Some((kind, format!("not in the files, and left alone: {why}")))
    }

    /// Whether the policy leaves somebody who is not in the files out of everything.
    pub(crate) fn is_ignored(&self, member: &LiveMember) -> bool {
        matches_any(&self.desired.policy.unmanaged.ignore, member)
    }

    pub(crate) fn draft(&self, write: Write, reason: Reason) -> Draft {
        Draft::new(write, reason, self.custom)
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

/// What a sweeping rule asks for.
pub(crate) fn swept() -> Reason {
    Reason { kind: ReasonKind::Unmanaged, place: None, annotations: Annotations::default() }
}

fn matches_any(patterns: &[Pattern], member: &LiveMember) -> bool {
    patterns.iter().any(|pattern| pattern.matches(&member.email))
}

/// How many live accounts stand for an address, where that is not one.
pub(crate) fn ambiguous_addresses(live: &LiveState) -> BTreeMap<&Email, usize> {
    live.members
        .chunk_by(|a, b| a.email == b.email)
        .filter(|accounts| accounts.len() > 1)
        .filter_map(|accounts| Some((&accounts.first()?.email, accounts.len())))
        .collect()
}
