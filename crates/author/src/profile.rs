//! Profiles: access that many people share, written once.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::ProjectRole;

use crate::access::{Access, Entry, Projects};
use crate::naming::{free, slug};

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

/// The access that enough people share, most shared first.
pub(crate) fn find<'a>(
    people: impl Iterator<Item = &'a Access>,
    projects: &Projects,
) -> Vec<Profile> {
    let mut counts: BTreeMap<&Access, usize> = BTreeMap::new();
    for access in people.filter(|access| access.len() >= LEAST_PROJECTS) {
        *counts.entry(access).or_default() += 1;
    }
    let mut shared: Vec<(&Access, usize)> =
        counts.into_iter().filter(|(_, count)| *count >= LEAST_PEOPLE).collect();
    shared.sort_by_key(|(access, count)| (std::cmp::Reverse(*count), *access));
    let mut taken = BTreeSet::new();
    shared
        .into_iter()
        .map(|(access, people)| {
            let entries = projects.entries(access);
            let key = free(&name(access, &entries), &mut taken);
            Profile { key, access: access.clone(), entries, people }
        })
        .collect()
}

/// How somebody's access is written: a profile and what deviates from it, or entries of their own.
pub(crate) fn written<'a>(
    access: &Access,
    profiles: &'a [Profile],
    projects: &Projects,
) -> (Option<&'a Profile>, Vec<Entry>) {
    let own = projects.entries(access);
    let nearest = profiles
        .iter()
        .filter_map(|profile| {
            let deviations = deviations(access, profile)?;
            let is_shorter = deviations.is_empty() || deviations.len() + 1 < own.len();
            is_shorter.then_some((profile, deviations))
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

/// Where somebody's access is not the profile's, when it is nearly that.
fn deviations<'a>(
    access: &'a Access,
    profile: &Profile,
) -> Option<Vec<(usize, Option<&'a ProjectRole>)>> {
    let most = if profile.access.len() >= LEAST_TO_DEVIATE { MOST_DEVIATIONS } else { 0 };
    if access.len().abs_diff(profile.access.len()) > most {
        return None;
    }
    let mut found = Vec::new();
    let all: BTreeSet<usize> = access.keys().chain(profile.access.keys()).copied().collect();
    for project in all {
        if access.get(&project) != profile.access.get(&project) {
            if found.len() == most {
                return None;
            }
            found.push((project, access.get(&project)));
        }
    }
    Some(found)
}

/// What a person would call it: `production-analyst`, `web-admin`, `analyst-everywhere`.
fn name(access: &Access, entries: &[Entry]) -> String {
    let word = |role: &str| Some(slug(role)).filter(|word| !word.is_empty());
    let pair = |(target, role): &Entry| {
        let role = word(role).unwrap_or_else(|| "custom".to_owned());
        if target == "*" { format!("{role}-everywhere") } else { format!("{target}-{role}") }
    };
    let roles: BTreeSet<&ProjectRole> = access.values().collect();
    let full = entries.iter().map(pair).collect::<Vec<_>>().join("-");
    if entries.len() <= 2 && full.chars().count() <= MAX_NAME {
        return full;
    }
    if let ([(first, role), ..], 1) = (entries, roles.len())
        && let Some(shared) = shared_word(first, entries)
    {
        return pair(&(shared.to_owned(), role.clone()));
    }
    let counted = roles.iter().rev().map(|role| {
        let count = access.values().filter(|other| other == role).count();
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
        let profiles = find(people.into_iter(), &projects);
        assert_eq!(profiles.len(), 1);
        let shown = |access| {
            let (profile, entries) = written(access, &profiles, &projects);
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
}
