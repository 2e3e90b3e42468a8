//! SCIM: people and groups as the identity provider writes them.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, EventKind, Seed, seed};
use serde_json::{Value, json};

use crate::client::{Response, SEED, send, send_as, start};

const TOKEN: &str = "Bearer scim-token";
const MINUTE: Duration = Duration::from_secs(60);

/// Sam is managed and in the managed team Growth; agency.example is claimed.
async fn with_scim(more: &str) -> Emulator {
    let yaml = SEED
        .replace("email: sam@agency.example,", "email: sam@agency.example, managed_by: scim,")
        .replace("{ name: Growth,", "{ name: Growth, managed_by: scim,");
    let scim = format!("scim: {{ token: scim-token, claimed_domains: [Agency.example]{more} }}\n");
    let emulator = start(EmulatorOptions::default()).await;
    emulator.replace(&Seed::from_yaml(&(scim + &yaml)).unwrap()).unwrap();
    emulator
}

fn scim(emulator: &Emulator, request: &str, body: &Value) -> Response {
    let (method, path) = request.split_once(' ').unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send_as(emulator, TOKEN, &format!("{method} /scim/v2{path}"), &body)
}

fn get(emulator: &Emulator, path: &str) -> Value {
    scim(emulator, &format!("GET {path}"), &Value::Null).json()
}

fn patch(emulator: &Emulator, path: &str, operations: &Value) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations
    });
    scim(emulator, &format!("PATCH {path}"), &body)
}

fn user(fields: &Value) -> Value {
    let mut user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"] });
    user.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    user
}

fn group(fields: &Value) -> Value {
    let mut group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"] });
    group.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    group
}

fn members(emulator: &Emulator, team: &str) -> Vec<String> {
    let teams = emulator.state().teams;
    teams.into_iter().find(|one| one.name == team).map(|team| team.members).unwrap_or_default()
}

fn log(emulator: &Emulator) -> Vec<(String, seed::ScimEvent)> {
    emulator.state().scim_log.into_iter().map(|entry| (entry.user_email, entry.event)).collect()
}

fn advance(emulator: &Emulator, minutes: u32) {
    emulator.clock().advance(minutes * MINUTE);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_token_opens_and_errors_are_scims_own() {
    let emulator = with_scim("").await;
    for who in ["Bearer wrong", "ci:demo-secret", "Bearer "] {
        let refused = send_as(&emulator, who, "GET /scim/v2/Users", "");
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("content-type"), Some("application/scim+json"));
        assert_eq!(
            refused.json(),
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401",
                "detail": "Invalid SCIM token"
            })
        );
    }
    assert_eq!(send_as(&emulator, TOKEN, "GET /me", "").status, 401);
    for (request, status) in [
        ("GET /Users/999", 404),
        ("GET /Users/x", 404),
        ("GET /Bulk", 404),
        ("DELETE /Users", 405),
        ("POST /Users/503", 405),
    ] {
        let refused = scim(&emulator, request, &Value::Null);
        assert_eq!(refused.json()["status"], json!(status.to_string()), "{request}");
    }
    // Without a token in the seed there is none that is right.
    let emulator = start(EmulatorOptions::default()).await;
    assert_eq!(send_as(&emulator, "Bearer ", "GET /scim/v2/Users", "").status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_claimed_domains_are_listed() {
    let emulator = with_scim("").await;
    let all = get(&emulator, "/Users");
    assert_eq!((&all["totalResults"], &all["itemsPerPage"]), (&json!(3), &json!(3)));
    let mut sam = all["Resources"][0].clone();
    let location = sam["meta"]["location"].take();
    assert_eq!(location, json!(format!("{}/api/app/scim/v2/Users/503", emulator.base_url())));
    assert_eq!(
        sam,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "503",
            "userName": "sam@agency.example", "active": true,
            "emails": [{ "value": "sam@agency.example", "type": "work", "primary": true }],
            "groups": [{ "value": "1", "display": "Growth" }],
            "meta": { "resourceType": "User", "location": null }
        })
    );
    assert_eq!(get(&emulator, "/Users/503")["userName"], "sam@agency.example");
    assert_eq!(get(&emulator, "/Users/501")["status"], "404", "acme.example is not claimed");

    let names = |query: &str| -> Vec<String> {
        let list = get(&emulator, &format!("/Users?{query}"));
        let rows = list["Resources"].as_array().unwrap().iter();
        rows.map(|row| row["userName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("filter=userName%20eq%20%22LEE@agency.example%22"), ["lee@agency.example"]);
    assert!(names("filter=userName+eq+%22priya@acme.example%22").is_empty());
    assert_eq!(names("startIndex=2&count=1"), ["lee@agency.example"]);
    assert_eq!(names("startIndex=-4&count=2").len(), 2);
    assert!(names("count=0").is_empty());
    assert!(names("startIndex=9").is_empty());
    for query in ["filter=userName+co+%22a%22", "filter=title+eq+%22a%22", "filter=", "count=x"] {
        assert_eq!(get(&emulator, &format!("/Users?{query}"))["status"], "400", "{query}");
    }
    let slim = get(&emulator, "/Groups?excludedAttributes=members,meta")["Resources"][0].clone();
    assert_eq!(
        slim.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["displayName", "id", "schemas"]
    );
    let one = get(&emulator, "/Groups/1?attributes=displayName");
    assert_eq!(one.as_object().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_a_hundred() {
    let mut people = String::new();
    for number in 0..150 {
        people.push_str(&format!("  - {{ email: n{number}@agency.example, role: member }}\n"));
    }
    let emulator = with_scim("").await;
    let mut yaml = emulator.state().to_yaml().unwrap();
    yaml = yaml.replace(
        "members:\n- id: 501",
        &format!("members:\n{}- id: 501", people.replace("  -", "-")),
    );
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    let first = get(&emulator, "/Users?count=500");
    assert_eq!((&first["totalResults"], &first["itemsPerPage"]), (&json!(153), &json!(100)));
    let rest = get(&emulator, "/Users?startIndex=101");
    assert_eq!((&rest["startIndex"], &rest["itemsPerPage"]), (&json!(101), &json!(53)));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_users_arrive_as_members_and_stay_so() {
    let emulator = with_scim("").await;
    let zoe = user(&json!({
        "userName": "zoe@agency.example", "name": { "givenName": "Zoe", "familyName": "Example" },
        "active": true, "externalId": "x1"
    }));
    let made = scim(&emulator, "POST /Users", &zoe);
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), made.json()["meta"]["location"].as_str());
    assert_eq!(
        (&made.json()["id"], &made.json()["displayName"]),
        (&json!("506"), &json!("Zoe Example"))
    );
    let member = emulator.state().members[5].clone();
    assert_eq!(member.managed_by, Some(seed::ManagedBy::Scim));
    assert_eq!((member.role.as_str(), member.status), ("member", seed::Status::Active));
    assert_eq!(emulator.audit().last().unwrap().event, EventKind::Provisioned);
    let again = scim(&emulator, "POST /Users", &zoe);
    assert_eq!((again.status, &again.json()["scimType"]), (409, &json!("uniqueness")));
    for (body, status) in [
        (user(&json!({ "userName": "zoe@acme.example" })), 403),
        (user(&json!({ "userName": "zoe" })), 400),
        (user(&json!({ "displayName": "Zoe" })), 400),
        (json!({ "userName": "amy@agency.example" }), 400),
        (user(&json!({ "userName": "amy@agency.example", "active": false })), 400),
        (json!([]), 400),
    ] {
        assert_eq!(scim(&emulator, "POST /Users", &body).status, status, "{body}");
    }
    // By hand she gets more, and the identity provider takes it back.
    let grant = r#"{"email":"zoe@agency.example","role":"analyst"}"#;
    assert_eq!(send(&emulator, "POST /projects/11/members", grant).status, 200);
    advance(&emulator, 41);
    assert_eq!(emulator.state().members[5], member);
    let zoe = "zoe@agency.example".to_owned();
    assert_eq!(
        log(&emulator),
        [(zoe.clone(), seed::ScimEvent::UserCreated), (zoe, seed::ScimEvent::UserRoleChanged)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_changed_by_put_and_patch() {
    let emulator = with_scim("").await;
    let put = user(&json!({ "userName": "samuel@agency.example", "displayName": "Sam" }));
    let changed = scim(&emulator, "PUT /Users/503", &put).json();
    assert_eq!(
        (&changed["userName"], &changed["displayName"]),
        (&json!("samuel@agency.example"), &json!("Sam"))
    );
    let operations = json!([
        { "op": "Replace", "path": "userName", "value": "sam2@agency.example" },
        { "op": "add", "path": "name.formatted", "value": "Sam Two" },
        { "op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Data" },
        { "op": "replace", "value": { "active": "True", "externalId": "x" } }
    ]);
    let changed = patch(&emulator, "/Users/503", &operations).json();
    assert_eq!(
        (&changed["userName"], &changed["active"]),
        (&json!("sam2@agency.example"), &json!(true))
    );
    advance(&emulator, 41);
    assert_eq!(members(&emulator, "Growth"), ["sam2@agency.example"]);
    assert_eq!(emulator.state().members[2].name.as_deref(), Some("Sam Two"));
    assert_eq!(log(&emulator).len(), 2);
    for (path, operations, status) in [
        ("/Users/501", json!([{ "op": "replace", "path": "active", "value": false }]), 403),
        ("/Users/999", json!([{ "op": "replace", "path": "active", "value": false }]), 404),
        (
            "/Users/503",
            json!([{ "op": "replace", "path": "userName", "value": "lee@agency.example" }]),
            409,
        ),
        (
            "/Users/503",
            json!([{ "op": "replace", "path": "userName", "value": "sam@acme.example" }]),
            403,
        ),
        ("/Users/503", json!([{ "op": "replace", "path": "colour", "value": "red" }]), 400),
        ("/Users/503", json!([{ "op": "remove", "path": "userName" }]), 400),
        ("/Users/503", json!([{ "op": "replace", "path": "active", "value": "maybe" }]), 400),
        ("/Users/503", json!([{ "op": "move", "path": "active" }]), 400),
        ("/Users/503", json!([{ "op": "replace" }]), 400),
        ("/Users/503", json!([]), 400),
    ] {
        assert_eq!(patch(&emulator, path, &operations).status, status, "{operations}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_person_who_is_provisioned_needs_to_accept_nothing() {
    let emulator = with_scim("").await;
    let put = user(&json!({ "userName": "new@agency.example", "displayName": "New" }));
    assert_eq!(scim(&emulator, "PUT /Users/505", &put).status, 200);
    let new = emulator.state().members[4].clone();
    assert_eq!((new.status, new.managed_by), (seed::Status::Active, Some(seed::ManagedBy::Scim)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deactivated_lose_their_access_minutes_later() {
    let emulator = with_scim("").await;
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    let off = patch(&emulator, "/Users/503", &off).json();
    assert_eq!(
        (&off["active"], &off["meta"]["lastModified"]),
        (&json!(false), &json!("2026-01-05T00:00:00Z"))
    );
    let sam = ("sam@agency.example".to_owned(), seed::ScimEvent::UserDeprovisioned);
    assert_eq!(log(&emulator), [sam]);
    advance(&emulator, 9);
    assert_eq!(emulator.state().members.len(), 5);
    // What was dumped meanwhile goes on.
    let dumped = Seed::from_yaml(&emulator.state().to_yaml().unwrap()).unwrap();
    emulator.replace(&dumped).unwrap();
    assert_eq!(emulator.state(), dumped);
    advance(&emulator, 1);
    assert_eq!(emulator.state().members.len(), 4);
    assert!(members(&emulator, "Growth").is_empty());
    assert_eq!(emulator.audit().last().unwrap().event, EventKind::Removed);
    advance(&emulator, 60);
    assert_eq!(emulator.state().members.len(), 4);
    assert_eq!(get(&emulator, "/Users/503")["active"], false);
    let on = json!([{ "op": "replace", "value": { "active": true } }]);
    assert_eq!(patch(&emulator, "/Users/503", &on).json()["active"], true);
    let back = emulator.state().members[2].clone();
    assert_eq!((back.id, back.projects.len()), (Some(503), 0));

    assert_eq!(scim(&emulator, "DELETE /Users/503", &Value::Null).status, 204);
    assert_eq!(scim(&emulator, "DELETE /Users/503", &Value::Null).status, 404);
    assert_eq!(get(&emulator, "/Users/503")["status"], "404");
    assert_eq!(emulator.state().members.len(), 5);
    advance(&emulator, 10);
    assert_eq!(emulator.state().members.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_the_deactivated_is_the_configurations() {
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    let emulator = with_scim(", deprovisioning: suspend").await;
    assert_eq!(patch(&emulator, "/Users/503", &off).status, 200);
    // Back before it came to that: nothing has happened.
    advance(&emulator, 5);
    let on = json!([{ "op": "replace", "path": "active", "value": true }]);
    assert_eq!(patch(&emulator, "/Users/503", &on).status, 200);
    advance(&emulator, 5);
    assert_eq!(emulator.state().members[2].projects.len(), 1);
    assert_eq!(patch(&emulator, "/Users/503", &off).status, 200);
    advance(&emulator, 10);
    let sam = emulator.state().members[2].clone();
    assert_eq!((sam.role.as_str(), sam.projects.len()), ("member", 0));
    assert!(members(&emulator, "Growth").is_empty());

    let emulator = with_scim(
        ", deprovisioning: ignore, deactivated: [{ email: sam@agency.example, at: 2026-01-04T00:00:00Z }]",
    )
    .await;
    advance(&emulator, 60);
    assert_eq!(emulator.state().members[2].projects.len(), 1);
    assert_eq!(get(&emulator, "/Users/503")["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_teams() {
    let emulator = with_scim("").await;
    let growth =
        get(&emulator, "/Groups?filter=displayName+eq+%22growth%22")["Resources"][0].clone();
    assert_eq!(
        (&growth["id"], &growth["members"][0]["display"]),
        (&json!("1"), &json!("sam@agency.example"))
    );
    let ops =
        group(&json!({ "displayName": "Mixpanel-Web-Analyst", "members": [{ "value": "504" }] }));
    let made = scim(&emulator, "POST /Groups", &ops);
    assert_eq!((made.status, &made.json()["id"]), (201, &json!("2")));
    assert_eq!(scim(&emulator, "POST /Groups", &ops).status, 409);
    assert_eq!(members(&emulator, "Mixpanel-Web-Analyst"), ["lee@agency.example"]);
    assert_eq!(emulator.state().teams[1].managed_by, Some(seed::ManagedBy::Scim));

    let operations = json!([
        { "op": "add", "path": "members", "value": [{ "value": "504" }, { "value": "505" }] },
        { "op": "remove", "path": "members[value eq \"503\"]" }
    ]);
    assert_eq!(patch(&emulator, "/Groups/1", &operations).status, 200);
    assert_eq!(members(&emulator, "Growth"), ["lee@agency.example", "new@agency.example"]);
    let operations = json!([
        { "op": "Add", "value": { "members": [{ "value": "503" }] } },
        { "op": "Remove", "path": "members", "value": [{ "value": "504" }] },
        { "op": "Replace", "path": "displayName", "value": "Growth Two" }
    ]);
    assert_eq!(patch(&emulator, "/Groups/1", &operations).json()["displayName"], "Growth Two");
    // The next sync leaves it all as it is.
    let before = emulator.state();
    advance(&emulator, 41);
    assert_eq!(emulator.state(), before);
    assert_eq!(members(&emulator, "Growth Two"), ["sam@agency.example", "new@agency.example"]);
    let put = group(&json!({ "displayName": "Growth Two", "members": [] }));
    assert_eq!(scim(&emulator, "PUT /Groups/1", &put).json()["members"], json!([]));
    assert_eq!(scim(&emulator, "DELETE /Groups/2", &Value::Null).status, 204);
    assert_eq!(get(&emulator, "/Groups/2")["status"], "404");
    advance(&emulator, 41);
    assert_eq!(emulator.state().teams.len(), 1);
    let kinds = log(&emulator).into_iter();
    assert!(kinds.map(|(_, event)| event).all(|event| event == seed::ScimEvent::UserRoleChanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_reach_only_claimed_domains() {
    let emulator = with_scim("").await;
    // A team that people made has somebody whom SCIM does not reach.
    let body = r#"{"teams":["Ops"]}"#;
    assert_eq!(send(&emulator, "POST /organizations/12345/add-teams", body).status, 200);
    let body = r#"{"add_users":["priya@acme.example","lee@agency.example"]}"#;
    assert_eq!(send(&emulator, "POST /organizations/12345/teams/2/update", body).status, 200);
    assert_eq!(get(&emulator, "/Groups/2")["members"].as_array().unwrap().len(), 1);
    let all_gone = json!([{ "op": "remove", "path": "members" }]);
    assert_eq!(patch(&emulator, "/Groups/2", &all_gone).status, 200);
    assert_eq!(members(&emulator, "Ops"), ["priya@acme.example"]);
    assert_eq!(emulator.state().teams[1].managed_by, Some(seed::ManagedBy::Scim));
    for (operations, status) in [
        (json!([{ "op": "add", "path": "members", "value": [{ "value": "501" }] }]), 403),
        (json!([{ "op": "add", "path": "members", "value": [{ "value": "999" }] }]), 400),
        (json!([{ "op": "add", "path": "members", "value": [{ "value": 503 }] }]), 400),
        (json!([{ "op": "remove", "path": "members[display eq \"x\"]" }]), 400),
        (json!([{ "op": "replace", "path": "roles", "value": [] }]), 400),
        (json!([{ "op": "replace", "path": "displayName", "value": "Growth" }]), 409),
    ] {
        assert_eq!(patch(&emulator, "/Groups/2", &operations).status, status, "{operations}");
    }
    assert_eq!(patch(&emulator, "/Groups/9", &all_gone).status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_can_do() {
    let emulator = with_scim("").await;
    let config = get(&emulator, "/ServiceProviderConfig");
    assert_eq!(
        (&config["patch"]["supported"], &config["filter"]["maxResults"]),
        (&json!(true), &json!(100))
    );
    assert_eq!(get(&emulator, "/ResourceTypes")["Resources"][1]["endpoint"], "/Groups");
    assert_eq!(get(&emulator, "/ResourceTypes/User")["endpoint"], "/Users");
    let schemas = get(&emulator, "/Schemas");
    assert_eq!(schemas["totalResults"], 2);
    // Every attribute of a resource is one of its schema's, or one that all resources have.
    for (kind, at) in [("Users", 0), ("Groups", 1)] {
        let schema = &schemas["Resources"][at];
        let id = schema["id"].as_str().unwrap();
        assert_eq!(get(&emulator, &format!("/Schemas/{id}")), *schema);
        let known = schema["attributes"].as_array().unwrap();
        let resource = get(&emulator, &format!("/{kind}"))["Resources"][0].clone();
        let common = ["schemas", "id", "meta"];
        for name in resource.as_object().unwrap().keys().filter(|n| !common.contains(&n.as_str())) {
            let attribute = known.iter().find(|one| one["name"] == **name);
            let parts = &attribute.unwrap_or_else(|| panic!("{name}"))["subAttributes"];
            let first = &resource[name][0];
            for part in first.as_object().into_iter().flat_map(|first| first.keys()) {
                let mut parts = parts.as_array().unwrap().iter();
                assert!(parts.any(|one| one["name"] == **part), "{name}.{part}");
            }
        }
    }
    assert_eq!(get(&emulator, "/Schemas/other")["status"], "404");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_providers_own_people_change_it_at_the_next_sync() {
    let emulator = with_scim("").await;
    let wish = |body: Value| {
        send_as(&emulator, "", "POST /__emulator/identity-provider", &body.to_string()).status
    };
    let lee = json!({ "email": "lee@agency.example", "join": ["Growth", "Mixpanel-iOS-Admin"] });
    assert_eq!(wish(lee), 200);
    assert_eq!(wish(json!({ "email": "sam@agency.example", "leave": ["Growth"] })), 200);
    assert_eq!(wish(json!({ "email": "sam@agency.example", "leave": ["Other"] })), 404);
    assert_eq!(wish(json!({ "email": "sam@agency.example", "groups": [] })), 400);
    assert_eq!(members(&emulator, "Growth"), ["sam@agency.example"]);
    let advanced = send_as(&emulator, "", "POST /__emulator/advance", r#"{"seconds":2460}"#);
    assert_eq!(advanced.json()["now"], "2026-01-05T00:41:00Z");
    assert_eq!(members(&emulator, "Growth"), ["lee@agency.example"]);
    assert_eq!(members(&emulator, "Mixpanel-iOS-Admin"), ["lee@agency.example"]);
    assert_eq!(wish(json!({ "email": "sam@agency.example", "active": false })), 200);
    advance(&emulator, 10);
    assert_eq!(emulator.state().members.len(), 4);
}
