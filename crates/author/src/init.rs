//! From a live organization to files a person would be glad to maintain.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Dialect, Email, LiveState, ManagedBy, OrganizationRole, ProviderKind, Region,
};

use crate::access::{Access, Entry};
use crate::environment::Told;
use crate::naming::file_name;
use crate::profile::{self, Profile};
use crate::remark;
use crate::survey::{Person, ServiceAccount, Survey, Team, is_sayable};
use crate::tree::{Counts, Tree, TreeFile};
use crate::yaml::{Lines, list, mapping};

/// How files are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// One file for each collaborator below `people/`, and one for each kind of the rest.
    #[default]
    FilePerCollaborator,
    /// Everything in `access.yaml`.
    OneFile,
}

/// Where the organization is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// In a region of Mixpanel's.
    Region(Region),
    /// Behind a proxy.
    BaseUrl(String),
}

/// What `init` is told besides the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitOptions {
    /// How files are laid out.
    pub arrangement: Arrangement,
    /// Where the organization is.
    pub home: Home,
    /// The identity provider that manages people, when there is one.
    pub identity_provider: Option<ProviderKind>,
    /// Further remarks about people, such as where they were found.
    pub remarks: BTreeMap<Email, String>,
}

impl Default for InitOptions {
    fn default() -> Self {
        Self {
            arrangement: Arrangement::default(),
            home: Home::Region(Region::Us),
            identity_provider: None,
            remarks: BTreeMap::new(),
        }
    }
}

/// Writes the files that say what is live: `plan` with them, against the same live state, is empty
/// (`design.md`, "Commands": `init`). What files cannot say is left out and told.
pub fn init(live: &LiveState, options: &InitOptions) -> Tree {
    let survey = Survey::of(live);
    let access = survey.people.iter().map(|person| &person.access);
    let profiles = profile::find(access, &survey.projects);
    let writer = Writer { survey: &survey, profiles: &profiles, options };
    let people = writer.people();
    let sections = [
        ("organization.yaml", writer.organization()),
        ("policy.yaml", writer.policy()),
        ("profiles.yaml", writer.profiles()),
        ("service-accounts.yaml", writer.service_accounts()),
        ("teams.yaml", writer.teams()),
    ];
    let mut files = match options.arrangement {
        Arrangement::FilePerCollaborator => Writer::apart(sections, people),
        Arrangement::OneFile => vec![Writer::together(&sections, &people)],
    };
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let counts = Counts {
        projects: survey.declared.len(),
        profiles: profiles.len(),
        collaborators: survey.people.len(),
        teams: survey.teams.as_ref().map_or(0, Vec::len),
        service_accounts: survey.service_accounts.as_ref().map_or(0, Vec::len),
    };
    Tree { files, left_out: survey.left_out, counts }
}

type Sections = [(&'static str, Lines); 5];

struct Writer<'a> {
    survey: &'a Survey<'a>,
    profiles: &'a [Profile],
    options: &'a InitOptions,
}

impl<'a> Writer<'a> {
    fn apart(sections: Sections, people: Vec<(&'a Email, Lines)>) -> Vec<TreeFile> {
        let mut files: Vec<TreeFile> = sections
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(path, lines)| TreeFile { path: path.to_owned(), text: lines.into_text() })
            .collect();
        let mut taken = BTreeSet::new();
        for (email, lines) in people {
            let mut file = Lines::default();
            file.open(0, "collaborators");
            file.push(&lines);
            let path = format!("people/{}.yaml", file_name(email.folded(), &mut taken));
            files.push(TreeFile { path, text: file.into_text() });
        }
        files
    }

    fn together(sections: &Sections, people: &[(&'a Email, Lines)]) -> TreeFile {
        let mut file = Lines::default();
        for (_, lines) in sections.iter().filter(|(_, lines)| !lines.is_empty()) {
            file.append(lines);
        }
        if !people.is_empty() {
            file.gap();
            file.open(0, "collaborators");
            for (at, (_, lines)) in people.iter().enumerate() {
                if at > 0 {
                    file.gap();
                }
                file.push(lines);
            }
        }
        TreeFile { path: "access.yaml".to_owned(), text: file.into_text() }
    }

    fn organization(&self) -> Lines {
        let Survey { live, .. } = self.survey;
        let mut lines = Lines::default();
        lines.comment(
            0,
            "The organization, its projects and the keys that other files use for them.",
        );
        let day = remark::day(live.taken_at);
        lines.comment(
            0,
            &format!("Written by `mixaccess init` from what was live on {day}; yours to change."),
        );
        lines.gap();
        lines.open(0, "organization");
        lines.raw(1, "id", &live.organization.to_string());
        if let Some(name) =
            live.organization_name.as_deref().map(str::trim).filter(|name| is_sayable(name))
        {
            lines.text(1, "name", name);
        }
        match &self.options.home {
            Home::Region(region) => lines.text(1, "region", region.as_str()),
            Home::BaseUrl(url) => lines.text(1, "base_url", url),
        }
        if live.dialect == Dialect::App {
            lines.text(1, "api", "app");
        }
        self.identity_provider(&mut lines);
        lines.gap();
        self.projects(&mut lines);
        self.left_out(&mut lines);
        lines
    }

    fn identity_provider(&self, lines: &mut Lines) {
        let managed = self.survey.people.iter().filter(|one| !one.live.managed_by.is_mixpanel());
        let domains: BTreeSet<&str> = managed.map(|one| one.live.email.domain()).collect();
        let domains: Vec<String> = domains.into_iter().map(str::to_owned).collect();
        match self.options.identity_provider {
            Some(kind) => {
                lines.open(1, "identity_provider");
                lines.text(2, "provider", kind.as_str());
                if !domains.is_empty() {
                    lines.comment(2, "The domains of everybody who is managed there: check that these are the claimed ones.");
                    lines.list(2, "domains", &domains);
                }
            }
            None if !domains.is_empty() => {
                lines.comment(1, "Somebody is managed through SCIM. Say by what, so that plans can say what to change there:");
                let entries = [("provider".to_owned(), "okta".to_owned())];
                lines.comment(1, &format!("identity_provider: {}", mapping(&entries)));
            }
            None => {}
        }
    }

    fn projects(&self, lines: &mut Lines) {
        let Survey { declared, projects, .. } = self.survey;
        if declared.is_empty() {
            return;
        }
        lines.open(0, "projects");
        for (key, project) in projects.keys.iter().zip(declared) {
            let mut fields = vec![format!("id: {}", project.live.id)];
            match &project.environment {
                Told::One(environment) => fields.push(format!("environment: {environment}")),
                Told::Several(environments) => {
                    let words = environments.join(" and ");
                    lines.comment(
                        1,
                        &format!(
                            "Which environment? The name `{}` speaks of {words}.",
                            project.live.name
                        ),
                    );
                }
                Told::Nothing => {}
            }
            if !project.custom_roles.is_empty() {
                let roles: Vec<String> = project.custom_roles.iter().cloned().collect();
                fields.push(format!("custom_roles: {}", list(&roles)));
            }
            lines.raw(1, key, &format!("{{ {} }}", fields.join(", ")));
        }
        if projects.groups.is_empty() {
            return;
        }
        lines.gap();
        lines.open(0, "project_groups");
        for (key, members) in &projects.groups {
            let members: Vec<String> =
                members.iter().filter_map(|at| projects.keys.get(*at)).cloned().collect();
            lines.list(1, key, &members);
        }
    }

    fn left_out(&self, lines: &mut Lines) {
        if self.survey.left_out.is_empty() {
            return;
        }
        lines.gap();
        lines.comment(0, "Live, and not in these files:");
        for one in &self.survey.left_out {
            lines.comment(0, &format!("- {}: {}", one.what, one.why));
        }
    }

    fn policy(&self) -> Lines {
        let owners = self.survey.live.active_owners();
        let mut lines = Lines::default();
        lines.comment(0, "The guard rails: what no plan may do, whoever wrote the other files.");
        lines.gap();
        lines.open(0, "policy");
        if owners > 1 {
            lines.comment(
                1,
                &format!(
                    "{owners} people own the organization now. At no time may fewer than two."
                ),
            );
            lines.raw(1, "owners", "{ minimum: 2 }");
        } else {
            lines.comment(1, "Two owners are recommended, so that one lost account locks nobody out. Once there are two:");
            lines.comment(1, "owners: { minimum: 2 }");
        }
        lines.comment(
            1,
            "Somebody who is live and in none of the files: report, suspend or remove.",
        );
        lines.raw(1, "unmanaged", "{ action: report }");
        lines.comment(
            1,
            "People and accounts whom no plan may touch, such as those for emergencies:",
        );
        lines.comment(1, "protected: [\"*@breakglass.acme.example\"]");
        lines
    }

    fn profiles(&self) -> Lines {
        let mut lines = Lines::default();
        if self.profiles.is_empty() {
            return lines;
        }
        lines.comment(
            0,
            "What many people share, written once. What stands at the person comes before it.",
        );
        lines.gap();
        lines.open(0, "profiles");
        for profile in self.profiles {
            lines.comment(1, &format!("{} people had exactly this.", profile.people));
            lines.open(1, &profile.key);
            lines.mapping(2, "projects", &profile.entries);
        }
        lines
    }

    fn people(&self) -> Vec<(&'a Email, Lines)> {
        let people = self.survey.people.iter();
        people.map(|person| (&person.live.email, self.person(person))).collect()
    }

    fn person(&self, person: &Person<'_>) -> Lines {
        let member = person.live;
        let mut lines = Lines::default();
        let mut remarks = remark::person(person, self.survey);
        remarks.extend(self.options.remarks.get(&member.email).cloned());
        for remark in &remarks {
            lines.comment(1, remark);
        }
        let (profile, entries) =
            profile::written(&person.access, self.profiles, &self.survey.projects);
        let mut body = Lines::default();
        if let Some(name) = member.name.as_deref().map(str::trim).filter(|name| is_sayable(name)) {
            body.text(2, "name", name);
        }
        if let Some(profile) = profile {
            body.text(2, "profile", &profile.key);
        }
        if let Some(role) =
            member.organization_role.filter(|role| *role != OrganizationRole::LOWEST)
        {
            body.text(2, "organization_role", role.as_str());
        }
        if !person.teams.is_empty() {
            body.list(2, "teams", &person.teams);
        }
        own_entries(&mut body, &entries);
        if member.managed_by == ManagedBy::Scim {
            body.text(2, "managed_by", "scim");
        }
        declaration(&mut lines, member.email.as_str(), &body);
        lines
    }

    fn teams(&self) -> Lines {
        let mut lines = Lines::default();
        let Some(teams) = &self.survey.teams else { return lines };
        lines.comment(
            0,
            "Teams and what they give. Who is in them stands at the people: `teams: [key]`.",
        );
        lines.gap();
        if teams.is_empty() {
            lines.raw(0, "teams", "{}");
            return lines;
        }
        lines.open(0, "teams");
        for team in teams {
            self.team(&mut lines, team);
        }
        lines
    }

    fn team(&self, lines: &mut Lines, team: &Team<'_>) {
        let mut body = Lines::default();
        let mut remarks = Vec::new();
        if *team.live.name != *team.key {
            body.text(2, "name", &team.live.name);
        }
        self.entries(&mut body, &team.access);
        if team.live.managed_by == ManagedBy::Scim {
            body.text(2, "managed_by", "scim");
        }
        if team.live.members.is_empty() {
            remarks.push("nobody is in it");
        }
        if team.access.is_empty() {
            remarks.push("it gives nothing");
        }
        if !remarks.is_empty() {
            lines.comment(1, &remarks.join("; "));
        }
        declaration(lines, &team.key, &body);
    }

    fn service_accounts(&self) -> Lines {
        let mut lines = Lines::default();
        let Some(accounts) = &self.survey.service_accounts else { return lines };
        lines.comment(
            0,
            "Credentials of programs. The service does not tell their organization roles; what is",
        );
        lines.comment(
            0,
            "written here matters when one is created. Say whose each is, and what it is for.",
        );
        lines.gap();
        if accounts.is_empty() {
            lines.raw(0, "service_accounts", "{}");
            return lines;
        }
        lines.open(0, "service_accounts");
        for account in accounts {
            self.service_account(&mut lines, account);
        }
        lines
    }

    fn service_account(&self, lines: &mut Lines, account: &ServiceAccount<'_>) {
        let remarks = remark::service_account(account.live, self.survey.live.taken_at);
        for remark in &remarks {
            lines.comment(1, remark);
        }
        let mut body = Lines::default();
        if *account.live.username != *account.key {
            body.text(2, "username", &account.live.username);
        }
        self.entries(&mut body, &account.access);
        if let Some(expires) = account.live.expires {
            body.raw(2, "expires", &expires.to_string());
        }
        if let Some(owner) = account.owner {
            body.text(2, "owner", owner.as_str());
        }
        declaration(lines, &account.key, &body);
    }

    fn entries(&self, lines: &mut Lines, access: &Access) {
        let entries = self.survey.projects.entries(access);
        if !entries.is_empty() {
            lines.mapping(2, "projects", &entries);
        }
    }
}

/// A person's entries take a line each, so that a change of one is a change of one line.
fn own_entries(lines: &mut Lines, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    lines.open(2, "projects");
    for (key, role) in entries {
        lines.text(3, key, role);
    }
}

/// A key with what belongs to it.
fn declaration(lines: &mut Lines, key: &str, body: &Lines) {
    if body.is_empty() {
        lines.raw(1, key, "{}");
    } else {
        lines.open(1, key);
        lines.push(body);
    }
}
