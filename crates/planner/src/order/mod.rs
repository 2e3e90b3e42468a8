//! The order of changes: what waits for what, what the service would refuse us, and what only takes.

pub(crate) mod actor_permission;
pub(crate) mod make_before_break;
pub(crate) mod reduction;
pub(crate) mod reordering;
pub(crate) mod sequence;
