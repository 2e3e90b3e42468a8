//! What must hold for an action to run, and whether it does.

use std::collections::BTreeSet;

use mixaccess_model::{
    Change, Difference, LiveMember, LiveServiceAccount, LiveSubject, LiveTeam, MemberStatus,
    OrganizationRole, Precondition, ProjectId, ProjectRole, Slot, Subject, Verb, Write, printable,
};

use super::{Projection, number_of_account, number_of_team};
use crate::compare::unread_row;

pub(super) fn preconditions(
    projection: &Projection<'_>,
    subject: &Subject,
    write: &Write,
) -> Vec<Precondition> {
    let there = match subject {
        Subject::Person { email, .. } => {
            projection.member(email).map(|member| Precondition::Member {
                user: member.id,
                status: member.status,
                organization_role: member.organization_role,
            })
        }
        Subject::Team { name, .. } => {
            projection.team(name).map(|team| Precondition::Team { id: number_of_team(team.id) })
        }
        Subject::ServiceAccount { username, .. } => projection
            .service_account(username)
            .map(|one| Precondition::ServiceAccount { id: number_of_account(one.id) }),
    };
    let Some(there) = there else {
        return vec![Precondition::Absent];
    };
    let mut preconditions = vec![there];
    let own_role = |project: ProjectId| Precondition::IndividualGrant {
        project,
        role: projection.own_role(subject, project).cloned(),
    };
    // What comes with something new was not there before.
    if write.verb.begins() {
        return preconditions;
    }
    for one in &write.differences {
        match one {
            Difference::ProjectRole(project, _) => preconditions.push(own_role(project.id)),
            Difference::TeamMember(email, ..) if write.verb == Verb::Set => {
                if let Subject::Team { name, .. } = subject {
                    let member = projection.team(name).is_some_and(|team| team.has(email));
                    preconditions.push(Precondition::TeamMember { email: email.clone(), member });
                }
            }
            // Whoever an earlier change removes has left the team by then.
            Difference::TeamMember(..) => {}
            Difference::Account(_)
            | Difference::OrganizationRole(_)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => {}
        }
    }
    preconditions
}

pub(super) fn violations(projection: &Projection<'_>, change: &Change) -> Vec<String> {
    let mut violations: Vec<String> = change
        .preconditions
        .iter()
        .filter_map(|precondition| violation(projection, &change.subject, precondition))
        .collect();
    violations.extend(unnamed(projection, change));
    violations.extend(unread_row::stops(projection.live, change).map(|row| {
        format!("expected every row to be readable, found one that {}", printable(&row.why))
    }));
    violations
}

fn violation(
    projection: &Projection<'_>,
    subject: &Subject,
    precondition: &Precondition,
) -> Option<String> {
    if let Precondition::IndividualGrant { project, role } = precondition {
        if projection.subject(&subject.key()).is_none() {
            return Some(format!("expected {}, found nobody", expected(subject)));
        }
        let held = projection.own_role(subject, *project);
        return (held != role.as_ref()).then(|| {
            format!(
                "expected {} in project {project}, found {}",
                role.as_ref().map_or("none", ProjectRole::as_str),
                held.map_or("none", ProjectRole::as_str)
            )
        });
    }
    match subject {
        Subject::Person { email, .. } => of_person(precondition, projection.member(email)),
        Subject::Team { name, .. } => of_team(precondition, projection.team(name)),
        Subject::ServiceAccount { username, .. } => {
            of_service_account(precondition, projection.service_account(username))
        }
    }
}

const fn expected(subject: &Subject) -> &'static str {
    match subject {
        Subject::Person { .. } => "a member",
        Subject::Team { .. } => "a team",
        Subject::ServiceAccount { .. } => "a service account",
    }
}

fn of_person(precondition: &Precondition, member: Option<&LiveMember>) -> Option<String> {
    match (precondition, member) {
        (Precondition::Absent, None) => None,
        (Precondition::Absent, Some(found)) => Some(format!(
            "expected nobody, found {} with organization role {}",
            status_word(found.status),
            role_word(found.organization_role)
        )),
        (Precondition::Member { .. }, None) => Some("expected a member, found nobody".to_owned()),
        (Precondition::Member { user, status, organization_role }, Some(found)) => {
            if user.is_some() && *user != found.id {
                Some("expected the same account, found another with this address".to_owned())
            } else if *status != found.status {
                Some(format!(
                    "expected {}, found {}",
                    status_word(*status),
                    status_word(found.status)
                ))
            } else if *organization_role != found.organization_role {
                Some(format!(
                    "expected organization role {}, found {}",
                    role_word(*organization_role),
                    role_word(found.organization_role)
                ))
            } else {
                None
            }
        }
        _ => Some(unfit("person")),
    }
}

fn of_team(precondition: &Precondition, team: Option<&LiveTeam>) -> Option<String> {
    match (precondition, team) {
        (Precondition::Absent, None) => None,
        (Precondition::Absent, Some(_)) => {
            Some("expected no team of this name, found one".to_owned())
        }
        (Precondition::Team { .. } | Precondition::TeamMember { .. }, None) => {
            Some("expected a team, found none of this name".to_owned())
        }
        (Precondition::Team { id }, Some(found)) => (id.is_some()
            && *id != number_of_team(found.id))
        .then(|| "expected the same team, found another of this name".to_owned()),
        (Precondition::TeamMember { email, member }, Some(found)) => (found.has(email) != *member)
            .then(|| match member {
                true => format!("expected {email} in the team, found not"),
                false => format!("expected {email} not in the team, found in it"),
            }),
        _ => Some(unfit("team")),
    }
}

fn of_service_account(
    precondition: &Precondition,
    account: Option<&LiveServiceAccount>,
) -> Option<String> {
    match (precondition, account) {
        (Precondition::Absent, None) => None,
        (Precondition::Absent, Some(_)) => {
            Some("expected no service account of this name, found one".to_owned())
        }
        (Precondition::ServiceAccount { .. }, None) => {
            Some("expected a service account, found none of this name".to_owned())
        }
        (Precondition::ServiceAccount { id }, Some(found)) => (id.is_some()
            && *id != number_of_account(found.id))
        .then(|| "expected the same service account, found another of this name".to_owned()),
        _ => Some(unfit("service account")),
    }
}

fn unfit(kind: &str) -> String {
    format!("the precondition is not about a {kind}")
}

/// What the change would do and does not say: what a removal takes away beyond what it names, and
/// somebody who cannot join a team because they are not there.
fn unnamed(projection: &Projection<'_>, change: &Change) -> Vec<String> {
    let write = &change.write;
    if let Some(email) = write.joined()
        && projection.member(email).is_none()
    {
        return vec![format!("expected {email} to be a member, found nobody")];
    }
    let Some(found) = projection.subject(&change.subject.key()) else { return Vec::new() };
    if !write.verb.ends() {
        return Vec::new();
    }
    let named: BTreeSet<Slot<'_>> = write.differences.iter().map(Difference::slot).collect();
    let roles = found.roles().into_iter();
    let roles = roles.filter(|(project, _)| !named.contains(&Slot::ProjectRole(*project)));
    let roles =
        roles.map(|(project, role)| format!("expected none in project {project}, found {role}"));
    let people = match found {
        LiveSubject::Team(team) => team.members.as_slice(),
        LiveSubject::Person(_) | LiveSubject::ServiceAccount(_) => &[],
    };
    let people = people.iter().filter(|email| !named.contains(&Slot::TeamMember(email)));
    let people = people.map(|email| format!("expected {email} not in the team, found in it"));
    roles.chain(people).collect()
}

pub(super) fn holds(projection: &Projection<'_>, change: &Change) -> bool {
    let found = projection.subject(&change.subject.key());
    !unread_row::leaves_open(projection.live, change)
        && change.write.differences.iter().all(|one| one.is_met_by(found))
}

const fn status_word(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Active => "an accepted member",
        MemberStatus::Pending => "a pending invitation",
    }
}

fn role_word(role: Option<OrganizationRole>) -> &'static str {
    role.map_or("unknown", OrganizationRole::as_str)
}
