//! From a change to the write that carries it out.

use std::collections::BTreeSet;
use std::fmt;

use mixaccess_api::Write;
use mixaccess_model::{
    Action, Capabilities, Change, ChangeId, Email, InvitationGrants, InvitedGrant,
    OrganizationRole, UserId,
};

/// Why there is no single write for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The change.
    pub change: ChangeId,
    /// Why, as a fragment.
    pub message: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {} cannot be sent: {}", self.change, self.message)
    }
}

impl std::error::Error for CallError {}

/// The write that carries out a change: exactly one, as the dialect's table of capabilities allows.
/// `user` is the member's number, which all writes but invitations and grants need.
///
/// # Errors
/// When the dialect has no such write, or the number is missing.
pub(crate) fn write_for(
    change: &Change,
    user: Option<UserId>,
    capabilities: &Capabilities,
) -> Result<Write, CallError> {
    let fail = |message: String| CallError { change: change.id.clone(), message };
    let known = || {
        user.ok_or_else(|| {
            fail(format!("the service has not said which number {} has", change.subject))
        })
    };
    if let Some(lacking) = lacking(&change.action, capabilities) {
        return Err(fail(format!("the dialect {} cannot {lacking}", capabilities.dialect)));
    }
    let email = || change.subject.email().clone();
    Ok(match &change.action {
        Action::Invite { organization_role, grants } => match grants.as_slice() {
            [] => Write::InviteToOrganization { email: email(), role: *organization_role },
            [InvitedGrant { project, role }] if *organization_role == OrganizationRole::Member => {
                Write::Grant { project: project.id, email: email(), role: role.clone() }
            }
            _ => {
                return Err(fail(format!(
                    "one invitation to dialect {} carries one project role, and that only as member",
                    capabilities.dialect
                )));
            }
        },
        Action::Grant { project, after } => {
            Write::Grant { project: project.id, email: email(), role: after.clone() }
        }
        Action::SetProjectRole { project, after, .. } => {
            Write::SetProjectRole { project: project.id, user: known()?, role: after.clone() }
        }
        Action::Revoke { project, .. } => Write::Revoke { project: project.id, user: known()? },
        Action::SetOrganizationRole { after, .. } => {
            Write::SetOrganizationRole { user: known()?, role: *after }
        }
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => {
            Write::RemoveMember { user: known()? }
        }
    })
}

/// Whether the write that carries out an action names the member by number.
pub(crate) const fn needs_user(action: &Action) -> bool {
    !matches!(action, Action::Invite { .. } | Action::Grant { .. })
}

/// For each change, whether an earlier one invites its subject: then the plan cannot know the number.
pub(crate) fn follows_invitation(changes: &[Change]) -> Vec<bool> {
    let mut invited: BTreeSet<&Email> = BTreeSet::new();
    changes
        .iter()
        .map(|change| {
            let email = change.subject.email();
            let follows = invited.contains(email);
            if matches!(change.action, Action::Invite { .. }) {
                invited.insert(email);
            }
            follows
        })
        .collect()
}

fn lacking(action: &Action, capabilities: &Capabilities) -> Option<&'static str> {
    let Capabilities {
        dialect: _,
        invitation_grants,
        set_organization_role,
        set_project_role,
        revoke,
        remove_member,
        change_pending_roles: _,
    } = capabilities;
    let (able, what) = match action {
        Action::Invite { .. } => (
            matches!(invitation_grants, InvitationGrants::OneAsMember | InvitationGrants::Many),
            "invite",
        ),
        Action::Grant { .. } => (true, "grant a project role"),
        Action::SetProjectRole { .. } => (*set_project_role, "change a project role in place"),
        Action::Revoke { .. } => (*revoke, "take one project away"),
        Action::SetOrganizationRole { .. } => {
            (*set_organization_role, "change an organization role")
        }
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => {
            (*remove_member, "remove a member")
        }
    };
    (!able).then_some(what)
}

#[cfg(test)]
mod tests {
    use mixaccess_model::ProjectRole;

    use super::*;
    use crate::fake::{Planner, Roster, capabilities, person, project};

    const ANN: &str = "ann@acme.example";

    fn change(action: Action) -> Change {
        let mut roster = Roster::new();
        if !matches!(action, Action::Invite { .. }) {
            roster.insert(Email::new(ANN), person(1, OrganizationRole::Member, &[]));
        }
        let mut planner = Planner::new(&roster);
        planner.add(ANN, action, &[]);
        planner.content().changes.remove(0)
    }

    fn invite(organization_role: OrganizationRole, projects: u64) -> Action {
        let grants = (0..projects)
            .map(|number| InvitedGrant { project: project(number), role: ProjectRole::Analyst })
            .collect();
        Action::Invite { organization_role, grants }
    }

    #[test]
    fn every_change_is_one_write() {
        let email = || Email::new(ANN);
        let (id, user) = (project(7).id, UserId(42));
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        let (owner, member) = (OrganizationRole::Owner, OrganizationRole::Member);
        for (action, expected) in [
            (invite(owner, 0), Write::InviteToOrganization { email: email(), role: owner }),
            (
                invite(member, 1),
                Write::Grant { project: project(0).id, email: email(), role: analyst.clone() },
            ),
            (
                Action::Grant { project: project(7), after: admin.clone() },
                Write::Grant { project: id, email: email(), role: admin.clone() },
            ),
            (
                Action::SetProjectRole {
                    project: project(7),
                    before: analyst.clone(),
                    after: admin.clone(),
                },
                Write::SetProjectRole { project: id, user, role: admin },
            ),
            (
                Action::Revoke { project: project(7), before: analyst },
                Write::Revoke { project: id, user },
            ),
            (
                Action::SetOrganizationRole { before: member, after: owner },
                Write::SetOrganizationRole { user, role: owner },
            ),
            (
                Action::RemoveMember { before: Some(member), loses: Vec::new() },
                Write::RemoveMember { user },
            ),
            (
                Action::WithdrawInvitation { organization_role: None, loses: Vec::new() },
                Write::RemoveMember { user },
            ),
        ] {
            let numbered = needs_user(&action);
            let change = change(action);
            assert_eq!(write_for(&change, Some(user), &capabilities()), Ok(expected));
            let without = write_for(&change, None, &capabilities());
            assert_eq!(without.is_err(), numbered, "{without:?}");
        }
    }

    #[test]
    fn what_the_dialect_cannot_send_in_one_write_is_an_error() {
        for action in [invite(OrganizationRole::Member, 2), invite(OrganizationRole::Admin, 1)] {
            let error = write_for(&change(action), None, &capabilities()).unwrap_err();
            assert!(error.message.contains("one project role"), "{error}");
        }
        let mut poor = capabilities();
        poor.set_project_role = false;
        let action = Action::SetProjectRole {
            project: project(7),
            before: ProjectRole::Analyst,
            after: ProjectRole::Admin,
        };
        let error = write_for(&change(action), Some(UserId(1)), &poor).unwrap_err();
        assert_eq!(error.message, "the dialect members cannot change a project role in place");
    }
}
