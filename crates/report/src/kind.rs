//! Which sentences a plan is told in.

use mixaccess_model::{Plan, Risk};

use crate::{Purpose, words};

/// Which sentences a plan is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From what is live to what the files say.
    Plan,
    /// From what the files say to what is live.
    Drift,
    /// From what was applied to what was before.
    Undo,
}

impl Kind {
    /// Order of the people and lines: what is most urgent to see is 0.
    pub(crate) const fn urgency(self, risk: Risk) -> u8 {
        match (self, risk) {
            // Drift that the files would take away is access that somebody should not have.
            (Self::Plan | Self::Undo, Risk::Escalation) | (Self::Drift, Risk::Destructive) => 0,
            (Self::Plan | Self::Undo, Risk::Destructive) | (Self::Drift, Risk::Reduction) => 1,
            (Self::Plan | Self::Undo, Risk::Reduction) | (Self::Drift, Risk::Escalation) => 2,
            (_, Risk::Neutral) => 3,
        }
    }

    /// The word for a change's risk.
    pub(crate) const fn risk(self, risk: Risk) -> &'static str {
        match (self, risk) {
            (Self::Plan | Self::Undo, risk) => risk.as_str(),
            (Self::Drift, Risk::Escalation) => "less than declared",
            (Self::Drift, Risk::Reduction) => "more than declared",
            (Self::Drift, Risk::Destructive) => "should be gone",
            (Self::Drift, Risk::Neutral) => "other than declared",
        }
    }

    /// Changes of one risk, counted: `2 escalations`.
    pub(crate) fn counted(self, count: usize, risk: Risk) -> String {
        match (self, risk) {
            (Self::Plan | Self::Undo, Risk::Escalation) => {
                words::counted(count, "escalation", "escalations")
            }
            (Self::Plan | Self::Undo, Risk::Reduction) => {
                words::counted(count, "reduction", "reductions")
            }
            (_, risk) => words::counted(count, self.risk(risk), self.risk(risk)),
        }
    }

    /// Changes, counted, in the words of this kind.
    pub(crate) fn changes(self, count: usize) -> String {
        match self {
            Self::Plan | Self::Undo => words::changes(count),
            Self::Drift => words::counted(count, "difference", "differences"),
        }
    }

    /// What both sides of a unified diff are called.
    pub(crate) const fn sides(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan | Self::Undo => ("before", "after"),
            Self::Drift => ("live", "files"),
        }
    }

    /// The kind that a purpose asks for.
    pub(crate) const fn of(plan: &Plan, purpose: Purpose<'_>) -> Self {
        match purpose {
            Purpose::Drift { .. } => Self::Drift,
            Purpose::Undo => Self::Undo,
            Purpose::Plan if plan.content.undoes.is_some() => Self::Undo,
            Purpose::Plan | Purpose::Apply => Self::Plan,
        }
    }
}
