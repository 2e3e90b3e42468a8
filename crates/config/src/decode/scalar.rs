//! Single values: text, numbers, switches, words and dates.

use std::sync::Arc;

use mixaccess_model::{OrganizationRole, Pattern, printable};

use super::Decoder;
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Kind, Node};
use crate::suggest;
use crate::time::{Moment, Written};

/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 4096;

impl Decoder<'_, '_> {
    /// A single value as it was written: `no`, `0123` and dates are text where text is wanted.
    pub(super) fn text<'n>(&mut self, node: &'n Node<'_>, what: &str) -> Option<&'n str> {
        let Kind::Scalar { text, .. } = &node.kind else {
            let message =
                format!("{what} must be a single value, and this is {}", node.kind.describe());
            self.problem(
                codes::WRONG_TYPE,
                node.span,
                message,
                "Write the value behind the colon.",
            );
            return None;
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            let hint = "Write a value, or remove the key.";
            self.problem(codes::BAD_VALUE, node.span, format!("{what} is empty"), hint);
            return None;
        }
        if trimmed.len() > MAX_TEXT {
            let message = format!("{what} is longer than {MAX_TEXT} bytes");
            self.problem(codes::BAD_VALUE, node.span, message, "Write something shorter.");
            return None;
        }
        Some(trimmed)
    }

    /// Shared text.
    pub(super) fn shared(&mut self, node: &Node<'_>, what: &str) -> Option<Arc<str>> {
        self.text(node, what).map(Arc::from)
    }

    /// A whole number of at least `least`. Not quoted, no leading zero, no underscores.
    pub(super) fn number(&mut self, node: &Node<'_>, what: &str, least: u64) -> Option<u64> {
        let Kind::Scalar { text, quoted } = &node.kind else {
            let message = format!("{what} must be a number, and this is {}", node.kind.describe());
            self.problem(codes::WRONG_TYPE, node.span, message, "Write digits only.");
            return None;
        };
        let shown = printable(text);
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (code, message, hint) = if *quoted {
            let message = format!("{what} must be a number, and \"{shown}\" is text");
            (codes::WRONG_TYPE, message, "Write it without quotes.")
        } else if is_digits && text.len() > 1 && text.starts_with('0') {
            let message = format!("{what} is written with a leading zero: `{shown}`");
            (
                codes::BAD_VALUE,
                message,
                "Leave the zero out: some YAML readers take such numbers as octal.",
            )
        } else if is_digits {
            match text.parse::<u64>() {
                Ok(number) if number >= least => return Some(number),
                Ok(_) => {
                    let message = format!("{what} must be at least {least}, and this is {shown}");
                    (codes::BAD_VALUE, message, "Write a larger number.")
                }
                Err(_) => (
                    codes::BAD_VALUE,
                    format!("{what} is too large: {shown}"),
                    "Write a smaller number.",
                ),
            }
        } else if text
            .strip_prefix('-')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        {
            let message = format!("{what} must be at least {least}, and this is {shown}");
            (codes::BAD_VALUE, message, "Write a positive number.")
        } else {
            (
                codes::WRONG_TYPE,
                format!("{what} must be a number, and this is `{shown}`"),
                "Write digits only.",
            )
        };
        self.problem(code, node.span, message, hint);
        None
    }

    /// A number that fits 32 bits.
    pub(super) fn small_number(&mut self, node: &Node<'_>, what: &str, least: u32) -> Option<u32> {
        let number = self.number(node, what, u64::from(least))?;
        let small = u32::try_from(number).ok();
        if small.is_none() {
            self.problem(
                codes::BAD_VALUE,
                node.span,
                format!("{what} is too large: {number}"),
                "Write a smaller number.",
            );
        }
        small
    }

    /// A share from 0 to 100.
    pub(super) fn percent(&mut self, node: &Node<'_>, what: &str) -> Option<u32> {
        let number = self.small_number(node, what, 0)?;
        if number > 100 {
            let message = format!("{what} is more than 100: {number}");
            self.problem(codes::BAD_VALUE, node.span, message, "Write a share of 0 to 100.");
            return None;
        }
        Some(number)
    }

    /// `true` or `false`, and none of YAML's other spellings.
    pub(super) fn switch(&mut self, node: &Node<'_>, what: &str) -> Option<bool> {
        if let Kind::Scalar { text, quoted: false } = &node.kind {
            match &**text {
                "true" => return Some(true),
                "false" => return Some(false),
                _ => {}
            }
        }
        let message = format!("{what} must be `true` or `false`");
        self.problem(
            codes::WRONG_TYPE,
            node.span,
            message,
            "Words such as yes, no, on and off are plain text here.",
        );
        None
    }

    /// One of a set of words.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node<'_>,
        what: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let message = format!("{what} cannot be `{}`", printable(text));
            let hint = suggest::did_you_mean(text, words.iter().map(|(word, _)| *word));
            let diagnostic = Diagnostic::new(codes::UNKNOWN_WORD, message)
                .at(self.label(node.span))
                .maybe_hint(hint);
            self.report(diagnostic);
        }
        found
    }

    /// An organization role.
    pub(super) fn organization_role_word(&mut self, node: &Node<'_>) -> Option<OrganizationRole> {
        let text = self.text(node, "an organization role")?;
        let role = OrganizationRole::parse(text);
        if role.is_none() {
            let message = format!("there is no organization role `{}`", printable(text));
            let words = OrganizationRole::ALL.map(OrganizationRole::as_str);
            let hint = match text {
                "analyst" | "consumer" | "viewer" => Some(format!(
                    "`{text}` is a project role: write it below `projects`. Organization roles are owner, admin, billing_admin and member."
                )),
                "none" => Some(
                    "Write `state: suspended` or `state: removed` to take access away.".to_owned(),
                ),
                _ => suggest::did_you_mean(text, words),
            };
            let diagnostic = Diagnostic::new(codes::UNKNOWN_ROLE, message)
                .at(self.label(node.span))
                .maybe_hint(hint);
            self.report(diagnostic);
        }
        role
    }

    /// Text that names something at the service, where nobody can see a control character.
    pub(super) fn name(&mut self, node: &Node<'_>, what: &str) -> Option<Arc<str>> {
        let text = self.text(node, what)?;
        let shown = printable(text);
        if shown == text {
            return Some(Arc::from(text));
        }
        let message = format!("{what} contains characters that cannot be seen: `{shown}`");
        let hint = "Type the name anew instead of pasting it.";
        self.problem(codes::BAD_VALUE, node.span, message, hint);
        None
    }

    /// A number and a unit, in seconds.
    pub(super) fn duration(&mut self, node: &Node<'_>, what: &str) -> Option<u64> {
        let text = self.text(node, what)?;
        let seconds = parse_duration(text);
        if seconds.is_none() {
            let message = format!("{what} cannot be `{}`", printable(text));
            let hint = "Write a number and m, h or d, such as 90m, 24h or 7d; at most 365d.";
            self.problem(codes::BAD_VALUE, node.span, message, hint);
        }
        seconds
    }

    /// A date or a time.
    pub(super) fn moment(&mut self, node: &Node<'_>, what: &str) -> Option<Moment> {
        let text = self.text(node, what)?;
        match Written::parse(text) {
            Ok(written) => Some(Moment { written, span: node.span }),
            Err(error) => {
                self.problem(codes::BAD_DATE, node.span, error.to_string(), error.hint());
                None
            }
        }
    }

    /// A list, or a single value that stands for a list of one.
    pub(super) fn one_or_more<'n, 's>(&mut self, node: &'n Node<'s>, what: &str) -> &'n [Node<'s>] {
        match &node.kind {
            Kind::Scalar { .. } => std::slice::from_ref(node),
            _ => self.list(node, what),
        }
    }

    /// A list.
    pub(super) fn list<'n, 's>(&mut self, node: &'n Node<'s>, what: &str) -> &'n [Node<'s>] {
        match &node.kind {
            Kind::Sequence(items) => items,
            Kind::Null => &[],
            other => {
                let message = format!("{what} must be a list, and this is {}", other.describe());
                self.problem(
                    codes::WRONG_TYPE,
                    node.span,
                    message,
                    "Write [a, b], or one `- a` on each line.",
                );
                &[]
            }
        }
    }

    /// A list of texts with their places; repeated ones are reported.
    pub(super) fn texts(&mut self, items: &[Node<'_>], what: &str) -> Vec<(String, Span)> {
        let mut texts: Vec<(String, Span)> = Vec::with_capacity(items.len());
        let mut seen = std::collections::HashMap::with_capacity(items.len());
        for item in items {
            let Some(text) = self.text(item, what) else { continue };
            if let Some(before) = seen.insert(text, item.span) {
                self.duplicate(text, before, item.span);
            } else {
                texts.push((text.to_owned(), item.span));
            }
        }
        texts
    }

    /// A list of addresses and patterns.
    pub(super) fn patterns(&mut self, node: &Node<'_>, what: &str) -> Vec<Pattern> {
        let items = self.list(node, what);
        let mut patterns = Vec::with_capacity(items.len());
        for (text, span) in self.texts(items, "an address or pattern") {
            if !text.contains(['@', '*']) {
                let message = format!("`{}` is neither an address nor a pattern", printable(&text));
                self.problem(
                    codes::BAD_VALUE,
                    span,
                    message,
                    "Write a whole address, or a pattern such as \"*@agency.example\".",
                );
            }
            patterns.push(Pattern::new(text));
        }
        patterns
    }
}

/// Reads a number and a unit: minutes, hours or days, at most a year. The answer is in seconds.
fn parse_duration(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let duration = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    (1..=365 * 24 * 60 * 60).contains(&duration).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn durations_have_a_unit_and_a_bound() {
        assert_eq!(parse_duration("24h"), Some(86_400));
        assert_eq!(parse_duration("90m"), Some(5_400));
        assert_eq!(parse_duration("365d"), Some(31_536_000));
        for bad in [
            "",
            "h",
            "24",
            "0h",
            "366d",
            "-1h",
            "1.5h",
            "24 h",
            "24hours",
            "99999999999999999999d",
            "2４h",
            "h24",
            "é",
        ] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
