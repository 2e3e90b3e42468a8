//! Every check before the first write.

pub(crate) mod basis;
pub(crate) mod consistency;
pub(crate) mod held;
pub mod precheck;
pub(crate) mod team_roles;
