//! One change on its way: the write that carries it out, its attempts, and what became of it.

pub(crate) mod attempt;
pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod completion;
pub(crate) mod counting;
pub(crate) mod execute;
pub(crate) mod execution;
pub(crate) mod invited_roles;
pub(crate) mod new_account;
pub(crate) mod settle;
