//! Lists: filters, pages, and the attributes that are asked for (RFC 7644, sections 3.4.2 and 3.9).

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::refusal::Refusal;

/// The most resources on one page.
pub(super) const PAGE: usize = 100;

/// A filter: one attribute is equal to one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    is_id: bool,
    value: String,
}

impl Filter {
    /// Whether it lets a resource through, whose name is compared without regard to case.
    pub(super) fn accepts(&self, id: u64, name: &str) -> bool {
        if self.is_id {
            self.value == id.to_string()
        } else {
            self.value.to_lowercase() == name.to_lowercase()
        }
    }
}

/// The filter of a list: `attribute eq "text"`, the attribute one of `attributes`; nothing else is
/// supported.
pub(super) fn filter(call: &Call, attributes: &[&str]) -> Result<Option<Filter>, Refusal> {
    let Some(text) = call.parameter("filter") else { return Ok(None) };
    let unsupported = || Refusal::InvalidFilter(text.to_owned());
    let (attribute, value) = equality(text).ok_or_else(unsupported)?;
    let known = attributes.iter().find(|known| known.eq_ignore_ascii_case(attribute));
    Ok(Some(Filter { is_id: *known.ok_or_else(unsupported)? == "id", value }))
}

/// Reads `attribute eq "text"`.
pub(super) fn equality(text: &str) -> Option<(&str, String)> {
    let (attribute, rest) = text.trim().split_once(char::is_whitespace)?;
    let (operator, value) = rest.trim_start().split_once(char::is_whitespace)?;
    let value = serde_json::from_str(value.trim()).ok()?;
    operator.eq_ignore_ascii_case("eq").then_some((attribute, value))
}

/// The page of a list that is asked for. Where it begins counts from 1; a count that is left out or too
/// large is the most there may be.
pub(super) fn page(call: &Call, resources: Vec<Map<String, Value>>) -> Result<Value, Refusal> {
    let number = |name: &str| match call.parameter(name) {
        None => Ok(None),
        Some(text) => text
            .parse::<i64>()
            .map(|number| Some(usize::try_from(number).unwrap_or(0)))
            .map_err(|_| Refusal::BadRequest(format!("Invalid {name}"))),
    };
    let start = number("startIndex")?.unwrap_or(1).max(1);
    let count = number("count")?.unwrap_or(PAGE).min(PAGE);
    let total = resources.len();
    let resources = resources.into_iter().skip(start - 1).take(count);
    let resources: Vec<Value> =
        resources.map(|resource| Value::Object(chosen(call, resource))).collect();
    Ok(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}

/// The attributes of a resource that are asked for; its schemas and its number always are.
pub(super) fn chosen(call: &Call, mut resource: Map<String, Value>) -> Map<String, Value> {
    let named = |parameter: &str, name: &str| {
        call.parameter(parameter)
            .map(|names| names.split(',').any(|wanted| wanted.trim().eq_ignore_ascii_case(name)))
    };
    resource.retain(|name, _| {
        matches!(name.as_str(), "schemas" | "id")
            || named("attributes", name)
                .unwrap_or_else(|| named("excludedAttributes", name) != Some(true))
    });
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_equality_is_a_filter() {
        let value = |text: &str| equality(text).map(|(name, value)| format!("{name}={value}"));
        for (text, expected) in [
            (r#"userName eq "a@x.example""#, Some("userName=a@x.example")),
            (r#"  userName  EQ  "a \"b\"" "#, Some(r#"userName=a "b""#)),
            (r#"userName co "a""#, None),
            (r#"userName eq a"#, None),
            (r#"userName eq "a" and active eq true"#, None),
            (r#"userName eq"#, None),
            ("", None),
        ] {
            assert_eq!(value(text).as_deref(), expected, "{text}");
        }
    }
}
