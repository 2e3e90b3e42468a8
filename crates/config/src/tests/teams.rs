//! Teams and service accounts by example.

use jiff::Timestamp;
use mixaccess_model::{
    Cause, DesiredState, Email, ManagedBy, OrganizationRole, ProjectKey, State, Subject, SubjectKey,
};

use super::{codes, load_files};
use crate::layout::FileLayout;
use crate::{Level, Loaded, RenderStyle, render};

const TEAMS: &str = include_str!("../../tests/corpus/valid/teams.yaml");

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn state(text: &str, at: &str) -> DesiredState {
    let (_directory, loaded) = load_files(&[("access.yaml", text)]);
    loaded.resolve(instant(at)).unwrap().state
}

fn lines(state: &DesiredState) -> Vec<String> {
    let teams = state.teams.as_ref().unwrap().iter().map(|team| {
        let members =
            team.members.iter().map(|one| format!("{} {}", one.email, one.cause.position.line));
        let grants = team.grants.iter().map(|one| {
            let role = one.role.as_ref().map_or("none", |role| role.as_str());
            format!("{} {role} {}", one.project, one.cause.position.line)
        });
        let (members, grants): (Vec<_>, Vec<_>) = (members.collect(), grants.collect());
        format!("{}: {} | {}", team.name, members.join(", "), grants.join(", "))
    });
    teams.collect()
}

fn ticket(cause: &Cause) -> Option<&str> {
    cause.annotations.as_ref()?.ticket.as_deref()
}

#[test]
fn a_team_has_the_people_of_its_list_and_of_theirs() {
    let state = state(TEAMS, "2026-06-15T12:00:00Z");
    insta::assert_snapshot!(lines(&state).join("\n"), @r"
    Growth & Co: alex@agency.example 26, kim@agency.example 26 | 1 editor 29, 2 analyst 28
    Sales: sam@acme.example 34 | 
    data: alex@agency.example 14 | 1 consumer 31, 2 consumer 31, 3 consumer 31
    empty:  | 
    gone:  | 
    ");
    let teams = state.teams.as_ref().unwrap();
    let growth = &teams[0];
    assert_eq!(
        (&*growth.key, growth.state, growth.managed_by),
        ("growth", State::Active, ManagedBy::Mixpanel)
    );
    // The entry's own ticket, and the reason of the team.
    let editor = growth.grants[0].cause.annotations.as_ref().unwrap();
    assert_eq!(
        (editor.ticket.as_deref(), editor.reason.as_deref()),
        (Some("IAM-2"), Some("one team for each market"))
    );
    assert_eq!(ticket(&growth.members[0].cause), None);
    let data = teams.iter().find(|team| &*team.key == "data").unwrap();
    assert_eq!(ticket(&data.members[0].cause), Some("IAM-1"));
    let sales = teams.iter().find(|team| &*team.key == "sales").unwrap();
    assert_eq!(sales.managed_by, ManagedBy::Scim);
    let gone = teams.iter().find(|team| &*team.key == "gone").unwrap();
    assert_eq!((gone.state, gone.cause.position.line), (State::Removed, 36));
}

#[test]
fn who_is_suspended_leaves_and_entries_end() {
    let state = state(TEAMS, "2027-06-15T12:00:00Z");
    assert_eq!(
        lines(&state)[0],
        "Growth & Co: alex@agency.example 26 | 1 analyst 28, 2 analyst 28"
    );
}

#[test]
fn the_mere_key_counts() {
    let rest = "organization: { id: 1 }\n";
    let of = |section: &str| {
        let state = state(&format!("{rest}{section}"), "2026-06-15T12:00:00Z");
        (state.teams.map(|all| all.len()), state.service_accounts.map(|all| all.len()))
    };
    assert_eq!(of(""), (None, None));
    assert_eq!(of("teams:"), (Some(0), None));
    assert_eq!(of("teams: {}\nservice_accounts: {}"), (Some(0), Some(0)));
}

#[test]
fn service_accounts_have_an_owner_and_an_end() {
    let state = state(TEAMS, "2026-06-15T12:00:00Z");
    let accounts = state.service_accounts.as_ref().unwrap();
    let names: Vec<&str> = accounts.iter().map(|one| &*one.username).collect();
    assert_eq!(names, ["acme-etl", "old", "terraform"]);
    let etl = &accounts[0];
    assert_eq!(
        (&*etl.key, etl.state, etl.organization_role),
        ("etl", State::Active, OrganizationRole::Member)
    );
    // The last day counts to its end in Berlin.
    assert_eq!(etl.expires, Some(instant("2027-01-31T23:00:00Z")));
    // As the collaborator is declared.
    assert_eq!(etl.owner.as_ref().unwrap().as_str(), "alex@agency.example");
    assert_eq!((etl.purpose.as_deref(), etl.tags.len()), (Some("warehouse export"), 2));
    let roles: Vec<String> = etl
        .grants
        .iter()
        .map(|one| format!("{} {}", one.project, one.role.as_ref().unwrap()))
        .collect();
    assert_eq!(roles, ["1 consumer", "2 consumer"]);
    assert_eq!(ticket(&etl.grants[0].cause), Some("IAM-3"));
    assert_eq!((accounts[1].state, accounts[1].cause.position.line), (State::Removed, 50));
    assert_eq!(accounts[2].organization_role, OrganizationRole::Admin);
    assert_eq!(accounts[2].expires, Some(instant("2027-01-31T10:00:00Z")));
}

#[test]
fn explaining_names_teams_and_what_they_give() {
    let (_directory, loaded) = load_files(&[("access.yaml", TEAMS)]);
    let teams = |email: &str, project: Option<&str>, at: &str| {
        let project = project.map(ProjectKey::new);
        let why = loaded.explain(&Email::new(email), project.as_ref(), instant(at)).unwrap();
        let teams = why.teams.into_iter().map(|team| {
            let listed = team.listed_at.iter().map(|place| place.line.to_string());
            let grants = team.grants.iter().map(|one| {
                format!("{} {} by {} {}", one.key, one.role, one.target, one.place.line)
            });
            let listed: Vec<_> = listed.collect();
            let grants: Vec<_> = grants.collect();
            format!("{} [{}] {}", team.name, listed.join(" "), grants.join(", "))
        });
        teams.collect::<Vec<_>>()
    };
    let alex = "alex@agency.example";
    assert_eq!(
        teams(alex, Some("web"), "2026-06-15T12:00:00Z"),
        ["Growth & Co [26 14] web editor by web 29", "data [14] web consumer by * 31"]
    );
    assert_eq!(teams("kim@agency.example", None, "2027-06-15T12:00:00Z"), Vec::<String>::new());
    assert_eq!(teams("pat@acme.example", None, "2026-06-15T12:00:00Z"), Vec::<String>::new());
}

#[test]
fn origins_of_teams_and_service_accounts_lead_to_their_lines() {
    let (_directory, loaded) = load_files(&[("access.yaml", TEAMS)]);
    let all = loaded.layout(mixaccess_model::FileIndex(0)).unwrap();
    let at = instant("2026-06-15T12:00:00Z");
    let growth = loaded.origins(&SubjectKey::Team("Growth & Co".into()), at).unwrap();
    assert_eq!(all.at(growth.position), all.declaration("teams", "growth"));
    let targets: Vec<_> =
        growth.projects.iter().map(|(id, one)| (id.0, one.level, &*one.target)).collect();
    assert_eq!(targets, [(1, Level::Own, "web"), (2, Level::Own, "production")]);
    let terraform = loaded.origins(&SubjectKey::ServiceAccount("terraform".into()), at).unwrap();
    let role = all.at(terraform.organization_role.unwrap().position).unwrap();
    assert_eq!(role.value.text(), Some("admin"));
    let gone = loaded.origins(&SubjectKey::Team("gone".into()), at).unwrap();
    assert_eq!((gone.state, gone.projects.len()), (State::Removed, 0));
    assert_eq!(all.at(gone.state_origin.unwrap().position).unwrap().value.text(), Some("removed"));
    assert_eq!(loaded.origins(&SubjectKey::Team("growth".into()), at), None);
    let members = |layout: &FileLayout| {
        let field = layout.declaration("teams", "growth")?.value.field("members")?;
        Some(field.value.items().len())
    };
    assert_eq!(members(&all), Some(2));
}

fn shown(loaded: &Loaded) -> String {
    render(loaded.diagnostics(), loaded, RenderStyle { color: false, width: 100 })
}

#[test]
fn a_contradiction_names_both_places() {
    let (_directory, loaded) = load_files(&[
        (
            "a.yaml",
            "organization: { id: 1 }\nteams: { growth: { members: [a@x.example] }, data: { members: [b@x.example] } }\n",
        ),
        (
            "b.yaml",
            "collaborators:\n  A@x.example:\n    teams: [data]\n  b@x.example: { teams: [growth, data] }\n",
        ),
    ]);
    assert_eq!(codes(&loaded), ["team-conflict", "address-capitals"]);
    let problem = &loaded.diagnostics()[0];
    assert_eq!(problem.place().unwrap().line, 2);
    let other = problem.other_places().next().unwrap();
    assert!(other.file.ends_with("b.yaml"));
    assert_eq!((other.line, other.column), (3, 5));
}

#[test]
fn a_stranger_in_a_team_is_a_warning_and_stays_desired() {
    let (_directory, loaded) = load_files(&[(
        "a.yaml",
        "organization: { id: 1 }\nprojects: { web: { id: 2 } }\nteams: { growth: { members: [a@x.example], projects: { web: nobody } } }\n",
    )]);
    assert_eq!(codes(&loaded), ["team-member-undeclared", "unknown-role"]);
    let finding = loaded.diagnostics()[1].to_finding();
    assert_eq!(finding.subject, Some(Subject::Team { name: "growth".into(), id: None }));
    let state = state(
        "organization: { id: 1 }\nteams: { growth: { members: [a@x.example] } }",
        "2026-06-15T12:00:00Z",
    );
    assert_eq!(lines(&state), ["growth: a@x.example 2 | "]);
    assert_eq!(state.findings[0].code, "team-member-undeclared");
}

#[test]
fn secrets_are_refused_and_never_shown() {
    for (number, text) in [
        "service_accounts:\n  etl: { usernme: x, secret: hunter2 }\n",
        "service_accounts:\n  etl:\n    \"Api-Token\" : hunter2\n    x: 1\n",
        "service_accounts:\n  etl: { expires: never, password: hunter2 }\n",
        "collaborators: { a@x.example: { token: hunter2, nmae: x } }\n",
        "organization: { id: x, credentials: hunter2 }\n",
        "service_accounts: { etl: { username: a: b, secret: hunter2 } }\n",
        "service_accounts: { etl: { secret: hunter2 ]\n",
        "service_accounts: [{ secret: hunter2 }]\n",
    ]
    .into_iter()
    .enumerate()
    {
        let (_directory, loaded) = load_files(&[("a.yaml", text)]);
        let shown = shown(&loaded);
        assert!(loaded.has_errors() && !shown.contains("hunter2"), "{text}\n{shown}");
        assert!(number > 4 || codes(&loaded).contains(&"secret"), "{text}\n{shown}");
    }
    // A value that merely mentions one is shown.
    let (_directory, loaded) =
        load_files(&[("a.yaml", "collaborators: { a@x.example: { nmae: a secret } }\n")]);
    assert!(shown(&loaded).contains("a secret"));
}
