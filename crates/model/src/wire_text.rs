//! Text from files, plans and server answers, made safe to print.

use std::borrow::Cow;

/// Replaces control characters and bidirectional overrides by visible escapes such as `\u{202e}`,
/// so that names never steer a terminal or reorder a line.
pub fn printable(text: &str) -> Cow<'_, str> {
    // Nearly all text is plain, and bytes are looked at many times faster than characters.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_would_steer_a_terminal() {
        assert_eq!(printable("Ann \u{1b}[31mRed"), "Ann \\u{1b}[31mRed");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
        for kept in ["", " Zoe ~", "Zoë 中村"] {
            assert!(matches!(printable(kept), Cow::Borrowed(same) if same == kept));
        }
        for code in (0..0x20).chain(0x7f..0xa0) {
            let text = format!("a{}", char::from(code));
            assert_eq!(printable(&text), format!("a\\u{{{code:x}}}"));
        }
    }
}
