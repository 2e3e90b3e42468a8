//! Findings on their own.

use mixaccess_model::{Finding, Severity};
use serde::Serialize;

use crate::page::{Page, Tone};
use crate::{
    Format, RenderOptions, ReportError, Verbosity, human, json, junit, markdown, sarif, words,
};

/// Findings as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    errors: usize,
    warnings: usize,
    notes: usize,
    findings: &'a [Finding],
}

/// Renders findings.
pub(crate) fn render(
    findings: &[Finding],
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    let of = |severity| findings.iter().filter(move |one| one.severity == severity);
    let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| of(severity).collect::<Vec<_>>());
    let verdict = verdict(errors.len(), warnings.len(), notes.len());
    match format {
        Format::Json => json::text(&Listed {
            errors: errors.len(),
            warnings: warnings.len(),
            notes: notes.len(),
            findings,
        }),
        Format::Sarif => sarif::findings(findings),
        Format::Junit => Ok(junit::findings(findings)),
        Format::Markdown => Ok(markdown::findings(&verdict, &[&errors, &warnings, &notes])),
        Format::Human => {
            let mut page = Page::new(options.width, options.color);
            page.wrap(0, 2, &[(Tone::Strong, &verdict)]);
            human::findings(&mut page, "Errors", &errors, usize::MAX);
            human::findings(&mut page, "Warnings", &warnings, usize::MAX);
            if options.verbosity > Verbosity::Quiet {
                human::findings(&mut page, "Notes", &notes, usize::MAX);
            }
            Ok(page.finish())
        }
    }
}

fn verdict(errors: usize, warnings: usize, notes: usize) -> String {
    let parts: Vec<String> =
        [(errors, "error", "errors"), (warnings, "warning", "warnings"), (notes, "note", "notes")]
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| words::counted(count, one, many))
            .collect();
    if parts.is_empty() {
        "Nothing found".to_owned()
    } else {
        format!("Found {}", parts.join(", "))
    }
}
