//! How many invitation e-mails may go out, and when: pure. The service lets about ten an hour through
//! for each e-mail domain (`SERVICE.md`, "Hosts and requests": "rate limit, invitations").
//!
//! We count rather than wait for the refusal: a role of somebody pending changes by a withdrawal and a
//! new invitation, and where the second is refused the person has nothing. Neither live state nor the
//! journals know every e-mail. Live state has those of others and of other machines, but forgets the
//! invitations that were withdrawn; the journals remember these, but know of our own alone. So both are
//! counted, and a refusal that comes all the same is believed for as long as it says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{Change, Email, LiveState};
use mixaccess_planner::InvitationBudget;
use serde::Serialize;

use crate::Outcome;
use crate::journal::{JournalRun, Record};

/// When to try again after a refusal that does not say when: at the pace of the limit.
const PACE: SignedDuration = SignedDuration::from_mins(6);

/// A journal and the service may tell the time of one e-mail differently by so much.
const SAME: SignedDuration = SignedDuration::from_mins(5);

/// Invitations that wait, because the service lets only so many e-mails an hour through for each
/// domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct InvitationsLeft {
    /// How many.
    pub left: usize,
    /// When the next may go out.
    pub next: Timestamp,
    /// When the last may go out, if nobody else sends any.
    pub last: Timestamp,
}

/// What went out to each domain, and what that leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct InvitationLimit {
    budget: InvitationBudget,
    /// For each domain, the time before which the service said not to try again.
    refused: BTreeMap<String, Timestamp>,
}

impl InvitationLimit {
    /// What went out before `now`, as live state and the journals of earlier runs tell it. An e-mail
    /// that both tell counts once.
    pub(crate) fn of(live: &LiveState, runs: &[JournalRun], now: Timestamp) -> Self {
        let mut sent = of_journals(runs);
        for member in &live.members {
            let Some(at) = member.invitation.and_then(|invitation| invitation.sent_at) else {
                continue;
            };
            note(&mut sent, &member.email, at);
        }
        let mut limit = Self::default();
        for (email, times) in sent {
            for at in times {
                limit.send(&email, at.min(now));
            }
        }
        limit
    }

    /// When an e-mail to that address may go out; nothing when it may now.
    pub(crate) fn next_at(&self, email: &Email, now: Timestamp) -> Option<Timestamp> {
        let refused = self.refused.get(email.domain()).copied();
        Some(self.budget.earliest(email, now)).max(refused).filter(|at| *at > now)
    }

    /// An e-mail goes out.
    pub(crate) fn send(&mut self, email: &Email, at: Timestamp) {
        self.budget.note_sent(email, at);
    }

    /// An e-mail did not go out after all.
    pub(crate) fn take_back(&mut self, email: &Email) {
        self.budget.take_back(email);
    }

    /// The service refused an e-mail for now, and perhaps said for how long.
    pub(crate) fn refuse(
        &mut self,
        email: &Email,
        now: Timestamp,
        wait: Option<std::time::Duration>,
    ) -> Timestamp {
        let wait = wait.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or(PACE);
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        let refused = self.refused.entry(email.domain().to_owned()).or_insert(until);
        *refused = until.max(*refused);
        until
    }

    /// When each of some e-mails, in their order, may go out if nobody else sends any.
    pub(crate) fn forecast<'a>(
        &self,
        emails: impl Iterator<Item = &'a Email>,
        now: Timestamp,
    ) -> Vec<Timestamp> {
        let mut then = self.clone();
        emails
            .map(|email| {
                let at = then.next_at(email, now).unwrap_or(now);
                then.send(email, at);
                at
            })
            .collect()
    }
}

/// Sums up when e-mails may go out; nothing when all of them may now.
pub(crate) fn left(times: &[Timestamp], now: Timestamp) -> Option<InvitationsLeft> {
    let waiting = || times.iter().copied().filter(|at| *at > now);
    Some(InvitationsLeft {
        left: waiting().count(),
        next: waiting().min()?,
        last: waiting().max()?,
    })
}

/// Whom a change sends an invitation e-mail to.
pub(crate) const fn addressee(change: &Change) -> Option<&Email> {
    if change.write.verb.sends_mail() { change.subject.email() } else { None }
}

/// Notes when an e-mail went out, if it is none that is known.
fn note(sent: &mut BTreeMap<Email, Vec<Timestamp>>, email: &Email, at: Timestamp) {
    let known = sent.entry(email.clone()).or_default();
    if !known.iter().any(|one| at.duration_since(*one).abs() <= SAME) {
        known.push(at);
    }
}

fn of_journals(runs: &[JournalRun]) -> BTreeMap<Email, Vec<Timestamp>> {
    let mut sent: BTreeMap<Email, Vec<Timestamp>> = BTreeMap::new();
    let withdrawn = runs.iter().flat_map(|run| &run.records).filter_map(|record| match record {
        Record::Intent { subject, invited_at: Some(at), .. } => Some((subject.email()?, *at)),
        _ => None,
    });
    for (email, at) in withdrawn {
        note(&mut sent, email, at);
    }
    for run in runs {
        let mut intents = BTreeMap::new();
        for record in &run.records {
            match record {
                Record::Intent { change, subject, action, .. }
                    if matches!(&**action, "invite" | "remind_invitation") =>
                {
                    intents.insert(change, subject);
                }
                Record::Outcome { change, at, outcome: Outcome::Applied { .. } } => {
                    if let Some(email) = intents.remove(change).and_then(|one| one.email()) {
                        sent.entry(email.clone()).or_default().push(*at);
                    }
                }
                _ => {}
            }
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use mixaccess_planner::{INVITATION_WINDOW, INVITATIONS_PER_WINDOW};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn ann() -> Email {
        Email::new("ann@Agency.example")
    }

    fn limit(minutes: &[i64]) -> InvitationLimit {
        let mut limit = InvitationLimit::default();
        for one in minutes {
            limit.send(&ann(), at(*one));
        }
        limit
    }

    #[test]
    fn ten_an_hour_for_each_domain() {
        let nine = limit(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(nine.next_at(&ann(), at(30)), None);
        let mut ten = nine;
        ten.send(&ann(), at(9));
        assert_eq!(ten.next_at(&ann(), at(30)), Some(at(60)));
        assert_eq!(ten.next_at(&ann(), at(60)), None);
        assert_eq!(ten.next_at(&Email::new("ann@acme.example"), at(30)), None);
        ten.take_back(&ann());
        assert_eq!(ten.next_at(&ann(), at(30)), None);
    }

    #[test]
    fn a_refusal_counts_with_and_without_a_time() {
        let mut limit = limit(&[]);
        assert_eq!(limit.refuse(&ann(), at(0), None), at(6));
        assert_eq!(limit.next_at(&ann(), at(5)), Some(at(6)));
        assert_eq!(limit.next_at(&ann(), at(6)), None);
        let minutes = std::time::Duration::from_secs(600);
        assert_eq!(limit.refuse(&ann(), at(6), Some(minutes)), at(16));
        assert_eq!(limit.next_at(&ann(), at(7)), Some(at(16)));
        limit.refuse(&ann(), at(7), Some(std::time::Duration::MAX));
        assert_eq!(
            limit.next_at(&ann(), at(8)),
            Some(at(16)),
            "what no clock can hold is not believed"
        );
    }

    #[test]
    fn what_waits_is_told_in_advance() {
        let limit = limit(&[0; 8]);
        let emails = vec![ann(); 14];
        let times = limit.forecast(emails.iter(), at(10));
        // Two now, eight when the first eight are an hour old, the rest an hour after those two.
        assert_eq!(
            times,
            [vec![at(10); 2], vec![at(60); 8], vec![at(70); 2], vec![at(120); 2]].concat()
        );
        let expected = InvitationsLeft { left: 12, next: at(60), last: at(120) };
        assert_eq!(left(&times, at(10)), Some(expected));
        assert_eq!(left(&times[..2], at(10)), None);
    }

    proptest! {
        /// Whoever keeps to it never sends more than ten within an hour, and never waits for nothing.
        #[test]
        fn never_more_than_the_maximum_within_an_hour(
            before in vec(-90_i64..0, 0..30),
            count in 0_usize..40,
        ) {
            let limit = limit(&before);
            let emails = vec![ann(); count];
            let times = limit.forecast(emails.iter(), at(0));
            let mut all = before.iter().map(|one| at(*one)).chain(times.clone()).collect::<Vec<_>>();
            all.sort();
            for time in &times {
                let since = *time - INVITATION_WINDOW;
                let within = all.iter().filter(|one| **one > since && *one <= time).count();
                let old = before.iter().filter(|one| at(**one) > since).count();
                prop_assert!(within <= INVITATIONS_PER_WINDOW.max(old), "{within} at {time}");
            }
            for (index, time) in times.iter().enumerate() {
                prop_assert!(*time == at(0) || index + before.len() >= INVITATIONS_PER_WINDOW);
            }
        }
    }
}
