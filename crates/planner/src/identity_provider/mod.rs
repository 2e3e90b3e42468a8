//! What an identity provider decides: what is written through it, and what a human does there.

pub(crate) mod directory;
pub(crate) mod groups;
pub(crate) mod managed;
