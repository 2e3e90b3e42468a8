//! Events of the YAML reader to a tree of byte ranges.

use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};
use mixaccess_model::{FileIndex, Position};

use super::{Field, Shape, Style, Value};
use crate::diagnostic::Diagnostic;
use crate::document::{span_of, syntax};

/// The document of a file that was read without a problem before.
pub(super) fn root(
    file: FileIndex,
    name: &Arc<str>,
    text: &str,
) -> Result<Option<Value>, Diagnostic> {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut build = Build { file, text, open: Vec::new(), root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax(name, &error))?;
        build.event(event, span);
    }
    Ok(build.root.map(|(value, _)| value))
}

/// A list or mapping whose end has not been read.
struct Open {
    from: usize,
    is_anchored: bool,
    style: Style,
    position: Position,
    content: Content,
}

enum Content {
    List(Vec<Value>),
    Mapping { fields: Vec<Field>, key: Option<(Value, Position)> },
}

struct Build<'s> {
    file: FileIndex,
    text: &'s str,
    open: Vec<Open>,
    root: Option<(Value, Position)>,
}

impl Build<'_> {
    fn event(&mut self, event: Event<'_>, span: granit_parser::Span) {
        let position = span_of(span).position(self.file);
        let range = span.byte_range().unwrap_or_default();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_quoted = tag.is_some() || !matches!(style, ScalarStyle::Plain);
                let is_null = !is_quoted && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let shape = if is_null {
                    Shape::Nothing
                } else {
                    Shape::Scalar { text: text.into_owned(), is_quoted }
                };
                let range = if is_block { self.block(range) } else { range };
                self.place(Value { range, is_anchored: anchor > 0, shape }, position);
            }
            Event::Alias(_) => {
                self.place(Value { range, is_anchored: false, shape: Shape::Alias }, position);
            }
            Event::SequenceStart(style, anchor, _) => {
                self.begin(range, style, anchor, position, Content::List(Vec::new()));
            }
            Event::MappingStart(style, anchor, _) => {
                let content = Content::Mapping { fields: Vec::new(), key: None };
                self.begin(range, style, anchor, position, content);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            _ => {}
        }
    }

    fn begin(
        &mut self,
        range: Range<usize>,
        style: StructureStyle,
        anchor: usize,
        position: Position,
        content: Content,
    ) {
        let style = match style {
            StructureStyle::Block => Style::Block,
            StructureStyle::Flow => Style::Flow,
        };
        self.open.push(Open {
            from: range.start,
            is_anchored: anchor > 0,
            style,
            position,
            content,
        });
    }

    fn end(&mut self, end: usize) {
        let Some(Open { from, is_anchored, style, position, content }) = self.open.pop() else {
            return;
        };
        let (shape, block) = match content {
            Content::List(items) => {
                let last = items.last().map_or(from, |item| item.range.end);
                let first = items.first().and_then(|item| self.dash(item.range.start));
                (Shape::List { style, items }, first.unwrap_or(from)..last)
            }
            Content::Mapping { fields, .. } => {
                let last = fields.last().map_or(from, |field| field.value.range.end);
                (Shape::Mapping { style, fields }, from..last)
            }
        };
        // The reader says that what ends by indentation ends where the next thing begins, comments
        // included.
        let range = if style == Style::Block { block } else { from..end };
        self.place(Value { range, is_anchored, shape }, position);
    }

    fn place(&mut self, mut value: Value, position: Position) {
        match self.open.last_mut().map(|open| &mut open.content) {
            Some(Content::List(items)) => items.push(value),
            Some(Content::Mapping { fields, key }) => match key.take() {
                None => *key = Some((value, position)),
                Some((key, position)) => {
                    if value.shape == Shape::Nothing && value.range.is_empty() {
                        let at = behind_colon(self.text, key.range.end);
                        value.range = at..at;
                    }
                    fields.push(Field {
                        key: key.text().unwrap_or_default().to_owned(),
                        key_range: key.range,
                        position,
                        value,
                    });
                }
            },
            None => self.root = Some((value, position)),
        }
    }

    /// Where the dash of an item stands. The reader leaves the first one out of a list that is not
    /// indented.
    fn dash(&self, item: usize) -> Option<usize> {
        let before = self.text.get(..item)?.trim_end_matches([' ', '\t']);
        let rest = before.strip_suffix('-')?;
        (rest.is_empty() || rest.ends_with([' ', '\n'])).then_some(rest.len())
    }

    /// The range of a block of text: from its `|` or `>` to its last word. The reader says where its
    /// first line is.
    fn block(&self, range: Range<usize>) -> Range<usize> {
        let length = self.text.get(range.clone()).map_or(0, |text| text.trim_end().len());
        let end = range.start.saturating_add(length);
        let before = self.text.get(..range.start).unwrap_or_default().trim_end();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let head = line.split(" #").next().unwrap_or_default().trim_end();
        let head =
            head.trim_end_matches(|one: char| one.is_ascii_digit() || matches!(one, '+' | '-'));
        if head.ends_with(['|', '>']) {
            let line_start = before.len() - line.len();
            return line_start + head.len() - 1..end;
        }
        range.start..end
    }
}

/// Where the value of a key begins that has none: behind its colon, or behind the key itself.
fn behind_colon(text: &str, key_end: usize) -> usize {
    let rest = text.get(key_end..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    match rest.as_bytes().get(blanks) {
        Some(b':') => key_end.saturating_add(blanks).saturating_add(1),
        _ => key_end,
    }
}
