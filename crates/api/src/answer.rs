//! What an answer says before anybody looks for the fields of one endpoint: the envelope
//! (`SERVICE.md`, "Hosts and requests": "envelope").

use reqwest::StatusCode;
use serde_json::Value;

use crate::error::{INCOMPLETE, quotable};

const SAID_LIMIT: usize = 300;
const FIRST_WORDS_LIMIT: usize = 80;

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why a 2xx answer is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// The answer stops in the middle.
    Truncated(String),
    /// The answer is something else than expected.
    Unreadable(String),
    /// The envelope carries an error.
    Refused(String),
    /// The answer is of the expected form and cannot be whole.
    NotWhole {
        /// Why it cannot.
        problem: String,
        /// What to do about it.
        hint: &'static str,
    },
}

impl DecodeError {
    /// Tells a truncated answer from one that is something else.
    pub(crate) fn from_json(error: &serde_json::Error, body: &[u8]) -> Self {
        let start = body.trim_ascii_start();
        if start.first() == Some(&b'<') {
            return Self::Unreadable(format!(
                "the answer is an HTML page, not JSON: {}",
                first_words(body)
            ));
        }
        if error.is_eof() {
            return Self::Truncated(format!(
                "the answer stops after {} bytes in the middle of its JSON: {}",
                body.len(),
                first_words(body)
            ));
        }
        if error.is_syntax() {
            return Self::Unreadable(format!("the answer is not JSON: {}", first_words(body)));
        }
        Self::Unreadable(format!(
            "the answer is not of the expected form: {}",
            quotable(&error.to_string(), SAID_LIMIT)
        ))
    }
}

fn first_words(body: &[u8]) -> String {
    let start = body.get(..4 * FIRST_WORDS_LIMIT).unwrap_or(body);
    let words = quotable(&String::from_utf8_lossy(start), FIRST_WORDS_LIMIT);
    if words.is_empty() { "it is empty".to_owned() } else { format!("it begins `{words}`") }
}

/// What the service says about an error, from the body of an answer that is not 2xx.
pub(crate) fn said(answer: &Answer) -> String {
    let status = answer.status;
    let text = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => error_text(&value),
        Err(_) if answer.body.trim_ascii_start().first() == Some(&b'<') => {
            Some(format!("an HTML page, {}", first_words(&answer.body)))
        }
        Err(_) => Some(quotable(&String::from_utf8_lossy(&answer.body), SAID_LIMIT)),
    };
    match text.filter(|text| !text.is_empty()) {
        Some(text) => format!("the service answered {}: {text}", status.as_u16()),
        None => answered(status),
    }
}

/// That the service answered with a status, and nothing of what it said.
pub(crate) fn answered(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("the service answered {} ({reason})", status.as_u16()),
        None => format!("the service answered {}", status.as_u16()),
    }
}

/// The text of an error envelope in any of its forms: `error`, `message` or `detail`, as a text or as
/// an object that holds one.
pub(crate) fn error_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let inner = ["error", "message", "detail", "errors"]
                .into_iter()
                .find_map(|key| fields.get(key).filter(|inner| !inner.is_null()));
            // What kind of SCIM error it is (RFC 7644, section 3.12) tells more than its text.
            let kind = fields.get("scimType").and_then(Value::as_str);
            let kind = kind.filter(|kind| !kind.is_empty());
            match (inner, kind) {
                (Some(Value::String(text)), Some(kind)) => format!("{text} ({kind})"),
                (None, Some(kind)) => format!("({kind})"),
                (Some(Value::String(text)), None) => text.clone(),
                (Some(inner @ Value::Object(_)), _) => {
                    error_text(inner).unwrap_or_else(|| inner.to_string())
                }
                (Some(other), _) => other.to_string(),
                (None, None) => return None,
            }
        }
        _ => return None,
    };
    Some(quotable(&text, SAID_LIMIT))
}

/// Whether an envelope carries an error in spite of its 2xx status.
pub(crate) fn envelope_error(value: &Value) -> Option<String> {
    let fields = value.as_object()?;
    let status = fields.get("status").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let failed = match status.as_deref() {
        Some("error" | "fail" | "failed" | "failure") => true,
        Some(_) => false,
        None => fields.get("error").is_some_and(is_filled),
    };
    failed.then(|| error_text(value).unwrap_or_else(|| "an error without a text".to_owned()))
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// Refuses what is answered with a status that no whole answer to a reading has: part of it, an older
/// copy, or what is still being made.
pub(crate) fn check_whole(answer: &Answer) -> Result<(), DecodeError> {
    match answer.status {
        // Without a body it is told as an answer that stops.
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        status => {
            let problem = format!("{}, and only 200 tells that it is whole", answered(status));
            Err(DecodeError::NotWhole { problem, hint: INCOMPLETE })
        }
    }
}

/// Reads the answer to a write: any JSON whose envelope carries no error, or nothing at all with 204.
pub(crate) fn decode_write(answer: &Answer) -> Result<(), DecodeError> {
    if answer.status == StatusCode::NO_CONTENT && answer.body.is_empty() {
        return Ok(());
    }
    decode_value(answer).map(drop)
}

/// Reads an answer whose envelope carries no error.
pub(crate) fn decode_value(answer: &Answer) -> Result<Value, DecodeError> {
    let value = serde_json::from_slice::<Value>(&answer.body)
        .map_err(|error| DecodeError::from_json(&error, &answer.body))?;
    match envelope_error(&value) {
        Some(text) => Err(DecodeError::Refused(text)),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn finds_what_the_service_said() {
        for (body, expected) in [
            (
                r#"{"status":"error","error":"User not found in organization"}"#,
                ": User not found in organization",
            ),
            (r#"{"error":{"message":"no\u001b[31m"}}"#, ": no\\u{1b}[31m"),
            (r#"{"error":{"code":7}}"#, r#": {"code":7}"#),
            (r#"{"detail":"gone"}"#, ": gone"),
            (
                r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"taken","status":"409","scimType":"uniqueness"}"#,
                ": taken (uniqueness)",
            ),
            (r#"{"status":"400","scimType":"noTarget"}"#, ": (noTarget)"),
            (r#"{"error":["a","b"]}"#, r#": ["a","b"]"#),
            (r#""plain""#, ": plain"),
            ("plain  text", ": plain text"),
            ("<html>\n<h1>Bad</h1>", ": an HTML page, it begins `<html> <h1>Bad</h1>`"),
            ("", " (Not Found)"),
            ("{}", " (Not Found)"),
        ] {
            assert_eq!(said(&answer(404, body)), format!("the service answered 404{expected}"));
        }
        assert!(said(&answer(500, &"x".repeat(10_000))).chars().count() < 350);
    }

    #[test]
    fn an_error_envelope_with_200_is_an_error() {
        for (body, expected) in [
            (r#"{"status":"ok","results":{}}"#, None),
            (r#"{"status":"error","error":"last owner"}"#, Some("last owner")),
            (r#"{"status":"ERROR"}"#, Some("an error without a text")),
            (r#"{"error":"x"}"#, Some("x")),
            (r#"{"error":null}"#, None),
            (r#"{"error":""}"#, None),
            (r#"{"status":"pending","id":1}"#, None),
            (r#"[{"status":"error"}]"#, None),
        ] {
            let expected = expected.map(|text| DecodeError::Refused(text.to_owned()));
            assert_eq!(decode_write(&answer(200, body)).err(), expected, "{body}");
        }
    }

    #[test]
    fn tells_truncated_from_unreadable() {
        assert!(decode_write(&answer(204, "")).is_ok());
        for body in ["", r#"{"status":"o"#, "[1, 2", "  "] {
            let error = decode_write(&answer(200, body)).unwrap_err();
            assert!(matches!(&error, DecodeError::Truncated(_)), "{body}: {error:?}");
        }
        for (body, expected) in [
            (
                "<!DOCTYPE html><title>Log in</title>",
                "an HTML page, not JSON: it begins `<!DOCTYPE",
            ),
            ("not json", "not JSON: it begins `not json`"),
            ("{\"a\":1}garbage\u{1b}", "not JSON: it begins `{\"a\":1}garbage\\u{1b}`"),
        ] {
            match decode_write(&answer(200, body)).unwrap_err() {
                DecodeError::Unreadable(text) => assert!(text.contains(expected), "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
