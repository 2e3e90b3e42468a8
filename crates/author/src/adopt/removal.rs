//! Declarations of what is no longer live.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use mixaccess_config::layout::FileLayout;
use mixaccess_model::{DesiredServiceAccount, Email, FileIndex, SubjectKey};

use super::files::{Files, declaration, section_of};
use super::finder::{Correction, Corrections};
use super::{Refusals, Round, Said, Situation};
use crate::edit::{Edit, remove_field, remove_item, remove_lines};

const COLLABORATORS: &str = "collaborators";

/// Declarations that go from one section of one file.
type Going = BTreeMap<(FileIndex, &'static str), Vec<(SubjectKey, String)>>;

impl Round<'_> {
    /// Takes out the declarations of whoever is gone, and what names them. A file that declares nothing
    /// else goes with its only person.
    pub(super) fn removals(
        &self,
        found: &Corrections,
        files: &mut Files<'_>,
        adopted: &mut Said,
        refused: &mut Refusals,
    ) {
        let gone: BTreeSet<&SubjectKey> = found
            .iter()
            .filter(|(_, difference)| **difference == Correction::Gone)
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
        let section = section_of(key);
        let (file, own) = match key {
            SubjectKey::Person(email) => {
                self.owns_nothing(email, gone)?;
                let one = self.situation.desired.collaborator(email).ok_or("it is not declared")?;
                (one.cause.position.file, None)
            }
            SubjectKey::Team(name) => {
                let one = self.situation.team(name).ok_or("it is not declared")?;
                (one.cause.position.file, Some(&one.key))
            }
            SubjectKey::ServiceAccount(name) => {
                let one = self.situation.service_account(name).ok_or("it is not declared")?;
                (one.cause.position.file, Some(&one.key))
            }
        };
        let layout = files.layout(file)?;
        let own = declaration(layout, key, own.map(|own| &**own));
        Ok((file, section, own.ok_or("its declaration is not found")?.key.clone()))
    }

    fn owns_nothing(&self, email: &Email, gone: &BTreeSet<&SubjectKey>) -> Result<(), String> {
        let owned = self.mentions().owned.get(email).into_iter().flatten();
        let mut stays = owned.filter(|account| {
            !gone.contains(&SubjectKey::ServiceAccount(account.username.clone()))
        });
        match stays.next() {
            Some(account) => Err(format!(
                "the service account {} names them as its owner: write another one there",
                mixaccess_model::printable(&account.username)
            )),
            None => Ok(()),
        }
    }

    fn mentions(&self) -> &Mentions<'_> {
        self.mentions.get_or_init(|| Mentions::of(self.situation))
    }

    /// Takes somebody who goes out of the teams that name them, and a team out of the people.
    fn references(&self, key: &SubjectKey, own: &str, files: &mut Files<'_>) -> Result<(), String> {
        let mentions = self.mentions();
        let named = match key {
            SubjectKey::Person(email) => {
                mentions.people_in_teams(files)?.get(email).map_or(&[][..], Vec::as_slice)
            }
            SubjectKey::Team(_) => {
                mentions.teams_at_people(files)?.get(own).map_or(&[][..], Vec::as_slice)
            }
            SubjectKey::ServiceAccount(_) => return Ok(()),
        };
        for in_file in named.chunk_by(|one, other| one.file == other.file) {
            let Some(file) = in_file.first().map(|mention| mention.file) else { continue };
            let layout = files.layout(file)?;
            let edits = in_file.iter().filter_map(|mention| mention.edit(layout));
            let edits = edits.collect::<Result<Vec<_>, _>>()?;
            files.edit(file, edits);
        }
        Ok(())
    }
}

/// Which lists of the files name whom.
pub(super) struct Mentions<'a> {
    /// Service accounts by their owner.
    owned: BTreeMap<&'a Email, Vec<&'a DesiredServiceAccount>>,
    files_of_teams: BTreeSet<FileIndex>,
    files_of_people: BTreeSet<FileIndex>,
    people_in_teams: OnceCell<Result<BTreeMap<Email, Vec<Mention>>, String>>,
    teams_at_people: OnceCell<Result<BTreeMap<String, Vec<Mention>>, String>>,
}

/// Where a list of a declaration names somebody for the first time.
#[derive(Clone, Copy)]
struct Mention {
    file: FileIndex,
    section: &'static str,
    list: &'static str,
    declaration: usize,
    item: usize,
}

impl<'a> Mentions<'a> {
    fn of(situation: &'a Situation) -> Self {
        let desired = &situation.desired;
        let mut owned: BTreeMap<&Email, Vec<&DesiredServiceAccount>> = BTreeMap::new();
        for account in desired.service_accounts.iter().flatten() {
            if let Some(owner) = &account.owner {
                owned.entry(owner).or_default().push(account);
            }
        }
        let teams = desired.teams.iter().flatten();
        let people = desired.collaborators.iter();
        Self {
            owned,
            files_of_teams: teams.map(|team| team.cause.position.file).collect(),
            files_of_people: people.map(|one| one.cause.position.file).collect(),
            people_in_teams: OnceCell::new(),
            teams_at_people: OnceCell::new(),
        }
    }

    fn people_in_teams(
        &self,
        files: &mut Files<'_>,
    ) -> Result<&BTreeMap<Email, Vec<Mention>>, String> {
        let read = || mentions(files, &self.files_of_teams, "teams", "members", Email::new);
        self.people_in_teams.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    fn teams_at_people(
        &self,
        files: &mut Files<'_>,
    ) -> Result<&BTreeMap<String, Vec<Mention>>, String> {
        let read = || mentions(files, &self.files_of_people, COLLABORATORS, "teams", str::to_owned);
        self.teams_at_people.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

/// Whom a list of each declaration of a section names, in the order of the files.
fn mentions<N: Ord + Clone>(
    files: &mut Files<'_>,
    among: &BTreeSet<FileIndex>,
    section: &'static str,
    list: &'static str,
    name: impl Fn(&str) -> N,
) -> Result<BTreeMap<N, Vec<Mention>>, String> {
    let mut found: BTreeMap<N, Vec<Mention>> = BTreeMap::new();
    for file in among {
        let layout = files.layout(*file)?;
        let declarations = layout.section(section).map(|section| section.value.fields());
        for (declaration, own) in declarations.unwrap_or_default().iter().enumerate() {
            let Some(names) = own.value.field(list).map(|names| &names.value) else { continue };
            let items = names.items().iter().enumerate();
            let items = items.filter_map(|(item, value)| Some((item, value.text()?)));
            let single = names.text().map(|text| (0, text));
            let mut seen = BTreeSet::new();
            for (item, text) in single.into_iter().chain(items) {
                let name = name(text.trim());
                if seen.insert(name.clone()) {
                    let mention = Mention { file: *file, section, list, declaration, item };
                    found.entry(name).or_default().push(mention);
                }
            }
        }
    }
    Ok(found)
}

impl Mention {
    fn edit(&self, layout: &FileLayout) -> Option<Result<Edit, String>> {
        let own = layout.section(self.section)?.value.fields().get(self.declaration)?;
        let names = &own.value.field(self.list)?.value;
        let edit = remove_item(layout, names, self.item);
        Some(edit.map_err(|stuck| format!("`{}`: {stuck}", own.key)))
    }
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
        let fields = field.value.fields().iter().enumerate().rev();
        let at: BTreeMap<&str, usize> = fields.map(|(at, one)| (one.key.as_str(), at)).collect();
        for key in keys {
            let at = *at
                .get(key)
                .ok_or(crate::edit::Stuck::Unusual)
                .map_err(|stuck| stuck.to_string())?;
            edits.push(remove_field(layout, &field.value, at).map_err(|stuck| stuck.to_string())?);
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
