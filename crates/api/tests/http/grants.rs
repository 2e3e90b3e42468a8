//! Grants of the dialect `app` where the verb that gives them is missing.

use mixaccess_api::{AccessWrite, ApiError, ErrorKind, Write};
use mixaccess_model::{Dialect, Email, OrganizationRole, ProjectId, ProjectRole};

use crate::server::Reply;
use crate::{Prepared, run};

const VERB: &str = "POST /api/app/organizations/12345/add-users-to-projects/";
const MISSING: [u16; 2] = [404, 405];

fn done() -> Reply {
    Reply::json(200, r#"{"status":"ok","results":{}}"#)
}

fn refused(status: u16, said: &str) -> Reply {
    Reply::json(status, &serde_json::json!({ "status": "error", "error": said }).to_string())
}

fn sam() -> Email {
    Email::new("sam@agency.example")
}

fn grant(project: u64) -> Write {
    Write::Grant { project: ProjectId(project), email: sam(), role: ProjectRole::Consumer }
}

fn grant_many(projects: &[u64]) -> Write {
    let grant = |project: &u64| (sam(), ProjectId(*project), ProjectRole::Analyst);
    Write::GrantMany { grants: projects.iter().map(grant).collect() }
}

fn invite(projects: &[u64]) -> Write {
    let grant = |project: &u64| (ProjectId(*project), ProjectRole::Consumer);
    let grants = projects.iter().map(grant).collect();
    Write::Invite { email: sam(), role: OrganizationRole::Member, grants }
}

/// What an organization that answers in that order is asked by the writes, and what comes of the last.
fn ask(replies: &[Reply], writes: &[Write]) -> (Vec<(String, String)>, Result<(), ApiError>) {
    let prepared = Prepared::new(Dialect::App, replies);
    let mut result = Ok(());
    for write in writes {
        result = run(prepared.client.write(write)).map(drop);
    }
    let received = prepared.server.received().split_off(prepared.before);
    (received.into_iter().map(|request| (request.line(), request.body)).collect(), result)
}

fn lines(replies: &[Reply], writes: &[Write]) -> Vec<String> {
    let (asked, result) = ask(replies, writes);
    result.unwrap();
    asked.into_iter().map(|(line, _)| line).collect()
}

#[test]
fn a_missing_verb_is_carried_out_through_members() {
    let web = "POST /api/app/projects/7/members";
    let ios = "POST /api/app/projects/8/members";
    let consumer = r#"{"email":"sam@agency.example","role":"viewer"}"#;
    let analyst = r#"{"email":"sam@agency.example","role":"analyst"}"#;
    let both = r#"{"email":"sam@agency.example","projects":[{"id":7,"role":"viewer"},{"id":8,"role":"viewer"}],"role":"member"}"#;
    for status in MISSING {
        for (write, expected) in [
            (grant(7), vec![(web, consumer)]),
            (grant_many(&[8, 7]), vec![(ios, analyst), (web, analyst)]),
            (invite(&[7]), vec![(web, consumer)]),
            (invite(&[7, 8]), vec![("POST /api/app/organizations/12345/members", both)]),
        ] {
            let (asked, result) = ask(&[refused(status, "Not found"), done()], &[write]);
            result.unwrap();
            assert_eq!(asked[0].0, VERB);
            let instead = asked[1..].iter().map(|(line, body)| (line.as_str(), body.as_str()));
            assert_eq!(instead.collect::<Vec<_>>(), expected, "{status}");
        }
    }
}

#[test]
fn a_missing_verb_is_asked_for_once() {
    for status in MISSING {
        let replies = [refused(status, "Not found"), done()];
        assert_eq!(
            lines(&replies, &[grant(7), grant_many(&[8, 9]), invite(&[7])]),
            [
                VERB,
                "POST /api/app/projects/7/members",
                "POST /api/app/projects/8/members",
                "POST /api/app/projects/9/members",
                "POST /api/app/projects/7/members",
            ]
        );
    }
}

#[test]
fn a_verb_that_answers_is_the_only_request() {
    for write in [grant(7), grant_many(&[7, 8]), invite(&[7, 8])] {
        assert_eq!(lines(&[done()], &[write.clone(), write]), [VERB, VERB]);
    }
    for status in [400, 403, 409] {
        for write in [grant(7), grant_many(&[7, 8]), invite(&[7, 8])] {
            let (asked, result) = ask(&[refused(status, "no"), done()], &[write]);
            assert_eq!(result.unwrap_err().status, Some(status));
            assert_eq!(asked.len(), 1);
        }
    }
    // It answered before, so that it is the project that is gone.
    for write in [grant(9), grant_many(&[8, 9])] {
        let replies = [done(), refused(404, "Project not found"), done()];
        let (asked, result) = ask(&replies, &[grant(7), write]);
        assert_eq!(result.unwrap_err().request, VERB);
        assert_eq!(asked.len(), 2);
    }
}

#[test]
fn a_project_that_is_gone_is_what_members_say() {
    for write in [grant(7), grant_many(&[7, 8]), invite(&[7])] {
        let replies = [refused(404, "Not found"), refused(404, "Project not found"), done()];
        let (asked, result) = ask(&replies, &[write]);
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::Permanent, Some(404)));
        assert_eq!(
            error.to_string(),
            "POST /api/app/projects/7/members: the service answered 404: Project not found"
        );
        assert!(error.hint.unwrap().contains("project is probably gone"));
        assert_eq!(asked.len(), 2);
    }
    // One 404 tells nothing about the verb for sure.
    let replies = [refused(404, "Project not found"), refused(404, "Project not found"), done()];
    assert_eq!(lines(&replies, &[grant(7), grant(8)]).last().unwrap(), VERB);
}

#[test]
fn many_grants_stop_at_the_first_that_fails() {
    for status in MISSING {
        for (refusal, said) in [(403, "No"), (404, "Project not found")] {
            let replies = [refused(status, ""), done(), refused(refusal, said), done()];
            let (asked, result) = ask(&replies, &[grant_many(&[7, 8, 9])]);
            let error = result.unwrap_err();
            // One was given, so that "nothing was changed" would be wrong.
            assert_eq!((error.kind, error.status), (ErrorKind::OutcomeUnknown, Some(refusal)));
            assert_eq!(error.request, "POST /api/app/projects/8/members");
            assert!(error.message.ends_with("; one grant was made before it"), "{error}");
            assert_eq!(asked.len(), 3);
        }
    }
}
