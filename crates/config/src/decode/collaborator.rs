//! `collaborators:` and their `phases:`.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{Email, ManagedBy, State};

use super::{Address, Decoder, Fields, Pair, check_address, key_text};
use crate::codes;
use crate::declaration::{Access, Collaborator, Phase, TeamList};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Kind, Node};
use crate::suggest;
use crate::time::Window;

pub(super) const KEYS: &[&str] = &[
    "name",
    "profile",
    "organization_role",
    "projects",
    "phases",
    "teams",
    "state",
    "managed_by",
    "tags",
    "ticket",
    "reason",
    "requested_by",
    "approved_by",
];
pub(super) const PHASE_KEYS: &[&str] = &[
    "name",
    "from",
    "organization_role",
    "projects",
    "state",
    "ticket",
    "reason",
    "requested_by",
    "approved_by",
];
const STATES: [(&str, State); 3] =
    [("active", State::Active), ("suspended", State::Suspended), ("removed", State::Removed)];

impl Decoder<'_, '_> {
    pub(super) fn collaborators(&mut self, node: &Node<'_>) -> Vec<Collaborator> {
        let entries = match &node.kind {
            Kind::Mapping(entries) => entries,
            other => {
                let message =
                    format!("`collaborators` must be a mapping, and this is {}", other.describe());
                let hint =
                    "Write `address:` lines, and what the person may do indented below each.";
                self.problem(codes::WRONG_TYPE, node.span, message, hint);
                return Vec::new();
            }
        };
        self.check_keys(entries, |text| Email::new(text).folded().to_owned());
        let mut seen = HashMap::with_capacity(entries.len());
        let mut collaborators = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(text) = key_text(key) else { continue };
            let email = Email::new(text);
            self.address(text, key.span, &email);
            // The second declaration is reported already; reading it finds its own mistakes.
            let collaborator = self.collaborator(email.clone(), key.span, value);
            if seen.insert(email, ()).is_none() {
                collaborators.push(collaborator);
            }
        }
        collaborators
    }

    pub(super) fn address(&mut self, text: &str, span: Span, email: &Email) {
        for Address { code, message, hint } in check_address(text) {
            let diagnostic =
                Diagnostic::new(code, message).at(self.label(span)).hint(hint).about(email);
            self.report(diagnostic);
        }
    }

    fn collaborator(&mut self, email: Email, span: Span, node: &Node<'_>) -> Collaborator {
        let mut collaborator = Collaborator {
            file: self.file,
            span,
            email,
            name: None,
            profile: None,
            access: Access::default(),
            phases: Box::default(),
            teams: None,
            state: None,
            managed_by: ManagedBy::default(),
            tags: Vec::new(),
            annotations: None,
        };
        let Some(fields) = self.fields(node, "a collaborator", KEYS) else { return collaborator };
        collaborator.name = fields.get("name").and_then(|node| self.shared(node, "a name"));
        collaborator.profile = fields
            .get("profile")
            .and_then(|node| Some((self.text(node, "a profile")?, node.span)))
            .map(|(text, span)| (self.names.intern(text), span));
        collaborator.access = self.access(&fields);
        if let Some(node) = fields.get("phases") {
            let items = self.list(node, "`phases`");
            let phases: Vec<Phase> = items.iter().filter_map(|item| self.phase(item)).collect();
            collaborator.phases = phases.into_boxed_slice();
        }
        collaborator.teams = fields.pair("teams").and_then(|pair| self.team_list(pair));
        collaborator.state = self.state(&fields, &STATES);
        collaborator.managed_by = self.managed_by(&fields);
        collaborator.tags = self.tags(&fields);
        collaborator.annotations = self.annotations(&fields);
        collaborator
    }

    /// All teams of a person. What is no list says nothing of the teams that name the person.
    fn team_list(&mut self, (key, node): Pair<'_, '_>) -> Option<Box<TeamList>> {
        let items = self.list(node, "`teams`");
        let texts = self.texts(items, "a team");
        let teams =
            texts.into_iter().map(|(text, span)| (self.names.intern(&text), span)).collect();
        let is_list = matches!(node.kind, Kind::Sequence(_) | Kind::Null);
        is_list.then(|| Box::new(TeamList { span: key.span, teams }))
    }

    pub(super) fn managed_by(&mut self, fields: &Fields<'_, '_>) -> ManagedBy {
        let managers = [("mixpanel", ManagedBy::Mixpanel), ("scim", ManagedBy::Scim)];
        fields
            .get("managed_by")
            .and_then(|node| self.word(node, "`managed_by`", &managers))
            .unwrap_or_default()
    }

    /// `tags`, sorted.
    pub(super) fn tags(&mut self, fields: &Fields<'_, '_>) -> Vec<Arc<str>> {
        let Some(node) = fields.get("tags") else { return Vec::new() };
        let items = self.list(node, "`tags`");
        let mut tags: Vec<Arc<str>> =
            self.texts(items, "a tag").into_iter().map(|(text, _)| Arc::from(text)).collect();
        tags.sort_unstable();
        tags
    }

    /// `state`, one of the words that are possible there.
    pub(super) fn state(
        &mut self,
        fields: &Fields<'_, '_>,
        words: &[(&'static str, State)],
    ) -> Option<(State, Span)> {
        let (key, node) = fields.pair("state")?;
        if node.kind == Kind::Null {
            let words = suggest::list(words.iter().map(|(word, _)| *word)).unwrap_or_default();
            let hint = format!("Write one of {words}.");
            self.problem(codes::BAD_VALUE, key.span, "`state` is empty", &hint);
            return None;
        }
        self.word(node, "`state`", words).map(|state| (state, key.span))
    }

    fn phase(&mut self, node: &Node<'_>) -> Option<Phase> {
        if node.kind == Kind::Null {
            let hint = "Write `name`, `from` and what the phase gives, or remove the line.";
            self.problem(codes::WRONG_TYPE, node.span, "a phase is empty", hint);
            return None;
        }
        let fields = self.fields(node, "a phase", PHASE_KEYS)?;
        let name = match fields.get("name") {
            Some(node) => self.shared(node, "a phase's name"),
            None => {
                self.missing_key(
                    node.span,
                    "a phase",
                    "name",
                    "Give it a name, so that reviewers can speak of it.",
                );
                None
            }
        };
        let from = match fields.get("from") {
            Some(node) => self.moment(node, "`from`"),
            None => {
                let hint = "Write `from:` and the date on which the phase begins.";
                self.missing_key(node.span, "a phase", "from", hint);
                None
            }
        };
        let access = self.access(&fields);
        let state = self.state(&fields, &STATES);
        let annotations = self.annotations(&fields);
        Some(Phase {
            span: node.span,
            name: name?,
            from: from?,
            window: Window::ALWAYS,
            access,
            state,
            annotations,
        })
    }
}
