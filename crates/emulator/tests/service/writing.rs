//! What a write does, and to whom it is refused.

use mixaccess_emulator::{
    Effect, Emulator, EmulatorOptions, EventKind, OrganizationRole, PostExisting, Seed, seed,
};
use serde_json::json;

use crate::client::{send, send_as, start};

const JORDAN: &str = "jordan:demo-secret-jordan";
const LEAD: &str = "lead:s";

fn member(emulator: &Emulator, email: &str) -> Option<seed::Member> {
    member_of(&emulator.state(), email)
}

fn member_of(seed: &Seed, email: &str) -> Option<seed::Member> {
    seed.members.iter().find(|member| member.email == email).cloned()
}

/// Sends as the given account and expects status and, of a refusal, the error.
fn expect(emulator: &Emulator, who: &str, request: &str, body: &str, expected: (u16, &str)) {
    let answer = send_as(emulator, who, request, body);
    let error = if answer.status == 200 { String::new() } else { answer.error() };
    assert_eq!((answer.status, error.as_str()), expected, "{who} {request} {body}");
}

const FORBIDDEN: (u16, &str) = (403, "You don't have permission to modify this user");
const ABOVE: (u16, &str) = (403, "You cannot assign a role above your own");
const NOT_FOUND: (u16, &str) = (404, "User not found in organization");
const LAST_OWNER: (u16, &str) = (400, "An organization must have at least one owner");
const OK: (u16, &str) = (200, "");

#[tokio::test(flavor = "multi_thread")]
async fn project_roles_are_given_changed_and_taken() {
    let emulator = start(EmulatorOptions::default()).await;
    let grant = r#"{"email":"priya@acme.example","role":"viewer"}"#;
    let given = send(&emulator, "POST /projects/11/members", grant).results();
    assert_eq!(
        given,
        json!({ "id": 501, "email": "priya@acme.example", "role": "viewer", "grant_type": "individual" })
    );
    let changed = send(&emulator, "PUT /projects/11/members/501", r#"{"role":"Messenger"}"#);
    assert_eq!(changed.results()["role"], "Messenger");
    let taken = send(&emulator, "DELETE /projects/11/members/501", "");
    assert_eq!(taken.json(), json!({ "status": "ok", "results": { "id": 501 } }));
    let missing = (404, "User has no individual role in this project");
    expect(&emulator, "ci:demo-secret", "DELETE /projects/11/members/501", "", missing);
    let log: Vec<_> = emulator.audit().into_iter().map(|event| (event.from, event.to)).collect();
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(
        log,
        [
            (None, word("consumer")),
            (word("consumer"), word("Messenger")),
            (word("Messenger"), None)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_invited_and_one_that_exists_is_not() {
    let emulator = start(EmulatorOptions::default()).await;
    let post = |project: u64, email: &str| {
        let body = json!({ "email": email, "role": "analyst" }).to_string();
        send(&emulator, &format!("POST /projects/{project}/members"), &body).status
    };
    assert_eq!(post(11, "zoe@agency.example"), 200);
    assert_eq!(post(12, "zoe@agency.example"), 200);
    let zoe = member(&emulator, "zoe@agency.example").unwrap();
    assert_eq!((zoe.id, zoe.status), (Some(506), seed::Status::Pending));
    assert_eq!(zoe.projects.len(), 2);
    let mails = emulator.audit().into_iter().filter(|e| e.event == EventKind::InvitationSent);
    assert_eq!(mails.count(), 1);
    // Another spelling is another account.
    assert_eq!(post(11, "Zoe@agency.example"), 200);
    assert!(member(&emulator, "Zoe@agency.example").is_some());
    assert_eq!(post(11, "zoe@agency"), 400);
    let again = r#"{"email":"zoe@agency.example","role":"member"}"#;
    assert_eq!(send(&emulator, "POST /organizations/12345/members", again).status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_for_an_existing_grant_conflicts_or_changes_it() {
    let body = r#"{"email":"sam@agency.example","role":"admin"}"#;
    let emulator = start(EmulatorOptions::default()).await;
    assert_eq!(send(&emulator, "POST /projects/11/members", body).status, 409);
    let options =
        EmulatorOptions { post_existing: PostExisting::Upsert, ..EmulatorOptions::default() };
    let emulator = start(options).await;
    assert_eq!(send(&emulator, "POST /projects/11/members", body).results()["role"], "admin");
    let pending = r#"{"email":"new@agency.example","role":"admin"}"#;
    expect(&emulator, "ci:demo-secret", "POST /projects/11/members", pending, NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_pending_people_cannot_be_changed_but_added_and_withdrawn() {
    let emulator = start(EmulatorOptions::default()).await;
    let ci = "ci:demo-secret";
    let admin = r#"{"role":"admin"}"#;
    expect(&emulator, ci, "PUT /projects/11/members/505", admin, NOT_FOUND);
    expect(&emulator, ci, "POST /organizations/12345/members/505", admin, NOT_FOUND);
    let grant = r#"{"email":"new@agency.example","role":"viewer"}"#;
    expect(&emulator, ci, "POST /projects/12/members", grant, OK);
    expect(&emulator, ci, "DELETE /projects/11/members/505", "", OK);
    assert_eq!(member(&emulator, "new@agency.example").unwrap().projects.len(), 1);
    emulator.accept_invitation("new@agency.example").unwrap();
    expect(&emulator, ci, "PUT /projects/12/members/505", admin, OK);
    assert!(emulator.accept_invitation("new@agency.example").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays() {
    let emulator = start(EmulatorOptions::default()).await;
    let ci = "ci:demo-secret";
    let priya = "POST /organizations/12345/members/501";
    expect(&emulator, ci, priya, r#"{"role":"admin"}"#, LAST_OWNER);
    expect(&emulator, ci, "DELETE /organizations/12345/members/501", "", LAST_OWNER);
    let invited = r#"{"email":"boss@acme.example","role":"owner"}"#;
    expect(&emulator, ci, "POST /organizations/12345/members", invited, OK);
    expect(&emulator, ci, "DELETE /organizations/12345/members/501", "", LAST_OWNER);
    emulator.accept_invitation("boss@acme.example").unwrap();
    expect(&emulator, ci, "DELETE /organizations/12345/members/501", "", OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_or_changes_a_role_above_their_own() {
    let emulator = start(EmulatorOptions::default()).await;
    let owner = r#"{"role":"owner"}"#;
    let sam = "POST /organizations/12345/members/503";
    expect(&emulator, JORDAN, sam, owner, ABOVE);
    expect(&emulator, JORDAN, sam, r#"{"role":"admin"}"#, OK);
    expect(&emulator, JORDAN, sam, r#"{"role":"member"}"#, OK);
    let priya = "POST /organizations/12345/members/501";
    expect(&emulator, JORDAN, priya, r#"{"role":"member"}"#, FORBIDDEN);
    expect(&emulator, LEAD, sam, r#"{"role":"member"}"#, FORBIDDEN);
    expect(&emulator, LEAD, "PUT /projects/11/members/503", owner, ABOVE);
    expect(&emulator, LEAD, "PUT /projects/11/members/503", r#"{"role":"admin"}"#, OK);
    expect(&emulator, LEAD, "PUT /projects/12/members/503", r#"{"role":"viewer"}"#, FORBIDDEN);
    expect(&emulator, "ci:demo-secret", "PUT /projects/11/members/503", owner, OK);
    expect(&emulator, LEAD, "PUT /projects/11/members/503", r#"{"role":"viewer"}"#, FORBIDDEN);
    expect(&emulator, JORDAN, "PUT /projects/11/members/503", r#"{"role":"viewer"}"#, FORBIDDEN);
    // Without a stated role the account's power is an admin's.
    expect(&emulator, "silent:s", sam, owner, ABOVE);
    expect(&emulator, "silent:s", sam, r#"{"role":"billing_admin"}"#, OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_below_are_removed_except_by_owners() {
    let emulator = start(EmulatorOptions::default()).await;
    // A project admin removes analysts, not project admins, nor organization admins.
    expect(&emulator, LEAD, "DELETE /projects/11/members/504", "", FORBIDDEN);
    expect(&emulator, LEAD, "DELETE /projects/11/members/502", "", FORBIDDEN);
    expect(&emulator, LEAD, "DELETE /projects/11/members/505", "", OK);
    // An organization admin removes project admins who are organization members only.
    expect(&emulator, JORDAN, "DELETE /projects/11/members/504", "", OK);
    expect(&emulator, JORDAN, "DELETE /projects/11/members/502", "", FORBIDDEN);
    expect(&emulator, JORDAN, "DELETE /organizations/12345/members/502", "", FORBIDDEN);
    expect(&emulator, JORDAN, "DELETE /organizations/12345/members/501", "", FORBIDDEN);
    expect(&emulator, JORDAN, "DELETE /organizations/12345/members/504", "", OK);
    expect(&emulator, "ci:demo-secret", "DELETE /projects/11/members/502", "", OK);
    expect(&emulator, "ci:demo-secret", "DELETE /organizations/12345/members/502", "", OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn team_people_are_removed_by_organization_admins_only() {
    let yaml =
        crate::client::SEED.replace("projects: { 12: analyst }", "projects: { 11: consumer }");
    let emulator = start(EmulatorOptions::default()).await;
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    expect(&emulator, LEAD, "DELETE /projects/11/members/503", "", FORBIDDEN);
    expect(&emulator, JORDAN, "DELETE /projects/11/members/503", "", OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn removal_is_final_and_takes_projects_and_teams() {
    let emulator = start(EmulatorOptions::default()).await;
    let removed = send(&emulator, "DELETE /organizations/12345/members/503", "");
    assert_eq!(removed.json(), json!({ "status": "ok", "results": { "id": 503 } }));
    let state = emulator.state();
    assert!(state.teams[0].members.is_empty());
    let events: Vec<_> = emulator.audit().into_iter().map(|event| event.event).collect();
    assert_eq!(events, [EventKind::TeamUserRemoved, EventKind::Removed]);
    send(&emulator, "DELETE /organizations/12345/members/505", "");
    assert_eq!(emulator.audit()[2].event, EventKind::InvitationWithdrawn);
    let back = r#"{"email":"sam@agency.example","role":"member"}"#;
    let back = send(&emulator, "POST /organizations/12345/members", back).results();
    assert_eq!((&back["status"], &back["id"]), (&json!("pending"), &json!(506)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_provider_puts_its_people_back() {
    let yaml = crate::client::SEED.replace(
        "email: sam@agency.example, role: member",
        "email: sam@agency.example, role: member, managed_by: scim",
    );
    let emulator = start(EmulatorOptions::default()).await;
    let seed = Seed::from_yaml(&yaml).unwrap();
    emulator.replace(&seed).unwrap();
    send(&emulator, "PUT /projects/11/members/503", r#"{"role":"admin"}"#);
    send(&emulator, "PUT /projects/11/members/504", r#"{"role":"analyst"}"#);
    send(&emulator, "POST /organizations/12345/members/503", r#"{"role":"billing_admin"}"#);
    emulator.clock().advance(std::time::Duration::from_secs(39 * 60));
    assert_eq!(member(&emulator, "sam@agency.example").unwrap().projects[&11], "admin");
    emulator.clock().advance(std::time::Duration::from_secs(60));
    assert_eq!(member(&emulator, "sam@agency.example"), member_of(&seed, "sam@agency.example"));
    assert_eq!(member(&emulator, "lee@agency.example").unwrap().projects[&11], "analyst");
    send(&emulator, "DELETE /organizations/12345/members/503", "");
    emulator.clock().advance(std::time::Duration::from_secs(40 * 60));
    assert_eq!(member(&emulator, "sam@agency.example"), member_of(&seed, "sam@agency.example"));
    assert_eq!(emulator.state().teams[0].members, ["sam@agency.example"]);
    let by_provider: Vec<_> = emulator
        .audit()
        .into_iter()
        .filter(|event| event.actor_email == "scim")
        .map(|event| (event.event, event.to))
        .collect();
    assert_eq!(
        by_provider,
        [
            (EventKind::RoleChanged, Some("member".to_owned())),
            (EventKind::RoleChanged, Some("analyst".to_owned())),
            (EventKind::Provisioned, None),
            (EventKind::TeamUserAdded, None),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_provider_leaves_the_last_owner() {
    let yaml = crate::client::SEED.replace(
        "email: sam@agency.example, role: member",
        "email: sam@agency.example, role: member, managed_by: scim",
    );
    let emulator = start(EmulatorOptions::default()).await;
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    send(&emulator, "POST /organizations/12345/members/503", r#"{"role":"owner"}"#);
    assert_eq!(send(&emulator, "DELETE /organizations/12345/members/501", "").status, 200);
    emulator.clock().advance(std::time::Duration::from_secs(3600));
    let sam = member(&emulator, "sam@agency.example").unwrap();
    assert_eq!(sam.role, OrganizationRole::Owner);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_checked() {
    let emulator = start(EmulatorOptions::default()).await;
    let huge = format!(r#"{{"role":"{}"}}"#, "x".repeat(1_100_000));
    for (body, status) in [
        ("", 400),
        ("[]", 400),
        ("{}", 400),
        (r#"{"role":7}"#, 400),
        (r#"{"role":"boss"}"#, 400),
        (r#"{"role":"admin","user_id":"503"}"#, 500),
        (&huge, 413),
    ] {
        let answer = send(&emulator, "PUT /projects/11/members/503", body);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    assert!(emulator.audit().is_empty());
    assert!(emulator.requests().iter().all(|request| request.effect == Effect::Nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_says_who_changed_what_and_is_filtered() {
    let emulator = start(EmulatorOptions::default()).await;
    send_as(&emulator, JORDAN, "PUT /projects/11/members/503", r#"{"role":"admin"}"#);
    emulator.clock().advance(std::time::Duration::from_secs(24 * 3600));
    send_as(&emulator, JORDAN, "POST /organizations/12345/members/504", r#"{"role":"admin"}"#);
    let log = |query: &str| {
        send(&emulator, &format!("GET /organizations/12345/audit_log{query}"), "").results()
    };
    assert_eq!(
        log("?user_email=Sam%40agency.example&start_date=2026-01-01"),
        json!([{
            "id": 1, "event": "user.role_changed", "user_email": "sam@agency.example",
            "actor_email": "jordan@acme.example", "timestamp": "2026-01-05T00:00:00Z",
            "project_id": 11, "from": "analyst", "to": "admin"
        }])
    );
    assert_eq!(log("?start_date=2026-01-06")[0]["user_email"], "lee@agency.example");
    assert_eq!(log("?start_date=2026-01-05T00:00:01Z").as_array().unwrap().len(), 1);
    assert_eq!(log("").as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_can_be_continued_from() {
    let emulator = start(EmulatorOptions::default()).await;
    send(&emulator, "DELETE /organizations/12345/members/505", "");
    send(&emulator, "POST /organizations/12345/members/504", r#"{"role":"billing_admin"}"#);
    let state = emulator.state();
    assert_eq!(Seed::from_yaml(&state.to_yaml().unwrap()).unwrap(), state);
    assert_eq!(Seed::from_json(&state.to_json().unwrap()).unwrap(), state);
    let clock = emulator.clock().clone();
    let options = EmulatorOptions { clock, ..EmulatorOptions::default() };
    let next = Emulator::start(state.clone(), options).await.unwrap();
    emulator.stop().await;
    assert_eq!(next.state(), state);
    let lee = member(&next, "lee@agency.example").unwrap();
    assert_eq!(lee.role, OrganizationRole::BillingAdmin);
    let invited = r#"{"email":"x@agency.example","role":"member"}"#;
    let invited = send(&next, "POST /organizations/12345/members", invited).results();
    assert_eq!(invited["id"], 506);
}
