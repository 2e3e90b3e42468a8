//! The emulator's clock: the machine's, or one that stands still until it is told to move.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Where the emulator takes the time from. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Option<Timestamp>,
    advanced: Arc<Mutex<SignedDuration>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { start: None, advanced: Arc::default() }
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn standing_at(start: Timestamp) -> Self {
        Self { start: Some(start), advanced: Arc::default() }
    }

    /// Moves the clock ahead; the machine's clock is from then on read with that difference.
    pub fn advance(&self, by: Duration) {
        let mut advanced = self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        *advanced = advanced.saturating_add(by);
    }

    /// The present instant.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the emulator's one clock, and tests replace it"
    )]
    pub fn now(&self) -> Timestamp {
        let advanced = *self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.start.unwrap_or_else(Timestamp::now);
        start.saturating_add(advanced).unwrap_or(Timestamp::MAX)
    }
}
