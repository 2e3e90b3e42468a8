//! The receipt: what an apply did, and what it left undone.

use std::path::PathBuf;

use jiff::Timestamp;
use mixaccess_model::{ChangeId, Digest, OrganizationId, Override, ProjectRef, Subject};
use serde::{Deserialize, Serialize};

use crate::journal::CREATE;
use crate::{InvitationsLeft, Mismatch, Outcome};

/// Version of the receipt that this program writes.
pub const RECEIPT_FORMAT_VERSION: u32 = 2;

/// How an apply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyStatus {
    /// Every change is in place, and reading again showed it.
    Applied,
    /// The plan had been applied before; nothing was sent.
    AlreadyApplied,
    /// The plan has no changes; nothing was sent.
    NothingToDo,
    /// Something is undone, unknown or not as planned.
    Incomplete,
}

impl ApplyStatus {
    /// The words used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AlreadyApplied => "already applied",
            Self::NothingToDo => "nothing to do",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What an apply did, and what it left undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// [`RECEIPT_FORMAT_VERSION`].
    pub format_version: u32,
    /// How it ended.
    pub status: ApplyStatus,
    /// The plan.
    pub plan: Digest,
    /// Its changes.
    pub changes_digest: Digest,
    /// The organization.
    pub organization: OrganizationId,
    /// The address of the service.
    pub base_url: String,
    /// When the apply began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Whether it went on from an earlier run (`--resume`).
    pub resumed: bool,
    /// Whether it was asked to stop.
    pub cancelled: bool,
    /// Every change of the plan, in its order.
    pub changes: Vec<ChangeReport>,
    /// The invitations that wait for the limit; absent when none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitations_left: Option<InvitationsLeft>,
    /// What reading again showed.
    pub verification: Verification,
    /// The journal of this run; absent when nothing was to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<PathBuf>,
    /// Why the journal is not whole, when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_error: Option<String>,
    /// The way back.
    pub undo: UndoReport,
    /// Ways past a guard rail that this run relied on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// What else deserves to be known: fragments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was asked of the service.
    pub requests: RequestCounts,
}

impl Receipt {
    /// The exit code: 4 when something is undone or unknown, else 0.
    pub const fn exit_code(&self) -> u8 {
        match self.status {
            ApplyStatus::Applied | ApplyStatus::AlreadyApplied | ApplyStatus::NothingToDo => 0,
            ApplyStatus::Incomplete => 4,
        }
    }

    /// How many changes have an outcome of that kind.
    pub fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.changes.iter().filter(|change| which(&change.outcome)).count()
    }

    /// Whether a service account may have been created whose secret nobody has. Going on (`--resume`)
    /// mends it; a new plan would take the account for done.
    pub fn may_lack_secrets(&self) -> bool {
        self.changes
            .iter()
            .any(|one| one.action == CREATE && matches!(one.outcome, Outcome::Unknown { .. }))
    }
}

/// One change and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeReport {
    /// The change.
    pub change: ChangeId,
    /// Whose access it changes.
    pub subject: Subject,
    /// In which project; absent for a change of more or of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectRef>,
    /// What it does, by the word of the plan's JSON.
    pub action: &'static str,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether it was in place, through this plan, before this run began.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_earlier_run: bool,
    /// Whether reading again at the end did not find it although it was answered well; going on
    /// (`--resume`) takes it for unknown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub contradicted: bool,
}

/// What reading again at the end showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Verification {
    /// Everything that was done is as planned.
    Verified,
    /// Something is not as planned.
    Mismatches {
        /// What, sorted by subject.
        mismatches: Vec<Mismatch>,
    },
    /// Live state could not be read again.
    Unreadable {
        /// Why.
        message: String,
    },
    /// Nothing was read again.
    NotDone {
        /// Why not, as a fragment.
        because: &'static str,
    },
}

impl Verification {
    /// What is not as planned.
    pub fn mismatches(&self) -> &[Mismatch] {
        match self {
            Self::Mismatches { mismatches } => mismatches,
            Self::Verified | Self::Unreadable { .. } | Self::NotDone { .. } => &[],
        }
    }
}

/// The way back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UndoReport {
    /// The undo plan, also when it only says that nothing can be undone; absent when nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PathBuf>,
    /// Why there is none although something was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was done and cannot be undone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub irreversible: Vec<Irreversible>,
}

/// A change that was carried out and cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Irreversible {
    /// The change.
    pub change: ChangeId,
    /// Whose access it changed.
    pub subject: Subject,
    /// Why it cannot be undone.
    pub because: &'static str,
}

/// What was asked of the service. Repeats inside the client and further pages are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// Lists and identities that were read.
    pub reads: u64,
    /// Writes that were sent.
    pub writes: u64,
}
