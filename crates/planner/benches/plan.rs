//! What planning costs: nothing to do, everything to do, and the sweep of an organization.

use std::sync::Arc;

use divan::{Bencher, counter::ItemsCount};
use jiff::Timestamp;
use mixaccess_model::{
    Actor, Cause, DeclaredOrganization, DeclaredProject, DesiredCollaborator, DesiredGrant,
    DesiredState, Dialect, Digest, Email, FileIndex, Grant, GrantSource, LIVE_FORMAT_VERSION,
    LiveMember, LiveProject, LiveState, ManagedBy, MemberStatus, OrganizationId, OrganizationRole,
    Policy, Position, ProjectId, ProjectKey, ProjectRole, Region, State, UserId,
};
use mixaccess_planner::testing::World;

fn main() {
    divan::main();
}

/// People, and projects that each of them is in: 1,000 to 1,000,000 grants.
const SIZES: [(u64, u64); 4] = [(20, 50), (200, 50), (2_000, 50), (20_000, 50)];

#[divan::bench(args = SIZES)]
fn nothing_to_do(bencher: Bencher<'_, '_>, (people, projects): (u64, u64)) {
    measure(bencher, people, projects, &organization(people, projects, &ProjectRole::Analyst));
}

#[divan::bench(args = SIZES)]
fn every_grant_differs(bencher: Bencher<'_, '_>, (people, projects): (u64, u64)) {
    measure(bencher, people, projects, &organization(people, projects, &ProjectRole::Admin));
}

#[divan::bench(args = SIZES)]
fn everybody_is_invited(bencher: Bencher<'_, '_>, (people, projects): (u64, u64)) {
    let mut world = organization(people, projects, &ProjectRole::Analyst);
    world.live.members.clear();
    measure(bencher, people, projects, &world);
}

#[divan::bench(args = SIZES)]
fn everybody_is_unmanaged(bencher: Bencher<'_, '_>, (people, projects): (u64, u64)) {
    let mut world = organization(people, projects, &ProjectRole::Analyst);
    world.desired.collaborators.clear();
    measure(bencher, people, projects, &world);
}

#[divan::bench(args = SIZES)]
fn half_the_owners_change(bencher: Bencher<'_, '_>, (people, projects): (u64, u64)) {
    let mut world = organization(people, projects, &ProjectRole::Analyst);
    for (index, member) in world.live.members.iter_mut().enumerate() {
        if index % 2 == 0 {
            member.organization_role = Some(OrganizationRole::Owner);
        }
    }
    for (index, one) in world.desired.collaborators.iter_mut().enumerate() {
        if index % 2 == 1 {
            one.organization_role = OrganizationRole::Owner;
        }
    }
    measure(bencher, people, projects, &world);
}

fn measure(bencher: Bencher<'_, '_>, people: u64, projects: u64, world: &World) {
    bencher.counter(ItemsCount::new(people * projects)).bench(|| world.plan());
}

/// Everybody is analyst everywhere, and declared with `role`.
fn organization(people: u64, projects: u64, role: &ProjectRole) -> World {
    World { desired: files(people, projects, role), live: live(people, projects) }
}

fn email(index: u64) -> Email {
    Email::new(&format!("person-{index:06}@acme.example"))
}

fn files(people: u64, projects: u64, role: &ProjectRole) -> DesiredState {
    let cause =
        Cause { position: Position { file: FileIndex(0), line: 1, column: 1 }, annotations: None };
    let collaborators = (0..people).map(|index| DesiredCollaborator {
        email: email(index),
        name: None,
        state: State::Active,
        managed_by: ManagedBy::Mixpanel,
        tags: Vec::new(),
        organization_role: OrganizationRole::Member,
        organization_role_cause: cause.clone(),
        grants: (0..projects)
            .map(|project| DesiredGrant {
                project: ProjectId(project),
                role: Some(role.clone()),
                cause: cause.clone(),
            })
            .collect(),
        cause: cause.clone(),
    });
    DesiredState {
        organization: DeclaredOrganization {
            id: OrganizationId(1),
            name: None,
            region: Region::Us,
            api: Some(Dialect::Members),
            identity_provider: None,
            time_zone: "UTC".to_owned(),
            position: cause.position,
        },
        instant: Timestamp::UNIX_EPOCH,
        files: vec![Arc::from("access/access.yaml")],
        files_digest: Digest::of_bytes(b""),
        projects: (0..projects)
            .map(|id| DeclaredProject {
                key: ProjectKey::new(format!("project-{id}")),
                id: ProjectId(id),
                environment: Some(Arc::from("production")),
                custom_roles: None,
                group: None,
                position: cause.position,
            })
            .collect(),
        collaborators: collaborators.collect(),
        teams: None,
        service_accounts: None,
        policy: Policy::default(),
        findings: Vec::new(),
    }
}

fn live(people: u64, projects: u64) -> LiveState {
    let members = (0..people).map(|index| LiveMember {
        id: Some(UserId(index)),
        email: email(index),
        name: None,
        organization_role: Some(OrganizationRole::Member),
        status: MemberStatus::Active,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: (0..projects)
            .map(|project| Grant {
                project: ProjectId(project),
                role: ProjectRole::Analyst,
                source: GrantSource::Individual,
            })
            .collect(),
    });
    LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization: OrganizationId(1),
        organization_name: None,
        dialect: Dialect::Members,
        taken_at: Timestamp::UNIX_EPOCH,
        actor: Actor {
            email: Some(Email::new("robot@acme.example")),
            user: None,
            organization_role: Some(OrganizationRole::Owner),
            service_account: Some(Arc::from("robot")),
            projects: None,
        },
        projects: (0..projects)
            .map(|id| LiveProject {
                id: ProjectId(id),
                name: format!("Project {id}"),
                members_read: true,
                service_accounts_read: false,
                custom_roles: None,
            })
            .collect(),
        members: members.collect(),
        teams: None,
        service_accounts: None,
        identity_provider: None,
        unread: Vec::new(),
        unread_rows: Vec::new(),
    }
}
