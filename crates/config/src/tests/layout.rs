//! Where things stand, in bytes.

use jiff::Timestamp;
use mixaccess_model::{Email, FileIndex, ProjectRole, SubjectKey};
use proptest::prelude::*;
use proptest::sample::Index;

use super::generate::{PEOPLE, organization};
use super::reference::instants;
use super::{codes, load_files};
use crate::layout::{FileLayout, Form, Shape, Style, Value};
use crate::{Level, Loaded, Specificity, Verdict};

const DESIGN: &str = include_str!("../../tests/corpus/valid/design.yaml");

fn layout(text: &str) -> FileLayout {
    let (_directory, loaded) = load_files(&[("all.yaml", text)]);
    loaded.layout(FileIndex(0)).unwrap()
}

fn slice<'a>(layout: &'a FileLayout, value: &Value) -> &'a str {
    layout.text.get(value.range.clone()).unwrap()
}

fn person(email: &str) -> SubjectKey {
    SubjectKey::Person(Email::new(email))
}

#[test]
fn ranges_hold_what_was_written_and_no_comment() {
    let all = layout(
        "organization: { id: 1 }\nprojects: { web: { id: 2 } }\ncollaborators: # people\n  \"A@agency.example\": # one\n    name: 'Zoë: x' # é\n    projects:\n      # why\n      web: &x admin # because\n      ios : { role: admin, until: 2026-12-31 } # long\n      tv:\n    tags: [a, b] # end\n# behind\n  b@agency.example: {projects: {web: *x}}\n",
    );
    let one = all.collaborator(&Email::new("a@agency.example")).unwrap();
    assert_eq!(all.text.get(one.key_range.clone()).unwrap(), "\"A@agency.example\"");
    assert_eq!(one.key, "A@agency.example");
    assert!(slice(&all, &one.value).starts_with("name:"));
    assert!(slice(&all, &one.value).ends_with("[a, b]"));
    assert_eq!(one.value.style(), Some(Style::Block));
    let name = &one.value.field("name").unwrap().value;
    assert_eq!((slice(&all, name), name.text()), ("'Zoë: x'", Some("Zoë: x")));
    let projects = &one.value.field("projects").unwrap().value;
    assert!(slice(&all, projects).ends_with("tv:"));
    let web = &projects.field("web").unwrap().value;
    assert_eq!((slice(&all, web), web.form(), web.is_anchored), ("admin", Form::Short, true));
    let ios = &projects.field("ios").unwrap().value;
    assert_eq!((slice(&all, ios), ios.form()), ("{ role: admin, until: 2026-12-31 }", Form::Long));
    assert_eq!((ios.style(), ios.is_anchored), (Some(Style::Flow), false));
    let tv = &projects.field("tv").unwrap().value;
    assert_eq!((&tv.shape, tv.form(), slice(&all, tv)), (&Shape::Nothing, Form::Other, ""));
    assert!(all.text.get(..tv.range.start).unwrap().ends_with("tv:"));
    let tags = &one.value.field("tags").unwrap().value;
    assert_eq!(tags.items().iter().map(|item| slice(&all, item)).collect::<Vec<_>>(), ["a", "b"]);
    let other = all.declaration("collaborators", "b@agency.example").unwrap();
    let web = &other.value.field("projects").unwrap().value.field("web").unwrap().value;
    assert_eq!((&web.shape, slice(&all, web)), (&Shape::Alias, "*x"));
}

#[test]
fn blocks_end_where_their_text_ends_and_marks_count() {
    let text = "\u{feff}organization: { id: 1 }\r\ncollaborators:\r\n  a@agency.example:\r\n    name: |\r\n      Alex\r\n      E\r\n\r\n    tags:\r\n    - x\r\n    - y\r\n\r\n\r\n";
    let all = layout(text);
    let one = all.collaborator(&Email::new("a@agency.example")).unwrap();
    assert_eq!(slice(&all, &one.value.field("name").unwrap().value), "|\r\n      Alex\r\n      E");
    assert_eq!(slice(&all, &one.value.field("tags").unwrap().value), "- x\r\n    - y");
    assert_eq!(slice(&all, &all.section("organization").unwrap().value), "{ id: 1 }");
    let nested = layout("a:\n- - x\n  - y: 1\n    z: [2]\nb:\n  - -1\n");
    let list = &nested.section("a").unwrap().value;
    assert_eq!(slice(&nested, list), "- - x\n  - y: 1\n    z: [2]");
    assert_eq!(slice(&nested, &list.items()[0]), "- x\n  - y: 1\n    z: [2]");
    assert_eq!(slice(&nested, &list.items()[0].items()[1]), "y: 1\n    z: [2]");
    let numbers = &nested.section("b").unwrap().value;
    assert_eq!((slice(&nested, numbers), slice(&nested, &numbers.items()[0])), ("- -1", "-1"));
}

#[test]
fn origins_say_level_and_selector_and_lead_to_the_line() {
    let (_directory, loaded) = load_files(&[("access.yaml", DESIGN)]);
    let all = loaded.layout(FileIndex(0)).unwrap();
    let at = "2026-06-15T12:00:00Z".parse().unwrap();
    let told = |email: &str| {
        let origins = loaded.origins(&person(email), at).unwrap();
        let projects = origins.projects.iter().map(|(id, origin)| {
            let field = all.at(origin.position).unwrap();
            assert_eq!(field.key, *origin.target);
            let name = origin.level_name.as_deref().unwrap_or("-");
            let value = slice(&all, &field.value);
            format!("{id} {} {name} {} {value}", origin.level.as_str(), origin.target)
        });
        projects.collect::<Vec<_>>()
    };
    assert_eq!(
        told("kim@agency.example"),
        ["2891234 phase support production viewer", "2891235 phase support production viewer"]
    );
    assert_eq!(
        told("pat@acme.example"),
        [
            "2891234 own - web-production lexicon-editor",
            "2891235 own - * consumer",
            "2891236 own - * consumer"
        ]
    );
    let alex = loaded
        .origins(&person("alex@agency.example"), "2027-06-15T12:00:00Z".parse().unwrap())
        .unwrap();
    let ios = &alex.projects[1].1;
    assert_eq!((ios.level, ios.specificity), (Level::Profile, Some(Specificity::Group)));
    assert_eq!(alex.organization_role.unwrap().level, Level::Own);
    let kim = loaded
        .origins(&person("kim@agency.example"), "2028-01-01T00:00:00Z".parse().unwrap())
        .unwrap();
    let state = kim.state_origin.unwrap();
    assert_eq!(
        (state.level, all.at(state.position).unwrap().value.text()),
        (Level::Phase, Some("removed"))
    );
    assert_eq!(loaded.origins(&person("x@agency.example"), Timestamp::UNIX_EPOCH), None);
}

#[test]
fn a_file_that_changed_is_not_laid_out() {
    let (directory, loaded) = load_files(&[("all.yaml", DESIGN)]);
    std::fs::write(directory.path().join("all.yaml"), format!("{DESIGN}\n")).unwrap();
    assert_eq!(
        loaded.layout(FileIndex(0)).unwrap_err().message(),
        "the file changed since it was read"
    );
    assert!(loaded.layout(FileIndex(1)).is_err());
}

fn edits(
    loaded: &Loaded,
    all: &FileLayout,
    at: Timestamp,
) -> Vec<(SubjectKey, usize, std::ops::Range<usize>)> {
    let mut edits = Vec::new();
    for email in PEOPLE {
        let subject = person(email);
        for (at, (_, origin)) in loaded.origins(&subject, at).unwrap().projects.iter().enumerate() {
            let value = &all.at(origin.position).unwrap().value;
            let role = match value.form() {
                Form::Long => &value.field("role").unwrap().value,
                _ => value,
            };
            edits.push((subject.clone(), at, role.range.clone()));
        }
    }
    edits
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn origins_agree_with_explaining_and_their_places_can_be_edited(
        whole in organization(),
        in_flow in any::<bool>(),
        at in any::<Index>(),
        edit in any::<Index>(),
    ) {
        let text = if in_flow { serde_json::to_string_pretty(&whole).unwrap() } else { serde_yaml::to_string(&whole).unwrap() };
        let (_directory, loaded) = load_files(&[("all.yaml", &text)]);
        let instants = instants(&loaded.time_zone());
        let instant = instants[at.index(instants.len())];
        if loaded.has_errors() {
            return Ok(());
        }
        let all = loaded.layout(FileIndex(0)).unwrap();
        for email in PEOPLE {
            let origins = loaded.origins(&person(email), instant).unwrap();
            let why = loaded.explain(&Email::new(email), None, instant).unwrap();
            let decided: Vec<_> = why.projects.iter().flat_map(|project| {
                let deciding = project.chain.iter().filter(|entry| entry.verdict == Verdict::Decides);
                deciding.map(|entry| (project.id, entry.level, entry.specificity, &*entry.target, entry.place.line, entry.place.column))
            }).collect();
            let told: Vec<_> = origins.projects.iter().map(|(id, one)| {
                (*id, one.level, one.specificity, &*one.target, one.position.line, one.position.column)
            }).collect();
            prop_assert_eq!(told, decided);
            prop_assert_eq!(origins.state, why.state.state);
        }
        let edits = edits(&loaded, &all, instant);
        if edits.is_empty() {
            return Ok(());
        }
        let (subject, at, range) = edits[edit.index(edits.len())].clone();
        let mut text = text;
        text.replace_range(range, "owner");
        let (_directory, edited) = load_files(&[("all.yaml", &text)]);
        if edited.has_errors() {
            // Groups that disagree now.
            prop_assert!(codes(&edited).contains(&"group-conflict"), "{:?}\n{}", edited.diagnostics(), text);
            return Ok(());
        }
        let SubjectKey::Person(email) = subject else { unreachable!("only people") };
        let state = edited.resolve(instant).unwrap().state;
        prop_assert_eq!(state.collaborator(&email).unwrap().grants[at].role.as_ref(), Some(&ProjectRole::Owner));
    }
}
