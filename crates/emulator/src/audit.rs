//! The audit log: what happened, who did it, when.

use std::sync::Arc;

use jiff::Timestamp;

use crate::event::{Event, EventKind, domain_of};
use crate::seed::ScimLogEntry;

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
