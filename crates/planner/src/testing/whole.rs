//! Teams, service accounts, invitations, the identity provider and custom roles, put into a world of
//! people and projects.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{
    Cause, CustomRole, DeclaredIdentityProvider, DesiredGrant, DesiredServiceAccount, DesiredTeam,
    DesiredTeamMember, Dialect, EffectiveAboveDeclared, Email, FileIndex, Grant, GrantSource,
    Invitation, LiveIdentityProvider, LiveServiceAccount, LiveState, LiveTeam, ManagedBy,
    MemberStatus, OrganizationRole, OwnGrant, Position, ProjectId, ProjectRole, ProviderKind,
    ScimEvent, ScimGroup, ScimUser, ServiceAccountId, ServiceAccountReads, State, TeamId, UserId,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Answers, Choices, NOW, PEOPLE, World, worlds};

/// The teams of the pool; the last is never live at first.
const TEAMS: [&str; 4] = ["Data", "Growth", "Ops", "Späti"];

/// The service accounts of the pool; the second is the identity that we run as.
const ACCOUNTS: [&str; 4] = ["acme-etl", "robot", "acme-ci", "warehouse"];

/// Files and organizations with teams, service accounts, invitations of any age, an identity provider
/// and custom roles, on both dialects.
pub fn whole_worlds(answers: Answers) -> impl Strategy<Value = World> {
    (worlds(answers), vec(any::<u128>(), 28)).prop_map(move |(world, drawn)| {
        let mut furnishing = Furnishing { world, draws: drawn.into_iter(), answers };
        furnishing.live_teams();
        furnishing.declared_teams();
        furnishing.invitations();
        furnishing.live_accounts();
        furnishing.declared_accounts();
        furnishing.identity_provider();
        furnishing.custom_roles();
        furnishing.policy();
        if answers == Answers::Faithful {
            read_what_is_asked_for(&mut furnishing.world);
        }
        furnishing.world.live.normalize();
        furnishing.world
    })
}

struct Furnishing {
    world: World,
    draws: std::vec::IntoIter<u128>,
    answers: Answers,
}

impl Furnishing {
    fn draw(&mut self) -> Choices {
        Choices(self.draws.next().unwrap_or_default())
    }

    fn is_odd(&self) -> bool {
        self.answers == Answers::Odd
    }

    /// Teams, and the rows that people have through them.
    fn live_teams(&mut self) {
        let is_odd = self.is_odd();
        let mut teams = Vec::new();
        for (number, name) in (7..).zip(TEAMS.into_iter().take(3)) {
            let mut choices = self.draw();
            if choices.once_in(4) {
                continue;
            }
            let managed_by = if choices.once_in(6) { ManagedBy::Scim } else { ManagedBy::Mixpanel };
            let live = &self.world.live;
            let mut members: BTreeSet<Email> = live
                .members
                .iter()
                .filter(|_| choices.once_in(3))
                .map(|one| one.email.clone())
                .collect();
            if is_odd && choices.once_in(4) {
                members.insert(Email::new("ghost@acme.example"));
            }
            let grants = own_grants(&mut choices, 3, live);
            let name = Arc::from(name);
            let members = members.into_iter().collect();
            teams.push(LiveTeam { id: TeamId(number), name, managed_by, members, grants });
        }
        if !is_odd {
            for member in &mut self.world.live.members {
                member.grants.retain(|grant| !matches!(grant.source, GrantSource::Team(_)));
            }
        }
        for team in &teams {
            let source = GrantSource::Team(Arc::clone(&team.name));
            for member in self.world.live.members.iter_mut().filter(|one| team.has(&one.email)) {
                member.grants.extend(team.grants.iter().map(|grant| Grant {
                    project: grant.project,
                    role: grant.role.clone(),
                    source: source.clone(),
                }));
            }
        }
        let mut choices = self.draw();
        self.world.live.teams = (!is_odd || !choices.once_in(6)).then_some(teams);
        for member in &mut self.world.live.members {
            if choices.once_in(12) {
                member.managed_by = ManagedBy::Scim;
            }
        }
    }

    fn declared_teams(&mut self) {
        let mut teams = Vec::new();
        for (line, name) in (200..).step_by(10).zip(TEAMS) {
            let mut choices = self.draw();
            if choices.once_in(3) {
                continue;
            }
            let state = if choices.once_in(6) { State::Removed } else { State::Active };
            let managed_by = if choices.once_in(6) { ManagedBy::Scim } else { ManagedBy::Mixpanel };
            let desired = &self.world.desired;
            let belongs = |email: &Email| {
                desired.collaborator(email).is_none_or(|one| one.state == State::Active)
            };
            let people = PEOPLE.into_iter().filter(|_| choices.once_in(3)).map(Email::new);
            let mut members: Vec<DesiredTeamMember> = people
                .filter(belongs)
                .map(|email| DesiredTeamMember { email, cause: cause(line + 1) })
                .collect();
            members.sort_by(|a, b| a.email.cmp(&b.email));
            teams.push(DesiredTeam {
                key: Arc::from(name.to_lowercase()),
                name: Arc::from(name),
                state,
                managed_by,
                members,
                grants: self.declared_grants(&mut choices, line + 2),
                cause: cause(line),
            });
        }
        let mut choices = self.draw();
        self.world.desired.teams = (!choices.once_in(4)).then_some(teams);
    }

    fn declared_grants(&self, choices: &mut Choices, line: u32) -> Vec<DesiredGrant> {
        let projects = self.world.desired.projects.iter();
        let grants = projects.filter_map(|project| {
            let role = match choices.below(5) {
                0 | 1 => return None,
                2 => None,
                _ => Some(choices.role()),
            };
            Some(DesiredGrant { project: project.id, role, cause: cause(line) })
        });
        grants.collect()
    }

    fn invitations(&mut self) {
        let mut choices = self.draw();
        let waiting =
            |member: &&mut mixaccess_model::LiveMember| member.status == MemberStatus::Pending;
        for member in self.world.live.members.iter_mut().filter(waiting) {
            let hours = [0, 1, 30, 80, 400].get(usize::from(choices.below(6))).copied();
            member.invitation = hours.map(|hours| Invitation {
                sent_at: hours_ago(hours),
                expires_at: None,
                expired: hours == 400 && !choices.once_in(4),
            });
        }
    }

    fn live_accounts(&mut self) {
        let mut accounts = Vec::new();
        for (number, name) in (40..).zip(ACCOUNTS.into_iter().take(3)) {
            let mut choices = self.draw();
            if choices.once_in(4) {
                continue;
            }
            let grants = own_grants(&mut choices, 3, &self.world.live);
            let creator = choices.once_in(2).then(|| UserId(100 + u64::from(choices.below(10))));
            accounts.push(LiveServiceAccount {
                id: ServiceAccountId(number),
                username: Arc::from(name),
                created: hours_ago(24 * 200),
                expires: choices.once_in(3).then(|| hours_ago(24 * 10 - 480)).flatten(),
                last_used: choices.once_in(2).then(|| hours_ago(24 * 40)).flatten(),
                user: None,
                creator,
                creator_email: None,
                grants: grants
                    .into_iter()
                    .map(|grant| Grant {
                        project: grant.project,
                        role: grant.role,
                        source: GrantSource::Individual,
                    })
                    .collect(),
            });
        }
        let is_unread = self.is_odd() && self.draw().once_in(6);
        self.world.live.service_accounts = (!is_unread).then_some(accounts);
        for project in &mut self.world.live.projects {
            project.service_accounts_read = true;
        }
    }

    fn declared_accounts(&mut self) {
        let mut accounts = Vec::new();
        for (line, name) in (300..).step_by(10).zip(ACCOUNTS) {
            let mut choices = self.draw();
            if choices.once_in(3) {
                continue;
            }
            let organization_role = match choices.below(4) {
                0 => OrganizationRole::Admin,
                1 => OrganizationRole::Owner,
                _ => OrganizationRole::Member,
            };
            accounts.push(DesiredServiceAccount {
                key: Arc::from(name),
                username: Arc::from(name),
                state: if choices.once_in(5) { State::Removed } else { State::Active },
                organization_role,
                expires: choices.once_in(3).then(|| hours_ago(-24 * 90)).flatten(),
                owner: PEOPLE.get(usize::from(choices.below(12))).map(|one| Email::new(one)),
                purpose: choices.once_in(2).then(|| Arc::from("warehouse export")),
                tags: Vec::new(),
                grants: self.declared_grants(&mut choices, line + 2),
                cause: cause(line),
            });
        }
        accounts.sort_by(|a, b| a.username.cmp(&b.username));
        let mut choices = self.draw();
        self.world.desired.service_accounts = (!choices.once_in(4)).then_some(accounts);
    }

    fn identity_provider(&mut self) {
        let mut choices = self.draw();
        let World { desired, live } = &mut self.world;
        desired.organization.identity_provider =
            choices.once_in(2).then(|| DeclaredIdentityProvider {
                provider: ProviderKind::ALL
                    .get(usize::from(choices.below(3)))
                    .copied()
                    .unwrap_or(ProviderKind::Okta),
                domains: vec![Arc::from("acme.example"), Arc::from("agency.example")],
                group_name: choices.once_in(2).then(|| Arc::from("Mixpanel-[Project]-[Role]")),
                propagation: SignedDuration::from_hours(1),
                position: position(1),
            });
        desired.policy.scim.write = choices.once_in(2);
        let managed = live.teams.iter().flatten().filter(|team| !team.managed_by.is_mixpanel());
        let groups = managed.map(|team| ScimGroup {
            name: Arc::clone(&team.name),
            id: Arc::clone(&team.name),
            members: team.members.clone(),
        });
        let groups = groups.collect();
        let known = live.members.iter().filter(|_| !choices.once_in(4)).map(|one| ScimUser {
            email: one.email.clone(),
            id: Arc::from(one.email.as_str()),
            active: true,
        });
        let mut users: Vec<ScimUser> = known.collect();
        for user in &mut users {
            user.active = !choices.once_in(6);
        }
        let log = live.members.iter().take(2).zip(["USER_ROLE_CHANGED", "USER_DEPROVISIONED"]);
        let log = log.filter_map(|(member, event)| {
            let at = hours_ago(2)?;
            Some(ScimEvent { at, email: member.email.clone(), event: Arc::from(event) })
        });
        let log = log.collect();
        live.identity_provider = choices.once_in(2).then_some(LiveIdentityProvider {
            users: Some(users),
            groups: Some(groups),
            log: Some(log),
        });
    }

    fn custom_roles(&mut self) {
        let mut choices = self.draw();
        let messenger = ProjectRole::parse("Messenger");
        for project in &mut self.world.desired.projects {
            let ProjectRole::Custom(name) = &messenger else { continue };
            let at_most = match choices.below(4) {
                0 => Some(ProjectRole::Analyst),
                1 => Some(ProjectRole::Admin),
                _ => None,
            };
            let role = CustomRole { name: name.clone(), at_most };
            project.custom_roles = choices.once_in(2).then(|| vec![role]);
        }
        for project in &mut self.world.live.projects {
            let roles = vec![Arc::from("Messenger")];
            project.custom_roles = choices.once_in(2).then_some(roles);
        }
    }

    fn policy(&mut self) {
        let mut choices = self.draw();
        let policy = &mut self.world.desired.policy;
        policy.invitations.remind = choices.once_in(2);
        if choices.once_in(4) {
            policy.effective_above_declared = EffectiveAboveDeclared::Refuse;
        }
        if choices.once_in(2) {
            self.world.live.dialect = Dialect::App;
            self.world.desired.organization.api = None;
        }
    }
}

/// Leaves in live state what a run reads for these files.
fn read_what_is_asked_for(world: &mut World) {
    let reads = crate::what_to_read(&world.desired, &world.live.members, world.live.taken_at);
    let live = &mut world.live;
    if !reads.teams {
        live.teams = None;
    }
    if !reads.identity_provider {
        live.identity_provider = None;
    }
    match reads.service_accounts {
        ServiceAccountReads::Nothing => live.service_accounts = None,
        ServiceAccountReads::Names => {
            for account in live.service_accounts.iter_mut().flatten() {
                account.grants.clear();
            }
        }
        ServiceAccountReads::Roles => {}
    }
    for project in &mut live.projects {
        project.service_accounts_read = reads.service_accounts == ServiceAccountReads::Roles
            && world.desired.project(project.id).is_some();
    }
    let unread: Vec<ProjectId> =
        live.projects.iter().filter(|one| !one.service_accounts_read).map(|one| one.id).collect();
    for account in live.service_accounts.iter_mut().flatten() {
        account.grants.retain(|grant| !unread.contains(&grant.project));
    }
}

/// A role in every project whose members were read, once in `n`.
fn own_grants(choices: &mut Choices, n: u8, live: &LiveState) -> Vec<OwnGrant> {
    let read = live.projects.iter().filter(|project| project.members_read);
    let grants = read.filter_map(|project| {
        let role = choices.once_in(n).then(|| choices.role())?;
        Some(OwnGrant { project: project.id, role })
    });
    grants.collect()
}

fn hours_ago(hours: i64) -> Option<Timestamp> {
    NOW.checked_sub(SignedDuration::from_hours(hours)).ok()
}

fn cause(line: u32) -> Cause {
    Cause { position: position(line), annotations: None }
}

const fn position(line: u32) -> Position {
    Position { file: FileIndex(0), line, column: 1 }
}
