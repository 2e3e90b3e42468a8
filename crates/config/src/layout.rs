//! Where everything stands in the files, in bytes, for whoever edits them in place.
//!
//! Read on demand, one file at a time: loading a tree does not pay for it. Nothing is changed here.

mod build;
mod origin;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use mixaccess_model::{Digest, Email, FileIndex, Position};

use crate::codes;
use crate::diagnostic::{Diagnostic, Label, file_name};
use crate::document;
use crate::load::Loaded;
use crate::source::{self, SourceFile};

pub use origin::{Origin, Origins};

/// One file: its text, and where everything stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLayout {
    /// Which of [`Loaded::files`].
    pub file: FileIndex,
    /// The path as the user would type it.
    pub name: Arc<str>,
    /// Where it can be read and written.
    pub path: PathBuf,
    /// The text that every range is about.
    pub text: String,
    /// The document; absent in a file without one.
    pub root: Option<Value>,
    found: Lookup,
}

/// Where declarations stand, looked at once when one of them is asked for: a file may hold everybody.
#[derive(Clone, Debug, Default)]
struct Lookup {
    /// Below each top-level key, the index of the field with that key.
    by_key: OnceLock<BTreeMap<String, BTreeMap<String, usize>>>,
    /// The index of the field of each collaborator.
    people: OnceLock<BTreeMap<Email, usize>>,
    has_carriage_returns: OnceLock<bool>,
}

/// What was looked up says nothing about the file that the rest does not.
impl PartialEq for Lookup {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lookup {}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key as it is read, without quotes; empty for a key that is no single value.
    pub key: String,
    /// Where the key stands, quotes included.
    pub key_range: Range<usize>,
    /// Where the key begins; what desired state says of entries ([`mixaccess_model::Cause`]).
    pub position: Position,
    /// The value.
    pub value: Value,
}

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Where it stands: from its first byte to behind its last, quotes, braces and brackets included,
    /// and neither anchor nor comment. Of nothing, the empty range where a value would begin.
    pub range: Range<usize>,
    /// Whether it has a YAML anchor: an edit would show wherever an alias repeats it.
    pub is_anchored: bool,
    /// What it is.
    pub shape: Shape,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing: an absent value, `~` or `null`.
    Nothing,
    /// `*name`: another place of the file repeated.
    Alias,
    /// A single value.
    Scalar {
        /// The text as it is read.
        text: String,
        /// Whether it stands in quotes or as a block.
        is_quoted: bool,
    },
    /// A list.
    List {
        /// How it is written.
        style: Style,
        /// Its items.
        items: Vec<Value>,
    },
    /// Keys and values, in the order of the file.
    Mapping {
        /// How it is written.
        style: Style,
        /// The keys and values.
        fields: Vec<Field>,
    },
}

/// How a list or mapping is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// One line or more for each item, by indentation.
    Block,
    /// In braces or brackets, with commas.
    Flow,
}

/// How a role is written: `organization_role` and every grant have both forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// The role alone.
    Short,
    /// A mapping with `role` and its terms.
    Long,
    /// Neither: nothing, an alias or a list.
    Other,
}

impl Value {
    /// The keys and values of a mapping; none of anything else.
    pub fn fields(&self) -> &[Field] {
        match &self.shape {
            Shape::Mapping { fields, .. } => fields,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.shape {
            Shape::List { items, .. } => items,
            _ => &[],
        }
    }

    /// The field with that key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields().iter().find(|field| field.key == key)
    }

    /// The text of a single value.
    pub fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// How it is written, where it is a list or a mapping.
    pub const fn style(&self) -> Option<Style> {
        match &self.shape {
            Shape::List { style, .. } | Shape::Mapping { style, .. } => Some(*style),
            _ => None,
        }
    }

    /// How it is written, where a role is expected.
    pub const fn form(&self) -> Form {
        match &self.shape {
            Shape::Scalar { .. } => Form::Short,
            Shape::Mapping { .. } => Form::Long,
            Shape::Nothing | Shape::Alias | Shape::List { .. } => Form::Other,
        }
    }

    fn at(&self, position: Position) -> Option<&Field> {
        for field in self.fields() {
            if field.position == position {
                return Some(field);
            }
            if let Some(found) = field.value.at(position) {
                return Some(found);
            }
        }
        self.items().iter().find_map(|item| item.at(position))
    }
}

impl FileLayout {
    /// The field of a top-level key, such as `collaborators`.
    pub fn section(&self, name: &str) -> Option<&Field> {
        self.root.as_ref()?.field(name)
    }

    /// The field that declares a collaborator, whatever the case of the address.
    pub fn collaborator(&self, email: &Email) -> Option<&Field> {
        let fields = self.section("collaborators")?.value.fields();
        let people = self.found.people.get_or_init(|| {
            let named = fields.iter().enumerate().rev();
            named.map(|(at, field)| (Email::new(&field.key), at)).collect()
        });
        fields.get(*people.get(email)?)
    }

    /// The field with that key below a top-level one, such as `teams` and `growth`.
    pub fn declaration(&self, section: &str, key: &str) -> Option<&Field> {
        let by_key = self.found.by_key.get_or_init(|| {
            let keys = |section: &Field| -> BTreeMap<String, usize> {
                let fields = section.value.fields().iter().enumerate().rev();
                fields.map(|(at, field)| (field.key.clone(), at)).collect()
            };
            let sections = self.root.iter().flat_map(Value::fields).rev();
            sections.map(|section| (section.key.clone(), keys(section))).collect()
        });
        let at = by_key.get(section)?.get(key)?;
        self.section(section)?.value.fields().get(*at)
    }

    /// What ends lines in the file.
    pub fn line_end(&self) -> &'static str {
        let has_them = || self.text.contains("\r\n");
        if *self.found.has_carriage_returns.get_or_init(has_them) { "\r\n" } else { "\n" }
    }

    /// The field whose key begins at a position, such as the one of a cause or an [`Origin`].
    pub fn at(&self, position: Position) -> Option<&Field> {
        if position.file != self.file {
            return None;
        }
        self.root.as_ref()?.at(position)
    }
}

impl Loaded {
    /// Reads the text of one file again.
    ///
    /// # Errors
    /// `unreadable` and its like when the file is gone or changed since it was loaded.
    pub fn text(&self, file: FileIndex) -> Result<String, Diagnostic> {
        Ok(self.unchanged(file)?.1)
    }

    /// Reads one file again, with the place of everything in it.
    ///
    /// # Errors
    /// `unreadable` and its like when the file is gone or changed since it was loaded, and every
    /// problem because of which it could not be read then.
    pub fn layout(&self, file: FileIndex) -> Result<FileLayout, Diagnostic> {
        let name = file_name(&self.files, file);
        let (found, text) = self.unchanged(file)?;
        // Everything that bounds a file is checked by the reader, which was asked when these very bytes
        // were loaded; where it complained, it is asked again.
        if self.has_errors() {
            document::parse(&name, &text)?;
        }
        let root = build::root(file, &name, &text)?;
        let path = found.path.clone();
        Ok(FileLayout { file, name, path, text, root, found: Lookup::default() })
    }

    fn unchanged(&self, file: FileIndex) -> Result<(&SourceFile, String), Diagnostic> {
        let at = usize::try_from(file.0).unwrap_or(usize::MAX);
        let Some((found, digest)) = self.sources.get(at) else {
            return Err(Diagnostic::new(codes::UNREADABLE, "there is no such file"));
        };
        let bytes = source::read(found)?;
        if Digest::of_bytes(&bytes) != *digest {
            return Err(Diagnostic::new(codes::UNREADABLE, "the file changed since it was read")
                .at(Label::whole(file_name(&self.files, file)))
                .hint("Run the command again."));
        }
        Ok((found, source::text(found, &bytes)?.to_owned()))
    }
}
