//! `validate`: checks the files, without credentials.

use mixaccess_config::{Diagnostic, RenderStyle};
use mixaccess_model::{Finding, Severity};

use crate::args::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CommandResult;
use crate::wording::counted;

pub(super) fn run(context: &Context) -> CommandResult {
    let loaded = context.load();
    let mut diagnostics: Vec<Diagnostic> = loaded.diagnostics().to_vec();
    let mut denied = Vec::new();
    let mut tally = None;
    if !loaded.has_errors() {
        match loaded.resolve(context.instant(&loaded)?) {
            Ok(resolved) => {
                diagnostics.extend(resolved.diagnostics);
                denied = denied_by_rules(&resolved.state);
                tally = Some((resolved.state.collaborators.len(), resolved.state.projects.len()));
            }
            Err(errors) => diagnostics.extend(errors),
        }
    }
    let failed = diagnostics.iter().any(|one| one.severity() == Severity::Error);
    let refused = denied.iter().any(|finding| finding.severity == Severity::Error);
    let redaction = context.redaction_for(&loaded);
    let options = context.rendering(redaction.as_ref());
    let mut text = if context.common.format == Format::Human && !context.common.redact {
        let style = RenderStyle { color: context.console.color, width: context.console.width };
        let mut text = mixaccess_config::render(&diagnostics, &loaded, style);
        if !denied.is_empty() {
            text.push_str(&mixaccess_report::findings(&denied, context.format(), &options)?);
        }
        text
    } else {
        let mut findings: Vec<Finding> = diagnostics.iter().map(Diagnostic::to_finding).collect();
        findings.extend(denied);
        mixaccess_report::findings(&findings, context.format(), &options)?
    };
    if let Some((collaborators, projects)) = tally
        && !refused
        && context.common.format == Format::Human
    {
        text.push_str(&format!(
            "The files are valid: {}, {}.\n",
            counted(collaborators, "collaborator"),
            counted(projects, "project")
        ));
    }
    context.console.result(&text)?;
    Ok(match (failed, refused) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Refused,
        (false, false) => Exit::Done,
    })
}

/// Declarations that a rule of the policy denies: errors, unless an override lets them pass.
fn denied_by_rules(desired: &mixaccess_model::DesiredState) -> Vec<Finding> {
    mixaccess_planner::guard::denied_declarations(desired)
        .into_iter()
        .map(|verdict| {
            let severity = match verdict.overridden_by {
                Some(_) => Severity::Warning,
                None => Severity::Error,
            };
            let mut finding = Finding::new(severity, "rule", verdict.message)
                .with_hint(verdict.way_past)
                .at(verdict.place);
            finding.subject = verdict.subject;
            finding
        })
        .collect()
}
