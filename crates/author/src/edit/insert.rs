//! Something new in a mapping, in a list, or below a line.

use mixaccess_config::layout::{FileLayout, Shape, Style, Value};

use super::{Edit, Stuck, column, line_stop, replace};
use crate::yaml::scalar;

/// Indented lines or one line that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A value on one line.
    Line(String),
    /// Keys and values.
    Fields(Vec<(String, Self)>),
}

impl Block {
    /// As one line.
    pub(crate) fn flow(&self) -> String {
        match self {
            Self::Line(text) => text.clone(),
            Self::Fields(fields) if fields.is_empty() => "{}".to_owned(),
            Self::Fields(fields) => {
                let pairs: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("{}: {}", scalar(key), value.flow()))
                    .collect();
                format!("{{ {} }}", pairs.join(", "))
            }
        }
    }

    /// As lines below a key, each with what ends it in front.
    pub(crate) fn below(&self, indent: usize, step: usize, end: &str) -> String {
        match self {
            Self::Line(text) => format!(" {text}"),
            Self::Fields(fields) if fields.is_empty() => " {}".to_owned(),
            Self::Fields(fields) => {
                let lines = fields.iter().map(|(key, value)| {
                    let below = value.below(indent + step, step, end);
                    format!("{end}{}{}:{below}", " ".repeat(indent), scalar(key))
                });
                lines.collect()
            }
        }
    }
}

/// Adds a key to a mapping: behind the field `after`, or behind all others. `indent` is where the keys of
/// the mapping would stand if it had lines of its own, `step` how much deeper the next level is.
pub(crate) fn field(
    layout: &FileLayout,
    mapping: &Value,
    after: Option<&str>,
    (key, value): (&str, &Block),
    (indent, step): (usize, usize),
) -> Result<Edit, Stuck> {
    if mapping.is_anchored {
        return Err(Stuck::Shared);
    }
    let one = Block::Fields(vec![(key.to_owned(), value.clone())]);
    match &mapping.shape {
        Shape::Alias => Err(Stuck::Shared),
        Shape::Scalar { .. } | Shape::List { .. } => Err(Stuck::Unusual),
        Shape::Nothing if mapping.range.is_empty() && indent > 0 => Ok(lines_after(
            layout,
            mapping.range.start,
            &one.below(indent, step, layout.line_end()),
        )),
        Shape::Nothing => replace(mapping, &one.flow()),
        Shape::Mapping { style: Style::Flow, fields } if fields.is_empty() => {
            Ok(from_empty(layout, mapping, &one, (indent, step)))
        }
        Shape::Mapping { style: Style::Flow, fields } => {
            let last = after.and_then(|after| fields.iter().find(|field| field.key == after));
            let at =
                last.or(fields.last()).map_or(mapping.range.end, |field| field.value.range.end);
            Ok(Edit::new(at..at, format!(", {}: {}", scalar(key), value.flow())))
        }
        Shape::Mapping { style: Style::Block, fields } => {
            let indent =
                fields.first().map_or(indent, |first| column(&layout.text, first.key_range.start));
            let last = after.and_then(|after| fields.iter().find(|field| field.key == after));
            let at = last
                .or(fields.last())
                .map_or(mapping.range.end, |field| field.value.range.end.max(field.key_range.end));
            Ok(lines_after(layout, at, &one.below(indent, step, layout.line_end())))
        }
    }
}

/// `{}` becomes lines where nothing stands behind it, and a mapping on one line where something does.
fn from_empty(
    layout: &FileLayout,
    mapping: &Value,
    one: &Block,
    (indent, step): (usize, usize),
) -> Edit {
    let text = &layout.text;
    let is_blank = |from: usize, to: usize| {
        text.get(from..to).is_some_and(|between| between.trim().is_empty())
    };
    let before = text.get(..mapping.range.start).unwrap_or_default().trim_end_matches(' ');
    let inside = mapping.range.start + 1;
    if !is_blank(inside, mapping.range.end.saturating_sub(1)) {
        let fields = one.flow();
        let fields = fields.trim_start_matches('{').trim_end_matches('}').trim_end().to_owned();
        return Edit::new(inside..inside, fields);
    }
    let ends_the_line = is_blank(mapping.range.end, line_stop(text, mapping.range.end));
    let in_block = before.ends_with(':') && ends_the_line && indent > 0;
    if in_block {
        let lines = one.below(indent, step, layout.line_end());
        return Edit::new(before.len()..mapping.range.end, lines);
    }
    Edit::new(mapping.range.clone(), one.flow())
}

/// Lines behind the line of a byte; each has what ends it in front.
pub(crate) fn lines_after(layout: &FileLayout, at: usize, lines: &str) -> Edit {
    let at = line_stop(&layout.text, at);
    let first = lines.trim_start_matches(['\r', '\n']);
    let depth = first.len() - first.trim_start_matches(' ').len();
    Edit { depth, ..Edit::new(at..at, lines) }
}

/// Adds an item to a list.
pub(crate) fn item(layout: &FileLayout, list: &Value, text: &str) -> Result<Edit, Stuck> {
    if list.is_anchored {
        return Err(Stuck::Shared);
    }
    match &list.shape {
        Shape::Alias => Err(Stuck::Shared),
        Shape::Mapping { .. } => Err(Stuck::Unusual),
        Shape::Nothing => replace(list, &format!("[{text}]")),
        Shape::Scalar { .. } => {
            let one = layout.text.get(list.range.clone()).unwrap_or_default();
            replace(list, &format!("[{one}, {text}]"))
        }
        Shape::List { items, .. } if items.is_empty() => replace(list, &format!("[{text}]")),
        Shape::List { style: Style::Flow, items } => {
            let at = items.last().map_or(list.range.end, |item| item.range.end);
            Ok(Edit::new(at..at, format!(", {text}")))
        }
        Shape::List { style: Style::Block, .. } => {
            let indent = " ".repeat(column(&layout.text, list.range.start));
            let line = format!("{}{indent}- {text}", layout.line_end());
            Ok(lines_after(layout, list.range.end, &line))
        }
    }
}
