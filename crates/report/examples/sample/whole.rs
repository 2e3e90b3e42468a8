//! Sample plans with teams, service accounts, invitations, custom roles and an identity provider.

use mixaccess_model::{
    Access, CustomRole, EffectRole, Email, Finding, Grant, GrantSource, ManualChange, ManualEffect,
    ManualTask, MemberStatus, NotPlanned, NotPlannedKind, OrganizationRole, ProjectId, ProjectRef,
    ProjectRole, ProviderKind, ReasonKind, Risk, Severity, Subject, TeamId, Through, Write,
};

use super::{Sample, access, asked, person, project, role};

const WEB: u64 = 2_891_234;
const IOS: u64 = 2_891_235;
const SANDBOX: u64 = 2_891_237;
const TEAMS: &str = "access/teams.yaml";
const ACCOUNTS: &str = "access/service_accounts.yaml";

pub(crate) fn team(name: &str) -> Subject {
    Subject::Team { name: name.into(), id: Some(TeamId(7)) }
}

pub(crate) fn service_account(username: &str) -> Subject {
    Subject::ServiceAccount { username: username.into(), id: None }
}

fn carried(id: u64, key: &str, word: &str) -> (ProjectRef, ProjectRole) {
    (project(id, key), role(word))
}

/// Access with roles that teams give, besides individual ones.
pub(crate) fn through(own: &[(u64, &str)], teams: &[(u64, &str, &str)]) -> Option<Access> {
    let mut access = access(OrganizationRole::Member, own)?;
    access.grants.extend(teams.iter().map(|(id, word, team)| Grant {
        project: ProjectId(*id),
        role: ProjectRole::parse(word),
        source: GrantSource::Team((*team).into()),
    }));
    access.teams = teams.iter().map(|(.., team)| (*team).into()).collect();
    access.teams.sort_unstable();
    access.teams.dedup();
    access.grants.sort();
    Some(access)
}

/// Access of a team or a service account: roles alone.
pub(crate) fn own(grants: &[(u64, &str)]) -> Option<Access> {
    let access = access(OrganizationRole::Member, grants)?;
    Some(Access { organization_role: None, ..access })
}

/// A plan with everything that can happen besides what [`super::usual`] holds.
pub(crate) fn whole() -> Sample {
    let mut sample = Sample::empty();
    for project in sample.content.projects.iter_mut().filter(|one| one.id.0 == WEB) {
        project.custom_roles = custom(&[("Messenger", Some("analyst")), ("Reviewer", None)]);
    }
    people(&mut sample);
    teams(&mut sample);
    service_accounts(&mut sample);
    manual(&mut sample);
    sample.content.not_planned.push(NotPlanned {
        kind: NotPlannedKind::Pending,
        subject: Some(person("bo@agency.example")),
        project: Some(project(WEB, "web-production")),
        message: "invited 3 days ago; waits to be accepted".to_owned(),
    });
    for subject in [team("Old guard"), service_account("legacy-etl"), person("lu@client.example")] {
        sample.content.not_planned.push(NotPlanned {
            kind: NotPlannedKind::Unmanaged,
            subject: Some(subject),
            project: None,
            message: "live and not declared".to_owned(),
        });
    }
    sample.content.findings.push(
        Finding::new(
            Severity::Note,
            "follow-up-tokens",
            "alex@agency.example gains project admin in web-production",
        )
        .with_hint("Look at the project's tokens with `mixaccess tokens list`."),
    );
    sample.content.findings.push(
        Finding::new(Severity::Warning, "service-account-no-expiry", "never expires")
            .about_subject(service_account("acme-etl"))
            .with_hint("Give it `expires`."),
    );
    sample
}

/// Custom roles and what they count as.
pub(crate) fn custom(roles: &[(&str, Option<&str>)]) -> Vec<CustomRole> {
    roles
        .iter()
        .filter_map(|(name, at_most)| match role(name) {
            ProjectRole::Custom(name) => Some(CustomRole { name, at_most: at_most.map(role) }),
            _ => None,
        })
        .collect()
}

fn people(sample: &mut Sample) {
    let (alex, kim) = ("alex@agency.example", "kim@agency.example");
    sample
        .person(
            alex,
            Some("Alex Example"),
            through(&[(WEB, "Messenger")], &[(IOS, "admin", "Growth")]),
            through(&[(WEB, "analyst"), (IOS, "analyst")], &[(IOS, "admin", "Growth")]),
        )
        .change(
            alex,
            Risk::Neutral,
            Write::set_project_role(
                project(WEB, "web-production"),
                role("Messenger"),
                role("analyst"),
            ),
            asked(ReasonKind::Declared, "access/alex.yaml", 4),
        )
        .change(
            alex,
            Risk::Neutral,
            Write::grant(project(IOS, "ios-production"), role("analyst")),
            asked(ReasonKind::Declared, "access/alex.yaml", 5),
        );
    sample
        .person(
            kim,
            Some("Kim Example"),
            through(&[(WEB, "consumer")], &[]),
            through(&[(WEB, "consumer")], &[(WEB, "admin", "Growth")]),
        )
        .person(
            "lee@agency.example",
            None,
            through(&[], &[(SANDBOX, "analyst", "Interns")]),
            through(&[], &[]),
        );
    invitations(sample);
}

fn invitations(sample: &mut Sample) {
    let (robin, sam) = ("robin@agency.example", "sam@agency.example");
    let pending = |grants: &[(u64, &str)]| {
        let access = access(OrganizationRole::Member, grants)?;
        Some(Access { status: MemberStatus::Pending, ..access })
    };
    sample
        .person(robin, None, pending(&[(WEB, "analyst")]), pending(&[(WEB, "analyst")]))
        .change(
            robin,
            Risk::Destructive,
            Write::withdraw(
                Some(OrganizationRole::Member),
                vec![carried(WEB, "web-production", "analyst")],
            ),
            asked(ReasonKind::InvitationExpired, "access/robin.yaml", 2),
        )
        .change(
            robin,
            Risk::Escalation,
            Write::invite(
                OrganizationRole::Member,
                vec![carried(WEB, "web-production", "analyst")],
            ),
            asked(ReasonKind::InvitationExpired, "access/robin.yaml", 2),
        )
        .person(sam, None, pending(&[]), pending(&[]))
        .change(
            sam,
            Risk::Neutral,
            Write::remind(Some("2026-11-18T05:00:00Z".parse().unwrap())),
            asked(ReasonKind::InvitationWaiting, "access/sam.yaml", 2),
        );
}

fn teams(sample: &mut Sample) {
    let (growth, interns, data) = (team("Growth"), team("Interns"), team("Data"));
    let member = |email: &str| Email::new(email);
    let declared = |line| asked(ReasonKind::Declared, TEAMS, line);
    sample
        .subject(data.clone(), None, None, own(&[(WEB, "analyst")]))
        .change_of(data.clone(), Risk::Neutral, Write::create_team(), declared(20))
        .change_of(
            data.clone(),
            Risk::Escalation,
            Write::add_team_member(member("lu@client.example"), Through::Scim),
            declared(21),
        )
        .change_of(
            data,
            Risk::Escalation,
            Write::grant(project(WEB, "web-production"), role("analyst")),
            declared(22),
        )
        .subject(
            growth.clone(),
            None,
            own(&[(IOS, "admin")]),
            own(&[(IOS, "admin"), (WEB, "admin")]),
        )
        .change_of(
            growth.clone(),
            Risk::Escalation,
            Write::add_team_member(member("kim@agency.example"), Through::Mixpanel),
            declared(3),
        )
        .change_of(
            growth.clone(),
            Risk::Reduction,
            Write::remove_team_member(member("jordan@acme.example"), Through::Mixpanel),
            declared(2),
        )
        .change_of(
            growth,
            Risk::Escalation,
            Write::grant(project(WEB, "web-production"), role("admin")),
            declared(6),
        )
        .subject(interns.clone(), None, own(&[(SANDBOX, "analyst")]), None)
        .change_of(
            interns,
            Risk::Destructive,
            Write::delete_team(
                vec![member("lee@agency.example"), member("mo@agency.example")],
                vec![carried(SANDBOX, "sandbox", "analyst")],
            ),
            asked(ReasonKind::Removed, TEAMS, 11),
        );
}

fn service_accounts(sample: &mut Sample) {
    let (new, old, etl) =
        (service_account("acme-export"), service_account("acme-old"), service_account("acme-etl"));
    let declared = |line| asked(ReasonKind::Declared, ACCOUNTS, line);
    let web = || project(WEB, "web-production");
    sample
        .subject(new.clone(), None, None, own(&[(WEB, "consumer")]))
        .change_of(
            new,
            Risk::Escalation,
            Write::create_service_account(
                OrganizationRole::Member,
                vec![carried(WEB, "web-production", "consumer")],
                Some("2027-01-31T23:59:59Z".parse().unwrap()),
            ),
            declared(2),
        )
        .subject(etl.clone(), None, own(&[(WEB, "admin")]), own(&[(WEB, "owner")]))
        .change_of(etl.clone(), Risk::Reduction, Write::revoke(web(), role("admin")), declared(8))
        .change_of(etl, Risk::Escalation, Write::grant(web(), role("owner")), declared(8))
        .subject(old.clone(), None, own(&[(WEB, "admin")]), None)
        .change_of(
            old,
            Risk::Destructive,
            Write::delete_service_account(vec![carried(WEB, "web-production", "admin")]),
            asked(ReasonKind::Removed, ACCOUNTS, 14),
        );
}

fn manual(sample: &mut Sample) {
    let steps = |email: &str| {
        [
            format!("Open Directory, People, {email}, and change the groups named above."),
            "Go to Applications, Mixpanel, Provisioning and click \"Provision User\", or wait for \
             the next sync, typically 40 minutes."
                .to_owned(),
            "Check Integration, Provisioning, Logs for success.".to_owned(),
        ]
        .into()
    };
    let pat = "pat@acme.example";
    sample.content.manual = vec![
        ManualChange {
            subject: person(pat),
            provider: Some(ProviderKind::Okta),
            task: ManualTask::ChangeGroups {
                join: vec!["Mixpanel-Web-Admin".into()],
                leave: vec!["Mixpanel-Web-Analyst".into()],
            },
            effects: vec![ManualEffect {
                project: Some(project(WEB, "web-production")),
                before: Some(EffectRole::Project(ProjectRole::Analyst)),
                after: Some(EffectRole::Project(ProjectRole::Admin)),
                reason: asked(ReasonKind::Declared, "access/pat.yaml", 6),
            }],
            steps: steps(pat),
        },
        ManualChange {
            subject: team("Mixpanel-iOS-Viewer"),
            provider: Some(ProviderKind::Okta),
            task: ManualTask::ChangePeople {
                add: vec![Email::new("zoe@acme.example")],
                remove: vec![Email::new("jordan@acme.example")],
            },
            effects: Vec::new(),
            steps: vec!["Open Directory, Groups, Mixpanel-iOS-Viewer.".to_owned()],
        },
    ];
}

/// A large plan in which so many teams change as well: ten people each join one, and every team gains
/// a project, so that people change through it.
pub(crate) fn large(people: usize, teams: usize) -> Sample {
    let mut sample = super::large(people);
    for number in 0..teams {
        let name = format!("Team {number:02}");
        let subject = Subject::Team { name: name.as_str().into(), id: None };
        let reason = |line| asked(ReasonKind::Declared, TEAMS, line);
        let line = u32::try_from(number).unwrap() * 20;
        sample
            .subject(subject.clone(), None, own(&[(IOS, "analyst")]), own(&[(SANDBOX, "analyst")]))
            .change_of(
                subject.clone(),
                Risk::Escalation,
                Write::grant(project(SANDBOX, "sandbox"), role("analyst")),
                reason(line),
            );
        for member in 0..10 {
            let email = format!("team{number:02}.member{member}@agency.example");
            sample.change_of(
                subject.clone(),
                Risk::Escalation,
                Write::add_team_member(Email::new(&email), Through::Mixpanel),
                reason(line + 2 + member),
            );
            sample.person(
                &email,
                None,
                through(&[], &[]),
                through(&[], &[(SANDBOX, "analyst", &name)]),
            );
        }
    }
    sample
}
