//! Group membership that is written through SCIM.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    DesiredCollaborator, Email, LiveMember, LiveTeam, ReasonKind, State, SubjectKey, Through, Write,
};

use crate::compare::comparer::Comparer;
use crate::compare::draft::Draft;
use crate::compare::unread_row;

impl Comparer<'_> {
    /// Takes out of `join` what may be written through SCIM: groups that are there, for somebody who is
    /// known there.
    pub(super) fn join_through_scim(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        join: &mut BTreeSet<Arc<str>>,
    ) -> Vec<(Arc<str>, Draft)> {
        let write = Write::add_team_member(member.email.clone(), Through::Scim);
        self.take_out(collaborator, member, &write, join, |team| !team.has(&member.email))
    }

    /// The same for groups to leave, but for those that `held_back` names.
    pub(super) fn leave_through_scim(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        leave: &mut BTreeSet<Arc<str>>,
        held_back: &BTreeSet<Arc<str>>,
    ) -> Vec<(Arc<str>, Draft)> {
        let email = member.email.clone();
        let write = Write::remove_team_member(email, Through::Scim);
        self.take_out(collaborator, member, &write, leave, |team| {
            team.has(&member.email) && !held_back.contains(&team.name)
        })
    }

    fn take_out(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        write: &Write,
        groups: &mut BTreeSet<Arc<str>>,
        can: impl Fn(&LiveTeam) -> bool,
    ) -> Vec<(Arc<str>, Draft)> {
        if !self.scim_writes_about(&member.email) {
            return Vec::new();
        }
        let kind = match collaborator.state {
            State::Active => ReasonKind::Declared,
            State::Suspended => ReasonKind::Suspended,
            State::Removed => ReasonKind::Removed,
        };
        let mut drafts = Vec::new();
        groups.retain(|name| {
            // Nobody comes into a group of which it is not known who is in it.
            let is_unread = || {
                let key = SubjectKey::Team(Arc::clone(name));
                unread_row::about(self.live, &key).is_some()
            };
            let gives = !write.only_takes();
            let is_written = self.directory.has_group(name)
                && self.live.team(name).is_some_and(&can)
                && !(gives && is_unread());
            if is_written {
                let reason = self.reason(kind, &collaborator.cause);
                drafts.push((Arc::clone(name), self.draft(write.clone(), reason)));
            }
            !is_written
        });
        drafts
    }

    /// Whether the policy lets membership be written through SCIM, and SCIM knows the person.
    pub(crate) fn scim_writes_about(&self, email: &Email) -> bool {
        self.desired.policy.scim.write && self.directory.user(email).is_some_and(|user| user.active)
    }
}
