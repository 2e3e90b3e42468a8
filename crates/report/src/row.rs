//! One line of a plan: what somebody has, what they will have, and what asks for it.

use jiff::Timestamp;
use mixaccess_model::{
    Annotations, Change, Diff, Difference, MemberStatus, OrganizationRole, Place, ProjectId,
    ProjectRole, Reading, Reason, ReasonKind, Risk, Subject, Through, Verb, Write,
};

use crate::project_labels::ProjectLabels;
use crate::{Culprit, Culprits, words};

/// What a line changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The invitation into the organization, with the organization role it carries.
    Invitation,
    /// Whether somebody is there.
    Account,
    /// The organization role.
    OrganizationRole,
    /// When credentials stop working.
    Expiry,
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
            Self::Account => "account",
            Self::OrganizationRole => "organization role",
            Self::Expiry => "expiry",
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
            Self::Account => "account",
            Self::OrganizationRole => "organization role",
            Self::Expiry => "expiry",
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
/// The word for what was not read.
const UNKNOWN: &str = "unknown";
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
    let Change { id, subject, write, risk, reason, depends_on: _, preconditions: _ } = change;
    let Reason { kind, place, annotations } = reason;
    let (line, carried) = lines(subject, write, around.labels);
    out.push(Row {
        risk: Some(*risk),
        ask: Some(Ask { kind: *kind, place: place.as_ref(), annotations }),
        culprit: around.culprits.and_then(|culprits| culprits.get(id)),
        through: if by_scim(write) { "through SCIM".to_owned() } else { String::new() },
        remarks: remarks(subject, write, around.seen_at),
        ..line
    });
    out.extend(carried);
}

/// The line of a change itself, and one for each role that comes or goes with it.
fn lines<'a>(
    subject: &Subject,
    write: &'a Write,
    labels: &ProjectLabels<'_>,
) -> (Row<'a>, Vec<Row<'a>>) {
    use Symbol::{Add, Change, Destroy};
    let Write { verb, differences } = write;
    let role = write.organization_role();
    let before = || role.map_or(UNKNOWN, |diff| organization_role(diff.before));
    let kind = match subject {
        Subject::Person { .. } => Target::OrganizationRole,
        Subject::Team { .. } => Target::Team,
        Subject::ServiceAccount { .. } => Target::ServiceAccount,
    };
    let (symbol, target, before, after) = match verb {
        Verb::Invite => {
            let after = role.map_or(UNKNOWN, |diff| organization_role(diff.after));
            (Add, Target::Invitation, NONE, after)
        }
        Verb::Withdraw => (Destroy, Target::Invitation, before(), "withdrawn"),
        Verb::Remind => (Change, Target::Invitation, "pending", "reminded"),
        Verb::Remove => (Destroy, Target::OrganizationRole, before(), REMOVED),
        Verb::Create => {
            let after = role.map_or(ACTIVE, |diff| organization_role(diff.after));
            (Add, kind, NONE, after)
        }
        Verb::Delete => (Destroy, kind, ACTIVE, REMOVED),
        Verb::Set => {
            let mut each = differences.iter().map(|one| line(one, labels));
            let unchanged = || Row::carried(Change, kind, None, NONE, NONE);
            return (each.next().unwrap_or_else(unchanged), each.collect());
        }
    };
    let carried = differences.iter().filter(|one| one.project().is_some());
    let carried = carried.map(|one| line(one, labels)).collect();
    (Row::carried(symbol, target, None, before, after), carried)
}

/// The line of one difference.
fn line<'a>(difference: &'a Difference, labels: &ProjectLabels<'_>) -> Row<'a> {
    let (target, before, after) = match difference {
        Difference::OrganizationRole(Diff { before, after }) => {
            (Target::OrganizationRole, organization_role(*before), organization_role(*after))
        }
        Difference::ProjectRole(project, Diff { before, after }) => {
            (Target::Project(labels.get(project)), project_role(before), project_role(after))
        }
        Difference::TeamMember(email, _, Diff { before, after }) => {
            (Target::TeamMember(email.to_string()), place(*before), place(*after))
        }
        Difference::Account(Diff { before, after }) => {
            (Target::Account, status(*before), status(*after))
        }
        Difference::Reminder(_) => (Target::Invitation, "pending", "reminded"),
        Difference::Expiry(Diff { before, after }) => (Target::Expiry, set(*before), set(*after)),
    };
    let symbol = match (difference.before().is_absent(), difference.after().is_absent()) {
        (true, _) => Symbol::Add,
        (false, true) => Symbol::Remove,
        (false, false) => Symbol::Change,
    };
    Row::carried(symbol, target, difference.project().map(|project| project.id), before, after)
}

fn organization_role(reading: Reading<OrganizationRole>) -> &'static str {
    match reading {
        Reading::Known(role) => role.as_str(),
        Reading::Absent => NONE,
        Reading::Unread => UNKNOWN,
    }
}

fn project_role(reading: &Reading<ProjectRole>) -> &str {
    match reading {
        Reading::Known(role) => role.as_str(),
        Reading::Absent => NONE,
        Reading::Unread => UNKNOWN,
    }
}

const fn status(reading: Reading<MemberStatus>) -> &'static str {
    match reading {
        Reading::Known(MemberStatus::Active) => ACTIVE,
        Reading::Known(MemberStatus::Pending) => "pending",
        Reading::Absent => NONE,
        Reading::Unread => UNKNOWN,
    }
}

/// Whether there is an end; the remark beside the line says which.
const fn set(reading: Reading<Timestamp>) -> &'static str {
    match reading {
        Reading::Known(_) => "set",
        Reading::Absent => NONE,
        Reading::Unread => UNKNOWN,
    }
}

const fn place(reading: Reading<()>) -> &'static str {
    match reading {
        Reading::Known(()) => IN,
        Reading::Absent => NOT_IN,
        Reading::Unread => UNKNOWN,
    }
}

/// Words for whether somebody is in a team.
const IN: &str = "in";
const NOT_IN: &str = "not in";

/// Whether a change is written through SCIM.
fn by_scim(Write { verb, differences }: &Write) -> bool {
    let through_scim =
        |one: &Difference| matches!(one, Difference::TeamMember(_, Through::Scim, _));
    *verb == Verb::Set && differences.iter().any(through_scim)
}

/// What the columns of a line have no room for.
fn remarks(subject: &Subject, write: &Write, seen_at: Timestamp) -> Vec<String> {
    match (write.verb, subject) {
        (Verb::Delete, Subject::Team { .. }) => vec![left_behind(write)],
        (
            Verb::Invite
            | Verb::Withdraw
            | Verb::Remind
            | Verb::Remove
            | Verb::Create
            | Verb::Delete
            | Verb::Set,
            _,
        ) => write.differences.iter().filter_map(|one| remark(one, seen_at)).collect(),
    }
}

fn remark(difference: &Difference, seen_at: Timestamp) -> Option<String> {
    match difference {
        Difference::Reminder(since) => {
            Some(format!("invited {}", words::relative(since.known()?, seen_at)))
        }
        Difference::Expiry(diff) => Some(match diff.after {
            Reading::Known(at) => {
                format!("expires {} ({})", words::instant(at), words::relative(at, seen_at))
            }
            Reading::Absent => "never expires".to_owned(),
            Reading::Unread => "expires at an unknown time".to_owned(),
        }),
        Difference::Account(_)
        | Difference::OrganizationRole(_)
        | Difference::ProjectRole(..)
        | Difference::TeamMember(..) => None,
    }
}

/// Who loses what a deleted team gave.
fn left_behind(write: &Write) -> String {
    let members: Vec<&str> = write.team_members().map(|(email, _)| email.as_str()).collect();
    let gives_nothing = write.project_roles().next().is_none();
    if members.is_empty() {
        let lost = if gives_nothing { "and gives nothing" } else { "so nobody loses it" };
        return format!("nobody is in it, {lost}");
    }
    let verb = match (gives_nothing, members.len()) {
        (true, 1) => "leaves it",
        (true, _) => "leave it",
        (false, 1) => "loses what it gives",
        (false, _) => "lose what it gives",
    };
    format!("{} {verb}: {}", words::people(members.len()), members.join(", "))
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
