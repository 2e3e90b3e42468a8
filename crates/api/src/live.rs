//! Live state from a handful of requests: the number of reads never grows with the number of people.

mod accounts;
mod join;

use futures_util::future;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mixaccess_model::{
    Dialect, LIVE_FORMAT_VERSION, LiveIdentityProvider, LiveMember, LiveProject,
    LiveServiceAccount, LiveState, LiveTeam, OrganizationId, ProjectId, Reads, ServiceAccountReads,
    Subject, Unread, UnreadList, UnreadRow,
};
use tokio::sync::Semaphore;

use crate::{AccessRead, ApiError, Listed, MAX_CONCURRENCY, OddRow, Roster};
pub use accounts::with_grants;
use join::Join;

/// Reads live state for a plan: who we are, members and projects side by side; then what `reads`, given
/// the members, says; and the members of every declared project that exists, or of all projects where
/// it says so (somebody suspended may have access anywhere).
///
/// Sends three requests; one for each of those projects, unless the list of members carries their
/// grants; one for teams; one for service accounts, and one for each of those projects for their roles;
/// at most `concurrency` at once. What the service withholds of undeclared projects, of teams, of service
/// accounts and of the identity provider is unread: it ends nothing, and is not absent; and so is a row of
/// a list of which others can be read. Somebody whom only a project's list names becomes a member without
/// an organization role, and look-alike addresses stay two members.
///
/// # Errors
/// The first failed request that the plan cannot do without, in the order of projects; or a project's list that contradicts the
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
    let reading = Reading::new(reader, concurrency);
    // All three are awaited, so that which error is told does not depend on which came first.
    let (actor, roster, projects) = future::join3(
        reading.one(reader.me()),
        reading.one(reader.roster()),
        reading.one(reader.projects()),
    )
    .await;
    let (actor, roster, mut projects) = (actor?, roster?, projects?);
    let reads = reads(&roster.members);
    projects.sort_by_key(|project| project.id);
    projects.dedup_by_key(|project| project.id);
    projects.iter_mut().for_each(|project| {
        project.members_read = reads.undeclared_projects || declared.contains(&project.id);
    });
    let elsewhere = in_unknown_projects(&roster, &projects);
    let read: Vec<ProjectId> =
        projects.iter().filter(|project| project.members_read).map(|project| project.id).collect();
    let rest = reading.the_rest(roster, &read, declared, reads).await?;
    let withheld = |id| {
        let members = UnreadList::ProjectMembers;
        rest.unread.iter().any(|one| one.list == members && one.project == Some(id))
    };
    for project in &mut projects {
        project.members_read &= !withheld(project.id);
        let read = rest.service_accounts_read.binary_search(&project.id);
        project.service_accounts_read = read.is_ok();
    }
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization,
        organization_name: reader.organization_name(),
        dialect,
        taken_at,
        actor,
        projects,
        members: rest.members,
        teams: rest.teams,
        service_accounts: rest.service_accounts,
        identity_provider: rest.identity_provider,
        unread: rest.unread,
        unread_rows: rest.unread_rows,
    };
    live.unread_rows.extend(elsewhere);
    live.normalize();
    Ok(live)
}

/// What the list of members says of projects that the list of projects does not name.
fn in_unknown_projects(roster: &Roster, projects: &[LiveProject]) -> Vec<UnreadRow> {
    if !roster.carries_grants {
        return Vec::new();
    }
    let is_unknown = |id| projects.binary_search_by_key(&id, |one| one.id).is_err();
    let rows = roster.members.iter().flat_map(|member| {
        let unknown = member.grants.iter().filter(|grant| is_unknown(grant.project));
        unknown.map(|grant| UnreadRow {
            list: UnreadList::ProjectMembers,
            project: Some(grant.project),
            subject: Some(Subject::Person { email: member.email.clone(), user: member.id }),
            why: format!(
                "gives {} there, and the organization's list of projects does not name it",
                grant.role
            ),
        })
    });
    rows.collect()
}

/// Reads every member of the organization with the grants in exactly `projects`, and nothing else; gives
/// also the rows that could not be read.
/// Sends one request, and one for each project where the list of members does not carry grants.
///
/// # Errors
/// As [`read_live`]; a project that is gone is a failed request.
pub async fn read_members<R: AccessRead>(
    reader: &R,
    projects: &[ProjectId],
    concurrency: usize,
) -> Result<(Vec<LiveMember>, Vec<UnreadRow>), ApiError> {
    let reading = Reading::new(reader, concurrency);
    let roster = reading.one(reader.roster()).await?;
    let grants = reading.grants(roster, &in_order(projects), projects).await?;
    Ok((grants.members, grants.unread_rows))
}

fn in_order(projects: &[ProjectId]) -> Vec<ProjectId> {
    let mut projects = projects.to_vec();
    projects.sort_unstable();
    projects.dedup();
    projects
}

/// A reader with a limit of how many requests are in flight.
struct Reading<'a, R> {
    reader: &'a R,
    concurrency: usize,
    permits: Semaphore,
}

/// Everything that is read once it is known which projects count.
struct Rest {
    members: Vec<LiveMember>,
    teams: Option<Vec<LiveTeam>>,
    service_accounts: Option<Vec<LiveServiceAccount>>,
    /// The projects whose service accounts were read, in order.
    service_accounts_read: Vec<ProjectId>,
    identity_provider: Option<LiveIdentityProvider>,
    /// What was asked for and not given.
    unread: Vec<Unread>,
    /// Rows of what was given that could not be read.
    unread_rows: Vec<UnreadRow>,
}

/// The members with their grants.
struct Grants {
    members: Vec<LiveMember>,
    /// The projects that were not given.
    unread: Vec<Unread>,
    unread_rows: Vec<UnreadRow>,
}

/// The service accounts with their grants.
#[derive(Default)]
struct Accounts {
    accounts: Option<Vec<LiveServiceAccount>>,
    /// The projects whose service accounts were read, in order.
    read: Vec<ProjectId>,
    /// What was not given.
    unread: Vec<Unread>,
    unread_rows: Vec<UnreadRow>,
}

/// Where a list that a plan can do without was withheld: nothing of it, and what is then unread.
///
/// # Errors
/// When it failed in another way.
fn given<T>(
    answer: Result<Option<T>, ApiError>,
    list: UnreadList,
    unread: &mut Vec<Unread>,
) -> Result<Option<T>, ApiError> {
    match answer {
        Err(error) if error.is_withheld() => {
            unread.push(Unread { list, project: None, why: error.to_string() });
            Ok(None)
        }
        answer => answer,
    }
}

impl<'a, R: AccessRead> Reading<'a, R> {
    fn new(reader: &'a R, concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, MAX_CONCURRENCY);
        Self { reader, concurrency, permits: Semaphore::new(concurrency) }
    }

    /// One request, as soon as fewer than allowed are in flight.
    async fn one<T>(&self, read: impl Future<Output = T> + Send) -> T {
        // It is never closed, so there always is a permit.
        let _permit = self.permits.acquire().await;
        read.await
    }

    /// Reads the grants in `projects`, in order, and what `reads` says, side by side.
    async fn the_rest(
        &self,
        roster: Roster,
        projects: &[ProjectId],
        declared: &[ProjectId],
        reads: Reads,
    ) -> Result<Rest, ApiError> {
        // All are awaited, so that which error is told does not depend on which came first.
        let (members, teams, accounts, identity_provider) = future::join4(
            self.grants(roster, projects, declared),
            self.where_asked(reads.teams, self.reader.teams()),
            self.service_accounts(reads.service_accounts, projects),
            self.where_asked(reads.identity_provider, self.reader.identity_provider()),
        )
        .await;
        let Grants { members, mut unread, mut unread_rows } = members?;
        let teams = given(teams, UnreadList::Teams, &mut unread)?;
        let teams = teams.map(|Listed { rows, unread }| {
            unread_rows.extend(unread.into_iter().map(OddRow::of_team));
            rows
        });
        let accounts = accounts?;
        unread.extend(accounts.unread);
        unread_rows.extend(accounts.unread_rows);
        let identity_provider =
            given(identity_provider, UnreadList::IdentityProvider, &mut unread)?;
        Ok(Rest {
            members,
            teams,
            service_accounts: accounts.accounts,
            service_accounts_read: accounts.read,
            identity_provider,
            unread,
            unread_rows,
        })
    }

    async fn where_asked<T>(
        &self,
        asked: bool,
        read: impl Future<Output = Result<Option<T>, ApiError>> + Send,
    ) -> Result<Option<T>, ApiError> {
        if asked { self.one(read).await } else { Ok(None) }
    }

    /// The members with their grants in `projects`, in order, and those of these projects that are not
    /// `needed` and were not given.
    async fn grants(
        &self,
        roster: Roster,
        projects: &[ProjectId],
        needed: &[ProjectId],
    ) -> Result<Grants, ApiError> {
        let Roster { mut members, unread: odd, carries_grants } = roster;
        if carries_grants {
            for member in &mut members {
                member.grants.retain(|grant| projects.binary_search(&grant.project).is_ok());
            }
            let (members, unread_rows) = Join::new(members, odd).finish();
            return Ok(Grants { members, unread: Vec::new(), unread_rows });
        }
        // Owned numbers: futures that borrow them could not move between threads.
        let reads = projects.iter().copied().map(|project| async move {
            match self.one(self.reader.project_members(project)).await {
                // Of a project that nobody needs to know, whatever is wrong with it alone.
                Err(error)
                    if !needed.contains(&project)
                        && (error.is_withheld() || error.is_answered()) =>
                {
                    Ok((project, Err(error.to_string())))
                }
                rows => Ok((project, Ok(rows?))),
            }
        });
        let (join, unread) = stream::iter(reads)
            .buffered(self.concurrency)
            .try_fold(
                (Join::new(members, odd), Vec::new()),
                |(mut join, mut unread), (project, rows)| {
                    let list = UnreadList::ProjectMembers;
                    // Whatever is wrong with one that nobody needs is wrong with it alone.
                    let added = match rows.map(|rows| join.add(project, rows)) {
                        Ok(Err(error)) if needed.contains(&project) => Err(error),
                        Ok(Err(error)) => Ok(Some(error.to_string())),
                        Ok(Ok(())) => Ok(None),
                        Err(why) => Ok(Some(why)),
                    };
                    let added = added.map(|why| {
                        let one = |why| Unread { list, project: Some(project), why };
                        unread.extend(why.map(one));
                    });
                    future::ready(added.map(|()| (join, unread)))
                },
            )
            .await?;
        let (members, unread_rows) = join.finish();
        Ok(Grants { members, unread, unread_rows })
    }

    /// The service accounts, the projects whose service accounts were read, in order, and what was not
    /// given.
    async fn service_accounts(
        &self,
        reads: ServiceAccountReads,
        projects: &[ProjectId],
    ) -> Result<Accounts, ApiError> {
        let projects = match reads {
            ServiceAccountReads::Nothing => return Ok(Accounts::default()),
            ServiceAccountReads::Names => &[],
            ServiceAccountReads::Roles => projects,
        };
        let reads = projects.iter().copied().map(|project| async move {
            match self.one(self.reader.project_service_accounts(project)).await {
                Err(error) if error.is_withheld() => Ok((project, Err(error.to_string()))),
                rows => Ok((project, Ok(rows?))),
            }
        });
        let rows = stream::iter(reads).buffered(self.concurrency).try_collect::<Vec<_>>();
        let (accounts, rows) = future::join(self.one(self.reader.service_accounts()), rows).await;
        let (mut unread, mut read) = (Vec::new(), Vec::new());
        for (project, rows) in rows? {
            match rows {
                Ok(rows) => read.extend(rows.map(|rows| (project, rows))),
                Err(why) => {
                    let list = UnreadList::ProjectServiceAccounts;
                    unread.push(Unread { list, project: Some(project), why });
                }
            }
        }
        let accounts = given(accounts, UnreadList::ServiceAccounts, &mut unread)?;
        let Some(accounts) = accounts else {
            return Ok(Accounts { unread, ..Accounts::default() });
        };
        let (accounts, read, unread_rows) = with_grants(accounts, read);
        Ok(Accounts { accounts: Some(accounts), read, unread, unread_rows })
    }
}

#[cfg(test)]
mod tests;
