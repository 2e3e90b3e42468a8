//! How something is to be rendered.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use mixaccess_model::ChangeId;
use serde::Serialize;

use crate::Redaction;

/// A format of the output (`--format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Text for a terminal.
    #[default]
    Human,
    /// A comment on a pull request, under 65,536 characters whatever the size.
    Markdown,
    /// The value itself.
    Json,
    /// Findings and guard rails for code scanning, SARIF 2.1.0.
    Sarif,
    /// Findings and guard rails as test cases.
    Junit,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Human, Self::Markdown, Self::Json, Self::Sarif, Self::Junit];

    /// The word of the option.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a word is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format: expected one of human, markdown, json, sarif, junit")]
pub struct FormatError;

impl FromStr for Format {
    type Err = FormatError;
    fn from_str(word: &str) -> Result<Self, FormatError> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or(FormatError)
    }
}

/// How much is said. Changes, refusals, errors and warnings are never left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verbosity {
    /// `-q`: no notes, no examples of what is not planned, no word on what to do next.
    Quiet,
    /// Neither.
    #[default]
    Normal,
    /// `-v`: everything that is not planned, every note, every digest.
    Verbose,
}

/// What a plan is shown for.
#[derive(Clone, Copy, Debug, Default)]
pub enum Purpose<'a> {
    /// To be reviewed and applied.
    #[default]
    Plan,
    /// To tell that live state differs: worded from what the files say to what is live.
    Drift {
        /// Who changed it, where the audit log knows; may be empty.
        culprits: &'a Culprits,
    },
    /// To reverse an applied plan.
    Undo,
    /// To be approved and executed in this very run, so that nothing needs to be said of what to do.
    Apply,
}

/// Who changed something by hand, by the change that would put it back.
pub type Culprits = BTreeMap<ChangeId, Culprit>;

/// Who changed something by hand, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Culprit {
    /// The address or name that the audit log gives.
    pub who: String,
    /// When, if the audit log says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// How something is to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions<'a> {
    /// Columns of the terminal; only the human format wraps.
    pub width: usize,
    /// Whether the human format may use colour.
    pub color: bool,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Whether to append the unified diff of each person's access.
    pub diff: bool,
    /// Turns everything that identifies a person into a pseudonym.
    pub redact: Option<&'a Redaction>,
    /// Now, to word the plan's age and to tell whether it was resolved for another instant.
    pub now: Option<Timestamp>,
    /// What the plan is shown for.
    pub purpose: Purpose<'a>,
    /// The plan's file, to say how to apply or show it.
    pub plan_file: Option<&'a str>,
    /// The options that chose the files, such as `--config` and its value, to repeat in every command.
    pub chosen: &'a [String],
}

impl Default for RenderOptions<'_> {
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            verbosity: Verbosity::Normal,
            diff: false,
            redact: None,
            now: None,
            purpose: Purpose::Plan,
            plan_file: None,
            chosen: &[],
        }
    }
}
