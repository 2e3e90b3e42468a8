//! Files that nobody would write on purpose.

use jiff::Timestamp;
use mixaccess_model::{FileIndex, SubjectKey};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{codes, load_files};
use crate::document::{MAX_DEPTH, parse};
use crate::layout::Value;
use crate::{RenderStyle, render};

const DESIGN: &str = include_str!("../../tests/corpus/valid/design.yaml");
const WHOLE: [&str; 3] = [
    DESIGN,
    include_str!("../../tests/corpus/valid/organization.yaml"),
    include_str!("../../tests/corpus/valid/teams.yaml"),
];
const PIECES: &[&str] = &[
    "\n",
    " ",
    "\t",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "#",
    "*",
    "&a",
    "*a",
    "|",
    ">",
    "!!int ",
    "---\n",
    "...",
    "<<: ",
    "null",
    "~",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "2026-02-30",
    "0123",
    "projects:",
    "\r\n",
    ", ",
    "%YAML 1.1\n",
    "? ",
    "collaborators: {",
    "until: 9999-12-31",
    "99999999999999999999",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_give_problems_and_never_a_panic(
        whole in select(&WHOLE[..]),
        edits in vec((any::<Index>(), 0..20_usize, any::<Index>()), 1..6),
    ) {
        let mut text: Vec<char> = whole.chars().collect();
        for (at, removed, piece) in edits {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, PIECES[piece.index(PIECES.len())].chars());
        }
        let text: String = text.into_iter().collect();
        let (_directory, loaded) = load_files(&[("all.yaml", &text)]);
        let width = 80;
        let shown = render(loaded.diagnostics(), &loaded, RenderStyle { color: true, width });
        prop_assert_eq!(shown.is_empty(), loaded.diagnostics().is_empty());
        let has_unsafe = shown.contains(['\u{202e}', '\u{0}']);
        prop_assert!(!has_unsafe);
        prop_assert_eq!(loaded.resolve(Timestamp::UNIX_EPOCH).is_ok(), !loaded.has_errors());
        for email in loaded.collaborator_emails() {
            prop_assert!(loaded.explain(email, None, Timestamp::UNIX_EPOCH).is_some());
            let subject = SubjectKey::Person(email.clone());
            prop_assert!(loaded.origins(&subject, Timestamp::UNIX_EPOCH).is_some());
        }
        if let Ok(layout) = loaded.layout(FileIndex(0)) {
            let mut open: Vec<&Value> = layout.root.iter().collect();
            while let Some(value) = open.pop() {
                prop_assert!(layout.text.get(value.range.clone()).is_some(), "{:?}", value);
                for field in value.fields() {
                    let key = layout.text.get(field.key_range.clone());
                    prop_assert!(key.is_some() && field.key_range.end <= field.value.range.start, "{:?}", field);
                    prop_assert!(value.range.start <= field.key_range.start, "{:?}", value);
                    prop_assert!(field.value.range.end <= value.range.end, "{:?}", value);
                    open.push(&field.value);
                }
                open.extend(value.items());
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&"any.yaml".into(), &text);
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let text = format!("projects:\n  {}{}", open.repeat(10_000), close.repeat(10_000));
        let problem = parse(&"deep.yaml".into(), &text).unwrap_err();
        assert_eq!(problem.code(), "too-deep", "{open}");
    }
    let block: String = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_eq!(parse(&"deep.yaml".into(), &block).unwrap_err().code(), "too-deep");
    let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse(&"fits.yaml".into(), &fits).is_ok());
}

#[test]
fn aliases_are_bounded() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert_eq!(parse(&"bomb.yaml".into(), &bomb).unwrap_err().code(), "alias");
    let (_directory, loaded) = load_files(&[(
        "all.yaml",
        "organization: { id: 1 }\nprojects: { web: { id: 2 } }\ncollaborators:\n  a@agency.example: &a { projects: { web: admin } }\n  b@agency.example: *a\n",
    )]);
    assert_eq!(codes(&loaded), Vec::<&str>::new());
}

#[test]
fn a_mark_at_the_beginning_and_carriage_returns_change_nothing() {
    let text = format!("\u{feff}{}", DESIGN.replace('\n', "\r\n"));
    let (_directory, loaded) = load_files(&[("all.yaml", &text)]);
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    let (_directory, loaded) = load_files(&[("all.yaml", &text.replace("alex@", "al ex@"))]);
    let place = loaded.diagnostics()[0].place().unwrap();
    assert_eq!((place.line, place.column), (23, 3));
}

#[test]
fn problems_of_one_file_are_bounded_and_counted() {
    let mut text = String::from("organization: { id: 1 }\nprojects:\n");
    for project in 0..2_000 {
        text.push_str(&format!("  p{project}: {{ id: none, bad: 1 }}\n"));
    }
    let (_directory, loaded) = load_files(&[("all.yaml", &text)]);
    assert_eq!(loaded.diagnostics().len(), 501);
    let last = loaded.diagnostics().iter().find(|one| one.code() == "too-many").unwrap();
    assert_eq!(last.message(), "3500 more problems in this file are not shown");
}
