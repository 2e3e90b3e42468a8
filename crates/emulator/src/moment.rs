//! Instants in seeds: `2026-01-31T00:00:00Z`, or `4 days ago` and `in 30 days`, counted from when the seed
//! is read, so that an example is as old tomorrow as it is today.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Deserializer, de::Error};

use crate::clock::Clock;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    read(&text, Clock::system().now()).ok_or_else(|| {
        D::Error::custom(format_args!(
            "{text:?} is no instant; write 2026-01-31T00:00:00Z, `4 days ago` or `in 30 days`"
        ))
    })
}

pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Timestamp};

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Moment(#[serde(deserialize_with = "super::deserialize")] Timestamp);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Moment>::deserialize(deserializer)?.map(|moment| moment.0))
    }
}

/// The instant that a text means, to the second where it is counted from `now`.
fn read(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let span: Span = match text.strip_prefix("in ") {
        Some(ahead) if !ahead.ends_with("ago") => ahead.parse().ok()?,
        Some(_) => return None,
        None => text.ends_with("ago").then(|| text.parse().ok())??,
    };
    let now = Timestamp::from_second(now.as_second()).ok()?;
    Some(now.to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_absolute_or_counted_from_now() {
        let now = "2026-01-31T12:00:00.25Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-01T00:00:00Z", Some("2026-01-01T00:00:00Z")),
            ("2026-01-01T01:00:00+01:00", Some("2026-01-01T00:00:00Z")),
            ("4 days ago", Some("2026-01-27T12:00:00Z")),
            ("1 day ago", Some("2026-01-30T12:00:00Z")),
            ("90 minutes ago", Some("2026-01-31T10:30:00Z")),
            ("in 30 days", Some("2026-03-02T12:00:00Z")),
            ("in 4 days ago", None),
            ("4 days", None),
            ("ago", None),
            ("in", None),
            ("soon", None),
            ("99999999 years ago", None),
            ("", None),
        ] {
            let expected = expected.map(|instant| instant.parse().unwrap());
            assert_eq!(read(text, now), expected, "{text}");
        }
    }
}
