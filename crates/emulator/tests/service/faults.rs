//! What goes wrong on demand, seen from the other end of the connection.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use mixaccess_emulator::{Effect, Emulator, EmulatorOptions};

use crate::client::{begin, send, send_as, start, try_send};

async fn with_faults(faults: &[&str]) -> Emulator {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    start(EmulatorOptions { faults, ..EmulatorOptions::default() }).await
}

fn sam(emulator: &Emulator) -> String {
    emulator.state().members[2].projects[&11].clone()
}

const PUT: &str = "PUT /projects/11/members/503";
const ADMIN: &str = r#"{"role":"admin"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_status_comes_as_often_as_it_was_asked_for() {
    let emulator =
        with_faults(&["PUT /projects/*/members/* status=503 times=2 nth=2 retry-after=1"]).await;
    assert_eq!(send(&emulator, PUT, ADMIN).status, 200);
    for _ in 0..2 {
        let failed = send(&emulator, PUT, r#"{"role":"owner"}"#);
        assert_eq!((failed.status, failed.header("retry-after")), (503, Some("1")));
        assert_eq!(failed.error(), "Service Unavailable");
    }
    assert_eq!(sam(&emulator), "admin");
    assert_eq!(send(&emulator, PUT, ADMIN).status, 200);
    let effects: Vec<_> = emulator.requests().into_iter().map(|request| request.effect).collect();
    assert_eq!(effects, [Effect::Changed, Effect::Nothing, Effect::Nothing, Effect::Unchanged]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_carry_dates_bodies_and_locations() {
    let emulator = with_faults(&[
        "GET /me status=429 retry-after=date:90",
        "GET /me nth=2 status=500 body=\"out of order\"",
        "GET /me nth=3 status=307 location=https://elsewhere.example/me",
        "PUT ** status=502 after",
    ])
    .await;
    let limited = send(&emulator, "GET /me", "");
    assert_eq!(limited.header("retry-after"), Some("Mon, 05 Jan 2026 00:01:30 GMT"));
    assert_eq!(limited.header("date"), Some("Mon, 05 Jan 2026 00:00:00 GMT"));
    let broken = send(&emulator, "GET /me", "");
    assert_eq!((broken.status, broken.body.as_str()), (500, "out of order"));
    let moved = send(&emulator, "GET /me", "");
    assert_eq!(moved.header("location"), Some("https://elsewhere.example/me"));
    assert_eq!(send(&emulator, PUT, ADMIN).status, 502);
    assert_eq!(sam(&emulator), "admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_lost_before_and_after_the_write() {
    for (fault, role) in [
        ("PUT /projects/** reset before", "analyst"),
        ("PUT /projects/** reset after", "admin"),
        ("PUT /projects/** hang=10ms", "analyst"),
        ("PUT /projects/** hang=10ms after", "admin"),
    ] {
        let emulator = with_faults(&[fault]).await;
        let lost = try_send(&emulator, PUT, ADMIN).unwrap_err();
        assert_eq!(lost.kind(), std::io::ErrorKind::ConnectionReset, "{fault}");
        assert_eq!(sam(&emulator), role, "{fault}");
        assert_eq!(emulator.requests()[0].status, None);
        assert_eq!(send(&emulator, PUT, ADMIN).status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_cut_and_replaced() {
    for (fault, body, role) in [
        ("PUT /projects/** truncate=20", r#"{"results":{"email":"#, "admin"),
        ("PUT /projects/** truncate before", r#"{"results""#, "analyst"),
    ] {
        let emulator = with_faults(&[fault]).await;
        let cut = send(&emulator, PUT, ADMIN);
        assert_eq!(cut.status, 200);
        assert!(!cut.is_whole());
        assert_eq!(cut.body, body);
        assert_eq!(sam(&emulator), role);
    }
    let emulator = with_faults(&["GET /me html", "GET /me nth=2 html=502"]).await;
    let page = send(&emulator, "GET /me", "");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(send(&emulator, "GET /me", "").status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_lies_and_remembers_old_times() {
    let emulator =
        with_faults(&["PUT /projects/** lie", "GET /projects/*/members stale=1 times=always"])
            .await;
    let role = || send(&emulator, "GET /projects/11/members", "").results()[3]["role"].clone();
    assert_eq!(send(&emulator, PUT, ADMIN).results()["role"], "admin");
    assert_eq!(sam(&emulator), "analyst");
    assert!(emulator.audit().is_empty());
    assert_eq!(role(), "analyst");
    assert_eq!(send(&emulator, PUT, ADMIN).status, 200);
    assert_eq!(role(), "analyst");
    assert_eq!(send(&emulator, PUT, r#"{"role":"owner"}"#).status, 200);
    assert_eq!(role(), "admin");
    emulator.set_faults(Vec::new());
    assert_eq!(role(), "owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_can_go_wrong() {
    let emulator = with_faults(&[
        "POST /organizations/*/add-teams lie",
        "POST /organizations/*/service-accounts status=502 after",
        "POST /organizations/*/add-users-to-projects reset after",
        "GET /organizations/*/teams stale=1 nth=2",
        "* /scim/v2/** status=503 retry-after=2",
        "GET /organizations/*/users status=404 times=always",
    ])
    .await;
    let team = r#"{"teams":["Ops"]}"#;
    let add_teams = "POST /organizations/12345/add-teams/";
    assert_eq!(send(&emulator, add_teams, team).results()[0]["id"], 2);
    assert_eq!(emulator.state().teams.len(), 1);
    assert_eq!(send(&emulator, add_teams, team).status, 200);
    let teams = || send(&emulator, "GET //organizations/12345/teams", "").results();
    assert_eq!(teams().as_array().unwrap().len(), 2);
    assert_eq!(teams().as_array().unwrap().len(), 1);
    let account = r#"{"username":"etl"}"#;
    let lost = send(&emulator, "POST /organizations/12345/service-accounts", account);
    assert_eq!((lost.status, emulator.state().service_accounts.len()), (502, 5));
    let users =
        r#"{"projects":[{"id":11,"users":[{"email":"zoe@partner.example","role":"analyst"}]}]}"#;
    try_send(&emulator, "POST /organizations/12345/add-users-to-projects/", users).unwrap_err();
    assert_eq!(emulator.state().members.len(), 6);
    let scim = send_as(&emulator, "Bearer x", "GET /scim/v2/Users", "");
    assert_eq!((scim.status, scim.header("retry-after")), (503, Some("2")));
    assert_eq!(send(&emulator, "GET //organizations/12345/users/", "").status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_for_one_account_when_they_say_so() {
    let emulator = with_faults(&["* /** account=jordan status=500 times=always"]).await;
    assert_eq!(send(&emulator, "GET /me", "").status, 200);
    assert_eq!(send_as(&emulator, "jordan:demo-secret-jordan", "GET /me", "").status, 500);
    assert_eq!(
        emulator.requests()[1].fault.as_deref(),
        Some("* /** status=500 before account=\"jordan\" nth=1 times=always")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_are_counted_and_waits_end_with_the_emulator() {
    let emulator = with_faults(&["GET /me hang times=3"]).await;
    let connect = |_| begin(&emulator, "ci:demo-secret", "GET /me", "").unwrap();
    let mut hanging: Vec<_> = (0..3).map(connect).collect();
    while emulator.requests().iter().filter(|request| request.fault.is_some()).count() < 3 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(send(&emulator, "GET /me", "").status, 200);
    assert_eq!(emulator.max_in_flight(), 4);
    emulator.stop().await;
    for stream in &mut hanging {
        assert!(stream.read_to_end(&mut Vec::new()).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_answers_come_after_the_write() {
    let emulator = with_faults(&["PUT /projects/** slow=1m"]).await;
    let mut waiting = begin(&emulator, "ci:demo-secret", PUT, ADMIN).unwrap();
    while emulator.audit().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(emulator.requests()[0].status, None);
    emulator.stop().await;
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_do_no_harm() {
    let emulator = start(EmulatorOptions::default()).await;
    for bytes in [
        &b"\0\xff\xfe\r\n\r\n"[..],
        b"GET /api/app/%00%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/app/me?%zz=%&&= HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic /w==\r\n\r\n",
        b"POST /api/app/projects/11/members HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
    ] {
        let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // Whether there is an answer depends on how much of a request it was.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(send(&emulator, "GET /me", "").status, 200);
    assert!(emulator.audit().is_empty());
}

#[tokio::test]
async fn only_loopback_is_served() {
    let address = "0.0.0.0:0".parse().unwrap();
    let options = EmulatorOptions { address, ..EmulatorOptions::default() };
    let refused = Emulator::start(crate::client::seed(), options).await.unwrap_err();
    assert_eq!(refused.to_string(), "0.0.0.0 is not a loopback address; use 127.0.0.1 or [::1]");
}
