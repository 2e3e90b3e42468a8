//! The dialect `app`, and what can be left out of the service.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, EventKind, Seed};
use serde_json::{Value, json};

use crate::client::{Response, SEED, send, send_as, start};

const ORGANIZATION: &str = "/organizations/12345";

async fn serving(served: &str) -> Emulator {
    let emulator = start(EmulatorOptions::default()).await;
    let seed = Seed::from_yaml(&format!("served: {served}\n{SEED}")).unwrap();
    emulator.replace(&seed).unwrap();
    emulator
}

fn post(emulator: &Emulator, who: &str, verb: &str, body: &Value) -> Response {
    send_as(emulator, who, &format!("POST {ORGANIZATION}/{verb}/"), &body.to_string())
}

fn add(emulator: &Emulator, who: &str, people: &[(u64, &str, &str)]) -> Response {
    let project = |(id, email, role): &(u64, &str, &str)| json!({ "id": id, "users": [{ "email": email, "role": role }] });
    let projects: Vec<Value> = people.iter().map(project).collect();
    post(emulator, who, "add-users-to-projects", &json!({ "projects": projects }))
}

const CI: &str = "ci:demo-secret";
const JORDAN: &str = "jordan:demo-secret-jordan";

#[tokio::test(flavor = "multi_thread")]
async fn users_come_with_every_grant() {
    let emulator = start(EmulatorOptions::default()).await;
    let rows = send(&emulator, &format!("GET {ORGANIZATION}/users/"), "").results();
    assert_eq!(
        rows[2],
        json!({
            "id": 503, "email": "sam@agency.example", "role": "member", "status": "active",
            "projects": [
                { "id": 11, "role": "analyst", "grant_type": "individual" },
                { "id": 12, "role": "analyst", "grant_type": "team", "team": "Growth" },
                { "id": 12, "role": "consumer", "grant_type": "all-users" }
            ]
        })
    );
    let new = &rows[4];
    assert_eq!(
        (&new["status"], &new["invited_at"]),
        (&json!("pending"), &json!("2026-01-02T09:00:00Z"))
    );
    // The same grants as project by project.
    for project in [11, 12] {
        let members = send(&emulator, &format!("GET /projects/{project}/members"), "").results();
        let count = |rows: &Value| rows.as_array().unwrap().len();
        let of_project = |row: &Value| {
            let grants = row["projects"].as_array().unwrap().iter();
            grants.filter(|grant| grant["id"] == project).count()
        };
        let here: usize = rows.as_array().unwrap().iter().map(of_project).sum();
        assert_eq!(here, count(&members));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_are_added_at_once_or_none() {
    let emulator = start(EmulatorOptions::default()).await;
    let people = [
        (11, "zoe@partner.example", "analyst"),
        (12, "zoe@partner.example", "Messenger"),
        (11, "priya@acme.example", "owner"),
        (11, "sam@agency.example", "analyst"),
        (12, "new@agency.example", "consumer"),
    ];
    let before = emulator.state().members;
    // A custom role of another project, then everything.
    assert_eq!(add(&emulator, CI, &people).status, 400);
    let people = people
        .map(|(id, email, role)| (id, email, if role == "Messenger" { "admin" } else { role }));
    assert_eq!(add(&emulator, JORDAN, &people).status, 403);
    assert_eq!(emulator.state().members, before);
    let added = add(&emulator, CI, &people);
    assert_eq!(added.json(), json!({ "status": "ok", "results": { "added": 4 } }));
    let state = emulator.state();
    assert_eq!(state.members[5].projects.len(), 2);
    let mails = emulator.audit().into_iter().filter(|e| e.event == EventKind::InvitationSent);
    assert_eq!(mails.count(), 1);
    assert_eq!(add(&emulator, CI, &people).results()["added"], 0);
    // Another role than the present one is refused, and with it everything else.
    let conflict = [(11, "amy@partner.example", "analyst"), (11, "sam@agency.example", "admin")];
    assert_eq!(add(&emulator, CI, &conflict).status, 409);
    let twice = [(11, "amy@partner.example", "analyst"), (11, "amy@partner.example", "admin")];
    assert_eq!(add(&emulator, CI, &twice).status, 409);
    assert_eq!(emulator.state().members, state.members);
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_are_checked() {
    let emulator = start(EmulatorOptions::default()).await;
    let user = json!([{ "email": "zoe@partner.example", "role": "analyst" }]);
    for (body, status) in [
        (json!({}), 400),
        (json!({ "projects": [{ "id": 11, "users": [] }] }), 400),
        (json!({ "projects": [{ "id": "11", "users": user }] }), 500),
        (json!({ "projects": [{ "id": 99, "users": user }] }), 404),
        (json!({ "projects": [{ "id": 11, "members": user }] }), 400),
        (json!({ "users": user }), 400),
        (
            json!({ "projects": [{ "id": 11, "users": [{ "email": "nobody", "role": "analyst" }] }] }),
            400,
        ),
        (
            json!({ "projects": [{ "id": 11, "users": [{ "email": "a@b.example", "role": "viewer" }] }] }),
            400,
        ),
    ] {
        assert_eq!(post(&emulator, CI, "add-users-to-projects", &body).status, status, "{body}");
    }
    let lead = "lead:s";
    assert_eq!(add(&emulator, lead, &[(12, "zoe@partner.example", "analyst")]).status, 403);
    assert_eq!(add(&emulator, lead, &[(11, "zoe@partner.example", "admin")]).status, 200);
    assert_eq!(send(&emulator, &format!("GET {ORGANIZATION}/delete-users"), "").status, 405);
    assert_eq!(send(&emulator, &format!("PUT {ORGANIZATION}/users"), "{}").status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_invitations_holds_within_one_call() {
    let emulator = start(EmulatorOptions::default()).await;
    let emails: Vec<String> = (0..11).map(|n| format!("n{n}@partner.example")).collect();
    let people: Vec<_> = emails.iter().map(|email| (11, email.as_str(), "analyst")).collect();
    let refused = add(&emulator, CI, &people);
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3601")));
    assert!(emulator.audit().is_empty());
    assert_eq!(add(&emulator, CI, &people[..10]).status, 200);
    assert_eq!(add(&emulator, CI, &people[10..]).status, 429);
    emulator.clock().advance(Duration::from_secs(3601));
    assert_eq!(add(&emulator, CI, &people[10..]).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_removed_from_the_organization() {
    let emulator = start(EmulatorOptions::default()).await;
    let delete =
        |who: &str, users: Value| post(&emulator, who, "delete-users", &json!({ "users": users }));
    assert_eq!(delete(CI, json!(["lee@agency.example", "nobody@acme.example"])).status, 404);
    assert_eq!(delete(CI, json!(["lee@agency.example", "priya@acme.example"])).status, 400);
    assert_eq!(delete(CI, json!([])).status, 400);
    assert_eq!(delete(CI, json!([503])).status, 400);
    assert_eq!(delete("lead:s", json!(["lee@agency.example"])).status, 403);
    assert_eq!(delete(JORDAN, json!(["jordan@acme.example"])).status, 403);
    assert_eq!(emulator.state().members.len(), 5);
    let deleted = delete(JORDAN, json!(["sam@agency.example", "new@agency.example"]));
    assert_eq!(deleted.json(), json!({ "status": "ok", "results": { "deleted": 2 } }));
    assert_eq!(emulator.state().members.len(), 3);
    assert!(emulator.state().teams[0].members.is_empty());
    let kinds: Vec<_> = emulator.audit().into_iter().map(|event| event.event).collect();
    use EventKind::{InvitationWithdrawn, Removed, TeamUserRemoved};
    assert_eq!(kinds, [TeamUserRemoved, Removed, InvitationWithdrawn]);
}

/// The statuses of reading: members, a project's members, users, teams and projects, the last three
/// below the root and without it.
fn statuses(emulator: &Emulator) -> Vec<u16> {
    [
        format!("{ORGANIZATION}/members"),
        "/projects/11/members".to_owned(),
        format!("{ORGANIZATION}/users/"),
        format!("/{ORGANIZATION}/users/"),
        format!("{ORGANIZATION}/teams"),
        format!("/{ORGANIZATION}/teams"),
        format!("{ORGANIZATION}/projects/"),
        format!("/{ORGANIZATION}/projects/"),
    ]
    .iter()
    .map(|path| send(emulator, &format!("GET {path}"), "").status)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_the_service_can_be_left_out() {
    for (served, expected) in [
        ("{}", [200, 200, 200, 200, 200, 200, 200, 200]),
        ("{ without: [app] }", [200, 200, 404, 404, 200, 200, 200, 404]),
        ("{ without: [members] }", [404, 404, 200, 200, 200, 200, 200, 200]),
        ("{ without: [teams, projects] }", [200, 200, 200, 200, 404, 404, 404, 404]),
        ("{ prefixes: [/api/app] }", [200, 200, 200, 404, 200, 404, 200, 404]),
        ("{ prefixes: [''] }", [200, 200, 404, 200, 404, 200, 200, 200]),
        ("{ prefixes: [''], without: [members] }", [404, 404, 404, 200, 404, 200, 404, 200]),
    ] {
        let emulator = serving(served).await;
        assert_eq!(statuses(&emulator), expected, "{served}");
        let state = emulator.state();
        assert_eq!(Seed::from_yaml(&state.to_yaml().unwrap()).unwrap(), state);
    }
    for (part, path) in [
        ("me", "/me".to_owned()),
        ("audit_log", format!("{ORGANIZATION}/audit_log")),
        ("scim", format!("{ORGANIZATION}/scim/logs")),
        ("service_accounts", format!("{ORGANIZATION}/service-accounts")),
        ("service_accounts", "/projects/11/service-accounts".to_owned()),
    ] {
        assert_eq!(send(&serving("{}").await, &format!("GET {path}"), "").status, 200);
        let emulator = serving(&format!("{{ without: [{part}] }}")).await;
        assert_eq!(send(&emulator, &format!("GET {path}"), "").status, 404);
    }
    let emulator = serving("{ without: [user_projects, custom_roles] }").await;
    let first = |path: &str| {
        send(&emulator, &format!("GET {ORGANIZATION}/{path}"), "").results()[0].clone()
    };
    assert_eq!(first("users").get("projects"), None);
    assert_eq!(first("projects").get("custom_roles"), None);
    let bad = Seed::from_yaml(&format!("served: {{ prefixes: [api/] }}\n{SEED}")).unwrap_err();
    assert_eq!(
        bad.to_string(),
        "served.prefixes: \"api/\" does not begin with a slash, or ends with one"
    );
}
