//! Service accounts, by the published OpenAPI.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, EventKind, Seed};
use serde_json::{Value, json};

use crate::client::{Response, SEED, send, send_as, start};

const ACCOUNTS: &str = "/organizations/12345/service-accounts";
const JORDAN: &str = "jordan:demo-secret-jordan";

fn post(emulator: &Emulator, who: &str, verb: &str, body: &Value) -> Response {
    send_as(emulator, who, &format!("POST {ACCOUNTS}{verb}"), &body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_of_the_seed_are_listed() {
    let yaml = SEED.replace(
        "username: lead,",
        "id: 70, creator: priya@acme.example, created: 2025-01-05T00:00:00Z, \
         last_used: 2025-06-01T00:00:00Z, expires: 2026-06-01T00:00:00Z, username: lead,",
    );
    let emulator = start(EmulatorOptions::default()).await;
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    let rows = send(&emulator, &format!("GET {ACCOUNTS}"), "").results();
    assert_eq!(
        rows[1],
        json!({ "id": 71, "username": "ci", "user": 9_000_071, "last_used": "2026-01-05T00:00:00Z" })
    );
    let lead = json!({
        "id": 70, "username": "lead", "created": "2025-01-05T00:00:00Z",
        "expires": "2026-06-01T00:00:00Z", "last_used": "2025-06-01T00:00:00Z",
        "creator": 501, "creator_email": "priya@acme.example", "user": 9_000_070
    });
    assert_eq!(rows[0], lead);
    assert_eq!(send(&emulator, &format!("GET {ACCOUNTS}/70"), "").json(), lead);
    assert_eq!(send(&emulator, &format!("GET {ACCOUNTS}/7"), "").status, 404);
    // Jordan's account is Jordan, who is a member.
    assert_eq!(rows[2]["user"], 502);
    let state = emulator.state();
    assert_eq!(Seed::from_yaml(&state.to_yaml().unwrap()).unwrap(), state);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_project_say_where_their_role_comes_from() {
    let emulator = start(EmulatorOptions::default()).await;
    let rows = send(&emulator, "GET /projects/11/service-accounts", "").results();
    let row = |row: &Value| format!("{} {} {}", row["username"], row["role"], row["target_type"]);
    let rows: Vec<String> = rows.as_array().unwrap().iter().map(row).collect();
    assert_eq!(
        rows,
        [
            r#""ci" "owner" "organization""#,
            r#""jordan" "admin" "organization""#,
            r#""silent" "admin" "organization""#,
            r#""lead" "admin" "individual""#,
        ]
    );
    assert_eq!(send(&emulator, "GET /projects/99/service-accounts", "").status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_can_be_used_until_it_expires_or_is_deleted() {
    let emulator = start(EmulatorOptions::default()).await;
    let body = json!({
        "username": "etl", "role": "analyst", "expires": "2026-01-06T00:00:00Z",
        "projects": [{ "id": 11, "role": "admin" }, { "id": 12 }]
    });
    let made = post(&emulator, JORDAN, "", &body);
    assert_eq!(made.status, 201);
    let made = made.results();
    let token = made["token"].as_str().unwrap();
    assert_eq!((token.len(), &made["creator"], &made["id"]), (32, &json!(502), &json!(5)));
    assert_eq!(made["created"], "2026-01-05T00:00:00Z");
    assert_eq!(post(&emulator, JORDAN, "", &body).status, 409);
    let listed = send(&emulator, &format!("GET {ACCOUNTS}"), "");
    assert!(!listed.body.contains(token));
    assert_eq!(listed.results()[4].get("last_used"), None);

    let who = format!("etl:{token}");
    // Project admin in one project, and nothing in the organization.
    let grant = r#"{"email":"priya@acme.example","role":"analyst"}"#;
    assert_eq!(send_as(&emulator, &who, "POST /projects/11/members", grant).status, 200);
    assert_eq!(send_as(&emulator, &who, "POST /projects/12/members", grant).status, 403);
    assert_eq!(post(&emulator, &who, "", &json!({ "username": "x" })).status, 403);
    emulator.clock().advance(Duration::from_secs(3600));
    let me = send_as(&emulator, &who, "GET /me", "").results();
    assert_eq!(me["organizations"]["12345"]["role"], "member");
    let listed = send(&emulator, &format!("GET {ACCOUNTS}/5"), "").json();
    assert_eq!(listed["last_used"], "2026-01-05T01:00:00Z");
    assert_eq!(listed["user"], me["user_id"]);

    emulator.clock().advance(Duration::from_secs(23 * 3600));
    assert_eq!(send_as(&emulator, &who, "GET /me", "").status, 401);
    let deleted = send(&emulator, &format!("DELETE {ACCOUNTS}/5"), "");
    assert_eq!(deleted.json(), json!({ "status": "ok" }));
    assert_eq!(send(&emulator, &format!("DELETE {ACCOUNTS}/5"), "").status, 404);
    let rows = send(&emulator, "GET /projects/12/service-accounts", "").results();
    assert!(rows.as_array().unwrap().iter().all(|row| row["username"] != "etl"));
    use EventKind::{ServiceAccountAdded, ServiceAccountCreated, ServiceAccountDeleted};
    let log = emulator.audit().into_iter().filter(|event| event.service_account.is_some());
    let log: Vec<_> = log.map(|event| (event.event, event.to)).collect();
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(
        log,
        [
            (ServiceAccountCreated, None),
            (ServiceAccountAdded, word("admin")),
            (ServiceAccountAdded, word("analyst")),
            (ServiceAccountDeleted, None),
        ]
    );
    // The number and the name: one is not given again, the other may be.
    let again = post(&emulator, JORDAN, "", &json!({ "username": "etl" })).results();
    assert_eq!(again["id"], 6);
    assert_ne!(again["token"], made["token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_refused() {
    let emulator = start(EmulatorOptions::default()).await;
    let before = emulator.state().service_accounts.len();
    let expires = |text: &str| json!({ "username": "x", "expires": text });
    for (body, status) in [
        (json!({}), 400),
        (json!({ "username": "" }), 400),
        (json!({ "username": "a:b" }), 400),
        (json!({ "username": "x", "role": "member" }), 400),
        (json!({ "username": "x", "role": "viewer" }), 400),
        (json!({ "username": "x", "role": "owner" }), 403),
        (json!({ "username": "x", "projects": [{ "id": 99, "role": "admin" }] }), 404),
        (json!({ "username": "x", "projects": [{ "id": "11", "role": "admin" }] }), 500),
        (json!({ "username": "x", "projects": [{ "id": 12, "role": "Messenger" }] }), 400),
        (json!({ "username": "x", "projects": [{ "id": 11, "role": "owner" }] }), 403),
        (expires("2027-01-31"), 400),
        (expires("2027-01-31T00:00:00+00:00"), 400),
        (expires("2027-01-31T00:00:00.5Z"), 400),
        (expires("2027-02-31T00:00:00Z"), 400),
        (expires("2026-01-05T00:00:00Z"), 400),
    ] {
        assert_eq!(post(&emulator, JORDAN, "", &body).status, status, "{body}");
    }
    assert_eq!(emulator.state().service_accounts.len(), before);
    let custom = json!({ "username": "x", "role": "Messenger", "projects": [{ "id": 11 }] });
    assert_eq!(post(&emulator, JORDAN, "", &custom).status, 201);
    assert_eq!(emulator.state().service_accounts[4].projects[&11], "Messenger");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_join_and_leave_projects() {
    let emulator = start(EmulatorOptions::default()).await;
    let add = |who: &str, role: &str, ids: &[u64]| {
        let projects = json!([{ "id": 11, "role": role }, { "id": 12, "role": role }]);
        let body = json!({ "projects": projects, "service_account_ids": ids });
        post(&emulator, who, "/add-to-project", &body)
    };
    let roles = |at: usize| emulator.state().service_accounts[at].projects.clone();
    assert_eq!(add(JORDAN, "analyst", &[1, 3]).json(), json!({ "status": "ok" }));
    assert_eq!((roles(0).len(), roles(2).len()), (2, 2));
    assert_eq!(add(JORDAN, "analyst", &[1]).status, 200);
    // Another role is refused, and with it the whole call.
    assert_eq!(add(JORDAN, "consumer", &[2, 1]).status, 409);
    assert!(roles(1).is_empty());
    assert_eq!(add(JORDAN, "consumer", &[99]).status, 404);
    assert_eq!(add(JORDAN, "owner", &[2]).status, 403);
    assert_eq!(add("lead:s", "consumer", &[2]).status, 403);
    assert_eq!(post(&emulator, JORDAN, "/add-to-project", &json!({ "projects": [] })).status, 400);
    let text = json!({ "projects": [{ "id": 11, "role": "admin" }], "service_account_ids": ["1"] });
    assert_eq!(post(&emulator, JORDAN, "/add-to-project", &text).status, 500);

    let remove = |projects: Value| {
        post(&emulator, JORDAN, "/remove-from-project", &json!({ "projects": projects })).status
    };
    assert_eq!(remove(json!([{ "id": 11, "service_account_ids": [1, 3] }])), 200);
    assert_eq!((roles(0).len(), roles(2).len()), (1, 1));
    assert_eq!(remove(json!([{ "id": 12, "service_account_ids": [1, 2] }])), 404);
    assert_eq!(roles(0).len(), 1);
    assert_eq!(remove(json!([{ "id": 12 }])), 400);
    assert_eq!(remove(json!([{ "id": 99, "service_account_ids": [] }])), 404);
    assert_eq!(send_as(&emulator, JORDAN, &format!("DELETE {ACCOUNTS}/1"), "").status, 403);
    assert_eq!(send_as(&emulator, "lead:s", &format!("DELETE {ACCOUNTS}/2"), "").status, 403);
    assert_eq!(send(&emulator, &format!("PUT {ACCOUNTS}/1"), "{}").status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_behind_the_door() {
    let emulator = start(EmulatorOptions::default()).await;
    let made = post(&emulator, JORDAN, "", &json!({ "username": "etl" })).results();
    let token = made["token"].as_str().unwrap();
    let shown = send_as(&emulator, "", "GET /__emulator/state", "");
    assert!(shown.body.contains("etl") && !shown.body.contains(token));
    // What it shows can be continued from, without anybody to use it.
    let seed = Seed::from_json(&shown.body).unwrap();
    emulator.replace(&seed).unwrap();
    assert_eq!(send_as(&emulator, "etl:", "GET /me", "").status, 401);
}
