//! From declared and live teams to the changes between them.

mod members;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_model::{
    DesiredTeam, Email, Finding, LiveTeam, NotPlanned, OwnGrant, ProjectId, ProjectRole, Reason,
    ReasonKind, State, Subject, Write,
};

use crate::compare::comparer::{Comparer, ambiguous_addresses};
use crate::compare::draft::{Draft, SubjectDraft};
use crate::compare::person::keep_reductions;
use crate::compare::unread_row;
use crate::finding::team as told;
use crate::overlay::Projection;

/// What came out of comparing the teams.
#[derive(Debug)]
pub(crate) struct TeamComparison<'a> {
    pub(crate) drafted: Vec<SubjectDraft>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) not_planned: Vec<NotPlanned>,
    /// Live state with what the plan does to teams and what is to be done to them by hand: what
    /// people will have through them.
    pub(crate) projection: Projection<'a>,
    /// What is to be changed at the identity provider.
    pub(crate) by_hand: ByHand<'a>,
}

/// Membership that has to change at the identity provider.
#[derive(Debug, Default)]
pub(crate) struct ByHand<'a> {
    /// By team, whose people are managed there.
    pub(crate) teams: BTreeMap<Arc<str>, PeopleByHand<'a>>,
    /// By person, who is managed there while the team is not.
    pub(crate) people: BTreeMap<Email, TeamsByHand>,
}

#[derive(Debug)]
pub(crate) struct PeopleByHand<'a> {
    pub(crate) team: &'a DesiredTeam,
    pub(crate) add: BTreeSet<Email>,
    pub(crate) remove: BTreeSet<Email>,
    /// Whether the whole group goes.
    pub(crate) is_deleted: bool,
    /// Whether the group has to be made.
    pub(crate) is_created: bool,
    pub(crate) reason: Reason,
}

#[derive(Debug, Default)]
pub(crate) struct TeamsByHand {
    pub(crate) join: BTreeSet<Arc<str>>,
    pub(crate) leave: BTreeSet<Arc<str>>,
    pub(crate) reasons: Vec<Reason>,
}

/// Compares all declared teams with the live ones; nothing where the files have no `teams:`.
pub(crate) fn compare_teams<'a>(comparer: &Comparer<'a>) -> TeamComparison<'a> {
    let mut out = TeamComparison {
        drafted: Vec::new(),
        findings: Vec::new(),
        not_planned: Vec::new(),
        projection: Projection::new(comparer.live),
        by_hand: ByHand::default(),
    };
    let Some(declared) = comparer.desired.teams.as_deref() else { return out };
    let Some(live) = comparer.live.teams.as_deref() else {
        out.findings.push(told::unreadable(comparer, declared));
        out.not_planned.extend(declared.iter().map(told::not_compared));
        return out;
    };
    let teams = TeamComparer { comparer: *comparer, ambiguous: ambiguous_addresses(comparer.live) };
    teams.walk(declared, live, &mut out);
    out.findings.extend(told::look_alikes(&out.drafted, live));
    out
}

struct TeamComparer<'a> {
    comparer: Comparer<'a>,
    ambiguous: BTreeMap<&'a Email, usize>,
}

impl<'a> TeamComparer<'a> {
    /// Walks declared and live teams side by side, both sorted by name.
    fn walk(
        &self,
        declared: &'a [DesiredTeam],
        live: &'a [LiveTeam],
        out: &mut TeamComparison<'a>,
    ) {
        let mut declared = declared.chunk_by(|a, b| a.name == b.name).peekable();
        let mut live = live.chunk_by(|a, b| a.name == b.name).peekable();
        loop {
            let order = match (declared.peek(), live.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(wanted), Some(found)) => {
                    wanted.first().map(|one| &one.name).cmp(&found.first().map(|one| &one.name))
                }
            };
            let wanted = if order.is_le() { declared.next() } else { None };
            let found = if order.is_ge() { live.next() } else { None };
            let again = wanted.and_then(|all| all.get(1..)).unwrap_or_default();
            out.findings.extend(told::declared_twice(self.comparer.desired, again));
            match (wanted.and_then(<[DesiredTeam]>::first), found) {
                (Some(_), Some(found @ [_, _, ..])) => {
                    let finding = told::duplicate(found);
                    out.not_planned.extend(finding.as_ref().map(NotPlanned::withheld));
                    out.findings.extend(finding);
                }
                (Some(wanted), Some([found])) => self.present(wanted, found, out),
                (Some(wanted), _) => self.absent(wanted, out),
                (None, found) => {
                    out.not_planned.extend(found.into_iter().flatten().map(told::unmanaged));
                }
            }
        }
    }

    fn absent(&self, wanted: &'a DesiredTeam, out: &mut TeamComparison<'a>) {
        if wanted.state != State::Active {
            return;
        }
        let reason = self.comparer.reason(ReasonKind::Declared, &wanted.cause);
        let team = Subject::Team { name: Arc::clone(&wanted.name), id: None };
        if let Some(row) = unread_row::of_team(self.comparer.live, &team.key()) {
            let what = unread_row::phrase(self.comparer.desired, self.comparer.live, row);
            let message = format!("not created, since it may be there already: {what}");
            out.not_planned.push(told::withheld(team, message));
            return;
        }
        if !wanted.managed_by.is_mixpanel() {
            // The group makes the team; its roles can be given once it is there.
            let by_hand = self.by_hand(wanted, &mut out.by_hand);
            by_hand.is_created = true;
            by_hand.add.extend(wanted.members.iter().map(|member| member.email.clone()));
            out.not_planned.push(told::not_there_yet(team));
            return;
        }
        let mut drafts = vec![self.comparer.draft(Write::create_team(), reason)];
        out.projection.lay(&team, &Write::create_team());
        self.roles(wanted, &[], &mut drafts);
        self.members(wanted, None, &mut drafts, out);
        self.finish(wanted, team, drafts, out);
    }

    fn present(&self, wanted: &'a DesiredTeam, found: &'a LiveTeam, out: &mut TeamComparison<'a>) {
        let team = Subject::Team { name: Arc::clone(&found.name), id: Some(found.id) };
        let mut drafts = Vec::new();
        if wanted.state == State::Active {
            self.roles(wanted, &found.grants, &mut drafts);
            self.members(wanted, Some(found), &mut drafts, out);
        } else if is_managed(wanted, Some(found)) {
            let by_hand = self.by_hand(wanted, &mut out.by_hand);
            by_hand.is_deleted = true;
            by_hand.remove.extend(found.members.iter().cloned());
            let gone = Write::delete_team(Vec::new(), Vec::new());
            out.projection.lay(&team, &gone);
            return;
        } else {
            let reason = self.comparer.reason(ReasonKind::Removed, &wanted.cause);
            let loses = found
                .grants
                .iter()
                .map(|grant| (self.comparer.names.reference(grant.project), grant.role.clone()));
            let write = Write::delete_team(found.members.clone(), loses);
            drafts.push(self.comparer.draft(write, reason));
        }
        self.finish(wanted, team, drafts, out);
    }

    fn finish(
        &self,
        wanted: &DesiredTeam,
        team: Subject,
        mut drafts: Vec<Draft>,
        out: &mut TeamComparison<'a>,
    ) {
        if let Some(row) = unread_row::of_team(self.comparer.live, &team.key()) {
            let count = keep_reductions(&mut drafts);
            if count > 0 {
                let what = unread_row::phrase(self.comparer.desired, self.comparer.live, row);
                let plural = if count == 1 { " is" } else { "s are" };
                let message = format!("{count} change{plural} withheld: {what}");
                out.not_planned.push(told::withheld(team.clone(), message));
            }
        }
        for draft in &drafts {
            out.projection.lay(&team, &draft.write);
        }
        if !drafts.is_empty() {
            let name = (wanted.key != wanted.name).then(|| Arc::clone(&wanted.key));
            out.drafted.push(SubjectDraft { subject: team, name, tags: Vec::new(), drafts });
        }
    }

    /// Project roles of a team are complete for declared projects, as a collaborator's are.
    fn roles(&self, wanted: &DesiredTeam, held: &[OwnGrant], drafts: &mut Vec<Draft>) {
        let declared = wanted.grants.iter().map(|grant| grant.project);
        let mut projects: BTreeSet<ProjectId> = declared.collect();
        projects.extend(held.iter().map(|grant| grant.project));
        for project in projects {
            if self.comparer.desired.project(project).is_none() {
                continue;
            }
            let entry = wanted.grants.iter().find(|grant| grant.project == project);
            let want = entry.and_then(|grant| grant.role.as_ref());
            let (kind, cause) = entry.map_or((ReasonKind::NotMentioned, &wanted.cause), |grant| {
                (ReasonKind::Declared, &grant.cause)
            });
            let Some(write) = self.role_write(project, OwnGrant::role_in(held, project), want)
            else {
                continue;
            };
            drafts.push(self.comparer.draft(write, self.comparer.reason(kind, cause)));
        }
    }

    fn role_write(
        &self,
        project: ProjectId,
        held: Option<&ProjectRole>,
        want: Option<&ProjectRole>,
    ) -> Option<Write> {
        if held == want {
            return None;
        }
        let project = self.comparer.names.reference(project);
        match (held.cloned(), want.cloned()) {
            (None, None) => None,
            (None, Some(after)) => Some(Write::grant(project, after)),
            (Some(before), None) => Some(Write::revoke(project, before)),
            (Some(before), Some(after)) => Some(Write::set_project_role(project, before, after)),
        }
    }

    fn by_hand<'b>(
        &self,
        wanted: &'a DesiredTeam,
        by_hand: &'b mut ByHand<'a>,
    ) -> &'b mut PeopleByHand<'a> {
        let kind = match wanted.state {
            State::Active => ReasonKind::Declared,
            State::Suspended | State::Removed => ReasonKind::Removed,
        };
        by_hand.teams.entry(Arc::clone(&wanted.name)).or_insert_with(|| PeopleByHand {
            team: wanted,
            add: BTreeSet::new(),
            remove: BTreeSet::new(),
            is_deleted: false,
            is_created: false,
            reason: self.comparer.reason(kind, &wanted.cause),
        })
    }
}

/// Whether an identity provider decides who is in the team.
fn is_managed(wanted: &DesiredTeam, found: Option<&LiveTeam>) -> bool {
    !wanted.managed_by.is_mixpanel() || found.is_some_and(|team| !team.managed_by.is_mixpanel())
}
