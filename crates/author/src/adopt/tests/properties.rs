//! What holds for any organization that moved away from its files.

use std::fs;
use std::path::Path;

use mixaccess_config::layout::{FileLayout, Value};
use mixaccess_config::load;
use mixaccess_model::{Annotations, Email, FileIndex, LiveState, SubjectKey};
use proptest::prelude::*;

use super::super::UNDONE;
use super::{adopted, everything, options, plan_of, shown, write};
use crate::tests::{config, organization, text_of, written};
use crate::{Adoption, Arrangement, InitOptions, Tree, init};

/// The first organization, with what the second says of some people, teams and service accounts.
fn moved(first: &LiveState, second: &LiveState, choice: u64) -> LiveState {
    let mut moved = first.clone();
    let is_chosen = |at: usize| choice >> (at % 61) & 1 == 1;
    moved.members = Vec::new();
    for (at, member) in first.members.iter().enumerate() {
        let other = second.members.get(at);
        match (is_chosen(at), is_chosen(at + 17), other) {
            (false, ..) => moved.members.push(member.clone()),
            (true, true, Some(other)) => {
                let mut member = member.clone();
                member.grants.clone_from(&other.grants);
                if is_chosen(at + 29) {
                    member.organization_role = other.organization_role;
                }
                moved.members.push(member);
            }
            _ => {}
        }
    }
    let new = second.members.iter().enumerate().filter(|(at, _)| is_chosen(at + 37));
    moved.members.extend(new.map(|(_, member)| member.clone()));
    for (at, team) in moved.teams.iter_mut().flatten().enumerate() {
        if let Some(other) = second.teams.iter().flatten().nth(at).filter(|_| is_chosen(at + 7)) {
            team.members.clone_from(&other.members);
            team.grants.clone_from(&other.grants);
        }
    }
    if is_chosen(43) {
        moved.teams.iter_mut().for_each(|teams| drop(teams.pop()));
        moved.service_accounts.iter_mut().for_each(|all| drop(all.pop()));
    }
    for (at, account) in moved.service_accounts.iter_mut().flatten().enumerate() {
        let other = second.members.get(at).filter(|_| is_chosen(at + 11));
        if let Some(other) = other {
            account.grants.clone_from(&other.grants);
        }
    }
    moved.normalize();
    moved
}

/// The same tree with comments in many places, and every other line end if asked for.
fn commented(mut tree: Tree, crlf: bool) -> Tree {
    for file in &mut tree.files {
        let lines = file.text.lines().enumerate().map(|(at, line)| match at % 5 {
            1 if !line.is_empty() && !line.trim_start().starts_with('#') => {
                format!("{line} # {at}")
            }
            _ => line.to_owned(),
        });
        let end = if crlf { "\r\n" } else { "\n" };
        file.text = lines.map(|line| line + end).collect();
    }
    tree
}

/// What each section declares, by key, with the comments above it, as it stands in the file.
fn declarations(layout: &FileLayout) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let lines: Vec<&str> = layout.text.split_inclusive('\n').collect();
    let line_of = |at: usize| layout.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    for section in layout.root.iter().flat_map(Value::fields) {
        for field in section.value.fields() {
            let mut from = line_of(field.key_range.start);
            while from > 0 && lines[from - 1].starts_with("  #") {
                from -= 1;
            }
            let to = line_of(field.value.range.end.max(field.key_range.end));
            found.push((section.key.clone(), field.key.clone(), lines[from..=to].concat()));
        }
    }
    found
}

/// Whatever is declared and was not adopted stands in the file as it stood.
fn only_their_lines(root: &Path, adoption: &Adoption) {
    let is_adopted = |key: SubjectKey| adoption.adopted.iter().any(|one| one.subject.key() == key);
    let has_teams = adoption.adopted.iter().any(|one| one.subject.email().is_none());
    let loaded = load(&options(root));
    let count = u32::try_from(loaded.files().len()).unwrap();
    let layouts: Vec<_> = (0..count).map(|at| loaded.layout(FileIndex(at)).unwrap()).collect();
    for file in &adoption.files {
        let Some(layout) = layouts.iter().find(|layout| layout.path == file.path) else { continue };
        let after = file.after.as_deref().unwrap_or_default();
        for (section, key, text) in declarations(layout) {
            let may_change = match section.as_str() {
                "collaborators" => {
                    is_adopted(SubjectKey::Person(Email::new(&key)))
                        || (has_teams && text.contains("teams:"))
                }
                "teams" | "service_accounts" => has_teams,
                // A role that somebody holds may be listed anew, at the end of the line.
                "projects" => {
                    let kept = text.split([']', '}']).next().unwrap();
                    after.contains(kept.trim_end())
                }
                _ => false,
            };
            assert!(
                may_change || after.contains(&text),
                "{section} {key} changed\n{text}\n{}",
                shown(root, adoption)
            );
        }
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn after_adopting_all_no_plan_contradicts(
        first in organization(),
        second in organization(),
        choice in any::<u64>(),
        one_file in any::<bool>(),
        crlf in any::<bool>(),
    ) {
        let arrangement = if one_file { Arrangement::OneFile } else { Arrangement::FilePerCollaborator };
        let tree = commented(init(&first, &InitOptions { arrangement, ..InitOptions::default() }), crlf);
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        prop_assert!(!written(&tree, root).has_errors());
        let live = moved(&first, &second, choice);
        let adoption = adopted(root, &live, &everything(), &Annotations::default());
        only_their_lines(root, &adoption);
        for file in &adoption.files {
            let before = fs::read_to_string(&file.path).ok();
            prop_assert_eq!(&before, &file.before);
        }
        let text = shown(root, &adoption);
        prop_assert!(!text.contains(UNDONE), "{}", text);
        write(&adoption);
        let content = plan_of(root, &live);
        for change in &content.changes {
            let refused = adoption.refused.iter().any(|one| {
                one.subject.as_ref().is_some_and(|subject| subject.key() == change.subject.key())
            });
            prop_assert!(refused, "{:?}\n{}\n{}", change, text, text_of(&tree));
        }
        let again = adopted(root, &live, &everything(), &Annotations::default());
        prop_assert!(again.files.is_empty(), "{}", shown(root, &again));
    }
}
