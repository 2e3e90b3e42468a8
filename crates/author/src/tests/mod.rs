//! Properties that hold for any organization, and what the files look like.

mod init;
mod organizations;

use std::fs;
use std::path::Path;

use mixaccess_config::{LoadOptions, Loaded, load};

use crate::Tree;
pub(crate) use organizations::{config, organization};

/// Writes a tree below a directory and reads it as the program does.
pub(crate) fn written(tree: &Tree, root: &Path) -> Loaded {
    for file in &tree.files {
        let path = root.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
    load(&LoadOptions { root: root.to_path_buf(), organization: None })
}

pub(crate) fn text_of(tree: &Tree) -> String {
    let files = tree.files.iter();
    files.map(|file| format!("--- {}\n{}", file.path, file.text)).collect()
}
