//! The words of mixaccess as types: roles, grants, desired and live state, changes, findings and plans.
//!
//! Data only. Nothing here reads a file, a clock or the network, and every other crate depends on
//! this one, so that a plan that was reviewed, stored, rendered and applied is one and the same value.

mod change;
mod desired;
mod dialect;
mod digest;
mod email;
mod finding;
mod grant;
mod id;
mod live;
mod pattern;
mod plan;
mod policy;
mod role;
mod wire_text;

pub use change::{
    Access, Action, AffectedSubject, Annotations, Change, ChangeId, InvitedGrant, Precondition,
    ProjectRef, Reason, ReasonKind, Risk, Subject,
};
pub use desired::{
    Cause, DeclaredOrganization, DeclaredProject, DesiredCollaborator, DesiredGrant, DesiredState,
    FileIndex, ManagedBy, Position, Region, State,
};
pub use dialect::{Capabilities, Dialect, InvitationGrants};
pub use digest::{Digest, DigestError};
pub use email::Email;
pub use finding::{Finding, Place, Severity};
pub use grant::{Grant, GrantSource};
pub use id::{OrganizationId, ProjectId, ProjectKey, UserId};
pub use live::{
    Actor, LIVE_FORMAT_VERSION, LiveFormatError, LiveMember, LiveProject, LiveState, MemberStatus,
};
pub use pattern::Pattern;
pub use plan::{
    ActingIdentity, Figures, GuardVerdict, NotPlanned, NotPlannedKind, PLAN_FORMAT_VERSION, Plan,
    PlanContent, PlanFormatError, PlanOrganization, PlanProject, SealError, Summary,
};
pub use policy::{
    Escalations, GuardCode, Override, OverrideOrigin, Owners, PlanMaxAge, Policy, Reductions,
    Removals, Requirement, Rule, RuleMatch, Unmanaged, UnmanagedAction,
};
pub use role::{OrganizationRole, ProjectRole, RoleName};
pub use wire_text::printable;
