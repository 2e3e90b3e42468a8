//! One line of a plan: what somebody has, what they will have, and what asks for it.

use jiff::Timestamp;
use mixaccess_model::{
    Action, Annotations, Change, Email, InvitedGrant, Place, ProjectId, ProjectRef, Reason,
    ReasonKind, Risk, Subject, Through,
};

use crate::project_labels::ProjectLabels;
use crate::{Culprit, Culprits, words};

/// What a line changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The invitation into the organization, with the organization role it carries.
    Invitation,
    /// The organization role.
    OrganizationRole,
    /// The team itself.
    Team,
    /// The service account itself, with the organization role it is made with.
    ServiceAccount,
    /// Who is in a team, by address.
    TeamMember(String),
    /// The role in a project, by the project's label.
    Project(String),
}

impl Target {
    /// The words of the line.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Invitation => "invitation",
            Self::OrganizationRole => "organization role",
            Self::Team => "team",
            Self::ServiceAccount => "service account",
            Self::TeamMember(address) => address,
            Self::Project(label) => label,
        }
    }

    /// The words of every target of its kind, for totals.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::OrganizationRole => "organization role",
            Self::Team => "team",
            Self::ServiceAccount => "service account",
            Self::TeamMember(_) => "team membership",
            Self::Project(_) => "project role",
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
    /// The project, where the line is about one.
    pub(crate) project: Option<ProjectId>,
    /// The role until now.
    pub(crate) before: &'a str,
    /// The role from now on.
    pub(crate) after: &'a str,
    /// The risk; absent for a role that comes or goes with something else, such as an invitation.
    pub(crate) risk: Option<Risk>,
    /// What asks for it; absent where the line above already says so.
    pub(crate) ask: Option<Ask<'a>>,
    /// Who changed it by hand.
    pub(crate) culprit: Option<&'a Culprit>,
    /// Through what it comes or goes, where that is not a plain write for this subject; empty otherwise.
    pub(crate) through: String,
    /// What a reviewer must know besides, a fragment each.
    pub(crate) remarks: Vec<String>,
}

impl<'a> Row<'a> {
    /// A line that comes with another: without a risk and something that asks for it of its own.
    pub(crate) const fn carried(
        symbol: Symbol,
        target: Target,
        project: Option<ProjectId>,
        before: &'a str,
        after: &'a str,
    ) -> Self {
        Self {
            symbol,
            target,
            project,
            before,
            after,
            risk: None,
            ask: None,
            culprit: None,
            through: String::new(),
            remarks: Vec::new(),
        }
    }

    /// Whether this line begins a change, rather than being carried by the one above.
    pub(crate) const fn begins_change(&self) -> bool {
        self.risk.is_some()
    }
}

/// The word for the absence of a role, the same that the files use.
pub(crate) const NONE: &str = "none";
/// Words for a team or a service account that is there, and for one that goes: those of the files.
const ACTIVE: &str = "active";
const REMOVED: &str = "removed";

/// What turning changes into lines needs to know of the plan around them.
pub(crate) struct Around<'a> {
    /// How projects are called.
    pub(crate) labels: &'a ProjectLabels<'a>,
    /// Who changed what by hand.
    pub(crate) culprits: Option<&'a Culprits>,
    /// When live state was read, to say how long ago something was.
    pub(crate) seen_at: Timestamp,
}

/// Turns a change into its lines: one, and one more for each role it carries with it.
pub(crate) fn rows<'a>(change: &'a Change, around: &Around<'a>, out: &mut Vec<Row<'a>>) {
    let Change { id, subject: _, action, risk, reason, depends_on: _, preconditions: _ } = change;
    let Reason { kind, place, annotations } = reason;
    let (symbol, target, before, after) = first(action, around.labels);
    out.push(Row {
        symbol,
        target,
        project: action.project().map(|project| project.id),
        before,
        after,
        risk: Some(*risk),
        ask: Some(Ask { kind: *kind, place: place.as_ref(), annotations }),
        culprit: around.culprits.and_then(|culprits| culprits.get(id)),
        through: if by_scim(action) { "through SCIM".to_owned() } else { String::new() },
        remarks: remarks(action, around.seen_at),
    });
    match action {
        Action::Invite { grants, .. } | Action::CreateServiceAccount { grants, .. } => {
            carried(Symbol::Add, grants, around.labels, out);
        }
        Action::WithdrawInvitation { loses, .. }
        | Action::RemoveMember { loses, .. }
        | Action::DeleteTeam { loses, .. }
        | Action::DeleteServiceAccount { loses } => {
            carried(Symbol::Remove, loses, around.labels, out);
        }
        Action::SetOrganizationRole { .. }
        | Action::RemindInvitation { .. }
        | Action::Grant { .. }
        | Action::SetProjectRole { .. }
        | Action::Revoke { .. }
        | Action::CreateTeam
        | Action::AddTeamMember { .. }
        | Action::RemoveTeamMember { .. } => {}
    }
}

/// The line of a change itself: what it does, to what, before and after.
fn first<'a>(action: &'a Action, labels: &ProjectLabels<'_>) -> (Symbol, Target, &'a str, &'a str) {
    use Symbol::{Add, Change, Destroy, Remove};
    let project = |project: &ProjectRef| Target::Project(labels.get(project));
    let held = |role: Option<mixaccess_model::OrganizationRole>| {
        role.map_or("unknown", mixaccess_model::OrganizationRole::as_str)
    };
    match action {
        Action::Invite { organization_role, grants: _ } => {
            (Add, Target::Invitation, NONE, organization_role.as_str())
        }
        Action::WithdrawInvitation { organization_role, loses: _ } => {
            (Destroy, Target::Invitation, held(*organization_role), "withdrawn")
        }
        Action::RemindInvitation { sent_at: _ } => {
            (Change, Target::Invitation, "pending", "reminded")
        }
        Action::SetOrganizationRole { before, after } => {
            (Change, Target::OrganizationRole, before.as_str(), after.as_str())
        }
        Action::Grant { project: to, after } => (Add, project(to), NONE, after.as_str()),
        Action::SetProjectRole { project: of, before, after } => {
            (Change, project(of), before.as_str(), after.as_str())
        }
        Action::Revoke { project: from, before } => (Remove, project(from), before.as_str(), NONE),
        Action::RemoveMember { before, loses: _ } => {
            (Destroy, Target::OrganizationRole, held(*before), REMOVED)
        }
        Action::CreateTeam => (Add, Target::Team, NONE, ACTIVE),
        Action::AddTeamMember { email, through: _ } => {
            (Add, Target::TeamMember(email.to_string()), NOT_IN, IN)
        }
        Action::RemoveTeamMember { email, through: _ } => {
            (Remove, Target::TeamMember(email.to_string()), IN, NOT_IN)
        }
        Action::DeleteTeam { members: _, loses: _ } => (Destroy, Target::Team, ACTIVE, REMOVED),
        Action::CreateServiceAccount { organization_role, grants: _, expires: _ } => {
            (Add, Target::ServiceAccount, NONE, organization_role.as_str())
        }
        Action::DeleteServiceAccount { loses: _ } => {
            (Destroy, Target::ServiceAccount, ACTIVE, REMOVED)
        }
    }
}

/// Words for whether somebody is in a team.
const IN: &str = "in";
const NOT_IN: &str = "not in";

/// Whether a change is written through SCIM.
const fn by_scim(action: &Action) -> bool {
    matches!(
        action,
        Action::AddTeamMember { through: Through::Scim, .. }
            | Action::RemoveTeamMember { through: Through::Scim, .. }
    )
}

/// What the columns of a line have no room for.
fn remarks(action: &Action, seen_at: Timestamp) -> Vec<String> {
    match action {
        Action::RemindInvitation { sent_at: Some(at) } => {
            vec![format!("invited {}", words::relative(*at, seen_at))]
        }
        Action::DeleteTeam { members, loses } if members.is_empty() => {
            let lost = if loses.is_empty() { "and gives nothing" } else { "so nobody loses it" };
            vec![format!("nobody is in it, {lost}")]
        }
        Action::DeleteTeam { members, loses } => {
            let people = words::people(members.len());
            let verb = match (loses.is_empty(), members.len()) {
                (true, 1) => "leaves it",
                (true, _) => "leave it",
                (false, 1) => "loses what it gives",
                (false, _) => "lose what it gives",
            };
            vec![format!("{people} {verb}: {}", addresses(members))]
        }
        Action::CreateServiceAccount { organization_role: _, grants: _, expires } => {
            vec![match expires {
                Some(at) => {
                    let (at, left) = (words::instant(*at), words::relative(*at, seen_at));
                    format!("expires {at} ({left})")
                }
                None => "never expires".to_owned(),
            }]
        }
        Action::Invite { .. }
        | Action::WithdrawInvitation { .. }
        | Action::SetOrganizationRole { .. }
        | Action::RemindInvitation { sent_at: None }
        | Action::Grant { .. }
        | Action::SetProjectRole { .. }
        | Action::Revoke { .. }
        | Action::RemoveMember { .. }
        | Action::CreateTeam
        | Action::AddTeamMember { .. }
        | Action::RemoveTeamMember { .. }
        | Action::DeleteServiceAccount { .. } => Vec::new(),
    }
}

fn addresses(list: &[Email]) -> String {
    list.iter().map(Email::as_str).collect::<Vec<_>>().join(", ")
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
        out.push(Row::carried(symbol, target, Some(project.id), before, after));
    }
}

impl Ask<'_> {
    /// The place as `file:line`, after what it does to the person where that is not a plain declaration.
    pub(crate) fn origin(&self) -> String {
        let word = words::asked_by(self.kind);
        match self.place.map(line_of) {
            None => word.to_owned(),
            Some(place) if word.is_empty() => place,
            Some(place) if apart(self.kind) => format!("{word}, {place}"),
            Some(place) => format!("{word} {place}"),
        }
    }
}

/// Whether the words of a kind say what happened, rather than what the place does.
const fn apart(kind: ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::Unmanaged | ReasonKind::InvitationExpired | ReasonKind::InvitationWaiting
    )
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
pub(crate) fn drift_sentence(subject: &Subject, row: &Row<'_>) -> String {
    let Row { target, before, after, culprit, through, remarks, .. } = row;
    let mut text = format!("{subject}, {}: live {before}, files {after}", target.as_str());
    if let Some(Culprit { who, at }) = culprit {
        text.push_str(&format!("; changed by {who}"));
        text.extend(at.map(|at| format!(", {}", words::instant(at))));
    }
    for remark in Some(through).into_iter().chain(remarks).filter(|remark| !remark.is_empty()) {
        text.push_str(&format!("; {remark}"));
    }
    text
}
