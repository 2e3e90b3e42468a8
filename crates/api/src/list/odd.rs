//! Rows that could not be read, beside those that could.

use std::ops::Deref;
use std::sync::Arc;

use mixaccess_model::{Subject, TeamId, UnreadList, UnreadRow};

use crate::answer::DecodeError;
use crate::error::quotable;

const QUOTE_LIMIT: usize = 300;

/// A row of an answer that could not be read: what is wrong with it, and whom it is about as far as it
/// tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OddRow {
    /// The number of whom it is about.
    pub number: Option<u64>,
    /// The address of a person, or the name of a team or service account.
    pub name: Option<Arc<str>>,
    /// What is wrong with it, as a fragment that follows "a row that".
    pub why: String,
}

impl OddRow {
    /// About whom it is.
    pub(crate) fn about(self, number: Option<u64>, name: Option<&str>) -> Self {
        Self { number, name: name.map(Arc::from), ..self }
    }

    /// A row of a team that could not be read.
    pub fn of_team(self) -> UnreadRow {
        let Self { number, name, why } = self;
        let id = number.map(TeamId);
        let why = match (&name, id) {
            (None, Some(id)) => format!("for team number {id} {why}"),
            _ => why,
        };
        let subject = name.map(|name| Subject::Team { name, id });
        UnreadRow { list: UnreadList::Teams, project: None, subject, why }
    }

    /// For lists of which every row counts.
    pub(crate) fn as_error(&self, at: usize) -> DecodeError {
        let problem = format!("the answer is not of the expected form: row {at} {}", self.why);
        DecodeError::Unreadable(quotable(&problem, QUOTE_LIMIT))
    }
}

impl From<String> for OddRow {
    fn from(why: String) -> Self {
        Self { why, ..Self::default() }
    }
}

impl From<&str> for OddRow {
    fn from(why: &str) -> Self {
        Self::from(why.to_owned())
    }
}

/// A list: the rows that were read, and those that could not be, which are unread and not absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows that were read.
    pub rows: Vec<T>,
    /// Those that could not be.
    pub unread: Vec<OddRow>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> From<Vec<T>> for Listed<T> {
    fn from(rows: Vec<T>) -> Self {
        Self { rows, unread: Vec::new() }
    }
}

/// The rows that were read.
impl<T> Deref for Listed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}
