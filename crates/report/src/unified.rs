//! Unified diffs of texts, line by line.
//!
//! The library finds which lines differ; the few lines of notation around them are written here, which
//! spares its machinery for every kind of text.

use std::fmt::{self, Write as _};
use std::ops::Range;

use mixaccess_model::printable;
use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffOp, group_diff_ops};

use crate::page::Tone;

/// Lines of unchanged text shown around a change.
const CONTEXT: usize = 3;

/// A file before and after an edit.
#[derive(Clone, Copy, Debug)]
pub struct FileDiff<'a> {
    /// What to call the file, as in `access/people/ana.yaml`.
    pub name: &'a str,
    /// Its text before; none if it is new.
    pub before: Option<&'a str>,
    /// Its text after; none if it is deleted.
    pub after: Option<&'a str>,
}

impl FileDiff<'_> {
    /// The unified diff, its header included, ending in a line feed. Nothing in the file or its name
    /// steers a terminal.
    pub fn text(&self, color: bool) -> String {
        let side = |text: Option<&str>| match text {
            Some(_) => printable(self.name).into_owned(),
            None => "/dev/null".to_owned(),
        };
        let mut text = format!("--- {}\n+++ {}\n", side(self.before), side(self.after));
        let lines = unified(self.before.unwrap_or_default(), self.after.unwrap_or_default());
        if !color {
            text.push_str(&lines);
            return text;
        }
        for line in lines.lines() {
            let style = tone(line).style();
            text.push_str(&format!("{style}{line}{style:#}\n"));
        }
        text
    }
}

/// How a line of a unified diff is shown.
pub(crate) fn tone(line: &str) -> Tone {
    match line.as_bytes().first() {
        Some(b'+') => Tone::Good,
        Some(b'-') => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// The hunks that make the second text of the first, without a header; empty when they are equal.
/// Control characters of either are escaped. Line ends are compared and not shown.
pub(crate) fn unified(before: &str, after: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut text = String::new();
    for hunk in group_diff_ops(differences(&old, &new), CONTEXT) {
        write_hunk(&mut text, &hunk, &old, &new);
    }
    text
}

fn differences(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let mut ops = Compact::new(Replace::new(Capture::new()), old, new);
    // Capturing cannot fail: its error type has no values.
    let Ok(()) = myers::diff(&mut ops, old, 0..old.len(), new, 0..new.len());
    ops.into_inner().into_inner().into_ops()
}

fn write_hunk(text: &mut String, hunk: &[DiffOp], old: &[&str], new: &[&str]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let (before, after) = (
        Lines(first.old_range().start..last.old_range().end),
        Lines(first.new_range().start..last.new_range().end),
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "@@ -{before} +{after} @@");
    for op in hunk {
        let kept = matches!(op, DiffOp::Equal { .. });
        write_lines(text, if kept { ' ' } else { '-' }, old.get(op.old_range()));
        if !kept {
            write_lines(text, '+', new.get(op.new_range()));
        }
    }
}

fn write_lines(text: &mut String, sign: char, lines: Option<&[&str]>) {
    for line in lines.unwrap_or_default() {
        text.push(sign);
        text.push_str(&printable(line.trim_end_matches(['\n', '\r'])));
        text.push('\n');
    }
}

/// Lines of one side, as a hunk's header names them: the first counted from one, and how many unless
/// it is one. No lines are named by the line before them.
struct Lines(Range<usize>);

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            0 => write!(f, "{},0", self.0.start),
            1 => write!(f, "{}", self.0.start + 1),
            count => write!(f, "{},{count}", self.0.start + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunks(before: &str, after: &str) -> Vec<String> {
        unified(before, after).lines().map(str::to_owned).collect()
    }

    #[test]
    fn equal_texts_have_no_hunks() {
        assert_eq!(unified("a\nb\n", "a\nb\n"), "");
        assert_eq!(unified("", ""), "");
    }

    #[test]
    fn a_change_is_shown_with_three_lines_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace('5', "five");
        assert_eq!(
            hunks(before, &after),
            ["@@ -2,7 +2,7 @@", " 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8"]
        );
    }

    #[test]
    fn distant_changes_are_hunks_of_their_own() {
        let before: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let after = before.replace("2\n3\n", "3\n").replace("19\n", "19\nnew\n");
        let headers: Vec<String> =
            hunks(&before, &after).into_iter().filter(|line| line.starts_with('@')).collect();
        assert_eq!(headers, ["@@ -1,5 +1,4 @@", "@@ -17,4 +16,5 @@"]);
    }

    #[test]
    fn what_is_new_or_gone_is_named_by_the_line_before() {
        assert_eq!(hunks("", "a\nb\n"), ["@@ -0,0 +1,2 @@", "+a", "+b"]);
        assert_eq!(hunks("a\n", ""), ["@@ -1 +0,0 @@", "-a"]);
    }

    #[test]
    fn files_are_named_and_nothing_steers_a_terminal() {
        let file =
            FileDiff { name: "a\u{1b}[2J.yaml", before: None, after: Some("role: \u{1b}[31m\n") };
        assert_eq!(
            file.text(false),
            "--- /dev/null\n+++ a\\u{1b}[2J.yaml\n@@ -0,0 +1 @@\n+role: \\u{1b}[31m\n"
        );
        let gone = FileDiff { name: "b.yaml", before: Some("b\n"), after: None };
        assert_eq!(
            gone.text(true),
            "--- b.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n\u{1b}[1m\u{1b}[31m-b\u{1b}[0m\n"
        );
    }
}
