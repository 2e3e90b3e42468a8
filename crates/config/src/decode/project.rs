//! `projects:` and `project_groups:`.

use mixaccess_model::{ProjectId, ProjectRole, printable};

use super::address::is_invisible;
use super::{Decoder, key_text};
use crate::codes;
use crate::declaration::{CustomRole, Project, ProjectGroup};
use crate::diagnostic::Span;
use crate::document::{Kind, Node};
use crate::names::Symbol;
use crate::suggest;

pub(super) const KEYS: &[&str] = &["id", "environment", "group", "custom_roles"];
pub(super) const CUSTOM_ROLE_KEYS: &[&str] = &["name", "at_most"];
/// Longest key, in bytes.
const MAX_KEY: usize = 128;
/// How many custom roles a project can have (`SERVICE.md`, "Behaviour", 10).
const MAX_CUSTOM_ROLES: usize = 5;

/// Whether the files can declare a custom role of that name: all of it can be seen, and it does not read
/// like a standard role, which could count for more than it.
pub fn is_declarable_role(name: &str) -> bool {
    let read = name.trim().to_lowercase();
    !name.chars().any(is_invisible) && read != "none" && ProjectRole::parse(&read).is_custom()
}

impl Decoder<'_, '_> {
    pub(super) fn projects(&mut self, node: &Node<'_>) -> Vec<Project> {
        let Some(entries) = self.entries(node, "`projects`") else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| self.project(key, value)).collect()
    }

    fn project(&mut self, key: &Node<'_>, node: &Node<'_>) -> Option<Project> {
        let symbol = self.key(key, "a project")?;
        let mut project = Project {
            file: self.file,
            span: key.span,
            key: symbol,
            id: None,
            environment: None,
            custom_roles: None,
            group: None,
        };
        let Some(fields) = self.fields(node, "a project", KEYS) else { return Some(project) };
        match fields.get("id") {
            Some(node) => {
                let id = self.number(node, "a project's id", 1);
                project.id = id.map(|id| (ProjectId(id), node.span));
            }
            None => {
                let hint =
                    "Write `id:` and the number that Mixpanel shows in the project settings.";
                self.missing_key(key.span, "the project", "id", hint);
            }
        }
        project.environment =
            fields.get("environment").and_then(|node| self.shared(node, "an environment"));
        project.group = fields.get("group").and_then(|node| self.name(node, "`group`"));
        if let Some(node) = fields.get("custom_roles") {
            project.custom_roles = Some(self.custom_roles(node));
        }
        Some(project)
    }

    fn custom_roles(&mut self, node: &Node<'_>) -> Vec<CustomRole> {
        let items = self.list(node, "`custom_roles`");
        let mut seen: Vec<(Symbol, Span)> = Vec::with_capacity(items.len());
        let mut roles = Vec::with_capacity(items.len());
        for item in items {
            let Some((role, node)) = self.custom_role(item) else { continue };
            if let Some((_, first)) = seen.iter().find(|(name, _)| *name == role.name) {
                self.duplicate(key_text(node).unwrap_or_default(), *first, node.span);
                continue;
            }
            seen.push((role.name, node.span));
            roles.push(role);
        }
        if roles.len() > MAX_CUSTOM_ROLES {
            let message = format!(
                "{} custom roles; Mixpanel allows {MAX_CUSTOM_ROLES} a project",
                roles.len()
            );
            self.problem(codes::CUSTOM_ROLES, node.span, message, "Check which of them exist.");
        }
        roles
    }

    /// A custom role: its name, or its name and the standard role that it counts as. With it where the
    /// name stands.
    fn custom_role<'n, 's>(&mut self, node: &'n Node<'s>) -> Option<(CustomRole, &'n Node<'s>)> {
        if !matches!(node.kind, Kind::Mapping(_)) {
            let name = self.custom_role_name(node)?;
            return Some((CustomRole { name, at_most: None }, node));
        }
        let fields = self.fields(node, "a custom role", CUSTOM_ROLE_KEYS)?;
        let at_most = fields.get("at_most").and_then(|node| self.standard_role(node));
        let Some(name) = fields.get("name") else {
            let hint = "Write `name:` and the name that Mixpanel shows.";
            self.missing_key(node.span, "a custom role", "name", hint);
            return None;
        };
        Some((CustomRole { name: self.custom_role_name(name)?, at_most }, name))
    }

    fn custom_role_name(&mut self, node: &Node<'_>) -> Option<Symbol> {
        let text = self.text(node, "a custom role")?;
        if text.chars().any(is_invisible) {
            let message = "a custom role has characters in its name that cannot be seen";
            let hint = "Type the name anew, as Mixpanel shows it.";
            self.problem(codes::BAD_VALUE, node.span, message, hint);
            return None;
        }
        if is_declarable_role(text) {
            return Some(self.names.intern(text));
        }
        let message = format!("`{text}` is a standard word and cannot name a custom role");
        let hint = "Remove it: standard roles need no declaration.";
        self.problem(codes::BAD_VALUE, node.span, message, hint);
        None
    }

    fn standard_role(&mut self, node: &Node<'_>) -> Option<ProjectRole> {
        let text = self.text(node, "`at_most`")?;
        let role = ProjectRole::parse(text);
        if !role.is_custom() {
            return Some(role);
        }
        let message = format!("`at_most` cannot be `{}`", printable(text));
        let words = ProjectRole::STANDARD.iter().rev().map(ProjectRole::as_str);
        let words = suggest::did_you_mean(text, words).unwrap_or_default();
        let hint = format!("{words} Only a standard role says how much a custom one can do.");
        self.problem(codes::UNKNOWN_ROLE, node.span, message, &hint);
        None
    }

    pub(super) fn project_groups(&mut self, node: &Node<'_>) -> Vec<ProjectGroup> {
        let Some(entries) = self.entries(node, "`project_groups`") else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| self.project_group(key, value)).collect()
    }

    fn project_group(&mut self, key: &Node<'_>, node: &Node<'_>) -> Option<ProjectGroup> {
        let symbol = self.key(key, "a project group")?;
        let items = self.list(node, "a project group");
        let texts = self.texts(items, "a project key");
        if items.is_empty() {
            let message = "this project group names no project";
            self.problem(
                codes::EMPTY_GROUP,
                key.span,
                message,
                "List project keys, or remove the group.",
            );
        }
        let members =
            texts.into_iter().map(|(text, span)| (self.names.intern(&text), span)).collect();
        Some(ProjectGroup { file: self.file, span: key.span, key: symbol, members })
    }

    /// The key of a project, group or profile.
    pub(super) fn key(&mut self, key: &Node<'_>, what: &str) -> Option<Symbol> {
        let text = key_text(key)?;
        let is_usable = !text.is_empty()
            && text.len() <= MAX_KEY
            && text.starts_with(char::is_alphanumeric)
            && text
                .chars()
                .all(|one| one.is_alphanumeric() || matches!(one, '-' | '_' | '.' | '/'));
        if !is_usable {
            let message = format!("{what} cannot have the key `{}`", printable(text));
            let hint = "Begin with a letter or digit and go on with letters, digits, `-`, `_`, `.` and `/`, at most 128 bytes.";
            self.problem(codes::BAD_KEY, key.span, message, hint);
            return None;
        }
        Some(self.names.intern(text))
    }
}
