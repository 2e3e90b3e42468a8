//! The program as a process, with a clean environment and an end to every wait.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// When a process counts as hanging. Far beyond what any of them needs, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(2);

/// The program, about to be run.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    line: String,
}

impl Program {
    pub(crate) fn new<S: AsRef<str>>(arguments: &[S]) -> Self {
        let mut command = Command::new(Self::path());
        command.args(arguments.iter().map(AsRef::as_ref));
        Self::of(command, &arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "))
    }

    /// The program behind a line of shell that ends in `exec "$@"`.
    pub(crate) fn behind(shell: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("bash");
        command.arg("-c").arg(shell).arg("bash").arg(Self::path()).args(arguments);
        Self::of(command, &arguments.join(" "))
    }

    /// The binary under test.
    pub(crate) fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_BIN_EXE_mixaccess-under-test"))
    }

    fn of(mut command: Command, line: &str) -> Self {
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| (OsString::from("PATH"), path)))
            .env("HOME", std::env::temp_dir())
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command, line: format!("mixaccess {line}") }
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts the process.
    #[track_caller]
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let stdout = gather(child.stdout.take().unwrap());
        let stderr = gather(child.stderr.take().unwrap());
        Running { child, line: self.line, stdout, stderr }
    }

    /// Runs the process to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Run {
        self.start().finish()
    }
}

/// What a pipe has given so far, and the thread that reads it to its end.
#[derive(Debug)]
struct Gathering {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

fn gather(mut pipe: impl Read + Send + 'static) -> Gathering {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let gathered = Arc::clone(&bytes);
    let thread = std::thread::spawn(move || {
        let mut piece = [0; 4096];
        loop {
            let count = pipe.read(&mut piece).unwrap();
            if count == 0 {
                return;
            }
            gathered.lock().unwrap().extend_from_slice(&piece[..count]);
        }
    });
    Gathering { bytes, thread }
}

impl Gathering {
    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Everything, once the other end is closed.
    fn text(self) -> String {
        self.thread.join().unwrap();
        let bytes = std::mem::take(&mut *self.bytes.lock().unwrap());
        String::from_utf8(bytes).expect("output is UTF-8")
    }
}

/// The program while it runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    line: String,
    stdout: Gathering,
    stderr: Gathering,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What is on stdout so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// Waits until it has written something to stdout.
    #[track_caller]
    pub(crate) fn until_it_shows(&mut self, text: &str) {
        let bytes = Arc::clone(&self.stdout.bytes);
        let is_shown =
            self.until(|| String::from_utf8_lossy(&bytes.lock().unwrap()).contains(text));
        assert!(is_shown, "`{}` ended without {text:?}", self.line);
    }

    /// Waits until something is so, or the process has ended; answers whether it is so.
    #[track_caller]
    pub(crate) fn until(&mut self, is_so: impl Fn() -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if is_so() {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return is_so();
            }
            std::thread::sleep(POLL);
        }
        self.child.kill().unwrap();
        panic!("`{}` did not come to that within {PATIENCE:?}", self.line);
    }

    /// Sends a signal by its name, such as `INT`. A process that is gone does not mind.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {} 2>/dev/null || true", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(line).status().unwrap().success());
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Run {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("`{}` hangs: no end within {PATIENCE:?}", self.line);
            }
            std::thread::sleep(POLL);
        };
        Run {
            line: self.line,
            code: status.code(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }
}

/// What a run of the program left behind.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    line: String,
    /// Nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that stdout holds something, wherever its lines are broken.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(flat(&self.stdout).contains(&flat(text)), "no {text:?} on stdout:\n{self}");
        self
    }

    /// Asserts that stderr holds something, wherever its lines are broken.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(flat(&self.stderr).contains(&flat(text)), "no {text:?} on stderr:\n{self}");
        self
    }

    /// Asserts that a text is in neither output.
    #[track_caller]
    pub(crate) fn never_shows(self, text: &str) -> Self {
        let is_there = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(!is_there, "{text:?} is in the output:\n{self}");
        self
    }

    /// stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, code, stdout, stderr } = self;
        write!(f, "$ {line}\n[{code:?}]\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
