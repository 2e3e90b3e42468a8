//! The reverse of what was done to teams and service accounts.

use mixaccess_model::{
    Email, LiveServiceAccount, LiveTeam, ProjectId, ProjectRef, ProjectRole, Subject, SubjectKey,
    Write,
};

use super::TakenBack;
use super::effect::{Effect, GrantEffect, MemberEffect};
use crate::compare::draft::Draft;
use crate::finding::observation;

impl TakenBack<'_> {
    pub(super) fn team(&mut self, subject: &Subject, name: &str, effect: &Effect<'_>) {
        let mut drafts = Vec::new();
        match (self.after.team(name), effect.created, effect.deleted) {
            (Some(_), _, Some(_)) => {
                let message = "a team of this name was created meanwhile, and stays as it is";
                self.findings.push(observation::not_undone(subject, message));
            }
            (None, _, Some(deletion)) => {
                drafts.push(self.draft(Write::create_team(), deletion));
                self.own_roles(subject, effect, |_| None, &mut drafts);
                self.members(subject, None, effect, &mut drafts);
            }
            (None, _, None) => self.is_gone(subject),
            (Some(team), Some(creation), None) if is_as_made(team, effect) => {
                let loses = team.grants.iter().map(|grant| (grant.project, &grant.role));
                let loses = self.lost(loses);
                let write = Write::delete_team(team.members.clone(), loses);
                drafts.push(self.draft(write, creation));
            }
            (Some(team), created, None) => {
                if created.is_some() {
                    let message = "the new team holds more than the plan gave it, and is kept";
                    self.findings.push(observation::not_undone(subject, message));
                }
                self.own_roles(subject, effect, |project| team.role(project), &mut drafts);
                self.members(subject, Some(team), effect, &mut drafts);
            }
        }
        self.push(subject.clone(), drafts);
    }

    pub(super) fn service_account(
        &mut self,
        subject: &Subject,
        username: &str,
        effect: &Effect<'_>,
    ) {
        if effect.gone {
            return;
        }
        let Some(account) = self.after.service_account(username) else {
            return self.is_gone(subject);
        };
        let mut drafts = Vec::new();
        match effect.created {
            Some(_) if account.is_created_by(&self.after.actor) == Some(false) => {
                let message = "a service account of this name that somebody else created is there, and \
                               stays as it is";
                self.findings.push(observation::not_undone(subject, message));
            }
            Some(creation) if holds_only(account, effect) => {
                let write = Write::delete_service_account(self.lost(account.individual_grants()));
                drafts.push(self.draft(write, creation));
            }
            created => {
                if created.is_some() {
                    let message =
                        "the new service account holds more than the plan gave it, and is kept";
                    self.findings.push(observation::not_undone(subject, message));
                }
                let held = |project| account.individual_role(project);
                self.own_roles(subject, effect, held, &mut drafts);
            }
        }
        self.push(subject.clone(), drafts);
    }

    fn is_gone(&mut self, subject: &Subject) {
        let message = "is not live any more, so nothing is taken back";
        self.findings.push(observation::not_undone(subject, message));
    }

    fn lost<'r>(
        &self,
        held: impl Iterator<Item = (ProjectId, &'r ProjectRole)>,
    ) -> Vec<(ProjectRef, ProjectRole)> {
        held.map(|(id, role)| (self.reference(id), role.clone())).collect()
    }

    fn own_roles<'r>(
        &mut self,
        subject: &Subject,
        effect: &Effect<'_>,
        held: impl Fn(ProjectId) -> Option<&'r ProjectRole>,
        drafts: &mut Vec<Draft>,
    ) {
        for grant in effect.grants.values() {
            let held = held(grant.project.id);
            if self.is_to_be_reversed(subject, grant, held) {
                self.own_role(subject, grant, drafts);
            }
        }
    }

    fn own_role(&self, subject: &Subject, effect: &GrantEffect<'_>, drafts: &mut Vec<Draft>) {
        let GrantEffect { project, before, after, change } = *effect;
        match (after, before) {
            (None, None) => {}
            (None, Some(before)) => {
                let write = Write::grant(project.clone(), before.clone());
                drafts.push(self.draft(write, change));
            }
            (Some(after), None) => {
                let write = Write::revoke(project.clone(), after.clone());
                drafts.push(self.draft(write, change));
            }
            (Some(after), Some(before)) => {
                // The service has no verb for it on service accounts.
                drafts.extend(if matches!(subject, Subject::ServiceAccount { .. }) {
                    self.exchange(project, after, before, change).to_vec()
                } else {
                    let write =
                        Write::set_project_role(project.clone(), after.clone(), before.clone());
                    vec![self.draft(write, change)]
                });
            }
        }
    }

    fn members(
        &mut self,
        subject: &Subject,
        team: Option<&LiveTeam>,
        effect: &Effect<'_>,
        drafts: &mut Vec<Draft>,
    ) {
        for (email, MemberEffect { joined, through, change }) in &effect.members {
            let email = || (*email).clone();
            let is_in = team.is_some_and(|team| team.has(&email()));
            // The place in a team goes with the invitation, and none is given to whoever goes.
            let goes_anyway = self.withdrawn.contains(&email());
            if is_in != *joined || goes_anyway || (*joined && self.was_in(subject, email())) {
                continue;
            }
            if *joined {
                let write = Write::remove_team_member(email(), *through);
                drafts.push(self.draft(write, change));
            } else if self.after.member(&email()).is_some() {
                let write = Write::add_team_member(email(), *through);
                drafts.push(self.draft(write, change));
            } else {
                let message = format!("{} is not live any more, and does not come back", email());
                self.findings.push(observation::not_undone(subject, message));
            }
        }
    }

    /// Whether joining a team only put somebody back where they were before they were invited again.
    fn was_in(&self, team: &Subject, email: Email) -> bool {
        let Subject::Team { name, .. } = team else { return false };
        let person = self.content.subject(&SubjectKey::Person(email));
        let before = person.and_then(|person| person.before.as_ref());
        before.is_some_and(|before| before.teams.contains(name))
    }
}

/// Whether a team that the plan created holds nothing but what the plan gave it.
fn is_as_made(team: &LiveTeam, effect: &Effect<'_>) -> bool {
    let given = |project| effect.grants.get(&project).and_then(|grant| grant.after);
    team.members.iter().all(|email| effect.members.get(email).is_some_and(|one| one.joined))
        && team.grants.iter().all(|grant| given(grant.project) == Some(&grant.role))
}

/// Whether a service account that the plan created holds nothing but what the plan gave it.
fn holds_only(account: &LiveServiceAccount, effect: &Effect<'_>) -> bool {
    let given = |project| effect.grants.get(&project).and_then(|grant| grant.after);
    account.individual_grants().all(|(project, role)| given(project) == Some(role))
}
