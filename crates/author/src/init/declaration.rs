//! People, teams and service accounts.

use mixaccess_model::{Email, ManagedBy, OrganizationRole};

use super::Writer;
use crate::access::{Access, Entry};
use crate::remark;
use crate::survey::{Person, ServiceAccount, Team, is_sayable};
use crate::yaml::Lines;

impl<'a> Writer<'a> {
    pub(super) fn people(&self) -> Vec<(&'a Email, Lines)> {
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
        let (profile, entries) = self.profiles.written(&person.access, &self.survey.projects);
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

    pub(super) fn teams(&self) -> Lines {
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

    pub(super) fn service_accounts(&self) -> Lines {
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
