//! What a human is told about roles that projects define themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_model::{
    DesiredGrant, DesiredState, Finding, LiveState, Position, ProjectId, ProjectRole, RoleName,
    Severity, State, Subject,
};

use crate::codes::{CUSTOM_ROLE_DELETED, CUSTOM_ROLE_UNDECLARED, UNKNOWN_CUSTOM_ROLE};
use crate::finding::names::names;
use crate::subject::person;

/// Who is declared with a role that is not there.
#[derive(Default)]
struct Missing {
    subjects: BTreeSet<Subject>,
    /// Those who hold the role that a deleted one turns into.
    consumers: BTreeSet<Subject>,
    position: Option<Position>,
}

/// Declared grants of custom roles that the live project does not list, and held ones that the files do
/// not list. Deleting a role makes a consumer of everybody who has it (`SERVICE.md`, "Behaviour",
/// 10).
pub(crate) fn custom_roles(desired: &DesiredState, live: &LiveState) -> Vec<Finding> {
    let mut missing: BTreeMap<(ProjectId, &RoleName), Missing> = BTreeMap::new();
    for (subject, grants) in declared(desired) {
        for grant in grants {
            let Some(ProjectRole::Custom(name)) = &grant.role else { continue };
            if lists(live, grant.project, name) != Some(false) {
                continue;
            }
            let subject = subject();
            let entry = missing.entry((grant.project, name)).or_default();
            if held(live, &subject, grant.project) == Some(&ProjectRole::Consumer) {
                entry.consumers.insert(subject.clone());
            }
            entry.subjects.insert(subject);
            entry.position.get_or_insert(grant.cause.position);
        }
    }
    let missing = missing.into_iter();
    let mut findings: Vec<Finding> = missing
        .filter_map(|((project, name), missing)| not_there(desired, project, name, &missing))
        .collect();
    findings.extend(undeclared(desired, live));
    findings
}

/// Everybody who is declared with roles in projects; the subject is made where it is needed.
fn declared(
    desired: &DesiredState,
) -> impl Iterator<Item = (Box<dyn Fn() -> Subject + '_>, &[DesiredGrant])> {
    type Named<'a> = Box<dyn Fn() -> Subject + 'a>;
    let people = desired.collaborators.iter().filter(|one| one.state == State::Active);
    let people = people.filter(|one| has_custom(&one.grants)).map(|one| {
        let named: Named<'_> = Box::new(|| person(&one.email));
        (named, one.grants.as_slice())
    });
    let teams = desired.teams.iter().flatten().filter(|one| one.state == State::Active);
    let teams = teams.map(|one| {
        let named: Named<'_> = Box::new(|| Subject::Team { name: Arc::clone(&one.name), id: None });
        (named, one.grants.as_slice())
    });
    let accounts = desired.service_accounts.iter().flatten();
    let accounts = accounts.filter(|one| one.state == State::Active).map(|one| {
        let username = || Arc::clone(&one.username);
        let named: Named<'_> =
            Box::new(move || Subject::ServiceAccount { username: username(), id: None });
        (named, one.grants.as_slice())
    });
    people.chain(teams).chain(accounts)
}

fn has_custom(grants: &[DesiredGrant]) -> bool {
    grants.iter().any(|grant| grant.role.as_ref().is_some_and(ProjectRole::is_custom))
}

/// Whether the live project lists a role; nothing where the service does not say.
fn lists(live: &LiveState, project: ProjectId, name: &RoleName) -> Option<bool> {
    let roles = live.project(project)?.custom_roles.as_ref()?;
    Some(roles.iter().any(|role| **role == *name.as_str()))
}

fn held<'a>(live: &'a LiveState, subject: &Subject, project: ProjectId) -> Option<&'a ProjectRole> {
    match subject {
        Subject::Person { email, .. } => live.member(email)?.individual_role(project),
        Subject::Team { name, .. } => live.team(name)?.role(project),
        Subject::ServiceAccount { username, .. } => {
            live.service_account(username)?.individual_role(project)
        }
    }
}

fn not_there(
    desired: &DesiredState,
    project: ProjectId,
    name: &RoleName,
    missing: &Missing,
) -> Option<Finding> {
    let declared = desired.project(project)?;
    let role = mixaccess_model::printable(name.as_str());
    let listed = declared.custom_roles.iter().flatten().any(|role| role.name == *name);
    let who = names(missing.subjects.iter().map(ToString::to_string));
    // Where nobody became consumer, nothing shows that the role has ever been there.
    let (code, message) = if listed && !missing.consumers.is_empty() {
        let message = format!(
            "the custom role {role} is gone from {}, {} became consumer; declared for {who}",
            declared.key,
            names(missing.consumers.iter().map(ToString::to_string))
        );
        (CUSTOM_ROLE_DELETED, message)
    } else {
        let message = format!("{} has no custom role {role}, declared for {who}", declared.key);
        (UNKNOWN_CUSTOM_ROLE, message)
    };
    Some(
        Finding::new(Severity::Error, code, message)
            .in_project(&declared.key)
            .with_hint("Make the role in Mixpanel, or declare another one.")
            .at(missing.position.map(|position| desired.place(position))),
    )
}

/// Custom roles that somebody holds in a project whose declaration lists others only.
fn undeclared(desired: &DesiredState, live: &LiveState) -> Vec<Finding> {
    type Holder<'a> = (ProjectId, &'a ProjectRole, &'a dyn std::fmt::Display);
    let mut holders: BTreeMap<(ProjectId, &RoleName), Vec<String>> = BTreeMap::new();
    let people = live.members.iter().flat_map(|one| {
        one.grants.iter().map(|grant| -> Holder<'_> { (grant.project, &grant.role, &one.email) })
    });
    let accounts = live.service_accounts.iter().flatten().flat_map(|one| {
        one.grants.iter().map(|grant| -> Holder<'_> { (grant.project, &grant.role, &one.username) })
    });
    let teams = live.teams.iter().flatten().flat_map(|one| {
        one.grants.iter().map(|grant| -> Holder<'_> { (grant.project, &grant.role, &one.name) })
    });
    for (project, role, who) in people.chain(accounts).chain(teams) {
        let ProjectRole::Custom(name) = role else { continue };
        let listed = desired.project(project).and_then(|project| project.custom_roles.as_ref());
        if listed.is_some_and(|listed| listed.iter().all(|role| role.name != *name)) {
            let who = mixaccess_model::printable(&who.to_string()).into_owned();
            let named = holders.entry((project, name)).or_default();
            if !named.contains(&who) {
                named.push(who);
            }
        }
    }
    holders
        .into_iter()
        .filter_map(|((project, name), holders)| {
            let declared = desired.project(project)?;
            let message = format!(
                "the custom role {} is held by {}, and the files do not list it for {}",
                mixaccess_model::printable(name.as_str()),
                names(holders),
                declared.key
            );
            let finding = Finding::new(Severity::Note, CUSTOM_ROLE_UNDECLARED, message)
                .in_project(&declared.key)
                .with_hint("List it, or give its holders another role first: deleting it in Mixpanel makes them consumers.")
                .at(Some(desired.place(declared.position)));
            Some(finding)
        })
        .collect()
}
