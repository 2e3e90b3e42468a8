//! Where the secret of a new service account or token goes: a file for its owner alone, or a
//! command's standard input. Never the terminal, a log, a plan or a journal.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, PipeReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mixaccess_applier::{Awaited, Delivery, SecretMark, SecretSink};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::Command;

use crate::args::SecretTarget;
use crate::failure::Failure;

/// What stands for the name in `--secret-file`.
const NAME: &str = "{name}";
/// The variable in which a command finds the name.
const NAME_VARIABLE: &str = "MIXACCESS_SECRET_NAME";
/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest file that may be a secret of an earlier run.
const LONGEST_SECRET: u64 = 1 << 16;
/// What the command must not inherit.
const OURS: [&str; 2] = ["MIXPANEL_SERVICE_ACCOUNT_SECRET", "MIXPANEL_SCIM_TOKEN"];

/// The place a user named for new secrets.
#[derive(Clone, Debug)]
pub(crate) enum Secrets {
    /// A file, made with mode 0600; `{name}` in the path stands for the name.
    File(PathBuf),
    /// A command of the shell, which reads the secret from its standard input.
    Command(String),
}

impl Secrets {
    /// The place that the options name, when they name one.
    pub(crate) fn from_args(target: &SecretTarget) -> Option<Self> {
        match (&target.secret_file, &target.secret_command) {
            (Some(path), _) => Some(Self::File(path.clone())),
            (None, Some(command)) => Some(Self::Command(command.clone())),
            (None, None) => None,
        }
    }

    /// Checks before anything is sent that every one of these secrets will have a place of its own.
    ///
    /// # Errors
    /// When a file is there already or cannot be made, or two secrets would go to one file.
    pub(crate) fn check(&self, all: &[Awaited<'_>]) -> Result<(), Failure> {
        let Self::File(pattern) = self else { return Ok(()) };
        let mut taken: BTreeMap<PathBuf, &str> = BTreeMap::new();
        for Awaited { username: name, earlier } in all {
            let path = path_for(pattern, name);
            if let Some(other) = taken.get(&path) {
                return Err(Failure::new(format!(
                    "the secrets of {} and {} would both go to {}",
                    mixaccess_model::printable(other),
                    mixaccess_model::printable(name),
                    path.display()
                ))
                .hint(format!("Put {NAME} into --secret-file, as in `secrets/{NAME}.key`.")));
            }
            check_place(&path, earlier).map_err(|error| {
                Failure::new(format!("--secret-file: cannot create {}: {error}", path.display()))
                    .hint("Name a file that does not exist yet or is empty, in a directory you can write to; what an interrupted run of another plan left in one is for you to delete.")
            })?;
            taken.insert(path, name);
        }
        Ok(())
    }

    /// Hands a secret over.
    ///
    /// # Errors
    /// Says what did not work, as a fragment without the secret; nothing is left behind then.
    pub(crate) async fn hand_over(
        &self,
        awaited: Awaited<'_>,
        secret: &SecretString,
    ) -> Result<(), String> {
        let Awaited { username: name, earlier } = awaited;
        match self {
            Self::File(pattern) => {
                let path = path_for(pattern, name);
                write(&path, secret, earlier).map_err(|error| {
                    format!("its secret could not be written to {}: {error}", path.display())
                })
            }
            Self::Command(command) => run(command, name, secret, PATIENCE).await,
        }
    }

    /// Where a secret was handed to, for a sentence.
    pub(crate) fn place(&self, name: &str) -> String {
        match self {
            Self::File(pattern) => path_for(pattern, name).display().to_string(),
            Self::Command(_) => "the secret command".to_owned(),
        }
    }
}

impl SecretSink for Secrets {
    fn prepare(&self, awaited: &[Awaited<'_>]) -> Result<(), String> {
        self.check(awaited).map_err(|failure| failure.error.to_string())
    }

    fn deliver<'a>(&'a self, awaited: Awaited<'a>, secret: &'a SecretString) -> Delivery<'a> {
        Box::pin(self.hand_over(awaited, secret))
    }
}

/// Writes a secret to a new file that only its owner can read, or leaves no file. One with a secret of an
/// earlier run makes room.
///
/// # Errors
/// When there is a file with something else in it already, or the directory or the disk refuses.
pub(crate) fn write(
    path: &Path,
    secret: &SecretString,
    earlier: &[SecretMark],
) -> std::io::Result<()> {
    if holds_any(path, earlier) {
        std::fs::remove_file(path)?;
    }
    let mut file = create(path)?;
    let written = file.write_all(secret.expose_secret().as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // The error that matters is the first one.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Makes a file and takes it away again: only that shows that it can be made. One with a secret of an
/// earlier run stays as it is.
///
/// # Errors
/// When there is a file with something else in it already, or the directory refuses.
pub(crate) fn check_place(path: &Path, earlier: &[SecretMark]) -> std::io::Result<()> {
    if holds_any(path, earlier) {
        return Ok(());
    }
    create(path).and_then(|_| std::fs::remove_file(path))
}

fn create(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // An interrupted run left it. Whoever holds it open is not to read what a new one will hold.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_empty_file(path) => {
            std::fs::remove_file(path)?;
            options.open(path)
        }
        opened => opened,
    }
}

/// Whether there is a file, and no link to one, that holds one of these secrets and nothing else.
fn holds_any(path: &Path, marked: &[SecretMark]) -> bool {
    let is_file = |one: std::fs::Metadata| one.is_file() && one.len() <= LONGEST_SECRET;
    if marked.is_empty() || !std::fs::symlink_metadata(path).is_ok_and(is_file) {
        return false;
    }
    let found = std::fs::read_to_string(path).map(SecretString::from);
    found.is_ok_and(|found| marked.iter().any(|mark| mark.marks(&found)))
}

/// Whether there is a file, and no link to one, that holds nothing.
fn is_empty_file(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|one| one.is_file() && one.len() == 0)
}

/// The path with the name in it, the name reduced to what is safe in a path.
fn path_for(pattern: &Path, name: &str) -> PathBuf {
    let safe: String =
        name.chars()
            .map(|one| {
                if one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.') {
                    one
                } else {
                    '_'
                }
            })
            .collect();
    let safe = match safe.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => safe,
    };
    PathBuf::from(pattern.to_string_lossy().replace(NAME, &safe))
}

async fn run(
    command: &str,
    name: &str,
    secret: &SecretString,
    patience: Duration,
) -> Result<(), String> {
    let mut pipe = Pipe::holding(secret)
        .map_err(|error| format!("the secret could not be made ready for the command: {error}"))?;
    let mut process = if cfg!(windows) {
        let mut process = Command::new("cmd");
        process.arg("/C").arg(command);
        process
    } else {
        // A Ctrl-C reaches it too, and it holds the only copy of the secret.
        let mut process = Command::new("sh");
        process.arg("-c").arg(format!("trap '' HUP INT TERM\n{command}"));
        process
    };
    process.env(NAME_VARIABLE, name).kill_on_drop(true);
    for variable in OURS {
        process.env_remove(variable);
    }
    // What it prints may hold the secret.
    let input = pipe.read_end().map_err(|error| format!("the secret has no pipe: {error}"))?;
    process.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child =
        process.spawn().map_err(|error| format!("the secret command did not start: {error}"))?;
    // The command holds a copy of the pipe, which must end with the child.
    drop(process);
    match tokio::time::timeout(patience, child.wait()).await {
        Err(_) => Err(format!("the secret command took longer than {} s", patience.as_secs())),
        Ok(Err(error)) => Err(format!("the secret command could not be waited for: {error}")),
        Ok(Ok(status)) if !status.success() => {
            Err(format!("the secret command failed with {status} (what it printed is not shown)"))
        }
        Ok(Ok(_)) => match pipe.left() {
            Ok(0) => Ok(()),
            Ok(_) => {
                Err("the secret command did not read its standard input to the end".to_owned())
            }
            Err(error) => Err(format!("it is not known what the secret command read: {error}")),
        },
    }
}

/// A pipe with the secret in it, of which one end is kept: a command that ends well without having read
/// the secret has not taken it.
struct Pipe {
    kept: PipeReader,
}

impl Pipe {
    /// Most bytes that any pipe holds without a reader.
    const ROOM: usize = 4096;

    fn holding(secret: &SecretString) -> std::io::Result<Self> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() > Self::ROOM {
            return Err(std::io::Error::other("it is longer than 4096 bytes"));
        }
        let (kept, mut written) = std::io::pipe()?;
        written.write_all(secret)?;
        Ok(Self { kept })
    }

    fn read_end(&self) -> std::io::Result<Stdio> {
        Ok(Stdio::from(self.kept.try_clone()?))
    }

    /// How many bytes nobody has read. The other end is closed, so this does not wait.
    fn left(&mut self) -> std::io::Result<u64> {
        std::io::copy(&mut self.kept, &mut std::io::sink())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[expect(clippy::unwrap_used, reason = "a test without a runtime has failed")]
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// An account that no earlier run made.
    fn first(username: &str) -> Awaited<'_> {
        Awaited { username, earlier: &[] }
    }

    #[test]
    fn a_secret_of_an_earlier_run_makes_room_when_the_next_is_handed_over() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let secrets = Secrets::File(at("{name}"));
        let [old, secret] = ["0ld", "s3cret"].map(SecretString::from);
        let marks = ["1st", "0ld", "2nd"]
            .map(|one| SecretMark::new(&SecretString::from(one), format!("run of {one}")));
        for (name, content) in
            [("ours", "0ld"), ("theirs", "their own"), ("more", "0ld\n"), ("less", "0l")]
        {
            std::fs::write(at(name), content).unwrap();
            std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(0o644)).unwrap();
            let awaited = Awaited { username: name, earlier: &marks };
            let is_ours = name == "ours";
            assert_eq!(secrets.check(&[awaited]).is_ok(), is_ours, "{name}");
            assert_eq!(std::fs::read_to_string(at(name)).unwrap(), content, "checked only");
            // Another plan's run knows nothing of it.
            assert!(secrets.check(&[first(name)]).is_err());
            assert!(block_on(secrets.hand_over(first(name), &secret)).is_err());
            assert_eq!(block_on(secrets.hand_over(awaited, &secret)).is_ok(), is_ours, "{name}");
            let expected = if is_ours { "s3cret" } else { content };
            assert_eq!(std::fs::read_to_string(at(name)).unwrap(), expected);
        }
        let mode = std::fs::metadata(at("ours")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(at("elsewhere"), old.expose_secret()).unwrap();
        std::os::unix::fs::symlink(at("elsewhere"), at("link")).unwrap();
        let awaited = Awaited { username: "link", earlier: &marks };
        assert!(secrets.check(&[awaited]).is_err());
        assert!(block_on(secrets.hand_over(awaited, &secret)).is_err());
        assert_eq!(std::fs::read_to_string(at("elsewhere")).unwrap(), "0ld");
    }

    #[test]
    fn a_file_is_for_its_owner_alone_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = Secrets::File(directory.path().join("{name}.key"));
        let secret = SecretString::from("s3cret");
        secrets.check(&["etl/1", "etl-2"].map(first)).unwrap();
        block_on(secrets.hand_over(first("etl/1"), &secret)).unwrap();
        let path = directory.path().join("etl_1.key");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "s3cret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = block_on(secrets.hand_over(first("etl/1"), &secret)).unwrap_err();
        assert!(!error.contains("s3cret"), "{error}");
        let said = SecretSink::prepare(&secrets, &["etl-2", "etl/1"].map(first)).unwrap_err();
        assert!(said.contains(&format!("cannot create {}", path.display())), "{said}");
        SecretSink::prepare(&secrets, &[first("etl-2")]).unwrap();
        assert_eq!(
            path_for(Path::new("d/{name}"), "../../etc/passwd"),
            Path::new("d/_._.._etc_passwd")
        );
    }

    #[test]
    fn an_empty_file_of_an_interrupted_run_is_taken_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let secrets = Secrets::File(at("{name}"));
        let secret = SecretString::from("s3cret");
        std::fs::write(at("empty"), "").unwrap();
        std::fs::set_permissions(at("empty"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut held = std::fs::File::open(at("empty")).unwrap();
        std::fs::write(at("partial"), "s3").unwrap();
        std::fs::write(at("elsewhere"), "").unwrap();
        std::os::unix::fs::symlink(at("elsewhere"), at("link")).unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        for (name, is_taken) in
            [("empty", true), ("partial", false), ("link", false), ("directory", false)]
        {
            assert_eq!(secrets.check(&[first(name)]).is_ok(), is_taken, "{name}");
            if name == "empty" {
                std::fs::write(at(name), "").unwrap();
            }
            assert_eq!(
                block_on(secrets.hand_over(first(name), &secret)).is_ok(),
                is_taken,
                "{name}"
            );
        }
        assert_eq!(std::fs::read_to_string(at("empty")).unwrap(), "s3cret");
        let mode = std::fs::metadata(at("empty")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(at("partial")).unwrap(), "s3");
        assert_eq!(std::fs::read_to_string(at("elsewhere")).unwrap(), "");
        let mut seen = String::new();
        std::io::Read::read_to_string(&mut held, &mut seen).unwrap();
        assert_eq!(seen, "", "whoever held the old file open reads nothing");
    }

    #[test]
    fn two_secrets_never_share_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = Secrets::File(directory.path().join("key"));
        let failure = secrets.check(&["one", "two"].map(first)).unwrap_err();
        assert!(failure.error.to_string().contains("would both go to"), "{failure:?}");
        let said = SecretSink::prepare(&secrets, &["one", "two"].map(first)).unwrap_err();
        assert_eq!(said, failure.error.to_string());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_command_reads_the_secret_and_finds_the_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("taken");
        let secrets = Secrets::Command(format!(
            "(echo \"$MIXACCESS_SECRET_NAME\"; cat) > {}",
            path.display()
        ));
        block_on(secrets.hand_over(first("etl; rm"), &SecretString::from("s3cret"))).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "etl; rm\ns3cret");
    }

    #[test]
    fn a_command_that_does_not_read_the_secret_has_not_taken_it() {
        let secret = SecretString::from("s3cret");
        for command in ["true", "head -c 2", "exec <&-"] {
            let secrets = Secrets::Command(command.to_owned());
            let error = block_on(secrets.hand_over(first("etl"), &secret)).unwrap_err();
            assert!(
                error.contains("did not read") && !error.contains("s3cret"),
                "{command}: {error}"
            );
        }
        let long = SecretString::from("x".repeat(5000));
        let secrets = Secrets::Command("cat".to_owned());
        assert!(block_on(secrets.hand_over(first("etl"), &long)).unwrap_err().contains("4096"));
    }

    #[test]
    fn a_command_that_never_ends_is_not_waited_for() {
        let secret = SecretString::from("s3cret");
        let patience = Duration::from_secs(1);
        let error = block_on(run("exec sleep 600", "etl", &secret, patience)).unwrap_err();
        assert_eq!(error, "the secret command took longer than 1 s");
    }

    #[test]
    fn a_command_that_is_asked_to_stop_takes_the_secret_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("taken");
        for signal in ["INT", "TERM", "HUP"] {
            let command = format!("sh -c 'kill -{signal} $$ $PPID'; cat > {}", path.display());
            let secret = SecretString::from(format!("s3cret-{signal}"));
            block_on(Secrets::Command(command).hand_over(first("etl"), &secret)).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("s3cret-{signal}"));
        }
    }

    #[test]
    fn a_command_that_fails_is_told_without_what_it_printed() {
        let secrets = Secrets::Command("cat >&2; exit 3".to_owned());
        let error =
            block_on(secrets.hand_over(first("etl"), &SecretString::from("s3cret"))).unwrap_err();
        assert!(error.contains("exit status: 3") && !error.contains("s3cret"), "{error}");
    }
}
