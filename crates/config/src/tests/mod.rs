//! Properties of the whole: files in, desired state out.

mod edited;
mod generate;
mod layout;
mod organization;
mod policy;
mod properties;
mod reference;
mod resolution;
mod robustness;
mod teams;

use std::path::Path;

use crate::{LoadOptions, Loaded, load};

/// Loads a tree that holds these files.
pub(crate) fn load_files(files: &[(&str, &str)]) -> (tempfile::TempDir, Loaded) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let options = LoadOptions { root: directory.path().to_path_buf(), organization: None };
    let loaded = load(&options);
    (directory, loaded)
}

/// The codes of every problem, sorted as the problems are.
fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics().iter().map(crate::Diagnostic::code).collect()
}
