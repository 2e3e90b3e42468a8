//! The words of mixaccess as types: roles, grants, desired and live state, changes, findings and plans.
//!
//! Data only. Nothing here reads a file, a clock or the network, and every other crate depends on
//! this one, so that a plan that was reviewed, stored, rendered and applied is one and the same value.

mod change;
mod desired;
mod dialect;
mod difference;
mod digest;
mod email;
mod fact;
mod finding;
mod grant;
mod id;
mod identity_provider;
mod invitation;
mod live;
mod live_subject;
mod pattern;
mod plan;
mod policy;
mod power;
mod reads;
mod role;
mod service_account;
mod subject;
mod team;
mod unread_row;
mod wire_text;
mod wording;
mod write;
mod written;

pub use change::{
    Access, AffectedSubject, Annotations, Change, ChangeId, Precondition, Reason, ReasonKind, Risk,
};
pub use desired::{
    Cause, CustomRole, DeclaredOrganization, DeclaredProject, DesiredCollaborator, DesiredGrant,
    DesiredState, FileIndex, ManagedBy, Position, Region, State,
};
pub use dialect::{Capabilities, Dialect};
pub use difference::{Diff, Difference, ProjectRef, Through};
pub use digest::{Digest, DigestError};
pub use email::Email;
pub use fact::{Fact, Reading, Slot};
pub use finding::{Finding, FindingStops, Place, Severity};
pub use grant::{Grant, GrantSource};
pub use id::{OrganizationId, ProjectId, ProjectKey, ServiceAccountId, TeamId, UserId};
pub use identity_provider::{
    DeclaredIdentityProvider, EffectRole, LiveIdentityProvider, ManualChange, ManualEffect,
    ManualTask, ProviderKind, ScimEvent, ScimGroup, ScimUser,
};
pub use invitation::{Invitation, Validity};
pub use live::{
    Actor, LIVE_FORMAT_VERSION, LiveFormatError, LiveMember, LiveProject, LiveState, MemberStatus,
    Unread, UnreadList, without_owner,
};
pub use live_subject::LiveSubject;
pub use pattern::Pattern;
pub use plan::{
    ActingIdentity, Figures, GuardVerdict, NotPlanned, NotPlannedKind, PLAN_FORMAT_VERSION, Plan,
    PlanContent, PlanFormatError, PlanOrganization, PlanProject, SealError, Summary,
};
pub use policy::{
    EffectiveAboveDeclared, Escalations, GuardCode, InvitationPolicy, Override, OverrideOrigin,
    Owners, PlanMaxAge, Policy, Reductions, Removals, Requirement, Rule, RuleMatch, ScimPolicy,
    Unmanaged, UnmanagedAction,
};
pub use power::Power;
pub use reads::{Reads, ServiceAccountReads};
pub use role::{OrganizationRole, ProjectRole, RoleName};
pub use service_account::{DesiredServiceAccount, LiveServiceAccount, is_service_account_name};
pub use subject::{Subject, SubjectKey};
pub use team::{DesiredTeam, DesiredTeamMember, LiveTeam, OwnGrant};
pub use unread_row::UnreadRow;
pub use wire_text::printable;
pub use wording::{counted, listed};
pub use write::{Verb, Write};
