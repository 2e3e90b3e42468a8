//! A project's tokens.

use mixaccess_model::ProjectId;

use crate::server::{Reply, Server};
use crate::{client, run};

#[test]
fn tokens_are_listed_without_their_values() {
    let body = r#"{"status":"ok","results":[
        {"id":"abc123","name":"Web","created_at":"2025-01-05T09:00:00Z","last_used":"2026-01-04","created_by":"priya@acme.example","token":"s3cret"},
        {"id":7}]}"#;
    let server = Server::replies(vec![Reply::json(200, body)]);
    let tokens = run(client(&server.url()).tokens(ProjectId(7))).unwrap().unwrap();
    assert_eq!(server.lines(), ["GET /api/app/projects/7/tokens"]);
    assert_eq!((tokens[0].id.as_str(), tokens[0].name.as_deref()), ("abc123", Some("Web")));
    assert_eq!(tokens[0].created_at.unwrap().to_string(), "2025-01-05T09:00:00Z");
    assert_eq!(tokens[0].last_used.unwrap().to_string(), "2026-01-04T00:00:00Z");
    assert_eq!(tokens[0].created_by.as_deref(), Some("priya@acme.example"));
    assert_eq!((tokens[1].id.as_str(), tokens[1].last_used), ("7", None));
    assert!(!format!("{tokens:?}").contains("s3cret"));
    for status in [404, 405] {
        let server = Server::replies(vec![Reply::json(status, r#"{"error":"no"}"#)]);
        assert_eq!(run(client(&server.url()).tokens(ProjectId(7))).unwrap(), None);
    }
    let server = Server::replies(vec![Reply::json(200, r#"[{"name":"Web"}]"#)]);
    let error = run(client(&server.url()).tokens(ProjectId(7))).unwrap_err();
    assert!(error.message.contains("row 1 has no id"), "{error}");
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
        assert_eq!(token.secret.expose_secret(), "new");
        assert_eq!((token.id.as_deref(), token.name.as_deref()), (None, None));
        assert!(!format!("{token:?}").contains("new"));
    }
    // Which token it is, is told to the caller, who knows which one was asked for.
    for (body, id, name) in [
        (r#"{"id":"abc123","token":"new"}"#, "abc123", None),
        (r#"{"results":{"token_id":7,"name":"Mobile","token":"new"}}"#, "7", Some("Mobile")),
    ] {
        let token = rotate(200, body).unwrap();
        assert_eq!((token.id.as_deref(), token.name.as_deref()), (Some(id), name));
    }
    for body in [r#"{"unexpected":"s3cret"}"#, "s3cret"] {
        let error = rotate(200, body).unwrap_err();
        assert_eq!(error.kind, mixaccess_api::ErrorKind::OutcomeUnknown);
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let error = rotate(500, r#"{"error":"could not store s3cret"}"#).unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    assert_eq!(rotate(403, "{}").unwrap_err().kind, mixaccess_api::ErrorKind::Permanent);
}
