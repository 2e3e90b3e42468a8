//! Dates and instants as the files write them, and what they mean in the organization's time zone.
//!
//! A date without a time means that whole day in the time zone, and `until` includes it. Inside, a
//! window is half open: its `from` counts, its end does not.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::diagnostic::Span;

/// A date or time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A day: `2026-12-31`.
    Date(Date),
    /// A time in the organization's zone: `2026-12-31T18:00`.
    Local(DateTime),
    /// A time with its offset: `2026-12-31T18:00+01:00`.
    Instant(Timestamp),
}

/// Why a text is no date or time; the sentence says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadInstant {
    message: String,
}

impl BadInstant {
    const HINT: &'static str = "Write a date such as 2026-12-31, or a time such as 2026-12-31T18:00 or 2026-12-31T18:00+01:00.";

    fn new(text: &str, why: &str) -> Self {
        Self { message: format!("`{}` {why}", mixaccess_model::printable(text)) }
    }

    /// What can be written instead.
    pub const fn hint(&self) -> &'static str {
        Self::HINT
    }
}

impl Written {
    /// Reads a date, a time, or a time with its offset.
    pub(crate) fn parse(text: &str) -> Result<Self, BadInstant> {
        let text = text.trim();
        if text.len() > 64 || !has_date_shape(text) {
            return Err(BadInstant::new(text, "is no date or time"));
        }
        if text.len() == "2026-12-31".len() {
            return text
                .parse()
                .map(Self::Date)
                .map_err(|_| BadInstant::new(text, "is a day that does not exist"));
        }
        // A civil time would silently drop an offset, so what carries one is tried first.
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::Instant(instant));
        }
        let rest = text.get("2026-12-31".len()..).unwrap_or_default();
        let is_local = rest.starts_with(['T', 't', ' '])
            && rest.len() >= "T18:00".len()
            && rest.chars().skip(1).all(|one| one.is_ascii_digit() || matches!(one, ':' | '.'));
        match text.parse() {
            Ok(local) if is_local => Ok(Self::Local(local)),
            _ => Err(BadInstant::new(text, "is no date or time")),
        }
    }

    /// The first instant that is meant.
    pub(crate) fn start(self, zone: &TimeZone) -> Result<Timestamp, BadInstant> {
        match self {
            Self::Date(date) => at(date.at(0, 0, 0, 0), zone),
            Self::Local(time) => at(time, zone),
            Self::Instant(instant) => Ok(instant),
        }
    }

    /// The first instant that is past it.
    pub(crate) fn end(self, zone: &TimeZone) -> Result<Timestamp, BadInstant> {
        match self {
            Self::Date(date) => {
                let out_of_range = || BadInstant::new(&date.to_string(), "is too far away");
                let next = date.checked_add(1.day()).map_err(|_| out_of_range())?;
                at(next.at(0, 0, 0, 0), zone)
            }
            Self::Local(time) => at(time, zone),
            Self::Instant(instant) => Ok(instant),
        }
    }
}

fn at(time: DateTime, zone: &TimeZone) -> Result<Timestamp, BadInstant> {
    zone.to_timestamp(time).map_err(|_| BadInstant::new(&time.to_string(), "is too far away"))
}

fn has_date_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes.iter().take(10).enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// A [`Written`] that knows where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) written: Written,
    pub(crate) span: Span,
}

/// When something counts: from the first instant up to and without the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) end: Timestamp,
}

impl Window {
    /// Always.
    pub(crate) const ALWAYS: Self = Self { from: Timestamp::MIN, end: Timestamp::MAX };

    /// Whether it counts at that instant.
    pub(crate) fn contains(self, instant: Timestamp) -> bool {
        self.from <= instant && (instant < self.end || self.end == Timestamp::MAX)
    }

    /// What both have in common; empty when [`Window::is_empty`].
    pub(crate) fn intersect(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), end: self.end.min(other.end) }
    }

    /// Whether it never counts.
    pub(crate) fn is_empty(self) -> bool {
        self.from >= self.end
    }

    /// Whether this one counts whenever the other does.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.from <= other.from && other.end <= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_is_the_whole_day_in_the_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let day = Written::parse("2026-03-29").unwrap();
        // The day on which the clock goes forward has 23 hours.
        assert_eq!(day.start(&zone).unwrap(), instant("2026-03-28T23:00:00Z"));
        assert_eq!(day.end(&zone).unwrap(), instant("2026-03-29T22:00:00Z"));
    }

    #[test]
    fn times_are_local_unless_they_carry_an_offset() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let local = Written::parse("2026-12-31T18:00").unwrap();
        assert_eq!(local.start(&zone).unwrap(), instant("2026-12-31T23:00:00Z"));
        let spaced = Written::parse("2026-12-31 18:00:30").unwrap();
        assert_eq!(spaced.start(&zone).unwrap(), instant("2026-12-31T23:00:30Z"));
        let offset = Written::parse("2026-12-31T18:00+01:00").unwrap();
        assert_eq!(offset.end(&zone).unwrap(), instant("2026-12-31T17:00:00Z"));
        assert_eq!(
            Written::parse("2026-12-31T17:00:00Z").unwrap().start(&zone),
            offset.start(&zone)
        );
    }

    #[test]
    fn what_is_no_date_is_refused_and_never_guessed() {
        for text in [
            "",
            "2026",
            "20261231",
            "2026-1-5",
            "31.12.2026",
            "12/31/2026",
            "2026-02-30",
            "2026-13-01",
            "2026-12-31T",
            "2026-12-31T25:00",
            "2026-12-31T18:00[Nowhere/City]",
            "tomorrow",
            "2026-12-31Z",
            "2026-12-31x",
            "٢٠٢٦-١٢-٣١",
        ] {
            assert!(Written::parse(text).is_err(), "{text}");
        }
        assert!(Written::parse(&"2".repeat(10_000)).is_err());
    }

    #[test]
    fn the_end_of_time_is_an_error_and_no_panic() {
        let zone = TimeZone::UTC;
        assert!(Written::parse("9999-12-31").unwrap().end(&zone).is_err());
        assert!(Window::ALWAYS.contains(Timestamp::MAX) && Window::ALWAYS.contains(Timestamp::MIN));
    }
}
