//! `organization:` and `projects:` as they may be written.

use mixaccess_model::{ProviderKind, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::OneOrMore;

/// The organization that the files are about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Organization")]
pub(crate) struct OrganizationSchema {
    /// Mixpanel's number.
    #[schemars(range(min = 1))]
    pub(crate) id: u64,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Where its data lives, and so which of Mixpanel's own hosts is asked; `us` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Region>,
    /// The set of endpoints to use; `members` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<ApiSchema>,
    /// Who manages people through SCIM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity_provider: Option<IdentityProviderForm>,
    /// IANA name of the time zone in which a date is a whole day; `UTC` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
}

/// A set of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Api")]
pub(crate) enum ApiSchema {
    /// The member endpoints, one write for each change.
    Members,
    /// The organization verbs, many grants in one call.
    App,
    /// Whichever the organization is found to answer.
    Auto,
}

/// An identity provider, alone or with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum IdentityProviderForm {
    /// Which product.
    Short(ProviderKind),
    /// Which product, and how it is set up.
    Long(IdentityProviderSchema),
}

/// An identity provider, and how it is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IdentityProvider")]
pub(crate) struct IdentityProviderSchema {
    /// Which product.
    pub(crate) provider: ProviderKind,
    /// Claimed e-mail domains: SCIM reaches only their people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) domains: Option<OneOrMore<String>>,
    /// How its groups are named, with `[Project]` and `[Role]` once each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"\[(Project|Role)\].*\[(Project|Role)\]"))]
    pub(crate) group_name: Option<String>,
    /// How long a change takes to arrive, at most: a number and m, h or d; `1h` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^\d+[mhd]$"))]
    pub(crate) propagation: Option<String>,
}

/// A project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Project")]
pub(crate) struct ProjectSchema {
    /// Mixpanel's number.
    #[schemars(range(min = 1))]
    pub(crate) id: u64,
    /// Its environment, such as `production`; rules can name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// The word that stands for it in names of groups at the identity provider; its key by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    /// The custom roles that exist in it, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) custom_roles: Option<Vec<CustomRoleForm>>,
}

/// A custom role, alone or with what it counts as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum CustomRoleForm {
    /// Its name; it is not ordered against the standard roles.
    Short(String),
    /// Its name, and what it counts as.
    Long(CustomRoleSchema),
}

/// A custom role, and what it counts as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CustomRole")]
pub(crate) struct CustomRoleSchema {
    /// Its name.
    pub(crate) name: String,
    /// The standard role that it counts as where an order matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_most: Option<StandardRole>,
}

/// A standard project role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StandardRole {
    /// Super user of the project.
    Owner,
    /// Manages the project and its people.
    Admin,
    /// Creates and edits reports.
    Analyst,
    /// Reads.
    Consumer,
    /// The same as consumer.
    Viewer,
}
