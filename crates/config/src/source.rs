//! Finding and reading the files, without trusting the tree.
//!
//! A pull request can put anything there: so sizes are checked before anything is read, paths stay
//! inside the tree, and nothing that could block is ever opened.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codes;
use crate::diagnostic::{Diagnostic, Label, Span};

/// Largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Largest sum of all files, in bytes.
pub(crate) const MAX_TOTAL_BYTES: u64 = 512 * 1024 * 1024;
/// Most files that are read.
pub(crate) const MAX_FILES: usize = 200_000;
/// Deepest directory below the root that is looked into.
const MAX_DIRECTORY_DEPTH: usize = 16;

/// A file that belongs to the tree.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// The path as the user would type it: the root as given, joined with the path below it.
    pub(crate) name: Arc<str>,
    /// The path below the root, with `/`; what the digest of the files is about.
    pub(crate) relative: String,
    /// Where to read it.
    pub(crate) path: PathBuf,
    /// Its size when it was found, in bytes.
    pub(crate) size: u64,
    /// What is read instead of what lies there.
    pub(crate) content: Option<Arc<str>>,
}

/// Edits of files that are not written yet: what each file is to hold, or nothing for one that is to
/// go. The paths are those of [`FileLayout::path`](crate::layout::FileLayout::path), or lie below the
/// directory that is loaded.
pub type Edited = BTreeMap<PathBuf, Option<Arc<str>>>;

/// What was found below a root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The files, sorted by name.
    pub(crate) files: Vec<SourceFile>,
    /// What is wrong with the tree.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Finds every `*.yaml` and `*.yml` below a directory, or the one file that `root` is.
pub(crate) fn discover(root: &Path) -> Tree {
    discover_edited(root, &Edited::new())
}

/// The same, as if edits were written.
pub(crate) fn discover_edited(root: &Path, edited: &Edited) -> Tree {
    let mut tree = Tree::default();
    let shown = shown(root);
    let metadata = match fs::metadata(root) {
        Ok(metadata) => metadata,
        Err(error) => {
            let hint = "Say where the files are with `--config`; `mixaccess demo` leaves a tree to start from.";
            tree.diagnostics.push(unreadable(&shown, &error).hint(hint));
            return tree;
        }
    };
    if metadata.is_dir() {
        match fs::canonicalize(root) {
            Ok(top) => {
                let mut walk = Walk { top, visited: BTreeSet::new(), tree: &mut tree };
                walk.directory(root, &shown, "", 0);
            }
            Err(error) => tree.diagnostics.push(unreadable(&shown, &error)),
        }
    } else if metadata.is_file() {
        let relative =
            root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        tree.files.push(SourceFile {
            name: shown.as_str().into(),
            relative,
            path: root.to_path_buf(),
            size: metadata.len(),
            content: None,
        });
    } else {
        tree.diagnostics.push(not_a_file(&shown));
    }
    edit(&mut tree, root, &shown, edited);
    finish(&mut tree);
    tree
}

fn edit(tree: &mut Tree, root: &Path, shown: &str, edited: &Edited) {
    if edited.is_empty() {
        return;
    }
    let mut added = edited.clone();
    tree.files.retain_mut(|file| match added.remove(&file.path) {
        Some(Some(text)) => {
            file.size = text.len() as u64;
            file.content = Some(text);
            true
        }
        Some(None) => false,
        None => true,
    });
    for (path, content) in added {
        let (Some(text), Ok(below)) = (content, path.strip_prefix(root)) else { continue };
        let relative = below.to_string_lossy().replace('\\', "/");
        if is_yaml(&relative) {
            tree.files.push(SourceFile {
                name: format!("{}/{relative}", shown.trim_end_matches('/')).into(),
                relative,
                size: text.len() as u64,
                content: Some(text),
                path,
            });
        }
    }
}

fn finish(tree: &mut Tree) {
    tree.files.sort_by(|left, right| left.name.cmp(&right.name));
    let mut total = 0_u64;
    let mut refused = Vec::new();
    tree.files.retain(|file| {
        total = total.saturating_add(file.size);
        let message = if file.size > MAX_FILE_BYTES {
            total = total.saturating_sub(file.size);
            format!("the file has {} bytes, more than the {MAX_FILE_BYTES} that are read", file.size)
        } else if total > MAX_TOTAL_BYTES {
            format!("with this file there are more than the {MAX_TOTAL_BYTES} bytes that are read in all")
        } else {
            return true;
        };
        refused.push(
            Diagnostic::new(codes::TOO_LARGE, message)
                .at(Label::whole(Arc::clone(&file.name)))
                .hint("Write one file for each collaborator, and keep other data out of the directory."),
        );
        false
    });
    tree.diagnostics.append(&mut refused);
}

/// A path as it is printed.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let trimmed = text.trim_end_matches('/');
    if trimmed.is_empty() { text.into_owned() } else { trimmed.to_owned() }
}

fn unreadable(name: &str, error: &std::io::Error) -> Diagnostic {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission to read it is denied".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    Diagnostic::new(codes::UNREADABLE, message).at(Label::whole(name))
}

fn not_a_file(name: &str) -> Diagnostic {
    Diagnostic::new(codes::NOT_A_FILE, "is not a regular file")
        .at(Label::whole(name))
        .hint("Only regular files are read; remove it, or give it another ending.")
}

struct Walk<'a> {
    top: PathBuf,
    /// Targets of links that were followed already, so that nothing is read twice.
    visited: BTreeSet<PathBuf>,
    tree: &'a mut Tree,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, name: &str, relative: &str, depth: usize) {
        let entries = match fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => return self.tree.diagnostics.push(unreadable(name, &error)),
        };
        if depth > MAX_DIRECTORY_DEPTH {
            let problem = Diagnostic::new(codes::TOO_DEEP, "directories nest too deeply here");
            return self.tree.diagnostics.push(problem.at(Label::whole(name)));
        }
        let mut entries: Vec<_> =
            entries.into_iter().map(|entry| (entry.file_name(), entry.file_type())).collect();
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        for (file_name, kind) in entries {
            let text = file_name.to_string_lossy().into_owned();
            if text.starts_with('.') {
                continue;
            }
            let path = path.join(&file_name);
            let name = if name.ends_with('/') {
                format!("{name}{text}")
            } else {
                format!("{name}/{text}")
            };
            let relative = if relative.is_empty() { text } else { format!("{relative}/{text}") };
            match kind {
                Ok(kind) => self.entry(&path, name, relative, kind, depth),
                Err(error) => self.tree.diagnostics.push(unreadable(&name, &error)),
            }
        }
    }

    fn entry(
        &mut self,
        path: &Path,
        name: String,
        relative: String,
        kind: fs::FileType,
        depth: usize,
    ) {
        let is_ours = is_yaml(&relative);
        if kind.is_dir() {
            return self.directory(path, &name, &relative, depth + 1);
        }
        if kind.is_symlink() {
            return self.link(path, name, relative, depth);
        }
        if is_ours {
            self.file(path, name, relative);
        }
    }

    fn link(&mut self, path: &Path, name: String, relative: String, depth: usize) {
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            // A link that leads nowhere matters only when it is named like one of our files.
            Err(error) if is_yaml(&relative) => {
                return self.tree.diagnostics.push(unreadable(&name, &error));
            }
            Err(_) => return,
        };
        let is_directory = target.is_dir();
        if !is_directory && !is_yaml(&relative) {
            return;
        }
        if !target.starts_with(&self.top) {
            let problem = Diagnostic::new(
                codes::OUTSIDE_TREE,
                "the symbolic link leads out of the directory",
            )
            .at(Label::whole(name))
            .hint("Copy the file into the directory: whoever reviews it must see what it says.");
            return self.tree.diagnostics.push(problem);
        }
        if is_directory {
            // What lies inside the tree is reached without the link, too.
            return;
        }
        let below = target.strip_prefix(&self.top).unwrap_or(&target);
        let is_reached_anyway = is_yaml(&below.to_string_lossy())
            && !below.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
        if !is_reached_anyway && depth <= MAX_DIRECTORY_DEPTH && self.visited.insert(target.clone())
        {
            self.file(path, name, relative);
        }
    }

    fn file(&mut self, path: &Path, name: String, relative: String) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.tree.diagnostics.push(unreadable(&name, &error)),
        };
        if !metadata.is_file() {
            return self.tree.diagnostics.push(not_a_file(&name));
        }
        if self.tree.files.len() >= MAX_FILES {
            if self.tree.files.len() == MAX_FILES && self.visited.insert(PathBuf::new()) {
                let message = format!("there are more than {MAX_FILES} files");
                let problem = Diagnostic::new(codes::TOO_LARGE, message).at(Label::whole(name));
                self.tree.diagnostics.push(problem);
            }
            return;
        }
        let size = metadata.len();
        self.tree.files.push(SourceFile {
            name: name.into(),
            relative,
            path: path.to_path_buf(),
            size,
            content: None,
        });
    }
}

fn is_yaml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| {
        ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml")
    })
}

/// Reads one file, never more than [`MAX_FILE_BYTES`]. That it is a regular one was seen when it was
/// found; asking again costs a large tree as much as opening it.
pub(crate) fn read(file: &SourceFile) -> Result<Vec<u8>, Diagnostic> {
    if let Some(text) = &file.content {
        return Ok(text.as_bytes().to_vec());
    }
    let failed = |error: &std::io::Error| unreadable(&file.name, error);
    let handle = fs::File::open(&file.path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or(0).saturating_add(1));
    handle.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("the file grew beyond the {MAX_FILE_BYTES} bytes that are read");
        return Err(
            Diagnostic::new(codes::TOO_LARGE, message).at(Label::whole(Arc::clone(&file.name)))
        );
    }
    Ok(bytes)
}

/// The text of a file, or where its first byte stands that is not UTF-8.
pub(crate) fn text<'a>(file: &SourceFile, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        let last = valid.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let span = Span {
            line: count(valid.matches('\n').count() + 1),
            column: count(last.chars().count() + 1),
            length: 1,
        };
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let message = format!("the byte 0x{byte:02x} is not UTF-8");
        Diagnostic::new(codes::NOT_UTF8, message)
            .at(span.label(&file.name, ""))
            .hint("Save the file as UTF-8.")
    })
}
