//! What the changes of one subject did, taken together.

use std::collections::BTreeMap;

use mixaccess_model::{
    Change, Diff, Difference, Email, OrganizationRole, ProjectId, ProjectRef, ProjectRole, Subject,
    Through, Verb, Write,
};

/// What the changes of one subject did, taken together.
#[derive(Default)]
pub(super) struct Effect<'a> {
    /// A removal, a withdrawal or a deleted service account, and nobody was invited again: what came
    /// before it cannot be brought back piece by piece.
    pub(super) gone: bool,
    /// What an invitation gave that was withdrawn.
    withdrawn: Option<&'a Write>,
    pub(super) invitation: Option<&'a Change>,
    /// The creation of a team or a service account.
    pub(super) created: Option<&'a Change>,
    /// The deletion of a team.
    pub(super) deleted: Option<&'a Change>,
    /// Organization role before the first change and after the last.
    pub(super) organization_role: Option<(OrganizationRole, OrganizationRole, &'a Change)>,
    /// Own role before the first change and after the last, for each project.
    pub(super) grants: BTreeMap<ProjectId, GrantEffect<'a>>,
    /// Who came into a team or went out of it.
    pub(super) members: BTreeMap<&'a Email, MemberEffect<'a>>,
}

pub(super) struct GrantEffect<'a> {
    pub(super) project: &'a ProjectRef,
    pub(super) before: Option<&'a ProjectRole>,
    pub(super) after: Option<&'a ProjectRole>,
    pub(super) change: &'a Change,
}

pub(super) struct MemberEffect<'a> {
    /// Whether the plan put the person into the team, rather than out of it.
    pub(super) joined: bool,
    pub(super) through: Through,
    pub(super) change: &'a Change,
}

impl<'a> Effect<'a> {
    pub(super) fn add(&mut self, change: &'a Change) {
        match (change.write.verb, &change.subject) {
            (Verb::Invite, _) => return self.invite(change),
            (Verb::Withdraw, _) => {
                self.gone = true;
                self.withdrawn = Some(&change.write);
                return;
            }
            (Verb::Remove, _) | (Verb::Delete, Subject::ServiceAccount { .. }) => {
                self.gone = true;
                return;
            }
            (Verb::Delete, Subject::Person { .. } | Subject::Team { .. }) => {
                self.deleted = Some(change);
            }
            (Verb::Create, _) => self.created = Some(change),
            (Verb::Remind | Verb::Set, _) => {}
        }
        self.roles_in_projects(&change.write, change);
        for one in &change.write.differences {
            match one {
                Difference::OrganizationRole(Diff { before, after }) => {
                    if let (Some(before), Some(after)) = (before.known(), after.known()) {
                        let first = self.organization_role.map_or(before, |(first, ..)| first);
                        self.organization_role = Some((first, after, change));
                    }
                }
                Difference::TeamMember(email, through, _) => {
                    let (joined, through) = (one.gives(), *through);
                    self.members.insert(email, MemberEffect { joined, through, change });
                }
                Difference::Account(_)
                | Difference::ProjectRole(..)
                | Difference::Reminder(_)
                | Difference::Expiry(_) => {}
            }
        }
    }

    /// An invitation, which may stand in for one that was withdrawn.
    fn invite(&mut self, change: &'a Change) {
        self.gone = false;
        self.invitation = Some(change);
        let withdrawn = self.withdrawn.and_then(Write::organization_role);
        let before = withdrawn.and_then(|diff| diff.before.known());
        let before = before.unwrap_or(OrganizationRole::LOWEST);
        let given = change.write.organization_role();
        if let Some(after) = given.and_then(|diff| diff.after.known())
            && after != before
        {
            self.organization_role = Some((before, after, change));
        }
        for write in self.withdrawn.into_iter().chain([&change.write]) {
            self.roles_in_projects(write, change);
        }
    }

    fn roles_in_projects(&mut self, write: &'a Write, change: &'a Change) {
        for (project, Diff { before, after }) in write.project_roles() {
            let (before, after) = (before.as_ref().known(), after.as_ref().known());
            self.grants
                .entry(project.id)
                .and_modify(|effect| effect.after = after)
                .or_insert(GrantEffect { project, before, after, change });
        }
    }
}

/// What lasts of a change whatever is done now.
pub(super) const fn lasting(change: &Change) -> Option<&'static str> {
    match (change.write.verb, &change.subject) {
        (Verb::Invite, _) => {
            Some("the invitation was sent and cannot be unsent; only what it gives is taken back")
        }
        (Verb::Withdraw, _) => Some(
            "the withdrawn invitation comes back only as a new invitation, which is not planned",
        ),
        (Verb::Remove, _) => {
            Some("the removed member comes back only by a new invitation, which is not planned")
        }
        (Verb::Remind, _) => Some("the reminder was sent and cannot be unsent"),
        (Verb::Delete, Subject::ServiceAccount { .. }) => Some(
            "the deleted service account comes back only as a new one with a new secret, which is not planned",
        ),
        (Verb::Delete, Subject::Person { .. } | Subject::Team { .. })
        | (Verb::Create | Verb::Set, _) => None,
    }
}
