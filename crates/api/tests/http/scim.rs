//! SCIM: what is sent, what the answers mean, and what happens where a server can do less.

use mixaccess_api::{AccessRead, AccessWrite, Client, ErrorKind, Write};
use mixaccess_model::{Email, LiveIdentityProvider};
use serde_json::{Value, json};

use crate::server::{Received, Reply, Server};
use crate::{credentials, options, run};

const TOKEN: &str = "scim-t0ken-very-secret";

fn client(server: &Server) -> Client {
    let mut options = options(&server.url());
    options.scim_token = Some(TOKEN.to_owned().into());
    Client::new(options, credentials()).unwrap()
}

/// A SCIM server with two people and two groups, two resources a page.
struct World {
    features: Value,
    patch: Reply,
}

impl Default for World {
    fn default() -> Self {
        Self {
            features: json!({ "patch": { "supported": true }, "filter": { "supported": true, "maxResults": 200 }, "bulk": { "supported": false } }),
            patch: Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        }
    }
}

impl World {
    fn serve(self) -> Server {
        Server::start(move |request, _| self.answer(request))
    }

    fn answer(&self, request: &Received) -> Reply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let query = url(query);
        match (request.method.as_str(), path.trim_start_matches("/api/app/scim/v2")) {
            ("GET", "/ServiceProviderConfig") => Reply::json(200, &self.features.to_string()),
            ("GET", "/Users") => page(&query, &users(), "userName"),
            ("GET", "/Groups") => page(&query, &groups(), "displayName"),
            ("GET", "/Groups/g%201") => Reply::json(200, &growth().to_string()),
            ("PATCH" | "PUT", "/Groups/g%201") => self.patch.clone(),
            ("GET", "/api/app/organizations/12345/scim/logs") => Reply::json(
                200,
                r#"[{"user_email":"b@x.example","event":"USER_UPDATED","timestamp":"2026-01-05T09:00:00Z"},
                    {"user_email":"a@x.example","event":"USER_CREATED","timestamp":"2026-01-04T09:00:00Z"},
                    {"event":"?"}]"#,
            ),
            _ => Reply::json(
                404,
                r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"not here","status":"404"}"#,
            ),
        }
    }
}

fn url(query: &str) -> Vec<(String, String)> {
    reqwest::Url::parse(&format!("http://x/?{query}")).unwrap().query_pairs().into_owned().collect()
}

fn users() -> Vec<Value> {
    vec![
        json!({ "id": "u2", "userName": "B@x.example", "active": "False" }),
        json!({ "id": "u\"1", "userName": "a@x.example" }),
        json!({ "id": 3, "userName": "kim", "active": true,
            "emails": [{ "value": "old@x.example" }, { "value": "kim@x.example", "primary": true }] }),
    ]
}

fn growth() -> Value {
    json!({ "id": "g 1", "displayName": "Growth", "externalId": "e",
        "meta": { "version": "W/\"7\"" },
        "members": [{ "value": "u2" }, { "value": "gone" }, { "value": "x", "display": "x@x.example" }] })
}

fn groups() -> Vec<Value> {
    vec![growth(), json!({ "id": "g2", "displayName": "Ops" })]
}

fn page(query: &[(String, String)], all: &[Value], attribute: &str) -> Reply {
    let value =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let found: Vec<&Value> = match value("filter") {
        Some(filter) => {
            let wanted: String =
                serde_json::from_str(filter.strip_prefix(&format!("{attribute} eq ")).unwrap())
                    .unwrap();
            let wanted = wanted.to_lowercase();
            all.iter()
                .filter(|one| one[attribute].as_str().unwrap().to_lowercase() == wanted)
                .collect()
        }
        None => all.iter().collect(),
    };
    let from: usize = value("startIndex").unwrap().parse().unwrap();
    let resources: Vec<&Value> = found.iter().copied().skip(from - 1).take(2).collect();
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": found.len(), "startIndex": from, "itemsPerPage": resources.len(),
        "Resources": resources });
    Reply::with(200, &["Content-Type: application/scim+json"], &body.to_string())
}

fn change(group: &str, email: &str, member: bool) -> Write {
    Write::ChangeGroup { group: group.into(), email: Email::new(email), member }
}

fn read(client: &Client) -> LiveIdentityProvider {
    run(client.identity_provider()).unwrap().unwrap()
}

#[test]
fn everybody_and_every_group_is_read_page_by_page() {
    let server = World::default().serve();
    let found = read(&client(&server));
    let users: Vec<_> = found
        .users
        .unwrap()
        .into_iter()
        .map(|user| format!("{} {} {}", user.email, user.id, user.active))
        .collect();
    assert_eq!(users, ["a@x.example u\"1 true", "B@x.example u2 false", "kim@x.example 3 true"]);
    let groups: Vec<_> = found
        .groups
        .unwrap()
        .into_iter()
        .map(|group| format!("{} {} {:?}", group.name, group.id, group.members))
        .collect();
    assert_eq!(
        groups,
        ["Growth g 1 [Email(\"B@x.example\"), Email(\"x@x.example\")]", "Ops g2 []"]
    );
    let log: Vec<_> = found.log.unwrap().into_iter().map(|event| event.event).collect();
    assert_eq!(log, ["USER_CREATED".into(), "USER_UPDATED".into()]);
    assert_eq!(
        server.lines(),
        [
            "GET /api/app/scim/v2/Users?startIndex=1&count=1000",
            "GET /api/app/scim/v2/Users?startIndex=3&count=1000",
            "GET /api/app/scim/v2/Groups?startIndex=1&count=1000",
            "GET /api/app/organizations/12345/scim/logs",
        ]
    );
    let received = server.received();
    assert_eq!(received[0].header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert_eq!(received[0].header("accept"), Some("application/scim+json"));
    assert!(received[3].header("authorization").unwrap().starts_with("Basic "));
}

#[test]
fn without_a_token_only_the_log_is_read() {
    let server = World::default().serve();
    let client = Client::new(options(&server.url()), credentials()).unwrap();
    let found = read(&client);
    assert_eq!((found.users, found.groups, found.log.unwrap().len()), (None, None, 2));
    assert_eq!(server.lines().len(), 1);
    assert_eq!(run(client.scim_features()).unwrap(), None);
    let error = run(client.write(&change("Growth", "a@x.example", true))).unwrap_err();
    assert_eq!((error.kind, server.lines().len()), (ErrorKind::Permanent, 1));
    assert!(error.hint.unwrap().contains("MIXPANEL_SCIM_TOKEN"));

    for status in [403, 404, 405] {
        let server = Server::replies(vec![Reply::json(status, r#"{"error":"no"}"#)]);
        let client = Client::new(options(&server.url()), credentials()).unwrap();
        assert_eq!(run(client.identity_provider()).unwrap(), None);
    }
}

#[test]
fn a_list_that_ends_too_early_is_refused() {
    for (body, expected) in [
        (r#"{"totalResults":3,"Resources":[]}"#, "ends after 0 of 3"),
        (r#"{"schemas":[]}"#, "no list of SCIM resources"),
        (r#"{"totalResults":"many","Resources":[]}"#, "is no number"),
        (r#"{"totalResults":-1,"Resources":[]}"#, "is no number"),
        (r#"{"totalResults":1,"Resources":[{"userName":"a@x.example"}]}"#, "missing field `id`"),
        (
            r#"{"totalResults":1,"Resources":[{"id":[],"userName":"a"}]}"#,
            "neither a text nor a number",
        ),
        ("<html>", "an HTML page"),
    ] {
        let server = Server::replies(vec![Reply::json(200, body)]);
        let error = run(client(&server).identity_provider()).unwrap_err();
        assert!(error.message.contains(expected), "{body}: {error}");
    }
    let part = r#"{"totalResults":1,"Resources":[{"id":"1","userName":"a@x.example"}]}"#;
    let server = Server::replies(vec![Reply::json(206, part)]);
    let error = run(client(&server).identity_provider()).unwrap_err();
    assert!(error.is_unreadable() && error.message.contains("answered 206"), "{error}");
    for total in ["1", "\"1\"", "1.0"] {
        let body = format!(
            r#"{{"totalResults":{total},"startIndex":"1","itemsPerPage":null,"Resources":[{{"id":1,"userName":"a@x.example","displayName":"A"}}]}}"#
        );
        let (one, log) = (Reply::json(200, &body), Reply::json(200, "[]"));
        let server = Server::replies(vec![one.clone(), one, log]);
        assert_eq!(read(&client(&server)).users.unwrap().len(), 1, "{total}");
    }
    let none = Reply::json(200, r#"{"totalResults":0}"#);
    let server = Server::replies(vec![none.clone(), none, Reply::json(200, "[]")]);
    assert_eq!(read(&client(&server)).users, Some(Vec::new()));
}

#[test]
fn one_member_changes_by_a_patch() {
    let server = World::default().serve();
    let client = client(&server);
    run(client.write(&change("Growth", "A@x.example", true))).unwrap();
    run(client.write(&change("growth", "a@x.example", false))).unwrap();
    let received = server.received();
    let lines: Vec<String> = received.iter().map(Received::line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/app/scim/v2/ServiceProviderConfig",
            "GET /api/app/scim/v2/Users?filter=userName+eq+%22A%40x.example%22&startIndex=1&count=1000",
            "GET /api/app/scim/v2/Groups?filter=displayName+eq+%22Growth%22&startIndex=1&count=1000",
            "PATCH /api/app/scim/v2/Groups/g%201",
            "GET /api/app/scim/v2/Groups?filter=displayName+eq+%22growth%22&startIndex=1&count=1000",
            "PATCH /api/app/scim/v2/Groups/g%201",
        ]
    );
    assert_eq!(received[3].header("content-type"), Some("application/scim+json"));
    let body: Value = serde_json::from_str(&received[3].body).unwrap();
    assert_eq!(
        body,
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "add", "path": "members", "value": [{ "value": "u\"1" }] }] })
    );
    let body: Value = serde_json::from_str(&received[5].body).unwrap();
    assert_eq!(
        body["Operations"],
        json!([{ "op": "remove", "path": r#"members[value eq "u\"1"]"# }])
    );
}

#[test]
fn what_was_read_is_not_looked_up() {
    let server = World::default().serve();
    let client = client(&server);
    read(&client);
    let before = server.lines().len();
    run(client.write(&change("Growth", "kim@x.example", true))).unwrap();
    assert_eq!(
        server.lines()[before..],
        ["GET /api/app/scim/v2/ServiceProviderConfig", "PATCH /api/app/scim/v2/Groups/g%201"]
    );
}

#[test]
fn a_server_without_patch_and_filter_gets_the_whole_group_back() {
    let features = json!({ "patch": { "supported": false }, "filter": { "supported": false } });
    let server = World { features, ..World::default() }.serve();
    let client = client(&server);
    run(client.write(&change("Growth", "a@x.example", true))).unwrap();
    let received = server.received();
    let lines: Vec<String> = received.iter().map(Received::line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/app/scim/v2/ServiceProviderConfig",
            "GET /api/app/scim/v2/Users?startIndex=1&count=1000",
            "GET /api/app/scim/v2/Users?startIndex=3&count=1000",
            "GET /api/app/scim/v2/Groups?startIndex=1&count=1000",
            "GET /api/app/scim/v2/Groups/g%201",
            "PUT /api/app/scim/v2/Groups/g%201",
        ]
    );
    assert_eq!(received[5].header("if-match"), Some("W/\"7\""));
    let body: Value = serde_json::from_str(&received[5].body).unwrap();
    assert_eq!(body["externalId"], "e");
    assert_eq!(
        body["members"],
        json!([{ "value": "u2" }, { "value": "gone" }, { "value": "x", "display": "x@x.example" }, { "value": "u\"1" }])
    );
    // Who is there already needs no write.
    run(client.write(&change("Growth", "b@x.example", true))).unwrap();
    assert_eq!(server.lines().last().unwrap(), "GET /api/app/scim/v2/Groups/g%201");
}

#[test]
fn refusals_are_told_as_scim_tells_them() {
    let error = |status: u16, kind: &str, detail: &str| {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(), "scimType": kind, "detail": detail });
        Reply::with(status, &["Content-Type: application/scim+json"], &body.to_string())
    };
    let write = |patch: Reply, member| {
        let server = World { patch, ..World::default() }.serve();
        run(client(&server).write(&change("Growth", "a@x.example", member)))
    };
    let no_target = error(400, "noTarget", "nobody matches");
    write(no_target.clone(), false).unwrap();
    let refused = write(no_target, true).unwrap_err();
    assert_eq!(refused.message, "the service answered 400: nobody matches (noTarget)");
    for (reply, hint) in [
        (error(401, "", "bad token"), "MIXPANEL_SCIM_TOKEN"),
        (error(403, "", "domain is not claimed"), "claimed e-mail domains"),
        (error(404, "", "gone"), "doctor"),
        (error(412, "", "changed"), "in the meantime"),
    ] {
        let refused = write(reply, true).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Permanent);
        assert!(refused.hint.as_ref().is_some_and(|text| text.contains(hint)), "{refused:?}");
    }
    let lost = write(Reply::Close, true).unwrap_err();
    assert_eq!(lost.kind, ErrorKind::OutcomeUnknown);
    for (group, email, expected) in [
        ("Growth", "stranger@x.example", "does not know a person stranger@x.example"),
        ("Nobody", "a@x.example", "does not know a group Nobody"),
    ] {
        let server = World::default().serve();
        let error = run(client(&server).write(&change(group, email, true))).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn the_token_is_never_repeated() {
    for status in [200, 401, 500] {
        let server = Server::replies(vec![Reply::json(status, &format!("you sent {TOKEN}"))]);
        let mut options = options(&server.url());
        options.max_wait = std::time::Duration::ZERO;
        options.scim_token = Some(TOKEN.to_owned().into());
        assert!(!format!("{options:?}").contains(TOKEN));
        let client = Client::new(options, credentials()).unwrap();
        assert!(!format!("{client:?}").contains(TOKEN));
        let error = run(client.identity_provider()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
}

#[test]
fn what_a_server_can_do_is_asked_once() {
    let server = World::default().serve();
    let client = client(&server);
    let features = run(client.scim_features()).unwrap().unwrap();
    assert!(features.patch && features.filter && !features.bulk);
    assert_eq!(features.most_results, Some(200));
    run(client.scim_features()).unwrap();
    assert_eq!(server.lines().len(), 1);
    let server = Server::replies(vec![Reply::json(404, "{}")]);
    let features = run(self::client(&server).scim_features()).unwrap().unwrap();
    assert!(features.patch && features.filter);
    let server = Server::replies(vec![Reply::json(200, "{}")]);
    assert!(run(self::client(&server).scim_features()).is_err());
}

#[test]
fn half_a_list_is_no_list() {
    let user = |id: &str| json!({ "id": id, "userName": format!("{id}@x.example") });
    let list = |ids: &[&str], mut told: Value| {
        told["Resources"] = ids.iter().map(|id| user(id)).collect();
        told
    };
    for (pages, expected) in [
        (
            vec![
                list(&["a"], json!({ "totalResults": 3 })),
                list(&[], json!({ "totalResults": 3 })),
            ],
            "1 of 3",
        ),
        // A server that always answers the first page.
        (vec![list(&["a", "b"], json!({ "totalResults": 4 }))], "2 of 4"),
        (vec![list(&["a", "b"], json!({ "totalResults": 3, "startIndex": 1 }))], "begins at 1"),
        (vec![list(&["a"], json!({ "itemsPerPage": 2 }))], "1 of its 2"),
        (vec![list(&[], json!({ "totalResults": 1 }))], "0 of 1"),
        (vec![list(&["a"], json!({ "totalResults": "7", "startIndex": "1" }))], "begins at 1"),
        (vec![list(&[], json!({ "totalResults": "7.0" }))], "0 of 7"),
        (vec![list(&["a"], json!({ "itemsPerPage": "2" }))], "1 of its 2"),
    ] {
        let server = Server::start(move |request, index| {
            if !request.path.contains("/Users") {
                return Reply::json(404, "{}");
            }
            let body = pages.get(index).or_else(|| pages.last()).unwrap();
            Reply::json(200, &body.to_string())
        });
        let error = run(client(&server).identity_provider()).unwrap_err();
        assert!(error.is_unreadable() && error.message.contains(expected), "{expected}: {error}");
    }
}
