//! What can go wrong with a request, and what is then known.

use std::fmt;
use std::time::Duration;

use mixaccess_model::printable;

/// The code of an answer that cannot be whole.
pub const UNREADABLE: &str = "unreadable";

/// What to do about half a list.
pub const INCOMPLETE: &str = "Half a list would look like people who left, so nothing was concluded from it. Run again; if it \
     stays, run `mixaccess doctor`, and ask Mixpanel's support why the list is cut.";

/// What is known after a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The service refused; the same request would be refused again. Nothing was changed.
    Permanent,
    /// Nothing was changed, and the same request may succeed later.
    Transient,
    /// The request may or may not have been carried out: only reading again tells.
    OutcomeUnknown,
}

/// A failed request: what is known, what the service said and what to do.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// What is known.
    pub kind: ErrorKind,
    /// The request, as method and path without host and query.
    pub request: String,
    /// The status the service answered with; absent when no answer came.
    pub status: Option<u16>,
    /// What happened or what the service said: a lowercase fragment, safe to print, bounded in length.
    pub message: String,
    /// What to do about it: whole sentences.
    pub hint: Option<String>,
    /// How long the service asked to wait, when it asked for longer than allowed.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// Whether the service does not know the endpoint (or what it is about): 404 or 405.
    pub const fn is_missing(&self) -> bool {
        matches!(self.status, Some(404 | 405))
    }

    /// A list that cannot be whole: nothing may be concluded from it.
    pub fn incomplete(request: String, problem: &str) -> Self {
        let error = Self::permanent(request, format!("{UNREADABLE}: {problem}"));
        Self { hint: Some(INCOMPLETE.to_owned()), ..error }
    }

    /// Whether the service keeps to itself what was asked for, or has it not or cannot give it, while it
    /// may well answer other questions: 403, 404, 405 and 5xx.
    pub const fn is_withheld(&self) -> bool {
        matches!(self.status, Some(403..=405 | 500..=599))
    }

    /// Whether the service answered, and what it answered cannot be taken: it is no list, or not the whole
    /// of one.
    pub fn is_answered(&self) -> bool {
        self.kind == ErrorKind::Permanent
            && self.status.is_none_or(|status| (200..300).contains(&status))
    }

    /// Whether an answer came and cannot be whole.
    pub fn is_unreadable(&self) -> bool {
        self.message.starts_with(UNREADABLE)
    }

    pub(crate) fn permanent(request: String, message: String) -> Self {
        Self {
            kind: ErrorKind::Permanent,
            request,
            status: None,
            message,
            hint: None,
            retry_after: None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.message)
    }
}

impl std::error::Error for ApiError {}

/// Makes a text from outside fit for a message: one line, at most `limit` characters, safe to print.
pub(crate) fn quotable(text: &str, limit: usize) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > limit.saturating_mul(4) {
            break;
        }
    }
    let mut short: String = words.chars().take(limit).collect();
    if short.len() < words.len() {
        short.push('…');
    }
    printable(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_safe() {
        assert_eq!(quotable("  a\r\n\tb  ", 10), "a b");
        assert_eq!(quotable("abcdef", 3), "abc…");
        assert_eq!(quotable("\u{1b}[2J\u{202e}x", 9), "\\u{1b}[2J\\u{202e}x");
        assert_eq!(quotable(&"é".repeat(1000), 2), "éé…");
        assert_eq!(quotable("", 5), "");
    }
}
