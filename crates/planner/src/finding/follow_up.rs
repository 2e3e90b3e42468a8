//! What should follow a plan in which somebody gains or loses project admin: they have seen the tokens
//! of the project, or will.

use std::collections::BTreeSet;

use mixaccess_model::{
    Access, AffectedSubject, Finding, Grant, OrganizationRole, ProjectId, ProjectRole, Severity,
    Subject,
};

use crate::codes::FOLLOW_UP_TOKENS;
use crate::custom_role::CustomRoles;
use crate::finding::names::names;
use crate::finding::team::count;

const ADMIN_POWER: u8 = 3;

/// One note for the whole plan. People count with what they effectively have; a team counts with its
/// people.
pub(crate) fn tokens(subjects: &[AffectedSubject], custom: &CustomRoles<'_>) -> Option<Finding> {
    let mut changed: Vec<&Subject> = Vec::new();
    for one in subjects {
        let counts = !matches!(one.subject, Subject::Team { .. });
        if counts && changes_administration(one, custom) {
            changed.push(&one.subject);
        }
    }
    let (one, many) = match changed.iter().all(|subject| subject.email().is_some()) {
        true => ("person gains", "people gain"),
        false => ("subject gains", "subjects gain"),
    };
    let message = format!(
        "{} or lose{} project admin: {}",
        count(changed.len(), one, many),
        if changed.len() == 1 { "s" } else { "" },
        names(changed.iter().map(ToString::to_string))
    );
    (!changed.is_empty()).then(|| {
        Finding::new(Severity::Note, FOLLOW_UP_TOKENS, message).with_hint(
            "Rotate the tokens of their projects that are older than 90 days with `mixaccess tokens`, and review the service accounts that they created.",
        )
    })
}

fn changes_administration(one: &AffectedSubject, custom: &CustomRoles<'_>) -> bool {
    let implied = |access: &Option<Access>| {
        let role = access.as_ref().and_then(|access| access.organization_role);
        role.and_then(OrganizationRole::implied_project_role).is_some()
    };
    match (implied(&one.before), implied(&one.after)) {
        (true, true) => false,
        (false, false) => {
            let before = administered(one.before.as_ref(), custom);
            before != administered(one.after.as_ref(), custom)
        }
        (true, false) | (false, true) => true,
    }
}

/// The projects that somebody administers through grants of any source.
fn administered(access: Option<&Access>, custom: &CustomRoles<'_>) -> BTreeSet<ProjectId> {
    let is_admin =
        |project: ProjectId, role: &ProjectRole| custom.power(project, role) >= Some(ADMIN_POWER);
    let grants = access.map(|access| access.grants.as_slice()).unwrap_or_default();
    let admins = grants.iter().filter(|grant: &&Grant| is_admin(grant.project, &grant.role));
    admins.map(|grant| grant.project).collect()
}
