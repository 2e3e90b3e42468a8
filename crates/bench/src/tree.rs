//! An organization of any size: access files, and the live state that meets them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use mixaccess_model::{
    Actor, Dialect, Email, Grant, GrantSource, LIVE_FORMAT_VERSION, LiveMember, LiveProject,
    LiveState, ManagedBy, MemberStatus, OrganizationId, OrganizationRole, ProjectId, ProjectRole,
    UserId,
};

use crate::person::{PROFILE_ROLE, Person};
use crate::shape::{GROUP_SIZE, project_key};

pub use crate::shape::Shape;

mod company;

const ORGANIZATION: u64 = 12345;
const FIRST_PROJECT: usize = 2_000_000;
const FIRST_USER: usize = 500_000;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Grants that the files declare.
    pub grants: usize,
    /// Files.
    pub files: usize,
    /// Bytes in them.
    pub bytes: usize,
    /// Bytes of the live state.
    pub live_bytes: u64,
}

impl Shape {
    /// Writes the files to `directory/access` and the live state to `directory/live.json`. The same shape
    /// gives the same bytes.
    ///
    /// # Errors
    /// When the shape is impossible, or the disk refuses.
    pub fn write(&self, directory: &Path) -> Result<Written> {
        ensure!(self.projects >= GROUP_SIZE, "at least {GROUP_SIZE} projects are needed");
        ensure!(
            (1..=self.projects).contains(&self.grants_each),
            "somebody has between 1 and {} grants",
            self.projects
        );
        let access = directory.join("access");
        let people = access.join("people");
        fs::create_dir_all(&people)
            .with_context(|| format!("cannot create {}", people.display()))?;
        let mut written = Written::default();
        let mut members = Vec::with_capacity(self.people);
        let mut profiles = BTreeSet::new();
        let mut differences = Differences::over(self);
        for index in 0..self.people {
            let person = Person::new(index, self);
            written.grants += person.roles.len();
            profiles.extend(person.profile);
            save(&people.join(format!("person-{index:06}.yaml")), &person.yaml, &mut written)?;
            let mut roles = person.roles;
            differences.differ(index, &mut roles);
            let mut member = member(index, &person.email, &person.name, person.owns, &roles);
            if self.is_pending(index, person.owns) {
                member.status = MemberStatus::Pending;
            }
            if let Some(team) = self.team_of(index) {
                member.grants.push(self.team_grant(team));
                member.grants.sort_unstable();
            }
            members.push(member);
        }
        let organization = self.organization(&profiles) + &self.teams() + &self.service_accounts();
        save(&access.join("organization.yaml"), &organization, &mut written)?;
        ensure!(
            differences.left == 0,
            "there is no room for {} of the differences",
            differences.left
        );
        let path = directory.join("live.json");
        let mut file = BufWriter::new(fs::File::create(&path)?);
        serde_json::to_writer(&mut file, &self.live(members))?;
        file.flush().with_context(|| format!("cannot write {}", path.display()))?;
        written.live_bytes = fs::metadata(&path)?.len();
        Ok(written)
    }

    fn organization(&self, used: &BTreeSet<usize>) -> String {
        let mut text = String::from(
            "organization: { id: 12345, name: Big Corp, time_zone: Europe/Berlin }\n\
             policy:\n  owners: { minimum: 2 }\n  protected: [\"*@breakglass.example\"]\n  rules:\n    \
             - deny: { outside: [agency.example], environment: production, role: [owner, admin] }\n      \
             because: only the agency under contract may administer a production project\n\
             projects:\n",
        );
        for project in 0..self.projects {
            let environment = if project.is_multiple_of(2) { "production" } else { "staging" };
            let (key, id) = (project_key(project), project_id(project));
            // A String takes whatever is written to it.
            let _ = writeln!(text, "  {key}: {{ id: {id}, environment: {environment} }}");
        }
        let (mut groups, mut profiles) = (String::new(), String::new());
        for group in 0..self.groups() {
            let first = group * GROUP_SIZE;
            let keys: Vec<String> =
                (first..(first + GROUP_SIZE).min(self.projects)).map(project_key).collect();
            let _ = writeln!(groups, "  group-{group}: [{}]", keys.join(", "));
            if used.contains(&group) {
                let _ = writeln!(
                    profiles,
                    "  group-{group}-analyst: {{ projects: {{ group-{group}: {PROFILE_ROLE} }} }}"
                );
            }
        }
        text + "project_groups:\n" + &groups + "profiles:\n" + &profiles
    }

    fn live(&self, members: Vec<LiveMember>) -> LiveState {
        let projects = (0..self.projects).map(|project| LiveProject {
            id: project_id(project),
            name: format!("Project {project}"),
            members_read: true,
            service_accounts_read: self.service_accounts > 0,
            custom_roles: None,
        });
        LiveState {
            format_version: LIVE_FORMAT_VERSION,
            organization: OrganizationId(ORGANIZATION),
            organization_name: Some("Big Corp".to_owned()),
            dialect: Dialect::Members,
            taken_at: Timestamp::UNIX_EPOCH,
            actor: Actor {
                email: Some(Email::new("automation@breakglass.example")),
                user: None,
                organization_role: Some(OrganizationRole::Owner),
                service_account: Some("automation".into()),
                projects: None,
            },
            projects: projects.collect(),
            members,
            teams: (self.teams > 0).then(|| self.live_teams()),
            service_accounts: (self.service_accounts > 0).then(|| self.live_service_accounts()),
            identity_provider: None,
            unread: Vec::new(),
            unread_rows: Vec::new(),
        }
    }

    /// Spread over everybody, and never an owner.
    const fn is_pending(&self, index: usize, owns: bool) -> bool {
        !owns && index * 37 % 100 < self.pending
    }
}

/// The key of a project in the files.
pub(crate) fn project_id(project: usize) -> ProjectId {
    ProjectId((FIRST_PROJECT + project) as u64)
}

fn save(path: &Path, text: &str, written: &mut Written) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    written.files += 1;
    written.bytes += text.len();
    Ok(())
}

fn member(
    index: usize,
    email: &str,
    name: &str,
    owns: bool,
    roles: &BTreeMap<usize, ProjectRole>,
) -> LiveMember {
    let grant = |(project, role): (&usize, &ProjectRole)| Grant {
        project: project_id(*project),
        role: role.clone(),
        source: GrantSource::Individual,
    };
    LiveMember {
        id: Some(UserId((FIRST_USER + index) as u64)),
        email: Email::new(email),
        name: Some(name.into()),
        organization_role: Some(if owns {
            OrganizationRole::Owner
        } else {
            OrganizationRole::Member
        }),
        status: MemberStatus::Active,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: roles.iter().map(grant).collect(),
    }
}

/// Spreads the differences over the people.
struct Differences {
    people: usize,
    changes: usize,
    left: usize,
}

impl Differences {
    const fn over(shape: &Shape) -> Self {
        Self { people: shape.people, changes: shape.changes, left: shape.changes }
    }

    /// Makes somebody's live roles differ: of every ten grants that differ, four are missing, five are
    /// weaker or stronger than declared and one stands where the files say nothing.
    fn differ(&mut self, index: usize, roles: &mut BTreeMap<usize, ProjectRole>) {
        let before = |people: usize| people * self.changes / self.people.max(1);
        let (from, to) = (before(index), before(index + 1));
        let held: Vec<usize> = roles.keys().copied().collect();
        let mut free = (0..).filter(|project| held.binary_search(project).is_err());
        let last = held.last().copied().unwrap_or_default();
        for (change, project) in (from..to).zip(&held) {
            match change % 10 {
                0..4 => {
                    roles.remove(project);
                }
                4..9 => {
                    roles.entry(*project).and_modify(|role| *role = another(role));
                }
                _ => {
                    let stray = free.next().filter(|stray| *stray < last);
                    roles.insert(stray.unwrap_or(*project), ProjectRole::Owner);
                }
            }
            self.left -= 1;
        }
    }
}

/// A role that is not this one.
const fn another(role: &ProjectRole) -> ProjectRole {
    match role {
        ProjectRole::Consumer => ProjectRole::Admin,
        ProjectRole::Analyst | ProjectRole::Custom(_) => ProjectRole::Consumer,
        ProjectRole::Admin | ProjectRole::Owner => ProjectRole::Analyst,
    }
}
