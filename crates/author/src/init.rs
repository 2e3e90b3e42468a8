//! From a live organization to files a person would be glad to maintain.

mod declaration;
mod organization;

use std::collections::BTreeMap;

use mixaccess_model::{Email, LiveState, ProviderKind, Region};

use crate::naming::{Taken, file_name};
use crate::profile::Profiles;
use crate::survey::Survey;
use crate::tree::{Counts, Tree, TreeFile};
use crate::yaml::Lines;

/// How files are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// One file for each collaborator below `people/`, and one for each kind of the rest.
    #[default]
    FilePerCollaborator,
    /// Everything in `access.yaml`.
    OneFile,
}

/// What `init` is told besides the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitOptions {
    /// How files are laid out.
    pub arrangement: Arrangement,
    /// Where the organization's data lives.
    pub region: Region,
    /// The identity provider that manages people, when there is one.
    pub identity_provider: Option<ProviderKind>,
    /// Whether the service was asked what is live; if not, lists say everything.
    pub was_read: bool,
    /// Further remarks about people, such as where they were found.
    pub remarks: BTreeMap<Email, String>,
}

impl Default for InitOptions {
    fn default() -> Self {
        Self {
            arrangement: Arrangement::default(),
            region: Region::Us,
            identity_provider: None,
            was_read: true,
            remarks: BTreeMap::new(),
        }
    }
}

/// Writes the files that say what is live: `plan` with them, against the same live state, is empty.
/// What files cannot say is left out and told.
pub fn init(live: &LiveState, options: &InitOptions) -> Tree {
    let survey = Survey::of(live);
    let access = survey.people.iter().map(|person| &person.access);
    let profiles = Profiles::find(access, &survey.projects);
    let writer = Writer { survey: &survey, profiles: &profiles, options };
    let people = writer.people();
    let sections = [
        ("organization.yaml", writer.organization()),
        ("policy.yaml", writer.policy()),
        ("profiles.yaml", writer.profiles()),
        ("service-accounts.yaml", writer.service_accounts()),
        ("teams.yaml", writer.teams()),
    ];
    let mut files = match options.arrangement {
        Arrangement::FilePerCollaborator => Writer::apart(sections, people),
        Arrangement::OneFile => vec![Writer::together(&sections, &people)],
    };
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let counts = Counts {
        projects: survey.declared.len(),
        profiles: profiles.all.len(),
        collaborators: survey.people.len(),
        teams: survey.teams.as_ref().map_or(0, Vec::len),
        service_accounts: survey.service_accounts.as_ref().map_or(0, Vec::len),
    };
    Tree { files, left_out: survey.left_out, counts }
}

type Sections = [(&'static str, Lines); 5];

struct Writer<'a> {
    survey: &'a Survey<'a>,
    profiles: &'a Profiles,
    options: &'a InitOptions,
}

impl<'a> Writer<'a> {
    fn apart(sections: Sections, people: Vec<(&'a Email, Lines)>) -> Vec<TreeFile> {
        let mut files: Vec<TreeFile> = sections
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(path, lines)| TreeFile { path: path.to_owned(), text: lines.into_text() })
            .collect();
        let mut taken = Taken::default();
        for (email, lines) in people {
            let mut file = Lines::default();
            file.open(0, "collaborators");
            file.push(&lines);
            let path = format!("people/{}.yaml", file_name(email.folded(), &mut taken));
            files.push(TreeFile { path, text: file.into_text() });
        }
        files
    }

    fn together(sections: &Sections, people: &[(&'a Email, Lines)]) -> TreeFile {
        let mut file = Lines::default();
        for (_, lines) in sections.iter().filter(|(_, lines)| !lines.is_empty()) {
            file.append(lines);
        }
        if !people.is_empty() {
            file.gap();
            file.open(0, "collaborators");
            for (at, (_, lines)) in people.iter().enumerate() {
                if at > 0 {
                    file.gap();
                }
                file.push(lines);
            }
        }
        TreeFile { path: "access.yaml".to_owned(), text: file.into_text() }
    }
}
