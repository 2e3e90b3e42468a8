//! From a change to the write that carries it out.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use mixaccess_api::{TeamUpdate, Write};
use mixaccess_model::{
    Action, Capabilities, Change, ChangeId, Email, InvitedGrant, ProjectId, ProjectRole,
    ServiceAccountId, Subject, SubjectKey, TeamId, Through, UserId,
};

use crate::Target;

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
/// `subject` is the change's own, with the number that the service knows it by.
///
/// # Errors
/// When there is no such write, or the number is missing.
pub(crate) fn write_for(
    change: &Change,
    subject: &Subject,
    target: &Target,
) -> Result<Write, CallError> {
    let written = match subject {
        Subject::Person { email, user } => {
            person_write(&change.action, email, *user, &target.capabilities)
        }
        Subject::Team { name, id } => team_write(&change.action, name, *id, target),
        Subject::ServiceAccount { username, id } => account_write(&change.action, username, *id),
    };
    written.map_err(|message| CallError { change: change.id.clone(), message })
}

fn person_write(
    action: &Action,
    email: &Email,
    user: Option<UserId>,
    capabilities: &Capabilities,
) -> Result<Write, String> {
    if let Some(lacking) = lacking(action, capabilities) {
        return Err(format!("the dialect {} cannot {lacking}", capabilities.dialect));
    }
    let known = || user.ok_or_else(|| unnumbered(email));
    let email = || email.clone();
    Ok(match action {
        Action::Invite { organization_role, grants } => {
            Write::Invite { email: email(), role: *organization_role, grants: carried(grants) }
        }
        Action::RemindInvitation { .. } => Write::ResendInvitation { user: known()? },
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
            Write::RemoveMember { user: known()?, email: email() }
        }
        _ => return Err(unfit("person", action)),
    })
}

fn team_write(
    action: &Action,
    name: &Arc<str>,
    id: Option<TeamId>,
    target: &Target,
) -> Result<Write, String> {
    let update = |update: TeamUpdate| {
        let team = id.ok_or_else(|| unnumbered(&SubjectKey::Team(Arc::clone(name))))?;
        Ok(Write::UpdateTeam { team, update })
    };
    let group = |email: &Email, member: bool| {
        if !target.scim {
            return Err(
                "a group changes through SCIM, and no token for it is set (MIXPANEL_SCIM_TOKEN)"
                    .to_owned(),
            );
        }
        Ok(Write::ChangeGroup { group: Arc::clone(name), email: email.clone(), member })
    };
    match action {
        Action::CreateTeam => Ok(Write::CreateTeam { name: Arc::clone(name) }),
        Action::DeleteTeam { .. } => Ok(Write::DeleteTeam { name: Arc::clone(name) }),
        Action::AddTeamMember { email, through: Through::Scim } => group(email, true),
        Action::RemoveTeamMember { email, through: Through::Scim } => group(email, false),
        Action::AddTeamMember { email, through: Through::Mixpanel } => {
            update(TeamUpdate::AddMember(email.clone()))
        }
        Action::RemoveTeamMember { email, through: Through::Mixpanel } => {
            update(TeamUpdate::RemoveMember(email.clone()))
        }
        Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
            update(TeamUpdate::SetRole(project.id, after.clone()))
        }
        Action::Revoke { project, .. } => update(TeamUpdate::RemoveRole(project.id)),
        _ => Err(unfit("team", action)),
    }
}

fn account_write(
    action: &Action,
    username: &Arc<str>,
    id: Option<ServiceAccountId>,
) -> Result<Write, String> {
    let known = || id.ok_or_else(|| unnumbered(&SubjectKey::ServiceAccount(Arc::clone(username))));
    Ok(match action {
        Action::CreateServiceAccount { organization_role, grants, expires } => {
            Write::CreateServiceAccount {
                username: Arc::clone(username),
                role: *organization_role,
                expires: *expires,
                grants: carried(grants),
            }
        }
        Action::DeleteServiceAccount { .. } => Write::DeleteServiceAccount { account: known()? },
        Action::Grant { project, after } => {
            Write::AddServiceAccount { account: known()?, project: project.id, role: after.clone() }
        }
        Action::Revoke { project, .. } => {
            Write::RemoveServiceAccount { account: known()?, project: project.id }
        }
        _ => return Err(unfit("service account", action)),
    })
}

fn carried(grants: &[InvitedGrant]) -> Vec<(ProjectId, ProjectRole)> {
    grants.iter().map(|grant| (grant.project.id, grant.role.clone())).collect()
}

fn unnumbered(subject: &dyn fmt::Display) -> String {
    format!("the service has not said which number {subject} has")
}

fn unfit(kind: &str, action: &Action) -> String {
    format!("there is no write that would {} for a {kind}", action.kind().replace('_', " "))
}

/// Whether the write that carries out a change names its subject by number.
pub(crate) const fn needs_number(change: &Change) -> bool {
    match &change.action {
        Action::Invite { .. }
        | Action::CreateTeam
        | Action::DeleteTeam { .. }
        | Action::CreateServiceAccount { .. }
        | Action::AddTeamMember { through: Through::Scim, .. }
        | Action::RemoveTeamMember { through: Through::Scim, .. } => false,
        Action::Grant { .. } => !matches!(change.subject, Subject::Person { .. }),
        _ => true,
    }
}

/// Whether an action makes its subject, so that no plan can know the number.
pub(crate) const fn creates(action: &Action) -> bool {
    matches!(
        action,
        Action::Invite { .. } | Action::CreateTeam | Action::CreateServiceAccount { .. }
    )
}

/// For each change, whether an earlier one makes its subject: then the plan cannot know the number.
pub(crate) fn follows_creation(changes: &[Change]) -> Vec<bool> {
    let mut made: BTreeSet<SubjectKey> = BTreeSet::new();
    changes
        .iter()
        .map(|change| {
            let key = change.subject.key();
            let follows = made.contains(&key);
            if creates(&change.action) {
                made.insert(key);
            }
            follows
        })
        .collect()
}

/// The subject with a number put in where it has none: for asking whether there is a write at all.
pub(crate) fn as_if_numbered(subject: &Subject) -> Subject {
    match subject.clone() {
        Subject::Person { email, user } => {
            Subject::Person { email, user: user.or(Some(UserId(0))) }
        }
        Subject::Team { name, id } => Subject::Team { name, id: id.or(Some(TeamId(0))) },
        Subject::ServiceAccount { username, id } => {
            Subject::ServiceAccount { username, id: id.or(Some(ServiceAccountId(0))) }
        }
    }
}

fn lacking(action: &Action, capabilities: &Capabilities) -> Option<&'static str> {
    let Capabilities {
        dialect: _,
        grants_per_call: _,
        set_organization_role,
        set_project_role,
        revoke,
        remove_member,
        change_pending_roles: _,
    } = capabilities;
    let (able, what) = match action {
        Action::SetProjectRole { .. } => (*set_project_role, "change a project role in place"),
        Action::Revoke { .. } => (*revoke, "take one project away"),
        Action::SetOrganizationRole { .. } => {
            (*set_organization_role, "change an organization role")
        }
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => {
            (*remove_member, "remove a member")
        }
        _ => return None,
    };
    (!able).then_some(what)
}

/// Whether sending it twice does something twice: an invitation sends an e-mail, and a service account
/// has a secret.
pub(crate) const fn must_happen_once(action: &Action) -> bool {
    matches!(
        action,
        Action::Invite { .. }
            | Action::RemindInvitation { .. }
            | Action::CreateServiceAccount { .. }
    )
}

/// Whether a change that may have been carried out is undone first and done again: the secret of a
/// service account is told once, and whether it arrived nobody knows.
pub(crate) const fn is_made_anew(change: &Change) -> bool {
    matches!(change.action, Action::CreateServiceAccount { .. })
}

#[cfg(test)]
mod tests {
    use mixaccess_model::OrganizationRole;

    use super::*;
    use crate::fake::{Organization, Planner, Roster, Team, person, project, target};

    const ANN: &str = "ann@acme.example";

    fn organization() -> Organization {
        let ann = (Email::new(ANN), person(42, OrganizationRole::Member, &[]));
        let team = Team { id: 8, ..Team::default() };
        let account = crate::fake::Account {
            id: 9,
            secret: String::new(),
            created_by: None,
            expires: None,
            grants: std::collections::BTreeMap::new(),
        };
        Organization {
            people: Roster::from([ann]),
            teams: [("Growth".into(), team)].into(),
            accounts: [("etl".into(), account)].into(),
            ..Organization::default()
        }
    }

    fn change(key: SubjectKey, action: Action) -> Change {
        let mut organization = organization();
        if creates(&action) {
            organization = Organization::default();
        }
        let mut planner = Planner::of(&organization);
        planner.add_to(key, action, &[]);
        planner.content().changes.remove(0)
    }

    fn grants() -> Vec<InvitedGrant> {
        vec![InvitedGrant { project: project(7), role: ProjectRole::Analyst }]
    }

    fn person_writes() -> Vec<(Action, Write)> {
        let email = || Email::new(ANN);
        let (id, user) = (project(7).id, UserId(42));
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        let (owner, member) = (OrganizationRole::Owner, OrganizationRole::Member);
        vec![
            (
                Action::Invite { organization_role: owner, grants: grants() },
                Write::Invite { email: email(), role: owner, grants: vec![(id, analyst.clone())] },
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
                Write::RemoveMember { user, email: email() },
            ),
            (
                Action::WithdrawInvitation { organization_role: None, loses: Vec::new() },
                Write::RemoveMember { user, email: email() },
            ),
            (Action::RemindInvitation { sent_at: None }, Write::ResendInvitation { user }),
        ]
    }

    fn team_writes() -> Vec<(Action, Write)> {
        use TeamUpdate::{AddMember, RemoveMember, RemoveRole, SetRole};
        use Through::{Mixpanel, Scim};
        let (email, name) = (|| Email::new(ANN), || Arc::from("Growth"));
        let id = project(7).id;
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        let update = |update| Write::UpdateTeam { team: TeamId(8), update };
        let group = |member| Write::ChangeGroup { group: name(), email: email(), member };
        vec![
            (Action::CreateTeam, Write::CreateTeam { name: name() }),
            (
                Action::AddTeamMember { email: email(), through: Mixpanel },
                update(AddMember(email())),
            ),
            (
                Action::RemoveTeamMember { email: email(), through: Mixpanel },
                update(RemoveMember(email())),
            ),
            (Action::AddTeamMember { email: email(), through: Scim }, group(true)),
            (Action::RemoveTeamMember { email: email(), through: Scim }, group(false)),
            (
                Action::Grant { project: project(7), after: admin.clone() },
                update(SetRole(id, admin.clone())),
            ),
            (
                Action::SetProjectRole {
                    project: project(7),
                    before: analyst.clone(),
                    after: admin.clone(),
                },
                update(SetRole(id, admin)),
            ),
            (Action::Revoke { project: project(7), before: analyst }, update(RemoveRole(id))),
            (
                Action::DeleteTeam { members: Vec::new(), loses: Vec::new() },
                Write::DeleteTeam { name: name() },
            ),
        ]
    }

    fn account_writes() -> Vec<(Action, Write)> {
        let (account, id, analyst) = (ServiceAccountId(9), project(7).id, ProjectRole::Analyst);
        let organization_role = OrganizationRole::Admin;
        vec![
            (
                Action::CreateServiceAccount {
                    organization_role,
                    grants: grants(),
                    expires: Some(jiff::Timestamp::UNIX_EPOCH),
                },
                Write::CreateServiceAccount {
                    username: Arc::from("etl"),
                    role: organization_role,
                    expires: Some(jiff::Timestamp::UNIX_EPOCH),
                    grants: vec![(id, analyst.clone())],
                },
            ),
            (
                Action::Grant { project: project(7), after: analyst.clone() },
                Write::AddServiceAccount { account, project: id, role: analyst.clone() },
            ),
            (
                Action::Revoke { project: project(7), before: analyst },
                Write::RemoveServiceAccount { account, project: id },
            ),
            (
                Action::DeleteServiceAccount { loses: Vec::new() },
                Write::DeleteServiceAccount { account },
            ),
        ]
    }

    #[test]
    fn every_change_is_one_write() {
        let keys = [
            (SubjectKey::Person(Email::new(ANN)), person_writes()),
            (SubjectKey::Team(Arc::from("Growth")), team_writes()),
            (SubjectKey::ServiceAccount(Arc::from("etl")), account_writes()),
        ];
        let live = organization().live();
        for (key, writes) in keys {
            let subject = live.subject(&key).unwrap().subject();
            for (action, expected) in writes {
                let change = change(key.clone(), action);
                assert_eq!(write_for(&change, &subject, &target()), Ok(expected));
                let without = write_for(&change, &Subject::from(key.clone()), &target());
                assert_eq!(without.is_err(), needs_number(&change), "{without:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_sent_is_an_error() {
        let key = || SubjectKey::Person(Email::new(ANN));
        let set = || Action::SetProjectRole {
            project: project(7),
            before: ProjectRole::Analyst,
            after: ProjectRole::Admin,
        };
        let mut poor = target();
        poor.capabilities.set_project_role = false;
        poor.scim = false;
        let said = |key: SubjectKey, action| {
            let subject = as_if_numbered(&Subject::from(key.clone()));
            write_for(&change(key, action), &subject, &poor).unwrap_err().message
        };
        assert_eq!(said(key(), set()), "the dialect members cannot change a project role in place");
        assert_eq!(
            said(SubjectKey::ServiceAccount(Arc::from("etl")), set()),
            "there is no write that would set project role for a service account"
        );
        let join = Action::AddTeamMember { email: Email::new(ANN), through: Through::Scim };
        assert_eq!(
            said(SubjectKey::Team(Arc::from("Growth")), join),
            "a group changes through SCIM, and no token for it is set (MIXPANEL_SCIM_TOKEN)"
        );
    }
}
