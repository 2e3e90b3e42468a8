//! The owner floor, asked of the organization itself: immediately before each write that loses an
//! accepted owner where its subject is one, the members are read again, because a plan knows neither what
//! became of the writes before it nor whom others made owner since.

use std::collections::BTreeSet;

use mixaccess_api::ApiError;
use mixaccess_model::{
    Change, Email, LiveMember, LiveState, OrganizationRole, PlanContent, Reading, Subject, UserId,
    Verb, listed,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::{Failure, Outcome};

/// Most names in a message.
const SHOWN: usize = 10;

/// How many accepted owners must remain, and who is one no more.
pub(crate) struct OwnerFloor {
    pub(crate) least: usize,
    /// Whose role this plan took, takes now, or may have taken, in this run or an earlier one, whatever
    /// a reading still shows.
    pub(crate) lost: Mutex<BTreeSet<Email>>,
}

impl OwnerFloor {
    /// The floor of a run that goes on from others: whom they took the role, or may have, counts as lost.
    pub(crate) fn new(
        least: usize,
        changes: &[Change],
        known: &[Option<Outcome>],
        maybe_sent: &[bool],
    ) -> Self {
        let sent = changes.iter().zip(known).zip(maybe_sent).filter(|((change, known), maybe)| {
            let is_in_place = known.as_ref().is_some_and(Outcome::is_in_place);
            may_lose_owner(change) && (**maybe || is_in_place)
        });
        let lost = sent.filter_map(|((change, _), _)| change.subject.email().cloned());
        Self { least, lost: Mutex::new(lost.collect()) }
    }

    /// Ends a passage: whoever kept the role for certain counts again.
    pub(crate) async fn end<'a>(
        &'a self,
        change: &Change,
        passage: Passage<'a>,
        outcome: &Outcome,
    ) {
        let is_kept = match outcome {
            Outcome::Applied { .. } | Outcome::AlreadySo | Outcome::Unknown { .. } => false,
            Outcome::Failed { .. }
            | Outcome::Moved { .. }
            | Outcome::Skipped { .. }
            | Outcome::Deferred { .. }
            | Outcome::NotTried => true,
        };
        if passage.is_first && is_kept {
            let mut lost = match passage.alone {
                Some(lost) => lost,
                None => self.lost.lock().await,
            };
            if let Some(email) = change.subject.email() {
                lost.remove(email);
            }
        }
    }
}

/// The way of one change past the floor.
#[derive(Default)]
pub(crate) struct Passage<'a> {
    /// Held from the reading that shows an owner to the known outcome, one such change at a time.
    pub(crate) alone: Option<MutexGuard<'a, BTreeSet<Email>>>,
    /// Whether nothing took the role of that person before.
    pub(crate) is_first: bool,
}

/// Whether a change takes an accepted owner from the organization where its subject is one: what a
/// plan or an older reading says of that, somebody may have changed since.
pub(crate) fn may_lose_owner(change: &Change) -> bool {
    match (change.write.verb, &change.subject) {
        (Verb::Withdraw | Verb::Remove, _) | (Verb::Delete, Subject::Person { .. }) => true,
        (Verb::Set, _) => change
            .write
            .organization_role()
            .is_some_and(|diff| diff.after != Reading::Known(OrganizationRole::Owner)),
        (Verb::Invite | Verb::Remind | Verb::Create, _)
        | (Verb::Delete, Subject::Team { .. } | Subject::ServiceAccount { .. }) => false,
    }
}

/// Whether the subject of a change was an accepted owner when it was planned or first read, or may have
/// been one: a role that is not known may be an owner's.
pub(crate) fn may_have_been_owner(change: &Change, live: &LiveState) -> bool {
    let may_be_owner =
        |role: Option<OrganizationRole>| role.is_none_or(|role| role == OrganizationRole::Owner);
    let found = change.subject.email().and_then(|email| live.member(email));
    let planned = change.write.organization_role().and_then(|diff| diff.before.known());
    may_be_owner(planned) || found.is_some_and(|member| may_be_owner(member.organization_role))
}

/// Whether the plan makes somebody an owner who is not seen as one.
pub(crate) fn awaits_owner(content: &PlanContent, members: &[LiveMember]) -> bool {
    content.changes.iter().any(|change| {
        let is_owner = |email: &Email| {
            members.iter().any(|member| member.email == *email && member.is_active_owner())
        };
        let role = change.write.organization_role();
        let owner = Reading::Known(OrganizationRole::Owner);
        let makes = change.write.verb == Verb::Set && role.is_some_and(|diff| diff.after == owner);
        makes && !change.subject.email().is_some_and(is_owner)
    })
}

/// Who would be an accepted owner without somebody.
pub(crate) struct Owners<'a> {
    pub(crate) left: BTreeSet<&'a Email>,
    /// Shown as owners, and not counted.
    uncounted: BTreeSet<&'a Email>,
}

impl<'a> Owners<'a> {
    /// Nothing where somebody is certainly no accepted owner, so that nothing is lost. Of whoever was one,
    /// a reading that does not show them at all may not be whole, and proves nothing.
    pub(crate) fn left(
        members: &'a [LiveMember],
        email: &Email,
        user: Option<UserId>,
        was_owner: bool,
        lost: &BTreeSet<Email>,
    ) -> Option<Self> {
        let is_subject =
            |member: &LiveMember| member.email == *email || (user.is_some() && member.id == user);
        let may_own = |member: &LiveMember| {
            let role = member.organization_role;
            member.status.is_active() && role.is_none_or(|role| role == OrganizationRole::Owner)
        };
        let mut found = members.iter().filter(|member| is_subject(member)).peekable();
        let may_be_lost = if found.peek().is_some() { found.any(may_own) } else { was_owner };
        if !may_be_lost {
            return None;
        }
        // A page that moved between two requests shows somebody twice.
        let mut numbers = BTreeSet::new();
        let (uncounted, left) = members
            .iter()
            .filter(|member| member.is_active_owner() && !is_subject(member))
            .filter(|member| member.id.is_none_or(|id| numbers.insert(id)))
            .map(|member| &member.email)
            .partition(|email| lost.contains(*email));
        Some(Self { left, uncounted })
    }

    pub(crate) fn refusal(&self, email: &Email, least: usize) -> Failure {
        let left = match self.left.len() {
            0 => "no accepted owner would be left".to_owned(),
            1 => "1 accepted owner would be left".to_owned(),
            more => format!("{more} accepted owners would be left"),
        };
        let named =
            if self.left.is_empty() { String::new() } else { format!(" ({})", names(&self.left)) };
        let uncounted = if self.uncounted.is_empty() {
            String::new()
        } else {
            format!(
                "; not counted, because this plan takes their role or may have taken it: {}",
                names(&self.uncounted)
            )
        };
        Failure::local(
            format!(
                "owner-floor: not sent: {left}{named} without {email}, and at least {least} must \
                 remain{uncounted}"
            ),
            "Make somebody else owner, let them accept, and run apply with --resume; or plan again.",
        )
    }
}

fn names(all: &BTreeSet<&Email>) -> String {
    listed(all.iter().map(ToString::to_string), SHOWN)
}

/// Why nothing is sent where the members cannot be read.
pub(crate) fn unread(email: &Email, error: &ApiError) -> Failure {
    let mut failure = Failure::from(error);
    failure.message = format!(
        "owner-floor: not sent: whether enough owners would remain without {email} cannot be read: \
         {error}"
    );
    let resume = "Nothing was changed: run apply with --resume.".to_owned();
    failure.hint = Some(failure.hint.map_or(resume.clone(), |hint| format!("{hint} {resume}")));
    failure
}
