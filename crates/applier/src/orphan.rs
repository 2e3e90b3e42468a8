//! Service accounts that were made and whose secret nobody has: deleted again where they are known to be
//! what a creation of this plan made, and left alone where they may be anybody's.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mixaccess_api::{AccessRead, AccessWrite, ErrorKind, Write};
use mixaccess_model::{
    Actor, Change, ChangeId, LiveServiceAccount, ServiceAccountId, Subject, SubjectKey, Verb,
    printable,
};

use crate::journal::JournalError;
use crate::remains::Standing;
use crate::reread::{Scope, read};
use crate::send::execution::{Execution, MAX_ATTEMPTS};
use crate::{Failure, Outcome};

pub(crate) const READ_AGAIN: &str =
    "Run apply with --resume: it deletes the account if it is there, and creates it anew.";
pub(crate) const LOOK: &str = "Look in Mixpanel for the service accounts of that name: delete there what \
                               nobody uses, then run apply with --resume, which creates the account \
                               anew. Where one is to stay as it is, plan again, or declare yours \
                               under another name.";

/// How far from when we asked for an account the service may say that it was created, for it to be ours:
/// the time a creation takes, and how far the clocks differ. A run reads again for longer than that before
/// it ends, so that whatever is made after it is newer.
const CREATION_WINDOW: SignedDuration = SignedDuration::from_secs(5);

/// What became of an account whose secret nobody has.
pub(crate) enum Cleared {
    Deleted,
    NotThere,
    /// It may be somebody else's, and is left alone.
    Doubtful {
        why: String,
    },
    No {
        why: String,
    },
}

/// What a list of service accounts should show.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    There,
    Gone,
    Unknown,
}

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Deletes what a creation made whose answer was lost, in this run or in an earlier one. `asked` is
    /// when the account was asked for, each time.
    pub(crate) async fn clear_lost(
        &self,
        change: &Change,
        username: &Arc<str>,
        asked: &[Timestamp],
        in_earlier_run: bool,
    ) -> Result<Cleared, (Outcome, JournalError)> {
        let is_called = |one: &&LiveServiceAccount| one.is_called(username);
        let listed = self.list_accounts(|all| all.iter().any(|one| is_called(&one)));
        let listed = match listed.await {
            Ok(listed) => listed,
            Err(why) => return Ok(Cleared::No { why }),
        };
        let called = listed.iter().filter(is_called).collect::<Vec<_>>();
        let account = match called.as_slice() {
            [] => return Ok(Cleared::NotThere),
            [account] => *account,
            several => {
                let numbers = several.iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
                let numbers = numbers.join(", ");
                let why = format!(
                    "there are {} service accounts called {} (numbers {numbers}), and which of them \
                     this plan made is not known",
                    several.len(),
                    printable(username)
                );
                return Ok(Cleared::Doubtful { why });
            }
        };
        let before = self.live.service_accounts.iter().flatten();
        let doubt = if !in_earlier_run && before.into_iter().any(|one| one.id == account.id) {
            Some("was there before this run".to_owned())
        } else {
            let doubt = self.doubt(account, &change.subject.key()).or_else(|| {
                let is_ours = account.is_created_by(&self.live.actor) == Some(true);
                (!is_ours).then_some("has a creator whom the service does not tell")
            });
            doubt.map(str::to_owned).or_else(|| made_at_another_time(account, asked))
        };
        match doubt {
            Some(doubt) => Ok(doubtful(account, &doubt)),
            None => self.delete_again(change, account.id).await,
        }
    }

    /// Deletes an account whose number the service told, and whose secret could not be handed over.
    pub(crate) async fn clear_made(
        &self,
        change: &Change,
        username: &Arc<str>,
        id: ServiceAccountId,
    ) -> Result<Cleared, (Outcome, JournalError)> {
        let account = match self.find_account(id, Expected::There).await {
            Ok(Some(account)) => account,
            Ok(None) => return Ok(Cleared::NotThere),
            Err(why) => return Ok(Cleared::No { why }),
        };
        if !account.is_called(username) {
            return Ok(doubtful(&account, "has another name than was asked for"));
        }
        match self.doubt(&account, &change.subject.key()) {
            Some(doubt) => Ok(doubtful(&account, doubt)),
            None => self.delete_again(change, id).await,
        }
    }

    /// What speaks against an account being what that creation made.
    fn doubt(&self, account: &LiveServiceAccount, key: &SubjectKey) -> Option<&'static str> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |made: &Subject| matches!(made, Subject::ServiceAccount { id: Some(id), .. } if *id == account.id);
        if made.iter().any(|(other, made)| other != key && is_it(made)) {
            return Some("was made for another change of this run");
        }
        stands_apart(account, &self.live.actor, self.planned_at)
    }

    async fn delete_again(
        &self,
        change: &Change,
        account: ServiceAccountId,
    ) -> Result<Cleared, (Outcome, JournalError)> {
        let write = Write::DeleteServiceAccount { account };
        let mut why = "it is still there".to_owned();
        for attempt in 1..=MAX_ATTEMPTS {
            let sent = self.send(change, "delete_service_account", attempt, &write).await;
            let sent = sent.map_err(|error| {
                let why = "the account is there, and nobody has its secret";
                (Outcome::Unknown { failure: Failure::local(why, READ_AGAIN) }, error)
            })?;
            let is_last = attempt == MAX_ATTEMPTS;
            let seen = match sent {
                // A list may be from before the account was made: sending again tells more.
                Err(error) if error.kind == ErrorKind::OutcomeUnknown && !is_last => continue,
                Err(error) if error.kind == ErrorKind::OutcomeUnknown => {
                    why = error.to_string();
                    self.find_account(account, Expected::Unknown).await
                }
                Err(error) if !matches!(error.status, Some(404 | 410)) => {
                    return Ok(Cleared::No { why: format!("it could not be deleted: {error}") });
                }
                // What is answered well is no proof where nothing else would tell.
                Ok(_) | Err(_) => self.find_account(account, Expected::Gone).await,
            };
            match seen {
                Ok(None) => return Ok(Cleared::Deleted),
                Ok(Some(_)) => {}
                Err(error) => why = error,
            }
        }
        Ok(Cleared::No { why: format!("it could not be deleted: {why}") })
    }

    /// Reads whether there is an account with that number, until it is as expected: an answer may be from
    /// before it came, or went. Where nothing is expected, the last answer counts.
    pub(crate) async fn find_account(
        &self,
        id: ServiceAccountId,
        expected: Expected,
    ) -> Result<Option<LiveServiceAccount>, String> {
        let is_there = |all: &[LiveServiceAccount]| all.iter().any(|one| one.id == id);
        let listed = self.list_accounts(|all| match expected {
            Expected::There => is_there(all),
            Expected::Gone => !is_there(all),
            Expected::Unknown => false,
        });
        Ok(listed.await?.into_iter().find(|one| one.id == id))
    }

    /// Reads the service accounts until they are as expected, or for as long as patience lasts.
    async fn list_accounts(
        &self,
        as_expected: impl Fn(&[LiveServiceAccount]) -> bool,
    ) -> Result<Vec<LiveServiceAccount>, String> {
        let scope = Scope { service_accounts: true, ..self.scope.nothing() };
        let mut waits = self.options.patience.settle.iter();
        loop {
            let live = read(self.client, &scope, self.now()).await;
            let seen = live.map(|live| live.service_accounts.unwrap_or_default());
            if seen.as_ref().is_ok_and(|seen| as_expected(seen)) {
                return seen.map_err(|error| error.to_string());
            }
            match waits.next() {
                Some(wait) if self.cancel.pause(*wait).await => {}
                _ => return seen.map_err(|error| format!("reading again failed: {error}")),
            }
        }
    }
}

/// What an account itself says against being one that the actor made after the plan and nobody has.
fn stands_apart(
    account: &LiveServiceAccount,
    actor: &Actor,
    planned_at: Timestamp,
) -> Option<&'static str> {
    if is_acting(account, actor) {
        Some("is the one that this apply runs as")
    } else if account.is_created_by(actor) == Some(false) {
        Some("was created by somebody else")
    } else if account.created.is_some_and(|created| created < planned_at) {
        Some("was created before this plan was made")
    } else if account.last_used.is_some() {
        Some("was used, so that somebody has its secret")
    } else {
        None
    }
}

/// What speaks against an account being what was asked for at those instants. The credentials of several
/// applies may be the same: then only that tells whose it is.
fn made_at_another_time(account: &LiveServiceAccount, asked: &[Timestamp]) -> Option<String> {
    let Some(created) = account.created else {
        return Some(
            "does not say when it was created, so that another apply may have made it".to_owned(),
        );
    };
    let is_near = |at: &Timestamp| created.duration_since(*at).abs() <= CREATION_WINDOW;
    if asked.iter().any(is_near) {
        return None;
    }
    let asked = match asked.last() {
        Some(last) => format!("this plan asked for it at {last:.0}"),
        None => "when this plan asked for it is not known".to_owned(),
    };
    Some(format!(
        "was created at {created:.0}, and {asked}: another apply with the same credentials may have \
         made it and handed over its secret"
    ))
}

fn doubtful(account: &LiveServiceAccount, doubt: &str) -> Cleared {
    let (name, id) = (printable(&account.username), account.id);
    Cleared::Doubtful { why: format!("service account {name} (number {id}) {doubt}") }
}

/// Whether the credentials are those of the account.
fn is_acting(account: &LiveServiceAccount, actor: &Actor) -> bool {
    let is_named = actor
        .service_account
        .as_deref()
        .is_some_and(|own| account.is_called(own) || own.eq_ignore_ascii_case(&account.username));
    is_named || (actor.user.is_some() && actor.user == account.user)
}

/// What is certain when a plan goes on, without the creations that cannot have made the account that is
/// there: another plan made one of that name since.
pub(crate) fn without_others(
    changes: &[Change],
    standings: &[Standing],
    asked: &BTreeMap<ChangeId, Vec<Timestamp>>,
    of_others: &BTreeMap<Arc<str>, Timestamp>,
) -> Vec<Standing> {
    let is_of_others = |change: &Change| {
        let SubjectKey::ServiceAccount(username) = change.subject.key() else { return false };
        // In a damaged journal the intent may be missing.
        let Some(last) = asked.get(&change.id).and_then(|all| all.iter().max()) else {
            return false;
        };
        of_others.get(&username).is_some_and(|made| made >= last)
    };
    let all = changes.iter().zip(standings);
    let all = all.map(|(change, standing)| {
        let is_open = *standing == Standing::Unknown && change.write.verb == Verb::Create;
        if is_open && is_of_others(change) { Standing::NotTried } else { standing.clone() }
    });
    all.collect()
}

/// Whether the identity we run as may have created a service account: not where the service says that
/// somebody else did.
pub(crate) fn may_be_ours(account: &LiveServiceAccount, actor: &Actor) -> bool {
    account.is_created_by(actor).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{Email, OrganizationRole, UserId};

    use super::*;
    use crate::fake::{Organization, Planner};

    fn made_at(created: Timestamp) -> LiveServiceAccount {
        LiveServiceAccount {
            id: ServiceAccountId(7),
            username: "loader".into(),
            created: Some(created),
            expires: None,
            last_used: None,
            user: Some(UserId(907)),
            creator: None,
            creator_email: None,
            grants: Vec::new(),
        }
    }

    #[test]
    fn an_account_that_may_be_anybodys_stands_apart() {
        let planned_at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let actor = Actor {
            email: Some(Email::new("robot@acme.example")),
            user: Some(UserId(900)),
            organization_role: None,
            service_account: Some("robot".into()),
            projects: None,
        };
        let made = LiveServiceAccount { creator_email: actor.email.clone(), ..made_at(planned_at) };
        type Edit = fn(&mut LiveServiceAccount, Timestamp);
        let cases: [(Edit, Option<&str>); 8] = [
            (|_, _| {}, None),
            (|one, _| (one.created, one.creator_email) = (None, None), None),
            (
                |one, at| one.created = Some(at - SignedDuration::from_secs(1)),
                Some("before this plan"),
            ),
            (
                |one, _| one.creator_email = Some(Email::new("ann@acme.example")),
                Some("somebody else"),
            ),
            (|one, _| one.creator = Some(UserId(1)), Some("somebody else")),
            (|one, at| one.last_used = Some(at), Some("was used")),
            (|one, _| one.user = Some(UserId(900)), Some("runs as")),
            (|one, _| one.username = "Robot".into(), Some("runs as")),
        ];
        for (edit, expected) in cases {
            let mut account = made.clone();
            edit(&mut account, planned_at);
            let found = stands_apart(&account, &actor, planned_at);
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{found:?}");
        }
        let own = LiveServiceAccount { username: "robot.a1.mp-service-account".into(), ..made };
        assert!(stands_apart(&own, &actor, planned_at).is_some());
    }

    #[test]
    fn a_lost_creation_did_not_make_what_another_plan_made_since() {
        let at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let mut planner = Planner::of(&Organization::default());
        let action = mixaccess_model::Write::create_service_account(
            OrganizationRole::Member,
            Vec::new(),
            None,
        );
        planner.add_to_account("loader", action, &[]);
        let changes = planner.content().changes;
        let minutes = |number| at + SignedDuration::from_mins(number);
        for (asked, by_others, expected) in [
            (vec![0], None, Standing::Unknown),
            (vec![0], Some(1), Standing::NotTried),
            // Theirs was gone when ours was sent.
            (vec![0], Some(-1), Standing::Unknown),
            (vec![-2, 0], Some(-1), Standing::Unknown),
            (vec![], Some(1), Standing::Unknown),
        ] {
            let asked = asked.into_iter().map(minutes).collect::<Vec<_>>();
            let asked = (!asked.is_empty()).then(|| (changes[0].id.clone(), asked));
            let asked = asked.into_iter().collect();
            let by_others =
                by_others.map(|after| ("loader".into(), minutes(after))).into_iter().collect();
            let found = without_others(&changes, &[Standing::Unknown], &asked, &by_others);
            assert_eq!(found, [expected], "{asked:?} {by_others:?}");
        }
        let failed = [Standing::Failed(Failure::local("busy", ""))];
        let by_others = [("loader".into(), minutes(1))].into();
        let asked = [(changes[0].id.clone(), vec![at])].into();
        assert_eq!(without_others(&changes, &failed, &asked, &by_others), failed);
    }

    #[test]
    fn only_what_was_created_when_it_was_asked_for_is_ours() {
        let at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let seconds = |number| at + SignedDuration::from_secs(number);
        let doubt = |created: Option<i64>, asked: &[i64]| {
            let account = LiveServiceAccount { created: created.map(seconds), ..made_at(at) };
            let asked = asked.iter().copied().map(seconds).collect::<Vec<_>>();
            made_at_another_time(&account, &asked)
        };
        for (created, asked) in
            [(0, &[0][..]), (5, &[0]), (-5, &[0]), (2, &[0, 600]), (601, &[0, 600])]
        {
            assert_eq!(doubt(Some(created), asked), None, "{created} {asked:?}");
        }
        for (created, asked, said) in [
            (
                Some(6),
                &[0][..],
                "was created at 2026-03-01T10:00:06Z, and this plan asked for it at 2026-03-01T10:00:00Z",
            ),
            (Some(-6), &[0], "another apply with the same credentials may have made it"),
            (Some(300), &[0, 600], "asked for it at 2026-03-01T10:10:00Z"),
            (Some(0), &[], "is not known"),
            (None, &[0], "does not say when it was created"),
        ] {
            let doubt = doubt(created, asked).unwrap();
            assert!(doubt.contains(said), "{doubt}");
        }
    }
}
