//! An emulated organization, and a directory in which the program runs against it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mixaccess_applier::StateDirectory;
use mixaccess_applier::journal::{JournalRun, history};
use mixaccess_emulator::{Effect, Emulator, EmulatorOptions, EventKind, RecordedRequest, Seed};
use mixaccess_model::Plan;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::program::{Program, Run};

/// The service account of every seed that does not say otherwise.
pub(crate) const USERNAME: &str = "mixaccess";
/// Its secret, which no output and no file may ever hold.
pub(crate) const SECRET: &str = "demo-secret";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// TLS is not needed on loopback, and yet a provider must be named.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // Another test may have named it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
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

    /// Runs a command line at a terminal, where somebody types that; nothing is the end of the input.
    #[track_caller]
    pub(crate) fn typed(&self, line: &str, answer: &str) -> Run {
        let shell = "program=$1; printf \"$3\" | script -qec \"'$program' $2\" /dev/null";
        Program::behind(shell, &[line, answer])
            .directory(self.root())
            .variable("MIXPANEL_BASE_URL", &self.emulator.base_url())
            .variable("MIXPANEL_SERVICE_ACCOUNT", &self.username)
            .variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", &self.secret)
            .run()
    }

    /// What goes wrong from now on.
    #[track_caller]
    pub(crate) fn fail(&self, faults: &[&str]) {
        let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        self.emulator.set_faults(faults);
    }

    /// Does by hand what only people and time do: a door of the emulator below `/__emulator`.
    #[track_caller]
    pub(crate) fn door(&self, name: &str, body: &Value) {
        let url = format!("{}/__emulator/{name}", self.emulator.base_url());
        self.post(CLIENT.post(url), body);
    }

    /// Somebody writes past the files, with a service account of the seed that has the usual secret.
    #[track_caller]
    pub(crate) fn somebody_sends(&self, username: &str, method: &str, path: &str, body: &Value) {
        let url = format!("{}/api/app{path}", self.emulator.base_url());
        let request = CLIENT.request(method.parse().unwrap(), url);
        self.post(request.basic_auth(username, Some(SECRET)), body);
    }

    #[track_caller]
    fn post(&self, request: reqwest::RequestBuilder, body: &Value) {
        let answer = RUNTIME.block_on(request.json(body).send()).unwrap();
        assert!(answer.status().is_success(), "{body}: {answer:?}");
    }

    /// Every file below the directory, by its path from there.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(self.root(), self.root(), &mut files);
        files
    }

    /// Asserts that nothing of that text is in any file but the named ones.
    #[track_caller]
    pub(crate) fn holds_nowhere(&self, secret: &str, but: &[&str]) {
        assert!(secret.len() > 8, "{secret:?} could be anywhere");
        for (name, bytes) in self.files() {
            let is_there = String::from_utf8_lossy(&bytes).contains(secret);
            assert!(!is_there || but.contains(&&*name), "the secret is in {name}");
        }
    }

    /// What a request of those was, as `METHOD path body`, oldest first.
    pub(crate) fn written(&self) -> Vec<String> {
        let line = |one: RecordedRequest| {
            let body = one.body.unwrap_or_default();
            format!("{} {} {body}", one.method, one.path).trim_end().to_owned()
        };
        self.writes().into_iter().map(line).collect()
    }

    /// The paths that were asked for, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.emulator.requests().into_iter();
        let mut paths: Vec<String> =
            requests.map(|one| one.path.split('?').next().unwrap().to_owned()).collect();
        paths.sort();
        paths
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

    /// What a saved plan finds: the code, and whom or what it is about, sorted.
    pub(crate) fn findings(&self, name: &str) -> Vec<String> {
        let findings = self.plan(name).content.findings;
        let mut told: Vec<String> = findings
            .iter()
            .map(|one| match &one.subject {
                Some(subject) => format!("{} {subject}", one.code),
                None => one.code.to_string(),
            })
            .collect();
        told.sort();
        told
    }

    /// The changes of a saved plan in their order: whom or what they are about, and their word.
    pub(crate) fn planned(&self, name: &str) -> Vec<String> {
        let changes = self.plan(name).content.changes;
        changes.iter().map(|one| format!("{} {}", one.subject, one.kind())).collect()
    }

    /// Asserts that files and live state agree.
    #[track_caller]
    pub(crate) fn agrees(&self) {
        self.emulator.set_faults(Vec::new());
        self.run("plan --detailed-exitcode").exits(0);
    }
}

fn gather(root: &Path, directory: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}
