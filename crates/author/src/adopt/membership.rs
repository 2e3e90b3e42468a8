//! Edits of who is in a team.

use std::collections::BTreeMap;

use mixaccess_config::layout::{FileLayout, Shape, Value};
use mixaccess_model::{Email, SubjectKey};

use super::Round;
use super::declared::Place;
use super::files::Files;
use super::finder::Wanted;
use crate::edit::{Block, item, remove_item};
use crate::yaml::scalar;

impl Round<'_> {
    /// Who is in a team: at the person who lists teams, else at the team.
    pub(super) fn membership(
        &self,
        key: &SubjectKey,
        team: Option<&str>,
        wanted: &Wanted,
        files: &mut Files<'_>,
        said: &mut Vec<String>,
    ) -> Result<(), String> {
        let Some(team) = team else { return Ok(()) };
        let at_people = self.people_list_teams(key, files);
        let listed =
            if wanted.leave.is_empty() { BTreeMap::new() } else { self.listed(key, team, files)? };
        for email in &wanted.leave {
            said.push(format!("without {email}"));
            self.person_leaves(email, team, files)?;
            self.leaves_list(key, team, listed.get(email).copied(), files)?;
        }
        for email in &wanted.join {
            said.push(format!("with {email}"));
            if !self.person_joins(email, team, at_people, files)? {
                self.joins_list(key, team, email, files)?;
            }
        }
        Ok(())
    }

    /// Adds a team to the list of somebody who has one, or is to get one. Answers whether that is so.
    fn person_joins(
        &self,
        email: &Email,
        team: &str,
        may_begin: bool,
        files: &mut Files<'_>,
    ) -> Result<bool, String> {
        let Some(person) = self.situation.desired.collaborator(email) else { return Ok(false) };
        let file = person.cause.position.file;
        let layout = files.layout(file)?;
        let own = layout.collaborator(email).ok_or("the person is not found")?;
        let word = scalar(team);
        let edit = match own.value.field("teams") {
            Some(teams) => item(layout, &teams.value, &word),
            None if may_begin => {
                let place = Place::of(layout, layout.section("collaborators"), own);
                let edit = place.field("teams", &Block::Line(format!("[{word}]")));
                let at = own.key_range.start;
                if !files.adds(file, at, "teams") {
                    return Ok(true);
                }
                edit
            }
            None => return Ok(false),
        };
        let edit = edit.map_err(|stuck| stuck.to_string())?;
        files.edit(file, [edit]);
        Ok(true)
    }

    fn person_leaves(
        &self,
        email: &Email,
        team: &str,
        files: &mut Files<'_>,
    ) -> Result<(), String> {
        let Some(person) = self.situation.desired.collaborator(email) else { return Ok(()) };
        let file = person.cause.position.file;
        let layout = files.layout(file)?;
        let own = layout.collaborator(email).ok_or("the person is not found")?;
        let Some(teams) = own.value.field("teams") else { return Ok(()) };
        if let Some(at) = at(&teams.value, |text| text == team) {
            let edit = remove_item(layout, &teams.value, at).map_err(|stuck| stuck.to_string())?;
            files.edit(file, [edit]);
        }
        Ok(())
    }

    fn joins_list(
        &self,
        key: &SubjectKey,
        team: &str,
        email: &Email,
        files: &mut Files<'_>,
    ) -> Result<(), String> {
        let file = self.resolved(key).ok_or("the team is not declared")?.file;
        let layout = files.layout(file)?;
        let own = layout.declaration("teams", team).ok_or("the team is not found")?;
        let word = scalar(email.as_str());
        let edit = match own.value.field("members") {
            Some(members) => item(layout, &members.value, &word),
            None => {
                let place = Place::of(layout, layout.section("teams"), own);
                let edit = place.field("members", &Block::Line(format!("[{word}]")));
                let at = own.key_range.start;
                if !files.adds(file, at, "members") {
                    return Ok(());
                }
                edit
            }
        };
        let edit = edit.map_err(|stuck| stuck.to_string())?;
        files.edit(file, [edit]);
        Ok(())
    }

    /// Takes the item at a place, if there is one, out of a team's own list.
    fn leaves_list(
        &self,
        key: &SubjectKey,
        team: &str,
        at: Option<usize>,
        files: &mut Files<'_>,
    ) -> Result<(), String> {
        let file = self.resolved(key).ok_or("the team is not declared")?.file;
        let layout = files.layout(file)?;
        let own = layout.declaration("teams", team).ok_or("the team is not found")?;
        if let (Some(members), Some(at)) = (own.value.field("members"), at) {
            let edit =
                remove_item(layout, &members.value, at).map_err(|stuck| stuck.to_string())?;
            files.edit(file, [edit]);
        }
        Ok(())
    }

    /// Where a team's own list names each of its people.
    fn listed(
        &self,
        key: &SubjectKey,
        team: &str,
        files: &mut Files<'_>,
    ) -> Result<BTreeMap<Email, usize>, String> {
        let file = self.resolved(key).ok_or("the team is not declared")?.file;
        let layout = files.layout(file)?;
        let own = layout.declaration("teams", team).ok_or("the team is not found")?;
        let Some(members) = own.value.field("members") else { return Ok(BTreeMap::new()) };
        let items = members.value.items().iter().enumerate().rev();
        let items = items.filter_map(|(at, item)| Some((at, item.text()?)));
        let single = members.value.text().map(|text| (0, text));
        Ok(items.chain(single).map(|(at, text)| (Email::new(text.trim()), at)).collect())
    }

    /// Whether these files say at people which teams they are in, rather than at this team.
    fn people_list_teams(&self, key: &SubjectKey, files: &mut Files<'_>) -> bool {
        let Some(resolved) = self.resolved(key) else { return false };
        let (file, Some(own)) = (resolved.file, resolved.key) else { return false };
        let says = |layout: &FileLayout| {
            layout
                .declaration("teams", own)
                .is_some_and(|team| team.value.field("members").is_some())
        };
        !files.layout(file).is_ok_and(says)
    }
}

/// Where an item of a list stands; a single value is a list of one.
fn at(list: &Value, is: impl Fn(&str) -> bool) -> Option<usize> {
    match &list.shape {
        Shape::Scalar { text, .. } => is(text.trim()).then_some(0),
        _ => list.items().iter().position(|item| item.text().is_some_and(|text| is(text.trim()))),
    }
}
