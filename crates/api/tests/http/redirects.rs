//! Redirects: method, body and credentials survive, and never leave the service.

use mixaccess_api::{AccessRead, AccessWrite, ErrorKind, Write};
use mixaccess_model::{ProjectId, ProjectRole, UserId};

use crate::server::{Reply, Server};
use crate::{OWNER, client, run};

fn put() -> Write {
    Write::SetProjectRole { project: ProjectId(7), user: UserId(5), role: ProjectRole::Admin }
}

fn redirect(status: u16, location: &str) -> Reply {
    Reply::with(status, &[&format!("Location: {location}")], "")
}

#[test]
fn method_body_and_credentials_survive() {
    for status in [301, 302, 307, 308] {
        let location = "/api/app/projects/7/members/5/";
        let server = Server::replies(vec![
            redirect(status, location),
            Reply::json(200, r#"{"status":"ok"}"#),
        ]);
        let client = client(&server.url());
        run(client.write(&put())).unwrap();
        let received = server.received();
        assert_eq!(server.lines()[1], format!("PUT {location}"), "{status}");
        assert_eq!(received[0].body, received[1].body);
        assert_eq!(received[0].header("authorization"), received[1].header("authorization"));
        assert_eq!(client.requests_sent(), 2);
    }
}

#[test]
fn an_absolute_location_at_the_service_is_followed() {
    let server = Server::start(|request, index| match index {
        0 => redirect(301, &format!("http://{}/x/?a=b", request.header("host").unwrap())),
        _ => Reply::json(200, OWNER),
    });
    run(client(&server.url()).members()).unwrap();
    assert_eq!(server.lines()[1], "GET /x/?a=b");
}

#[test]
fn nothing_is_sent_to_another_address() {
    let other = Server::replies(vec![Reply::json(200, OWNER)]);
    for location in [
        format!("{}/steal", other.url()),
        format!("//{}/steal", other.address()),
        "https://evil.example/".to_owned(),
        "http://localhost/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
    ] {
        let server = Server::replies(vec![redirect(307, &location)]);
        let error = run(client(&server.url()).write(&put())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent, "{location}");
        assert_eq!(error.status, Some(307));
        assert!(error.message.contains("redirects to"), "{error}");
        assert!(error.hint.unwrap().contains("never sent to another host"));
        assert_eq!(server.lines().len(), 1);
    }
    assert!(other.received().is_empty());
}

#[test]
fn a_location_may_not_bring_other_credentials() {
    let server = Server::start(|request, _| {
        redirect(307, &format!("http://eve:pw@{}/", request.header("host").unwrap()))
    });
    let error = run(client(&server.url()).members()).unwrap_err();
    assert!(error.message.contains("has credentials"), "{error}");
    assert!(!error.to_string().contains("pw@"));
}

#[test]
fn circles_and_other_redirects_end() {
    let server = Server::replies(vec![redirect(302, "/again")]);
    let error = run(client(&server.url()).members()).unwrap_err();
    assert!(error.message.contains("more than 5 redirects"), "{error}");
    assert_eq!(server.lines().len(), 6);
    for reply in [redirect(303, "/x"), Reply::with(304, &[], ""), Reply::with(301, &[], "")] {
        let server = Server::replies(vec![reply]);
        let error = run(client(&server.url()).members()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
        assert_eq!(server.lines().len(), 1);
    }
}
