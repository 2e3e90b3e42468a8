//! What projects have: tokens and custom roles.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, EventKind, Seed};
use serde_json::{Value, json};

use crate::client::{SEED, send, send_as, start};

async fn seeded(from: &str, to: &str) -> Emulator {
    let emulator = start(EmulatorOptions::default()).await;
    let yaml = SEED.replace(from, to);
    assert_ne!(yaml, SEED);
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    emulator
}

const TOKENS: &str = "custom_roles: [Messenger], tokens: [
  { id: t1, name: Web, token: hush, created_at: 2025-01-01T00:00:00Z, last_used: 2025-12-01T00:00:00Z, created_by: priya@acme.example },
  { id: '2', name: Server, token: hush-too, created_at: 2026-01-01T00:00:00Z }]";

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_without_their_values() {
    let emulator = seeded("custom_roles: [Messenger]", TOKENS).await;
    let listed = send(&emulator, "GET /projects/11/tokens", "");
    assert_eq!(
        listed.results(),
        json!([
            { "id": "t1", "name": "Web", "created_at": "2025-01-01T00:00:00Z",
              "last_used": "2025-12-01T00:00:00Z", "created_by": "priya@acme.example" },
            { "id": "2", "name": "Server", "created_at": "2026-01-01T00:00:00Z", "last_used": null }
        ])
    );
    assert_eq!(send(&emulator, "GET /projects/12/tokens", "").results(), json!([]));
    assert_eq!(send(&emulator, "GET /projects/99/tokens", "").status, 404);
    assert_eq!(send_as(&emulator, "lead:s", "GET /projects/11/tokens", "").status, 200);
    assert_eq!(send_as(&emulator, "lead:s", "GET /projects/12/tokens", "").status, 403);
    let shown = send_as(&emulator, "", "GET /__emulator/state", "");
    assert!(!shown.body.contains("hush"));
    assert_eq!(Seed::from_json(&shown.body).unwrap().projects[0].tokens[1].name, "Server");
    let state = emulator.state();
    assert_eq!(Seed::from_yaml(&state.to_yaml().unwrap()).unwrap(), state);
    assert!(!format!("{state:?}").contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_has_another_value_and_is_new() {
    let emulator = seeded("custom_roles: [Messenger]", TOKENS).await;
    let rotate = |who: &str, id: Value| {
        let body = json!({ "token_id": id }).to_string();
        send_as(&emulator, who, "POST /projects/11/tokens/rotate", &body)
    };
    let first = rotate("lead:s", json!("t1")).results();
    assert_eq!(first["id"], "t1");
    let second = rotate("ci:demo-secret", json!("t1")).results();
    assert_ne!(first["token"], second["token"]);
    let token = emulator.state().projects[0].tokens[0].clone();
    assert_eq!(json!(token.token), second["token"]);
    let rows = send(&emulator, "GET /projects/11/tokens", "").results();
    assert_eq!(
        rows[0],
        json!({
            "id": "t1", "name": "Web", "created_at": "2026-01-05T00:00:00Z", "last_used": null,
            "created_by": "ci@acme.example"
        })
    );
    assert_eq!(rotate("ci:demo-secret", json!(2)).status, 200);
    assert_eq!(rotate("ci:demo-secret", json!("t9")).status, 404);
    assert_eq!(rotate("ci:demo-secret", json!(null)).status, 400);
    assert_eq!(
        send(&emulator, "POST /projects/12/tokens/rotate", r#"{"token_id":"t1"}"#).status,
        404
    );
    assert_eq!(
        send_as(&emulator, "lead:s", "POST /projects/12/tokens/rotate", r#"{"token_id":"t1"}"#)
            .status,
        403
    );
    assert_eq!(send(&emulator, "POST /projects/11/tokens", "{}").status, 405);
    assert_eq!(send(&emulator, "GET /projects/11/tokens/rotate", "").status, 405);
    let log: Vec<_> = emulator.audit().into_iter().map(|event| event.event).collect();
    assert_eq!(log, [EventKind::TokenRotated; 3]);
    let twice = TOKENS.replace("'2'", "t1");
    let refused = Seed::from_yaml(&SEED.replace("custom_roles: [Messenger]", &twice)).unwrap_err();
    assert_eq!(refused.to_string(), "projects[0].tokens: a second token t1");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_had_a_deleted_custom_role_is_a_consumer() {
    let emulator =
        seeded("projects: { 12: analyst } }", "projects: { 11: Messenger, 12: analyst } }").await;
    let mut seed = emulator.state();
    seed.projects[0].all_users = Some("Messenger".to_owned());
    seed.members[2].projects.insert(11, "Messenger".to_owned());
    seed.members[2].managed_by = Some(mixaccess_emulator::seed::ManagedBy::Scim);
    seed.service_accounts[3].projects.insert(11, "Messenger".to_owned());
    emulator.replace(&seed).unwrap();
    // Changed by hand meanwhile: what the identity provider wants loses the role as well.
    let admin = r#"{"role":"admin"}"#;
    assert_eq!(send(&emulator, "PUT /projects/11/members/503", admin).status, 200);
    let body = r#"{"project_id":11,"role":"Messenger"}"#;
    let delete = || send_as(&emulator, "", "POST /__emulator/delete-custom-role", body).status;
    assert_eq!(delete(), 200);
    assert_eq!(delete(), 404);
    assert_eq!(emulator.delete_custom_role(99, "Messenger").unwrap_err(), "Project not found");
    emulator.clock().advance(Duration::from_secs(41 * 60));
    let state = emulator.state();
    assert!(state.projects[0].custom_roles.is_empty());
    assert_eq!(state.projects[0].all_users.as_deref(), Some("consumer"));
    assert_eq!(state.members[2].projects[&11], "consumer");
    assert_eq!(state.teams[0].projects[&11], "consumer");
    assert_eq!(state.teams[0].projects[&12], "analyst");
    assert_eq!(state.service_accounts[3].projects[&11], "consumer");
    let deleted = emulator.audit().into_iter().find(|e| e.event == EventKind::CustomRoleDeleted);
    let deleted = deleted.unwrap();
    assert_eq!(
        (deleted.from.as_deref(), deleted.to.as_deref()),
        (Some("Messenger"), Some("consumer"))
    );
    assert_eq!(deleted.actor_email, "priya@acme.example");
    let grant = r#"{"email":"priya@acme.example","role":"Messenger"}"#;
    assert_eq!(send(&emulator, "POST /projects/11/members", grant).status, 400);
}
