//! What one run of an apply works with.

pub(crate) mod apply;
pub(crate) mod begin;
pub(crate) mod finish;

use jiff::Timestamp;
use mixaccess_model::{Plan, PlanContent};

use crate::reread::Scope;
use crate::send::counting::Counting;
use crate::{ApplyOptions, CancelToken, Progress, StateDirectory};

/// One call of [`apply`].
pub(crate) struct Run<'a, C> {
    pub(crate) plan: &'a Plan,
    /// The plan's content with what the files say in place of what it says of them.
    pub(crate) judged: PlanContent,
    pub(crate) client: &'a Counting<'a, C>,
    pub(crate) state: &'a StateDirectory,
    pub(crate) options: &'a ApplyOptions,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) scope: Scope,
    pub(crate) started_at: Timestamp,
}
