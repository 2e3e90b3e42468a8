//! What may be sent next, and when.

pub(crate) mod board;
pub(crate) mod invitation_limit;
pub(crate) mod schedule;
