//! Changing who is in a group.

use mixaccess_model::Email;
use reqwest::Method;
use serde_json::{Value, json};

use super::Scim;
use super::find::quoted;
use crate::answer::{Answer, DecodeError, decode_value};
use crate::request::{Endpoint, Request};
use crate::{ApiError, ErrorKind};

const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

impl Scim {
    /// Makes somebody a member of a group, or no member: by changing that one member where the server
    /// can, else by putting the whole group back.
    ///
    /// # Errors
    /// When the identity provider does not know the person or the group, or the change fails.
    pub(crate) async fn change_group(
        &self,
        group: &str,
        email: &Email,
        member: bool,
    ) -> Result<(), ApiError> {
        let features = self.features().await?;
        let user = self.user_id(email).await?;
        let id = self.group_id(group).await?;
        let result = if features.patch {
            self.patch(&id, &user, member).await
        } else {
            self.replace(&id, &user, member).await
        };
        if result.as_ref().is_err_and(ApiError::is_missing) {
            self.forget_group(group);
        }
        result
    }

    async fn patch(&self, group: &str, user: &str, member: bool) -> Result<(), ApiError> {
        let operation = if member {
            json!({ "op": "add", "path": "members", "value": [{ "value": user }] })
        } else {
            json!({ "op": "remove", "path": format!("members[value eq {}]", quoted(user)) })
        };
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] });
        let url = self.group_url(group);
        let request = Request::write(Endpoint::ChangeGroup, Method::PATCH, url, Some(body));
        match self.transport.write(&request).await {
            Err(error) if !member && is_no_target(&error) => Ok(()),
            result => result,
        }
    }

    /// Puts the whole group back with the one change. The service's own mark of what was read goes with
    /// it, so that it refuses where somebody else was faster.
    async fn replace(&self, group: &str, user: &str, member: bool) -> Result<(), ApiError> {
        let _alone = self.whole_group.lock().await;
        let url = self.group_url(group);
        let reading = Request::get(Endpoint::ScimGroups, url.clone());
        let mut resource = self.transport.read(&reading, decode).await?;
        let version = resource.get("meta").and_then(|meta| meta.get("version"));
        let version = version.and_then(Value::as_str).map(str::to_owned);
        if !with_member(&mut resource, user, member) {
            return Ok(());
        }
        let writing = Request::write(Endpoint::ChangeGroup, Method::PUT, url, Some(resource));
        self.transport.write(&Request { version, ..writing }).await
    }

    fn group_url(&self, group: &str) -> reqwest::Url {
        let mut url = self.url("/Groups");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(group);
        }
        url
    }
}

/// Whether the server says that there was nothing to remove (RFC 7644, section 3.12).
fn is_no_target(error: &ApiError) -> bool {
    error.kind == ErrorKind::Permanent
        && error.status == Some(400)
        && error.message.ends_with("(noTarget)")
}

fn decode(answer: &Answer) -> Result<Value, DecodeError> {
    match decode_value(answer)? {
        group @ Value::Object(_) => Ok(group),
        _ => Err(DecodeError::Unreadable("the answer is no SCIM group".to_owned())),
    }
}

/// Changes the one member; says whether that changed anything.
fn with_member(group: &mut Value, user: &str, member: bool) -> bool {
    let Some(fields) = group.as_object_mut() else { return false };
    fields.remove("meta");
    let members = fields.entry("members").or_insert_with(|| json!([]));
    if !members.is_array() {
        *members = json!([]);
    }
    let Some(members) = members.as_array_mut() else { return false };
    let is_user = |one: &Value| match one.get("value") {
        Some(Value::String(id)) => id == user,
        Some(Value::Number(id)) => id.to_string() == user,
        _ => false,
    };
    let is_member = members.iter().any(is_user);
    if is_member == member {
        return false;
    }
    if member {
        members.push(json!({ "value": user }));
    } else {
        members.retain(|one| !is_user(one));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_member_changes() {
        let group = json!({
            "displayName": "Growth", "externalId": "x", "meta": { "version": "W/1" },
            "members": [{ "value": "1", "display": "a@x.example" }, { "value": 2 }],
        });
        for (user, member, expected) in [
            (
                "3",
                true,
                Some(
                    json!([{ "value": "1", "display": "a@x.example" }, { "value": 2 }, { "value": "3" }]),
                ),
            ),
            ("1", false, Some(json!([{ "value": 2 }]))),
            ("2", false, Some(json!([{ "value": "1", "display": "a@x.example" }]))),
            ("2", true, None),
            ("3", false, None),
        ] {
            let mut changed = group.clone();
            assert_eq!(with_member(&mut changed, user, member), expected.is_some(), "{user}");
            if let Some(members) = expected {
                let expected =
                    json!({ "displayName": "Growth", "externalId": "x", "members": members });
                assert_eq!(changed, expected);
            }
        }
        for members in [json!(null), json!("none")] {
            let mut group = json!({ "members": members });
            assert!(with_member(&mut group, "1", true));
            assert_eq!(group, json!({ "members": [{ "value": "1" }] }));
        }
        let mut empty = json!({});
        assert!(with_member(&mut empty, "1", true) && !with_member(&mut json!([]), "1", true));
    }
}
