//! SCIM against a server that somebody else wrote: `scim2-server` of the Python Package Index. It runs
//! where `SCIM2_SERVER` names its program; `.ci/run` installs it and sees to that.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mixaccess_api::{AccessRead, AccessWrite, Client, ErrorKind, Write};
use mixaccess_model::Email;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{credentials, options, run};

const VARIABLE: &str = "SCIM2_SERVER";
const TOKEN: &str = "scim-t0ken";

/// The server, on a free port of this machine. It stops when dropped.
struct Scim2Server {
    process: Child,
    url: String,
    /// What the test itself asks with, so that the client is not its own witness.
    http: reqwest::Client,
    _directory: TempDir,
}

impl Drop for Scim2Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Scim2Server {
    /// Starts it with what it shall say it can do, and with or without a token.
    fn start(features: &Value, token: Option<&str>) -> Self {
        let program = std::env::var_os(VARIABLE)
            .unwrap_or_else(|| panic!("{VARIABLE} does not name the program"));
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("config.json");
        std::fs::write(&config, features.to_string()).unwrap();
        // The port is free until somebody else takes it in between.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            if let Some(process) = serve(Path::new(&program), port, &config, token) {
                let url = format!("http://127.0.0.1:{port}");
                let _ = rustls::crypto::ring::default_provider().install_default();
                let http =
                    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
                return Self { process, url, http, _directory: directory };
            }
        }
        panic!("the server does not start");
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/v2{path}", self.url);
        let mut request = self.http.request(method, url).bearer_auth(TOKEN);
        if let Some(body) = body {
            request =
                request.header("Content-Type", "application/scim+json").body(body.to_string());
        }
        let mut response = request.send().await.unwrap();
        let mut answer = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            answer.extend_from_slice(&piece);
        }
        let text = String::from_utf8(answer).unwrap();
        assert!(response.status().is_success(), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn create(&self, kind: &str, schema: &str, mut resource: Value) -> String {
        resource["schemas"] = json!([format!("urn:ietf:params:scim:schemas:core:2.0:{schema}")]);
        let created = self.ask(Method::POST, kind, Some(resource)).await;
        created["id"].as_str().unwrap().to_owned()
    }

    async fn person(&self, user_name: &str) -> String {
        self.create("/Users", "User", json!({ "userName": user_name, "active": true })).await
    }

    async fn group(&self, name: &str, people: &[&str]) -> String {
        let members: Vec<Value> = people.iter().map(|id| json!({ "value": id })).collect();
        let group = json!({ "displayName": name, "externalId": "kept", "members": members });
        self.create("/Groups", "Group", group).await
    }

    /// The group as it is there, and the ids of its people.
    async fn people_of(&self, group: &str) -> (Value, Vec<String>) {
        let group = self.ask(Method::GET, &format!("/Groups/{group}"), None).await;
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let ids = members.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect();
        (group, ids)
    }
}

fn serve(program: &Path, port: u16, config: &Path, token: Option<&str>) -> Option<Child> {
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--service-provider-config"]).arg(config);
    if let Some(token) = token {
        command.args(["--bearer-token", token]);
    }
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let stdout = process.stdout.take().unwrap();
    let read = BufReader::new(stdout).read_line(&mut line);
    if read.is_ok() && line.contains("Serving SCIM") {
        return Some(process);
    }
    let _ = process.kill();
    let _ = process.wait();
    None
}

fn features(patch: bool, most_results: u64) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": patch },
        "filter": { "supported": true, "maxResults": most_results },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [],
    })
}

fn client(server: &Scim2Server, token: &str) -> Client {
    let mut options = options(&server.url);
    options.scim_token = Some(token.to_owned().into());
    options.scim_path = "/v2".to_owned();
    Client::new(options, credentials()).unwrap()
}

fn change(group: &str, email: &str, member: bool) -> Write {
    Write::ChangeGroup { group: group.into(), email: Email::new(email), member }
}

#[test]
#[ignore = "needs scim2-server, which SCIM2_SERVER names"]
fn people_and_groups_are_read_page_by_page() {
    let server = Scim2Server::start(&features(true, 2), None);
    run(async {
        let mut ids = Vec::new();
        for name in ["dan", "cem", "ann", "bea", "eva"] {
            ids.push(server.person(&format!("{name}@acme.example")).await);
        }
        server.group("Growth", &[&ids[0], &ids[2]]).await;
        server.group("Empty", &[]).await;

        let client = client(&server, TOKEN);
        let features = client.scim_features().await.unwrap().unwrap();
        assert!(features.patch && features.filter && !features.bulk);
        assert_eq!(features.most_results, Some(2));
        let before = client.requests_sent();
        let found = client.identity_provider().await.unwrap().unwrap();
        // Three pages of people, one of groups, and a log that this server does not have.
        assert_eq!(client.requests_sent() - before, 5);
        let users = found.users.unwrap();
        let names: Vec<&str> = users.iter().map(|user| user.email.as_str()).collect();
        assert_eq!(
            names,
            [
                "ann@acme.example",
                "bea@acme.example",
                "cem@acme.example",
                "dan@acme.example",
                "eva@acme.example"
            ]
        );
        assert!(users.iter().all(|user| user.active));
        let groups = found.groups.unwrap();
        let people: Vec<_> =
            groups.iter().map(|group| (&*group.name, group.members.clone())).collect();
        let growth = vec![Email::new("ann@acme.example"), Email::new("dan@acme.example")];
        assert_eq!(people, [("Empty", vec![]), ("Growth", growth)]);
        assert_eq!(found.log, None);
    });
}

/// Adds somebody to a group and takes somebody out, twice each: what is so already stays so.
fn changes_groups(patch: bool) {
    let server = Scim2Server::start(&features(patch, 100), Some(TOKEN));
    run(async {
        let ann = server.person("ann@acme.example").await;
        let bea = server.person("bea@acme.example").await;
        let group = server.group("Growth \"&\" Co", &[&ann]).await;
        let client = client(&server, TOKEN);
        let name = "Growth \"&\" Co";
        for (email, member, expected) in [
            ("Bea@acme.example", true, vec![&ann, &bea]),
            ("bea@acme.example", true, vec![&ann, &bea]),
            ("ann@acme.example", false, vec![&bea]),
            ("ann@acme.example", false, vec![&bea]),
            ("bea@acme.example", false, vec![]),
            ("ann@acme.example", true, vec![&ann]),
        ] {
            client.write(&change(name, email, member)).await.unwrap();
            let (resource, people) = server.people_of(&group).await;
            assert_eq!(people.iter().collect::<Vec<_>>(), expected, "{email} {member}");
            assert_eq!(
                (&resource["displayName"], &resource["externalId"]),
                (&json!(name), &json!("kept"))
            );
        }
        for (group, email, expected) in [
            (name, "eva@acme.example", "does not know a person eva@acme.example"),
            ("Sales", "ann@acme.example", "does not know a group Sales"),
        ] {
            let error = client.write(&change(group, email, true)).await.unwrap_err();
            assert!(error.message.contains(expected), "{error}");
        }
    });
}

#[test]
#[ignore = "needs scim2-server, which SCIM2_SERVER names"]
fn groups_change_by_a_patch() {
    changes_groups(true);
}

#[test]
#[ignore = "needs scim2-server, which SCIM2_SERVER names"]
fn groups_change_whole_where_there_is_no_patch() {
    changes_groups(false);
}

#[test]
#[ignore = "needs scim2-server, which SCIM2_SERVER names"]
fn a_wrong_token_is_refused_and_said_to_be_wrong() {
    let server = Scim2Server::start(&features(true, 100), Some(TOKEN));
    run(async {
        server.person("ann@acme.example").await;
        server.group("Growth", &[]).await;
        let client = client(&server, "another-t0ken");
        let error = client.write(&change("Growth", "ann@acme.example", true)).await.unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::Permanent, Some(401)));
        assert!(error.hint.as_ref().unwrap().contains("MIXPANEL_SCIM_TOKEN"), "{error:?}");
        let probe = self::client(&server, TOKEN).probe(None).await;
        assert!(probe.scim.unwrap().patch);
    });
}
