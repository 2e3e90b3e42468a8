//! The identity provider that puts its people and groups back (`SERVICE.md`, "Behaviour", 7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::event::domain_of;
use crate::member::Member;
use crate::seed::Deprovisioning;

/// Whom the audit log names for what the identity provider does.
pub(crate) const ACTOR: &str = "scim";

/// What the identity provider has: it makes the organization so again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdentityProvider {
    /// The bearer token of SCIM; empty, there is none.
    pub(crate) token: String,
    pub(crate) claimed_domains: Vec<String>,
    /// The people it manages, by number.
    pub(crate) people: BTreeMap<u64, Managed>,
    /// The addresses in its groups, each of which is the team of that name.
    pub(crate) groups: BTreeMap<String, BTreeSet<String>>,
    /// The people it has deactivated, by number.
    pub(crate) deactivated: BTreeMap<u64, Deactivation>,
    pub(crate) deprovisioning: Deprovisioning,
}

/// Somebody it has deactivated.
#[derive(Clone, Debug)]
pub(crate) struct Deactivation {
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) at: Timestamp,
    /// Whether what becomes of them has become of them.
    pub(crate) is_done: bool,
    /// Whether SCIM knows them no more.
    pub(crate) is_deleted: bool,
}

/// One of its people, as it wants them.
#[derive(Clone, Debug)]
pub(crate) struct Managed {
    pub(crate) member: Arc<Member>,
    /// The teams they are in, other than its groups.
    pub(crate) teams: BTreeSet<String>,
}

impl IdentityProvider {
    /// Whether SCIM reaches the address: the organization has claimed its domain (`SERVICE.md`, "SCIM
    /// 2.0").
    pub(crate) fn reaches(&self, email: &str) -> bool {
        let domain = domain_of(email);
        self.claimed_domains.iter().any(|claimed| claimed.to_lowercase() == domain)
    }

    /// Those of the deactivated whose access goes now, that long after they were deactivated.
    pub(crate) fn due(&self, delay: SignedDuration, now: Timestamp) -> Vec<u64> {
        let is_due = |one: &Deactivation| !one.is_done && now.duration_since(one.at) >= delay;
        let due = self.deactivated.iter().filter(|(_, one)| is_due(one));
        due.map(|(id, _)| *id).collect()
    }

    /// Whether there is anybody to be put back.
    pub(crate) fn has_people(&self) -> bool {
        !self.people.is_empty() || !self.groups.is_empty()
    }
}
