//! Everybody compared, one after the other, and what is found on the way.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::{
    DesiredCollaborator, EffectiveAboveDeclared, Email, Finding, LiveMember, LiveState,
    ManualChange, MemberStatus, NotPlanned, NotPlannedKind, OrganizationRole, State, Subject,
    SubjectKey, UnmanagedAction, Verb,
};

use crate::compare::comparer::{Comparer, swept};
use crate::compare::doubt::{Doubt, Stops};
use crate::compare::draft::{Draft, SubjectDraft};
use crate::compare::person::{Comparison, is_about_new_invitation, keep_reductions, needs_number};
use crate::compare::service_account::AccountComparison;
use crate::compare::team::{ByHand, TeamComparison};
use crate::compare::unread_row;
use crate::finding::observation;
use crate::finding::scim as scim_findings;
use crate::finding::tally::is_above;
use crate::invitation;
use crate::overlay::Projection;
use crate::subject::subject_of;

/// What is found on the way.
pub(crate) struct Gathering<'a> {
    pub(crate) comparer: Comparer<'a>,
    pub(crate) drafted: Vec<SubjectDraft>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) manual: Vec<ManualChange>,
    pub(crate) not_planned: Vec<NotPlanned>,
    pub(crate) unmanaged: u64,
    /// Live state with teams as they will be.
    teams: Projection<'a>,
    /// Live state with what the plan itself does to teams, where the policy refuses effective access
    /// above what is declared: that is no better before somebody has done their part by hand.
    written: Option<Projection<'a>>,
    by_hand: ByHand<'a>,
    /// Where in `drafted` the changes of a team are.
    team_at: BTreeMap<Arc<str>, usize>,
}

impl<'a> Gathering<'a> {
    pub(crate) fn of(comparer: Comparer<'a>, teams: TeamComparison<'a>) -> Self {
        let Comparer { desired, live, names, .. } = comparer;
        let mut findings = desired.findings.clone();
        findings.extend(observation::unreadable_projects(desired, live));
        findings.extend(teams.findings);
        findings.extend(comparer.doubts.warnings.iter().cloned());
        let (rows_told, rows_left) = unread_row::told(desired, live, &names);
        findings.extend(rows_told);
        let undeclared = live.projects.iter().filter(|one| desired.project(one.id).is_none());
        let mut not_planned: Vec<NotPlanned> = undeclared
            .map(|project| NotPlanned {
                kind: NotPlannedKind::UndeclaredProject,
                subject: None,
                project: Some(names.reference(project.id)),
                message: "live, and not declared".to_owned(),
            })
            .collect();
        not_planned.extend(rows_left);
        not_planned.extend(teams.not_planned);
        let team_at = teams.drafted.iter().enumerate().filter_map(|(at, one)| match &one.subject {
            Subject::Team { name, .. } => Some((Arc::clone(name), at)),
            Subject::Person { .. } | Subject::ServiceAccount { .. } => None,
        });
        let refuses = desired.policy.effective_above_declared == EffectiveAboveDeclared::Refuse;
        Self {
            comparer,
            written: refuses.then(|| written(live, &teams.drafted)),
            team_at: team_at.collect(),
            drafted: teams.drafted,
            findings,
            manual: Vec::new(),
            not_planned,
            unmanaged: 0,
            teams: teams.projection,
            by_hand: teams.by_hand,
        }
    }

    pub(crate) fn add_accounts(&mut self, accounts: AccountComparison) {
        self.drafted.extend(accounts.drafted);
        self.findings.extend(accounts.findings);
        self.not_planned.extend(accounts.not_planned);
    }

    /// Walks declared and live people side by side, both sorted by address.
    pub(crate) fn compare_everybody(&mut self) {
        let Comparer { desired, live, .. } = self.comparer;
        let mut declared = desired.collaborators.iter().peekable();
        let mut live = live.members.as_slice();
        loop {
            let order = match (declared.peek(), live.first()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(collaborator), Some(member)) => collaborator.email.cmp(&member.email),
            };
            let collaborator = if order.is_le() { declared.next() } else { None };
            while let (Some(one), Some(again)) = (collaborator, declared.peek()) {
                if one.email != again.email {
                    break;
                }
                self.findings.push(observation::declared_twice(desired, one, again));
                declared.next();
            }
            let accounts = match live.first() {
                Some(first) if order.is_ge() => {
                    let count = live.iter().take_while(|one| one.email == first.email).count();
                    let (accounts, rest) = live.split_at(count);
                    live = rest;
                    accounts
                }
                _ => &[],
            };
            match (collaborator, accounts) {
                (Some(collaborator), [first, _, ..]) => self.several(collaborator, first, accounts),
                (Some(collaborator), [member]) => self.present(collaborator, member),
                (Some(collaborator), []) => self.absent(collaborator),
                (None, [member]) => self.unmanaged(member),
                (None, accounts) => self.unmanaged_look_alikes(accounts),
            }
        }
        self.finish_by_hand();
    }

    fn absent(&mut self, collaborator: &DesiredCollaborator) {
        let comparison = self.comparer.absent(collaborator, &self.teams);
        self.declared(collaborator, None, comparison);
    }

    fn present(&mut self, collaborator: &DesiredCollaborator, member: &LiveMember) {
        let desired = self.comparer.desired;
        self.findings.extend(observation::spelling(desired, collaborator, member));
        let with_teams = self.teams.changed(&member.email).unwrap_or(member);
        let comparison = self.comparer.present(collaborator, with_teams, &self.teams);
        self.declared(collaborator, Some(member), comparison);
    }

    fn declared(
        &mut self,
        collaborator: &DesiredCollaborator,
        member: Option<&LiveMember>,
        mut comparison: Comparison,
    ) {
        let email = member.map_or(&collaborator.email, |member| &member.email);
        let taken_at = self.comparer.live.taken_at;
        let waits = member.filter(|member| still_waits(member, &comparison));
        self.not_planned.extend(waits.map(|member| invitation::still_waiting(member, taken_at)));
        if collaborator.state == State::Suspended
            && let Some(member) = member
        {
            self.access_unknown(member, &comparison);
        }
        if self.comparer.is_managed(Some(collaborator), member) {
            self.managed(collaborator, member, comparison);
            return;
        }
        if !self.by_hand.teams.is_empty() {
            self.judge_as_written(collaborator, member, &mut comparison);
        }
        self.doubted(email, member, &mut comparison);
        if let Some(member) = member {
            self.hidden(member, &mut comparison);
        }
        if let Some(waiting) = member.and_then(|member| needs_number(member, &comparison.drafts)) {
            self.not_planned.push(waiting);
            return;
        }
        let name = collaborator.name.clone().or_else(|| member.and_then(|one| one.name.clone()));
        let user = member.and_then(|member| member.id);
        let subject = Subject::Person { email: email.clone(), user };
        self.add(subject, name, collaborator.tags.clone(), comparison);
    }

    /// Somebody whom an identity provider manages: what would be written is changed there instead.
    fn managed(
        &mut self,
        collaborator: &DesiredCollaborator,
        member: Option<&LiveMember>,
        mut comparison: Comparison,
    ) {
        let comparer = self.comparer;
        let by_hand = self.by_hand.people.remove(&collaborator.email);
        let after = member.map(|member| self.teams.changed(&member.email).unwrap_or(member));
        let managed = comparer.manage(collaborator, member, after, by_hand);
        let differs = managed.manual.is_some() || !managed.through_scim.is_empty();
        let told = scim_findings::about(&comparer, Some(collaborator), member, differs);
        self.findings.extend(told);
        self.manual.extend(managed.manual);
        for (team, draft) in managed.through_scim {
            self.add_to_team(&team, draft);
        }
        if self.written.is_some() {
            // Neither is the organization role what is declared before it is changed there.
            // Whoever is not there yet arrives with the lowest.
            let organization_role = match member {
                Some(member) => member.organization_role.unwrap_or(collaborator.organization_role),
                None => OrganizationRole::LOWEST,
            };
            let as_it_is = DesiredCollaborator { organization_role, ..collaborator.clone() };
            self.judge_as_written(&as_it_is, member, &mut comparison);
        } else if differs {
            comparison.findings.clear();
        }
        self.findings.extend(comparison.findings.into_iter().filter(is_above));
    }

    /// Judges what somebody effectively has by what the plan itself writes, where the policy refuses
    /// more than is declared.
    fn judge_as_written(
        &self,
        collaborator: &DesiredCollaborator,
        member: Option<&LiveMember>,
        comparison: &mut Comparison,
    ) {
        let Some(written) = &self.written else { return };
        let judged = match member {
            Some(member) => {
                let member = written.changed(&member.email).unwrap_or(member);
                self.comparer.present(collaborator, member, written)
            }
            None => self.comparer.absent(collaborator, written),
        };
        comparison.findings.retain(|finding| !is_above(finding));
        comparison.findings.extend(judged.findings.into_iter().filter(is_above));
    }

    /// Adds a change to those of a team.
    fn add_to_team(&mut self, name: &Arc<str>, draft: Draft) {
        let live = self.comparer.live;
        let drafted = &mut self.drafted;
        let at = *self.team_at.entry(Arc::clone(name)).or_insert_with(|| {
            drafted.push(SubjectDraft {
                subject: Subject::Team {
                    name: Arc::clone(name),
                    id: live.team(name).map(|team| team.id),
                },
                name: None,
                tags: Vec::new(),
                drafts: Vec::new(),
            });
            drafted.len() - 1
        });
        if let Some(one) = drafted.get_mut(at) {
            if let Some(written) = &mut self.written {
                written.lay(&one.subject, &draft.write);
            }
            one.drafts.push(draft);
        }
    }

    /// What is left to be changed at the identity provider once everybody was compared.
    fn finish_by_hand(&mut self) {
        let comparer = self.comparer;
        let ByHand { teams, people } = std::mem::take(&mut self.by_hand);
        self.manual.extend(teams.values().map(|by_hand| comparer.manage_team(by_hand)));
        let people = people.into_iter();
        self.manual.extend(people.map(|(email, teams)| comparer.manage_undeclared(&email, teams)));
        self.findings.extend(scim_findings::look_alikes(&comparer));
        self.findings.extend(scim_findings::unreadable(&comparer));
    }

    /// Accounts that differ only in capital letters cannot be told apart by address: a sweeping rule takes
    /// one of them a plan, the accepted one first, so that no other account keeps it in place.
    fn unmanaged_look_alikes(&mut self, accounts: &[LiveMember]) {
        let comparer = self.comparer;
        let can_sweep = !is_one_number(accounts);
        let mut to_sweep = accounts.first().filter(|_| can_sweep);
        for member in accounts.iter().filter(|member| !comparer.is_ignored(member)) {
            if to_sweep.take_if(|first| *first == member).is_some() {
                self.unmanaged(member);
                self.findings.push(observation::unmanaged_look_alike(member, accounts));
                continue;
            }
            self.unmanaged += 1;
            let (kind, message) = comparer.left_alone(member).unwrap_or_else(|| {
                let alike = "another account differs from it in capital letters only";
                match can_sweep {
                    true => (
                        NotPlannedKind::Withheld,
                        format!(
                            "not in the files, and left alone by this plan: {alike}, and goes first"
                        ),
                    ),
                    false => (
                        NotPlannedKind::Unreadable,
                        format!("not in the files, and left alone: {alike}"),
                    ),
                }
            });
            self.leave_alone(member, kind, message);
            self.findings.push(observation::unmanaged_look_alike(member, accounts));
        }
    }

    fn unmanaged(&mut self, member: &LiveMember) {
        let comparer = self.comparer;
        if comparer.is_ignored(member) {
            return;
        }
        self.unmanaged += 1;
        if comparer.is_managed(None, Some(member)) {
            self.findings.extend(scim_findings::about(&comparer, None, Some(member), false));
        }
        if let Some((kind, message)) = comparer.left_alone(member) {
            self.leave_alone(member, kind, message);
            return;
        }
        let mut comparison = Comparison::default();
        if comparer.desired.policy.unmanaged.action == UnmanagedAction::Remove {
            comparison.drafts.push(comparer.draft(comparer.removal(member), swept()));
        } else {
            let with_teams = self.teams.changed(&member.email).unwrap_or(member);
            comparer.suspend(with_teams, &swept(), &mut comparison);
            self.access_unknown(member, &comparison);
        }
        self.doubted(&member.email, Some(member), &mut comparison);
        if let Some(waiting) = needs_number(member, &comparison.drafts) {
            self.not_planned.push(waiting);
            return;
        }
        self.add(subject_of(member), member.name.clone(), Vec::new(), comparison);
    }

    /// Several live accounts of somebody declared: nobody can tell which one is to be given anything. What
    /// the files take away is taken from the first, so that no other account keeps it in place; the next
    /// plan sees to those that are left.
    fn several(
        &mut self,
        collaborator: &DesiredCollaborator,
        first: &LiveMember,
        accounts: &[LiveMember],
    ) {
        let Some(finding) = observation::duplicate(accounts) else { return };
        self.not_planned.push(NotPlanned::withheld(&finding));
        self.findings.push(finding);
        let comparer = self.comparer;
        let is_managed =
            accounts.iter().any(|member| comparer.is_managed(Some(collaborator), Some(member)));
        let doubt = comparer.doubts.about(&first.email);
        let reaches_others = doubt.is_some_and(|doubt| doubt.stops == Stops::Everything);
        if is_managed || is_one_number(accounts) || reaches_others {
            return;
        }
        let with_teams = self.teams.changed(&first.email).unwrap_or(first);
        let mut comparison = comparer.present(collaborator, with_teams, &self.teams);
        comparison.withhold(Stops::Additions);
        comparison.findings.clear();
        if needs_number(first, &comparison.drafts).is_none() {
            self.add(subject_of(first), first.name.clone(), collaborator.tags.clone(), comparison);
        }
    }

    /// Withholds what would be given to somebody in a project where a row that may be theirs could not
    /// be read, and says so.
    fn hidden(&mut self, member: &LiveMember, comparison: &mut Comparison) {
        let Comparer { desired, live, .. } = self.comparer;
        if live.unread_rows.is_empty() {
            return;
        }
        let key = SubjectKey::Person(member.email.clone());
        let left = &mut self.not_planned;
        comparison.drafts.retain(|draft| {
            let Some((project, _)) = draft.write.granted() else { return true };
            let Some(row) = live.may_hide_role(&key, project.id) else { return true };
            left.push(NotPlanned {
                kind: NotPlannedKind::Withheld,
                subject: Some(subject_of(member)),
                project: Some(project.clone()),
                message: format!(
                    "1 change is withheld: may have a role there already: {}",
                    unread_row::phrase(desired, live, row)
                ),
            });
            false
        });
    }

    /// Withholds what a doubt about somebody stops, and says so.
    fn doubted(&mut self, email: &Email, member: Option<&LiveMember>, comparison: &mut Comparison) {
        let Comparer { desired, live, doubts, .. } = self.comparer;
        let is_replaced = |comparison: &Comparison| {
            let mut drafts = comparison.drafts.iter();
            member.is_some() && drafts.any(Draft::invites)
        };
        let doubt = match self.comparer.doubts.about(email) {
            Some(doubt) => doubt.clone(),
            None if !self.comparer.doubts.unread_projects.is_empty() && is_replaced(comparison) => {
                Doubt {
                    finding: observation::invitation_unknown(
                        email,
                        &self.comparer.doubts.unread_projects,
                    ),
                    stops: Stops::Additions,
                }
            }
            None if let Some(row) = doubts.unread_grants
                && is_replaced(comparison) =>
            {
                let finding = unread_row::not_replaced(desired, live, row, email);
                Doubt { finding, stops: Stops::Additions }
            }
            None => return,
        };
        let count = comparison.withhold(doubt.stops);
        if count == 0 {
            return;
        }
        let subject =
            Subject::Person { email: email.clone(), user: member.and_then(|member| member.id) };
        self.not_planned
            .push(NotPlanned { subject: Some(subject), ..stopped(count, &doubt.finding) });
        if !self.findings.contains(&doubt.finding) {
            self.findings.push(doubt.finding);
        }
    }

    /// Drops what would be given to the subjects of these findings, in their teams as well, and says so;
    /// whether there was any.
    pub(crate) fn withhold_additions(&mut self, findings: Vec<Finding>) -> bool {
        let mut withheld: BTreeMap<SubjectKey, (usize, Finding)> = BTreeMap::new();
        for finding in findings {
            let Some(subject) = &finding.subject else { continue };
            withheld.entry(subject.key()).or_insert_with(|| (0, finding.clone()));
            self.findings.push(finding);
        }
        for one in &mut self.drafted {
            if let Some((count, finding)) = withheld.get_mut(&one.subject.key()) {
                if one.drafts.iter().any(Draft::invites) {
                    let is_theirs = |told: &Finding| told.subject == finding.subject;
                    self.findings.retain(|one| !(is_about_new_invitation(one) && is_theirs(one)));
                }
                *count += keep_reductions(&mut one.drafts);
            }
            one.drafts.retain(|draft| {
                let gains = draft.write.joined();
                let gains = gains.map(|email| SubjectKey::Person(email.clone()));
                match gains.and_then(|key| withheld.get_mut(&key)) {
                    Some((count, _)) => *count += 1,
                    None => return true,
                }
                false
            });
        }
        let told = withheld.into_values().filter(|(count, _)| *count > 0);
        let told: Vec<NotPlanned> = told.map(|(count, finding)| stopped(count, &finding)).collect();
        let any = !told.is_empty();
        self.not_planned.extend(told);
        any
    }

    /// Says of somebody who should have no access where nobody knows it, unless the account goes.
    fn access_unknown(&mut self, member: &LiveMember, comparison: &Comparison) {
        let goes = |draft: &Draft| matches!(draft.write.verb, Verb::Remove | Verb::Withdraw);
        if comparison.drafts.iter().any(goes) {
            return;
        }
        let unknown =
            observation::access_unknown(&member.email, &self.comparer.doubts.unread_projects);
        let elsewhere = unread_row::elsewhere(self.comparer.live, &member.email);
        for finding in unknown.into_iter().chain(elsewhere) {
            self.leave_alone(member, NotPlannedKind::Withheld, finding.message.clone());
            self.findings.push(finding);
        }
    }

    fn leave_alone(&mut self, member: &LiveMember, kind: NotPlannedKind, message: String) {
        let subject = Some(subject_of(member));
        self.not_planned.push(NotPlanned { kind, subject, project: None, message });
    }

    fn add(
        &mut self,
        subject: Subject,
        name: Option<Arc<str>>,
        tags: Vec<Arc<str>>,
        comparison: Comparison,
    ) {
        self.findings.extend(comparison.findings);
        if !comparison.drafts.is_empty() {
            self.drafted.push(SubjectDraft { subject, name, tags, drafts: comparison.drafts });
        }
    }
}

fn written<'a>(live: &'a LiveState, drafted: &[SubjectDraft]) -> Projection<'a> {
    let mut written = Projection::new(live);
    for one in drafted {
        for draft in &one.drafts {
            written.lay(&one.subject, &draft.write);
        }
    }
    written
}

/// Whether the service gives several accounts one number, or none: a change could reach either.
fn is_one_number(accounts: &[LiveMember]) -> bool {
    let mut numbers: Vec<_> = accounts.iter().map(|member| member.id).collect();
    numbers.sort_unstable();
    numbers.windows(2).any(|two| two.first() == two.last())
}

/// So many changes of somebody that a finding stops.
fn stopped(count: usize, finding: &Finding) -> NotPlanned {
    let plural = if count == 1 { " is" } else { "s are" };
    let message = format!("{count} change{plural} withheld: {}", finding.message);
    NotPlanned { message, ..NotPlanned::withheld(finding) }
}

/// Somebody whose invitation stands and waits to be accepted.
fn still_waits(member: &LiveMember, comparison: &Comparison) -> bool {
    let is_withdrawn = comparison.drafts.iter().any(|draft| draft.write.verb == Verb::Withdraw);
    member.status == MemberStatus::Pending && !is_withdrawn
}
