//! The JSON Schema of the files, for editors and for whoever generates such files.
//!
//! The types below say what may be written, once more and as data: the reader itself collects every
//! problem and points at it, which no derived reader does. A test holds both against each other.

pub(crate) mod organization;
mod policy;
pub(crate) mod service_account;
pub(crate) mod team;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use mixaccess_model::{ManagedBy, OrganizationRole, State};

pub(crate) use organization::{OrganizationSchema, ProjectSchema};

/// Keys of the user's, sorted.
pub(crate) type Map<T> = BTreeMap<String, T>;

/// The JSON Schema of one file.
pub fn schema() -> serde_json::Value {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<AccessFile>();
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.insert("title".to_owned(), "mixaccess files".into());
    }
    value
}

/// One file of an organization's access tree. Each key may stand in any of the files, and the same
/// project, group, profile or collaborator in one of them only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessFile {
    /// The organization all files are about; in one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<OrganizationSchema>,
    /// Projects, by the key that files use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) projects: Option<Map<ProjectSchema>>,
    /// Groups of projects, by the key that files use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) project_groups: Option<Map<Vec<String>>>,
    /// Standard engagements, written once and named by collaborators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) profiles: Option<Map<ProfileSchema>>,
    /// People, by their address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) collaborators: Option<Map<Option<CollaboratorSchema>>>,
    /// Teams, by the key that files use. Without this key, teams are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) teams: Option<Map<Option<team::TeamSchema>>>,
    /// Service accounts, by the key that files use. Without this key, they are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service_accounts: Option<Map<Option<service_account::ServiceAccountSchema>>>,
    /// The guard rails; in one of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<policy::PolicySchema>,
}

/// A standard engagement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Profile")]
pub(crate) struct ProfileSchema {
    /// The organization role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_role: Option<OrganizationRoleForm>,
    /// Roles by project, project group, or `*` for every project.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) projects: Map<GrantForm>,
}

/// A person, and what they should have. A declared project that is not mentioned means no access.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Collaborator")]
pub(crate) struct CollaboratorSchema {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// A standard engagement, which everything written here comes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// The organization role; `member` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_role: Option<OrganizationRoleForm>,
    /// Roles by project, project group, or `*` for every project.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) projects: Map<GrantForm>,
    /// What changes with time. One phase is active: the last whose `from` has come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) phases: Vec<PhaseSchema>,
    /// All of the declared teams that the person is in. Left out, it is those that name the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) teams: Option<Vec<String>>,
    /// Whether the person should be there: `active` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    /// Who manages the account: `mixpanel` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) managed_by: Option<ManagedBy>,
    /// Words that rules can name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) tags: Vec<String>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requested_by: Option<String>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
}

/// A part of an engagement, from a date on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Phase")]
pub(crate) struct PhaseSchema {
    /// Its name.
    pub(crate) name: String,
    /// When it begins.
    pub(crate) from: Instant,
    /// The organization role while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_role: Option<OrganizationRoleForm>,
    /// Roles by project, project group, or `*` for every project, while it is active.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) projects: Map<GrantForm>,
    /// Whether the person should be there while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requested_by: Option<String>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
}

/// A date (the whole day in the organization's time zone), a time in that zone, or a time with its
/// offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Instant(
    #[schemars(regex(
        pattern = r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?)?$"
    ))]
    pub(crate) String,
);

/// A project role: owner, admin, analyst, consumer (or viewer), none, or a custom role of the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RoleWord(pub(crate) String);

impl JsonSchema for RoleWord {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProjectRole".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A project role, or the name of a custom role that the project lists. `none` is no access, `viewer` is consumer.",
            "anyOf": [
                { "enum": ["owner", "admin", "analyst", "consumer", "viewer", "none"] },
                { "type": "string", "minLength": 1 }
            ]
        })
    }
}

/// A project role, alone or with its terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Grant")]
pub(crate) enum GrantForm {
    /// The role alone.
    Short(RoleWord),
    /// The role, when it counts and why.
    Long(Terms<RoleWord>),
}

/// A role, when it counts and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "{R}Terms")]
pub(crate) struct Terms<R> {
    /// The role.
    pub(crate) role: R,
    /// When it begins to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Instant>,
    /// Until when it counts; a date is included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Instant>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requested_by: Option<String>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
}

/// An organization role, alone or with its terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "OrganizationRoleGrant")]
pub(crate) enum OrganizationRoleForm {
    /// The role alone.
    Short(OrganizationRole),
    /// The role, when it counts and why.
    Long(Terms<OrganizationRole>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_and_the_reader_know_the_same_keys() {
        let schema = schema();
        for (name, keys) in crate::decode::KEYS {
            let object = if name.is_empty() { &schema } else { &schema["definitions"][name] };
            let mut known: Vec<&str> = keys.to_vec();
            known.sort_unstable();
            let mut described: Vec<&str> =
                object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            described.sort_unstable();
            assert_eq!(described, known, "{name}");
            assert_eq!(object["additionalProperties"], serde_json::Value::Bool(false), "{name}");
        }
    }

    #[test]
    fn valid_files_fit_the_types_of_the_schema() {
        for text in [
            include_str!("../../tests/corpus/valid/design.yaml"),
            include_str!("../../tests/corpus/valid/policy.yaml"),
            include_str!("../../tests/corpus/valid/organization.yaml"),
            include_str!("../../tests/corpus/valid/teams.yaml"),
        ] {
            let file: AccessFile = serde_yaml::from_str(text).unwrap();
            let again: AccessFile =
                serde_yaml::from_str(&serde_yaml::to_string(&file).unwrap()).unwrap();
            assert_eq!(file, again);
        }
    }
}
