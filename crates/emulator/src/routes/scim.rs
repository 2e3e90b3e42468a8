//! SCIM 2.0 (`SERVICE.md`, "SCIM 2.0"; RFC 7643 and RFC 7644): people as Users, teams as Groups.

use axum::http::{Method, header};
use serde_json::{Map, Value, json};

use super::{Reply, View, id};
use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::state::Actor;
use crate::transition::{Outcome, Transition};

mod body;
mod discovery;
mod list;
mod patch;
mod resource;

use resource::{GROUP, USER};

/// Where SCIM begins.
const ROOT: &str = "/api/app/scim/v2";

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Users,
    User(u64),
    Groups,
    Group(u64),
    ServiceProviderConfig,
    ResourceTypes,
    ResourceType(&'static str),
    Schemas,
    Schema(&'static str),
}

impl Endpoint {
    /// Reads what comes after the root.
    pub(super) fn parse(rest: &[&str]) -> Option<Self> {
        match rest {
            ["Users"] => Some(Self::Users),
            ["Users", user] => Some(Self::User(id(user)?)),
            ["Groups"] => Some(Self::Groups),
            ["Groups", group] => Some(Self::Group(id(group)?)),
            ["ServiceProviderConfig"] => Some(Self::ServiceProviderConfig),
            ["ResourceTypes"] => Some(Self::ResourceTypes),
            ["ResourceTypes", name] => {
                ["User", "Group"].into_iter().find(|known| known == name).map(Self::ResourceType)
            }
            ["Schemas"] => Some(Self::Schemas),
            ["Schemas", name] => {
                [USER, GROUP].into_iter().find(|known| known == name).map(Self::Schema)
            }
            _ => None,
        }
    }
}

/// Whether the path is one of SCIM's, whose authentication and errors are its own.
pub(crate) fn concerns(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A refusal as SCIM words it (RFC 7644, section 3.12).
pub(crate) fn refused(refusal: &Refusal) -> Answer {
    let kind = match refusal {
        Refusal::AlreadyMember | Refusal::TeamExists(_) => Some("uniqueness"),
        Refusal::InvalidFilter(_) => Some("invalidFilter"),
        Refusal::InvalidPath(_) => Some("invalidPath"),
        Refusal::InvalidEmail => Some("invalidValue"),
        Refusal::BadRequest(_) => Some("invalidSyntax"),
        _ => None,
    };
    let detail = match refusal {
        Refusal::NoSuchUser => "User not found".to_owned(),
        Refusal::NoSuchTeam => "Group not found".to_owned(),
        refusal => refusal.to_string(),
    };
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": refusal.status().to_string(),
        "detail": detail,
    });
    if let (Some(kind), Some(body)) = (kind, body.as_object_mut()) {
        body.insert("scimType".to_owned(), json!(kind));
    }
    let answer = Answer::scim(refusal.status(), &body);
    match refusal {
        Refusal::NoSuchToken => answer.with(header::WWW_AUTHENTICATE, "Bearer realm=\"Mixpanel\""),
        _ => answer,
    }
}

/// Carries out a write.
pub(super) fn write(
    endpoint: Endpoint,
    actor: &Actor,
    call: &Call,
    transition: Transition<'_>,
) -> Result<Outcome, Refusal> {
    match (&call.method, endpoint) {
        (&Method::POST, Endpoint::Users) => {
            transition.create_user(actor, &body::user(&call.scim_object()?)?)
        }
        (&Method::PUT, Endpoint::User(id)) => {
            transition.change_user(actor, id, &body::whole_user(&call.scim_object()?)?)
        }
        (&Method::PATCH, Endpoint::User(id)) => {
            transition.change_user(actor, id, &patch::user(&call.scim_object()?)?)
        }
        (&Method::DELETE, Endpoint::User(id)) => transition.delete_user(id),
        (&Method::POST, Endpoint::Groups) => {
            transition.create_group(actor, &body::group(&call.scim_object()?)?)
        }
        (&Method::PUT, Endpoint::Group(id)) => {
            transition.change_group(actor, id, &body::group(&call.scim_object()?)?)
        }
        (&Method::PATCH, Endpoint::Group(id)) => {
            transition.change_group(actor, id, &patch::group(&call.scim_object()?)?)
        }
        (&Method::DELETE, Endpoint::Group(id)) => transition.delete_group(actor, id),
        _ => Err(Refusal::MethodNotAllowed),
    }
}

impl View<'_> {
    /// Answers a GET.
    pub(super) fn scim(&self, endpoint: Endpoint, call: &Call) -> Result<Reply, Refusal> {
        let body = match endpoint {
            Endpoint::Users => {
                let filter = list::filter(call, &["userName", "id", "emails.value"])?;
                list::page(call, self.scim_users(filter.as_ref()))?
            }
            Endpoint::Groups => {
                let filter = list::filter(call, &["displayName", "id"])?;
                list::page(call, self.scim_groups(filter.as_ref()))?
            }
            Endpoint::User(id) => {
                let user = self.scim_user(id).ok_or(Refusal::NoSuchUser)?;
                Value::Object(list::chosen(call, user))
            }
            Endpoint::Group(id) => {
                let group = self.scim_group(id).ok_or(Refusal::NoSuchTeam)?;
                Value::Object(list::chosen(call, group))
            }
            Endpoint::ServiceProviderConfig => discovery::service_provider(self.base_url),
            Endpoint::ResourceTypes => list::page(call, discovery::resource_types(self.base_url))?,
            Endpoint::ResourceType(name) => {
                let known = discovery::named(discovery::resource_types(self.base_url), name);
                known.ok_or(Refusal::NoSuchEndpoint)?
            }
            Endpoint::Schema(name) => {
                let known = discovery::named(discovery::schemas(self.base_url), name);
                known.ok_or(Refusal::NoSuchEndpoint)?
            }
            Endpoint::Schemas => list::page(call, discovery::schemas(self.base_url))?,
        };
        Ok(Reply::Answer(Answer::scim(200, &body)))
    }

    /// A person who was made or changed.
    pub(super) fn scim_user_written(&self, id: u64, is_new: bool) -> Answer {
        written(self.scim_user(id), is_new, &Refusal::NoSuchUser)
    }

    /// A group that was made or changed.
    pub(super) fn scim_group_written(&self, id: u64, is_new: bool) -> Answer {
        written(self.scim_group(id), is_new, &Refusal::NoSuchTeam)
    }
}

fn written(resource: Option<Map<String, Value>>, is_new: bool, missing: &Refusal) -> Answer {
    let Some(resource) = resource else { return refused(missing) };
    let location = resource.get("meta").and_then(|meta| meta.get("location"));
    let location = location.and_then(Value::as_str).unwrap_or_default().to_owned();
    let answer = Answer::scim(if is_new { 201 } else { 200 }, &Value::Object(resource));
    if is_new { answer.with(header::LOCATION, location) } else { answer }
}
