//! Profiles: access that many people share, written once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use mixaccess_model::ProjectRole;

use crate::access::{Access, Entry, Projects};
use crate::naming::{Taken, slug};

/// So many people must have the very same access.
const LEAST_PEOPLE: usize = 3;
/// So many projects an access must cover; one project says itself.
const LEAST_PROJECTS: usize = 2;
/// So many projects a profile must cover before somebody may deviate from it.
const LEAST_TO_DEVIATE: usize = 4;
/// In so many projects somebody may deviate from a profile.
const MOST_DEVIATIONS: usize = 2;
/// Longest name of a profile, in characters.
const MAX_NAME: usize = 48;

/// A standard engagement. It gives project roles only: organization roles are power, and are written
/// where a reviewer of the person sees them.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) key: String,
    pub(crate) access: Access,
    pub(crate) entries: Vec<Entry>,
    /// How many people have exactly this.
    pub(crate) people: usize,
}

/// The profiles of an organization, and how to find those that are near somebody's access.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    /// Most shared first.
    pub(crate) all: Vec<Profile>,
    /// By the very access.
    exactly: BTreeMap<Access, usize>,
    /// Those from which somebody may deviate.
    near: Near,
}

impl Profiles {
    /// The access that enough people share.
    pub(crate) fn find<'a>(people: impl Iterator<Item = &'a Access>, projects: &Projects) -> Self {
        let mut counts: BTreeMap<&Access, usize> = BTreeMap::new();
        for access in people.filter(|access| access.len() >= LEAST_PROJECTS) {
            *counts.entry(access).or_default() += 1;
        }
        let mut shared: Vec<(&Access, usize)> =
            counts.into_iter().filter(|(_, count)| *count >= LEAST_PEOPLE).collect();
        shared.sort_by_key(|(access, count)| (std::cmp::Reverse(*count), *access));
        let mut taken = Taken::default();
        let mut found = Self::default();
        for (at, (access, people)) in shared.into_iter().enumerate() {
            let entries = projects.entries(access);
            let key = taken.free(&name(access, &entries));
            if access.len() >= LEAST_TO_DEVIATE {
                found.near.add(access, at);
            }
            found.exactly.insert(access.clone(), at);
            found.all.push(Profile { key, access: access.clone(), entries, people });
        }
        found
    }

    /// How somebody's access is written: a profile and what deviates from it, or entries of their own.
    pub(crate) fn written(
        &self,
        access: &Access,
        projects: &Projects,
    ) -> (Option<&Profile>, Vec<Entry>) {
        if let Some(profile) = self.exactly.get(access).and_then(|at| self.all.get(*at)) {
            return (Some(profile), Vec::new());
        }
        let own = projects.entries(access);
        let nearest = self
            .near
            .candidates(access)
            .into_iter()
            .filter_map(|at| {
                let profile = self.all.get(at)?;
                let deviations = deviations(access, profile)?;
                (deviations.len() + 1 < own.len()).then_some((profile, deviations))
            })
            .min_by_key(|(_, deviations)| deviations.len());
        match nearest {
            Some((profile, deviations)) => {
                let entries = deviations
                    .into_iter()
                    .filter_map(|(project, role)| projects.entry(project, role))
                    .collect();
                (Some(profile), entries)
            }
            None => (None, own),
        }
    }
}

/// Where somebody's access is not the profile's, when it is nearly that.
fn deviations<'a>(
    access: &'a Access,
    profile: &Profile,
) -> Option<Vec<(usize, Option<&'a ProjectRole>)>> {
    if access.len().abs_diff(profile.access.len()) > MOST_DEVIATIONS {
        return None;
    }
    let mut found = Vec::new();
    let (mut own, mut theirs) = (access.iter().peekable(), profile.access.iter().peekable());
    loop {
        let deviation = match (own.peek(), theirs.peek()) {
            (None, None) => return Some(found),
            (Some((mine, role)), Some((other, their))) if mine == other => {
                let deviation = (role != their).then_some((**mine, Some(*role)));
                own.next();
                theirs.next();
                deviation
            }
            (Some((mine, role)), other) if other.is_none_or(|(other, _)| mine < other) => {
                let deviation = Some((**mine, Some(*role)));
                own.next();
                deviation
            }
            (_, other) => {
                let deviation = other.map(|(other, _)| (**other, None));
                theirs.next();
                deviation
            }
        };
        if let Some(deviation) = deviation {
            if found.len() == MOST_DEVIATIONS {
                return None;
            }
            found.push(deviation);
        }
    }
}

/// Finds which of many accesses may deviate from one in few projects, without looking at each. Projects
/// are dealt to parts: two accesses that differ in two projects agree in all parts but two, whichever
/// these are, so that each is filed once under every choice of what is left.
#[derive(Debug, Default)]
struct Near {
    by_rest: HashMap<u64, Vec<usize>>,
}

/// Parts that projects are dealt to.
const PARTS: usize = 8;

/// Profiles that are looked at of those that differ in the same two parts alone, the most shared first:
/// where everybody has the same projects and one of their own, these are all profiles there are.
const MOST_ALIKE: usize = 4;

impl Near {
    fn add(&mut self, access: &Access, at: usize) {
        for rest in Self::rests(access) {
            let alike = self.by_rest.entry(rest).or_default();
            if alike.len() < MOST_ALIKE {
                alike.push(at);
            }
        }
    }

    /// Those that are near, sorted, and some that are not.
    fn candidates(&self, access: &Access) -> BTreeSet<usize> {
        if self.by_rest.is_empty() {
            return BTreeSet::new();
        }
        Self::rests(access).filter_map(|rest| self.by_rest.get(&rest)).flatten().copied().collect()
    }

    /// What is left of an access without two parts, for each two, as a number.
    fn rests(access: &Access) -> impl Iterator<Item = u64> {
        let mut parts = [0_u64; PARTS];
        for one in access {
            let sum = hash(&one);
            if let Some(part) = parts.get_mut(hash(one.0) as usize % PARTS) {
                *part = part.wrapping_add(sum);
            }
        }
        let numbered = parts.into_iter().enumerate().map(|part| hash(&part));
        let parts: Vec<u64> = numbered.collect();
        let whole = parts.iter().fold(0_u64, |sum, part| sum.wrapping_add(*part));
        let pairs = (0..PARTS).flat_map(|one| (one + 1..PARTS).map(move |other| (one, other)));
        pairs.filter_map(move |(one, other)| {
            let left_out = parts.get(one)?.wrapping_add(*parts.get(other)?);
            // Of which parts it is, so that another choice is not taken for it.
            Some(hash(&(one, other, whole.wrapping_sub(left_out))))
        })
    }
}

/// A number for a value, the same in every run. What is found by it is always looked at itself.
fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What a person would call it: `production-analyst`, `web-admin`, `analyst-everywhere`.
fn name(access: &Access, entries: &[Entry]) -> String {
    let word = |role: &str| Some(slug(role)).filter(|word| !word.is_empty());
    let pair = |(target, role): &Entry| {
        let role = word(role).unwrap_or_else(|| "custom".to_owned());
        if target == "*" { format!("{role}-everywhere") } else { format!("{target}-{role}") }
    };
    let full = entries.iter().map(pair).collect::<Vec<_>>().join("-");
    if entries.len() <= 2 && full.chars().count() <= MAX_NAME {
        return full;
    }
    let mut counts: BTreeMap<&ProjectRole, usize> = BTreeMap::new();
    for role in access.values() {
        *counts.entry(role).or_default() += 1;
    }
    if let ([(first, role), ..], 1) = (entries, counts.len())
        && let Some(shared) = shared_word(first, entries)
    {
        return pair(&(shared.to_owned(), role.clone()));
    }
    let counted = counts.iter().rev().map(|(role, count)| {
        format!("{}-in-{count}", word(role.as_str()).unwrap_or_else(|| "custom".to_owned()))
    });
    counted.collect::<Vec<_>>().join("-")
}

/// A word that every entry's key has.
fn shared_word<'a>(first: &'a str, entries: &[Entry]) -> Option<&'a str> {
    first.split('-').find(|word| {
        word.chars().count() > 1
            && entries.iter().all(|(key, _)| key.split('-').any(|other| other == *word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects() -> Projects {
        Projects {
            keys: [
                "web-production",
                "ios-production",
                "android-production",
                "web-staging",
                "ios-staging",
            ]
            .map(str::to_owned)
            .to_vec(),
            groups: vec![
                ("production".to_owned(), vec![0, 1, 2]),
                ("staging".to_owned(), vec![3, 4]),
            ],
            ..Projects::default()
        }
    }

    fn access(roles: &[(usize, &str)]) -> Access {
        roles.iter().map(|(at, role)| (*at, ProjectRole::parse(role))).collect()
    }

    #[test]
    fn names_say_what_a_profile_gives() {
        for (roles, expected) in [
            (vec![(0, "analyst"), (1, "analyst"), (2, "analyst")], "production-analyst"),
            (vec![(0, "admin"), (3, "admin")], "web-production-admin-web-staging-admin"),
            (
                vec![(0, "admin"), (1, "admin"), (2, "admin"), (3, "analyst"), (4, "analyst")],
                "production-admin-staging-analyst",
            ),
            (vec![(0, "admin"), (1, "analyst"), (3, "analyst")], "admin-in-1-analyst-in-2"),
            ((0..5).map(|at| (at, "consumer")).collect(), "consumer-everywhere"),
        ] {
            let access = access(&roles);
            assert_eq!(name(&access, &projects().entries(&access)), expected);
        }
    }

    #[test]
    fn what_three_people_share_is_a_profile_and_small_deviations_stay_beside_it() {
        let projects = projects();
        let all = access(&(0..5).map(|at| (at, "analyst")).collect::<Vec<_>>());
        let mut nearly = all.clone();
        nearly.insert(3, ProjectRole::Admin);
        let lonely = access(&[(0, "admin"), (4, "owner")]);
        let single = access(&[(0, "admin")]);
        let people = [&all, &all, &all, &nearly, &lonely, &lonely, &single, &single, &single];
        let profiles = Profiles::find(people.into_iter(), &projects);
        assert_eq!(profiles.all.len(), 1);
        let shown = |access| {
            let (profile, entries) = profiles.written(access, &projects);
            (profile.map(|profile| profile.key.as_str()), entries)
        };
        assert_eq!(shown(&all), (Some("analyst-everywhere"), vec![]));
        assert_eq!(
            shown(&nearly),
            (Some("analyst-everywhere"), vec![("web-staging".to_owned(), "admin".to_owned())])
        );
        assert_eq!(shown(&single).0, None);
        assert_eq!(shown(&lonely).0, None);
    }

    /// The same, by looking at every profile.
    fn searched<'a>(
        access: &Access,
        profiles: &'a Profiles,
        projects: &Projects,
    ) -> (Option<&'a Profile>, usize) {
        let own = projects.entries(access).len();
        let near = profiles.all.iter().filter_map(|profile| {
            let keys: BTreeSet<usize> =
                access.keys().chain(profile.access.keys()).copied().collect();
            let differ = |key: &&usize| access.get(key) != profile.access.get(key);
            let count = keys.iter().filter(differ).count();
            let most = if profile.access.len() >= LEAST_TO_DEVIATE { MOST_DEVIATIONS } else { 0 };
            (count <= most && (count == 0 || count + 1 < own)).then_some((profile, count))
        });
        let found = near.min_by_key(|(_, count)| *count);
        (found.map(|(profile, _)| profile), found.map_or(own, |(_, count)| count))
    }

    #[test]
    fn the_nearest_profile_is_found_as_by_looking_at_all_of_them() {
        let projects =
            Projects { keys: (0..12).map(|at| format!("p{at}")).collect(), ..Projects::default() };
        let roles = ["consumer", "analyst", "admin"].map(ProjectRole::parse);
        // A generator of numbers without a pattern that matters here.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        let mut people = Vec::new();
        for _ in 0..60 {
            let one: Access =
                (0..2 + next(8)).map(|_| (next(12), roles[next(3)].clone())).collect();
            people.extend(std::iter::repeat_n(one, 3));
        }
        let mut deviating = people.clone();
        for one in &mut deviating {
            for _ in 0..next(4) {
                let (project, role) = (next(12), next(4));
                match roles.get(role) {
                    Some(role) => drop(one.insert(project, role.clone())),
                    None => drop(one.remove(&project)),
                }
            }
        }
        let profiles = Profiles::find(people.iter(), &projects);
        let mut deviations = [0; 3];
        for access in people.iter().chain(&deviating) {
            let (profile, entries) = profiles.written(access, &projects);
            let (expected, count) = searched(access, &profiles, &projects);
            let key = |profile: Option<&Profile>| profile.map(|one| one.key.clone());
            assert_eq!((key(profile), entries.len()), (key(expected), count), "{access:?}");
            if profile.is_some() {
                deviations[entries.len()] += 1;
            }
        }
        assert!(deviations.iter().all(|count| *count > 5), "{deviations:?}");
    }

    #[test]
    fn of_many_that_are_alike_few_are_looked_at() {
        let keys = (0..2_000).map(|at| format!("p{at}")).collect();
        let projects = Projects { keys, ..Projects::default() };
        let with = |own: usize| -> Access {
            let shared = (0..30).map(|project| (project, ProjectRole::parse("analyst")));
            shared.chain([(own, ProjectRole::parse("consumer"))]).collect()
        };
        let people: Vec<Access> = (30..1_000).flat_map(|own| vec![with(own); 3]).collect();
        let profiles = Profiles::find(people.iter(), &projects);
        assert_eq!(profiles.all.len(), 970);
        for own in [30, 500, 999] {
            let mut deviating = with(own);
            deviating.insert(7, ProjectRole::parse("admin"));
            assert!(profiles.near.candidates(&deviating).len() <= PARTS * PARTS * MOST_ALIKE / 2);
            let (profile, entries) = profiles.written(&deviating, &projects);
            assert_eq!(profile.map(|profile| &profile.access), Some(&with(own)));
            assert_eq!(entries.len(), 1);
        }
    }
}
