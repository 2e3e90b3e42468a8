//! Teams: who is in them, what they give, who may change them.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, EventKind, Seed, seed};
use serde_json::{Value, json};

use crate::client::{SEED, send, send_as, start};

const TEAMS: &str = "/organizations/12345/teams";

fn growth(emulator: &Emulator) -> seed::Team {
    emulator.state().teams.into_iter().find(|team| team.name == "Growth").unwrap()
}

fn update(emulator: &Emulator, team: u64, body: &Value) -> u16 {
    let path = format!("POST {TEAMS}/{team}/update/");
    send(emulator, &path, &body.to_string()).status
}

fn kinds(emulator: &Emulator) -> Vec<EventKind> {
    emulator.audit().into_iter().map(|event| event.event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_listed_under_both_prefixes() {
    let emulator = start(EmulatorOptions::default()).await;
    let growth = json!([{
        "id": 1, "name": "Growth", "members": [{ "id": 503, "email": "sam@agency.example" }],
        "projects": [{ "id": 12, "role": "analyst" }]
    }]);
    assert_eq!(send(&emulator, &format!("GET {TEAMS}"), "").results(), growth);
    assert_eq!(send(&emulator, &format!("GET //{TEAMS}"), "").results(), growth);
    assert_eq!(send(&emulator, "GET /organizations/1/teams", "").status, 404);
    assert_eq!(send_as(&emulator, "ci:x", &format!("GET {TEAMS}"), "").status, 401);
    assert_eq!(send(&emulator, &format!("PUT {TEAMS}"), "{}").status, 405);
    assert_eq!(send(&emulator, &format!("GET {TEAMS}/1/update/"), "").status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_made_changed_and_deleted() {
    let emulator = start(EmulatorOptions::default()).await;
    let path = "POST /organizations/12345/add-teams/";
    let made = send(&emulator, path, r#"{"teams":["Analysts","Ops"]}"#);
    assert_eq!(made.results(), json!([{"id":2,"name":"Analysts"},{"id":3,"name":"Ops"}]));
    // All or nothing.
    assert_eq!(send(&emulator, path, r#"{"teams":["New","Growth"]}"#).status, 409);
    assert_eq!(send(&emulator, path, r#"{"teams":["New","New"]}"#).status, 409);
    for body in [r#"{"teams":[" "]}"#, r#"{"teams":[]}"#, r#"{"teams":[7]}"#, r#"{"names":["A"]}"#]
    {
        assert_eq!(send(&emulator, path, body).status, 400, "{body}");
    }
    assert_eq!(emulator.state().teams.len(), 3);

    let changed = json!({
        "add_users": ["priya@acme.example", "new@agency.example"],
        "projects": [{ "id": 11, "role": "Messenger" }, { "id": 12, "role": "admin" }]
    });
    assert_eq!(update(&emulator, 2, &changed), 200);
    let rows = send(&emulator, "GET /projects/11/members", "").results();
    let of_team = |row: &&Value| row["team"] == "Analysts" && row["role"] == "Messenger";
    let ids: Vec<_> = rows.as_array().unwrap().iter().filter(of_team).map(|r| &r["id"]).collect();
    assert_eq!(ids, [501, 505]);
    let taken = json!({ "remove_users": ["priya@acme.example"], "remove_projects": [12] });
    assert_eq!(update(&emulator, 2, &taken), 200);
    assert_eq!(update(&emulator, 2, &taken), 200);
    assert_eq!(
        update(&emulator, 2, &json!({ "projects": [{ "id": 11, "role": "consumer" }] })),
        200
    );

    let path = "POST /organizations/12345/delete-teams/";
    assert_eq!(send(&emulator, path, r#"{"teams":["Ops","Nobody"]}"#).status, 404);
    let deleted = send(&emulator, path, r#"{"teams":["Ops","Analysts"]}"#);
    assert_eq!(deleted.json(), json!({ "status": "ok", "results": { "deleted": 2 } }));
    use EventKind::{
        ProjectTeamAdded, ProjectTeamRemoved, TeamCreated, TeamDeleted, TeamUserAdded,
        TeamUserRemoved,
    };
    let made = [TeamCreated, TeamCreated];
    let changed = [TeamUserAdded, TeamUserAdded, ProjectTeamAdded, ProjectTeamAdded];
    let taken = [TeamUserRemoved, ProjectTeamRemoved, ProjectTeamAdded];
    let deleted = [TeamDeleted, TeamUserRemoved, ProjectTeamRemoved, TeamDeleted];
    assert_eq!(kinds(&emulator), [&made[..], &changed, &taken, &deleted].concat());
    // A number is never given twice.
    send(&emulator, "POST /organizations/12345/add-teams/", r#"{"teams":["Later"]}"#);
    assert_eq!(emulator.state().teams.last().unwrap().id, Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_team_update_does_not_understand_changes_nothing() {
    let emulator = start(EmulatorOptions::default()).await;
    let before = emulator.state().teams;
    let add = |role: &str| json!({ "add_users": ["priya@acme.example"], "projects": [{ "id": 11, "role": role }] });
    for (team, body, status) in [
        (9, json!({}), 404),
        (1, json!({ "add_users": ["priya@acme.example", "nobody@acme.example"] }), 404),
        (1, json!({ "remove_users": ["nobody@acme.example"] }), 404),
        (1, json!({ "projects": [{ "id": 99, "role": "admin" }] }), 404),
        (1, json!({ "remove_projects": [99] }), 404),
        (1, json!({ "projects": [{ "id": "11", "role": "admin" }] }), 500),
        (1, json!({ "remove_projects": ["11"] }), 500),
        (1, add("viewer"), 400),
        (1, add("boss"), 400),
        (1, json!({ "users": ["priya@acme.example"] }), 400),
        (1, json!({ "add_users": "priya@acme.example" }), 400),
    ] {
        assert_eq!(update(&emulator, team, &body), status, "{body}");
    }
    assert_eq!(emulator.state().teams, before);
    assert_eq!(update(&emulator, 1, &add("analyst")), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_organization_admins_write_and_give_no_more_than_they_have() {
    let emulator = start(EmulatorOptions::default()).await;
    let send = |who: &str, verb: &str, body: Value| {
        let request = format!("POST /organizations/12345/{verb}/");
        send_as(&emulator, who, &request, &body.to_string()).status
    };
    let jordan = "jordan:demo-secret-jordan";
    assert_eq!(send("lead:s", "add-teams", json!({ "teams": ["A"] })), 403);
    assert_eq!(send("lead:s", "delete-teams", json!({ "teams": ["Growth"] })), 403);
    assert_eq!(send("lead:s", "teams/1/update", json!({})), 403);
    let with = |role: &str| json!({ "projects": [{ "id": 11, "role": role }] });
    assert_eq!(send(jordan, "teams/1/update", with("owner")), 403);
    assert_eq!(send(jordan, "teams/1/update", with("admin")), 200);
    assert_eq!(send("ci:demo-secret", "teams/1/update", with("owner")), 200);
    assert_eq!(send(jordan, "teams/1/update", with("admin")), 403);
    assert_eq!(send(jordan, "teams/1/update", json!({ "remove_projects": [11] })), 403);
    assert_eq!(send(jordan, "delete-teams", json!({ "teams": ["Growth"] })), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_provider_puts_its_teams_back() {
    let yaml = SEED.replace("{ name: Growth,", "{ id: 7, name: Growth, managed_by: scim,");
    let emulator = start(EmulatorOptions::default()).await;
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    let row = send(&emulator, &format!("GET {TEAMS}"), "").results();
    assert_eq!((&row[0]["managed_by"], &row[0]["id"]), (&json!("scim"), &json!(7)));
    let swapped = json!({
        "add_users": ["lee@agency.example"], "remove_users": ["sam@agency.example"],
        "projects": [{ "id": 11, "role": "analyst" }]
    });
    assert_eq!(update(&emulator, 7, &swapped), 200);
    assert_eq!(growth(&emulator).members, ["lee@agency.example"]);
    // What was dumped before the sync still knows what is wanted.
    let dumped = Seed::from_yaml(&emulator.state().to_yaml().unwrap()).unwrap();
    emulator.replace(&dumped).unwrap();
    emulator.clock().advance(Duration::from_secs(41 * 60));
    let team = growth(&emulator);
    assert_eq!(team.members, ["sam@agency.example"]);
    assert_eq!(team.projects.len(), 2, "roles of a team do not come from the identity provider");
    assert_eq!(emulator.state().scim, None);
    let log = send(&emulator, "GET /organizations/12345/scim/logs", "").results();
    let log = log.as_array().unwrap().iter();
    let log: Vec<_> = log.map(|entry| (&entry["user_email"], &entry["event"])).collect();
    let changed = json!("USER_ROLE_CHANGED");
    let (sam, lee) = (json!("sam@agency.example"), json!("lee@agency.example"));
    assert_eq!(log, [(&sam, &changed), (&lee, &changed)]);

    let deleted = r#"{"teams":["Growth"]}"#;
    assert_eq!(send(&emulator, "POST /organizations/12345/delete-teams", deleted).status, 200);
    emulator.clock().advance(Duration::from_secs(41 * 60));
    assert_eq!(growth(&emulator).members, ["sam@agency.example"]);
    assert_eq!(growth(&emulator).id, Some(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn managed_people_are_put_back_and_the_log_says_so() {
    let yaml =
        SEED.replace("email: sam@agency.example,", "email: sam@agency.example, managed_by: scim,");
    let emulator = start(EmulatorOptions::default()).await;
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    let before = emulator.state().members;
    send(&emulator, "PUT /projects/11/members/503", r#"{"role":"owner"}"#);
    send(&emulator, "POST /organizations/12345/add-teams", r#"{"teams":["Ops"]}"#);
    assert_eq!(update(&emulator, 2, &json!({ "add_users": ["sam@agency.example"] })), 200);
    assert_eq!(update(&emulator, 1, &json!({ "remove_users": ["sam@agency.example"] })), 200);
    let dumped = emulator.state();
    assert_eq!(dumped.scim.as_ref().unwrap().people[0].teams, ["Growth"]);
    emulator.replace(&dumped).unwrap();
    emulator.clock().advance(Duration::from_secs(41 * 60));
    let after = emulator.state();
    assert_eq!(after.members, before);
    assert_eq!((after.teams[0].members.len(), after.teams[1].members.len()), (1, 0));
    assert_eq!(after.scim_log.len(), 1);
    assert_eq!(after.scim_log[0].event, seed::ScimEvent::UserRoleChanged);

    send(&emulator, "DELETE /organizations/12345/members/503", "");
    emulator.clock().advance(Duration::from_secs(41 * 60));
    let after = emulator.state();
    assert_eq!(after.members, before);
    let events: Vec<_> = after.scim_log.iter().map(|entry| entry.event).collect();
    assert_eq!(events[1..], [seed::ScimEvent::UserCreated, seed::ScimEvent::UserRoleChanged]);
}
