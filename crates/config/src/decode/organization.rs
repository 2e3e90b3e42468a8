//! `organization:`.

use mixaccess_model::{Dialect, OrganizationId, Region, printable};

use super::{Decoder, Pair};
use crate::codes;
use crate::declaration::Organization;
use crate::document::Node;

pub(super) const KEYS: &[&str] =
    &["id", "name", "region", "base_url", "api", "identity_provider", "time_zone"];
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
        if let (Some((_, _)), Some((second, _))) = (fields.pair("region"), fields.pair("base_url"))
        {
            let hint = "Keep `base_url` for a proxy, or `region` without one.";
            self.problem(
                codes::BAD_VALUE,
                second.span,
                "both `region` and `base_url` are given",
                hint,
            );
        }
        let words = [("us", Region::Us), ("eu", Region::Eu), ("in", Region::In)];
        let region = fields.get("region").and_then(|node| self.word(node, "a region", &words));
        let base_url = fields.get("base_url").and_then(|node| self.base_url(node));
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
            base_url,
            api,
            identity_provider,
            time_zone,
        })
    }

    fn base_url(&mut self, node: &Node<'_>) -> Option<String> {
        let text = self.text(node, "`base_url`")?;
        match check_base_url(text) {
            Ok(()) => Some(text.trim_end_matches('/').to_owned()),
            Err(message) => {
                let message = format!("`{}` {message}", printable(text));
                let hint =
                    "Write https:// and a host; plain http:// is for loopback addresses only.";
                self.problem(codes::BAD_VALUE, node.span, message, hint);
                None
            }
        }
    }
}

/// Whether credentials may be sent there (`design.md`, "Secrets and hostile input": plain HTTP is
/// refused except to loopback).
fn check_base_url(text: &str) -> Result<(), &'static str> {
    let (rest, is_plain) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Err("is not an https:// address"),
    };
    if text.chars().any(|one| one.is_whitespace() || one.is_control() || one == '\\') {
        return Err("contains characters that no address has");
    }
    if rest.contains(['?', '#']) {
        return Err("must not carry a query or a fragment");
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not carry credentials");
    }
    let host = host_of(authority).ok_or("has no valid host and port")?;
    let is_loopback = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_plain && !is_loopback {
        return Err("would send credentials unencrypted");
    }
    Ok(())
}

/// The host of `host`, `host:port` and `[v6]:port`.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("1"))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "1")),
    };
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_host = !host.is_empty()
        && host.chars().all(|one| one.is_alphanumeric() || matches!(one, '-' | '.' | ':' | '_'));
    (is_port && is_host).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::check_base_url;

    #[test]
    fn credentials_go_to_https_or_loopback_only() {
        for good in [
            "https://mixpanel.example",
            "https://proxy.example:8443/mixpanel",
            "http://127.0.0.1:4010",
            "http://localhost:1",
            "http://[::1]:8080/",
            "https://[2001:db8::1]",
        ] {
            assert_eq!(check_base_url(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "mixpanel.example",
            "ftp://mixpanel.example",
            "http://mixpanel.example",
            "https://",
            "https://user:secret@mixpanel.example",
            "http://127.0.0.1.evil.example",
            "https://a b",
            "https://host:notaport",
            "https://host:0",
            "https://host/?x=1",
            "http://localhost@evil.example",
            "https://[::1",
            "http://[::1]evil.example",
            "http://localhost\\@evil.example",
        ] {
            assert!(check_base_url(bad).is_err(), "{bad}");
        }
    }
}
