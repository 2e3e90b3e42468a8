//! Sample plans, for tests and for looking at the output.

pub(crate) mod whole;

use std::sync::Arc;

use mixaccess_model::{
    Access, ActingIdentity, AffectedSubject, Annotations, Change, ChangeId, Dialect, Digest, Email,
    Figures, Finding, Grant, GrantSource, GuardCode, GuardVerdict, MemberStatus, NotPlanned,
    NotPlannedKind, OrganizationId, OrganizationRole, Override, OverrideOrigin, Place, Plan,
    PlanContent, PlanOrganization, PlanProject, Policy, ProjectId, ProjectKey, ProjectRef,
    ProjectRole, Reason, ReasonKind, Risk, Severity, Subject, UserId, Write,
};

/// Builds plans, one change at a time.
pub(crate) struct Sample {
    pub(crate) content: PlanContent,
}

pub(crate) fn place(file: &str, line: u32) -> Place {
    Place { file: file.to_owned(), line, column: 7 }
}

pub(crate) fn project(id: u64, key: &str) -> ProjectRef {
    ProjectRef { id: ProjectId(id), key: ProjectKey::new(key) }
}

pub(crate) fn role(word: &str) -> ProjectRole {
    ProjectRole::parse(word)
}

/// A person whose number is not known.
pub(crate) fn person(email: &str) -> Subject {
    Subject::Person { email: Email::new(email), user: None }
}

/// A reason with a ticket and people.
pub(crate) fn because(file: &str, line: u32) -> Reason {
    Reason {
        kind: ReasonKind::Declared,
        place: Some(place(file, line)),
        annotations: Annotations {
            ticket: Some("IAM-2847".into()),
            reason: Some("Q4 instrumentation".into()),
            requested_by: Some("pat@acme.example".into()),
            approved_by: Some("sam@acme.example".into()),
        },
    }
}

/// A reason that is only a place.
pub(crate) fn asked(kind: ReasonKind, file: &str, line: u32) -> Reason {
    Reason { kind, place: Some(place(file, line)), annotations: Annotations::default() }
}

impl Sample {
    /// A plan that changes nothing.
    pub(crate) fn empty() -> Self {
        let project = |id, key: &str, environment: &str| PlanProject {
            id: ProjectId(id),
            key: ProjectKey::new(key),
            environment: Some(environment.to_owned()),
            declared: true,
            custom_roles: Vec::new(),
        };
        Self {
            content: PlanContent {
                organization: PlanOrganization {
                    id: OrganizationId(12345),
                    name: Some("Acme Corp".to_owned()),
                    base_url: "https://mixpanel.com".to_owned(),
                    api: Dialect::Members,
                },
                instant: "2026-11-22T05:00:00Z".parse().unwrap(),
                instant_given: false,
                undoes: None,
                acting_as: ActingIdentity {
                    email: Some(Email::new("mixaccess.ci@acme.example")),
                    organization_role: Some(OrganizationRole::Admin),
                    listed: false,
                },
                files_digest: Digest::of_bytes(b"files"),
                live_digest: Digest::of_bytes(b"live"),
                policy: Policy::default(),
                figures: Figures {
                    members: 312,
                    active_owners: 3,
                    individual_grants: 1_204,
                    other_grants: 0,
                    collaborators: 309,
                    projects: 14,
                    unmanaged: 0,
                },
                projects: vec![
                    project(2_891_234, "web-production", "production"),
                    project(2_891_235, "ios-production", "production"),
                    project(2_891_236, "web-staging", "staging"),
                    project(2_891_237, "sandbox", "qa"),
                ],
                subjects: Vec::new(),
                changes: Vec::new(),
                guards: Vec::new(),
                findings: Vec::new(),
                manual: Vec::new(),
                not_planned: Vec::new(),
            },
        }
    }

    /// Adds a person with the access before and after.
    pub(crate) fn person(
        &mut self,
        email: &str,
        name: Option<&str>,
        before: Option<Access>,
        after: Option<Access>,
    ) -> &mut Self {
        let subject = Subject::Person { email: Email::new(email), user: Some(UserId(77)) };
        self.subject(subject, name, before, after)
    }

    /// Adds anybody with the access before and after.
    pub(crate) fn subject(
        &mut self,
        subject: Subject,
        name: Option<&str>,
        before: Option<Access>,
        after: Option<Access>,
    ) -> &mut Self {
        let (name, tags) = (name.map(Arc::from), Vec::new());
        self.content.subjects.push(AffectedSubject { subject, name, tags, before, after });
        self
    }

    /// Adds a change.
    pub(crate) fn change(
        &mut self,
        email: &str,
        risk: Risk,
        write: Write,
        reason: Reason,
    ) -> &mut Self {
        let subject = Subject::Person { email: Email::new(email), user: Some(UserId(77)) };
        self.change_of(subject, risk, write, reason)
    }

    /// Adds a change of anybody.
    pub(crate) fn change_of(
        &mut self,
        subject: Subject,
        risk: Risk,
        write: Write,
        reason: Reason,
    ) -> &mut Self {
        let number = self.content.changes.len() + 1;
        let mut change = Change {
            id: ChangeId(Arc::from("")),
            subject,
            write,
            risk,
            reason,
            depends_on: Vec::new(),
            preconditions: Vec::new(),
        };
        change.id = ChangeId(format!("{}:{number}", change.kind()).into());
        self.content.changes.push(change);
        self
    }

    /// Seals the plan.
    pub(crate) fn seal(mut self) -> Plan {
        self.content.subjects.sort_by_key(|affected| affected.subject.key());
        let made_at = "2026-11-22T05:00:10Z".parse().unwrap();
        Plan::seal(self.content, made_at, "mixaccess 0.1.0".to_owned()).unwrap()
    }
}

pub(crate) fn access(role: OrganizationRole, grants: &[(u64, &str)]) -> Option<Access> {
    Some(Access {
        status: MemberStatus::Active,
        organization_role: Some(role),
        teams: Vec::new(),
        grants: grants
            .iter()
            .map(|(id, word)| Grant {
                project: ProjectId(*id),
                role: ProjectRole::parse(word),
                source: GrantSource::Individual,
            })
            .collect(),
    })
}

/// A plan as a reviewer mostly sees it: a few people, everything that can happen to them.
pub(crate) fn usual() -> Sample {
    let mut sample = Sample::empty();
    let alex = "alex@agency.example";
    let file = "access/collaborators/alex.yaml";
    let member = OrganizationRole::Member;
    sample
        .person(
            alex,
            Some("Alex Example"),
            access(member, &[(2_891_234, "analyst"), (2_891_236, "admin")]),
            access(member, &[(2_891_234, "admin"), (2_891_235, "analyst")]),
        )
        .change(
            alex,
            Risk::Reduction,
            Write::revoke(project(2_891_236, "web-staging"), role("admin")),
            because(file, 9),
        )
        .change(
            alex,
            Risk::Escalation,
            Write::set_project_role(
                project(2_891_234, "web-production"),
                role("analyst"),
                role("admin"),
            ),
            because(file, 7),
        )
        .change(
            alex,
            Risk::Escalation,
            Write::grant(project(2_891_235, "ios-production"), role("analyst")),
            because(file, 8),
        );
    people_who_come_and_go(&mut sample);
    extras(&mut sample);
    sample
}

fn people_who_come_and_go(sample: &mut Sample) {
    let member = OrganizationRole::Member;
    let grant = |id, key: &str, word: &str| (project(id, key), role(word));
    let robin = "robin@agency.example";
    sample.person(robin, None, None, access(member, &[(2_891_237, "consumer")])).change(
        robin,
        Risk::Escalation,
        Write::invite(member, vec![grant(2_891_237, "sandbox", "consumer")]),
        asked(ReasonKind::Declared, "access/collaborators/robin.yaml", 2),
    );
    let jordan = "jordan@acme.example";
    sample
        .person(
            jordan,
            Some("Jordan Example"),
            access(OrganizationRole::Admin, &[(2_891_234, "owner")]),
            None,
        )
        .change(
            jordan,
            Risk::Destructive,
            Write::remove(
                Some(OrganizationRole::Admin),
                vec![grant(2_891_234, "web-production", "owner")],
            ),
            asked(ReasonKind::Removed, "access/collaborators/jordan.yaml", 4),
        );
    let kim = "kim@agency.example";
    sample
        .person(
            kim,
            Some("Kim Example"),
            access(OrganizationRole::Admin, &[(2_891_234, "admin")]),
            access(member, &[(2_891_234, "consumer")]),
        )
        .change(
            kim,
            Risk::Reduction,
            Write::set_organization_role(OrganizationRole::Admin, member),
            asked(ReasonKind::Declared, "access/collaborators/kim.yaml", 3),
        )
        .change(
            kim,
            Risk::Reduction,
            Write::set_project_role(
                project(2_891_234, "web-production"),
                role("admin"),
                role("consumer"),
            ),
            asked(ReasonKind::NotMentioned, "access/collaborators/kim.yaml", 2),
        );
}

fn extras(sample: &mut Sample) {
    for number in 1..=9 {
        sample.content.not_planned.push(NotPlanned {
            kind: NotPlannedKind::Unmanaged,
            subject: Some(person(&format!("guest{number}@client.example"))),
            project: None,
            message: "organization member, 2 projects".to_owned(),
        });
    }
    sample.content.not_planned.push(NotPlanned {
        kind: NotPlannedKind::UndeclaredProject,
        subject: None,
        project: Some(project(2_900_000, "Old mobile app")),
        message: "not declared, so nobody's access in it is touched".to_owned(),
    });
    sample.content.findings.push(
        Finding::new(Severity::Warning, "spelling", "the live address is Kim@agency.example")
            .about(&Email::new("kim@agency.example"))
            .with_hint("Write it in the files as the identity provider sends it.")
            .at(Some(place("access/collaborators/kim.yaml", 1))),
    );
    sample.content.findings.push(Finding::new(
        Severity::Note,
        "already-met",
        "the declared role is already given by team Growth",
    ));
}

/// A plan that guard rails refuse, one of them overridden, with an error.
pub(crate) fn refused() -> Sample {
    let mut sample = usual();
    sample.content.guards = vec![
        GuardVerdict {
            guard: GuardCode::Removals,
            message: "12 of 40 people would lose everything; at most 10 are allowed".to_owned(),
            way_past: "mixaccess plan --allow removals=12 --because \"…\", or an entry in \
                       policy.overrides"
                .to_owned(),
            subject: None,
            place: Some(place("access/policy.yaml", 3)),
            overridden_by: None,
        },
        GuardVerdict {
            guard: GuardCode::Ticket,
            message: "a change for production has no ticket".to_owned(),
            way_past: "Name a ticket in the files.".to_owned(),
            subject: Some(person("kim@agency.example")),
            place: None,
            overridden_by: Some(Override {
                guard: GuardCode::Ticket,
                maximum: None,
                until: Some("2026-12-01T00:00:00Z".parse().unwrap()),
                reason: "emergency".to_owned(),
                ticket: Some("IAM-1".to_owned()),
                origin: OverrideOrigin::Files { place: place("access/policy.yaml", 12) },
            }),
        },
    ];
    sample.content.findings.push(
        Finding::new(Severity::Error, "actor-power", "an admin cannot remove an admin")
            .about(&Email::new("jordan@acme.example"))
            .with_hint("Run with the credentials of an organization owner."),
    );
    sample
}

/// A large plan: so many people, with three changes each, and one profile change for many alike.
pub(crate) fn large(people: usize) -> Sample {
    let mut sample = Sample::empty();
    let member = OrganizationRole::Member;
    for number in 0..people {
        let email = format!("person{number:05}@agency.example");
        let file = format!("access/collaborators/person{number:05}.yaml");
        sample.person(
            &email,
            Some(&format!("Person {number}")),
            access(member, &[(2_891_234, "analyst"), (2_891_236, "admin")]),
            access(member, &[(2_891_234, "admin"), (2_891_235, "analyst")]),
        );
        if number % 5 == 4 {
            let profile = "access/profiles.yaml";
            sample.change(
                &email,
                Risk::Reduction,
                Write::revoke(project(2_891_236, "web-staging"), role("admin")),
                asked(ReasonKind::Declared, profile, 8),
            );
            continue;
        }
        sample
            .change(
                &email,
                Risk::Reduction,
                Write::revoke(project(2_891_236, "web-staging"), role("admin")),
                asked(ReasonKind::NotMentioned, &file, 1),
            )
            .change(
                &email,
                if number % 2 == 0 { Risk::Escalation } else { Risk::Reduction },
                Write::set_project_role(
                    project(2_891_234, "web-production"),
                    role(if number % 2 == 0 { "analyst" } else { "admin" }),
                    role(if number % 2 == 0 { "admin" } else { "analyst" }),
                ),
                because(&file, 7),
            );
    }
    sample
}
