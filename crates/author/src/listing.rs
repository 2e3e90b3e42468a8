//! Lists of people in CSV: the member list that Mixpanel exports, and invitations in bulk.
//!
//! The columns of neither are documented, so they are told by their names, in any order; a column that
//! is not understood is reported, never dropped in silence.

mod column;
mod combine;
mod read;
#[cfg(test)]
mod tests;
mod word;

use std::fmt;

use jiff::Timestamp;
use mixaccess_model::{Email, OrganizationRole, ProjectRole};

pub use combine::{Combined, combine, offline};
pub use read::read_listing;

/// What a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingKind {
    /// Who is in the organization, as Mixpanel exports it.
    Members,
    /// Who is to be invited, and to what.
    Invitations,
}

/// A list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What it is.
    pub kind: ListingKind,
    /// Everybody in it, in the order of the file, once each.
    pub people: Vec<Listed>,
    /// What was read and is worth knowing, such as a column that is not understood.
    pub notes: Vec<ListingNote>,
}

/// Somebody in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The address, as the list spells it.
    pub email: Email,
    /// The name.
    pub name: Option<String>,
    /// The organization role, when the list says one.
    pub organization_role: Option<OrganizationRole>,
    /// Project roles.
    pub grants: Vec<ListedGrant>,
    /// When the person was last active.
    pub last_active: Option<Timestamp>,
    /// Whether and how the person is there.
    pub standing: Standing,
    /// Where the person stands first.
    pub place: ListingPlace,
}

/// Whether and how somebody is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// A member, as far as the list says.
    #[default]
    Active,
    /// Invited.
    Pending,
    /// Invited, and too late to accept.
    Expired,
}

/// A project role in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGrant {
    /// The project, by name or number.
    pub project: String,
    /// The role.
    pub role: ProjectRole,
    /// Where it stands.
    pub place: ListingPlace,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListingPlace {
    /// The file, as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
}

impl fmt::Display for ListingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something worth knowing about a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListingNote {
    /// Where.
    pub place: ListingPlace,
    /// What: a lowercase fragment.
    pub message: String,
}

/// Why a list cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ListingError {
    /// Where.
    pub place: ListingPlace,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do: whole sentences.
    pub hint: String,
}
