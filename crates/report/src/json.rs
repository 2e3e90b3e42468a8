//! Values as JSON.

use mixaccess_model::{ChangeId, Plan, ProjectId, Subject, printable};
use serde::Serialize;

use crate::gain::ByPower;
use crate::kind::Kind;
use crate::{Culprit, Purpose, RenderOptions, ReportError, diff};

/// What a redacted value says of itself.
const REDACTED: &str = "Everything that identifies a person is a pseudonym. \
    This can be read, not applied: its digests are those of the original.";

/// A plan, with what a rendering adds to it. With nothing added it is the plan file itself.
#[derive(Serialize)]
struct Rendered<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<&'static str>,
    #[serde(flatten)]
    plan: &'a Plan,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed_by: Vec<ChangedBy<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diffs: Vec<SubjectDiff<'a>>,
}

#[derive(Serialize)]
struct ChangedBy<'a> {
    change: &'a ChangeId,
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectId>,
    #[serde(flatten)]
    culprit: &'a Culprit,
}

#[derive(Serialize)]
struct SubjectDiff<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    diff: String,
}

/// Renders a plan: the plan file, and beside it who changed what and the unified diffs when asked for.
pub(crate) fn plan(plan: &Plan, options: &RenderOptions<'_>) -> Result<String, ReportError> {
    let changed_by = match options.purpose {
        Purpose::Drift { culprits } => plan
            .content
            .changes
            .iter()
            .filter_map(|change| {
                let culprit = culprits.get(&change.id)?;
                let project = change.write.project().map(|project| project.id);
                Some(ChangedBy { change: &change.id, subject: &change.subject, project, culprit })
            })
            .collect(),
        Purpose::Plan | Purpose::Undo | Purpose::Apply => Vec::new(),
    };
    let kind = Kind::of(plan, options.purpose);
    let mut diffs = Vec::new();
    if options.diff {
        for (subject, diff) in diff::each(plan, kind, &ByPower::of_plan(plan, kind)) {
            diffs.push(SubjectDiff { subject, diff: diff? });
        }
    }
    let redacted = options.redact.map(|_| REDACTED);
    text(&Rendered { redacted, plan, changed_by, diffs })
}

/// Pretty JSON in which nothing steers a terminal: what [`printable`] would escape is written as
/// `\uXXXX`, which reads back as the same value.
pub(crate) fn text(value: &impl Serialize) -> Result<String, ReportError> {
    let mut json = serde_json::to_string_pretty(value)?;
    if json.split('\n').all(|line| matches!(printable(line), std::borrow::Cow::Borrowed(_))) {
        json.push('\n');
        return Ok(json);
    }
    let mut safe = String::with_capacity(json.len() + 1);
    for line in json.split('\n') {
        if matches!(printable(line), std::borrow::Cow::Borrowed(_)) {
            safe.push_str(line);
        } else {
            escape(line, &mut safe);
        }
        safe.push('\n');
    }
    Ok(safe)
}

fn escape(line: &str, out: &mut String) {
    let (mut utf8, mut utf16) = ([0; 4], [0; 2]);
    for character in line.chars() {
        let one: &str = character.encode_utf8(&mut utf8);
        if matches!(printable(one), std::borrow::Cow::Borrowed(_)) {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut utf16) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_reads_back() {
        let hostile = "a\u{1b}[31m\u{9b}\u{202e}\u{e0041}\u{7f} Zoë 中村\n";
        let json = text(&[hostile]).unwrap();
        assert_eq!(
            json,
            "[\n  \"a\\u001b[31m\\u009b\\u202e\\udb40\\udc41\\u007f Zoë 中村\\n\"\n]\n"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [hostile]);
    }
}
