//! Proxies, which come from the environment: so each case runs in a process of its own.

use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

use mixaccess_api::{AccessRead, ErrorKind};

use crate::server::{Reply, Server, receive};
use crate::{OWNER, client, run};

const URL_VARIABLE: &str = "TEST_BASE_URL";

fn in_process(test: &str, url: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(URL_VARIABLE, url)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn assert_success(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn https_goes_through_the_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let request = receive(&mut BufReader::new(&stream)).unwrap();
        (&stream).write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        request
    });
    let address = format!("http://ann:pw@{address}");
    let output = in_process(
        "proxies::child_is_turned_away",
        "https://mixpanel.example",
        &[("HTTPS_PROXY", &address)],
    );
    assert_success(&output);
    let request = proxy.join().unwrap();
    assert_eq!(request.line(), "CONNECT mixpanel.example:443");
    assert_eq!(request.header("proxy-authorization"), Some("Basic YW5uOnB3"));
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn this_machine_is_never_reached_through_a_proxy() {
    let proxy = Server::replies(vec![Reply::json(502, "")]);
    let server = Server::replies(vec![Reply::json(200, OWNER)]);
    let address = proxy.url();
    let output = in_process(
        "proxies::child_reads",
        &server.url(),
        &[("HTTP_PROXY", &address), ("ALL_PROXY", &address), ("http_proxy", &address)],
    );
    assert_success(&output);
    assert_eq!(server.lines(), ["GET /api/app/organizations/12345/members"]);
    assert!(proxy.received().is_empty());
}

#[test]
fn a_machine_without_certificate_authorities_is_told_so() {
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    let output = in_process("proxies::child_has_no_authorities", "https://mixpanel.example", &none);
    assert_success(&output);
    let server = Server::replies(vec![Reply::json(200, OWNER)]);
    assert_success(&in_process("proxies::child_reads", &server.url(), &none));
}

fn url() -> String {
    std::env::var(URL_VARIABLE).unwrap()
}

#[test]
#[ignore = "runs in a process of its own, with other variables"]
fn child_reads() {
    run(client(&url()).members()).unwrap();
}

#[test]
#[ignore = "runs in a process of its own, with other variables"]
fn child_is_turned_away() {
    let mut options = crate::options(&url());
    options.max_wait = std::time::Duration::ZERO;
    let client = mixaccess_api::Client::new(options, crate::credentials()).unwrap();
    let error = run(client.members()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert!(error.message.contains("cannot be reached"), "{error}");
    assert!(!format!("{error:?}").contains("pw"), "{error:?}");
}

#[test]
#[ignore = "runs in a process of its own, with other variables"]
fn child_has_no_authorities() {
    let error =
        mixaccess_api::Client::new(crate::options(&url()), crate::credentials()).unwrap_err();
    assert!(error.to_string().starts_with("cannot set up secure connections"), "{error}");
    assert!(error.hint().unwrap().contains("SSL_CERT_FILE"));
}
