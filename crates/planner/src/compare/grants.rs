//! From one person's declared and live grants to the changes between them.

use std::cmp::Ordering;

use mixaccess_model::{
    Cause, DesiredCollaborator, EffectiveAboveDeclared, Email, Grant, GrantSource, LiveMember,
    OrganizationRole, ProjectId, ProjectRef, ProjectRole, ReasonKind, Write,
};

use crate::compare::comparer::Comparer;
use crate::compare::draft::Draft;
use crate::compare::person::Comparison;
use crate::effective::is_met_otherwise;
use crate::finding::tally::{self, Example};
use crate::overlay::Projection;

/// One project of one person: what is wanted, what is there, and what asks for it.
struct GrantTask<'a> {
    project: ProjectId,
    want: Option<&'a ProjectRole>,
    rows: &'a [Grant],
    cause: &'a Cause,
    kind: ReasonKind,
}

impl Comparer<'_> {
    /// Walks declared and live projects side by side, both sorted by number.
    pub(crate) fn grants(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        out: &mut Comparison,
    ) {
        let mut declared = collaborator.grants.iter().peekable();
        let mut live = member.grants.as_slice();
        loop {
            let next_live = live.first().map(|grant| grant.project);
            let order = match (declared.peek(), next_live) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(entry), Some(project)) => entry.project.cmp(&project),
            };
            let entry = if order.is_le() { declared.next() } else { None };
            let rows = match next_live {
                Some(project) if order.is_ge() => {
                    let count = live.partition_point(|grant| grant.project == project);
                    let (rows, rest) = live.split_at(count);
                    live = rest;
                    rows
                }
                _ => &[],
            };
            let (want, cause, kind) = match entry {
                Some(entry) => (entry.role.as_ref(), &entry.cause, ReasonKind::Declared),
                None => (None, &collaborator.cause, ReasonKind::NotMentioned),
            };
            let Some(project) = entry.map(|entry| entry.project).or(next_live) else {
                break;
            };
            let task = GrantTask { project, want, rows, cause, kind };
            self.grant(collaborator, member, &task, out);
        }
        let severity = self.desired.policy.effective_above_declared;
        out.findings.extend(std::mem::take(&mut out.tally).into_findings(member, severity));
    }

    fn grant(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        task: &GrantTask<'_>,
        out: &mut Comparison,
    ) {
        let held = Grant::individual_role(task.rows);
        if held == task.want {
            self.note_other_sources(collaborator, member, task, true, out);
            return;
        }
        if self.desired.project(task.project).is_none() {
            return;
        }
        let project = self.names.reference(task.project);
        let write = match (task.want, held) {
            (None, None) => return,
            (None, Some(held)) => {
                self.what_stays(collaborator, member, task, out);
                Write::revoke(project, held.clone())
            }
            (Some(want), held) => {
                let role = counted_role(collaborator, member);
                let met = is_met_otherwise(want, task.rows, role);
                if let Some(source) = met
                    && held.is_none_or(|held| self.is_weaker(task.project, held, want))
                {
                    let role = want.clone();
                    let example = || Example { project, declared: None, role, source };
                    tally::note(&mut out.tally.met, example);
                    self.note_other_sources(collaborator, member, task, false, out);
                    return;
                }
                self.note_other_sources(collaborator, member, task, true, out);
                match held {
                    None => Write::grant(project, want.clone()),
                    Some(held) if self.roles_are_fixed(member) => {
                        let reason = self.reason(task.kind, task.cause);
                        out.drafts.extend(Draft::exchange(
                            &project,
                            held,
                            want,
                            &reason,
                            self.custom,
                        ));
                        return;
                    }
                    Some(held) => Write::set_project_role(project, held.clone(), want.clone()),
                }
            }
        };
        out.drafts.push(self.draft(write, self.reason(task.kind, task.cause)));
    }

    /// Notes what a team, all-users or the organization role gives: more than is declared, or as much
    /// as the individual grant that there will be where one `is_granted`, so that it changes nothing.
    fn note_other_sources(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        task: &GrantTask<'_>,
        is_granted: bool,
        out: &mut Comparison,
    ) {
        let implied = counted_role(collaborator, member).implied_project_role();
        let only_individual = task.rows.iter().all(|row| row.source.is_individual());
        if (only_individual && implied.is_none()) || self.desired.project(task.project).is_none() {
            return;
        }
        let is_mentioned = task.kind == ReasonKind::Declared;
        let power = |role: &ProjectRole| self.custom.power(task.project, role);
        // Where the files do not speak of the project, they give what the organization role gives.
        let wanted = if is_mentioned { task.want } else { implied.as_ref() };
        let wanted = wanted.and_then(power).unwrap_or(0);
        let implied = implied.as_ref().filter(|_| is_mentioned);
        let implied = implied.map(|role| (role, &GrantSource::Organization));
        let rows = task.rows.iter().filter(|row| match &row.source {
            // Access through a team that the files put the person in is declared there.
            GrantSource::Team(name) => is_mentioned || !self.is_declared_in(collaborator, name),
            // What everybody has is worth a word only where the files speak of the project.
            GrantSource::AllUsers => is_mentioned,
            GrantSource::Individual | GrantSource::Organization => false,
        });
        let others = implied.into_iter().chain(rows.map(|row| (&row.role, &row.source)));
        let strongest = others.max_by_key(|(role, _)| power(role).unwrap_or(u8::MAX));
        let Some((role, source)) = strongest else { return };
        let example = || Example {
            project: self.names.reference(task.project),
            declared: task.want.cloned(),
            role: role.clone(),
            source: source.clone(),
        };
        if task.want == Some(role) {
            if is_granted {
                tally::note(&mut out.tally.idle, example);
            }
        } else if power(role).is_none_or(|power| power > wanted) {
            let slot = match task.want {
                None if is_mentioned => &mut out.tally.unreachable,
                _ => &mut out.tally.above,
            };
            tally::note(slot, example);
        } else if is_granted && task.want.is_some() && power(role) == Some(wanted) {
            tally::note(&mut out.tally.idle, example);
        }
    }

    /// The rows of a project without what a team gives in which the files put the person.
    fn undeclared_rows<'r>(
        &'r self,
        collaborator: &'r DesiredCollaborator,
        task: &GrantTask<'r>,
    ) -> impl Iterator<Item = &'r Grant> {
        let is_mentioned = task.kind == ReasonKind::Declared;
        task.rows.iter().filter(move |row| match &row.source {
            GrantSource::Team(name) => is_mentioned || !self.is_declared_in(collaborator, name),
            _ => true,
        })
    }

    /// Says what somebody keeps in a project although the individual grant goes.
    fn what_stays(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        task: &GrantTask<'_>,
        out: &mut Comparison,
    ) {
        let project = self.names.reference(task.project);
        self.still_given(member, &project, self.undeclared_rows(collaborator, task), out);
        self.still_implied(collaborator, member, &project, out);
        // A warning that access stays is no refusal of it.
        if self.desired.policy.effective_above_declared == EffectiveAboveDeclared::Refuse {
            self.note_other_sources(collaborator, member, task, false, out);
        }
    }

    /// Says which of these rows stay although the individual grant goes.
    pub(crate) fn still_given<'r>(
        &self,
        member: &LiveMember,
        project: &ProjectRef,
        rows: impl IntoIterator<Item = &'r Grant>,
        out: &mut Comparison,
    ) {
        for row in rows {
            if matches!(row.source, GrantSource::Team(_) | GrantSource::AllUsers) {
                let finding = tally::still_has_access(member, project, &row.role, &row.source);
                out.findings.push(finding);
            }
        }
    }

    /// Says that the organization role gives the project all the same.
    fn still_implied(
        &self,
        collaborator: &DesiredCollaborator,
        member: &LiveMember,
        project: &ProjectRef,
        out: &mut Comparison,
    ) {
        if let Some(role) = counted_role(collaborator, member).implied_project_role() {
            let source = GrantSource::Organization;
            out.findings.push(tally::still_has_access(member, project, &role, &source));
        }
    }

    fn is_declared_in(&self, collaborator: &DesiredCollaborator, team: &str) -> bool {
        self.membership.teams_of(&collaborator.email).iter().any(|one| *one.name == *team)
    }

    /// Whether a team in which the files put somebody will give exactly that role.
    pub(crate) fn is_given_by_teams(
        &self,
        teams: &Projection<'_>,
        email: &Email,
        project: ProjectId,
        role: &ProjectRole,
    ) -> bool {
        if self.live.project(project).is_none_or(|project| !project.members_read) {
            return false;
        }
        let declared = self.membership.teams_of(email).iter();
        let mut there = declared.filter_map(|team| teams.team(&team.name));
        there.any(|team| team.has(email) && team.role(project) == Some(role))
    }

    /// Whether a role gives less than another; custom roles that count as nothing are not ordered.
    fn is_weaker(&self, project: ProjectId, role: &ProjectRole, than: &ProjectRole) -> bool {
        let power = |role| self.custom.power(project, role);
        matches!((power(role), power(than)), (Some(role), Some(than)) if role < than)
    }
}

/// The organization role that there will be. One that is unknown stays unknown, and gives nothing that
/// can be counted on.
fn counted_role(collaborator: &DesiredCollaborator, member: &LiveMember) -> OrganizationRole {
    member.organization_role.map_or(OrganizationRole::LOWEST, |_| collaborator.organization_role)
}
