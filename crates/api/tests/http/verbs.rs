//! What is sent for each read and write.

use mixaccess_api::{AccessRead, AccessWrite, Write};
use mixaccess_model::{Email, OrganizationRole, ProjectId, ProjectRole, UserId};

use crate::server::{Reply, Server};
use crate::{OWNER, SECRET, client, run};

/// Each write is one request, with that line and body.
fn check(writes: impl IntoIterator<Item = (Write, &'static str, &'static str)>) {
    for (write, line, body) in writes {
        let server = Server::replies(vec![Reply::json(200, r#"{"status":"ok","results":{}}"#)]);
        run(client(&server.url()).write(&write)).unwrap();
        let received = server.received();
        assert_eq!(received.len(), 1, "{write:?}");
        assert_eq!((received[0].line().as_str(), received[0].body.as_str()), (line, body));
        let content_type = (!body.is_empty()).then_some("application/json");
        assert_eq!(received[0].header("content-type"), content_type);
    }
}

#[test]
fn invitations_carry_everything_in_one_request() {
    let project = ProjectId(2_891_234);
    let invite =
        |role, grants| Write::Invite { email: Email::new("Sam@agency.example"), role, grants };
    let both =
        vec![(project, ProjectRole::Consumer), (ProjectId(7), ProjectRole::parse("Messenger"))];
    check([
        (
            invite(OrganizationRole::BillingAdmin, vec![]),
            "POST /api/app/organizations/12345/members",
            r#"{"email":"Sam@agency.example","role":"billing_admin"}"#,
        ),
        (
            invite(OrganizationRole::Member, both),
            "POST /api/app/organizations/12345/members",
            r#"{"email":"Sam@agency.example","projects":[{"id":2891234,"role":"viewer"},{"id":7,"role":"Messenger"}],"role":"member"}"#,
        ),
        // As a member of one project, somebody is invited by the grant that a document names.
        (
            invite(OrganizationRole::Member, vec![(project, ProjectRole::Consumer)]),
            "POST /api/app/projects/2891234/members",
            r#"{"email":"Sam@agency.example","role":"viewer"}"#,
        ),
    ]);
}

#[test]
fn every_write_is_one_request_of_the_table() {
    let email = Email::new("Sam@agency.example");
    let (project, user) = (ProjectId(2_891_234), UserId(501));
    check([
        (
            Write::Grant { project, email: email.clone(), role: ProjectRole::Consumer },
            "POST /api/app/projects/2891234/members",
            r#"{"email":"Sam@agency.example","role":"viewer"}"#,
        ),
        (
            Write::SetProjectRole { project, user, role: ProjectRole::Analyst },
            "PUT /api/app/projects/2891234/members/501",
            r#"{"role":"analyst"}"#,
        ),
        (
            Write::SetProjectRole { project, user, role: ProjectRole::parse("Messenger") },
            "PUT /api/app/projects/2891234/members/501",
            r#"{"role":"Messenger"}"#,
        ),
        (Write::Revoke { project, user }, "DELETE /api/app/projects/2891234/members/501", ""),
        (
            Write::SetOrganizationRole { user, role: OrganizationRole::Admin },
            "POST /api/app/organizations/12345/members/501",
            r#"{"role":"admin"}"#,
        ),
        (
            Write::RemoveMember { user, email },
            "DELETE /api/app/organizations/12345/members/501",
            "",
        ),
        (
            Write::ResendInvitation { user },
            "POST /api/app/organizations/12345/members/501/resend-invite",
            "",
        ),
    ]);
}

#[test]
fn every_request_says_who_we_are() {
    let server = Server::replies(vec![Reply::json(200, OWNER)]);
    let client = client(&server.url());
    run(async { client.members().await.unwrap() });
    let received = server.received();
    assert_eq!(
        received[0].header("authorization"),
        Some("Basic Y2kubXAtc2VydmljZS1hY2NvdW50Omh1bnRlcjItdmVyeS1zZWNyZXQ=")
    );
    assert_eq!(received[0].header("user-agent"), Some("mixaccess/0.1.0"));
    assert_eq!(client.requests_sent(), 1);
    assert!(!format!("{client:?}").contains(SECRET));
}

#[test]
fn an_identity_that_is_not_answered_is_nobody() {
    for status in [404, 405] {
        let server = Server::replies(vec![Reply::json(status, r#"{"error":"no"}"#)]);
        let error = run(client(&server.url()).me()).unwrap_err();
        assert!(error.is_unreadable() && error.status == Some(status), "{error}");
        assert!(
            error.message.contains("of organization 12345: the service answered 40"),
            "{error}"
        );
        assert!(error.hint.unwrap().contains("MIXPANEL_SERVICE_ACCOUNT"));
    }
    let body = r#"{"status":"ok","results":{"user_email":"ci@acme.example","user_id":9,
        "organizations":{"12345":{"id":12345,"name":"Acme Corp","role":"owner"}}}}"#;
    let server = Server::replies(vec![Reply::json(200, body)]);
    let client = client(&server.url());
    let actor = run(client.me()).unwrap();
    assert_eq!(actor.organization_role, Some(OrganizationRole::Owner));
    assert_eq!(actor.service_account.as_deref(), Some("ci.mp-service-account"));
    assert_eq!(client.organization_name().as_deref(), Some("Acme Corp"));
}

#[test]
fn the_audit_log_is_asked_for_one_person() {
    let body = r#"[{"event":"user.role_changed","user_email":"Sam+x@agency.example","timestamp":"2026-01-05T09:00:00Z","actor_email":"jordan@acme.example"},
        {"event":"user.role_changed","user_email":"sam+x@agency.example","timestamp":"2026-01-04T09:00:00Z"},
        {"event":"user.role_changed","user_email":"other@agency.example","timestamp":"2026-01-06T09:00:00Z"}]"#;
    let server = Server::replies(vec![Reply::json(200, body), Reply::json(404, "{}")]);
    let client = client(&server.url());
    let (email, since) =
        (Email::new("sam+x@agency.example"), "2026-01-05T00:00:00Z".parse().unwrap());
    let events = run(client.audit_log(&email, since)).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor.as_deref(), Some("jordan@acme.example"));
    assert_eq!(
        server.lines(),
        [
            "GET /api/app/organizations/12345/audit_log?user_email=sam%2Bx%40agency.example&start_date=2026-01-05"
        ]
    );
    assert_eq!(run(client.audit_log(&email, since)).unwrap(), []);
}
