//! Who comes to govern: owners and admins of the organization and of projects, whom no review may miss.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    AffectedSubject, ManualChange, Place, Power, ProjectId, Subject, SubjectKey,
};

use crate::effective::Powers;
use crate::gain::{self, ByPower, Gain, Gains, With};
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
    pub(crate) subject: Cow<'a, Subject>,
    /// As what.
    pub(crate) role: Governs,
    /// Where in the files it is asked for.
    pub(crate) place: Option<&'a Place>,
    gains: BTreeSet<Gain>,
}

/// As what and where somebody governs, the strongest first. Nothing is left out but what something else
/// implies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Governs(Vec<Part>);

/// As what somebody governs, and all places where they do as that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    power: Reverse<Power>,
    is_unknown: bool,
    /// Where, as words to follow the power; empty for the organization.
    place: String,
}

/// How many people who join a team are named beside it: what they gain is said of each of them.
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
        self.note_governor(Cow::Borrowed(subject), gains, place, labels);
    }

    fn note_governor(
        &mut self,
        subject: Cow<'a, Subject>,
        gains: &Gains,
        place: Option<&'a Place>,
        labels: &ProjectLabels<'_>,
    ) {
        self.powers.note(&subject, gains.power());
        let mut gains: BTreeSet<Gain> = gains.governing().cloned().collect();
        if gains.is_empty() {
            return;
        }
        let key = subject.key();
        let place = match self.governors.remove(&key) {
            Some(known) => {
                gains.extend(known.gains);
                known.place.or(place)
            }
            None => place,
        };
        let role = Governs::of(&gains, labels);
        self.governors.insert(key, Governor { subject, role, place, gains });
    }

    /// Notes what people gain by what a human has to change, everybody who joins a team by it among them.
    pub(crate) fn note_manual(
        &mut self,
        manual: &'a [ManualChange],
        subjects: &[AffectedSubject],
        kind: Kind,
        powers: &Powers<'_>,
        labels: &ProjectLabels<'_>,
    ) {
        let is_team = |one: &&AffectedSubject| matches!(one.subject, Subject::Team { .. });
        let teams: BTreeMap<SubjectKey, &AffectedSubject> =
            subjects.iter().filter(is_team).map(|one| (one.subject.key(), one)).collect();
        for change in manual {
            let team = teams.get(&change.subject.key()).copied();
            let gains = gain::of_manual(change, team, kind, powers);
            let place = change.effects.iter().find_map(|effect| effect.reason.place.as_ref());
            self.note(&change.subject, &gains, place, labels);
            self.by_hand |= gains.power().is_some_and(Power::governs);
            let people = gain::joining_by_hand(change, kind).unwrap_or_default();
            if people.is_empty() {
                continue;
            }
            let gains = gain::by_joining(change, team, kind, powers);
            for email in people {
                let person = Subject::from(SubjectKey::Person(email.clone()));
                self.note_governor(Cow::Owned(person), &gains, place, labels);
            }
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
            heads.add(&one.subject, 1);
        }
        heads
    }

    /// Everybody, by power, then by name.
    pub(crate) fn each(&self) -> Vec<&Governor<'a>> {
        let mut all: Vec<&Governor<'a>> = self.governors.values().collect();
        // Stable: the order by name stays.
        all.sort_by_key(|one| one.role.0.first().map(|part| (part.power, part.is_unknown)));
        all
    }

    /// Those who govern alike together, by power, then by the first name.
    pub(crate) fn groups(&self) -> Vec<(&Governs, Vec<&Subject>)> {
        let mut groups: Vec<(&Governs, Vec<&Subject>)> = Vec::new();
        let mut at: BTreeMap<&Governs, usize> = BTreeMap::new();
        for one in self.each() {
            let index = *at.entry(&one.role).or_insert(groups.len());
            match groups.get_mut(index) {
                Some((_, who)) => who.push(&one.subject),
                None => groups.push((&one.role, vec![&one.subject])),
            }
        }
        groups
    }
}

impl Governor<'_> {
    /// What is said of them, for formats that have no columns.
    pub(crate) fn sentence(&self, kind: Kind) -> String {
        let Self { subject, role, place: _, gains: _ } = self;
        match kind {
            Kind::Plan | Kind::Undo => format!("{subject} gains {}", role.words()),
            Kind::Drift => format!("{subject} has {} beyond the files", role.words()),
        }
    }
}

impl Governs {
    fn of(gains: &BTreeSet<Gain>, labels: &ProjectLabels<'_>) -> Self {
        // The few strongest in each place are what can imply something.
        let strongest = strongest(gains);
        let is_said = |gain: &&Gain| !strongest.of(gain).any(|other| other.implies(gain));
        let mut parts: BTreeMap<(Reverse<Power>, bool), Vec<&Gain>> = BTreeMap::new();
        for gain in gains.iter().filter(is_said) {
            parts.entry((Reverse(gain.power), !gain.known)).or_default().push(gain);
        }
        let part = |((power, is_unknown), gains): (_, Vec<&Gain>)| {
            let place = places(&gains, labels);
            Part { power, is_unknown, place }
        };
        Self(parts.into_iter().map(part).collect())
    }

    /// Each power, and where: `project owner in toy; project admin in web-production`.
    pub(crate) fn words(&self) -> String {
        let parts: Vec<String> = self.0.iter().map(Part::words).collect();
        parts.join("; ")
    }
}

/// The strongest gain in each project and in the organization.
struct Strongest<'a>(BTreeMap<Option<ProjectId>, &'a Gain>);

fn strongest(gains: &BTreeSet<Gain>) -> Strongest<'_> {
    let mut strongest: BTreeMap<Option<ProjectId>, &Gain> = BTreeMap::new();
    for gain in gains.iter().filter(|gain| gain.known && gain.is_own()) {
        let most = strongest.entry(gain.project).or_insert(gain);
        if gain.power > most.power {
            *most = gain;
        }
    }
    Strongest(strongest)
}

impl<'a> Strongest<'a> {
    /// Those that may imply a gain.
    fn of(&self, gain: &Gain) -> impl Iterator<Item = &'a Gain> {
        let (here, everywhere) = (self.0.get(&gain.project), self.0.get(&None));
        here.into_iter().chain(everywhere).copied()
    }
}

impl Part {
    fn words(&self) -> String {
        let Self { power: Reverse(power), is_unknown, place } = self;
        let power = words::power(*power);
        let power = match is_unknown {
            true => format!("unknown power, judged as {power},"),
            false => power,
        };
        format!("{power} {place}").trim_end_matches([' ', ',']).to_owned()
    }
}

/// Every place where somebody governs as one thing: projects in production first, then by name.
fn places(gains: &[&Gain], labels: &ProjectLabels<'_>) -> String {
    let mut places: BTreeMap<&With, BTreeSet<(Reverse<bool>, String)>> = BTreeMap::new();
    let mut joining: Vec<&str> = Vec::new();
    for gain in gains {
        match (&gain.with, gain.project) {
            (With::Joining(email), _) => joining.push(email.as_str()),
            (with, Some(project)) => {
                let label = (Reverse(labels.is_production(project)), labels.of_number(project));
                places.entry(with).or_default().insert(label);
            }
            (With::Itself | With::Other(_), None) => {}
        }
    }
    let mut places: Vec<_> = places.into_iter().collect();
    // Stable: what is a grant of its own stays before what comes through something else.
    places.sort_by_key(|(_, projects)| projects.first().map(|(production, _)| *production));
    let mut parts: Vec<String> = Vec::new();
    for (with, projects) in places {
        let projects: Vec<String> = projects.into_iter().map(|(_, label)| label).collect();
        let projects = projects.join(", ");
        parts.push(match with {
            With::Other(through) => format!("in {projects} {through}"),
            With::Itself | With::Joining(_) => format!("in {projects}"),
        });
    }
    joining.sort_unstable();
    if !joining.is_empty() {
        let more = joining.len().saturating_sub(SHOWN);
        joining.truncate(SHOWN);
        let more = match more {
            0 => String::new(),
            _ => format!(" and {}", words::counted(more, "more person", "more people")),
        };
        parts.push(format!("for {}{more} in it", joining.join(", ")));
    }
    parts.join(", ")
}
