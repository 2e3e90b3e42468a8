//! The endpoints, one module a dialect.

use serde_json::{Map, Value};

pub(crate) mod members;

/// What a request is answered with, before it gets its shape.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A list: its name, and rows with the number each is keyed by.
    List { name: &'static str, rows: Vec<(u64, Map<String, Value>)> },
    /// One thing.
    One(Value),
}
