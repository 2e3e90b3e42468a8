//! Live state as it will be after some changes, without copying the roster.

use std::collections::BTreeMap;

use mixaccess_model::{Change, ChangeId, Email, LiveMember, LiveState};

/// A change whose subject is not what the plan expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The change that can no longer run.
    pub change: ChangeId,
    /// Whose access moved.
    pub email: Email,
    /// What moved: expected and found, as a fragment.
    pub message: String,
}

/// Live state with the effects of changes laid over it. Holds only the members that were changed.
#[derive(Clone, Debug)]
pub struct Projection<'a> {
    live: &'a LiveState,
    touched: BTreeMap<Email, Option<LiveMember>>,
    owners: usize,
}

impl<'a> Projection<'a> {
    /// Starts from live state as it was read.
    pub fn new(live: &'a LiveState) -> Self {
        Self { live, touched: BTreeMap::new(), owners: live.active_owners() }
    }

    /// Somebody as of now, or nothing when absent.
    pub fn member(&self, email: &Email) -> Option<&LiveMember> {
        match self.touched.get(email) {
            Some(member) => member.as_ref(),
            None => self.live.member(email),
        }
    }

    /// Accepted owners as of now.
    pub const fn active_owners(&self) -> usize {
        self.owners
    }

    /// Which preconditions of a change do not hold as of now; empty when it may run.
    pub fn moved(&self, change: &Change) -> Vec<Moved> {
        let _ = change;
        Vec::new()
    }

    /// Whether what the change would bring about is already so.
    pub fn holds(&self, change: &Change) -> bool {
        let _ = change;
        false
    }

    /// Lays the effect of a change over the state.
    pub fn apply(&mut self, change: &Change) {
        let _ = change;
    }
}
