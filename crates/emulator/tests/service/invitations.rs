//! Invitations: what they carry, how long they last, how many there may be.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, EventKind, Seed, seed};
use serde_json::{Value, json};

use crate::client::{Response, SEED, send, send_as, start};

const MEMBERS: &str = "/organizations/12345/members";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn invite(emulator: &Emulator, body: &Value) -> Response {
    send(emulator, &format!("POST {MEMBERS}"), &body.to_string())
}

fn resend(emulator: &Emulator, id: u64) -> Response {
    send(emulator, &format!("POST {MEMBERS}/{id}/resend-invite"), "")
}

fn row(emulator: &Emulator, email: &str) -> Value {
    let rows = send(emulator, &format!("GET {MEMBERS}"), "").results();
    rows.as_array().unwrap().iter().find(|row| row["email"] == email).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_may_leave_out_what_an_invitation_carries() {
    let emulator = start(EmulatorOptions::default()).await;
    let seed = format!("served: {{ without: [invitation_roles] }}\n{SEED}");
    emulator.replace(&Seed::from_yaml(&seed).unwrap()).unwrap();
    let both = json!([{ "id": 11, "role": "admin" }, { "id": 12, "role": "viewer" }]);
    let body = json!({ "email": "zoe@partner.example", "role": "member", "projects": both });
    assert_eq!(invite(&emulator, &body).status, 200);
    let users = json!([{ "email": "lou@partner.example", "role": "analyst" }]);
    let both = json!([{ "id": 11, "users": users }, { "id": 12, "users": users }]);
    let body = json!({ "projects": both }).to_string();
    let call = "POST /organizations/12345/add-users-to-projects/";
    assert_eq!(send(&emulator, call, &body).status, 200);
    let granted = |email: &str| {
        let members = emulator.state().members;
        members.into_iter().find(|one| one.email == email).unwrap().projects.len()
    };
    assert_eq!((granted("zoe@partner.example"), granted("lou@partner.example")), (0, 1));
    // Told for one project, it is given, and no second e-mail goes out.
    let body = json!({ "email": "zoe@partner.example", "role": "admin" }).to_string();
    assert_eq!(send(&emulator, "POST /projects/11/members", &body).status, 200);
    assert_eq!(granted("zoe@partner.example"), 1);
    let mails = emulator.audit().into_iter().filter(|e| e.event == EventKind::InvitationSent);
    assert_eq!(mails.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_carries_every_role_in_one_mail() {
    let emulator = start(EmulatorOptions::default()).await;
    let zoe = |role: &str, projects: Value| json!({ "email": "zoe@partner.example", "role": role, "projects": projects });
    let both = json!([{ "id": 11, "role": "Messenger" }, { "id": 12, "role": "viewer" }]);
    let invited = invite(&emulator, &zoe("billing_admin", both.clone())).results();
    assert_eq!(
        invited,
        json!({
            "id": 506, "email": "zoe@partner.example", "role": "billing_admin", "status": "pending",
            "invited_at": "2026-01-05T00:00:00Z", "invite_expires_at": "2026-01-19T00:00:00Z"
        })
    );
    let grants = emulator.state().members[5].projects.clone();
    assert_eq!(grants, [(11, "Messenger".to_owned()), (12, "consumer".to_owned())].into());
    let mails = emulator.audit().into_iter().filter(|e| e.event == EventKind::InvitationSent);
    assert_eq!(mails.count(), 1);
    assert_eq!(invite(&emulator, &zoe("member", both)).status, 409);
    assert_eq!(
        invite(&emulator, &json!({ "email": "lee@agency.example", "role": "member" })).status,
        409
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_invitation_cannot_carry_sends_no_mail() {
    let emulator = start(EmulatorOptions::default()).await;
    for (who, role, project, status) in [
        ("ci:demo-secret", "boss", json!({ "id": 11, "role": "viewer" }), 400),
        ("ci:demo-secret", "member", json!({ "id": 11, "role": "boss" }), 400),
        ("ci:demo-secret", "member", json!({ "id": 99, "role": "viewer" }), 404),
        ("ci:demo-secret", "member", json!({ "id": "11", "role": "viewer" }), 500),
        ("ci:demo-secret", "member", json!(11), 400),
        ("jordan:demo-secret-jordan", "owner", json!({ "id": 11, "role": "viewer" }), 403),
        ("jordan:demo-secret-jordan", "admin", json!({ "id": 11, "role": "owner" }), 403),
        ("lead:s", "member", json!({ "id": 11, "role": "viewer" }), 403),
    ] {
        let body = json!({ "email": "zoe@partner.example", "role": role, "projects": [project] });
        let answer = send_as(&emulator, who, &format!("POST {MEMBERS}"), &body.to_string());
        assert_eq!(answer.status, status, "{body}");
    }
    assert!(emulator.audit().is_empty());
    assert_eq!(emulator.state().members.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_sent_again_until_it_expires() {
    let emulator = start(EmulatorOptions::default()).await;
    let new = "new@agency.example";
    emulator.clock().advance(10 * DAY);
    let resent = resend(&emulator, 505).results();
    assert_eq!(resent["invited_at"], "2026-01-15T00:00:00Z");
    assert_eq!(resent["invite_expires_at"], "2026-01-29T00:00:00Z");
    emulator.clock().advance(14 * DAY);
    assert_eq!(row(&emulator, new)["status"], "expired");
    assert_eq!(row(&emulator, new)["invited_at"], "2026-01-15T00:00:00Z");
    let refused = resend(&emulator, 505);
    assert_eq!((refused.status, refused.error().as_str()), (400, "The invitation has expired"));
    assert_eq!(emulator.accept_invitation(new).unwrap_err(), "The invitation has expired");
    // The way out: withdraw it and invite again.
    assert_eq!(invite(&emulator, &json!({ "email": new, "role": "member" })).status, 409);
    assert_eq!(send(&emulator, &format!("DELETE {MEMBERS}/505"), "").status, 200);
    assert_eq!(emulator.audit().last().unwrap().event, EventKind::InvitationWithdrawn);
    let again = invite(&emulator, &json!({ "email": new, "role": "member" })).results();
    assert_eq!((&again["id"], &again["status"]), (&json!(506), &json!("pending")));
    let accept = json!({ "email": new }).to_string();
    assert_eq!(send(&emulator, "POST /__emulator/accept", &accept).status, 200);
    assert_eq!(row(&emulator, new).get("invited_at"), None);
    let late = resend(&emulator, 506);
    assert_eq!(
        (late.status, late.error().as_str()),
        (400, "User has already accepted the invitation")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_may_say_that_an_invitation_has_expired() {
    let yaml = SEED.replace("status: pending, invited_at: 2026-01-02T09:00:00Z", "status: expired");
    let options = EmulatorOptions { invitation_days: None, ..EmulatorOptions::default() };
    let emulator = start(options).await;
    emulator.replace(&Seed::from_yaml(&yaml).unwrap()).unwrap();
    let new = row(&emulator, "new@agency.example");
    assert_eq!((&new["status"], new.get("invite_expires_at")), (&json!("expired"), None));
    assert_eq!(resend(&emulator, 505).status, 400);
    assert_eq!(emulator.state().members[4].status, seed::Status::Expired);
    // Without a lifetime a pending invitation never expires.
    let zoe = invite(&emulator, &json!({ "email": "zoe@partner.example", "role": "member" }));
    assert_eq!(zoe.results().get("invite_expires_at"), None);
    emulator.clock().advance(1000 * DAY);
    assert_eq!(row(&emulator, "zoe@partner.example")["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_invitations_an_hour_go_to_a_domain_whatever_the_way() {
    let emulator = start(EmulatorOptions::default()).await;
    let minute = Duration::from_secs(60);
    let person = |name: &str, domain: &str| json!({ "email": format!("{name}@{domain}.example"), "role": "member" });
    let grant = |name: &str| {
        let body = json!({ "email": format!("{name}@partner.example"), "role": "viewer" });
        send(&emulator, "POST /projects/11/members", &body.to_string())
    };
    for number in 0..5 {
        let answer = invite(&emulator, &person(&format!("n{number}"), "Partner"));
        assert_eq!(answer.status, 200);
        emulator.clock().advance(minute);
        assert_eq!(grant(&format!("g{number}")).status, 200);
        emulator.clock().advance(minute);
    }
    for refused in
        [invite(&emulator, &person("late", "partner")), grant("late"), resend(&emulator, 506)]
    {
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3001")));
    }
    // Further grants to somebody who is invited already send no mail.
    let again = json!({ "email": "g0@partner.example", "role": "viewer" }).to_string();
    assert_eq!(send(&emulator, "POST /projects/12/members", &again).status, 200);
    assert_eq!(invite(&emulator, &person("late", "other")).status, 200);
    emulator.clock().advance(Duration::from_secs(3001));
    assert_eq!(invite(&emulator, &person("late", "partner")).status, 200);
    assert_eq!(invite(&emulator, &person("later", "partner")).status, 429);
}
