//! A page of text for a terminal: escaping, styles, wrapping and alignment.

use anstyle::{AnsiColor, Style};
use mixaccess_model::printable;
use unicode_width::UnicodeWidthStr as _;

/// What a piece of text means; the page decides how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing in particular.
    Plain,
    /// A heading or a name.
    Strong,
    /// Less important than what stands around it.
    Dim,
    /// Given, or passed.
    Good,
    /// Changed, or a warning.
    Caution,
    /// Taken, refused or failed.
    Bad,
}

impl Tone {
    /// Its look where colour is wanted.
    pub(crate) const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Caution => Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))),
            Self::Bad => Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))).bold(),
        }
    }
}

/// Columns that a text takes on a terminal, once made printable.
pub(crate) fn width(text: &str) -> usize {
    printable(text).width()
}

/// A page of text. Everything written to it is made printable first.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    width: usize,
    color: bool,
    column: usize,
}

/// The narrowest page that is laid out; narrower terminals wrap by themselves.
const NARROWEST: usize = 40;

impl Page {
    /// An empty page.
    pub(crate) fn new(width: usize, color: bool) -> Self {
        Self { text: String::new(), width: width.max(NARROWEST), color, column: 0 }
    }

    /// Columns of the page.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// The text, without blank lines at its end.
    pub(crate) fn finish(mut self) -> String {
        let end = self.text.trim_end_matches('\n').len();
        self.text.truncate(end);
        self.text.push('\n');
        self.text
    }

    /// Writes a piece of text on the current line.
    pub(crate) fn put(&mut self, tone: Tone, text: &str) {
        let text = printable(text);
        if text.is_empty() {
            return;
        }
        self.column += text.width();
        if self.color && tone != Tone::Plain {
            let style = tone.style();
            self.text.push_str(&format!("{style}{text}{style:#}"));
        } else {
            self.text.push_str(&text);
        }
    }

    /// Moves to a column of the current line; at least one space when it is already passed.
    pub(crate) fn to(&mut self, column: usize) {
        let missing = column.saturating_sub(self.column).max(usize::from(self.column > 0));
        self.text.extend(std::iter::repeat_n(' ', missing));
        self.column += missing;
    }

    /// Ends the current line.
    pub(crate) fn end(&mut self) {
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
        self.column = 0;
    }

    /// A blank line, once.
    pub(crate) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A whole line that is never wrapped, such as a command to copy.
    pub(crate) fn line(&mut self, indent: usize, tone: Tone, text: &str) {
        self.to(indent);
        self.put(tone, text);
        self.end();
    }

    /// Pieces wrapped at spaces, the first line from `indent`, the others from `hang`. A word longer
    /// than the line stays whole, so that paths, addresses and digests can be copied.
    pub(crate) fn wrap(&mut self, indent: usize, hang: usize, pieces: &[(Tone, &str)]) {
        self.to(indent);
        self.flow(hang, pieces);
        self.end();
    }

    /// Continues the current line with pieces, wrapped as [`Page::wrap`] does.
    pub(crate) fn flow(&mut self, hang: usize, pieces: &[(Tone, &str)]) {
        let mut fresh = true;
        for (tone, text) in pieces {
            for word in text.split([' ', '\n', '\t']).filter(|word| !word.is_empty()) {
                let room = self.width.saturating_sub(self.column + usize::from(!fresh));
                if width(word) > room && self.column > hang {
                    self.end();
                    self.to(hang);
                    fresh = true;
                }
                if !fresh {
                    self.put(Tone::Plain, " ");
                }
                self.put(*tone, word);
                fresh = false;
            }
        }
    }
}

/// Rows whose cells are aligned; the last cell wraps under itself.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<(Tone, String)>>,
}

/// Columns between two cells.
const GAP: usize = 2;
/// The least room for a wrapped last cell; with less it goes to its own line.
const LEAST_ROOM: usize = 24;

impl Table {
    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [(Tone, String); N]) {
        self.rows.push(cells.into());
    }

    /// Writes the rows from a column on. A cell wider than a third of the page does not widen its
    /// column: it pushes the rest of its own row aside.
    pub(crate) fn write(&self, page: &mut Page, indent: usize) {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let most = page.width() / 3;
        let mut columns = Vec::with_capacity(count);
        let mut at = indent;
        for column in 0..count {
            columns.push(at);
            let widest = self
                .rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|(_, text)| width(text))
                .filter(|wide| *wide <= most)
                .max();
            at += widest.unwrap_or_default() + GAP;
        }
        let last = columns.last().copied().unwrap_or(indent);
        let roomy = page.width().saturating_sub(last) >= LEAST_ROOM;
        for row in &self.rows {
            for (at, (column, (tone, text))) in columns.iter().zip(row).enumerate() {
                if at + 1 < count {
                    page.to(*column);
                    page.put(*tone, text);
                } else if roomy && page.column < page.width().saturating_sub(LEAST_ROOM) {
                    page.to(*column);
                    page.flow(*column, &[(*tone, text)]);
                } else if !text.is_empty() {
                    page.end();
                    page.to(indent + 2 * GAP);
                    page.flow(indent + 2 * GAP, &[(*tone, text)]);
                }
            }
            page.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_keeps_long_words_whole() {
        let mut page = Page::new(40, false);
        page.wrap(
            2,
            4,
            &[(
                Tone::Plain,
                "one two three four five six seven eight access/a/very/long/path/that/does/not/fit.yaml:1 end",
            )],
        );
        insta::assert_snapshot!(page.finish(), @r"
          one two three four five six seven
            eight
            access/a/very/long/path/that/does/not/fit.yaml:1
            end
        ");
    }

    #[test]
    fn aligns_by_columns_on_the_terminal() {
        let mut table = Table::default();
        let cell = |text: &str| (Tone::Plain, text.to_owned());
        table.row([cell("中村"), cell("admin"), cell("first")]);
        table.row([cell("Zoë"), cell("none"), cell("second")]);
        table.row([cell("a\u{1b}[31m"), cell("none"), cell("third")]);
        let mut page = Page::new(60, false);
        table.write(&mut page, 2);
        insta::assert_snapshot!(page.finish(), @r#"
        中村         admin  first
        Zoë          none   second
        a\u{1b}[31m  none   third
        "#);
    }

    #[test]
    fn colours_only_when_asked() {
        let mut page = Page::new(80, true);
        page.line(0, Tone::Good, "given");
        assert_eq!(page.finish(), "\u{1b}[32mgiven\u{1b}[0m\n");
    }
}
