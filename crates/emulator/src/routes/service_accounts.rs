//! Service accounts, as Mixpanel's published OpenAPI has them (`SERVICE.md`, "Service accounts").

use std::collections::BTreeMap;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Reply, Row, View, id, object};
use crate::answer::Answer;
use crate::call::{Call, number, numbers, objects, text};
use crate::refusal::Refusal;
use crate::state::{Account, Actor};
use crate::transition::{NewAccount, Outcome, Transition};

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    List,
    One(u64),
    AddToProject,
    RemoveFromProject,
    OfProject(u64),
}

impl Endpoint {
    /// Reads what comes after the organization.
    pub(super) fn of_organization(rest: &[&str]) -> Option<Self> {
        match rest {
            ["service-accounts"] => Some(Self::List),
            ["service-accounts", "add-to-project"] => Some(Self::AddToProject),
            ["service-accounts", "remove-from-project"] => Some(Self::RemoveFromProject),
            ["service-accounts", account] => Some(Self::One(id(account)?)),
            _ => None,
        }
    }

    /// Reads what comes after a project.
    pub(super) fn of_project(project: u64, rest: &[&str]) -> Option<Self> {
        matches!(rest, ["service-accounts"]).then_some(Self::OfProject(project))
    }
}

/// Carries out a write.
pub(super) fn write(
    endpoint: Endpoint,
    actor: &Actor,
    call: &Call,
    transition: Transition<'_>,
) -> Result<Outcome, Refusal> {
    match (&call.method, endpoint) {
        (&Method::POST, Endpoint::List) => {
            transition.add_account(actor, &new_account(&call.object()?)?)
        }
        (&Method::DELETE, Endpoint::One(id)) => transition.delete_account(actor, id),
        (&Method::POST, Endpoint::AddToProject) => {
            let body = call.object()?;
            required(&body, &["projects", "service_account_ids"])?;
            let projects = objects(&body, "projects")?;
            let projects = projects
                .into_iter()
                .map(|project| Ok((number(project, "id")?, text(project, "role")?.to_owned())));
            let projects = projects.collect::<Result<Vec<_>, Refusal>>()?;
            let accounts = numbers(&body, "service_account_ids")?;
            transition.add_accounts_to_projects(actor, &projects, &accounts)
        }
        (&Method::POST, Endpoint::RemoveFromProject) => {
            let body = call.object()?;
            required(&body, &["projects"])?;
            let projects = objects(&body, "projects")?.into_iter().map(|project| {
                required(project, &["service_account_ids"])?;
                Ok((number(project, "id")?, numbers(project, "service_account_ids")?))
            });
            let projects = projects.collect::<Result<Vec<_>, Refusal>>()?;
            transition.remove_accounts_from_projects(actor, &projects)
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}

fn new_account(body: &Map<String, Value>) -> Result<NewAccount, Refusal> {
    let optional = |object: &Map<String, Value>, name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(object, name).map(|text| Some(text.to_owned())),
    };
    let expires = optional(body, "expires")?;
    let projects = objects(body, "projects")?.into_iter();
    let projects = projects.map(|project| Ok((number(project, "id")?, optional(project, "role")?)));
    Ok(NewAccount {
        username: text(body, "username")?.to_owned(),
        role: optional(body, "role")?,
        expires: expires.as_deref().map(instant).transpose()?,
        projects: projects.collect::<Result<_, Refusal>>()?,
    })
}

/// Reads exactly `%Y-%m-%dT%H:%M:%SZ`.
fn instant(text: &str) -> Result<Timestamp, Refusal> {
    let is_exact = text.len() == "2026-01-31T00:00:00Z".len()
        && text.bytes().zip(*b"0000-00-00T00:00:00Z").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        });
    let bad = || Refusal::BadRequest("expires must be formatted as %Y-%m-%dT%H:%M:%SZ".to_owned());
    text.parse().ok().filter(|_| is_exact).ok_or_else(bad)
}

fn required(object: &Map<String, Value>, names: &[&str]) -> Result<(), Refusal> {
    match names.iter().find(|name| !object.contains_key(**name)) {
        Some(name) => Err(Refusal::BadRequest(format!("Missing required field: {name}"))),
        None => Ok(()),
    }
}

impl View<'_> {
    /// Answers a GET.
    pub(super) fn service_accounts(&self, endpoint: Endpoint) -> Result<Reply, Refusal> {
        let rows = match endpoint {
            Endpoint::List => {
                let users = self.state.users();
                let accounts = self.state.accounts.iter();
                accounts.map(|(id, account)| (*id, self.account(*id, account, &users))).collect()
            }
            Endpoint::One(id) => {
                let account = self.state.accounts.get(&id).ok_or(Refusal::NoSuchAccount)?;
                let row = self.account(id, account, &self.state.users());
                return Ok(Reply::Answer(Answer::json(200, &Value::Object(row))));
            }
            Endpoint::OfProject(project) => {
                self.project(project)?;
                self.project_accounts(project)
            }
            Endpoint::AddToProject | Endpoint::RemoveFromProject => {
                return Err(Refusal::MethodNotAllowed);
            }
        };
        Ok(Reply::List { name: "service_accounts", rows })
    }

    /// A new account with its secret, which is answered this once.
    pub(super) fn new_account(&self, id: u64) -> Answer {
        let Some(account) = self.state.accounts.get(&id) else {
            return Answer::refused(&Refusal::NoSuchAccount);
        };
        let mut row = self.account(id, account, &self.state.users());
        row.insert("token".to_owned(), json!(account.secret));
        Answer::json(201, &json!({ "status": "ok", "results": row }))
    }

    fn account(
        &self,
        id: u64,
        account: &Account,
        users: &BTreeMap<&str, u64>,
    ) -> Map<String, Value> {
        let mut row = object([("id", self.shape.id(id)), ("username", json!(account.username))]);
        let mut put = |name: &str, value: Option<Value>| {
            row.extend(value.map(|value| (name.to_owned(), value)));
        };
        let number = |email: &str| users.get(email).map(|id| self.shape.id(*id));
        put("created", account.created.map(|at| json!(at)));
        put("expires", account.expires.map(|at| json!(at)));
        let last_used = self.uses.get(&id).copied().or(account.last_used);
        put("last_used", last_used.map(|at| json!(at)));
        put("creator", account.creator.as_deref().and_then(number));
        put("creator_email", account.creator.as_ref().map(|email| json!(email)));
        put("user", number(&account.email));
        row
    }

    /// A row for each source of an account's access: its own role, and its power in the organization.
    fn project_accounts(&self, project: u64) -> Vec<Row> {
        let users = self.state.users();
        let mut rows = Vec::new();
        for (id, account) in &self.state.accounts {
            let own = account.grants.get(&project).cloned().map(|role| (role, "individual"));
            let power = self.state.account_role(account).in_every_project();
            let power = power.map(|role| (role, "organization"));
            for (role, target_type) in own.into_iter().chain(power) {
                let mut row = self.account(*id, account, &users);
                row.insert("role".to_owned(), json!(role.as_str()));
                row.insert("target_type".to_owned(), json!(target_type));
                rows.push((*id, row));
            }
        }
        rows
    }
}
