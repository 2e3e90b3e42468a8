//! YAML text to a tree of nodes that know where they stand.
//!
//! The tree is untyped and tolerant, because every problem of a file is to be reported and a typed
//! reader stops at the first. Scalars keep the text that was written: `no`, `0123` and `1_000` are
//! what they are, and only the key that holds them decides how they are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Marker, Options, Parser, ScalarStyle, ScanError, Tag};

use crate::codes;
use crate::diagnostic::{Diagnostic, Span};

/// Deepest nesting that is read; declarations need seven.
pub(crate) const MAX_DEPTH: usize = 32;
/// Most nodes that one file may have, those that aliases repeat included.
pub(crate) const MAX_NODES: usize = 1_500_000;
/// Most nodes that the aliases of one file may add.
const MAX_ALIASED_NODES: usize = 100_000;

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node<'s> {
    /// Where it stands; of a collection, where it begins.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) kind: Kind<'s>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'s> {
    /// Nothing: an absent value, `~` or `null`.
    Null,
    /// A single value, as it was written.
    Scalar {
        /// The text.
        text: Cow<'s, str>,
        /// Whether it was written in quotes, or as a block.
        quoted: bool,
    },
    /// A list.
    Sequence(Vec<Node<'s>>),
    /// Keys and values, in the order they were written.
    Mapping(Vec<(Node<'s>, Node<'s>)>),
}

impl Kind<'_> {
    /// What it is, for messages.
    pub(crate) const fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { .. } => "a single value",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// Reads the one document of a file; a file with none is nothing.
pub(crate) fn parse<'s>(name: &Arc<str>, text: &'s str) -> Result<Option<Node<'s>>, Diagnostic> {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut builder = Builder::new(name);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax(name, &error))?;
        builder.event(event, span)?;
    }
    Ok(builder.root)
}

/// What is wrong with text that is no YAML.
pub(crate) fn syntax(name: &Arc<str>, error: &ScanError) -> Diagnostic {
    let span = Span { length: 1, ..start(*error.marker()) };
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return too_deep(name, span);
    }
    let info = error.info();
    let hint = if *error.kind() == ErrorKind::UnknownAnchor {
        "Text that begins with `*` names an anchor; write it in quotes if it is a plain word, as in \"*\"."
    } else if info.contains("tab") {
        "Indent with blanks; YAML does not allow tabs there."
    } else {
        "The file cannot be read beyond this place; check indentation, quotes and colons just before it."
    };
    Diagnostic::new(codes::SYNTAX, format!("not valid YAML: {}", mixaccess_model::printable(&info)))
        .at(span.label(name, ""))
        .hint(hint)
}

fn too_deep(name: &Arc<str>, span: Span) -> Diagnostic {
    Diagnostic::new(codes::TOO_DEEP, format!("nested more than {MAX_DEPTH} levels deep"))
        .at(span.label(name, ""))
        .hint("No declaration nests that deeply; the rest of the file was not read.")
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn start(marker: Marker) -> Span {
    Span {
        line: count(marker.line().max(1)),
        column: count(marker.col().saturating_add(1)),
        length: 0,
    }
}

/// Where something stands, from what the reader says of it.
pub(crate) fn span_of(span: granit_parser::Span) -> Span {
    let (from, to) = (span.start, span.end);
    let length = if from.line() == to.line() { to.index().saturating_sub(from.index()) } else { 0 };
    Span { length: count(length), ..start(from) }
}

/// A collection whose end has not been read.
enum Open<'s> {
    Sequence { span: Span, anchor: usize, items: Vec<Node<'s>> },
    Mapping { span: Span, anchor: usize, entries: Vec<(Node<'s>, Node<'s>)>, key: Option<Node<'s>> },
}

struct Builder<'s, 'n> {
    name: &'n Arc<str>,
    open: Vec<Open<'s>>,
    anchors: HashMap<usize, Node<'s>>,
    nodes: usize,
    aliased: usize,
    documents: usize,
    root: Option<Node<'s>>,
}

impl<'s, 'n> Builder<'s, 'n> {
    fn new(name: &'n Arc<str>) -> Self {
        Self {
            name,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            aliased: 0,
            documents: 0,
            root: None,
        }
    }

    fn event(&mut self, event: Event<'s>, span: granit_parser::Span) -> Result<(), Diagnostic> {
        let at = span_of(span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Diagnostic::new(
                        codes::SEVERAL_DOCUMENTS,
                        "a second YAML document begins here",
                    )
                    .at(Span { length: 3, ..at }.label(self.name, ""))
                    .hint("Move it to a file of its own, or remove the `---`."));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(text, style, tag.as_deref(), at)?;
                self.remember(anchor, &node)?;
                self.place(node)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", at)?;
                self.deeper(at)?;
                self.open.push(Open::Sequence {
                    span: Span { length: 1, ..at },
                    anchor,
                    items: Vec::new(),
                });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", at)?;
                self.deeper(at)?;
                let span = Span { length: 1, ..at };
                self.open.push(Open::Mapping { span, anchor, entries: Vec::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(anchor) => {
                let node = self.alias(anchor, at)?;
                self.place(node)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: Cow<'s, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Node<'s>, Diagnostic> {
        self.check_tag(tag, "str", span)?;
        let quoted = tag.is_some() || !matches!(style, ScalarStyle::Plain);
        let is_null = !quoted && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
        let kind = if is_null { Kind::Null } else { Kind::Scalar { text, quoted } };
        Ok(Node { span, kind })
    }

    fn check_tag(&self, tag: Option<&Tag>, allowed: &str, span: Span) -> Result<(), Diagnostic> {
        match tag {
            Some(tag) if tag.core_suffix() != Some(allowed) => {
                Err(Diagnostic::new(codes::SYNTAX, "YAML tags have no meaning here")
                    .at(span.label(self.name, ""))
                    .hint("Remove the word that begins with `!`."))
            }
            _ => Ok(()),
        }
    }

    fn deeper(&self, span: Span) -> Result<(), Diagnostic> {
        if self.open.len() < MAX_DEPTH {
            return Ok(());
        }
        Err(too_deep(self.name, Span { length: 1, ..span }))
    }

    fn close(&mut self) -> Result<(), Diagnostic> {
        let (node, anchor) = match self.open.pop() {
            Some(Open::Sequence { span, anchor, items }) => {
                (Node { span, kind: Kind::Sequence(items) }, anchor)
            }
            Some(Open::Mapping { span, anchor, entries, .. }) => {
                (Node { span, kind: Kind::Mapping(entries) }, anchor)
            }
            None => return Ok(()),
        };
        self.remember(anchor, &node)?;
        self.place(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node<'s>) -> Result<(), Diagnostic> {
        if anchor > 0 {
            self.spend(node)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    /// Counts the nodes that a copy would add, before it is made.
    fn spend(&mut self, node: &Node<'s>) -> Result<(), Diagnostic> {
        self.aliased = self.aliased.saturating_add(size(node));
        if self.aliased <= MAX_ALIASED_NODES {
            return Ok(());
        }
        let message = format!("aliases repeat more than {MAX_ALIASED_NODES} values");
        Err(Diagnostic::new(codes::ALIAS, message)
            .at(node.span.label(self.name, ""))
            .hint("Write a profile or a project group instead of YAML anchors."))
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node<'s>, Diagnostic> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(Diagnostic::new(
                codes::ALIAS,
                "an alias stands inside the value it repeats",
            )
            .at(span.label(self.name, ""))
            .hint("Write the value out."));
        };
        self.spend(&node)?;
        if self.open.len() + depth(&node) > MAX_DEPTH {
            let message = format!("this alias nests more than {MAX_DEPTH} levels deep");
            return Err(Diagnostic::new(codes::TOO_DEEP, message).at(span.label(self.name, "")));
        }
        Ok(Node { span, ..node })
    }

    fn place(&mut self, node: Node<'s>) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the file holds more than {MAX_NODES} values");
            return Err(Diagnostic::new(codes::TOO_LARGE, message)
                .at(node.span.label(self.name, ""))
                .hint("Write one file for each collaborator."));
        }
        match self.open.last_mut() {
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            None => self.root = Some(node),
        }
        Ok(())
    }
}

fn size(node: &Node<'_>) -> usize {
    1 + match &node.kind {
        Kind::Null | Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => items.iter().map(size).sum(),
        Kind::Mapping(entries) => entries.iter().map(|(key, value)| size(key) + size(value)).sum(),
    }
}

fn depth(node: &Node<'_>) -> usize {
    match &node.kind {
        Kind::Null | Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Mapping(entries) => {
            1 + entries.iter().map(|(key, value)| depth(key).max(depth(value))).max().unwrap_or(0)
        }
    }
}
