//! What the emulator tells about itself below `/__emulator/`, for people who try things out. These
//! requests need no credentials, are not recorded and meet no faults.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::{Call, number, only, text, texts};
use crate::clock::Clock;
use crate::refusal::Refusal;
use crate::transition::{Limits, Wish};
use crate::world::World;

const ROOT: &str = "/__emulator";

/// Whether the request asks about the emulator itself.
pub(crate) fn concerns(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers what the list below says.
pub(crate) fn answer(world: &mut World, call: &Call, limits: Limits, clock: &Clock) -> Answer {
    let path = call.trimmed_path().strip_prefix(ROOT).unwrap_or_default();
    let answered = match (&call.method, path) {
        (&Method::GET, "") => Ok(json!({
            "GET /__emulator/state": "the organization as it is now",
            "GET /__emulator/requests": "the requests that were made",
            "POST /__emulator/accept": "accepts the invitation of {\"email\": …}",
            "POST /__emulator/advance": "moves the clock ahead by {\"seconds\": …}",
            "POST /__emulator/delete-custom-role": "deletes {\"project_id\": …, \"role\": …}",
            "POST /__emulator/identity-provider": "changes what the identity provider has of \
                {\"email\": …}: \"join\" and \"leave\" list groups, \"active\" may be false; the next \
                sync carries it out",
        })),
        (&Method::GET, "/state") => state(world),
        (&Method::GET, "/requests") => Ok(json!(world.record.requests().collect::<Vec<_>>())),
        (&Method::POST, "/accept") => accept(world, call, limits, clock),
        (&Method::POST, "/advance") => advance(call, clock),
        (&Method::POST, "/delete-custom-role") => delete_custom_role(world, call, limits, clock),
        (&Method::POST, "/identity-provider") => identity_provider(world, call, limits, clock),
        _ => Err(Refusal::NoSuchEndpoint),
    };
    match answered {
        Ok(value) => Answer::json(200, &value),
        Err(refusal) => Answer::refused(&refusal),
    }
}

/// The state as a seed without the secrets: nobody had to show any to come here.
fn state(world: &World) -> Result<Value, Refusal> {
    let mut seed = world.seed();
    for token in seed.projects.iter_mut().flat_map(|project| &mut project.tokens) {
        token.token.clear();
    }
    for account in &mut seed.service_accounts {
        account.secret.clear();
    }
    if let Some(scim) = &mut seed.scim {
        scim.token.clear();
    }
    serde_json::to_value(seed).map_err(|error| Refusal::BadRequest(error.to_string()))
}

fn accept(world: &mut World, call: &Call, limits: Limits, clock: &Clock) -> Result<Value, Refusal> {
    let body = call.object()?;
    world.accept(text(&body, "email")?, limits, clock.now())?;
    Ok(json!({ "status": "ok" }))
}

fn advance(call: &Call, clock: &Clock) -> Result<Value, Refusal> {
    clock.advance(Duration::from_secs(number(&call.object()?, "seconds")?));
    Ok(json!({ "status": "ok", "now": clock.now() }))
}

fn delete_custom_role(
    world: &mut World,
    call: &Call,
    limits: Limits,
    clock: &Clock,
) -> Result<Value, Refusal> {
    let body = call.object()?;
    let (project, role) = (number(&body, "project_id")?, text(&body, "role")?);
    world.delete_custom_role(project, role, limits, clock.now())?;
    Ok(json!({ "status": "ok" }))
}

fn identity_provider(
    world: &mut World,
    call: &Call,
    limits: Limits,
    clock: &Clock,
) -> Result<Value, Refusal> {
    let body = call.object()?;
    only(&body, &["email", "join", "leave", "active"])?;
    let wish = Wish {
        email: text(&body, "email")?.to_owned(),
        join: texts(&body, "join")?,
        leave: texts(&body, "leave")?,
        is_deactivated: body.get("active") == Some(&Value::Bool(false)),
    };
    world.wish(&wish, limits, clock.now())?;
    Ok(json!({ "status": "ok" }))
}
