//! What of the things that somebody holds a rule denies.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    GuardCode, GuardVerdict, OrganizationRole, Place, PlanProject, Policy, ProjectId, ProjectKey,
    ProjectRole, Rule, RuleMatch, Subject, counted,
};

use super::named_roles::NamedRoles;
use super::{valid_override, way_past};
use crate::subject::SubjectRef;

/// Somebody who will hold something.
pub(super) struct Holder<'a> {
    pub(super) subject: &'a Subject,
    pub(super) tags: &'a [Arc<str>],
    pub(super) organization_role: Option<OrganizationRole>,
}

/// A project role that somebody will hold.
pub(super) struct Holding<'a> {
    pub(super) id: ProjectId,
    pub(super) project: &'a ProjectKey,
    pub(super) environment: Option<&'a str>,
    pub(super) role: &'a ProjectRole,
}

impl<'a> Holding<'a> {
    pub(super) fn of(project: &'a PlanProject, role: &'a ProjectRole) -> Self {
        let PlanProject { id, key, environment, .. } = project;
        Self { id: *id, project: key, environment: environment.as_deref(), role }
    }
}

/// What breaks one rule.
#[derive(Default)]
pub(super) struct Breaches {
    pub(super) subjects: BTreeSet<Subject>,
    example: Option<String>,
    place: Option<Place>,
}

impl Breaches {
    pub(super) fn note<'a>(
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

    pub(super) fn verdict(
        self,
        rule: &Rule,
        policy: &Policy,
        now: jiff::Timestamp,
    ) -> Option<GuardVerdict> {
        let example = self.example?;
        let (one, many) = match self.subjects.iter().all(|subject| subject.email().is_some()) {
            true => ("person", "people"),
            false => ("subject", "subjects"),
        };
        Some(GuardVerdict {
            guard: GuardCode::Rule,
            message: format!(
                "denied for {} ({example}) because {}",
                counted(self.subjects.len(), one, many),
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
