//! The endpoints of the dialect app for people and their roles (`SERVICE.md`, "Dialect app").

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Reply, Row, View, object};
use crate::call::{Call, number, objects, only, text, texts};
use crate::member::{Member, Team};
use crate::refusal::Refusal;
use crate::role::ProjectRole;
use crate::seed::{Part, Status};
use crate::state::{Actor, Project, Source};
use crate::transition::{Outcome, Transition};

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Users,
    AddToProjects,
    Delete,
}

impl Endpoint {
    /// Reads what comes after the organization.
    pub(super) fn of_organization(rest: &[&str]) -> Option<Self> {
        match rest {
            ["users"] => Some(Self::Users),
            ["add-users-to-projects"] => Some(Self::AddToProjects),
            ["delete-users"] => Some(Self::Delete),
            _ => None,
        }
    }
}

/// Carries out a POST.
pub(super) fn write(
    endpoint: Endpoint,
    actor: &Actor,
    call: &Call,
    transition: Transition<'_>,
) -> Result<Outcome, Refusal> {
    match endpoint {
        Endpoint::Users => Err(Refusal::MethodNotAllowed),
        Endpoint::AddToProjects => {
            transition.add_users_to_projects(actor, &additions(&call.object()?)?)
        }
        Endpoint::Delete => {
            let body = call.object()?;
            only(&body, &["users"])?;
            let users = texts(&body, "users")?;
            if users.is_empty() {
                return Err(Refusal::BadRequest("Missing required field: users".to_owned()));
            }
            transition.delete_users(actor, &users)
        }
    }
}

/// Project, address and role of everything that is to be added.
fn additions(body: &Map<String, Value>) -> Result<Vec<(u64, String, String)>, Refusal> {
    only(body, &["projects"])?;
    let mut additions = Vec::new();
    for project in objects(body, "projects")? {
        only(project, &["id", "users"])?;
        let id = number(project, "id")?;
        for user in objects(project, "users")? {
            only(user, &["email", "role"])?;
            additions.push((id, text(user, "email")?.to_owned(), text(user, "role")?.to_owned()));
        }
    }
    if additions.is_empty() {
        return Err(Refusal::BadRequest("Nobody to add".to_owned()));
    }
    Ok(additions)
}

impl View<'_> {
    /// Answers a GET.
    pub(super) fn app_dialect(&self, endpoint: Endpoint) -> Result<Reply, Refusal> {
        match endpoint {
            Endpoint::Users => Ok(Reply::List { name: "users", rows: self.users() }),
            Endpoint::AddToProjects | Endpoint::Delete => Err(Refusal::MethodNotAllowed),
        }
    }

    fn users(&self) -> Vec<Row> {
        let members = self.state.members.iter();
        let rows = members.map(|(id, member)| (*id, self.member(*id, member)));
        if !self.state.served.has(Part::UserProjects) {
            return rows.collect();
        }
        let visible = |project: &Project| project.is_visible(self.now, self.limits.propagation);
        let projects = self.state.projects.iter().filter(|(_, project)| visible(project));
        let projects: Vec<(u64, &Project)> = projects.map(|(id, project)| (*id, project)).collect();
        let mut teams: BTreeMap<u64, Vec<&Team>> = BTreeMap::new();
        for team in self.state.teams.values() {
            for member in &team.members {
                teams.entry(*member).or_default().push(team);
            }
        }
        let with_projects = |(id, mut row): Row| {
            if let Some(member) = self.state.members.get(&id) {
                let teams = teams.get(&id).map(Vec::as_slice).unwrap_or_default();
                row.insert("projects".to_owned(), self.grants(member, teams, &projects));
            }
            (id, row)
        };
        rows.map(with_projects).collect()
    }

    /// Every grant somebody has, like [`crate::state::State::grants`] for all projects at once.
    fn grants(&self, member: &Member, teams: &[&Team], projects: &[(u64, &Project)]) -> Value {
        let mut rows = Vec::new();
        let power = member.role.in_every_project().filter(|_| member.status == Status::Active);
        for (id, project) in projects {
            let mut put = |source, role: &ProjectRole| rows.push(self.grant(*id, source, role));
            if let Some(role) = member.grants.get(id) {
                put(Source::Individual, role);
            }
            for team in teams {
                if let Some(role) = team.projects.get(id) {
                    put(Source::Team(&team.name), role);
                }
            }
            if let Some(role) = &power {
                put(Source::Organization, role);
            }
            if let (Some(role), Status::Active) = (&project.all_users, member.status) {
                put(Source::AllUsers, role);
            }
        }
        Value::Array(rows)
    }

    /// A grant by its project; this dialect says consumer, never viewer.
    fn grant(&self, project: u64, source: Source<'_>, role: &ProjectRole) -> Value {
        let (grant_type, team) = self.source_words(source);
        let mut row = object([
            ("id", self.shape.id(project)),
            ("role", json!(role.as_str())),
            ("grant_type", json!(grant_type)),
        ]);
        row.extend(team.map(|team| ("team".to_owned(), json!(team))));
        Value::Object(row)
    }
}
