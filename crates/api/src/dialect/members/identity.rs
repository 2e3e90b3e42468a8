//! Who the credentials are (`mixpanel-api.md`, `GET /api/app/me`).

use mixaccess_model::{Actor, Email, OrganizationId, UserId};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{Answer, DecodeError, decode_value};
use crate::list::Field;
use crate::row::organization_role;

/// What the service says about the credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Who they are.
    pub(crate) actor: Actor,
    /// What the organization is called.
    pub(crate) organization_name: Option<String>,
}

/// Reads who the credentials are. What is missing stays unknown: it is a note, not an error.
pub(super) fn decode(
    answer: &Answer,
    organization: OrganizationId,
) -> Result<Identity, DecodeError> {
    let value = decode_value(answer)?;
    let me = value.get("results").filter(|results| results.is_object()).unwrap_or(&value);
    let ours = me.get("organizations").and_then(|all| find(all, organization));
    let email = field(me, "user_email");
    let email = if email.is_nothing() { field(me, "email") } else { email };
    let user = field(me, "user_id");
    let user = if user.is_nothing() { field(me, "id") } else { user };
    Ok(Identity {
        actor: Actor {
            email: email.word().map(Email::new),
            user: user.number().map(UserId),
            organization_role: ours.and_then(|ours| organization_role(&field(ours, "role"))),
            service_account: None,
        },
        organization_name: ours.and_then(|ours| field(ours, "name").word().map(str::to_owned)),
    })
}

/// Our organization among those the credentials reach: keyed by its number, or in an array.
fn find(all: &Value, organization: OrganizationId) -> Option<&Value> {
    let has_id = |one: &&Value| field(one, "id").number() == Some(organization.0);
    match all {
        Value::Object(by_id) => {
            by_id.get(&organization.to_string()).or_else(|| by_id.values().find(has_id))
        }
        Value::Array(list) => list.iter().find(has_id),
        _ => None,
    }
}

fn field<'a>(object: &'a Value, key: &str) -> Field<'a> {
    object.get(key).and_then(|value| Field::deserialize(value).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use mixaccess_model::OrganizationRole;
    use reqwest::StatusCode;

    use super::*;

    fn me(body: &str) -> Identity {
        let answer = Answer {
            status: StatusCode::OK,
            retry_after: None,
            date: None,
            body: body.as_bytes().to_vec(),
        };
        decode(&answer, OrganizationId(7)).unwrap()
    }

    #[test]
    fn finds_our_organization_in_any_shape() {
        for body in [
            r#"{"status":"ok","results":{"user_email":"ci@acme.example","user_id":5,"organizations":{"7":{"id":7,"name":"Acme","role":"Owner"},"8":{"id":8,"name":"No","role":"member"}}}}"#,
            r#"{"results":{"user_email":"ci@acme.example","user_id":"5","organizations":[{"id":8,"role":"member"},{"id":"7","name":"Acme","role":"owner"}]}}"#,
            r#"{"email":"ci@acme.example","id":5,"organizations":{"x":{"id":7,"name":"Acme","role":"owner"}}}"#,
        ] {
            let identity = me(body);
            assert_eq!(identity.actor.email.unwrap().as_str(), "ci@acme.example");
            assert_eq!(identity.actor.user, Some(UserId(5)));
            assert_eq!(identity.actor.organization_role, Some(OrganizationRole::Owner));
            assert_eq!(identity.organization_name.as_deref(), Some("Acme"));
        }
    }

    #[test]
    fn what_is_missing_stays_unknown() {
        for body in [
            "{}",
            "[]",
            r#"{"status":"ok","results":null}"#,
            r#"{"results":{"organizations":{"8":{"id":8,"name":"No","role":"owner"}}}}"#,
            r#"{"results":{"organizations":{"7":{"role":"emperor"}}}}"#,
            r#"{"results":{"organizations":{"7":null},"user_id":null,"user_email":""}}"#,
            r#"{"results":{"organizations":"none"}}"#,
        ] {
            assert_eq!(me(body), Identity::default(), "{body}");
        }
    }
}
