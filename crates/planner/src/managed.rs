//! People whom an identity provider manages: what to change there, because whatever is written to
//! Mixpanel is put back (`mixpanel-api.md`, "How the world behaves", 7).

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use mixaccess_model::{
    Action, DesiredCollaborator, EffectRole, Email, Grant, GrantSource, LiveMember, ManualChange,
    ManualEffect, ManualTask, ProjectId, Reason, ReasonKind, State, Subject, Through,
};

use crate::comparer::Comparer;
use crate::draft::Draft;
use crate::effective::{effective_role, is_met_otherwise};
use crate::person::subject_of;
use crate::provider_steps::steps;
use crate::subject::person;
use crate::team::{PeopleByHand, TeamsByHand};

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
            let task = ManualTask::Deprovision;
            return manual(self.change(subject_of(member), task, vec![effect]));
        }
        let suspended = collaborator.state == State::Suspended;
        let rows = after.map_or(member.grants.as_slice(), |after| after.grants.as_slice());
        for row in rows {
            if let GrantSource::Team(team) = &row.source
                && self.is_to_be_left(collaborator, row, team)
            {
                groups.leave.insert(Arc::clone(team));
            }
        }
        if !suspended {
            self.join_what_is_missing(collaborator, rows, &mut groups);
        }
        let effects = self.effects(collaborator, member, rows, &groups);
        if effects.is_empty() && groups.join.is_empty() && groups.leave.is_empty() {
            return Managed::default();
        }
        let through_scim = self.through_scim(collaborator, member, &mut groups);
        let is_done_through_scim = !through_scim.is_empty()
            && groups.join.is_empty()
            && groups.leave.is_empty()
            && effects.iter().all(|effect| effect.project.is_some());
        let task = ManualTask::ChangeGroups {
            join: groups.join.into_iter().collect(),
            leave: groups.leave.into_iter().collect(),
        };
        let change =
            (!is_done_through_scim).then(|| self.change(subject_of(member), task, effects));
        Managed { manual: change, through_scim }
    }

    /// Somebody who is not there yet.
    fn bring(&self, collaborator: &DesiredCollaborator, mut groups: TeamsByHand) -> Managed {
        if collaborator.state != State::Active {
            return Managed::default();
        }
        for grant in &collaborator.grants {
            if let Some(role) = &grant.role {
                groups.join.extend(self.group_for(collaborator, grant.project, role));
            }
        }
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
        manual(self.change(person(&collaborator.email), task, effects))
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

    fn join_what_is_missing(
        &self,
        collaborator: &DesiredCollaborator,
        rows: &[Grant],
        groups: &mut TeamsByHand,
    ) {
        for grant in &collaborator.grants {
            let Some(role) = &grant.role else { continue };
            let kept = remaining(rows, grant.project, &groups.leave);
            let implied = collaborator.organization_role;
            if is_met_otherwise(role, &kept, implied).is_some() {
                continue;
            }
            groups.join.extend(self.group_for(collaborator, grant.project, role));
        }
        let joined = std::mem::take(&mut groups.join);
        groups.join = joined.difference(&groups.leave).cloned().collect();
    }

    /// What differs, project by project, and in the organization.
    fn effects(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        rows: &[Grant],
        groups: &TeamsByHand,
    ) -> Vec<ManualEffect> {
        let suspended = collaborator.state == State::Suspended;
        let mut effects = Vec::new();
        let wanted_role = match suspended {
            true => mixaccess_model::OrganizationRole::LOWEST,
            false => collaborator.organization_role,
        };
        if let Some(before) = member.organization_role.filter(|role| *role != wanted_role) {
            effects.push(ManualEffect {
                project: None,
                before: Some(EffectRole::Organization(before)),
                after: Some(EffectRole::Organization(wanted_role)),
                reason: self.reason(
                    if suspended { ReasonKind::Suspended } else { ReasonKind::Declared },
                    &collaborator.organization_role_cause,
                ),
            });
        }
        let projects: BTreeSet<ProjectId> = collaborator
            .grants
            .iter()
            .map(|grant| grant.project)
            .chain(member.grants.iter().map(|grant| grant.project))
            .filter(|project| suspended || self.desired.project(*project).is_some())
            .collect();
        for project in projects {
            let implied = member.organization_role;
            let before = effective_role(member.grants_in(project), implied, self.custom);
            let entry = collaborator.grants.iter().find(|grant| grant.project == project);
            let after = match entry {
                Some(entry) if !suspended => entry.role.clone(),
                _ => effective_role(&remaining(rows, project, &groups.leave), None, self.custom),
            };
            // The organization role gives it all the same.
            let is_implied = wanted_role.implied_project_role().is_some();
            // What was given by hand is put back without anybody's doing.
            let shared = remaining(&member.grants, project, &BTreeSet::new());
            let is_put_back = !suspended && effective_role(&shared, implied, self.custom) == after;
            if before == after || is_implied || is_put_back {
                continue;
            }
            effects.push(ManualEffect {
                project: Some(self.names.reference(project)),
                before: before.map(EffectRole::Project),
                after: after.map(EffectRole::Project),
                reason: self.effect_reason(collaborator, project),
            });
        }
        effects
    }

    fn effect_reason(&self, collaborator: &DesiredCollaborator, project: ProjectId) -> Reason {
        let entry = collaborator.grants.iter().find(|grant| grant.project == project);
        match (collaborator.state, entry) {
            (State::Suspended, _) => self.reason(ReasonKind::Suspended, &collaborator.cause),
            (State::Removed, _) => self.reason(ReasonKind::Removed, &collaborator.cause),
            (State::Active, Some(entry)) => self.reason(ReasonKind::Declared, &entry.cause),
            (State::Active, None) => self.reason(ReasonKind::NotMentioned, &collaborator.cause),
        }
    }

    /// Takes out of `groups` what may be written through SCIM: groups that are there, about somebody
    /// who is known there.
    fn through_scim(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        groups: &mut TeamsByHand,
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
        let email = || member.email.clone();
        let through = Through::Scim;
        let reason = || self.reason(kind, &collaborator.cause);
        groups.join.retain(|name| {
            let team = self.live.team(name);
            let can =
                self.directory.has_group(name) && team.is_some_and(|team| !team.has(&email()));
            if can {
                let action = Action::AddTeamMember { email: email(), through };
                drafts.push((Arc::clone(name), self.draft(action, reason())));
            }
            !can
        });
        groups.leave.retain(|name| {
            let team = self.live.team(name);
            let can = self.directory.has_group(name) && team.is_some_and(|team| team.has(&email()));
            if can {
                let action = Action::RemoveTeamMember { email: email(), through };
                drafts.push((Arc::clone(name), self.draft(action, reason())));
            }
            !can
        });
        drafts
    }

    /// Whether the policy lets membership be written through SCIM, and SCIM knows the person.
    pub(crate) fn scim_writes_about(&self, email: &Email) -> bool {
        self.desired.policy.scim.write && self.directory.user(email).is_some_and(|user| user.active)
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
        let mut change = self.change(subject, task, effects);
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
        self.change(subject, task, effects)
    }

    fn change(
        &self,
        subject: Subject,
        task: ManualTask,
        effects: Vec<ManualEffect>,
    ) -> ManualChange {
        let declared = self.desired.organization.identity_provider.as_ref();
        let provider = declared.map(|declared| declared.provider);
        let who = match &subject {
            Subject::Person { email, .. } => email.to_string(),
            Subject::Team { name, .. } | Subject::ServiceAccount { username: name, .. } => {
                mixaccess_model::printable(name).into_owned()
            }
        };
        let mut steps = steps(provider, &who, &task, self.propagation());
        let is_about_the_organization = |effect: &&ManualEffect| {
            matches!(effect.after, Some(EffectRole::Organization(role)) if effect.before.is_some()
                || role != mixaccess_model::OrganizationRole::LOWEST)
        };
        if let Some(ManualEffect { after: Some(EffectRole::Organization(role)), .. }) =
            effects.iter().find(is_about_the_organization)
        {
            let at = provider.map_or("the identity provider", mixaccess_model::ProviderKind::name);
            let step = format!(
                "Change the role mapping of the Mixpanel application in {at} so that the organization role is {role}."
            );
            steps.insert(1.min(steps.len()), step);
        }
        if matches!(&task, ManualTask::ChangeGroups { join, leave } if join.is_empty() && leave.is_empty())
        {
            // No group is known that would do.
            let missing = effects.iter().filter_map(|effect| {
                let project = effect.project.as_ref()?;
                let role = match &effect.after {
                    Some(EffectRole::Project(role)) => role.as_str(),
                    _ => "nothing",
                };
                Some(format!("See to it that the person's groups give {role} in {}.", project.key))
            });
            steps.splice(1..1, missing);
        }
        ManualChange { subject, provider, task, effects, steps }
    }
}

fn manual(change: ManualChange) -> Managed {
    Managed { manual: Some(change), through_scim: Vec::new() }
}

/// The rows of one project that are left when somebody leaves these teams and what was given by hand is
/// put back.
fn remaining(rows: &[Grant], project: ProjectId, left: &BTreeSet<Arc<str>>) -> Vec<Grant> {
    let stays = |row: &&Grant| match &row.source {
        GrantSource::Team(team) => !left.contains(team),
        GrantSource::AllUsers => true,
        GrantSource::Individual | GrantSource::Organization => false,
    };
    rows.iter().filter(|row| row.project == project).filter(stays).cloned().collect()
}
