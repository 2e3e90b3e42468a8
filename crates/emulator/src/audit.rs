//! The audit log: what happened, who did it, when.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// The identity provider brought a member back into a team.
    #[serde(rename = "team.user_added")]
    TeamUserAdded,
    /// A member left a team because they were removed from the organization.
    #[serde(rename = "team.user_removed")]
    TeamUserRemoved,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What happened.
    pub event: EventKind,
    /// Whom it happened to.
    pub user_email: String,
    /// Who did it.
    pub actor_email: String,
    /// When.
    pub timestamp: Timestamp,
    /// In which project, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<u64>,
    /// Which team, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The role before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The role after; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Everything that happened, in the order it happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    events: Vec<Arc<Event>>,
}

impl Log {
    pub(crate) fn new(mut events: Vec<Event>) -> Self {
        events.sort_by_key(|event| event.timestamp);
        Self { events: events.into_iter().map(Arc::new).collect() }
    }

    pub(crate) fn append(&mut self, events: Vec<Event>) {
        self.events.extend(events.into_iter().map(Arc::new));
    }

    pub(crate) fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// The instants after `since` at which an invitation e-mail went to `domain`, in order.
    pub(crate) fn invitations(&self, domain: &str, since: Timestamp) -> Vec<Timestamp> {
        let mut sent: Vec<Timestamp> = self
            .events
            .iter()
            .filter(|event| event.event == EventKind::InvitationSent && event.timestamp > since)
            .filter(|event| domain_of(&event.user_email) == domain)
            .map(|event| event.timestamp)
            .collect();
        sent.sort_unstable();
        sent
    }
}

/// The domain of an address, without regard to case.
pub(crate) fn domain_of(email: &str) -> String {
    email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}
