//! From desired and live state to a plan.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    ActingIdentity, Action, AffectedSubject, Annotations, Capabilities, DesiredState, Digest,
    Email, Figures, Finding, Grant, LiveMember, LiveState, ManagedBy, NotPlanned, NotPlannedKind,
    OrganizationRole, Override, Pattern, PlanContent, PlanOrganization, ProjectId, ProjectRef,
    Reason, ReasonKind, Severity, State, Subject, UnmanagedAction,
};

use crate::draft::{Draft, PersonDraft};
use crate::guard;
use crate::observation;
use crate::person::{Comparer, Comparison, needs_number};
use crate::power::{Power, is_actor};
use crate::project_names::ProjectNames;
use crate::sequence::{Sequence, sequence};

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

/// Whether the members of undeclared projects must be read as well: suspended means no access at
/// all, the one exception to leaving undeclared projects alone (`design.md`, "The files").
pub fn reads_undeclared_projects(desired: &DesiredState, members: &[LiveMember]) -> bool {
    if desired.policy.unmanaged.action == UnmanagedAction::Suspend {
        return true;
    }
    let suspended: BTreeSet<&Email> = desired
        .collaborators
        .iter()
        .filter(|one| one.state == State::Suspended)
        .map(|one| &one.email)
        .collect();
    !suspended.is_empty() && members.iter().any(|member| suspended.contains(&member.email))
}

/// Plans the changes that take live state to desired state: the same content for the same input.
///
/// # Errors
/// When the content cannot be written as JSON, which no valid input causes.
pub fn plan(input: &PlanningInput<'_>) -> Result<PlanContent, serde_json::Error> {
    let mut gathering = Gathering::of(input);
    gathering.compare_everybody();
    let power = Power::of(&input.live.actor, &input.live.members);
    if power.is_none() {
        gathering.findings.push(observation::actor_unknown());
    }
    let sequence = gathering.sequence_what_may_run(power)?;
    gathering.observe(&sequence);
    gathering.into_content(sequence)
}

/// What is found on the way.
struct Gathering<'a> {
    input: &'a PlanningInput<'a>,
    names: ProjectNames<'a>,
    people: Vec<PersonDraft>,
    findings: Vec<Finding>,
    not_planned: Vec<NotPlanned>,
    unmanaged: u64,
}

impl<'a> Gathering<'a> {
    fn of(input: &'a PlanningInput<'a>) -> Self {
        let mut findings = input.desired.findings.clone();
        findings.extend(observation::unreadable_projects(input.desired, input.live));
        let not_planned = input
            .live
            .projects
            .iter()
            .filter(|project| input.desired.project(project.id).is_none())
            .map(|project| NotPlanned {
                kind: NotPlannedKind::UndeclaredProject,
                email: None,
                project: Some(ProjectRef {
                    id: project.id,
                    key: mixaccess_model::ProjectKey::new(project.name.as_str()),
                }),
                message: "live, and not declared".to_owned(),
            })
            .collect();
        Self {
            input,
            names: ProjectNames { desired: input.desired, live: input.live },
            people: Vec::new(),
            findings,
            not_planned,
            unmanaged: 0,
        }
    }

    /// Walks declared and live people side by side, both sorted by address.
    fn compare_everybody(&mut self) {
        let input = self.input;
        let comparer = Comparer {
            desired: input.desired,
            names: self.names,
            capabilities: input.capabilities,
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
                (_, [first, second, ..]) => {
                    self.findings.push(observation::duplicate(first, second));
                }
                (Some(collaborator), [member]) => {
                    self.findings.extend(observation::spelling(
                        input.desired,
                        collaborator,
                        member,
                    ));
                    self.findings.extend(observation::pending(member));
                    let comparison = comparer.present(collaborator, member);
                    self.declared(collaborator, Some(member), comparison);
                }
                (Some(collaborator), []) => {
                    let comparison = comparer.absent(collaborator);
                    self.declared(collaborator, None, comparison);
                }
                (None, [member]) => self.unmanaged(&comparer, member),
                (None, []) => {}
            }
        }
    }

    fn declared(
        &mut self,
        collaborator: &mixaccess_model::DesiredCollaborator,
        member: Option<&LiveMember>,
        comparison: Comparison,
    ) {
        let email = member.map_or(&collaborator.email, |member| &member.email);
        if collaborator.managed_by == ManagedBy::Scim {
            if !comparison.drafts.is_empty() {
                let count = comparison.drafts.len();
                self.not_planned.push(NotPlanned {
                    kind: NotPlannedKind::ManagedByScim,
                    email: Some(email.clone()),
                    project: None,
                    message: format!(
                        "{count} difference{}: the identity provider would put back what is changed here",
                        if count == 1 { "" } else { "s" }
                    ),
                });
            }
            return;
        }
        if let Some(waiting) = member.and_then(|member| needs_number(member, &comparison.drafts)) {
            self.not_planned.push(waiting);
            return;
        }
        let name = collaborator.name.clone().or_else(|| member.and_then(|one| one.name.clone()));
        self.add(email, member, name, collaborator.tags.clone(), true, comparison);
    }

    fn unmanaged(&mut self, comparer: &Comparer<'_>, member: &LiveMember) {
        let policy = &self.input.desired.policy.unmanaged;
        if matches_any(&policy.ignore, member) {
            return;
        }
        self.unmanaged += 1;
        if let Some((kind, message)) = self.left_alone(policy.action, member) {
            let email = Some(member.email.clone());
            self.not_planned.push(NotPlanned { kind, email, project: None, message });
            return;
        }
        let reason = Reason {
            kind: ReasonKind::Unmanaged,
            place: None,
            annotations: Annotations::default(),
        };
        let mut comparison = Comparison::default();
        if policy.action == UnmanagedAction::Remove {
            comparison.drafts.push(Draft { action: comparer.removal(member), reason });
        } else {
            comparer.suspend(member, &reason, &mut comparison);
        }
        if let Some(waiting) = needs_number(member, &comparison.drafts) {
            self.not_planned.push(waiting);
            return;
        }
        self.add(&member.email, Some(member), member.name.clone(), Vec::new(), false, comparison);
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
        let why = if is_actor(&self.input.live.actor, member) {
            "the identity we run as"
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
        asked_by_name: bool,
        comparison: Comparison,
    ) {
        self.findings.extend(comparison.findings);
        self.not_planned.extend(comparison.not_planned);
        if comparison.drafts.is_empty() {
            return;
        }
        self.people.push(PersonDraft {
            subject: Subject::Person {
                email: email.clone(),
                user: member.and_then(|member| member.id),
            },
            name,
            tags,
            asked_by_name,
            drafts: comparison.drafts,
        });
    }

    /// Puts the drafts in order. What the service would refuse is an error where the files ask for
    /// it by name; where only a sweeping rule does, the person is left out and reported.
    fn sequence_what_may_run(
        &mut self,
        power: Option<Power<'_>>,
    ) -> Result<Sequence, serde_json::Error> {
        let first = sequence(&self.people, self.input.live, power)?;
        let mut withheld: BTreeMap<Email, String> = BTreeMap::new();
        for refused in &first.refused {
            let Some(change) = first.changes.get(refused.change) else {
                continue;
            };
            if change.reason.kind == ReasonKind::Unmanaged {
                withheld.insert(change.subject.email().clone(), refused.message.clone());
            }
        }
        let settled = if withheld.is_empty() {
            first
        } else {
            self.people.retain(|person| {
                person.asked_by_name || !withheld.contains_key(person.subject.email())
            });
            sequence(&self.people, self.input.live, power)?
        };
        for (email, message) in withheld {
            self.not_planned.push(NotPlanned {
                kind: NotPlannedKind::ActorPower,
                email: Some(email),
                project: None,
                message: format!("not in the files, and left alone: {message}"),
            });
        }
        for refused in &settled.refused {
            let Some(change) = settled.changes.get(refused.change) else {
                continue;
            };
            let mut finding = Finding::new(
                Severity::Error,
                observation::ACTOR_POWER,
                format!("the service would refuse this: {}", refused.message),
            )
            .about(change.subject.email())
            .with_hint("Run as a service account with a stronger role, or take this change out of the files.")
            .at(change.reason.place.clone());
            finding.project = change.action.project().map(|project| project.key.clone());
            self.findings.push(finding);
        }
        Ok(settled)
    }

    fn observe(&mut self, sequence: &Sequence) {
        self.findings.extend(observation::few_owners(sequence.owners_after));
        self.findings.extend(observation::irreversible(&sequence.changes));
        let live = self.input.live;
        self.findings.extend(observation::look_alikes(&sequence.changes, live));
        self.findings
            .extend(observation::unknown_verbs(&sequence.changes, self.input.capabilities));
    }

    fn into_content(self, sequence: Sequence) -> Result<PlanContent, serde_json::Error> {
        let Self { input, names, mut findings, mut not_planned, unmanaged, .. } = self;
        let (desired, live) = (input.desired, input.live);
        findings.sort();
        findings.dedup();
        not_planned.sort();
        let mut policy = desired.policy.clone();
        policy.overrides.extend(input.allow.iter().cloned());
        let Sequence { changes, subjects, .. } = sequence;
        let mut content = PlanContent {
            organization: PlanOrganization {
                id: desired.organization.id,
                name: desired.organization.name.clone().or_else(|| live.organization_name.clone()),
                base_url: input.base_url.to_owned(),
                api: desired.organization.api,
            },
            instant: desired.instant,
            instant_given: input.instant_given,
            undoes: None,
            acting_as: ActingIdentity {
                email: live.actor.email.clone(),
                organization_role: live.actor.organization_role,
            },
            files_digest: desired.files_digest,
            live_digest: live_digest(&subjects, live)?,
            policy,
            figures: figures(desired, live, unmanaged),
            projects: named_projects(&changes, &subjects)
                .into_iter()
                .map(|id| names.plan_project(id))
                .collect(),
            subjects,
            changes,
            guards: Vec::new(),
            findings,
            not_planned,
        };
        content.guards = guard::evaluate(&content, live, desired.instant, None);
        content.guards.extend(guard::denied_by_rules(desired, &content));
        Ok(content)
    }
}

fn matches_any(patterns: &[Pattern], member: &LiveMember) -> bool {
    patterns.iter().any(|pattern| pattern.matches(&member.email))
}

fn figures(desired: &DesiredState, live: &LiveState, unmanaged: u64) -> Figures {
    Figures {
        members: count(live.members.len()),
        active_owners: count(live.active_owners()),
        individual_grants: count(live.individual_grants()),
        collaborators: count(desired.collaborators.len()),
        projects: count(desired.projects.len()),
        unmanaged,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What the plan depends on: everybody it touches as they are now, and who owns the organization.
pub(crate) fn live_digest(
    subjects: &[AffectedSubject],
    live: &LiveState,
) -> Result<Digest, serde_json::Error> {
    let before: Vec<_> = subjects.iter().map(|one| (&one.subject, &one.before)).collect();
    let owners: Vec<&str> = live
        .members
        .iter()
        .filter(|member| member.is_active_owner())
        .map(|member| member.email.folded())
        .collect();
    Digest::of_json(&(before, owners))
}

/// Every project that a change or a subject names.
pub(crate) fn named_projects(
    changes: &[mixaccess_model::Change],
    subjects: &[AffectedSubject],
) -> BTreeSet<ProjectId> {
    let mut projects = BTreeSet::new();
    for change in changes {
        match &change.action {
            Action::Invite { grants, .. } => {
                projects.extend(grants.iter().map(|grant| grant.project.id));
            }
            Action::WithdrawInvitation { loses, .. } | Action::RemoveMember { loses, .. } => {
                projects.extend(loses.iter().map(|grant| grant.project.id));
            }
            action => projects.extend(action.project().map(|project| project.id)),
        }
    }
    for access in subjects.iter().flat_map(|one| one.before.iter().chain(one.after.iter())) {
        projects.extend(access.grants.iter().map(|grant: &Grant| grant.project));
    }
    projects
}
