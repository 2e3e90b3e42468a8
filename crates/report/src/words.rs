//! Numbers, instants and spans of time in words.

use std::fmt;

use jiff::Timestamp;
use mixaccess_model::{Digest, NotPlanned, Power, ReasonKind, Subject};

/// A number with thousands separated: `1,204`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 change`, `1,204 grants`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{} {noun}", number(u64::try_from(count).unwrap_or(u64::MAX)))
}

/// The first digits of a digest, as output shows it beside others.
pub(crate) fn short(digest: &Digest) -> String {
    format!("sha256:{}", digest.short(12))
}

/// People, counted.
pub(crate) fn people(count: usize) -> String {
    counted(count, "person", "people")
}

/// The name of a subject alone: the address of a person, the name of a team or a service account.
pub(crate) fn bare(subject: &Subject) -> &str {
    match subject {
        Subject::Person { email, user: _ } => email.as_str(),
        Subject::Team { name, id: _ } => name,
        Subject::ServiceAccount { username, id: _ } => username,
    }
}

/// Whom and which project a difference that is left alone is about, where it does not say so itself.
pub(crate) fn about(item: &NotPlanned) -> String {
    let NotPlanned { kind: _, subject, project, message } = item;
    let project = project
        .as_ref()
        .map(|project| format!("{} #{}", project.key, project.id))
        .filter(|name| !message.contains(name.as_str()));
    let subject = mention(subject.as_ref(), message);
    let about: Vec<String> = subject.into_iter().chain(project).collect();
    about.join(", ")
}

/// A difference that is left alone, as one sentence.
pub(crate) fn left_alone(item: &NotPlanned) -> String {
    let about = about(item);
    if about.is_empty() { item.message.clone() } else { format!("{about}: {}", item.message) }
}

/// The subject as a text names it, unless a message names it already.
pub(crate) fn mention(subject: Option<&Subject>, message: &str) -> Option<String> {
    subject.filter(|subject| !message.contains(bare(subject))).map(ToString::to_string)
}

/// How many people, teams and service accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    /// People.
    pub(crate) people: usize,
    /// Teams.
    pub(crate) teams: usize,
    /// Service accounts.
    pub(crate) service_accounts: usize,
}

impl Heads {
    /// So many subjects of one kind.
    pub(crate) fn add(&mut self, subject: &Subject, count: usize) {
        match subject {
            Subject::Person { .. } => self.people += count,
            Subject::Team { .. } => self.teams += count,
            Subject::ServiceAccount { .. } => self.service_accounts += count,
        }
    }

    /// So many subjects of one kind and nobody else.
    pub(crate) fn of(subject: &Subject, count: usize) -> Self {
        let mut heads = Self::default();
        heads.add(subject, count);
        heads
    }

    /// All of them.
    pub(crate) const fn all(self) -> usize {
        self.people + self.teams + self.service_accounts
    }
}

impl fmt::Display for Heads {
    /// `4 people, 2 teams and 1 service account`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { people, teams, service_accounts } = *self;
        let mut parts: Vec<String> = [
            (people, "person", "people"),
            (teams, "team", "teams"),
            (service_accounts, "service account", "service accounts"),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
        match (parts.pop(), parts.is_empty()) {
            (None, _) => f.write_str("nobody"),
            (Some(only), true) => f.write_str(&only),
            (Some(last), false) => write!(f, "{} and {last}", parts.join(", ")),
        }
    }
}

/// A power in a sentence: `organization admin`.
pub(crate) fn power(power: Power) -> String {
    power.as_str().replace('_', " ")
}

/// Changes, counted.
pub(crate) fn changes(count: usize) -> String {
    counted(count, "change", "changes")
}

/// An instant, to the minute: `2026-11-22 05:10 UTC`.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A span in its largest whole unit: `3 hours`.
pub(crate) fn span(seconds: u64) -> String {
    let (count, one, many) = match seconds {
        0..60 => (seconds, "second", "seconds"),
        60..3_600 => (seconds / 60, "minute", "minutes"),
        3_600..172_800 => (seconds / 3_600, "hour", "hours"),
        _ => (seconds / 86_400, "day", "days"),
    };
    counted(usize::try_from(count).unwrap_or(usize::MAX), one, many)
}

/// How an instant lies to another: `3 hours ago`, `in 40 days`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let text = span(seconds.unsigned_abs());
    if seconds > 0 { format!("in {text}") } else { format!("{text} ago") }
}

/// What kind of thing asks for a change, where that is not simply the declaration.
pub(crate) const fn asked_by(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Declared => "",
        ReasonKind::NotMentioned => "not mentioned in",
        ReasonKind::Suspended => "suspended by",
        ReasonKind::Removed => "removed by",
        ReasonKind::Unmanaged => "not in the files",
        ReasonKind::InvitationExpired => "the invitation expired",
        ReasonKind::InvitationWaiting => "the invitation waits",
        ReasonKind::Undo => "undoes an applied change",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (value, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (12_345, "12,345")]
        {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn heads_are_counted_by_kind() {
        let heads = |people, teams, service_accounts| Heads { people, teams, service_accounts };
        for (heads, text) in [
            (heads(0, 0, 0), "nobody"),
            (heads(1, 0, 0), "1 person"),
            (heads(4, 0, 1), "4 people and 1 service account"),
            (heads(1_000, 50, 2), "1,000 people, 50 teams and 2 service accounts"),
        ] {
            assert_eq!(heads.to_string(), text);
        }
    }

    #[test]
    fn spans_use_the_largest_unit_that_tells_enough() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (61, "1 minute"),
            (3_600, "1 hour"),
            (100_000, "27 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(seconds), text);
        }
        let now: Timestamp = "2026-11-22T05:10:00Z".parse().unwrap();
        assert_eq!(relative("2026-11-22T02:10:00Z".parse().unwrap(), now), "3 hours ago");
        assert_eq!(relative("2027-01-01T00:00:00Z".parse().unwrap(), now), "in 39 days");
        assert_eq!(relative(Timestamp::MIN, Timestamp::MAX).split(' ').next_back(), Some("ago"));
    }
}
