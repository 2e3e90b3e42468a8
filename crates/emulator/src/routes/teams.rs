//! Teams: the organization verbs that the client sends, whose shape is inferred (`SERVICE.md`, "Dialect
//! app").

use serde_json::{Map, Value, json};

use super::{Reply, View, id, object};
use crate::call::{Call, number, numbers, objects, only, text, texts};
use crate::member::Team;
use crate::refusal::Refusal;
use crate::seed::ManagedBy;
use crate::state::Actor;
use crate::transition::{Outcome, TeamUpdate, Transition};

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    List,
    Add,
    Update(u64),
    Delete,
}

impl Endpoint {
    /// Reads what comes after the organization.
    pub(super) fn of_organization(rest: &[&str]) -> Option<Self> {
        match rest {
            ["teams"] => Some(Self::List),
            ["add-teams"] => Some(Self::Add),
            ["teams", team, "update"] => Some(Self::Update(id(team)?)),
            ["delete-teams"] => Some(Self::Delete),
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
        Endpoint::List => Err(Refusal::MethodNotAllowed),
        Endpoint::Add => transition.add_teams(actor, &names(&call.object()?)?),
        Endpoint::Delete => transition.delete_teams(actor, &names(&call.object()?)?),
        Endpoint::Update(team) => transition.update_team(actor, team, &update(&call.object()?)?),
    }
}

fn names(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    only(body, &["teams"])?;
    let names = texts(body, "teams")?;
    if names.is_empty() {
        return Err(Refusal::BadRequest("Missing required field: teams".to_owned()));
    }
    Ok(names)
}

fn update(body: &Map<String, Value>) -> Result<TeamUpdate, Refusal> {
    only(body, &["add_users", "remove_users", "projects", "remove_projects"])?;
    let project = |project: &Map<String, Value>| {
        only(project, &["id", "role"])?;
        Ok((number(project, "id")?, text(project, "role")?.to_owned()))
    };
    Ok(TeamUpdate {
        add_users: texts(body, "add_users")?,
        remove_users: texts(body, "remove_users")?,
        projects: objects(body, "projects")?.into_iter().map(project).collect::<Result<_, _>>()?,
        remove_projects: numbers(body, "remove_projects")?,
    })
}

impl View<'_> {
    /// Answers a GET.
    pub(super) fn teams(&self, endpoint: Endpoint) -> Result<Reply, Refusal> {
        if endpoint != Endpoint::List {
            return Err(Refusal::MethodNotAllowed);
        }
        let rows = self.state.teams.iter().map(|(id, team)| (*id, self.team(*id, team)));
        Ok(Reply::List { name: "teams", rows: rows.collect() })
    }

    /// Teams by number and name.
    pub(super) fn team_names(&self, ids: &[u64]) -> Value {
        let teams = ids.iter().filter_map(|id| Some((id, self.state.teams.get(id)?)));
        teams.map(|(id, team)| json!({ "id": self.shape.id(*id), "name": team.name })).collect()
    }

    /// A team with everything it has.
    pub(super) fn team_row(&self, id: u64) -> Value {
        self.state.teams.get(&id).map_or(Value::Null, |team| Value::Object(self.team(id, team)))
    }

    fn team(&self, id: u64, team: &Team) -> Map<String, Value> {
        let people = team.members.iter().filter_map(|id| Some((id, self.state.members.get(id)?)));
        let members: Value = people
            .map(|(id, member)| json!({ "id": self.shape.id(*id), "email": member.email }))
            .collect();
        let projects: Value = team
            .projects
            .iter()
            .map(|(id, role)| json!({ "id": self.shape.id(*id), "role": role.as_str() }))
            .collect();
        let mut row = object([
            ("id", self.shape.id(id)),
            ("name", json!(team.name)),
            ("members", members),
            ("projects", projects),
        ]);
        if let Some(ManagedBy::Scim) = team.managed_by {
            row.insert("managed_by".to_owned(), json!("scim"));
        }
        row
    }
}
