//! What the emulator tells about itself below `/__emulator/`, for people who try things out. These
//! requests need no credentials, are not recorded and meet no faults.

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::{Call, text};
use crate::refusal::Refusal;
use crate::transition::Limits;
use crate::world::World;

const ROOT: &str = "/__emulator";

/// Whether the request asks about the emulator itself.
pub(crate) fn concerns(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers `GET state`, `GET requests` and `POST accept` with `{"email":…}`, by which an invited person
/// accepts.
pub(crate) fn answer(world: &mut World, call: &Call, limits: Limits, now: Timestamp) -> Answer {
    let path = call.trimmed_path().strip_prefix(ROOT).unwrap_or_default();
    let answered = match (&call.method, path) {
        (&Method::GET, "") => Ok(json!({
            "GET /__emulator/state": "the organization as it is now",
            "GET /__emulator/requests": "the requests that were made",
            "POST /__emulator/accept": "accepts the invitation of {\"email\": …}",
        })),
        (&Method::GET, "/state") => state(world),
        (&Method::GET, "/requests") => Ok(json!(world.record.requests().collect::<Vec<_>>())),
        (&Method::POST, "/accept") => accept(world, call, limits, now),
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
    for account in &mut seed.service_accounts {
        account.secret.clear();
    }
    if let Some(scim) = &mut seed.scim {
        scim.token.clear();
    }
    serde_json::to_value(seed).map_err(|error| Refusal::BadRequest(error.to_string()))
}

fn accept(
    world: &mut World,
    call: &Call,
    limits: Limits,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let body = call.object()?;
    world.accept(text(&body, "email")?, limits, now)?;
    Ok(json!({ "status": "ok" }))
}
