//! Unit tests over small organizations, each written in a line or two.

mod comparing;
mod custom_roles;
mod guarding;
mod invitations;
mod managing;
mod observing;
mod ordering;
mod powers;
mod service_accounts;
mod standing;
mod stronger;
mod teams;
mod undoing;
mod unread_rows;
mod withholding;

use std::sync::Arc;

use mixaccess_model::{
    Actor, Annotations, Cause, DeclaredOrganization, DeclaredProject, DesiredCollaborator,
    DesiredGrant, DesiredServiceAccount, DesiredState, DesiredTeam, DesiredTeamMember, Dialect,
    Diff, Difference, Digest, Email, FileIndex, Grant, GrantSource, GuardCode, LIVE_FORMAT_VERSION,
    LiveMember, LiveProject, LiveServiceAccount, LiveState, LiveTeam, ManagedBy, MemberStatus,
    NotPlannedKind, OrganizationId, OrganizationRole, OwnGrant, Pattern, PlanContent, Policy,
    Position, ProjectId, ProjectKey, ProjectRole, Reading, Region, ServiceAccountId, State,
    Subject, TeamId, Through, UnmanagedAction, UserId, Verb, Write,
};

use crate::testing::{NOW, World};

/// Key, number, environment and whether the files declare it.
const PROJECTS: [(&str, u64, &str, bool); 4] = [
    ("web", 11, "production", true),
    ("ios", 12, "production", true),
    ("qa", 13, "staging", true),
    ("old", 14, "", false),
];

/// Files and organization, a line a person: a name, and then words.
///
/// In files: an organization role, `suspended`, `removed`, `scim`, `#tag`, `ticket:…`, `reason:…`,
/// `for:…`, `by:…`, and `project=role`. Live: an organization role or `roleless`, `pending`,
/// `unnumbered`, `scim`, `project=role` (individual), `project/Team=role` and `project/*=role` (all users).
fn world<F: AsRef<str>, L: AsRef<str>>(files: &[F], live: &[L]) -> World {
    let mut desired = DesiredState {
        organization: DeclaredOrganization {
            id: OrganizationId(1),
            name: None,
            region: Region::Us,
            api: Some(Dialect::Members),
            identity_provider: None,
            time_zone: "UTC".to_owned(),
            position: at(1),
        },
        instant: NOW,
        files: vec![Arc::from("access.yaml")],
        files_digest: Digest::of_bytes(b""),
        projects: PROJECTS.into_iter().filter(|(.., declared)| *declared).map(project).collect(),
        collaborators: (10..)
            .zip(files)
            .map(|(line, words)| declared(line, words.as_ref()))
            .collect(),
        teams: None,
        service_accounts: None,
        policy: open_policy(),
        findings: Vec::new(),
    };
    desired.collaborators.sort_by(|a, b| a.email.cmp(&b.email));
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization: OrganizationId(1),
        organization_name: None,
        dialect: Dialect::Members,
        taken_at: NOW,
        actor: actor("owner"),
        projects: PROJECTS
            .into_iter()
            .map(|(name, id, ..)| LiveProject {
                id: ProjectId(id),
                name: name.to_owned(),
                members_read: true,
                service_accounts_read: false,
                custom_roles: None,
            })
            .collect(),
        members: (100..).zip(live).map(|(number, words)| member(number, words.as_ref())).collect(),
        teams: None,
        service_accounts: None,
        identity_provider: None,
        unread: Vec::new(),
        unread_rows: Vec::new(),
    };
    live.normalize();
    World { desired, live }
}

/// The same with teams: a line a team, a name and then words.
///
/// In files: `removed`, `scim`, `+person` and `project=role`; live: `scim`, `+person` and
/// `project=role`, from which the rows of those people follow.
fn with_teams(mut world: World, files: &[&str], live: &[&str]) -> World {
    let cause = |line| Cause { position: at(line), annotations: None };
    let mut declared: Vec<DesiredTeam> = (50..)
        .zip(files)
        .map(|(line, words)| {
            let (name, members, grants, flags) = team_words(words);
            let grants = grants.into_iter().map(|(project, role)| DesiredGrant {
                project,
                role: (role.as_str() != "none").then_some(role),
                cause: cause(line),
            });
            DesiredTeam {
                key: Arc::from(name.to_lowercase()),
                name: Arc::from(name),
                state: if flags.contains(&"removed") { State::Removed } else { State::Active },
                managed_by: managed(&flags),
                members: members
                    .into_iter()
                    .map(|email| DesiredTeamMember { email, cause: cause(line) })
                    .collect(),
                grants: grants.collect(),
                cause: cause(line),
            }
        })
        .collect();
    declared.sort_by(|a, b| a.name.cmp(&b.name));
    let teams: Vec<LiveTeam> = (7..)
        .zip(live)
        .map(|(number, words)| {
            let (name, members, grants, flags) = team_words(words);
            LiveTeam {
                id: TeamId(number),
                name: Arc::from(name),
                managed_by: managed(&flags),
                members,
                grants: grants
                    .into_iter()
                    .map(|(project, role)| OwnGrant { project, role })
                    .collect(),
            }
        })
        .collect();
    for team in &teams {
        let source = GrantSource::Team(Arc::clone(&team.name));
        for member in world.live.members.iter_mut().filter(|one| team.has(&one.email)) {
            member.grants.extend(team.grants.iter().map(|grant| Grant {
                project: grant.project,
                role: grant.role.clone(),
                source: source.clone(),
            }));
        }
    }
    world.desired.teams = Some(declared);
    world.live.teams = Some(teams);
    world.live.normalize();
    world
}

type TeamWords<'a> = (&'a str, Vec<Email>, Vec<(ProjectId, ProjectRole)>, Vec<&'a str>);

fn team_words(words: &str) -> TeamWords<'_> {
    let mut words = words.split(' ');
    let name = words.next().expect("a name");
    let (mut members, mut grants, mut flags) = (Vec::new(), Vec::new(), Vec::new());
    for word in words {
        if let Some(person) = word.strip_prefix('+') {
            members.push(email(person));
        } else if let Some((project, role)) = word.split_once('=') {
            grants.push((id_of(project), ProjectRole::parse(role)));
        } else {
            flags.push(word);
        }
    }
    members.sort();
    grants.sort_by_key(|(project, _)| *project);
    (name, members, grants, flags)
}

fn managed(flags: &[&str]) -> ManagedBy {
    if flags.contains(&"scim") { ManagedBy::Scim } else { ManagedBy::Mixpanel }
}

/// The same with service accounts: a line an account, a name and then words.
///
/// In files: an organization role, `removed`, `owner:person`, `purpose:word`, `expires:days`, `#tag`
/// and `project=role`; live: `user:number`, `by:number`, `used:days`, `created:days`, `expires:days`
/// (ago where not `expires`), `project=role` and `project/org=role`.
fn with_accounts(mut world: World, files: &[&str], live: &[&str]) -> World {
    let cause = |line| Cause { position: at(line), annotations: None };
    let mut declared: Vec<DesiredServiceAccount> =
        (70..).zip(files).map(|(line, words)| declared_account(words, &cause(line))).collect();
    declared.sort_by(|a, b| a.username.cmp(&b.username));
    world.desired.service_accounts = Some(declared);
    let accounts = (40..).zip(live).map(|(number, words)| live_account(number, words));
    world.live.service_accounts = Some(accounts.collect());
    for project in &mut world.live.projects {
        project.service_accounts_read = true;
    }
    world.live.normalize();
    world
}

fn declared_account(words: &str, cause: &Cause) -> DesiredServiceAccount {
    let mut words = words.split(' ');
    let name: Arc<str> = Arc::from(words.next().expect("a name"));
    let mut one = DesiredServiceAccount {
        key: Arc::clone(&name),
        username: name,
        state: State::Active,
        organization_role: OrganizationRole::Member,
        expires: None,
        owner: None,
        purpose: None,
        tags: Vec::new(),
        grants: Vec::new(),
        cause: cause.clone(),
    };
    for word in words {
        if let Some((project, role)) = word.split_once('=') {
            let role = (role != "none").then(|| ProjectRole::parse(role));
            one.grants.push(DesiredGrant { project: id_of(project), role, cause: cause.clone() });
        } else if let Some(tag) = word.strip_prefix('#') {
            one.tags.push(Arc::from(tag));
        } else {
            match word.split_once(':') {
                Some(("owner", name)) => one.owner = Some(email(name)),
                Some(("purpose", text)) => one.purpose = Some(Arc::from(text)),
                Some(("expires", days)) => one.expires = Some(days_on(days)),
                _ if word == "removed" => one.state = State::Removed,
                _ => one.organization_role = OrganizationRole::parse(word).expect(word),
            }
        }
    }
    one.grants.sort_by_key(|grant| grant.project);
    one
}

fn live_account(number: u64, words: &str) -> LiveServiceAccount {
    let mut words = words.split(' ');
    let mut one = LiveServiceAccount {
        id: ServiceAccountId(number),
        username: Arc::from(words.next().expect("a name")),
        created: None,
        expires: None,
        last_used: Some(NOW),
        user: None,
        creator: None,
        creator_email: None,
        grants: Vec::new(),
    };
    for word in words {
        if let Some((place, role)) = word.split_once('=') {
            let (project, source) = place.split_once('/').unwrap_or((place, ""));
            let source =
                if source.is_empty() { GrantSource::Individual } else { GrantSource::Organization };
            let role = ProjectRole::parse(role);
            one.grants.push(Grant { project: id_of(project), role, source });
            continue;
        }
        let (key, value) = word.split_once(':').expect("a key");
        let ago = || days_on(&format!("-{value}"));
        match key {
            "user" => one.user = value.parse().ok().map(UserId),
            "by" => one.creator = value.parse().ok().map(UserId),
            "used" if value == "never" => one.last_used = None,
            "used" => one.last_used = Some(ago()),
            "created" => one.created = Some(ago()),
            "expires" => one.expires = Some(days_on(value)),
            other => panic!("unknown key {other}"),
        }
    }
    one
}

fn days_on(days: &str) -> jiff::Timestamp {
    let days: i64 = days.parse().expect("days");
    NOW + jiff::SignedDuration::from_hours(days * 24)
}

/// Nothing is counted, and everybody may become owner.
fn open_policy() -> Policy {
    let mut policy = Policy::default();
    policy.removals.people = 1_000;
    policy.removals.percent = 10_000;
    policy.reductions.percent = 10_000;
    policy.escalations.allow_organization_owner = true;
    policy
}

fn actor(role: &str) -> Actor {
    Actor {
        email: Some(email("robot")),
        user: None,
        organization_role: OrganizationRole::parse(role),
        service_account: Some(Arc::from("robot")),
        projects: None,
    }
}

fn email(name: &str) -> Email {
    if name.contains('@') { Email::new(name) } else { Email::new(&format!("{name}@acme.example")) }
}

const fn at(line: u32) -> Position {
    Position { file: FileIndex(0), line, column: 1 }
}

fn project((key, id, environment, _): (&str, u64, &str, bool)) -> DeclaredProject {
    DeclaredProject {
        key: ProjectKey::new(key),
        id: ProjectId(id),
        environment: Some(Arc::from(environment)),
        custom_roles: None,
        group: None,
        position: at(2),
    }
}

fn id_of(project: &str) -> ProjectId {
    ProjectId(PROJECTS.iter().find(|(key, ..)| *key == project).expect("a known project").1)
}

fn declared(line: u32, words: &str) -> DesiredCollaborator {
    let mut words = words.split(' ');
    let name = words.next().expect("a name");
    let mut annotations = Annotations::default();
    let bare = Cause { position: at(line), annotations: None };
    let mut one = DesiredCollaborator {
        email: email(name),
        name: None,
        state: State::Active,
        managed_by: ManagedBy::Mixpanel,
        tags: Vec::new(),
        organization_role: OrganizationRole::Member,
        organization_role_cause: bare.clone(),
        grants: Vec::new(),
        cause: bare.clone(),
    };
    for word in words {
        if let Some((project, role)) = word.split_once('=') {
            let role = (role != "none").then(|| ProjectRole::parse(role));
            one.grants.push(DesiredGrant { project: id_of(project), role, cause: bare.clone() });
        } else if let Some((key, value)) = word.split_once(':') {
            let value = Some(Arc::from(value));
            match key {
                "ticket" => annotations.ticket = value,
                "reason" => annotations.reason = value,
                "for" => annotations.requested_by = value,
                "by" => annotations.approved_by = value,
                other => panic!("unknown key {other}"),
            }
        } else if let Some(tag) = word.strip_prefix('#') {
            one.tags.push(Arc::from(tag));
        } else {
            match word {
                "suspended" => one.state = State::Suspended,
                "removed" => one.state = State::Removed,
                "scim" => one.managed_by = ManagedBy::Scim,
                role => one.organization_role = OrganizationRole::parse(role).expect(role),
            }
        }
    }
    let annotations = (!annotations.is_empty()).then(|| Arc::new(annotations));
    one.organization_role_cause.annotations.clone_from(&annotations);
    one.cause.annotations.clone_from(&annotations);
    for grant in &mut one.grants {
        grant.cause.annotations.clone_from(&annotations);
    }
    one.grants.sort_by_key(|grant| grant.project);
    one
}

fn member(number: u64, words: &str) -> LiveMember {
    let mut words = words.split(' ');
    let name = words.next().expect("a name");
    let mut one = LiveMember {
        id: Some(UserId(number)),
        email: email(name),
        name: None,
        organization_role: Some(OrganizationRole::Member),
        status: MemberStatus::Active,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    };
    for word in words {
        match word.split_once('=') {
            Some((place, role)) => {
                let (project, source) = place.split_once('/').unwrap_or((place, ""));
                let source = match source {
                    "" => GrantSource::Individual,
                    "*" => GrantSource::AllUsers,
                    "org" => GrantSource::Organization,
                    team => GrantSource::Team(Arc::from(team)),
                };
                let role = ProjectRole::parse(role);
                one.grants.push(Grant { project: id_of(project), role, source });
            }
            None => match word {
                "pending" => one.status = MemberStatus::Pending,
                "unnumbered" => one.id = None,
                "scim" => one.managed_by = ManagedBy::Scim,
                "roleless" => one.organization_role = None,
                role => one.organization_role = Some(OrganizationRole::parse(role).expect(role)),
            },
        }
    }
    one
}

/// Changes, a line each.
fn changes(content: &PlanContent) -> Vec<String> {
    content
        .changes
        .iter()
        .map(|change| {
            let who = name_of(&change.subject);
            format!("{who}: {}", said(&change.subject, &change.write))
        })
        .collect()
}

/// A write in few words.
fn said(subject: &Subject, write: &Write) -> String {
    let role =
        |role: Reading<OrganizationRole>| role.known().map_or("unknown", OrganizationRole::as_str);
    let own = write.organization_role();
    let after = own.map(|diff| format!(" as {}", role(diff.after))).unwrap_or_default();
    let before = own.map(|diff| format!(" {}", role(diff.before))).unwrap_or_default();
    let mut carried = String::new();
    for (project, diff) in write.project_roles() {
        let held = diff.after.as_ref().known().or_else(|| diff.before.as_ref().known());
        carried.extend(held.map(|held| format!(" {}={held}", project.key)));
    }
    let people: String =
        write.team_members().map(|(email, _)| format!(" {}", short(email))).collect();
    match write.verb {
        Verb::Invite => format!("invite{after}{carried}"),
        Verb::Withdraw => format!("withdraw{before}{carried}"),
        Verb::Remove => format!("remove{before}{carried}"),
        Verb::Remind => "remind".to_owned(),
        Verb::Create => format!("create{after}{carried}"),
        Verb::Delete if matches!(subject, Subject::Person { .. }) => unreachable!("{write:?}"),
        Verb::Delete => format!("delete{people}{carried}"),
        Verb::Set => match write.only().unwrap() {
            Difference::OrganizationRole(diff) => {
                format!("{} -> {}", role(diff.before), role(diff.after))
            }
            Difference::ProjectRole(project, Diff { before, after }) => {
                let key = &project.key;
                match (before, after) {
                    (Reading::Known(before), Reading::Known(after)) => {
                        format!("{key} {before} -> {after}")
                    }
                    (Reading::Known(before), _) => format!("{key} - {before}"),
                    (_, after) => format!("{key} + {}", after.as_ref().known().unwrap()),
                }
            }
            one @ Difference::TeamMember(email, through, _) => {
                let sign = if one.gives() { '+' } else { '-' };
                format!("{sign} {}{}", short(email), via(*through))
            }
            other => unreachable!("{other:?}"),
        },
    }
}

fn short(email: &Email) -> String {
    email.as_str().replace("@acme.example", "")
}

fn name_of(subject: &Subject) -> String {
    subject.to_string().replace("@acme.example", "")
}

const fn via(through: Through) -> &'static str {
    match through {
        Through::Mixpanel => "",
        Through::Scim => " through SCIM",
    }
}

fn planned(world: &World) -> Vec<String> {
    changes(&world.plan().expect("a plan"))
}

/// Findings, a line each: code and message.
fn findings(content: &PlanContent) -> Vec<String> {
    content.findings.iter().map(|one| format!("{}: {}", one.code, one.message)).collect()
}

/// What is not planned, a line each: why, who or where, and the message.
fn left_alone(content: &PlanContent) -> Vec<(NotPlannedKind, String)> {
    content
        .not_planned
        .iter()
        .filter(|one| one.kind != NotPlannedKind::UndeclaredProject)
        .map(|one| {
            let who = one.subject.as_ref().map(name_of).unwrap_or_default();
            (one.kind, format!("{who}: {}", one.message))
        })
        .collect()
}

/// Guard rails that refuse.
fn refusals(content: &PlanContent) -> Vec<GuardCode> {
    content.refusals().map(|verdict| verdict.guard).collect()
}

fn sweeping(mut world: World, action: UnmanagedAction) -> World {
    world.desired.policy.unmanaged.action = action;
    world
}

fn protecting(mut world: World, pattern: &str) -> World {
    world.desired.policy.protected.push(Pattern::new(pattern));
    world
}
