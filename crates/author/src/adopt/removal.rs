//! Declarations of what is no longer live.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_config::layout::FileLayout;
use mixaccess_model::{Email, FileIndex, SubjectKey};

use super::difference::{Difference, Differences};
use super::files::{Files, declaration};
use super::{Refusals, Round, Said};
use crate::edit::{Edit, remove_field, remove_item, remove_lines};

const COLLABORATORS: &str = "collaborators";

/// Declarations that go from one section of one file.
type Going = BTreeMap<(FileIndex, &'static str), Vec<(SubjectKey, String)>>;

impl Round<'_> {
    /// Takes out the declarations of whoever is gone, and what names them. A file that declares nothing
    /// else goes with its only person.
    pub(super) fn removals(
        &self,
        found: &Differences,
        files: &mut Files<'_>,
        adopted: &mut Said,
        refused: &mut Refusals,
    ) {
        let gone: BTreeSet<&SubjectKey> = found
            .iter()
            .filter(|(_, difference)| **difference == Difference::Gone)
            .map(|(key, _)| key)
            .collect();
        let mut going = Going::new();
        for key in &gone {
            match self.going(key, &gone, files) {
                Ok((file, section, own)) => {
                    going.entry((file, section)).or_default().push(((*key).clone(), own));
                }
                Err(why) => drop(refused.insert((*key).clone(), why)),
            }
        }
        for ((file, section), subjects) in going {
            let keys: BTreeSet<&str> = subjects.iter().map(|(_, own)| own.as_str()).collect();
            let edited = remove(files, file, section, &keys);
            for (key, own) in &subjects {
                let edited = edited.clone().and_then(|()| self.references(key, own, files));
                match edited {
                    Ok(()) => {
                        let said = "not declared any more".to_owned();
                        adopted.insert(key.clone(), vec![said]);
                    }
                    Err(why) => drop(refused.insert(key.clone(), why)),
                }
            }
        }
    }

    /// Where the declaration of somebody stands who is gone.
    fn going(
        &self,
        key: &SubjectKey,
        gone: &BTreeSet<&SubjectKey>,
        files: &mut Files<'_>,
    ) -> Result<(FileIndex, &'static str, String), String> {
        let desired = &self.situation.desired;
        let (file, section, own) = match key {
            SubjectKey::Person(email) => {
                self.owns_nothing(email, gone)?;
                let one = desired.collaborator(email).ok_or("it is not declared")?;
                (one.cause.position.file, COLLABORATORS, None)
            }
            SubjectKey::Team(name) => {
                let mut all = desired.teams.iter().flatten();
                let one = all.find(|team| team.name == *name).ok_or("it is not declared")?;
                (one.cause.position.file, "teams", Some(&one.key))
            }
            SubjectKey::ServiceAccount(name) => {
                let mut all = desired.service_accounts.iter().flatten();
                let one = all.find(|one| one.username == *name).ok_or("it is not declared")?;
                (one.cause.position.file, "service_accounts", Some(&one.key))
            }
        };
        let layout = files.layout(file)?;
        let own = declaration(layout, key, own.map(|own| &**own));
        Ok((file, section, own.ok_or("its declaration is not found")?.key.clone()))
    }

    fn owns_nothing(&self, email: &Email, gone: &BTreeSet<&SubjectKey>) -> Result<(), String> {
        let accounts = self.situation.desired.service_accounts.iter().flatten();
        let mut owned = accounts.filter(|account| account.owner.as_ref() == Some(email));
        let stays = owned
            .find(|account| !gone.contains(&SubjectKey::ServiceAccount(account.username.clone())));
        match stays {
            Some(account) => Err(format!(
                "the service account {} names them as its owner: write another one there",
                mixaccess_model::printable(&account.username)
            )),
            None => Ok(()),
        }
    }

    /// Takes somebody who goes out of the teams that name them, and a team out of the people.
    fn references(&self, key: &SubjectKey, own: &str, files: &mut Files<'_>) -> Result<(), String> {
        let desired = &self.situation.desired;
        let (in_files, section, list): (BTreeSet<FileIndex>, _, _) = match key {
            SubjectKey::Person(_) => {
                let teams = desired.teams.iter().flatten();
                (teams.map(|team| team.cause.position.file).collect(), "teams", "members")
            }
            SubjectKey::Team(_) => {
                let people = desired.collaborators.iter();
                (people.map(|one| one.cause.position.file).collect(), COLLABORATORS, "teams")
            }
            SubjectKey::ServiceAccount(_) => return Ok(()),
        };
        let is_named = |text: &str| match key {
            SubjectKey::Person(email) => Email::new(text) == *email,
            SubjectKey::Team(_) | SubjectKey::ServiceAccount(_) => text == own,
        };
        for file in in_files {
            let edits = named_in(files.layout(file)?, section, list, is_named)?;
            files.edit(file, edits);
        }
        Ok(())
    }
}

/// Edits that take a name out of a list of each declaration of a section.
fn named_in(
    layout: &FileLayout,
    section: &str,
    list: &str,
    is_named: impl Fn(&str) -> bool,
) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    for declaration in layout.section(section).iter().flat_map(|section| section.value.fields()) {
        let Some(names) = declaration.value.field(list) else { continue };
        let single = names.value.text().is_some_and(|text| is_named(text.trim())).then_some(0);
        let found = single.or_else(|| {
            let items = names.value.items().iter();
            items.clone().position(|item| item.text().is_some_and(|text| is_named(text.trim())))
        });
        if let Some(at) = found {
            let edit = remove_item(layout, &names.value, at);
            edits.push(edit.map_err(|stuck| format!("`{}`: {stuck}", declaration.key))?);
        }
    }
    Ok(edits)
}

/// Takes keys out of a section of a file; the section or the file goes when nothing else is in it.
fn remove(
    files: &mut Files<'_>,
    file: FileIndex,
    section: &str,
    keys: &BTreeSet<&str>,
) -> Result<(), String> {
    let layout = files.layout(file)?;
    let field = layout.section(section).ok_or("its section is not found")?;
    let is_all = field.value.fields().iter().all(|one| keys.contains(one.key.as_str()));
    if !is_all {
        let mut edits = Vec::with_capacity(keys.len());
        for key in keys {
            edits.push(remove_field(layout, &field.value, key).map_err(|stuck| stuck.to_string())?);
        }
        files.edit(file, edits);
        return Ok(());
    }
    if field.value.is_anchored {
        return Err(crate::edit::Stuck::Shared.to_string());
    }
    let is_alone = layout.root.as_ref().is_some_and(|root| root.fields().len() == 1);
    if section == COLLABORATORS && is_alone {
        let path = layout.path.clone();
        files.delete(path);
        return Ok(());
    }
    let edit = if section == COLLABORATORS {
        remove_lines(layout, &(field.key_range.start..field.value.range.end))
    } else {
        // An empty section still says that there are none.
        let rest = layout.text.get(field.key_range.end..).unwrap_or_default();
        let colon = rest.find(':').map_or(0, |at| at + 1);
        Edit::new(field.key_range.end + colon..field.value.range.end, " {}".to_owned())
    };
    files.edit(file, [edit]);
    Ok(())
}
