//! Who comes to govern: owners and admins of the organization and of projects, whom no review may miss.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mixaccess_model::{ManualChange, Place, Power, Subject, SubjectKey};

use crate::effective::Powers;
use crate::gain::{self, ByPower, Gains, With};
use crate::kind::Kind;
use crate::project_labels::ProjectLabels;
use crate::words::{self, Heads};

/// Who comes to govern, and what everybody gains. In drift, who does though the files do not say it.
#[derive(Debug, Default)]
pub(crate) struct Governing<'a> {
    /// What everybody gains.
    pub(crate) powers: ByPower,
    governors: BTreeMap<SubjectKey, Governor<'a>>,
    by_hand: bool,
}

/// Somebody who comes to govern.
#[derive(Debug)]
pub(crate) struct Governor<'a> {
    /// Who.
    pub(crate) subject: &'a Subject,
    /// As what.
    pub(crate) role: Governs,
    /// Where in the files it is asked for.
    pub(crate) place: Option<&'a Place>,
}

/// As what and where somebody governs, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Governs {
    power: Reverse<Power>,
    is_unknown: bool,
    /// Where, as words to follow the power; empty for the organization.
    place: String,
}

/// How many projects or people are named beside one who governs.
const SHOWN: usize = 3;

impl<'a> Governing<'a> {
    /// Notes what a subject gains.
    pub(crate) fn note(
        &mut self,
        subject: &'a Subject,
        gains: &Gains,
        place: Option<&'a Place>,
        labels: &ProjectLabels<'_>,
    ) {
        self.powers.note(subject, gains.power());
        let Some(role) = Governs::of(gains, labels) else { return };
        let governor = Governor { subject, role, place };
        match self.governors.get(&subject.key()) {
            Some(known) if known.role <= governor.role => {}
            Some(_) | None => {
                self.governors.insert(subject.key(), governor);
            }
        }
    }

    /// Notes what people gain by what a human has to change.
    pub(crate) fn note_manual(
        &mut self,
        manual: &'a [ManualChange],
        kind: Kind,
        powers: &Powers<'_>,
        labels: &ProjectLabels<'_>,
    ) {
        for change in manual {
            let gains = gain::of_manual(change, kind, powers);
            let place = change.effects.iter().find_map(|effect| effect.reason.place.as_ref());
            self.note(&change.subject, &gains, place, labels);
            self.by_hand |= gains.power().is_some_and(Power::governs);
        }
    }

    /// Whether somebody comes to govern by what a human has to change.
    pub(crate) const fn is_by_hand(&self) -> bool {
        self.by_hand
    }

    /// What a list of them is called.
    pub(crate) const fn title(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Plan | Kind::Undo => "Gains owner or admin",
            Kind::Drift => "Owner or admin beyond the files",
        }
    }

    /// Whether somebody is among them.
    pub(crate) fn includes(&self, subject: &Subject) -> bool {
        self.governors.contains_key(&subject.key())
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.governors.len()
    }

    /// How many people, teams and service accounts they are.
    pub(crate) fn heads(&self) -> Heads {
        let mut heads = Heads::default();
        for one in self.governors.values() {
            heads.add(one.subject, 1);
        }
        heads
    }

    /// Everybody, by power, then by name.
    pub(crate) fn each(&self) -> Vec<&Governor<'a>> {
        let mut all: Vec<&Governor<'a>> = self.governors.values().collect();
        // Stable: the order by name stays.
        all.sort_by_key(|one| (one.role.power, one.role.is_unknown));
        all
    }

    /// Those who govern alike together, by power, then by the first name.
    pub(crate) fn groups(&self) -> Vec<(&Governs, Vec<&'a Subject>)> {
        let mut groups: Vec<(&Governs, Vec<&'a Subject>)> = Vec::new();
        let mut at: BTreeMap<&Governs, usize> = BTreeMap::new();
        for one in self.each() {
            let index = *at.entry(&one.role).or_insert(groups.len());
            match groups.get_mut(index) {
                Some((_, who)) => who.push(one.subject),
                None => groups.push((&one.role, vec![one.subject])),
            }
        }
        groups
    }
}

impl Governor<'_> {
    /// What is said of them, for formats that have no columns.
    pub(crate) fn sentence(&self, kind: Kind) -> String {
        let Self { subject, role, place: _ } = self;
        match kind {
            Kind::Plan | Kind::Undo => format!("{subject} gains {}", role.words()),
            Kind::Drift => format!("{subject} has {} beyond the files", role.words()),
        }
    }
}

impl Governs {
    fn of(gains: &Gains, labels: &ProjectLabels<'_>) -> Option<Self> {
        let power = gains.power().filter(|power| power.governs())?;
        let is_unknown = gains.strongest().all(|gain| !gain.known);
        let mut places: BTreeMap<&With, Vec<String>> = BTreeMap::new();
        let mut joining: Vec<&str> = Vec::new();
        for gain in gains.strongest() {
            match (&gain.with, gain.project) {
                (With::Joining(email), _) => joining.push(email.as_str()),
                (with, Some(project)) => {
                    places.entry(with).or_default().push(labels.of_number(project));
                }
                (With::Itself | With::Other(_), None) => {}
            }
        }
        let mut parts: Vec<String> = Vec::new();
        for (with, mut projects) in places {
            projects.sort_unstable();
            projects.dedup();
            let projects = listed(&projects, "project", "projects");
            parts.push(match with {
                With::Other(through) => format!("in {projects} {through}"),
                With::Itself | With::Joining(_) => format!("in {projects}"),
            });
        }
        if !joining.is_empty() {
            parts.push(format!("for {} in it", listed(&joining, "person", "people")));
        }
        Some(Self { power: Reverse(power), is_unknown, place: parts.join(", ") })
    }

    /// The power, and where: `project admin in web-production`.
    pub(crate) fn words(&self) -> String {
        let Reverse(power) = self.power;
        let power = words::power(power);
        let power = match self.is_unknown {
            true => format!("unknown power, judged as {power},"),
            false => power,
        };
        format!("{power} {}", self.place).trim_end_matches([' ', ',']).to_owned()
    }
}

/// The first few of a list, and how many more there are.
fn listed(all: &[impl AsRef<str>], one: &str, many: &str) -> String {
    let shown: Vec<&str> = all.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match all.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!(
            "{} and {}",
            shown.join(", "),
            words::counted(more, &format!("more {one}"), &format!("more {many}"))
        ),
    }
}
