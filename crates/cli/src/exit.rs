//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing to do, or plan written.
    Done,
    /// Bad usage, bad input, refused credentials, network.
    Error,
    /// Differences exist, for `drift` and for `plan --detailed-exitcode`.
    Differences,
    /// A guard rail or a policy refuses, or the plan is stale, tampered with, too old or foreign.
    Refused,
    /// An apply that began and left something undone or unknown.
    Incomplete,
}

impl Exit {
    /// The number that the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Differences => 2,
            Self::Refused => 3,
            Self::Incomplete => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
