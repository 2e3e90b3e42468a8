//! Random organizations.

use std::collections::BTreeMap;

use mixaccess_model::{ManagedBy, OrganizationRole, State};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::schema::organization::CustomRoleForm;
use crate::schema::service_account::{ServiceAccountRole, ServiceAccountSchema};
use crate::schema::team::{Presence, TeamSchema};
use crate::schema::{
    AccessFile, CollaboratorSchema, GrantForm, Instant, OrganizationRoleForm, OrganizationSchema,
    PhaseSchema, ProfileSchema, ProjectSchema, RoleWord, Terms,
};

/// Days that dates are chosen from, few of them so that they meet.
pub(super) const DAYS: [&str; 6] =
    ["2026-01-01", "2026-03-29", "2026-04-01", "2026-06-30", "2026-10-25", "2027-01-01"];
pub(super) const PROJECTS: [&str; 4] = ["ios", "no", "staging", "web"];
pub(super) const PEOPLE: [&str; 3] =
    ["alex@agency.example", "kim@agency.example", "pat@acme.example"];
const GROUPS: [&str; 3] = ["apps", "everything", "production"];
pub(super) const TEAMS: [&str; 2] = ["data", "growth"];
pub(super) const ACCOUNTS: [&str; 2] = ["etl", "web"];
/// Somebody whom teams name and nobody declares.
pub(super) const STRANGER: &str = "stranger@acme.example";
const PROFILES: [&str; 2] = ["implementation", "support"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "no",
            "yes",
            "on",
            "null",
            "~",
            "0123",
            "1_000",
            "1e3",
            "2026-12-31",
            "true",
            "#x",
            "a: b",
            "- a",
            "*",
            "&a",
            "'",
            "\"",
            "Zoë 中村",
            "x\ty",
            "@a",
            "%",
            "!x",
            "{",
            "[1]",
            "0x1f",
            ".5",
            "|",
            ">"
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9 :#'\"é-]{1,12}".prop_map(|text| text.trim().to_owned()),
    ]
    .prop_filter("empty text is refused", |text| !text.is_empty())
}

fn note() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.2, text())
}

fn role() -> impl Strategy<Value = RoleWord> {
    select(vec!["none", "viewer", "consumer", "analyst", "admin", "owner", "editor"])
        .prop_map(|word| RoleWord(word.to_owned()))
}

/// `from` and `until`, in order.
fn dates() -> impl Strategy<Value = (Option<Instant>, Option<Instant>)> {
    (option::of(0..DAYS.len()), option::of(0..DAYS.len())).prop_map(|(from, until)| {
        let (from, until) = match (from, until) {
            (Some(from), Some(until)) => (Some(from.min(until)), Some(from.max(until))),
            other => other,
        };
        let day = |at: usize| Instant(DAYS[at].to_owned());
        (from.map(day), until.map(day))
    })
}

fn grant() -> impl Strategy<Value = GrantForm> {
    prop_oneof![
        2 => role().prop_map(GrantForm::Short),
        1 => (role(), dates(), note(), note()).prop_map(|(role, (from, until), ticket, approved_by)| {
            GrantForm::Long(Terms { role, from, until, ticket, reason: None, requested_by: None, approved_by })
        }),
    ]
}

fn grants() -> impl Strategy<Value = BTreeMap<String, GrantForm>> {
    let mut targets: Vec<&str> = PROJECTS.iter().chain(&GROUPS).copied().collect();
    targets.push("*");
    btree_map(select(targets).prop_map(str::to_owned), grant(), 0..4)
}

fn organization_role() -> impl Strategy<Value = Option<OrganizationRoleForm>> {
    let role = || select(OrganizationRole::ALL.to_vec());
    let long = (role(), dates(), note()).prop_map(|(role, (from, until), reason)| {
        OrganizationRoleForm::Long(Terms {
            role,
            from,
            until,
            ticket: None,
            reason,
            requested_by: None,
            approved_by: None,
        })
    });
    option::of(prop_oneof![role().prop_map(OrganizationRoleForm::Short), long])
}

fn state() -> impl Strategy<Value = Option<State>> {
    option::weighted(0.2, select(vec![State::Active, State::Suspended, State::Removed]))
}

prop_compose! {
    fn phase()(
        from in 0..DAYS.len(),
        organization_role in organization_role(),
        projects in grants(),
        state in state(),
        ticket in note(),
    ) -> PhaseSchema {
        PhaseSchema {
            name: format!("from {from}"),
            from: Instant(DAYS[from].to_owned()),
            organization_role,
            projects,
            state,
            ticket,
            reason: None,
            requested_by: None,
            approved_by: None,
        }
    }
}

prop_compose! {
    fn collaborator()(
        name in option::of(text()),
        profile in option::of(select(PROFILES.to_vec())),
        organization_role in organization_role(),
        projects in grants(),
        phases in vec(phase(), 0..3),
        state in state(),
        ticket in note(),
        requested_by in note(),
    ) -> CollaboratorSchema {
        CollaboratorSchema {
            name,
            profile: profile.map(str::to_owned),
            organization_role,
            projects,
            phases,
            state,
            ticket,
            requested_by,
            ..CollaboratorSchema::default()
        }
    }
}

fn presence() -> impl Strategy<Value = Option<Presence>> {
    option::weighted(0.2, select(vec![Presence::Active, Presence::Removed]))
}

prop_compose! {
    fn team()(
        name in option::weighted(0.3, text().prop_filter("names are seen", |name| !name.contains('\t'))),
        members in subsequence(PEOPLE.iter().copied().chain([STRANGER]).collect::<Vec<_>>(), 0..=4),
        projects in grants(),
        managed_by in option::of(select(vec![ManagedBy::Mixpanel, ManagedBy::Scim])),
        state in presence(),
        ticket in note(),
    ) -> TeamSchema {
        let members = members.into_iter().map(str::to_owned).collect();
        TeamSchema { name, members, projects, managed_by, state, ticket, ..TeamSchema::default() }
    }
}

prop_compose! {
    fn service_account()(
        role in option::of(select(vec![ServiceAccountRole::Owner, ServiceAccountRole::Admin, ServiceAccountRole::Member])),
        projects in grants(),
        expires in option::of(select(DAYS.to_vec())),
        owner in option::of(select(PEOPLE.to_vec())),
        purpose in note(),
        state in presence(),
    ) -> ServiceAccountSchema {
        ServiceAccountSchema {
            organization_role: role,
            projects,
            expires: expires.map(|day| Instant(day.to_owned())),
            owner: owner.map(str::to_owned),
            purpose,
            state,
            ..ServiceAccountSchema::default()
        }
    }
}

prop_compose! {
    /// An organization with teams and service accounts; teams and the people's own lists may
    /// contradict each other.
    pub(super) fn organization()(
        mut whole in people_and_projects(),
        mut teams in option::weighted(0.8, btree_map(select(TEAMS.to_vec()).prop_map(str::to_owned), option::weighted(0.9, team()), 0..3)),
        lists in vec(option::weighted(0.4, subsequence(TEAMS.to_vec(), 0..=2)), PEOPLE.len()),
        accounts in option::of(btree_map(select(ACCOUNTS.to_vec()).prop_map(str::to_owned), option::weighted(0.9, service_account()), 0..3)),
    ) -> AccessFile {
        let declared: Vec<String> = teams.iter().flatten().map(|(key, _)| key.clone()).collect();
        if let Some(Some(team)) = teams.iter_mut().flatten().map(|(_, team)| team).next() {
            // Two teams of one name are another test's.
            team.name = None;
        }
        let people = whole.collaborators.iter_mut().flatten();
        for ((_, one), list) in people.zip(lists) {
            let Some(one) = one else { continue };
            one.teams = list.map(|list| {
                list.into_iter().map(str::to_owned).filter(|key| declared.contains(key)).collect()
            });
        }
        AccessFile { teams, service_accounts: accounts, ..whole }
    }
}

prop_compose! {
    /// A whole organization, which may have groups that disagree and nothing else wrong.
    fn people_and_projects()(
        zone in select(vec!["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"]),
        environment in option::of(text()),
        groups in vec(vec(select(PROJECTS.to_vec()), 1..4), GROUPS.len()),
        profiles in vec((organization_role(), grants()), PROFILES.len()),
        people in vec(collaborator(), PEOPLE.len()),
    ) -> AccessFile {
        let project = |(at, key): (usize, &&str)| {
            // Ids run against the order of the keys, so that neither order can stand in for the other.
            let id = 100 - at as u64;
            let project = ProjectSchema {
                id,
                environment: environment.clone(),
                custom_roles: Some(vec![CustomRoleForm::Short("editor".to_owned())]),
                ..ProjectSchema::default()
            };
            ((*key).to_owned(), project)
        };
        let members = |members: Vec<&str>| {
            let mut members: Vec<String> = members.into_iter().map(str::to_owned).collect();
            members.sort();
            members.dedup();
            members
        };
        AccessFile {
            organization: Some(OrganizationSchema {
                id: 1,
                time_zone: Some(zone.to_owned()),
                ..OrganizationSchema::default()
            }),
            projects: Some(PROJECTS.iter().enumerate().map(project).collect()),
            project_groups: Some(GROUPS.iter().map(|key| (*key).to_owned()).zip(groups.into_iter().map(members)).collect()),
            profiles: Some(
                PROFILES
                    .iter()
                    .zip(profiles)
                    .map(|(key, (organization_role, projects))| {
                        ((*key).to_owned(), ProfileSchema { organization_role, projects })
                    })
                    .collect(),
            ),
            collaborators: Some(
                PEOPLE.iter().zip(people).map(|(key, one)| ((*key).to_owned(), Some(one))).collect(),
            ),
            ..AccessFile::default()
        }
    }
}

/// The same declarations in as many files, each declaration in one that `choices` picks.
pub(super) fn split(whole: &AccessFile, choices: &[Index], files: usize) -> Vec<AccessFile> {
    let mut parts = vec![AccessFile::default(); files];
    let mut choices = choices.iter().cycle();
    let mut pick = || choices.next().unwrap().index(files);
    parts[pick()].organization = whole.organization.clone();
    for (key, one) in whole.projects.iter().flatten() {
        parts[pick()].projects.get_or_insert_default().insert(key.clone(), one.clone());
    }
    for (key, one) in whole.project_groups.iter().flatten() {
        parts[pick()].project_groups.get_or_insert_default().insert(key.clone(), one.clone());
    }
    for (key, one) in whole.profiles.iter().flatten() {
        parts[pick()].profiles.get_or_insert_default().insert(key.clone(), one.clone());
    }
    for (key, one) in whole.collaborators.iter().flatten() {
        parts[pick()].collaborators.get_or_insert_default().insert(key.clone(), one.clone());
    }
    if let Some(teams) = &whole.teams {
        parts[pick()].teams.get_or_insert_default();
        for (key, one) in teams {
            parts[pick()].teams.get_or_insert_default().insert(key.clone(), one.clone());
        }
    }
    if let Some(accounts) = &whole.service_accounts {
        parts[pick()].service_accounts.get_or_insert_default();
        for (key, one) in accounts {
            parts[pick()].service_accounts.get_or_insert_default().insert(key.clone(), one.clone());
        }
    }
    parts
}
