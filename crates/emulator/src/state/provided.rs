//! What an identity provider begins with: the people and groups that are its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::State;
use crate::identity_provider::{IdentityProvider, Managed};
use crate::member::{Member, Team};
use crate::seed::{ManagedBy, Scim};

impl IdentityProvider {
    /// An identity provider that wants everything as it is now.
    pub(crate) fn content_with(state: &State, scim: Option<&Scim>) -> Self {
        let is_managed = |member: &Member| member.managed_by == Some(ManagedBy::Scim);
        let managed = state.members.iter().filter(|(_, member)| is_managed(member));
        let groups = state.teams.values().filter(|team| team.managed_by == Some(ManagedBy::Scim));
        Self {
            token: scim.map(|scim| scim.token.clone()).unwrap_or_default(),
            claimed_domains: scim.map(|scim| scim.claimed_domains.clone()).unwrap_or_default(),
            people: managed.map(|(id, member)| (*id, Managed::as_is(state, *id, member))).collect(),
            groups: groups.map(|team| (team.name.clone(), state.emails(&team.members))).collect(),
            deactivated: BTreeMap::new(),
            deprovisioning: scim.map(|scim| scim.deprovisioning).unwrap_or_default(),
        }
    }
}

impl Managed {
    /// A person as they are now.
    pub(crate) fn as_is(state: &State, id: u64, member: &Arc<Member>) -> Self {
        let is_other = |team: &&Arc<Team>| team.managed_by.is_none() && team.members.contains(&id);
        let teams = state.teams.values().filter(is_other).map(|team| team.name.clone()).collect();
        Self { member: Arc::clone(member), teams }
    }
}
