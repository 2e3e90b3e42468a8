//! What the planner is given.

use mixaccess_model::{Capabilities, DesiredState, LiveState, Override};

/// Everything the planner sees.
#[derive(Clone, Copy, Debug)]
pub struct PlanningInput<'a> {
    /// What the files say.
    pub desired: &'a DesiredState,
    /// What the service answered.
    pub live: &'a LiveState,
    /// What the dialect can do.
    pub capabilities: &'a Capabilities,
    /// The address of the service, to be written into the plan.
    pub base_url: &'a str,
    /// Whether the instant was asked for with `--at`.
    pub instant_given: bool,
    /// Overrides given with `--allow`.
    pub allow: &'a [Override],
}
