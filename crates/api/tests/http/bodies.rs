//! Bodies: unreadable, enormous, compressed, in pages.

use mixaccess_api::{AccessRead, AccessWrite, ErrorKind};

use crate::server::{Reply, Server};
use crate::{client, removal, run};

#[test]
fn a_page_that_is_not_mixpanels_is_said_to_be_one() {
    let html = "<!DOCTYPE html>\n<title>Sign in</title>\u{1b}";
    let server = Server::replies(vec![Reply::json(200, html)]);
    let client = client(&server.url());
    let error = run(client.members()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent);
    assert_eq!(
        error.message,
        "the answer is an HTML page, not JSON: it begins `<!DOCTYPE html> <title>Sign \
         in</title>\\u{1b}`"
    );
    assert!(error.hint.unwrap().contains("base URL"));
    assert_eq!(server.lines().len(), 1);
    let error = run(client.write(&removal())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutcomeUnknown);
}

#[test]
fn answers_are_bounded() {
    let endless = |status: &str, size: usize| {
        let mut bytes = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n[").into_bytes();
        bytes.resize(bytes.len() + size, b' ');
        Reply::Last(bytes)
    };
    let server = Server::replies(vec![endless("200", 65 << 20)]);
    let error = run(client(&server.url()).members()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent);
    assert_eq!(error.message, "the answer is larger than 64 MB");
    let server = Server::replies(vec![endless("403", 8 << 20)]);
    let error = run(client(&server.url()).members()).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Permanent, Some(403)));
    let server = Server::replies(vec![endless("200", 8 << 20)]);
    let error = run(client(&server.url()).write(&removal()));
    assert_eq!(error.unwrap_err().kind, ErrorKind::OutcomeUnknown);
}

#[test]
fn compressed_answers_are_read() {
    // `[{"id":7,"name":"Zipped"}]`
    let zipped: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 139, 174, 86, 202, 76, 81, 178, 50, 215, 81, 202, 75, 204,
        77, 85, 178, 82, 138, 202, 44, 40, 72, 77, 81, 170, 141, 5, 0, 195, 152, 119, 178, 26, 0,
        0, 0,
    ];
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        zipped.len()
    )
    .into_bytes();
    bytes.extend_from_slice(zipped);
    let server = Server::replies(vec![Reply::Bytes(bytes)]);
    let projects = run(client(&server.url()).projects()).unwrap();
    assert_eq!(projects[0].name, "Zipped");
    assert!(server.received()[0].header("accept-encoding").unwrap().contains("gzip"));
}

#[test]
fn no_content_is_a_success_for_writes_only() {
    let server = Server::replies(vec![Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]);
    let client = client(&server.url());
    run(client.write(&removal())).unwrap();
    assert!(run(client.members()).is_err());
}

#[test]
fn every_page_is_read_or_none() {
    let page = |id: u64, next: &str| {
        let row = format!(r#"{{"id":{id},"email":"p{id}@acme.example","role":"owner"}}"#);
        Reply::json(200, &format!(r#"{{"results":[{row}],"next":{next}}}"#))
    };
    let path = "/api/app/organizations/12345/members";
    let second = format!("\"{path}?page=2\"");
    let server = Server::replies(vec![page(1, &second), page(2, "\"tok en\""), page(3, "null")]);
    let members = run(client(&server.url()).members()).unwrap();
    let ids: Vec<u64> = members.iter().map(|member| member.id.unwrap().0).collect();
    assert_eq!(ids, [1, 2, 3]);
    let lines = server.lines();
    assert_eq!(lines[1], format!("GET {path}?page=2"));
    assert_eq!(lines[2], format!("GET {path}?cursor=tok+en"));
    for (next, expected) in [
        (second.as_str(), "read already"),
        ("true", "not understood"),
        ("\"https://evil.example/\"", "another address"),
    ] {
        let server = Server::replies(vec![page(1, next)]);
        let error = run(client(&server.url()).members()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent);
        assert!(error.message.contains(expected), "{error}");
        assert!(server.lines().len() <= 2);
    }
}
