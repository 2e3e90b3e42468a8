//! What people and machines see of a plan, of findings, of checks and of an explanation.
//!
//! One traversal, the outline, turns a value of the model into a small tree of meaning. Every format
//! only styles that tree, so that all formats say the same. Text from files, plans and server answers
//! is escaped where a format writes it, never before.

mod capability;
mod checks;
mod closing;
mod diff;
mod effective;
mod explain;
mod findings;
mod gain;
mod governing;
mod human;
mod json;
mod junit;
mod kind;
mod manual;
mod markdown;
mod markup;
mod options;
mod outline;
mod page;
mod project_labels;
mod redact;
mod redact_text;
mod row;
mod sarif;
mod subjects;
mod totals;
mod unified;
mod verdict;
mod words;

use mixaccess_model::{Finding, Plan};

pub use checks::{Check, Status};
pub use diff::diff;
pub use explain::{
    ChainEntry, Decision, ExplainDeclared, ExplainLive, ExplainProject, ExplainTeam, ExplainView,
    NextChange, Wanted,
};
pub use options::{Culprit, Culprits, Format, FormatError, Purpose, RenderOptions, Verbosity};
pub use redact::Redaction;
pub use unified::FileDiff;

use outline::Outline;
use project_labels::ProjectLabels;

/// Why something cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The format is for findings only.
    #[error("{what} cannot be shown as {format}")]
    Unsupported {
        /// What was to be shown.
        what: &'static str,
        /// The format that was asked for.
        format: Format,
    },
    /// The value cannot be written as JSON, which no valid value causes.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Somebody's access cannot be written as YAML, which no valid plan causes.
    #[error("cannot write YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
}

/// A paragraph for a terminal, wrapped at spaces and ending in a line feed; what follows the first line
/// hangs by so many columns. A word longer than the line stays whole, so that it can be copied.
pub fn paragraph(text: &str, indent: usize, hang: usize, width: usize) -> String {
    let mut page = page::Page::new(width, false);
    page.wrap(indent, hang, &[(page::Tone::Plain, text)]);
    page.finish()
}

/// Renders a plan, ending in a line feed.
///
/// # Errors
/// When the plan cannot be serialized, which no valid plan causes.
pub fn plan(
    plan: &Plan,
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    let Some(redaction) = options.redact else {
        return render(plan, format, options);
    };
    let redaction = redaction.knowing(plan);
    let redacted = redaction.plan(plan);
    let file = options.plan_file.map(|file| redaction.path(file));
    let chosen: Vec<String> = options.chosen.iter().map(|word| redaction.path(word)).collect();
    let culprits = match options.purpose {
        Purpose::Drift { culprits } => redaction.culprits(culprits),
        Purpose::Plan | Purpose::Undo | Purpose::Apply => Culprits::new(),
    };
    let purpose = match options.purpose {
        Purpose::Drift { .. } => Purpose::Drift { culprits: &culprits },
        other => other,
    };
    let plan_file = file.as_deref();
    render(&redacted, format, &RenderOptions { purpose, plan_file, chosen: &chosen, ..*options })
}

fn render(plan: &Plan, format: Format, options: &RenderOptions<'_>) -> Result<String, ReportError> {
    let labels = ProjectLabels::of(&plan.content.projects);
    let outline = || Outline::of(plan, &labels, options);
    match format {
        Format::Json => json::plan(plan, options),
        Format::Human => human::plan(&outline(), options),
        Format::Markdown => markdown::plan(&outline(), options),
        Format::Sarif => sarif::plan(&outline(), options),
        Format::Junit => Ok(junit::plan(&outline())),
    }
}

/// Renders findings on their own, as `validate` does. The human form has no source lines: the command
/// line draws those.
///
/// # Errors
/// When a finding cannot be serialized, which no valid finding causes.
pub fn findings(
    findings: &[Finding],
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    match options.redact {
        Some(redaction) => {
            let redacted = redaction.knowing_findings(findings).findings(findings);
            findings::render(&redacted, format, options)
        }
        None => findings::render(findings, format, options),
    }
}

/// Renders named checks, as `doctor` does.
///
/// # Errors
/// [`ReportError::Unsupported`] for SARIF, which has no notion of a check that passed.
pub fn checks(
    checks: &[Check],
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    match options.redact {
        Some(redaction) => checks::render(&redaction.checks(checks), format, options),
        None => checks::render(checks, format, options),
    }
}

/// Renders what somebody should have, why, what they have, and what they can do with it.
///
/// # Errors
/// [`ReportError::Unsupported`] for SARIF and JUnit.
pub fn explain(
    view: &ExplainView,
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    match options.redact {
        Some(redaction) => explain::render(&redaction.explanation(view), format, options),
        None => explain::render(view, format, options),
    }
}

#[cfg(test)]
#[path = "../examples/sample/mod.rs"]
mod sample;
#[cfg(test)]
mod tests;
