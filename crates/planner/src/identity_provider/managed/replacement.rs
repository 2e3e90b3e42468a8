//! Roles that nothing gives once somebody has left the groups that give too much, and the groups that
//! are to give them.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    DesiredCollaborator, EffectRole, Grant, GrantSource, LiveMember, ManualEffect, ProjectId,
    ProjectKey, ProjectRole,
};

use super::effects::remaining;
use crate::compare::comparer::Comparer;
use crate::compare::draft::Draft;
use crate::compare::team::TeamsByHand;
use crate::effective::{effective_role, is_met_otherwise};

/// A declared role that nothing gives yet, or nothing that stays.
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) project: ProjectId,
    pub(super) role: ProjectRole,
    /// The group that gives it; nothing where none is known.
    pub(super) group: Option<Arc<str>>,
}

impl Comparer<'_> {
    /// Which declared roles nothing gives that stays; the groups that do are put among those to join.
    pub(super) fn replacements(
        &self,
        collaborator: &DesiredCollaborator,
        rows: &[Grant],
        groups: &mut TeamsByHand,
    ) -> Vec<Replacement> {
        let mut replacements = Vec::new();
        for grant in &collaborator.grants {
            let Some(role) = &grant.role else { continue };
            let kept = remaining(rows, grant.project, &groups.leave);
            let is_met = is_met_otherwise(role, &kept, collaborator.organization_role).is_some();
            if is_met || self.desired.project(grant.project).is_none() {
                continue;
            }
            let group = self.group_for(collaborator, grant.project, role);
            let group = group.filter(|name| !groups.leave.contains(name));
            replacements.push(Replacement { project: grant.project, role: role.clone(), group });
        }
        groups.join.extend(replacements.iter().filter_map(|one| one.group.clone()));
        groups.join.retain(|name| !groups.leave.contains(name));
        replacements
    }

    /// The roles that no group gives.
    pub(super) fn missing(&self, replacements: &[Replacement]) -> Vec<(ProjectKey, ProjectRole)> {
        let missing = replacements.iter().filter(|one| one.group.is_none());
        missing.map(|one| (self.names.reference(one.project).key, one.role.clone())).collect()
    }

    /// What should be lowered, while a group in which the files put the person gives more.
    pub(super) fn exceeded(
        &self,
        collaborator: &DesiredCollaborator,
        effects: &[ManualEffect],
        rows: &[Grant],
        leave: &BTreeSet<Arc<str>>,
    ) -> Vec<(ProjectKey, Option<ProjectRole>)> {
        let exceeded = effects.iter().filter_map(|effect| {
            let project = effect.project.as_ref()?;
            let gives_more = remaining(rows, project.id, leave).iter().any(|row| {
                matches!(row.source, GrantSource::Team(_))
                    && self.is_too_much(collaborator, project.id, &row.role)
            });
            let role = match &effect.after {
                Some(EffectRole::Project(role)) => Some(role.clone()),
                _ => None,
            };
            gives_more.then(|| (project.key.clone(), role))
        });
        exceeded.collect()
    }

    /// Whether the plan itself brings an effect about: what it writes to teams is in `rows` already,
    /// along with what `groups` leaves to be done by hand.
    pub(super) fn is_written(
        &self,
        effect: &ManualEffect,
        (collaborator, member): (&DesiredCollaborator, &LiveMember),
        rows: &[Grant],
        groups: &TeamsByHand,
        through_scim: &[(Arc<str>, Draft)],
    ) -> bool {
        let Some(project) = effect.project.as_ref().map(|project| project.id) else { return false };
        let after = match &effect.after {
            Some(EffectRole::Project(role)) => Some(role),
            _ => None,
        };
        let mut not_given = groups.join.clone();
        not_given.extend(groups.leave.iter().cloned());
        not_given.extend(through_scim.iter().map(|(name, _)| Arc::clone(name)));
        let mut written = remaining(rows, project, &not_given);
        let is_put_back = self.is_put_back(collaborator, member);
        let stays = |row: &&Grant| match &row.source {
            GrantSource::Team(team) => groups.leave.contains(team),
            GrantSource::Individual => !is_put_back,
            GrantSource::AllUsers | GrantSource::Organization => false,
        };
        written.extend(member.grants_in(project).iter().filter(stays).cloned());
        let joined = through_scim.iter().filter_map(|(name, draft)| {
            let team = self.live.team(name).filter(|_| draft.joins())?;
            let role = team.role(project)?.clone();
            Some(Grant { project, role, source: GrantSource::Team(Arc::clone(name)) })
        });
        written.extend(joined);
        effective_role(&written, None, self.custom).as_ref() == after
    }
}

/// The groups to leave that give something where one of `replacements` is not there yet.
pub(super) fn given_up_for<'r>(
    member: &LiveMember,
    leave: &BTreeSet<Arc<str>>,
    replacements: impl Iterator<Item = &'r Replacement>,
) -> BTreeSet<Arc<str>> {
    let rows = replacements.flat_map(|one| member.grants_in(one.project));
    let teams = rows.filter_map(|row| match &row.source {
        GrantSource::Team(name) => leave.get(name).cloned(),
        _ => None,
    });
    teams.collect()
}
