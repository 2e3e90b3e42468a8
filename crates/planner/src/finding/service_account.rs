//! What a human is told about service accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{
    Change, DesiredServiceAccount, DesiredState, Email, Finding, LiveServiceAccount, LiveState,
    NotPlanned, NotPlannedKind, OrganizationRole, ProjectId, ProjectRole, ReasonKind, Severity,
    State, Subject, UnreadList, UserId, Verb,
};

use crate::codes::{
    DECLARED_TWICE, DUPLICATE_SERVICE_ACCOUNT, SERVICE_ACCOUNT_ADMIN_WITHOUT_PURPOSE,
    SERVICE_ACCOUNT_EXPIRED, SERVICE_ACCOUNT_EXPIRES_DIFFERS, SERVICE_ACCOUNT_EXPIRING,
    SERVICE_ACCOUNT_LEFT_BEHIND, SERVICE_ACCOUNT_NEVER_USED, SERVICE_ACCOUNT_NO_EXPIRY,
    SERVICE_ACCOUNT_OWNER_GONE, SERVICE_ACCOUNT_SECRET_UNSETTLED, SERVICE_ACCOUNT_UNREADABLE,
    SERVICE_ACCOUNT_UNUSED,
};
use crate::compare::comparer::Comparer;
use crate::finding::names::names;
use crate::finding::team::count;
use crate::invitation::lasting;

/// After how long without use an account is told.
const UNUSED_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long before the end of its credentials an account is told.
const EXPIRING_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

const ADMIN_POWER: u8 = 3;

pub(crate) fn unreadable(comparer: &Comparer<'_>, declared: &[DesiredServiceAccount]) -> Finding {
    let place = declared.first().map(|one| comparer.desired.place(one.cause.position));
    let message = match comparer.live.why_unread(UnreadList::ServiceAccounts, None) {
        Some(why) => format!("service accounts are declared, and were not read: {why}"),
        None => "service accounts are declared, and the service did not answer which there are"
            .to_owned(),
    };
    Finding::new(Severity::Warning, SERVICE_ACCOUNT_UNREADABLE, message)
        .with_hint("Service accounts are read with the credentials of an organization admin or owner: `mixaccess doctor` says what the organization answers. A snapshot that was taken before the files declared them does not hold them: take a new one.")
        .at(place)
}

pub(crate) fn unread_projects<'a>(
    desired: &'a DesiredState,
    live: &'a LiveState,
) -> impl Iterator<Item = Finding> + 'a {
    let unread = desired.projects.iter().filter(|project| {
        live.project(project.id).is_some_and(|found| !found.service_accounts_read)
    });
    unread.map(|project| {
        let list = UnreadList::ProjectServiceAccounts;
        let why = live.why_unread(list, Some(project.id));
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let message =
            format!("the service accounts of project {} were not read{why}", project.key);
        Finding::new(Severity::Warning, SERVICE_ACCOUNT_UNREADABLE, message)
            .in_project(&project.key)
            .with_hint("Take a new snapshot with these files, or ask `mixaccess doctor` what the organization answers.")
            .at(Some(desired.place(project.position)))
    })
}

pub(crate) fn declared_twice(
    desired: &DesiredState,
    again: &[DesiredServiceAccount],
) -> impl Iterator<Item = Finding> {
    again.iter().map(|one| {
        Finding::new(Severity::Error, DECLARED_TWICE, "is declared more than once")
            .about_subject(subject(&one.username))
            .with_hint("Keep one of the declarations.")
            .at(Some(desired.place(one.cause.position)))
    })
}

/// Several live accounts of one name: nobody can tell which one the files mean.
pub(crate) fn duplicate(accounts: &[(&str, &LiveServiceAccount)]) -> Option<Finding> {
    let numbers: Vec<String> = accounts.iter().map(|(_, one)| one.id.to_string()).collect();
    let message =
        format!("{} live service accounts have this name: {}", accounts.len(), numbers.join(", "));
    let finding = Finding::new(Severity::Warning, DUPLICATE_SERVICE_ACCOUNT, message)
        .about_subject(subject(&Arc::from(accounts.first()?.0)))
        .with_hint("Delete one of them in Mixpanel; until then none is planned for.");
    Some(finding)
}

/// A declared service account about which something is not done.
pub(crate) fn withheld(wanted: &DesiredServiceAccount, why: impl Into<String>) -> NotPlanned {
    NotPlanned {
        kind: NotPlannedKind::Withheld,
        subject: Some(subject(&wanted.username)),
        project: None,
        message: why.into(),
    }
}

pub(crate) fn expired_before_it_began(
    desired: &DesiredState,
    wanted: &DesiredServiceAccount,
) -> Finding {
    let message = "is declared to expire at a time that has passed, and is not created";
    Finding::new(Severity::Warning, SERVICE_ACCOUNT_EXPIRED, message)
        .about_subject(subject(&wanted.username))
        .with_hint("Declare a later `expires`, or `state: removed`.")
        .at(Some(desired.place(wanted.cause.position)))
}

pub(crate) fn unmanaged(account: &LiveServiceAccount) -> NotPlanned {
    let projects = account.individual_grants().count();
    NotPlanned {
        kind: NotPlannedKind::Unmanaged,
        subject: Some(Subject::ServiceAccount {
            username: Arc::clone(&account.username),
            id: Some(account.id),
        }),
        project: None,
        message: format!("not in the files: {}", count(projects, "project", "projects")),
    }
}

/// What the declaration itself lacks.
pub(crate) fn about_declared(
    comparer: &Comparer<'_>,
    wanted: &DesiredServiceAccount,
) -> Vec<Finding> {
    let desired = comparer.desired;
    let place = Some(desired.place(wanted.cause.position));
    let warning = |code, message: String, hint: &str| {
        Finding::new(Severity::Warning, code, message)
            .about_subject(subject(&wanted.username))
            .with_hint(hint)
            .at(place.clone())
    };
    let mut findings = Vec::new();
    if let Some(owner) = &wanted.owner
        && let Some(why) = gone(comparer, owner)
    {
        let message = format!("its owner {owner} {why}");
        let hint = "Name somebody else as `owner`, or remove the account.";
        findings.push(warning(SERVICE_ACCOUNT_OWNER_GONE, message, hint));
    }
    let roles =
        wanted.grants.iter().filter_map(|grant| Some((grant.project, grant.role.as_ref()?)));
    if wanted.purpose.is_none()
        && let Some(power) = admin_power(comparer, Some(wanted.organization_role), roles)
    {
        let message = format!("is {power} and has no `purpose`");
        let hint = "Say what it is for, or give it less.";
        findings.push(warning(SERVICE_ACCOUNT_ADMIN_WITHOUT_PURPOSE, message, hint));
    }
    findings
}

fn gone(comparer: &Comparer<'_>, owner: &Email) -> Option<&'static str> {
    match comparer.desired.collaborator(owner).map(|one| one.state) {
        Some(State::Active) => None,
        Some(State::Suspended) => Some("is suspended"),
        Some(State::Removed) => Some("is removed"),
        None if comparer.live.member(owner).is_none() => Some("is not in the organization"),
        None => None,
    }
}

/// The strongest power of an administrator among these roles, as words.
fn admin_power<'r>(
    comparer: &Comparer<'_>,
    organization_role: Option<OrganizationRole>,
    roles: impl Iterator<Item = (ProjectId, &'r ProjectRole)>,
) -> Option<String> {
    if let Some(role) = organization_role.filter(|role| *role >= OrganizationRole::Admin) {
        return Some(format!("organization {role}"));
    }
    let is_admin = |(project, role): &(ProjectId, &ProjectRole)| {
        comparer.custom.power(*project, role) >= Some(ADMIN_POWER)
    };
    let projects: BTreeSet<ProjectId> =
        roles.filter(is_admin).map(|(project, _)| project).collect();
    let first = comparer.names.reference(*projects.first()?).key;
    Some(match projects.len() {
        1 => format!("admin of {first}"),
        several => {
            format!("admin of {first} and {}", count(several - 1, "more project", "more projects"))
        }
    })
}

/// What the live account is like.
pub(crate) fn about(
    comparer: &Comparer<'_>,
    wanted: Option<&DesiredServiceAccount>,
    found: &LiveServiceAccount,
) -> Vec<Finding> {
    let now = comparer.live.taken_at;
    let place = wanted.map(|wanted| comparer.desired.place(wanted.cause.position));
    let username = wanted.map_or(&found.username, |wanted| &wanted.username);
    let finding = |severity, code, message: String, hint: &str| {
        Finding::new(severity, code, message)
            .about_subject(subject(username))
            .with_hint(hint)
            .at(place.clone())
    };
    let (warning, note) = (Severity::Warning, Severity::Note);
    let mut findings = Vec::new();
    if let Some((code, message)) = use_of(found, now) {
        findings.push(finding(warning, code, message, "Remove it if nothing needs it."));
    }
    match found.expires {
        Some(expires) if expires <= now => {
            let message =
                format!("its credentials expired {} ago", lasting(now.duration_since(expires)));
            let hint = "The service cannot extend them: create an account with another name, and remove this one.";
            findings.push(finding(warning, SERVICE_ACCOUNT_EXPIRED, message, hint));
        }
        Some(expires) if expires.duration_since(now) <= EXPIRING_WITHIN => {
            let message =
                format!("its credentials expire in {}", lasting(expires.duration_since(now)));
            let hint = "The service cannot extend them: declare an account with another name beside it, move its users, and remove this one.";
            findings.push(finding(warning, SERVICE_ACCOUNT_EXPIRING, message, hint));
        }
        Some(_) => {}
        None => {
            let hint = "Declare a new account with `expires` beside it, move its users, and remove this one.";
            let message = "its credentials never expire".to_owned();
            findings.push(finding(note, SERVICE_ACCOUNT_NO_EXPIRY, message, hint));
        }
    }
    if let Some(expires) = wanted.and_then(|wanted| wanted.expires)
        && found.expires != Some(expires)
    {
        let live = found.expires.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let message = format!("declared to expire at {expires}, live {live}");
        let hint = "The service cannot change it: declare an account with another name beside it, move its users, and remove this one.";
        findings.push(finding(warning, SERVICE_ACCOUNT_EXPIRES_DIFFERS, message, hint));
    }
    if wanted.is_none()
        && let Some(power) = admin_power(comparer, None, found.individual_grants())
    {
        let message = format!("is {power}, and no file says what it is for");
        let hint =
            "Declare it under `service_accounts:` with an owner and a purpose, or remove it.";
        findings.push(finding(warning, SERVICE_ACCOUNT_ADMIN_WITHOUT_PURPOSE, message, hint));
    }
    findings
}

/// An account that an apply created without saying in its journal what became of the secret.
pub fn secret_unsettled(desired: &DesiredState, username: &Arc<str>, journal: &str) -> Finding {
    let mut declared = desired.service_accounts.iter().flatten();
    let place =
        declared.find(|one| one.username == *username).map(|one| desired.place(one.cause.position));
    let message = format!(
        "was created by an apply that did not settle its secret, which nobody may have (journal \
         {journal})"
    );
    Finding::new(Severity::Warning, SERVICE_ACCOUNT_SECRET_UNSETTLED, message)
        .about_subject(subject(username))
        .with_hint("Run apply with that plan and --resume, which deletes the account where it is known to be that one, and creates it anew; or delete it in Mixpanel and plan again. The service tells a secret once.")
        .at(place)
}

fn use_of(found: &LiveServiceAccount, now: Timestamp) -> Option<(&'static str, String)> {
    match (found.last_used, found.created) {
        (Some(last_used), _) => {
            let unused = now.duration_since(last_used);
            (unused >= UNUSED_AFTER)
                .then(|| (SERVICE_ACCOUNT_UNUSED, format!("was last used {} ago", lasting(unused))))
        }
        (None, Some(created)) => {
            let age = now.duration_since(created);
            (age >= UNUSED_AFTER).then(|| {
                let message = format!("was created {} ago and never used", lasting(age));
                (SERVICE_ACCOUNT_NEVER_USED, message)
            })
        }
        (None, None) => Some((SERVICE_ACCOUNT_NEVER_USED, "was never used".to_owned())),
    }
}

/// The accounts that people who go have created or own.
pub(crate) fn left_behind(
    desired: &DesiredState,
    live: &LiveState,
    leaving: &BTreeSet<(&Email, Option<UserId>)>,
) -> Vec<Finding> {
    let mut accounts: BTreeMap<&Email, BTreeSet<String>> = BTreeMap::new();
    for (email, user) in leaving {
        let created = live.service_accounts.iter().flatten().filter(|one| {
            one.creator_email.as_ref() == Some(*email) || (user.is_some() && one.creator == *user)
        });
        let declared = desired.service_accounts.iter().flatten();
        let owned = declared
            .filter(|one| one.state == State::Active && one.owner.as_ref() == Some(*email))
            .map(|one| format!("{} (owner)", one.username));
        let all: BTreeSet<String> =
            created.map(|one| format!("{} (creator)", one.username)).chain(owned).collect();
        if !all.is_empty() {
            accounts.insert(email, all);
        }
    }
    accounts
        .into_iter()
        .map(|(email, all)| {
            let message = format!(
                "leaves {} behind: {}",
                count(all.len(), "service account", "service accounts"),
                names(all.iter().map(|name| mixaccess_model::printable(name).into_owned()))
            );
            Finding::new(Severity::Warning, SERVICE_ACCOUNT_LEFT_BEHIND, message)
                .about(email)
                .with_hint("Their credentials keep working: give each an owner who stays, or replace and remove it.")
        })
        .collect()
}

/// Everybody whom the plan removes or suspends.
pub(crate) fn leaving(changes: &[Change]) -> BTreeSet<(&Email, Option<UserId>)> {
    changes
        .iter()
        .filter(|change| {
            change.write.verb == Verb::Remove
                || matches!(change.reason.kind, ReasonKind::Suspended | ReasonKind::Unmanaged)
        })
        .filter_map(|change| Some((change.subject.email()?, change.subject.user())))
        .collect()
}

fn subject(username: &Arc<str>) -> Subject {
    Subject::ServiceAccount { username: Arc::clone(username), id: None }
}
