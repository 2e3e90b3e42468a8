//! People and teams of the emulated organization.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::role::{OrganizationRole, ProjectRole};
use crate::seed::{ManagedBy, Status};

/// A team.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    pub(crate) name: String,
    pub(crate) managed_by: Option<ManagedBy>,
    pub(crate) members: BTreeSet<u64>,
    pub(crate) projects: BTreeMap<u64, ProjectRole>,
}

/// A person.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) role: OrganizationRole,
    pub(crate) status: Status,
    pub(crate) last_active: Option<Timestamp>,
    pub(crate) invited_at: Option<Timestamp>,
    pub(crate) managed_by: Option<ManagedBy>,
    /// Individual grants.
    pub(crate) grants: BTreeMap<u64, ProjectRole>,
}
