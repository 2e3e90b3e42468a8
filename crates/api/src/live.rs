//! Live state from a handful of requests: the number of reads never grows with the number of people.

mod join;

use futures_util::future;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mixaccess_model::{
    Dialect, LIVE_FORMAT_VERSION, LiveMember, LiveProject, LiveState, OrganizationId, ProjectId,
    Reads,
};

use crate::{AccessRead, ApiError, MAX_CONCURRENCY};
use join::Join;

/// Reads live state for a plan: who we are, members and projects side by side, then the members of
/// every declared project that exists, or of all projects when `undeclared`, given the members, says
/// so (somebody suspended may have access anywhere: `design.md`, "The files").
///
/// Sends three requests and one for each of those projects, at most `concurrency` at once. Somebody
/// whom only a project's list names becomes a member without an organization role, and look-alike
/// addresses stay two members.
///
/// # Errors
/// The first failed request, in the order of projects; or a project's list that contradicts the
/// organization's about who somebody is.
pub async fn read_live<R: AccessRead>(
    reader: &R,
    organization: OrganizationId,
    dialect: Dialect,
    declared: &[ProjectId],
    reads: impl Fn(&[LiveMember]) -> Reads,
    concurrency: usize,
    taken_at: Timestamp,
) -> Result<LiveState, ApiError> {
    // All three are awaited, so that which error is told does not depend on which came first.
    let (actor, members, projects) =
        future::join3(reader.me(), reader.members(), reader.projects()).await;
    let (actor, members, mut projects) = (actor?, members?, projects?);
    let everything = reads(&members).undeclared_projects;
    projects.sort_by_key(|project| project.id);
    projects.dedup_by_key(|project| project.id);
    for project in &mut projects {
        project.members_read = everything || declared.contains(&project.id);
    }
    let read: Vec<ProjectId> =
        projects.iter().filter(|project| project.members_read).map(|project| project.id).collect();
    let members = with_grants(reader, members, &read, concurrency).await?;
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization,
        organization_name: reader.organization_name(),
        dialect,
        taken_at,
        actor,
        projects,
        members,
        teams: None,
        service_accounts: None,
        identity_provider: None,
    };
    live.normalize();
    Ok(live)
}

/// Reads again what an apply needs: who we are, members, and the members of exactly `projects`, which
/// are taken to exist. Sends two requests and one for each project; the live state that comes back
/// knows no other projects, and names them by their numbers.
///
/// # Errors
/// As [`read_live`]; a project that is gone is a failed request.
pub async fn read_projects<R: AccessRead>(
    reader: &R,
    organization: OrganizationId,
    dialect: Dialect,
    projects: &[ProjectId],
    concurrency: usize,
    taken_at: Timestamp,
) -> Result<LiveState, ApiError> {
    let (actor, members) =
        future::join(reader.me(), read_members(reader, projects, concurrency)).await;
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization,
        organization_name: reader.organization_name(),
        dialect,
        taken_at,
        actor: actor?,
        projects: projects
            .iter()
            .map(|id| LiveProject {
                id: *id,
                name: id.to_string(),
                members_read: true,
                service_accounts_read: false,
                custom_roles: None,
            })
            .collect(),
        members: members?,
        teams: None,
        service_accounts: None,
        identity_provider: None,
    };
    live.normalize();
    live.projects.dedup();
    Ok(live)
}

/// Reads every member of the organization with the grants in exactly `projects`, and nothing else.
/// Sends one request and one for each project.
///
/// # Errors
/// As [`read_projects`].
pub async fn read_members<R: AccessRead>(
    reader: &R,
    projects: &[ProjectId],
    concurrency: usize,
) -> Result<Vec<LiveMember>, ApiError> {
    let mut projects = projects.to_vec();
    projects.sort_unstable();
    projects.dedup();
    with_grants(reader, reader.members().await?, &projects, concurrency).await
}

async fn with_grants<R: AccessRead>(
    reader: &R,
    members: Vec<LiveMember>,
    projects: &[ProjectId],
    concurrency: usize,
) -> Result<Vec<LiveMember>, ApiError> {
    // Owned numbers: futures that borrow them could not move between threads.
    let reads = projects
        .iter()
        .copied()
        .map(|project| async move { Ok((project, reader.project_members(project).await?)) });
    let join = stream::iter(reads)
        .buffered(concurrency.clamp(1, MAX_CONCURRENCY))
        .try_fold(Join::new(members), |mut join, (project, rows)| async move {
            join.add(project, rows)?;
            Ok(join)
        })
        .await?;
    Ok(join.finish())
}

#[cfg(test)]
mod tests;
