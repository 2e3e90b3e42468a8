//! The durable record of a token's rotation: what is asked stands on the disk before the request, and
//! what became of it after. Never the value.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mixaccess_model::{OrganizationId, ProjectId};
use serde::{Deserialize, Serialize};

use crate::error::ApplyError;
use crate::journal::JournalError;
use crate::lock::{Lock, LockHolder, Work};
use crate::state_directory::{private_file, sync_directory};
use crate::{Runner, StateDirectory};

/// Version of the record that this program writes.
const ROTATION_FORMAT_VERSION: u32 = 1;
/// Longest part of a token's id in a file name.
const LONGEST_ID: usize = 64;
/// Most records of one token.
const MOST_RECORDS: u32 = 9999;

/// A token that is to be rotated, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// The organization.
    pub organization: OrganizationId,
    /// The address of the service.
    pub base_url: String,
    /// The project, by its key in the files.
    pub project: String,
    /// Its number.
    pub project_id: ProjectId,
    /// The token's id.
    pub token: String,
    /// The token's name, or its id again.
    pub name: String,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum RotationRecord {
    /// The rotation is about to be sent.
    Intent {
        /// Version of the record.
        format_version: u32,
        /// Name and version of the program.
        made_by: String,
        /// What is rotated.
        #[serde(flatten)]
        rotated: Rotated,
        /// The process.
        runner: Runner,
        /// When.
        at: Timestamp,
    },
    /// What became of it.
    Outcome {
        /// What became of it.
        #[serde(flatten)]
        outcome: RotationOutcome,
        /// When it was known.
        at: Timestamp,
    },
    /// The new value is in its place.
    HandedOver {
        /// The place: a file, or the secret command.
        to: String,
        /// When.
        at: Timestamp,
    },
}

/// What became of a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RotationOutcome {
    /// The old value no longer works, and the answer held the new one.
    Rotated,
    /// The request was not carried out.
    Failed {
        /// Why, as a fragment.
        message: String,
    },
    /// The request may or may not have been carried out; if it was, nobody has the new value.
    Unknown {
        /// Why, as a fragment.
        message: String,
    },
    /// It was asked to stop before the request was sent.
    NotSent,
}

/// A rotation while it is made. Holds the lock of the state directory.
#[derive(Debug)]
pub struct Rotation {
    file: File,
    path: PathBuf,
    _lock: Lock,
}

impl Rotation {
    /// Takes the lock and records what is about to be sent; when this returns, it survives a crash.
    ///
    /// # Errors
    /// When another run holds the lock, or the record cannot be kept.
    pub fn begin(
        state: &StateDirectory,
        rotated: Rotated,
        made_by: &str,
        now: Timestamp,
    ) -> Result<Self, ApplyError> {
        let runner = Runner::current();
        let doing = Work::Token(rotated.token.clone());
        let lock = Lock::take(state, &LockHolder { runner: runner.clone(), since: now, doing })?;
        let directory = state.rotations();
        let (path, file) = create(&directory, &rotated)?;
        let mut rotation = Self { file, path, _lock: lock };
        rotation.record(&RotationRecord::Intent {
            format_version: ROTATION_FORMAT_VERSION,
            made_by: made_by.to_owned(),
            rotated,
            runner,
            at: now,
        })?;
        sync_directory(&directory).map_err(|error| failed(&rotation.path, &error))?;
        Ok(rotation)
    }

    /// Appends a line; when this returns, it survives a crash.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn record(&mut self, record: &RotationRecord) -> Result<(), JournalError> {
        let mut line =
            serde_json::to_vec(record).map_err(|error| failed(&self.path, &error.into()))?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|error| failed(&self.path, &error))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the next record of a token.
fn create(directory: &Path, rotated: &Rotated) -> Result<(PathBuf, File), JournalError> {
    let safe: String = rotated
        .token
        .chars()
        .take(LONGEST_ID)
        .map(|one| if one.is_ascii_alphanumeric() { one } else { '_' })
        .collect();
    for number in 1..=MOST_RECORDS {
        let name = format!("{}-{safe}-{number:04}.jsonl", rotated.project_id);
        let path = directory.join(name);
        match private_file().create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                let file = made.map_err(|error| failed(&path, &error))?;
                return Ok((path, file));
            }
        }
    }
    Err(failed(directory, &io::Error::other("it holds too many records of this token")))
}

fn failed(path: &Path, error: &io::Error) -> JournalError {
    JournalError::Write { path: path.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotated(token: &str) -> Rotated {
        Rotated {
            organization: OrganizationId(1),
            base_url: "https://mixpanel.com".into(),
            project: "web".into(),
            project_id: ProjectId(11),
            token: token.into(),
            name: "Pipeline".into(),
        }
    }

    fn at() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_is_asked_is_on_the_disk_before_and_what_became_of_it_after() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path().join("state")).unwrap();
        for (token, name) in [
            ("t-1", "11-t_1-0001.jsonl"),
            ("t-1", "11-t_1-0002.jsonl"),
            ("../../x", "11-______x-0001.jsonl"),
        ] {
            let mut rotation = Rotation::begin(&state, rotated(token), "test", at()).unwrap();
            assert_eq!(rotation.path(), state.rotations().join(name));
            let read = || -> Vec<RotationRecord> {
                let text = std::fs::read_to_string(state.rotations().join(name)).unwrap();
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            };
            let RotationRecord::Intent { rotated: found, .. } = &read()[0] else {
                panic!("an intent comes first");
            };
            assert_eq!(*found, rotated(token));
            let outcome = RotationOutcome::Unknown { message: "no answer".into() };
            let outcome = RotationRecord::Outcome { outcome, at: at() };
            rotation.record(&outcome).unwrap();
            assert_eq!(read()[1..], [outcome]);
        }
    }

    #[test]
    fn two_at_once_are_one_too_many() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path().join("state")).unwrap();
        let _first = Rotation::begin(&state, rotated("t-1"), "test", at()).unwrap();
        let second = Rotation::begin(&state, rotated("t-2"), "test", at()).unwrap_err();
        assert!(matches!(second, ApplyError::Locked(_)), "{second}");
        assert_eq!(std::fs::read_dir(state.rotations()).unwrap().count(), 1);
    }
}
