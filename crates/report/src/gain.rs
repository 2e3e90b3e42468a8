//! What subjects gain, as roles compare: the plan's order of what a reviewer sees first.
//!
//! In drift, what somebody has live beyond what the files say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    AffectedSubject, Change, Diff, Difference, EffectRole, Email, Grant, GrantSource, ManualChange,
    ManualTask, OrganizationRole, Plan, Power, ProjectId, ProjectRole, Subject, SubjectKey, Verb,
    Write,
};

use crate::effective::Powers;
use crate::kind::Kind;

/// A role that a subject gains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gain {
    /// How much it allows, or is judged to.
    pub(crate) power: Power,
    /// Whether that is known.
    pub(crate) known: bool,
    /// The project; none for an organization role.
    pub(crate) project: Option<ProjectId>,
    /// What it comes with, where that is not a grant of its own.
    pub(crate) with: With,
}

/// What a role comes with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum With {
    /// A grant of its own.
    Itself,
    /// Something else, as words: `through team Growth`.
    Other(String),
    /// Of a team: somebody who joins and is given what it gives.
    Joining(Email),
}

/// What one subject gains.
#[derive(Debug, Default)]
pub(crate) struct Gains {
    all: Vec<Gain>,
    in_projects: BTreeMap<ProjectId, Power>,
    of_joining: Option<Power>,
}

impl Gains {
    /// The strongest power that is gained.
    pub(crate) fn power(&self) -> Option<Power> {
        self.all.iter().map(|gain| gain.power).max()
    }

    /// The strongest power that is gained in a project.
    pub(crate) fn power_in(&self, project: ProjectId) -> Option<Power> {
        self.in_projects.get(&project).copied()
    }

    /// What a team gives whoever joins.
    pub(crate) const fn power_of_joining(&self) -> Option<Power> {
        self.of_joining
    }

    /// The gains that let somebody govern.
    pub(crate) fn governing(&self) -> impl Iterator<Item = &Gain> {
        self.all.iter().filter(|gain| gain.power.governs())
    }
}

impl Gain {
    /// Whether it is the subject's: what comes with somebody who joins a team is theirs, not the team's.
    pub(crate) const fn is_own(&self) -> bool {
        match self.with {
            With::Itself | With::Other(_) => true,
            With::Joining(_) => false,
        }
    }

    /// Whether this is more than another, so that nothing is said by naming that as well.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        if !self.known || !self.is_own() || !other.is_own() {
            return false;
        }
        match (self.project, other.project) {
            (None, None) => self.power > other.power,
            (None, Some(_)) => match self.power {
                Power::OrganizationOwner => true,
                Power::OrganizationAdmin => other.known && other.power <= Power::ProjectAdmin,
                Power::ProjectOwner
                | Power::ProjectAdmin
                | Power::BillingAdmin
                | Power::Analyst
                | Power::Consumer
                | Power::Member => false,
            },
            (Some(mine), Some(project)) => {
                let is_stronger = self.power > other.power;
                let is_owner = self.power == Power::ProjectOwner && !other.known;
                mine == project && (is_stronger || is_owner)
            }
            (Some(_), None) => false,
        }
    }
}

/// What the lines of one subject say that it gains.
pub(crate) fn of_subject(
    affected: Option<&AffectedSubject>,
    changes: &[&Change],
    kind: Kind,
    powers: &Powers<'_>,
) -> Gains {
    let mut gained = Gained::new(kind, powers);
    let (less, more) = affected.map_or((None, None), |one| match kind {
        Kind::Plan | Kind::Undo => (one.before.as_ref(), one.after.as_ref()),
        Kind::Drift => (one.after.as_ref(), one.before.as_ref()),
    });
    gained.held = less.and_then(|access| access.organization_role);
    for grant in less.iter().flat_map(|access| &access.grants) {
        gained.less.entry(grant.project).or_default().push(grant);
    }
    gained.joined = affected.and_then(|team| strongest_of(team, powers));
    for change in changes {
        gained.by(&change.write);
    }
    // Through other doors nobody gains by a change of their own.
    for grant in more.iter().flat_map(|access| &access.grants) {
        match &grant.source {
            GrantSource::Team(name) => {
                let with = With::Other(format!("through team {name}"));
                gained.role(grant.project, &grant.role, &grant.source, with);
            }
            GrantSource::Individual | GrantSource::Organization | GrantSource::AllUsers => {}
        }
    }
    gained.gains
}

/// What somebody gains by what is to be changed at the identity provider; of a team whose people are
/// changed there, what they gain with it.
pub(crate) fn of_manual(
    change: &ManualChange,
    team: Option<&AffectedSubject>,
    kind: Kind,
    powers: &Powers<'_>,
) -> Gains {
    let mut gained = Gained::new(kind, powers);
    if let Some(people) = joining_by_hand(change, kind) {
        let roles = roles_of_team(change, team).map(|(project, role)| {
            let (power, known) = powers.judged(project, role);
            (project, power, known)
        });
        gained.joined = roles.max_by_key(|(_, power, known)| (*power, *known));
        people.iter().for_each(|email| gained.joining(email));
        return gained.gains;
    }
    for effect in &change.effects {
        let (less, more) = match kind {
            Kind::Plan | Kind::Undo => (&effect.before, &effect.after),
            Kind::Drift => (&effect.after, &effect.before),
        };
        match (more, &effect.project) {
            (Some(EffectRole::Organization(role)), _) => {
                let held = match less {
                    Some(EffectRole::Organization(held)) => Some(*held),
                    Some(EffectRole::Project(_)) | None => None,
                };
                gained.organization_role(held, *role);
            }
            (Some(EffectRole::Project(role)), Some(project)) => {
                let held = match less {
                    Some(EffectRole::Project(held)) => Some(held),
                    Some(EffectRole::Organization(_)) | None => None,
                };
                if held.is_none_or(|held| gained.is_more(project.id, held, role)) {
                    gained.add(project.id, role, With::Itself);
                }
            }
            (Some(EffectRole::Project(_)) | None, _) => {}
        }
    }
    gained.gains
}

/// The people whom a change at the identity provider puts into a team; in drift, whom it takes out. None
/// where it is not about the people of a team.
pub(crate) fn joining_by_hand(change: &ManualChange, kind: Kind) -> Option<&[Email]> {
    match (&change.task, kind) {
        (ManualTask::ChangePeople { add, .. }, Kind::Plan | Kind::Undo) => Some(add),
        (ManualTask::ChangePeople { remove, .. }, Kind::Drift) => Some(remove),
        (
            ManualTask::ChangeGroups { .. }
            | ManualTask::Provision { .. }
            | ManualTask::Deprovision
            | ManualTask::CheckDeprovisioning,
            _,
        ) => None,
    }
}

/// What each of the people gains who join a team by a change at the identity provider.
pub(crate) fn by_joining(
    change: &ManualChange,
    team: Option<&AffectedSubject>,
    kind: Kind,
    powers: &Powers<'_>,
) -> Gains {
    let mut gained = Gained::new(kind, powers);
    let through = format!("through {}", change.subject);
    for (project, role) in roles_of_team(change, team).collect::<BTreeSet<_>>() {
        gained.add(project, role, With::Other(through.clone()));
    }
    gained.gains
}

/// The roles of a team, before and after, as its change at the identity provider and the plan tell them.
fn roles_of_team<'a>(
    change: &'a ManualChange,
    team: Option<&'a AffectedSubject>,
) -> impl Iterator<Item = (ProjectId, &'a ProjectRole)> {
    let told = change.effects.iter().flat_map(|effect| {
        let roles = effect.before.iter().chain(&effect.after);
        roles.filter_map(|role| match (role, &effect.project) {
            (EffectRole::Project(role), Some(project)) => Some((project.id, role)),
            (EffectRole::Project(_), None) | (EffectRole::Organization(_), _) => None,
        })
    });
    let access = team.into_iter().flat_map(|team| team.before.iter().chain(&team.after));
    let planned = access.flat_map(|access| &access.grants);
    told.chain(planned.map(|grant| (grant.project, &grant.role)))
}

struct Gained<'a> {
    kind: Kind,
    powers: &'a Powers<'a>,
    /// The organization role of the side that has less.
    held: Option<OrganizationRole>,
    /// The rows of the side that has less.
    less: BTreeMap<ProjectId, Vec<&'a Grant>>,
    /// What whoever joins the team may come to have, and whether that is known.
    joined: Option<(ProjectId, Power, bool)>,
    gains: Gains,
}

impl<'a> Gained<'a> {
    fn new(kind: Kind, powers: &'a Powers<'a>) -> Self {
        let (less, gains) = (BTreeMap::new(), Gains::default());
        Self { kind, powers, held: None, less, joined: None, gains }
    }

    /// What a change gives; in drift, what it would take.
    fn by(&mut self, write: &Write) {
        let gives = self.kind != Kind::Drift;
        for one in &write.differences {
            match one {
                Difference::OrganizationRole(diff) => {
                    let diff = if gives { *diff } else { diff.reversed() };
                    if let Some(more) = diff.after.known() {
                        let is_new = gives && write.verb == Verb::Invite;
                        let held = self.held.filter(|_| !is_new);
                        self.organization_role(diff.before.known().or(held), more);
                    }
                }
                Difference::ProjectRole(project, Diff { before, after }) => {
                    let (less, more) = if gives { (before, after) } else { (after, before) };
                    match (less.as_ref().known(), more.as_ref().known()) {
                        (_, None) => {}
                        // Whoever accepts it has what it says, whatever the one before it said.
                        (None, Some(more)) if gives && write.verb == Verb::Invite => {
                            self.add(project.id, more, With::Itself);
                        }
                        (None, Some(more)) => self.own(project.id, more),
                        (Some(less), Some(more)) => {
                            if self.is_more(project.id, less, more) {
                                self.add(project.id, more, With::Itself);
                            }
                        }
                    }
                }
                Difference::TeamMember(email, ..) => {
                    if write.verb == Verb::Set && one.gives() == gives {
                        self.joining(email);
                    }
                }
                Difference::Account(_) | Difference::Reminder(_) | Difference::Expiry(_) => {}
            }
        }
    }

    fn organization_role(&mut self, less: Option<OrganizationRole>, more: OrganizationRole) {
        if less.is_none_or(|less| less < more) {
            let power = Power::from(more);
            self.gains.all.push(Gain { power, known: true, project: None, with: With::Itself });
        }
    }

    fn own(&mut self, project: ProjectId, role: &ProjectRole) {
        self.role(project, role, &GrantSource::Individual, With::Itself);
    }

    /// A role through one door, unless the side with less has as much through the same.
    fn role(&mut self, project: ProjectId, role: &ProjectRole, door: &GrantSource, with: With) {
        let rows = self.less.get(&project).map(Vec::as_slice).unwrap_or_default();
        let mut held = rows.iter().filter(|row| row.source == *door);
        if held.all(|row| self.is_more(project, &row.role, role)) {
            self.add(project, role, with);
        }
    }

    /// Whether a role may allow more than another. A custom role of unknown power may allow less than
    /// any, and as much as the project's owner.
    fn is_more(&self, project: ProjectId, less: &ProjectRole, more: &ProjectRole) -> bool {
        let (power, _) = self.powers.judged(project, more);
        less != more && self.powers.known(project, less).is_none_or(|less| less < power)
    }

    fn add(&mut self, project: ProjectId, role: &ProjectRole, with: With) {
        let (power, known) = self.powers.judged(project, role);
        let most = self.gains.in_projects.entry(project).or_insert(power);
        *most = power.max(*most);
        self.gains.all.push(Gain { power, known, project: Some(project), with });
    }

    fn joining(&mut self, email: &Email) {
        let Some((project, power, known)) = self.joined else { return };
        self.gains.of_joining = Some(power);
        let with = With::Joining(email.clone());
        self.gains.all.push(Gain { power, known, project: Some(project), with });
    }
}

/// The strongest of a team's roles, before and after.
fn strongest_of(team: &AffectedSubject, powers: &Powers<'_>) -> Option<(ProjectId, Power, bool)> {
    let access = team.before.iter().chain(&team.after);
    let roles = access.flat_map(|access| &access.grants).map(|grant| {
        let (power, known) = powers.judged(grant.project, &grant.role);
        (grant.project, power, known)
    });
    roles.max_by_key(|(_, power, known)| (*power, *known))
}

/// Subjects by the power that they gain.
#[derive(Debug, Default)]
pub(crate) struct ByPower(BTreeMap<SubjectKey, Power>);

impl ByPower {
    /// What everybody gains whom a plan changes.
    pub(crate) fn of_plan(plan: &Plan, kind: Kind) -> Self {
        let powers = Powers::of(&plan.content.projects);
        let mut changes: BTreeMap<SubjectKey, Vec<&Change>> = BTreeMap::new();
        for change in &plan.content.changes {
            changes.entry(change.subject.key()).or_default().push(change);
        }
        let mut all = Self::default();
        for one in &plan.content.subjects {
            let changes = changes.get(&one.subject.key()).map(Vec::as_slice).unwrap_or_default();
            all.note(&one.subject, of_subject(Some(one), changes, kind, &powers).power());
        }
        all
    }

    /// Notes what a subject gains.
    pub(crate) fn note(&mut self, subject: &Subject, power: Option<Power>) {
        if let Some(power) = power {
            let most = self.0.entry(subject.key()).or_insert(power);
            *most = power.max(*most);
        }
    }

    /// What a subject gains, if anything.
    pub(crate) fn of(&self, subject: Option<&Subject>) -> Option<Power> {
        self.0.get(&subject?.key()).copied()
    }

    /// Things in their order, those about somebody who gains most power first.
    pub(crate) fn first<'a, T>(
        &self,
        things: impl IntoIterator<Item = &'a T>,
        about: impl Fn(&T) -> Option<&Subject>,
    ) -> Vec<&'a T> {
        let mut things: Vec<&T> = things.into_iter().collect();
        things.sort_by_cached_key(|one| Reverse(self.of(about(one))));
        things
    }
}
