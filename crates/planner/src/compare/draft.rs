//! A change before it has a place in the order.

use std::sync::Arc;

use mixaccess_model::Reading::{Absent, Known, Unread};
use mixaccess_model::{
    Diff, Difference, OrganizationRole, ProjectId, ProjectRef, ProjectRole, Reason, Risk, Subject,
    Verb, Write,
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
    pub(crate) write: Write,
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
    pub(crate) fn new(write: Write, reason: Reason, custom: &CustomRoles<'_>) -> Self {
        let risk = risk_of(&write, custom);
        Self { stage: stage_of(&write, risk), write, reason, risk }
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
        let whole = Write::set_project_role(project.clone(), before.clone(), after.clone());
        let Self { risk, stage, .. } = Self::new(whole, reason.clone(), custom);
        let taken = Write::revoke(project.clone(), before.clone());
        let given = Write::grant(project.clone(), after.clone());
        [(taken, Risk::Reduction), (given, Risk::Escalation)].map(|(write, own)| Self {
            write,
            reason: reason.clone(),
            risk: if own == risk { risk } else { Risk::Neutral },
            stage,
        })
    }

    /// Whether it sends an invitation.
    pub(crate) fn invites(&self) -> bool {
        self.write.verb == Verb::Invite
    }

    /// Whether it puts somebody into a team.
    pub(crate) fn joins(&self) -> bool {
        self.write.joined().is_some()
    }
}

/// What goes is destructive. Of several differences, one that gives more decides.
pub(crate) fn risk_of(write: &Write, custom: &CustomRoles<'_>) -> Risk {
    if write.verb.ends() {
        return Risk::Destructive;
    }
    let of_each = write.differences.iter().map(|one| risk_of_difference(one, custom));
    // The first is the gravest; an account alone gives nothing yet, and none of these ends one.
    of_each.min().unwrap_or(Risk::Neutral)
}

fn risk_of_difference(difference: &Difference, custom: &CustomRoles<'_>) -> Risk {
    match difference {
        Difference::OrganizationRole(Diff { before, after }) => match (before, after) {
            (Known(before), Known(after)) if after <= before => Risk::Reduction,
            (_, Absent) => Risk::Reduction,
            (_, Known(_) | Unread) => Risk::Escalation,
        },
        Difference::ProjectRole(project, Diff { before, after }) => match (before, after) {
            (Known(before), Known(after)) => risk_between(project.id, before, after, custom),
            (_, Absent) => Risk::Reduction,
            (Absent | Unread, Known(_)) | (_, Unread) => Risk::Escalation,
        },
        Difference::TeamMember(_, _, diff) => match diff.after {
            Absent => Risk::Reduction,
            Known(()) | Unread => Risk::Escalation,
        },
        Difference::Account(_) | Difference::Reminder(_) | Difference::Expiry(_) => Risk::Neutral,
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

fn stage_of(write: &Write, risk: Risk) -> Stage {
    let owner = Known(OrganizationRole::Owner);
    let makes_owner = write.organization_role().is_some_and(|diff| diff.after == owner);
    match risk {
        _ if write.verb == Verb::Set && makes_owner => Stage::Governance,
        Risk::Reduction | Risk::Destructive => Stage::Reduction,
        Risk::Escalation | Risk::Neutral => Stage::Addition,
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
            assert_eq!(taken.write, Write::revoke(project.clone(), from));
            assert_eq!(given.write, Write::grant(project.clone(), to));
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
