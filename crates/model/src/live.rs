//! Live state: what the service answered, read once per run.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::OwnGrant;
use crate::{
    Dialect, Email, Grant, Invitation, LiveIdentityProvider, LiveServiceAccount, LiveTeam,
    ManagedBy, OrganizationId, OrganizationRole, ProjectId, ProjectRole, UnreadRow, UserId,
    printable,
};

/// Version of the live-state file that this program writes and reads.
pub const LIVE_FORMAT_VERSION: u32 = 1;

/// Live state: what the service answered, read once per run.
///
/// Also the content of a `snapshot` file. `projects` is sorted by id and `members` by address;
/// [`LiveState::normalize`] restores that order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveState {
    /// [`LIVE_FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// The organization that was read.
    pub organization: OrganizationId,
    /// Its name, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// The dialect it was read through.
    pub dialect: Dialect,
    /// When reading began.
    pub taken_at: Timestamp,
    /// Who the credentials are.
    pub actor: Actor,
    /// Every project of the organization, sorted by id.
    pub projects: Vec<LiveProject>,
    /// Every member, pending ones included, sorted by address.
    pub members: Vec<LiveMember>,
    /// Every team, sorted by name; absent when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<LiveTeam>>,
    /// Every service account, sorted by name; absent when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_accounts: Option<Vec<LiveServiceAccount>>,
    /// What SCIM said; absent when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_provider: Option<LiveIdentityProvider>,
    /// The lists that the service did not give although they were asked for, sorted: what they would
    /// have held is unknown, and not absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// The rows of lists that were given which could not be read, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_rows: Vec<UnreadRow>,
}

/// A list that the service did not give.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    /// Which list.
    pub list: UnreadList,
    /// Of which project, where it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// What the service said instead, as a fragment.
    pub why: String,
}

/// A list that a plan can do without.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UnreadList {
    /// The members of the organization; only rows of it can be unread.
    Members,
    /// The members of a project.
    ProjectMembers,
    /// The service accounts of a project.
    ProjectServiceAccounts,
    /// The service accounts.
    ServiceAccounts,
    /// The teams.
    Teams,
    /// The people and groups of the identity provider.
    IdentityProvider,
}

impl UnreadList {
    /// The words used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Members | Self::ProjectMembers => "members",
            Self::ProjectServiceAccounts | Self::ServiceAccounts => "service accounts",
            Self::Teams => "teams",
            Self::IdentityProvider => "people and groups of the identity provider",
        }
    }
}

/// The identity that the credentials stand for, as far as the service tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Its address, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Its number, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Its organization role; absent when the service did not say, and then its power is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRole>,
    /// The name of the service account that the credentials are of. The program knows it whatever the
    /// service answers; absent in live-state files without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<Arc<str>>,
    /// Its role in each project that it reaches, where the service told them and its organization role
    /// alone does not say what it may do there; sorted by project. Absent is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<OwnGrant>>,
}

/// A project of the live organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveProject {
    /// Its number.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Whether its members were read; without that, nobody's grants in it are known.
    pub members_read: bool,
    /// Whether its service accounts were read; without that, their grants in it are not known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub service_accounts_read: bool,
    /// The roles it defines itself, sorted; absent when the service does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_roles: Option<Vec<Arc<str>>>,
}

/// A person in the live organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveMember {
    /// The number that write verbs want; a pending person may not have one yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// The address as the service spells it.
    pub email: Email,
    /// The name, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// The organization role; absent when the service named none that we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRole>,
    /// Whether the invitation was accepted.
    #[serde(default, skip_serializing_if = "MemberStatus::is_active")]
    pub status: MemberStatus,
    /// The invitation, where it is not accepted and the service says something about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// Who manages the account, when the service said it.
    #[serde(default, skip_serializing_if = "ManagedBy::is_mixpanel")]
    pub managed_by: ManagedBy,
    /// When the person was last active, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_active: Option<Timestamp>,
    /// Every grant in the projects that were read, sorted by project, role and source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}

/// Whether an invitation was accepted.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// Accepted: a member.
    #[default]
    Active,
    /// Invited and not yet accepted.
    Pending,
}

impl MemberStatus {
    /// Whether the invitation was accepted.
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active)
    }
}

/// Why a live-state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LiveFormatError {
    /// The file is not a live-state file.
    #[error("not a live-state file: {0}")]
    Json(#[from] serde_json::Error),
    /// The file comes from a newer program.
    #[error(
        "live-state format version {found} is newer than {LIVE_FORMAT_VERSION}, the newest this program reads"
    )]
    Newer {
        /// The version the file names.
        found: u32,
    },
}

impl LiveState {
    /// Reads a live-state file and restores its order.
    ///
    /// # Errors
    /// When the text is no live state, or comes from a newer program.
    pub fn from_json(bytes: &[u8]) -> Result<Self, LiveFormatError> {
        let mut live = match serde_json::from_slice::<Self>(bytes) {
            Ok(live) => live,
            Err(error) => {
                return Err(match format_version_of(bytes) {
                    Some(found) if found > LIVE_FORMAT_VERSION => LiveFormatError::Newer { found },
                    _ => LiveFormatError::Json(error),
                });
            }
        };
        if live.format_version > LIVE_FORMAT_VERSION {
            return Err(LiveFormatError::Newer { found: live.format_version });
        }
        live.normalize();
        Ok(live)
    }

    /// Sorts projects by id, members by address and grants by project, and drops what was said twice
    /// (as pages of an answer can overlap), so that the order of the service's answers never shows.
    pub fn normalize(&mut self) {
        self.projects.sort_by(|a, b| {
            (a.id, &a.name).cmp(&(b.id, &b.name)).then(a.members_read.cmp(&b.members_read))
        });
        self.projects.dedup_by(|again, first| {
            let same = again.id == first.id;
            first.members_read |= same && again.members_read;
            first.service_accounts_read |= same && again.service_accounts_read;
            same
        });
        for project in &mut self.projects {
            if let Some(roles) = &mut project.custom_roles {
                roles.sort_unstable();
                roles.dedup();
            }
        }
        for member in &mut self.members {
            member.grants.sort_unstable();
            member.grants.dedup();
        }
        self.members.sort_by(LiveMember::in_order);
        self.members.dedup_by(|again, first| again.in_order(first).is_eq());
        self.normalize_teams();
        self.normalize_service_accounts();
        self.unread.sort_unstable();
        self.unread.dedup();
        self.unread_rows.sort_unstable();
        self.unread_rows.dedup();
    }

    /// What the service said instead of a list; nothing where it gave it, or was not asked.
    pub fn why_unread(&self, list: UnreadList, project: Option<ProjectId>) -> Option<&str> {
        let unread = self.unread.iter().find(|one| one.list == list && one.project == project);
        unread.map(|one| one.why.as_str())
    }

    fn normalize_teams(&mut self) {
        let Some(teams) = &mut self.teams else { return };
        for team in &mut *teams {
            team.members.sort_unstable();
            team.members.dedup();
            team.grants.sort_unstable();
            // Should the service name several roles, the strongest counts, as for people.
            team.grants.dedup_by(|again, first| {
                let same = again.project == first.project;
                if same && again.role.power() > first.role.power() {
                    std::mem::swap(&mut first.role, &mut again.role);
                }
                same
            });
        }
        teams.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        teams.dedup_by(|again, first| again.id == first.id && again.name == first.name);
    }

    fn normalize_service_accounts(&mut self) {
        let Some(accounts) = &mut self.service_accounts else { return };
        for account in &mut *accounts {
            account.grants.sort_unstable();
            account.grants.dedup();
        }
        accounts.sort_by(|a, b| (&a.username, a.id).cmp(&(&b.username, b.id)));
        accounts.dedup_by(|again, first| again.id == first.id && again.username == first.username);
    }

    /// The team with that name; nothing when there is none, or teams were not read.
    pub fn team(&self, name: &str) -> Option<&LiveTeam> {
        let teams = self.teams.as_deref().unwrap_or_default();
        let at = teams.partition_point(|team| &*team.name < name);
        teams.get(at).filter(|team| &*team.name == name)
    }

    /// The service account with that name, or else the first that has it with what the service appends;
    /// nothing when there is none, or they were not read.
    pub fn service_account(&self, username: &str) -> Option<&LiveServiceAccount> {
        let accounts = self.service_accounts.as_deref().unwrap_or_default();
        let at = accounts.partition_point(|account| &*account.username < username);
        let rest = accounts.get(at..).unwrap_or_default().iter();
        rest.take_while(|account| account.username.starts_with(username))
            .find(|account| account.is_called(username))
    }

    /// The member with that address. With look-alike duplicates, the first of them.
    pub fn member(&self, email: &Email) -> Option<&LiveMember> {
        let at = self.members.partition_point(|member| member.email < *email);
        self.members.get(at).filter(|member| member.email == *email)
    }

    /// The project with that number.
    pub fn project(&self, id: ProjectId) -> Option<&LiveProject> {
        let at = self.projects.binary_search_by_key(&id, |project| project.id).ok()?;
        self.projects.get(at)
    }

    /// How many members own the organization; pending ones do not count.
    pub fn active_owners(&self) -> usize {
        self.members.iter().filter(|member| member.is_active_owner()).count()
    }

    /// Why the members cannot be everybody; nothing where they can. `listed_before` is whether the
    /// identity we run as was once a member.
    ///
    /// That a service account is none proves nothing. It is a person who has the address where the
    /// service accounts were read and none of them has it.
    pub fn incomplete(&self, listed_before: bool) -> Option<String> {
        without_owner(&self.members).or_else(|| self.lacks_actor(listed_before))
    }

    /// Why a list of members without the identity we run as cannot be whole; nothing where it can.
    pub fn lacks_actor(&self, listed_before: bool) -> Option<String> {
        let expected = listed_before || self.acts_as_person();
        (expected && self.lists_actor() == Some(false)).then(|| {
            let who = match (&self.actor.email, self.actor.user) {
                (Some(email), _) => printable(email.as_str()).into_owned(),
                (None, Some(user)) => format!("number {user}"),
                (None, None) => "the identity we run as".to_owned(),
            };
            let why = if listed_before { "was in it before" } else { "is no service account" };
            let count = self.members.len();
            format!("the list of {count} members lacks {who}, as whom it was read and who {why}")
        })
    }

    /// Whether the list of members has the identity we run as; nothing where it is not known who that is.
    /// Whom only a project names has no organization role, and is not in that list.
    pub fn lists_actor(&self) -> Option<bool> {
        let Actor { email, user, .. } = &self.actor;
        let is_told = email.is_some() || user.is_some();
        let mut listed = self.members.iter().filter(|member| member.organization_role.is_some());
        is_told.then(|| listed.any(|member| self.actor.is(member)))
    }

    /// Whether it is certain that we run as a person: an address of another name than the credentials
    /// have, which none of the service accounts has.
    fn acts_as_person(&self) -> bool {
        let Actor { email: Some(email), user, service_account, .. } = &self.actor else {
            return false;
        };
        let local = email.folded().split_once('@').map_or(email.folded(), |(local, _)| local);
        // The service may put something behind a name.
        let is_of = |name: &str, other: &str| {
            let rest = name.strip_prefix(other);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let alike = |one: &str, other: &str| is_of(one, other) || is_of(other, one);
        let own = service_account.as_ref().map(|own| own.to_lowercase());
        let has_it = |name: &str| alike(name, email.folded()) || alike(name, local);
        if own.as_deref().is_some_and(has_it) {
            return false;
        }
        let Some(accounts) = &self.service_accounts else { return false };
        !accounts.iter().any(|account| {
            let name = account.username.to_lowercase();
            (user.is_some() && account.user == *user)
                || own.as_deref().is_some_and(|own| alike(&name, own))
                || has_it(&name)
        })
    }

    /// How many individual grants there are in the projects that were read.
    pub fn individual_grants(&self) -> usize {
        self.members
            .iter()
            .map(|member| member.grants.iter().filter(|grant| grant.source.is_individual()).count())
            .sum()
    }
}

impl Actor {
    /// Whether a member is this identity.
    pub fn is(&self, member: &LiveMember) -> bool {
        self.email.as_ref() == Some(&member.email)
            || (self.user.is_some() && self.user == member.id)
    }
}

/// Why these cannot be all members of an organization: it always has an accepted owner.
pub fn without_owner(members: &[LiveMember]) -> Option<String> {
    (!members.iter().any(LiveMember::is_active_owner)).then(|| match members.len() {
        0 => "the list of members is empty".to_owned(),
        count => format!(
            "none of the {count} members in the list is an accepted owner, and every organization has one"
        ),
    })
}

impl LiveMember {
    /// Whether this is an accepted owner of the organization.
    pub fn is_active_owner(&self) -> bool {
        self.status.is_active() && self.organization_role == Some(OrganizationRole::Owner)
    }

    /// Every grant in one project.
    pub fn grants_in(&self, project: ProjectId) -> &[Grant] {
        let from = self.grants.partition_point(|grant| grant.project < project);
        let rest = self.grants.get(from..).unwrap_or_default();
        let count = rest.partition_point(|grant| grant.project == project);
        rest.get(..count).unwrap_or_default()
    }

    /// The individual grant in one project. Should the service name several, the strongest, so that
    /// none hides behind a weaker one.
    pub fn individual_role(&self, project: ProjectId) -> Option<&ProjectRole> {
        Grant::individual_role(self.grants_in(project))
    }

    /// The individual grant in each project that has one, sorted by project.
    pub fn individual_grants(&self) -> impl Iterator<Item = (ProjectId, &ProjectRole)> {
        self.grants
            .chunk_by(|a, b| a.project == b.project)
            .filter_map(|rows| Some((rows.first()?.project, Grant::individual_role(rows)?)))
    }

    /// A total order: by address first, then by everything else that is known.
    fn in_order(&self, other: &Self) -> Ordering {
        let Self {
            id,
            email,
            name,
            organization_role,
            status,
            invitation,
            managed_by,
            last_active,
            grants,
        } = self;
        email
            .cmp(&other.email)
            // Of several accounts of one person the one that is in use stands for them.
            .then_with(|| other.status.is_active().cmp(&status.is_active()))
            .then_with(|| id.is_none().cmp(&other.id.is_none()))
            .then_with(|| id.cmp(&other.id))
            .then_with(|| email.as_str().cmp(other.email.as_str()))
            .then_with(|| status.cmp(&other.status))
            .then_with(|| organization_role.cmp(&other.organization_role))
            .then_with(|| name.cmp(&other.name))
            .then_with(|| last_active.cmp(&other.last_active))
            .then_with(|| invitation.cmp(&other.invitation))
            .then_with(|| managed_by.cmp(&other.managed_by))
            .then_with(|| grants.cmp(&other.grants))
    }
}

fn format_version_of(bytes: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Header {
        format_version: u32,
    }
    serde_json::from_slice::<Header>(bytes).ok().map(|header| header.format_version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GrantSource;

    fn member(email: &str, id: Option<u64>) -> LiveMember {
        LiveMember {
            id: id.map(UserId),
            email: Email::new(email),
            name: None,
            organization_role: Some(OrganizationRole::Member),
            status: MemberStatus::Active,
            invitation: None,
            managed_by: ManagedBy::Mixpanel,
            last_active: None,
            grants: Vec::new(),
        }
    }

    fn individual(project: u64, role: &str) -> Grant {
        Grant {
            project: ProjectId(project),
            role: ProjectRole::parse(role),
            source: GrantSource::Individual,
        }
    }

    fn live(projects: Vec<LiveProject>, members: Vec<LiveMember>) -> LiveState {
        LiveState {
            format_version: LIVE_FORMAT_VERSION,
            organization: OrganizationId(1),
            organization_name: None,
            dialect: Dialect::Members,
            taken_at: Timestamp::UNIX_EPOCH,
            actor: Actor::default(),
            projects,
            members,
            teams: None,
            service_accounts: None,
            identity_provider: None,
            unread: Vec::new(),
            unread_rows: Vec::new(),
        }
    }

    #[test]
    fn order_and_repetition_of_answers_never_show() {
        let project = |id, name: &str, members_read| LiveProject {
            id: ProjectId(id),
            name: name.to_owned(),
            members_read,
            service_accounts_read: false,
            custom_roles: None,
        };
        let mut with_grants = member("b@x.example", Some(2));
        with_grants.grants =
            vec![individual(7, "admin"), individual(3, "analyst"), individual(7, "admin")];
        let projects =
            vec![project(7, "Web", false), project(3, "iOS", true), project(7, "Web 2", true)];
        let members = vec![
            with_grants.clone(),
            member("A@x.example", None),
            member("a@x.example", None),
            with_grants,
        ];
        let mut forwards = live(projects.clone(), members.clone());
        let mut backwards =
            live(projects.into_iter().rev().collect(), members.into_iter().rev().collect());
        forwards.normalize();
        backwards.normalize();
        assert_eq!(
            serde_json::to_string(&forwards).unwrap(),
            serde_json::to_string(&backwards).unwrap()
        );
        assert_eq!(forwards.projects, vec![project(3, "iOS", true), project(7, "Web", true)]);
        // Two spellings are two accounts; the same account said twice is one.
        let spelled: Vec<&str> =
            forwards.members.iter().map(|member| member.email.as_str()).collect();
        assert_eq!(spelled, ["A@x.example", "a@x.example", "b@x.example"]);
        assert_eq!(
            forwards.members.last().unwrap().grants,
            vec![individual(3, "analyst"), individual(7, "admin")]
        );
    }

    #[test]
    fn members_without_an_owner_or_without_us_are_not_everybody() {
        let with = |members: &[(&str, &str)]| {
            let members = members.iter().enumerate().map(|(id, (email, role))| LiveMember {
                organization_role: OrganizationRole::parse(role),
                status: if *role == "pending" {
                    MemberStatus::Pending
                } else {
                    MemberStatus::Active
                },
                ..member(email, u64::try_from(id).ok())
            });
            live(Vec::new(), members.collect())
        };
        assert!(with(&[]).incomplete(false).unwrap().contains("empty"));
        for role in ["admin", "pending", "emperor"] {
            let told = with(&[("a@x.example", role)]).incomplete(false).unwrap();
            assert!(told.contains("none of the 1 members"), "{role}: {told}");
        }
        let mut ours = with(&[("a@x.example", "owner"), ("b@x.example", "member")]);
        assert_eq!((ours.incomplete(true), ours.lists_actor()), (None, None));
        ours.actor.email = Some(Email::new("B@x.example"));
        assert_eq!((ours.incomplete(true), ours.lists_actor()), (None, Some(true)));
        // A service account is in no list of members, and mostly nobody knows what we are.
        ours.actor.email = Some(Email::new("jane@x.example"));
        ours.actor.service_account = Some(Arc::from("ci.x7.mp-service-account"));
        assert_eq!(ours.incomplete(false), None);
        assert!(ours.incomplete(true).unwrap().contains("lacks jane@x.example"));
        let account = |username: &str, user: Option<u64>| LiveServiceAccount {
            id: crate::ServiceAccountId(9),
            username: Arc::from(username),
            created: None,
            expires: None,
            last_used: None,
            user: user.map(UserId),
            creator: None,
            creator_email: None,
            grants: Vec::new(),
        };
        ours.actor.user = Some(UserId(77));
        for (username, user, is_account) in [
            ("ci", None, true),
            ("CI.x7.mp-service-account", None, true),
            ("jane@x.example", None, true),
            ("jane", None, true),
            ("other", Some(77), true),
            ("other", Some(78), false),
            ("cicd", None, false),
        ] {
            ours.service_accounts = Some(vec![account(username, user)]);
            assert_eq!(ours.incomplete(false).is_none(), is_account, "{username}");
        }
        ours.service_accounts = Some(Vec::new());
        assert!(ours.incomplete(false).unwrap().contains("is no service account"));
        // The address that the service makes of the name of the credentials is their own.
        for email in ["ci@x.example", "ci.x7.mp-service-account", "CI.x7@x.example"] {
            ours.actor.email = Some(Email::new(email));
            assert_eq!(ours.incomplete(false), None, "{email}");
        }
    }

    #[test]
    fn the_strongest_of_several_individual_rows_counts() {
        let mut one = member("a@x.example", Some(1));
        for (rows, expected) in [
            (vec!["consumer", "admin"], Some("admin")),
            (vec!["Messenger", "owner"], Some("owner")),
            (vec!["Messenger"], Some("Messenger")),
            (vec![], None),
        ] {
            one.grants = rows.iter().map(|role| individual(7, role)).collect();
            one.grants.push(individual(9, "owner"));
            one.grants.sort();
            let held = one.individual_role(ProjectId(7)).map(ProjectRole::as_str);
            assert_eq!(held, expected, "{rows:?}");
        }
    }
}
