//! Plan files that somebody edits.

use serde_json::Value;

/// The JSON of a plan with one place replaced, digests left as they were.
pub(crate) fn edited(plan: &str, pointer: &str, value: impl Into<Value>) -> String {
    let mut json: Value = serde_json::from_str(plan).unwrap();
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer} in the plan")) = value.into();
    serde_json::to_string_pretty(&json).unwrap()
}
