//! Every file of the corpus: valid ones give no problem, invalid ones exactly what stands beside them.
//!
//! `UPDATE_CORPUS=1` writes what is given now, for review.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its corpus should stop")]

use std::fs;
use std::path::{Path, PathBuf};

use mixaccess_config::{CODES, LoadOptions, Loaded, RenderStyle, load, render};

fn corpus(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn rendered(loaded: &Loaded, root: &Path) -> String {
    let style = RenderStyle { color: false, width: 100 };
    let text = render(loaded.diagnostics(), loaded, style);
    let directory = format!("{}/", root.parent().unwrap().display());
    text.replace(&directory, "")
}

#[test]
fn invalid_files_give_the_problems_that_stand_beside_them() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    let mut wrong = Vec::new();
    for root in corpus("invalid") {
        let loaded = load(&LoadOptions { root: root.clone(), organization: None });
        assert!(!loaded.diagnostics().is_empty(), "{}", root.display());
        for diagnostic in loaded.diagnostics() {
            assert!(CODES.iter().any(|(code, severity, _)| {
                *code == diagnostic.code() && *severity == diagnostic.severity()
            }));
            assert!(diagnostic.place().is_some(), "{diagnostic:?}");
        }
        let found = rendered(&loaded, &root);
        let beside = root.with_extension("txt");
        if update {
            fs::write(&beside, &found).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", root.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn valid_files_give_no_problem() {
    let instant = "2026-06-15T12:00:00Z".parse().unwrap();
    for root in corpus("valid") {
        let loaded = load(&LoadOptions { root: root.clone(), organization: None });
        assert_eq!(rendered(&loaded, &root), "", "{}", root.display());
        assert!(loaded.resolve(instant).is_ok());
    }
}
