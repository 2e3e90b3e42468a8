//! What a change does is matched without a wildcard: a new verb, slot or kind of subject is an error of
//! the compiler wherever forgetting it would allow, hide or skip something.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::repository::repository;

/// The types of which nothing may be forgotten.
const VOCABULARY: [&str; 7] =
    ["Verb::", "Difference::", "Slot::", "Fact::", "Subject::", "SubjectKey::", "LiveSubject::"];

/// The files of a crate without its tests.
fn files(source: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![source.to_path_buf()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_test = name == "tests" || name == "testing" || name.ends_with("_tests");
            if is_test || name.starts_with("fake") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text without its tests, and without what stands in comments and between quotation marks.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let (mut code, mut letters) = (String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => {
                while letters.next_if(|one| *one != '\n').is_some() {}
            }
            '"' => {
                while let Some(inside) = letters.next() {
                    match inside {
                        '"' => break,
                        '\\' => {
                            letters.next();
                        }
                        '\n' => code.push('\n'),
                        _ => {}
                    }
                }
            }
            // A letter or a bracket between single ones; a lifetime has no second.
            '\'' => {
                let rest: Vec<char> = letters.clone().take(3).collect();
                let length = match rest.as_slice() {
                    ['\\', _, '\''] => 3,
                    [_, '\'', ..] => 2,
                    _ => 0,
                };
                letters.by_ref().take(length).for_each(drop);
            }
            other => code.push(other),
        }
    }
    code
}

/// Where the bracket ends that a text begins with.
fn closed(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The end of the first part of a text before `mark`, outside of brackets.
fn before<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..)?;
        if rest.starts_with(mark) {
            return text.get(..at);
        }
        let first = rest.chars().next()?;
        at += if matches!(first, '{' | '(' | '[') { closed(rest) } else { first.len_utf8() };
    }
    None
}

/// The patterns of a match, in its braces.
fn patterns(body: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), body);
    while let Some(pattern) = before(rest, "=>") {
        found.push(pattern.trim_start_matches([',', ' ', '\n']).trim());
        rest = rest.get(pattern.len() + 2..).unwrap_or_default().trim_start();
        let length = match rest.starts_with('{') {
            true => closed(rest),
            false => before(rest, ",").map_or(rest.len(), |arm| arm.len() + 1),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// A pattern without what stands in the braces of its structs.
fn outside_braces(pattern: &str) -> String {
    let mut depth = 0;
    let outside = |letter: &char| {
        depth += i32::from(*letter == '{') - i32::from(*letter == '}');
        depth == 0
    };
    pattern.chars().filter(outside).collect()
}

/// Whether a pattern without a condition takes whatever there is.
fn is_wildcard(pattern: &str) -> bool {
    let parts: Vec<&str> =
        pattern.split([',', '(', ')', ' ']).filter(|one| !one.is_empty()).collect();
    !parts.is_empty() && parts.iter().all(|part| *part == "_")
}

/// The matches on the vocabulary that end in a wildcard, each by the patterns before it.
fn wildcards(text: &str) -> Vec<String> {
    let code = code(text);
    let mut found = Vec::new();
    for (at, word) in code.match_indices("match ") {
        let rest = code.get(at + word.len()..).unwrap_or_default();
        let Some(head) = before(rest, "{").or_else(|| rest.split_once('{').map(|(head, _)| head))
        else {
            continue;
        };
        let rest = rest.get(head.len()..).unwrap_or_default();
        let body = rest.get(1..closed(rest).max(2) - 1).unwrap_or_default();
        let patterns = patterns(body);
        let names = |pattern: &&str| {
            let pattern = outside_braces(pattern);
            VOCABULARY.iter().any(|word| {
                pattern.match_indices(word).any(|(at, _)| {
                    !pattern
                        .get(..at)
                        .unwrap_or_default()
                        .ends_with(|one: char| one.is_alphanumeric() || one == '_')
                })
            })
        };
        if patterns.iter().any(|one| is_wildcard(one)) && patterns.iter().any(names) {
            found.push(patterns.join(" / "));
        }
    }
    found
}

#[test]
fn a_wildcard_is_found_wherever_it_stands() {
    let found = |arms: &str| wildcards(&format!("fn f() {{ match (a, b) {{ {arms} }} }}")).len();
    assert_eq!(found("(Verb::Set, _) => 1, _ => 2"), 1);
    assert_eq!(found("(Verb::Set, _) => { 1 } (_, _) => 2,"), 1);
    assert_eq!(found("Some(Difference::Expiry(_)) => g('}', \"_ => \"), // _ => 1\n _ => {}"), 1);
    assert_eq!(found("(Verb::Set, _) => 1, (Verb::Create, _) => match c { 1 => 2, _ => 3 }"), 0);
    assert_eq!(found("Record { subject: Subject::Team, .. } => 1, _ => 2"), 0);
    assert_eq!(found("Verb::Set if a => 1, Verb::Set | Verb::Create => 2"), 0);
    assert_eq!(found("MyVerb::Set => 1, _ => 2"), 0);
}

#[test]
fn nothing_that_a_change_does_is_forgotten() {
    let mut found = Vec::new();
    for name in ["model", "planner", "applier", "report", "author", "cli"] {
        let source = repository().join("crates").join(name).join("src");
        for file in files(&source) {
            let text = fs::read_to_string(&file).unwrap();
            let file = file.strip_prefix(repository()).unwrap().display().to_string();
            found.extend(wildcards(&text).into_iter().map(|one| format!("{file}: {one}")));
        }
    }
    assert!(found.is_empty(), "name the cases instead of `_`:\n{}", found.join("\n"));
}
