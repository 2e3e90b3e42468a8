//! Named checks with pass, warn or fail and the remedy.

use serde::Serialize;

use crate::page::{Page, Table, Tone};
use crate::{Format, RenderOptions, ReportError, Verbosity, json, junit, markdown, words};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Pass,
    /// It works, and something deserves a look.
    Warn,
    /// It does not work.
    Fail,
    /// It was not tried, because something it needs failed or is absent.
    Skipped,
}

impl Status {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// One named check of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, a few words.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// What was found: a lowercase fragment.
    pub message: String,
    /// What to do about it: whole sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Checks as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    passed: usize,
    warned: usize,
    failed: usize,
    skipped: usize,
    checks: &'a [Check],
}

/// Renders checks.
pub(crate) fn render(
    checks: &[Check],
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    let count = |status| checks.iter().filter(|check| check.status == status).count();
    let [passed, warned, failed, skipped] =
        [Status::Pass, Status::Warn, Status::Fail, Status::Skipped].map(count);
    let verdict = verdict([passed, warned, failed, skipped]);
    match format {
        Format::Json => json::text(&Listed { passed, warned, failed, skipped, checks }),
        Format::Junit => Ok(junit::render("doctor", &[], &cases(checks))),
        Format::Markdown => Ok(markdown::checks(&verdict, checks)),
        Format::Human => Ok(human(checks, &verdict, options)),
        Format::Sarif => Err(ReportError::Unsupported { what: "a list of checks", format }),
    }
}

fn verdict(counts: [usize; 4]) -> String {
    let parts: Vec<String> = counts
        .into_iter()
        .zip(["passed", "warned", "failed", "skipped"])
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| {
            format!("{} {word}", words::number(u64::try_from(count).unwrap_or(u64::MAX)))
        })
        .collect();
    if parts.is_empty() { "No checks".to_owned() } else { format!("Checks: {}", parts.join(", ")) }
}

fn human(checks: &[Check], verdict: &str, options: &RenderOptions<'_>) -> String {
    let mut page = Page::new(options.width, options.color);
    let mut table = Table::default();
    for Check { name, status, message, remedy } in checks {
        let tone = match status {
            Status::Pass => Tone::Good,
            Status::Warn => Tone::Caution,
            Status::Fail => Tone::Bad,
            Status::Skipped => Tone::Dim,
        };
        if *status == Status::Pass && options.verbosity == Verbosity::Quiet {
            continue;
        }
        table.row([
            (tone, status.as_str().to_owned()),
            (Tone::Strong, name.clone()),
            (Tone::Plain, message.clone()),
        ]);
        if let Some(remedy) = remedy {
            let empty = || (Tone::Plain, String::new());
            table.row([empty(), empty(), (Tone::Caution, remedy.clone())]);
        }
    }
    table.write(&mut page, 0);
    page.blank();
    page.wrap(0, 2, &[(Tone::Strong, verdict)]);
    page.finish()
}

fn cases(checks: &[Check]) -> Vec<junit::Case> {
    checks
        .iter()
        .map(|Check { name, status, message, remedy }| {
            let mut text = message.clone();
            text.extend(remedy.as_ref().map(|remedy| format!(". {remedy}")));
            let outcome = match status {
                Status::Pass | Status::Warn => junit::Outcome::Passed,
                Status::Fail => junit::Outcome::Failed,
                Status::Skipped => junit::Outcome::Skipped,
            };
            junit::Case { class: "doctor", name: name.clone(), outcome, text }
        })
        .collect()
}
