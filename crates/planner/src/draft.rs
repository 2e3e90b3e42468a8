//! A change before it has a place in the order.

use std::sync::Arc;

use mixaccess_model::{Action, OrganizationRole, ProjectRole, Reason, Risk, Subject};

/// Somebody for whom changes are wanted, and those changes in the order in which they must run.
#[derive(Clone, Debug)]
pub(crate) struct PersonDraft {
    pub(crate) subject: Subject,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) tags: Vec<Arc<str>>,
    /// Whether the files ask for these changes by name, rather than through a sweeping rule.
    pub(crate) asked_by_name: bool,
    pub(crate) drafts: Vec<Draft>,
}

/// One wanted change.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) reason: Reason,
}

/// The three parts of a plan's order (`design.md`, "The plan": "Order").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Additions that keep the organization governed: new owners.
    Governance,
    /// Reductions and removals.
    Reduction,
    /// Every other addition.
    Addition,
}

pub(crate) fn risk_of(action: &Action) -> Risk {
    match action {
        Action::Invite { .. } | Action::Grant { .. } => Risk::Escalation,
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => Risk::Destructive,
        Action::Revoke { .. } => Risk::Reduction,
        Action::SetOrganizationRole { before, after } => {
            if after > before {
                Risk::Escalation
            } else {
                Risk::Reduction
            }
        }
        Action::SetProjectRole { before, after, .. } => risk_between(before, after),
    }
}

/// Custom roles are not ordered against the standard ones: a change to or from one counts as an
/// escalation, unless it leaves the strongest standard role or ends at the weakest.
pub(crate) fn risk_between(before: &ProjectRole, after: &ProjectRole) -> Risk {
    match (before.power(), after.power()) {
        (Some(before), Some(after)) if after > before => Risk::Escalation,
        (Some(before), Some(after)) if after < before => Risk::Reduction,
        (Some(_), Some(_)) => Risk::Neutral,
        (Some(4), None) | (None, Some(1)) => Risk::Reduction,
        _ => Risk::Escalation,
    }
}

pub(crate) fn stage_of(action: &Action) -> Stage {
    match action {
        Action::SetOrganizationRole { after: OrganizationRole::Owner, .. } => Stage::Governance,
        other => match risk_of(other) {
            Risk::Reduction | Risk::Destructive => Stage::Reduction,
            Risk::Escalation | Risk::Neutral => Stage::Addition,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_roles_count_as_escalations_between_the_extremes() {
        use Risk::{Escalation, Neutral, Reduction};
        for (before, after, expected) in [
            ("analyst", "admin", Escalation),
            ("admin", "analyst", Reduction),
            ("admin", "admin", Neutral),
            ("admin", "Messenger", Escalation),
            ("owner", "Messenger", Reduction),
            ("Messenger", "owner", Escalation),
            ("Messenger", "analyst", Escalation),
            ("Messenger", "consumer", Reduction),
            ("Messenger", "Reviewer", Escalation),
        ] {
            let [from, to] = [before, after].map(ProjectRole::parse);
            assert_eq!(risk_between(&from, &to), expected, "{before} to {after}");
        }
    }
}
