//! Trees that are empty, broken or meant to do harm: each a clear problem, and nothing else.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its tree should stop")]

use std::fs;
use std::path::Path;

use mixaccess_config::{LoadOptions, Loaded, RenderStyle, load, organizations, render};

const GOOD: &str =
    "organization: { id: 1 }\nprojects: { web: { id: 2 } }\ncollaborators: { a@agency.example: }\n";

fn read(root: &Path) -> Loaded {
    load(&LoadOptions { root: root.to_path_buf(), organization: None })
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics().iter().map(mixaccess_config::Diagnostic::code).collect()
}

fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

#[test]
fn nothing_there_is_an_error_with_a_way_out() {
    let empty = tree(&[]);
    assert_eq!(codes(&read(empty.path())), ["nothing-declared"]);
    let other =
        tree(&[("README.md", b"x"), (".hidden.yaml", GOOD.as_bytes()), (".git/a.yaml", b"]")]);
    assert_eq!(codes(&read(other.path())), ["nothing-declared"]);
    let loaded = read(&empty.path().join("missing"));
    assert_eq!(codes(&loaded), ["unreadable"]);
    assert!(loaded.diagnostics()[0].help().unwrap().contains("mixaccess demo"));
    let comments = tree(&[("a.yaml", b"# nothing yet\n"), ("b.yml", b"")]);
    assert_eq!(codes(&read(comments.path())), ["no-organization"]);
}

#[test]
fn names_are_what_the_user_would_type() {
    let directory = tree(&[
        ("people/a.yaml", b"collaborators: { x: }"),
        ("org.yml", b"organization: { id: 1 }"),
    ]);
    let root = directory.path().join("people").join("..");
    let loaded = read(&root);
    let names: Vec<String> = loaded.files().iter().map(ToString::to_string).collect();
    let shown = root.display();
    assert_eq!(names, [format!("{shown}/org.yml"), format!("{shown}/people/a.yaml")]);
    assert_eq!(
        loaded.diagnostics()[0].place().unwrap().to_string(),
        format!("{shown}/people/a.yaml:1:18")
    );
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let directory = tree(&[("a.yaml", GOOD.as_bytes())]);
    let huge = fs::File::create(directory.path().join("huge.yaml")).unwrap();
    huge.set_len(1 << 30).unwrap();
    assert_eq!(codes(&read(directory.path())), ["too-large"]);
    assert_eq!(codes(&read(&directory.path().join("huge.yaml")))[0], "too-large");
}

#[test]
fn bytes_that_are_not_utf8_are_pointed_at() {
    let directory = tree(&[("a.yaml", b"organization:\n  id: 1 # caf\xe9\n")]);
    let loaded = read(directory.path());
    assert_eq!(codes(&loaded), ["not-utf8"]);
    let place = loaded.diagnostics()[0].place().unwrap();
    assert_eq!((place.line, place.column), (2, 14));
    let shown = render(loaded.diagnostics(), &loaded, RenderStyle { color: false, width: 80 });
    assert!(shown.contains("0xe9"), "{shown}");
}

#[test]
fn one_broken_file_does_not_hide_the_others_nor_blame_them() {
    let directory = tree(&[
        ("broken.yaml", b"projects: {"),
        (
            "people.yaml",
            b"collaborators: { a@agency.example: { projects: { web: admin }, stat: active } }",
        ),
    ]);
    // The project, the organization and more may stand in the broken file.
    assert_eq!(codes(&read(directory.path())), ["syntax", "unknown-key"]);
}

#[test]
fn the_same_person_in_two_files_is_pointed_at_twice() {
    let directory = tree(&[
        ("a.yaml", GOOD.as_bytes()),
        ("b/c.yaml", b"collaborators:\n  A@agency.example: {}\nprojects: { web: { id: 9 } }\n"),
    ]);
    let loaded = read(directory.path());
    assert_eq!(codes(&loaded), ["duplicate-key", "address-capitals", "duplicate-key"]);
    let root = directory.path().display();
    let first: Vec<String> =
        loaded.diagnostics()[0].other_places().map(|place| place.to_string()).collect();
    assert_eq!(first, [format!("{root}/a.yaml:3:18")]);
}

#[cfg(unix)]
#[test]
fn links_stay_inside_and_loops_end() {
    use std::os::unix::fs::symlink;
    let outside = tree(&[("secret.yaml", b"collaborators: { spy@evil.example: }")]);
    let directory = tree(&[
        ("a.yaml", GOOD.as_bytes()),
        ("sub/notes.txt", b"collaborators: { b@agency.example: }"),
    ]);
    let at = |name: &str| directory.path().join(name);
    symlink(directory.path(), at("sub/loop")).unwrap();
    symlink(at("a.yaml"), at("again.yaml")).unwrap();
    symlink(at("missing"), at("sub/dangling")).unwrap();
    let loaded = read(directory.path());
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert_eq!(loaded.files().len(), 1);

    symlink(at("sub/notes.txt"), at("b.yaml")).unwrap();
    symlink(at("sub/notes.txt"), at("c.yaml")).unwrap();
    let loaded = read(directory.path());
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert_eq!(loaded.collaborator_emails().count(), 2);

    symlink(outside.path().join("secret.yaml"), at("d.yaml")).unwrap();
    symlink(outside.path(), at("e")).unwrap();
    let loaded = read(directory.path());
    assert_eq!(codes(&loaded), ["outside-tree", "outside-tree"]);
    assert_eq!(loaded.collaborator_emails().count(), 2);
    // A root that is itself a link is what the user asked for.
    symlink(outside.path(), at("root")).unwrap();
    assert_eq!(read(&at("root")).collaborator_emails().count(), 1);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_never_opened() {
    let directory = tree(&[("a.yaml", GOOD.as_bytes())]);
    let pipe = directory.path().join("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        // Without mkfifo a socket stands for everything that is no regular file.
        std::os::unix::net::UnixListener::bind(&pipe).unwrap();
    }
    assert_eq!(codes(&read(directory.path())), ["not-a-file"]);
    assert_eq!(codes(&read(&pipe)), ["not-a-file"]);
}

#[test]
fn several_organizations_are_chosen_from() {
    let directory = tree(&[
        ("acme/organization.yaml", GOOD.as_bytes()),
        ("acme/people.yaml", b"collaborators: { b@agency.example: }"),
        ("globex/nested/all.yml", GOOD.as_bytes()),
        ("docs/notes.yaml", b"not: ours"),
    ]);
    assert_eq!(organizations(directory.path()), ["acme", "globex"]);
    let loaded = read(directory.path());
    assert_eq!(codes(&loaded), ["choose-organization"]);
    assert!(loaded.diagnostics()[0].help().unwrap().contains("`acme`, `globex`"));
    let choose = |key: &str| {
        load(&LoadOptions {
            root: directory.path().to_path_buf(),
            organization: Some(key.to_owned()),
        })
    };
    assert_eq!(codes(&choose("acme")), Vec::<&str>::new());
    assert_eq!(choose("acme").collaborator_emails().count(), 2);
    let wrong = choose("acmee");
    assert_eq!(codes(&wrong), ["unknown-organization"]);
    assert_eq!(wrong.diagnostics()[0].help(), Some("Did you mean `acme`?"));
    for outside in ["..", ".", "", "acme/..", "/", "../acme", ".git"] {
        assert_eq!(codes(&choose(outside)), ["unknown-organization"], "{outside}");
    }
}

#[test]
fn the_digest_is_about_names_and_contents_below_the_root() {
    let one = tree(&[("a.yaml", GOOD.as_bytes()), ("b/c.yaml", b"")]);
    let same = tree(&[("b/c.yaml", b""), ("a.yaml", GOOD.as_bytes()), ("README", b"x")]);
    let renamed = tree(&[("a.yaml", GOOD.as_bytes()), ("b/d.yaml", b"")]);
    let changed = tree(&[("a.yaml", GOOD.as_bytes()), ("b/c.yaml", b"#")]);
    let digest = |tree: &tempfile::TempDir| read(tree.path()).files_digest();
    assert_eq!(digest(&one), digest(&same));
    assert_ne!(digest(&one), digest(&renamed));
    assert_ne!(digest(&one), digest(&changed));
}
