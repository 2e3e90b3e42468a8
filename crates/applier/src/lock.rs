//! One apply, or one rotation of a token, at a time in one state directory.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;
use mixaccess_model::{Digest, printable};
use serde::{Deserialize, Serialize};

use crate::state_directory::open_regular;
use crate::{Runner, StateDirectory, StateError};

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process.
    #[serde(flatten)]
    pub runner: Runner,
    /// Since when.
    pub since: Timestamp,
    /// What it does.
    #[serde(flatten)]
    pub doing: Work,
}

/// What the holder of the lock does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Applies this plan.
    Plan(Digest),
    /// Rotates this token.
    Token(String),
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runner: Runner { pid, host, user }, since, doing } = self;
        write!(f, "process {pid} of {user} on {host} since {since}, ")?;
        match doing {
            Work::Plan(plan) => write!(f, "applying plan {}", plan.short(12)),
            Work::Token(id) => write!(f, "rotating token {}", printable(id)),
        }
    }
}

/// Another run holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedError {
    /// The lock file.
    pub path: PathBuf,
    /// Who holds it; absent when the file does not say yet.
    pub holder: Option<LockHolder>,
}

impl fmt::Display for LockedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_rotation =
            matches!(&self.holder, Some(holder) if matches!(holder.doing, Work::Token(_)));
        let what = if is_rotation { "a rotation" } else { "another apply" };
        write!(f, "{what} holds {}", self.path.display())?;
        match &self.holder {
            Some(holder) => write!(f, ": {holder}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LockedError {}

/// Why the lock was not taken.
#[derive(Debug)]
pub(crate) enum LockError {
    Locked(Box<LockedError>),
    State(StateError),
}

/// The lock, held until dropped. The system releases it when the process dies, however it dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock and writes into it who holds it.
    pub(crate) fn take(state: &StateDirectory, holder: &LockHolder) -> Result<Self, LockError> {
        let path = state.lock_file();
        let on = |doing| {
            let path = path.clone();
            move |source| LockError::State(StateError { doing, path, source })
        };
        let mut file = open_regular(&path).map_err(on("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder(&mut file);
                return Err(LockError::Locked(Box::new(LockedError { path, holder })));
            }
            Err(TryLockError::Error(source)) => return Err(on("lock")(source)),
        }
        let text = serde_json::to_vec(holder).map_err(|error| on("write")(error.into()))?;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(&text))
            .map_err(on("write"))?;
        Ok(Self { _file: file })
    }
}

fn read_holder(file: &mut File) -> Option<LockHolder> {
    let mut text = Vec::new();
    file.take(4096).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(pid: u32) -> LockHolder {
        LockHolder {
            runner: Runner { pid, host: "ci-7".into(), user: "deploy".into() },
            since: "2026-03-01T10:00:00Z".parse().unwrap(),
            doing: Work::Plan(Digest::of_bytes(b"plan")),
        }
    }

    #[test]
    fn the_second_is_refused_and_told_who_holds_it_until_the_first_lets_go() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path()).unwrap();
        let first = Lock::take(&state, &holder(7)).unwrap();
        let LockError::Locked(locked) = Lock::take(&state, &holder(8)).unwrap_err() else {
            panic!("the lock is held");
        };
        assert_eq!(locked.holder, Some(holder(7)));
        assert!(
            locked.to_string().contains("process 7 of deploy on ci-7 since 2026-03-01T10:00:00Z")
        );
        drop(first);
        let rotation = LockHolder { doing: Work::Token("t-1".into()), ..holder(9) };
        let second = Lock::take(&state, &rotation).unwrap();
        let LockError::Locked(locked) = Lock::take(&state, &holder(8)).unwrap_err() else {
            panic!("the lock is held");
        };
        let told = locked.to_string();
        assert!(
            told.starts_with("a rotation holds ") && told.ends_with("rotating token t-1"),
            "{told}"
        );
        drop(second);
        drop(Lock::take(&state, &holder(8)).unwrap());
    }

    #[test]
    fn a_longer_leftover_is_no_obstacle() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path()).unwrap();
        std::fs::write(state.lock_file(), "x".repeat(5000)).unwrap();
        let _held = Lock::take(&state, &holder(7)).unwrap();
        let text = std::fs::read(state.lock_file()).unwrap();
        assert_eq!(serde_json::from_slice::<LockHolder>(&text).unwrap(), holder(7));
    }
}
