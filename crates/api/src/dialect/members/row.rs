//! The rows of this dialect's lists: read tolerantly, unknown fields ignored.

use std::sync::Arc;

use mixaccess_model::{
    Email, GrantSource, LiveMember, LiveProject, ManagedBy, MemberStatus, OrganizationRole,
    ProjectId, UserId,
};
use serde::Deserialize;

use crate::ProjectMember;
use crate::audit::AuditEvent;
use crate::error::quotable;
use crate::list::{Field, Row, Words};

const QUOTE_LIMIT: usize = 60;
/// The name of a team that the service does not name.
const UNNAMED_TEAM: &str = "(unnamed)";

const ACCEPTED: [&str; 4] = ["active", "accepted", "member", "enabled"];
const NOT_ACCEPTED: [&str; 5] = ["pending", "invited", "invitation_sent", "expired", "unaccepted"];

/// A person in an organization's or a project's member list.
#[derive(Deserialize)]
pub(crate) struct PersonRow<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    user_id: Field<'a>,
    #[serde(borrow, default)]
    email: Field<'a>,
    #[serde(borrow, default)]
    user_email: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    role: Field<'a>,
    #[serde(borrow, default)]
    status: Field<'a>,
    #[serde(borrow, default)]
    is_pending: Field<'a>,
    #[serde(borrow, default)]
    pending: Field<'a>,
    #[serde(borrow, default)]
    invited: Field<'a>,
    #[serde(borrow, default)]
    accepted: Field<'a>,
    #[serde(borrow, default)]
    last_active: Field<'a>,
    #[serde(borrow, default)]
    grant_type: Field<'a>,
    #[serde(borrow, default)]
    team: Field<'a>,
}

impl PersonRow<'_> {
    /// The member's number. A list of memberships may number its rows too; the user's own number wins.
    fn user(&self, key: Option<&str>) -> Option<UserId> {
        let own = self.user_id.number().or_else(|| self.id.number());
        own.or_else(|| number(key)).map(UserId)
    }

    fn address(&self, key: Option<&str>) -> Option<Email> {
        let own = self.email.word().or_else(|| self.user_email.word());
        own.or(key.filter(|key| key.contains('@'))).map(Email::new)
    }

    /// Whether the invitation was accepted: by the status where it is a word we know, else by the flags.
    fn member_status(&self) -> MemberStatus {
        if let Some(status) = self.status.word() {
            if known(status, &ACCEPTED).is_some() {
                return MemberStatus::Active;
            }
            if known(status, &NOT_ACCEPTED).is_some() {
                return MemberStatus::Pending;
            }
        }
        let says_pending = [&self.is_pending, &self.pending, &self.invited]
            .into_iter()
            .any(|field| field.flag() == Some(true));
        if says_pending || self.accepted.flag() == Some(false) {
            MemberStatus::Pending
        } else {
            MemberStatus::Active
        }
    }

    fn source(&self, words: &mut Words) -> Result<GrantSource, String> {
        let Some(kind) = self.grant_type.word() else {
            return Ok(if self.team.is_nothing() {
                GrantSource::Individual
            } else {
                GrantSource::Team(self.team_name(words))
            });
        };
        match known(kind, &["individual", "team", "organization", "all-users", "all_users"]) {
            Some("individual") => Ok(GrantSource::Individual),
            Some("team") => Ok(GrantSource::Team(self.team_name(words))),
            Some("organization") => Ok(GrantSource::Organization),
            Some(_) => Ok(GrantSource::AllUsers),
            // Taking it for an individual grant would let a plan delete what it does not understand.
            None => Err(format!("has the unknown grant type `{}`", quotable(kind, QUOTE_LIMIT))),
        }
    }

    fn team_name(&self, words: &mut Words) -> Arc<str> {
        match (self.team.word(), self.team.number()) {
            (Some(name), _) => words.name(name),
            (None, Some(number)) => words.name(&number.to_string()),
            (None, None) => words.name(UNNAMED_TEAM),
        }
    }
}

/// The one of these words that was meant, whatever the capitals. Allocates nothing, since a large
/// organization has a million rows.
fn known(word: &str, words: &[&'static str]) -> Option<&'static str> {
    words.iter().copied().find(|one| one.eq_ignore_ascii_case(word))
}

fn number(key: Option<&str>) -> Option<u64> {
    key?.parse().ok()
}

/// An organization role in any spelling; nothing when it is none that we know.
pub(super) fn organization_role(field: &Field<'_>) -> Option<OrganizationRole> {
    let word = field.word()?.to_ascii_lowercase().replace([' ', '-'], "_");
    OrganizationRole::parse(&word)
}

impl Row for LiveMember {
    type Wire<'de> = PersonRow<'de>;
    const KEYS: &'static [&'static str] = &["results", "members", "users"];

    fn read(row: PersonRow<'_>, key: Option<&str>, _: &mut Words) -> Result<Option<Self>, String> {
        let email = row.address(key).ok_or("has no e-mail address")?;
        Ok(Some(Self {
            id: row.user(key),
            email,
            name: row.name.word().map(Arc::from),
            organization_role: organization_role(&row.role),
            status: row.member_status(),
            invitation: None,
            managed_by: ManagedBy::Mixpanel,
            last_active: row.last_active.instant(),
            grants: Vec::new(),
        }))
    }
}

impl Row for ProjectMember {
    type Wire<'de> = PersonRow<'de>;
    const KEYS: &'static [&'static str] = &["results", "members", "users"];

    fn read(
        row: PersonRow<'_>,
        key: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, String> {
        let source = row.source(words)?;
        let (user, email) = (row.user(key), row.address(key));
        if email.is_none() {
            match source {
                // A team's own row, numbered as a team: whom it reaches stands in their own rows.
                GrantSource::Team(_) if row.user_id.is_nothing() => return Ok(None),
                GrantSource::Organization if user.is_none() => return Ok(None),
                GrantSource::Individual if user.is_none() => {
                    return Err("has neither an e-mail address nor a number".to_owned());
                }
                _ => {}
            }
        }
        let word = row.role.word().ok_or("has no role")?;
        if known(word, &["none", "no access", "no_access"]).is_some() {
            return Ok(None);
        }
        let standard = known(word, &["admin", "analyst", "viewer", "consumer", "owner"]);
        let role = words.role(standard.unwrap_or(word));
        Ok(Some(Self { user, email, status: row.member_status(), role, source }))
    }
}

/// A project in the organization's list.
#[derive(Deserialize)]
pub(crate) struct ProjectRow<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
}

impl Row for LiveProject {
    type Wire<'de> = ProjectRow<'de>;
    const KEYS: &'static [&'static str] = &["results", "projects"];

    fn read(row: ProjectRow<'_>, key: Option<&str>, _: &mut Words) -> Result<Option<Self>, String> {
        let id = row.id.number().or_else(|| number(key)).map(ProjectId).ok_or("has no number")?;
        let name = row.name.word().map_or_else(|| id.to_string(), str::to_owned);
        Ok(Some(Self {
            id,
            name,
            members_read: false,
            service_accounts_read: false,
            custom_roles: None,
        }))
    }
}

/// An event of the audit log, under the names that were seen or are likely.
#[derive(Deserialize)]
pub(crate) struct EventRow<'a> {
    #[serde(borrow, default)]
    event: Field<'a>,
    #[serde(borrow, default)]
    event_type: Field<'a>,
    #[serde(borrow, default)]
    action: Field<'a>,
    #[serde(borrow, default)]
    actor: Field<'a>,
    #[serde(borrow, default)]
    actor_email: Field<'a>,
    #[serde(borrow, default)]
    timestamp: Field<'a>,
    #[serde(borrow, default)]
    time: Field<'a>,
    #[serde(borrow, default)]
    created_at: Field<'a>,
    #[serde(borrow, default)]
    user_email: Field<'a>,
    #[serde(borrow, default)]
    project_id: Field<'a>,
    #[serde(borrow, default)]
    from: Field<'a>,
    #[serde(borrow, default)]
    to: Field<'a>,
}

impl Row for AuditEvent {
    type Wire<'de> = EventRow<'de>;
    const KEYS: &'static [&'static str] = &["results", "events", "audit_log", "logs"];

    fn read(row: EventRow<'_>, _: Option<&str>, _: &mut Words) -> Result<Option<Self>, String> {
        let owned = |field: &Field<'_>| field.word().map(str::to_owned);
        let event = owned(&row.event).or_else(|| owned(&row.event_type));
        let Some(event) = event.or_else(|| owned(&row.action)) else { return Ok(None) };
        Ok(Some(Self {
            event,
            actor: owned(&row.actor_email).or_else(|| owned(&row.actor)),
            at: [&row.timestamp, &row.time, &row.created_at].into_iter().find_map(Field::instant),
            email: row.user_email.word().map(Email::new),
            project: row.project_id.number().map(ProjectId),
            before: owned(&row.from),
            after: owned(&row.to),
        }))
    }
}
