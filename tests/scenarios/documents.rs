//! What is cited is there: documents, and in the page of the service every heading, row and rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::repository::repository;

const PAGE: &str = "SERVICE.md";

/// A page by its headings: of each section the first cells of its tables and the numbers of its rules.
struct Page {
    sections: BTreeMap<String, BTreeSet<String>>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut heading = String::new();
        for line in text.lines() {
            if let Some(text) = line.strip_prefix("## ") {
                text.clone_into(&mut heading);
                sections.entry(heading.clone()).or_default();
            }
            let cell = line.strip_prefix('|').and_then(|row| row.split('|').next());
            let number = line.split_once(". ").map(|(number, _)| number);
            let number = number.filter(|number| number.parse::<u32>().is_ok());
            if let Some(item) = cell.or(number) {
                let item = item.trim().trim_matches('`').to_owned();
                sections.entry(heading.clone()).or_default().insert(item);
            }
        }
        Self { sections }
    }

    /// What is wrong with the words after the name of the page: `, "Section"`, perhaps with a number
    /// (`, "Section", 3`), rows (`, "Section": "row" and "row"`) or other sections (`and "Section"`).
    fn check(&self, cited: &str) -> Result<(), String> {
        let cited = cited.strip_prefix(", ").unwrap_or_default();
        let (section, mut rest) = quoted(cited).ok_or("names no section")?;
        let items = self.sections.get(section).ok_or(format!("no section {section:?}"))?;
        let known = |item: &str| match items.contains(item) {
            true => Ok(()),
            false => Err(format!("nothing is called {item:?} in {section:?}")),
        };
        if let Some(number) = rest.strip_prefix(", ") {
            let digits = number.split(|one: char| !one.is_ascii_digit()).next().unwrap();
            return if digits.is_empty() { Ok(()) } else { known(digits) };
        }
        let are_rows = rest.starts_with(": \"");
        rest = rest.strip_prefix(": ").or_else(|| rest.strip_prefix(" and ")).unwrap_or_default();
        while let Some((name, more)) = quoted(rest) {
            match are_rows {
                true => known(name)?,
                false if self.sections.contains_key(name) => {}
                false => return Err(format!("no section {name:?}")),
            }
            rest = more.strip_prefix(" and ").unwrap_or_default();
        }
        Ok(())
    }
}

/// A quoted text at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// The files of the repository that people write, hidden directories of its own included.
fn written(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_written = ["md", "rs", "toml", "yaml", "yml", "json", "txt"]
            .iter()
            .any(|one| name.ends_with(one));
        if path.is_dir() && !["target", ".git", ".mixaccess"].contains(&name) {
            written(&path, found);
        } else if path.is_file() && (is_written || directory.file_name() == Some(".ci".as_ref())) {
            found.push(path);
        }
    }
}

fn texts() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    written(&repository(), &mut found);
    found.sort();
    let text = |path: PathBuf| Some((path.clone(), fs::read_to_string(path).ok()?));
    found.into_iter().filter_map(text).collect()
}

/// The text with its comments in one line, whatever they were wrapped at.
fn unwrapped(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!']).trim());
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_cited_of_the_service_is_on_its_page() {
    let page = fs::read_to_string(repository().join("crates/api/docs").join(PAGE)).unwrap();
    let page = Page::read(&page);
    let mut count = 0;
    let mut wrong = Vec::new();
    for (path, text) in texts().iter().filter(|(path, _)| path.extension() == Some("rs".as_ref())) {
        if path.ends_with(file!()) {
            continue;
        }
        for cited in unwrapped(text).split(&format!("`{PAGE}`")).skip(1) {
            count += 1;
            wrong.extend(page.check(cited).err().map(|why| format!("{}: {why}", path.display())));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(count > 50, "only {count} citations were found");
}

#[test]
fn a_citation_of_what_is_not_there_is_noticed() {
    let page =
        Page::read("## Hosts\n\n| a | b |\n|---|---|\n| `one` | |\n\n## Rules\n\n1. First.\n");
    for fine in [
        ", \"Hosts\") and more",
        ", \"Hosts\": \"one\" and \"a\").",
        ", \"Hosts\" and \"Rules\")",
        ", \"Rules\", 1): \"Nothing\"",
        ", \"Rules\", where it stands",
    ] {
        assert_eq!(page.check(fine), Ok(()), "{fine}");
    }
    for wrong in [
        " says so",
        ", \"Host\")",
        ", \"Hosts\": \"two\")",
        ", \"Hosts\": \"one\" and \"two\")",
        ", \"Hosts\" and \"Rule\")",
        ", \"Rules\", 2)",
        ", \"Hosts\", 1)",
    ] {
        assert!(page.check(wrong).is_err(), "{wrong}");
    }
}

/// A page that only its writer has explains nothing.
#[test]
fn documents_that_are_cited_are_in_the_repository() {
    let texts = texts();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let there: BTreeSet<String> = texts.iter().map(|(path, _)| name(path)).collect();
    // What the program writes, or a user does.
    let of_others = ["plan.md", "drift.md"];
    let mut absent = BTreeSet::new();
    for (path, text) in &texts {
        let is_of_name = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
        for word in text.split(|one: char| !is_of_name(one)) {
            let word = word.trim_end_matches('.');
            let is_document = word.len() > ".md".len() && word.ends_with(".md");
            if is_document && !there.contains(word) && !of_others.contains(&word) {
                absent.insert(format!("{}: {word}", path.display()));
            }
        }
    }
    assert_eq!(absent, BTreeSet::new());
}
