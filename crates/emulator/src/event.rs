//! What happened, as the audit log tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What happened (`SERVICE.md`, "Behaviour", 12). The names that are not in that row are ours, for
/// transitions that the row leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// An organization role or, with a project, a project role was given, changed or taken.
    #[serde(rename = "user.role_changed")]
    RoleChanged,
    /// A member was removed from the organization.
    #[serde(rename = "user.removed")]
    Removed,
    /// An invitation e-mail was sent, for the first time or again.
    #[serde(rename = "invitation.sent")]
    InvitationSent,
    /// A pending invitation was withdrawn.
    #[serde(rename = "invitation.withdrawn")]
    InvitationWithdrawn,
    /// A pending invitation was accepted.
    #[serde(rename = "invitation.accepted")]
    InvitationAccepted,
    /// The identity provider brought somebody into the organization.
    #[serde(rename = "user.provisioned")]
    Provisioned,
    /// A team was made.
    #[serde(rename = "team.created")]
    TeamCreated,
    /// A team got another name, from the one to the other.
    #[serde(rename = "team.renamed")]
    TeamRenamed,
    /// A team was deleted, with everything it gave.
    #[serde(rename = "team.deleted")]
    TeamDeleted,
    /// Somebody came into a team.
    #[serde(rename = "team.user_added")]
    TeamUserAdded,
    /// Somebody left a team.
    #[serde(rename = "team.user_removed")]
    TeamUserRemoved,
    /// A team got a role in a project, or another one.
    #[serde(rename = "project.team_added")]
    ProjectTeamAdded,
    /// A team lost its role in a project.
    #[serde(rename = "project.team_removed")]
    ProjectTeamRemoved,
    /// A service account was made.
    #[serde(rename = "service_account.created")]
    ServiceAccountCreated,
    /// A service account was deleted, and with it every role it had.
    #[serde(rename = "service_account.deleted")]
    ServiceAccountDeleted,
    /// A service account got a role in a project.
    #[serde(rename = "service_account.added_to_project")]
    ServiceAccountAdded,
    /// A service account lost its role in a project.
    #[serde(rename = "service_account.removed_from_project")]
    ServiceAccountRemoved,
    /// A project's token got another value.
    #[serde(rename = "token.rotated")]
    TokenRotated,
    /// A project's custom role was deleted: everybody who had it is a consumer now.
    #[serde(rename = "custom_role.deleted")]
    CustomRoleDeleted,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What happened.
    pub event: EventKind,
    /// Whom it happened to; empty when it concerns no person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_email: String,
    /// Who did it.
    pub actor_email: String,
    /// When.
    #[serde(deserialize_with = "crate::moment::deserialize")]
    pub timestamp: Timestamp,
    /// In which project, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<u64>,
    /// Which team, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The username of the service account, when it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// The role before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The role after; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Event {
    /// An event that names nothing yet but what happened, when, and who did it.
    pub(crate) fn new(now: Timestamp, kind: EventKind, actor: &str) -> Self {
        Self {
            event: kind,
            user_email: String::new(),
            actor_email: actor.to_owned(),
            timestamp: now,
            project_id: None,
            team: None,
            service_account: None,
            from: None,
            to: None,
        }
    }
}

/// The domain of an address, without regard to case.
pub(crate) fn domain_of(email: &str) -> String {
    email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}
