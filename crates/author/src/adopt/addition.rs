//! Declarations of what is live and not declared, and what they need of projects.

use std::collections::BTreeSet;

use mixaccess_config::is_declarable_address;
use mixaccess_config::layout::{FileLayout, Style};
use mixaccess_model::{Email, LiveMember, ManagedBy, OrganizationRole, SubjectKey};

use super::files::{Files, People, root};
use super::tree_style::TreeStyle;
use super::{Round, role_words};
use crate::access::{Access, Entry};
use crate::edit::{Block, Edit, field, item, lines_after};
use crate::environment::{Told, told};
use crate::naming::keys;
use crate::survey::{invitation_is_over, is_sayable, is_sayable_role, may_hold};
use crate::yaml::{list, scalar};

impl Round<'_> {
    /// Declares somebody who is live and not in the files.
    pub(super) fn add(
        &self,
        key: &SubjectKey,
        files: &mut Files<'_>,
    ) -> Result<Vec<String>, String> {
        let SubjectKey::Person(email) = key else { return Err("it is not declared".to_owned()) };
        let member = self.addable(email)?;
        let style = self.style.get_or_init(|| {
            TreeStyle::of(&self.situation.desired, files, &root(self.input.options))
        });
        let access = self.access(member)?;
        let profile = style.profiles.get(&access).filter(|_| access.len() > 1);
        let entries = if profile.is_some() { Vec::new() } else { style.projects.entries(&access) };
        let mut said = vec!["declared".to_owned()];
        if let Some(role) = member.organization_role {
            said.push(role_words("organization role", Some(role.as_str())));
        }
        said.extend(entries.iter().map(|(key, role)| role_words(key, Some(role))));
        let profile = profile.map(String::as_str);
        let body = self.body(member, profile, &entries);
        let needed = access.iter().filter(|(_, role)| role.is_custom());
        for (at, role) in needed {
            if let Some(project) = self.situation.desired.projects.get(*at) {
                files.need_role(project.id, role.as_str());
            }
        }
        match style.shared_file(email) {
            Some(file) => {
                let (layout, people) = files.people(file)?;
                let edit = insert(layout, people, &member.email, &body)?;
                files.edit(file, [edit]);
            }
            None => {
                let (path, head) = style.own_file(email);
                let lines = Block::Fields(vec![(
                    "collaborators".to_owned(),
                    Block::Fields(vec![(member.email.as_str().to_owned(), body)]),
                )]);
                let text = lines.below(0, 2, "\n");
                if !files.create(path, format!("{head}{}\n", text.trim_start_matches('\n'))) {
                    // Somebody of a like address took the name in this round.
                    return Ok(Vec::new());
                }
            }
        }
        Ok(said)
    }

    fn addable(&self, email: &Email) -> Result<&LiveMember, String> {
        let live = self.input.live;
        let member = live.member(email).ok_or("nobody with that address is live")?;
        let first = live.members.partition_point(|other| other.email < *email);
        if live.members.get(first + 1).is_some_and(|next| next.email == *email) {
            return Err(
                "several accounts have that address; remove or rename one of them".to_owned()
            );
        }
        if !is_declarable_address(member.email.as_str()) {
            return Err("the address is none that files accept".to_owned());
        }
        if invitation_is_over(member, live.taken_at) {
            return Err("the invitation expired".to_owned());
        }
        Ok(member)
    }

    fn access(&self, member: &LiveMember) -> Result<Access, String> {
        let declared = &self.situation.desired.projects;
        let mut access = Access::new();
        for (id, role) in member.individual_grants() {
            let Ok(at) = declared.binary_search_by_key(&id, |project| project.id) else { continue };
            let Some(project) = declared.get(at) else { continue };
            let exists = self.input.live.project(project.id);
            if !is_sayable_role(role) || !exists.is_some_and(|one| may_hold(one, role)) {
                return Err(format!("a role in {} cannot be written", project.key));
            }
            access.insert(at, role.clone());
        }
        Ok(access)
    }

    fn body(&self, member: &LiveMember, profile: Option<&str>, entries: &[Entry]) -> Block {
        let line = |text: &str| Block::Line(scalar(text).into_owned());
        let mut fields = Vec::new();
        let mut add = |key: &str, value: Block| fields.push((key.to_owned(), value));
        if let Some(name) = member.name.as_deref().map(str::trim).filter(|name| is_sayable(name)) {
            add("name", line(name));
        }
        if let Some(profile) = profile {
            add("profile", line(profile));
        }
        let notes = &self.input.annotations;
        if let Some(role) =
            member.organization_role.filter(|role| *role != OrganizationRole::LOWEST)
        {
            add("organization_role", line(role.as_str()));
        }
        if !entries.is_empty() {
            let entry = |(key, role): &Entry| (key.clone(), line(role));
            add("projects", Block::Fields(entries.iter().map(entry).collect()));
        }
        if member.managed_by == ManagedBy::Scim {
            add("managed_by", line("scim"));
        }
        // What was given to write beside stands once for the whole person.
        for (key, text) in super::declared::annotated(notes) {
            add(key, line(text));
        }
        Block::Fields(fields)
    }

    /// Declares the undeclared projects that were chosen, and the custom roles that entries need.
    pub(super) fn projects(&self, files: &mut Files<'_>) {
        let desired = &self.situation.desired;
        for (project, roles) in files.needed_roles() {
            let Some(declared) = desired.project(project) else { continue };
            let known = declared.custom_roles.iter().flatten();
            let known: BTreeSet<&str> = known.map(|role| role.name.as_str()).collect();
            let new: Vec<String> =
                roles.into_iter().filter(|role| !known.contains(role.as_str())).collect();
            let file = declared.position.file;
            let Ok(layout) = files.layout(file) else { continue };
            if let Some(edits) = listed(layout, declared.key.as_str(), &new) {
                files.edit(file, edits);
            }
        }
        let live = self.input.live;
        let new: Vec<&mixaccess_model::LiveProject> = live
            .projects
            .iter()
            .filter(|project| self.input.chosen.projects.contains(&project.id))
            .filter(|project| project.members_read && desired.project(project.id).is_none())
            .collect();
        if new.is_empty() {
            return;
        }
        let mut taken = self.taken(files);
        let names = new.iter().map(|project| (project.name.as_str(), project.id.0));
        let keyed = keys(names, "project", &mut taken);
        let file = desired.projects.last().map(|project| project.position.file);
        let file = file.unwrap_or(desired.organization.position.file);
        let Ok(layout) = files.layout(file) else { return };
        let mut edits = Vec::new();
        for (key, project) in keyed.iter().zip(new) {
            let environment = match told(&project.name) {
                Told::One(environment) => format!(", environment: {environment}"),
                Told::Nothing | Told::Several(_) => String::new(),
            };
            let value = Block::Line(format!("{{ id: {}{environment} }}", project.id));
            edits.extend(declared_below(layout, "projects", key, &value));
        }
        files.edit(file, edits);
    }

    /// Keys that a new project cannot have.
    fn taken(&self, files: &mut Files<'_>) -> BTreeSet<String> {
        let projects = &self.situation.desired.projects;
        let mut taken: BTreeSet<String> =
            projects.iter().map(|project| project.key.as_str().to_owned()).collect();
        for file in files.all() {
            if let Ok(layout) = files.layout(file)
                && let Some(groups) = layout.section("project_groups")
            {
                taken.extend(groups.value.fields().iter().map(|group| group.key.clone()));
            }
        }
        taken
    }
}

/// A new key below a section, or the section with it.
fn declared_below(layout: &FileLayout, section: &str, key: &str, value: &Block) -> Option<Edit> {
    match layout.section(section) {
        Some(found) => field(layout, &found.value, None, (key, value), (2, 2)).ok(),
        None => {
            let below = Block::Fields(vec![(key.to_owned(), value.clone())]);
            let root = layout.root.as_ref()?;
            field(layout, root, None, (section, &below), (0, 2)).ok()
        }
    }
}

/// Lists custom roles at a project.
fn listed(layout: &FileLayout, key: &str, roles: &[String]) -> Option<Vec<Edit>> {
    let project = layout.declaration("projects", key)?;
    match project.value.field("custom_roles") {
        Some(found) => {
            roles.iter().map(|role| item(layout, &found.value, &scalar(role)).ok()).collect()
        }
        None if roles.is_empty() => None,
        None => {
            let value = Block::Line(list(roles));
            let place = super::declared::Place::of(layout, layout.section("projects"), project);
            Some(vec![place.field("custom_roles", &value).ok()?])
        }
    }
}

/// Somebody new among the people of a file: in order where they are in order, else at the end.
fn insert(
    layout: &FileLayout,
    there: &People,
    email: &Email,
    body: &Block,
) -> Result<Edit, String> {
    let section = layout.section("collaborators").ok_or("the file declares nobody")?;
    let people = section.value.fields();
    let key = email.as_str();
    if section.value.style() != Some(Style::Block) {
        let edit = field(layout, &section.value, None, (key, body), (2, 2));
        return edit.map_err(|stuck| stuck.to_string());
    }
    let before = if there.is_sorted {
        there.emails.partition_point(|one| one < email)
    } else {
        people.len()
    };
    let before = before.checked_sub(1).and_then(|at| people.get(at));
    let column = people
        .first()
        .map_or(2, |first| usize::try_from(first.position.column.saturating_sub(1)).unwrap_or(2));
    let end = layout.line_end();
    // As the neighbour stands; of the first nothing can be told, so the second tells.
    let neighbour = before.filter(|before| people.first() != Some(*before)).or(people.get(1));
    let apart = stand_apart(layout, neighbour.map(|one| one.key_range.start));
    let gap = if apart { end } else { "" };
    let one = Block::Fields(vec![(key.to_owned(), body.clone())]);
    let lines = one.below(column, column.max(1), end);
    Ok(match before {
        Some(before) => {
            let at = crate::edit::last_line(layout, before);
            lines_after(layout, at, &format!("{gap}{lines}"))
        }
        None => {
            let after = if apart && !people.is_empty() { end } else { "" };
            lines_after(layout, section.key_range.end, &format!("{lines}{after}"))
        }
    })
}

/// Whether an empty line stands above one of the people, or above its comments.
fn stand_apart(layout: &FileLayout, key: Option<usize>) -> bool {
    let Some(above) = key.and_then(|at| layout.text.get(..at)) else { return false };
    let mut lines = above.lines().rev();
    // The last line is the indentation of the key itself.
    lines.next();
    lines
        .find(|line| !line.trim_start().starts_with('#'))
        .is_some_and(|line| line.trim().is_empty())
}
