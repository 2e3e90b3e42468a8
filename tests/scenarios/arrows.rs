//! Inside a crate, what files use of each other points one way: no circle of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::repository::repository;

type Module = Vec<String>;

/// The files of a crate without its tests, by their module.
fn modules(source: &Path) -> BTreeMap<Module, PathBuf> {
    let mut found = BTreeMap::new();
    let mut open = vec![source.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let inside = path.strip_prefix(source).unwrap().with_extension("");
            let mut module: Module =
                inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            let is_test = |part: &String| {
                part == "tests"
                    || part.ends_with("_tests")
                    || part == "testing"
                    || part.starts_with("fake")
            };
            if module.iter().any(is_test) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                    module.pop();
                }
                found.insert(module, path);
            }
        }
    }
    found
}

/// The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn leaves(tree: &str, before: &[String]) -> Vec<Module> {
    let tree = tree.trim();
    let parts = |text: &str| -> Module {
        let parts = text.split("::").map(str::trim).filter(|part| !part.is_empty());
        before.iter().cloned().chain(parts.map(str::to_owned)).collect()
    };
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![parts(tree.split(" as ").next().unwrap())];
    };
    let head = parts(head);
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in body.char_indices().chain([(body.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let leaf = body.get(start..at).unwrap_or_default();
                if !leaf.trim().is_empty() {
                    found.extend(leaves(leaf, &head));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The other files of the crate that a file imports from, or names by their path.
fn uses(module: &Module, text: &str, known: &BTreeMap<Module, PathBuf>) -> BTreeSet<Module> {
    let text: String =
        text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let imported = text.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let mut paths: Vec<Module> = imported.flat_map(|tree| leaves(tree, &[])).collect();
    let named = text.split("crate::").skip(1).map(|rest| {
        rest.split(|one: char| !one.is_alphanumeric() && one != '_' && one != ':').next().unwrap()
    });
    paths.extend(named.flat_map(|path| leaves(path, &["crate".to_owned()])));
    let mut found = BTreeSet::new();
    for path in paths {
        let mut from = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super") => module[..module.len().saturating_sub(1)].to_vec(),
            Some("self") => module.clone(),
            _ => continue,
        };
        for part in &path[1..] {
            if part == "super" {
                from.pop();
            } else {
                from.push(part.clone());
            }
        }
        // The file in which the thing itself stands; the crate's own list of exports is none.
        while !from.is_empty() && !known.contains_key(&from) {
            from.pop();
        }
        let is_near = from.starts_with(module) || module.starts_with(&from);
        if !from.is_empty() && !is_near {
            found.insert(from);
        }
    }
    found
}

/// The files from which a file can be reached that it reaches itself.
fn circle(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    let reach = |from: &Module| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(one) = open.pop() {
            for next in arrows.get(&one).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        arrows.keys().map(|module| (module, reach(module))).collect();
    let (first, all) = reached.iter().find(|(module, all)| all.contains(**module))?;
    let back = |one: &&Module| reached.get(one).is_some_and(|all| all.contains(*first));
    Some(all.iter().filter(back).map(|module| module.join("/")).collect())
}

fn arrows(source: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let known = modules(source);
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    known.iter().map(|(module, path)| (module.clone(), uses(module, &read(path), &known))).collect()
}

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let mut count = 0;
    for entry in fs::read_dir(repository().join("crates")).unwrap() {
        let source = entry.unwrap().path().join("src");
        let arrows = arrows(&source);
        count += arrows.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(circle(&arrows), None, "{}", source.display());
    }
    assert!(count > 500, "{count} arrows: the imports are not understood");
}

#[test]
fn a_circle_is_found_whatever_the_way_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("lib.rs", "mod a; mod b; mod c;");
    write("a.rs", "use std::fs;\nuse crate::{b::B, c};\n");
    write("c.rs", "// use crate::a::A;\n#[cfg(test)]\nmod tests { use crate::a::A; }\n");
    for (text, found) in [
        ("pub struct B;", None),
        ("use super::a::A;", Some(["a", "b"])),
        ("use super::{\n    a::{A, Other as One},\n};", Some(["a", "b"])),
        ("fn f() -> crate::a::A { crate::a::A }", Some(["a", "b"])),
    ] {
        write("b.rs", text);
        let found = found.map(|names| names.map(str::to_owned).to_vec());
        assert_eq!(circle(&arrows(directory.path())), found, "{text}");
    }
}
