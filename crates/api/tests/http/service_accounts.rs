//! Service accounts: what is sent, what the answers mean, and that a secret goes nowhere else.

use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind, Write, Written};
use mixaccess_model::{
    Email, GrantSource, OrganizationRole, ProjectId, ProjectRole, ServiceAccountId, UserId,
};
use secrecy::ExposeSecret as _;

use crate::server::{Received, Reply, Server};
use crate::{client, run};

const ROOT: &str = "/api/app/organizations/12345/service-accounts";
const TOKEN: &str = "s3cr3t-of-the-new-account";

fn creation(role: OrganizationRole) -> Write {
    Write::CreateServiceAccount {
        username: "acme-etl".into(),
        role,
        expires: Some("2027-01-31T23:59:59.5+01:00".parse().unwrap()),
        grants: vec![(ProjectId(7), ProjectRole::Consumer), (ProjectId(8), ProjectRole::Admin)],
    }
}

fn sent(write: &Write, reply: Reply) -> (Vec<Received>, Result<Written, ApiError>) {
    let server = Server::replies(vec![reply]);
    let result = run(client(&server.url()).write(write));
    (server.received(), result)
}

#[test]
fn every_write_is_one_request_of_the_table() {
    let (account, project) = (ServiceAccountId(41), ProjectId(7));
    for (write, line, body) in [
        (Write::DeleteServiceAccount { account }, format!("DELETE {ROOT}/41"), ""),
        (
            Write::AddServiceAccount { account, project, role: ProjectRole::Analyst },
            format!("POST {ROOT}/add-to-project"),
            r#"{"projects":[{"id":7,"role":"analyst"}],"service_account_ids":[41]}"#,
        ),
        (
            Write::RemoveServiceAccount { account, project },
            format!("POST {ROOT}/remove-from-project"),
            r#"{"projects":[{"id":7,"service_account_ids":[41]}]}"#,
        ),
    ] {
        let (received, result) = sent(&write, Reply::json(200, r#"{"status":"ok"}"#));
        assert!(result.unwrap().new_service_account.is_none());
        assert_eq!((received.len(), received[0].line()), (1, line));
        assert_eq!(received[0].body, body);
    }
}

#[test]
fn a_new_account_hands_over_its_secret_once() {
    let answer = format!(
        r#"{{"status":"ok","results":{{"id":41,"username":"acme-etl","token":"{TOKEN}"}}}}"#
    );
    let (received, written) = sent(&creation(OrganizationRole::Admin), Reply::json(201, &answer));
    let written = written.unwrap();
    assert!(!format!("{written:?}").contains(TOKEN));
    let new = written.new_service_account.unwrap();
    assert_eq!((new.id, new.secret.expose_secret()), (ServiceAccountId(41), TOKEN));
    assert_eq!(received[0].line(), format!("POST {ROOT}"));
    assert_eq!(
        received[0].body,
        r#"{"expires":"2027-01-31T22:59:59Z","projects":[{"id":7,"role":"consumer"},{"id":8,"role":"admin"}],"role":"admin","username":"acme-etl"}"#
    );

    let bare = Write::CreateServiceAccount {
        username: "acme-etl".into(),
        role: OrganizationRole::Member,
        expires: None,
        grants: Vec::new(),
    };
    let (received, written) = sent(&bare, Reply::json(201, &answer.replace("41", "\"41\"")));
    assert_eq!(written.unwrap().new_service_account.unwrap().id, ServiceAccountId(41));
    assert_eq!(received[0].body, r#"{"username":"acme-etl"}"#);
}

#[test]
fn an_account_that_the_schema_does_not_allow_is_never_sent() {
    let (received, result) = sent(&creation(OrganizationRole::BillingAdmin), Reply::json(500, ""));
    let error = result.unwrap_err();
    assert_eq!((error.kind, received.len()), (ErrorKind::Permanent, 0));
    assert!(error.message.contains("cannot be organization billing_admin"), "{error}");
}

#[test]
fn a_secret_is_in_no_error() {
    let half = format!(r#"{{"status":"ok","results":{{"token":"{TOKEN}","#);
    for (status, body) in [
        (201, half.as_str()),
        (201, &format!(r#"{{"status":"ok","results":{{"token":"{TOKEN}"}}}}"#)),
        (201, &format!(r#"{{"status":"ok","results":{{"id":41,"secret":"{TOKEN}"}}}}"#)),
        (201, &format!(r#"{{"status":"ok","results":{{"id":41,"token":""}},"x":"{TOKEN}"}}"#)),
        (201, TOKEN),
        (200, &format!("\"{TOKEN}\"")),
        (500, &format!(r#"{{"error":"could not store {TOKEN}"}}"#)),
        (504, TOKEN),
    ] {
        let (received, result) =
            sent(&creation(OrganizationRole::Admin), Reply::json(status, body));
        let error = result.unwrap_err();
        assert_eq!((error.kind, received.len()), (ErrorKind::OutcomeUnknown, 1), "{body}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
    let taken = Reply::json(409, r#"{"status":"error","error":"username is taken"}"#);
    let (_, result) = sent(&creation(OrganizationRole::Admin), taken);
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent);
    assert!(error.message.ends_with("username is taken"), "{error}");
    assert!(error.hint.unwrap().contains("exists already"));
}

#[test]
fn accounts_are_read_with_what_is_said_of_them() {
    let body = r#"{"status":"ok","results":[
        {"id":41,"username":"acme-etl","created":"2025-01-05T09:00:00Z","expires":null,"last_used":"2026-01-04T09:00:00Z","creator":501,"creator_email":"priya@acme.example","user":900},
        {"id":"42","username":"old"}]}"#;
    let server = Server::replies(vec![Reply::json(200, body)]);
    let accounts = run(client(&server.url()).service_accounts()).unwrap().unwrap();
    assert_eq!(server.lines(), [format!("GET {ROOT}")]);
    assert_eq!((accounts[0].id, &*accounts[0].username), (ServiceAccountId(41), "acme-etl"));
    assert_eq!(accounts[0].creator, Some(UserId(501)));
    assert_eq!(accounts[0].user, Some(UserId(900)));
    assert_eq!(accounts[0].creator_email, Some(Email::new("priya@acme.example")));
    assert_eq!(accounts[0].last_used.unwrap().to_string(), "2026-01-04T09:00:00Z");
    assert_eq!((accounts[0].expires, accounts[1].created), (None, None));

    let body = r#"{"status":"ok","results":[
        {"id":41,"username":"acme-etl","role":"consumer","target_type":"individual","hasSensitiveAccess":false,"role_order":1},
        {"id":41,"role":"owner","target_type":"organization"},
        {"id":42,"role":"Messenger","target_type":"team","team":"Robots"}]}"#;
    let server = Server::replies(vec![Reply::json(200, body)]);
    let rows = run(client(&server.url()).project_service_accounts(ProjectId(7))).unwrap().unwrap();
    assert_eq!(server.lines(), ["GET /api/app/projects/7/service-accounts"]);
    let said: Vec<_> = rows.iter().map(|row| (row.id.0, row.role.as_str(), &row.source)).collect();
    assert_eq!(
        said,
        [
            (41, "consumer", &GrantSource::Individual),
            (41, "owner", &GrantSource::Organization),
            (42, "Messenger", &GrantSource::Team("Robots".into())),
        ]
    );
}

#[test]
fn accounts_that_are_not_answered_are_not_known() {
    for status in [404, 405] {
        let server = Server::replies(vec![Reply::json(status, r#"{"error":"no"}"#)]);
        let client = client(&server.url());
        assert_eq!(run(client.service_accounts()).unwrap(), None);
        assert_eq!(run(client.project_service_accounts(ProjectId(7))).unwrap(), None);
    }
    for (body, expected) in [
        (r#"[{"username":"x"}]"#, "row 1 has no number"),
        (r#"[{"id":1}]"#, "row 1 has no user name"),
    ] {
        let server = Server::replies(vec![Reply::json(200, body)]);
        let error = run(client(&server.url()).service_accounts()).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
    let server = Server::replies(vec![Reply::json(
        200,
        r#"[{"id":1,"role":"admin","target_type":"sideways"}]"#,
    )]);
    let error = run(client(&server.url()).project_service_accounts(ProjectId(7))).unwrap_err();
    assert!(error.message.contains("unknown grant type `sideways`"), "{error}");
}
