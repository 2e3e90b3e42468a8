//! What an invitation was to carry and left out: one reading tells for all invitations of a run, and the
//! call for one project gives it, without another e-mail.

use futures_util::stream::{self, StreamExt as _};
use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind, Write};
use mixaccess_model::{Change, LiveState, Precondition, ProjectRef, ProjectRole, Subject};

use crate::journal::{JournalError, Record};
use crate::reread::read;
use crate::send::execution::{Execution, MAX_ATTEMPTS};
use crate::send::invited_roles::missing;
use crate::send::settle::Settled;
use crate::{Failure, Outcome};

const GOES_ON: &str =
    "Run apply with --resume: it gives what is missing, and sends no second invitation.";

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Gives what the invitations at these indices left out, and journals what became of each: until
    /// then, an invitation has not finished.
    pub(crate) async fn complete_invitations(
        &self,
        invited: &[usize],
        outcomes: &mut [Outcome],
    ) -> Result<(), JournalError> {
        let changes =
            invited.iter().filter_map(|index| Some((*index, self.content.changes.get(*index)?)));
        let changes = changes.collect::<Vec<_>>();
        if changes.is_empty() {
            return Ok(());
        }
        let scope = self.scope.of_changes(changes.iter().map(|(_, change)| *change));
        let live = if self.cancel.is_cancelled() {
            Err("the apply was asked to stop before it was read what the invitation gave"
                .to_owned())
        } else {
            self.progress.note("reading again what the invitations gave");
            let live = read(self.client, &scope, self.now()).await;
            live.map_err(|error| format!("what the invitation gave could not be read: {error}"))
        };
        let live = &live;
        let each = changes.into_iter().map(|(index, change)| async move {
            let failure = match live {
                Ok(live) => self.complete(change, live).await?,
                Err(why) => Some(Failure::local(why.clone(), GOES_ON)),
            };
            Ok::<_, JournalError>((index, change, failure))
        });
        let mut each = stream::iter(each).buffered(self.options.in_flight());
        let mut records = Vec::new();
        let mut journal_error = None;
        while let Some(completed) = each.next().await {
            let (index, change, failure) = match completed {
                Ok(completed) => completed,
                Err(error) => {
                    journal_error.get_or_insert(error);
                    continue;
                }
            };
            let Some(outcome) = outcomes.get_mut(index) else { continue };
            if let Some(failure) = failure {
                self.progress.note(&format!("{}: {}", change.subject, failure.message));
                *outcome = Outcome::Unknown { failure };
            }
            let (change, outcome) = (change.id.clone(), outcome.clone());
            records.push(Record::Outcome { change, at: self.now(), outcome });
        }
        match journal_error {
            Some(error) => Err(error),
            None => self.journal.append_all(records.into_iter()).await,
        }
    }

    /// Gives what one invitation left out; says what is missing in the end. Of somebody who does not show
    /// nothing is known: that is for the verification.
    async fn complete(
        &self,
        change: &Change,
        live: &LiveState,
    ) -> Result<Option<Failure>, JournalError> {
        let Some(email) = change.subject.email() else { return Ok(None) };
        let Some(member) = live.member(email) else { return Ok(None) };
        let mut refused: Vec<String> = Vec::new();
        let mut last: Option<ApiError> = None;
        for grant in missing(&change.write, member) {
            if let Some(error) = self.give_missing(change, &grant).await? {
                let (project, role) = grant;
                refused.push(format!("{role} in project {} ({error})", project.key));
                last = Some(error);
            }
        }
        Ok(last.map(|error| Failure {
            message: format!("was invited, and does not have {}", refused.join(", ")),
            hint: Some(
                error
                    .hint
                    .iter()
                    .map(String::as_str)
                    .chain([GOES_ON])
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            ..Failure::from(&error)
        }))
    }

    /// Gives one role; what the service says where it is not there afterwards.
    async fn give_missing(
        &self,
        change: &Change,
        (project, role): &(ProjectRef, ProjectRole),
    ) -> Result<Option<ApiError>, JournalError> {
        let Subject::Person { email, .. } = &change.subject else { return Ok(None) };
        let write = Write::CompleteInvitation {
            project: project.id,
            email: email.clone(),
            role: role.clone(),
        };
        let given = mixaccess_model::Write::grant(project.clone(), role.clone());
        let before = Precondition::IndividualGrant { project: project.id, role: None };
        let given = Change { write: given, preconditions: vec![before], ..change.clone() };
        let mut last = None;
        for attempt in 1..=MAX_ATTEMPTS {
            let sent = self.send(change, "complete_invitation", attempt, &write).await?;
            let Err(error) = sent else { return Ok(None) };
            let is_lost = error.kind == ErrorKind::OutcomeUnknown;
            if (is_lost || error.status == Some(409))
                && matches!(
                    self.settle(&given, &self.options.patience.settle).await,
                    Settled::InPlace
                )
            {
                return Ok(None);
            }
            last = Some(error);
            if !is_lost {
                break;
            }
        }
        Ok(last)
    }
}
