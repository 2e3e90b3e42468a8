//! The people of a plan, escalations first, with their lines.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    AffectedSubject, Change, Email, MemberStatus, PlanContent, ReasonKind, Risk, Subject,
};

use crate::Culprits;
use crate::outline::Kind;
use crate::row::{self, ProjectLabels, Row};

/// Somebody whom a plan changes; or several people for whom it does exactly the same.
#[derive(Debug)]
pub(crate) struct Person<'a> {
    /// Who. More than one person only where lines, marks and notes are all alike.
    pub(crate) who: Vec<Identity<'a>>,
    /// What deserves to stand beside the address, such as `pending`.
    pub(crate) marks: Vec<&'static str>,
    /// The most urgent risk among the changes, by [`Kind::urgency`].
    pub(crate) risk: Risk,
    /// Ticket, reason and people, when every change has the same.
    pub(crate) note: String,
    /// The lines, organization first.
    pub(crate) rows: Vec<Row<'a>>,
}

/// An address and a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    /// The address.
    pub(crate) email: &'a Email,
    /// The name, when known.
    pub(crate) name: Option<&'a str>,
}

impl Person<'_> {
    /// How many changes there are for each person of the group.
    pub(crate) fn changes_each(&self) -> usize {
        self.rows.iter().filter(|row| row.begins_change()).count()
    }
}

/// From how many people on identical lines are shown once for all of them.
const GROUP_FROM: usize = 3;

/// Groups a plan's changes by person, the most urgent first, then by address.
pub(crate) fn people<'a>(
    content: &'a PlanContent,
    kind: Kind,
    labels: &ProjectLabels<'_>,
    culprits: Option<&'a Culprits>,
) -> Vec<Person<'a>> {
    let mut changes: BTreeMap<&Email, Vec<&Change>> = BTreeMap::new();
    for change in &content.changes {
        changes.entry(change.subject.email()).or_default().push(change);
    }
    let subjects: BTreeMap<&Email, &AffectedSubject> =
        content.subjects.iter().map(|subject| (subject.subject.email(), subject)).collect();
    let mut people: Vec<Person<'a>> = changes
        .into_iter()
        .map(|(email, changes)| {
            person(subjects.get(email).copied(), email, &changes, kind, labels, culprits)
        })
        .collect();
    // Stable: within one risk the order by address stays.
    people.sort_by_key(|person| kind.urgency(person.risk));
    grouped(people)
}

fn person<'a>(
    affected: Option<&'a AffectedSubject>,
    email: &'a Email,
    changes: &[&'a Change],
    kind: Kind,
    labels: &ProjectLabels<'_>,
    culprits: Option<&'a Culprits>,
) -> Person<'a> {
    let (mut organization, mut projects) = (Vec::new(), Vec::new());
    for change in changes {
        if change.action.project().is_none() {
            row::rows(change, labels, culprits, &mut organization);
        } else {
            row::rows(change, labels, culprits, &mut projects);
        }
    }
    // Organization lines keep the order of the plan: a withdrawn invitation before the new one.
    projects.sort_by(|a, b| {
        let urgency = |row: &Row<'_>| row.risk.map(|risk| kind.urgency(risk));
        urgency(a).cmp(&urgency(b)).then_with(|| a.target.cmp(&b.target))
    });
    organization.append(&mut projects);
    let risk = changes.iter().map(|change| change.risk).min_by_key(|risk| kind.urgency(*risk));
    let annotations: BTreeSet<_> =
        changes.iter().map(|change| &change.reason.annotations).collect();
    let note = match annotations.first() {
        Some(only) if annotations.len() == 1 => row::annotation_text(only),
        _ => String::new(),
    };
    let name = affected.and_then(|affected| affected.name.as_deref());
    let marks = marks(affected, changes, kind);
    let risk = risk.unwrap_or(Risk::Neutral);
    Person { who: vec![Identity { email, name }], marks, risk, note, rows: organization }
}

fn marks(affected: Option<&AffectedSubject>, changes: &[&Change], kind: Kind) -> Vec<&'static str> {
    let mut marks = Vec::new();
    let (new, leaves) = match kind {
        Kind::Plan | Kind::Undo => ("new, gets an invitation", "leaves the organization"),
        Kind::Drift => ("declared, not a member", "a member, declared removed"),
    };
    let asked = |kind: ReasonKind| changes.iter().any(|change| change.reason.kind == kind);
    let unmanaged = kind == Kind::Drift && asked(ReasonKind::Unmanaged);
    if let Some(AffectedSubject { subject, name: _, tags: _, before, after }) = affected {
        match subject {
            Subject::Person { email: _, user: _ } => {}
        }
        match (before, after) {
            (None, Some(_)) => marks.push(new),
            (Some(_), None) if unmanaged => {}
            (Some(_), None) => marks.push(leaves),
            (Some(before), Some(_)) if before.status == MemberStatus::Pending => {
                marks.push("invitation pending");
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    if asked(ReasonKind::Suspended) {
        marks.push("suspended");
    }
    if asked(ReasonKind::Unmanaged) {
        marks.push("not in the files");
    }
    marks
}

fn grouped(people: Vec<Person<'_>>) -> Vec<Person<'_>> {
    let mut groups: Vec<Person<'_>> = Vec::with_capacity(people.len());
    let mut alike: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (at, person) in people.iter().enumerate() {
        alike.entry((&person.rows, &person.note, &person.marks)).or_default().push(at);
    }
    let mut leader: Vec<Option<usize>> = vec![None; people.len()];
    for members in alike.into_values().filter(|members| members.len() >= GROUP_FROM) {
        let first = members.first().copied();
        for member in members {
            if let Some(slot) = leader.get_mut(member) {
                *slot = first;
            }
        }
    }
    let mut place_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, person) in people.into_iter().enumerate() {
        let led_by = leader.get(at).copied().flatten();
        let group = led_by.and_then(|first| place_of.get(&first)).copied();
        match group.and_then(|index| groups.get_mut(index)) {
            Some(group) => group.who.extend(person.who),
            None => {
                if let Some(first) = led_by {
                    place_of.insert(first, groups.len());
                }
                groups.push(person);
            }
        }
    }
    groups
}

type Key<'p> = (&'p Vec<Row<'p>>, &'p String, &'p Vec<&'static str>);
