//! What an apply is told besides its plan.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mixaccess_model::{Capabilities, Change, DesiredState, OrganizationId};

use crate::{InvitationsLeft, Outcome, SecretSink};

/// Most requests that may be in flight at once, whatever is asked for.
pub const MAX_CONCURRENCY: usize = 32;

/// The organization that this run would write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its number.
    pub organization: OrganizationId,
    /// The address of the service, spelled as it would be written into a plan.
    pub base_url: String,
    /// What the dialect can do, and which one it is.
    pub capabilities: Capabilities,
    /// Whether groups can be changed through SCIM: there is a token for it.
    pub scim: bool,
}

/// How often, and how long apart, the service is read again before a state is believed: an answer
/// may come from before our own write. Each list holds the waits between two readings, so the number
/// of readings is one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// When settling a write whose outcome is unknown, and when resuming.
    pub settle: Vec<Duration>,
    /// When verifying.
    pub verify: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        let waits = [500, 1_000, 2_000, 4_000].map(Duration::from_millis);
        Self { settle: waits.to_vec(), verify: waits.to_vec() }
    }
}

/// Tells the time; the command line hands it in.
pub trait Clock: Send + Sync {
    /// The instant it is now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// What an apply is told besides its plan.
#[derive(Clone)]
pub struct ApplyOptions {
    /// Where the writes would go; a plan for anything else is refused.
    pub target: Target,
    /// What the files say for the plan's instant, or for now where it is an undo plan: what the plan is
    /// held to. Without it, as for a plan that this process made by hand, only live state is.
    pub declared: Option<Arc<DesiredState>>,
    /// Most requests in flight at once, from 1 to [`MAX_CONCURRENCY`]; values outside are clamped.
    pub concurrency: usize,
    /// Whether to go on where an earlier apply of the same plan stopped (`--resume`).
    pub resume: bool,
    /// Whether to wait for invitations that the service lets through only later (`--wait`), rather
    /// than to stop with what is left.
    pub wait: bool,
    /// Where the secrets of new service accounts go; without it, a run that would create one is refused.
    pub secrets: Option<Arc<dyn SecretSink>>,
    /// Tells the time: for the age of the plan, for overrides, and for the journal.
    pub clock: Arc<dyn Clock>,
    /// How often the service is read again before a state is believed.
    pub patience: Patience,
    /// Longest that one change waits over all its attempts, as the service asks (`--max-wait`).
    pub max_wait: Duration,
    /// Name and version of the program, for journals and undo plans.
    pub made_by: String,
}

impl ApplyOptions {
    /// Options with the defaults: eight requests side by side, no resume, a minute of waiting.
    pub fn new(target: Target, clock: Arc<dyn Clock>, made_by: impl Into<String>) -> Self {
        Self {
            target,
            declared: None,
            concurrency: 8,
            resume: false,
            wait: false,
            secrets: None,
            clock,
            patience: Patience::default(),
            max_wait: Duration::from_mins(1),
            made_by: made_by.into(),
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.concurrency.clamp(1, MAX_CONCURRENCY)
    }
}

impl fmt::Debug for ApplyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            declared,
            concurrency,
            resume,
            wait,
            secrets,
            clock: _,
            patience,
            max_wait,
            made_by,
        } = self;
        f.debug_struct("ApplyOptions")
            .field("target", target)
            .field("declared", &declared.as_ref().map(|one| one.files_digest))
            .field("concurrency", concurrency)
            .field("resume", resume)
            .field("wait", wait)
            .field("secrets", secrets)
            .field("patience", patience)
            .field("max_wait", max_wait)
            .field("made_by", made_by)
            .finish_non_exhaustive()
    }
}

/// Told how an apply goes on, as it goes on. The command line draws a bar or prints lines.
pub trait Progress: Send + Sync {
    /// The checks are passed; so many changes are going to be tried.
    fn started(&self, total: usize) {
        let _ = total;
    }
    /// A change is about to be sent.
    fn change_started(&self, change: &Change) {
        let _ = change;
    }
    /// A change has an outcome. Also told for changes that are skipped.
    fn change_done(&self, change: &Change, outcome: &Outcome) {
        let _ = (change, outcome);
    }
    /// The service will let so many invitations through only later. Told in advance.
    fn invitations_wait(&self, left: &InvitationsLeft) {
        let _ = left;
    }
    /// Something that takes time begins, or something deserves to be known: a fragment.
    fn note(&self, message: &str) {
        let _ = message;
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}
