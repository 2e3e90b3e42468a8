//! The organization with its projects, profiles and guard rails.

use std::collections::BTreeSet;

use mixaccess_model::Dialect;

use super::Writer;
use crate::environment::Told;
use crate::remark;
use crate::survey::{Survey, is_sayable};
use crate::yaml::{Lines, list, mapping};

impl Writer<'_> {
    pub(super) fn organization(&self) -> Lines {
        let Survey { live, .. } = self.survey;
        let mut lines = Lines::default();
        lines.comment(
            0,
            "The organization, its projects and the keys that other files use for them.",
        );
        let day = remark::day(live.taken_at);
        let source = match self.options.was_read {
            true => format!("what was live on {day}"),
            false => format!("lists on {day}, and nothing that is live"),
        };
        lines.comment(0, &format!("Written by `mixaccess init` from {source}; yours to change."));
        lines.gap();
        lines.open(0, "organization");
        lines.raw(1, "id", &live.organization.to_string());
        if let Some(name) =
            live.organization_name.as_deref().map(str::trim).filter(|name| is_sayable(name))
        {
            lines.text(1, "name", name);
        }
        lines.text(1, "region", self.options.region.as_str());
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
        lines.comment(0, "Not in these files:");
        for one in &self.survey.left_out {
            lines.comment(0, &format!("- {}: {}", one.what, one.why));
        }
    }

    pub(super) fn policy(&self) -> Lines {
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

    pub(super) fn profiles(&self) -> Lines {
        let mut lines = Lines::default();
        if self.profiles.all.is_empty() {
            return lines;
        }
        lines.comment(
            0,
            "What many people share, written once. What stands at the person comes before it.",
        );
        lines.gap();
        lines.open(0, "profiles");
        for profile in &self.profiles.all {
            lines.comment(1, &format!("{} people had exactly this.", profile.people));
            lines.open(1, &profile.key);
            lines.mapping(2, "projects", &profile.entries);
        }
        lines
    }
}
