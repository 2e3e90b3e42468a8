//! From desired and live state to a plan.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Action, Annotations, Capabilities, DesiredCollaborator, DesiredState, Email, Finding,
    LiveMember, LiveState, ManagedBy, MemberStatus, NotPlanned, NotPlannedKind, OrganizationRole,
    Override, Pattern, PlanContent, Reason, ReasonKind, State, Subject, UnmanagedAction,
};

use crate::content::{self, Gathered};
use crate::custom_role::CustomRoles;
use crate::draft::SubjectDraft;
use crate::guard;
use crate::observation;
use crate::person::{Comparer, Comparison, needs_number, subject_of};
use crate::power::{Power, is_actor};
use crate::project_names::ProjectNames;
use crate::sequence::{Described, Sequence, Setting, sequence};
use crate::subject::person;

/// Everything the planner sees.
#[derive(Clone, Copy, Debug)]
pub struct PlanningInput<'a> {
    /// What the files say.
    pub desired: &'a DesiredState,
    /// What the service answered.
    pub live: &'a LiveState,
    /// What the dialect can do.
    pub capabilities: &'a Capabilities,
    /// The address of the service, to be written into the plan.
    pub base_url: &'a str,
    /// Whether the instant was asked for with `--at`.
    pub instant_given: bool,
    /// Overrides given with `--allow`.
    pub allow: &'a [Override],
}

/// Plans the changes that take live state to desired state: the same content for the same input.
///
/// # Errors
/// When the content cannot be written as JSON, which no valid input causes.
pub fn plan(input: &PlanningInput<'_>) -> Result<PlanContent, serde_json::Error> {
    let custom = CustomRoles::declared(input.desired);
    let mut gathering = Gathering::of(input, &custom);
    gathering.compare_everybody();
    let power = Power::of(&input.live.actor, &input.live.members, &custom);
    gathering.findings.extend(observation::actor_unknown(&input.live.actor));
    let sequence = gathering.sequence_what_may_run(power)?;
    gathering.observe(&sequence);
    content::assemble(gathering.into_gathered(), sequence)
}

/// What is found on the way.
struct Gathering<'a> {
    input: &'a PlanningInput<'a>,
    names: ProjectNames<'a>,
    custom: &'a CustomRoles<'a>,
    drafted: Vec<SubjectDraft>,
    findings: Vec<Finding>,
    not_planned: Vec<NotPlanned>,
    unmanaged: u64,
    /// Whether somebody live should have no access at all, undeclared projects included.
    suspends: bool,
}

impl<'a> Gathering<'a> {
    fn of(input: &'a PlanningInput<'a>, custom: &'a CustomRoles<'a>) -> Self {
        let names = ProjectNames { desired: input.desired, live: input.live };
        let mut findings = input.desired.findings.clone();
        findings.extend(observation::unreadable_projects(input.desired, input.live));
        let not_planned = input
            .live
            .projects
            .iter()
            .filter(|project| input.desired.project(project.id).is_none())
            .map(|project| NotPlanned {
                kind: NotPlannedKind::UndeclaredProject,
                subject: None,
                project: Some(names.reference(project.id)),
                message: "live, and not declared".to_owned(),
            })
            .collect();
        Self {
            input,
            names,
            custom,
            drafted: Vec::new(),
            findings,
            not_planned,
            unmanaged: 0,
            suspends: false,
        }
    }

    /// Walks declared and live people side by side, both sorted by address.
    fn compare_everybody(&mut self) {
        let input = self.input;
        let comparer = Comparer {
            desired: input.desired,
            names: self.names,
            capabilities: input.capabilities,
            custom: self.custom,
        };
        let mut declared = input.desired.collaborators.iter().peekable();
        let mut live = input.live.members.as_slice();
        loop {
            let order = match (declared.peek(), live.first()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(collaborator), Some(member)) => collaborator.email.cmp(&member.email),
            };
            let collaborator = if order.is_le() { declared.next() } else { None };
            while let (Some(one), Some(again)) = (collaborator, declared.peek()) {
                if one.email != again.email {
                    break;
                }
                self.findings.push(observation::declared_twice(input.desired, one, again));
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
                (Some(_), [_, _, ..]) => self.findings.extend(observation::duplicate(accounts)),
                (Some(collaborator), [member]) => {
                    self.findings.extend(observation::spelling(
                        input.desired,
                        collaborator,
                        member,
                    ));
                    let comparison = comparer.present(collaborator, member);
                    self.declared(collaborator, Some(member), comparison);
                }
                (Some(collaborator), []) => {
                    let comparison = comparer.absent(collaborator);
                    self.declared(collaborator, None, comparison);
                }
                (None, [member]) => self.unmanaged(&comparer, member),
                (None, accounts) => self.unmanaged_look_alikes(accounts),
            }
        }
    }

    fn declared(
        &mut self,
        collaborator: &DesiredCollaborator,
        member: Option<&LiveMember>,
        comparison: Comparison,
    ) {
        let email = member.map_or(&collaborator.email, |member| &member.email);
        self.not_planned.extend(member.and_then(|member| still_waiting(member, &comparison)));
        if collaborator.managed_by == ManagedBy::Scim {
            self.not_planned.extend(left_to_the_identity_provider(email, &comparison));
            return;
        }
        self.suspends |= collaborator.state == State::Suspended && member.is_some();
        if let Some(waiting) = member.and_then(|member| needs_number(member, &comparison.drafts)) {
            self.not_planned.push(waiting);
            return;
        }
        let name = collaborator.name.clone().or_else(|| member.and_then(|one| one.name.clone()));
        self.add(email, member, name, collaborator.tags.clone(), comparison);
    }

    /// Accounts that differ only in capital letters cannot be told apart by address, so that a
    /// sweeping rule leaves them alone.
    fn unmanaged_look_alikes(&mut self, accounts: &[LiveMember]) {
        let policy = &self.input.desired.policy.unmanaged;
        for member in accounts.iter().filter(|member| !matches_any(&policy.ignore, member)) {
            self.unmanaged += 1;
            let (kind, message) = self.left_alone(policy.action, member).unwrap_or_else(|| {
                let why = "not in the files, and left alone: another account differs from it in capital letters only";
                (NotPlannedKind::Unreadable, why.to_owned())
            });
            let subject = Some(subject_of(member));
            self.not_planned.push(NotPlanned { kind, subject, project: None, message });
            self.findings.push(observation::unmanaged_look_alike(member, accounts));
        }
    }

    fn unmanaged(&mut self, comparer: &Comparer<'_>, member: &LiveMember) {
        let policy = &self.input.desired.policy.unmanaged;
        if matches_any(&policy.ignore, member) {
            return;
        }
        self.unmanaged += 1;
        if let Some((kind, message)) = self.left_alone(policy.action, member) {
            let subject = Some(subject_of(member));
            self.not_planned.push(NotPlanned { kind, subject, project: None, message });
            return;
        }
        let reason = Reason {
            kind: ReasonKind::Unmanaged,
            place: None,
            annotations: Annotations::default(),
        };
        let mut comparison = Comparison::default();
        if policy.action == UnmanagedAction::Remove {
            comparison.drafts.push(comparer.draft(comparer.removal(member), reason));
        } else {
            self.suspends = true;
            comparer.suspend(member, &reason, &mut comparison);
        }
        if let Some(waiting) = needs_number(member, &comparison.drafts) {
            self.not_planned.push(waiting);
            return;
        }
        self.add(&member.email, Some(member), member.name.clone(), Vec::new(), comparison);
    }

    /// Why an unmanaged person is not changed, or nothing when the policy sweeps.
    fn left_alone(
        &self,
        action: UnmanagedAction,
        member: &LiveMember,
    ) -> Option<(NotPlannedKind, String)> {
        if action == UnmanagedAction::Report {
            let role = member.organization_role.map_or("unknown role", OrganizationRole::as_str);
            let count = member.grants.iter().filter(|grant| grant.source.is_individual()).count();
            let status = if member.status.is_active() { "" } else { ", pending" };
            let plural = if count == 1 { "" } else { "s" };
            let message = format!("not in the files: {role}, {count} project{plural}{status}");
            return Some((NotPlannedKind::Unmanaged, message));
        }
        let actor = &self.input.live.actor;
        let why = if is_actor(actor, member) {
            "the identity we run as"
        } else if actor.email.is_none() && actor.user.is_none() {
            "it is not known who we run as, and it could be this person"
        } else if matches_any(&self.input.desired.policy.protected, member) {
            "protected"
        } else {
            return None;
        };
        Some((NotPlannedKind::Protected, format!("not in the files, and left alone: {why}")))
    }

    fn add(
        &mut self,
        email: &Email,
        member: Option<&LiveMember>,
        name: Option<std::sync::Arc<str>>,
        tags: Vec<std::sync::Arc<str>>,
        comparison: Comparison,
    ) {
        self.findings.extend(comparison.findings);
        if comparison.drafts.is_empty() {
            return;
        }
        self.drafted.push(SubjectDraft {
            subject: Subject::Person {
                email: email.clone(),
                user: member.and_then(|member| member.id),
            },
            name,
            tags,
            drafts: comparison.drafts,
        });
    }

    /// Puts the drafts in order. What the service would refuse is an error where the files ask for
    /// it by name; where only a sweeping rule does, the person is left out and reported. Credentials
    /// that are for reading plan what others will apply: they are told once, and nothing is left out.
    fn sequence_what_may_run(
        &mut self,
        power: Option<Power<'_>>,
    ) -> Result<Sequence, serde_json::Error> {
        let (desired, live) = (self.input.desired, self.input.live);
        let describe = |email: &Email| -> Described {
            let declared = desired.collaborator(email);
            let name = declared
                .and_then(|one| one.name.clone())
                .or_else(|| live.member(email).and_then(|member| member.name.clone()));
            (name, declared.map(|one| one.tags.clone()).unwrap_or_default())
        };
        let floor = guard::owner_floor(desired.policy.owners);
        let setting = Setting { live, power, floor, describe: &describe };
        let first = sequence(&self.drafted, setting)?;
        let mut withheld: BTreeMap<Subject, String> = BTreeMap::new();
        for refused in &first.refused {
            let Some(change) = first.changes.get(refused.change) else {
                continue;
            };
            let reads_only = power.is_some_and(Power::is_below_admin);
            if change.reason.kind == ReasonKind::Unmanaged && !reads_only {
                withheld.insert(change.subject.clone(), refused.message.clone());
            }
        }
        let settled = if withheld.is_empty() {
            first
        } else {
            self.withhold(&withheld);
            sequence(&self.drafted, setting)?
        };
        for (subject, message) in withheld {
            self.not_planned.push(NotPlanned {
                kind: NotPlannedKind::ActorPower,
                subject: Some(subject),
                project: None,
                message: format!("not in the files, and left alone: {message}"),
            });
        }
        self.findings.extend(if power.is_some_and(Power::is_below_admin) {
            observation::reading_identity(&settled).into_iter().collect()
        } else {
            observation::actor_power(&settled)
        });
        Ok(settled)
    }

    /// Drops what a sweeping rule asks for about these people, in their teams as well.
    fn withhold(&mut self, withheld: &BTreeMap<Subject, String>) {
        let people: BTreeSet<&Email> = withheld.keys().filter_map(Subject::email).collect();
        for one in &mut self.drafted {
            let is_person = one.subject.email().is_some_and(|email| people.contains(email));
            one.drafts.retain(|draft| {
                draft.reason.kind != ReasonKind::Unmanaged
                    || !match &draft.action {
                        Action::RemoveTeamMember { email, .. } => people.contains(email),
                        _ => is_person,
                    }
            });
        }
    }

    fn observe(&mut self, sequence: &Sequence) {
        let PlanningInput { desired, live, capabilities, .. } = *self.input;
        if self.suspends {
            self.findings.extend(observation::unread_while_suspending(desired, live));
        }
        self.findings.extend(observation::few_owners(sequence.owners_after));
        self.findings.extend(observation::irreversible(&sequence.changes));
        self.findings.extend(observation::look_alikes(&sequence.changes, live));
        self.findings.extend(observation::shared_numbers(&sequence.changes, live));
        self.findings.extend(observation::unknown_verbs(&sequence.changes, capabilities));
    }

    fn into_gathered(self) -> Gathered<'a> {
        let Self { input, names, findings, not_planned, unmanaged, .. } = self;
        Gathered { input, names, findings, manual: Vec::new(), not_planned, unmanaged }
    }
}

/// Somebody whose invitation stands and waits to be accepted.
fn still_waiting(member: &LiveMember, comparison: &Comparison) -> Option<NotPlanned> {
    let withdrawn = comparison
        .drafts
        .iter()
        .any(|draft| matches!(draft.action, Action::WithdrawInvitation { .. }));
    (member.status == MemberStatus::Pending && !withdrawn).then(|| NotPlanned {
        kind: NotPlannedKind::Pending,
        subject: Some(subject_of(member)),
        project: None,
        message: "invited, and not accepted yet".to_owned(),
    })
}

fn left_to_the_identity_provider(email: &Email, comparison: &Comparison) -> Option<NotPlanned> {
    let count = comparison.drafts.len();
    (count > 0).then(|| NotPlanned {
        kind: NotPlannedKind::ManagedByScim,
        subject: Some(person(email)),
        project: None,
        message: format!(
            "{count} difference{}: the identity provider would put back what is changed here",
            if count == 1 { "" } else { "s" }
        ),
    })
}

fn matches_any(patterns: &[Pattern], member: &LiveMember) -> bool {
    patterns.iter().any(|pattern| pattern.matches(&member.email))
}
