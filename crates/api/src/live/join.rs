//! Whose grant a row of a project's member list is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use mixaccess_model::{
    Email, Grant, GrantSource, LiveMember, ManagedBy, ProjectId, ProjectRole, Subject, UnreadList,
    UnreadRow, UserId, printable,
};

use crate::{ApiError, Listed, OddRow, ProjectMember};

/// The members with the grants of the projects read so far.
pub(super) struct Join {
    members: Vec<LiveMember>,
    by_number: HashMap<UserId, usize>,
    by_spelling: HashMap<Arc<str>, usize>,
    by_folded: HashMap<Arc<str>, usize>,
    /// How many of them the organization's own list named.
    listed: usize,
    unread: Vec<UnreadRow>,
    /// Rows of the organization's list: whom they are about, a project's list may tell.
    odd: Vec<OddRow>,
}

impl Join {
    /// Starts from the organization's member list. A member listed twice, as between two pages, is one;
    /// two look-alikes are two.
    pub(super) fn new(listed: Vec<LiveMember>, odd: Vec<OddRow>) -> Self {
        let mut join = Self {
            members: Vec::with_capacity(listed.len()),
            by_number: HashMap::with_capacity(listed.len()),
            by_spelling: HashMap::with_capacity(listed.len()),
            by_folded: HashMap::with_capacity(listed.len()),
            listed: 0,
            unread: Vec::new(),
            odd,
        };
        for member in listed {
            let known = match member.id {
                Some(id) => join.by_number.get(&id),
                None => join.by_spelling.get(member.email.as_str()),
            };
            let is_known = known
                .and_then(|at| join.members.get(*at))
                .is_some_and(|known| known.email.same_spelling(&member.email));
            if !is_known {
                join.insert(member);
            }
        }
        join.listed = join.members.len();
        join
    }

    fn insert(&mut self, member: LiveMember) -> usize {
        let at = self.members.len();
        if let Some(id) = member.id {
            self.by_number.entry(id).or_insert(at);
        }
        if let Entry::Vacant(vacant) = self.by_spelling.entry(Arc::from(member.email.as_str())) {
            vacant.insert(at);
        }
        if let Entry::Vacant(vacant) = self.by_folded.entry(Arc::from(member.email.folded())) {
            vacant.insert(at);
        }
        self.members.push(member);
        at
    }

    /// Lays one project's rows over the members. Whose row stands for nobody who is known is unread.
    ///
    /// # Errors
    /// When a row's number is one member's and its address another's.
    pub(super) fn add(
        &mut self,
        project: ProjectId,
        rows: Listed<ProjectMember>,
    ) -> Result<(), ApiError> {
        let Listed { rows, unread } = rows;
        // Before anything of the list counts: one that contradicts the others is none.
        for row in &rows {
            self.find(project, row)?;
        }
        for row in unread {
            self.unread(project, row);
        }
        for row in rows {
            let grant = Grant { project, role: row.role.clone(), source: row.source.clone() };
            match self.find(project, &row)? {
                Some(at) => self.give(at, grant),
                None => match (&row.source, &row.email) {
                    (_, Some(email)) => {
                        let at = self.insert(newcomer(&row, email.clone()));
                        self.give(at, grant);
                    }
                    (GrantSource::AllUsers, None) => self.give_all(project, &row.role),
                    (_, None) => {
                        let number = row.user.map_or(0, |user| user.0);
                        let why = format!(
                            "is for member number {number}, whom the organization's member list \
                             does not name"
                        );
                        self.unread(project, OddRow::from(why));
                    }
                },
            }
        }
        Ok(())
    }

    /// Keeps a row that could not be read for whom it is about.
    fn unread(&mut self, project: ProjectId, row: OddRow) {
        let by_number = row.number.and_then(|user| self.by_number.get(&UserId(user)));
        let numbered = by_number.and_then(|at| self.members.get(*at));
        let subject = match (&row.name, numbered) {
            // Where the number is another member's, whoever plans has to know that it stands for both.
            (Some(address), member) => Some(Subject::Person {
                email: Email::new(address),
                user: member.and_then(|one| one.id),
            }),
            (None, Some(member)) => Some(person(member)),
            (None, None) => None,
        };
        self.unread.push(UnreadRow {
            list: UnreadList::ProjectMembers,
            project: Some(project),
            subject,
            why: row.why,
        });
    }

    fn find(&self, project: ProjectId, row: &ProjectMember) -> Result<Option<usize>, ApiError> {
        let by_number = row.user.and_then(|user| self.by_number.get(&user)).copied();
        let Some(email) = &row.email else { return Ok(by_number) };
        let by_address = match (by_number, row.user) {
            // Another account of that address, which the organization's list did not tell readably.
            (None, Some(user)) if self.is_odd(user) => None,
            _ => self
                .by_spelling
                .get(email.as_str())
                .or_else(|| self.by_folded.get(email.folded()))
                .copied(),
        };
        let (Some(numbered), Some(addressed)) = (by_number, by_address) else {
            return Ok(by_number.or(by_address));
        };
        match (self.members.get(numbered), self.members.get(addressed)) {
            (Some(one), Some(other)) if one.email != other.email => Err(contradiction(
                project,
                format!(
                    "it says that {} has number {}, which the organization's member list gives to {}",
                    printable(other.email.as_str()),
                    one.id.map_or(0, |id| id.0),
                    printable(one.email.as_str()),
                ),
            )),
            _ => Ok(Some(numbered)),
        }
    }

    /// Whether a row of the organization's list that could not be read has that number.
    fn is_odd(&self, user: UserId) -> bool {
        self.odd.iter().any(|row| row.number == Some(user.0))
    }

    fn give(&mut self, at: usize, grant: Grant) {
        if let Some(member) = self.members.get_mut(at) {
            member.grants.push(grant);
        }
    }

    /// An all-users row without a person stands for everybody in the organization.
    fn give_all(&mut self, project: ProjectId, role: &ProjectRole) {
        for member in self.members.iter_mut().take(self.listed) {
            member.grants.push(Grant {
                project,
                role: role.clone(),
                source: GrantSource::AllUsers,
            });
        }
    }

    /// The members, each grant once, and what could not be read.
    pub(super) fn finish(mut self) -> (Vec<LiveMember>, Vec<UnreadRow>) {
        for row in std::mem::take(&mut self.odd) {
            let known = row.number.and_then(|user| self.by_number.get(&UserId(user)));
            let subject = known.and_then(|at| self.members.get(*at)).map(person);
            let why = match (row.number, &subject) {
                (Some(number), None) => format!("for member number {number} {}", row.why),
                _ => row.why,
            };
            self.unread.push(UnreadRow { list: UnreadList::Members, project: None, subject, why });
        }
        for member in &mut self.members {
            member.grants.sort_unstable();
            member.grants.dedup();
            member.grants.shrink_to_fit();
        }
        (self.members, self.unread)
    }
}

fn person(member: &LiveMember) -> Subject {
    Subject::Person { email: member.email.clone(), user: member.id }
}

/// Somebody whom only a project's list names: mostly a person with an open invitation.
fn newcomer(row: &ProjectMember, email: Email) -> LiveMember {
    LiveMember {
        id: row.user,
        email,
        name: None,
        organization_role: None,
        status: row.status,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    }
}

fn contradiction(project: ProjectId, problem: String) -> ApiError {
    let hint = "Somebody may have changed members while they were read: try again. If it stays, the \
                two lists number people differently; run `mixaccess doctor`.";
    let request = format!("members of project {project}");
    ApiError { hint: Some(hint.to_owned()), ..ApiError::permanent(request, problem) }
}
