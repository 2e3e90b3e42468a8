//! Which failures are tried again, and what is known when they are not.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mixaccess_api::{
    AccessRead, AccessWrite, ApiError, Client, ClientOptions, ErrorKind, OnWait, Timeouts, Write,
};
use mixaccess_model::{Email, OrganizationRole, ProjectId, ProjectRole, UserId};

use crate::server::{Reply, Server};
use crate::{DIALECTS, Prepared, SECRET, client, credentials, options, removal, run};

const OK: &str =
    r#"{"status":"ok","results":[{"id":1,"email":"priya@acme.example","role":"owner"}]}"#;

fn grant() -> Write {
    let email = Email::new("sam@agency.example");
    Write::Grant { project: ProjectId(7), email, role: ProjectRole::Analyst }
}

fn put() -> Write {
    Write::SetProjectRole { project: ProjectId(7), user: UserId(5), role: ProjectRole::Admin }
}

fn revocation() -> Write {
    Write::Revoke { project: ProjectId(7), user: UserId(5) }
}

fn read(client: &Client) -> Result<(), ApiError> {
    run(client.members()).map(drop)
}

fn write(client: &Client, write: &Write) -> Result<(), ApiError> {
    run(client.write(write)).map(drop)
}

fn closed_early() -> Reply {
    Reply::Last(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\":".to_vec())
}

#[test]
fn what_is_safe_is_sent_again() {
    for trouble in [
        Reply::json(503, r#"{"error":"busy"}"#),
        Reply::json(500, ""),
        Reply::json(408, ""),
        Reply::json(429, r#"{"error":"slow down"}"#),
        Reply::Close,
        closed_early(),
        Reply::json(200, r#"{"status":"o"#),
    ] {
        let replies = [trouble.clone(), trouble.clone(), Reply::json(200, OK)];
        for (name, act) in [
            ("GET", &read as &dyn Fn(&Client) -> Result<(), ApiError>),
            ("PUT", &|client| write(client, &put())),
            ("DELETE", &|client| write(client, &revocation())),
        ] {
            for dialect in DIALECTS {
                let prepared = Prepared::new(dialect, &replies);
                act(&prepared.client)
                    .unwrap_or_else(|error| panic!("{dialect} {name} {trouble:?}: {error}"));
                assert_eq!(prepared.asked(), 3, "{dialect} {name} {trouble:?}");
            }
        }
    }
}

#[test]
fn a_post_is_sent_once_unless_nobody_saw_it() {
    for trouble in [
        Reply::json(503, r#"{"error":"busy"}"#),
        Reply::json(408, ""),
        Reply::Close,
        closed_early(),
        Reply::json(200, r#"{"status":"o"#),
        Reply::json(200, "<html>Log in</html>"),
        Reply::json(200, ""),
    ] {
        for dialect in DIALECTS {
            let prepared = Prepared::new(dialect, &[trouble.clone(), Reply::json(200, OK)]);
            let error = write(&prepared.client, &grant()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::OutcomeUnknown, "{dialect} {trouble:?}");
            assert_eq!(prepared.asked(), 1, "{dialect} {trouble:?}");
            assert!(error.message.contains("not known"), "{error}");
        }
    }
    let busy = Reply::json(429, "");
    for dialect in DIALECTS {
        let replies = [busy.clone(), busy.clone(), Reply::json(200, OK)];
        let prepared = Prepared::new(dialect, &replies);
        write(&prepared.client, &grant()).unwrap();
        assert_eq!(prepared.asked(), 3);
    }
}

#[test]
fn a_refused_connection_is_tried_again_even_for_a_post() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let client = client(&format!("http://{address}"));
    let error = write(&client, &grant()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
    assert_eq!(client.requests_sent(), 5);
    assert!(error.message.contains("cannot be reached"), "{error}");
    assert_eq!(error.request, "POST /api/app/projects/7/members");
    assert!(!error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn giving_up_says_whether_something_may_have_changed() {
    for dialect in DIALECTS {
        let no_wait = |options: &mut ClientOptions| options.max_wait = Duration::ZERO;
        let prepared = Prepared::with(dialect, &[Reply::Close], no_wait);
        let client = &prepared.client;
        assert_eq!(read(client).unwrap_err().kind, ErrorKind::Transient);
        for write_ in [put(), revocation(), removal(), grant()] {
            assert_eq!(write(client, &write_).unwrap_err().kind, ErrorKind::OutcomeUnknown);
        }
        assert_eq!(prepared.asked(), 5);
    }
}

#[test]
fn what_may_lose_an_owner_is_never_sent_again_unasked() {
    let role = Write::SetOrganizationRole { user: UserId(5), role: OrganizationRole::Member };
    let waits = Reply::with(429, &["Retry-After: 7"], "{}");
    for dialect in DIALECTS {
        for write_ in [&removal(), &role] {
            let prepared = Prepared::new(dialect, &[waits.clone(), Reply::json(200, "{}")]);
            let error = write(&prepared.client, write_).unwrap_err();
            assert_eq!((error.kind, error.status), (ErrorKind::Transient, Some(429)));
            assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
            let prepared = Prepared::new(dialect, &[Reply::Close, Reply::json(200, "{}")]);
            let error = write(&prepared.client, write_).unwrap_err();
            assert_eq!(error.kind, ErrorKind::OutcomeUnknown);
        }
    }
}

#[test]
fn what_was_to_go_and_whose_answer_was_lost_is_done_when_nobody_is_there() {
    let gone = Reply::json(404, r#"{"error":"User not found in organization"}"#);
    let server = Server::replies(vec![Reply::Close, gone.clone()]);
    write(&client(&server.url()), &revocation()).unwrap();
    assert_eq!(server.lines().len(), 2);
    let server = Server::replies(vec![gone.clone()]);
    let error = write(&client(&server.url()), &revocation()).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Permanent, Some(404)));
    let server = Server::replies(vec![Reply::Close, gone]);
    let error = write(&client(&server.url()), &put()).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::OutcomeUnknown, Some(404)));
}

#[test]
fn refusals_say_what_the_service_said_and_what_to_do() {
    let role = Write::SetOrganizationRole { user: UserId(5), role: OrganizationRole::Admin };
    let invite = Write::Invite {
        email: Email::new("sam@agency.example"),
        role: OrganizationRole::Member,
        grants: Vec::new(),
    };
    for (write_, status, said, hint) in [
        (&role, 401, "Unauthorized", "MIXPANEL_SERVICE_ACCOUNT_SECRET"),
        (&role, 403, "You don't have permission to modify this user", "admin or owner"),
        (&role, 404, "User not found in organization", "not accepted the invitation"),
        (&invite, 404, "Not found", "mixaccess doctor"),
        (&invite, 405, "Method not allowed", "mixaccess doctor"),
        (&removal(), 409, "Last owner", "at least one owner"),
    ] {
        let body = serde_json::json!({ "status": "error", "error": said }).to_string();
        for dialect in DIALECTS {
            let prepared = Prepared::new(dialect, &[Reply::json(status, &body)]);
            let error = write(&prepared.client, write_).unwrap_err();
            assert_eq!((error.kind, error.status), (ErrorKind::Permanent, Some(status)));
            assert_eq!(error.message, format!("the service answered {status}: {said}"));
            assert!(error.hint.as_ref().is_some_and(|text| text.contains(hint)), "{error:?}");
            assert_eq!(prepared.asked(), 1);
        }
    }
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let body = r#"{"status":"error","error":"role not allowed"}"#;
    for dialect in DIALECTS {
        let prepared = Prepared::new(dialect, &[Reply::json(200, body)]);
        let client = &prepared.client;
        for error in [
            write(client, &grant()).unwrap_err(),
            write(client, &put()).unwrap_err(),
            read(client).unwrap_err(),
            run(client.me()).unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::Permanent);
            assert!(error.message.ends_with("an error: role not allowed"), "{error}");
        }
        assert_eq!(prepared.asked(), 4);
    }
}

#[test]
fn waits_as_long_as_asked_and_no_longer_than_allowed() {
    let asked = |header: &str| {
        Reply::with(429, &[header, "Date: Wed, 21 Oct 2026 07:28:00 GMT"], r#"{"error":"limit"}"#)
    };
    for (header, expected) in
        [("Retry-After: 3600", 3600), ("Retry-After: Wed, 21 Oct 2026 07:58:00 GMT", 1800)]
    {
        for dialect in DIALECTS {
            let prepared = Prepared::new(dialect, &[asked(header)]);
            let error = write(&prepared.client, &grant()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Transient);
            assert_eq!(error.retry_after, Some(Duration::from_secs(expected)));
            assert!(error.hint.unwrap().contains("10 invitations an hour"));
            assert_eq!(prepared.asked(), 1);
        }
    }
    for header in ["Retry-After: 0", "Retry-After: Wed, 21 Oct 2026 07:00:00 GMT", "X: y"] {
        let server = Server::replies(vec![asked(header), Reply::json(200, OK)]);
        write(&client(&server.url()), &grant()).unwrap();
        assert_eq!(server.lines().len(), 2, "{header}");
    }
}

#[test]
fn waits_are_told() {
    let busy = Reply::json(503, r#"{"error":"busy"}"#);
    let server = Server::replies(vec![busy.clone(), busy, Reply::json(200, OK)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let mut options = options(&server.url());
    options.on_wait = Some(OnWait::new(move |wait| list.lock().unwrap().push(wait.clone())));
    read(&Client::new(options, credentials()).unwrap()).unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].request, "GET /api/app/organizations/12345/members");
    assert_eq!(told[1].message, "the service answered 503: busy");
}

#[test]
fn silence_ends() {
    let server = Server::replies(vec![Reply::Hang(Duration::from_secs(30))]);
    let mut options = options(&server.url());
    options.max_wait = Duration::ZERO;
    options.timeouts = Timeouts { read: Duration::from_millis(50), ..options.timeouts };
    let client = Client::new(options, credentials()).unwrap();
    let error = read(&client).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert!(error.message.contains("did not answer in time"), "{error}");
    assert_eq!(write(&client, &grant()).unwrap_err().kind, ErrorKind::OutcomeUnknown);
}

#[test]
fn the_secret_is_never_repeated() {
    let token = "Y2kubXAtc2VydmljZS1hY2NvdW50Omh1bnRlcjItdmVyeS1zZWNyZXQ=";
    for body in [
        format!("you sent {SECRET}"),
        format!(r#"{{"error":"bad credentials Basic {token}"}}"#),
        format!("<html>{SECRET}</html>"),
        format!("{{\"error\":{{\"got\":\"{SECRET}\u{1b}[2J\"}}}}"),
    ] {
        for status in [200, 401, 500] {
            for dialect in DIALECTS {
                let no_wait = |options: &mut ClientOptions| options.max_wait = Duration::ZERO;
                let prepared = Prepared::with(dialect, &[Reply::json(status, &body)], no_wait);
                let client = &prepared.client;
                for error in [read(client).unwrap_err(), write(client, &grant()).unwrap_err()] {
                    let shown = format!("{error} {error:?}");
                    assert!(!shown.contains(SECRET) && !shown.contains(token), "{shown}");
                    assert!(!shown.contains('\u{1b}'), "{shown}");
                }
            }
        }
    }
}
