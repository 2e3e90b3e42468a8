//! The guard rails as values: limits that a plan may not cross without being told so explicitly.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{OrganizationRole, Pattern, Place, ProjectKey, ProjectRole};

/// The guard rails of one organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How many owners must remain.
    pub owners: Owners,
    /// People whom no plan may touch.
    pub protected: Vec<Pattern>,
    /// How many people may lose everything in one plan.
    pub removals: Removals,
    /// How many individual grants may be lowered or removed in one plan.
    pub reductions: Reductions,
    /// What may be handed out in one plan.
    pub escalations: Escalations,
    /// Whether every change needs an approver who is not the requester.
    pub separation_of_duties: bool,
    /// Which changes need a ticket; absent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Requirement>,
    /// Which changes need a reason; absent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Requirement>,
    /// What nobody may hold.
    pub rules: Vec<Rule>,
    /// What happens to live people who are not in the files.
    pub unmanaged: Unmanaged,
    /// What happens where somebody effectively has more than is declared.
    #[serde(default)]
    pub effective_above_declared: EffectiveAboveDeclared,
    /// What may be changed through SCIM.
    #[serde(default)]
    pub scim: ScimPolicy,
    /// What happens to invitations that wait.
    #[serde(default)]
    pub invitations: InvitationPolicy,
    /// How old a plan may be when it is applied, in seconds.
    pub plan_max_age_seconds: PlanMaxAge,
    /// Ways past a guard rail that were reviewed with the files.
    pub overrides: Vec<Override>,
}

/// What happens where somebody effectively has more than is declared, through a team, the
/// organization role or all-users.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EffectiveAboveDeclared {
    /// It is told.
    #[default]
    Report,
    /// It is an error.
    Refuse,
}

/// What may be changed through SCIM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimPolicy {
    /// Whether membership of groups may be written.
    pub write: bool,
}

/// What happens to invitations that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationPolicy {
    /// Whether a plan sends a reminder for an invitation that waits for 72 hours or longer.
    pub remind: bool,
}

/// Seconds that a plan stays valid; 24 hours by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PlanMaxAge(pub u64);

impl Default for PlanMaxAge {
    fn default() -> Self {
        Self(24 * 60 * 60)
    }
}

/// `owner-floor`: at least one owner, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owners {
    /// How many accepted owners must remain at every step; never below 1.
    pub minimum: u32,
    /// Whether the files set the minimum; only then does falling short of a minimum above 1 refuse.
    pub set: bool,
}

impl Default for Owners {
    fn default() -> Self {
        Self { minimum: 1, set: false }
    }
}

/// `removals`: the smaller of both limits counts, and at least one removal is always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Removals {
    /// At most so many people.
    pub people: u32,
    /// At most this share of the members, in percent.
    pub percent: u32,
}

impl Default for Removals {
    fn default() -> Self {
        Self { people: 10, percent: 25 }
    }
}

/// `reductions`: removed and lowered individual grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reductions {
    /// At most this share of the individual grants, in percent; at least one is always allowed.
    pub percent: u32,
}

impl Default for Reductions {
    fn default() -> Self {
        Self { percent: 30 }
    }
}

/// `escalations`: what may be handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalations {
    /// Whether the organization owner role may be granted (`allow: [organization_owner]`).
    pub allow_organization_owner: bool,
    /// At most so many grants of organization admin, project owner and project admin together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
}

/// Which changes need a ticket or a reason. With both lists empty, every change does; otherwise
/// those that give a listed role or a stronger one, or touch a project in a listed environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Roles, organization and project ones alike, by their words. Whoever is given one of these or a
    /// stronger one needs it; what only takes away does not. A custom role without `at_most` is judged
    /// as project owner.
    pub roles: Vec<String>,
    /// Environments of projects.
    pub environments: Vec<String>,
}

/// `rule`: something nobody may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What is denied: a role that matches every given condition.
    pub deny: RuleMatch,
    /// Why, as the reviewer will read it.
    pub because: String,
    /// Where the rule stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The conditions of a rule; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleMatch {
    /// The person's domain is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domain: Vec<String>,
    /// The person's domain is none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// The person carries one of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// The project is in one of these environments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// The project is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project: Vec<ProjectKey>,
    /// The project role is one of these or a stronger one, through their own grant, a team or all users.
    /// Organization owners and admins are stronger than any. A custom role has the power of its
    /// `at_most`, and without one that of the project's owner; one that is named here is denied with
    /// every stronger role, and not with its equals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub role: Vec<ProjectRole>,
    /// The organization role is one of these or a stronger one: owner, admin, billing_admin, member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organization_role: Vec<OrganizationRole>,
}

/// What happens to live people who are not in the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmanaged {
    /// What to plan for them.
    pub action: UnmanagedAction,
    /// Whom to leave alone without a word.
    pub ignore: Vec<Pattern>,
}

/// What to plan for an unmanaged person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnmanagedAction {
    /// Nothing: say that they are there.
    #[default]
    Report,
    /// Lowest organization role, no projects.
    Suspend,
    /// Remove from the organization.
    Remove,
}

/// The stable code of a guard rail.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GuardCode {
    /// At least so many owners, always.
    OwnerFloor,
    /// People whom no plan may touch.
    Protected,
    /// People who lose everything.
    Removals,
    /// Grants that are lowered or removed.
    Reductions,
    /// Powerful roles that are handed out.
    Escalations,
    /// Who asked and who approved.
    SeparationOfDuties,
    /// A ticket is missing.
    Ticket,
    /// A reason is missing.
    Reason,
    /// A rule of the policy denies it.
    Rule,
    /// The files name suspiciously few people.
    Tiny,
    /// The plan is too old.
    PlanAge,
}

impl GuardCode {
    /// Every guard rail.
    pub const ALL: [Self; 11] = [
        Self::OwnerFloor,
        Self::Protected,
        Self::Removals,
        Self::Reductions,
        Self::Escalations,
        Self::SeparationOfDuties,
        Self::Ticket,
        Self::Reason,
        Self::Rule,
        Self::Tiny,
        Self::PlanAge,
    ];

    /// The code as it is written in files, options and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnerFloor => "owner-floor",
            Self::Protected => "protected",
            Self::Removals => "removals",
            Self::Reductions => "reductions",
            Self::Escalations => "escalations",
            Self::SeparationOfDuties => "separation-of-duties",
            Self::Ticket => "ticket",
            Self::Reason => "reason",
            Self::Rule => "rule",
            Self::Tiny => "tiny",
            Self::PlanAge => "plan-age",
        }
    }

    /// Reads a code, or nothing when there is no such guard rail.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// Whether an override of this guard rail takes a number (`--allow CODE=N`, `maximum:`).
    pub const fn takes_maximum(self) -> bool {
        matches!(self, Self::Removals | Self::Reductions | Self::Escalations)
    }
}

impl fmt::Display for GuardCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A named way past one guard rail, from the files or from `--allow`, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Which guard rail.
    pub guard: GuardCode,
    /// How far: people for `removals`, grants for `reductions` and `escalations`; absent is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
    /// Last instant at which it is valid; absent is for this plan only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who gave it.
    pub origin: OverrideOrigin,
}

/// Where an override was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OverrideOrigin {
    /// In `policy.overrides`.
    Files {
        /// Where.
        place: Place,
    },
    /// With `--allow`.
    CommandLine,
}
