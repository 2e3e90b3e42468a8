//! What every command is handed: the common options, the console, the environment and the instant.

use std::path::Path;

use jiff::Timestamp;
use mixaccess_config::{Diagnostic, LoadOptions, Loaded, RenderStyle, Resolved};
use mixaccess_model::{DesiredState, Finding, OrganizationId, Severity};
use mixaccess_report::{Redaction, RenderOptions, ReportError, Verbosity};

use crate::args::{Common, DEFAULT_CONFIG, Format};
use crate::clock;
use crate::console::{Console, Loudness};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::wording::counted;

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
    /// The options that chose the files, to repeat in the commands that are told.
    chosen: Vec<String>,
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
        let chosen = chosen(&common);
        Self { common, console, environment, now: clock::now(), chosen }
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
        if loaded.has_errors() {
            self.show_problems(loaded.diagnostics(), &loaded)?;
            return Err(files_failed(loaded.diagnostics()));
        }
        let instant = self.instant(&loaded)?;
        match loaded.resolve(instant) {
            Ok(Resolved { state, .. }) => Ok((loaded, state)),
            Err(diagnostics) => {
                self.show_problems(&diagnostics, &loaded)?;
                Err(files_failed(&diagnostics))
            }
        }
    }

    /// Shows what is wrong with the files on stderr: with the lines, which name people, unless redacted.
    pub(crate) fn show_problems(
        &self,
        problems: &[Diagnostic],
        loaded: &Loaded,
    ) -> Result<(), Failure> {
        let color = self.console.color_on_stderr;
        let text = match self.redaction_for(loaded) {
            None => {
                let style = RenderStyle { color, width: self.console.width };
                mixaccess_config::render(problems, loaded, style)
            }
            redaction @ Some(_) => {
                let findings: Vec<Finding> = problems.iter().map(Diagnostic::to_finding).collect();
                let options = RenderOptions { color, ..self.rendering(redaction.as_ref()) };
                mixaccess_report::findings(&findings, mixaccess_report::Format::Human, &options)?
            }
        };
        Console::raw_stderr(&text);
        Ok(())
    }

    /// The pseudonyms of `--redact` for these files, also when they do not say whose they are.
    pub(crate) fn redaction_for(&self, loaded: &Loaded) -> Option<Redaction> {
        self.redaction(loaded.organization().map_or(OrganizationId(0), |one| one.id))
    }

    /// A failure as it may be shown: with `--redact`, addresses in it become pseudonyms.
    pub(crate) fn shown(&self, failure: Failure) -> Failure {
        if !self.common.redact {
            return failure;
        }
        match self.redaction_for(&self.load()) {
            Some(redaction) => failure.map_text(|text| redaction.text(text)),
            None => failure,
        }
    }

    /// The pseudonyms of `--redact`, salted with the organization.
    pub(crate) fn redaction(&self, organization: OrganizationId) -> Option<Redaction> {
        self.common.redact.then(|| Redaction::new(organization))
    }

    /// How to render a result.
    pub(crate) fn rendering<'a>(&'a self, redaction: Option<&'a Redaction>) -> RenderOptions<'a> {
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
            chosen: &self.chosen,
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

fn chosen(common: &Common) -> Vec<String> {
    let mut chosen = Vec::new();
    if common.config != Path::new(DEFAULT_CONFIG) {
        chosen.extend(["--config".to_owned(), common.config.display().to_string()]);
    }
    if let Some(key) = &common.organization {
        chosen.extend(["--organization".to_owned(), key.clone()]);
    }
    chosen
}

fn files_failed(diagnostics: &[Diagnostic]) -> Failure {
    let errors = diagnostics.iter().filter(|one| one.severity() == Severity::Error).count();
    Failure::new(format!("{} in the files, so nothing was done", counted(errors, "error")))
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Unsupported { .. } => {
                Self::new(error).hint("Use --format human, json or markdown.")
            }
            ReportError::Json(_) | ReportError::Yaml(_) => Self::new(error),
        }
    }
}
