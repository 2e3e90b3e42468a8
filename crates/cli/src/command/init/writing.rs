//! Files on their way to the disk: all of them and readable, or none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mixaccess_author::Tree;
use mixaccess_config::{Diagnostic, Edited, LoadOptions, load_edited};
use mixaccess_model::{Severity, printable};

use crate::failure::Failure;
use crate::storage;

/// Problems of a tree that are told.
const MOST_TOLD: usize = 5;

/// Writes a tree whose files can be read. What fails leaves the directory as it was.
pub(super) fn write(root: &Path, tree: &Tree) -> Result<(), Failure> {
    let mut undo = Undo::default();
    let written = undo.directory(root).and_then(|()| {
        check(root, tree)?;
        let mut there = BTreeSet::new();
        let mut files = Vec::with_capacity(tree.files.len());
        for file in &tree.files {
            let path = root.join(&file.path);
            if let Some(parent) = path.parent()
                && there.insert(parent.to_path_buf())
            {
                undo.directory(parent)?;
            }
            undo.file(&path)?;
            files.push((path, file.text.as_bytes()));
        }
        storage::write_all(files.iter().map(|(path, text)| (path.as_path(), *text)))
    });
    if written.is_err() {
        undo.run();
    }
    written
}

/// What is to be written must be what can be read.
fn check(root: &Path, tree: &Tree) -> Result<(), Failure> {
    let files = tree.files.iter();
    let edited: Edited =
        files.map(|file| (root.join(&file.path), Some(file.text.as_str().into()))).collect();
    let loaded =
        load_edited(&LoadOptions { root: root.to_path_buf(), organization: None }, &edited);
    if !loaded.has_errors() {
        return Ok(());
    }
    let mut failure = Failure::new(
        "the files would have errors, so nothing was written; this is a defect of mixaccess",
    );
    let is_error = |one: &&Diagnostic| one.severity() == Severity::Error;
    for problem in loaded.diagnostics().iter().filter(is_error).take(MOST_TOLD) {
        failure = failure.hint(printable(problem.message()).into_owned());
    }
    Err(failure.hint("Please report it."))
}

/// How to leave a directory as it was.
#[derive(Debug, Default)]
struct Undo {
    /// Directories that were made, outer ones first.
    made: Vec<PathBuf>,
    /// Files and what they held; nothing for new ones.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Undo {
    /// Makes a directory with those above it.
    fn directory(&mut self, path: &Path) -> Result<(), Failure> {
        let missing = path.ancestors().filter(|one| !one.as_os_str().is_empty() && !one.exists());
        let mut missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        missing.reverse();
        self.made.extend(missing);
        std::fs::create_dir_all(path)
            .map_err(|error| Failure::new(format!("cannot make {}: {error}", path.display())))
    }

    /// Remembers a file that is about to be written.
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let before = if path.exists() { Some(storage::read(path)?) } else { None };
        self.files.push((path.to_path_buf(), before));
        Ok(())
    }

    /// What cannot be undone stays: the error that matters is the one that led here.
    fn run(self) {
        for (path, before) in self.files.into_iter().rev() {
            let _ = match before {
                Some(bytes) => storage::write(&path, &bytes).is_ok(),
                None => std::fs::remove_file(&path).is_ok(),
            };
        }
        for directory in self.made.into_iter().rev() {
            let _ = std::fs::remove_dir(directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use mixaccess_author::TreeFile;

    use super::*;

    const ORGANIZATION: &str = "organization: { id: 1 }\n";

    fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| TreeFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Tree { files: files.iter().map(file).collect(), ..Tree::default() }
    }

    #[test]
    fn nothing_is_written_of_files_that_have_errors() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("a/b");
        let broken = tree(&[("a.yaml", ORGANIZATION), ("x/b.yaml", "teams: { a: {}, A: {} }\n")]);
        assert!(write(&root, &broken).is_err());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        write(&root, &tree(&[("a.yaml", ORGANIZATION)])).unwrap();
        assert!(write(&root, &broken).is_err());
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 1);
    }

    #[test]
    fn a_write_that_fails_takes_the_others_back() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::write(root.join("a.yaml"), "organization: { id: 2 }\n").unwrap();
        std::fs::create_dir(root.join("z.yaml")).unwrap();
        let files = tree(&[
            ("a.yaml", ORGANIZATION),
            ("x/b.yaml", "projects: {}\n"),
            ("z.yaml", "profiles: {}\n"),
        ]);
        assert!(write(root, &files).is_err());
        assert_eq!(std::fs::read(root.join("a.yaml")).unwrap(), b"organization: { id: 2 }\n");
        assert!(!root.join("x").exists());
    }
}
