//! Before each write that could lose an accepted owner the members are read again, and the floor asked.

use std::collections::BTreeSet;

use mixaccess_api::{AccessRead, AccessWrite, Write};
use mixaccess_model::{Change, Email};

use crate::Failure;
use crate::owner_floor::{Owners, Passage, awaits_owner, may_have_been_owner, unread};
use crate::reread::{Scope, read};
use crate::send::execution::Execution;

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Lets a write past the floor that takes an accepted owner where its subject is one; why not, where
    /// too few would remain. Nothing when the apply was asked to stop while it waited for another.
    pub(crate) async fn pass_floor<'s>(
        &'s self,
        change: &Change,
        write: &Write,
        passage: &mut Passage<'s>,
    ) -> Option<Result<(), Failure>> {
        let Some(email) = change.subject.email() else { return Some(Ok(())) };
        if passage.alone.is_none() {
            passage.alone = match self.owners.lost.try_lock() {
                Ok(lost) => Some(lost),
                Err(_) => {
                    let lost = self.owners.lost.lock().await;
                    if self.cancel.is_cancelled() {
                        return None;
                    }
                    Some(lost)
                }
            };
        }
        let lost = passage.alone.as_mut()?;
        let loses = match self.loses_owner(change, email, write, lost).await {
            Ok(loses) => loses,
            Err(failure) => return Some(Err(failure)),
        };
        // Should somebody make them owner meanwhile, nobody counts them.
        passage.is_first |= lost.insert(email.clone());
        if !loses {
            passage.alone = None;
        }
        Some(Ok(()))
    }

    /// Reads the members and says whether a write takes an accepted owner; why it must not be sent now,
    /// where too few would remain.
    async fn loses_owner(
        &self,
        change: &Change,
        email: &Email,
        write: &Write,
        lost: &BTreeSet<Email>,
    ) -> Result<bool, Failure> {
        let user = match write {
            Write::SetOrganizationRole { user, .. } | Write::RemoveMember { user, .. } => {
                Some(*user)
            }
            _ => None,
        };
        let was_owner = may_have_been_owner(change, self.live);
        let scope = Scope { members: true, ..self.scope.nothing() };
        let mut waits = self.options.patience.settle.iter();
        loop {
            let members = match read(self.client, &scope, self.now()).await {
                Ok(live) => live.members,
                Err(error) => return Err(unread(email, &error)),
            };
            let Some(owners) = Owners::left(&members, email, user, was_owner, lost) else {
                return Ok(false);
            };
            if owners.left.len() >= self.owners.least {
                return Ok(true);
            }
            // An answer may be from before our own write made somebody an owner.
            let is_awaited = awaits_owner(self.content, &members);
            match waits.next() {
                Some(wait) if is_awaited && self.cancel.pause(*wait).await => {}
                _ => return Err(owners.refusal(email, self.owners.least)),
            }
        }
    }
}
