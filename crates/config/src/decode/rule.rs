//! `policy.rules`: what nobody may hold.

use mixaccess_model::{
    OrganizationRole, Place, ProjectKey, ProjectRole, Rule, RuleMatch, printable,
};

use super::{Decoder, Fields};
use crate::codes;
use crate::declaration::PolicyDeclaration;
use crate::diagnostic::Span;
use crate::document::Node;

pub(super) const DENY_KEYS: &[&str] =
    &["domain", "outside", "tag", "environment", "project", "role", "organization_role"];

impl Decoder<'_, '_> {
    pub(super) fn rule(&mut self, node: &Node<'_>, policy: &mut PolicyDeclaration) -> Option<Rule> {
        let fields = self.fields(node, "a rule", &["deny", "because"])?;
        let because = match fields.get("because") {
            Some(node) => self.text(node, "`because`").map(str::to_owned),
            None => {
                self.missing_key(
                    node.span,
                    "a rule",
                    "because",
                    "Say why, for whoever the rule refuses.",
                );
                None
            }
        };
        let deny = match fields.get("deny") {
            Some(node) => self.deny(node, policy),
            None => {
                let hint = "Write `deny:` and at least one condition, such as { domain: iz.example, role: admin }.";
                self.missing_key(node.span, "a rule", "deny", hint);
                None
            }
        };
        let place =
            Place { file: self.name.to_string(), line: node.span.line, column: node.span.column };
        Some(Rule { deny: deny?, because: because?, place: Some(place) })
    }

    fn deny(&mut self, node: &Node<'_>, policy: &mut PolicyDeclaration) -> Option<RuleMatch> {
        let fields = self.fields(node, "`deny`", DENY_KEYS)?;
        let environments = self.condition(&fields, "environment");
        let projects = self.condition(&fields, "project");
        let matches = RuleMatch {
            domain: self.domains(&fields, "domain"),
            outside: self.domains(&fields, "outside"),
            tag: self.condition(&fields, "tag").into_iter().map(|(text, _)| text).collect(),
            environment: environments.iter().map(|(text, _)| text.clone()).collect(),
            project: projects.iter().map(|(text, _)| ProjectKey::new(text.as_str())).collect(),
            role: self.denied_roles(&fields, policy),
            organization_role: fields
                .get("organization_role")
                .map_or(&[][..], |node| self.one_or_more(node, "`organization_role`"))
                .iter()
                .filter_map(|item| self.organization_role_word(item))
                .collect::<Vec<OrganizationRole>>(),
        };
        policy.environments.extend(environments);
        policy.projects.extend(projects);
        if matches == RuleMatch::default() {
            let hint = "A rule without a condition would deny everybody everything; add one.";
            self.problem(codes::BAD_VALUE, node.span, "this rule has no condition", hint);
            return None;
        }
        Some(matches)
    }

    fn condition(&mut self, fields: &Fields<'_, '_>, key: &'static str) -> Vec<(String, Span)> {
        let Some((name, node)) = fields.pair(key) else { return Vec::new() };
        let what = format!("`{key}`");
        let items = self.one_or_more(node, &what);
        if items.is_empty() {
            let hint = "Write at least one value, or remove the key; an empty condition would never narrow the rule.";
            self.problem(codes::BAD_VALUE, name.span, format!("{what} is empty"), hint);
        }
        self.texts(items, &what)
    }

    fn domains(&mut self, fields: &Fields<'_, '_>, key: &'static str) -> Vec<String> {
        let texts = self.condition(fields, key);
        self.check_domains(texts)
    }

    /// A list of domains, or one, each once.
    pub(super) fn domain_list(&mut self, node: &Node<'_>, what: &str) -> Vec<String> {
        let items = self.one_or_more(node, what);
        let texts = self.texts(items, what);
        let mut domains = self.check_domains(texts);
        domains.sort_unstable();
        domains.dedup();
        domains
    }

    fn check_domains(&mut self, texts: Vec<(String, Span)>) -> Vec<String> {
        let mut domains = Vec::with_capacity(texts.len());
        for (text, span) in texts {
            let domain = text.trim_start_matches('@').to_lowercase();
            if domain.contains(['@', '*', ' ']) || !domain.contains('.') {
                let message = format!("`{}` is no domain", printable(&text));
                self.problem(
                    codes::BAD_VALUE,
                    span,
                    message,
                    "Write what follows the @ of an address, such as agency.example.",
                );
            }
            domains.push(domain);
        }
        domains
    }

    fn denied_roles(
        &mut self,
        fields: &Fields<'_, '_>,
        policy: &mut PolicyDeclaration,
    ) -> Vec<ProjectRole> {
        let mut roles = Vec::new();
        for (text, span) in self.condition(fields, "role") {
            let role = ProjectRole::parse(&text);
            if role.is_custom() {
                policy.custom_roles.push((text, span));
            }
            roles.push(role);
        }
        roles
    }
}
