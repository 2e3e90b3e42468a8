//! Addresses that resemble each other.
//!
//! Each address is reduced to what the eye sees of it, and a table of those finds every pair: the cost
//! grows with the number of addresses, not with its square.

use std::collections::HashMap;
use std::sync::Arc;

use crate::codes;
use crate::declaration::Collaborator;
use crate::diagnostic::{Diagnostic, Label, file_name};

/// Warns of declared addresses that differ by a `+alias`, or that look alike.
pub(crate) fn check(people: &[Collaborator], files: &[Arc<str>]) -> Vec<Diagnostic> {
    let mut first: HashMap<String, &Collaborator> = HashMap::with_capacity(people.len());
    let mut found = Vec::new();
    for one in people {
        let plain = without_alias(one.email.folded());
        let seen = one.email.appearance();
        let Some(other) = first.get(&seen) else {
            first.insert(seen, one);
            continue;
        };
        let is_alias = plain == without_alias(other.email.folded());
        let label = |who: &Collaborator| -> Label {
            let file = file_name(files, who.file);
            who.span.label(&file, "")
        };
        let (left, right) = (
            mixaccess_model::printable(one.email.as_str()),
            mixaccess_model::printable(other.email.as_str()),
        );
        let (code, message, hint) = if is_alias {
            (
                codes::ADDRESS_ALIAS,
                format!("`{left}` and `{right}` differ only by a +alias"),
                "If they are one person, keep the address that the identity provider sends.",
            )
        } else {
            (
                codes::ADDRESS_LOOKALIKE,
                format!("`{left}` looks like `{right}`"),
                "Check both letter by letter; one of them may be a mistake, or somebody else.",
            )
        };
        found.push(
            Diagnostic::new(code, message)
                .at(label(one))
                .and(label(other))
                .hint(hint)
                .about(&one.email),
        );
    }
    found
}

fn without_alias(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let local = match local.split_once('+') {
        Some((before, _)) if !before.is_empty() => before,
        _ => local,
    };
    format!("{local}@{domain}")
}
