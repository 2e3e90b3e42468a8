//! What the changes of one subject did, taken together.

use std::collections::BTreeMap;

use mixaccess_model::{
    Action, Change, Email, InvitedGrant, OrganizationRole, ProjectId, ProjectRef, ProjectRole,
    Through,
};

/// What the changes of one subject did, taken together.
#[derive(Default)]
pub(super) struct Effect<'a> {
    /// A removal, a withdrawal or a deleted service account, and nobody was invited again: what came
    /// before it cannot be brought back piece by piece.
    pub(super) gone: bool,
    /// What an invitation gave that was withdrawn.
    withdrawn: Option<(Option<OrganizationRole>, &'a [InvitedGrant])>,
    pub(super) invitation: Option<&'a Change>,
    /// The creation of a team or a service account.
    pub(super) created: Option<&'a Change>,
    /// The deletion of a team.
    pub(super) deleted: Option<&'a Change>,
    /// Organization role before the first change and after the last.
    pub(super) organization_role: Option<(OrganizationRole, OrganizationRole, &'a Change)>,
    /// Own role before the first change and after the last, for each project.
    pub(super) grants: BTreeMap<ProjectId, GrantEffect<'a>>,
    /// Who came into a team or went out of it.
    pub(super) members: BTreeMap<&'a Email, MemberEffect<'a>>,
}

pub(super) struct GrantEffect<'a> {
    pub(super) project: &'a ProjectRef,
    pub(super) before: Option<&'a ProjectRole>,
    pub(super) after: Option<&'a ProjectRole>,
    pub(super) change: &'a Change,
}

pub(super) struct MemberEffect<'a> {
    /// Whether the plan put the person into the team, rather than out of it.
    pub(super) joined: bool,
    pub(super) through: Through,
    pub(super) change: &'a Change,
}

impl<'a> Effect<'a> {
    pub(super) fn add(&mut self, change: &'a Change) {
        match &change.action {
            Action::Invite { organization_role, grants } => {
                self.invite(*organization_role, grants, change);
            }
            Action::WithdrawInvitation { organization_role, loses } => {
                self.gone = true;
                self.withdrawn = Some((*organization_role, loses));
            }
            Action::RemoveMember { .. } | Action::DeleteServiceAccount { .. } => self.gone = true,
            Action::SetOrganizationRole { before, after } => {
                let first = self.organization_role.map_or(*before, |(first, ..)| first);
                self.organization_role = Some((first, *after, change));
            }
            Action::Grant { project, after } => self.grant(project, None, Some(after), change),
            Action::SetProjectRole { project, before, after } => {
                self.grant(project, Some(before), Some(after), change);
            }
            Action::Revoke { project, before } => self.grant(project, Some(before), None, change),
            Action::CreateTeam => self.created = Some(change),
            Action::CreateServiceAccount { grants, .. } => {
                self.created = Some(change);
                for grant in grants {
                    self.grant(&grant.project, None, Some(&grant.role), change);
                }
            }
            Action::DeleteTeam { members, loses } => {
                self.deleted = Some(change);
                for lost in loses {
                    self.grant(&lost.project, Some(&lost.role), None, change);
                }
                for email in members {
                    self.member(email, false, Through::Mixpanel, change);
                }
            }
            Action::AddTeamMember { email, through } => self.member(email, true, *through, change),
            Action::RemoveTeamMember { email, through } => {
                self.member(email, false, *through, change);
            }
            Action::RemindInvitation { .. } => {}
        }
    }

    /// An invitation, which may stand in for one that was withdrawn.
    fn invite(
        &mut self,
        organization_role: OrganizationRole,
        grants: &'a [InvitedGrant],
        change: &'a Change,
    ) {
        self.gone = false;
        self.invitation = Some(change);
        let (role, lost) = self.withdrawn.unwrap_or_default();
        let before = role.unwrap_or(OrganizationRole::LOWEST);
        if organization_role != before {
            self.organization_role = Some((before, organization_role, change));
        }
        for grant in lost {
            self.grant(&grant.project, Some(&grant.role), None, change);
        }
        for grant in grants {
            self.grant(&grant.project, None, Some(&grant.role), change);
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

    fn member(&mut self, email: &'a Email, joined: bool, through: Through, change: &'a Change) {
        self.members.insert(email, MemberEffect { joined, through, change });
    }
}

/// What lasts of an action whatever is done now.
pub(super) const fn lasting(action: &Action) -> Option<&'static str> {
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
        Action::RemindInvitation { .. } => Some("the reminder was sent and cannot be unsent"),
        Action::DeleteServiceAccount { .. } => Some(
            "the deleted service account comes back only as a new one with a new secret, which is not planned",
        ),
        Action::SetOrganizationRole { .. }
        | Action::Grant { .. }
        | Action::SetProjectRole { .. }
        | Action::Revoke { .. }
        | Action::CreateTeam
        | Action::AddTeamMember { .. }
        | Action::RemoveTeamMember { .. }
        | Action::DeleteTeam { .. }
        | Action::CreateServiceAccount { .. } => None,
    }
}
