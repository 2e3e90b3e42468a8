//! What an organization looks like: how many of what.

/// Projects in each project group.
pub(crate) const GROUP_SIZE: usize = 5;

/// What an organization looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Collaborators, each in a file of their own.
    pub people: usize,
    /// Projects.
    pub projects: usize,
    /// Grants that a person has on average.
    pub grants_each: usize,
    /// Places in which live state differs from the files, each of which is one change of a plan.
    pub changes: usize,
    /// Teams, of which every second person is in one.
    pub teams: usize,
    /// Service accounts, each with a role in one project.
    pub service_accounts: usize,
    /// People of a hundred whose invitation is not accepted yet.
    pub pending: usize,
}

impl Shape {
    /// How many project groups there are.
    pub(crate) const fn groups(&self) -> usize {
        let groups = self.projects / GROUP_SIZE;
        if groups == 0 { 1 } else { groups }
    }
}

/// The key of a project in the files.
pub(crate) fn project_key(project: usize) -> String {
    format!("project-{project:03}")
}
