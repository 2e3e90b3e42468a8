//! A change before it has a place in the order.

use std::sync::Arc;

use mixaccess_model::{
    Action, OrganizationRole, ProjectId, ProjectRef, ProjectRole, Reason, Risk, Subject,
};

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

/// The three parts of a plan's order: new owners, so that the organization is governed at every step;
/// what takes away, because access that should be gone is more urgent than access that should be there;
/// then what gives.
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

    /// A role taken and another given, one right after the other, for what the service cannot change in
    /// place. Together they have the place and the risk of the change that they stand for: the half
    /// that goes the other way is neutral.
    pub(crate) fn exchange(
        project: &ProjectRef,
        before: &ProjectRole,
        after: &ProjectRole,
        reason: &Reason,
        custom: &CustomRoles<'_>,
    ) -> [Self; 2] {
        let action = Action::SetProjectRole {
            project: project.clone(),
            before: before.clone(),
            after: after.clone(),
        };
        let Self { risk, stage, .. } = Self::new(action, reason.clone(), custom);
        let taken = Action::Revoke { project: project.clone(), before: before.clone() };
        let given = Action::Grant { project: project.clone(), after: after.clone() };
        [(taken, Risk::Reduction), (given, Risk::Escalation)].map(|(action, own)| Self {
            action,
            reason: reason.clone(),
            risk: if own == risk { risk } else { Risk::Neutral },
            stage,
        })
    }

    /// Whether it sends an invitation.
    pub(crate) const fn invites(&self) -> bool {
        matches!(self.action, Action::Invite { .. })
    }

    /// Whether it puts somebody into a team.
    pub(crate) const fn joins(&self) -> bool {
        matches!(self.action, Action::AddTeamMember { .. })
    }
}

pub(crate) fn risk_of(action: &Action, custom: &CustomRoles<'_>) -> Risk {
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
    fn an_exchange_has_the_risk_of_the_change_it_stands_for() {
        use Risk::{Escalation, Neutral, Reduction};
        let project = ProjectRef { id: ProjectId(1), key: mixaccess_model::ProjectKey::new("web") };
        let reason = Reason {
            kind: mixaccess_model::ReasonKind::Declared,
            place: None,
            annotations: mixaccess_model::Annotations::default(),
        };
        for (before, after, expected) in [
            ("admin", "analyst", ([Reduction, Neutral], Stage::Reduction)),
            ("analyst", "admin", ([Neutral, Escalation], Stage::Addition)),
        ] {
            let [from, to] = [before, after].map(ProjectRole::parse);
            let custom = CustomRoles::default();
            let [taken, given] = Draft::exchange(&project, &from, &to, &reason, &custom);
            assert_eq!(taken.action, Action::Revoke { project: project.clone(), before: from });
            assert_eq!(given.action, Action::Grant { project: project.clone(), after: to });
            assert_eq!(taken.stage, given.stage);
            assert_eq!(([taken.risk, given.risk], taken.stage), expected, "{before} to {after}");
        }
    }

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
