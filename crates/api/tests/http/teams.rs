//! Teams: what is sent, and what the answers mean.

use std::sync::Arc;

use mixaccess_api::{AccessRead, AccessWrite, ErrorKind, TeamUpdate, Write};
use mixaccess_model::{Dialect, Email, ProjectId, ProjectRole, TeamId};

use crate::server::{Reply, Server};
use crate::{OWNER, client, client_of, run};

const DONE: &str = r#"{"status":"ok","results":{}}"#;

#[test]
fn every_write_is_one_request_of_the_table() {
    let (team, project) = (TeamId(7), ProjectId(2_891_234));
    let email = || Email::new("Sam@agency.example");
    let update = |update| Write::UpdateTeam { team, update };
    let name: Arc<str> = "Growth & \"Co\"".into();
    for (write, path, body) in [
        (
            Write::CreateTeam { name: Arc::clone(&name) },
            "add-teams/",
            r#"{"teams":["Growth & \"Co\""]}"#,
        ),
        (
            update(TeamUpdate::AddMember(email())),
            "teams/7/update/",
            r#"{"add_users":["Sam@agency.example"]}"#,
        ),
        (
            update(TeamUpdate::RemoveMember(email())),
            "teams/7/update/",
            r#"{"remove_users":["Sam@agency.example"]}"#,
        ),
        (
            update(TeamUpdate::SetRole(project, ProjectRole::Consumer)),
            "teams/7/update/",
            r#"{"projects":[{"id":2891234,"role":"consumer"}]}"#,
        ),
        (
            update(TeamUpdate::RemoveRole(project)),
            "teams/7/update/",
            r#"{"remove_projects":[2891234]}"#,
        ),
        (Write::DeleteTeam { name }, "delete-teams/", r#"{"teams":["Growth & \"Co\""]}"#),
    ] {
        let server = Server::replies(vec![Reply::json(200, DONE)]);
        run(client(&server.url()).write(&write)).unwrap();
        let received = server.received();
        assert_eq!(received.len(), 1, "{write:?}");
        let line = format!("POST /api/app/organizations/12345/{path}");
        assert_eq!((received[0].line(), received[0].body.as_str()), (line, body));
    }
}

#[test]
fn a_write_is_sent_once_and_refusals_say_what_to_do() {
    let write = Write::CreateTeam { name: "Growth".into() };
    let server = Server::replies(vec![Reply::Close]);
    let error = run(client(&server.url()).write(&write)).unwrap_err();
    assert_eq!((error.kind, server.lines().len()), (ErrorKind::OutcomeUnknown, 1));
    for (status, hint) in [(403, "admin or owner"), (404, "probably gone"), (405, "doctor")] {
        let server = Server::replies(vec![Reply::json(status, r#"{"error":"no"}"#)]);
        let error = run(client(&server.url()).write(&write)).unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::Permanent, Some(status)));
        assert!(error.hint.as_ref().is_some_and(|text| text.contains(hint)), "{error:?}");
    }
}

#[test]
fn teams_that_are_not_answered_are_not_known() {
    for status in [404, 405] {
        for dialect in [Dialect::Members, Dialect::App] {
            let server = Server::replies(vec![
                Reply::json(200, OWNER),
                Reply::json(status, r#"{"error":"no"}"#),
            ]);
            let client = client_of(&server.url(), dialect);
            if dialect == Dialect::Members {
                run(client.members()).unwrap();
            }
            assert_eq!(run(client.teams()).unwrap(), None);
            assert_eq!(server.lines()[1], "GET /api/app/organizations/12345/teams");
        }
    }
    let server = Server::replies(vec![Reply::json(403, r#"{"error":"no"}"#)]);
    assert_eq!(run(client(&server.url()).teams()).unwrap_err().status, Some(403));
}

#[test]
fn people_whom_a_team_names_by_number_are_looked_up_once() {
    let teams = r#"{"results":[{"id":7,"name":"Growth","members":[501,"502"],"projects":[]},{"id":8,"name":"Ops","users":[502],"projects":[]}]}"#;
    let members = r#"[{"id":501,"email":"priya@acme.example","role":"owner"},{"id":502,"email":"sam@agency.example"}]"#;
    let read = |members: &str| {
        let server = Server::replies(vec![Reply::json(200, teams), Reply::json(200, members)]);
        let result = run(client(&server.url()).teams());
        assert_eq!(server.lines().len(), 2);
        result
    };
    let found = read(members).unwrap().unwrap();
    assert!(found[0].has(&Email::new("priya@acme.example")) && found[0].members.len() == 2);
    assert_eq!(found[1].members, [Email::new("sam@agency.example")]);
    let found = read(r#"[{"id":501,"email":"priya@acme.example","role":"owner"}]"#);
    let found = found.unwrap().unwrap();
    assert_eq!(found[0].members, [Email::new("priya@acme.example")]);
    let odd: Vec<_> = found.unread.iter().map(|row| row.name.as_deref().unwrap()).collect();
    assert_eq!(odd, ["Growth", "Ops"]);
    assert!(found.unread[0].why.starts_with("has member number 502"), "{:?}", found.unread);
}
