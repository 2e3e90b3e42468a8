//! What can go wrong with a request, and what is then known.

use std::fmt;

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
    pub retry_after: Option<std::time::Duration>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.message)
    }
}

impl std::error::Error for ApiError {}
