//! What an answer says of how it went, beside a list that looks sound.

use serde_json::Value;

use super::told::{is_nothing, normal};
use crate::answer::DecodeError;
use crate::error::{INCOMPLETE, quotable};

const QUOTE_LIMIT: usize = 80;
/// The words for a list that is answered as asked for.
const WELL: [&str; 8] =
    ["ok", "okay", "success", "succeeded", "successful", "complete", "completed", "200"];

/// What speaks against a list, at any level around its rows.
#[derive(Debug, Default)]
pub(super) struct Margin {
    problem: Option<String>,
}

impl Margin {
    /// Whether such a key says how the answer went.
    pub(super) fn is_one(key: &str) -> bool {
        matches!(normal(key).as_str(), "status" | "success" | "ok" | "error" | "errors")
    }

    /// Takes in one such field.
    pub(super) fn hear(&mut self, key: &str, value: &Value) {
        let is_well = match normal(key).as_str() {
            "status" => is_nothing(value) || *value == true || says_well(value),
            "success" | "ok" => {
                *value != false && value.as_str().is_none_or(|text| text != "false")
            }
            "error" | "errors" => is_nothing(value),
            _ => true,
        };
        if is_well || self.problem.is_some() {
            return;
        }
        let said = match value {
            Value::String(text) => quotable(text, QUOTE_LIMIT),
            other => quotable(&other.to_string(), QUOTE_LIMIT),
        };
        let key = quotable(key, QUOTE_LIMIT);
        self.problem = Some(format!("the answer says `{key}`: `{said}` beside its list"));
    }

    /// # Errors
    /// Says what speaks against the list.
    pub(super) fn judge(self) -> Result<(), DecodeError> {
        match self.problem {
            Some(problem) => Err(DecodeError::NotWhole { problem, hint: INCOMPLETE }),
            None => Ok(()),
        }
    }
}

fn says_well(value: &Value) -> bool {
    match value {
        Value::String(text) => WELL.contains(&text.trim().to_ascii_lowercase().as_str()),
        Value::Number(number) => number.as_u64() == Some(200),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}
