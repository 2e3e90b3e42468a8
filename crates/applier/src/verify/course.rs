//! What the changes of a plan add up to for each subject: an earlier one may be taken over by a later
//! one, as a withdrawal is by the invitation that follows it, and a revocation by the grant of another
//! role in the same project.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mixaccess_model::{
    Change, Difference, LiveMember, LiveState, LiveSubject, Slot, SubjectKey, Verb,
};

/// Changes in their order, found by subject.
pub(crate) struct Course<'a> {
    of_subject: BTreeMap<SubjectKey, Vec<(usize, &'a Change)>>,
}

impl<'a> Course<'a> {
    /// The course of some changes of a plan, each with its index.
    pub(crate) fn of(changes: impl Iterator<Item = (usize, &'a Change)>) -> Self {
        let mut of_subject: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, change) in changes {
            of_subject.entry(change.subject.key()).or_default().push((index, change));
        }
        Self { of_subject }
    }

    /// Whether everything that the changes add up to is so.
    pub(crate) fn is_finished(&self, live: &LiveState) -> bool {
        self.of_subject.iter().all(|(key, own)| {
            let found = live.subject(key);
            let net = net(own.iter().flat_map(|(_, change)| &change.write.differences));
            let goes = net.get(&Slot::Account).is_some_and(|one| !one.gives());
            (goes && found.is_none()) || net.into_values().all(|one| one.is_met_by(found))
        })
    }

    /// Whether each change that must happen once shows to have happened since that instant: what it makes
    /// may look like what was there before it, or be somebody else's work.
    pub(crate) fn has_happened_since(&self, since: Timestamp, live: &LiveState) -> bool {
        self.of_subject.iter().all(|(key, own)| {
            let found = live.subject(key);
            own.iter().all(|(index, change)| {
                if let Some(LiveSubject::ServiceAccount(account)) = found
                    && change.write.verb == Verb::Create
                {
                    return account.is_created_by(&live.actor) == Some(true);
                }
                self.shows_since(*index, change, found, since)
            })
        })
    }

    /// Whether what is found can be what that change made, and not what was there before the plan: an
    /// invitation that follows a withdrawal looks like the older one.
    pub(crate) fn shows_since(
        &self,
        index: usize,
        change: &Change,
        found: Option<LiveSubject<'_>>,
        since: Timestamp,
    ) -> bool {
        if let Some(LiveSubject::Person(member)) = found
            && change.write.verb == Verb::Invite
        {
            return self
                .taken_before(index, change)
                .is_none_or(|taken| is_new(member, taken, since));
        }
        true
    }

    /// The change before an invitation that takes the person out.
    fn taken_before(&self, index: usize, change: &Change) -> Option<&'a Change> {
        let own = self.of_subject.get(&change.subject.key())?;
        let mut before = own.iter().rev().filter(|(at, _)| *at < index);
        before.find(|(_, one)| one.write.verb.ends()).map(|(_, one)| *one)
    }

    /// Whether a subject is as after that change, or as after a later one that took it over.
    pub(crate) fn is_behind(
        &self,
        index: usize,
        change: &Change,
        found: Option<LiveSubject<'_>>,
    ) -> bool {
        let own = self.of_subject.get(&change.subject.key()).map_or(&[][..], Vec::as_slice);
        let from = own.partition_point(|(at, _)| *at < index);
        let rest = own.get(from..).unwrap_or_default();
        let later = || rest.iter().flat_map(|(_, change)| &change.write.differences);
        if found.is_none() {
            return change.write.only_takes()
                || later().any(|one| one.slot() == Slot::Account && !one.gives());
        }
        // In place, or taken over by a later change of the same slot that is.
        change.write.differences.iter().all(|own| {
            let is_there = own.slot() == Slot::Account && own.gives();
            is_there || later().any(|one| one.slot() == own.slot() && one.is_met_by(found))
        })
    }
}

/// Whether somebody is there by an invitation from after that instant, rather than as before the change
/// that took the person out. Whoever accepted the invitation that was to be withdrawn needs no other.
fn is_new(member: &LiveMember, taken: &Change, since: Timestamp) -> bool {
    let withdrawn = taken.write.verb == Verb::Withdraw;
    let is_other = member.id.zip(taken.subject.user()).is_some_and(|(one, other)| one != other);
    let sent_at = member.invitation.and_then(|one| one.sent_at);
    is_other || sent_at > Some(since) || (withdrawn && member.status.is_active())
}

/// The last difference of each slot.
fn net<'a>(
    differences: impl Iterator<Item = &'a Difference>,
) -> BTreeMap<Slot<'a>, &'a Difference> {
    differences.map(|one| (one.slot(), one)).collect()
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{Email, MemberStatus, OrganizationRole, ProjectRole, Write};

    use super::*;
    use crate::fake::{Fake, Fault, Person, Planner, Roster, options, person, project};
    use crate::preflight::precheck::is_applied;
    use crate::{ApplyStatus, CancelToken, NoProgress, Receipt, StateDirectory, apply};

    const LEE: &str = "lee@agency.example";
    const KIM: &str = "kim@agency.example";
    const ROOT: &str = "root@acme.example";

    fn pending(id: u64, grants: &[(u64, ProjectRole)]) -> Person {
        Person { status: MemberStatus::Pending, ..person(id, OrganizationRole::Member, grants) }
    }

    fn roster() -> Roster {
        let two = [(7, ProjectRole::Analyst), (8, ProjectRole::Analyst)];
        [
            (ROOT, person(1, OrganizationRole::Owner, &[])),
            (LEE, pending(4, &two)),
            (KIM, pending(5, &two)),
        ]
        .into_iter()
        .map(|(email, person)| (Email::new(email), person))
        .collect()
    }

    /// Lee's role in one project is changed by revoking and granting; Kim is invited anew to one
    /// project with the role she has, and loses the other.
    fn planner() -> Planner {
        let mut planner = Planner::new(&roster());
        let analyst = |number| (project(number), ProjectRole::Analyst);
        let organization_role = OrganizationRole::Member;
        let revoke = Write::revoke(project(7), ProjectRole::Analyst);
        let revoked = planner.add(LEE, revoke, &[]);
        let withdrawal = Write::withdraw(Some(organization_role), vec![analyst(7), analyst(8)]);
        let withdrawn = planner.add(KIM, withdrawal, &[]);
        let grant = Write::grant(project(7), ProjectRole::Admin);
        planner.add(LEE, grant, &[revoked]);
        let invite = Write::invite(organization_role, vec![analyst(7)]);
        planner.add(KIM, invite, &[withdrawn]);
        planner
    }

    struct Bench {
        fake: Fake,
        root: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            Self { fake: Fake::new(roster()), root: tempfile::tempdir().unwrap() }
        }

        async fn run(&self, directory: &str, resume: bool) -> Receipt {
            let state = StateDirectory::open(self.root.path().join(directory)).unwrap();
            let mut options = options(1);
            options.concurrency = 1;
            options.resume = resume;
            let never = CancelToken::never();
            let plan = planner().plan();
            apply(&plan, &self.fake, &state, &options, &NoProgress, &never).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_finished_plan_is_already_applied_also_where_no_journal_tells() {
        let bench = Bench::new();
        assert!(!is_applied(&planner().content().changes, &bench.fake.live()));
        assert_eq!(bench.run("one", false).await.status, ApplyStatus::Applied);
        for directory in ["one", "two"] {
            let again = bench.run(directory, false).await;
            assert_eq!(again.status, ApplyStatus::AlreadyApplied, "{again:?}");
            assert_eq!((again.exit_code(), again.requests.writes), (0, 0));
        }
        let one = bench.run("one", false).await;
        assert!(one.notes.is_empty(), "{:?}", one.notes);
        bench.fake.by_hand(|roster| drop(roster.remove(&Email::new(KIM))));
        assert!(!is_applied(&planner().content().changes, &bench.fake.live()));
    }

    #[tokio::test]
    async fn going_on_without_what_the_journal_said_finds_what_was_taken_over() {
        for lost in 0..4 {
            let bench = Bench::new();
            // The run ends early, at the write of that number.
            bench.fake.lock().faults.insert(lost, Fault::Busy);
            let receipt = bench.run("one", false).await;
            let path = receipt.journal.unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let header = text.lines().next().unwrap();
            std::fs::write(&path, format!("{header}\n\u{fffd}\n")).unwrap();
            let receipt = bench.run("one", true).await;
            assert_eq!(receipt.status, ApplyStatus::Applied, "{lost}: {receipt:?}");
            assert!(is_applied(&planner().content().changes, &bench.fake.live()));
            assert_eq!(bench.fake.lock().invitations.len(), 1);
            assert_eq!(bench.fake.lock().writes.len(), 4 + 1);
        }
    }

    #[test]
    fn what_somebody_else_did_is_not_taken_for_a_later_change() {
        let content = planner().content();
        let course = Course::of(content.changes.iter().enumerate());
        let behind = |index: usize, member: &Person| {
            let mut roster = roster();
            let key = content.changes[index].subject.key();
            let SubjectKey::Person(email) = &key else { panic!("{key}") };
            roster.insert(email.clone(), member.clone());
            let live = Fake::new(roster).live();
            course.is_behind(index, &content.changes[index], live.subject(&key))
        };
        // Revoked; granted anew; as before; changed by somebody else.
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        assert!(behind(0, &pending(4, &[])));
        assert!(behind(0, &pending(4, &[(7, admin)])));
        assert!(!behind(0, &pending(4, &[(7, analyst.clone())])));
        assert!(!behind(0, &pending(4, &[(7, ProjectRole::Owner)])));
        assert!(!behind(2, &pending(4, &[])));
        // Invited anew; still with what the withdrawal takes; promoted by somebody else.
        assert!(behind(1, &pending(9, &[(7, analyst.clone())])));
        assert!(!behind(1, &pending(5, &[(7, analyst.clone()), (8, analyst.clone())])));
        let mut promoted = pending(9, &[(7, analyst)]);
        promoted.role = OrganizationRole::Admin;
        assert!(!behind(1, &promoted));
        assert!(!behind(3, &promoted));
    }
}
