//! A change before it has a place in the order.

use std::sync::Arc;

use mixaccess_model::{Action, OrganizationRole, ProjectId, ProjectRole, Reason, Risk, Subject};

use crate::custom_role::CustomRoles;

/// A subject for which changes are wanted, and those changes in the order in which they must run.
#[derive(Clone, Debug)]
pub(crate) struct SubjectDraft {
    pub(crate) subject: Subject,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) tags: Vec<Arc<str>>,
    pub(crate) drafts: Vec<Draft>,
}

/// One wanted change.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) reason: Reason,
    pub(crate) risk: Risk,
    pub(crate) stage: Stage,
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

impl Draft {
    pub(crate) fn new(action: Action, reason: Reason, custom: &CustomRoles<'_>) -> Self {
        let risk = risk_of(&action, custom);
        Self { stage: stage_of(&action, risk), action, reason, risk }
    }

    /// Whether it puts somebody into a team.
    pub(crate) const fn joins(&self) -> bool {
        matches!(self.action, Action::AddTeamMember { .. })
    }

    /// The same in another part of the order.
    #[must_use]
    pub(crate) const fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}

fn risk_of(action: &Action, custom: &CustomRoles<'_>) -> Risk {
    match action {
        Action::Invite { .. }
        | Action::Grant { .. }
        | Action::AddTeamMember { .. }
        | Action::CreateServiceAccount { .. } => Risk::Escalation,
        Action::WithdrawInvitation { .. }
        | Action::RemoveMember { .. }
        | Action::DeleteTeam { .. }
        | Action::DeleteServiceAccount { .. } => Risk::Destructive,
        Action::Revoke { .. } | Action::RemoveTeamMember { .. } => Risk::Reduction,
        Action::CreateTeam | Action::RemindInvitation { .. } => Risk::Neutral,
        Action::SetOrganizationRole { before, after } => {
            if after > before {
                Risk::Escalation
            } else {
                Risk::Reduction
            }
        }
        Action::SetProjectRole { project, before, after } => {
            risk_between(project.id, before, after, custom)
        }
    }
}

/// Custom roles that count as no standard role are not ordered: a change to or from one counts as an
/// escalation, unless it leaves the strongest standard role or ends at the weakest.
pub(crate) fn risk_between(
    project: ProjectId,
    before: &ProjectRole,
    after: &ProjectRole,
    custom: &CustomRoles<'_>,
) -> Risk {
    match (custom.power(project, before), custom.power(project, after)) {
        (Some(before), Some(after)) if after > before => Risk::Escalation,
        (Some(before), Some(after)) if after < before => Risk::Reduction,
        (Some(_), Some(_)) => Risk::Neutral,
        (Some(4), None) | (None, Some(1)) => Risk::Reduction,
        _ => Risk::Escalation,
    }
}

const fn stage_of(action: &Action, risk: Risk) -> Stage {
    match (action, risk) {
        (Action::SetOrganizationRole { after: OrganizationRole::Owner, .. }, _) => {
            Stage::Governance
        }
        (_, Risk::Reduction | Risk::Destructive) => Stage::Reduction,
        (_, Risk::Escalation | Risk::Neutral) => Stage::Addition,
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
            let risk = risk_between(ProjectId(1), &from, &to, &CustomRoles::default());
            assert_eq!(risk, expected, "{before} to {after}");
        }
    }
}
