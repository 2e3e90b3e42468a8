//! Teams as the service spells them: people as objects, addresses or bare numbers; projects as a list
//! or listed by number.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{Email, LiveTeam, OwnGrant, TeamId, UserId};
use serde::Deserialize;

use crate::list::{Entries, Entry, EntryValue, Field, Identity, OddRow, Row, Words};
use crate::row::{GrantFields, address, managed_by, number, numbered, own_grant};

/// A team, with people whom it may name by number only.
#[derive(Debug)]
pub(crate) struct TeamRow {
    team: LiveTeam,
    unnamed: Vec<UserId>,
    /// What else of it could not be read.
    unread: Vec<String>,
}

impl TeamRow {
    /// Whether some people of the team are known by number only.
    pub(crate) const fn has_unnamed(&self) -> bool {
        !self.unnamed.is_empty()
    }

    /// The team, with the addresses of those it named by number, and what of it could not be read.
    pub(crate) fn named(mut self, addresses: &HashMap<UserId, Email>) -> (LiveTeam, Vec<OddRow>) {
        for user in self.unnamed {
            match addresses.get(&user) {
                Some(email) => self.team.members.push(email.clone()),
                None => self.unread.push(format!(
                    "has member number {user}, whom the organization's member list does not name"
                )),
            }
        }
        self.team.members.sort_unstable();
        self.team.members.dedup();
        let about = |why| OddRow::from(why).about(Some(self.team.id.0), Some(&self.team.name));
        let unread = self.unread.into_iter().map(about).collect();
        (self.team, unread)
    }
}

/// A team as the service spells it.
#[derive(Deserialize)]
pub(crate) struct TeamFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    team_id: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    members: Entries<'a, PersonFields<'a>>,
    #[serde(borrow, default)]
    users: Entries<'a, PersonFields<'a>>,
    #[serde(borrow, default)]
    projects: Entries<'a, GrantFields<'a>>,
    #[serde(borrow, default)]
    managed_by: Field<'a>,
    #[serde(borrow, default)]
    provisioned_by: Field<'a>,
    #[serde(borrow, default)]
    is_scim_managed: Field<'a>,
}

/// Somebody in a team.
#[derive(Deserialize)]
pub(crate) struct PersonFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    user_id: Field<'a>,
    #[serde(borrow, default)]
    email: Field<'a>,
    #[serde(borrow, default)]
    user_email: Field<'a>,
}

/// Somebody by address, or by number where there is none.
fn person(entry: &Entry<'_, PersonFields<'_>>) -> Result<Result<Email, UserId>, String> {
    let key = entry.key.as_deref();
    let (email, user) = match &entry.value {
        EntryValue::Object(fields) => (
            address(&[&fields.email, &fields.user_email], key),
            numbered(&[&fields.user_id, &fields.id], key),
        ),
        // Listed under a number or an address, what is listed matters less.
        EntryValue::Bare(_) if key.is_some() => (address(&[], key), number(key)),
        EntryValue::Bare(field) => {
            (field.word().filter(|word| word.contains('@')).map(Email::new), field.number())
        }
    };
    match (email, user) {
        (Some(email), _) => Ok(Ok(email)),
        (None, Some(user)) => Ok(Err(UserId(user))),
        (None, None) => Err("has a member with neither an e-mail address nor a number".to_owned()),
    }
}

impl Row for TeamRow {
    type Wire<'de> = TeamFields<'de>;
    const KEYS: &'static [&'static str] = &["results", "teams"];
    const IS_NUMBERED: bool = true;

    fn read(
        row: TeamFields<'_>,
        key: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let (number, name) = (numbered(&[&row.team_id, &row.id], key), row.name.word());
        let odd = |why: &str| OddRow::from(why).about(number, name);
        let id = number.map(TeamId).ok_or_else(|| odd("has no number"))?;
        let name: Arc<str> = name.map(Arc::from).ok_or_else(|| odd("has no name"))?;
        let lists = [&row.members, &row.users];
        // A team taken for an empty one would be filled, and what it gives would go unseen.
        if !lists.iter().any(|list| matches!(list, Entries::Listed(_))) {
            return Err(odd("does not say who is in it"));
        }
        if !matches!(row.projects, Entries::Listed(_)) {
            return Err(odd("does not say which project roles it gives"));
        }
        let (mut members, mut unnamed, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for entry in lists.into_iter().flat_map(Entries::listed) {
            match person(entry) {
                Ok(Ok(email)) => members.push(email),
                Ok(Err(user)) => unnamed.push(user),
                Err(why) => unread.push(why),
            }
        }
        let mut grants = Vec::new();
        for entry in row.projects.listed() {
            match own_grant(entry, words) {
                Ok(Some((project, role))) => grants.push(OwnGrant { project, role }),
                Ok(None) => {}
                Err(why) => unread.push(why),
            }
        }
        members.sort_unstable();
        members.dedup();
        grants.sort_unstable();
        grants.dedup();
        let managed_by = managed_by(&[&row.managed_by, &row.provisioned_by], &row.is_scim_managed);
        let team = LiveTeam { id, name, managed_by, members, grants };
        Ok(Some(Self { team, unnamed, unread }))
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Number(self.team.id.0, &self.team.name)
    }
}

#[cfg(test)]
mod tests {
    use mixaccess_model::ProjectId;
    use reqwest::StatusCode;

    use super::*;
    use crate::answer::{Answer, DecodeError};
    use crate::list::decode_page;

    fn read(body: &str) -> Result<Vec<TeamRow>, DecodeError> {
        let answer = Answer {
            status: StatusCode::OK,
            retry_after: None,
            date: None,
            body: body.as_bytes().to_vec(),
        };
        decode_page::<TeamRow>(&answer).map(|page| page.rows)
    }

    #[test]
    fn every_shape_means_the_same() {
        let addresses = HashMap::from([(UserId(11), Email::new("a@x.example"))]);
        let row = |people: &str, projects: &str| {
            format!(r#"{{"id":7,"name":"Growth",{people},"projects":{projects},"x":[{{}}]}}"#)
        };
        let (listed, keyed) = (r#"[{"id":8,"role":"analyst"}]"#, r#"{"8":"Analyst"}"#);
        for (body, unnamed) in [
            (format!("[{}]", row(r#""members":[{"id":11,"email":"a@x.example"}]"#, listed)), false),
            (format!(r#"{{"teams":[{}]}}"#, row(r#""users":["a@x.example"]"#, listed)), false),
            (format!(r#"{{"results":[{}]}}"#, row(r#""members":[11]"#, keyed)), true),
            (format!(r#"{{"results":{{"7":{}}}}}"#, row(r#""users":["11"]"#, listed)), true),
            (format!("[{}]", row(r#""members":{"11":{"email":"a@x.example"}}"#, listed)), false),
            (format!("[{}]", row(r#""members":{"11":true}"#, keyed)), true),
            (format!("[{}]", row(r#""users":[{"user_id":"11","id":3}]"#, keyed)), true),
        ] {
            let mut teams = read(&body).unwrap_or_else(|error| panic!("{body}: {error:?}"));
            assert_eq!(teams[0].has_unnamed(), unnamed, "{body}");
            let (team, unread) = teams.remove(0).named(&addresses);
            assert_eq!(unread, [], "{body}");
            assert_eq!((team.id, &*team.name), (TeamId(7), "Growth"), "{body}");
            assert!(team.has(&Email::new("a@x.example")) && team.members.len() == 1, "{body}");
            assert_eq!(team.role(ProjectId(8)).unwrap().as_str(), "analyst", "{body}");
            assert!(team.managed_by.is_mixpanel(), "{body}");
        }
    }

    #[test]
    fn who_manages_it() {
        for (fields, scim) in [
            (r#""managed_by":"scim""#, true),
            (r#""managed_by":"SCIM""#, true),
            (r#""provisioned_by":"scim""#, true),
            (r#""is_scim_managed":true"#, true),
            (r#""is_scim_managed":false,"managed_by":null"#, false),
            (r#""managed_by":"mixpanel""#, false),
        ] {
            let body = format!(r#"[{{"id":7,"name":"G","members":[],"projects":[],{fields}}}]"#);
            let teams = read(&body).unwrap();
            assert_eq!(!teams[0].team.managed_by.is_mixpanel(), scim, "{fields}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for (fields, expected) in [
            (r#""name":"G""#, "row 1 has no number"),
            (r#""id":7"#, "row 1 has no name"),
            (r#""id":7,"name":"G","projects":[]"#, "does not say who is in it"),
            (r#""id":7,"name":"G","members":3,"users":null,"projects":[]"#, "who is in it"),
            (r#""id":7,"name":"G","members":[]"#, "does not say which project roles"),
            (r#""id":7,"name":"G","members":[],"projects":2"#, "which project roles"),
        ] {
            let error = read(&format!("[{{{fields}}}]")).unwrap_err();
            let DecodeError::Unreadable(text) = error else { panic!("{fields}") };
            assert!(text.contains(expected), "{fields}: {text}");
        }
    }

    #[test]
    fn what_is_odd_in_a_team_is_told_beside_the_rest() {
        for (fields, expected) in [
            (r#""members":[{},"a@x.example"],"projects":[]"#, "neither an e-mail address nor"),
            (r#""members":["Ann","a@x.example"],"projects":[]"#, "neither an e-mail address"),
            (r#""users":["a@x.example",12],"projects":[]"#, "has member number 12, whom"),
            (r#""users":["a@x.example"],"projects":[{"role":"admin"}]"#, "without a number"),
            (r#""users":["a@x.example"],"projects":[8]"#, "without a number"),
            (r#""users":["a@x.example"],"projects":[{"id":8}]"#, "project 8 without a role"),
        ] {
            let body = format!(r#"[{{"id":7,"name":"G",{fields}}}]"#);
            let (team, unread) = read(&body).unwrap().remove(0).named(&HashMap::new());
            assert_eq!(team.members, [Email::new("a@x.example")], "{fields}");
            let [odd] = unread.as_slice() else { panic!("{fields}: {unread:?}") };
            assert_eq!((odd.number, odd.name.as_deref()), (Some(7), Some("G")), "{fields}");
            assert!(odd.why.contains(expected), "{fields}: {}", odd.why);
        }
        let none = r#"[{"id":7,"name":"G","members":[],"projects":[{"id":8,"role":"none"}]}]"#;
        assert!(read(none).unwrap()[0].team.grants.is_empty());
    }
}
