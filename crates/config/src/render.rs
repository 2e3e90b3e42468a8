//! Diagnostics as text: what is wrong, the line with the place underlined, and the way out.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level as Title, Origin, Renderer, Snippet,
};
use mixaccess_model::{Digest, Severity, printable};

use crate::decode::is_secret_key;
use crate::diagnostic::{Diagnostic, Label};
use crate::load::Loaded;
use crate::source;

/// Lines longer than this, in bytes, are not shown at all.
const MAX_SHOWN: usize = 8192;

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderStyle {
    /// Whether to colour with ANSI escapes.
    pub color: bool,
    /// Width of the terminal, in columns.
    pub width: usize,
}

/// Renders diagnostics with the lines they are about.
///
/// The lines come from the files, which are read again; a file that changed since it was loaded is
/// named without its line.
pub fn render(diagnostics: &[Diagnostic], loaded: &Loaded, style: RenderStyle) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width.max(40));
    let mut lines = Lines { loaded, wanted: BTreeMap::new() };
    lines.read(diagnostics);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let report = group(diagnostic, &lines);
        text.push_str(&renderer.render(&[report]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, lines: &Lines<'a>) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Title::ERROR,
        Severity::Warning => Title::WARNING,
        Severity::Note => Title::NOTE,
    };
    let mut group = Group::with_title(
        level.primary_title(printable(diagnostic.message()).into_owned()).id(diagnostic.code()),
    );
    if let Some(label) = diagnostic.primary() {
        let line = |label: &Label| (Arc::clone(&label.file), label.span.map(|span| span.line));
        let (beside, apart): (Vec<&Label>, Vec<&Label>) =
            diagnostic.others().iter().partition(|other| line(other) == line(label));
        group = group.element(lines.element(label, AnnotationKind::Primary, &beside));
        for other in apart {
            group = group.element(lines.element(other, AnnotationKind::Context, &[]));
        }
    }
    match diagnostic.help() {
        Some(hint) => group.element(Title::HELP.message(printable(hint).into_owned())),
        None => group,
    }
}

/// The lines that diagnostics point at. Each file is read once, and only its wanted lines are kept.
struct Lines<'a> {
    loaded: &'a Loaded,
    wanted: BTreeMap<(Arc<str>, u32), Option<String>>,
}

impl Lines<'_> {
    fn read(&mut self, diagnostics: &[Diagnostic]) {
        let labels =
            diagnostics.iter().flat_map(|one| one.primary().into_iter().chain(one.others()));
        for label in labels {
            if let Some(span) = label.span {
                self.wanted.insert((Arc::clone(&label.file), span.line), None);
            }
        }
        let mut names: Vec<Arc<str>> =
            self.wanted.keys().map(|(file, _)| Arc::clone(file)).collect();
        names.dedup();
        for name in names {
            self.read_file(&name);
        }
    }

    fn read_file(&mut self, name: &Arc<str>) {
        let at = self.loaded.sources.binary_search_by(|(file, _)| file.name.cmp(name));
        let Some((file, digest)) = at.ok().and_then(|at| self.loaded.sources.get(at)) else {
            return;
        };
        let Ok(bytes) = source::read(file) else { return };
        if Digest::of_bytes(&bytes) != *digest {
            return;
        }
        // The first bytes that are not UTF-8 are themselves a place to show.
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let wanted = self.wanted.range_mut((Arc::clone(name), 0)..=(Arc::clone(name), u32::MAX));
        let mut lines = text.split('\n').zip(1_u32..);
        for ((_, line), slot) in wanted {
            let found = lines.by_ref().find(|(_, number)| number == line);
            *slot = found
                .map(|(text, _)| text.trim_end_matches('\r'))
                .filter(|text| text.len() <= MAX_SHOWN && !holds_secret(text))
                .map(str::to_owned);
        }
    }

    /// The line of a label, underlined there and where others point into the same line.
    fn element<'b>(&self, label: &Label, kind: AnnotationKind, beside: &[&Label]) -> Element<'b> {
        let path = printable(&label.file).into_owned();
        let Some(span) = label.span else { return Origin::path(path).into() };
        let line = self.wanted.get(&(Arc::clone(&label.file), span.line)).and_then(Option::as_ref);
        let Some(line) = line else {
            let (line, column) = (to_usize(span.line), to_usize(span.column));
            return Origin::path(path).line(line).char_column(column).into();
        };
        let shown = Shown::new(line);
        let mut annotations = vec![shown.annotation(label, kind)];
        annotations
            .extend(beside.iter().map(|other| shown.annotation(other, AnnotationKind::Context)));
        Snippet::source(shown.text)
            .line_start(to_usize(span.line))
            .path(path)
            .annotations(annotations)
            .into()
    }
}

/// Whether a line seems to hold a secret: what is rendered is read by many, and stored.
fn holds_secret(line: &str) -> bool {
    let mut parts: Vec<&str> = line.split(':').collect();
    parts.pop();
    parts.into_iter().any(|part| {
        let key = part.trim_end_matches([' ', '\t', '"', '\'']);
        let word = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-');
        key.rsplit(|one| !word(one)).next().is_some_and(is_secret_key)
    })
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A line made safe to print.
struct Shown {
    text: String,
    /// Where each character of the line begins in the text, and where the last one ends.
    starts: Vec<usize>,
}

impl Shown {
    fn new(line: &str) -> Self {
        let mut text = String::with_capacity(line.len());
        let mut starts = Vec::with_capacity(line.len() + 1);
        for one in line.trim_end().chars() {
            starts.push(text.len());
            if one == '\t' {
                text.push(' ');
            } else {
                text.push_str(&printable(one.encode_utf8(&mut [0; 4])));
            }
        }
        starts.push(text.len());
        Self { text, starts }
    }

    fn annotation<'b>(&self, label: &Label, kind: AnnotationKind) -> Annotation<'b> {
        let span = label.span.unwrap_or_default();
        let column = to_usize(span.column).saturating_sub(1);
        let end = match span.length {
            0 => usize::MAX,
            length => column.saturating_add(to_usize(length)),
        };
        let byte = |at: usize| self.starts.get(at).copied().unwrap_or(self.text.len());
        let annotation = kind.span(byte(column)..byte(end));
        match label.text.as_str() {
            "" => annotation,
            text => annotation.label(printable(text).into_owned()),
        }
    }
}
