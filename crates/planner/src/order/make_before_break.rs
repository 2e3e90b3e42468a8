//! Access that changes hands: what somebody keeps is taken from one place only after another gives it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::{
    Difference, Email, Grant, GrantSource, LiveState, ProjectId, ProjectRole, Reading, Subject,
    Through, Verb, Write,
};

use crate::compare::draft::{Draft, SubjectDraft};
use crate::custom_role::CustomRoles;
use crate::overlay::Projection;
use crate::subject::SubjectRef;

/// For each draft that takes no access away in the end, because others of the plan give as much, and for
/// each that takes somebody out of a group through SCIM of which they keep something: which others those
/// are. Empty for every other.
pub(crate) type Awaited = Vec<Vec<usize>>;

/// Finds them among drafts in their order: individual grants, places in teams, and roles and whole teams
/// that are given up for a place in another team or for an individual grant. Access that should be
/// gone is urgent, but this should not be gone.
pub(crate) fn awaited(
    ordered: &[(&SubjectDraft, &Draft)],
    live: &LiveState,
    custom: &CustomRoles<'_>,
) -> Awaited {
    let nothing = || vec![Vec::new(); ordered.len()];
    if !ordered.iter().any(|(one, _)| matches!(one.subject, Subject::Team { .. })) {
        return nothing();
    }
    let mut after = Projection::new(live);
    let mut additions = Additions::default();
    for (index, (one, draft)) in ordered.iter().enumerate() {
        after.lay(&one.subject, &draft.write);
        additions.note(&one.subject, &draft.write, index);
    }
    let handover = Handover { live, custom, after, additions };
    let mut awaited = nothing();
    for ((one, draft), slot) in ordered.iter().zip(&mut awaited) {
        if let Some(all) = handover.awaited_by(&one.subject, &draft.write) {
            *slot = all;
        }
    }
    // What waits itself comes last, and may come after what would wait for it.
    let waits: Vec<bool> = awaited.iter().map(|all| !all.is_empty()).collect();
    for slot in &mut awaited {
        slot.retain(|one| waits.get(*one) == Some(&false));
    }
    awaited
}

/// Where the drafts are that give something.
#[derive(Default)]
struct Additions<'a> {
    places: BTreeMap<(&'a str, &'a Email), usize>,
    roles: BTreeMap<(SubjectRef<'a>, ProjectId), usize>,
}

impl<'a> Additions<'a> {
    fn note(&mut self, subject: &'a Subject, write: &'a Write, index: usize) {
        // What comes with something new is nobody's instead of anything.
        let Some(one) = write.only().filter(|one| one.gives()) else { return };
        if let (Subject::Team { name, .. }, Some((email, _))) = (subject, one.team_member()) {
            self.places.insert((name, email), index);
        }
        if let Some(project) = one.project() {
            self.roles.insert((SubjectRef::of(subject), project.id), index);
        }
    }
}

struct Handover<'a> {
    live: &'a LiveState,
    custom: &'a CustomRoles<'a>,
    after: Projection<'a>,
    additions: Additions<'a>,
}

impl Handover<'_> {
    /// What a write waits for; nothing where it takes some access away for good, or none at all.
    fn awaited_by(&self, subject: &Subject, write: &Write) -> Option<Vec<usize>> {
        let mut awaited = Vec::new();
        match (subject, write.only()) {
            (Subject::Person { email, .. }, Some(_)) => {
                let (project, before) = write.revoked()?;
                // A role that changes by being taken and given again is no handover.
                let again = (SubjectRef::Person(email), project.id);
                if self.additions.roles.contains_key(&again) {
                    return None;
                }
                let given_up = (project.id, before);
                self.replaced(email, given_up, &GrantSource::Individual, &mut awaited)?;
            }
            (Subject::Team { name, .. }, Some(Difference::TeamMember(email, through, diff))) => {
                if diff.after != Reading::Absent {
                    return None;
                }
                let source = GrantSource::Team(name.clone());
                for grant in &self.live.team(name)?.grants {
                    let given_up = (grant.project, &grant.role);
                    if self.replaced(email, given_up, &source, &mut awaited).is_some() {
                        continue;
                    }
                    // Through SCIM nothing else gives what is kept of a group that gave more.
                    match through {
                        Through::Scim => self.kept(email, grant.project, &source, &mut awaited),
                        Through::Mixpanel => return None,
                    }
                }
            }
            (Subject::Team { name, .. }, Some(Difference::ProjectRole(project, diff))) => {
                let before = diff.before.as_ref().known()?;
                let after = diff.after.as_ref().known();
                if after.is_some_and(|after| self.is_as_much(project.id, after, before)) {
                    return None;
                }
                self.replaced_for_all(name, (project.id, before), &mut awaited)?;
            }
            (Subject::Team { name, .. }, None) if write.verb == Verb::Delete => {
                for grant in &self.live.team(name)?.grants {
                    let given_up = (grant.project, &grant.role);
                    self.replaced_for_all(name, given_up, &mut awaited)?;
                }
            }
            (Subject::Person { .. } | Subject::ServiceAccount { .. } | Subject::Team { .. }, _) => {
                return None;
            }
        }
        awaited.sort_unstable();
        awaited.dedup();
        Some(awaited)
    }

    /// Adds what gives everybody in a team as much as it does; nothing where somebody loses it.
    fn replaced_for_all(
        &self,
        team: &Arc<str>,
        given_up: (ProjectId, &ProjectRole),
        awaited: &mut Vec<usize>,
    ) -> Option<()> {
        let source = GrantSource::Team(Arc::clone(team));
        for email in &self.live.team(team)?.members {
            self.replaced(email, given_up, &source, awaited)?;
        }
        Some(())
    }

    /// Adds what gives somebody as much as a source that they give up; nothing where they lose it.
    fn replaced(
        &self,
        email: &Email,
        (project, role): (ProjectId, &ProjectRole),
        given_up: &GrantSource,
        awaited: &mut Vec<usize>,
    ) -> Option<()> {
        let before = self.live.member(email)?.grants_in(project);
        let after = self.after.member(email)?.grants_in(project);
        let gives = |row: &&Grant| {
            let is_other = row.source != *given_up && row.source != GrantSource::Organization;
            is_other && self.is_as_much(project, &row.role, role)
        };
        let stays = |row: &Grant| before.iter().filter(gives).any(|one| one.source == row.source);
        if after.iter().filter(gives).any(stays) {
            return Some(());
        }
        let given = after.iter().filter(gives).map(|row| self.given_by(email, project, role, row));
        awaited.extend(given.filter(|all| !all.is_empty()).min()?);
        Some(())
    }

    /// Adds what gives somebody the lesser access that they keep in a project where a source goes that
    /// gives more.
    fn kept(
        &self,
        email: &Email,
        project: ProjectId,
        given_up: &GrantSource,
        awaited: &mut Vec<usize>,
    ) {
        let Some(after) = self.after.member(email) else { return };
        let others =
            |row: &&Grant| row.source != *given_up && row.source != GrantSource::Organization;
        for row in after.grants_in(project).iter().filter(others) {
            self.replaced(email, (project, &row.role), given_up, awaited);
        }
    }

    /// The drafts through which somebody gets a row that they do not have yet.
    fn given_by(
        &self,
        email: &Email,
        project: ProjectId,
        role: &ProjectRole,
        row: &Grant,
    ) -> Vec<usize> {
        let Additions { places, roles } = &self.additions;
        match &row.source {
            GrantSource::Team(name) => {
                let held = self.live.team(name).and_then(|team| team.role(project));
                let is_enough = held.is_some_and(|held| self.is_as_much(project, held, role));
                let role = roles.get(&(SubjectRef::Team(name), project)).filter(|_| !is_enough);
                places.get(&(&**name, email)).into_iter().chain(role).copied().collect()
            }
            GrantSource::Individual => {
                roles.get(&(SubjectRef::Person(email), project)).into_iter().copied().collect()
            }
            GrantSource::Organization | GrantSource::AllUsers => Vec::new(),
        }
    }

    /// Custom roles that count as no standard role are as much as themselves only.
    fn is_as_much(&self, project: ProjectId, given: &ProjectRole, role: &ProjectRole) -> bool {
        let power = |role| self.custom.power(project, role);
        given == role
            || matches!((power(given), power(role)), (Some(given), Some(role)) if given >= role)
    }
}
