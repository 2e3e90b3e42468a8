//! Whose grant a row of a project's list of service accounts is.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{
    Grant, LiveServiceAccount, ProjectId, ServiceAccountId, Subject, UnreadList, UnreadRow,
};

use crate::{Listed, OddRow, ProjectServiceAccount};

/// Lays the projects' rows over the accounts; gives also the projects, and the rows that are unread. A row
/// about an account that the organization's list does not name is one of them: nobody is told to be
/// without access because of a list that lacks it.
pub fn with_grants(
    accounts: Listed<LiveServiceAccount>,
    projects: Vec<(ProjectId, Listed<ProjectServiceAccount>)>,
) -> (Vec<LiveServiceAccount>, Vec<ProjectId>, Vec<UnreadRow>) {
    let Listed { rows: mut accounts, unread: odd } = accounts;
    let mut by_number: HashMap<ServiceAccountId, usize> = HashMap::with_capacity(accounts.len());
    for (at, account) in accounts.iter().enumerate() {
        by_number.entry(account.id).or_insert(at);
    }
    let mut unread: Vec<UnreadRow> = odd.into_iter().map(of_organization).collect();
    let mut read = Vec::with_capacity(projects.len());
    for (project, Listed { rows, unread: odd }) in projects {
        read.push(project);
        let mut tell = |subject, why| {
            let list = UnreadList::ProjectServiceAccounts;
            unread.push(UnreadRow { list, project: Some(project), subject, why });
        };
        for ProjectServiceAccount { id, role, source } in rows {
            match by_number.get(&id).and_then(|at| accounts.get_mut(*at)) {
                Some(account) => account.grants.push(Grant { project, role, source }),
                None => tell(None, unlisted(id)),
            }
        }
        for OddRow { number, why, .. } in odd {
            let number = number.map(ServiceAccountId);
            let known = number.and_then(|id| by_number.get(&id)).and_then(|at| accounts.get(*at));
            match (known, number) {
                (Some(account), _) => tell(Some(subject(account)), why),
                (None, Some(id)) => tell(None, format!("{why}, and {}", unlisted(id))),
                (None, None) => tell(None, why),
            }
        }
    }
    for account in &mut accounts {
        account.grants.sort_unstable();
        account.grants.dedup();
    }
    (accounts, read, unread)
}

fn of_organization(row: OddRow) -> UnreadRow {
    let OddRow { number, name, why } = row;
    let id = number.map(ServiceAccountId);
    let why = match (&name, id) {
        (None, Some(id)) => format!("for service account number {id} {why}"),
        _ => why,
    };
    let subject = name.map(|username| Subject::ServiceAccount { username, id });
    UnreadRow { list: UnreadList::ServiceAccounts, project: None, subject, why }
}

fn subject(account: &LiveServiceAccount) -> Subject {
    Subject::ServiceAccount { username: Arc::clone(&account.username), id: Some(account.id) }
}

fn unlisted(account: ServiceAccountId) -> String {
    format!("is for service account number {account}, whom the organization's list does not name")
}
