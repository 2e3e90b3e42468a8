//! Rows of a list that could not be read, although the list could.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LiveState, ProjectId, Subject, SubjectKey, UnreadList};

/// A row of a list that could not be read. What it would have told is unknown, and not absent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnreadRow {
    /// Which list.
    pub list: UnreadList,
    /// Of which project, where it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Whom it is about, where it says so; otherwise it may be about anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// What is wrong with it, as a fragment that follows "a row".
    pub why: String,
}

impl UnreadRow {
    /// Whether it is about somebody by name.
    pub fn is_about(&self, key: &SubjectKey) -> bool {
        self.subject.as_ref().is_some_and(|subject| subject.key() == *key)
    }

    /// Whether it may be about a subject of that kind, whom nobody knows.
    pub fn is_about_anybody_like(&self, key: &SubjectKey) -> bool {
        self.subject.is_none() && self.lists(key)
    }

    /// Whether its list is one of such subjects.
    const fn lists(&self, key: &SubjectKey) -> bool {
        match (key, self.list) {
            (SubjectKey::Person(_), UnreadList::Members | UnreadList::ProjectMembers)
            | (SubjectKey::Team(_), UnreadList::Teams)
            | (
                SubjectKey::ServiceAccount(_),
                UnreadList::ServiceAccounts | UnreadList::ProjectServiceAccounts,
            ) => true,
            (
                SubjectKey::Person(_) | SubjectKey::Team(_) | SubjectKey::ServiceAccount(_),
                UnreadList::Members
                | UnreadList::ProjectMembers
                | UnreadList::Teams
                | UnreadList::ServiceAccounts
                | UnreadList::ProjectServiceAccounts
                | UnreadList::IdentityProvider,
            ) => false,
        }
    }
}

impl LiveState {
    /// The rows about one subject.
    pub fn unread_rows_of<'a>(
        &'a self,
        key: &'a SubjectKey,
    ) -> impl Iterator<Item = &'a UnreadRow> + 'a {
        self.unread_rows.iter().filter(move |row| row.is_about(key))
    }

    /// The row for which a subject that is not found may be there all the same.
    pub fn may_hide(&self, key: &SubjectKey) -> Option<&UnreadRow> {
        let may_be = |row: &&UnreadRow| row.is_about(key) || row.is_about_anybody_like(key);
        self.unread_rows.iter().find(may_be)
    }

    /// The row for which the role of a subject in one project is not known: its own, or, where no role of
    /// its own is found there, one that may be anybody's.
    pub fn may_hide_role(&self, key: &SubjectKey, project: ProjectId) -> Option<&UnreadRow> {
        let is_found = match key {
            SubjectKey::Person(email) => {
                self.member(email).is_some_and(|member| member.individual_role(project).is_some())
            }
            SubjectKey::Team(_) => true,
            SubjectKey::ServiceAccount(name) => {
                self.service_account(name).is_some_and(|one| one.individual_role(project).is_some())
            }
        };
        self.unread_rows.iter().find(|row| {
            let is_there = row.project.is_none_or(|of| of == project);
            is_there && row.is_about(key)
                || row.project == Some(project) && !is_found && row.is_about_anybody_like(key)
        })
    }
}
