//! Project roles of one subject, and how few entries say them.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use mixaccess_model::ProjectRole;

/// Roles by the index of the project in [`Projects`]; an absent project is no access.
pub(crate) type Access = BTreeMap<usize, ProjectRole>;

/// An entry below `projects:`: a project key, group key or `*`, and the word of a role.
pub(crate) type Entry = (String, String);

/// The word for no access.
pub(crate) const NO_ACCESS: &str = "none";

/// From so many projects on, one role in all of them is written as `*`.
const LEAST_FOR_ALL: usize = 3;

/// The projects that are declared, by key, and the groups of them. Groups do not overlap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projects {
    /// Project keys, in the order they are written.
    pub(crate) keys: Vec<String>,
    /// Group keys with the indices of their projects.
    pub(crate) groups: Vec<(String, Vec<usize>)>,
    /// The group of each project that is in one, once it was asked for.
    pub(crate) group_of: OnceCell<BTreeMap<usize, usize>>,
}

impl Projects {
    /// The fewest entries that say these roles and stay readable: `*` alone, then groups, then projects.
    pub(crate) fn entries(&self, access: &Access) -> Vec<Entry> {
        if let Some(role) = self.everywhere(access) {
            return vec![("*".to_owned(), role.as_str().to_owned())];
        }
        let mut entries = Vec::new();
        let mut rest = access.clone();
        for (group, roles) in self.held(access) {
            let Some((key, members)) = self.groups.get(group) else { continue };
            let Some(role) = usual_role(&roles, members.len()) else { continue };
            entries.push((key.clone(), role.as_str().to_owned()));
            for member in members {
                match access.get(member) {
                    Some(own) if own == role => drop(rest.remove(member)),
                    Some(_) => {}
                    None => entries.extend(self.entry(*member, None)),
                }
            }
        }
        entries.extend(rest.iter().filter_map(|(project, role)| self.entry(*project, Some(role))));
        entries
    }

    /// How often each role is held in each group, of the groups in which anything is held.
    fn held<'a>(&self, access: &'a Access) -> BTreeMap<usize, BTreeMap<&'a ProjectRole, usize>> {
        let group_of = self.group_of.get_or_init(|| {
            let groups = self.groups.iter().enumerate();
            groups.flat_map(|(group, (_, all))| all.iter().map(move |one| (*one, group))).collect()
        });
        let mut held: BTreeMap<usize, BTreeMap<&ProjectRole, usize>> = BTreeMap::new();
        for (project, role) in access {
            if let Some(group) = group_of.get(project) {
                *held.entry(*group).or_default().entry(role).or_default() += 1;
            }
        }
        held
    }

    /// The role that somebody has in every project, where there are enough of them to say it once.
    pub(crate) fn everywhere<'a>(&self, access: &'a Access) -> Option<&'a ProjectRole> {
        let first = access.values().next()?;
        let is_everywhere = self.keys.len() >= LEAST_FOR_ALL
            && access.len() == self.keys.len()
            && access.values().all(|role| role == first);
        is_everywhere.then_some(first)
    }

    /// One entry about one project.
    pub(crate) fn entry(&self, project: usize, role: Option<&ProjectRole>) -> Option<Entry> {
        let key = self.keys.get(project)?.clone();
        Some((key, role.map_or(NO_ACCESS, ProjectRole::as_str).to_owned()))
    }
}

/// The role that a group's entry should name: the one of all its projects, or of nearly all. A custom
/// role exists only in projects that list it, so nearly all is not enough there.
fn usual_role<'a>(
    roles: &BTreeMap<&'a ProjectRole, usize>,
    members: usize,
) -> Option<&'a ProjectRole> {
    let held: usize = roles.values().sum();
    // Of several that are held as often, the first.
    let (usual, count) = roles.iter().rev().max_by_key(|(_, count)| **count)?;
    let exceptions = members.saturating_sub(*count);
    let is_shorter = members > 1 && (1 + exceptions) * 2 <= held;
    (is_shorter && !(usual.is_custom() && exceptions > 0)).then_some(*usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects() -> Projects {
        Projects {
            keys: ["p0", "p1", "p2", "p3", "s4", "s5"].map(str::to_owned).to_vec(),
            groups: vec![
                ("production".to_owned(), vec![0, 1, 2, 3]),
                ("staging".to_owned(), vec![4, 5]),
            ],
            ..Projects::default()
        }
    }

    fn entries(roles: &[(usize, &str)]) -> String {
        let access = roles.iter().map(|(at, role)| (*at, ProjectRole::parse(role))).collect();
        let entries = projects().entries(&access);
        let words: Vec<String> =
            entries.iter().map(|(key, role)| format!("{key}={role}")).collect();
        words.join(" ")
    }

    #[test]
    fn roles_are_said_in_few_entries() {
        let all = |role| -> Vec<(usize, &str)> { (0..6).map(|at| (at, role)).collect() };
        assert_eq!(entries(&[]), "");
        assert_eq!(entries(&all("admin")), "*=admin");
        assert_eq!(
            entries(&[(4, "admin"), (5, "admin"), (0, "analyst")]),
            "staging=admin p0=analyst"
        );
        assert_eq!(
            entries(&[(0, "analyst"), (1, "analyst"), (2, "analyst"), (3, "admin")]),
            "production=analyst p3=admin"
        );
        // Leaving one project out is said project by project: a group with `none` beside it reads worse.
        assert_eq!(
            entries(&[(0, "analyst"), (1, "analyst"), (2, "analyst")]),
            "p0=analyst p1=analyst p2=analyst"
        );
        assert_eq!(
            entries(&[(0, "Reviewer"), (1, "Reviewer"), (2, "Reviewer"), (3, "admin")]),
            "p0=Reviewer p1=Reviewer p2=Reviewer p3=admin"
        );
    }
}
