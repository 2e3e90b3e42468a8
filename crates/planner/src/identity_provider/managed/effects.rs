//! What differs about somebody whom an identity provider manages.
//!
//! Differences are between effective roles, not between grants as elsewhere: which group gives a role is
//! the business of the provider's administrator, and what counts is what the person can do in the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    DesiredCollaborator, EffectRole, Grant, GrantSource, LiveMember, ManualEffect,
    OrganizationRole, ProjectId, ProjectKey, ProjectRole, Reason, ReasonKind, State,
};

use crate::compare::comparer::Comparer;
use crate::compare::team::TeamsByHand;
use crate::effective::effective_role;

impl Comparer<'_> {
    /// What differs, project by project, and in the organization.
    pub(super) fn effects(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        rows: &[Grant],
        groups: &TeamsByHand,
    ) -> Vec<ManualEffect> {
        let suspended = collaborator.state == State::Suspended;
        let mut effects = Vec::new();
        let wanted_role = match suspended {
            true => OrganizationRole::LOWEST,
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
            // What was given by hand is put back without anybody's doing, where that is counted on.
            let shared = remaining(&member.grants, project, &BTreeSet::new());
            let is_put_back = self.is_put_back(collaborator, member)
                && effective_role(&shared, implied, self.custom) == after;
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

    /// Whether an individual grant can be left to the identity provider to take away. It does not reach
    /// people of domains that are not claimed, and suspended means none without waiting for it.
    pub(super) fn is_put_back(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
    ) -> bool {
        collaborator.state != State::Suspended && self.is_reached(Some(collaborator), member)
    }

    /// Individual grants that have to be taken away by hand as well.
    pub(super) fn left_by_hand(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        effects: &[ManualEffect],
    ) -> Vec<(ProjectKey, ProjectRole)> {
        if self.is_put_back(collaborator, member) {
            return Vec::new();
        }
        let is_suspended = collaborator.state == State::Suspended;
        let projects = effects.iter().filter_map(|effect| effect.project.as_ref());
        let superfluous = projects.filter_map(|project| {
            let role = member.individual_role(project.id)?;
            let is_superfluous = is_suspended || self.is_too_much(collaborator, project.id, role);
            is_superfluous.then(|| (project.key.clone(), role.clone()))
        });
        superfluous.collect()
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
}

/// The rows of one project that are left when somebody leaves these teams and what was given by hand is
/// put back.
pub(super) fn remaining(
    rows: &[Grant],
    project: ProjectId,
    left: &BTreeSet<Arc<str>>,
) -> Vec<Grant> {
    let stays = |row: &&Grant| match &row.source {
        GrantSource::Team(team) => !left.contains(team),
        GrantSource::AllUsers => true,
        GrantSource::Individual | GrantSource::Organization => false,
    };
    rows.iter().filter(|row| row.project == project).filter(stays).cloned().collect()
}
