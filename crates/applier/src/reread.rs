//! Reading again what an apply touches, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use mixaccess_api::{AccessRead, ApiError, ErrorKind, Listed, OddRow, read_members, with_grants};
use mixaccess_model::{
    Actor, Change, Dialect, Grant, LIVE_FORMAT_VERSION, LiveProject, LiveServiceAccount, LiveState,
    OrganizationId, PlanContent, Precondition, ProjectId, Reading, Subject, SubjectKey, UnreadList,
    UnreadRow, Verb,
};

/// What is read.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) organization: OrganizationId,
    pub(crate) dialect: Dialect,
    /// Whether the members of the organization are read.
    pub(crate) members: bool,
    /// The projects whose members are read.
    pub(crate) projects: BTreeSet<ProjectId>,
    /// The teams that changes name; all teams are read when there is one.
    pub(crate) teams: BTreeSet<Arc<str>>,
    /// Whether the service accounts are read.
    pub(crate) service_accounts: bool,
    /// The projects whose service accounts are read.
    pub(crate) service_account_projects: BTreeSet<ProjectId>,
    /// The identity we run as, once it was seen among the members: it is in every list of them.
    pub(crate) listed: Arc<OnceLock<Actor>>,
    /// Most requests in flight.
    pub(crate) in_flight: usize,
}

impl Scope {
    /// Everything a plan names, also where a hand-made plan does not list it.
    pub(crate) fn of_plan(content: &PlanContent, in_flight: usize) -> Self {
        let named = content.projects.iter().map(|project| project.id);
        let is_account = |change: &Change| matches!(change.subject, Subject::ServiceAccount { .. });
        // What people have elsewhere counts for guard rails, and only where people change.
        let people_change = !content.changes.iter().all(is_account);
        let mut scope = Self {
            organization: content.organization.id,
            dialect: content.organization.api,
            members: true,
            projects: named.filter(|_| people_change).collect(),
            teams: BTreeSet::new(),
            service_accounts: false,
            service_account_projects: BTreeSet::new(),
            listed: Arc::default(),
            in_flight,
        };
        for change in &content.changes {
            scope.add(change);
            let is_account = matches!(change.subject, Subject::ServiceAccount { .. });
            if change.write.verb == Verb::Delete && is_account {
                // It takes every role, also one that was given since.
                let declared = content.projects.iter().filter(|project| project.declared);
                scope.service_account_projects.extend(declared.map(|project| project.id));
            }
        }
        scope
    }

    /// What decides about some changes alone.
    pub(crate) fn of_changes<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut scope = self.nothing();
        for change in changes {
            scope.add(change);
        }
        scope
    }

    /// Whether a subject is there, and which number it has.
    pub(crate) fn of_subject(&self, key: &SubjectKey) -> Self {
        let mut scope = self.nothing();
        match key {
            SubjectKey::Person(_) => scope.members = true,
            SubjectKey::Team(name) => drop(scope.teams.insert(Arc::clone(name))),
            SubjectKey::ServiceAccount(_) => scope.service_accounts = true,
        }
        scope
    }

    /// The same organization, and nothing of it.
    pub(crate) fn nothing(&self) -> Self {
        Self {
            organization: self.organization,
            dialect: self.dialect,
            members: false,
            projects: BTreeSet::new(),
            teams: BTreeSet::new(),
            service_accounts: false,
            service_account_projects: BTreeSet::new(),
            listed: Arc::clone(&self.listed),
            in_flight: 1,
        }
    }

    fn add(&mut self, change: &Change) {
        match &change.subject {
            Subject::Person { .. } => {
                self.members = true;
                self.projects.extend(projects_of(change));
            }
            Subject::Team { name, .. } => {
                self.teams.insert(Arc::clone(name));
                // Only a member can come in.
                let mut moves = change.write.team_members();
                self.members |= moves.any(|(_, diff)| diff.after != Reading::Absent);
            }
            Subject::ServiceAccount { .. } => {
                self.service_accounts = true;
                self.service_account_projects.extend(projects_of(change));
            }
        }
    }
}

/// The projects that decide whether a change may run or is in place.
pub(crate) fn projects_of(change: &Change) -> BTreeSet<ProjectId> {
    change
        .write
        .projects()
        .map(|project| project.id)
        .chain(change.preconditions.iter().filter_map(|precondition| match precondition {
            Precondition::IndividualGrant { project, .. } => Some(*project),
            _ => None,
        }))
        .collect()
}

/// Reads who we are, and what `scope` names. One request for each list.
pub(crate) async fn read_with_actor<R: AccessRead>(
    client: &R,
    scope: &Scope,
    taken_at: Timestamp,
) -> Result<LiveState, ApiError> {
    let actor = client.me().await?;
    let mut live = read(client, scope, taken_at).await?;
    live.actor = actor;
    Ok(live)
}

/// Reads what `scope` names, with an unknown actor. What the teams of `scope` give is read as well,
/// so that what they do to people shows.
pub(crate) async fn read<R: AccessRead>(
    client: &R,
    scope: &Scope,
    taken_at: Timestamp,
) -> Result<LiveState, ApiError> {
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization: scope.organization,
        organization_name: None,
        dialect: scope.dialect,
        taken_at,
        actor: Actor::default(),
        projects: Vec::new(),
        members: Vec::new(),
        teams: None,
        service_accounts: None,
        identity_provider: None,
        unread: Vec::new(),
        unread_rows: Vec::new(),
    };
    let mut projects = scope.projects.clone();
    if !scope.teams.is_empty() {
        let Listed { rows: teams, unread } =
            client.teams().await?.ok_or_else(|| unanswered("teams"))?;
        live.unread_rows.extend(unread.into_iter().map(OddRow::of_team));
        let named = teams.iter().filter(|team| scope.teams.contains(&team.name));
        projects.extend(named.flat_map(|team| team.grants.iter().map(|grant| grant.project)));
        live.teams = Some(teams);
    }
    if scope.members {
        let read = projects.iter().copied().collect::<Vec<_>>();
        let (members, unread) = read_members(client, &read, scope.in_flight).await?;
        live.members = members;
        live.unread_rows.extend(unread);
        if let Some(actor) = scope.listed.get()
            && !live.members.iter().any(|one| one.organization_role.is_some() && actor.is(one))
        {
            let count = live.members.len();
            let problem = format!(
                "the list of {count} members lacks the identity it was read as, which was in it"
            );
            return Err(ApiError::incomplete("members of the organization".to_owned(), &problem));
        }
    }
    if scope.service_accounts {
        let (accounts, unread) = service_accounts(client, scope).await?;
        live.service_accounts = Some(accounts);
        live.unread_rows.extend(unread);
    }
    live.projects = projects
        .union(&scope.service_account_projects)
        .map(|id| LiveProject {
            id: *id,
            name: id.to_string(),
            members_read: scope.members && projects.contains(id),
            service_accounts_read: scope.service_account_projects.contains(id),
            custom_roles: None,
        })
        .collect();
    live.normalize();
    Ok(live)
}

async fn service_accounts<R: AccessRead>(
    client: &R,
    scope: &Scope,
) -> Result<(Vec<LiveServiceAccount>, Vec<UnreadRow>), ApiError> {
    let listed = client.service_accounts().await?.ok_or_else(|| unanswered("service accounts"))?;
    // Owned numbers: futures that borrow them could not move between threads.
    let reads = scope.service_account_projects.iter().copied().map(|project| async move {
        let rows = client.project_service_accounts(project).await?;
        let rows = rows.ok_or_else(|| unanswered("service accounts of a project"))?;
        Ok::<_, ApiError>((project, rows))
    });
    let rows = stream::iter(reads).buffered(scope.in_flight.max(1)).try_collect().await?;
    let (accounts, _, unread) = with_grants(listed, rows);
    Ok((accounts, unread))
}

fn unanswered(what: &str) -> ApiError {
    ApiError {
        kind: ErrorKind::Permanent,
        request: what.to_owned(),
        status: None,
        message: "the service does not answer this list".to_owned(),
        hint: Some("Run `mixaccess doctor` to see what the organization answers.".to_owned()),
        retry_after: None,
    }
}

/// Drops what whoever leaves has on their own in projects that planning had not read: what teams give is
/// read with them, and their projects need not be declared. A removal takes those roles too, and could
/// not name them; every plan would be stale for them. What the people of the plan are changed in was read.
pub(crate) fn forget_unread(live: &mut LiveState, content: &PlanContent) {
    let leaving = content.changes.iter().filter(|change| change.write.verb.ends());
    let leaving = leaving.filter_map(|change| change.subject.email());
    let leaving = leaving.collect::<BTreeSet<_>>();
    if leaving.is_empty() {
        return;
    }
    let declared = content.projects.iter().filter(|project| project.declared);
    let of_people = content.changes.iter().filter(|change| change.subject.email().is_some());
    let read = declared
        .map(|project| project.id)
        .chain(of_people.flat_map(projects_of))
        .collect::<BTreeSet<_>>();
    for member in live.members.iter_mut().filter(|member| leaving.contains(&member.email)) {
        member
            .grants
            .retain(|grant| !grant.source.is_individual() || read.contains(&grant.project));
    }
}

/// Lays a newer reading of `scope` over an older one of more.
pub(crate) fn refresh(older: &mut LiveState, newer: LiveState, scope: &Scope) {
    let read = |what: fn(&LiveProject) -> bool| {
        let read = newer.projects.iter().filter(|project| what(project));
        read.map(|project| project.id).collect::<BTreeSet<_>>()
    };
    let members_read = read(|project| project.members_read);
    let service_accounts_read = read(|project| project.service_accounts_read);
    let is_told_anew = |row: &UnreadRow| match row.list {
        UnreadList::Members => scope.members,
        UnreadList::ProjectMembers => row.project.is_some_and(|id| members_read.contains(&id)),
        UnreadList::Teams => newer.teams.is_some(),
        UnreadList::ServiceAccounts => newer.service_accounts.is_some(),
        UnreadList::ProjectServiceAccounts => {
            row.project.is_some_and(|id| service_accounts_read.contains(&id))
        }
        UnreadList::IdentityProvider => false,
    };
    older.unread_rows.retain(|row| !is_told_anew(row));
    older.unread_rows.extend(newer.unread_rows);
    if newer.teams.is_some() {
        older.teams = newer.teams;
    }
    if let Some(mut accounts) = newer.service_accounts {
        let known = older.service_accounts.take().unwrap_or_default();
        let mut known: BTreeMap<_, _> =
            known.into_iter().map(|account| (account.id, account.grants)).collect();
        for account in &mut accounts {
            let grants = known.remove(&account.id).unwrap_or_default();
            account.grants.extend(elsewhere(grants, &service_accounts_read));
        }
        older.service_accounts = Some(accounts);
    }
    if scope.members {
        let known = std::mem::take(&mut older.members).into_iter();
        let mut known: BTreeMap<_, _> =
            known.map(|member| ((member.email, member.id), member.grants)).collect();
        older.members = newer.members;
        for member in &mut older.members {
            let grants = known.remove(&(member.email.clone(), member.id)).unwrap_or_default();
            member.grants.extend(elsewhere(grants, &members_read));
        }
    }
    older.normalize();
}

fn elsewhere(grants: Vec<Grant>, read: &BTreeSet<ProjectId>) -> impl Iterator<Item = Grant> {
    grants.into_iter().filter(|grant| !read.contains(&grant.project))
}
