//! Every code is documented, and everything that is documented is a code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use mixaccess_model::{GuardCode, Severity};

use crate::harness::repository::repository;

/// The tables of the page: for each heading, the codes with their severities.
fn documented() -> BTreeMap<String, BTreeMap<String, String>> {
    let page = fs::read_to_string(repository().join("crates/cli/docs/CODES.md")).unwrap();
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut heading = String::new();
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            text.clone_into(&mut heading);
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let code = cells[0].strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        if let (true, Some(code), [_, severity, meaning]) =
            (line.starts_with("| `"), code, cells.as_slice())
        {
            assert!(!meaning.is_empty(), "{code} means nothing");
            let table = tables.entry(heading.clone()).or_default();
            let twice = table.insert(code.to_owned(), (*severity).to_owned());
            assert!(twice.is_none(), "{code} stands twice under {heading}");
        }
    }
    tables
}

fn stated(codes: &[(&str, Severity, &str)]) -> BTreeMap<String, String> {
    let word = |severity: Severity| severity.to_string();
    codes.iter().map(|(code, severity, _)| ((*code).to_owned(), word(*severity))).collect()
}

#[test]
fn the_page_of_codes_lists_them_all_and_nothing_else() {
    let documented = documented();
    assert_eq!(documented["In the files"], stated(mixaccess_config::CODES));
    assert_eq!(documented["In a plan"], stated(mixaccess_planner::CODES));
    let guards: BTreeSet<&str> = GuardCode::ALL.iter().map(|code| code.as_str()).collect();
    let listed: BTreeSet<&str> = documented["Guard rails"].keys().map(String::as_str).collect();
    assert_eq!(listed, guards);
    // What an apply refuses is found in its source: a match with one word an arm.
    let source = repository().join("crates/applier/src/error.rs");
    let source = fs::read_to_string(source).unwrap();
    let arms = source.split("pub const fn code").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let words: BTreeSet<&str> = arms.split('"').skip(1).step_by(2).collect();
    let listed: BTreeSet<&str> = documented["At apply"].keys().map(String::as_str).collect();
    assert_eq!(listed, words);
    let listed: Vec<&str> =
        documented["In answers of the service"].keys().map(String::as_str).collect();
    assert_eq!(listed, ["unreadable"]);
    assert_eq!(documented.len(), 5, "a table that nothing is compared with");
}

/// The codes in the expected output of the examples are on the page as well.
#[test]
fn codes_that_people_meet_are_on_the_page() {
    let documented = documented();
    let known = |code: &str| documented.values().any(|table| table.contains_key(code));
    let mut met = 0;
    for example in fs::read_dir(repository().join("examples")).unwrap() {
        let file = example.unwrap().path().join("expected.txt");
        for line in fs::read_to_string(file).unwrap_or_default().lines() {
            let line = line.trim_start();
            let code = ["error[", "warning[", "note["]
                .iter()
                .find_map(|severity| line.strip_prefix(severity)?.split(']').next());
            if let Some(code) = code {
                assert!(known(code), "{code} is not on the page");
                met += 1;
            }
        }
    }
    assert!(met > 3, "only {met} codes were met");
}
