//! The reverse of what was done to people.

use mixaccess_model::{Email, LiveMember, MemberStatus, OrganizationRole, Subject, Verb, Write};

use super::TakenBack;
use super::effect::{Effect, GrantEffect};
use crate::compare::draft::Draft;
use crate::compare::person::needs_number;
use crate::finding::observation;
use crate::subject::subject_of;

impl TakenBack<'_> {
    pub(super) fn person(&mut self, subject: &Subject, email: &Email, effect: &Effect<'_>) {
        if effect.gone {
            return;
        }
        let Some(member) = self.after.member(email) else {
            let message = "is not live any more, so nothing is taken back";
            self.findings.push(observation::not_undone(subject, message));
            return;
        };
        let mut drafts = Vec::new();
        match effect.invitation {
            Some(invitation) if member.status == MemberStatus::Pending => {
                drafts.push(self.draft(self.withdrawal(member), invitation));
            }
            _ => {
                self.organization_role(subject, member, effect, &mut drafts);
                for grant in effect.grants.values() {
                    let held = member.individual_role(grant.project.id);
                    if self.is_to_be_reversed(subject, grant, held) {
                        self.individual_grant(member, grant, &mut drafts);
                    }
                }
            }
        }
        if let Some(waiting) = needs_number(member, &drafts) {
            self.not_planned.push(waiting);
            return;
        }
        if drafts.iter().any(|one| one.write.verb == Verb::Withdraw) {
            self.withdrawn.insert(email.clone());
        }
        self.push(subject_of(member), drafts);
    }

    fn organization_role(
        &mut self,
        subject: &Subject,
        member: &LiveMember,
        effect: &Effect<'_>,
        drafts: &mut Vec<Draft>,
    ) {
        let Some((first, last, change)) = effect.organization_role else { return };
        if member.organization_role == Some(first) {
            return;
        }
        if member.organization_role != Some(last) || member.status == MemberStatus::Pending {
            let found = member.organization_role.map_or("unknown", OrganizationRole::as_str);
            let message =
                format!("the organization role is {found} by now, not {last}, and stays as it is");
            self.findings.push(observation::not_undone(subject, message));
            return;
        }
        let write = Write::set_organization_role(last, first);
        drafts.push(self.draft(write, change));
    }

    fn individual_grant(
        &self,
        member: &LiveMember,
        effect: &GrantEffect<'_>,
        drafts: &mut Vec<Draft>,
    ) {
        let GrantEffect { project, before, after, change } = *effect;
        let project = || project.clone();
        match (after, before) {
            (None, None) => {}
            (None, Some(before)) => {
                let write = Write::grant(project(), before.clone());
                drafts.push(self.draft(write, change));
            }
            (Some(after), None) => {
                let write = Write::revoke(project(), after.clone());
                drafts.push(self.draft(write, change));
            }
            // A role cannot be changed in place while the invitation is pending.
            (Some(after), Some(before)) if member.status == MemberStatus::Pending => {
                drafts.extend(self.exchange(&project(), after, before, change));
            }
            (Some(after), Some(before)) => {
                let write = Write::set_project_role(project(), after.clone(), before.clone());
                drafts.push(self.draft(write, change));
            }
        }
    }

    /// The withdrawal of an invitation that is still pending.
    fn withdrawal(&self, member: &LiveMember) -> Write {
        let loses = member.individual_grants().map(|(id, role)| (self.reference(id), role.clone()));
        Write::withdraw(member.organization_role, loses)
    }
}
