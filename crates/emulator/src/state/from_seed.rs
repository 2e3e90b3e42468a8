//! Seeds to state and back.

mod provider;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Account, Project, State};
use crate::audit::Log;
use crate::member::{Member, Team};
use crate::role::ProjectRole;
use crate::seed::{self, Seed, SeedError};

/// The most custom roles a project may have (`SERVICE.md`, "Behaviour", 10).
const CUSTOM_ROLES: usize = 5;

/// The number of the first member when no member has one.
const FIRST_MEMBER_ID: u64 = 1001;

/// The number of the first team when no team has one.
const FIRST_TEAM_ID: u64 = 1;

/// The number of the first service account when no account has one.
const FIRST_ACCOUNT_ID: u64 = 1;

impl Seed {
    /// Reads a YAML seed and checks that such an organization can exist.
    ///
    /// # Errors
    /// When the text is no seed, or describes an organization that cannot exist.
    pub fn from_yaml(text: &str) -> Result<Self, SeedError> {
        Self::checked(serde_yaml::from_str(text)?)
    }

    /// Reads a JSON seed and checks that such an organization can exist.
    ///
    /// # Errors
    /// When the text is no seed, or describes an organization that cannot exist.
    pub fn from_json(text: &str) -> Result<Self, SeedError> {
        Self::checked(serde_json::from_str(text)?)
    }

    fn checked(seed: Self) -> Result<Self, SeedError> {
        State::from_seed(&seed)?;
        Ok(seed)
    }
}

impl State {
    /// Builds the state a seed describes.
    ///
    /// # Errors
    /// When no such organization can exist.
    pub(crate) fn from_seed(seed: &Seed) -> Result<Self, SeedError> {
        let projects = projects(seed)?;
        let (members, next_member_id) = members(seed, &projects)?;
        let mut state = Self {
            organization: seed.organization.clone(),
            served: Arc::new(served(seed)?),
            projects: Arc::new(projects),
            teams: BTreeMap::new(),
            members,
            accounts: BTreeMap::new(),
            provider: Arc::default(),
            next_member_id,
            next_team_id: seed.next_team_id.unwrap_or_default(),
            next_account_id: seed.next_service_account_id.unwrap_or_default(),
        };
        state.add_teams(&seed.teams)?;
        state.add_accounts(&seed.service_accounts)?;
        state.provider = Arc::new(state.provider(seed.scim.as_ref())?);
        if state.owners() == 0 {
            return Err(impossible(
                "members",
                "nobody is an active owner; an organization has at least one",
            ));
        }
        Ok(state)
    }

    /// The seed that describes this state; `uses` are the accounts that have been used since.
    pub(crate) fn to_seed(&self, log: &Log, uses: &BTreeMap<u64, Timestamp>) -> Seed {
        let account = |(id, account): (&u64, &Arc<Account>)| {
            let last_used = uses.get(id).copied().or(account.last_used);
            account.to_seed(*id, last_used)
        };
        Seed {
            organization: self.organization.clone(),
            served: (*self.served).clone(),
            service_accounts: self.accounts.iter().map(account).collect(),
            projects: self.projects.iter().map(|(id, project)| project.to_seed(*id)).collect(),
            teams: self.teams.iter().map(|(id, team)| self.team_to_seed(*id, team)).collect(),
            members: self.members.iter().map(|(id, member)| member.to_seed(*id)).collect(),
            events: log.events().iter().map(|event| (**event).clone()).collect(),
            scim: self.scim(),
            scim_log: log.scim().to_vec(),
            next_member_id: Some(self.next_member_id),
            next_team_id: Some(self.next_team_id),
            next_service_account_id: Some(self.next_account_id),
        }
    }

    fn add_teams(&mut self, teams: &[seed::Team]) -> Result<(), SeedError> {
        let numbers = teams.iter().map(|team| team.id);
        let (ids, next) = numbered(numbers, FIRST_TEAM_ID, Some(self.next_team_id), "teams")?;
        self.next_team_id = next;
        let people = self.members.iter().map(|(id, member)| (member.email.as_str(), *id));
        let people: BTreeMap<&str, u64> = people.collect();
        let mut made = BTreeMap::new();
        let mut names = BTreeSet::new();
        for ((at, team), id) in teams.iter().enumerate().zip(ids) {
            let place = format!("teams[{at}]");
            if !names.insert(&team.name) {
                return Err(impossible(&place, format!("a second team named {:?}", team.name)));
            }
            let mut members = BTreeSet::new();
            for email in &team.members {
                let id = people.get(email.as_str()).ok_or_else(|| {
                    impossible(&format!("{place}.members"), format!("{email} is no member"))
                })?;
                members.insert(*id);
            }
            let team = Team {
                name: team.name.clone(),
                managed_by: team.managed_by,
                members,
                projects: roles(&team.projects, &self.projects, &place)?,
            };
            made.insert(id, Arc::new(team));
        }
        self.teams = made;
        Ok(())
    }

    fn add_accounts(&mut self, accounts: &[seed::ServiceAccount]) -> Result<(), SeedError> {
        let numbers = accounts.iter().map(|account| account.id);
        let next = Some(self.next_account_id);
        let (ids, next) = numbered(numbers, FIRST_ACCOUNT_ID, next, "service_accounts")?;
        self.next_account_id = next;
        for ((at, account), id) in accounts.iter().enumerate().zip(ids) {
            let place = format!("service_accounts[{at}]");
            if !is_username(&account.username) {
                return Err(impossible(&place, "a username is not empty and has no colon"));
            }
            if self.account_by_username(&account.username).is_some() {
                return Err(impossible(&place, format!("a second account {}", account.username)));
            }
            let account = Account {
                username: account.username.clone(),
                secret: account.secret.clone(),
                email: account.email.clone(),
                role: account.role,
                grants: roles(&account.projects, &self.projects, &place)?,
                created: account.created,
                expires: account.expires,
                last_used: account.last_used,
                creator: account.creator.clone(),
            };
            self.accounts.insert(id, Arc::new(account));
        }
        Ok(())
    }

    fn team_to_seed(&self, id: u64, team: &Team) -> seed::Team {
        let emails = team.members.iter().filter_map(|id| self.members.get(id));
        seed::Team {
            id: Some(id),
            name: team.name.clone(),
            managed_by: team.managed_by,
            members: emails.map(|member| member.email.clone()).collect(),
            projects: words(&team.projects),
        }
    }
}

impl Account {
    fn to_seed(&self, id: u64, last_used: Option<Timestamp>) -> seed::ServiceAccount {
        seed::ServiceAccount {
            id: Some(id),
            username: self.username.clone(),
            secret: self.secret.clone(),
            email: self.email.clone(),
            role: self.role,
            projects: words(&self.grants),
            created: self.created,
            expires: self.expires,
            last_used,
            creator: self.creator.clone(),
        }
    }
}

impl Project {
    fn to_seed(&self, id: u64) -> seed::Project {
        seed::Project {
            id,
            name: self.name.clone(),
            all_users: self.all_users.as_ref().map(|role| role.as_str().to_owned()),
            custom_roles: self.custom_roles.clone(),
            created_at: self.created_at,
            tokens: self.tokens.clone(),
        }
    }
}

impl Member {
    fn to_seed(&self, id: u64) -> seed::Member {
        seed::Member {
            id: Some(id),
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role,
            status: self.status,
            last_active: self.last_active,
            invited_at: self.invited_at,
            managed_by: self.managed_by,
            projects: words(&self.grants),
        }
    }
}

fn served(seed: &Seed) -> Result<seed::Served, SeedError> {
    let is_prefix =
        |prefix: &str| prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/'));
    match seed.served.prefixes.iter().find(|prefix| !is_prefix(prefix)) {
        None => Ok(seed.served.clone()),
        Some(prefix) => Err(impossible(
            "served.prefixes",
            format!("{prefix:?} does not begin with a slash, or ends with one"),
        )),
    }
}

fn projects(seed: &Seed) -> Result<BTreeMap<u64, Project>, SeedError> {
    let mut projects = BTreeMap::new();
    for (at, project) in seed.projects.iter().enumerate() {
        let place = format!("projects[{at}]");
        let custom = &project.custom_roles;
        if custom.len() > CUSTOM_ROLES {
            return Err(impossible(
                &format!("{place}.custom_roles"),
                format!("{} custom roles; at most {CUSTOM_ROLES}", custom.len()),
            ));
        }
        if let Some(name) = custom.iter().find(|name| ProjectRole::parse(name, &[]).is_some()) {
            return Err(impossible(
                &format!("{place}.custom_roles"),
                format!("{name} is a standard role; a custom one has another name"),
            ));
        }
        let all_users = match &project.all_users {
            Some(word) => Some(role(word, custom, &format!("{place}.all_users"))?),
            None => None,
        };
        let mut tokens = BTreeSet::new();
        if let Some(token) = project.tokens.iter().find(|token| !tokens.insert(&token.id)) {
            let reason = format!("a second token {}", token.id);
            return Err(impossible(&format!("{place}.tokens"), reason));
        }
        let value = Project {
            name: project.name.clone(),
            all_users,
            custom_roles: custom.clone(),
            created_at: project.created_at,
            tokens: project.tokens.clone(),
        };
        if projects.insert(project.id, value).is_some() {
            return Err(impossible(&place, format!("a second project {}", project.id)));
        }
    }
    Ok(projects)
}

type Members = BTreeMap<u64, Arc<Member>>;

fn members(seed: &Seed, projects: &BTreeMap<u64, Project>) -> Result<(Members, u64), SeedError> {
    let mut emails = BTreeSet::new();
    for (at, member) in seed.members.iter().enumerate() {
        let place = format!("members[{at}]");
        if !is_address(&member.email) {
            return Err(impossible(&place, format!("{:?} is no e-mail address", member.email)));
        }
        if !emails.insert(&member.email) {
            return Err(impossible(&place, format!("a second member {}", member.email)));
        }
    }
    let numbers = seed.members.iter().map(|member| member.id);
    let (ids, next) = numbered(numbers, FIRST_MEMBER_ID, seed.next_member_id, "members")?;
    let mut members = BTreeMap::new();
    for ((at, member), id) in seed.members.iter().enumerate().zip(ids) {
        let value = Member {
            email: member.email.clone(),
            name: member.name.clone(),
            role: member.role,
            status: member.status,
            last_active: member.last_active,
            invited_at: member.invited_at,
            managed_by: member.managed_by,
            grants: roles(&member.projects, projects, &format!("members[{at}]"))?,
        };
        members.insert(id, Arc::new(value));
    }
    Ok((members, next))
}

/// The number of each thing in a list, and the next free one: those without a number get the next free
/// ones in the order of the list.
fn numbered(
    numbers: impl Iterator<Item = Option<u64>> + Clone,
    first: u64,
    next: Option<u64>,
    place: &str,
) -> Result<(Vec<u64>, u64), SeedError> {
    let mut taken = BTreeSet::new();
    for (at, id) in numbers.clone().enumerate() {
        if let Some(id) = id
            && !taken.insert(id)
        {
            let place = format!("{place}[{at}]");
            return Err(impossible(&place, format!("a second one with the id {id}")));
        }
    }
    let after_last = taken.last().map_or(first, |last| last.saturating_add(1));
    let mut next = next.unwrap_or(after_last).max(after_last);
    let mut ids = Vec::new();
    for (at, id) in numbers.enumerate() {
        let id = id.unwrap_or(next);
        if id == next {
            next = next
                .checked_add(1)
                .ok_or_else(|| impossible(&format!("{place}[{at}]"), "no number is left for it"))?;
        }
        ids.push(id);
    }
    Ok((ids, next))
}

fn roles(
    words: &BTreeMap<u64, String>,
    projects: &BTreeMap<u64, Project>,
    place: &str,
) -> Result<BTreeMap<u64, ProjectRole>, SeedError> {
    words
        .iter()
        .map(|(id, word)| {
            let place = format!("{place}.projects.{id}");
            let project = projects
                .get(id)
                .ok_or_else(|| impossible(&place, "no such project in `projects`"))?;
            Ok((*id, role(word, &project.custom_roles, &place)?))
        })
        .collect()
}

fn role(word: &str, custom: &[String], place: &str) -> Result<ProjectRole, SeedError> {
    ProjectRole::parse(word, custom).ok_or_else(|| {
        impossible(
            place,
            format!(
                "unknown role {word:?}; use owner, admin, analyst, consumer or one of the project's \
                 custom_roles"
            ),
        )
    })
}

fn words(roles: &BTreeMap<u64, ProjectRole>) -> BTreeMap<u64, String> {
    roles.iter().map(|(id, role)| (*id, role.as_str().to_owned())).collect()
}

fn impossible(place: &str, reason: impl Into<String>) -> SeedError {
    SeedError::Impossible { place: place.to_owned(), reason: reason.into() }
}

/// Whether HTTP Basic authentication can carry the username.
pub(crate) fn is_username(text: &str) -> bool {
    !text.is_empty() && !text.contains(|character: char| character == ':' || character.is_control())
}

/// Whether the service would take the text for an address.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= 254
        && !local.is_empty()
        && !local.contains('@')
        && domain.split('.').all(|label| !label.is_empty())
        && domain.contains('.')
        && !text.chars().any(|character| character.is_whitespace() || character.is_control())
}
