//! Options of the commands that write the files.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::{Connection, LiveSource, StateDir};

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Write a small commented tree to start from; asks nobody
    #[arg(long, env = "MIXACCESS_SCAFFOLD", value_parser = FalseyValueParser::new(), conflicts_with_all = ["offline", "csv", "live"])]
    pub scaffold: bool,
    /// Write everything into one file instead of one for each person
    #[arg(long, env = "MIXACCESS_ONE_FILE", value_parser = FalseyValueParser::new())]
    pub one_file: bool,
    /// Take people from this list: Mixpanel's member list or invitations in bulk, in CSV; may be repeated
    #[arg(long, value_name = "FILE", env = "MIXACCESS_CSV")]
    pub csv: Vec<PathBuf>,
    /// Ask nobody: the lists and --project say everything
    #[arg(long, env = "MIXACCESS_OFFLINE", value_parser = FalseyValueParser::new(), requires = "csv", conflicts_with = "live")]
    pub offline: bool,
    /// With --offline, a project by name and number; may be repeated, or given with commas between
    #[arg(long, value_name = "NAME=NUMBER", env = "MIXACCESS_INIT_PROJECT")]
    pub project: Vec<String>,
    /// The organization's number, as Mixpanel shows it in the organization settings
    #[arg(long, value_name = "NUMBER", env = "MIXPANEL_ORGANIZATION_ID")]
    pub organization_id: Option<u64>,
    /// The organization's name, where the service does not tell it
    #[arg(long, value_name = "NAME", env = "MIXACCESS_ORGANIZATION_NAME")]
    pub name: Option<String>,
    /// Where the organization's data lives
    #[arg(long, value_enum, default_value_t = RegionWord::Us, env = "MIXACCESS_REGION")]
    pub region: RegionWord,
    /// The identity provider that manages people through SCIM
    #[arg(long, value_enum, env = "MIXACCESS_IDENTITY_PROVIDER")]
    pub identity_provider: Option<ProviderWord>,
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

/// Where an organization's data lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RegionWord {
    /// United States.
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
}

/// Products that manage people through SCIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderWord {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// OneLogin.
    Onelogin,
}

/// `adopt`
#[derive(Debug, Args)]
pub struct Adopt {
    /// Whose live access to write into the files, declared or not
    #[arg(value_name = "EMAIL")]
    pub people: Vec<String>,
    /// Everything that differs, and everybody who is live and not in the files
    #[arg(long, env = "MIXACCESS_ADOPT_ALL", value_parser = FalseyValueParser::new())]
    pub all: bool,
    /// What is live in this project, by its key or number; an undeclared one is declared; may be repeated
    #[arg(long, value_name = "PROJECT", env = "MIXACCESS_PROJECT", value_delimiter = ',')]
    pub project: Vec<String>,
    /// What is live of this declared team, by its key or its name at Mixpanel; may be repeated
    #[arg(long, value_name = "TEAM", env = "MIXACCESS_TEAM")]
    pub team: Vec<String>,
    /// What is live of this declared service account, by its name; may be repeated
    #[arg(long, value_name = "NAME", env = "MIXACCESS_SERVICE_ACCOUNT")]
    pub service_account: Vec<String>,
    /// Do not ask before writing
    #[arg(long, env = "MIXACCESS_YES", value_parser = FalseyValueParser::new())]
    pub yes: bool,
    /// Also edit files that git does not have as they are
    #[arg(long, env = "MIXACCESS_ALLOW_UNCOMMITTED", value_parser = FalseyValueParser::new())]
    pub allow_uncommitted: bool,
    /// The ticket to write beside what is adopted
    #[arg(long, value_name = "TICKET", env = "MIXACCESS_TICKET")]
    pub ticket: Option<String>,
    /// The reason to write beside what is adopted
    #[arg(long, value_name = "TEXT", env = "MIXACCESS_REASON")]
    pub reason: Option<String>,
    /// Who asked for it
    #[arg(long, value_name = "WHO", env = "MIXACCESS_REQUESTED_BY")]
    pub requested_by: Option<String>,
    /// Who approved it
    #[arg(long, value_name = "WHO", env = "MIXACCESS_APPROVED_BY")]
    pub approved_by: Option<String>,
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
