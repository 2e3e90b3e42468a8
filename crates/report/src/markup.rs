//! Escaping for Markdown and XML.

use mixaccess_model::printable;

/// Characters of one value in Markdown; longer ones are cut and say so.
const LONGEST_VALUE: usize = 300;
/// Follows a character that would otherwise notify somebody or link somewhere.
const BREAK: &str = "&#8203;";

/// A short value such as an address, a key or a place, as a code span: nothing in it is Markdown, nobody
/// is notified. Values that a code span in a table cannot hold are escaped as text.
pub(crate) fn code(value: &str) -> String {
    let value = printable(&cut(value)).trim().to_owned();
    if value.is_empty() {
        return String::new();
    }
    if value.contains(['`', '|', '\\']) { text(&value) } else { format!("`{value}`") }
}

/// Free text on one line: every character that Markdown, HTML or GitHub could read something into is
/// an entity, and mentions, issue references and links are broken up.
pub(crate) fn text(value: &str) -> String {
    whole_text(&cut(value))
}

/// Free text as [`text`] writes it, however long it is.
pub(crate) fn whole_text(value: &str) -> String {
    let value = printable(value).into_owned();
    let mut out = String::with_capacity(value.len() + value.len() / 8);
    let value = value.trim();
    for (at, character) in value.char_indices() {
        let rest = value.get(at + character.len_utf8()..).unwrap_or_default();
        let ends_word = rest.is_empty() || rest.starts_with(' ');
        match character {
            '@' | '#' => {
                out.push_str(&format!("&#{};{BREAK}", u32::from(character)));
            }
            ',' | ';' | '\'' | '"' | '(' | '/' | '%' | '=' | '?' | ' ' | '-' => {
                out.push(character);
            }
            // Inside a word these would make `www.site` a link and `:tada:` a picture.
            // A number at the start would make a list.
            '.' | ')' if at > 0 && value.get(..at).is_some_and(all_digits) => {
                out.push_str(&format!("&#{};", u32::from(character)));
            }
            '.' | ':' if ends_word => out.push(character),
            ')' => out.push(character),
            '.' | ':' => out.push_str(&format!("&#{};", u32::from(character))),
            other if other.is_ascii_punctuation() => {
                out.push_str(&format!("&#{};", u32::from(other)));
            }
            other => out.push(other),
        }
    }
    // A dash at the start would make a list.
    match out.strip_prefix('-') {
        Some(rest) => format!("&#45;{rest}"),
        None => out,
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn cut(value: &str) -> std::borrow::Cow<'_, str> {
    match value.char_indices().nth(LONGEST_VALUE) {
        None => value.into(),
        Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()).into(),
    }
}

/// A fenced block whose content cannot end it.
pub(crate) fn fenced(language: &str, content: &str) -> String {
    let longest =
        content.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.saturating_add(1).max(3));
    let content = content.trim_end_matches('\n');
    format!("{fence}{language}\n{content}\n{fence}\n")
}

/// Text for an XML attribute or element: escaped, and without characters that XML 1.0 forbids.
pub(crate) fn xml(value: &str) -> String {
    let value = printable(value);
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_code() {
        assert_eq!(code("alex@agency.example"), "`alex@agency.example`");
        assert_eq!(code("a`b"), "a&#96;b");
        assert_eq!(code("a|b@c"), "a&#124;b&#64;&#8203;c");
        assert_eq!(code(" "), "");
    }

    #[test]
    fn free_text_says_nothing_to_markdown() {
        assert_eq!(text("see @octocat & #12"), "see &#64;&#8203;octocat &#38; &#35;&#8203;12");
        assert_eq!(
            text("<b>x</b> [a](https://b)"),
            "&#60;b&#62;x&#60;/b&#62; &#91;a&#93;(https&#58;//b)"
        );
        assert_eq!(text("- one\n# two"), "&#45; one&#92;u&#123;a&#125;&#35;&#8203; two");
    }

    #[test]
    fn numbers_make_no_list() {
        assert_eq!(text("1. one"), "1&#46; one");
        assert_eq!(text("12) one 2. two"), "12&#41; one 2. two");
    }

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(fenced("diff", "+````\n"), "`````diff\n+````\n`````\n");
        assert_eq!(fenced("", "a"), "```\na\n```\n");
    }

    #[test]
    fn xml_is_escaped() {
        assert_eq!(xml("<a & 'b'>\u{ffff}\u{1}"), "&lt;a &amp; &apos;b&apos;&gt;\u{fffd}\\u{1}");
    }
}
