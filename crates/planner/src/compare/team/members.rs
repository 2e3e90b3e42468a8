//! Who comes into a team and who goes.

use std::sync::Arc;

use mixaccess_model::{
    DesiredCollaborator, DesiredTeam, Email, LiveMember, LiveTeam, Reason, ReasonKind, State,
    Subject, Through, UnmanagedAction, Write,
};

use super::{TeamComparer, TeamComparison, is_managed};
use crate::compare::comparer::{Course, swept};
use crate::compare::draft::Draft;
use crate::finding::team as told;

/// What becomes of somebody's place in teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The account stays as it is, or comes by an invitation.
    Kept,
    /// The account goes and comes again: its places in teams go with it.
    Renewed,
    /// The account goes, and its places in teams with it.
    Lost,
    /// Nobody is there whom a team could have.
    Nobody,
    /// Nobody is there yet: the identity provider brings them.
    Awaited,
    /// It is not clear which account is meant.
    Unclear,
}

impl<'a> TeamComparer<'a> {
    /// Membership is complete among declared people; people whom nobody declares stay.
    pub(super) fn members(
        &self,
        wanted: &'a DesiredTeam,
        found: Option<&'a LiveTeam>,
        drafts: &mut Vec<Draft>,
        out: &mut TeamComparison<'a>,
    ) {
        let live = found.map(|team| team.members.as_slice()).unwrap_or_default();
        for email in live {
            if !names(wanted, email) {
                self.superfluous(wanted, found, email, drafts, out);
            }
        }
        for member in &wanted.members {
            let (collaborator, account) = self.who(&member.email);
            let is_in = live.binary_search(&member.email).is_ok();
            // Nothing is given to somebody about whom there is a doubt.
            if !is_in && self.comparer.doubts.about(&member.email).is_some() {
                continue;
            }
            match self.place(&member.email, collaborator, account) {
                Place::Kept if !is_in => {}
                Place::Renewed => {}
                Place::Nobody => {
                    let desired = self.comparer.desired;
                    out.findings.push(told::nobody_there(desired, wanted, member));
                    continue;
                }
                Place::Awaited => {
                    let by_hand = out.by_hand.people.entry(member.email.clone()).or_default();
                    by_hand.join.insert(Arc::clone(&wanted.name));
                    continue;
                }
                Place::Kept | Place::Lost | Place::Unclear => continue,
            }
            let email = account.map_or(&member.email, |account| &account.email);
            let reason = self.comparer.reason(ReasonKind::Declared, &member.cause);
            let is_managed_person = self.comparer.is_managed(collaborator, account);
            match self.route(wanted, found, email, is_managed_person) {
                Some(through) => {
                    let write = Write::add_team_member(email.clone(), through);
                    drafts.push(self.comparer.draft(write, reason));
                }
                None => self.add_by_hand(wanted, found, email, reason, out),
            }
        }
        let named: Vec<&Email> =
            live.iter().filter(|email| self.stays_undeclared(wanted, email)).collect();
        out.not_planned.extend(found.and_then(|team| told::undeclared_people(team, &named)));
    }

    /// Somebody in the team whom its declaration does not name.
    fn superfluous(
        &self,
        wanted: &'a DesiredTeam,
        found: Option<&LiveTeam>,
        email: &Email,
        drafts: &mut Vec<Draft>,
        out: &mut TeamComparison<'a>,
    ) {
        let (collaborator, account) = self.who(email);
        let reason = match collaborator {
            Some(one) => {
                let (kind, cause) = match one.state {
                    State::Active => (ReasonKind::NotMentioned, &wanted.cause),
                    State::Suspended => (ReasonKind::Suspended, &one.cause),
                    State::Removed => (ReasonKind::Removed, &one.cause),
                };
                self.comparer.reason(kind, cause)
            }
            None if account.is_some_and(|account| self.is_swept_from_teams(account)) => swept(),
            None => return,
        };
        match self.place(email, collaborator, account) {
            Place::Lost | Place::Renewed | Place::Unclear => return,
            Place::Kept | Place::Nobody | Place::Awaited => {}
        }
        let is_managed_person = self.comparer.is_managed(collaborator, account);
        match self.route(wanted, found, email, is_managed_person) {
            Some(through) => {
                let write = Write::remove_team_member(email.clone(), through);
                drafts.push(self.comparer.draft(write, reason));
            }
            None => self.remove_by_hand(wanted, found, email, reason, out),
        }
    }

    fn stays_undeclared(&self, wanted: &DesiredTeam, email: &Email) -> bool {
        let (collaborator, account) = self.who(email);
        collaborator.is_none()
            && !names(wanted, email)
            && account.is_none_or(|account| {
                !self.comparer.is_ignored(account) && self.comparer.left_alone(account).is_some()
            })
    }

    fn who(&self, email: &Email) -> (Option<&'a DesiredCollaborator>, Option<&'a LiveMember>) {
        (self.comparer.desired.collaborator(email), self.comparer.live.member(email))
    }

    fn is_swept_from_teams(&self, account: &LiveMember) -> bool {
        self.comparer.desired.policy.unmanaged.action == UnmanagedAction::Suspend
            && !self.comparer.is_ignored(account)
            && self.comparer.left_alone(account).is_none()
    }

    /// What becomes of somebody's place in teams, by what the plan does about the account itself.
    fn place(
        &self,
        email: &Email,
        collaborator: Option<&DesiredCollaborator>,
        account: Option<&LiveMember>,
    ) -> Place {
        if self.ambiguous.contains_key(email) {
            return Place::Unclear;
        }
        let can_go = account.is_some_and(|account| account.id.is_some());
        let course = match (collaborator, account) {
            (Some(collaborator), account) => {
                if self.comparer.is_managed(Some(collaborator), account) {
                    return match (account, collaborator.state) {
                        (Some(_), _) => Place::Kept,
                        (None, State::Active) => Place::Awaited,
                        (None, State::Suspended | State::Removed) => Place::Nobody,
                    };
                }
                self.comparer.course(collaborator, account)
            }
            (None, None) => Course::Nothing,
            (None, Some(account)) => self.swept_course(account),
        };
        match course {
            Course::Nothing => Place::Nobody,
            Course::Reinvite(_) if can_go && !self.comparer.doubts.keeps_invitation(email) => {
                Place::Renewed
            }
            Course::Leave if can_go => Place::Lost,
            Course::Invite | Course::Stay | Course::Reinvite(_) | Course::Leave => Place::Kept,
        }
    }

    fn swept_course(&self, account: &LiveMember) -> Course {
        let is_spared =
            self.comparer.is_ignored(account) || self.comparer.left_alone(account).is_some();
        match self.comparer.desired.policy.unmanaged.action {
            _ if is_spared => Course::Stay,
            UnmanagedAction::Report => Course::Stay,
            UnmanagedAction::Suspend => self.comparer.suspension_course(account),
            UnmanagedAction::Remove => Course::Leave,
        }
    }

    /// Through what membership is written; nothing where it has to be changed at the identity provider.
    fn route(
        &self,
        wanted: &DesiredTeam,
        found: Option<&LiveTeam>,
        email: &Email,
        is_managed_person: bool,
    ) -> Option<Through> {
        if !is_managed_person && !is_managed(wanted, found) {
            return Some(Through::Mixpanel);
        }
        let is_there = found.is_some() && self.comparer.directory.has_group(&wanted.name);
        (is_there && self.comparer.scim_writes_about(email)).then_some(Through::Scim)
    }

    fn add_by_hand(
        &self,
        wanted: &'a DesiredTeam,
        found: Option<&LiveTeam>,
        email: &Email,
        reason: Reason,
        out: &mut TeamComparison<'a>,
    ) {
        if is_managed(wanted, found) {
            self.by_hand(wanted, &mut out.by_hand).add.insert(email.clone());
        } else {
            let by_hand = out.by_hand.people.entry(email.clone()).or_default();
            by_hand.join.insert(Arc::clone(&wanted.name));
            by_hand.reasons.push(reason);
        }
        let team = Subject::Team { name: Arc::clone(&wanted.name), id: None };
        let through = Through::Mixpanel;
        out.projection.lay(&team, &Write::add_team_member(email.clone(), through));
    }

    fn remove_by_hand(
        &self,
        wanted: &'a DesiredTeam,
        found: Option<&LiveTeam>,
        email: &Email,
        reason: Reason,
        out: &mut TeamComparison<'a>,
    ) {
        if is_managed(wanted, found) {
            self.by_hand(wanted, &mut out.by_hand).remove.insert(email.clone());
        } else {
            let by_hand = out.by_hand.people.entry(email.clone()).or_default();
            by_hand.leave.insert(Arc::clone(&wanted.name));
            by_hand.reasons.push(reason);
        }
        let team = Subject::Team { name: Arc::clone(&wanted.name), id: None };
        let through = Through::Mixpanel;
        out.projection.lay(&team, &Write::remove_team_member(email.clone(), through));
    }
}

fn names(wanted: &DesiredTeam, email: &Email) -> bool {
    wanted.members.binary_search_by(|member| member.email.cmp(email)).is_ok()
}
