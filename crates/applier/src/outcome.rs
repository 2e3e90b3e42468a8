//! What became of one change.

use jiff::Timestamp;
use mixaccess_api::{ApiError, ErrorKind};
use mixaccess_model::ChangeId;
use serde::{Deserialize, Serialize};

/// What became of one change; also what the journal records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// This apply carried it out.
    Applied {
        /// Whether the answer was lost and reading again showed that it was carried out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        settled_by_reading: bool,
    },
    /// It was so already, and not through this apply.
    AlreadySo,
    /// The service refused it, or could not be asked: nothing was changed.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// It may or may not have been carried out, and reading again did not tell.
    Unknown {
        /// What happened.
        failure: Failure,
    },
    /// Its subject is neither as the plan expects nor as it wants it: somebody else changed it.
    Moved {
        /// Expected and found, as a fragment.
        message: String,
    },
    /// Not sent: the service lets only so many invitations an hour through for each e-mail domain.
    Deferred {
        /// When it may be sent.
        until: Timestamp,
    },
    /// Not tried, because a change that it needs did not succeed.
    Skipped {
        /// That change.
        because: ChangeId,
    },
    /// Not tried, because the apply stopped before it.
    NotTried,
}

impl Outcome {
    /// Whether the change is in place, so that those that depend on it may run.
    pub const fn is_in_place(&self) -> bool {
        matches!(self, Self::Applied { .. } | Self::AlreadySo)
    }

    /// The word used in output.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::AlreadySo => "already so",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
            Self::Moved { .. } => "moved",
            Self::Deferred { .. } => "deferred",
            Self::Skipped { .. } => "skipped",
            Self::NotTried => "not tried",
        }
    }
}

/// Why a change failed, or why its outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, as a fragment that is safe to print.
    pub message: String,
    /// What to do about it: whole sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The status the service answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the same request may succeed later.
    pub may_succeed_later: bool,
    /// How many seconds the service asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Failure {
    /// A failure that the service had no part in.
    pub fn local(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
            status: None,
            may_succeed_later: false,
            retry_after_seconds: None,
        }
    }
}

impl From<&ApiError> for Failure {
    fn from(error: &ApiError) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint.clone(),
            status: error.status,
            may_succeed_later: error.kind != ErrorKind::Permanent,
            retry_after_seconds: error.retry_after.map(|wait| wait.as_secs()),
        }
    }
}
