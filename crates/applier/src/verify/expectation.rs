//! What everything that is changed should be like afterwards: pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Change, Difference, Email, GrantSource, LiveMember, LiveState, LiveSubject, OrganizationRole,
    PlanContent, ProjectId, ProjectKey, ProjectRef, ProjectRole, Reading, Subject, SubjectKey,
};
use mixaccess_planner::Projection;

use crate::reread::{Scope, projects_of};
use crate::verify::reach::reach;
use crate::{Mismatch, Outcome};

/// What a subject should be like now.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    /// The subject, with the number it was found with before.
    subject: Subject,
    /// What the changes of the subject itself add up to; nothing where there are none.
    own: Option<Own>,
    /// What teams should give to a person, in the projects where changes of teams reach.
    through_teams: BTreeMap<ProjectId, TeamRows>,
}

/// What a subject should be like by its own changes.
#[derive(Clone, Debug)]
enum Own {
    Gone,
    There {
        accepted: bool,
        organization_role: Option<OrganizationRole>,
        /// In each project that counts, the role.
        roles: BTreeMap<ProjectId, Option<ProjectRole>>,
        /// Of a team, for everybody who counts: whether in it.
        people: BTreeMap<Email, bool>,
        /// An invitation should have been sent again after that one.
        reminded_since: Option<Timestamp>,
    },
}

/// Team names with the roles they give somebody in a project.
type TeamRows = BTreeSet<(Arc<str>, ProjectRole)>;

/// What the access of everybody who is changed should be, given what became of the changes: what was
/// found before, and what those that are in place add up to. What the plan says of people is not asked.
/// Of a subject with an unknown change nothing can be expected.
pub(crate) fn expectations(
    changes: &[Change],
    outcomes: &[Outcome],
    before: &LiveState,
) -> Vec<Expectation> {
    let found = Projection::new(before);
    let mut projection = Projection::new(before);
    let mut own: BTreeMap<SubjectKey, Vec<(&Change, &Outcome)>> = BTreeMap::new();
    let mut reached: BTreeMap<Email, BTreeSet<ProjectId>> = BTreeMap::new();
    let mut unclear: BTreeSet<SubjectKey> = BTreeSet::new();
    for (change, outcome) in changes.iter().zip(outcomes) {
        let key = change.subject.key();
        let reach = reach(change, &projection);
        if outcome.is_in_place() {
            for email in reach.people {
                reached.entry(email).or_default().extend(&reach.projects);
            }
            projection.apply(change);
        } else if matches!(outcome, Outcome::Unknown { .. } | Outcome::Moved { .. }) {
            unclear.extend(reach.people.into_iter().map(SubjectKey::Person));
            unclear.insert(key.clone());
        }
        own.entry(key).or_default().push((change, outcome));
    }
    own.retain(|_, changes| changes.iter().any(|(_, outcome)| outcome.is_in_place()));
    let keys = own.keys().cloned().chain(reached.keys().cloned().map(SubjectKey::Person));
    let keys = keys.filter(|key| !unclear.contains(key)).collect::<BTreeSet<_>>();
    keys.into_iter()
        .map(|key| {
            let through_teams = match &key {
                SubjectKey::Person(email) => {
                    reached.get(email).map_or_else(BTreeMap::new, |reached| {
                        team_rows(&projection, before, email, reached)
                    })
                }
                SubjectKey::Team(_) | SubjectKey::ServiceAccount(_) => BTreeMap::new(),
            };
            let known = found.subject(&key);
            Expectation {
                own: own
                    .get(&key)
                    .map(|changes| own_expectation(changes, known, projection.subject(&key))),
                subject: known.map_or_else(|| Subject::from(key), LiveSubject::subject),
                through_teams,
            }
        })
        .collect()
}

fn own_expectation(
    changes: &[(&Change, &Outcome)],
    before: Option<LiveSubject<'_>>,
    after: Option<LiveSubject<'_>>,
) -> Own {
    let Some(there) = after else { return Own::Gone };
    let held = [before, after].into_iter().flatten().flat_map(LiveSubject::roles);
    let named = changes.iter().flat_map(|(change, _)| projects_of(change));
    let projects = named.chain(held.map(|(project, _)| project)).collect::<BTreeSet<_>>();
    let mut people: BTreeMap<Email, bool> = BTreeMap::new();
    let mut reminded_since = None;
    for (change, outcome) in changes {
        if let (Some(email), LiveSubject::Team(team)) = (change.write.moved_member(), there) {
            people.insert(email.clone(), team.has(email));
        }
        if outcome.is_in_place()
            && let Some(since) = change.write.reminded_since()
        {
            reminded_since = since.known();
        }
    }
    let (accepted, organization_role) = match there {
        LiveSubject::Person(member) => (member.status.is_active(), member.organization_role),
        LiveSubject::Team(_) | LiveSubject::ServiceAccount(_) => (false, None),
    };
    let roles = projects.into_iter().map(|project| (project, there.role(project).cloned()));
    Own::There { accepted, organization_role, roles: roles.collect(), people, reminded_since }
}

/// What teams give somebody who has accepted, in the projects that were read.
fn team_rows(
    projection: &Projection<'_>,
    before: &LiveState,
    email: &Email,
    projects: &BTreeSet<ProjectId>,
) -> BTreeMap<ProjectId, TeamRows> {
    let is_read = |id: ProjectId| before.project(id).is_some_and(|project| project.members_read);
    match projection.member(email) {
        Some(member) if member.status.is_active() => projects
            .iter()
            .filter(|project| is_read(**project))
            .map(|project| (*project, rows_of_teams(member, *project)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

fn rows_of_teams(member: &LiveMember, project: ProjectId) -> TeamRows {
    let rows = member.grants_in(project).iter();
    rows.filter_map(|grant| match &grant.source {
        GrantSource::Team(name) => Some((Arc::clone(name), grant.role.clone())),
        _ => None,
    })
    .collect()
}

impl Expectation {
    /// Adds what must be read to compare it.
    pub(crate) fn widen(&self, scope: &mut Scope) {
        let own = match &self.own {
            Some(Own::There { roles, .. }) => roles.keys().copied().collect(),
            Some(Own::Gone) | None => BTreeSet::new(),
        };
        match &self.subject {
            Subject::Person { .. } => {
                scope.members = true;
                scope.projects.extend(own.into_iter().chain(self.through_teams.keys().copied()));
            }
            Subject::Team { name, .. } => drop(scope.teams.insert(Arc::clone(name))),
            Subject::ServiceAccount { .. } => {
                scope.service_accounts = true;
                scope.service_account_projects.extend(own);
            }
        }
    }

    /// What is not as expected. Rows of teams are compared only where the service `tells_team_rows`.
    pub(crate) fn mismatches(
        &self,
        content: &PlanContent,
        live: &LiveState,
        before: &LiveState,
        tells_team_rows: bool,
    ) -> Vec<Mismatch> {
        let mut all = Differences { subject: &self.subject, content, all: Vec::new() };
        let found = self.found(live);
        match (&self.own, found) {
            (None, _) | (Some(Own::Gone), None) => {}
            (Some(Own::Gone), Some(_)) => all.add(None, self.absent(), "still there"),
            (Some(Own::There { .. }), None) => {
                all.add(None, "there", self.absent());
                return all.all;
            }
            (Some(own @ Own::There { .. }), Some(found)) => all.compare(own, found),
        }
        if tells_team_rows && let Some(LiveSubject::Person(member)) = found {
            for (project, wanted) in &self.through_teams {
                let held = rows_of_teams(member, *project);
                if held != *wanted {
                    all.add(Some(*project), &team_words(wanted), &team_words(&held));
                }
            }
        }
        self.unread(live, before, &mut all);
        all.all
    }

    /// What may be there although it should be gone: a row of it that could not be read, or one of
    /// nobody by name that was not there before.
    fn unread(&self, live: &LiveState, before: &LiveState, all: &mut Differences<'_>) {
        let key = self.subject.key();
        let found = self.found(live);
        for row in &live.unread_rows {
            let is_new = || !before.unread_rows.contains(row);
            let may_be = row.is_about(&key) || row.is_about_anybody_like(&key) && is_new();
            if !may_be {
                continue;
            }
            let word = "a row that could not be read";
            match &self.own {
                Some(Own::Gone) if found.is_none() => all.add(None, self.absent(), word),
                Some(Own::There { roles, .. }) => {
                    let gone = row.project.filter(|id| roles.get(id).is_some_and(Option::is_none));
                    if let Some(project) = gone {
                        all.add(Some(project), role_word(None), word);
                    }
                }
                Some(Own::Gone) | None => {}
            }
        }
    }

    const fn absent(&self) -> &'static str {
        match self.subject {
            Subject::Person { .. } => "nobody",
            Subject::Team { .. } | Subject::ServiceAccount { .. } => "gone",
        }
    }

    /// The subject that is meant: somebody by number where there is one, since two addresses may look
    /// alike.
    fn found<'a>(&self, live: &'a LiveState) -> Option<LiveSubject<'a>> {
        let Subject::Person { email, user } = &self.subject else {
            return live.subject(&self.subject.key());
        };
        let from = live.members.partition_point(|member| member.email < *email);
        let alike = live.members.get(from..).unwrap_or_default();
        let alike = || alike.iter().take_while(|member| member.email == *email);
        user.and_then(|user| alike().find(|member| member.id == Some(user)))
            .or_else(|| alike().next())
            .map(LiveSubject::Person)
    }
}

/// Collects what differs.
struct Differences<'a> {
    subject: &'a Subject,
    content: &'a PlanContent,
    all: Vec<Mismatch>,
}

impl Differences<'_> {
    fn add(&mut self, project: Option<ProjectId>, expected: &str, found: &str) {
        self.all.push(Mismatch {
            subject: self.subject.clone(),
            project: project.map(|id| named(self.content, id)),
            expected: expected.to_owned(),
            found: found.to_owned(),
        });
    }

    fn compare(&mut self, own: &Own, found: LiveSubject<'_>) {
        let Own::There { accepted, organization_role, roles, people, reminded_since } = own else {
            return;
        };
        if let LiveSubject::Person(member) = found {
            if *accepted && !member.status.is_active() {
                self.add(None, "an accepted member", "a pending invitation");
            }
            if let Some(role) = organization_role
                && member.organization_role != Some(*role)
            {
                let held = member.organization_role.map_or("unknown", OrganizationRole::as_str);
                self.add(None, &format!("organization role {role}"), held);
            }
            if let Some(since) = reminded_since
                && !Difference::Reminder(Reading::Known(*since)).is_met_by(Some(found))
            {
                self.add(None, &format!("an invitation sent after {since}"), "none since");
            }
        }
        for (project, wanted) in roles {
            let held = found.role(*project);
            if wanted.as_ref() != held {
                self.add(Some(*project), role_word(wanted.as_ref()), role_word(held));
            }
        }
        for (email, wanted) in people {
            let LiveSubject::Team(team) = found else { continue };
            let word = |is_in| if is_in { "in the team" } else { "not in the team" };
            if team.has(email) != *wanted {
                self.add(None, &format!("{email} {}", word(*wanted)), word(!*wanted));
            }
        }
    }
}

fn role_word(role: Option<&ProjectRole>) -> &str {
    role.map_or("none", ProjectRole::as_str)
}

fn team_words(rows: &TeamRows) -> String {
    if rows.is_empty() {
        return "none through teams".to_owned();
    }
    let words = rows.iter().map(|(team, role)| format!("{role} through team {team}"));
    words.collect::<Vec<_>>().join(", ")
}

fn named(content: &PlanContent, id: ProjectId) -> ProjectRef {
    let key = content
        .project(id)
        .map_or_else(|| ProjectKey::new(id.to_string()), |project| project.key.clone());
    ProjectRef { id, key }
}
