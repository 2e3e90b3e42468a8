//! The files of one round: their layouts, read when they are needed, and the edits of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mixaccess_config::layout::{Field, FileLayout};
use mixaccess_config::{Edited, LoadOptions, Loaded};
use mixaccess_model::{Email, FileIndex, ProjectId, SubjectKey};

use crate::edit::{Edit, apply};

/// Custom roles that entries of a round need, by project.
pub(super) type NeededRoles = BTreeMap<ProjectId, BTreeSet<String>>;

/// Files and their edits.
pub(super) struct Files<'a> {
    pub(super) loaded: &'a Loaded,
    layouts: BTreeMap<FileIndex, FileLayout>,
    edits: BTreeMap<FileIndex, Vec<Edit>>,
    /// Files that go, and files that are new.
    whole: Edited,
    pub(super) needed: NeededRoles,
    people: BTreeMap<FileIndex, People>,
    /// Keys that an edit of this round adds to a declaration.
    added: BTreeSet<(FileIndex, usize, &'static str)>,
}

impl<'a> Files<'a> {
    pub(super) const fn of(loaded: &'a Loaded) -> Self {
        Self {
            loaded,
            layouts: BTreeMap::new(),
            edits: BTreeMap::new(),
            whole: Edited::new(),
            needed: NeededRoles::new(),
            people: BTreeMap::new(),
            added: BTreeSet::new(),
        }
    }

    /// Where everything stands in a file, or why that is not known.
    pub(super) fn layout(&mut self, file: FileIndex) -> Result<&FileLayout, String> {
        let slot = match self.layouts.entry(file) {
            std::collections::btree_map::Entry::Occupied(slot) => return Ok(slot.into_mut()),
            std::collections::btree_map::Entry::Vacant(slot) => slot,
        };
        match self.loaded.layout(file) {
            Ok(layout) => Ok(slot.insert(layout)),
            Err(problem) => Err(problem.to_finding().message),
        }
    }

    /// The people whom a file declares, beside its layout.
    pub(super) fn people(&mut self, file: FileIndex) -> Result<(&FileLayout, &People), String> {
        self.layout(file)?;
        let layout = self.layouts.get(&file).ok_or("the file cannot be laid out")?;
        let people = self.people.entry(file).or_insert_with(|| People::of(layout));
        Ok((layout, people))
    }

    /// Every file that can be laid out.
    pub(super) fn all(&mut self) -> Vec<FileIndex> {
        let count = u32::try_from(self.loaded.files().len()).unwrap_or(u32::MAX);
        (0..count).map(FileIndex).filter(|file| self.layout(*file).is_ok()).collect()
    }

    pub(super) fn edit(&mut self, file: FileIndex, edits: impl IntoIterator<Item = Edit>) {
        self.edits.entry(file).or_default().extend(edits);
    }

    /// Whether a key is added to a declaration for the first time in this round; what else it is to hold
    /// waits for the next.
    pub(super) fn adds(&mut self, file: FileIndex, declaration: usize, key: &'static str) -> bool {
        self.added.insert((file, declaration, key))
    }

    pub(super) fn delete(&mut self, path: PathBuf) {
        self.whole.insert(path, None);
    }

    /// Adds a file, unless one is there or was added.
    pub(super) fn create(&mut self, path: PathBuf, text: String) -> bool {
        if self.whole.contains_key(&path) {
            return false;
        }
        self.whole.insert(path, Some(Arc::from(text)));
        true
    }

    /// Remembers that a project must list a custom role.
    pub(super) fn need_role(&mut self, project: ProjectId, role: &str) {
        self.needed.entry(project).or_default().insert(role.to_owned());
    }

    pub(super) fn needed_roles(&mut self) -> NeededRoles {
        std::mem::take(&mut self.needed)
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.whole.is_empty() && self.edits.values().all(Vec::is_empty)
    }

    /// Lays the edits over those of former rounds.
    pub(super) fn write(self, edited: &mut Edited) {
        for (file, edits) in &self.edits {
            let Some(layout) = self.layouts.get(file) else { continue };
            edited.insert(layout.path.clone(), Some(Arc::from(apply(&layout.text, edits))));
        }
        edited.extend(self.whole);
    }
}

/// The people whom a file declares, in its order.
pub(super) struct People {
    pub(super) emails: Vec<Email>,
    pub(super) is_sorted: bool,
}

impl People {
    fn of(layout: &FileLayout) -> Self {
        let fields = layout.section("collaborators").map(|section| section.value.fields());
        let emails: Vec<Email> =
            fields.unwrap_or_default().iter().map(|one| Email::new(&one.key)).collect();
        Self { is_sorted: emails.is_sorted(), emails }
    }
}

/// The section that declares subjects of a kind.
pub(super) const fn section_of(key: &SubjectKey) -> &'static str {
    match key {
        SubjectKey::Person(_) => "collaborators",
        SubjectKey::Team(_) => "teams",
        SubjectKey::ServiceAccount(_) => "service_accounts",
    }
}

/// The field that declares a subject, in the section of its kind.
pub(super) fn declaration<'l>(
    layout: &'l FileLayout,
    key: &SubjectKey,
    own_key: Option<&str>,
) -> Option<&'l Field> {
    match (key, own_key) {
        (SubjectKey::Person(email), _) => layout.collaborator(email),
        (SubjectKey::Team(_) | SubjectKey::ServiceAccount(_), Some(own)) => {
            layout.declaration(section_of(key), own)
        }
        (SubjectKey::Team(_) | SubjectKey::ServiceAccount(_), None) => None,
    }
}

/// The files that were loaded, by path.
pub(super) fn by_path(loaded: &Loaded) -> BTreeMap<&Path, FileIndex> {
    let count = u32::try_from(loaded.files().len()).unwrap_or(u32::MAX);
    let names = loaded.files().iter().map(|name| Path::new(&**name));
    names.zip((0..count).map(FileIndex)).collect()
}

/// The directory of the organization.
pub(super) fn root(options: &LoadOptions) -> PathBuf {
    match &options.organization {
        Some(key) => options.root.join(key),
        None => options.root.clone(),
    }
}

/// A path as the user would type it.
pub(super) fn name_of(path: &Path) -> String {
    path.display().to_string()
}
