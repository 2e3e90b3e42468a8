//! From a change to the write that carries it out.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use mixaccess_api::{TeamUpdate, Write};
use mixaccess_model as model;
use mixaccess_model::Reading::{Absent, Known, Unread};
use mixaccess_model::{
    Capabilities, Change, ChangeId, Diff, Difference, Email, ProjectId, ProjectRef, ProjectRole,
    ServiceAccountId, Subject, SubjectKey, TeamId, Through, UserId, Verb,
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
    let asked = &change.write;
    let written = match subject {
        Subject::Person { email, user } => person_write(asked, email, *user, &target.capabilities),
        Subject::Team { name, id } => team_write(asked, name, *id, target),
        Subject::ServiceAccount { username, id } => account_write(asked, username, *id),
    };
    written.map_err(|message| CallError { change: change.id.clone(), message })
}

fn person_write(
    asked: &model::Write,
    email: &Email,
    user: Option<UserId>,
    capabilities: &Capabilities,
) -> Result<Write, String> {
    if let Some(lacking) = asked.lacks(capabilities) {
        return Err(format!("the dialect {} cannot {lacking}", capabilities.dialect));
    }
    let known = || user.ok_or_else(|| unnumbered(email));
    let unfit = || unfit("person", asked);
    let email = email.clone();
    match asked.verb {
        Verb::Invite => {
            let role = asked.organization_role().and_then(|diff| diff.after.known());
            let role = role.ok_or_else(unfit)?;
            Ok(Write::Invite { email, role, grants: given(asked) })
        }
        Verb::Withdraw | Verb::Remove => Ok(Write::RemoveMember { user: known()?, email }),
        Verb::Remind => Ok(Write::ResendInvitation { user: known()? }),
        Verb::Set => match asked.only().ok_or_else(unfit)? {
            Difference::OrganizationRole(Diff { after, .. }) => {
                let role = after.known().ok_or_else(unfit)?;
                Ok(Write::SetOrganizationRole { user: known()?, role })
            }
            Difference::ProjectRole(ProjectRef { id, .. }, diff) => match diff {
                Diff { before: Absent, after: Known(role) } => {
                    Ok(Write::Grant { project: *id, email, role: role.clone() })
                }
                Diff { before: Known(_), after: Known(role) } => {
                    Ok(Write::SetProjectRole { project: *id, user: known()?, role: role.clone() })
                }
                Diff { before: Known(_), after: Absent } => {
                    Ok(Write::Revoke { project: *id, user: known()? })
                }
                Diff { .. } => Err(unfit()),
            },
            Difference::Account(_)
            | Difference::TeamMember(..)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => Err(unfit()),
        },
        Verb::Create | Verb::Delete => Err(unfit()),
    }
}

fn team_write(
    asked: &model::Write,
    name: &Arc<str>,
    id: Option<TeamId>,
    target: &Target,
) -> Result<Write, String> {
    let unfit = || unfit("team", asked);
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
    match asked.verb {
        Verb::Create => Ok(Write::CreateTeam { name: Arc::clone(name) }),
        Verb::Delete => Ok(Write::DeleteTeam { name: Arc::clone(name) }),
        Verb::Set => match asked.only().ok_or_else(unfit)? {
            Difference::TeamMember(email, through, diff) => {
                let joins = match diff.after {
                    Known(()) => true,
                    Absent => false,
                    Unread => return Err(unfit()),
                };
                match (through, joins) {
                    (Through::Scim, joins) => group(email, joins),
                    (Through::Mixpanel, true) => update(TeamUpdate::AddMember(email.clone())),
                    (Through::Mixpanel, false) => update(TeamUpdate::RemoveMember(email.clone())),
                }
            }
            Difference::ProjectRole(project, diff) => match &diff.after {
                Known(role) => update(TeamUpdate::SetRole(project.id, role.clone())),
                Absent => update(TeamUpdate::RemoveRole(project.id)),
                Unread => Err(unfit()),
            },
            Difference::Account(_)
            | Difference::OrganizationRole(_)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => Err(unfit()),
        },
        Verb::Invite | Verb::Withdraw | Verb::Remind | Verb::Remove => Err(unfit()),
    }
}

fn account_write(
    asked: &model::Write,
    username: &Arc<str>,
    id: Option<ServiceAccountId>,
) -> Result<Write, String> {
    let known = || id.ok_or_else(|| unnumbered(&SubjectKey::ServiceAccount(Arc::clone(username))));
    let unfit = || unfit("service account", asked);
    match asked.verb {
        Verb::Create => {
            let role = asked.organization_role().and_then(|diff| diff.after.known());
            Ok(Write::CreateServiceAccount {
                username: Arc::clone(username),
                role: role.ok_or_else(unfit)?,
                expires: asked.expires(),
                grants: given(asked),
            })
        }
        Verb::Delete => Ok(Write::DeleteServiceAccount { account: known()? }),
        Verb::Set => {
            let account = known()?;
            if let Some((project, role)) = asked.granted() {
                let (project, role) = (project.id, role.clone());
                return Ok(Write::AddServiceAccount { account, project, role });
            }
            let (project, _) = asked.revoked().ok_or_else(unfit)?;
            Ok(Write::RemoveServiceAccount { account, project: project.id })
        }
        Verb::Invite | Verb::Withdraw | Verb::Remind | Verb::Remove => Err(unfit()),
    }
}

/// The project roles that a write gives.
fn given(asked: &model::Write) -> Vec<(ProjectId, ProjectRole)> {
    let roles = asked.project_roles();
    roles.filter_map(|(project, diff)| Some((project.id, diff.after.clone().known()?))).collect()
}

fn unnumbered(subject: &dyn fmt::Display) -> String {
    format!("the service has not said which number {subject} has")
}

fn unfit(kind: &str, asked: &model::Write) -> String {
    let slot = asked.only().map(|one| format!(" {}", one.slot().as_str().replace('_', " ")));
    let slot = slot.unwrap_or_default();
    format!("there is no write that would {}{slot} for a {kind}", asked.verb.as_str())
}

/// Whether the write that carries out a change names its subject by number.
pub(crate) fn needs_number(change: &Change) -> bool {
    let is_person = matches!(change.subject, Subject::Person { .. });
    match change.write.verb {
        Verb::Invite | Verb::Create => false,
        Verb::Withdraw | Verb::Remind | Verb::Remove => true,
        Verb::Delete => !matches!(change.subject, Subject::Team { .. }),
        Verb::Set => !change.write.differences.iter().all(|one| match one {
            Difference::TeamMember(_, through, _) => *through == Through::Scim,
            // A grant to a person names the address.
            Difference::ProjectRole(_, diff) => is_person && diff.before == Absent,
            Difference::Account(_)
            | Difference::OrganizationRole(_)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => false,
        }),
    }
}

/// For each change, whether an earlier one makes its subject: then the plan cannot know the number.
pub(crate) fn follows_creation(changes: &[Change]) -> Vec<bool> {
    let mut made: BTreeSet<SubjectKey> = BTreeSet::new();
    changes
        .iter()
        .map(|change| {
            let key = change.subject.key();
            let follows = made.contains(&key);
            if change.write.verb.begins() {
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

/// Whether sending it twice does something twice: an invitation sends an e-mail, and a service account
/// has a secret.
pub(crate) fn must_happen_once(change: &Change) -> bool {
    change.write.verb.sends_mail() || is_made_anew(change)
}

/// Whether a change that may have been carried out is undone first and done again: the secret of a
/// service account is told once, and whether it arrived nobody knows.
pub(crate) fn is_made_anew(change: &Change) -> bool {
    change.write.verb == Verb::Create && matches!(change.subject, Subject::ServiceAccount { .. })
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
            created: None,
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

    fn change(key: SubjectKey, action: model::Write) -> Change {
        let mut organization = organization();
        if action.verb.begins() {
            organization = Organization::default();
        }
        let mut planner = Planner::of(&organization);
        planner.add_to(key, action, &[]);
        planner.content().changes.remove(0)
    }

    fn grants() -> Vec<(ProjectRef, ProjectRole)> {
        vec![(project(7), ProjectRole::Analyst)]
    }

    fn person_writes() -> Vec<(model::Write, Write)> {
        let email = || Email::new(ANN);
        let (id, user) = (project(7).id, UserId(42));
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        let (owner, member) = (OrganizationRole::Owner, OrganizationRole::Member);
        vec![
            (
                model::Write::invite(owner, grants()),
                Write::Invite { email: email(), role: owner, grants: vec![(id, analyst.clone())] },
            ),
            (
                model::Write::grant(project(7), admin.clone()),
                Write::Grant { project: id, email: email(), role: admin.clone() },
            ),
            (
                model::Write::set_project_role(project(7), analyst.clone(), admin.clone()),
                Write::SetProjectRole { project: id, user, role: admin },
            ),
            (model::Write::revoke(project(7), analyst), Write::Revoke { project: id, user }),
            (
                model::Write::set_organization_role(member, owner),
                Write::SetOrganizationRole { user, role: owner },
            ),
            (
                model::Write::remove(Some(member), Vec::new()),
                Write::RemoveMember { user, email: email() },
            ),
            (
                model::Write::withdraw(None, Vec::new()),
                Write::RemoveMember { user, email: email() },
            ),
            (model::Write::remind(None), Write::ResendInvitation { user }),
        ]
    }

    fn team_writes() -> Vec<(model::Write, Write)> {
        use TeamUpdate::{AddMember, RemoveMember, RemoveRole, SetRole};
        use Through::{Mixpanel, Scim};
        let (email, name) = (|| Email::new(ANN), || Arc::from("Growth"));
        let id = project(7).id;
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        let update = |update| Write::UpdateTeam { team: TeamId(8), update };
        let group = |member| Write::ChangeGroup { group: name(), email: email(), member };
        vec![
            (model::Write::create_team(), Write::CreateTeam { name: name() }),
            (model::Write::add_team_member(email(), Mixpanel), update(AddMember(email()))),
            (model::Write::remove_team_member(email(), Mixpanel), update(RemoveMember(email()))),
            (model::Write::add_team_member(email(), Scim), group(true)),
            (model::Write::remove_team_member(email(), Scim), group(false)),
            (model::Write::grant(project(7), admin.clone()), update(SetRole(id, admin.clone()))),
            (
                model::Write::set_project_role(project(7), analyst.clone(), admin.clone()),
                update(SetRole(id, admin)),
            ),
            (model::Write::revoke(project(7), analyst), update(RemoveRole(id))),
            (model::Write::delete_team(Vec::new(), Vec::new()), Write::DeleteTeam { name: name() }),
        ]
    }

    fn account_writes() -> Vec<(model::Write, Write)> {
        let (account, id, analyst) = (ServiceAccountId(9), project(7).id, ProjectRole::Analyst);
        let organization_role = OrganizationRole::Admin;
        vec![
            (
                model::Write::create_service_account(
                    organization_role,
                    grants(),
                    Some(jiff::Timestamp::UNIX_EPOCH),
                ),
                Write::CreateServiceAccount {
                    username: Arc::from("etl"),
                    role: organization_role,
                    expires: Some(jiff::Timestamp::UNIX_EPOCH),
                    grants: vec![(id, analyst.clone())],
                },
            ),
            (
                model::Write::grant(project(7), analyst.clone()),
                Write::AddServiceAccount { account, project: id, role: analyst.clone() },
            ),
            (
                model::Write::revoke(project(7), analyst),
                Write::RemoveServiceAccount { account, project: id },
            ),
            (
                model::Write::delete_service_account(Vec::new()),
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
        let set =
            || model::Write::set_project_role(project(7), ProjectRole::Analyst, ProjectRole::Admin);
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
        let join = model::Write::add_team_member(Email::new(ANN), Through::Scim);
        assert_eq!(
            said(SubjectKey::Team(Arc::from("Growth")), join),
            "a group changes through SCIM, and no token for it is set (MIXPANEL_SCIM_TOKEN)"
        );
    }
}
