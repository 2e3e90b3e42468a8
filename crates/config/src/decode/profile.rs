//! `profiles:`.

use super::Decoder;
use crate::declaration::{Access, Profile};
use crate::document::Node;

pub(super) const KEYS: &[&str] = &["organization_role", "projects"];

impl Decoder<'_, '_> {
    pub(super) fn profiles(&mut self, node: &Node<'_>) -> Vec<Profile> {
        let Some(entries) = self.entries(node, "`profiles`") else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| self.profile(key, value)).collect()
    }

    fn profile(&mut self, key: &Node<'_>, node: &Node<'_>) -> Option<Profile> {
        let symbol = self.key(key, "a profile")?;
        let access = match self.fields(node, "a profile", KEYS) {
            Some(fields) => self.access(&fields),
            None => Access::default(),
        };
        Some(Profile { file: self.file, span: key.span, key: symbol, access })
    }
}
