//! The command line: every option with its environment variable.

mod author;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub use author::{Adopt, Init, ProviderWord, RegionWord};

/// Mixpanel access as code.
#[derive(Debug, Parser)]
#[command(
    name = "mixaccess",
    version,
    about = "Mixpanel access as code: plan, review, apply, and notice drift",
    after_help = "Exit codes: 0 done or nothing to do, 1 error, 2 differences (drift, plan --detailed-exitcode),\n3 refused by a guard rail or because the plan no longer fits, 4 an apply left something undone.\n\nStart with: mixaccess demo",
    max_term_width = 100,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Where the emulator listens unless `--listen` says otherwise.
pub(crate) const EMULATOR_ADDRESS: SocketAddr =
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8400));

/// Where the files are unless `--config` says otherwise.
pub(crate) const DEFAULT_CONFIG: &str = "access";

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Directory of the files, or one file
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = DEFAULT_CONFIG,
        env = "MIXACCESS_CONFIG"
    )]
    pub config: PathBuf,
    /// Which organization, where DIR holds several
    #[arg(long, global = true, value_name = "KEY", env = "MIXACCESS_ORGANIZATION")]
    pub organization: Option<String>,
    /// Resolve the files for this instant instead of now: a date, or a date and time
    #[arg(long, global = true, value_name = "INSTANT", env = "MIXACCESS_AT")]
    pub at: Option<String>,
    /// Replace addresses by short stable pseudonyms, for output that the world can read
    #[arg(long, global = true, env = "MIXACCESS_REDACT", value_parser = FalseyValueParser::new())]
    pub redact: bool,
    /// Format of the result
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, env = "MIXACCESS_FORMAT")]
    pub format: Format,
    /// Never use colour
    #[arg(long, global = true, env = "MIXACCESS_NO_COLOR", value_parser = FalseyValueParser::new())]
    pub no_color: bool,
    /// Columns of the output instead of those of the terminal
    #[arg(long, global = true, value_name = "COLUMNS", env = "MIXACCESS_WIDTH")]
    pub width: Option<usize>,
    /// Say less
    #[arg(short, long, global = true, env = "MIXACCESS_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::SetTrue, env = "MIXACCESS_VERBOSE", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
}

/// Options of every command that talks to the service.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Requests in flight at most
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32), env = "MIXACCESS_CONCURRENCY")]
    pub concurrency: u8,
    /// Seconds to wait at most for a service that asks for patience
    #[arg(long, value_name = "SECONDS", default_value_t = 60, env = "MIXACCESS_MAX_WAIT")]
    pub max_wait: u64,
    /// Seconds until a request is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600), env = "MIXACCESS_TIMEOUT")]
    pub timeout: u64,
    /// Requests a second at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000), env = "MIXACCESS_RATE")]
    pub rate: u32,
    /// File with further certificate authorities to trust, in PEM
    #[arg(long, value_name = "FILE", env = "MIXACCESS_CA_FILE")]
    pub ca_file: Option<PathBuf>,
}

/// Where live state comes from.
#[derive(Clone, Debug, Args)]
pub struct LiveSource {
    /// Use the live state in this file (see `snapshot`) instead of asking the service
    #[arg(long, value_name = "FILE", env = "MIXACCESS_LIVE")]
    pub live: Option<PathBuf>,
}

/// Ways past a guard rail.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Guard rails")]
pub struct Allow {
    /// Let this plan past a guard rail, up to N where it counts; needs --because
    #[arg(long, value_name = "CODE[=N]", env = "MIXACCESS_ALLOW", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Why; written into the plan and the journal
    #[arg(long, value_name = "TEXT", env = "MIXACCESS_BECAUSE")]
    pub because: Option<String>,
}

/// Where new secrets go.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Secrets")]
pub struct SecretTarget {
    /// Write each new secret to this new file, for its owner alone; {name} stands for the name
    #[arg(
        long,
        value_name = "FILE",
        env = "MIXACCESS_SECRET_FILE",
        conflicts_with = "secret_command"
    )]
    pub secret_file: Option<PathBuf>,
    /// Hand each new secret to this shell command's standard input; the name is in
    /// $MIXACCESS_SECRET_NAME
    #[arg(long, value_name = "COMMAND", env = "MIXACCESS_SECRET_COMMAND")]
    pub secret_command: Option<String>,
}

/// Where a run leaves journals, undo plans and the lock.
#[derive(Clone, Debug, Args)]
pub struct StateDir {
    /// Directory for journals, plans, undo plans, rotations and the lock
    #[arg(long, value_name = "DIR", default_value = ".mixaccess", env = "MIXACCESS_STATE_DIR")]
    pub state_dir: PathBuf,
}

/// The formats of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// For pull-request comments.
    Markdown,
    /// For code scanning.
    Sarif,
    /// For test reports.
    Junit,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the files from the live organization, from a list, or to start from
    Init(Init),
    /// Check the files; needs no credentials
    Validate,
    /// Show the difference between the files and the live organization
    Plan(Plan),
    /// Show a saved plan again
    Show(Show),
    /// Execute a reviewed plan
    Apply(Apply),
    /// Look for changes that nobody made in the files; exit code 2 when there are any
    Drift(Drift),
    /// Explain what somebody should have, why, and what they have
    Explain(Explain),
    /// Write live differences back into the files
    Adopt(Adopt),
    /// Write the live state to a file
    Snapshot(Snapshot),
    /// Check credentials, privileges, endpoints, clock and files
    Doctor(Doctor),
    /// List and rotate the tokens of projects
    Tokens(Tokens),
    /// Print a JSON Schema
    Schema(Schema),
    /// Print a shell completion script
    Completions(Completions),
    /// Print or write the manual pages
    Man(Man),
    /// Serve the embedded Mixpanel on loopback
    Emulator(Emulator),
    /// Run the whole loop on example files against the emulator; needs nothing
    Demo(Demo),
}

/// `plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// Write the plan to this file
    #[arg(short, long, value_name = "FILE", env = "MIXACCESS_PLAN_OUT")]
    pub out: Option<PathBuf>,
    /// Exit with 2 when there is something to change, be it by somebody else
    #[arg(long, env = "MIXACCESS_DETAILED_EXITCODE", value_parser = FalseyValueParser::new())]
    pub detailed_exitcode: bool,
    /// Also show each person's access before and after as a unified diff
    #[arg(long, env = "MIXACCESS_DIFF", value_parser = FalseyValueParser::new())]
    pub diff: bool,
    /// Where live state comes from.
    #[command(flatten)]
    pub live: LiveSource,
    /// Ways past a guard rail.
    #[command(flatten)]
    pub allow: Allow,
    /// Where journals are looked for.
    #[command(flatten)]
    pub state: StateDir,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `show`
#[derive(Debug, Args)]
pub struct Show {
    /// The plan file
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Also show each person's access before and after as a unified diff
    #[arg(long, env = "MIXACCESS_DIFF", value_parser = FalseyValueParser::new())]
    pub diff: bool,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// The reviewed plan file; without it, plan now, show, ask, and execute
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Plan now, and execute only if organization, address and changes are the reviewed ones with this
    /// changes digest, or the plan is the reviewed one with this digest (then give its --at)
    #[arg(long, value_name = "DIGEST", env = "MIXACCESS_EXPECT")]
    pub expect: Option<String>,
    /// Do not ask before executing a plan made now
    #[arg(long, env = "MIXACCESS_AUTO_APPROVE", value_parser = FalseyValueParser::new())]
    pub auto_approve: bool,
    /// Go on with an apply of this plan that was interrupted
    #[arg(long, env = "MIXACCESS_RESUME", value_parser = FalseyValueParser::new())]
    pub resume: bool,
    /// Wait until the service takes invitations again instead of leaving them for the next run
    #[arg(long, env = "MIXACCESS_WAIT", value_parser = FalseyValueParser::new())]
    pub wait: bool,
    /// Where the secrets of new service accounts go.
    #[command(flatten)]
    pub secrets: SecretTarget,
    /// Ways past a guard rail.
    #[command(flatten)]
    pub allow: Allow,
    /// Where to leave journals.
    #[command(flatten)]
    pub state: StateDir,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `drift`
#[derive(Debug, Args)]
pub struct Drift {
    /// Write the drift as a plan to this file
    #[arg(short, long, value_name = "FILE", env = "MIXACCESS_DRIFT_OUT")]
    pub out: Option<PathBuf>,
    /// Also show each person's access before and after as a unified diff
    #[arg(long, env = "MIXACCESS_DIFF", value_parser = FalseyValueParser::new())]
    pub diff: bool,
    /// How many days of the audit log to search for who changed it; 0 asks nothing
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=365), env = "MIXACCESS_AUDIT_DAYS")]
    pub audit_days: u16,
    /// Where live state comes from.
    #[command(flatten)]
    pub live: LiveSource,
    /// Where journals are looked for.
    #[command(flatten)]
    pub state: StateDir,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// Whose access
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// In which project only
    #[arg(long, value_name = "PROJECT", env = "MIXACCESS_PROJECT")]
    pub project: Option<String>,
    /// Say only what the files say; ask nobody
    #[arg(long, env = "MIXACCESS_OFFLINE", value_parser = FalseyValueParser::new())]
    pub offline: bool,
    /// Where live state comes from.
    #[command(flatten)]
    pub live: LiveSource,
    /// Where plans of earlier runs are looked for.
    #[command(flatten)]
    pub state: StateDir,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `snapshot`
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", env = "MIXACCESS_SNAPSHOT_OUT")]
    pub out: Option<PathBuf>,
    /// Read the members of undeclared projects as well
    #[arg(long, env = "MIXACCESS_ALL_PROJECTS", value_parser = FalseyValueParser::new())]
    pub all_projects: bool,
    /// Where plans of earlier runs are looked for.
    #[command(flatten)]
    pub state: StateDir,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
    /// Where to leave journals.
    #[command(flatten)]
    pub state: StateDir,
}

/// `tokens`
#[derive(Debug, Args)]
pub struct Tokens {
    /// What to do.
    #[command(subcommand)]
    pub command: TokensCommand,
}

/// What `tokens` can do.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Show the tokens of the declared projects: how old, when last used
    List(TokensList),
    /// Replace a token; whatever uses it stops working until it has the new value
    Rotate(TokensRotate),
}

/// `tokens list`
#[derive(Debug, Args)]
pub struct TokensList {
    /// Of this project only
    #[arg(long, value_name = "PROJECT", env = "MIXACCESS_PROJECT")]
    pub project: Option<String>,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `tokens rotate`
#[derive(Debug, Args)]
pub struct TokensRotate {
    /// The project, by its key in the files
    #[arg(value_name = "PROJECT")]
    pub project: String,
    /// The token, by its id (see `tokens list`)
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// The token's name, in place of typing it when asked
    #[arg(long, value_name = "NAME", env = "MIXACCESS_CONFIRM_NAME")]
    pub confirm_name: Option<String>,
    /// Where the new value goes.
    #[command(flatten)]
    pub secrets: SecretTarget,
    /// Where the new value is kept when it cannot be handed over.
    #[command(flatten)]
    pub state: StateDir,
    /// How to talk to the service.
    #[command(flatten)]
    pub connection: Connection,
}

/// `schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaOf::Access)]
    pub of: SchemaOf,
}

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The files below the config directory.
    Access,
    /// The plan file.
    Plan,
    /// The live-state file.
    Live,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// Write one page a command into this directory instead of printing the first page
    #[arg(short, long, value_name = "DIR", env = "MIXACCESS_MAN_OUT")]
    pub out: Option<PathBuf>,
}

/// `emulator`
#[derive(Debug, Args)]
pub struct Emulator {
    /// The organization to serve, in YAML or JSON; without it the demo's
    #[arg(long, value_name = "FILE", env = "MIXACCESS_EMULATOR_SEED")]
    pub seed: Option<PathBuf>,
    /// Loopback address to serve on
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value_t = EMULATOR_ADDRESS,
        env = "MIXACCESS_EMULATOR_LISTEN"
    )]
    pub listen: SocketAddr,
    /// A fault to inject, such as "PUT /projects/*/members/* status=503 times=2"; may be repeated
    #[arg(long, value_name = "FAULT", env = "MIXACCESS_EMULATOR_FAULT")]
    pub fault: Vec<String>,
    /// How lists are answered, such as "bare", "map,string-ids" or "page=50:cursor"
    #[arg(long, value_name = "SHAPE", env = "MIXACCESS_EMULATOR_SHAPE")]
    pub shape: Option<String>,
    /// Milliseconds that every answer takes
    #[arg(
        long,
        value_name = "MILLISECONDS",
        default_value_t = 0,
        env = "MIXACCESS_EMULATOR_LATENCY"
    )]
    pub latency: u64,
    /// Write the organization as it is then to this file when stopped
    #[arg(long, value_name = "FILE", env = "MIXACCESS_EMULATOR_SAVE")]
    pub save: Option<PathBuf>,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to leave the files, plans and journals; must not exist or be a former demo's
    #[arg(
        long,
        value_name = "DIR",
        default_value = "mixaccess-demo",
        env = "MIXACCESS_DEMO_DIRECTORY"
    )]
    pub directory: PathBuf,
}
