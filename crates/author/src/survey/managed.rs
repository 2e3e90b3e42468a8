//! People whom an identity provider manages: what they hold by hand there is put back, so that files
//! which ask for it would ask for something to be done.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    Grant, GrantSource, LiveMember, LiveProject, LiveState, ManagedBy, OrganizationRole, ProjectId,
    ProjectRole,
};
use mixaccess_planner::{CustomRoles, effective_role, is_met_otherwise};

use super::{Person, Survey, is_sayable_role, may_hold};
use crate::access::Access;

/// What files can say of somebody's roles without asking for a change.
#[derive(Default)]
struct Settled {
    access: Access,
    /// Grants made by hand that are not written, by the index of the project.
    by_hand: Vec<(usize, ProjectRole)>,
}

impl<'a> Survey<'a> {
    /// Writes of the roles of managed people what their groups give, and tells what was made by hand.
    pub(super) fn managed(&mut self) {
        let people = std::mem::take(&mut self.people);
        let teams: BTreeSet<Arc<str>> =
            self.teams.iter().flatten().map(|team| Arc::clone(&team.live.name)).collect();
        for mut person in people {
            if person.live.managed_by != ManagedBy::Scim {
                self.people.push(person);
                continue;
            }
            match self.settled(&person, &teams) {
                Ok(settled) => {
                    self.settle(&mut person, settled);
                    self.people.push(person);
                }
                Err(why) => self.leave_out(person.live.email.as_str(), why),
            }
        }
    }

    fn settle(&mut self, person: &mut Person<'a>, settled: Settled) {
        for (at, role) in settled.access.iter().filter(|(_, role)| role.is_custom()) {
            if let Some(project) = self.declared.get_mut(*at) {
                project.custom_roles.insert(role.as_str().to_owned());
            }
        }
        person.access = settled.access;
        for (at, role) in settled.by_hand {
            let key = self.projects.keys.get(at).map_or("", String::as_str);
            person.by_hand.push(format!("{role} in {key}"));
        }
        if !person.by_hand.is_empty() {
            self.leave_out(
                format!("{} of {}", person.by_hand.join(", "), person.live.email),
                "made by hand, and the identity provider that manages the person puts it back; give it through a group",
            );
        }
        person.at_provider = at_provider(self.live, person.live);
    }

    fn settled(
        &self,
        person: &Person<'a>,
        declared: &BTreeSet<Arc<str>>,
    ) -> Result<Settled, String> {
        let mut settled = Settled::default();
        let member = person.live;
        // Nothing is to be said of projects in which the person has nothing.
        let rows = member.grants.iter().filter_map(|grant| self.at.get(&grant.project));
        let all: BTreeSet<usize> = rows.chain(person.access.keys()).copied().collect();
        for at in all {
            let Some(project) = self.declared.get(at) else { continue };
            let rows = shared(member, project.live.id);
            let undeclared = rows.iter().filter(
                |row| matches!(&row.source, GrantSource::Team(team) if !declared.contains(&**team)),
            );
            // Of a team that is not declared the files would say that it gives too much.
            let needed = self.needed(at, project.live, &rows, undeclared)?;
            let own = person.access.get(&at);
            let organization_role = member.organization_role.unwrap_or(OrganizationRole::LOWEST);
            let stays = own.filter(|own| is_met_otherwise(own, &rows, organization_role).is_some());
            let said = needed.as_ref().or(stays);
            if let Some(own) = own.filter(|own| Some(*own) != said) {
                settled.by_hand.push((at, own.clone()));
            }
            if let Some(role) = said {
                settled.access.insert(at, role.clone());
            }
        }
        Ok(settled)
    }

    /// What the files must say about a project so that no team has to be left.
    fn needed<'r>(
        &self,
        at: usize,
        project: &LiveProject,
        rows: &[Grant],
        mut undeclared: impl Iterator<Item = &'r Grant> + Clone,
    ) -> Result<Option<ProjectRole>, String> {
        if undeclared.clone().next().is_none() {
            return Ok(None);
        }
        let given = effective_role(rows, None, &CustomRoles::default());
        let Some(role) = given else { return Ok(None) };
        // Roles that are not ordered are each too much beside another.
        let is_sayable = is_sayable_role(&role)
            && may_hold(project, &role)
            && !undeclared.any(|row| row.role.is_custom() && row.role != role);
        if is_sayable {
            return Ok(Some(role));
        }
        let key = self.projects.keys.get(at).map_or("", String::as_str);
        Err(format!("what teams that are not in the files give in {key} cannot be written"))
    }
}

/// What others than hands gave somebody in a project.
fn shared(member: &LiveMember, project: ProjectId) -> Vec<Grant> {
    let is_shared =
        |row: &&Grant| matches!(row.source, GrantSource::Team(_) | GrantSource::AllUsers);
    member.grants_in(project).iter().filter(is_shared).cloned().collect()
}

/// What is wrong with somebody at the identity provider, where its people were read.
fn at_provider(live: &LiveState, member: &LiveMember) -> Option<&'static str> {
    let users = live.identity_provider.as_ref()?.users.as_ref()?;
    let found = users.binary_search_by(|user| user.email.cmp(&member.email)).ok();
    match found.and_then(|at| users.get(at)) {
        Some(user) if user.active => None,
        Some(_) => Some("deactivated"),
        None => Some("not known"),
    }
}
