//! `policy:` as it may be written.

use mixaccess_model::{EffectiveAboveDeclared, GuardCode, OrganizationRole, UnmanagedAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Instant, RoleWord};

/// The guard rails.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct PolicySchema {
    /// How many owners must remain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owners: Option<OwnersSchema>,
    /// Addresses and patterns of people whom no plan may touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) protected: Vec<String>,
    /// How many people may lose everything in one plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removals: Option<RemovalsSchema>,
    /// How many individual grants may be lowered or removed in one plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reductions: Option<ReductionsSchema>,
    /// What may be handed out in one plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) escalations: Option<EscalationsSchema>,
    /// Whether every change needs an approver who is not the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) separation_of_duties: Option<bool>,
    /// Which changes need a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<RequirementSchema>,
    /// Which changes need a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<RequirementSchema>,
    /// What nobody may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rules: Vec<RuleSchema>,
    /// What happens to live people who are not in the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unmanaged: Option<UnmanagedSchema>,
    /// What happens where somebody effectively has more than is declared, through a team, the
    /// organization role or all-users: told by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) effective_above_declared: Option<EffectiveAboveDeclared>,
    /// What may be changed through SCIM; nothing by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scim: Option<ScimSchema>,
    /// What happens to invitations that wait; nothing by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invitations: Option<InvitationsSchema>,
    /// How old a plan may be when it is applied: a number and m, h or d; `24h` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^\d+[mhd]$"))]
    pub(crate) plan_max_age: Option<String>,
    /// Ways past a guard rail, reviewed with the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) overrides: Vec<OverrideSchema>,
}

/// How many owners must remain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Owners")]
pub(crate) struct OwnersSchema {
    /// At every step; pending owners do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub(crate) minimum: Option<u32>,
}

/// How many people may lose everything in one plan; the smaller limit counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Removals")]
pub(crate) struct RemovalsSchema {
    /// At most so many people; 10 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<u32>,
    /// At most this share of the members, in percent; 25 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub(crate) percent: Option<u32>,
}

/// How many individual grants may be lowered or removed in one plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reductions")]
pub(crate) struct ReductionsSchema {
    /// At most this share of them, in percent; 30 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub(crate) percent: Option<u32>,
}

/// What may be handed out in one plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Escalations")]
pub(crate) struct EscalationsSchema {
    /// Roles that are granted only where they are listed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allow: Option<OneOrMore<GuardedRole>>,
    /// At most so many grants of organization admin, project owner and project admin together. A custom
    /// role without `at_most` counts as project owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maximum: Option<u32>,
}

/// A role that no plan grants unless the policy allows it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GuardedRole {
    /// The organization owner.
    OrganizationOwner,
}

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMore<T> {
    /// One value.
    One(T),
    /// A list.
    More(Vec<T>),
}

/// `true` for every change, or for some roles and environments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Requirement")]
pub(crate) enum RequirementSchema {
    /// For every change, or for none.
    Switch(bool),
    /// For some of them.
    Some(RequirementTerms),
}

/// For changes that give a listed role or a stronger one, or whose project is in a listed environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequirementTerms {
    /// Roles, organization and project ones alike. Whoever is given one of these or a stronger one
    /// needs it; what only takes away does not. A custom role without `at_most` is judged as project
    /// owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<OneOrMore<String>>,
    /// Environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environments: Option<OneOrMore<String>>,
}

/// Something nobody may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub(crate) struct RuleSchema {
    /// What is denied: a role that meets every condition.
    pub(crate) deny: DenySchema,
    /// Why.
    pub(crate) because: String,
}

/// Conditions, at least one; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deny", extend("minProperties" = 1))]
pub(crate) struct DenySchema {
    /// The person's domain is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<OneOrMore<String>>,
    /// The person's domain is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outside: Option<OneOrMore<String>>,
    /// The person carries one of these tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<OneOrMore<String>>,
    /// The project is in one of these environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<OneOrMore<String>>,
    /// The project is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<OneOrMore<String>>,
    /// The project role is one of these or a stronger one, through their own grant, a team or all users.
    /// Organization owners and admins are stronger than any. A custom role has the power of its
    /// `at_most`, and without one that of the project's owner; one that is named here is denied with
    /// every stronger role, and not with its equals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<OneOrMore<RoleWord>>,
    /// The organization role is one of these or a stronger one: owner, admin, billing_admin, member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_role: Option<OneOrMore<OrganizationRole>>,
}

/// What happens to live people who are not in the files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Unmanaged")]
pub(crate) struct UnmanagedSchema {
    /// What to plan for them; `report` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<UnmanagedAction>,
    /// Addresses and patterns of people to leave alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignore: Vec<String>,
}

/// What may be changed through SCIM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scim")]
pub(crate) struct ScimSchema {
    /// Whether membership of groups may be written, where a SCIM token is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) write: Option<bool>,
}

/// What happens to invitations that wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Invitations")]
pub(crate) struct InvitationsSchema {
    /// Whether a plan sends a reminder for an invitation that waits for 72 hours or longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remind: Option<bool>,
}

/// A way past one guard rail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Override")]
pub(crate) struct OverrideSchema {
    /// Which guard rail. Nothing leads past `owner-floor` to an organization without an owner.
    pub(crate) guard: GuardCode,
    /// How far, for removals, reductions and escalations; absent is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub(crate) maximum: Option<u32>,
    /// Until when; a date is included.
    pub(crate) until: Instant,
    /// Why.
    pub(crate) reason: String,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
}
