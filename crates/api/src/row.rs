//! What rows of several lists have in common: read tolerantly, unknown fields ignored.

mod event;
mod member;
mod project;
mod scim_event;

use std::sync::Arc;

use mixaccess_model::{
    Email, Grant, GrantSource, ManagedBy, MemberStatus, OrganizationRole, ProjectId, ProjectRole,
};
use serde::Deserialize;

pub(crate) use member::RosterRow;

use crate::error::quotable;
use crate::list::{Entry, EntryValue, Field, Words};

const QUOTE_LIMIT: usize = 60;
/// What the names of service accounts end in.
const ACCOUNT_SUFFIX: &str = ".mp-service-account";
/// The name of a team that the service does not name.
const UNNAMED_TEAM: &str = "(unnamed)";

const ACCEPTED: [&str; 4] = ["active", "accepted", "member", "enabled"];
const NOT_ACCEPTED: [&str; 5] = ["pending", "invited", "invitation_sent", "expired", "unaccepted"];

/// The one of these words that was meant, whatever the capitals. Allocates nothing, since a large
/// organization has a million rows.
pub(crate) fn known(word: &str, words: &[&'static str]) -> Option<&'static str> {
    words.iter().copied().find(|one| one.eq_ignore_ascii_case(word))
}

/// What a row is listed under, where that is a number.
pub(crate) fn number(key: Option<&str>) -> Option<u64> {
    key?.parse().ok()
}

/// A number, also where only what it is listed under says it.
pub(crate) fn numbered(fields: &[&Field<'_>], key: Option<&str>) -> Option<u64> {
    fields.iter().find_map(|field| field.number()).or_else(|| number(key))
}

/// An address, also where only what it is listed under says it. A word that is none is nobody's, but
/// that a service account is listed by its name.
pub(crate) fn address(fields: &[&Field<'_>], key: Option<&str>) -> Option<Email> {
    let is_address = |word: &&str| word.contains('@') || word.ends_with(ACCOUNT_SUFFIX);
    let own = fields.iter().filter_map(|field| field.word()).find(is_address);
    own.or(key.filter(|key| key.contains('@'))).map(Email::new)
}

/// An organization role in any spelling; nothing when it is none that we know.
pub(crate) fn organization_role(field: &Field<'_>) -> Option<OrganizationRole> {
    let word = field.word()?.to_ascii_lowercase().replace([' ', '-'], "_");
    OrganizationRole::parse(&word)
}

/// A project role in any spelling; nothing where the word says that there is none.
pub(crate) fn project_role(word: &str, words: &mut Words) -> Option<ProjectRole> {
    if known(word, &["none", "no access", "no_access"]).is_some() {
        return None;
    }
    let standard = known(word, &["admin", "analyst", "viewer", "consumer", "owner"]);
    Some(words.role(standard.unwrap_or(word)))
}

/// Where a grant comes from.
///
/// # Errors
/// When the word is none that we know: taking it for an individual grant would let a plan delete what
/// it does not understand.
pub(crate) fn source(
    kind: &Field<'_>,
    team: &Field<'_>,
    words: &mut Words,
) -> Result<GrantSource, String> {
    let Some(kind) = kind.word() else {
        if !kind.is_nothing() {
            return Err("has a grant type that is no word".to_owned());
        }
        return Ok(if team.is_nothing() {
            GrantSource::Individual
        } else {
            GrantSource::Team(team_name(team, words))
        });
    };
    match known(kind, &["individual", "team", "organization", "all-users", "all_users"]) {
        Some("individual") => Ok(GrantSource::Individual),
        Some("team") => Ok(GrantSource::Team(team_name(team, words))),
        Some("organization") => Ok(GrantSource::Organization),
        Some(_) => Ok(GrantSource::AllUsers),
        None => Err(format!("has the unknown grant type `{}`", quotable(kind, QUOTE_LIMIT))),
    }
}

fn team_name(team: &Field<'_>, words: &mut Words) -> Arc<str> {
    match (team.word(), team.number()) {
        (Some(name), _) => words.name(name),
        (None, Some(number)) => words.name(&number.to_string()),
        (None, None) => words.name(UNNAMED_TEAM),
    }
}

/// Whether a grant comes from a team that is not named: from two of them it reads alike.
pub(crate) fn is_of_unnamed_team(source: &GrantSource) -> bool {
    matches!(source, GrantSource::Team(name) if **name == *UNNAMED_TEAM)
}

/// Who manages a person or team: nobody but us unless the row says otherwise.
pub(crate) fn managed_by(words: &[&Field<'_>], is_scim: &Field<'_>) -> ManagedBy {
    let says_scim = words
        .iter()
        .any(|field| field.word().is_some_and(|word| word.eq_ignore_ascii_case("scim")));
    if says_scim || is_scim.flag() == Some(true) { ManagedBy::Scim } else { ManagedBy::Mixpanel }
}

/// Whether the invitation was accepted: by the status where it is a word we know, else by the flags.
pub(crate) fn member_status(
    status: &Field<'_>,
    pending: &[&Field<'_>],
    accepted: &Field<'_>,
) -> MemberStatus {
    if let Some(status) = status.word() {
        if known(status, &ACCEPTED).is_some() {
            return MemberStatus::Active;
        }
        if known(status, &NOT_ACCEPTED).is_some() {
            return MemberStatus::Pending;
        }
    }
    let says_pending = pending.iter().any(|field| field.flag() == Some(true));
    if says_pending || accepted.flag() == Some(false) {
        MemberStatus::Pending
    } else {
        MemberStatus::Active
    }
}

/// A project role inside the row of somebody who has it.
#[derive(Deserialize)]
pub(crate) struct GrantFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    project_id: Field<'a>,
    #[serde(borrow, default)]
    role: Field<'a>,
    #[serde(borrow, default)]
    grant_type: Field<'a>,
    #[serde(borrow, default)]
    team: Field<'a>,
}

/// The project and the role that an entry names: an object, or a role listed under a project's number.
/// Nothing where it says that there is no access.
///
/// # Errors
/// When it does not say which project or which role.
pub(crate) fn own_grant(
    entry: &Entry<'_, GrantFields<'_>>,
    words: &mut Words,
) -> Result<Option<(ProjectId, ProjectRole)>, String> {
    let key = entry.key.as_deref();
    let (project, role) = match &entry.value {
        EntryValue::Object(fields) => {
            (numbered(&[&fields.project_id, &fields.id], key), &fields.role)
        }
        EntryValue::Bare(role) => (number(key), role),
    };
    let project = project.ok_or("has a project without a number")?;
    let word = role.word().ok_or_else(|| format!("has project {project} without a role"))?;
    Ok(project_role(word, words).map(|role| (ProjectId(project), role)))
}

/// The grant that an entry names, with where it comes from.
pub(crate) fn sourced_grant(entry: &Entry<'_, GrantFields<'_>>, words: &mut Words) -> Sourced {
    let EntryValue::Object(fields) = &entry.value else { return Sourced::Unsaid };
    if fields.grant_type.is_nothing() || fields.role.is_nothing() {
        return Sourced::Unsaid;
    }
    let Ok(source) = source(&fields.grant_type, &fields.team, words) else {
        return Sourced::Unsaid;
    };
    match own_grant(entry, words) {
        Ok(Some((project, role))) => Sourced::Grant(Grant { project, role, source }),
        Ok(None) => Sourced::Nothing,
        // The lists of the projects say what this does not.
        Err(_) => Sourced::Unsaid,
    }
}

/// What an entry among somebody's projects says.
pub(crate) enum Sourced {
    /// This grant.
    Grant(Grant),
    /// No access.
    Nothing,
    /// Not enough: a role that may come from anywhere is not to be taken for an individual grant.
    Unsaid,
}
