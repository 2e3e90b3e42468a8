//! Addresses, matched without regard to case.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_security::skeleton;

/// An e-mail address: equal, ordered and hashed by its case-folded form, because addresses are matched
/// without regard to case, and shown as it was spelled.
///
/// Cloning is cheap. Construction never fails: the service may hold addresses that the files'
/// stricter syntax check would refuse, and those must still be visible.
#[derive(Clone)]
pub struct Email {
    spelled: Arc<str>,
    folded: Arc<str>,
}

impl Email {
    /// Wraps an address as it was spelled.
    pub fn new(spelled: &str) -> Self {
        let trimmed = spelled.trim();
        let spelled: Arc<str> = Arc::from(trimmed);
        let is_folded = trimmed.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        let folded =
            if is_folded { Arc::clone(&spelled) } else { Arc::from(trimmed.to_lowercase()) };
        Self { spelled, folded }
    }

    /// The address as it was spelled.
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The case-folded address, which decides equality.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The case-folded domain: what follows the last `@`, or the empty string without one.
    pub fn domain(&self) -> &str {
        self.folded.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// What the eye sees of the address, or what it means where spellings of one address differ: without
    /// a `+alias`, with the letters of an internationalized domain, and with letters that look alike made
    /// one. Two addresses with the same appearance may be one person, or somebody who poses as another.
    pub fn appearance(&self) -> String {
        let (local, domain) = self.folded.rsplit_once('@').unwrap_or((&self.folded, ""));
        let local = match local.split_once('+') {
            Some((before, _)) if !before.is_empty() => before,
            _ => local,
        };
        let domain = match domain.is_ascii() && !domain.contains("xn--") {
            true => Cow::Borrowed(domain),
            false => Cow::Owned(idna::domain_to_unicode(domain).0),
        };
        let visible = local.chars().chain(['@']).chain(domain.chars());
        let visible: String = visible.filter(|one| !is_unseen(*one)).collect();
        skeleton(&visible.to_lowercase()).collect()
    }

    /// Whether both are spelled alike, capitals included.
    pub fn same_spelling(&self, other: &Self) -> bool {
        self.spelled == other.spelled
    }
}

/// Whether a letter cannot be seen between others.
const fn is_unseen(one: char) -> bool {
    matches!(
        one,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}
impl Eq for Email {}
impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Email {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}
impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}
impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({:?})", self.spelled)
    }
}
impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.spelled)
    }
}
impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::new(&text))
    }
}
impl JsonSchema for Email {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Email".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "An e-mail address, matched without regard to case." })
    }
}
