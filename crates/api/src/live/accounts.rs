//! Whose grant a row of a project's list of service accounts is.

use std::collections::HashMap;

use mixaccess_model::{Grant, LiveServiceAccount, ProjectId, ServiceAccountId};

use crate::{ApiError, ProjectServiceAccount};

/// Lays the projects' rows over the accounts; gives also the projects.
///
/// # Errors
/// When a row is about an account that the organization's list does not name: an account nobody looks
/// at must not be one that is left out here.
pub(super) fn with_grants(
    mut accounts: Vec<LiveServiceAccount>,
    projects: Vec<(ProjectId, Vec<ProjectServiceAccount>)>,
) -> Result<(Option<Vec<LiveServiceAccount>>, Vec<ProjectId>), ApiError> {
    let mut by_number: HashMap<ServiceAccountId, usize> = HashMap::with_capacity(accounts.len());
    for (at, account) in accounts.iter().enumerate() {
        by_number.entry(account.id).or_insert(at);
    }
    let mut read = Vec::with_capacity(projects.len());
    for (project, rows) in projects {
        read.push(project);
        for ProjectServiceAccount { id, role, source } in rows {
            let account = by_number.get(&id).and_then(|at| accounts.get_mut(*at));
            let account = account.ok_or_else(|| unknown(project, id))?;
            account.grants.push(Grant { project, role, source });
        }
    }
    for account in &mut accounts {
        account.grants.sort_unstable();
        account.grants.dedup();
    }
    Ok((Some(accounts), read))
}

fn unknown(project: ProjectId, account: ServiceAccountId) -> ApiError {
    let problem = format!(
        "it names service account number {account}, whom the organization's list does not name"
    );
    let hint = "Somebody may have changed service accounts while they were read: try again.";
    let request = format!("service accounts of project {project}");
    ApiError { hint: Some(hint.to_owned()), ..ApiError::permanent(request, problem) }
}
