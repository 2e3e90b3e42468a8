//! What every command is handed: the common options, the console, the environment and the instant.

use jiff::Timestamp;
use mixaccess_config::{LoadOptions, Loaded, RenderStyle, Resolved};
use mixaccess_model::{DesiredState, OrganizationId, Severity};
use mixaccess_report::{Redaction, RenderOptions, Verbosity};

use crate::args::{Common, Format};
use crate::clock;
use crate::console::{Console, Loudness};
use crate::environment::Environment;
use crate::failure::Failure;

/// Name and version, as written into plans and journals.
pub(crate) const MADE_BY: &str = concat!("mixaccess ", env!("CARGO_PKG_VERSION"));

/// What every command is handed.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The common options.
    pub(crate) common: Common,
    /// Where to print.
    pub(crate) console: Console,
    /// Where to look variables up.
    pub(crate) environment: Environment,
    /// The present instant.
    pub(crate) now: Timestamp,
}

impl Context {
    /// Looks at the options and the terminal.
    pub(crate) fn new(common: Common, environment: Environment) -> Self {
        let loudness = if common.quiet {
            Loudness::Quiet
        } else if common.verbose {
            Loudness::Verbose
        } else {
            Loudness::Normal
        };
        let console = Console::detect(common.no_color, common.width, loudness);
        Self { common, console, environment, now: clock::now() }
    }

    /// Reads the files. Errors in them are in the result.
    pub(crate) fn load(&self) -> Loaded {
        mixaccess_config::load(&LoadOptions {
            root: self.common.config.clone(),
            organization: self.common.organization.clone(),
        })
    }

    /// The instant to resolve the files for: `--at`, or now.
    ///
    /// # Errors
    /// When `--at` is no instant.
    pub(crate) fn instant(&self, loaded: &Loaded) -> Result<Timestamp, Failure> {
        match &self.common.at {
            None => Ok(self.now),
            Some(text) => loaded.parse_instant(text).map_err(|error| {
                Failure::new(format!("--at: {error}"))
                    .hint("Write a date (2026-12-01), or a date and time (2026-12-01T09:00 or 2026-12-01T09:00:00Z).")
            }),
        }
    }

    /// Reads and resolves the files, and reports what is wrong with them on stderr.
    ///
    /// # Errors
    /// When the files have errors.
    pub(crate) fn desired(&self) -> Result<(Loaded, DesiredState), Failure> {
        let loaded = self.load();
        let style = RenderStyle { color: self.console.color_on_stderr, width: self.console.width };
        if loaded.has_errors() {
            let text = mixaccess_config::render(loaded.diagnostics(), &loaded, style);
            Console::raw_stderr(&text);
            return Err(files_failed(loaded.diagnostics()));
        }
        let instant = self.instant(&loaded)?;
        match loaded.resolve(instant) {
            Ok(Resolved { state, .. }) => Ok((loaded, state)),
            Err(diagnostics) => {
                Console::raw_stderr(&mixaccess_config::render(&diagnostics, &loaded, style));
                Err(files_failed(&diagnostics))
            }
        }
    }

    /// The pseudonyms of `--redact`, salted with the organization.
    pub(crate) fn redaction(&self, organization: OrganizationId) -> Option<Redaction> {
        self.common.redact.then(|| Redaction::new(organization))
    }

    /// How to render a result.
    pub(crate) fn rendering<'a>(&self, redaction: Option<&'a Redaction>) -> RenderOptions<'a> {
        RenderOptions {
            width: self.console.width,
            color: self.console.color,
            verbosity: match self.console.loudness {
                Loudness::Quiet => Verbosity::Quiet,
                Loudness::Normal => Verbosity::Normal,
                Loudness::Verbose => Verbosity::Verbose,
            },
            redact: redaction,
            now: Some(self.now),
            ..RenderOptions::default()
        }
    }

    /// The format of the result, as the renderers name it.
    pub(crate) const fn format(&self) -> mixaccess_report::Format {
        match self.common.format {
            Format::Human => mixaccess_report::Format::Human,
            Format::Json => mixaccess_report::Format::Json,
            Format::Markdown => mixaccess_report::Format::Markdown,
            Format::Sarif => mixaccess_report::Format::Sarif,
            Format::Junit => mixaccess_report::Format::Junit,
        }
    }
}

fn files_failed(diagnostics: &[mixaccess_config::Diagnostic]) -> Failure {
    let errors = diagnostics.iter().filter(|one| one.severity() == Severity::Error).count();
    let plural = if errors == 1 { "" } else { "s" };
    Failure::new(format!("{errors} error{plural} in the files, so nothing was done"))
}

impl From<mixaccess_report::ReportError> for Failure {
    fn from(error: mixaccess_report::ReportError) -> Self {
        Self::new(error)
    }
}
