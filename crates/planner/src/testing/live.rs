//! Random organizations, as the service describes them.

use std::sync::Arc;

use mixaccess_model::{
    Actor, Dialect, Email, Grant, GrantSource, LIVE_FORMAT_VERSION, LiveMember, LiveProject,
    LiveState, ManagedBy, MemberStatus, OrganizationId, OrganizationRole, ProjectId, UserId,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Answers, Choices, NOW, PEOPLE, PROJECTS, World, drawn_of, spelled};

pub(super) fn states(answers: Answers) -> impl Strategy<Value = LiveState> {
    let odd = answers == Answers::Odd;
    let people = vec(any::<u128>(), PEOPLE.len() * 2);
    let masks = (any::<u16>(), any::<u16>(), any::<u16>(), any::<u16>());
    (masks, people, any::<u128>(), any::<u128>()).prop_map(
        move |((present, missing, unread, also_missing), people, all_users, actor)| {
            let there = if odd { !(missing & also_missing) } else { u16::MAX };
            let projects: Vec<LiveProject> = drawn_of(&PROJECTS, there)
                .into_iter()
                .map(|id| LiveProject {
                    id: ProjectId(id),
                    name: format!("Project {id}"),
                    members_read: !(odd && unread >> (id % 16) & 7 == 7),
                    service_accounts_read: false,
                    custom_roles: None,
                })
                .collect();
            let all_users = rows(&mut Choices(all_users), 6, &projects, &GrantSource::AllUsers);
            let mut members: Vec<LiveMember> = Vec::new();
            let (first, second) = people.split_at(PEOPLE.len().min(people.len()));
            for (index, (address, (one, twin))) in
                PEOPLE.into_iter().zip(first.iter().zip(second)).enumerate()
            {
                if present >> index & 1 == 1 {
                    let mut member = |drawn: u128, number: usize| {
                        let mut one = member(&mut Choices(drawn), odd, number, address, &projects);
                        one.grants.extend(all_users.iter().cloned());
                        members.push(one);
                    };
                    member(*one, index);
                    if odd && twin % 8 == 7 {
                        member(twin / 8, index + PEOPLE.len());
                    }
                }
            }
            if !odd {
                members.push(keeper());
            }
            let actor = if odd { actor_of(&mut Choices(actor)) } else { robot() };
            let mut live = LiveState {
                format_version: LIVE_FORMAT_VERSION,
                organization: OrganizationId(1),
                organization_name: Some("Acme".to_owned()),
                dialect: Dialect::Members,
                taken_at: NOW,
                actor,
                projects,
                members,
                teams: None,
                service_accounts: None,
                identity_provider: None,
                unread: Vec::new(),
                unread_rows: Vec::new(),
            };
            live.normalize();
            live
        },
    )
}

/// Makes every declared project live, and the undeclared ones read where the files ask for that.
pub(super) fn read_what_is_declared(world: &mut World) {
    let live = &world.live;
    let reads = crate::what_to_read(&world.desired, &live.members, live.taken_at);
    let everything = reads.undeclared_projects;
    for project in &mut world.live.projects {
        project.members_read = everything || world.desired.project(project.id).is_some();
    }
    let unread: Vec<ProjectId> = world
        .live
        .projects
        .iter()
        .filter(|project| !project.members_read)
        .map(|project| project.id)
        .collect();
    for member in &mut world.live.members {
        member.grants.retain(|grant| !unread.contains(&grant.project));
    }
}

/// The accepted owner that every faithful organization has.
fn keeper() -> LiveMember {
    LiveMember {
        id: Some(UserId(1)),
        email: Email::new("keeper@acme.example"),
        name: Some(Arc::from("Keeper")),
        organization_role: Some(OrganizationRole::Owner),
        status: MemberStatus::Active,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    }
}

fn robot() -> Actor {
    Actor {
        email: Some(Email::new("robot@acme.example")),
        user: None,
        organization_role: Some(OrganizationRole::Owner),
        service_account: Some(Arc::from("robot")),
        projects: None,
    }
}

fn actor_of(choices: &mut Choices) -> Actor {
    if choices.below(3) < 2 {
        return robot();
    }
    let email = if choices.once_in(2) { None } else { PEOPLE.get(usize::from(choices.below(10))) };
    Actor {
        email: email.map(|address| Email::new(address)),
        user: choices.once_in(3).then(|| UserId(100 + u64::from(choices.below(10)))),
        organization_role: (!choices.once_in(5)).then(|| choices.organization_role()),
        service_account: choices.once_in(2).then(|| Arc::from("robot")),
        projects: None,
    }
}

fn member(
    choices: &mut Choices,
    odd: bool,
    number: usize,
    address: &'static str,
    projects: &[LiveProject],
) -> LiveMember {
    let organization_role = match choices.once_in(10) {
        true if odd => None,
        _ => Some(choices.organization_role()),
    };
    let status = if choices.once_in(5) { MemberStatus::Pending } else { MemberStatus::Active };
    let has_number = !(choices.once_in(6) && odd);
    let email = spelled(address, choices.once_in(6));
    let mut grants = rows(choices, 2, projects, &GrantSource::Individual);
    grants.extend(rows(choices, 8, projects, &GrantSource::Team(Arc::from("Growth"))));
    if odd && choices.once_in(4) {
        grants.extend(rows(choices, 4, projects, &GrantSource::Individual));
    }
    let implied = organization_role.and_then(OrganizationRole::implied_project_role);
    for project in projects.iter().filter(|project| project.members_read) {
        grants.extend(implied.clone().map(|role| Grant {
            project: project.id,
            role,
            source: GrantSource::Organization,
        }));
    }
    LiveMember {
        id: has_number.then(|| UserId(100 + u64::try_from(number).unwrap_or(0))),
        email,
        name: None,
        organization_role,
        status,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants,
    }
}

/// A row in every project that was read, once in `n`.
fn rows(
    choices: &mut Choices,
    n: u8,
    projects: &[LiveProject],
    source: &GrantSource,
) -> Vec<Grant> {
    let read = projects.iter().filter(|project| project.members_read);
    read.filter_map(|project| {
        let role = choices.once_in(n).then(|| choices.role())?;
        Some(Grant { project: project.id, role, source: source.clone() })
    })
    .collect()
}
