//! The tokens of projects (`SERVICE.md`, "Dialect members").

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Reply, View, object};
use crate::answer::Answer;
use crate::call::{Call, only};
use crate::refusal::Refusal;
use crate::rules;
use crate::seed::Token;
use crate::state::Actor;
use crate::transition::{Outcome, Transition};

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    List(u64),
    Rotate(u64),
}

impl Endpoint {
    /// Reads what comes after a project.
    pub(super) fn of_project(project: u64, rest: &[&str]) -> Option<Self> {
        match rest {
            ["tokens"] => Some(Self::List(project)),
            ["tokens", "rotate"] => Some(Self::Rotate(project)),
            _ => None,
        }
    }
}

/// Carries out a write. A token is named by what its `id` says, as text or as a number.
pub(super) fn write(
    endpoint: Endpoint,
    actor: &Actor,
    call: &Call,
    transition: Transition<'_>,
) -> Result<Outcome, Refusal> {
    let (&Method::POST, Endpoint::Rotate(project)) = (&call.method, endpoint) else {
        return Err(Refusal::MethodNotAllowed);
    };
    let body = call.any_object()?;
    only(&body, &["token_id"])?;
    let id = match body.get("token_id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(Refusal::BadRequest("Missing required field: token_id".to_owned())),
    };
    transition.rotate_token(actor, project, &id)
}

impl View<'_> {
    /// Answers a GET. Their values are never listed, and only a project's admin or owner sees the rest.
    pub(super) fn tokens(&self, endpoint: Endpoint, actor: &Actor) -> Result<Reply, Refusal> {
        let Endpoint::List(project) = endpoint else { return Err(Refusal::MethodNotAllowed) };
        let tokens = &self.project(project)?.tokens;
        rules::may_manage_project(self.state, actor, project)?;
        let rows = (1..).zip(tokens).map(|(number, token)| (number, row(token))).collect();
        Ok(Reply::List { name: "tokens", rows })
    }

    /// A rotated token with its new value, which is answered this once.
    pub(super) fn rotated(&self, project: u64, at: usize) -> Answer {
        let project = self.state.projects.get(&project);
        match project.and_then(|project| project.tokens.get(at)) {
            Some(token) => Answer::ok(&json!({ "id": token.id, "token": token.token })),
            None => Answer::refused(&Refusal::UnknownToken),
        }
    }
}

fn row(token: &Token) -> Map<String, Value> {
    let mut row = object([
        ("id", json!(token.id)),
        ("name", json!(token.name)),
        ("created_at", json!(token.created_at)),
        ("last_used", json!(token.last_used)),
    ]);
    row.extend(token.created_by.as_ref().map(|email| ("created_by".to_owned(), json!(email))));
    row
}
