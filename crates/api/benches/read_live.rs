//! How long reading live state takes, and how much memory: `cargo bench -p mixaccess-api`.
//!
//! The server is a thread that sends answers made beforehand, so that what is measured is the client:
//! HTTP, JSON, and joining rows to members.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run fails"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use mixaccess_api::{Client, ClientOptions, Credentials, read_live};
use mixaccess_model::{Dialect, LiveState, OrganizationId, ProjectId, Reads};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Members, projects, and projects of each member.
const SIZES: [(u64, u64, u64); 3] = [(100, 10, 10), (2_000, 100, 10), (20_000, 100, 50)];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn members(bencher: Bencher<'_, '_>, size: (u64, u64, u64)) {
    read(bencher, Dialect::Members, size);
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn app(bencher: Bencher<'_, '_>, size: (u64, u64, u64)) {
    read(bencher, Dialect::App, size);
}

fn read(bencher: Bencher<'_, '_>, dialect: Dialect, (members, projects, each): (u64, u64, u64)) {
    let url = serve(answers(members, projects, each));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bencher.counter(ItemsCount::new(members * each)).bench_local(|| {
        let live = runtime.block_on(read_once(&url, dialect, projects));
        assert_eq!(live.individual_grants() as u64, members * each);
        live
    });
}

async fn read_once(url: &str, dialect: Dialect, projects: u64) -> LiveState {
    let organization = OrganizationId(1);
    let options = ClientOptions::new(url, organization, dialect).unwrap();
    let client =
        Client::new(options, Credentials::new("ci", "secret".to_owned().into()).unwrap()).unwrap();
    let declared: Vec<ProjectId> = (0..projects).map(ProjectId).collect();
    let taken_at = "2026-01-05T00:00:00Z".parse().unwrap();
    read_live(&client, organization, dialect, &declared, |_| Reads::default(), 8, taken_at)
        .await
        .unwrap()
}

fn answers(members: u64, projects: u64, each: u64) -> HashMap<String, Vec<u8>> {
    let roles = ["admin", "analyst", "viewer"];
    let mut lists: HashMap<String, String> = HashMap::new();
    let people = lists.entry("/api/app/organizations/1/members".to_owned()).or_default();
    for id in 0..members {
        let role = if id == 0 { "owner" } else { "member" };
        let _ = write!(
            people,
            r#",{{"id":{id},"email":"person{id}@acme.example","name":"Person {id}","role":"{role}","status":"active","last_active":"2026-01-05T09:00:00Z"}}"#
        );
    }
    let all = lists.entry("/api/app/organizations/1/projects".to_owned()).or_default();
    for id in 0..projects {
        let _ = write!(all, r#",{{"id":{id},"name":"Project {id}","timezone":"UTC"}}"#);
    }
    let users = lists.entry("/api/app/organizations/1/users/".to_owned()).or_default();
    for id in 0..members {
        let role = roles[usize::try_from(id % 3).unwrap()];
        let projects = (0..projects)
            .filter(|project| (id + project) % projects < each)
            .map(|project| {
                format!(r#"{{"id":{project},"role":"{role}","grant_type":"individual"}}"#)
            })
            .collect::<Vec<_>>()
            .join(",");
        let _ = write!(
            users,
            r#",{{"id":{id},"email":"person{id}@acme.example","name":"Person {id}","role":"member","status":"active","last_active":"2026-01-05T09:00:00Z","projects":[{projects}]}}"#
        );
    }
    let all = lists["/api/app/organizations/1/projects"].clone();
    lists.insert("/api/app/organizations/1/projects/".to_owned(), all);
    for project in 0..projects {
        let rows = lists.entry(format!("/api/app/projects/{project}/members")).or_default();
        for id in (0..members).filter(|id| (id + project) % projects < each) {
            let role = roles[usize::try_from(id % 3).unwrap()];
            let _ = write!(
                rows,
                r#",{{"id":{id},"email":"person{id}@acme.example","role":"{role}","grant_type":"individual"}}"#
            );
        }
    }
    let mut answers: HashMap<String, Vec<u8>> = lists
        .into_iter()
        .map(|(path, list)| (path, answer(list.trim_start_matches(','))))
        .collect();
    answers.insert("/api/app/me".to_owned(), said(r#"{"organizations":{"1":{}}}"#));
    answers
}

fn answer(list: &str) -> Vec<u8> {
    said(&format!(r#"{{"status":"ok","results":[{list}]}}"#))
}

fn said(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn serve(answers: HashMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = Arc::new(answers);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            thread::spawn(move || serve_connection(&stream, &answers));
        }
    });
    url
}

fn serve_connection(stream: &TcpStream, answers: &HashMap<String, Vec<u8>>) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut writer = stream;
    loop {
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        lines.by_ref().find(String::is_empty)?;
        writer.write_all(answers.get(&path)?).ok()?;
    }
}
