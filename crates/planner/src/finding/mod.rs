//! What a human should know besides the changes, a file a topic.

pub(crate) mod custom_role;
pub(crate) mod follow_up;
pub(crate) mod names;
pub(crate) mod observation;
pub(crate) mod scim;
pub(crate) mod service_account;
pub(crate) mod tally;
pub(crate) mod team;
