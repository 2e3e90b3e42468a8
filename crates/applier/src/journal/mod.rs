//! The journal: the durable record of an apply, change by change.
//!
//! JSON lines, append-only. A run has a file of its own: first who, what and where, and what was
//! there; then for each write an intent before it is sent and an outcome after it; at the end the
//! tally. No line is followed by what it announces before it is on the disk. No credentials, ever: a
//! secret that is handed over is marked by a salted digest.

mod reader;
mod unsettled;
mod writer;

use std::path::PathBuf;

use jiff::Timestamp;
use mixaccess_model::{
    ActingIdentity, ChangeId, Dialect, Digest, Email, OrganizationId, Override, Subject,
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{ApplyStatus, FoundBefore, Outcome, Runner, SecretMark, StateError};

pub(crate) use reader::read_bounded;
pub use reader::{JournalRun, history, parse, was_applied};
pub(crate) use unsettled::{CREATE, created_by_others, creations_asked, handed_over};
pub use unsettled::{UnsettledCreation, unsettled_creations};
pub(crate) use writer::{JournalWriter, Sink};

/// Version of the journal that this program writes and reads.
pub const JOURNAL_FORMAT_VERSION: u32 = 3;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A run begins.
    Started(Box<Header>),
    /// What a subject was like before the first write of the plan, for those that go on from this run.
    Before {
        /// Whom the plan changes or reaches.
        subject: Subject,
        /// What was found; nothing where it was not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<Box<FoundBefore>>,
    },
    /// A write is about to be sent.
    Intent {
        /// The change.
        change: ChangeId,
        /// Whose access it changes. The first version knew people only, by their address.
        #[serde(alias = "email", deserialize_with = "subject_or_address")]
        subject: Subject,
        /// What it does, by the word of the plan's JSON.
        action: String,
        /// When the invitation went out that is withdrawn: nothing else tells it afterwards, and it
        /// counts for the limit of the service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invited_at: Option<Timestamp>,
        /// Which attempt of this run, from 1.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// The secret of a new service account is about to be handed over.
    HandOver {
        /// The change that made the account.
        change: ChangeId,
        /// The account.
        subject: Subject,
        /// Tells the secret again where it was left.
        mark: SecretMark,
        /// When.
        at: Timestamp,
    },
    /// What became of a change.
    Outcome {
        /// The change.
        change: ChangeId,
        /// When it was known.
        at: Timestamp,
        /// What became of it.
        outcome: Outcome,
    },
    /// A change was answered well, and reading again at the end did not find it: what became of it is
    /// unknown.
    Contradicted {
        /// The change.
        change: ChangeId,
        /// When it was read again.
        at: Timestamp,
    },
    /// The run ends.
    Finished {
        /// How.
        status: ApplyStatus,
        /// When.
        at: Timestamp,
        /// Differences that verification found.
        mismatches: usize,
    },
}

fn subject_or_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Named {
        Address(Email),
        Subject(Subject),
    }
    Ok(match Named::deserialize(deserializer)? {
        Named::Address(email) => Subject::Person { email, user: None },
        Named::Subject(subject) => subject,
    })
}

/// Who applies what, where, and with which ways past a guard rail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`JOURNAL_FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// Name and version of that program.
    pub made_by: String,
    /// The plan.
    pub plan: Digest,
    /// Its changes.
    pub changes_digest: Digest,
    /// The one plan file: a plan made again has the same digest and another seal.
    pub seal: Digest,
    /// How many changes the plan has.
    pub changes: usize,
    /// The organization.
    pub organization: OrganizationId,
    /// The address of the service.
    pub base_url: String,
    /// The dialect.
    pub api: Dialect,
    /// Who the credentials are.
    pub acting_as: ActingIdentity,
    /// The process.
    pub runner: Runner,
    /// When the run began.
    pub started_at: Timestamp,
    /// File name of the run that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// Ways past a guard rail that this run relies on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// Why a journal cannot be kept or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// A line could not be made durable. Nothing that it announces was sent.
    #[error("cannot write the journal {}: {message}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// A journal could not be read.
    #[error("cannot read the journal {}: {message}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said, or what is wrong with it.
        message: String,
    },
    /// A journal comes from a newer program.
    #[error(
        "journal {} has format version {found}, newer than {JOURNAL_FORMAT_VERSION}, the newest this program reads",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u32,
    },
}

impl JournalError {
    /// What to do about it: whole sentences.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Write { .. } => {
                "Make room or name another directory with --state-dir, then run apply again."
            }
            Self::Read { .. } => {
                "Keep the file for the record, move it out of the state directory, and plan again: \
                 a new plan starts from what is live."
            }
            Self::Newer { .. } => "Use the program version that wrote it, or plan again.",
        }
    }
}

impl From<StateError> for JournalError {
    fn from(error: StateError) -> Self {
        Self::Write {
            message: format!("cannot {}: {}", error.doing, error.source),
            path: error.path,
        }
    }
}
