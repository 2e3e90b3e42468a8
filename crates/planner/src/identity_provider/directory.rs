//! What SCIM answered, so that one person is found in it quickly.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_model::{Email, LiveIdentityProvider, ScimUser};

/// What SCIM answered about people, groups and its log. Empty where it was not asked.
#[derive(Debug, Default)]
pub(crate) struct Directory<'a> {
    /// Nothing where the people were not read.
    users: Option<BTreeMap<&'a Email, &'a ScimUser>>,
    groups: BTreeSet<&'a str>,
    last_events: BTreeMap<(&'a Email, &'a str), Timestamp>,
}

impl<'a> Directory<'a> {
    pub(crate) fn of(provider: Option<&'a LiveIdentityProvider>) -> Self {
        let Some(provider) = provider else { return Self::default() };
        let mut last_events = BTreeMap::new();
        for one in provider.log.iter().flatten() {
            let last = last_events.entry((&one.email, &*one.event)).or_insert(one.at);
            *last = one.at.max(*last);
        }
        let users = provider.users.as_deref();
        let groups = provider.groups.iter().flatten();
        Self {
            users: users.map(|users| users.iter().map(|user| (&user.email, user)).collect()),
            groups: groups.map(|group| &*group.name).collect(),
            last_events,
        }
    }

    /// Whether the people were read.
    pub(crate) const fn knows_people(&self) -> bool {
        self.users.is_some()
    }

    pub(crate) fn user(&self, email: &Email) -> Option<&'a ScimUser> {
        self.users.as_ref()?.get(email).copied()
    }

    pub(crate) fn has_group(&self, name: &str) -> bool {
        self.groups.contains(name)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &'a str> {
        self.groups.iter().copied()
    }

    /// When SCIM last did that to somebody.
    pub(crate) fn last_event(&self, email: &'a Email, event: &'a str) -> Option<Timestamp> {
        self.last_events.get(&(email, event)).copied()
    }
}
