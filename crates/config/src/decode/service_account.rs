//! `service_accounts:`. Their secrets have no place in any file.

use mixaccess_model::{Email, OrganizationRole};

use super::Decoder;
use super::team::STATES;
use crate::declaration::{Access, ServiceAccount};
use crate::document::Node;

pub(super) const KEYS: &[&str] = &[
    "username",
    "organization_role",
    "projects",
    "expires",
    "owner",
    "purpose",
    "tags",
    "state",
    "ticket",
    "reason",
    "requested_by",
    "approved_by",
];
/// The organization roles that a service account can have.
const ROLES: [(&str, OrganizationRole); 3] = [
    ("owner", OrganizationRole::Owner),
    ("admin", OrganizationRole::Admin),
    ("member", OrganizationRole::Member),
];

impl Decoder<'_, '_> {
    pub(super) fn service_accounts(&mut self, node: &Node<'_>) -> Vec<ServiceAccount> {
        let Some(entries) = self.entries(node, "`service_accounts`") else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| self.service_account(key, value)).collect()
    }

    fn service_account(&mut self, key: &Node<'_>, node: &Node<'_>) -> Option<ServiceAccount> {
        let symbol = self.key(key, "a service account")?;
        let mut account = ServiceAccount {
            file: self.file,
            span: key.span,
            key: symbol,
            username: self.names.text(symbol),
            name_span: key.span,
            state: None,
            access: Access::default(),
            organization_role: None,
            expires: None,
            expires_at: None,
            owner: None,
            purpose: None,
            tags: Vec::new(),
            annotations: None,
        };
        let Some(fields) = self.fields(node, "a service account", KEYS) else {
            return Some(account);
        };
        if let Some(node) = fields.get("username")
            && let Some(name) = self.name(node, "`username`")
        {
            (account.username, account.name_span) = (name, node.span);
        }
        if let Some((key, node)) = fields.pair("organization_role") {
            let role = self.word(node, "a service account's organization role", &ROLES);
            account.organization_role = role.map(|role| (role, key.span));
        }
        account.access = self.own_access(&fields);
        account.expires = fields.get("expires").and_then(|node| self.moment(node, "`expires`"));
        account.owner = fields
            .get("owner")
            .and_then(|node| Some((Email::new(self.text(node, "an owner")?), node.span)));
        account.purpose = fields.get("purpose").and_then(|node| self.shared(node, "a purpose"));
        account.tags = self.tags(&fields);
        account.state = self.state(&fields, &STATES);
        account.annotations = self.annotations(&fields);
        Some(account)
    }
}
