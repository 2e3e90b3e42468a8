//! What SCIM says of itself (RFC 7643, sections 5 to 7).

use serde_json::{Map, Value, json};

use super::super::object;
use super::ROOT;
use super::list::PAGE;
use super::resource::{GROUP, USER};

/// What is supported.
pub(super) fn service_provider(base_url: &str) -> Value {
    let no = json!({ "supported": false });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": PAGE },
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "The SCIM token of the organization",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base_url}{ROOT}/ServiceProviderConfig"),
        },
    })
}

/// What resources there are.
pub(super) fn resource_types(base_url: &str) -> Vec<Map<String, Value>> {
    let one = |name: &str, endpoint: &str, schema: &str| {
        object([
            ("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:ResourceType"])),
            ("id", json!(name)),
            ("name", json!(name)),
            ("endpoint", json!(endpoint)),
            ("schema", json!(schema)),
            ("meta", meta(base_url, "ResourceType", "ResourceTypes", name)),
        ])
    };
    vec![one("User", "/Users", USER), one("Group", "/Groups", GROUP)]
}

/// What attributes they have.
pub(super) fn schemas(base_url: &str) -> Vec<Map<String, Value>> {
    let user = [
        attribute("userName", "string", "readWrite", true),
        attribute("displayName", "string", "readWrite", false),
        complex("name", false, "readWrite", &["formatted", "givenName", "familyName"]),
        attribute("active", "boolean", "readWrite", false),
        complex("emails", true, "readOnly", &["value", "type", "primary"]),
        complex("groups", true, "readOnly", &["value", "display"]),
    ];
    let group = [
        attribute("displayName", "string", "readWrite", true),
        complex("members", true, "readWrite", &["value", "$ref", "type", "display"]),
    ];
    let one = |name: &str, schema: &str, attributes: Value| {
        object([
            ("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"])),
            ("id", json!(schema)),
            ("name", json!(name)),
            ("attributes", attributes),
            ("meta", meta(base_url, "Schema", "Schemas", schema)),
        ])
    };
    vec![one("User", USER, json!(user)), one("Group", GROUP, json!(group))]
}

/// The resource with that name among those that say what there is.
pub(super) fn named(resources: Vec<Map<String, Value>>, id: &str) -> Option<Value> {
    let is_it =
        |resource: &Map<String, Value>| resource.get("id").and_then(Value::as_str) == Some(id);
    resources.into_iter().find(is_it).map(Value::Object)
}

/// An attribute that has one value; those that are required are unique.
fn attribute(name: &str, kind: &str, mutability: &str, is_required: bool) -> Value {
    let mut attribute = json!({
        "name": name, "type": kind, "multiValued": false, "description": name,
        "required": is_required, "caseExact": false, "mutability": mutability,
        "returned": "default", "uniqueness": if is_required { "server" } else { "none" },
    });
    if let (true, Some(attribute)) = (kind == "reference", attribute.as_object_mut()) {
        attribute.insert("referenceTypes".to_owned(), json!(["User"]));
    }
    attribute
}

/// An attribute that has parts.
fn complex(name: &str, is_list: bool, mutability: &str, parts: &[&str]) -> Value {
    let part = |part: &&str| {
        let kind = match *part {
            "primary" => "boolean",
            "$ref" => "reference",
            _ => "string",
        };
        attribute(part, kind, mutability, false)
    };
    json!({
        "name": name, "type": "complex", "multiValued": is_list, "description": name,
        "required": false, "mutability": mutability, "returned": "default",
        "subAttributes": parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn meta(base_url: &str, resource_type: &str, place: &str, id: &str) -> Value {
    json!({ "resourceType": resource_type, "location": format!("{base_url}{ROOT}/{place}/{id}") })
}
