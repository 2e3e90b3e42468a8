//! `teams:`.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{Email, ManagedBy, State};

use super::{Decoder, Fields};
use crate::declaration::{Access, Team};
use crate::diagnostic::Span;
use crate::document::Node;

pub(super) const KEYS: &[&str] = &[
    "name",
    "members",
    "projects",
    "managed_by",
    "state",
    "ticket",
    "reason",
    "requested_by",
    "approved_by",
];
/// What a team or a service account can be: neither can be suspended.
pub(super) const STATES: [(&str, State); 2] =
    [("active", State::Active), ("removed", State::Removed)];

impl Decoder<'_, '_> {
    pub(super) fn teams(&mut self, node: &Node<'_>) -> Vec<Team> {
        let Some(entries) = self.entries(node, "`teams`") else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| self.team(key, value)).collect()
    }

    fn team(&mut self, key: &Node<'_>, node: &Node<'_>) -> Option<Team> {
        let symbol = self.key(key, "a team")?;
        let mut team = Team {
            file: self.file,
            span: key.span,
            key: symbol,
            name: self.names.text(symbol),
            name_span: key.span,
            state: None,
            managed_by: ManagedBy::default(),
            members: Vec::new(),
            access: Access::default(),
            annotations: None,
        };
        let Some(fields) = self.fields(node, "a team", KEYS) else { return Some(team) };
        if let Some(node) = fields.get("name")
            && let Some(name) = self.name(node, "a team's name")
        {
            (team.name, team.name_span) = (name, node.span);
        }
        if let Some(node) = fields.get("members") {
            team.members = self.members(node);
        }
        team.access = self.own_access(&fields);
        team.managed_by = self.managed_by(&fields);
        team.state = self.state(&fields, &STATES);
        team.annotations = self.annotations(&fields);
        Some(team)
    }

    /// The access of something that has no organization role with terms: `projects` alone.
    pub(super) fn own_access(&mut self, fields: &Fields<'_, '_>) -> Access {
        let entries = fields.get("projects").map_or_else(Vec::new, |node| self.grants(node));
        Access { organization_role: None, entries: entries.into_boxed_slice() }
    }

    /// Addresses, each once.
    fn members(&mut self, node: &Node<'_>) -> Vec<(Email, Span)> {
        let items = self.list(node, "`members`");
        let mut seen: HashMap<Arc<str>, Span> = HashMap::with_capacity(items.len());
        let mut members = Vec::with_capacity(items.len());
        for item in items {
            let Some(text) = self.text(item, "a member") else { continue };
            let email = Email::new(text);
            if let Some(first) = seen.insert(Arc::from(email.folded()), item.span) {
                self.duplicate(text, first, item.span);
                continue;
            }
            self.address(text, item.span, &email);
            members.push((email, item.span));
        }
        members
    }
}
