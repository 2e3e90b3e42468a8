//! What is answered to a GET.

use mixaccess_emulator::EmulatorOptions;
use serde_json::json;

use crate::client::{send, send_as, start};

#[tokio::test(flavor = "multi_thread")]
async fn me_names_the_identity_and_its_role_when_it_is_stated() {
    let emulator = start(EmulatorOptions::default()).await;
    let me = send_as(&emulator, "jordan:demo-secret-jordan", "GET /me", "").results();
    assert_eq!(
        me,
        json!({
            "user_email": "jordan@acme.example", "user_id": 502,
            "organizations": { "12345": { "id": 12345, "name": "Acme Corp", "role": "admin" } },
            "projects": {
                "11": { "name": "Web", "organization_id": 12345, "role": "admin" },
                "12": { "name": "Mobile", "organization_id": 12345, "role": "admin" }
            }
        })
    );
    let silent = send_as(&emulator, "silent:s", "GET /me", "").results();
    assert_eq!(silent["user_id"], 9_000_003);
    assert_eq!(silent["organizations"]["12345"], json!({ "id": 12345, "name": "Acme Corp" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_listed_with_pending_ones() {
    let emulator = start(EmulatorOptions::default()).await;
    let members = send(&emulator, "GET /organizations/12345/members/", "").results();
    assert_eq!(
        members[0],
        json!({
            "id": 501, "email": "priya@acme.example", "name": "Priya Example", "role": "owner",
            "status": "active", "last_active": "2026-01-05T09:00:00Z"
        })
    );
    assert_eq!(
        members[4],
        json!({
            "id": 505, "email": "new@agency.example", "role": "member", "status": "pending",
            "invited_at": "2026-01-02T09:00:00Z", "invite_expires_at": "2026-01-16T09:00:00Z"
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn project_members_have_a_row_for_each_source() {
    let emulator = start(EmulatorOptions::default()).await;
    let rows = send(&emulator, "GET /projects/12/members", "").results();
    let rows: Vec<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {} {}", row["id"], row["role"], row["grant_type"], row["team"]))
        .collect();
    assert_eq!(
        rows,
        [
            r#"501 "owner" "organization" null"#,
            r#"501 "viewer" "all-users" null"#,
            r#"502 "admin" "organization" null"#,
            r#"502 "viewer" "all-users" null"#,
            r#"503 "analyst" "team" "Growth""#,
            r#"503 "viewer" "all-users" null"#,
            r#"504 "viewer" "all-users" null"#,
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_appear_five_minutes_after_their_creation() {
    let emulator = start(EmulatorOptions::default()).await;
    let mut seed = emulator.state();
    seed.projects[0].created_at = Some("2026-01-04T23:59:00Z".parse().unwrap());
    emulator.replace(&seed).unwrap();
    let count = || {
        let projects = send(&emulator, "GET /organizations/12345/projects", "").results();
        projects.as_array().unwrap().len()
    };
    assert_eq!(count(), 1);
    assert_eq!(send(&emulator, "GET /projects/11/members", "").status, 404);
    let grant = r#"{"email":"priya@acme.example","role":"analyst"}"#;
    assert_eq!(send(&emulator, "POST /projects/11/members", grant).status, 404);
    emulator.clock().advance(std::time::Duration::from_secs(4 * 60));
    assert_eq!(count(), 2);
    assert_eq!(send(&emulator, "POST /projects/11/members", grant).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_addresses_are_checked() {
    let emulator = start(EmulatorOptions::default()).await;
    let refused = send_as(&emulator, "ci:wrong", "GET /me", "");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"Mixpanel\""));
    assert_eq!(
        refused.json(),
        json!({ "status": "error", "error": "Invalid service account credentials" })
    );
    for (request, status) in [
        ("GET /", 404),
        ("GET /organizations/1/members", 404),
        ("GET /projects/99/members", 404),
        ("PUT /projects/11/members/x503", 404),
        ("PUT /projects/11/members/99999999999999999999", 404),
        ("PUT /projects/11/members/", 405),
        ("GET /projects/11/members/503", 405),
        ("PATCH /organizations/12345/members", 405),
        ("GET /organizations/12345/audit_log?start_date=yesterday", 400),
    ] {
        let answer = send(&emulator, request, "");
        assert_eq!(answer.status, status, "{request}");
        assert_eq!(answer.json()["status"], "error", "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slash_is_asked_for_when_the_option_says_so() {
    let options = EmulatorOptions { redirect_slash: true, ..EmulatorOptions::default() };
    let emulator = start(options).await;
    let redirect = send(&emulator, "DELETE /projects/11/members/503?x=1", "");
    assert_eq!(redirect.status, 301);
    assert_eq!(redirect.header("location"), Some("/api/app/projects/11/members/503/?x=1"));
    assert_eq!(send(&emulator, "DELETE /projects/11/members/503/", "").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_shows_itself_without_credentials_and_secrets() {
    let emulator = start(EmulatorOptions::default()).await;
    send(&emulator, "GET /me", "");
    let requests = send_as(&emulator, "", "GET /__emulator/requests", "").json();
    assert_eq!(requests.as_array().unwrap().len(), 1);
    assert_eq!(requests[0]["path"], "/api/app/me");
    assert_eq!(requests[0]["effect"], "read");
    let state = send_as(&emulator, "", "GET /__emulator/state", "");
    assert_eq!(state.json()["members"][0]["email"], "priya@acme.example");
    assert!(!state.body.contains("demo-secret"));
    assert_eq!(emulator.requests().len(), 1);
}
