//! Invitations that wait, and how many may be sent.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{
    Change, Email, Finding, LiveMember, LiveState, MemberStatus, NotPlanned, NotPlannedKind,
    Severity, Validity,
};

use crate::codes::{INVITATION_EXPIRED, INVITATION_LIMIT, INVITATION_WAITING, MAY_HAVE_EXPIRED};
use crate::subject::subject_of;

/// How many invitation e-mails the service sends for each e-mail domain in any
/// [`INVITATION_WINDOW`] (`SERVICE.md`, "Hosts and requests": "rate limit, invitations").
pub const INVITATIONS_PER_WINDOW: usize = 10;

/// The time in which [`INVITATIONS_PER_WINDOW`] are sent.
pub const INVITATION_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// When a reminder is due (`SERVICE.md`, "Behaviour", 6).
const REMINDER_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// How many invitation e-mails each domain has left: the one account of the service's limit. A plan
/// foretells with it how long its invitations take; an apply, which also knows from its journals what
/// went out, keeps to it.
#[derive(Clone, Debug, Default)]
pub struct InvitationBudget {
    /// When e-mails were sent, oldest first, for each domain.
    sent: BTreeMap<String, Vec<Timestamp>>,
}

impl InvitationBudget {
    /// What is left as far as live state tells: every invitation whose e-mail went out within the
    /// window counts, whether it still waits, has expired or was accepted since. Withdrawn ones are
    /// forgotten by the service, so that it may still answer that there were too many.
    pub(crate) fn of(live: &LiveState) -> Self {
        let mut budget = Self::default();
        for member in &live.members {
            if let Some(sent_at) = sent_at(member)
                && live.taken_at.duration_since(sent_at) < INVITATION_WINDOW
            {
                // A clock that runs ahead must not make anybody wait for longer.
                budget.note_sent(&member.email, sent_at.min(live.taken_at));
            }
        }
        budget
    }

    /// The first moment from `now` on at which an e-mail to that address may be sent.
    pub fn earliest(&self, email: &Email, now: Timestamp) -> Timestamp {
        let Some(sent) = self.sent.get(email.domain()) else { return now };
        let Some(first) = sent.len().checked_sub(INVITATIONS_PER_WINDOW) else { return now };
        let freed = sent.get(first).and_then(|at| at.checked_add(INVITATION_WINDOW).ok());
        freed.map_or(now, |freed| freed.max(now))
    }

    /// Counts an e-mail that was sent.
    pub fn note_sent(&mut self, email: &Email, at: Timestamp) {
        let sent = self.sent.entry(email.domain().to_owned()).or_default();
        let from = sent.partition_point(|other| *other <= at);
        sent.insert(from, at);
    }

    /// Takes back the last e-mail to the domain of that address: it was refused.
    pub fn take_back(&mut self, email: &Email) {
        if let Some(sent) = self.sent.get_mut(email.domain()) {
            sent.pop();
        }
    }
}

/// How long the service takes to send the invitations of a plan, by the e-mail domains that have more
/// than it sends at once.
pub(crate) fn beyond_the_limit(changes: &[Change], live: &LiveState) -> Vec<Finding> {
    let mut budget = InvitationBudget::of(live);
    let mut domains: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.write.verb.sends_mail()) {
        let Some(email) = change.subject.email() else { continue };
        let at = budget.earliest(email, live.taken_at);
        budget.note_sent(email, at);
        let (count, last) = domains.entry(email.domain()).or_insert((0, at));
        *count += 1;
        *last = at.max(*last);
    }
    domains
        .into_iter()
        .filter(|(_, (_, last))| *last > live.taken_at)
        .map(|(domain, (count, last))| {
            let message = format!(
                "{count} invitation{} for {domain} take {}: the service sends {INVITATIONS_PER_WINDOW} an hour for one e-mail domain",
                if count == 1 { "" } else { "s" },
                lasting(last.duration_since(live.taken_at)),
            );
            Finding::new(Severity::Warning, INVITATION_LIMIT, message).with_hint(
                "Apply with --wait, or apply again later: what was sent is not sent again.",
            )
        })
        .collect()
}

/// Whether somebody's invitation can still be accepted.
pub(crate) fn validity(member: &LiveMember, at: Timestamp) -> Validity {
    member.invitation.unwrap_or_default().validity(at)
}

/// Somebody whose invitation stands and waits to be accepted.
pub(crate) fn still_waiting(member: &LiveMember, taken_at: Timestamp) -> NotPlanned {
    let since = sent_at(member).map_or_else(
        || "invited, the service does not say when".to_owned(),
        |at| format!("invited {} ago", lasting(taken_at.duration_since(at))),
    );
    NotPlanned {
        kind: NotPlannedKind::Pending,
        subject: Some(subject_of(member)),
        project: None,
        message: format!("{since}, and not accepted yet"),
    }
}

/// Whether an invitation waits for so long that a reminder is due.
pub(crate) fn waits_for_long(member: &LiveMember, taken_at: Timestamp) -> bool {
    member.status == MemberStatus::Pending
        && sent_at(member).is_some_and(|at| taken_at.duration_since(at) >= REMINDER_AFTER)
}

pub(crate) fn waiting(member: &LiveMember, taken_at: Timestamp) -> Finding {
    let since = sent_at(member).map(|at| lasting(taken_at.duration_since(at)));
    let message = format!(
        "invited {} ago, and not accepted yet: a reminder is due",
        since.unwrap_or_default()
    );
    Finding::new(Severity::Note, INVITATION_WAITING, message).about_subject(subject_of(member)).with_hint(
        "Ask the person, or set `policy.invitations.remind: true` so that plans send the invitation again.",
    )
}

/// An invitation that is so old that it may have expired, and is not renewed yet.
pub(crate) fn may_have_expired(member: &LiveMember, taken_at: Timestamp) -> Option<Finding> {
    if validity(member, taken_at) != Validity::MayHaveExpired {
        return None;
    }
    let since = lasting(taken_at.duration_since(sent_at(member)?));
    let message = format!(
        "the invitation of {since} ago may have expired: one can be accepted for 7 to 14 days"
    );
    let finding = Finding::new(Severity::Warning, MAY_HAVE_EXPIRED, message)
        .about_subject(subject_of(member))
        .with_hint("Ask the person whether the link still works; a plan renews an invitation that is older than 14 days.");
    Some(finding)
}

pub(crate) fn expired(member: &LiveMember, taken_at: Timestamp) -> Finding {
    let since = sent_at(member)
        .map_or_else(String::new, |at| format!(" of {} ago", lasting(taken_at.duration_since(at))));
    let message = format!("the invitation{since} can no longer be accepted, and a new one is sent");
    Finding::new(Severity::Warning, INVITATION_EXPIRED, message)
        .about_subject(subject_of(member))
        .with_hint("Check the address, and tell the person to look for the e-mail.")
}

fn sent_at(member: &LiveMember) -> Option<Timestamp> {
    member.invitation?.sent_at
}

/// A length of time in the largest unit that fits, rounded down.
pub(crate) fn lasting(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (count, unit) = match seconds {
        0..60 => return "less than a minute".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
