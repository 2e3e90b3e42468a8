//! Checks of one address by itself. Addresses that resemble each other are found once all are known.

use email_address::{EmailAddress, Options};
use mixaccess_model::{Severity, printable};
use unicode_security::MixedScript as _;

use crate::codes::{self, Code};

/// What is wrong with an address.
pub(crate) struct Address {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// Checks the syntax of an address, and what identity providers trip over (`SERVICE.md`, "Behaviour",
/// 8).
pub(crate) fn check(text: &str) -> Vec<Address> {
    let mut found = Vec::new();
    let shown = printable(text);
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        found.push(Address {
            code: codes::ADDRESS_BLANKS,
            message: format!("the address `{shown}` has blanks around it"),
            hint: "Remove them; they are not part of the address.",
        });
    }
    if trimmed.chars().any(is_invisible) {
        found.push(Address {
            code: codes::ADDRESS_INVISIBLE,
            message: format!("the address contains characters that cannot be seen: `{shown}`"),
            hint: "Type the address anew instead of pasting it.",
        });
        return found;
    }
    if trimmed.is_ascii() && is_plain(trimmed) {
        capitals(trimmed, &mut found);
        return found;
    }
    let options =
        Options::default().with_required_tld().without_display_text().without_domain_literal();
    if EmailAddress::parse_with_options(trimmed, options).is_err() || trimmed.contains(['*', '"']) {
        found.push(Address {
            code: codes::ADDRESS_INVALID,
            message: format!("`{shown}` is not an e-mail address"),
            hint: "Collaborators are declared by their whole address, such as alex@agency.example.",
        });
        return found;
    }
    capitals(trimmed, &mut found);
    let mixed = |part: &str| !part.is_single_script();
    if trimmed.split(['@', '.']).any(mixed) {
        found.push(Address {
            code: codes::ADDRESS_MIXED_SCRIPT,
            message: format!("the address `{shown}` mixes letters of several scripts"),
            hint: "Check each letter: a Cyrillic or Greek letter may look like a Latin one.",
        });
    }
    found
}

/// Whether an address can be declared: nothing about it is an error.
pub fn is_declarable_address(text: &str) -> bool {
    check(text).iter().all(|found| found.code.severity != Severity::Error)
}

fn capitals(address: &str, found: &mut Vec<Address>) {
    if address.chars().any(char::is_uppercase) {
        found.push(Address {
            code: codes::ADDRESS_CAPITALS,
            message: format!("the address `{}` is written with capital letters", printable(address)),
            hint: "Write it in lower case, as identity providers send it; capitals make look-alike accounts.",
        });
    }
}

pub(super) fn is_invisible(one: char) -> bool {
    one.is_control()
        || (one.is_whitespace() && one != ' ')
        || printable(one.encode_utf8(&mut [0; 4])) != *one.encode_utf8(&mut [0; 4])
        || matches!(one, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}')
}

/// Whether an ASCII address is of the everyday shape, which needs no closer look.
fn is_plain(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    let word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+'))
    };
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    address.len() <= 254
        && local.len() <= 64
        && local.split('.').all(word)
        && domain.contains('.')
        && domain.split('.').all(label)
        && domain.rsplit('.').next().is_some_and(|tld| tld.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        check(text).into_iter().map(|one| one.code.name).collect()
    }

    #[test]
    fn addresses_are_checked_one_by_one() {
        assert_eq!(names("alex.example+test@agency.example"), Vec::<&str>::new());
        assert_eq!(names("Alex@Agency.example"), ["address-capitals"]);
        assert_eq!(names(" alex@agency.example"), ["address-blanks"]);
        assert_eq!(names("al\u{200b}ex@agency.example"), ["address-invisible"]);
        assert_eq!(names("al\u{ad}ex@agency.example"), ["address-invisible"]);
        assert_eq!(names("\u{430}lex@agency.example"), ["address-mixed-script"]);
        for bad in [
            "alex",
            "alex@agency",
            "@agency.example",
            "alex@",
            "a b@agency.example",
            "*@agency.example",
            "Alex <alex@agency.example>",
            "alex@agency..example",
            "alex@[127.0.0.1]",
            "a@b@agency.example",
            "\"a b\"@agency.example",
        ] {
            assert_eq!(names(bad), ["address-invalid"], "{bad}");
        }
    }

    #[test]
    fn the_shortcut_agrees_with_the_library() {
        for text in
            ["a@b.co", "first.last@sub.domain.example", "x_y-z+q@a-b.example", "1@2.example"]
        {
            assert!(is_plain(text), "{text}");
            let options = Options::default().with_required_tld();
            assert!(EmailAddress::parse_with_options(text, options).is_ok(), "{text}");
        }
    }
}
