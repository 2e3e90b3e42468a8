//! What the verbs of the dialect `app` do to many people at once: all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Outcome, Transition, Written};
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole};
use crate::rules;
use crate::seed::Part;
use crate::state::Actor;

impl Transition<'_> {
    /// Gives individual grants by project, address and role, and invites the addresses that are not yet
    /// members. It changes no grant: another role than the present one is refused, the same one is fine.
    pub(crate) fn add_users_to_projects(
        mut self,
        actor: &Actor,
        additions: &[(u64, String, String)],
    ) -> Result<Outcome, Refusal> {
        let mut owns: BTreeMap<u64, ProjectRole> = BTreeMap::new();
        let members = self.state.members.iter();
        let mut ids: BTreeMap<String, u64> =
            members.map(|(id, member)| (member.email.clone(), *id)).collect();
        let is_carried = self.state.served.has(Part::InvitationRoles);
        let mut invited = BTreeSet::new();
        let mut added = 0;
        for (project, email, word) in additions {
            if !owns.contains_key(project) {
                let own = rules::may_manage_project(self.state, actor, *project)?;
                owns.insert(*project, own);
            }
            let role = self.published_role(*project, word)?;
            let own = owns.get(project).ok_or(Refusal::NotPermitted)?;
            rules::may_give_project_role(own, &role)?;
            let id = match ids.get(email) {
                Some(id) if !is_carried && invited.contains(id) => continue,
                Some(id) => *id,
                None => {
                    let id = self.add_pending(actor, email, OrganizationRole::Member)?;
                    invited.insert(id);
                    id
                }
            };
            ids.insert(email.clone(), id);
            match self.member(id)?.grants.get(project) {
                Some(present) if *present == role => {}
                Some(_) => return Err(Refusal::AlreadyGranted),
                None => {
                    self.put_grant(actor, id, *project, Some(&role))?;
                    added += 1;
                }
            }
        }
        Ok(self.done(Written::Count("added", added)))
    }

    /// Removes people from the organization, by address, or withdraws their invitations.
    pub(crate) fn delete_users(
        mut self,
        actor: &Actor,
        emails: &[String],
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        for email in emails {
            let id = self.state.member_by_email(email).ok_or(Refusal::NoSuchUser)?;
            self.take_out(actor, id)?;
        }
        Ok(self.done(Written::Count("deleted", emails.len())))
    }
}
