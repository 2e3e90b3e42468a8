//! `organization_role` and `projects` of a collaborator, a phase or a profile, in short and long form.

use std::sync::Arc;

use mixaccess_model::{Annotations, ProjectRole};

use super::{Decoder, Fields, Pair, key_text};
use crate::codes;
use crate::declaration::{Access, Entry, OrganizationRoleEntry, Role, Terms};
use crate::diagnostic::Span;
use crate::document::{Kind, Node};
use crate::time::Window;

/// Keys of the long form.
pub(super) const LONG: &[&str] =
    &["role", "from", "until", "ticket", "reason", "requested_by", "approved_by"];

/// What the long form holds; the short form is the role alone.
struct Form<'n, 's> {
    role: &'n Node<'s>,
    terms: Option<Box<Terms>>,
}

impl Decoder<'_, '_> {
    pub(super) fn access(&mut self, fields: &Fields<'_, '_>) -> Access {
        let organization_role =
            fields.pair("organization_role").and_then(|pair| self.organization_role(pair));
        let entries = fields.get("projects").map_or_else(Vec::new, |node| self.grants(node));
        Access { organization_role, entries: entries.into_boxed_slice() }
    }

    fn organization_role(&mut self, (key, node): Pair<'_, '_>) -> Option<OrganizationRoleEntry> {
        let form = self.form(key.span, node, "an organization role")?;
        let role = self.organization_role_word(form.role)?;
        Some(OrganizationRoleEntry { span: key.span, role, terms: form.terms })
    }

    pub(super) fn grants(&mut self, node: &Node<'_>) -> Vec<Entry> {
        let Some(entries) = self.entries(node, "`projects`") else { return Vec::new() };
        let mut grants = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(text) = key_text(key) else { continue };
            let target = self.names.intern(text.trim());
            let Some(form) = self.form(key.span, value, "a grant") else { continue };
            let Some(role) = self.project_role(form.role) else { continue };
            grants.push(Entry {
                span: key.span,
                role_span: form.role.span,
                target,
                role,
                terms: form.terms,
            });
        }
        grants
    }

    fn project_role(&mut self, node: &Node<'_>) -> Option<Role> {
        let text = self.text(node, "a role")?;
        Some(match ProjectRole::parse(text) {
            ProjectRole::Consumer => Role::Consumer,
            ProjectRole::Analyst => Role::Analyst,
            ProjectRole::Admin => Role::Admin,
            ProjectRole::Owner => Role::Owner,
            ProjectRole::Custom(_) if text == "none" => Role::NoAccess,
            ProjectRole::Custom(_) => Role::Custom(self.names.intern(text)),
        })
    }

    /// The role of a short or long form, and the rest of a long one.
    fn form<'n, 's>(&mut self, key: Span, node: &'n Node<'s>, what: &str) -> Option<Form<'n, 's>> {
        match &node.kind {
            Kind::Scalar { .. } => return Some(Form { role: node, terms: None }),
            Kind::Mapping(_) => {}
            Kind::Null => {
                let hint = "Write a role behind the colon; `none` is no access.";
                self.problem(codes::MISSING_KEY, key, format!("{what} has no role"), hint);
                return None;
            }
            Kind::Sequence(_) => {
                let message = format!("{what} must be a role or a mapping, and this is a list");
                let hint = "A person has one role there; write it behind the colon.";
                self.problem(codes::WRONG_TYPE, node.span, message, hint);
                return None;
            }
        }
        let fields = self.fields(node, what, LONG)?;
        let terms = self.terms(&fields);
        let Some(role) = fields.get("role") else {
            self.missing_key(
                node.span,
                what,
                "role",
                "Write `role:` and a role; `none` is no access.",
            );
            return None;
        };
        Some(Form { role, terms })
    }

    fn terms(&mut self, fields: &Fields<'_, '_>) -> Option<Box<Terms>> {
        let from = fields.get("from").and_then(|node| self.moment(node, "`from`"));
        let until = fields.get("until").and_then(|node| self.moment(node, "`until`"));
        let annotations = self.annotations(fields);
        if from.is_none() && until.is_none() && annotations.is_none() {
            return None;
        }
        Some(Box::new(Terms { from, until, window: Window::ALWAYS, annotations }))
    }

    /// `ticket`, `reason`, `requested_by` and `approved_by`, where any of them is given.
    pub(super) fn annotations(&mut self, fields: &Fields<'_, '_>) -> Option<Arc<Annotations>> {
        let mut text = |key: &str| {
            let (_, node) = fields.pair(key)?;
            self.shared(node, &format!("`{key}`"))
        };
        let annotations = Annotations {
            ticket: text("ticket"),
            reason: text("reason"),
            requested_by: text("requested_by"),
            approved_by: text("approved_by"),
        };
        (!annotations.is_empty()).then(|| Arc::new(annotations))
    }
}
