//! Address patterns with `*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Email;

/// An address, or a pattern in which `*` stands for any run of characters (`*@agency.example`).
/// Matched without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Wraps a pattern as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the address matches.
    pub fn matches(&self, email: &Email) -> bool {
        let pattern = self.0.trim().to_lowercase();
        wildcard(pattern.as_bytes(), email.folded().as_bytes())
    }
}

/// Greedy matching that remembers the last star: linear memory, no recursion.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted == character => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    p = after + 1;
                    t = from + 1;
                    star = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_run() {
        let email = Email::new("Alex.Example@Agency.example");
        for (pattern, expected) in [
            ("alex.example@agency.example", true),
            ("*@agency.example", true),
            ("alex*", true),
            ("*", true),
            ("*.example@*.example", true),
            ("*@client.example", false),
            ("alex", false),
            ("", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(&email), expected, "{pattern}");
        }
    }
}
