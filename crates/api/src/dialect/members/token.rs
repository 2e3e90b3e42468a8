//! A project's tokens: the new value of a rotated one, which nobody may print, log or store.

use secrecy::SecretString;
use serde_json::Value;

use crate::answer::{Answer, DecodeError, decode_value};

/// Finds the new token in an answer: a text, or `token` in an object, inside the envelope or without it.
/// No error repeats any of the answer, which may be the secret.
pub(super) fn decode(answer: &Answer) -> Result<SecretString, DecodeError> {
    let unreadable = || DecodeError::Unreadable("the answer names no new token".to_owned());
    let value = match decode_value(answer) {
        Ok(value) => value,
        Err(refused @ DecodeError::Refused(_)) => return Err(refused),
        Err(_) => return Err(unreadable()),
    };
    let inner = value.get("results").unwrap_or(&value);
    let token = inner.get("token").unwrap_or(inner).as_str();
    token.filter(|token| !token.is_empty()).map(SecretString::from).ok_or_else(unreadable)
}

/// The body of the rotation.
pub(super) fn body(token_id: &str) -> Value {
    serde_json::json!({ "token_id": token_id })
}
