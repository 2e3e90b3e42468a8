//! Environment variables, as the process has them or as the demo lays over them.

use std::collections::BTreeMap;

/// Where variables are looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    overlay: BTreeMap<&'static str, String>,
}

impl Environment {
    /// The process's environment with some variables replaced.
    pub(crate) fn with(overlay: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { overlay: overlay.into_iter().collect() }
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match self.overlay.get(name) {
            Some(value) => value.clone(),
            None => std::env::var(name).ok()?,
        };
        (!value.trim().is_empty()).then_some(value)
    }
}
