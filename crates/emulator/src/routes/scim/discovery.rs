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
        attribute("userName", "string", true, "server", "readWrite"),
        attribute("displayName", "string", false, "none", "readWrite"),
        attribute("active", "boolean", false, "none", "readWrite"),
        several("emails", "readWrite"),
        several("groups", "readOnly"),
    ];
    let group = [
        attribute("displayName", "string", true, "server", "readWrite"),
        several("members", "readWrite"),
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

fn attribute(
    name: &str,
    kind: &str,
    is_required: bool,
    uniqueness: &str,
    mutability: &str,
) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": false, "description": name,
        "required": is_required, "caseExact": false, "mutability": mutability,
        "returned": "default", "uniqueness": uniqueness,
    })
}

/// A list of objects with a value and what is displayed for it.
fn several(name: &str, mutability: &str) -> Value {
    let part = |name| attribute(name, "string", false, "none", mutability);
    json!({
        "name": name, "type": "complex", "multiValued": true, "description": name,
        "required": false, "mutability": mutability, "returned": "default",
        "subAttributes": [part("value"), part("display")],
    })
}

fn meta(base_url: &str, resource_type: &str, place: &str, id: &str) -> Value {
    json!({ "resourceType": resource_type, "location": format!("{base_url}{ROOT}/{place}/{id}") })
}
