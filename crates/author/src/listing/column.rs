//! Which column of a list holds what.

use super::word::folded;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Email,
    OrganizationRole,
    /// A role whose kind depends on whether the list names projects one a row.
    Role,
    /// One project.
    Project,
    ProjectRole,
    /// Several projects with their roles.
    Projects,
    LastActive,
    Status,
}

/// Columns by the names they are known to have.
const NAMES: [(Column, &[&str]); 9] = [
    (Column::Name, &["name", "full name", "user name", "member name"]),
    (
        Column::Email,
        &[
            "email",
            "e mail",
            "mail",
            "email address",
            "user email",
            "member email",
            "user",
            "member",
        ],
    ),
    (
        Column::OrganizationRole,
        &["organization role", "organisation role", "org role", "role in organization"],
    ),
    (Column::Role, &["role"]),
    (Column::Project, &["project", "project name", "project id"]),
    (Column::ProjectRole, &["project role", "role in project"]),
    (Column::Projects, &["projects", "project access", "project roles", "projects and roles"]),
    (Column::LastActive, &["last active", "last seen", "last login", "last activity"]),
    (Column::Status, &["status", "state", "invite status", "invitation status"]),
];

/// The columns of a list, and the names of those that are not understood.
#[derive(Debug, Default)]
pub(super) struct Columns {
    known: Vec<(Column, usize)>,
    pub(super) unknown: Vec<String>,
    /// Names of columns that hold what another one holds already.
    pub(super) repeated: Vec<String>,
}

impl Columns {
    /// Reads the first row of a list.
    pub(super) fn of<'a>(header: impl Iterator<Item = &'a str>) -> Self {
        let mut columns = Self::default();
        for (at, name) in header.enumerate() {
            let word = folded(name);
            match NAMES.iter().find(|(_, names)| names.contains(&word.as_str())) {
                Some((column, _)) if columns.has(*column) => {
                    columns.repeated.push(name.trim().to_owned());
                }
                Some((column, _)) => columns.known.push((*column, at)),
                None if word.is_empty() => {}
                None => columns.unknown.push(name.trim().to_owned()),
            }
        }
        columns
    }

    /// The order in which a list without names of columns is read.
    pub(super) fn unnamed() -> Self {
        let order = [Column::Email, Column::OrganizationRole, Column::Project, Column::ProjectRole];
        let known = order.into_iter().enumerate().map(|(at, column)| (column, at)).collect();
        Self { known, ..Self::default() }
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.known.iter().any(|(known, _)| *known == column)
    }

    /// How many columns a list without names may have.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// What a row has in a column; nothing is the empty text.
    pub(super) fn cell<'r>(&self, row: &'r csv::StringRecord, column: Column) -> &'r str {
        let at = self.known.iter().find(|(known, _)| *known == column).map(|(_, at)| *at);
        at.and_then(|at| row.get(at)).map_or("", str::trim)
    }
}
