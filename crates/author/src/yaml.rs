//! Text of YAML files: scalars that every reader takes for the text they are, comments that end with
//! their line, and lines in the order they are to stand.

use std::borrow::Cow;
use std::fmt::Write as _;

use mixaccess_model::printable;

/// Columns that a mapping or list on one line may take.
const WIDTH: usize = 100;

/// Words that some reader or other takes for something else than text.
const RESERVED: [&str; 11] =
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];

/// A scalar as it is to be written: plain where no reader can misread it, else in double quotes with
/// everything escaped that could not be seen or would steer a terminal.
pub(crate) fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// Plain text begins with a letter, so that it is no number, date or indicator, holds nothing that ends
/// it inside `{}` or `[]`, and is no word with a meaning of its own.
fn is_plain(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(char::is_alphabetic)
        && characters.all(|one| {
            one.is_alphanumeric() || matches!(one, '-' | '_' | '.' | '/' | '@' | '+' | '\'' | ' ')
        })
        && !text.ends_with(' ')
        && !RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for one in text.chars() {
        match one {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(one),
            _ if is_hidden(one) => escape(&mut out, one),
            _ => out.push(one),
        }
    }
    out.push('"');
    out
}

/// Whether a character is invisible, steers a terminal, or is none that YAML may hold.
fn is_hidden(one: char) -> bool {
    let code = u32::from(one);
    printable(one.encode_utf8(&mut [0; 4])) != *one.encode_utf8(&mut [0; 4])
        || one.is_whitespace()
        || code & 0xfffe == 0xfffe
        || (0xe000..=0xf8ff).contains(&code)
        || code >= 0xe_0000
}

fn escape(out: &mut String, one: char) {
    let code = u32::from(one);
    // Writing to a string cannot fail.
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// The lines of one file.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
}

impl Lines {
    /// A comment. What it holds cannot end it: line breaks are escaped.
    pub(crate) fn comment(&mut self, depth: usize, text: &str) {
        self.indent(depth);
        self.text.push_str("# ");
        for one in printable(text).chars() {
            if is_hidden(one) && one != ' ' {
                self.text.extend(one.escape_unicode());
            } else {
                self.text.push(one);
            }
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// An empty line, unless one stands there already or nothing does.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A key with indented lines to follow.
    pub(crate) fn open(&mut self, depth: usize, key: &str) {
        self.indent(depth);
        self.text.push_str(&scalar(key));
        self.text.push_str(":\n");
    }

    /// A key and its text.
    pub(crate) fn text(&mut self, depth: usize, key: &str, value: &str) {
        self.raw(depth, key, &scalar(value));
    }

    /// A key and a value that is YAML already, such as a number, an instant or what [`mapping`] makes.
    pub(crate) fn raw(&mut self, depth: usize, key: &str, value: &str) {
        self.indent(depth);
        self.text.push_str(&scalar(key));
        self.text.push_str(": ");
        self.text.push_str(value);
        self.text.push('\n');
    }

    /// A key and a mapping of texts, on one line where that stays readable.
    pub(crate) fn mapping(&mut self, depth: usize, key: &str, entries: &[(String, String)]) {
        let line = mapping(entries);
        if scalar(key).chars().count() + 2 * depth + 2 + line.chars().count() <= WIDTH {
            return self.raw(depth, key, &line);
        }
        self.open(depth, key);
        for (key, value) in entries {
            self.text(depth + 1, key, value);
        }
    }

    /// A key and a list of texts, on one line where that stays readable.
    pub(crate) fn list(&mut self, depth: usize, key: &str, items: &[String]) {
        let line = list(items);
        if scalar(key).chars().count() + 2 * depth + 2 + line.chars().count() <= WIDTH {
            return self.raw(depth, key, &line);
        }
        self.open(depth, key);
        for item in items {
            self.indent(depth + 1);
            self.text.push_str("- ");
            self.text.push_str(&scalar(item));
            self.text.push('\n');
        }
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.text.push_str("  ");
        }
    }

    /// Everything of another file, below an empty line.
    pub(crate) fn append(&mut self, other: &Self) {
        self.gap();
        self.text.push_str(&other.text);
    }

    /// The lines of another one.
    pub(crate) fn push(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// A mapping of texts on one line.
pub(crate) fn mapping(entries: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        entries.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value))).collect();
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
}

/// A list of texts on one line.
pub(crate) fn list(items: &[String]) -> String {
    let items: Vec<Cow<'_, str>> = items.iter().map(|item| scalar(item)).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_a_meaning_of_their_own_are_quoted() {
        for plain in ["web-production", "alex@agency.example", "Zoë 中村", "O'Brien", "a.b/c_d"]
        {
            assert_eq!(scalar(plain), plain);
        }
        for (text, written) in [
            ("", r#""""#),
            ("no", r#""no""#),
            ("NULL", r#""NULL""#),
            ("1e3", r#""1e3""#),
            ("2026-12-31", r#""2026-12-31""#),
            ("*", r#""*""#),
            ("&a", r#""&a""#),
            ("a: b", r#""a: b""#),
            ("a #b", r#""a #b""#),
            ("a, b", r#""a, b""#),
            ("say \"hi\" \\", r#""say \"hi\" \\""#),
            ("a\nb\u{7}", r#""a\nb\x07""#),
            ("a\u{202e}b", r#""a\u202eb""#),
            ("\u{feff}x", r#""\ufeffx""#),
            ("🚀 go", "\"🚀 go\""),
            ("\u{e0001}", r#""\U000e0001""#),
            (" x ", r#"" x ""#),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn a_comment_never_ends_before_its_line() {
        let mut lines = Lines::default();
        lines.comment(1, "a\ncollaborators: {}\r\u{85}\u{2028}b\u{202e} \u{ffff} ");
        assert_eq!(
            lines.into_text(),
            "  # a\\u{a}collaborators: {}\\u{d}\\u{85}\\u{2028}b\\u{202e} \\u{ffff}\n"
        );
    }

    #[test]
    fn long_mappings_and_lists_take_a_line_each() {
        let mut lines = Lines::default();
        lines.mapping(0, "short", &[("a".to_owned(), "no".to_owned())]);
        lines.list(0, "people", &["x".repeat(60), "y".repeat(60)]);
        assert_eq!(
            lines.into_text(),
            format!(
                "short: {{ a: \"no\" }}\npeople:\n  - {}\n  - {}\n",
                "x".repeat(60),
                "y".repeat(60)
            )
        );
    }
}
