//! How much a role allows, whatever kind of role it is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CustomRole, OrganizationRole, ProjectRole};

/// How much a role allows. Organization and project roles stand in one order, the stronger one greater.
///
/// A custom role has the power of its `at_most`. Without one its power is unknown, and it is judged as
/// [`Power::OF_UNKNOWN`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Organization member: nothing of its own.
    Member,
    /// Project consumer.
    Consumer,
    /// Project analyst.
    Analyst,
    /// Organization billing admin.
    BillingAdmin,
    /// Project admin.
    ProjectAdmin,
    /// Project owner.
    ProjectOwner,
    /// Organization admin.
    OrganizationAdmin,
    /// Organization owner.
    OrganizationOwner,
}

impl Power {
    /// Every power, strongest first.
    pub const ALL: [Self; 8] = [
        Self::OrganizationOwner,
        Self::OrganizationAdmin,
        Self::ProjectOwner,
        Self::ProjectAdmin,
        Self::BillingAdmin,
        Self::Analyst,
        Self::Consumer,
        Self::Member,
    ];
    /// What a custom role of which nobody says how much it allows is judged as.
    pub const OF_UNKNOWN: Self = Self::ProjectOwner;

    /// The word used in files, plans and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrganizationOwner => "organization_owner",
            Self::OrganizationAdmin => "organization_admin",
            Self::ProjectOwner => "project_owner",
            Self::ProjectAdmin => "project_admin",
            Self::BillingAdmin => "billing_admin",
            Self::Analyst => "analyst",
            Self::Consumer => "consumer",
            Self::Member => "member",
        }
    }

    /// Reads the word, or nothing when it is no power.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|power| power.as_str() == word)
    }

    /// The power of a role in a project with these custom roles; nothing where it is unknown.
    pub fn of_project_role(role: &ProjectRole, custom: &[CustomRole]) -> Option<Self> {
        let standard = match role {
            ProjectRole::Custom(name) => {
                custom.iter().find(|one| one.name == *name)?.at_most.as_ref()?
            }
            ProjectRole::Consumer
            | ProjectRole::Analyst
            | ProjectRole::Admin
            | ProjectRole::Owner => role,
        };
        match standard {
            ProjectRole::Consumer => Some(Self::Consumer),
            ProjectRole::Analyst => Some(Self::Analyst),
            ProjectRole::Admin => Some(Self::ProjectAdmin),
            ProjectRole::Owner => Some(Self::ProjectOwner),
            ProjectRole::Custom(_) => None,
        }
    }

    /// Whether it lets somebody give access to others: owners and admins of the organization and of
    /// projects.
    pub const fn governs(self) -> bool {
        match self {
            Self::OrganizationOwner
            | Self::OrganizationAdmin
            | Self::ProjectOwner
            | Self::ProjectAdmin => true,
            Self::BillingAdmin | Self::Analyst | Self::Consumer | Self::Member => false,
        }
    }
}

impl From<OrganizationRole> for Power {
    fn from(role: OrganizationRole) -> Self {
        match role {
            OrganizationRole::Owner => Self::OrganizationOwner,
            OrganizationRole::Admin => Self::OrganizationAdmin,
            OrganizationRole::BillingAdmin => Self::BillingAdmin,
            OrganizationRole::Member => Self::Member,
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_in_one_order_of_organization_and_project_roles() {
        assert!(Power::ALL.is_sorted_by(|stronger, weaker| stronger > weaker));
        for power in Power::ALL {
            assert_eq!(Power::parse(power.as_str()), Some(power));
            assert_eq!(serde_json::to_value(power).unwrap(), power.as_str());
            assert_eq!(power.governs(), power > Power::BillingAdmin, "{power}");
        }
        assert_eq!(Power::parse("owner"), None);
        let of = OrganizationRole::ALL.map(|role| Power::from(role).as_str());
        assert_eq!(of, ["member", "billing_admin", "organization_admin", "organization_owner"]);
    }

    #[test]
    fn a_custom_role_has_the_power_of_what_it_is_at_most() {
        let custom = |name: &str, at_most: Option<&str>| match ProjectRole::parse(name) {
            ProjectRole::Custom(name) => {
                CustomRole { name, at_most: at_most.map(ProjectRole::parse) }
            }
            standard => unreachable!("{standard} is no custom role"),
        };
        let roles = [
            custom("Tagger", Some("analyst")),
            custom("Loose", None),
            custom("Crafted", Some("Tagger")),
        ];
        for (role, expected) in [
            ("owner", Some(Power::ProjectOwner)),
            ("admin", Some(Power::ProjectAdmin)),
            ("analyst", Some(Power::Analyst)),
            ("viewer", Some(Power::Consumer)),
            ("Tagger", Some(Power::Analyst)),
            ("Loose", None),
            ("Crafted", None),
            ("Undeclared", None),
        ] {
            assert_eq!(Power::of_project_role(&ProjectRole::parse(role), &roles), expected);
        }
    }
}
