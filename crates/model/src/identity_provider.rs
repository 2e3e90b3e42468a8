//! The identity provider that manages people through SCIM, as declared and as it is.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, OrganizationRole, Position, ProjectRef, ProjectRole, Reason, Subject};

/// A product that manages people, by single sign-on and SCIM.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Okta.
    Okta,
    /// Microsoft Entra ID, formerly Azure AD.
    Entra,
    /// OneLogin.
    Onelogin,
}

impl ProviderKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Okta, Self::Entra, Self::Onelogin];

    /// The word used in files and plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Onelogin => "onelogin",
        }
    }

    /// The product's name, for sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
            Self::Onelogin => "OneLogin",
        }
    }

    /// Reads the word, or nothing when it is no provider we know.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The identity provider as the files declare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredIdentityProvider {
    /// Which product.
    pub provider: ProviderKind,
    /// Claimed e-mail domains, lower case, sorted: SCIM reaches only their people.
    pub domains: Vec<Arc<str>>,
    /// How groups are named, with `[Project]` and `[Role]` in it, such as `Mixpanel-[Project]-[Role]`.
    pub group_name: Option<Arc<str>>,
    /// How long a change takes to arrive, at most.
    pub propagation: SignedDuration,
    /// Where it is declared.
    pub position: Position,
}

/// What SCIM answered: whom the identity provider knows, and what was done about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveIdentityProvider {
    /// Everybody the identity provider knows, sorted by address; absent when it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<ScimUser>>,
    /// Its groups, sorted by name; absent when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<ScimGroup>>,
    /// What SCIM did, oldest first; absent when the service does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Vec<ScimEvent>>,
}

/// Somebody the identity provider knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimUser {
    /// The address (`userName`).
    pub email: Email,
    /// The SCIM id.
    pub id: Arc<str>,
    /// Whether the account is active there.
    pub active: bool,
}

/// A group of the identity provider: a Mixpanel team of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimGroup {
    /// Its name (`displayName`).
    pub name: Arc<str>,
    /// The SCIM id.
    pub id: Arc<str>,
    /// Its people, as far as their ids are known, sorted.
    pub members: Vec<Email>,
}

/// Something that SCIM did to somebody, as its log tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimEvent {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub email: Email,
    /// What: `USER_CREATED`, `USER_UPDATED`, `USER_ROLE_CHANGED` or `USER_DEPROVISIONED`.
    pub event: Arc<str>,
}

/// What a human has to change at the identity provider, because whatever is written to Mixpanel would
/// be put back at the next sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualChange {
    /// Whose access: a person, or a team whose people are managed there.
    pub subject: Subject,
    /// Which product; absent when the files declare none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderKind>,
    /// What is to be done there.
    pub task: ManualTask,
    /// What it brings about, and what asks for it.
    pub effects: Vec<ManualEffect>,
    /// The steps, one sentence each, in order.
    pub steps: Vec<String>,
}

/// What is to be done at the identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ManualTask {
    /// Change the groups somebody is in.
    ChangeGroups {
        /// Groups to join, sorted.
        join: Vec<Arc<str>>,
        /// Groups to leave, sorted.
        leave: Vec<Arc<str>>,
    },
    /// Assign the application to somebody who is not there yet, with these groups.
    Provision {
        /// Groups to join, sorted.
        join: Vec<Arc<str>>,
    },
    /// Take the application away from somebody.
    Deprovision,
    /// See to it that somebody who is gone there already leaves Mixpanel as well.
    CheckDeprovisioning,
    /// Change the people of a group.
    ChangePeople {
        /// Who should be in it, sorted.
        add: Vec<Email>,
        /// Who should not be in it, sorted.
        remove: Vec<Email>,
    },
}

/// One difference that a manual change mends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualEffect {
    /// The project; absent for the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectRef>,
    /// The role until now, as a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EffectRole>,
    /// The role from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EffectRole>,
    /// What asks for it.
    pub reason: Reason,
}

/// A role in the organization or in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectRole {
    /// In the organization.
    Organization(OrganizationRole),
    /// In a project.
    Project(ProjectRole),
}
