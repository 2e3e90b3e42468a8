//! What is declared beside what is live, subject by subject, and the changes between them.

pub(crate) mod comparer;
pub(crate) mod doubt;
pub(crate) mod draft;
pub(crate) mod gathering;
pub(crate) mod grants;
pub(crate) mod membership;
pub(crate) mod person;
pub(crate) mod service_account;
pub(crate) mod team;
pub(crate) mod unread_row;
