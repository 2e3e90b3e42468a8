//! People and teams as SCIM shows them (RFC 7643, sections 4.1 and 4.2).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::{View, object};
use super::ROOT;
use super::list::Filter;
use crate::member::Team;

/// The schema of people.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The schema of groups.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A person, before they are shown.
struct Person<'a> {
    email: &'a str,
    name: Option<&'a str>,
    /// When they were deactivated; absent, they are active.
    deactivated: Option<Timestamp>,
}

impl View<'_> {
    /// The people SCIM reaches, members and deactivated ones, in the order of their numbers.
    pub(super) fn scim_users(&self, filter: Option<&Filter>) -> Vec<Map<String, Value>> {
        let people = self.people();
        let is_wanted = |id: u64, person: &Person<'_>| {
            filter.is_none_or(|filter| filter.accepts(id, person.email))
        };
        let wanted = people.iter().filter(|(id, person)| is_wanted(**id, person));
        let teams = self.teams_by_member();
        wanted
            .map(|(id, person)| {
                let teams = teams.get(id).map(Vec::as_slice).unwrap_or_default();
                self.user(*id, person, teams)
            })
            .collect()
    }

    /// One person, when SCIM reaches them.
    pub(super) fn scim_user(&self, id: u64) -> Option<Map<String, Value>> {
        let people = self.people();
        let teams = self.state.teams.iter().filter(|(_, team)| team.members.contains(&id));
        let teams: Vec<_> = teams.map(|(id, team)| (*id, team.as_ref())).collect();
        people.get(&id).map(|person| self.user(id, person, &teams))
    }

    /// The teams, in the order of their numbers.
    pub(super) fn scim_groups(&self, filter: Option<&Filter>) -> Vec<Map<String, Value>> {
        let teams = self.state.teams.iter();
        let wanted =
            teams.filter(|(id, team)| filter.is_none_or(|filter| filter.accepts(**id, &team.name)));
        wanted.map(|(id, team)| self.group(*id, team)).collect()
    }

    /// One team.
    pub(super) fn scim_group(&self, id: u64) -> Option<Map<String, Value>> {
        self.state.teams.get(&id).map(|team| self.group(id, team))
    }

    fn people(&self) -> BTreeMap<u64, Person<'_>> {
        let provider = &self.state.provider;
        let members = self.state.members.iter().map(|(id, member)| {
            let name = member.name.as_deref();
            (*id, Person { email: &member.email, name, deactivated: None })
        });
        let mut people: BTreeMap<u64, Person<'_>> =
            members.filter(|(_, person)| provider.reaches(person.email)).collect();
        for (id, one) in &provider.deactivated {
            if one.is_deleted {
                people.remove(id);
                continue;
            }
            let name = one.name.as_deref();
            let person = Person { email: &one.email, name, deactivated: Some(one.at) };
            people.insert(*id, person);
        }
        people
    }

    fn teams_by_member(&self) -> BTreeMap<u64, Vec<(u64, &Team)>> {
        let mut teams: BTreeMap<u64, Vec<(u64, &Team)>> = BTreeMap::new();
        for (id, team) in &self.state.teams {
            for member in &team.members {
                teams.entry(*member).or_default().push((*id, team));
            }
        }
        teams
    }

    fn user(&self, id: u64, person: &Person<'_>, teams: &[(u64, &Team)]) -> Map<String, Value> {
        let groups: Value = teams
            .iter()
            .map(|(id, team)| json!({ "value": id.to_string(), "display": team.name }))
            .collect();
        let mut meta = meta(self.base_url, "User", "Users", id);
        if let Some(at) = person.deactivated {
            meta.insert("lastModified".to_owned(), json!(at));
        }
        let mut user = object([
            ("schemas", json!([USER])),
            ("id", json!(id.to_string())),
            ("userName", json!(person.email)),
            ("active", json!(person.deactivated.is_none())),
            ("emails", json!([{ "value": person.email, "type": "work", "primary": true }])),
            ("groups", groups),
            ("meta", Value::Object(meta)),
        ]);
        if let Some(name) = person.name {
            user.insert("displayName".to_owned(), json!(name));
            user.insert("name".to_owned(), json!({ "formatted": name }));
        }
        user
    }

    fn group(&self, id: u64, team: &Team) -> Map<String, Value> {
        let reached = team.members.iter().filter_map(|id| {
            let email = &self.state.members.get(id)?.email;
            self.state.provider.reaches(email).then_some((id, email))
        });
        let members: Value = reached
            .map(|(id, email)| {
                let location = location(self.base_url, "Users", *id);
                json!({ "value": id.to_string(), "display": email, "type": "User", "$ref": location })
            })
            .collect();
        object([
            ("schemas", json!([GROUP])),
            ("id", json!(id.to_string())),
            ("displayName", json!(team.name)),
            ("members", members),
            ("meta", Value::Object(meta(self.base_url, "Group", "Groups", id))),
        ])
    }
}

fn meta(base_url: &str, resource_type: &str, place: &str, id: u64) -> Map<String, Value> {
    object([
        ("resourceType", json!(resource_type)),
        ("location", json!(location(base_url, place, id))),
    ])
}

fn location(base_url: &str, place: &str, id: u64) -> String {
    format!("{base_url}{ROOT}/{place}/{id}")
}
