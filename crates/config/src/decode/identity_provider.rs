//! `organization.identity_provider`.

use std::sync::Arc;

use jiff::SignedDuration;
use mixaccess_model::{DeclaredIdentityProvider, ProviderKind, printable};

use super::{Decoder, Pair};
use crate::codes;
use crate::document::{Kind, Node};

pub(super) const KEYS: &[&str] = &["provider", "domains", "group_name", "propagation"];
/// What stands for the project and for the role in names of groups.
const PLACEHOLDERS: [&str; 2] = ["[Project]", "[Role]"];
/// How long a change at an identity provider takes to arrive, at most (`SERVICE.md`, "Behaviour", 7).
const PROPAGATION: SignedDuration = SignedDuration::from_hours(1);

impl Decoder<'_, '_> {
    pub(super) fn identity_provider(
        &mut self,
        (key, node): Pair<'_, '_>,
    ) -> Option<DeclaredIdentityProvider> {
        let mut declared = DeclaredIdentityProvider {
            provider: ProviderKind::Okta,
            domains: Vec::new(),
            group_name: None,
            propagation: PROPAGATION,
            position: key.span.position(self.file),
        };
        if !matches!(node.kind, Kind::Mapping(_)) {
            declared.provider = self.provider(node)?;
            return Some(declared);
        }
        let fields = self.fields(node, "`identity_provider`", KEYS)?;
        let domains =
            fields.get("domains").map_or_else(Vec::new, |node| self.domain_list(node, "`domains`"));
        declared.domains = domains.into_iter().map(Arc::from).collect();
        declared.group_name = fields.get("group_name").and_then(|node| self.group_name(node));
        if let Some(seconds) =
            fields.get("propagation").and_then(|node| self.duration(node, "`propagation`"))
        {
            // At most a year, which fits.
            declared.propagation =
                SignedDuration::from_secs(seconds.try_into().unwrap_or(i64::MAX));
        }
        let Some(provider) = fields.get("provider") else {
            let hint = "Write `provider:` and `okta`, `entra` or `onelogin`.";
            self.missing_key(key.span, "`identity_provider`", "provider", hint);
            return None;
        };
        declared.provider = self.provider(provider)?;
        Some(declared)
    }

    fn provider(&mut self, node: &Node<'_>) -> Option<ProviderKind> {
        let words = ProviderKind::ALL.map(|kind| (kind.as_str(), kind));
        self.word(node, "`identity_provider`", &words)
    }

    /// How groups are named: with both placeholders, once each, and no other.
    fn group_name(&mut self, node: &Node<'_>) -> Option<Arc<str>> {
        let name = self.name(node, "`group_name`")?;
        let has_both = PLACEHOLDERS.iter().all(|one| name.matches(one).count() == 1);
        let rest = PLACEHOLDERS.iter().fold(name.to_string(), |rest, one| rest.replace(one, ""));
        if has_both && !rest.contains(['[', ']']) {
            return Some(name);
        }
        let message =
            format!("`{}` does not name `[Project]` and `[Role]` once each", printable(&name));
        let hint = "Write it as groups are named there, such as \"Mixpanel-[Project]-[Role]\".";
        self.problem(codes::BAD_VALUE, node.span, message, hint);
        None
    }
}
