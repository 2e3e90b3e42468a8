//! The one place that reads the wall clock; everything below is handed its instant.

use jiff::Timestamp;

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "this is the command line's clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
