//! Findings: what a human should be told.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, ProjectKey, Subject};

/// How much a finding matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The run cannot go on, or the plan cannot be applied, or nothing is given to somebody.
    Error,
    /// Something is probably not meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A place in a file: path relative to the current directory as the user gave it, line and column
/// from 1, columns counted in characters.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Path of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Something to tell a human, with a stable code and a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Stable kebab-case code, one of those listed in the page of codes.
    pub code: Cow<'static, str>,
    /// Who it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The project it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectKey>,
    /// What was found: a lowercase fragment without a final full stop.
    pub message: String,
    /// What to do about it: whole sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What an error stops where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stops: Option<FindingStops>,
}

/// What a finding stops where that is not the whole plan.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FindingStops {
    /// What would be given to its subject: the plan goes on without that.
    Subject,
}

impl Finding {
    /// A finding with a message only.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: Cow::Borrowed(code),
            subject: None,
            project: None,
            message: message.into(),
            hint: None,
            place: None,
            stops: None,
        }
    }

    /// Whether the plan it is a finding of may not be applied.
    pub fn stops_plan(&self) -> bool {
        self.severity == Severity::Error && self.stops.is_none()
    }

    /// Adds the person it is about.
    #[must_use]
    pub fn about(self, email: &Email) -> Self {
        self.about_subject(Subject::Person { email: email.clone(), user: None })
    }

    /// Adds who it is about.
    #[must_use]
    pub fn about_subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The address of the person it is about.
    pub fn email(&self) -> Option<&Email> {
        self.subject.as_ref().and_then(Subject::email)
    }

    /// Adds the project it is about.
    #[must_use]
    pub fn in_project(mut self, project: &ProjectKey) -> Self {
        self.project = Some(project.clone());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that it stops what would be given to its subject, and no plan.
    #[must_use]
    pub const fn stopping_its_subject(mut self) -> Self {
        self.stops = Some(FindingStops::Subject);
        self
    }

    /// Adds where it was found.
    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }
}
