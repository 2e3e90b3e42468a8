//! Writes a large tree of files and measures how long it takes to load and resolve it.
//!
//! ```text
//! cargo run --release -p mixaccess-config --example large_tree -- PEOPLE PROJECTS GRANTS_EACH
//! cargo run --release -p mixaccess-config --example large_tree -- DIRECTORY
//! ```
//!
//! The second form measures a tree that is already there.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use mixaccess_config::{LoadOptions, RenderStyle, load, render};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(root) = arguments.first().filter(|text| text.parse::<usize>().is_err()) {
        return measure(Path::new(root));
    }
    let mut numbers = arguments.iter().map(|text| text.parse::<usize>());
    let mut next = |default| numbers.next().unwrap_or(Ok(default));
    let (people, projects, grants) = (next(2_000)?, next(100)?, next(10)?);
    let directory = tempfile::tempdir()?;
    let bytes = write_tree(directory.path(), people, projects, grants)?;
    println!("{people} files, {} grants, {:.1} MB", people * grants, bytes as f64 / 1e6);
    measure(directory.path())
}

fn measure(root: &Path) -> Result<(), Box<dyn Error>> {
    let options = LoadOptions { root: root.to_path_buf(), organization: None };
    let instant = "2026-06-15T12:00:00Z".parse()?;
    for _ in 0..3 {
        let start = Instant::now();
        let loaded = load(&options);
        let read = start.elapsed();
        let grants = loaded.resolve(instant).map(|resolved| {
            resolved.state.collaborators.iter().map(|one| one.grants.len()).sum::<usize>()
        });
        let all = start.elapsed();
        let problems = loaded.diagnostics().len();
        let (first, rest) = loaded.diagnostics().split_at(problems.min(3));
        let shown = render(first, &loaded, RenderStyle { color: false, width: 100 });
        println!(
            "{shown}{} more problems, {grants:?} desired grants",
            rest.len(),
            grants = grants.ok()
        );
        println!("load {read:?}, with resolve {all:?}, peak {}", peak());
    }
    Ok(())
}

/// A tree as a large organization keeps it: one file a person, most grants in the short form.
fn write_tree(
    root: &Path,
    people: usize,
    projects: usize,
    grants: usize,
) -> Result<usize, Box<dyn Error>> {
    let mut text =
        String::from("organization: { id: 12345, time_zone: Europe/Berlin }\nprojects:\n");
    for project in 0..projects {
        let environment = if project.is_multiple_of(2) { "production" } else { "staging" };
        writeln!(
            text,
            "  project-{project:03}: {{ id: {}, environment: {environment} }}",
            2_000_000 + project
        )?;
    }
    text.push_str("project_groups:\n");
    for group in 0..projects / 10 {
        let members: Vec<String> =
            (0..10).map(|at| format!("project-{:03}", group * 10 + at)).collect();
        writeln!(text, "  group-{group}: [{}]", members.join(", "))?;
    }
    text.push_str("profiles:\n  implementation: { projects: { group-0: admin } }\n");
    fs::write(root.join("organization.yaml"), &text)?;
    let mut bytes = text.len();
    let directory = root.join("people");
    fs::create_dir(&directory)?;
    for person in 0..people {
        let text = write_person(person, projects, grants)?;
        bytes += text.len();
        fs::write(directory.join(format!("person-{person:06}.yaml")), text)?;
    }
    Ok(bytes)
}

fn write_person(person: usize, projects: usize, grants: usize) -> Result<String, std::fmt::Error> {
    let roles = ["consumer", "analyst", "admin"];
    let mut text = format!(
        "collaborators:\n  person.{person:06}@agency.example:\n    name: Person {person}\n"
    );
    if person.is_multiple_of(4) {
        text.push_str("    profile: implementation\n    ticket: IAM-1\n");
    }
    text.push_str("    projects:\n");
    for grant in 0..grants.min(projects) {
        let project = (person * 7 + grant) % projects;
        let role = roles.get((person + grant) % roles.len()).copied().unwrap_or("analyst");
        if grant % 10 == 9 {
            writeln!(
                text,
                "      project-{project:03}: {{ role: {role}, until: 2027-12-31, ticket: IAM-{grant} }}"
            )?;
        } else {
            writeln!(text, "      project-{project:03}: {role}")?;
        }
    }
    Ok(text)
}

/// The most memory the process has held, where the system says.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
