//! The subjects of a plan, those who gain most power first, with their lines.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    AffectedSubject, Change, MemberStatus, Plan, Power, ReasonKind, Risk, Subject, SubjectKey,
};

use crate::effective::{self, Powers};
use crate::gain::{self, Gains};
use crate::governing::Governing;
use crate::kind::Kind;
use crate::row::{self, Around, Row, Symbol};
use crate::words::Heads;

/// A subject that a plan changes; or several of one kind for which it does exactly the same.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// Who. More than one only where lines, marks and notes are all alike.
    pub(crate) who: Vec<Identity<'a>>,
    /// What deserves to stand beside the name, such as `suspended`.
    pub(crate) marks: Vec<&'static str>,
    /// The most urgent risk among the changes, by [`Kind::urgency`].
    pub(crate) risk: Risk,
    /// Ticket, reason and people, when every change has the same.
    pub(crate) note: String,
    /// The lines, those of the organization first.
    pub(crate) rows: Vec<Row<'a>>,
    /// The strongest power that is gained; in drift, that is there and not in the files.
    pub(crate) power: Option<Power>,
}

/// A subject, and the name of a person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    /// The subject.
    pub(crate) subject: &'a Subject,
    /// The name, when known.
    pub(crate) name: Option<&'a str>,
}

impl Block<'_> {
    /// How many changes there are for each subject of the block; none for people whose access changes
    /// only with that of a team.
    pub(crate) fn changes_each(&self) -> usize {
        self.rows.iter().filter(|row| row.begins_change()).count()
    }

    /// Whether those of the block come to govern.
    pub(crate) fn governs(&self) -> bool {
        self.power.is_some_and(Power::governs)
    }

    /// The lines that tell of drift: of those who come to govern also what changes only with a team.
    pub(crate) fn differences(&self) -> impl Iterator<Item = &Row<'_>> {
        let through = self.governs() && self.changes_each() == 0;
        self.rows.iter().filter(move |row| through || row.begins_change())
    }

    /// How many of what kind it is about.
    pub(crate) fn heads(&self) -> Heads {
        let first = self.who.first();
        first.map_or_else(Heads::default, |one| Heads::of(one.subject, self.who.len()))
    }
}

/// From how many subjects on identical lines are shown once for all of them.
const GROUP_FROM: usize = 3;

/// What a plan says of one subject.
#[derive(Default)]
struct Said<'a> {
    affected: Option<&'a AffectedSubject>,
    changes: Vec<&'a Change>,
}

/// Groups a plan's changes by subject: by the power that they gain, the strongest first; of those who
/// gain alike people, then teams, then service accounts, the most urgent first, then by name. Notes who
/// comes to govern.
pub(crate) fn blocks<'a>(
    plan: &'a Plan,
    kind: Kind,
    powers: &Powers<'_>,
    around: &Around<'a>,
    governing: &mut Governing<'a>,
) -> Vec<Block<'a>> {
    let mut said: BTreeMap<SubjectKey, Said<'a>> = BTreeMap::new();
    for subject in &plan.content.subjects {
        said.entry(subject.subject.key()).or_default().affected = Some(subject);
    }
    for change in &plan.content.changes {
        said.entry(change.subject.key()).or_default().changes.push(change);
    }
    let mut blocks: Vec<Block<'a>> =
        said.values().filter_map(|said| block(said, kind, powers, around, governing)).collect();
    // Stable: among equals the order by name stays.
    blocks.sort_by_key(|block| (Reverse(block.power), rank(block), kind.urgency(block.risk)));
    grouped(blocks)
}

/// Order of the kinds of subject.
fn rank(block: &Block<'_>) -> u8 {
    match block.who.first().map(|one| one.subject) {
        Some(Subject::Person { .. }) | None => 0,
        Some(Subject::Team { .. }) => 1,
        Some(Subject::ServiceAccount { .. }) => 2,
    }
}

/// The block of one subject; nothing for somebody whose access stays as it is.
fn block<'a>(
    said: &Said<'a>,
    kind: Kind,
    powers: &Powers<'_>,
    around: &Around<'a>,
    governing: &mut Governing<'a>,
) -> Option<Block<'a>> {
    let Said { affected, changes } = said;
    let subject = match (changes.first(), affected) {
        (Some(change), _) => &change.subject,
        (None, Some(affected)) => &affected.subject,
        (None, None) => return None,
    };
    let mut rows = Vec::new();
    for change in changes {
        row::rows(change, around, &mut rows);
    }
    let mut risks: Vec<Risk> = changes.iter().map(|change| change.risk).collect();
    if let (Some(affected), Subject::Person { .. }) = (affected, subject) {
        effective::remark(affected, powers, &mut rows);
        risks.extend(effective::through_teams(affected, powers, around.labels, &mut rows));
    }
    if rows.is_empty() {
        return None;
    }
    let annotations: BTreeSet<_> =
        changes.iter().map(|change| &change.reason.annotations).collect();
    let note = match annotations.first() {
        Some(only) if annotations.len() == 1 => row::annotation_text(only),
        _ => String::new(),
    };
    let risk = risks.into_iter().min_by_key(|risk| kind.urgency(*risk));
    let gains = gain::of_subject(*affected, changes, kind, powers);
    let place = rows.iter().find_map(|row| row.ask.and_then(|ask| ask.place));
    governing.note(subject, &gains, place, around.labels);
    Some(Block {
        who: vec![Identity { subject, name: affected.and_then(|one| one.name.as_deref()) }],
        marks: marks(*affected, changes, kind),
        risk: risk.unwrap_or(Risk::Neutral),
        note,
        rows: in_order(if kind == Kind::Drift { as_one(rows, powers) } else { rows }, kind, &gains),
        power: gains.power(),
    })
}

/// Takes a role that one change takes and the next gives, as service accounts need it, for the one
/// difference that it is.
fn as_one<'a>(rows: Vec<Row<'a>>, powers: &Powers<'_>) -> Vec<Row<'a>> {
    let mut merged: Vec<Row<'a>> = Vec::with_capacity(rows.len());
    for mut row in rows {
        let gives = row.begins_change() && row.symbol == Symbol::Add;
        let taken = row.project.filter(|_| gives).and_then(|project| {
            let takes = |one: &Row<'_>| one.begins_change() && one.symbol == Symbol::Remove;
            merged.iter().rposition(|one| one.project == Some(project) && takes(one))
        });
        if let (Some(at), Some(project)) = (taken, row.project) {
            let taken = merged.remove(at);
            row.risk = Some(powers.step(project, taken.before, row.after));
            (row.symbol, row.before) = (Symbol::Change, taken.before);
            row.culprit = taken.culprit.or(row.culprit);
        }
        merged.push(row);
    }
    merged
}

/// Lines of the organization in the order of the plan, a withdrawn invitation before the new one with
/// what each carries; then projects, those in which most power is gained first, then the most urgent.
/// Lines of one project stay together in the order of the plan: a role that is taken before the one
/// that replaces it.
fn in_order<'a>(rows: Vec<Row<'a>>, kind: Kind, gains: &Gains) -> Vec<Row<'a>> {
    let (mut organization, mut projects): (Vec<Row<'_>>, Vec<Row<'_>>) = (Vec::new(), Vec::new());
    for row in rows {
        let carried = !row.begins_change() && row.through.is_empty();
        if row.project.is_some() && !carried { projects.push(row) } else { organization.push(row) }
    }
    let power = |row: &Row<'_>| Reverse(row.project.and_then(|project| gains.power_in(project)));
    let mut urgency: BTreeMap<&row::Target, u8> = BTreeMap::new();
    let keyed: Vec<u8> = {
        for row in &projects {
            let own = row.risk.map_or(u8::MAX, |risk| kind.urgency(risk));
            let least = urgency.entry(&row.target).or_insert(own);
            *least = own.min(*least);
        }
        projects.iter().map(|row| urgency.get(&row.target).copied().unwrap_or(u8::MAX)).collect()
    };
    let mut keyed: Vec<(u8, Row<'_>)> = keyed.into_iter().zip(projects).collect();
    keyed.sort_by(|(a, left), (b, right)| {
        let by_power = power(left).cmp(&power(right));
        by_power.then(a.cmp(b)).then_with(|| left.target.cmp(&right.target))
    });
    for carried in organization.split_mut(Row::begins_change) {
        carried.sort_by_key(power);
    }
    let projects = keyed.into_iter().map(|(_, row)| row);
    let (members, mut ordered): (Vec<Row<'_>>, Vec<Row<'_>>) =
        organization.into_iter().partition(|row| matches!(row.target, row::Target::TeamMember(_)));
    // Whoever joins a team that governs, and what makes it govern, come before whatever else it does.
    let (governing, others): (Vec<Row<'_>>, Vec<Row<'_>>) =
        members.into_iter().chain(projects).partition(|row| {
            let given = match (&row.target, row.project) {
                (_, Some(project)) => gains.power_in(project),
                (row::Target::TeamMember(_), None) if joins(row, kind) => gains.power_of_joining(),
                (_, None) => None,
            };
            given.is_some_and(Power::governs)
        });
    ordered.extend(governing);
    ordered.extend(others);
    ordered
}

/// Whether somebody is in the team that would otherwise not be.
fn joins(row: &Row<'_>, kind: Kind) -> bool {
    match kind {
        Kind::Plan | Kind::Undo => row.symbol == Symbol::Add,
        Kind::Drift => row.symbol == Symbol::Remove,
    }
}

fn marks(affected: Option<&AffectedSubject>, changes: &[&Change], kind: Kind) -> Vec<&'static str> {
    let mut marks = Vec::new();
    let asked = |kind: ReasonKind| changes.iter().any(|change| change.reason.kind == kind);
    let unmanaged = asked(ReasonKind::Unmanaged);
    if let Some(AffectedSubject { subject, name: _, tags: _, before, after }) = affected {
        match (before, after) {
            (None, Some(_)) => marks.push(comes(subject, kind)),
            (Some(_), None) if unmanaged && kind == Kind::Drift => {}
            (Some(_), None) => marks.push(goes(subject, kind)),
            (Some(before), Some(_)) if before.status == MemberStatus::Pending => {
                marks.push("invitation pending");
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    // A person's suspension takes them out of teams, which are changed and not suspended by it.
    let is_team = affected.is_some_and(|one| matches!(one.subject, Subject::Team { .. }));
    if asked(ReasonKind::Suspended) && !is_team {
        marks.push("suspended");
    }
    if unmanaged {
        marks.push("not in the files");
    }
    if changes.is_empty() {
        marks.push("through teams only");
    }
    marks
}

/// What is said of a subject that is not there yet.
const fn comes(subject: &Subject, kind: Kind) -> &'static str {
    match (subject, kind) {
        (Subject::Person { .. }, Kind::Plan | Kind::Undo) => "new, gets an invitation",
        (Subject::Person { .. }, Kind::Drift) => "declared, not a member",
        (Subject::Team { .. }, Kind::Plan | Kind::Undo) => "new",
        (Subject::ServiceAccount { .. }, Kind::Plan | Kind::Undo) => {
            "new, its secret is handed over once"
        }
        (Subject::Team { .. } | Subject::ServiceAccount { .. }, Kind::Drift) => {
            "declared, not there"
        }
    }
}

/// What is said of a subject that will not be there.
const fn goes(subject: &Subject, kind: Kind) -> &'static str {
    match (subject, kind) {
        (Subject::Person { .. }, Kind::Plan | Kind::Undo) => "leaves the organization",
        (Subject::Person { .. }, Kind::Drift) => "a member, declared removed",
        (Subject::Team { .. }, Kind::Plan | Kind::Undo) => "deleted",
        (Subject::ServiceAccount { .. }, Kind::Plan | Kind::Undo) => {
            "deleted, its credentials stop working"
        }
        (Subject::Team { .. } | Subject::ServiceAccount { .. }, Kind::Drift) => {
            "there, declared removed"
        }
    }
}

fn grouped(blocks: Vec<Block<'_>>) -> Vec<Block<'_>> {
    let mut groups: Vec<Block<'_>> = Vec::with_capacity(blocks.len());
    let mut alike: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (at, block) in blocks.iter().enumerate() {
        let key = (block.power, rank(block), &block.rows, &block.note, &block.marks);
        alike.entry(key).or_default().push(at);
    }
    let mut leader: Vec<Option<usize>> = vec![None; blocks.len()];
    for members in alike.into_values().filter(|members| members.len() >= GROUP_FROM) {
        let first = members.first().copied();
        for member in members {
            if let Some(slot) = leader.get_mut(member) {
                *slot = first;
            }
        }
    }
    let mut place_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, block) in blocks.into_iter().enumerate() {
        let led_by = leader.get(at).copied().flatten();
        let group = led_by.and_then(|first| place_of.get(&first)).copied();
        match group.and_then(|index| groups.get_mut(index)) {
            Some(group) => group.who.extend(block.who),
            None => {
                if let Some(first) = led_by {
                    place_of.insert(first, groups.len());
                }
                groups.push(block);
            }
        }
    }
    groups
}

type Key<'p> = (Option<Power>, u8, &'p Vec<Row<'p>>, &'p String, &'p Vec<&'static str>);
