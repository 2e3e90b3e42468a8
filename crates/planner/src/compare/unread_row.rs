//! Rows of lists that could not be read: what is not given because of them, and what is said.

use mixaccess_model::{
    Change, DesiredState, Difference, Email, Finding, LiveState, NotPlanned, NotPlannedKind,
    ProjectId, Reading, Risk, Severity, Subject, SubjectKey, UnreadList, UnreadRow, Verb,
    printable,
};

use crate::codes::{MEMBER_UNREADABLE, SERVICE_ACCOUNT_UNREADABLE, TEAMS_UNREADABLE};
use crate::project_names::ProjectNames;

pub(crate) const HINT: &str = "What it is about is unknown, and not absent: look at it in Mixpanel. If it is as it should be, ask for a release of mixaccess that can read it.";

/// Whether anything that is planned for depends on a row. Only somebody who should have no access
/// anywhere depends on one about a project that the organization does not list.
pub(crate) fn counts(live: &LiveState, row: &UnreadRow) -> bool {
    row.project.is_none_or(|project| live.project(project).is_some())
}

/// The first row about a subject on which something that it would be given depends.
pub(crate) fn about<'a>(live: &'a LiveState, key: &SubjectKey) -> Option<&'a UnreadRow> {
    live.unread_rows.iter().find(|row| row.is_about(key) && counts(live, row))
}

/// The row for which a declared team is not filled: its own, or, where there is none of that name, one
/// that may be any team's.
pub(crate) fn of_team<'a>(live: &'a LiveState, key: &SubjectKey) -> Option<&'a UnreadRow> {
    if live.subject(key).is_some() { about(live, key) } else { live.may_hide(key) }
}

/// The row for which a service account that is not found is not created: one of its name, with what the
/// service may put behind it, or one that may be any account's.
pub(crate) fn of_account<'a>(live: &'a LiveState, username: &str) -> Option<&'a UnreadRow> {
    let key = SubjectKey::ServiceAccount(username.into());
    live.unread_rows.iter().find(|row| match &row.subject {
        Some(Subject::ServiceAccount { username: found, .. }) => {
            let rest = found.strip_prefix(username);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        Some(Subject::Person { .. } | Subject::Team { .. }) => false,
        None => row.is_about_anybody_like(&key),
    })
}

/// The rows that may be about anybody in the lists of members.
pub(crate) fn about_anybody(live: &LiveState) -> impl Iterator<Item = &UnreadRow> {
    let is_of_people =
        |row: &&UnreadRow| matches!(row.list, UnreadList::Members | UnreadList::ProjectMembers);
    live.unread_rows.iter().filter(|row| row.subject.is_none()).filter(is_of_people)
}

/// A row as a phrase: "a row of the members of project web has no role".
pub(crate) fn phrase(desired: &DesiredState, live: &LiveState, row: &UnreadRow) -> String {
    let list = row.list.as_str();
    let of = row.project.map_or_else(String::new, |id| {
        let name = desired.project(id).map(|one| one.key.to_string());
        let name = name.or_else(|| live.project(id).map(|one| one.name.clone()));
        match name {
            Some(name) => format!(" of project {}", printable(&name)),
            None => format!(" of project {id}"),
        }
    });
    format!("a row of the {list}{of} {}", printable(&row.why))
}

const fn code(list: UnreadList) -> &'static str {
    match list {
        UnreadList::Members | UnreadList::ProjectMembers | UnreadList::IdentityProvider => {
            MEMBER_UNREADABLE
        }
        UnreadList::Teams => TEAMS_UNREADABLE,
        UnreadList::ServiceAccounts | UnreadList::ProjectServiceAccounts => {
            SERVICE_ACCOUNT_UNREADABLE
        }
    }
}

/// What a row says of whom it is about; of nobody by name, what may not be concluded from the list.
pub(crate) fn finding(desired: &DesiredState, live: &LiveState, row: &UnreadRow) -> Finding {
    let mut message = phrase(desired, live, row);
    message.push_str(match (&row.subject, row.list) {
        (Some(Subject::Person { .. } | Subject::ServiceAccount { .. }), _) => {
            ", so that what there is is unknown"
        }
        (Some(Subject::Team { .. }), _) => ", so that who is in it and what it gives is unknown",
        (None, UnreadList::Members | UnreadList::IdentityProvider) => {
            ", so that somebody is there whom nobody knows: nobody is invited"
        }
        (None, UnreadList::ProjectMembers) => {
            ", so that it may be anybody's: nobody is invited, and nobody whom that list does not name is given anything there"
        }
        (None, UnreadList::Teams) => ", so that it may be any team: none is created",
        (None, UnreadList::ServiceAccounts | UnreadList::ProjectServiceAccounts) => {
            ", so that it may be any account: none is created"
        }
    });
    let mut finding = Finding::new(Severity::Warning, code(row.list), message).with_hint(HINT);
    if let Some(subject) = &row.subject {
        finding = finding.about_subject(subject.clone());
    }
    finding.project = row.project.and_then(|id| desired.project(id)).map(|one| one.key.clone());
    finding
}

/// Every row that counts, said once.
pub(crate) fn told(
    desired: &DesiredState,
    live: &LiveState,
    names: &ProjectNames<'_>,
) -> (Vec<Finding>, Vec<NotPlanned>) {
    let rows = live.unread_rows.iter().filter(|row| counts(live, row));
    rows.map(|row| {
        let finding = finding(desired, live, row);
        let left = NotPlanned {
            kind: NotPlannedKind::Unreadable,
            subject: row.subject.clone(),
            project: row.project.map(|id| names.reference(id)),
            message: phrase(desired, live, row),
        };
        (finding, left)
    })
    .unzip()
}

/// Somebody who is not invited: a row may be theirs.
pub(crate) fn not_invited(
    desired: &DesiredState,
    live: &LiveState,
    row: &UnreadRow,
    email: &Email,
) -> Finding {
    let message = format!("may be there already: {}", phrase(desired, live, row));
    Finding::new(Severity::Warning, MEMBER_UNREADABLE, message).about(email).with_hint(HINT)
}

/// An invitation that is not replaced: what it gives may stand in a row that could not be read.
pub(crate) fn not_replaced(
    desired: &DesiredState,
    live: &LiveState,
    row: &UnreadRow,
    email: &Email,
) -> Finding {
    let message = format!(
        "the invitation is not replaced, since what it gives is unknown: {}",
        phrase(desired, live, row)
    );
    Finding::new(Severity::Warning, MEMBER_UNREADABLE, message).about(email).with_hint(HINT)
}

/// What somebody who should have no access has in projects that the organization does not list.
pub(crate) fn elsewhere(live: &LiveState, email: &Email) -> Vec<Finding> {
    let key = SubjectKey::Person(email.clone());
    let rows = live.unread_rows.iter().filter(|row| row.is_about(&key) && !counts(live, row));
    rows.map(|row| {
        let project = row.project.map_or_else(String::new, |id| format!(" of project {id}"));
        let why = printable(&row.why);
        let message = format!("should have no access, and a row of the members{project} {why}");
        Finding::new(Severity::Warning, MEMBER_UNREADABLE, message).about(email).with_hint(HINT)
    })
    .collect()
}

/// The row for which a change that gives something must not run.
pub(crate) fn stops<'a>(live: &'a LiveState, change: &Change) -> Option<&'a UnreadRow> {
    let gives = change.risk == Risk::Escalation || change.write.verb == Verb::Create;
    if !gives || live.unread_rows.is_empty() {
        return None;
    }
    let key = change.subject.key();
    let is_there = live.subject(&key).is_some();
    let own = about(live, &key);
    let write = &change.write;
    let other = match (write.verb, &key) {
        (Verb::Invite, _) if is_there => {
            about_anybody(live).find(|row| row.list == UnreadList::ProjectMembers)
        }
        (Verb::Create, SubjectKey::ServiceAccount(username)) => of_account(live, username),
        (Verb::Invite | Verb::Create, _) => live.may_hide(&key),
        (Verb::Set, _) => write.differences.iter().find_map(|one| match one {
            Difference::ProjectRole(project, diff)
                if is_there && diff.before == Reading::Absent =>
            {
                live.may_hide_role(&key, project.id)
            }
            Difference::TeamMember(email, ..) if one.gives() => {
                about(live, &SubjectKey::Person(email.clone()))
            }
            Difference::ProjectRole(..)
            | Difference::TeamMember(..)
            | Difference::OrganizationRole(_)
            | Difference::Account(_)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => None,
        }),
        (Verb::Withdraw | Verb::Remind | Verb::Remove | Verb::Delete, _) => None,
    };
    own.or(other)
}

/// Whether a row leaves open that a change is in place: one about its subject, or, where the subject is
/// to be gone, one that may be anybody's.
pub(crate) fn leaves_open(live: &LiveState, change: &Change) -> bool {
    if live.unread_rows.is_empty() {
        return false;
    }
    let key = change.subject.key();
    let projects: Vec<ProjectId> = change.write.projects().map(|project| project.id).collect();
    let concerns = |row: &UnreadRow| row.project.is_none_or(|id| projects.contains(&id));
    let is_gone = live.subject(&key).is_none() && live.may_hide(&key).is_some();
    is_gone || live.unread_rows_of(&key).any(concerns)
}
