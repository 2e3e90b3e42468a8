//! Findings, checks and explanations as Markdown.

use mixaccess_model::Finding;

use super::{CLOSING, Comment, LIMIT, finding};
use crate::checks::{Check, Status};
use crate::explain::{self, ExplainProject, ExplainView};
use crate::markup::{code, text};
use crate::row;

/// Renders findings on their own, by severity.
pub(crate) fn findings(verdict: &str, lists: &[&[&Finding]; 3]) -> String {
    let heading = format!("<!-- mixaccess findings -->\n### {}\n\n", text(verdict));
    let mut comment = Comment { out: heading, limit: LIMIT };
    let all = lists.iter().flat_map(|list| list.iter());
    let left = comment.push_list(all.map(|one| format!("{}\n", finding(one))), LIMIT - CLOSING);
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more\n"));
    }
    comment.out
}

/// Renders checks.
pub(crate) fn checks(verdict: &str, checks: &[Check]) -> String {
    let mut comment = Comment { out: format!("### {}\n\n", text(verdict)), limit: LIMIT };
    comment.out.push_str("| | Check | Found | Remedy |\n|---|---|---|---|\n");
    let rows = checks.iter().map(|Check { name, status, message, remedy }| {
        let status = match status {
            Status::Fail | Status::Warn => format!("**{}**", status.as_str()),
            Status::Pass | Status::Skipped => status.as_str().to_owned(),
        };
        let remedy = remedy.as_deref().map(text).unwrap_or_default();
        format!("| {status} | {} | {} | {remedy} |\n", text(name), text(message))
    });
    let left = comment.push_list(rows, LIMIT - CLOSING);
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more\n"));
    }
    comment.out
}

/// Renders an explanation.
pub(crate) fn explanation(view: &ExplainView) -> String {
    let heading = format!("### {}\n\n", text(&explain::title(view)));
    let mut comment = Comment { out: heading, limit: LIMIT };
    for (label, value) in explain::facts(view) {
        comment.out.push_str(&format!("- {label}: {}\n", text(&value)));
    }
    comment.out.push_str("\n| Project | Declared | Effective | | Decided by |\n");
    comment.out.push_str("|---|---|---|---|---|\n");
    let rows = view.projects.iter().map(|project| {
        let [key, declared, effective, verdict, place] = explain::line(project);
        let cells = [code(&key), code(&declared), code(&effective), verdict, code(&place)];
        format!("| {} |\n", cells.join(" | "))
    });
    let mut left = comment.push_list(rows, LIMIT / 2);
    comment.out.push('\n');
    let told = |project: &&ExplainProject| {
        !project.chain.is_empty() || !explain::grants(project).is_empty()
    };
    let chains = view.projects.iter().filter(told).map(|project| {
        let mut block = format!(
            "<details><summary>Why, in {}</summary>\n\n",
            text(project.project.key.as_str())
        );
        let why = explain::why(project);
        if !why.is_empty() {
            block.push_str(&format!("{}\n\n", text(&why)));
        }
        let grants = explain::grants(project);
        if !grants.is_empty() {
            block.push_str(&format!("live: {}\n\n", text(&grants)));
        }
        for entry in &project.chain {
            let role = entry.role.as_ref().map_or("none", |role| role.as_str());
            let place = entry.place.as_ref().map(row::line_of).unwrap_or_default();
            let came = text(&explain::decision(&entry.decision));
            let line =
                format!("- {} {} {} - {came}\n", code(role), text(&entry.entry), code(&place));
            block.push_str(&line);
        }
        format!("{block}\n</details>\n\n")
    });
    left += comment.push_list(chains, LIMIT - 2 * CLOSING);
    for (role, can) in explain::abilities(view) {
        let line = format!("- {}: {}\n", text(&role), text(&can));
        left += usize::from(!comment.try_push(&line, LIMIT - CLOSING));
    }
    let findings = view.findings.iter().map(|one| format!("{}\n", finding(one)));
    left += comment.push_list(findings, LIMIT - CLOSING);
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more\n"));
    }
    comment.out
}
