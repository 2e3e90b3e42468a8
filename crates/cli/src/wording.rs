//! Numbers and times in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mixaccess_applier::InvitationsLeft;

/// `1 collaborator`, `2 collaborators`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What is left of invitations and when they may go out, such as
/// `12 invitations left, next at 14:05 UTC, last at 15:05 UTC`.
pub(crate) fn invitations_left(left: &InvitationsLeft) -> String {
    let next = format!("{} left, next at {}", counted(left.left, "invitation"), clock(left.next));
    if left.next == left.last { next } else { format!("{next}, last at {}", clock(left.last)) }
}

/// Hour and minute, rounded up, so that then is not too early.
pub(crate) fn clock(at: Timestamp) -> String {
    let whole = at.as_second().saturating_add(59).div_euclid(60).saturating_mul(60);
    let at = Timestamp::from_second(whole).unwrap_or(at);
    at.to_zoned(TimeZone::UTC).strftime("%H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_that_are_left_say_when() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (next, last) = (at("2026-11-22T14:04:30Z"), at("2026-11-22T15:05:00Z"));
        let left = InvitationsLeft { left: 12, next, last };
        assert_eq!(
            invitations_left(&left),
            "12 invitations left, next at 14:05 UTC, last at 15:05 UTC"
        );
        let left = InvitationsLeft { left: 1, next, last: next };
        assert_eq!(invitations_left(&left), "1 invitation left, next at 14:05 UTC");
    }
}
