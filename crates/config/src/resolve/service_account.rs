//! Service accounts.

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{Cause, DesiredServiceAccount, OrganizationRole, State};

use super::Scratch;
use crate::declaration::ServiceAccount;
use crate::declared::Declared;

/// Every service account at an instant, in the order of their names.
pub(super) fn resolve(
    declared: &Declared,
    accounts: &[ServiceAccount],
    instant: Timestamp,
) -> Vec<DesiredServiceAccount> {
    let mut scratch = Scratch::default();
    let resolved = accounts.iter().map(|account| {
        let mine = account.annotations.as_ref();
        let (state, span) = account.state.unwrap_or((State::Active, account.span));
        let (grants, span) = if state == State::Active {
            let grants = scratch.own_grants(declared, account.file, &account.access, mine, instant);
            (grants, account.span)
        } else {
            (Vec::new(), span)
        };
        let owner = account
            .owner
            .as_ref()
            .map(|(email, _)| declared.collaborator(email).map_or(email, |one| &one.email).clone());
        DesiredServiceAccount {
            key: declared.names.shared(account.key),
            username: Arc::clone(&account.username),
            state,
            organization_role: account
                .organization_role
                .map_or(OrganizationRole::LOWEST, |(role, _)| role),
            expires: account.expires_at,
            owner,
            purpose: account.purpose.clone(),
            tags: account.tags.clone(),
            grants,
            cause: Cause {
                position: span.position(account.file),
                annotations: mine.map(Arc::clone),
            },
        }
    });
    resolved.collect()
}
