//! What is sent for each read and write.

use mixaccess_api::{AccessRead, AccessWrite, Write};
use mixaccess_model::{Email, OrganizationRole, ProjectId, ProjectRole, UserId};

use crate::server::{Reply, Server};
use crate::{SECRET, client, run};

#[test]
fn every_write_is_one_request_of_the_table() {
    let email = Email::new("Sam@agency.example");
    let (project, user) = (ProjectId(2_891_234), UserId(501));
    for (write, line, body) in [
        (
            Write::Invite {
                email: email.clone(),
                role: OrganizationRole::BillingAdmin,
                grants: Vec::new(),
            },
            "POST /api/app/organizations/12345/members",
            r#"{"email":"Sam@agency.example","role":"billing_admin"}"#,
        ),
        (
            Write::Invite {
                email: email.clone(),
                role: OrganizationRole::Member,
                grants: vec![
                    (project, ProjectRole::Consumer),
                    (ProjectId(7), ProjectRole::parse("Messenger")),
                ],
            },
            "POST /api/app/organizations/12345/members",
            r#"{"email":"Sam@agency.example","projects":[{"id":2891234,"role":"viewer"},{"id":7,"role":"Messenger"}],"role":"member"}"#,
        ),
        (
            Write::Invite {
                email: email.clone(),
                role: OrganizationRole::Member,
                grants: vec![(project, ProjectRole::Consumer)],
            },
            "POST /api/app/projects/2891234/members",
            r#"{"email":"Sam@agency.example","role":"viewer"}"#,
        ),
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
    ] {
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
fn every_request_says_who_we_are() {
    let server = Server::replies(vec![Reply::json(200, "[]")]);
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
fn an_identity_that_is_not_answered_is_unknown() {
    for status in [404, 405] {
        let server = Server::replies(vec![Reply::json(status, r#"{"error":"no"}"#)]);
        let actor = run(client(&server.url()).me()).unwrap();
        assert_eq!(actor, mixaccess_model::Actor::default());
    }
    let body = r#"{"status":"ok","results":{"user_email":"ci@acme.example","user_id":9,
        "organizations":{"12345":{"id":12345,"name":"Acme Corp","role":"owner"}}}}"#;
    let server = Server::replies(vec![Reply::json(200, body)]);
    let client = client(&server.url());
    let actor = run(client.me()).unwrap();
    assert_eq!(actor.organization_role, Some(OrganizationRole::Owner));
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

#[test]
fn a_probe_tries_every_reading_endpoint_and_writes_nothing() {
    let server = Server::start(|request, _| {
        if request.path.ends_with("/projects") {
            return Reply::json(404, r#"{"error":"Not found"}"#);
        }
        Reply::with(200, &["Date: Wed, 21 Oct 2026 07:28:00 GMT"], "[]")
    });
    let probe = run(client(&server.url()).probe(Some(ProjectId(7))));
    let mut lines = server.lines();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /api/app/me",
            "GET /api/app/organizations/12345/audit_log",
            "GET /api/app/organizations/12345/members",
            "GET /api/app/organizations/12345/projects",
            "GET /api/app/projects/7/members",
        ]
    );
    assert!(probe.endpoints[1].outcome.as_ref().is_ok_and(|answered| answered.rows == Some(0)));
    assert_eq!(probe.service_time.unwrap().to_string(), "2026-10-21T07:28:00Z");
    let failed: Vec<&str> = probe
        .endpoints
        .iter()
        .filter(|probe| probe.outcome.is_err())
        .map(|probe| probe.request.as_str())
        .collect();
    assert_eq!(failed, ["GET /api/app/organizations/12345/projects"]);

    let server = Server::replies(vec![Reply::json(200, r#"{"status":"ok"}"#)]);
    let probe = run(client(&server.url()).probe(None));
    let readable: Vec<bool> = probe.endpoints.iter().map(|probe| probe.outcome.is_ok()).collect();
    assert_eq!(readable, [true, false, false, false]);
}

#[test]
fn a_rotated_token_is_given_to_the_caller_alone() {
    use secrecy::ExposeSecret as _;
    let rotate = |status, body: &str| {
        let server = Server::replies(vec![Reply::json(status, body)]);
        let client = client(&server.url());
        let rotated = run(client.rotate_token(ProjectId(7), "abc123"));
        let received = server.received();
        assert_eq!(received[0].line(), "POST /api/app/projects/7/tokens/rotate");
        assert_eq!(received[0].body, r#"{"token_id":"abc123"}"#);
        assert_eq!(received.len(), 1);
        rotated
    };
    for body in [r#""new""#, r#"{"token":"new"}"#, r#"{"status":"ok","results":{"token":"new"}}"#] {
        let token = rotate(200, body).unwrap();
        assert_eq!(token.expose_secret(), "new");
        assert!(!format!("{token:?}").contains("new"));
    }
    for body in [r#"{"unexpected":"s3cret"}"#, "s3cret"] {
        let error = rotate(200, body).unwrap_err();
        assert_eq!(error.kind, mixaccess_api::ErrorKind::OutcomeUnknown);
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    assert_eq!(rotate(403, "{}").unwrap_err().kind, mixaccess_api::ErrorKind::Permanent);
}
