//! What runs leave behind: journals, plans, undo plans, rotations and the lock. For their owner alone
//! to read.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mixaccess_model::Plan;

/// What runs of this program leave directly in the directory.
const LEFT: [&str; 9] = [
    ".gitignore",
    "lock",
    "journals",
    "undo",
    "plans",
    "rotations",
    "audit",
    "evidence",
    "reviews",
];

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
    /// by git. What earlier runs left there for more eyes than the owner's is taken from the others.
    ///
    /// # Errors
    /// When the directory cannot be made or written to, it or one of those in it is a link or belongs to
    /// another user, or others can write to one that holds other things too.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StateError> {
        let state = Self { root: root.into() };
        make_private_directory(&state.root).map_err(StateError::on("make", &state.root))?;
        refuse_link(&state.root).map_err(StateError::on("use", &state.root))?;
        if state.is_ours().map_err(StateError::on("read", &state.root))? {
            close_to_others(&state.root).map_err(StateError::on("make private", &state.root))?;
        } else {
            refuse_writable(&state.root).map_err(StateError::on("use", &state.root))?;
        }
        let directories = [state.journals(), state.undo_plans(), state.plans(), state.rotations()];
        for directory in directories {
            make_private_directory(&directory).map_err(StateError::on("make", &directory))?;
            refuse_link(&directory).map_err(StateError::on("use", &directory))?;
            let closed = close_to_others(&directory).and_then(|()| close_files(&directory));
            closed.map_err(StateError::on("make private", &directory))?;
        }
        let ignore = state.root.join(".gitignore");
        close_file(&ignore).map_err(StateError::on("make private", &ignore))?;
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

    /// Where a copy of every applied plan is kept.
    pub fn plans(&self) -> PathBuf {
        self.root.join("plans")
    }

    /// Where rotations of tokens are recorded.
    pub fn rotations(&self) -> PathBuf {
        self.root.join("rotations")
    }

    /// Keeps a plan, and says where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_plan(&self, plan: &Plan) -> Result<PathBuf, StateError> {
        let path = self.plans().join(format!("{}.json", plan.digest.short(16)));
        let text = serde_json::to_vec_pretty(plan).map_err(io::Error::from);
        let mut text = text.map_err(StateError::on("write", &path))?;
        text.push(b'\n');
        write_atomically(&path, &text)?;
        Ok(path)
    }

    /// Whether the directory holds nothing but what runs leave: whoever names a directory that is
    /// used for other things too, such as the one they work in, must not be locked out of it, nor
    /// others of one that is theirs as well.
    fn is_ours(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.root)? {
            let name = entry?.file_name();
            let is_left = name.to_str().is_some_and(|name| {
                LEFT.contains(&name)
                    || name.starts_with(".gitignore.")
                    || (name.starts_with("token-") && name.ends_with(".secret"))
            });
            if !is_left {
                return Ok(false);
            }
        }
        Ok(true)
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
        // What a crash left here is unlinked, never written through.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = private_file().create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), sync_directory)
    })();
    written.map_err(|source| {
        // What matters is the first error; a leftover temporary file is removed by the next run.
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

/// Opens a file that stays, and makes it where it is missing. Nothing in it is changed.
///
/// # Errors
/// When it cannot be opened, or is a link or anything but a regular file: a state directory that comes
/// with a checkout must not lead our writes elsewhere.
pub(crate) fn open_regular(path: &Path) -> io::Result<fs::File> {
    // Making a file follows no links, so that only one that is there needs a look.
    match private_file().read(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let found = fs::symlink_metadata(path)?;
    refuse_irregular(&found)?;
    let file = private_file().read(true).open(path)?;
    // Another may have come into its place between looking and opening.
    if !is_same_file(&found, &file.metadata()?) {
        return Err(io::Error::other("was replaced while it was opened"));
    }
    close(&file)?;
    Ok(file)
}

/// Takes a directory from everybody but its owner, whom it must be. One that is for everybody, as `/tmp`
/// is, stays so.
fn close_to_others(directory: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(directory)?;
    refuse_foreign(&found)?;
    if !is_open_to_others(&found) {
        return Ok(());
    }
    let opened = fs::File::open(directory)?;
    if !is_same_file(&found, &opened.metadata()?) {
        return Err(io::Error::other("was replaced while it was opened"));
    }
    close(&opened)
}

/// Takes the files in a directory from everybody but their owner.
fn close_files(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        close_file(&entry?.path())?;
    }
    Ok(())
}

/// Takes a file from everybody but its owner; a link, and what is not there, is left alone.
fn close_file(path: &Path) -> io::Result<()> {
    // Another run may put a whole file into the place of one that it was writing.
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.is_file() || !is_open_to_others(&found) {
        return Ok(());
    }
    let file = fs::File::open(path)?;
    if is_same_file(&found, &file.metadata()?) { close(&file) } else { Ok(()) }
}

#[cfg(unix)]
fn is_open_to_others(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = found.permissions().mode();
    mode & 0o077 != 0 && mode & 0o1000 == 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// Refuses a directory of somebody else, who can put anything into the place of what is in it. What
/// is for everybody belongs to nobody in particular.
#[cfg(unix)]
fn refuse_foreign(found: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let (owner, ours) = (found.uid(), nix::unistd::geteuid().as_raw());
    if owner == ours || found.permissions().mode() & 0o1000 != 0 {
        return Ok(());
    }
    Err(io::Error::other(format!("it belongs to another user (number {owner}, and we are {ours})")))
}

#[cfg(not(unix))]
fn refuse_foreign(_: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Refuses a directory that is used for other things too, so that its mode is not for us to change, and
/// that others can write to: they could put anything into the place of what is in it.
#[cfg(unix)]
fn refuse_writable(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::symlink_metadata(directory)?.permissions().mode();
    if mode & 0o022 == 0 || mode & 0o1000 != 0 {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "others can write to it (mode {:04o}), and it holds other things too: run `chmod go-w` on it",
        mode & 0o7777
    )))
}

#[cfg(not(unix))]
fn refuse_writable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn close(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = file.metadata()?;
    if !is_open_to_others(&found) {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(found.permissions().mode() & 0o700))
}

#[cfg(not(unix))]
fn close(_: &fs::File) -> io::Result<()> {
    Ok(())
}

/// Refuses links and anything else that is no regular file.
pub(crate) fn refuse_irregular(found: &fs::Metadata) -> io::Result<()> {
    if found.is_symlink() {
        Err(io::Error::other("is a symbolic link"))
    } else if found.is_file() {
        Ok(())
    } else {
        Err(io::Error::other("is not a regular file"))
    }
}

fn refuse_link(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("is a symbolic link"));
    }
    Ok(())
}

#[cfg(unix)]
fn is_same_file(found: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (found.dev(), found.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_same_file(found: &fs::Metadata, opened: &fs::Metadata) -> bool {
    found.file_type() == opened.file_type()
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

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o1777
    }

    #[cfg(unix)]
    #[test]
    fn what_was_left_for_more_eyes_than_the_owners_is_closed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let allow = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        let state = StateDirectory::open(&path).unwrap();
        let mut files = vec![state.lock_file(), path.join(".gitignore")];
        for directory in [state.journals(), state.undo_plans(), state.plans(), state.rotations()] {
            assert_eq!(mode(&directory), 0o700);
            files.push(directory.join("old"));
            symlink(&elsewhere, directory.join("link")).unwrap();
            allow(&directory, 0o775);
        }
        for file in &files {
            fs::write(file, "old").unwrap();
            allow(file, 0o664);
        }
        allow(&elsewhere, 0o664);
        allow(&path, 0o755);
        let state = StateDirectory::open(&path).unwrap();
        open_regular(&state.lock_file()).unwrap();
        for directory in
            [path.clone(), state.journals(), state.undo_plans(), state.plans(), state.rotations()]
        {
            assert_eq!(mode(&directory), 0o700, "{}", directory.display());
        }
        for file in &files {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        assert_eq!(mode(&elsewhere), 0o664);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_for_other_things_too_stays_as_it_is_and_what_is_ours_in_it_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("work");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o1777)).unwrap();
        StateDirectory::open(&path).unwrap();
        assert_eq!(mode(&path), 0o1777);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(path.join("README.md"), "").unwrap();
        let state = StateDirectory::open(&path).unwrap();
        assert_eq!(mode(&path), 0o755);
        assert_eq!(mode(&state.plans()), 0o700);
        fs::remove_file(path.join("README.md")).unwrap();
        StateDirectory::open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_can_write_to_is_closed_or_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        for open in [0o777, 0o770, 0o702, 0o755, 0o4775] {
            let state = StateDirectory::open(&path).unwrap();
            for directory in [path.clone(), state.plans(), state.journals()] {
                fs::set_permissions(&directory, fs::Permissions::from_mode(open)).unwrap();
            }
            StateDirectory::open(&path).unwrap();
            for directory in [path.clone(), state.plans(), state.journals()] {
                assert_eq!(mode(&directory), 0o700, "{open:o} {}", directory.display());
            }
        }
        // What somebody put there makes it a directory for other things, and keeps nothing open.
        fs::write(path.join("planted"), "").unwrap();
        for (open, is_refused) in [(0o777, true), (0o720, true), (0o755, false), (0o700, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let opened = StateDirectory::open(&path);
            assert_eq!(opened.is_err(), is_refused, "{open:o}");
            assert_eq!(mode(&path), open);
            if let Err(error) = opened {
                assert!(error.to_string().contains("chmod go-w"), "{error}");
            }
        }
    }

    /// Only root can give a directory away.
    #[cfg(unix)]
    #[test]
    fn a_directory_of_somebody_else_is_refused_and_never_changed() {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let state = StateDirectory::open(&path).unwrap();
        for directory in [path.clone(), state.plans()] {
            if chown(&directory, Some(4242), None).is_err() {
                let foreign = fs::symlink_metadata("/").unwrap();
                assert!(refuse_foreign(&foreign).is_err());
                return;
            }
            for open in [0o777, 0o700] {
                fs::set_permissions(&directory, fs::Permissions::from_mode(open)).unwrap();
                let error = StateDirectory::open(&path).unwrap_err().to_string();
                assert!(error.contains("belongs to another user (number 4242"), "{error}");
                assert_eq!(mode(&directory), open);
            }
            chown(&directory, Some(nix::unistd::geteuid().as_raw()), None).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_neither_followed_nor_written_through() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let precious = root.path().join("precious");
        fs::write(&precious, "keep").unwrap();
        let state = StateDirectory::open(root.path().join("state")).unwrap();
        symlink(&precious, state.lock_file()).unwrap();
        let error = open_regular(&state.lock_file()).unwrap_err();
        assert_eq!(error.to_string(), "is a symbolic link");
        fs::remove_file(state.lock_file()).unwrap();
        let missing = root.path().join("missing");
        symlink(&missing, state.lock_file()).unwrap();
        open_regular(&state.lock_file()).unwrap_err();
        assert!(!missing.exists());
        fs::remove_file(state.lock_file()).unwrap();
        fs::create_dir(state.lock_file()).unwrap();
        let error = open_regular(&state.lock_file()).unwrap_err();
        assert_eq!(error.to_string(), "is not a regular file");

        let undo = state.undo_plans().join("plan.json");
        symlink(&precious, &undo).unwrap();
        symlink(&precious, format!("{}.{}.tmp", undo.display(), std::process::id())).unwrap();
        write_atomically(&undo, b"new").unwrap();
        assert_eq!(fs::read(&undo).unwrap(), b"new");
        assert_eq!(fs::read(&precious).unwrap(), b"keep");

        fs::remove_dir_all(state.journals()).unwrap();
        symlink(root.path(), state.journals()).unwrap();
        let error = StateDirectory::open(state.path()).unwrap_err().to_string();
        assert!(error.contains("journals: is a symbolic link"), "{error}");

        let (real, linked) = (root.path().join("real"), root.path().join("linked"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &linked).unwrap();
        let error = StateDirectory::open(&linked).unwrap_err().to_string();
        assert!(error.contains("linked: is a symbolic link"), "{error}");
        assert_eq!(fs::read_dir(&real).unwrap().count(), 0);
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
