//! Creating a service account and handing over its secret: both, or neither.

use std::sync::{Arc, PoisonError};

use mixaccess_api::{AccessRead, AccessWrite, ErrorKind, Write};
use mixaccess_model::{Change, LiveServiceAccount, ServiceAccountId, Subject, SubjectKey};

use crate::attempt::{Attempted, MAX_ATTEMPTS, unknown_failure};
use crate::call::write_for;
use crate::execute::Execution;
use crate::journal::JournalError;
use crate::reread::read;
use crate::resume::may_be_ours;
use crate::secret::deliver;
use crate::{CallError, Failure, Outcome};

const CREATE_AGAIN: &str = "Run apply with --resume: it creates the account anew.";
const READ_AGAIN: &str =
    "Run apply with --resume: it deletes the account if it is there, and creates it anew.";
const MAKE_READY: &str = "Make the place for the secret ready, then run apply with --resume: it \
                          creates the account anew.";

/// What became of an account whose secret nobody has.
enum Cleared {
    Deleted,
    NotThere,
    No { why: String },
}

/// What a list of service accounts should show.
#[derive(Clone, Copy)]
enum Expected {
    There,
    Gone,
    Unknown,
}

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Creates a service account and hands over its secret. One that an earlier run may have made is
    /// deleted first, because nobody knows whether its secret arrived.
    pub(crate) async fn create_service_account(
        &self,
        change: &Change,
        maybe_sent: bool,
    ) -> Attempted {
        let Subject::ServiceAccount { username, .. } = &change.subject else {
            return Ok(failed("it is no service account".to_owned(), "Plan again."));
        };
        if maybe_sent && let Cleared::No { why } = self.clear(change, username, None).await? {
            let message = format!("what an earlier run may have made is in the way: {why}");
            return Ok(Outcome::Unknown { failure: Failure::local(message, READ_AGAIN) });
        }
        let write = match write_for(change, &change.subject, &self.options.target) {
            Ok(write) => write,
            Err(CallError { message, .. }) => return Ok(failed(message, "Plan again.")),
        };
        let sent = self.send(change, change.action.kind(), 1, &write).await;
        let written = match sent.map_err(|error| (Outcome::NotTried, error))? {
            Ok(written) => written,
            Err(error) if error.kind == ErrorKind::OutcomeUnknown => {
                self.progress.note(&format!("reading again what became of {}", change.id));
                let because = error.to_string();
                return Ok(match self.clear(change, username, None).await? {
                    // It may still appear.
                    Cleared::NotThere => Outcome::Unknown {
                        failure: unknown_failure(
                            &error,
                            Some("reading again does not show it yet"),
                        ),
                    },
                    cleared => given_up(&because, cleared, CREATE_AGAIN),
                });
            }
            // What an earlier run made shows only now.
            Err(error) if maybe_sent && error.status == Some(409) => {
                let cleared = self.clear(change, username, None).await?;
                return Ok(given_up(&error.to_string(), cleared, CREATE_AGAIN));
            }
            Err(error) => return Ok(Outcome::Failed { failure: Failure::from(&error) }),
        };
        let Some(new) = written.new_service_account else {
            let because = "the service did not tell the secret";
            let cleared = self.clear(change, username, None).await?;
            return Ok(given_up(because, cleared, CREATE_AGAIN));
        };
        let delivered = match &self.options.secrets {
            Some(sink) => deliver(sink.as_ref(), username, &new.secret).await,
            None => Err("there is no place for it".to_owned()),
        };
        if let Err(why) = delivered {
            let because = format!("the secret could not be handed over: {why}");
            let cleared = self.clear(change, username, Some(new.id)).await?;
            return Ok(given_up(&because, cleared, MAKE_READY));
        }
        let subject = Subject::ServiceAccount { username: Arc::clone(username), id: Some(new.id) };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(change.subject.key(), subject);
        Ok(Outcome::Applied { settled_by_reading: false })
    }

    /// Deletes an account whose secret nobody has.
    async fn clear(
        &self,
        change: &Change,
        username: &Arc<str>,
        id: Option<ServiceAccountId>,
    ) -> Result<Cleared, (Outcome, JournalError)> {
        let account = match id {
            Some(id) => id,
            None => match self.find_account(username, Expected::There).await {
                Ok(Some(found)) if may_be_ours(&found, &self.live.actor) => found.id,
                Ok(Some(_)) => {
                    let why = "there is a service account of that name that somebody else created";
                    return Ok(Cleared::No { why: why.to_owned() });
                }
                Ok(None) => return Ok(Cleared::NotThere),
                Err(why) => return Ok(Cleared::No { why }),
            },
        };
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
                    self.find_account(username, Expected::Unknown).await
                }
                Err(error) if !matches!(error.status, Some(404 | 410)) => {
                    return Ok(Cleared::No { why: format!("it could not be deleted: {error}") });
                }
                // What is answered well is no proof where nothing else would tell.
                Ok(_) | Err(_) => self.find_account(username, Expected::Gone).await,
            };
            match seen {
                Ok(None) => return Ok(Cleared::Deleted),
                Ok(Some(_)) => {}
                Err(error) => why = error,
            }
        }
        Ok(Cleared::No { why: format!("it could not be deleted: {why}") })
    }

    /// Reads whether there is a service account of that name, until it is as expected: an answer may be
    /// from before it came, or went. Where nothing is expected, the last answer counts.
    async fn find_account(
        &self,
        username: &Arc<str>,
        expected: Expected,
    ) -> Result<Option<LiveServiceAccount>, String> {
        let key = SubjectKey::ServiceAccount(Arc::clone(username));
        let scope = self.scope.of_subject(&key);
        let mut waits = self.options.patience.settle.iter();
        loop {
            let live = read(self.client, &scope, self.now()).await;
            let seen = live.map(|live| live.service_account(username).cloned());
            let as_expected = seen.as_ref().is_ok_and(|found| match expected {
                Expected::There => found.is_some(),
                Expected::Gone => found.is_none(),
                Expected::Unknown => false,
            });
            if as_expected {
                return seen.map_err(|error| error.to_string());
            }
            match waits.next() {
                Some(wait) if self.cancel.pause(*wait).await => {}
                _ => return seen.map_err(|error| format!("reading again failed: {error}")),
            }
        }
    }
}

/// A new account that nobody has the secret of, and what became of it.
fn given_up(because: &str, cleared: Cleared, hint: &str) -> Outcome {
    match cleared {
        Cleared::Deleted => failed(format!("{because}; the account was deleted again"), hint),
        Cleared::NotThere => {
            let message = format!("{because}; the account is not seen any more");
            Outcome::Unknown { failure: Failure::local(message, READ_AGAIN) }
        }
        Cleared::No { why } => {
            Outcome::Unknown { failure: Failure::local(format!("{because}; {why}"), READ_AGAIN) }
        }
    }
}

fn failed(message: String, hint: &str) -> Outcome {
    let mut failure = Failure::local(message, hint);
    failure.may_succeed_later = true;
    Outcome::Failed { failure }
}
