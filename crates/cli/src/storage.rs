//! Files that commands read and write: bounded on the way in, whole or not at all on the way out.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use mixaccess_api::UNREADABLE;
use mixaccess_model::{LiveState, Plan, PlanFormatError};

use crate::failure::Failure;

/// Largest plan or live-state file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Reads a file of bounded size.
///
/// # Errors
/// When it cannot be read, is no regular file, or is too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let named =
        |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let kind = std::fs::metadata(path).map_err(named)?;
    if !kind.is_file() {
        return Err(Failure::new(format!("cannot read {}: not a regular file", path.display())));
    }
    let file = File::open(path).map_err(named)?;
    let mut bytes = Vec::with_capacity(usize::try_from(kind.len().min(MAX_BYTES)).unwrap_or(0));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(named)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(Failure::new(format!("{} is larger than 1 GiB", path.display())));
    }
    Ok(bytes)
}

/// Writes a file so that after a crash it is the old one or the new one, never half of one. A link is
/// followed, and what is no regular file, such as a pipe, is written to as it is.
///
/// # Errors
/// When the directory or the disk refuses.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_all([(path, bytes)])
}

/// Writes files as [`write`] does. All of them are on the disk before the first takes its place, so that
/// nothing is changed where one is refused.
///
/// # Errors
/// When a directory or the disk refuses.
pub(crate) fn write_all<'a>(
    files: impl IntoIterator<Item = (&'a Path, &'a [u8])>,
) -> Result<(), Failure> {
    let mut staging = Staging::default();
    for (path, bytes) in files {
        staging.stage(path, bytes)?;
    }
    for staged in &staging.0 {
        let file = OpenOptions::new().write(true).open(&staged.temporary);
        file.and_then(|file| file.sync_all()).map_err(|error| refused(&staged.path, &error))?;
    }
    staging.take_place()
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}

/// A file that is written beside the one whose place it takes.
struct Staged {
    path: PathBuf,
    temporary: PathBuf,
    target: PathBuf,
}

/// Files that are written and not in their places yet; removed where they never get there.
#[derive(Default)]
struct Staging(Vec<Staged>);

impl Staging {
    fn stage(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let named = |error: std::io::Error| refused(path, &error);
        let missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        // Of thousands of files nearly all are new or plain, which one question tells.
        let target = match std::fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => path.to_owned(),
            Err(error) if missing(&error) => path.to_owned(),
            Ok(_) | Err(_) => match std::fs::canonicalize(path) {
                Ok(target) if target.is_file() => target,
                Ok(target) => {
                    let opened = OpenOptions::new().write(true).open(&target);
                    return opened.and_then(|mut file| file.write_all(bytes)).map_err(named);
                }
                Err(error) if missing(&error) => path.to_owned(),
                Err(error) => return Err(named(error)),
            },
        };
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let Some(name) = target.file_name() else {
            return Err(Failure::new(format!("cannot write {}: it names no file", path.display())));
        };
        let temporary =
            directory.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        // `create_new` follows no link.
        let create = || OpenOptions::new().write(true).create_new(true).open(&temporary);
        let created = match create() {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                // A process of the same number left it behind.
                let _ = std::fs::remove_file(&temporary);
                create()
            }
            created => created,
        };
        let mut file = created.map_err(named)?;
        self.0.push(Staged { path: path.to_owned(), temporary, target });
        file.write_all(bytes).map_err(named)
    }

    fn take_place(mut self) -> Result<(), Failure> {
        while let Some(staged) = self.0.pop() {
            let renamed = std::fs::rename(&staged.temporary, &staged.target);
            if let Err(error) = renamed {
                let failure = refused(&staged.path, &error);
                self.0.push(staged);
                return Err(failure);
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        for staged in &self.0 {
            // The error that matters is the one that led here.
            let _ = std::fs::remove_file(&staged.temporary);
        }
    }
}

/// Reads a plan file. Its digests are not checked yet.
///
/// # Errors
/// When it cannot be read or is no plan, or is a redacted one.
pub(crate) fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bytes = read(path)?;
    Plan::from_json(&bytes).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        match error {
            PlanFormatError::Redacted => Failure::refused(message)
                .hint("Use the plan file that `mixaccess plan --out FILE` wrote."),
            PlanFormatError::Json(_) | PlanFormatError::Newer { .. } => Failure::new(message)
                .hint("A plan file is what `mixaccess plan --out FILE` writes."),
        }
    })
}

/// Reads a live-state file.
///
/// # Errors
/// When it cannot be read, is no live state, or cannot be the whole of one.
pub(crate) fn read_live(path: &Path) -> Result<LiveState, Failure> {
    let bytes = read(path)?;
    let live = LiveState::from_json(&bytes).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .hint("A live-state file is what `mixaccess snapshot --out FILE` writes.")
    })?;
    match live.incomplete(false) {
        None => Ok(live),
        Some(problem) => Err(Failure::new(format!("{}: {UNREADABLE}: {problem}", path.display()))
            .hint("Nothing can be concluded from it. Take a new one with `mixaccess snapshot --out FILE`.")),
    }
}

/// A value as indented JSON with a final line end.
///
/// # Errors
/// When the value cannot be written as JSON, which no valid value causes.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn of_several_files_all_are_written_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (directory.path().join("one"), directory.path().join("two"));
        std::fs::write(&one, "old").unwrap();
        let nowhere = directory.path().join("missing").join("three");
        let refused = [(&*one, &b"new"[..]), (&*two, b"new"), (&*nowhere, b"new")];
        assert!(write_all(refused).unwrap_err().error.to_string().contains("three"));
        let names = || std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!((std::fs::read(&one).unwrap(), names()), (b"old".to_vec(), 1));
        write_all([(&*one, &b"new"[..]), (&*two, b"new")]).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        assert_eq!(names(), 2);
    }

    #[test]
    fn links_are_followed_and_no_device_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        std::fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(write(directory.path(), b"no").is_err());
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(write(&socket, b"no").is_err());
        assert!(!std::fs::metadata(&socket).unwrap().is_file());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
    }
}
