//! How many requests are in flight, and how fast they are begun.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use mixaccess_api::{AccessRead, Client, read_live};
use mixaccess_model::{Dialect, OrganizationId, ProjectId, Reads};

use crate::server::{Received, Reply, Server};
use crate::{OWNER, client, credentials, options, run};

fn organization(request: &Received, _: usize) -> Reply {
    let body = match request.path.rsplit('/').next() {
        Some("me") => r#"{"organizations":{"12345":{}}}"#.to_owned(),
        Some("projects") => {
            let projects: Vec<String> =
                (1..=40).map(|id| format!(r#"{{"id":{id},"name":"p{id}"}}"#)).collect();
            format!("[{}]", projects.join(","))
        }
        _ => r#"[{"id":5,"email":"a@acme.example","role":"owner"}]"#.to_owned(),
    };
    let Reply::Bytes(bytes) = Reply::json(200, &body) else { return Reply::Close };
    Reply::Late(Duration::from_millis(2), bytes)
}

async fn read(client: &Client, concurrency: usize) -> mixaccess_model::LiveState {
    let declared: Vec<ProjectId> = (1..=40).map(ProjectId).collect();
    let taken_at = "2026-01-05T00:00:00Z".parse().unwrap();
    let organization = OrganizationId(12345);
    read_live(
        client,
        organization,
        Dialect::Members,
        &declared,
        |_| Reads::default(),
        concurrency,
        taken_at,
    )
    .await
    .unwrap()
}

#[test]
fn no_more_are_in_flight_than_allowed() {
    for (allowed, asked) in [(1, 32), (4, 32), (1000, 3)] {
        let server = Server::start(organization);
        let mut options = options(&server.url());
        options.concurrency = allowed;
        let client = Client::new(options, credentials()).unwrap();
        let live = run(read(&client, asked));
        assert_eq!(live.members[0].grants.len(), 40);
        assert_eq!(client.requests_sent(), 43);
        assert!(server.most_in_flight() <= allowed.min(asked), "{allowed} {asked}");
        // Connections are used again; how many are opened in all depends on which answer comes first.
        assert!(server.connections() < 43 / 2, "{} connections", server.connections());
    }
}

#[test]
fn no_more_are_begun_a_second_than_allowed() {
    let server = Server::replies(vec![Reply::json(200, OWNER)]);
    let mut options = options(&server.url());
    options.requests_per_second = NonZeroU32::new(50);
    let client = Client::new(options, credentials()).unwrap();
    let began = Instant::now();
    run(async {
        for _ in 0..55 {
            client.members().await.unwrap();
        }
    });
    // At least: the first 50 at once, and 5 more a fiftieth of a second apart.
    assert!(began.elapsed() >= Duration::from_millis(80));
}

#[test]
fn the_client_can_be_shared_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = client("http://127.0.0.1:1");
    is_send(&read(&client, 1));
    is_send(&client.audit_log(&mixaccess_model::Email::new("a@x"), jiff::Timestamp::UNIX_EPOCH));
}
