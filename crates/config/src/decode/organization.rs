//! `organization:`.

use mixaccess_model::{Dialect, OrganizationId, Region};

use super::{Decoder, Pair};
use crate::declaration::Organization;

pub(super) const KEYS: &[&str] = &["id", "name", "region", "api", "identity_provider", "time_zone"];
/// What `api` may be; nothing is found out.
const APIS: [(&str, Option<Dialect>); 3] =
    [("members", Some(Dialect::Members)), ("app", Some(Dialect::App)), ("auto", None)];

impl Decoder<'_, '_> {
    pub(super) fn organization(&mut self, (key, node): Pair<'_, '_>) -> Option<Organization> {
        let fields = self.fields(node, "`organization`", KEYS)?;
        let id = match fields.get("id") {
            Some(node) => self.number(node, "the organization's id", 1).map(OrganizationId),
            None => {
                let hint =
                    "Write `id:` and the number that Mixpanel shows in the organization settings.";
                self.missing_key(key.span, "`organization`", "id", hint);
                None
            }
        };
        let words = [("us", Region::Us), ("eu", Region::Eu), ("in", Region::In)];
        let region = fields.get("region").and_then(|node| self.word(node, "a region", &words));
        let api = fields
            .get("api")
            .and_then(|node| self.word(node, "`api`", &APIS))
            .unwrap_or(Some(Dialect::default()));
        let identity_provider =
            fields.pair("identity_provider").and_then(|pair| self.identity_provider(pair));
        let name = fields.get("name").and_then(|node| self.text(node, "a name")).map(str::to_owned);
        let time_zone = fields
            .get("time_zone")
            .and_then(|node| Some((self.text(node, "a time zone")?.to_owned(), node.span)));
        Some(Organization {
            file: self.file,
            span: key.span,
            id,
            name,
            region: region.unwrap_or_default(),
            api,
            identity_provider,
            time_zone,
        })
    }
}
