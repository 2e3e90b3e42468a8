//! Edits of YAML text in place: only the bytes that must change, so that comments, order and layout stay.

mod insert;
mod remove;

use std::ops::Range;

use mixaccess_config::layout::{Field, FileLayout, Shape, Value};

pub(crate) use insert::{Block, field, item, lines_after};
pub(crate) use remove::{remove_field, remove_item, remove_lines};

/// What replaces a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
    /// How deep new lines are indented: where several begin at one place, the deeper belong to what
    /// stands above.
    pub(crate) depth: usize,
}

impl Edit {
    pub(crate) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into(), depth: 0 }
    }
}

/// Why something cannot be edited in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stuck {
    /// A YAML alias or anchor: an edit would show elsewhere, or cannot be made here.
    #[error("it is shared by a YAML anchor; edit it by hand")]
    Shared,
    /// A value of another kind than is edited.
    #[error("it is written in a way that is not edited; edit it by hand")]
    Unusual,
}

/// Replaces a value by text that is YAML.
pub(crate) fn replace(value: &Value, text: &str) -> Result<Edit, Stuck> {
    if value.is_anchored || value.shape == Shape::Alias {
        return Err(Stuck::Shared);
    }
    let is_absent = value.shape == Shape::Nothing && value.range.is_empty();
    let blank = if is_absent { " " } else { "" };
    Ok(Edit::new(value.range.clone(), format!("{blank}{text}")))
}

/// Applies edits to a text. One that meets an earlier one is left for the next round.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut in_order: Vec<&Edit> = edits.iter().collect();
    in_order.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.depth)));
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for edit in in_order {
        let Some(kept) = text.get(done..edit.range.start) else { continue };
        out.push_str(kept);
        out.push_str(&edit.text);
        done = edit.range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Where the line of a byte begins.
fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// Where the line of a byte ends, in front of what ends it.
fn line_stop(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.find('\n').unwrap_or(rest.len());
    let line = rest.get(..length).unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Where the next line begins, or the end of the text.
fn next_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find('\n').map_or(rest.len(), |end| end + 1)
}

/// Columns in front of a byte, when nothing but blanks, dashes and a byte order mark is there.
fn column(text: &str, at: usize) -> usize {
    let line = text.get(line_start(text, at)..at).unwrap_or_default();
    line.trim_start_matches('\u{feff}').chars().count()
}

/// Where the last line of a declaration is: its value, and the deeper comments right below.
pub(crate) fn last_line(layout: &FileLayout, field: &Field) -> usize {
    let text = &layout.text;
    let depth = column(text, field.key_range.start);
    let mut last = field.value.range.end.max(field.key_range.end);
    let mut next = next_line(text, last);
    while next < text.len() {
        let line = text.get(next..line_stop(text, next)).unwrap_or_default();
        let comment = line.trim_start_matches(' ');
        if !comment.starts_with('#') || line.len() - comment.len() <= depth {
            break;
        }
        last = next;
        next = next_line(text, next);
    }
    last
}
