//! Invitations that are not accepted yet.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::live::is_false;

/// From which age on an invitation may have expired.
const MAY_EXPIRE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Beyond which age an invitation has expired.
const EXPIRES_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the service says of an invitation.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// When the last e-mail was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Until when it can be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it can no longer be accepted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub expired: bool,
}

/// Whether an invitation can still be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It can.
    Open,
    /// It is so old that it may have expired.
    MayHaveExpired,
    /// It can not: the service says so, or it is too old.
    Expired,
    /// The service tells no date.
    Unknown,
}

impl Invitation {
    /// Whether it can be accepted at that instant: as the service says, and otherwise by its age.
    pub fn validity(&self, at: Timestamp) -> Validity {
        let age = self.sent_at.map(|sent_at| at.duration_since(sent_at));
        let is_over = self.expired || self.expires_at.is_some_and(|end| end <= at);
        match age {
            _ if is_over => Validity::Expired,
            Some(age) if age > EXPIRES_AFTER => Validity::Expired,
            _ if self.expires_at.is_some() => Validity::Open,
            Some(age) if age >= MAY_EXPIRE_AFTER => Validity::MayHaveExpired,
            Some(_) => Validity::Open,
            None => Validity::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_ages_and_the_service_has_the_last_word() {
        let at: Timestamp = "2026-03-20T10:00:00Z".parse().unwrap();
        let hours = |hours: i64| Some(at - SignedDuration::from_hours(hours));
        let day = 24;
        for (sent_at, expires_at, expired, expected) in [
            (hours(0), None, false, Validity::Open),
            (hours(7 * day - 1), None, false, Validity::Open),
            (hours(7 * day), None, false, Validity::MayHaveExpired),
            (hours(14 * day), None, false, Validity::MayHaveExpired),
            (hours(14 * day + 1), None, false, Validity::Expired),
            (hours(20 * day), None, false, Validity::Expired),
            (None, None, false, Validity::Unknown),
            (hours(1), None, true, Validity::Expired),
            (None, None, true, Validity::Expired),
            (hours(8 * day), hours(-day), false, Validity::Open),
            (hours(2 * day), hours(0), false, Validity::Expired),
            (None, hours(1), false, Validity::Expired),
            (None, hours(-1), false, Validity::Open),
            (hours(20 * day), hours(-day), false, Validity::Expired),
            // A clock that runs ahead.
            (hours(-1), None, false, Validity::Open),
        ] {
            let invitation = Invitation { sent_at, expires_at, expired };
            assert_eq!(invitation.validity(at), expected, "{invitation:?}");
        }
    }
}
