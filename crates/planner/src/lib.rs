//! Desired state, live state, policy and instant in; plan out.
//!
//! Pure: no I/O, no async, no clock. The applier uses the same [`guard`] and [`Projection`] code, so
//! that what a plan promises is what an apply checks.

mod codes;
mod compare;
mod content;
mod custom_role;
mod effective;
mod finding;
pub mod guard;
mod identity_provider;
mod input;
mod invitation;
mod order;
mod overlay;
mod planning;
mod project_names;
mod reading;
mod subject;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod undo;

pub use codes::CODES;
pub use compare::doubt::doubts_about;
pub use custom_role::CustomRoles;
pub use effective::{effective_role, is_met_otherwise};
pub use finding::service_account::secret_unsettled;
pub use input::PlanningInput;
pub use invitation::{INVITATION_WINDOW, INVITATIONS_PER_WINDOW, InvitationBudget};
pub use order::actor_permission::{refused_by_service, refused_rotation};
pub use order::reduction::reductions;
pub use order::reordering::reordered;
pub use overlay::{Moved, Projection};
pub use planning::plan;
pub use reading::what_to_read;
pub use undo::undo;
