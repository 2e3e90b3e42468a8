//! Edits of a declaration that is there.

use std::collections::BTreeMap;

use mixaccess_config::layout::{Field, FileLayout, Form, Style, Value};
use mixaccess_model::{
    Annotations, Cause, DesiredGrant, FileIndex, ProjectId, ProjectRole, SubjectKey,
};

use super::files::{Files, declaration, section_of};
use super::finder::Wanted;
use super::{Round, role_words};
use crate::access::NO_ACCESS;
use crate::edit::{Block, Edit, Stuck, field, lines_after, replace};
use crate::yaml::scalar;

/// What is resolved of a subject, as far as edits need it.
pub(super) struct Resolved<'a> {
    pub(super) file: FileIndex,
    pub(super) key: Option<&'a str>,
    role_cause: Option<&'a Cause>,
    grants: &'a [DesiredGrant],
}

impl Round<'_> {
    /// Writes what a subject that is declared must say. Answers what was said.
    pub(super) fn change(
        &self,
        key: &SubjectKey,
        wanted: &Wanted,
        files: &mut Files<'_>,
    ) -> Result<Vec<String>, String> {
        let resolved = self.resolved(key).ok_or("it is not declared")?;
        let layout = files.layout(resolved.file)?;
        let missing = "its declaration is not found";
        let own = declaration(layout, key, resolved.key).ok_or(missing)?;
        let section = layout.section(section_of(key));
        if section.is_some_and(|section| section.value.is_anchored) || own.value.is_anchored {
            return Err(Stuck::Shared.to_string());
        }
        let mut place = Place::of(layout, section, own);
        place.is_named = self.input.chosen.by_name(key);
        let mut said = Vec::new();
        let mut edits = Vec::new();
        if wanted.is_active {
            edits.push(place.word("state", "active").map_err(stuck("the state"))?);
            said.push("state: active".to_owned());
        }
        let notes = &self.input.annotations;
        if let Some(role) = wanted.organization_role {
            let cause = resolved.role_cause;
            let edit = self.organization_role(&place, role.as_str(), cause, notes);
            edits.extend(edit.map_err(stuck("the organization role"))?);
            said.push(role_words("organization role", Some(role.as_str())));
        }
        edits.extend(self.entries(&place, wanted, resolved.grants, &mut said)?);
        let file = resolved.file;
        for (project, role) in &wanted.entries {
            if let Some(role) = role.as_ref().filter(|role| role.is_custom()) {
                files.need_role(*project, role.as_str());
            }
        }
        self.membership(key, resolved.key, wanted, files, &mut said)?;
        files.edit(file, edits);
        Ok(said)
    }

    pub(super) fn resolved(&self, key: &SubjectKey) -> Option<Resolved<'_>> {
        let desired = &self.situation.desired;
        Some(match key {
            SubjectKey::Person(email) => {
                let one = desired.collaborator(email)?;
                Resolved {
                    file: one.cause.position.file,
                    key: None,
                    role_cause: Some(&one.organization_role_cause),
                    grants: &one.grants,
                }
            }
            SubjectKey::Team(name) => {
                let one = self.situation.team(name)?;
                Resolved {
                    file: one.cause.position.file,
                    key: Some(&one.key),
                    role_cause: None,
                    grants: &one.grants,
                }
            }
            SubjectKey::ServiceAccount(name) => {
                let one = self.situation.service_account(name)?;
                Resolved {
                    file: one.cause.position.file,
                    key: Some(&one.key),
                    role_cause: None,
                    grants: &one.grants,
                }
            }
        })
    }

    fn organization_role(
        &self,
        place: &Place<'_>,
        role: &str,
        cause: Option<&Cause>,
        notes: &Annotations,
    ) -> Result<Vec<Edit>, Why> {
        match place.own.value.field("organization_role") {
            Some(own) => {
                let counts = cause.is_some_and(|cause| cause.position == own.position);
                self.role(place, own, role, counts, notes)
            }
            None => {
                let value = role_block(role, notes);
                Ok(vec![place.field("organization_role", &value)?])
            }
        }
    }

    /// Own entries of projects: what stands at the subject itself comes before everything else.
    fn entries(
        &self,
        place: &Place<'_>,
        wanted: &Wanted,
        grants: &[DesiredGrant],
        said: &mut Vec<String>,
    ) -> Result<Vec<Edit>, String> {
        let mut edits = Vec::new();
        let mut new = Vec::new();
        let projects = place.own.value.field("projects").map(|field| &field.value);
        if projects.is_some_and(|projects| projects.is_anchored) && !wanted.entries.is_empty() {
            return Err(Stuck::Shared.to_string());
        }
        let notes = &self.input.annotations;
        let there = projects.map(Value::fields).unwrap_or_default().iter().rev();
        let there: BTreeMap<&str, &Field> = there.map(|own| (own.key.as_str(), own)).collect();
        for (project, role) in &wanted.entries {
            let key = self.key_of(*project)?;
            let word = role.as_ref().map_or(NO_ACCESS, ProjectRole::as_str);
            said.push(role_words(&key, Some(word)));
            match there.get(key.as_str()) {
                Some(own) => {
                    // Sorted by project, with one for each.
                    let at = grants.binary_search_by_key(project, |grant| grant.project);
                    let grant = at.ok().and_then(|at| grants.get(at));
                    let counts = grant.is_some_and(|grant| grant.cause.position == own.position);
                    let edit = self.role(place, own, word, counts, notes);
                    edits.extend(edit.map_err(stuck(&key))?);
                }
                None => new.push((key, role_block(word, notes))),
            }
        }
        match projects {
            _ if new.is_empty() => {}
            Some(projects) => {
                for (key, value) in &new {
                    let depth = (place.below(1), place.step);
                    let edit = field(place.layout, projects, None, (key, value), depth);
                    edits.push(edit.map_err(|error| error.to_string())?);
                }
            }
            None => {
                let edit = place.field("projects", &Block::Fields(new));
                edits.push(edit.map_err(stuck("projects"))?);
            }
        }
        Ok(edits)
    }

    fn key_of(&self, project: ProjectId) -> Result<String, String> {
        let declared = self.situation.desired.project(project);
        declared
            .map(|project| project.key.as_str().to_owned())
            .ok_or_else(|| format!("project {project} is not declared"))
    }

    /// Changes the role of an entry that is there. `counts` says whether it is the one that decides now.
    fn role(
        &self,
        place: &Place<'_>,
        own: &Field,
        role: &str,
        counts: bool,
        notes: &Annotations,
    ) -> Result<Vec<Edit>, Why> {
        if own.value.form() != Form::Long {
            return Ok(vec![replace(&own.value, &role_block(role, notes).flow())?]);
        }
        if own.value.is_anchored {
            return Err(Why::Stuck(Stuck::Shared));
        }
        let mut edits = Vec::new();
        if !counts {
            let from = own.value.field("from").and_then(|from| from.value.text());
            let later = from.and_then(|from| self.situation.loaded.parse_instant(from).ok());
            if later.is_some_and(|from| from > self.input.instant) {
                return Err(Why::Later);
            }
            if own.value.field("until").is_some() {
                if !place.is_named {
                    return Err(Why::Ended);
                }
                // What was once asked for and approved has ended, its ticket with it.
                return Ok(vec![replace(&own.value, &role_block(role, notes).flow())?]);
            }
        }
        match own.value.field("role") {
            Some(field) => edits.push(replace(&field.value, &scalar(role))?),
            None => return Err(Why::Stuck(Stuck::Unusual)),
        }
        for (key, text) in annotated(notes) {
            edits.push(match own.value.field(key) {
                Some(field) => replace(&field.value, &scalar(text))?,
                None => {
                    let value = Block::Line(scalar(text).into_owned());
                    let depth = (place.below(2), place.step);
                    field(place.layout, &own.value, None, (key, &value), depth)?
                }
            });
        }
        Ok(edits)
    }
}

/// Why an edit cannot be made.
pub(super) enum Why {
    Stuck(Stuck),
    /// The one entry that a key can have begins later.
    Later,
    /// The entry has ended, and only somebody named is given for good what was given for a time.
    Ended,
}

impl From<Stuck> for Why {
    fn from(stuck: Stuck) -> Self {
        Self::Stuck(stuck)
    }
}

fn stuck<W: Into<Why>>(what: &str) -> impl FnOnce(W) -> String {
    move |why| match why.into() {
        Why::Stuck(stuck) => format!("{what}: {stuck}"),
        Why::Later => format!("{what}: the entry that is there begins later; edit it by hand"),
        Why::Ended => {
            format!("{what}: what was given for a time has ended; name them to give it for good")
        }
    }
}

/// A role alone, or with what was given to write beside it.
pub(super) fn role_block(role: &str, notes: &Annotations) -> Block {
    let notes = annotated(notes);
    if notes.is_empty() {
        return Block::Line(scalar(role).into_owned());
    }
    let pairs = std::iter::once(("role", role)).chain(notes);
    let text: Vec<String> = pairs.map(|(key, text)| format!("{key}: {}", scalar(text))).collect();
    Block::Line(format!("{{ {} }}", text.join(", ")))
}

pub(super) fn annotated(notes: &Annotations) -> Vec<(&'static str, &str)> {
    let Annotations { ticket, reason, requested_by, approved_by } = notes;
    [
        ("ticket", ticket),
        ("reason", reason),
        ("requested_by", requested_by),
        ("approved_by", approved_by),
    ]
    .into_iter()
    .filter_map(|(key, text)| Some((key, &**text.as_ref()?)))
    .collect()
}

/// A declaration, and how deep its keys stand.
pub(super) struct Place<'l> {
    pub(super) layout: &'l FileLayout,
    pub(super) own: &'l Field,
    /// Where keys of the declaration stand, or would stand.
    pub(super) indent: usize,
    pub(super) step: usize,
    /// Whether the subject was chosen by name, and not with everybody else.
    pub(super) is_named: bool,
}

impl<'l> Place<'l> {
    pub(super) fn of(layout: &'l FileLayout, section: Option<&Field>, own: &'l Field) -> Self {
        let in_lines = section.is_none_or(|section| section.value.style() != Some(Style::Flow));
        let column = usize::try_from(own.position.column.saturating_sub(1)).unwrap_or(0);
        let step = if in_lines && column > 0 { column } else { 2 };
        let indent = match (own.value.style(), own.value.fields().first()) {
            // Nothing can stand in lines of its own inside braces.
            (Some(Style::Flow), Some(_)) => 0,
            _ if !in_lines => 0,
            (Some(Style::Block), Some(first)) => {
                usize::try_from(first.position.column.saturating_sub(1)).unwrap_or(column + step)
            }
            _ => column + step,
        };
        Self { layout, own, indent, step, is_named: false }
    }

    /// Where keys so many levels below the declaration's own stand; nowhere inside braces.
    fn below(&self, levels: usize) -> usize {
        if self.indent == 0 { 0 } else { self.indent + levels * self.step }
    }

    /// A key of the declaration with a word.
    fn word(&self, key: &str, word: &str) -> Result<Edit, Stuck> {
        match self.own.value.field(key) {
            Some(field) => replace(&field.value, word),
            None => self.field(key, &Block::Line(word.to_owned())),
        }
    }

    /// A new key of the declaration; roles stand behind name and profile, the rest at the end.
    pub(super) fn field(&self, key: &str, value: &Block) -> Result<Edit, Stuck> {
        let fields = self.own.value.fields();
        let depth = (self.indent, self.step);
        if key != "organization_role" {
            return field(self.layout, &self.own.value, None, (key, value), depth);
        }
        let leads = ["name", "profile", "username"];
        let after = fields.iter().rev().find(|field| leads.contains(&field.key.as_str()));
        if after.is_none() && self.own.value.style() == Some(Style::Block) {
            let one = Block::Fields(vec![(key.to_owned(), value.clone())]);
            let lines = one.below(self.indent, self.step, self.layout.line_end());
            return Ok(lines_after(self.layout, self.own.key_range.end, &lines));
        }
        let after = after.map(|field| field.key.as_str());
        field(self.layout, &self.own.value, after, (key, value), depth)
    }
}
