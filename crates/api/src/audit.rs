//! Events of the audit log: who changed what.

use jiff::Timestamp;
use mixaccess_model::{Email, ProjectId};

/// One event of the organization's audit log (`SERVICE.md`, "Behaviour", 12). Texts are as the service
/// says them: not yet safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// What happened, in the service's words, such as `user.role_changed`.
    pub event: String,
    /// Who did it.
    pub actor: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// To whom.
    pub email: Option<Email>,
    /// In which project.
    pub project: Option<ProjectId>,
    /// In which team.
    pub team: Option<String>,
    /// The role before.
    pub before: Option<String>,
    /// The role after.
    pub after: Option<String>,
}
