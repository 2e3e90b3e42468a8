//! The reverse of an applied plan.

use jiff::Timestamp;
use mixaccess_model::{ChangeId, Digest, LiveState, PlanContent};

/// The plan that reverses those changes of `content` that were carried out (`done`), against the live
/// state read after the apply. What cannot be reversed is a finding (`irreversible`) in the result.
///
/// # Errors
/// When the result cannot be written as JSON, which no valid plan causes.
pub fn undo(
    content: &PlanContent,
    digest: Digest,
    done: &[ChangeId],
    after: &LiveState,
    instant: Timestamp,
) -> Result<PlanContent, serde_json::Error> {
    let _ = (content, digest, done, after, instant);
    todo!()
}
