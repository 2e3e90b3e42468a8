//! What somebody has without a grant of their own: through teams, the organization role or all-users.

use std::sync::Arc;

use mixaccess_model::{
    DesiredTeam, Email, Grant, GrantSource, LiveMember, ManualTask, OrganizationRole, ProjectId,
    ProjectRole, Reading, Subject, SubjectKey, Verb, printable,
};
use mixaccess_planner::effective_role;

use super::NotAdopted;
use super::finder::{Finder, MANAGED};

/// What gives somebody a role in a project where no grant of their own does.
pub(super) enum Elsewhere {
    /// Nothing.
    Nothing,
    /// Something that stays: the files meet it with this role.
    Given(ProjectRole),
    /// A team that is still to be adopted, after which more is known.
    NotYet,
    /// Something that is not adopted, and why nothing can be said meanwhile.
    Open(String),
}

impl Finder<'_> {
    /// What somebody has in a project without a grant of their own. `none` would deny it.
    pub(super) fn elsewhere(&self, key: &SubjectKey, project: ProjectId) -> Elsewhere {
        let SubjectKey::Person(email) = key else { return Elsewhere::Nothing };
        let Some(member) = self.input.live.member(email) else { return Elsewhere::Nothing };
        let mut is_awaited = false;
        for name in self.moving_teams(email, project) {
            if self.is_to_come(&name, project) {
                is_awaited = true;
            } else {
                return Elsewhere::Open(self.through_team(member, project, &name));
            }
        }
        if is_awaited {
            return Elsewhere::NotYet;
        }
        let live = member.organization_role;
        let declared = self.situation.desired.collaborator(email);
        let declared = declared.map(|declared| declared.organization_role);
        let stays = if self.input.chosen.subject(key) { live } else { declared };
        let shared =
            |row: &&Grant| matches!(row.source, GrantSource::Team(_) | GrantSource::AllUsers);
        let rows: Vec<Grant> = member.grants_in(project).iter().filter(shared).cloned().collect();
        if let Some(role) = effective_role(&rows, stays, &self.custom_roles) {
            return Elsewhere::Given(role);
        }
        match live.and_then(OrganizationRole::implied_project_role) {
            Some(role) => Elsewhere::Open(format!(
                "{role} comes with the organization role, which is not chosen: name the person without `--project`"
            )),
            None => Elsewhere::Nothing,
        }
    }

    /// Teams that give somebody something in a project, live or as the files are, and of which a plan
    /// would change just that.
    fn moving_teams(&self, email: &Email, project: ProjectId) -> Vec<Arc<str>> {
        let moving = &self.moving;
        let mut found: Vec<(usize, &Arc<str>)> = Vec::new();
        for (at, team) in moving.of_person.get(email).into_iter().flatten() {
            if self.gives(team, project) {
                found.push((*at, team));
            }
        }
        for team in moving.teams_of.get(email).into_iter().flatten() {
            let Some(changes) = moving.of_team.get(team) else { continue };
            let whole = changes.get(&None).filter(|_| self.gives(team, project));
            let here = changes.get(&Some(project));
            found.extend(whole.into_iter().chain(here).map(|at| (*at, team)));
        }
        // In the order of the plan.
        found.sort_unstable();
        let manual = moving.by_hand_of.get(email).into_iter().flatten();
        let manual = manual.filter(|team| self.gives(team, project));
        found.into_iter().map(|(_, team)| team).chain(manual).cloned().collect()
    }

    fn gives(&self, team: &str, project: ProjectId) -> bool {
        let says = |team: &DesiredTeam| {
            // Sorted by project, with one for each.
            let at = team.grants.binary_search_by_key(&project, |grant| grant.project);
            at.ok().and_then(|at| team.grants.get(at)).is_some_and(|grant| grant.role.is_some())
        };
        self.input.live.team(team).is_some_and(|team| team.role(project).is_some())
            || self.situation.team(team).is_some_and(says)
    }

    /// Whether what is live of a team is to be adopted.
    fn is_to_come(&self, team: &Arc<str>, project: ProjectId) -> bool {
        let key = SubjectKey::Team(Arc::clone(team));
        let chosen = &self.input.chosen;
        let is_whole = chosen.subject(&key);
        let needs_whole = self.moving.whole.contains(team);
        !self.moving.by_hand.contains(team)
            && !self.refused.contains_key(&key)
            && (is_whole || (!needs_whole && chosen.grant(&key, project)))
    }

    fn through_team(&self, member: &LiveMember, project: ProjectId, team: &Arc<str>) -> String {
        let source = GrantSource::Team(Arc::clone(team));
        let row = member.grants_in(project).iter().find(|row| row.source == source);
        let declared = self.situation.desired.project(project);
        let what = declared.map_or_else(|| project.to_string(), |one| one.key.to_string());
        let name = printable(team);
        let how = self.how_to_adopt(team);
        match row {
            Some(row) => format!(
                "{what}: {} comes through team {name}, which differs from the files as well: {how}",
                printable(row.role.as_str())
            ),
            None => format!("{what}: team {name} differs from the files as well: {how}"),
        }
    }

    fn how_to_adopt(&self, team: &Arc<str>) -> String {
        if self.moving.by_hand.contains(team) {
            return MANAGED.to_owned();
        }
        let key = self.situation.team(team).map_or(team, |team| &team.key);
        format!("`--team {}` adopts that", printable(key))
    }

    /// Which memberships of people who are chosen by name differ, and are not adopted with the person:
    /// a team is one subject, with everybody in it.
    pub(super) fn memberships(&mut self) {
        if !self.input.chosen.projects.is_empty() {
            return;
        }
        let content = &self.situation.content;
        let changed = content.changes.iter().filter(|change| change.write.verb == Verb::Set);
        let changed = changed.flat_map(|change| {
            let moves = change.write.team_members();
            moves.map(|(email, diff)| (&change.subject, email, diff.after != Reading::Absent))
        });
        let by_hand = content.manual.iter().flat_map(|manual| {
            let (add, remove): (&[Email], &[Email]) = match &manual.task {
                ManualTask::ChangePeople { add, remove } => (add, remove),
                _ => (&[], &[]),
            };
            let add = add.iter().map(|email| (&manual.subject, email, true));
            add.chain(remove.iter().map(|email| (&manual.subject, email, false)))
        });
        let mut left = Vec::new();
        for (subject, email, is_declared) in changed.chain(by_hand) {
            let SubjectKey::Team(team) = subject.key() else { continue };
            let person = SubjectKey::Person(email.clone());
            if !self.input.chosen.by_name(&person) || self.input.chosen.subject(&subject.key()) {
                continue;
            }
            let name = printable(&team);
            let what = if is_declared {
                format!("not in team {name}, in which the files put them")
            } else {
                format!("in team {name}, in which the files do not put them")
            };
            left.push((person, format!("{what}: {}", self.how_to_adopt(&team))));
        }
        for (person, why) in left {
            self.leave(person, why);
        }
    }

    pub(super) fn leave(&mut self, key: SubjectKey, why: String) {
        self.left.insert(NotAdopted { subject: Some(Subject::from(key)), why });
    }
}
