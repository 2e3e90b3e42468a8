//! Why an apply did not begin.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mixaccess_api::ApiError;
use mixaccess_model::{ChangeId, Digest, Finding, GuardVerdict, SealError, Subject, printable};
use mixaccess_planner::Moved;

use crate::journal::JournalError;
use crate::lock::LockError;
use crate::{CallError, LockedError, StateError};

/// Why an apply did not begin. Nothing was sent to be written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The plan may not be applied, for every reason named.
    #[error("the plan was refused, and nothing was changed: {}", list(.0))]
    Refused(Vec<Refusal>),
    /// Another apply holds the lock.
    #[error("{0}")]
    Locked(Box<LockedError>),
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The journal cannot be read, or cannot be begun.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Live state cannot be read.
    #[error("cannot read live state: {0}")]
    Read(Box<ApiError>),
}

impl From<ApiError> for ApplyError {
    fn from(error: ApiError) -> Self {
        Self::Read(Box::new(error))
    }
}

impl From<LockError> for ApplyError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Locked(error) => Self::Locked(error),
            LockError::State(error) => Self::State(error),
        }
    }
}

impl ApplyError {
    /// The exit code: 3 for a refusal, 1 for an error.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 3,
            Self::Locked(_) | Self::State(_) | Self::Journal(_) | Self::Read(_) => 1,
        }
    }

    /// What to do about it: whole sentences. Refusals have a hint each instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(_) => None,
            Self::Locked(_) => Some(
                "Wait until it has finished. If that process is gone, its lock is gone with it."
                    .to_owned(),
            ),
            Self::State(_) => {
                Some("Name a directory you can write to with --state-dir.".to_owned())
            }
            Self::Journal(error) => Some(error.hint().to_owned()),
            Self::Read(error) => error.hint.clone(),
        }
    }
}

fn list(refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for refusal in refusals {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&refusal.to_string());
    }
    text
}

/// One reason for which a plan may not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The plan was edited after it was made.
    Tampered(SealError),
    /// The plan's version is none that this program knows.
    Format {
        /// The version it names.
        found: u32,
    },
    /// The changes cannot be executed as they stand; no plan that this program makes is like that.
    Malformed {
        /// What is wrong, as a fragment.
        message: String,
    },
    /// It says that it undoes a plan, and is not the undo plan of that one's apply.
    NotUndo {
        /// What is wrong, as a fragment.
        message: String,
    },
    /// The files are others than those that the plan was made from.
    OtherFiles {
        /// The digest of those.
        planned: Digest,
        /// The digest of the files that are here.
        here: Digest,
    },
    /// The plan is for another organization, address or dialect.
    Foreign {
        /// Which of them: `organization`, `address` or `dialect`.
        what: &'static str,
        /// What the plan is for.
        planned: String,
        /// What this run would write to.
        here: String,
    },
    /// A finding of the plan that is an error.
    Finding(Finding),
    /// A guard rail.
    Guard(GuardVerdict),
    /// The dialect has no write for a change.
    Call(CallError),
    /// Somebody's access moved since the plan was made.
    Stale(Moved),
    /// The service would refuse a change to the identity we run as.
    ActorPower {
        /// The name of that identity.
        who: Arc<str>,
        /// The first such change.
        change: ChangeId,
        /// Whose access it changes.
        subject: Subject,
        /// What it does, and where.
        what: String,
        /// Why it would, with the role of that identity, as a fragment.
        message: String,
        /// How many more changes it would refuse.
        others: usize,
    },
    /// An earlier apply of this plan began and did not finish.
    Unfinished {
        /// Its journal.
        journal: PathBuf,
        /// The service accounts that it may have created, and whose secret nobody may have.
        unsettled: Vec<Arc<str>>,
    },
    /// There is no journal of this plan to go on from.
    NothingToResume,
    /// This run would create service accounts, and nothing is there to take their secrets.
    NoSecretSink {
        /// Their names, sorted.
        usernames: Vec<Arc<str>>,
        /// Why the place that was named cannot take them, as a fragment that is safe to print; absent
        /// where none was named.
        because: Option<String>,
    },
}

impl Refusal {
    /// A stable word for it, for machine formats.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Tampered(_) => "tampered",
            Self::Format { .. } => "format",
            Self::Malformed { .. } => "malformed",
            Self::NotUndo { .. } => "not-undo",
            Self::OtherFiles { .. } => "other-files",
            Self::Foreign { .. } => "foreign",
            Self::Finding(_) => "finding",
            Self::Guard(verdict) => verdict.guard.as_str(),
            Self::Call(_) => "unsupported",
            Self::Stale(_) => "stale",
            Self::ActorPower { .. } => "actor-power",
            Self::Unfinished { .. } => "unfinished",
            Self::NothingToResume => "nothing-to-resume",
            Self::NoSecretSink { .. } => "no-secret-sink",
        }
    }

    /// The way out: whole sentences.
    pub fn hint(&self) -> String {
        match self {
            Self::Tampered(_) => {
                "Apply the plan file as it was written, or plan again. A redacted plan cannot be applied."
                    .to_owned()
            }
            Self::Format { .. } => "Plan again with this version of the program.".to_owned(),
            Self::Malformed { .. } => "Plan again.".to_owned(),
            Self::NotUndo { .. } => {
                "Apply the undo plan as the apply wrote it, with the --state-dir of that apply; or change the files and plan."
                    .to_owned()
            }
            Self::OtherFiles { .. } => {
                "Plan again and have the new plan reviewed, or check out the commit that the plan was made from."
                    .to_owned()
            }
            Self::Call(_) => "Mend what it says, or plan again.".to_owned(),
            Self::Foreign { what, .. } => format!(
                "Run apply with the {what} that the plan was made for, or plan again for this one."
            ),
            Self::Finding(finding) => {
                finding.hint.clone().unwrap_or_else(|| "Correct the files and plan again.".to_owned())
            }
            Self::Guard(verdict) => verdict.way_past.clone(),
            Self::Stale(_) => "Plan again and have the new plan reviewed.".to_owned(),
            Self::ActorPower { .. } => {
                "Apply with a service account that has a stronger role, or leave the change out and plan again."
                    .to_owned()
            }
            Self::Unfinished { unsettled, .. } if !unsettled.is_empty() => format!(
                "Add --resume: it deletes what may have been created of {}, whose secret nobody may \
                 have, and creates it anew. A new plan would take it for done.",
                unsettled.join(", ")
            ),
            Self::Unfinished { .. } => {
                "Add --resume to go on where it stopped, or plan again to start from what is live now."
                    .to_owned()
            }
            Self::NothingToResume => {
                "Leave --resume out to apply the plan from its beginning. If an apply began elsewhere, \
                 plan again: the new plan holds what is left."
                    .to_owned()
            }
            Self::NoSecretSink { .. } => {
                "Name a new file with --secret-file FILE (`{name}` in it stands for the account's name), or a \
                 command that reads it from standard input, such as `vault kv put …`, with \
                 --secret-command COMMAND. It is told once, and never again."
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tampered(error) => error.fmt(f),
            Self::Format { found } => write!(f, "plan format version {found} is not known"),
            Self::Malformed { message } => write!(f, "the plan is malformed: {message}"),
            Self::NotUndo { message } => write!(f, "the plan is no undo plan: {message}"),
            Self::OtherFiles { planned, here } => write!(
                f,
                "the files changed since the plan was made: it was made from files with the digest {planned}, and those here have {here}"
            ),
            Self::Foreign { what, planned, here } => {
                write!(f, "the plan is for {what} {planned}, and this run is for {here}")
            }
            Self::Finding(Finding { code, message, subject, .. }) => {
                write!(f, "the plan holds an error: {code}: {message}")?;
                subject.as_ref().map_or(Ok(()), |subject| write!(f, " ({subject})"))
            }
            Self::Guard(verdict) => write!(f, "{}: {}", verdict.guard, verdict.message),
            Self::Call(error) => error.fmt(f),
            Self::Stale(Moved { change, subject, message }) => {
                write!(f, "{subject} moved since the plan was made: {message} (change {change})")
            }
            Self::ActorPower { who, change, subject, what, message, others } => {
                let who = printable(who);
                write!(
                    f,
                    "{who} lacks the power to {what} for {subject}: {message} (change {change}"
                )?;
                match others {
                    0 => f.write_str(")"),
                    1 => f.write_str(", and 1 more)"),
                    more => write!(f, ", and {more} more)"),
                }
            }
            Self::Unfinished { journal, .. } => {
                write!(f, "an earlier apply of this plan did not finish: {}", journal.display())
            }
            Self::NothingToResume => f.write_str("no apply of this plan has begun here"),
            Self::NoSecretSink { usernames, because } => {
                let names = usernames.iter().map(|name| printable(name)).collect::<Vec<_>>();
                write!(
                    f,
                    "there is no place for the secret of new service accounts: {}",
                    names.join(", ")
                )?;
                because.as_ref().map_or(Ok(()), |because| write!(f, " ({because})"))
            }
        }
    }
}
