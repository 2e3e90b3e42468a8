//! Rules that what somebody has already breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_model::{
    Access, AffectedSubject, DesiredState, Finding, GuardCode, LiveState, OrganizationRole,
    Override, PlanProject, Position, ProjectId, Rule, Severity, Subject,
};

use super::denial::{Holder, Holding, denial};
use super::named_roles::NamedRoles;

use super::{valid_override, way_past};
use crate::codes::RULE;
use crate::custom_role::CustomRoles;
use crate::overlay::{Projection, organization_role_by};
use crate::project_names::ProjectNames;
use crate::subject::{SubjectRef, person};

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
        subject: &Subject,
        tags: &[Arc<str>],
    ) -> Option<String> {
        let before = self.projection.access(subject)?;
        self.denied_of(rule, roles, subject, tags, &before)
    }

    /// What of the live access of somebody's further accounts a rule denies. No change reaches them.
    fn denied_further(
        &self,
        rule: &Rule,
        roles: &NamedRoles<'_>,
        subject: &Subject,
        tags: &[Arc<str>],
    ) -> Option<String> {
        let further = self.projection.further_access(subject);
        further.iter().find_map(|access| {
            let holder = Holder { subject, tags, organization_role: access.organization_role };
            denial(rule, roles, &holder, self.holdings(access))
        })
    }

    fn denied_of(
        &self,
        rule: &Rule,
        roles: &NamedRoles<'_>,
        subject: &Subject,
        tags: &[Arc<str>],
        access: &Access,
    ) -> Option<String> {
        let organization_role =
            access.organization_role.or_else(|| told_by_rows(self.live, subject));
        let holder = Holder { subject, tags, organization_role };
        denial(rule, roles, &holder, self.holdings(access))
    }

    fn holdings<'b>(&'b self, access: &'b Access) -> impl Iterator<Item = Holding<'b>> {
        access.grants.iter().filter_map(|grant| {
            let project = self.projects.get(&grant.project)?;
            Some(Holding::of(project, &grant.role))
        })
    }
}

/// Somebody whose live access answers to the rules.
struct Judged<'a> {
    subject: Subject,
    tags: &'a [Arc<str>],
    /// Where the files declare them; nowhere, if they do not.
    declared: Option<Position>,
}

/// Everybody who is declared, whatever is to become of them, and whoever is live and undeclared. Whom the
/// policy ignores is left out of this as of everything, and accounts are where the files are not about any.
fn judged<'a>(desired: &'a DesiredState, live: &LiveState) -> Vec<Judged<'a>> {
    let people = desired.collaborators.iter().map(|one| Judged {
        subject: person(&one.email),
        tags: &one.tags,
        declared: Some(one.cause.position),
    });
    let account =
        |username: &Arc<str>| Subject::ServiceAccount { username: Arc::clone(username), id: None };
    let accounts = desired.service_accounts.iter().flatten().map(|one| Judged {
        subject: account(&one.username),
        tags: &one.tags,
        declared: Some(one.cause.position),
    });
    let mut judged: Vec<Judged<'a>> = people.chain(accounts).collect();
    let ignore = &desired.policy.unmanaged.ignore;
    let members = live.members.iter().map(|member| &member.email);
    let undeclared = members.filter(|email| {
        desired.collaborator(email).is_none() && !ignore.iter().any(|one| one.matches(email))
    });
    let mut others: BTreeSet<Subject> = undeclared.map(person).collect();
    if let Some(declared) = &desired.service_accounts {
        let declared: BTreeSet<&str> = declared.iter().map(|one| &*one.username).collect();
        let accounts = live.service_accounts.iter().flatten().map(|one| &one.username);
        others.extend(accounts.filter(|name| !declared.contains(&***name)).map(account));
    }
    let nowhere = |subject| Judged { subject, tags: &[], declared: None };
    judged.extend(others.into_iter().map(nowhere));
    judged
}

/// People and accounts whose live access breaks a rule and will do so after the changes as well: nothing
/// may be given to them, and nobody else is stopped. `subjects` is everybody whom the changes touch.
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
    let judged = judged(desired, live);
    let mut findings = Vec::new();
    for rule in &policy.rules {
        let roles = NamedRoles::in_projects(&rule.deny.role, custom);
        for one in &judged {
            let Judged { subject, tags, declared: _ } = one;
            let stays = |_: &String| match after.get(&SubjectRef::of(subject)) {
                None => true,
                Some(affected) => affected.after.as_ref().is_some_and(|after| {
                    standing.denied_of(rule, &roles, subject, tags, after).is_some()
                }),
            };
            let found = standing
                .denied(rule, &roles, subject, tags)
                .filter(stays)
                .or_else(|| standing.denied_further(rule, &roles, subject, tags));
            if let Some(example) = found {
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
    judged: &Judged<'_>,
    example: &str,
) -> Finding {
    let subject = match &judged.subject {
        Subject::Person { email, .. } => Subject::Person {
            email: live.member(email).map_or(email, |member| &member.email).clone(),
            user: None,
        },
        other @ (Subject::Team { .. } | Subject::ServiceAccount { .. }) => other.clone(),
    };
    let message = format!("has what is denied ({example}) because {}", rule.because);
    let way_past = way_past(GuardCode::Rule, None);
    let (hint, place) = match judged.declared {
        Some(position) => (
            format!(
                "Nothing more is given before it is gone; what takes something away goes on. Change the declaration or the rule; or {way_past}."
            ),
            Some(desired.place(position)),
        ),
        None => (
            format!(
                "No file declares it: take it away, or declare what the rule allows. Or change the rule; or {way_past}."
            ),
            rule.place.clone(),
        ),
    };
    Finding::new(Severity::Error, RULE, message)
        .about_subject(subject)
        .with_hint(hint)
        .at(place)
        .stopping_its_subject()
}

/// The organization role of a live service account by what it gives in projects.
pub(super) fn told_by_rows(live: &LiveState, subject: &Subject) -> Option<OrganizationRole> {
    let Subject::ServiceAccount { username, .. } = subject else { return None };
    organization_role_by(&live.service_account(username)?.grants)
}
