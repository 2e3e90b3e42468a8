//! People whom an identity provider manages: what to change there, because whatever is written to
//! Mixpanel is put back (`SERVICE.md`, "Behaviour", 7).
//!
//! Only groups last. So what such people are declared to have is translated into groups to join and to
//! leave; what the policy lets SCIM write of that becomes changes of the plan, and the rest one task
//! for a human, with its steps. Individual grants count for nothing here, as the next sync takes them
//! away: only where it does not reach somebody are they named, to be taken away by hand.

mod effects;
mod replacement;
mod steps;
mod through_scim;

use std::sync::Arc;

use jiff::SignedDuration;
use mixaccess_model::{
    DesiredCollaborator, EffectRole, Email, Grant, GrantSource, LiveMember, ManualChange,
    ManualEffect, ManualTask, OrganizationRole, ReasonKind, State, Subject,
};

use crate::compare::comparer::Comparer;
use crate::compare::draft::Draft;
use crate::compare::team::{PeopleByHand, TeamsByHand};
use crate::subject::person;
use crate::subject::subject_of;
use replacement::{Replacement, given_up_for};
use steps::{Guidance, steps};

/// How long a change at the identity provider takes at most, where the files do not say.
const PROPAGATION: SignedDuration = SignedDuration::from_hours(1);

/// What has to happen about somebody whom an identity provider manages.
#[derive(Debug, Default)]
pub(crate) struct Managed {
    /// What a human has to do there.
    pub(crate) manual: Option<ManualChange>,
    /// Membership that is written through SCIM, by the name of the team.
    pub(crate) through_scim: Vec<(Arc<str>, Draft)>,
}

impl Comparer<'_> {
    /// How long a change at the identity provider takes at most.
    pub(crate) fn propagation(&self) -> SignedDuration {
        let provider = self.desired.organization.identity_provider.as_ref();
        provider.map_or(PROPAGATION, |provider| provider.propagation)
    }

    /// What has to change at the identity provider so that somebody has what is declared. `after` is
    /// the person with the rows of teams as the plan will have them, `by_hand` the teams they should
    /// join or leave.
    pub(crate) fn manage(
        &self,
        collaborator: &DesiredCollaborator,
        member: Option<&LiveMember>,
        after: Option<&LiveMember>,
        by_hand: Option<TeamsByHand>,
    ) -> Managed {
        let mut groups = by_hand.unwrap_or_default();
        let Some(member) = member else {
            return self.bring(collaborator, groups);
        };
        if collaborator.state == State::Removed {
            let reason = self.reason(ReasonKind::Removed, &collaborator.cause);
            let effect = ManualEffect {
                project: None,
                before: member.organization_role.map(EffectRole::Organization),
                after: None,
                reason,
            };
            let task = match self.is_gone_there(member) {
                true => ManualTask::CheckDeprovisioning,
                false => ManualTask::Deprovision,
            };
            let guidance = Guidance::default();
            return manual(self.change(subject_of(member), task, vec![effect], guidance));
        }
        let suspended = collaborator.state == State::Suspended;
        // What the plan itself does to teams is done before anybody comes to the task.
        let rows = after.map_or(member.grants.as_slice(), |after| after.grants.as_slice());
        for row in rows {
            if let GrantSource::Team(team) = &row.source
                && self.is_to_be_left(collaborator, row, team)
            {
                groups.leave.insert(Arc::clone(team));
            }
        }
        let replacements = match suspended {
            true => Vec::new(),
            false => self.replacements(collaborator, rows, &mut groups),
        };
        let mut effects = self.effects(collaborator, member, rows, &groups);
        if effects.is_empty() && groups.join.is_empty() && groups.leave.is_empty() {
            return Managed::default();
        }
        let exceeded = self.exceeded(collaborator, &effects, rows, &groups.leave);
        let mut through_scim = self.join_through_scim(collaborator, member, &mut groups.join);
        // Nobody is taken out of a group before what they keep of it comes from another: what is done by
        // hand is awaited here, and what is written where the plan is put in order.
        let is_awaited =
            |one: &&Replacement| one.group.as_ref().is_none_or(|group| groups.join.contains(group));
        let held_back = given_up_for(member, &groups.leave, replacements.iter().filter(is_awaited));
        let missing = replacements.iter().filter(|one| one.group.is_none());
        let left_last = given_up_for(member, &groups.leave, missing);
        let leave = &mut groups.leave;
        through_scim.extend(self.leave_through_scim(collaborator, member, leave, &held_back));
        let who = (collaborator, member);
        effects.retain(|effect| !self.is_written(effect, who, rows, &groups, &through_scim));
        if effects.is_empty() && groups.join.is_empty() && groups.leave.is_empty() {
            return Managed { manual: None, through_scim };
        }
        let missing = self.missing(&replacements);
        let by_hand = self.left_by_hand(collaborator, member, &effects);
        let guidance = Guidance { missing, exceeded, left_last, by_hand, ..Guidance::default() };
        let task = ManualTask::ChangeGroups {
            join: groups.join.into_iter().collect(),
            leave: groups.leave.into_iter().collect(),
        };
        let manual = Some(self.change(subject_of(member), task, effects, guidance));
        Managed { manual, through_scim }
    }

    /// Somebody who is not there yet.
    fn bring(&self, collaborator: &DesiredCollaborator, mut groups: TeamsByHand) -> Managed {
        if collaborator.state != State::Active {
            return Managed::default();
        }
        let given = self.given_by_declared_teams(&collaborator.email);
        let replacements = self.replacements(collaborator, &given, &mut groups);
        let mut effects = vec![ManualEffect {
            project: None,
            before: None,
            after: Some(EffectRole::Organization(collaborator.organization_role)),
            reason: self.reason(ReasonKind::Declared, &collaborator.organization_role_cause),
        }];
        effects.extend(collaborator.grants.iter().filter_map(|grant| {
            self.desired.project(grant.project)?;
            Some(ManualEffect {
                project: Some(self.names.reference(grant.project)),
                before: None,
                after: Some(EffectRole::Project(grant.role.clone()?)),
                reason: self.reason(ReasonKind::Declared, &grant.cause),
            })
        }));
        let task = ManualTask::Provision { join: groups.join.into_iter().collect() };
        let missing = self.missing(&replacements);
        let guidance = Guidance { missing, ..Guidance::default() };
        manual(self.change(person(&collaborator.email), task, effects, guidance))
    }

    /// What the teams give in which the files put somebody who is not there yet.
    fn given_by_declared_teams(&self, email: &Email) -> Vec<Grant> {
        let teams = self.membership.teams_of(email).iter();
        let rows = teams.flat_map(|team| {
            team.grants.iter().filter_map(|grant| {
                let source = GrantSource::Team(Arc::clone(&team.name));
                Some(Grant { project: grant.project, role: grant.role.clone()?, source })
            })
        });
        rows.collect()
    }

    /// Whether a team in which the files do not put somebody gives more than is declared.
    fn is_to_be_left(&self, collaborator: &DesiredCollaborator, row: &Grant, team: &str) -> bool {
        let is_declared =
            self.membership.teams_of(&collaborator.email).iter().any(|one| *one.name == *team);
        if collaborator.state == State::Suspended {
            return true;
        }
        !is_declared
            && self.desired.project(row.project).is_some()
            && self.is_too_much(collaborator, row.project, &row.role)
    }

    /// What has to change at the identity provider about a team whose people are managed there.
    pub(crate) fn manage_team(&self, by_hand: &PeopleByHand<'_>) -> ManualChange {
        let PeopleByHand { team, add, remove, is_deleted, is_created, reason } = by_hand;
        let live = self.live.team(&team.name);
        let subject = Subject::Team { name: Arc::clone(&team.name), id: live.map(|team| team.id) };
        let effects = live.into_iter().flat_map(|team| &team.grants).map(|grant| {
            let role = || Some(EffectRole::Project(grant.role.clone()));
            ManualEffect {
                project: Some(self.names.reference(grant.project)),
                before: if add.is_empty() { role() } else { None },
                after: if add.is_empty() { None } else { role() },
                reason: reason.clone(),
            }
        });
        let effects = effects.collect();
        let task = ManualTask::ChangePeople {
            add: add.iter().cloned().collect(),
            remove: remove.iter().cloned().collect(),
        };
        let mut change = self.change(subject, task, effects, Guidance::default());
        let name = mixaccess_model::printable(&team.name);
        if *is_created {
            let step = format!("Create the group {name} and push it to Mixpanel.");
            change.steps.insert(0, step);
        }
        if *is_deleted {
            change
                .steps
                .insert(0, format!("Stop pushing the group {name} to Mixpanel, and delete it."));
        }
        change
    }

    /// Teams that somebody should join or leave whom the files do not declare.
    pub(crate) fn manage_undeclared(&self, email: &Email, by_hand: TeamsByHand) -> ManualChange {
        let TeamsByHand { join, leave, reasons } = by_hand;
        let effects = reasons.into_iter().map(|reason| ManualEffect {
            project: None,
            before: None,
            after: None,
            reason,
        });
        let effects = effects.collect();
        let task = ManualTask::ChangeGroups {
            join: join.into_iter().collect(),
            leave: leave.into_iter().collect(),
        };
        let subject = self.live.member(email).map_or_else(|| person(email), subject_of);
        self.change(subject, task, effects, Guidance::default())
    }

    fn change(
        &self,
        subject: Subject,
        task: ManualTask,
        effects: Vec<ManualEffect>,
        mut guidance: Guidance,
    ) -> ManualChange {
        let declared = self.desired.organization.identity_provider.as_ref();
        let provider = declared.map(|declared| declared.provider);
        let who = match &subject {
            Subject::Person { email, .. } => email.to_string(),
            Subject::Team { name, .. } | Subject::ServiceAccount { username: name, .. } => {
                mixaccess_model::printable(name).into_owned()
            }
        };
        guidance.organization_role = effects.iter().find_map(|effect| match effect.after {
            Some(EffectRole::Organization(role)) => {
                (effect.before.is_some() || role != OrganizationRole::LOWEST).then_some(role)
            }
            _ => None,
        });
        let steps = steps(provider, &who, &task, self.propagation(), &guidance);
        ManualChange { subject, provider, task, effects, steps }
    }
}

fn manual(change: ManualChange) -> Managed {
    Managed { manual: Some(change), through_scim: Vec::new() }
}
