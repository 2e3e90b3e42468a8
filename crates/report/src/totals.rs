//! The totals that open a large plan: by risk, by project and by role transition.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mixaccess_model::Risk;

use crate::kind::Kind;
use crate::row::{Symbol, Target};
use crate::subjects::Block;
use crate::words::Heads;

/// From how many subjects or changes on a plan begins with totals.
const LARGE_SUBJECTS: usize = 40;
const LARGE_CHANGES: usize = 150;

/// How many projects and transitions the totals name.
const SHOWN: usize = 20;

/// The totals of a large plan.
#[derive(Debug)]
pub(crate) struct Totals {
    /// Changes of each risk and whom they are about, the most urgent first.
    pub(crate) risks: Vec<(Risk, usize, Heads)>,
    /// Projects, those with most changes first.
    pub(crate) projects: Vec<ProjectTotal>,
    /// How many more projects there are.
    pub(crate) more_projects: usize,
    /// What is changed, before, after and how often, the most frequent first.
    pub(crate) transitions: Vec<(&'static str, String, String, usize)>,
    /// How many more transitions there are.
    pub(crate) more_transitions: usize,
}

/// Lines of one project, by what they do.
#[derive(Debug, Default)]
pub(crate) struct ProjectTotal {
    /// The project's label.
    pub(crate) label: String,
    /// Roles given.
    pub(crate) added: usize,
    /// Roles changed.
    pub(crate) changed: usize,
    /// Roles taken away.
    pub(crate) removed: usize,
}

impl ProjectTotal {
    const fn all(&self) -> usize {
        self.added + self.changed + self.removed
    }
}

/// The totals, when the plan is large.
pub(crate) fn totals(blocks: &[Block<'_>], kind: Kind) -> Option<Totals> {
    let count: usize = blocks.iter().map(|block| block.who.len()).sum();
    let changes: usize = blocks.iter().map(|block| block.who.len() * block.changes_each()).sum();
    (count > LARGE_SUBJECTS || changes > LARGE_CHANGES).then(|| count_all(blocks, kind))
}

fn count_all(blocks: &[Block<'_>], kind: Kind) -> Totals {
    let mut risks: BTreeMap<(u8, Risk), (usize, Heads)> = BTreeMap::new();
    let mut projects: BTreeMap<&str, ProjectTotal> = BTreeMap::new();
    let mut transitions: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for block in blocks {
        let heads = block.who.len();
        let mut seen = [None; 4];
        for row in &block.rows {
            if let Some(risk) = row.risk {
                let (lines, subjects) = risks.entry((kind.urgency(risk), risk)).or_default();
                *lines += heads;
                if !seen.contains(&Some(risk)) {
                    if let Some(one) = block.who.first() {
                        subjects.add(one.subject, heads);
                    }
                    if let Some(slot) = seen.iter_mut().find(|slot| slot.is_none()) {
                        *slot = Some(risk);
                    }
                }
            }
            if let Target::Project(label) = &row.target {
                let total = projects.entry(label).or_default();
                match row.symbol {
                    Symbol::Add => total.added += heads,
                    Symbol::Change => total.changed += heads,
                    Symbol::Remove | Symbol::Destroy => total.removed += heads,
                }
            }
            let transition = (row.target.kind(), row.before, row.after);
            *transitions.entry(transition).or_default() += heads;
        }
    }
    sorted(risks, projects, transitions)
}

fn sorted(
    risks: BTreeMap<(u8, Risk), (usize, Heads)>,
    projects: BTreeMap<&str, ProjectTotal>,
    transitions: BTreeMap<(&'static str, &str, &str), usize>,
) -> Totals {
    let mut projects: Vec<ProjectTotal> = projects
        .into_iter()
        .map(|(label, total)| ProjectTotal { label: label.to_owned(), ..total })
        .collect();
    projects.sort_by_key(|total| Reverse(total.all()));
    let mut transitions: Vec<_> = transitions
        .into_iter()
        .map(|((what, before, after), count)| (what, before.to_owned(), after.to_owned(), count))
        .collect();
    transitions.sort_by_key(|(.., count)| Reverse(*count));
    let more_projects = projects.len().saturating_sub(SHOWN);
    let more_transitions = transitions.len().saturating_sub(SHOWN);
    projects.truncate(SHOWN);
    transitions.truncate(SHOWN);
    let risks = risks.into_iter().map(|((_, risk), (lines, heads))| (risk, lines, heads)).collect();
    Totals { risks, projects, more_projects, transitions, more_transitions }
}
