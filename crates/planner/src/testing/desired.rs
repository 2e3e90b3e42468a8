//! Random files, already resolved.

use std::sync::Arc;

use mixaccess_model::{
    Annotations, Cause, DeclaredOrganization, DeclaredProject, DesiredCollaborator, DesiredGrant,
    DesiredState, Dialect, Digest, FileIndex, ManagedBy, OrganizationId, Policy, Position,
    ProjectId, Region, State,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Choices, NOW, PEOPLE, PROJECTS, drawn_of, key_of, spelled};

pub(super) fn states(policy: impl Strategy<Value = Policy>) -> impl Strategy<Value = DesiredState> {
    let people = vec(any::<u128>(), PEOPLE.len());
    (any::<u16>(), any::<u16>(), people, policy).prop_map(|(projects, declared, people, policy)| {
        let projects: Vec<DeclaredProject> =
            drawn_of(&PROJECTS, projects | 1).into_iter().map(project).collect();
        let mut collaborators: Vec<DesiredCollaborator> = people
            .into_iter()
            .zip(PEOPLE)
            .enumerate()
            .filter(|(index, _)| declared >> index & 1 == 1)
            .map(|(index, (drawn, address))| {
                collaborator(&mut Choices(drawn), index, address, &projects)
            })
            .collect();
        collaborators.sort_by(|a, b| a.email.cmp(&b.email));
        DesiredState {
            organization: DeclaredOrganization {
                id: OrganizationId(1),
                name: Some("Acme".to_owned()),
                region: Region::Us,
                api: Some(Dialect::Members),
                identity_provider: None,
                time_zone: "UTC".to_owned(),
                position: position(1),
            },
            instant: NOW,
            files: vec![Arc::from("access/access.yaml")],
            files_digest: Digest::of_bytes(b"files"),
            projects,
            collaborators,
            teams: None,
            service_accounts: None,
            policy,
            findings: Vec::new(),
        }
    })
}

fn project(id: u64) -> DeclaredProject {
    let id = ProjectId(id);
    let environment = if id.0.is_multiple_of(2) { "production" } else { "staging" };
    DeclaredProject {
        key: key_of(id),
        id,
        environment: Some(Arc::from(environment)),
        custom_roles: None,
        group: None,
        position: position(2),
    }
}

fn collaborator(
    choices: &mut Choices,
    index: usize,
    address: &'static str,
    projects: &[DeclaredProject],
) -> DesiredCollaborator {
    let line = u32::try_from(index).unwrap_or(0) * 10 + 10;
    let annotations = choices.once_in(2).then(|| Arc::new(annotations(choices)));
    let cause = |line| Cause { position: position(line), annotations: annotations.clone() };
    DesiredCollaborator {
        email: spelled(address, choices.once_in(6)),
        name: None,
        state: match choices.below(8) {
            0..=5 => State::Active,
            6 => State::Suspended,
            _ => State::Removed,
        },
        managed_by: if choices.once_in(10) { ManagedBy::Scim } else { ManagedBy::Mixpanel },
        tags: if choices.once_in(2) { vec![Arc::from("contractor")] } else { Vec::new() },
        organization_role: choices.organization_role(),
        organization_role_cause: cause(line + 1),
        grants: projects
            .iter()
            .filter_map(|project| {
                let role = match choices.below(7) {
                    0 | 1 => return None,
                    2 => None,
                    _ => Some(choices.role()),
                };
                Some(DesiredGrant { project: project.id, role, cause: cause(line + 2) })
            })
            .collect(),
        cause: cause(line),
    }
}

fn annotations(choices: &mut Choices) -> Annotations {
    let word = |choices: &mut Choices| match choices.below(4) {
        0 => None,
        1 => Some(Arc::from(" ")),
        2 => Some(Arc::from("IAM-1")),
        _ => Some(Arc::from("iam-1 ")),
    };
    Annotations {
        ticket: word(choices),
        reason: word(choices),
        requested_by: word(choices),
        approved_by: word(choices),
    }
}

const fn position(line: u32) -> Position {
    Position { file: FileIndex(0), line, column: 1 }
}
