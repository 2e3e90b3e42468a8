//! What carrying out changes works with.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use mixaccess_model::{ChangeId, LiveState, PlanContent, Subject, SubjectKey};

use crate::journal::{JournalError, JournalWriter};
use crate::owner_floor::OwnerFloor;
use crate::queue::invitation_limit::InvitationLimit;
use crate::reread::Scope;
use crate::{ApplyOptions, CancelToken, Outcome, Progress, SecretMark};

/// Most times that one change is sent in one run.
pub(crate) const MAX_ATTEMPTS: u32 = 2;

/// What is needed to carry out changes.
pub(crate) struct Execution<'a, C> {
    pub(crate) content: &'a PlanContent,
    pub(crate) client: &'a C,
    pub(crate) journal: &'a JournalWriter,
    pub(crate) options: &'a ApplyOptions,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) scope: &'a Scope,
    /// For each change, whether an earlier run sent its invitation and did not finish it.
    pub(crate) begun: Vec<bool>,
    /// Before which instant of the service nothing is the work of the plan.
    pub(crate) planned_at: Timestamp,
    /// Live state from before the first write.
    pub(crate) live: &'a LiveState,
    /// The same with its subjects as they were before the first write of any run.
    pub(crate) before: &'a LiveState,
    /// For each change, whether the plan makes its subject before it.
    pub(crate) follows_creation: Vec<bool>,
    /// For each change, whether an earlier run may have sent it.
    pub(crate) maybe_sent: Vec<bool>,
    /// When earlier runs asked for each new service account.
    pub(crate) asked_before: BTreeMap<ChangeId, Vec<Timestamp>>,
    /// Whether a write was handed to the client.
    pub(crate) has_sent: AtomicBool,
    /// The invitations that went out.
    pub(crate) limit: Mutex<InvitationLimit>,
    /// How many owners must remain.
    pub(crate) owners: OwnerFloor,
    /// Teams and service accounts that this run made, with their numbers.
    pub(crate) made: Mutex<BTreeMap<SubjectKey, Subject>>,
    /// What tells the secrets that earlier runs handed over.
    pub(crate) handed_over: &'a BTreeMap<Arc<str>, Vec<SecretMark>>,
}

/// What became of one change, and whether the journal has it.
pub(crate) struct Ran {
    pub(crate) index: usize,
    pub(crate) outcome: Outcome,
    pub(crate) journal_error: Option<JournalError>,
}
