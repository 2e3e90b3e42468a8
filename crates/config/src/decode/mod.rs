//! Nodes to declarations, one concept a module. Every problem is collected; what can still be read is
//! read, so that one mistake does not hide the next.

mod access;
mod address;
mod collaborator;
mod identity_provider;
mod organization;
mod policy;
mod profile;
mod project;
mod rule;
mod scalar;
mod service_account;
mod team;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;

use mixaccess_model::{FileIndex, printable};

use crate::codes::{self, Code};
use crate::declaration::Fragment;
use crate::diagnostic::{Diagnostic, Label, Span};
use crate::document::{Kind, Node};
use crate::names::Interner;
use crate::suggest;

pub use address::is_declarable_address;
pub(crate) use address::{Address, check as check_address};
pub use project::is_declarable_role;

/// Most problems that are kept of one file.
const MAX_PROBLEMS: usize = 500;

/// Keys that may stand at the top of a file.
const TOP_LEVEL: &[&str] = &[
    "organization",
    "projects",
    "project_groups",
    "profiles",
    "collaborators",
    "teams",
    "service_accounts",
    "policy",
];
/// Keys that would hold a secret. None of ours has such a name.
const SECRETS: &[&str] = &[
    "access_token",
    "api_key",
    "api_secret",
    "api_token",
    "auth_token",
    "client_secret",
    "credential",
    "credentials",
    "passwd",
    "password",
    "private_key",
    "secret",
    "secret_key",
    "secrets",
    "service_account_secret",
    "token",
    "tokens",
];

/// Whether a key would hold a secret.
pub(crate) fn is_secret_key(text: &str) -> bool {
    SECRETS.contains(&text.to_lowercase().replace(['-', ' '], "_").as_str())
}

/// Whether a key would name the address that credentials are sent to.
fn is_address_key(text: &str) -> bool {
    matches!(text.to_lowercase().replace(['-', ' ', '_'], "").as_str(), "baseurl")
}

/// Reads the document of one file.
pub(crate) fn decode(
    file: FileIndex,
    name: &Arc<str>,
    root: &Node<'_>,
    names: &mut Interner<'_>,
) -> (Fragment, Vec<Diagnostic>) {
    let mut decoder = Decoder { file, name, names, problems: Vec::new(), dropped: 0 };
    let fragment = decoder.fragment(root);
    (fragment, decoder.finish())
}

/// A key and its value.
type Pair<'n, 's> = (&'n Node<'s>, &'n Node<'s>);

/// Reads nodes, and keeps the problems of one file.
struct Decoder<'d, 'a> {
    file: FileIndex,
    name: &'d Arc<str>,
    names: &'d mut Interner<'a>,
    problems: Vec<Diagnostic>,
    dropped: usize,
}

/// The keys of one mapping, all of them known ones.
struct Fields<'n, 's> {
    entries: &'n [(Node<'s>, Node<'s>)],
}

impl<'n, 's> Fields<'n, 's> {
    /// Key and value, when the key is there.
    fn pair(&self, key: &str) -> Option<Pair<'n, 's>> {
        self.entries
            .iter()
            .find(|(name, _)| key_text(name) == Some(key))
            .map(|(key, value)| (key, value))
    }

    /// The value, when the key is there and has one.
    fn get(&self, key: &str) -> Option<&'n Node<'s>> {
        self.pair(key).map(|(_, value)| value).filter(|value| value.kind != Kind::Null)
    }
}

/// The text of a key, when it is a single value.
fn key_text<'n>(key: &'n Node<'_>) -> Option<&'n str> {
    match &key.kind {
        Kind::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

impl Decoder<'_, '_> {
    fn fragment(&mut self, root: &Node<'_>) -> Fragment {
        let mut fragment = Fragment::default();
        let Some(fields) = self.fields(root, "a file", TOP_LEVEL) else { return fragment };
        if let Some(pair) = fields.pair("organization") {
            fragment.organizations.extend(self.organization(pair));
        }
        if let Some(node) = fields.get("projects") {
            fragment.projects = self.projects(node);
        }
        if let Some(node) = fields.get("project_groups") {
            fragment.groups = self.project_groups(node);
        }
        if let Some(node) = fields.get("profiles") {
            fragment.profiles = self.profiles(node);
        }
        if let Some(node) = fields.get("collaborators") {
            fragment.collaborators = self.collaborators(node);
        }
        if let Some((_, node)) = fields.pair("teams") {
            fragment.teams = Some(self.teams(node));
        }
        if let Some((_, node)) = fields.pair("service_accounts") {
            fragment.service_accounts = Some(self.service_accounts(node));
        }
        if let Some(pair) = fields.pair("policy") {
            fragment.policies.extend(self.policy(pair));
        }
        fragment
    }

    fn finish(self) -> Vec<Diagnostic> {
        let Self { mut problems, dropped, name, .. } = self;
        if dropped > 0 {
            let message = format!("{dropped} more problems in this file are not shown");
            problems
                .push(Diagnostic::new(codes::TOO_MANY, message).at(Label::whole(Arc::clone(name))));
        }
        problems
    }

    fn label(&self, span: Span) -> Label {
        span.label(self.name, "")
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// Whether no more problems are kept; counts the one that is about to be dropped, so that nothing
    /// is worked out for it.
    const fn is_full(&mut self) -> bool {
        let is_full = self.problems.len() >= MAX_PROBLEMS;
        if is_full {
            self.dropped += 1;
        }
        is_full
    }

    fn problem(&mut self, code: Code, span: Span, message: impl Into<String>, hint: &str) {
        let diagnostic = Diagnostic::new(code, message).at(self.label(span)).hint(hint);
        self.report(diagnostic);
    }

    /// The entries of a mapping whose keys are names of the user's, each single and once there.
    /// Nothing is an empty mapping.
    fn entries<'n, 's>(
        &mut self,
        node: &'n Node<'s>,
        what: &str,
    ) -> Option<&'n [(Node<'s>, Node<'s>)]> {
        match &node.kind {
            Kind::Null => Some(&[]),
            Kind::Mapping(entries) => {
                self.check_keys(entries, |text| text);
                Some(entries)
            }
            other => {
                let message = format!("{what} must be a mapping, and this is {}", other.describe());
                self.problem(
                    codes::WRONG_TYPE,
                    node.span,
                    message,
                    "Write `key: value` lines, indented below it.",
                );
                None
            }
        }
    }

    /// Reports keys that are not single values, and keys that stand there twice once folded.
    fn check_keys<'n, K: Eq + Hash>(
        &mut self,
        entries: &'n [(Node<'_>, Node<'_>)],
        fold: impl Fn(&'n str) -> K,
    ) {
        let mut first: HashMap<K, Span> = HashMap::with_capacity(entries.len());
        for (key, _) in entries {
            let Some(text) = key_text(key) else {
                let message =
                    format!("a key must be a single value, and this is {}", key.kind.describe());
                self.problem(
                    codes::WRONG_TYPE,
                    key.span,
                    message,
                    "Write a name in front of the colon.",
                );
                continue;
            };
            match first.entry(fold(text)) {
                Entry::Occupied(before) => {
                    let before = *before.get();
                    self.duplicate(text, before, key.span);
                }
                Entry::Vacant(slot) => {
                    slot.insert(key.span);
                }
            }
        }
    }

    fn duplicate(&mut self, text: &str, first: Span, second: Span) {
        if self.is_full() {
            return;
        }
        let message = format!("`{}` stands here twice", printable(text));
        let diagnostic = Diagnostic::new(codes::DUPLICATE_KEY, message)
            .at(second.label(self.name, "again"))
            .and(first.label(self.name, "first"))
            .hint("Keep one of the two.");
        self.report(diagnostic);
    }

    /// The keys of a mapping that has a fixed set of them. Unknown keys are reported.
    fn fields<'n, 's>(
        &mut self,
        node: &'n Node<'s>,
        what: &str,
        known: &'static [&'static str],
    ) -> Option<Fields<'n, 's>> {
        let entries = match &node.kind {
            Kind::Null => return Some(Fields { entries: &[] }),
            Kind::Mapping(entries) => entries,
            other => {
                let message = format!("{what} must be a mapping, and this is {}", other.describe());
                let hint = format!(
                    "Possible keys: {}.",
                    suggest::list(known.iter().copied()).unwrap_or_default()
                );
                self.problem(codes::WRONG_TYPE, node.span, message, &hint);
                return None;
            }
        };
        if entries.len() > known.len() {
            self.check_keys(entries, |text| text);
        } else {
            self.check_few_keys(entries);
        }
        for (key, _) in entries {
            if let Some(text) = key_text(key).filter(|text| !known.contains(text)) {
                self.unknown_key(text, key.span, what, known);
            }
        }
        Some(Fields { entries })
    }

    /// Like [`Self::check_keys`], without a table: most mappings have a handful of keys.
    fn check_few_keys(&mut self, entries: &[(Node<'_>, Node<'_>)]) {
        for (at, (key, _)) in entries.iter().enumerate() {
            let repeats =
                entries.iter().take(at).any(|(other, _)| key_text(other) == key_text(key));
            if repeats || key_text(key).is_none() {
                return self.check_keys(entries, |text| text);
            }
        }
    }

    fn unknown_key(&mut self, text: &str, span: Span, what: &str, known: &'static [&'static str]) {
        if self.is_full() {
            return;
        }
        if is_secret_key(text) {
            let message =
                format!("{what} must not hold a secret, and has a key `{}`", printable(text));
            let hint = "Remove it, and have it replaced at Mixpanel if it was ever committed: whoever reads the files has it. Secrets come from the environment or a secret store.";
            return self.problem(codes::SECRET, span, message, hint);
        }
        if is_address_key(text) {
            // Whoever may propose a change of the files must not choose who is sent the credentials.
            let message = format!(
                "{what} must not say where credentials are sent, and has a key `{}`",
                printable(text)
            );
            let hint = "Remove it. `region: us`, `eu` or `in` names Mixpanel's own hosts; any other address, loopback too, is set where mixaccess runs: export MIXPANEL_BASE_URL=https://HOST";
            return self.problem(codes::BASE_URL, span, message, hint);
        }
        let message = format!("{what} has no key `{}`", printable(text));
        let hint = if text == "<<" {
            Some("YAML merge keys are not read here; write a profile instead.".to_owned())
        } else {
            suggest::did_you_mean(text, known.iter().copied())
        };
        let diagnostic =
            Diagnostic::new(codes::UNKNOWN_KEY, message).at(self.label(span)).maybe_hint(hint);
        self.report(diagnostic);
    }

    fn missing_key(&mut self, span: Span, what: &str, key: &str, hint: &str) {
        self.problem(codes::MISSING_KEY, span, format!("{what} has no `{key}`"), hint);
    }
}

/// Every fixed set of keys, with the name of its definition in the schema.
#[cfg(test)]
pub(crate) const KEYS: &[(&str, &[&str])] = &[
    ("", TOP_LEVEL),
    ("Organization", organization::KEYS),
    ("IdentityProvider", identity_provider::KEYS),
    ("Project", project::KEYS),
    ("CustomRole", project::CUSTOM_ROLE_KEYS),
    ("Profile", profile::KEYS),
    ("Collaborator", collaborator::KEYS),
    ("Phase", collaborator::PHASE_KEYS),
    ("Team", team::KEYS),
    ("ServiceAccount", service_account::KEYS),
    ("ProjectRoleTerms", access::LONG),
    ("OrganizationRoleTerms", access::LONG),
    ("Policy", policy::KEYS),
    ("Scim", policy::SCIM_KEYS),
    ("Invitations", policy::INVITATION_KEYS),
    ("Override", policy::OVERRIDE_KEYS),
    ("Deny", rule::DENY_KEYS),
];
