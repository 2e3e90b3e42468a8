//! Who the credentials are (`SERVICE.md`, "Hosts and requests": "GET /api/app/me").

use std::collections::BTreeMap;

use mixaccess_model::{
    Actor, Email, OrganizationId, OrganizationRole, OwnGrant, ProjectId, ProjectRole, UserId,
};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{Answer, DecodeError, decode_value};
use crate::list::{Field, Words};
use crate::row::{organization_role, project_role};

/// What the service says about the credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Who they are.
    pub(crate) actor: Actor,
    /// What the organization is called.
    pub(crate) organization_name: Option<String>,
}

/// What to do where it is not certain that these are credentials of the organization.
pub(super) const ANOTHER: &str = "Check `organization.id` in the files, the region or MIXPANEL_BASE_URL, and whose credentials \
     MIXPANEL_SERVICE_ACCOUNT names; if all are right, the answer is not whole: run again later.";

/// Reads who the credentials are. What is missing of somebody in the organization stays unknown: it is a
/// note, not an error.
///
/// # Errors
/// When the answer is none, or does not list this organization: whatever else is read as somebody of
/// whom it is not known that they are in it may be another's, or not whole.
pub(super) fn decode(
    answer: &Answer,
    organization: OrganizationId,
) -> Result<Identity, DecodeError> {
    let value = decode_value(answer)?;
    let me = value.get("results").filter(|results| results.is_object()).unwrap_or(&value);
    let ours = own_organization(me, organization)
        .map_err(|problem| DecodeError::NotWhole { problem, hint: ANOTHER })?;
    let email = field(me, "user_email");
    let email = if email.is_nothing() { field(me, "email") } else { email };
    let user = field(me, "user_id");
    let user = if user.is_nothing() { field(me, "id") } else { user };
    let role = organization_role(&field(ours, "role"));
    let is_below_admin = role.is_some_and(|role| role < OrganizationRole::Admin);
    Ok(Identity {
        actor: Actor {
            email: email.word().map(Email::new),
            user: user.number().map(UserId),
            organization_role: role,
            service_account: None,
            projects: is_below_admin.then(|| project_roles(me)).flatten(),
        },
        organization_name: field(ours, "name").word().map(str::to_owned),
    })
}

/// Our organization among those the credentials reach: keyed by its number, or in an array.
///
/// # Errors
/// Says what is there instead, when it is not.
fn own_organization(me: &Value, organization: OrganizationId) -> Result<&Value, String> {
    let expected = format!("organization {organization} is expected under `organizations`");
    let number = |one: &Value| field(one, "id").number();
    let has_id = |one: &&Value| number(one) == Some(organization.0);
    let (found, count) = match me.get("organizations") {
        Some(Value::Object(by_id)) => {
            match by_id.get(&organization.to_string()) {
                Some(ours @ Value::Object(_)) => match number(ours) {
                    Some(other) if other != organization.0 => {
                        return Err(format!(
                            "it lists organization {other} under the number {organization}"
                        ));
                    }
                    Some(_) | None => return Ok(ours),
                },
                Some(_) => {
                    return Err(format!(
                        "it says nothing of organization {organization}, which it lists"
                    ));
                }
                None => {}
            }
            (by_id.values().find(has_id), by_id.len())
        }
        Some(Value::Array(list)) => (list.iter().find(has_id), list.len()),
        Some(_) => return Err(format!("its `organizations` are no list, and {expected}")),
        None if me.is_object() => return Err(format!("it names no organizations, and {expected}")),
        None => return Err(format!("it does not say who the credentials are, and {expected}")),
    };
    let plural = if count == 1 { "" } else { "s" };
    found.ok_or_else(|| format!("it lists {count} organization{plural}, and not {organization}"))
}

/// The role in each project that the credentials reach, keyed by number or in an array; nothing where
/// the answer has none, or does not tell every role.
fn project_roles(me: &Value) -> Option<Vec<OwnGrant>> {
    let read = |key: Option<&str>, one: &Value| {
        let number = field(one, "id").number().or_else(|| key?.parse().ok())?;
        let role = project_role(field(one, "role").word()?, &mut Words::default());
        Some((ProjectId(number), role))
    };
    let roles: Option<BTreeMap<ProjectId, Option<ProjectRole>>> = match me.get("projects")? {
        Value::Object(all) => all.iter().map(|(key, one)| read(Some(key), one)).collect(),
        Value::Array(all) => all.iter().map(|one| read(None, one)).collect(),
        _ => None,
    };
    let given = |(project, role): (_, Option<_>)| Some(OwnGrant { project, role: role? });
    Some(roles?.into_iter().filter_map(given).collect())
}

fn field<'a>(object: &'a Value, key: &str) -> Field<'a> {
    object.get(key).and_then(|value| Field::deserialize(value).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn answered(body: &str) -> Result<Identity, DecodeError> {
        let answer = Answer {
            status: StatusCode::OK,
            retry_after: None,
            date: None,
            body: body.as_bytes().to_vec(),
        };
        decode(&answer, OrganizationId(7))
    }

    fn me(body: &str) -> Identity {
        answered(body).unwrap()
    }

    #[test]
    fn organizations_without_ours_are_not_believed() {
        for (organizations, count) in [
            (r#"{"8":{"id":8,"name":"No","role":"owner"}}"#, "1 organization,"),
            (r#"[{"id":8,"role":"owner"},{"id":"70"}]"#, "2 organizations,"),
            ("{}", "0 organizations,"),
            ("[]", "0 organizations,"),
        ] {
            let body = format!(r#"{{"results":{{"user_id":5,"organizations":{organizations}}}}}"#);
            match answered(&body).unwrap_err() {
                DecodeError::NotWhole { problem, hint } => {
                    assert!(problem.contains(count) && problem.contains("not 7"), "{problem}");
                    assert!(hint.contains("organization.id"));
                }
                other => panic!("{other:?}"),
            }
        }
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
    fn whoever_is_below_admin_is_told_the_projects() {
        let projects = |role: &str, projects: &str| {
            let ours = format!(r#"{{"7":{{"role":"{role}"}}}}"#);
            let body = format!(r#"{{"organizations":{ours},"projects":{projects}}}"#);
            let told = me(&body).actor.projects?;
            Some(told.iter().map(|one| format!("{} {}", one.project, one.role)).collect::<Vec<_>>())
        };
        let known = Some(vec!["11 admin".to_owned(), "12 consumer".to_owned()]);
        for all in [
            r#"{"12":{"role":"viewer"},"11":{"name":"Web","role":"Admin"},"13":{"role":"none"}}"#,
            r#"[{"id":"12","role":"consumer"},{"id":11,"role":"admin"}]"#,
        ] {
            assert_eq!(projects("member", all), known, "{all}");
            assert_eq!(projects("billing_admin", all), known, "{all}");
            assert_eq!(projects("admin", all), None, "{all}");
        }
        assert_eq!(projects("member", "{}"), Some(vec![]));
        for unknown in ["null", "7", r#"{"11":{"role":"admin"},"12":{}}"#, r#"[{"role":"admin"}]"#]
        {
            assert_eq!(projects("member", unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_answer_that_does_not_say_that_we_are_in_it_is_not_believed() {
        for (body, expected) in [
            ("{}", "names no organizations"),
            ("[]", "does not say who the credentials are"),
            ("null", "does not say who the credentials are"),
            ("7", "does not say who the credentials are"),
            (r#"{"status":"ok","results":null}"#, "names no organizations"),
            (r#"{"status":"ok","results":{}}"#, "names no organizations"),
            (r#"{"results":{"user_email":"ci@acme.example","user_id":5}}"#, "names no"),
            (r#"{"results":{"user_id":5,"organizations":null}}"#, "are no list"),
            (r#"{"results":{"organizations":"7"}}"#, "are no list"),
            (r#"{"results":{"organizations":7}}"#, "are no list"),
            (r#"{"results":{"organizations":{"7":null}}}"#, "says nothing of organization 7"),
            (r#"{"results":{"organizations":{"7":"owner"}}}"#, "says nothing of organization 7"),
            (r#"{"results":{"organizations":{"7":{"id":8,"role":"owner"}}}}"#, "organization 8"),
            (r#"{"results":{"organizations":[null,{"name":"7"}]}}"#, "2 organizations, and not 7"),
        ] {
            match answered(body).unwrap_err() {
                DecodeError::NotWhole { problem, hint } => {
                    assert!(problem.contains(expected), "{body}: {problem}");
                    assert!(problem.contains('7') && hint.contains("organization.id"), "{body}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_missing_of_somebody_in_it_stays_unknown() {
        for ours in [r#"{"7":{"role":"emperor"}}"#, r#"{"7":{}}"#, r#"[{"id":"7","role":null}]"#] {
            for rest in ["", r#","user_id":null,"user_email":"""#] {
                let body = format!(r#"{{"results":{{"organizations":{ours}{rest}}}}}"#);
                assert_eq!(me(&body), Identity::default(), "{body}");
            }
        }
    }
}
