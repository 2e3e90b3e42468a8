//! Random organizations against the reference.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mixaccess_model::{
    DesiredGrant, DesiredServiceAccount, DesiredState, DesiredTeam, Email, State,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::generate::{PEOPLE, PROJECTS, organization, split};
use super::reference::{Access, Account, Reference, Team, instants};
use super::{codes, load_files};
use crate::declared::Specificity;
use crate::schema::AccessFile;
use crate::{Loaded, Verdict};

fn access(state: &DesiredState, email: &str) -> Access {
    let one = state.collaborator(&Email::new(email)).unwrap();
    (one.state, one.organization_role, words(state, &one.grants))
}

fn words(state: &DesiredState, grants: &[DesiredGrant]) -> BTreeMap<String, String> {
    let word = |grant: &DesiredGrant| {
        let key = state.project(grant.project).unwrap().key.to_string();
        (key, grant.role.as_ref().map_or("none", |role| role.as_str()).to_owned())
    };
    grants.iter().map(word).collect()
}

fn teams(state: &DesiredState) -> Option<BTreeMap<String, Team>> {
    let teams = state.teams.as_ref()?;
    assert!(teams.is_sorted_by(|left, right| left.name < right.name));
    let team = |one: &DesiredTeam| {
        assert!(one.members.is_sorted_by(|left, right| left.email < right.email));
        let members = one.members.iter().map(|member| member.email.to_string()).collect();
        (one.key.to_string(), (one.state, members, words(state, &one.grants)))
    };
    Some(teams.iter().map(team).collect())
}

fn accounts(state: &DesiredState) -> Option<BTreeMap<String, Account>> {
    let accounts = state.service_accounts.as_ref()?;
    let account = |one: &DesiredServiceAccount| {
        (one.key.to_string(), (one.state, one.expires, words(state, &one.grants)))
    };
    Some(accounts.iter().map(account).collect())
}

fn everything(loaded: &Loaded, instant: Timestamp) -> BTreeMap<String, Access> {
    let state = loaded.resolve(instant).unwrap().state;
    PEOPLE.iter().map(|email| ((*email).to_owned(), access(&state, email))).collect()
}

fn yaml(file: &AccessFile) -> String {
    serde_yaml::to_string(file).unwrap()
}

fn zone(file: &AccessFile) -> TimeZone {
    TimeZone::get(file.organization.as_ref().unwrap().time_zone.as_ref().unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn resolution_is_what_the_design_says(whole in organization()) {
        let text = yaml(&whole);
        let second: AccessFile = serde_yaml::from_str(&text).unwrap();
        prop_assert_eq!(&second, &whole);
        let zone = zone(&whole);
        let (_directory, loaded) = load_files(&[("all.yaml", &text)]);
        let reference = |instant| Reference { file: &second, zone: zone.clone(), instant };
        let instants = instants(&zone);
        let has_conflict = instants.iter().any(|instant| reference(*instant).has_conflict());
        prop_assert_eq!(codes(&loaded).contains(&"group-conflict"), has_conflict, "{}", text);
        let contradicts = reference(instants[0]).contradicts();
        prop_assert_eq!(codes(&loaded).contains(&"team-conflict"), contradicts, "{}", text);
        prop_assert_eq!(loaded.has_errors(), has_conflict || contradicts, "{:?}\n{}", loaded.diagnostics(), text);
        if loaded.has_errors() {
            return Ok(());
        }
        for instant in instants {
            let state = loaded.resolve(instant).unwrap().state;
            prop_assert_eq!(teams(&state), reference(instant).teams(), "{}\n{}", instant, text);
            prop_assert_eq!(accounts(&state), reference(instant).accounts(), "{}\n{}", instant, text);
            for email in PEOPLE {
                let expected = reference(instant).access(email);
                prop_assert_eq!(access(&state, email), expected, "{} at {}\n{}", email, instant, text);
            }
        }
        for one in loaded.resolve(Timestamp::UNIX_EPOCH).unwrap().state.collaborators {
            let declared = second.collaborators.as_ref().unwrap()[one.email.as_str()].clone().unwrap();
            prop_assert_eq!(one.name.as_deref(), declared.name.as_deref());
            let ticket = one.cause.annotations.as_ref().and_then(|notes| notes.ticket.as_deref());
            prop_assert_eq!(ticket, declared.ticket.as_deref());
        }
    }

    #[test]
    fn files_and_their_order_do_not_matter(
        whole in organization(),
        choices in vec(any::<Index>(), 12),
        order in Just(vec!["a.yaml", "b/c.yml", "z.yaml", "b/a.yaml"]).prop_shuffle(),
    ) {
        let (_one, together) = load_files(&[("all.yaml", &yaml(&whole))]);
        let parts: Vec<String> = split(&whole, &choices, order.len()).iter().map(yaml).collect();
        let files: Vec<(&str, &str)> = order.iter().copied().zip(parts.iter().map(String::as_str)).collect();
        let (_other, apart) = load_files(&files);
        let sorted = |loaded: &Loaded| {
            let mut codes = codes(loaded);
            codes.sort_unstable();
            codes
        };
        prop_assert_eq!(sorted(&together), sorted(&apart));
        if !together.has_errors() {
            for instant in instants(&zone(&whole)) {
                prop_assert_eq!(everything(&together, instant), everything(&apart, instant));
                let state = |loaded: &Loaded| loaded.resolve(instant).unwrap().state;
                let (one, other) = (state(&together), state(&apart));
                prop_assert_eq!(teams(&one), teams(&other));
                prop_assert_eq!(accounts(&one), accounts(&other));
            }
        }
    }

    #[test]
    fn entries_said_to_have_no_effect_have_none(whole in organization()) {
        let (_directory, mut loaded) = load_files(&[("all.yaml", &yaml(&whole))]);
        if loaded.has_errors() {
            return Ok(());
        }
        let instants = instants(&zone(&whole));
        let before: Vec<_> = instants.iter().map(|at| everything(&loaded, *at)).collect();
        let silent: Vec<(u32, u32)> = loaded
            .diagnostics()
            .iter()
            .filter(|one| one.code() == "no-effect" && one.message().starts_with("the entry"))
            .filter_map(|one| one.place().map(|place| (place.line, place.column)))
            .collect();
        for place in silent {
            for one in &mut loaded.declared.collaborators {
                let phases = one.phases.iter_mut().map(|phase| &mut phase.access);
                for access in std::iter::once(&mut one.access).chain(phases) {
                    let entries = std::mem::take(&mut access.entries).into_vec();
                    access.entries = entries
                        .into_iter()
                        .filter(|entry| (entry.span.line, entry.span.column) != place)
                        .collect();
                }
            }
        }
        let after: Vec<_> = instants.iter().map(|at| everything(&loaded, *at)).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn explaining_agrees_with_resolving(whole in organization(), at in any::<Index>()) {
        let (_directory, loaded) = load_files(&[("all.yaml", &yaml(&whole))]);
        if loaded.has_errors() {
            return Ok(());
        }
        let instants = instants(&zone(&whole));
        let instant = instants[at.index(instants.len())];
        let later: Vec<_> = instants.iter().filter(|other| **other > instant).map(|at| (*at, everything(&loaded, *at))).collect();
        for email in PEOPLE {
            let (state, role, grants) = everything(&loaded, instant)[email].clone();
            let why = loaded.explain(&Email::new(email), None, instant).unwrap();
            prop_assert_eq!(why.state.state, state);
            prop_assert_eq!(why.organization_role.role, role);
            prop_assert_eq!(why.projects.len(), PROJECTS.len());
            let next = later.iter().find(|(_, all)| all[email].1 != role).map(|(at, _)| *at);
            prop_assert_eq!(why.organization_role.next.as_ref().map(|next| next.at), next);
            let next = later.iter().find(|(_, all)| all[email].0 != state).map(|(at, _)| *at);
            prop_assert_eq!(why.state.next.as_ref().map(|next| next.at), next);
            for project in &why.projects {
                let key = project.key.as_str();
                let word = |all: &Access| all.2.get(key).map_or("none", |word| word.as_str()).to_owned();
                let role = project.role.as_ref().map_or("none", |role| role.as_str());
                prop_assert_eq!(role, grants.get(key).map_or("none", |word| word.as_str()));
                let deciding: Vec<_> = project.chain.iter().filter(|entry| entry.verdict == Verdict::Decides).collect();
                prop_assert_eq!(deciding.len(), usize::from(grants.contains_key(key)));
                for entry in deciding {
                    let said = if &*entry.role == "viewer" { "consumer" } else { &*entry.role };
                    prop_assert_eq!(said, role);
                    prop_assert!(entry.specificity.is_some_and(|one| one >= Specificity::Everything));
                }
                let next = later.iter().find(|(_, all)| word(&all[email]) != role).map(|(at, all)| (*at, word(&all[email])));
                let said = project.next.as_ref().map(|next| {
                    (next.at, next.becomes.as_ref().map_or("none", |role| role.as_str()).to_owned())
                });
                prop_assert_eq!(said, next);
            }
            prop_assert!(state == State::Active || grants.is_empty());
            let desired = loaded.resolve(instant).unwrap().state;
            let expected: Vec<_> = desired.teams.iter().flatten().filter(|team| {
                team.members.iter().any(|member| member.email == Email::new(email))
            }).map(|team| (team.key.to_string(), words(&desired, &team.grants))).collect();
            let told: Vec<_> = why.teams.iter().map(|team| {
                let grants = team.grants.iter().map(|one| (one.key.to_string(), one.role.to_string()));
                (team.key.to_string(), grants.collect::<BTreeMap<_, _>>())
            }).collect();
            let given = |(key, grants): (String, BTreeMap<String, String>)| {
                (key, grants.into_iter().filter(|(_, word)| word != "none").collect())
            };
            prop_assert_eq!(told, expected.into_iter().map(given).collect::<Vec<(String, BTreeMap<_, _>)>>());
        }
    }
}
