//! Desired state, live state, policy and instant in; plan out.
//!
//! Pure: no I/O, no async, no clock. The applier uses the same [`guard`] and [`Projection`] code, so
//! that what a plan promises is what an apply checks.

mod codes;
mod comparer;
mod content;
mod custom_role;
mod custom_role_findings;
mod directory;
mod doubt;
mod draft;
mod effective;
mod follow_up;
mod gathering;
mod grants;
mod groups;
pub mod guard;
mod handover;
mod input;
mod invitation;
mod managed;
mod membership;
mod names;
mod observation;
mod person;
mod planning;
mod power;
mod project_names;
mod projection;
mod reading;
mod reduction;
mod reordering;
mod scim_findings;
mod sequence;
mod service_account;
mod service_account_findings;
mod subject;
mod tally;
mod team;
mod team_findings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod undo;
mod unread_row;

pub use codes::CODES;
pub use custom_role::CustomRoles;
pub use doubt::doubts_about;
pub use effective::{effective_role, is_met_otherwise};
pub use input::PlanningInput;
pub use invitation::{INVITATION_WINDOW, INVITATIONS_PER_WINDOW, InvitationBudget};
pub use planning::plan;
pub use power::{refused_by_service, refused_rotation};
pub use projection::{Moved, Projection};
pub use reading::what_to_read;
pub use reduction::reductions;
pub use reordering::reordered;
pub use service_account_findings::secret_unsettled;
pub use undo::undo;
