//! Rules that what somebody has already breaks.

use std::collections::BTreeMap;

use mixaccess_model::{
    Access, AffectedSubject, DesiredState, Finding, GrantSource, GuardCode, LiveState,
    OrganizationRole, Override, PlanProject, ProjectId, Rule, Severity, Subject,
};

use super::declaration::{Declaration, declarations};
use super::denial::{Holder, Holding, denial};
use super::named_roles::NamedRoles;

use super::{valid_override, way_past};
use crate::codes::RULE;
use crate::custom_role::CustomRoles;
use crate::project_names::ProjectNames;
use crate::projection::Projection;
use crate::subject::SubjectRef;

/// What subjects have before anything is changed.
pub(super) struct Standing<'a> {
    live: &'a LiveState,
    projection: Projection<'a>,
    projects: BTreeMap<ProjectId, PlanProject>,
}

impl<'a> Standing<'a> {
    pub(super) fn of(desired: &'a DesiredState, live: &'a LiveState) -> Self {
        let names = ProjectNames { desired, live };
        let declared = desired.projects.iter().map(|project| project.id);
        let all = live.projects.iter().map(|project| project.id).chain(declared);
        Self {
            live,
            projection: Projection::new(live),
            projects: all.map(|id| (id, names.plan_project(id))).collect(),
        }
    }

    /// What of somebody's live access a rule denies, whatever it comes through.
    pub(super) fn denied(
        &self,
        rule: &Rule,
        roles: &NamedRoles<'_>,
        declared: &Declaration<'_>,
    ) -> Option<String> {
        let before = self.projection.access(&declared.subject)?;
        self.denied_of(rule, roles, declared, &before)
    }

    fn denied_of(
        &self,
        rule: &Rule,
        roles: &NamedRoles<'_>,
        declared: &Declaration<'_>,
        access: &Access,
    ) -> Option<String> {
        let holder = Holder {
            subject: &declared.subject,
            tags: declared.tags,
            organization_role: access
                .organization_role
                .or_else(|| told_by_rows(self.live, &declared.subject)),
        };
        let holdings = access.grants.iter().filter_map(|grant| {
            let project = self.projects.get(&grant.project)?;
            Some(Holding::of(project, &grant.role))
        });
        denial(rule, roles, &holder, holdings)
    }
}

/// Declared people and accounts whose live access breaks a rule and will do so after the changes as well:
/// nothing may be given to them, and nobody else is stopped. `subjects` is everybody whom the changes
/// touch.
pub(crate) fn standing(
    desired: &DesiredState,
    live: &LiveState,
    subjects: &[AffectedSubject],
    allow: &[Override],
    custom: &CustomRoles<'_>,
) -> Vec<Finding> {
    if desired.policy.rules.is_empty() {
        return Vec::new();
    }
    let mut policy = desired.policy.clone();
    policy.overrides.extend(allow.iter().cloned());
    if valid_override(&policy, desired.instant, GuardCode::Rule, None).is_some() {
        return Vec::new();
    }
    let standing = Standing::of(desired, live);
    let after: BTreeMap<SubjectRef<'_>, &AffectedSubject> =
        subjects.iter().map(|one| (SubjectRef::of(&one.subject), one)).collect();
    let declared = declarations(desired);
    let mut findings = Vec::new();
    for rule in &policy.rules {
        let roles = NamedRoles::in_projects(&rule.deny.role, custom);
        for one in &declared {
            let Some(example) = standing.denied(rule, &roles, one) else { continue };
            let stays = match after.get(&SubjectRef::of(&one.subject)) {
                None => true,
                Some(affected) => affected
                    .after
                    .as_ref()
                    .is_some_and(|after| standing.denied_of(rule, &roles, one, after).is_some()),
            };
            if stays {
                findings.push(finding(desired, live, rule, one, &example));
            }
        }
    }
    findings
}

fn finding(
    desired: &DesiredState,
    live: &LiveState,
    rule: &Rule,
    declared: &Declaration<'_>,
    example: &str,
) -> Finding {
    let subject = match &declared.subject {
        Subject::Person { email, .. } => Subject::Person {
            email: live.member(email).map_or(email, |member| &member.email).clone(),
            user: None,
        },
        other @ (Subject::Team { .. } | Subject::ServiceAccount { .. }) => other.clone(),
    };
    let message = format!("has what is denied ({example}) because {}", rule.because);
    let hint = format!(
        "Nothing more is given before it is gone; what takes something away goes on. Change the declaration or the rule; or {}.",
        way_past(GuardCode::Rule, None)
    );
    Finding::new(Severity::Warning, RULE, message)
        .about_subject(subject)
        .with_hint(hint)
        .at(Some(desired.place(declared.position)))
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
