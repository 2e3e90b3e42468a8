//! One person of a generated organization: the file, and the access that it comes to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mixaccess_model::ProjectRole;

use crate::shape::{GROUP_SIZE, Shape, project_key};

/// People in a block, over which the different ways to declare access are spread.
const BLOCK: usize = 100;
/// Scatters those ways over the block; coprime with its size.
const STRIDE: usize = 37;
const PROFILES: std::ops::Range<usize> = 0..10;
const GROUPS: std::ops::Range<usize> = 10..15;
const EVERYTHING: usize = BLOCK - 1;
const ROLES: [&str; 4] = ["consumer", "analyst", "analyst", "admin"];

/// The role that the profile gives in every project of its group.
pub(crate) const PROFILE_ROLE: &str = "analyst";
/// The role of an entry for a group or for everything.
const WIDE_ROLE: &str = "consumer";

/// One person of a generated organization.
pub(crate) struct Person {
    /// The address.
    pub(crate) email: String,
    /// The name.
    pub(crate) name: String,
    /// Whether the person owns the organization.
    pub(crate) owns: bool,
    /// The file.
    pub(crate) yaml: String,
    /// The project group whose profile the person has.
    pub(crate) profile: Option<usize>,
    /// The role in each project, by the project's index: worked out from what was written, by the rules
    /// that people are told, and without the code that is measured.
    pub(crate) roles: BTreeMap<usize, ProjectRole>,
}

impl Person {
    /// The person with that number. Of a hundred people, 84 have an entry for each of their projects,
    /// 10 a profile, 5 a project group and one `"*"`, the latter three with entries of their own beside it.
    pub(crate) fn new(index: usize, shape: &Shape) -> Self {
        let email = format!("person.{index:06}@agency.example");
        let mut person = Self {
            name: format!("Person {index}"),
            owns: index == 1 || index == 2,
            yaml: format!("collaborators:\n  {email}:\n    name: Person {index}\n"),
            profile: None,
            roles: BTreeMap::new(),
            email,
        };
        if person.owns {
            person.yaml.push_str("    organization_role: owner\n");
        }
        let kind = index % BLOCK * STRIDE % BLOCK;
        let group = (index / BLOCK * PROFILES.len() + kind) % shape.groups();
        let wide = GROUP_SIZE.min(shape.grants_each);
        if PROFILES.contains(&kind) {
            person.line(&format!("    profile: group-{group}-analyst"));
            person.profile = Some(group);
        }
        person.line("    projects:");
        // Who has every project is made up for by the others of the block, so that the sum stays.
        let others = index % BLOCK - usize::from(index % BLOCK > star_place());
        let surplus = shape.projects.saturating_sub(shape.grants_each);
        let own = shape.grants_each.saturating_sub(usize::from(others < surplus));
        if kind == EVERYTHING {
            person.entries(index, 0, 3.min(shape.projects), shape);
            person.line(&format!("      \"*\": {WIDE_ROLE}"));
            person.fill(0..shape.projects, WIDE_ROLE);
        } else if PROFILES.contains(&kind) || GROUPS.contains(&kind) {
            let first = group * GROUP_SIZE;
            // One of the group's projects is written out, and the rest are others.
            person.entries(index, first + GROUP_SIZE - 1, own.saturating_sub(wide) + 1, shape);
            let role = if PROFILES.contains(&kind) {
                PROFILE_ROLE
            } else {
                person.line(&format!("      group-{group}: {WIDE_ROLE}"));
                WIDE_ROLE
            };
            person.fill(first..(first + GROUP_SIZE).min(shape.projects), role);
        } else {
            person.entries(index, index * 7, own, shape);
        }
        person
    }

    fn line(&mut self, line: &str) {
        self.yaml.push_str(line);
        self.yaml.push('\n');
    }

    /// Entries for `count` projects from the given one on. Every tenth is in the long form.
    fn entries(&mut self, index: usize, from: usize, count: usize, shape: &Shape) {
        for at in 0..count {
            let project = (from + at) % shape.projects;
            let role = ROLES.get((index + at) % ROLES.len()).copied().unwrap_or(WIDE_ROLE);
            let key = project_key(project);
            let written = if at % 10 == 9 {
                writeln!(
                    self.yaml,
                    "      {key}: {{ role: {role}, until: 2099-12-31, ticket: IAM-{index} }}"
                )
            } else {
                writeln!(self.yaml, "      {key}: {role}")
            };
            // A String takes whatever is written to it.
            let _ = written;
            self.roles.insert(project, ProjectRole::parse(role));
        }
    }

    /// What a wider entry gives where nothing more specific was written.
    fn fill(&mut self, projects: std::ops::Range<usize>, role: &str) {
        for project in projects {
            self.roles.entry(project).or_insert_with(|| ProjectRole::parse(role));
        }
    }
}

/// Where in a block the one person with `"*"` stands.
fn star_place() -> usize {
    (0..BLOCK).find(|at| at * STRIDE % BLOCK == EVERYTHING).unwrap_or(BLOCK)
}
