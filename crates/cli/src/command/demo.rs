//! `demo`: the whole loop on the example files against the emulator, with nothing to set up.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use mixaccess_api::{AccessWrite as _, Client, ClientOptions, Credentials, Write as ApiWrite};
use mixaccess_emulator::{Emulator, EmulatorOptions, Seed};
use mixaccess_model::{Dialect, OrganizationId, ProjectId, ProjectRole, UserId};

use crate::args::{Cli, Demo as Args, EMULATOR_ADDRESS, Format};
use crate::connection::{BASE_URL_VARIABLE, ORGANIZATION_VARIABLE};
use crate::context::Context;
use crate::environment::Environment;
use crate::example;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::storage;

/// Marks a directory that a demo made and may replace.
const MARKER: &str = ".mixaccess-demo";
/// Who changes something by hand, whom, and where.
const BY_HAND: (&str, &str, &str, u64) =
    ("jordan", "chloe@acme.example", "web-production", 2_891_234);

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let directory = &args.directory;
    if let Some(former) = prepare(directory)? {
        context.console.say(&format!("What a former demo left is now in {}.", former.display()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start the network: {error}")))?;
    let seed = Seed::from_yaml(example::LIVE).map_err(Failure::new)?;
    let emulator = runtime.block_on(start(&seed))?;
    let demo = Demo::new(directory, context, &emulator, &seed)?;
    let told = demo.tell(&runtime);
    let state = emulator.state().to_yaml().map_err(Failure::new)?;
    storage::write(&directory.join("live.yaml"), state.as_bytes())?;
    runtime.block_on(emulator.stop());
    told?;
    demo.say(&demo.farewell())?;
    Ok(Exit::Done)
}

/// Starts where `emulator` listens by default, so that what the demo leaves, the undo plan above all, is
/// good for that address; on any free port where that one is taken.
async fn start(seed: &Seed) -> Result<Emulator, Failure> {
    let usual = EmulatorOptions { address: EMULATOR_ADDRESS, ..EmulatorOptions::default() };
    match Emulator::start(seed.clone(), usual).await {
        Ok(emulator) => Ok(emulator),
        Err(_) => {
            Emulator::start(seed.clone(), EmulatorOptions::default()).await.map_err(Failure::new)
        }
    }
}

/// Makes the directory anew with the example files, and says where what a former demo left was moved.
fn prepare(directory: &Path) -> Result<Option<PathBuf>, Failure> {
    let mut moved = None;
    let named = |error: std::io::Error| {
        Failure::new(format!("cannot prepare {}: {error}", directory.display()))
    };
    if directory.exists() {
        if !directory.join(MARKER).is_file() {
            return Err(Failure::new(format!(
                "{} exists and is no former demo's",
                directory.display()
            ))
            .hint("Choose another place with --directory."));
        }
        // Somebody may have gone on with it.
        let former = directory.with_extension("former");
        if former.join(MARKER).is_file() {
            std::fs::remove_dir_all(&former).map_err(named)?;
        }
        std::fs::rename(directory, &former).map_err(named)?;
        moved = Some(former);
    }
    let files = directory.join("access");
    std::fs::create_dir_all(files.join("people")).map_err(named)?;
    std::fs::write(directory.join(MARKER), "").map_err(named)?;
    let schema = directory.join("access.schema.json");
    std::fs::write(&schema, example::SCHEMA).map_err(named)?;
    for (name, text) in example::FILES {
        let depth = name.matches('/').count() + 1;
        let text = text.replace(
            &format!("{}crates/cli/schema/access.schema.json", "../".repeat(depth)),
            &format!("{}access.schema.json", "../".repeat(depth)),
        );
        std::fs::write(files.join(name), text).map_err(named)?;
    }
    Ok(moved)
}

/// A running demo.
struct Demo<'a> {
    context: &'a Context,
    directory: &'a Path,
    base_url: String,
    seed: &'a Seed,
    username: String,
    secret: String,
}

impl<'a> Demo<'a> {
    fn new(
        directory: &'a Path,
        context: &'a Context,
        emulator: &Emulator,
        seed: &'a Seed,
    ) -> Result<Self, Failure> {
        let account = seed
            .service_accounts
            .first()
            .ok_or_else(|| Failure::new("the example organization has no service account"))?;
        Ok(Self {
            context,
            directory,
            base_url: emulator.base_url(),
            seed,
            username: account.username.clone(),
            secret: account.secret.clone(),
        })
    }

    fn tell(&self, runtime: &tokio::runtime::Runtime) -> Result<(), Failure> {
        let name = &self.seed.organization.name;
        self.say(&format!(
            "{name} is live on an embedded Mixpanel at {}; its files are in {}.\n",
            self.base_url,
            self.path("access").display()
        ))?;
        self.step(1, "Are the files in order?", &["validate"], &[], Exit::Done)?;
        let plan = self.path("plan.json").display().to_string();
        self.step(2, "What would change?", &["plan"], &["--out", &plan], Exit::Done)?;
        self.step(
            3,
            "That plan was reviewed; exactly that plan is applied.",
            &["apply", &plan],
            &[],
            Exit::Done,
        )?;
        self.step(4, "Is anything left?", &["plan"], &["--detailed-exitcode"], Exit::Done)?;
        runtime.block_on(self.change_by_hand())?;
        self.step(
            6,
            "The scheduled check finds it, and exits with 2.",
            &["drift"],
            &[],
            Exit::Differences,
        )?;
        let (_, email, project, _) = BY_HAND;
        self.step(
            7,
            "Why should it be otherwise?",
            &["explain", email],
            &["--project", project],
            Exit::Done,
        )
    }

    /// Runs one command as a user would type it, and checks how it ended.
    fn step(
        &self,
        number: usize,
        question: &str,
        command: &[&str],
        options: &[&str],
        expected: Exit,
    ) -> Result<(), Failure> {
        let config = self.path("access").display().to_string();
        let state = self.path("state").display().to_string();
        let mut words = command.to_vec();
        words.extend(["--config", &config]);
        if command.first() == Some(&"apply") {
            words.extend(["--state-dir", &state]);
        }
        words.extend(options);
        self.say(&format!("\n{number}. {question}\n   $ mixaccess {}\n\n", words.join(" ")))?;
        let mut arguments = vec!["mixaccess"];
        arguments.extend(&words);
        let mut cli = Cli::try_parse_from(&arguments)
            .map_err(|error| Failure::new(format!("the demo's own command is wrong: {error}")))?;
        cli.common.organization = None;
        cli.common.at = None;
        cli.common.redact = false;
        cli.common.format = Format::Human;
        cli.common.no_color = self.context.common.no_color;
        cli.common.width = self.context.common.width;
        let exit = crate::execute(cli, self.environment());
        if exit == expected {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the demo stopped: `{}` exited with {} instead of {}",
            words.join(" "),
            exit.code(),
            expected.code()
        )))
    }

    async fn change_by_hand(&self) -> Result<(), Failure> {
        let (username, email, project, id) = BY_HAND;
        let account = self
            .seed
            .service_accounts
            .iter()
            .find(|account| account.username == username)
            .ok_or_else(|| {
                Failure::new("the example organization lost the account of its admin")
            })?;
        let member = self
            .seed
            .members
            .iter()
            .find(|member| member.email == email)
            .and_then(|member| member.id)
            .ok_or_else(|| Failure::new(format!("the example organization lost {email}")))?;
        let organization = OrganizationId(self.seed.organization.id);
        let options = ClientOptions::new(&self.base_url, organization, Dialect::Members)
            .map_err(Failure::new)?;
        let credentials = Credentials::new(&account.username, account.secret.clone().into())
            .map_err(Failure::new)?;
        let client = Client::new(options, credentials).map_err(Failure::new)?;
        self.say(&format!(
            "\n5. Meanwhile, by hand and without a word in the files:\n   {username}@acme.example makes {email} admin in {project}.\n"
        ))?;
        client
            .write(&ApiWrite::SetProjectRole {
                project: ProjectId(id),
                user: UserId(member),
                role: ProjectRole::Admin,
            })
            .await?;
        Ok(())
    }

    fn farewell(&self) -> String {
        let mut text = String::new();
        let program =
            if std::env::var_os("CARGO").is_some() { "cargo run -q --" } else { "mixaccess" };
        let directory = self.directory.display();
        // The undo plan is good for the address that it was made at, and for no other.
        let listen = match self.base_url.strip_prefix("http://") {
            Some(address) if address != EMULATOR_ADDRESS.to_string() => {
                format!(" --listen {address}")
            }
            _ => String::new(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n{directory} holds the files, the plan, the journal, the undo plan and the organization as it is now.\n\nGo on from there, with the emulator in one terminal:\n\n  {program} emulator --seed {directory}/live.yaml --save {directory}/live.yaml{listen}\n\nand in another, after exporting the variables that it prints:\n\n  {program} apply --config {directory}/access --state-dir {directory}/state",
        );
        text
    }

    /// The emulator's address and credentials, whatever the caller's environment says.
    fn environment(&self) -> Environment {
        Environment::with([
            (BASE_URL_VARIABLE, self.base_url.clone()),
            (ORGANIZATION_VARIABLE, String::new()),
            (mixaccess_api::USERNAME_VARIABLE, self.username.clone()),
            (mixaccess_api::SECRET_VARIABLE, self.secret.clone()),
            (mixaccess_api::SECRET_FILE_VARIABLE, String::new()),
            (mixaccess_api::SCIM_TOKEN_VARIABLE, String::new()),
            (mixaccess_api::SCIM_TOKEN_FILE_VARIABLE, String::new()),
        ])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        self.context.console.result(text)
    }
}
