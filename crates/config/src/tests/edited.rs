//! Files as if edits were written.

use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::FileIndex;

use super::load_files;
use crate::{LoadOptions, load, load_edited};

#[test]
fn edits_count_as_if_they_were_written() {
    let (directory, loaded) = load_files(&[
        ("organization.yaml", "organization: { id: 1 }\n"),
        ("people/a.yaml", "collaborators: { a@x.example: {} }\n"),
        ("people/b.yaml", "collaborators: { b@x.example: {} }\n"),
    ]);
    assert!(!loaded.has_errors());
    let options = LoadOptions { root: directory.path().to_path_buf(), organization: None };
    let path = |name: &str| directory.path().join(name);
    let edited = BTreeMap::from([
        (path("people/a.yaml"), Some(Arc::from("collaborators: { z@x.example: {} }\n"))),
        (path("people/b.yaml"), None),
        (path("people/new.yaml"), Some(Arc::from("collaborators: { n@x.example: {} }\n"))),
        (path("notes.txt"), Some(Arc::from("not ours"))),
    ]);
    let before = load_edited(&options, &edited);
    assert!(!before.has_errors(), "{:?}", before.diagnostics());
    let people: Vec<&str> =
        before.collaborator_emails().map(mixaccess_model::Email::as_str).collect();
    assert_eq!(people, ["n@x.example", "z@x.example"]);
    assert_eq!(before.layout(FileIndex(1)).unwrap().text, "collaborators: { z@x.example: {} }\n");
    for (path, text) in &edited {
        match text {
            Some(text) => std::fs::write(path, &**text).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
    let after = load(&options);
    assert_eq!(after.files(), before.files());
    assert_eq!(after.files_digest(), before.files_digest());
}
