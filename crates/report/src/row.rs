//! One line of a plan: what somebody has, what they will have, and what asks for it.

use std::collections::BTreeMap;

use mixaccess_model::{
    Action, Annotations, Change, Email, InvitedGrant, Place, PlanProject, ProjectId, ProjectRef,
    Reason, ReasonKind, Risk,
};

use crate::{Culprit, Culprits, words};

/// What a line changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The invitation into the organization, with the organization role it carries.
    Invitation,
    /// The organization role.
    OrganizationRole,
    /// The role in a project, by the project's label.
    Project(String),
}

impl Target {
    /// The words of the line.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Invitation => "invitation",
            Self::OrganizationRole => "organization role",
            Self::Project(label) => label,
        }
    }
}

/// What a line does, as one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Symbol {
    /// Something is given that was not there.
    Add,
    /// Something is given instead of something else.
    Change,
    /// Something is taken away.
    Remove,
    /// An account or invitation goes.
    Destroy,
}

impl Symbol {
    /// The character, which carries the meaning where there is no colour.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Remove => "-",
            Self::Destroy => "!",
        }
    }
}

/// What asks for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ask<'a> {
    /// What kind of thing asks.
    pub(crate) kind: ReasonKind,
    /// Where it stands.
    pub(crate) place: Option<&'a Place>,
    /// Ticket, reason and people.
    pub(crate) annotations: &'a Annotations,
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row<'a> {
    /// What it does.
    pub(crate) symbol: Symbol,
    /// What is changed.
    pub(crate) target: Target,
    /// The role until now.
    pub(crate) before: &'a str,
    /// The role from now on.
    pub(crate) after: &'a str,
    /// The risk; absent for a role that an invitation or a removal carries with it.
    pub(crate) risk: Option<Risk>,
    /// What asks for it; absent where the line above already says so.
    pub(crate) ask: Option<Ask<'a>>,
    /// Who changed it by hand.
    pub(crate) culprit: Option<&'a Culprit>,
}

impl Row<'_> {
    /// Whether this line begins a change, rather than being carried by the one above.
    pub(crate) const fn begins_change(&self) -> bool {
        self.risk.is_some()
    }
}

/// How projects are called in output: the key, with what tells it apart.
#[derive(Debug)]
pub(crate) struct ProjectLabels<'a>(BTreeMap<ProjectId, (&'a str, String)>);

impl<'a> ProjectLabels<'a> {
    /// Labels every project a plan names. Two with the same key are told apart by number.
    pub(crate) fn of(projects: &'a [PlanProject]) -> Self {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for project in projects {
            *seen.entry(project.key.as_str()).or_default() += 1;
        }
        let label = |project: &'a PlanProject| {
            let PlanProject { id, key, environment, declared } = project;
            let mut label = key.to_string();
            if seen.get(key.as_str()).is_some_and(|count| *count > 1) {
                label.push_str(&format!(" #{id}"));
            }
            match environment {
                _ if !declared => label.push_str(" (undeclared)"),
                Some(environment) if !key.as_str().contains(environment.as_str()) => {
                    label.push_str(&format!(" ({environment})"));
                }
                _ => {}
            }
            (*id, (key.as_str(), label))
        };
        Self(projects.iter().map(label).collect())
    }

    /// The label of a project. A reference whose key is not the listed one shows its number too, so
    /// that no plan can pass one project off as another.
    pub(crate) fn get(&self, project: &ProjectRef) -> String {
        match self.0.get(&project.id) {
            Some((key, label)) if *key == project.key.as_str() => label.clone(),
            _ => format!("{} #{}", project.key, project.id),
        }
    }
}

/// The word for the absence of a role (`design.md`, "Words").
const NONE: &str = "none";

/// Turns a change into its lines: one, and one more for each role it carries with it.
pub(crate) fn rows<'a>(
    change: &'a Change,
    labels: &ProjectLabels<'_>,
    culprits: Option<&'a Culprits>,
    out: &mut Vec<Row<'a>>,
) {
    let Change { id: _, subject, action, risk, reason, depends_on: _, preconditions: _ } = change;
    let Reason { kind, place, annotations } = reason;
    let ask = Ask { kind: *kind, place: place.as_ref(), annotations };
    let project = action.project().map(|project| project.id);
    let culprit = culprits
        .filter(|culprits| !culprits.is_empty())
        .and_then(|culprits| culprits.get(&(subject.email().clone(), project)));
    let mut first = |symbol, target: Target, before, after| {
        let risk = Some(*risk);
        out.push(Row { symbol, target, before, after, risk, ask: Some(ask), culprit });
    };
    match action {
        Action::Invite { organization_role, grants } => {
            first(Symbol::Add, Target::Invitation, NONE, organization_role.as_str());
            carried(Symbol::Add, grants, labels, out);
        }
        Action::WithdrawInvitation { organization_role, loses } => {
            let before = organization_role.map_or("unknown", |role| role.as_str());
            first(Symbol::Destroy, Target::Invitation, before, "withdrawn");
            carried(Symbol::Remove, loses, labels, out);
        }
        Action::SetOrganizationRole { before, after } => {
            first(Symbol::Change, Target::OrganizationRole, before.as_str(), after.as_str());
        }
        Action::Grant { project, after } => {
            first(Symbol::Add, Target::Project(labels.get(project)), NONE, after.as_str());
        }
        Action::SetProjectRole { project, before, after } => {
            first(
                Symbol::Change,
                Target::Project(labels.get(project)),
                before.as_str(),
                after.as_str(),
            );
        }
        Action::Revoke { project, before } => {
            first(Symbol::Remove, Target::Project(labels.get(project)), before.as_str(), NONE);
        }
        Action::RemoveMember { before, loses } => {
            let before = before.map_or("unknown", |role| role.as_str());
            first(Symbol::Destroy, Target::OrganizationRole, before, "removed");
            carried(Symbol::Remove, loses, labels, out);
        }
    }
}

fn carried<'a>(
    symbol: Symbol,
    grants: &'a [InvitedGrant],
    labels: &ProjectLabels<'_>,
    out: &mut Vec<Row<'a>>,
) {
    for InvitedGrant { project, role } in grants {
        let (before, after) =
            if symbol == Symbol::Add { (NONE, role.as_str()) } else { (role.as_str(), NONE) };
        let target = Target::Project(labels.get(project));
        out.push(Row { symbol, target, before, after, risk: None, ask: None, culprit: None });
    }
}

impl Ask<'_> {
    /// The place as `file:line`, after what it does to the person where that is not a plain declaration.
    pub(crate) fn origin(&self) -> String {
        let word = words::asked_by(self.kind);
        match self.place.map(line_of) {
            None => word.to_owned(),
            Some(place) if word.is_empty() => place,
            Some(place) if self.kind == ReasonKind::Unmanaged => format!("{word}, {place}"),
            Some(place) => format!("{word} {place}"),
        }
    }
}

/// A place as `file:line`.
pub(crate) fn line_of(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// Ticket, reason and people in one text; empty when nothing is given.
pub(crate) fn annotation_text(annotations: &Annotations) -> String {
    let Annotations { ticket, reason, requested_by, approved_by } = annotations;
    let mut text = match (ticket, reason) {
        (Some(ticket), Some(reason)) => format!("{ticket}: {reason}"),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (None, None) => String::new(),
    };
    for (word, who) in [("requested by", requested_by), ("approved by", approved_by)] {
        if let Some(who) = who {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&format!("{word} {who}"));
        }
    }
    text
}

/// A difference in one sentence, for formats that have no columns.
pub(crate) fn drift_sentence(email: &Email, row: &Row<'_>) -> String {
    let Row { symbol: _, target, before, after, risk: _, ask: _, culprit } = row;
    let mut text = format!("{email}, {}: live {before}, files {after}", target.as_str());
    if let Some(Culprit { who, at }) = culprit {
        text.push_str(&format!("; changed by {who}"));
        text.extend(at.map(|at| format!(", {}", words::instant(at))));
    }
    text
}
