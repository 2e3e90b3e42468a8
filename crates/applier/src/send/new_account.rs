//! Creating a service account and handing over its secret: both, or neither.

use std::sync::{Arc, PoisonError};

use mixaccess_api::{AccessRead, AccessWrite, ErrorKind, NewServiceAccount};
use mixaccess_model::{Change, Subject, is_service_account_name, printable};
use secrecy::SecretString;

use crate::journal::{JournalError, Record};
use crate::orphan::{Cleared, Expected, LOOK, READ_AGAIN};
use crate::secret::deliver;
use crate::send::attempt::{Attempted, unknown_failure};
use crate::send::call::write_for;
use crate::send::execution::Execution;
use crate::{Awaited, CallError, Failure, Outcome, SecretMark};

const CREATE_AGAIN: &str = "Run apply with --resume: it creates the account anew.";
const MAKE_READY: &str = "Make the place for the secret ready, then run apply with --resume: it \
                          creates the account anew.";

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Creates a service account and hands over its secret. One that an earlier run is known to have made
    /// is deleted first, because nobody knows whether its secret arrived.
    pub(crate) async fn create_service_account(
        &self,
        change: &Change,
        maybe_sent: bool,
    ) -> Attempted {
        let Subject::ServiceAccount { username, .. } = &change.subject else {
            return Ok(failed("it is no service account".to_owned(), "Plan again."));
        };
        let mut asked = self.asked_before.get(&change.id).cloned().unwrap_or_default();
        if maybe_sent {
            let because = "what an earlier run may have made is in the way";
            match self.clear_lost(change, username, &asked, true).await? {
                Cleared::Deleted | Cleared::NotThere => {}
                in_the_way => return Ok(given_up(because, in_the_way, READ_AGAIN)),
            }
        }
        let write = match write_for(change, &change.subject, &self.options.target) {
            Ok(write) => write,
            Err(CallError { message, .. }) => return Ok(failed(message, "Plan again.")),
        };
        asked.push(self.now());
        let sent = self.send(change, change.kind(), 1, &write).await;
        let written = match sent.map_err(|error| (Outcome::NotTried, error))? {
            Ok(written) => written,
            Err(error) if error.kind == ErrorKind::OutcomeUnknown => {
                self.progress.note(&format!("reading again what became of {}", change.id));
                let because = error.to_string();
                return Ok(match self.clear_lost(change, username, &asked, maybe_sent).await? {
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
                let cleared = self.clear_lost(change, username, &asked, true).await?;
                return Ok(given_up(&error.to_string(), cleared, CREATE_AGAIN));
            }
            Err(error) => return Ok(Outcome::Failed { failure: Failure::from(&error) }),
        };
        let Some(new) = written.new_service_account else {
            let because = "the service did not tell the secret";
            let cleared = self.clear_lost(change, username, &asked, maybe_sent).await?;
            return Ok(given_up(because, cleared, CREATE_AGAIN));
        };
        if let Err(why) = self.believe(change, username, &new).await {
            let message = format!("{why}: the answer is not believed, and nothing was deleted");
            return Ok(Outcome::Unknown { failure: Failure::local(message, LOOK) });
        }
        let delivered = self.hand_over(change, username, &new.secret).await.map_err(|error| {
            let why = "the account is there, and its secret was not handed over";
            (Outcome::Unknown { failure: Failure::local(why, READ_AGAIN) }, error)
        })?;
        if let Err(why) = delivered {
            let because = format!("the secret could not be handed over: {why}");
            let cleared = self.clear_made(change, username, new.id).await?;
            return Ok(given_up(&because, cleared, MAKE_READY));
        }
        Ok(Outcome::Applied { settled_by_reading: false })
    }

    /// Hands a secret over; gives why that failed. Before it stands on the disk what tells the secret
    /// again: whoever goes on knows by it that what is found where secrets go is this plan's, and nobody
    /// else's.
    async fn hand_over(
        &self,
        change: &Change,
        username: &Arc<str>,
        secret: &SecretString,
    ) -> Result<Result<(), String>, JournalError> {
        let Some(sink) = &self.options.secrets else {
            return Ok(Err("there is no place for it".to_owned()));
        };
        // No other run has a journal of that name, and none makes the account of a change twice.
        let run = self.journal.path().file_name().unwrap_or_default().to_string_lossy();
        self.journal
            .append(&Record::HandOver {
                change: change.id.clone(),
                subject: Subject::ServiceAccount { username: Arc::clone(username), id: None },
                mark: SecretMark::new(secret, format!("{run} {}", change.id)),
                at: self.now(),
            })
            .await?;
        let awaited = Awaited::of(username, self.handed_over);
        Ok(deliver(sink.as_ref(), awaited, secret).await)
    }

    /// Believes an answer to a creation only for the name that was asked for, and a number that nothing
    /// had before: not an account that was there, ours included, and not another new one of this run.
    /// From then on the number is this account's.
    async fn believe(
        &self,
        change: &Change,
        username: &Arc<str>,
        new: &NewServiceAccount,
    ) -> Result<(), String> {
        let id = new.id;
        if let Some(told) = &new.username
            && !is_service_account_name(told, username)
        {
            let told = printable(told);
            return Err(format!("the service answered with service account {told} (number {id})"));
        }
        let before = self.live.service_accounts.iter().flatten().find(|one| one.id == id);
        if let Some(before) = before {
            let name = printable(&before.username);
            return Err(format!(
                "the service answered with number {id}, which service account {name} had before"
            ));
        }
        let subject = Subject::ServiceAccount { username: Arc::clone(username), id: Some(id) };
        {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let is_given = |other: &&Subject| matches!(other, Subject::ServiceAccount { id: Some(given), .. } if *given == id);
            if let Some(other) = made.values().find(is_given) {
                return Err(format!(
                    "the service answered with number {id}, which it gave to {other} in this run"
                ));
            }
            made.insert(change.subject.key(), subject);
        }
        if new.username.is_some() {
            return Ok(());
        }
        let listed = self.find_account(id, Expected::There).await?;
        match listed {
            Some(listed) if listed.is_called(username) => Ok(()),
            Some(listed) => {
                let name = printable(&listed.username);
                Err(format!(
                    "the service answered with number {id}, which service account {name} has"
                ))
            }
            None => {
                Err(format!("the service answered without a name, and does not list number {id}"))
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
            Outcome::Unknown { failure: Failure::local(format!("{because}: {why}"), READ_AGAIN) }
        }
        Cleared::Doubtful { why } => {
            let message = format!("{because}: {why}; nothing was deleted");
            Outcome::Unknown { failure: Failure::local(message, LOOK) }
        }
    }
}

fn failed(message: String, hint: &str) -> Outcome {
    let mut failure = Failure::local(message, hint);
    failure.may_succeed_later = true;
    Outcome::Failed { failure }
}
