//! `rule`: what nobody may hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_model::{
    Action, AffectedSubject, DesiredGrant, DesiredState, Grant, GrantSource, GuardCode,
    GuardVerdict, LiveState, OrganizationRole, Place, PlanContent, PlanProject, Policy, Position,
    ProjectId, ProjectKey, ProjectRole, ReasonKind, Risk, Rule, RuleMatch, State, Subject,
};

use super::named_roles::NamedRoles;
use super::standing::Standing;
use super::{Context, TeamPeople, only_lowers, plural, valid_override, way_past};
use crate::custom_role::CustomRoles;
use crate::membership::Membership;
use crate::subject::{SubjectRef, person};

/// Somebody who will hold something.
pub(super) struct Holder<'a> {
    pub(super) subject: &'a Subject,
    pub(super) tags: &'a [Arc<str>],
    pub(super) organization_role: Option<OrganizationRole>,
}

/// A project role that somebody will hold.
pub(super) struct Holding<'a> {
    id: ProjectId,
    project: &'a ProjectKey,
    environment: Option<&'a str>,
    role: &'a ProjectRole,
}

impl<'a> Holding<'a> {
    pub(super) fn of(project: &'a PlanProject, role: &'a ProjectRole) -> Self {
        let PlanProject { id, key, environment, .. } = project;
        Self { id: *id, project: key, environment: environment.as_deref(), role }
    }
}

/// What breaks one rule.
#[derive(Default)]
struct Breaches {
    subjects: BTreeSet<Subject>,
    example: Option<String>,
    place: Option<Place>,
}

/// Whose access has to answer to the rules: whoever the plan gives something, with every door. People who
/// are suspended, removed or swept are left out, and so are reductions: no rule may keep access in place.
/// Teams hold nothing: their people do.
fn answerable<'a>(content: &'a PlanContent, custom: &CustomRoles<'_>) -> BTreeSet<SubjectRef<'a>> {
    let teams = TeamPeople::of(content);
    let mut subjects = BTreeSet::new();
    for change in &content.changes {
        let gives = matches!(change.risk, Risk::Escalation | Risk::Neutral)
            && !only_lowers(content, change, custom);
        let answers = match change.reason.kind {
            ReasonKind::InvitationExpired => true,
            ReasonKind::Declared | ReasonKind::NotMentioned | ReasonKind::Undo => gives,
            ReasonKind::Suspended
            | ReasonKind::Removed
            | ReasonKind::Unmanaged
            | ReasonKind::InvitationWaiting => false,
        };
        if !answers {
            continue;
        }
        subjects.extend(teams.touched_by(change).map(SubjectRef::Person));
        match &change.subject {
            Subject::ServiceAccount { .. } => {
                subjects.insert(SubjectRef::of(&change.subject));
            }
            Subject::Person { .. } | Subject::Team { .. } => {}
        }
    }
    subjects
}

/// The rules that the subjects a plan changes will break.
pub(super) fn evaluate(context: &Context<'_>) -> Vec<GuardVerdict> {
    let policy = &context.content.policy;
    let broken = broken_by_changes(context.content, context.live, context.custom)
        .into_iter()
        .zip(&policy.rules);
    broken.filter_map(|(breaches, rule)| breaches.verdict(rule, policy, context.now)).collect()
}

/// What breaks each rule once the plan is applied, among the subjects that it changes.
fn broken_by_changes(
    content: &PlanContent,
    live: &LiveState,
    custom: &CustomRoles<'_>,
) -> Vec<Breaches> {
    if content.policy.rules.is_empty() {
        return Vec::new();
    }
    let answerable = answerable(content, custom);
    let created = created_accounts(content);
    let for_everybody = given_to_all_users(live);
    let breaches = content.policy.rules.iter().map(|rule| {
        let mut breaches = Breaches::default();
        let roles = NamedRoles::in_projects(&rule.deny.role, custom);
        for one in &content.subjects {
            let subject = SubjectRef::of(&one.subject);
            let Some(after) = one.after.as_ref().filter(|_| answerable.contains(&subject)) else {
                continue;
            };
            let holder = Holder {
                subject: &one.subject,
                tags: &one.tags,
                organization_role: after
                    .organization_role
                    .or(created.get(&subject).copied())
                    .or_else(|| told_by_rows(live, &one.subject)),
            };
            // Whoever comes has what all users have, and no row for it yet.
            let on_coming = for_everybody.iter().filter(|_| comes(one)).copied();
            let held = after.grants.iter().chain(on_coming);
            let holdings = held.filter_map(|grant| {
                Some(Holding::of(content.project(grant.project)?, &grant.role))
            });
            breaches.note(rule, &roles, &holder, holdings, || None);
        }
        breaches
    });
    breaches.collect()
}

/// What projects give everybody in the organization, each role once.
fn given_to_all_users(live: &LiveState) -> BTreeSet<&Grant> {
    let rows = live.members.iter().flat_map(|member| &member.grants);
    rows.filter(|grant| grant.source == GrantSource::AllUsers).collect()
}

/// Whether somebody comes into the organization.
fn comes(one: &AffectedSubject) -> bool {
    one.before.is_none() && one.subject.email().is_some()
}

/// The projects whose roles for all users rules judge, since somebody comes.
pub(crate) fn judged_on_coming(
    policy: &Policy,
    subjects: &[AffectedSubject],
    live: &LiveState,
) -> BTreeSet<ProjectId> {
    if policy.rules.is_empty() || !subjects.iter().any(comes) {
        return BTreeSet::new();
    }
    given_to_all_users(live).into_iter().map(|grant| grant.project).collect()
}

/// The organization role of a live service account by what it gives in projects: the service tells no
/// more.
pub(super) fn told_by_rows(live: &LiveState, subject: &Subject) -> Option<OrganizationRole> {
    let Subject::ServiceAccount { username, .. } = subject else { return None };
    let rows = live.service_account(username).into_iter().flat_map(|one| &one.grants);
    let given = rows.filter(|grant| grant.source == GrantSource::Organization);
    given
        .filter_map(|grant| {
            let gives =
                |role: &OrganizationRole| role.implied_project_role().as_ref() == Some(&grant.role);
            OrganizationRole::ALL.into_iter().find(gives)
        })
        .max()
}

/// The organization roles of the service accounts that a plan creates. The service does not tell those
/// of the others.
fn created_accounts(content: &PlanContent) -> BTreeMap<SubjectRef<'_>, OrganizationRole> {
    let created = content.changes.iter().filter_map(|change| match &change.action {
        Action::CreateServiceAccount { organization_role, .. } => {
            Some((SubjectRef::of(&change.subject), *organization_role))
        }
        _ => None,
    });
    created.collect()
}

/// The rules that the files break, without what [`evaluate`] says of the same subjects already: what
/// is declared answers to the rules whatever the plan does, a reduction included. Whoever has live what
/// the rule denies is left out: that concerns them alone, and [`standing`](super::standing::standing)
/// says it.
pub fn denied_by_rules(
    desired: &DesiredState,
    content: &PlanContent,
    live: &LiveState,
) -> Vec<GuardVerdict> {
    let custom = CustomRoles::planned(content);
    let told = broken_by_changes(content, live, &custom);
    denied(desired, &content.policy, &told, Some(&Standing::of(desired, live)))
}

/// The rules that the files break (`design.md`, "Guard rails": `rule`). Without live state, so that
/// `validate` can say it too.
pub fn denied_declarations(desired: &DesiredState) -> Vec<GuardVerdict> {
    denied(desired, &desired.policy, &[], None)
}

fn denied(
    desired: &DesiredState,
    policy: &Policy,
    told: &[Breaches],
    standing: Option<&Standing<'_>>,
) -> Vec<GuardVerdict> {
    if policy.rules.is_empty() {
        return Vec::new();
    }
    let is_allowed = valid_override(policy, desired.instant, GuardCode::Rule, None).is_some();
    let standing = standing.filter(|_| !is_allowed);
    let declared = declarations(desired);
    let custom = CustomRoles::declared(desired);
    let told = told.iter().map(Some).chain(std::iter::repeat(None));
    let verdicts = policy.rules.iter().zip(told).map(|(rule, told)| {
        let mut breaches = Breaches::default();
        let roles = NamedRoles::in_projects(&rule.deny.role, &custom);
        let is_told =
            |one: &&Declaration<'_>| told.is_some_and(|told| told.subjects.contains(&one.subject));
        let stands = |one: &&Declaration<'_>| {
            standing.is_some_and(|standing| standing.denied(rule, &roles, one).is_some())
        };
        for one in declared.iter().filter(|one| !is_told(one) && !stands(one)) {
            let holder = Holder {
                subject: &one.subject,
                tags: one.tags,
                organization_role: Some(one.organization_role),
            };
            let holdings = one.grants.iter().copied().flatten().filter_map(|grant| {
                let project = desired.project(grant.project)?;
                Some(Holding {
                    id: project.id,
                    project: &project.key,
                    environment: project.environment.as_deref(),
                    role: grant.role.as_ref()?,
                })
            });
            breaches.note(rule, &roles, &holder, holdings, || Some(desired.place(one.position)));
        }
        breaches.verdict(rule, policy, desired.instant)
    });
    verdicts.flatten().collect()
}

/// What one declaration gives, teams included.
pub(super) struct Declaration<'a> {
    pub(super) subject: Subject,
    pub(super) tags: &'a [Arc<str>],
    organization_role: OrganizationRole,
    grants: Vec<&'a [DesiredGrant]>,
    pub(super) position: Position,
}

pub(super) fn declarations(desired: &DesiredState) -> Vec<Declaration<'_>> {
    let membership = Membership::of(desired);
    let people = desired.collaborators.iter().filter(|one| one.state == State::Active);
    let people = people.map(|one| {
        let teams = membership.teams_of(&one.email).iter().map(|team| team.grants.as_slice());
        Declaration {
            subject: person(&one.email),
            tags: &one.tags,
            organization_role: one.organization_role,
            grants: std::iter::once(one.grants.as_slice()).chain(teams).collect(),
            position: one.cause.position,
        }
    });
    let accounts = desired.service_accounts.iter().flatten();
    let accounts = accounts.filter(|one| one.state == State::Active).map(|one| Declaration {
        subject: Subject::ServiceAccount { username: Arc::clone(&one.username), id: None },
        tags: &one.tags,
        organization_role: one.organization_role,
        grants: vec![one.grants.as_slice()],
        position: one.cause.position,
    });
    people.chain(accounts).collect()
}

impl Breaches {
    fn note<'a>(
        &mut self,
        rule: &Rule,
        roles: &NamedRoles<'_>,
        holder: &Holder<'_>,
        holdings: impl Iterator<Item = Holding<'a>>,
        place: impl FnOnce() -> Option<Place>,
    ) {
        let Some(example) = denial(rule, roles, holder, holdings) else { return };
        if self.example.is_none() {
            self.example = Some(format!("{}: {example}", holder.subject));
            self.place = place();
        }
        self.subjects.insert(SubjectRef::of(holder.subject).unnumbered());
    }

    fn verdict(self, rule: &Rule, policy: &Policy, now: jiff::Timestamp) -> Option<GuardVerdict> {
        let example = self.example?;
        let (one, many) = match self.subjects.iter().all(|subject| subject.email().is_some()) {
            true => ("person", "people"),
            false => ("subject", "subjects"),
        };
        Some(GuardVerdict {
            guard: GuardCode::Rule,
            message: format!(
                "denied for {} ({example}) because {}",
                plural(self.subjects.len(), one, many),
                rule.because
            ),
            way_past: format!(
                "change the declaration or the rule; or {}",
                way_past(GuardCode::Rule, None)
            ),
            subject: self.subjects.into_iter().next(),
            place: self.place.or_else(|| rule.place.clone()),
            overridden_by: valid_override(policy, now, GuardCode::Rule, None),
        })
    }
}

/// What of the things held a rule denies: the first of them.
pub(super) fn denial<'a>(
    rule: &Rule,
    roles: &NamedRoles<'_>,
    holder: &Holder<'_>,
    holdings: impl Iterator<Item = Holding<'a>>,
) -> Option<String> {
    if !concerns(&rule.deny, holder) {
        return None;
    }
    denied_holding(&rule.deny, roles, holder, holdings)
}

/// Whether the conditions on the person hold. Domains are conditions on people: a service account has
/// none.
fn concerns(deny: &RuleMatch, holder: &Holder<'_>) -> bool {
    let by_domain = match holder.subject.email() {
        Some(email) => {
            let is_domain = |wanted: &String| wanted.to_lowercase() == email.domain();
            (deny.domain.is_empty() || deny.domain.iter().any(is_domain))
                && !deny.outside.iter().any(is_domain)
        }
        None => deny.domain.is_empty() && deny.outside.is_empty(),
    };
    by_domain
        && (deny.tag.is_empty()
            || deny.tag.iter().any(|tag| holder.tags.iter().any(|held| **held == **tag)))
        && deny
            .organization_role
            .iter()
            .min()
            .is_none_or(|weakest| holder.organization_role.is_some_and(|held| held >= *weakest))
}

/// The first thing held that the conditions on projects and roles deny.
fn denied_holding<'a>(
    deny: &RuleMatch,
    roles: &NamedRoles<'_>,
    holder: &Holder<'_>,
    mut holdings: impl Iterator<Item = Holding<'a>>,
) -> Option<String> {
    let about_projects =
        !deny.environment.is_empty() || !deny.project.is_empty() || !deny.role.is_empty();
    if !about_projects {
        let role = holder.organization_role.map_or("role unknown", OrganizationRole::as_str);
        return Some(format!("organization {role}"));
    }
    // An organization owner or admin is stronger than any role in a project, and in every project.
    if let Some(organization_role) = holder.organization_role
        && let Some(implied) = organization_role.implied_project_role()
    {
        return Some(format!("{implied} of every project as organization {organization_role}"));
    }
    holdings
        .find(|held| {
            (deny.role.is_empty() || roles.include(held.id, held.role))
                && (deny.project.is_empty() || deny.project.contains(held.project))
                && (deny.environment.is_empty()
                    || held
                        .environment
                        .is_some_and(|at| deny.environment.iter().any(|wanted| wanted == at)))
        })
        .map(|held| {
            let is_named = deny.role.is_empty() || deny.role.contains(held.role);
            let meaning = if is_named { String::new() } else { roles.meaning(held.id, held.role) };
            format!("{} in {}{meaning}", held.role, held.project)
        })
}
