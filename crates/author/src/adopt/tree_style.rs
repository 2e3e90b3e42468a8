//! How a tree is written, so that what is added looks like the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mixaccess_config::layout::{FileLayout, Form, Value};
use mixaccess_model::{DesiredState, Email, FileIndex, ProjectRole};

use super::files::Files;
use crate::access::{Access, NO_ACCESS, Projects};
use crate::naming::{file_stem, free_among};

/// How a tree is written.
#[derive(Debug, Default)]
pub(super) struct TreeStyle {
    /// Declared projects in the order of their ids, and groups that do not overlap.
    pub(super) projects: Projects,
    /// Profiles that give project roles and nothing else, by what they give; of several the first.
    pub(super) profiles: BTreeMap<Access, String>,
    /// Files that declare people.
    people: Vec<PeopleFile>,
    /// The file with most people of each domain, and the one with most people.
    shared_files: BTreeMap<String, FileIndex>,
    largest: Option<FileIndex>,
    own_files: OwnFiles,
}

/// Where the files of single people are, and how they are named.
#[derive(Debug, Default)]
struct OwnFiles {
    directory: PathBuf,
    /// By what stands in front of the `@`, and not by the whole address.
    by_local_part: bool,
    ending: String,
    /// First lines that each of them has.
    head: String,
    /// Names without their ending that are taken, in lower case.
    taken: BTreeSet<String>,
}

#[derive(Debug)]
struct PeopleFile {
    file: FileIndex,
    path: PathBuf,
    people: Vec<Email>,
    is_alone: bool,
    /// A line for editors that says where the schema is.
    head: Option<String>,
}

impl TreeStyle {
    pub(super) fn of(desired: &DesiredState, files: &mut Files<'_>, root: &Path) -> Self {
        let mut style = Self::default();
        style.projects.keys =
            desired.projects.iter().map(|project| project.key.as_str().to_owned()).collect();
        let at: BTreeMap<String, usize> =
            style.projects.keys.iter().cloned().enumerate().map(|(at, key)| (key, at)).collect();
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut profiles: Vec<(String, Value)> = Vec::new();
        for file in files.all() {
            let Ok(layout) = files.layout(file) else { continue };
            for group in layout.section("project_groups").iter().flat_map(|one| one.value.fields())
            {
                let members = group.value.items().iter().filter_map(Value::text);
                let members = members.filter_map(|key| at.get(key.trim()).copied());
                let mut seen = BTreeSet::new();
                let members = members.filter(|member| seen.insert(*member)).collect();
                groups.insert(group.key.clone(), members);
            }
            for profile in layout.section("profiles").iter().flat_map(|one| one.value.fields()) {
                profiles.push((profile.key.clone(), profile.value.clone()));
            }
            style.people.extend(people_file(file, layout));
        }
        for (key, value) in profiles {
            if let Some(access) = expanded(&value, &at, &groups) {
                style.profiles.entry(access).or_insert(key);
            }
        }
        if !style.is_apart() {
            style.share();
        }
        style.own_files = style.own_files(root);
        let mut covered = BTreeSet::new();
        for (key, members) in groups {
            if members.iter().all(|member| !covered.contains(member)) {
                covered.extend(members.iter().copied());
                style.projects.groups.push((key, members));
            }
        }
        style
    }

    /// The file that somebody new belongs into, where people share files: the one with most people of
    /// the same domain.
    pub(super) fn shared_file(&self, email: &Email) -> Option<FileIndex> {
        self.shared_files.get(email.domain()).copied().or(self.largest)
    }

    /// Finds the files that people share: those with most of a domain, of several the one with most
    /// people, and of several of these the first.
    fn share(&mut self) {
        let mut best: BTreeMap<&str, (usize, usize, FileIndex)> = BTreeMap::new();
        for one in self.people.iter().rev() {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for email in &one.people {
                *counts.entry(email.domain()).or_default() += 1;
            }
            for (domain, count) in counts {
                let found = best.entry(domain).or_insert((0, 0, one.file));
                if (count, one.people.len()) >= (found.0, found.1) {
                    *found = (count, one.people.len(), one.file);
                }
            }
        }
        self.shared_files =
            best.into_iter().map(|(domain, (_, _, file))| (domain.to_owned(), file)).collect();
        self.largest =
            self.people.iter().rev().max_by_key(|one| one.people.len()).map(|one| one.file);
    }

    /// Whether each person has a file of their own: nearly all have, and more than one.
    fn is_apart(&self) -> bool {
        let alone = self.people.iter().filter(|one| one.is_alone).count();
        alone > 1 && alone * 2 > self.people.len()
    }

    /// The path and the first lines of a file of somebody's own.
    pub(super) fn own_file(&self, email: &Email) -> (PathBuf, String) {
        let OwnFiles { directory, by_local_part, ending, head, taken } = &self.own_files;
        let name = if *by_local_part { local_part(email) } else { email.folded() };
        let stem = free_among(&file_stem(name), taken);
        (directory.join(format!("{stem}.{ending}")), head.clone())
    }

    /// How the files of single people are named: as most of them are.
    fn own_files(&self, root: &Path) -> OwnFiles {
        let alone = || self.people.iter().filter(|one| one.is_alone);
        let mut directories: BTreeMap<&Path, usize> = BTreeMap::new();
        for one in alone() {
            *directories.entry(one.path.parent().unwrap_or(root)).or_default() += 1;
        }
        let usual = directories.iter().rev().max_by_key(|(_, count)| **count);
        let directory = usual.map_or_else(|| root.join("people"), |(path, _)| path.to_path_buf());
        let named_by = |name: fn(&Email) -> &str| {
            let is_named = |one: &&PeopleFile| {
                one.people.first().is_some_and(|email| one.stem().as_deref() == Some(name(email)))
            };
            alone().filter(is_named).count()
        };
        let there = || self.people.iter().filter(|one| one.path.parent() == Some(&directory));
        let head = there().find_map(|one| one.head.as_ref());
        let ending = alone().find_map(|one| one.path.extension()?.to_str());
        OwnFiles {
            by_local_part: named_by(local_part) > named_by(Email::folded),
            ending: ending.unwrap_or("yaml").to_owned(),
            head: head.map_or_else(String::new, |line| format!("{line}\n")),
            taken: there().filter_map(PeopleFile::stem).collect(),
            directory,
        }
    }
}

impl PeopleFile {
    fn stem(&self) -> Option<String> {
        self.path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase())
    }
}

fn local_part(email: &Email) -> &str {
    email.folded().split('@').next().unwrap_or_default()
}

fn people_file(file: FileIndex, layout: &FileLayout) -> Option<PeopleFile> {
    let section = layout.section("collaborators")?;
    let people: Vec<Email> =
        section.value.fields().iter().map(|field| Email::new(&field.key)).collect();
    let fields = layout.root.as_ref().map_or(0, |root| root.fields().len());
    let first = layout.text.lines().next().unwrap_or_default();
    Some(PeopleFile {
        file,
        path: layout.path.clone(),
        is_alone: people.len() == 1 && fields == 1,
        people,
        head: first.starts_with("# yaml-language-server:").then(|| first.to_owned()),
    })
}

/// What a profile gives, when it gives project roles alone and without dates.
fn expanded(
    profile: &Value,
    at: &BTreeMap<String, usize>,
    groups: &BTreeMap<String, Vec<usize>>,
) -> Option<Access> {
    if profile.fields().iter().any(|field| field.key != "projects") {
        return None;
    }
    let mut by_rank: [BTreeMap<usize, &str>; 3] = Default::default();
    for entry in profile.field("projects")?.value.fields() {
        if entry.value.form() != Form::Short {
            return None;
        }
        let role = entry.value.text()?.trim();
        let everything: Vec<usize> = (0..at.len()).collect();
        let one;
        let (rank, projects) = if entry.key == "*" {
            (2, &everything)
        } else if let Some(group) = groups.get(&entry.key) {
            (1, group)
        } else {
            one = vec![*at.get(entry.key.trim())?];
            (0, &one)
        };
        let said = by_rank.get_mut(rank)?;
        for project in projects {
            if said.insert(*project, role).is_some_and(|other| other != role) {
                return None;
            }
        }
    }
    let [own, grouped, rest] = by_rank;
    let decided = (0..at.len()).filter_map(|project| {
        let role = own.get(&project).or(grouped.get(&project)).or(rest.get(&project))?;
        (*role != NO_ACCESS).then(|| (project, ProjectRole::parse(role)))
    });
    Some(decided.collect())
}
