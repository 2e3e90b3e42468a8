//! A plan rebuilt with pseudonyms. Its digests stay those of the original, so it cannot be applied.

use std::sync::Arc;

use mixaccess_model::{
    Access, ActingIdentity, AffectedSubject, Change, Difference, Email, GuardVerdict, ManualChange,
    ManualEffect, ManualTask, NotPlanned, Override, OverrideOrigin, Plan, PlanContent,
    PlanOrganization, PlanProject, Policy, Precondition, Rule, Unmanaged, Write,
};

use super::Redaction;

impl Redaction {
    /// A plan without anybody in it. Every field of every part is named, so that a new one cannot
    /// slip through.
    pub(crate) fn plan(&self, plan: &Plan) -> Plan {
        let Plan { format_version, digest, changes_digest, made_at, made_by, seal, content } = plan;
        Plan {
            format_version: *format_version,
            digest: *digest,
            changes_digest: *changes_digest,
            made_at: *made_at,
            made_by: self.text(made_by),
            seal: *seal,
            content: self.content(content),
        }
    }

    fn content(&self, content: &PlanContent) -> PlanContent {
        let PlanContent {
            organization,
            instant,
            instant_given,
            undoes,
            acting_as,
            files_digest,
            live_digest,
            policy,
            figures,
            projects,
            subjects,
            changes,
            guards,
            findings,
            manual,
            not_planned,
        } = content;
        let ActingIdentity { email, organization_role, listed } = acting_as;
        let mut subjects: Vec<AffectedSubject> =
            subjects.iter().map(|subject| self.affected(subject)).collect();
        subjects.sort_by_cached_key(|affected| affected.subject.key());
        PlanContent {
            organization: self.organization(organization),
            instant: *instant,
            instant_given: *instant_given,
            undoes: *undoes,
            acting_as: ActingIdentity {
                email: email.as_ref().map(|email| self.email(email)),
                organization_role: *organization_role,
                listed: *listed,
            },
            files_digest: *files_digest,
            live_digest: *live_digest,
            policy: self.policy(policy),
            figures: *figures,
            projects: projects.iter().map(|project| self.listed(project)).collect(),
            subjects,
            changes: changes.iter().map(|change| self.change(change)).collect(),
            guards: guards.iter().map(|verdict| self.verdict(verdict)).collect(),
            findings: self.findings(findings),
            manual: manual.iter().map(|change| self.by_hand(change)).collect(),
            not_planned: not_planned.iter().map(|item| self.left_alone(item)).collect(),
        }
    }

    fn organization(&self, organization: &PlanOrganization) -> PlanOrganization {
        let PlanOrganization { id, name, base_url, api } = organization;
        PlanOrganization {
            id: *id,
            name: name.as_ref().map(|name| self.text(name)),
            base_url: self.text(base_url),
            api: *api,
        }
    }

    fn listed(&self, project: &PlanProject) -> PlanProject {
        let PlanProject { id, key, environment, declared, custom_roles } = project;
        PlanProject {
            id: *id,
            key: self.key(key),
            environment: environment.as_ref().map(|environment| self.text(environment)),
            declared: *declared,
            custom_roles: custom_roles.clone(),
        }
    }

    fn emails(&self, emails: &[Email]) -> Vec<Email> {
        let mut emails: Vec<Email> = emails.iter().map(|email| self.email(email)).collect();
        emails.sort_unstable();
        emails
    }

    /// Names of teams and groups, in which anything can stand.
    pub(super) fn names(&self, names: &[Arc<str>]) -> Vec<Arc<str>> {
        names.iter().map(|name| self.text(name).into()).collect()
    }

    fn by_hand(&self, change: &ManualChange) -> ManualChange {
        let ManualChange { subject, provider, task, effects, steps } = change;
        let effect =
            |ManualEffect { project, before, after, reason }: &ManualEffect| ManualEffect {
                project: project.as_ref().map(|project| self.project(project)),
                before: before.clone(),
                after: after.clone(),
                reason: self.reason(reason),
            };
        ManualChange {
            subject: self.subject(subject),
            provider: *provider,
            task: match task {
                ManualTask::ChangeGroups { join, leave } => {
                    ManualTask::ChangeGroups { join: self.names(join), leave: self.names(leave) }
                }
                ManualTask::Provision { join } => ManualTask::Provision { join: self.names(join) },
                ManualTask::Deprovision => ManualTask::Deprovision,
                ManualTask::CheckDeprovisioning => ManualTask::CheckDeprovisioning,
                ManualTask::ChangePeople { add, remove } => {
                    ManualTask::ChangePeople { add: self.emails(add), remove: self.emails(remove) }
                }
            },
            effects: effects.iter().map(effect).collect(),
            steps: steps.iter().map(|step| self.text(step)).collect(),
        }
    }

    fn affected(&self, affected: &AffectedSubject) -> AffectedSubject {
        let AffectedSubject { subject, name: _, tags, before, after } = affected;
        AffectedSubject {
            subject: self.subject(subject),
            name: None,
            tags: tags.iter().map(|tag| self.text(tag).into()).collect(),
            before: before.as_ref().map(|access| self.access(access)),
            after: after.as_ref().map(|access| self.access(access)),
        }
    }

    fn change(&self, change: &Change) -> Change {
        let Change { id, subject, write, risk, reason, depends_on, preconditions } = change;
        Change {
            id: self.change_id(id),
            subject: self.subject(subject),
            write: self.write(write),
            risk: *risk,
            reason: self.reason(reason),
            depends_on: depends_on.iter().map(|id| self.change_id(id)).collect(),
            preconditions: preconditions.iter().map(|one| self.precondition(one)).collect(),
        }
    }

    fn access(&self, access: &Access) -> Access {
        let Access { status, organization_role, teams, grants } = access;
        Access {
            status: *status,
            organization_role: *organization_role,
            teams: self.names(teams),
            grants: grants.iter().map(|grant| self.grant(grant)).collect(),
        }
    }

    fn write(&self, Write { verb, differences }: &Write) -> Write {
        let differences = differences.iter().map(|one| match one {
            Difference::Account(diff) => Difference::Account(*diff),
            Difference::OrganizationRole(diff) => Difference::OrganizationRole(*diff),
            Difference::ProjectRole(project, diff) => {
                Difference::ProjectRole(self.project(project), diff.clone())
            }
            Difference::TeamMember(email, through, diff) => {
                Difference::TeamMember(self.email(email), *through, *diff)
            }
            Difference::Reminder(since) => Difference::Reminder(*since),
            Difference::Expiry(diff) => Difference::Expiry(*diff),
        });
        let mut differences = differences.collect::<Vec<_>>();
        // Who is in a deleted team stands last, and the order of pseudonyms must not tell that of names.
        differences.sort_by_cached_key(|one| match one {
            Difference::TeamMember(email, ..) => Some(email.clone()),
            Difference::Account(_)
            | Difference::OrganizationRole(_)
            | Difference::ProjectRole(..)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => None,
        });
        Write { verb: *verb, differences }
    }

    fn verdict(&self, verdict: &GuardVerdict) -> GuardVerdict {
        let GuardVerdict { guard, message, way_past, subject, place, overridden_by } = verdict;
        GuardVerdict {
            guard: *guard,
            message: self.text(message),
            way_past: self.text(way_past),
            subject: subject.as_ref().map(|subject| self.subject(subject)),
            place: place.as_ref().map(|place| self.place(place)),
            overridden_by: overridden_by.as_ref().map(|given| self.given(given)),
        }
    }

    fn given(&self, given: &Override) -> Override {
        let Override { guard, maximum, until, reason, ticket, origin } = given;
        Override {
            guard: *guard,
            maximum: *maximum,
            until: *until,
            reason: self.scrub(reason, true),
            ticket: ticket.as_ref().map(|ticket| self.scrub(ticket, true)),
            origin: match origin {
                OverrideOrigin::Files { place } => {
                    OverrideOrigin::Files { place: self.place(place) }
                }
                OverrideOrigin::CommandLine => OverrideOrigin::CommandLine,
            },
        }
    }

    fn left_alone(&self, item: &NotPlanned) -> NotPlanned {
        let NotPlanned { kind, subject, project, message } = item;
        NotPlanned {
            kind: *kind,
            subject: subject.as_ref().map(|subject| self.subject(subject)),
            project: project.as_ref().map(|project| self.project(project)),
            message: self.text(message),
        }
    }

    fn policy(&self, policy: &Policy) -> Policy {
        let Policy {
            owners,
            protected,
            removals,
            reductions,
            escalations,
            separation_of_duties,
            ticket,
            reason,
            rules,
            unmanaged,
            effective_above_declared,
            scim,
            invitations,
            plan_max_age_seconds,
            overrides,
        } = policy;
        let Unmanaged { action, ignore } = unmanaged;
        let rule = |Rule { deny, because, place }: &Rule| Rule {
            deny: deny.clone(),
            because: self.text(because),
            place: place.as_ref().map(|place| self.place(place)),
        };
        Policy {
            owners: *owners,
            protected: protected.iter().map(|pattern| self.pattern(pattern)).collect(),
            removals: *removals,
            reductions: *reductions,
            escalations: escalations.clone(),
            separation_of_duties: *separation_of_duties,
            ticket: ticket.clone(),
            reason: reason.clone(),
            rules: rules.iter().map(rule).collect(),
            unmanaged: Unmanaged {
                action: *action,
                ignore: ignore.iter().map(|pattern| self.pattern(pattern)).collect(),
            },
            effective_above_declared: *effective_above_declared,
            scim: *scim,
            invitations: *invitations,
            plan_max_age_seconds: *plan_max_age_seconds,
            overrides: overrides.iter().map(|given| self.given(given)).collect(),
        }
    }

    fn precondition(&self, precondition: &Precondition) -> Precondition {
        match precondition {
            Precondition::Absent => Precondition::Absent,
            Precondition::Member { user: _, status, organization_role } => Precondition::Member {
                user: None,
                status: *status,
                organization_role: *organization_role,
            },
            Precondition::Team { id } => Precondition::Team { id: *id },
            Precondition::TeamMember { email, member } => {
                Precondition::TeamMember { email: self.email(email), member: *member }
            }
            Precondition::ServiceAccount { id } => Precondition::ServiceAccount { id: *id },
            Precondition::IndividualGrant { project, role } => {
                Precondition::IndividualGrant { project: *project, role: role.clone() }
            }
        }
    }
}
