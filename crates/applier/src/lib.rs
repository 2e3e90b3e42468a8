//! Executes a reviewed plan and nothing else.
//!
//! Checks come first, each write goes to the journal before it is sent, and the result is read again.
//! Everything that decides is pure ([`precheck`], [`remains`], [`resume`]); what sends is in
//! [`apply`]. Secrets never come here: the client holds them, and nothing of it is journaled.

mod before;
mod cancel;
mod error;
pub mod journal;
mod kept;
mod lock;
mod options;
mod orphan;
mod outcome;
mod owner_floor;
mod owner_reading;
mod preflight;
mod queue;
mod receipt;
pub mod remains;
mod reread;
pub mod resume;
mod rotation;
mod run;
mod runner;
mod secret;
mod send;
mod state_directory;
mod undo;
mod verify;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod fake_plan;
#[cfg(test)]
mod tests;

pub use before::FoundBefore;
pub use cancel::{CancelToken, Cancellation, cancellation};
pub use error::{ApplyError, Refusal};
pub use kept::was_listed;
pub use lock::{LockHolder, LockedError, Work};
pub use options::{ApplyOptions, Clock, MAX_CONCURRENCY, NoProgress, Patience, Progress, Target};
pub use outcome::{Failure, Outcome};
pub use preflight::precheck;
pub use queue::invitation_limit::InvitationsLeft;
pub use receipt::{
    ApplyStatus, ChangeReport, Irreversible, RECEIPT_FORMAT_VERSION, Receipt, RequestCounts,
    UndoReport, Verification,
};
pub use rotation::{Rotated, Rotation, RotationOutcome, RotationRecord};
pub use run::apply::apply;
pub use runner::Runner;
pub use secret::{Awaited, Delivery, SecretMark, SecretSink};
pub use send::call::CallError;
pub use state_directory::{StateDirectory, StateError};
pub use verify::Mismatch;
