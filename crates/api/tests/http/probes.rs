//! What `doctor` asks: every reading endpoint, and nothing that writes.

use mixaccess_api::{Client, EndpointProbe, Probe};
use mixaccess_model::ProjectId;

use crate::server::{Received, Reply, Server};
use crate::{OWNER, client, credentials, options, run};

const ORGANIZATION: &str = "GET /api/app/organizations/12345";

fn failed(probe: &Probe) -> Vec<&str> {
    let failed = probe.endpoints.iter().filter(|probe| probe.outcome.is_err());
    failed.map(|probe| probe.request.as_str()).collect()
}

/// Nothing, but for the people of the organization, of whom there always is one.
fn rows_for(request: &Received) -> &'static str {
    if request.path == "/api/app/me" {
        return r#"{"organizations":[{"id":12345}]}"#;
    }
    let lists_people = request.path.contains("/12345/members") || request.path.ends_with("/users/");
    if lists_people { OWNER } else { "[]" }
}

#[test]
fn a_list_that_cannot_be_whole_is_no_answer() {
    for (body, expected) in [
        ("[]", "the list of members is empty"),
        (r#"[{"id":2,"email":"sam@acme.example","role":"admin"}]"#, "accepted owner"),
        (
            r#"{"total":2,"results":[{"id":1,"email":"a@acme.example","role":"owner"}]}"#,
            "1 of the 2",
        ),
    ] {
        let server = Server::start(move |request, _| {
            let is_list = request.path.ends_with("/12345/members");
            Reply::json(200, if is_list { body } else { rows_for(request) })
        });
        let probe = run(client(&server.url()).probe(None));
        assert_eq!(failed(&probe), [format!("{ORGANIZATION}/members")]);
        let outcomes = probe.endpoints.iter().filter_map(|one| one.outcome.as_ref().err());
        let errors: Vec<String> = outcomes.map(ToString::to_string).collect();
        assert!(errors[0].contains("unreadable: ") && errors[0].contains(expected), "{errors:?}");
    }
}

#[test]
fn every_list_is_read_as_by_whoever_needs_it() {
    let two = r#"{"total":"2","results":[{"id":1,"email":"a@acme.example","role":"owner"}]}"#;
    let more = r#"{"results":[{"id":1,"email":"a@acme.example","role":"owner","username":"a","name":"a","members":[],"projects":[]}],"meta":{"hasMore":true}}"#;
    let scim = r#"{"totalResults":"2","Resources":[]}"#;
    for (end, body, expected) in [
        ("/me", r#"{"organizations":{"8":{}}}"#, "1 organization, and not 12345"),
        ("/12345/members", more, "`hasMore`: `true`"),
        ("/12345/projects", more, "does not say where"),
        ("/12345/users/", two, "1 of the 2"),
        ("/12345/users/", more, "does not say where"),
        ("/12345/teams", more, "does not say where"),
        ("/12345/service-accounts", more, "does not say where"),
        ("/7/service-accounts", more, "does not say where"),
        ("/7/members", two, "1 of the 2"),
        ("/7/tokens", more, "does not say where"),
        ("/audit_log", more, "does not say where"),
        ("/v2/Users", scim, "0 of 2"),
        ("/v2/Groups", scim, "0 of 2"),
    ] {
        let server = Server::start(move |request, _| {
            let path = request.path.split('?').next().unwrap_or_default();
            let is_scim = path.contains("/scim/v2/");
            let whole = if is_scim { r#"{"totalResults":0}"# } else { rows_for(request) };
            Reply::json(200, if path.ends_with(end) { body } else { whole })
        });
        let mut options = options(&server.url());
        options.scim_token = Some("t0ken".to_owned().into());
        let client = Client::new(options, credentials()).unwrap();
        let probe = run(client.probe(Some(ProjectId(7))));
        let asked = probe.endpoints.iter().find(|one| one.request.ends_with(end)).unwrap();
        let error = asked.outcome.as_ref().expect_err(end);
        assert!(error.is_unreadable() && error.message.contains(expected), "{end}: {error}");
    }
}

#[test]
fn a_further_page_counts_as_well() {
    let server = Server::start(|request, _| {
        let page = match request.path.split_once("/12345/members") {
            Some((_, "")) => r#"{"results":[{"id":2,"email":"b@x","role":"member"}],"nextPage":2}"#,
            Some((_, _)) => r#"{"results":[{"id":1,"email":"a@x","role":"owner"}],"total":2}"#,
            None => rows_for(request),
        };
        Reply::json(200, page)
    });
    let probe = run(client(&server.url()).probe(None));
    assert!(failed(&probe).is_empty(), "{probe:?}");
    let rows = probe.endpoints.iter().find(|one| one.request.ends_with("/members")).unwrap();
    assert_eq!(rows.outcome.as_ref().unwrap().rows, Some(2));
}

#[test]
fn every_reading_endpoint_is_tried_and_nothing_is_written() {
    let server = Server::start(|request, _| {
        if request.path.ends_with("/projects") {
            return Reply::json(404, r#"{"error":"Not found"}"#);
        }
        Reply::with(200, &["Date: Wed, 21 Oct 2026 07:28:00 GMT"], rows_for(request))
    });
    let probe = run(client(&server.url()).probe(Some(ProjectId(7))));
    let mut lines = server.lines();
    lines.sort_unstable();
    let of_organization =
        ["audit_log", "members", "projects", "scim/logs", "service-accounts", "teams", "users/"];
    let mut expected = vec!["GET /api/app/me".to_owned()];
    expected.extend(of_organization.iter().map(|rest| format!("{ORGANIZATION}/{rest}")));
    let of_project = ["members", "service-accounts", "tokens"];
    expected.extend(of_project.iter().map(|rest| format!("GET /api/app/projects/7/{rest}")));
    assert_eq!(lines, expected);
    let members = |probe: &&EndpointProbe| probe.request == format!("{ORGANIZATION}/members");
    let members = probe.endpoints.iter().find(members).unwrap();
    assert!(members.outcome.as_ref().is_ok_and(|answered| answered.rows == Some(1)));
    assert_eq!(probe.service_time.unwrap().to_string(), "2026-10-21T07:28:00Z");
    assert_eq!(failed(&probe), [format!("{ORGANIZATION}/projects")]);
    assert_eq!(probe.scim, None);
}

#[test]
fn an_answer_counts_only_when_it_can_be_read() {
    let server = Server::replies(vec![Reply::json(200, r#"{"status":"ok"}"#)]);
    let probe = run(client(&server.url()).probe(None));
    assert!(probe.endpoints.iter().all(|probe| probe.outcome.is_err()));
    let needed: Vec<_> = probe
        .endpoints
        .iter()
        .filter(|probe| !probe.is_optional)
        .map(|probe| probe.request.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(needed, ["me", "members", "projects"]);
}

#[test]
fn the_prefix_that_answers_is_found() {
    let server = Server::start(|request, _| {
        if request.path.starts_with("/organizations/") {
            return Reply::json(200, rows_for(request));
        }
        Reply::json(404, r#"{"error":"Not found"}"#)
    });
    let probe = run(client(&server.url()).probe(None));
    let answered: Vec<_> = probe
        .endpoints
        .iter()
        .filter(|probe| probe.outcome.is_ok())
        .map(|probe| probe.request.as_str())
        .collect();
    assert_eq!(answered, ["GET /organizations/12345/users/", "GET /organizations/12345/teams"]);
    let server = Server::replies(vec![Reply::json(404, r#"{"error":"Not found"}"#)]);
    let probe = run(client(&server.url()).probe(None));
    let missing = failed(&probe);
    assert!(missing.contains(&"GET /organizations/12345/users/"), "{missing:?}");
    assert!(missing.contains(&"GET /api/app/organizations/12345/users/"), "{missing:?}");
}

#[test]
fn scim_is_asked_what_it_can_do_where_there_is_a_token() {
    let config = r#"{"patch":{"supported":true},"filter":{"supported":true,"maxResults":100},"bulk":{"supported":false}}"#;
    let server = Server::start(move |request, _| {
        let body = match request.path.strip_prefix("/api/app/scim/v2/") {
            Some("ServiceProviderConfig") => config,
            Some(_) => r#"{"totalResults":0}"#,
            None => rows_for(request),
        };
        Reply::json(200, body)
    });
    let mut options = options(&server.url());
    options.scim_token = Some("t0ken".to_owned().into());
    let probe = run(Client::new(options, credentials()).unwrap().probe(None));
    assert!(failed(&probe).is_empty(), "{probe:?}");
    assert_eq!(server.lines().len(), probe.endpoints.len());
    let features = probe.scim.unwrap();
    assert_eq!((features.patch, features.bulk, features.most_results), (true, false, Some(100)));
}
