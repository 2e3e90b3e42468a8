//! What runs leave behind: journals, undo plans and the lock (`design.md`, "Commands").

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The directory for what runs leave behind, `.mixaccess` by default (`--state-dir`).
#[derive(Clone, Debug)]
pub struct StateDirectory {
    root: PathBuf,
}

/// Why something could not be kept or found in the state directory.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct StateError {
    /// What was tried, such as `write`.
    pub doing: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl StateError {
    pub(crate) fn on(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { doing, path, source }
    }
}

impl StateDirectory {
    /// Opens the directory, making it where it is missing, readable by its owner alone and ignored
    /// by git.
    ///
    /// # Errors
    /// When the directory cannot be made or written to.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StateError> {
        let state = Self { root: root.into() };
        for directory in [state.root.clone(), state.journals(), state.undo_plans()] {
            make_private_directory(&directory).map_err(StateError::on("make", &directory))?;
        }
        let ignore = state.root.join(".gitignore");
        if !ignore.exists() {
            write_atomically(&ignore, b"*\n")?;
        }
        Ok(state)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where journals are kept.
    pub fn journals(&self) -> PathBuf {
        self.root.join("journals")
    }

    /// Where undo plans are kept.
    pub fn undo_plans(&self) -> PathBuf {
        self.root.join("undo")
    }

    /// The file that one apply at a time holds locked.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }
}

/// Writes a file so that it is there whole or not at all, also after a crash.
///
/// # Errors
/// When it cannot be written; the file is then as it was before.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let written = (|| {
        let mut file = private_file().create(true).truncate(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), sync_directory)
    })();
    written.map_err(|source| {
        // What matters is the first error; a leftover temporary file is overwritten by the next run.
        let _ = fs::remove_file(&temporary);
        StateError { doing: "write", path: path.to_owned(), source }
    })
}

/// Makes the names in a directory durable. Only Unix has that notion.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(path)?.sync_all() } else { Ok(()) }
}

/// Options for a file that is written and that only its owner may read.
pub(crate) fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_makes_an_ignored_private_directory_and_keeps_an_existing_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/.mixaccess");
        let state = StateDirectory::open(&path).unwrap();
        assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
        assert!(state.journals().is_dir() && state.undo_plans().is_dir());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        fs::write(path.join(".gitignore"), "mine\n").unwrap();
        StateDirectory::open(&path).unwrap();
        assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "mine\n");
    }

    #[test]
    fn an_atomic_write_replaces_and_leaves_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("plan.json");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let error = StateDirectory::open(file.join("state")).unwrap_err().to_string();
        assert!(error.starts_with("cannot make ") && error.contains("file/state"), "{error}");
    }
}
