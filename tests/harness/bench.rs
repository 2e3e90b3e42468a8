//! An emulated organization, and a directory in which the program runs against it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mixaccess_applier::StateDirectory;
use mixaccess_applier::journal::{JournalRun, history};
use mixaccess_emulator::{Effect, Emulator, EmulatorOptions, EventKind, RecordedRequest, Seed};
use mixaccess_model::Plan;
use tokio::runtime::Runtime;

use super::program::{Program, Run};

/// The service account of every seed that does not say otherwise.
pub(crate) const USERNAME: &str = "mixaccess";
/// Its secret, which no output and no file may ever hold.
pub(crate) const SECRET: &str = "demo-secret";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// An emulated organization with a directory beside it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    root: tempfile::TempDir,
    username: String,
    secret: String,
}

impl Bench {
    /// A faithful organization and its files.
    pub(crate) fn new(seed: &str, files: &str) -> Self {
        Self::with(seed, files, EmulatorOptions::default())
    }

    /// An organization that runs as told, and its files.
    pub(crate) fn with(seed: &str, files: &str, options: EmulatorOptions) -> Self {
        let bench = Self::empty(seed, options);
        bench.write("access/access.yaml", files);
        bench
    }

    /// An organization without files.
    pub(crate) fn empty(seed: &str, options: EmulatorOptions) -> Self {
        let seed = Seed::from_yaml(seed).unwrap();
        let account = seed.service_accounts.first().unwrap();
        let (username, secret) = (account.username.clone(), account.secret.clone());
        let emulator = RUNTIME.block_on(Emulator::start(seed, options)).unwrap();
        let root = tempfile::tempdir().unwrap();
        Self { emulator, root, username, secret }
    }

    /// Where the program runs.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with credentials that are accepted.
    pub(crate) fn program<S: AsRef<str>>(&self, arguments: &[S]) -> Program {
        Program::new(arguments)
            .directory(self.root())
            .variable("MIXPANEL_BASE_URL", &self.emulator.base_url())
            .variable("MIXPANEL_SERVICE_ACCOUNT", &self.username)
            .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", &self.secret)
    }

    /// Runs a command line.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> Run {
        self.program(&super::words(line)).run()
    }

    /// What goes wrong from now on.
    #[track_caller]
    pub(crate) fn fail(&self, faults: &[&str]) {
        let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        self.emulator.set_faults(faults);
    }

    /// The plan that a command left in a file.
    pub(crate) fn plan(&self, name: &str) -> Plan {
        Plan::from_json(self.read(name).as_bytes()).unwrap()
    }

    /// Every request that meant to write, whatever became of it.
    pub(crate) fn writes(&self) -> Vec<RecordedRequest> {
        self.emulator.requests().into_iter().filter(|request| request.method != "GET").collect()
    }

    /// How many requests changed something.
    pub(crate) fn changes(&self) -> usize {
        self.writes().iter().filter(|request| request.effect == Effect::Changed).count()
    }

    /// The addresses that were sent an invitation, sorted, as often as one was sent.
    pub(crate) fn invited(&self) -> Vec<String> {
        let log = self.emulator.audit();
        let sent = log.iter().filter(|event| event.event == EventKind::InvitationSent);
        let mut addresses: Vec<String> = sent.map(|event| event.user_email.clone()).collect();
        addresses.sort();
        addresses
    }

    /// What the journals say about a plan, oldest run first.
    pub(crate) fn journals(&self, plan: &Plan) -> Vec<JournalRun> {
        let state = StateDirectory::open(self.path(".mixaccess")).unwrap();
        history(&state, plan.digest).unwrap()
    }

    /// Asserts that files and live state agree.
    #[track_caller]
    pub(crate) fn agrees(&self) {
        self.emulator.set_faults(Vec::new());
        self.run("plan --detailed-exitcode").exits(0);
    }
}
