//! Executes a reviewed plan and nothing else.
//!
//! Checks come first, each write goes to the journal before it is sent, and the result is read again.
//! Everything that decides is pure ([`precheck`], [`remains`], [`resume`]); what sends is in
//! [`apply`]. Secrets never come here: the client holds them, and nothing of it is journaled.

mod apply;
mod attempt;
mod basis;
mod batch;
mod before;
mod board;
mod call;
mod cancel;
mod completion;
mod conclude;
mod consistency;
mod counting;
mod course;
mod error;
mod execute;
mod execution;
mod expectation;
mod held;
mod invitation_limit;
mod invited_roles;
pub mod journal;
mod kept;
mod lock;
mod new_account;
mod options;
mod orphan;
mod outcome;
mod owner_floor;
mod owner_reading;
pub mod precheck;
mod prepare;
mod reach;
mod receipt;
pub mod remains;
mod reread;
pub mod resume;
mod rotation;
mod run;
mod runner;
mod schedule;
mod secret;
mod settle;
mod state_directory;
mod team_roles;
mod undo;
mod verify;

#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fake_plan;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod interruption_tests;
#[cfg(test)]
mod invitation_tests;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod owner_floor_tests;
#[cfg(test)]
mod scenario_tests;
#[cfg(test)]
mod subject_tests;
#[cfg(test)]
mod world_tests;

pub use apply::apply;
pub use before::FoundBefore;
pub use call::CallError;
pub use cancel::{CancelToken, Cancellation, cancellation};
pub use error::{ApplyError, Refusal};
pub use invitation_limit::InvitationsLeft;
pub use kept::was_listed;
pub use lock::{LockHolder, LockedError, Work};
pub use options::{ApplyOptions, Clock, MAX_CONCURRENCY, NoProgress, Patience, Progress, Target};
pub use outcome::{Failure, Outcome};
pub use receipt::{
    ApplyStatus, ChangeReport, Irreversible, RECEIPT_FORMAT_VERSION, Receipt, RequestCounts,
    UndoReport, Verification,
};
pub use rotation::{Rotated, Rotation, RotationOutcome, RotationRecord};
pub use runner::Runner;
pub use secret::{Awaited, Delivery, SecretMark, SecretSink};
pub use state_directory::{StateDirectory, StateError};
pub use verify::Mismatch;
