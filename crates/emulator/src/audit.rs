//! The audit log: what happened, who did it, when.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::seed::ScimLogEntry;

/// What happened (`mixpanel-api.md`, "How the world behaves", 12). The names that are not in that
/// row are ours, for transitions that the row leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// An organization role or, with a project, a project role was given, changed or taken.
    #[serde(rename = "user.role_changed")]
    RoleChanged,
    /// A member was removed from the organization.
    #[serde(rename = "user.removed")]
    Removed,
    /// An invitation e-mail was sent, for the first time or again.
    #[serde(rename = "invitation.sent")]
    InvitationSent,
    /// A pending invitation was withdrawn.
    #[serde(rename = "invitation.withdrawn")]
    InvitationWithdrawn,
    /// A pending invitation was accepted.
    #[serde(rename = "invitation.accepted")]
    InvitationAccepted,
    /// The identity provider brought somebody into the organization.
    #[serde(rename = "user.provisioned")]
    Provisioned,
    /// A team was made.
    #[serde(rename = "team.created")]
    TeamCreated,
    /// A team got another name, from the one to the other.
    #[serde(rename = "team.renamed")]
    TeamRenamed,
    /// A team was deleted, with everything it gave.
    #[serde(rename = "team.deleted")]
    TeamDeleted,
    /// Somebody came into a team.
    #[serde(rename = "team.user_added")]
    TeamUserAdded,
    /// Somebody left a team.
    #[serde(rename = "team.user_removed")]
    TeamUserRemoved,
    /// A team got a role in a project, or another one.
    #[serde(rename = "project.team_added")]
    ProjectTeamAdded,
    /// A team lost its role in a project.
    #[serde(rename = "project.team_removed")]
    ProjectTeamRemoved,
    /// A service account was made.
    #[serde(rename = "service_account.created")]
    ServiceAccountCreated,
    /// A service account was deleted, and with it every role it had.
    #[serde(rename = "service_account.deleted")]
    ServiceAccountDeleted,
    /// A service account got a role in a project.
    #[serde(rename = "service_account.added_to_project")]
    ServiceAccountAdded,
    /// A service account lost its role in a project.
    #[serde(rename = "service_account.removed_from_project")]
    ServiceAccountRemoved,
    /// A project's token got another value.
    #[serde(rename = "token.rotated")]
    TokenRotated,
    /// A project's custom role was deleted: everybody who had it is a consumer now.
    #[serde(rename = "custom_role.deleted")]
    CustomRoleDeleted,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What happened.
    pub event: EventKind,
    /// Whom it happened to; empty when it concerns no person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_email: String,
    /// Who did it.
    pub actor_email: String,
    /// When.
    #[serde(deserialize_with = "crate::seed::moment::deserialize")]
    pub timestamp: Timestamp,
    /// In which project, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<u64>,
    /// Which team, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The username of the service account, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// The role before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The role after; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Event {
    /// An event that names nothing yet but what happened, when, and who did it.
    pub(crate) fn new(now: Timestamp, kind: EventKind, actor: &str) -> Self {
        Self {
            event: kind,
            user_email: String::new(),
            actor_email: actor.to_owned(),
            timestamp: now,
            project_id: None,
            team: None,
            service_account: None,
            from: None,
            to: None,
        }
    }
}

/// Everything that happened, in the order it happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    events: Vec<Arc<Event>>,
    scim: Vec<ScimLogEntry>,
}

impl Log {
    pub(crate) fn new(mut events: Vec<Event>, mut scim: Vec<ScimLogEntry>) -> Self {
        events.sort_by_key(|event| event.timestamp);
        scim.sort_by_key(|entry| entry.timestamp);
        Self { events: events.into_iter().map(Arc::new).collect(), scim }
    }

    pub(crate) fn append(&mut self, events: &[Event], scim: &[ScimLogEntry]) {
        self.events.extend(events.iter().cloned().map(Arc::new));
        self.scim.extend_from_slice(scim);
    }

    /// What SCIM did.
    pub(crate) fn scim(&self) -> &[ScimLogEntry] {
        &self.scim
    }

    pub(crate) fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// The instants after `since` at which an invitation e-mail went to `domain`, in order.
    pub(crate) fn invitations(&self, domain: &str, since: Timestamp) -> Vec<Timestamp> {
        let mut sent: Vec<_> =
            invitations(self.events.iter().map(AsRef::as_ref), domain, since).collect();
        sent.sort_unstable();
        sent
    }
}

/// The instants after `since` at which an invitation e-mail went to `domain`.
pub(crate) fn invitations<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    domain: &str,
    since: Timestamp,
) -> impl Iterator<Item = Timestamp> {
    events
        .into_iter()
        .filter(move |event| event.event == EventKind::InvitationSent && event.timestamp > since)
        .filter(move |event| domain_of(&event.user_email) == domain)
        .map(|event| event.timestamp)
}

/// The domain of an address, without regard to case.
pub(crate) fn domain_of(email: &str) -> String {
    email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}
