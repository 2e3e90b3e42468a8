//! The owner floor, asked of the organization itself: immediately before each write that loses an
//! accepted owner the members are read again, because a plan knows neither what became of the writes
//! before it nor what others did since.

use std::collections::BTreeSet;

use mixaccess_api::{AccessRead, AccessWrite, ApiError, Write};
use mixaccess_model::{
    Action, Change, Email, LiveMember, LiveState, OrganizationRole, PlanContent, UserId,
};
use tokio::sync::Mutex;

use crate::attempt::Attempted;
use crate::execute::Execution;
use crate::reread::{Scope, read};
use crate::{Failure, Outcome};

/// Most names in a message.
const SHOWN: usize = 10;

/// How many accepted owners must remain, and who is one no more.
pub(crate) struct OwnerFloor {
    least: usize,
    /// Owners whose role was taken, or may have been, whatever a reading still shows. Held from the
    /// reading before a write to its known outcome, so that two of them never count each other.
    lost: Mutex<BTreeSet<Email>>,
}

impl OwnerFloor {
    /// The floor of a run that goes on from others: what they may have sent counts as lost.
    pub(crate) fn new(
        least: usize,
        changes: &[Change],
        maybe_sent: &[bool],
        live: &LiveState,
    ) -> Self {
        let sent = changes.iter().zip(maybe_sent).filter(|(_, maybe_sent)| **maybe_sent);
        let lost = sent
            .filter(|(change, _)| may_lose_owner(change, live))
            .filter_map(|(change, _)| change.subject.email().cloned());
        Self { least, lost: Mutex::new(lost.collect()) }
    }
}

/// Whether a change may take an accepted owner from the organization. A role that is not known may be
/// an owner's, and an owner's invitation may be accepted at any moment.
pub(crate) fn may_lose_owner(change: &Change, live: &LiveState) -> bool {
    let may_be_owner =
        |role: Option<OrganizationRole>| role.is_none_or(|role| role == OrganizationRole::Owner);
    let found = change.subject.email().and_then(|email| live.member(email));
    let is_live_owner = || found.is_some_and(|member| may_be_owner(member.organization_role));
    match &change.action {
        Action::SetOrganizationRole { before, after } => {
            *after != OrganizationRole::Owner && (may_be_owner(Some(*before)) || is_live_owner())
        }
        Action::RemoveMember { before: role, .. }
        | Action::WithdrawInvitation { organization_role: role, .. } => {
            may_be_owner(*role) || is_live_owner()
        }
        Action::Invite { .. }
        | Action::RemindInvitation { .. }
        | Action::Grant { .. }
        | Action::SetProjectRole { .. }
        | Action::Revoke { .. }
        | Action::CreateTeam
        | Action::AddTeamMember { .. }
        | Action::RemoveTeamMember { .. }
        | Action::DeleteTeam { .. }
        | Action::CreateServiceAccount { .. }
        | Action::DeleteServiceAccount { .. } => false,
    }
}

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Sends a change that may lose an owner, one such change at a time.
    pub(crate) async fn attempts_above_floor(&self, index: usize, change: &Change) -> Attempted {
        let mut lost = self.owners.lost.lock().await;
        if self.cancel.is_cancelled() {
            return Ok(Outcome::NotTried);
        }
        let attempted = self.attempts_each(index, change, Some(&lost)).await;
        let (Ok(outcome) | Err((outcome, _))) = &attempted;
        if outcome.is_in_place() || matches!(outcome, Outcome::Unknown { .. }) {
            lost.extend(change.subject.email().cloned());
        }
        attempted
    }

    /// Why a write that loses an accepted owner must not be sent now; nothing when enough remain.
    pub(crate) async fn below_floor(
        &self,
        change: &Change,
        write: &Write,
        lost: &BTreeSet<Email>,
    ) -> Option<Failure> {
        let email = change.subject.email()?;
        let user = match write {
            Write::SetOrganizationRole { user, .. } | Write::RemoveMember { user, .. } => {
                Some(*user)
            }
            _ => None,
        };
        let scope = Scope { members: true, ..self.scope.nothing() };
        let mut waits = self.options.patience.settle.iter();
        loop {
            let members = match read(self.client, &scope, self.now()).await {
                Ok(live) => live.members,
                Err(error) => return Some(unread(email, &error)),
            };
            let owners = Owners::left(&members, email, user, lost)?;
            if owners.left.len() >= self.owners.least {
                return None;
            }
            // An answer may be from before our own write made somebody an owner.
            let is_awaited = awaits_owner(self.content, &members);
            match waits.next() {
                Some(wait) if is_awaited && self.cancel.pause(*wait).await => {}
                _ => return Some(owners.refusal(email, self.owners.least)),
            }
        }
    }
}

/// Whether the plan makes somebody an owner who is not seen as one.
fn awaits_owner(content: &PlanContent, members: &[LiveMember]) -> bool {
    content.changes.iter().any(|change| {
        let is_owner = |email: &Email| {
            members.iter().any(|member| member.email == *email && member.is_active_owner())
        };
        let makes = matches!(
            change.action,
            Action::SetOrganizationRole { after: OrganizationRole::Owner, .. }
        );
        makes && !change.subject.email().is_some_and(is_owner)
    })
}

/// Who would be an accepted owner without somebody.
struct Owners<'a> {
    left: BTreeSet<&'a Email>,
    /// Shown as owners, and not counted.
    uncounted: BTreeSet<&'a Email>,
}

impl<'a> Owners<'a> {
    /// Nothing where somebody is certainly no accepted owner, so that nothing is lost. A reading that
    /// does not show them at all may not be whole, and proves nothing.
    fn left(
        members: &'a [LiveMember],
        email: &Email,
        user: Option<UserId>,
        lost: &BTreeSet<Email>,
    ) -> Option<Self> {
        let is_subject =
            |member: &LiveMember| member.email == *email || (user.is_some() && member.id == user);
        let may_own = |member: &LiveMember| {
            let role = member.organization_role;
            member.status.is_active() && role.is_none_or(|role| role == OrganizationRole::Owner)
        };
        let mut found = members.iter().filter(|member| is_subject(member)).peekable();
        if found.peek().is_some() && !found.any(may_own) {
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

    fn refusal(&self, email: &Email, least: usize) -> Failure {
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
    let shown = all.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn unread(email: &Email, error: &ApiError) -> Failure {
    let mut failure = Failure::from(error);
    failure.message = format!(
        "owner-floor: not sent: whether enough owners would remain without {email} cannot be read: \
         {error}"
    );
    let resume = "Nothing was changed: run apply with --resume.".to_owned();
    failure.hint = Some(failure.hint.map_or(resume.clone(), |hint| format!("{hint} {resume}")));
    failure
}
