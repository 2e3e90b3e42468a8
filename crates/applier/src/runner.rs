//! Who runs an apply, for the lock and the journal.

use serde::{Deserialize, Serialize};

/// The process that runs an apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Process number.
    pub pid: u32,
    /// Name of the machine; `unknown` when it does not say.
    pub host: String,
    /// Name of the user; `unknown` when the environment does not say.
    pub user: String,
}

impl Runner {
    /// This process.
    pub fn current() -> Self {
        Self {
            pid: std::process::id(),
            host: host().unwrap_or_else(unknown),
            user: first_variable(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(unknown),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn host() -> Option<String> {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find_map(|text| clean(&text))
        .or_else(|| first_variable(&["HOSTNAME", "COMPUTERNAME"]))
}

fn first_variable(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find_map(|text| clean(&text))
}

fn clean(text: &str) -> Option<String> {
    let text = mixaccess_model::printable(text.trim()).chars().take(255).collect::<String>();
    (!text.is_empty()).then_some(text)
}
