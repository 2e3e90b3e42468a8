//! One field of a row, whatever JSON it is written as.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One field of a row, whatever JSON it is written as. Absent is the same as null.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Field<'de> {
    /// Absent or null.
    #[default]
    Nothing,
    /// A flag.
    Flag(bool),
    /// A number that is not negative.
    Number(u64),
    /// A text.
    Text(Cow<'de, str>),
    /// An object that has a name.
    Named(Cow<'de, str>),
    /// Anything else.
    Other,
}

/// Numbers above this, in milliseconds, are times in milliseconds rather than seconds: year 5138.
const MOST_SECONDS: u64 = 100_000_000_000;

impl Field<'_> {
    /// Whether the field says nothing at all.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// A number, also when written as a text.
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A text or the name of an object, trimmed; never empty.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Named(text) => {
                Some(text.trim()).filter(|text| !text.is_empty())
            }
            _ => None,
        }
    }

    /// A flag.
    pub(crate) const fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// An instant: RFC 3339, the same without an offset (UTC), a date, or seconds or milliseconds
    /// since 1970. Anything else is no instant.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        if let Some(number) = self.number() {
            let since = i64::try_from(number).ok()?;
            return Timestamp::from_duration(if number < MOST_SECONDS {
                SignedDuration::from_secs(since)
            } else {
                SignedDuration::from_millis(since)
            })
            .ok();
        }
        let text = self.word()?;
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(instant);
        }
        let civil = match text.parse::<DateTime>() {
            Ok(civil) => civil,
            Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
        };
        TimeZone::UTC.to_timestamp(civil).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

pub(super) struct FieldVisitor<'a>(pub(super) PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FieldVisitor<'a> {
    type Value = Field<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Nothing)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Field::Flag(flag))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Field::Number(number))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Field::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Field::Other)
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut named = Field::Other;
        while let Some(key) = fields.next_key::<String>()? {
            if key == "name" {
                if let Field::Text(name) = fields.next_value::<Field<'a>>()? {
                    named = Field::Named(name);
                }
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> Field<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reads_numbers_words_and_flags() {
        assert_eq!(field("7").number(), Some(7));
        assert_eq!(field("\" 7 \"").number(), Some(7));
        assert_eq!(field("18446744073709551615").number(), Some(u64::MAX));
        for other in ["-7", "7.5", "\"7.5\"", "1e30", "null", "true", "[7]", "{\"id\":7}", "\"\""] {
            assert_eq!(field(other).number(), None, "{other}");
        }
        assert_eq!(field("\" Growth \"").word(), Some("Growth"));
        assert_eq!(field(r#"{"id":1,"name":"Growth","x":{"name":"no"}}"#).word(), Some("Growth"));
        assert_eq!(field(r#"{"name":null}"#).word(), None);
        assert_eq!(field("\"  \"").word(), None);
        assert!(field("\" \"").is_nothing() && field("null").is_nothing());
        assert_eq!(field("true").flag(), Some(true));
        assert_eq!(field("\"true\"").flag(), None);
    }

    #[test]
    fn reads_instants_in_every_form() {
        for json in [
            "\"2026-01-05T09:00:00Z\"",
            "\"2026-01-05T10:00:00+01:00\"",
            "\"2026-01-05T09:00:00\"",
            "\"2026-01-05 09:00:00\"",
            "1767603600",
            "1767603600000",
            "\"1767603600\"",
        ] {
            let instant = field(json).instant().map(|instant| instant.to_string());
            assert_eq!(instant.as_deref(), Some("2026-01-05T09:00:00Z"), "{json}");
        }
        assert_eq!(field("\"2026-01-05\"").instant().unwrap().to_string(), "2026-01-05T00:00:00Z");
        for json in ["\"never\"", "null", "18446744073709551615", "true", "\"2026-13-01\""] {
            assert_eq!(field(json).instant(), None, "{json}");
        }
    }
}
