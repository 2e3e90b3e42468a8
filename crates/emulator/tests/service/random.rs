//! Random requests of every kind.

use mixaccess_emulator::Seed;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::client::SEED;

/// Who asks: four service accounts and the identity provider.
pub(crate) const ACCOUNTS: [&str; 5] =
    ["ci:demo-secret", "jordan:demo-secret-jordan", "silent:s", "lead:s", "Bearer scim-token"];

/// The place of the identity provider among [`ACCOUNTS`].
pub(crate) const SCIM: usize = 4;

/// The organization that is asked; the identity provider has agency.example, Lee, and the team Growth.
pub(crate) fn seed() -> Seed {
    let yaml = SEED
        .replace("email: lee@agency.example,", "email: lee@agency.example, managed_by: scim,")
        .replace("{ name: Growth,", "{ name: Growth, managed_by: scim,");
    let scim = "scim: { token: scim-token, claimed_domains: [agency.example] }\n";
    Seed::from_yaml(&format!("{scim}{yaml}")).unwrap()
}

/// What requests are about.
#[derive(Clone, Debug)]
struct Words {
    role: &'static str,
    email: &'static str,
    name: &'static str,
    user: u64,
    project: u64,
    number: u64,
}

fn words() -> impl Strategy<Value = Words> {
    let role = prop::sample::select(vec![
        "owner",
        "admin",
        "billing_admin",
        "member",
        "analyst",
        "viewer",
        "consumer",
        "Messenger",
        "x",
    ]);
    let email = prop::sample::select(vec![
        "priya@acme.example",
        "jordan@acme.example",
        "sam@agency.example",
        "new@agency.example",
        "Sam@agency.example",
        "zoe@partner.example",
        "nobody",
    ]);
    let name = prop::sample::select(vec!["Growth", "Ops", "etl", ""]);
    let user = prop_oneof![9 => 501..508_u64, 1 => Just(9)];
    let project = prop_oneof![9 => 11..13_u64, 1 => Just(9)];
    (role, email, name, user, project, 1..4_u64).prop_map(
        |(role, email, name, user, project, number)| Words {
            role,
            email,
            name,
            user,
            project,
            number,
        },
    )
}

/// Requests, each with who makes it, its line and its body.
pub(crate) fn requests() -> impl Strategy<Value = Vec<(usize, String, String)>> {
    let one = (0..4_usize, 0..26_usize, words()).prop_map(|(who, verb, words)| {
        let (line, body) = match verb {
            0..10 => people(verb, &words),
            10..15 => teams_and_users(verb, &words),
            15..20 => service_accounts(verb, &words),
            _ => scim(verb, &words),
        };
        let who = if line.contains("/scim/v2/") { SCIM } else { who };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        (who, line, body)
    });
    prop::collection::vec(one, 1..40)
}

fn people(verb: usize, words: &Words) -> (String, Value) {
    let Words { role, email, user, project, .. } = words;
    let members = "/organizations/12345/members";
    match verb {
        0 => (format!("POST {members}/{user}"), json!({ "role": role })),
        1 => (format!("POST {members}"), json!({ "email": email, "role": role })),
        2 => {
            let projects = json!([{ "id": project, "role": role }]);
            let body = json!({ "email": email, "role": "member", "projects": projects });
            (format!("POST {members}"), body)
        }
        3 => (format!("DELETE {members}/{user}"), Value::Null),
        4 => (format!("POST {members}/{user}/resend-invite"), Value::Null),
        5 => (format!("POST /projects/{project}/members"), json!({ "email": email, "role": role })),
        6 => (format!("PUT /projects/{project}/members/{user}"), json!({ "role": role })),
        7 => (format!("DELETE /projects/{project}/members/{user}"), Value::Null),
        8 => ("POST /__emulator/advance".to_owned(), json!({ "seconds": 660 })),
        _ => ("POST /__emulator/accept".to_owned(), json!({ "email": email })),
    }
}

fn teams_and_users(verb: usize, words: &Words) -> (String, Value) {
    let Words { role, email, name, project, number, .. } = words;
    let organization = "/organizations/12345";
    match verb {
        10 => (format!("POST {organization}/add-teams"), json!({ "teams": [name] })),
        11 => {
            let body = json!({
                "add_users": [email], "projects": [{ "id": project, "role": role }],
                "remove_users": ["sam@agency.example"]
            });
            (format!("POST {organization}/teams/{number}/update"), body)
        }
        12 => (format!("POST {organization}/delete-teams"), json!({ "teams": [name] })),
        13 => {
            let user = json!([{ "email": email, "role": role }]);
            let projects = json!([{ "id": 11, "users": user }, { "id": project, "users": user }]);
            let body = json!({ "projects": projects });
            (format!("POST {organization}/add-users-to-projects"), body)
        }
        _ => {
            let users = json!(["zoe@partner.example", email]);
            (format!("POST {organization}/delete-users"), json!({ "users": users }))
        }
    }
}

fn service_accounts(verb: usize, words: &Words) -> (String, Value) {
    let Words { role, name, project, number, .. } = words;
    let accounts = "/organizations/12345/service-accounts";
    let id = number + 3;
    match verb {
        15 => {
            let projects = json!([{ "id": project, "role": role }]);
            let body = json!({ "username": name, "role": role, "projects": projects });
            (format!("POST {accounts}"), body)
        }
        16 => (format!("DELETE {accounts}/{}", id + 1), Value::Null),
        17 => {
            let projects = json!([{ "id": project, "role": role }]);
            let body = json!({ "projects": projects, "service_account_ids": [1, id] });
            (format!("POST {accounts}/add-to-project"), body)
        }
        18 => {
            let projects = json!([{ "id": project, "service_account_ids": [id] }]);
            (format!("POST {accounts}/remove-from-project"), json!({ "projects": projects }))
        }
        _ => {
            let body = json!({ "project_id": project, "role": "Messenger" });
            ("POST /__emulator/delete-custom-role".to_owned(), body)
        }
    }
}

fn scim(verb: usize, words: &Words) -> (String, Value) {
    let Words { email, name, user, number, .. } = words;
    let patch = |operation: Value| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    let value = json!([{ "value": user.to_string() }]);
    match verb {
        20 => {
            let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
            ("POST /scim/v2/Users".to_owned(), json!({ "schemas": schemas, "userName": email }))
        }
        21 => {
            let operation = json!({ "op": "replace", "path": "active", "value": number % 2 == 0 });
            (format!("PATCH /scim/v2/Users/{user}"), patch(operation))
        }
        22 => {
            let operation = json!({ "op": "replace", "path": "userName", "value": email });
            (format!("PATCH /scim/v2/Users/{user}"), patch(operation))
        }
        23 => (format!("DELETE /scim/v2/Users/{user}"), Value::Null),
        24 => {
            let operation = json!({ "op": "add", "path": "members", "value": value });
            (format!("PATCH /scim/v2/Groups/{number}"), patch(operation))
        }
        _ => {
            let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:Group"]);
            let body = json!({ "schemas": schemas, "displayName": name, "members": value });
            (format!("PUT /scim/v2/Groups/{number}"), body)
        }
    }
}
