//! Desired state, live state, policy and instant in; plan out.
//!
//! Pure: no I/O, no async, no clock. The applier uses the same [`guard`] and [`Projection`] code, so
//! that what a plan promises is what an apply checks.

pub mod guard;
mod planning;
mod projection;
mod undo;

pub use planning::{PlanningInput, plan};
pub use projection::{Moved, Projection};
pub use undo::undo;
