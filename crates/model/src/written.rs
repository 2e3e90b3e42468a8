//! A change as plans are written.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Diff, Difference, Email, OrganizationRole, ProjectRef, ProjectRole, Reading, Subject, Through,
    Verb, Write,
};

/// What a change does. Every variant is one write, and none of them is a no-op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Action {
    /// Invites an address into the organization. Sends an e-mail, which cannot be unsent.
    Invite {
        /// The organization role the invitation carries.
        organization_role: OrganizationRole,
        /// The project roles that the same write carries.
        grants: Vec<InvitedGrant>,
    },
    /// Withdraws an invitation that was not accepted, with every project role it carries.
    WithdrawInvitation {
        /// The organization role it carried.
        organization_role: Option<OrganizationRole>,
        /// The individual grants it carried.
        loses: Vec<InvitedGrant>,
    },
    /// Changes the organization role of an accepted member.
    SetOrganizationRole {
        /// The role until now.
        before: OrganizationRole,
        /// The role from now on.
        after: OrganizationRole,
    },
    /// Sends an invitation that still waits once more. Another e-mail, which cannot be unsent.
    RemindInvitation {
        /// When the last e-mail was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_at: Option<Timestamp>,
    },
    /// Gives the subject itself a role in a project where it had none.
    Grant {
        /// The project.
        project: ProjectRef,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Changes the subject's own role in a project in place.
    SetProjectRole {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Takes the subject's own role in a project away.
    Revoke {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
    },
    /// Removes a member from the organization with every project and team. Cannot be undone.
    RemoveMember {
        /// The organization role until now.
        before: Option<OrganizationRole>,
        /// The individual grants that go with it.
        loses: Vec<InvitedGrant>,
    },
    /// Creates a team without people and projects.
    CreateTeam,
    /// Adds somebody to a team.
    AddTeamMember {
        /// Who.
        email: Email,
        /// Through what.
        #[serde(default, skip_serializing_if = "Through::is_mixpanel")]
        through: Through,
    },
    /// Takes somebody out of a team.
    RemoveTeamMember {
        /// Who.
        email: Email,
        /// Through what.
        #[serde(default, skip_serializing_if = "Through::is_mixpanel")]
        through: Through,
    },
    /// Deletes a team; everybody in it loses what it gave.
    DeleteTeam {
        /// Who was in it, sorted.
        members: Vec<Email>,
        /// The roles it gave.
        loses: Vec<InvitedGrant>,
    },
    /// Creates a service account. Its secret is handed over once.
    CreateServiceAccount {
        /// The organization role.
        organization_role: OrganizationRole,
        /// The project roles that the same write carries.
        grants: Vec<InvitedGrant>,
        /// When its credentials stop working.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// Deletes a service account with every project role; its credentials stop working.
    DeleteServiceAccount {
        /// The project roles that go with it.
        loses: Vec<InvitedGrant>,
    },
}

/// A project role inside an invitation or a removal.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitedGrant {
    /// The project.
    pub(crate) project: ProjectRef,
    /// The role.
    pub(crate) role: ProjectRole,
}

impl Action {
    /// The write that it stands for.
    pub(crate) fn write(self) -> Write {
        let roles = |grants: Vec<InvitedGrant>| {
            grants.into_iter().map(|InvitedGrant { project, role }| (project, role))
        };
        match self {
            Self::Invite { organization_role, grants } => {
                Write::invite(organization_role, roles(grants))
            }
            Self::WithdrawInvitation { organization_role, loses } => {
                Write::withdraw(organization_role, roles(loses))
            }
            Self::RemoveMember { before, loses } => Write::remove(before, roles(loses)),
            Self::SetOrganizationRole { before, after } => {
                Write::set_organization_role(before, after)
            }
            Self::RemindInvitation { sent_at } => Write::remind(sent_at),
            Self::Grant { project, after } => Write::grant(project, after),
            Self::SetProjectRole { project, before, after } => {
                Write::set_project_role(project, before, after)
            }
            Self::Revoke { project, before } => Write::revoke(project, before),
            Self::CreateTeam => Write::create_team(),
            Self::AddTeamMember { email, through } => Write::add_team_member(email, through),
            Self::RemoveTeamMember { email, through } => Write::remove_team_member(email, through),
            Self::DeleteTeam { members, loses } => Write::delete_team(members, roles(loses)),
            Self::CreateServiceAccount { organization_role, grants, expires } => {
                Write::create_service_account(organization_role, roles(grants), expires)
            }
            Self::DeleteServiceAccount { loses } => Write::delete_service_account(roles(loses)),
        }
    }

    /// The action whose write it is, as [`Action::write`] gives it.
    pub(crate) fn of(subject: &Subject, write: &Write) -> Self {
        let Write { verb, differences } = write;
        let mut found = Found::default();
        for one in differences {
            found.take(one);
        }
        let Found { role, given, lost, left, expires, sent_at } = found;
        let role = role.unwrap_or(Diff { before: None, after: None });
        let member = OrganizationRole::LOWEST;
        match (*verb, subject) {
            (Verb::Invite, _) => {
                Self::Invite { organization_role: role.after.unwrap_or(member), grants: given }
            }
            (Verb::Withdraw, _) => {
                Self::WithdrawInvitation { organization_role: role.before, loses: lost }
            }
            (Verb::Remove, _) => Self::RemoveMember { before: role.before, loses: lost },
            (Verb::Remind, _) => Self::RemindInvitation { sent_at },
            (Verb::Create, Subject::ServiceAccount { .. }) => Self::CreateServiceAccount {
                organization_role: role.after.unwrap_or(member),
                grants: given,
                expires,
            },
            (Verb::Create, _) => Self::CreateTeam,
            (Verb::Delete, Subject::ServiceAccount { .. }) => {
                Self::DeleteServiceAccount { loses: lost }
            }
            (Verb::Delete, _) => Self::DeleteTeam { members: left, loses: lost },
            (Verb::Set, _) => Self::set(differences.first()),
        }
    }

    fn set(difference: Option<&Difference>) -> Self {
        match difference {
            Some(Difference::ProjectRole(project, Diff { before, after })) => {
                let project = project.clone();
                match (before.clone().known(), after.clone().known()) {
                    (Some(before), Some(after)) => Self::SetProjectRole { project, before, after },
                    (Some(before), None) => Self::Revoke { project, before },
                    (None, after) => {
                        Self::Grant { project, after: after.unwrap_or(ProjectRole::Consumer) }
                    }
                }
            }
            Some(Difference::TeamMember(email, through, diff)) => {
                let (email, through) = (email.clone(), *through);
                match diff.after {
                    Reading::Known(()) => Self::AddTeamMember { email, through },
                    Reading::Absent | Reading::Unread => Self::RemoveTeamMember { email, through },
                }
            }
            Some(Difference::OrganizationRole(Diff { before, after })) => {
                let member = OrganizationRole::LOWEST;
                Self::SetOrganizationRole {
                    before: before.known().unwrap_or(member),
                    after: after.known().unwrap_or(member),
                }
            }
            Some(Difference::Account(_) | Difference::Reminder(_) | Difference::Expiry(_))
            | None => Self::CreateTeam,
        }
    }
}

/// What the differences of a change say, sorted by kind.
#[derive(Default)]
struct Found {
    role: Option<Diff<Option<OrganizationRole>>>,
    given: Vec<InvitedGrant>,
    lost: Vec<InvitedGrant>,
    left: Vec<Email>,
    expires: Option<Timestamp>,
    sent_at: Option<Timestamp>,
}

impl Found {
    fn take(&mut self, one: &Difference) {
        match one {
            Difference::Account(_) => {}
            Difference::OrganizationRole(diff) => {
                let Diff { before, after } = *diff;
                self.role = Some(Diff { before: before.known(), after: after.known() });
            }
            Difference::ProjectRole(project, diff) => {
                let project = project.clone();
                match (diff.after.clone().known(), diff.before.clone().known()) {
                    (Some(role), _) => self.given.push(InvitedGrant { project, role }),
                    (None, Some(role)) => self.lost.push(InvitedGrant { project, role }),
                    (None, None) => {}
                }
            }
            Difference::TeamMember(email, ..) => self.left.push(email.clone()),
            Difference::Reminder(since) => self.sent_at = since.known(),
            Difference::Expiry(diff) => self.expires = diff.after.known(),
        }
    }
}

impl Action {
    /// The word of the kind, as in the plan's JSON.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "invite",
            Self::WithdrawInvitation { .. } => "withdraw_invitation",
            Self::SetOrganizationRole { .. } => "set_organization_role",
            Self::Grant { .. } => "grant",
            Self::SetProjectRole { .. } => "set_project_role",
            Self::Revoke { .. } => "revoke",
            Self::RemoveMember { .. } => "remove_member",
            Self::RemindInvitation { .. } => "remind_invitation",
            Self::CreateTeam => "create_team",
            Self::AddTeamMember { .. } => "add_team_member",
            Self::RemoveTeamMember { .. } => "remove_team_member",
            Self::DeleteTeam { .. } => "delete_team",
            Self::CreateServiceAccount { .. } => "create_service_account",
            Self::DeleteServiceAccount { .. } => "delete_service_account",
        }
    }
}
