//! The dialect `app`: where it answers, what is sent, and what falls back to `members`.

use mixaccess_api::{AccessRead, AccessWrite, Client, Write, read_live};
use mixaccess_model::{
    Dialect, Email, LiveState, OrganizationId, OrganizationRole, ProjectId, ProjectRole, Reads,
    UserId,
};

use crate::server::{Received, Reply, Server};
use crate::{client_of, credentials, options, run};

const DONE: &str = r#"{"status":"ok","results":{"added":1}}"#;
const USERS: &str = r#"{"status":"ok","results":[
    {"id":501,"email":"priya@acme.example","role":"owner","projects":[
        {"id":7,"role":"owner","grant_type":"organization"},{"id":7,"role":"consumer","grant_type":"individual"}]},
    {"id":502,"email":"sam@agency.example","role":"member","status":"pending","invited_at":"2026-01-02T09:00:00Z","projects":[
        {"id":8,"role":"analyst","grant_type":"team","team":"Growth"},{"id":9,"role":"admin","grant_type":"individual"}]}]}"#;

/// Answers like an organization whose verbs begin at `prefix`, with these users.
fn serve(prefix: &'static str, users: &'static str) -> Server {
    Server::start(move |request, _| answer(request, prefix, users))
}

fn answer(request: &Received, prefix: &str, users: &str) -> Reply {
    let missing = || Reply::json(404, r#"{"error":"Not found"}"#);
    let path = request.path.as_str();
    if request.method != "GET" {
        return Reply::json(200, DONE);
    }
    match path.strip_prefix(prefix).unwrap_or_default() {
        "/organizations/12345/users/" => return Reply::json(200, users),
        "/organizations/12345/projects/" => {
            return Reply::json(200, r#"[{"id":7,"name":"Web"},{"id":8,"name":"iOS"},{"id":9}]"#);
        }
        _ => {}
    }
    match path {
        "/api/app/me" => Reply::json(200, r#"{"organizations":{"12345":{}}}"#),
        "/api/app/organizations/12345/members" => {
            Reply::json(200, r#"[{"id":501,"email":"priya@acme.example","role":"owner"}]"#)
        }
        "/api/app/organizations/12345/projects" => Reply::json(200, r#"[{"id":7,"name":"Web"}]"#),
        "/api/app/projects/7/members" => {
            Reply::json(200, r#"[{"id":501,"email":"priya@acme.example","role":"viewer"}]"#)
        }
        _ => missing(),
    }
}

fn read(client: &Client, dialect: Dialect) -> LiveState {
    let declared = [ProjectId(7), ProjectId(8)];
    let at = "2026-01-05T00:00:00Z".parse().unwrap();
    run(read_live(client, OrganizationId(12345), dialect, &declared, |_| Reads::default(), 8, at))
        .unwrap()
}

fn grants(live: &LiveState) -> Vec<String> {
    live.members
        .iter()
        .flat_map(|member| {
            let email = &member.email;
            member
                .grants
                .iter()
                .map(move |grant| format!("{email} {} {}", grant.project, grant.role))
        })
        .collect()
}

fn sorted(server: &Server) -> Vec<String> {
    let mut lines = server.lines();
    lines.sort_unstable();
    lines
}

#[test]
fn live_state_is_three_requests_where_users_carry_their_roles() {
    let server = serve("/api/app", USERS);
    let live = read(&client_of(&server.url(), Dialect::App), Dialect::App);
    assert_eq!(
        sorted(&server),
        [
            "GET /api/app/me",
            "GET /api/app/organizations/12345/projects/",
            "GET /api/app/organizations/12345/users/",
        ]
    );
    // Only declared projects, as in the other dialect.
    assert_eq!(
        grants(&live),
        [
            "priya@acme.example 7 consumer",
            "priya@acme.example 7 owner",
            "sam@agency.example 8 analyst"
        ]
    );
    let read: Vec<u64> = live
        .projects
        .iter()
        .filter(|project| project.members_read)
        .map(|project| project.id.0)
        .collect();
    assert_eq!(read, [7, 8]);
    let sent_at = live.members[1].invitation.unwrap().sent_at.unwrap();
    assert_eq!(sent_at.to_string(), "2026-01-02T09:00:00Z");
}

#[test]
fn the_other_prefix_is_found_once() {
    let server = serve("", USERS);
    let client = client_of(&server.url(), Dialect::App);
    let live = read(&client, Dialect::App);
    assert_eq!(grants(&live).len(), 3);
    run(client.write(&Write::CreateTeam { name: "Growth".into() })).unwrap();
    run(client.members()).unwrap();
    assert_eq!(
        sorted(&server),
        [
            "GET /api/app/me",
            "GET /api/app/organizations/12345/users/",
            "GET /organizations/12345/projects/",
            "GET /organizations/12345/users/",
            "GET /organizations/12345/users/",
            "POST /organizations/12345/add-teams/",
        ]
    );
}

#[test]
fn users_without_clear_roles_are_read_project_by_project() {
    for users in [
        r#"[{"id":501,"email":"priya@acme.example","role":"owner"}]"#,
        r#"[{"id":501,"email":"priya@acme.example","role":"owner","projects":null}]"#,
        r#"[{"id":501,"email":"priya@acme.example","role":"owner","projects":[7]}]"#,
        r#"[{"id":501,"email":"priya@acme.example","role":"owner","projects":{"7":"admin"}}]"#,
        r#"[{"id":501,"email":"priya@acme.example","role":"owner","projects":[{"id":7,"role":"admin"}]}]"#,
        r#"[{"id":501,"email":"priya@acme.example","role":"owner","projects":[{"id":7,"role":"admin","grant_type":"sideways"}]}]"#,
        r#"[{"id":501,"email":"priya@acme.example","role":"owner","projects":[]},{"id":502,"email":"sam@agency.example"}]"#,
    ] {
        let server = Server::start(move |request, _| {
            if request.path == "/api/app/projects/8/members" {
                return Reply::json(200, "[]");
            }
            answer(request, "/api/app", users)
        });
        let live = read(&client_of(&server.url(), Dialect::App), Dialect::App);
        assert_eq!(grants(&live), ["priya@acme.example 7 consumer"], "{users}");
        assert_eq!(server.lines().len(), 5);
    }
}

#[test]
fn an_organization_without_the_verbs_is_read_through_members() {
    for page in [
        Reply::json(404, r#"{"error":"Not found"}"#),
        Reply::json(405, ""),
        Reply::json(200, "<html>Log in</html>"),
        Reply::with(302, &["Location: https://login.example/"], ""),
    ] {
        let server = Server::start(move |request, _| {
            if request.path.ends_with("/users/") { page.clone() } else { answer(request, "/x", "") }
        });
        let client = client_of(&server.url(), Dialect::App);
        let live = read(&client, Dialect::App);
        assert_eq!(grants(&live), ["priya@acme.example 7 consumer"]);
        assert_eq!(server.lines().len(), 6);
        let (email, user) = (Email::new("sam@agency.example"), UserId(5));
        let role = ProjectRole::Analyst;
        run(client.write(&Write::Grant { project: ProjectId(7), email: email.clone(), role }))
            .unwrap();
        run(client.write(&Write::RemoveMember { user, email })).unwrap();
        assert_eq!(
            server.lines()[6..],
            ["POST /api/app/projects/7/members", "DELETE /api/app/organizations/12345/members/5",]
        );
    }
}

#[test]
fn the_dialect_is_found_where_none_is_declared() {
    let auto = |server: &Server| {
        let mut options = options(&server.url());
        options.dialect = None;
        Client::new(options, credentials()).unwrap()
    };
    let server = serve("", USERS);
    let client = auto(&server);
    let found = run(client.find_dialect()).unwrap();
    assert_eq!((found.dialect, found.is_declared), (Dialect::App, false));
    assert_eq!(found.because, "GET /organizations/12345/users/ answers");
    let live = read(&client, found.dialect);
    assert_eq!(grants(&live).len(), 3);
    // What finding out read is not read again.
    assert_eq!(server.lines().len(), 4);

    let server = serve("/x", "");
    let client = auto(&server);
    let found = run(client.find_dialect()).unwrap();
    assert_eq!(found.dialect, Dialect::Members);
    assert_eq!(
        found.because,
        "neither GET /api/app/organizations/12345/users/ nor GET /organizations/12345/users/ answers"
    );
    read(&client, found.dialect);
    assert_eq!(server.lines().len(), 2 + 3 + 1);

    let forbidden = || Reply::json(403, r#"{"error":"no"}"#);
    let server = Server::replies(vec![forbidden(), forbidden()]);
    assert_eq!(run(auto(&server).find_dialect()).unwrap().dialect, Dialect::Members);
    let server = serve("", r#"{"status":"ok","results":[]}"#);
    assert_eq!(run(auto(&server).find_dialect()).unwrap().dialect, Dialect::Members);
    let server = Server::replies(vec![Reply::json(401, r#"{"error":"who?"}"#)]);
    assert_eq!(run(auto(&server).find_dialect()).unwrap_err().status, Some(401));

    let server = serve("/api/app", USERS);
    for dialect in [Dialect::Members, Dialect::App] {
        let found = run(client_of(&server.url(), dialect).find_dialect()).unwrap();
        assert_eq!((found.dialect, found.is_declared), (dialect, true));
    }
    assert!(server.lines().is_empty());
}

#[test]
fn what_was_read_before_a_write_is_read_again() {
    let server = serve("/api/app", USERS);
    let client = client_of(&server.url(), Dialect::App);
    run(client.write(&Write::DeleteTeam { name: "Growth".into() })).unwrap();
    run(client.roster()).unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/app/organizations/12345/users/",
            "POST /api/app/organizations/12345/delete-teams/",
            "GET /api/app/organizations/12345/users/",
        ]
    );
}

/// Each write is one request, with that line and body.
fn check(writes: impl IntoIterator<Item = (Write, &'static str, &'static str)>) {
    for (write, line, body) in writes {
        let server = serve("/api/app", USERS);
        let client = client_of(&server.url(), Dialect::App);
        run(client.roster()).unwrap();
        run(client.write(&write)).unwrap();
        let received = server.received();
        assert_eq!(received.len(), 2, "{write:?}");
        assert_eq!((received[1].line().as_str(), received[1].body.as_str()), (line, body));
    }
}

#[test]
fn grants_invitations_and_removals_are_verbs_of_the_organization() {
    let (sam, kim) = (Email::new("Sam@agency.example"), Email::new("kim@acme.example"));
    let (web, ios, user) = (ProjectId(7), ProjectId(8), UserId(501));
    let (consumer, analyst) = (ProjectRole::Consumer, ProjectRole::Analyst);
    let own = "POST /api/app/organizations/12345/add-users-to-projects/";
    let both = r#"{"projects":[{"id":7,"users":[{"email":"Sam@agency.example","role":"consumer"}]},{"id":8,"users":[{"email":"Sam@agency.example","role":"analyst"}]}]}"#;
    check([
        (
            Write::Grant { project: web, email: sam.clone(), role: consumer.clone() },
            own,
            r#"{"projects":[{"id":7,"users":[{"email":"Sam@agency.example","role":"consumer"}]}]}"#,
        ),
        (
            Write::GrantMany {
                grants: vec![
                    (sam.clone(), ios, analyst.clone()),
                    (sam.clone(), web, consumer.clone()),
                    (kim, ios, ProjectRole::parse("Messenger")),
                ],
            },
            own,
            r#"{"projects":[{"id":7,"users":[{"email":"Sam@agency.example","role":"consumer"}]},{"id":8,"users":[{"email":"Sam@agency.example","role":"analyst"},{"email":"kim@acme.example","role":"Messenger"}]}]}"#,
        ),
        (
            Write::Invite {
                email: sam.clone(),
                role: OrganizationRole::Member,
                grants: vec![(web, consumer), (ios, analyst)],
            },
            own,
            both,
        ),
        (
            Write::RemoveMember { user, email: sam },
            "POST /api/app/organizations/12345/delete-users/",
            r#"{"users":["Sam@agency.example"]}"#,
        ),
    ]);
}

#[test]
fn what_the_verbs_lack_is_written_through_members() {
    let (web, user) = (ProjectId(7), UserId(501));
    let invite =
        |role, grants| Write::Invite { email: Email::new("sam@agency.example"), role, grants };
    let invitation = "POST /api/app/organizations/12345/members";
    check([
        (
            invite(OrganizationRole::Member, vec![]),
            invitation,
            r#"{"email":"sam@agency.example","role":"member"}"#,
        ),
        (
            invite(OrganizationRole::Admin, vec![(web, ProjectRole::Consumer)]),
            invitation,
            r#"{"email":"sam@agency.example","projects":[{"id":7,"role":"viewer"}],"role":"admin"}"#,
        ),
        (
            Write::SetProjectRole { project: web, user, role: ProjectRole::Analyst },
            "PUT /api/app/projects/7/members/501",
            r#"{"role":"analyst"}"#,
        ),
        (Write::Revoke { project: web, user }, "DELETE /api/app/projects/7/members/501", ""),
        (
            Write::SetOrganizationRole { user, role: OrganizationRole::Admin },
            "POST /api/app/organizations/12345/members/501",
            r#"{"role":"admin"}"#,
        ),
        (
            Write::ResendInvitation { user },
            "POST /api/app/organizations/12345/members/501/resend-invite",
            "",
        ),
    ]);
}
