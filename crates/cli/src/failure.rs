//! Why a command failed: the error, the way out, and the exit code.

use std::fmt;

use crate::exit::Exit;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the process exits.
    pub(crate) exit: Exit,
    /// What went wrong.
    pub(crate) error: anyhow::Error,
    /// What to do about it: whole sentences.
    pub(crate) hints: Vec<String>,
}

/// The result of a command: how it ended, or why it failed.
pub(crate) type CommandResult = Result<Exit, Failure>;

impl Failure {
    /// A failure with exit code 1.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Error, error: anyhow::anyhow!("{message}"), hints: Vec::new() }
    }

    /// A refusal: exit code 3.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Refused, ..Self::new(message) }
    }

    /// What began and left something undone or unknown: exit code 4.
    pub(crate) fn incomplete(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Incomplete, ..Self::new(message) }
    }

    /// The same failure in other words.
    pub(crate) fn map_text(self, words: impl Fn(&str) -> String) -> Self {
        let causes: Vec<String> =
            self.error.chain().map(|cause| words(&cause.to_string())).collect();
        let mut causes = causes.into_iter().rev();
        let first = anyhow::Error::msg(causes.next().unwrap_or_default());
        let error = causes.fold(first, anyhow::Error::context);
        Self { exit: self.exit, error, hints: self.hints.iter().map(|hint| words(hint)).collect() }
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Error, error, hints: Vec::new() }
    }
}

impl From<mixaccess_api::ApiError> for Failure {
    fn from(error: mixaccess_api::ApiError) -> Self {
        let hint = error.hint.clone();
        let failure = Self::new(&error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
