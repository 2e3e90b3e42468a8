//! Live differences back into the files that are there.
//!
//! A round plans, turns the differences that were chosen into edits, and reads the files again as if the
//! edits were written. What is left of a difference then, or what the policy denies, is taken back, so
//! that no plan contradicts what was adopted.

mod addition;
mod chosen;
mod declared;
mod difference;
mod elsewhere;
mod files;
mod finder;
mod judgement;
mod membership;
mod moving;
mod removal;
#[cfg(test)]
mod tests;
mod tree_style;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_config::{Diagnostic, Edited, LoadOptions, Loaded, load_edited};
use mixaccess_model::{
    Annotations, Capabilities, DesiredServiceAccount, DesiredState, DesiredTeam, LiveState,
    PlanContent, Subject, SubjectKey,
};
use mixaccess_planner::{PlanningInput, plan};

pub use chosen::Chosen;

use difference::differences;
use files::Files;
use finder::{Correction, Corrections};
use removal::Mentions;
use tree_style::TreeStyle;

/// Rounds after which what still differs is given up: the last needed is for what a project that was
/// just declared brings to light.
const MAX_ROUNDS: usize = 8;
/// What is said of edits that did not come to what they were made for.
const UNDONE: &str = "the next plan would undo it";

/// Everything that adopting looks at.
#[derive(Clone, Copy, Debug)]
pub struct AdoptInput<'a> {
    /// Where the files are.
    pub options: &'a LoadOptions,
    /// The files as they are, read from there.
    pub loaded: &'a Arc<Loaded>,
    /// What they say at the instant.
    pub desired: &'a Arc<DesiredState>,
    /// What is live.
    pub live: &'a LiveState,
    /// The instant to resolve the files for.
    pub instant: Timestamp,
    /// What the dialect can do.
    pub capabilities: &'a Capabilities,
    /// What is to be adopted.
    pub chosen: &'a Chosen,
    /// Ticket, reason and people to write beside what is adopted.
    pub annotations: &'a Annotations,
}

/// Edits of the files, and what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// The files that change, sorted by name.
    pub files: Vec<FileChange>,
    /// What is adopted, sorted by subject.
    pub adopted: Vec<Adopted>,
    /// What is not, and why, sorted by subject.
    pub refused: Vec<NotAdopted>,
}

/// One file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path as the user would type it.
    pub name: String,
    /// Where to write.
    pub path: PathBuf,
    /// What it holds; absent for a new file.
    pub before: Option<String>,
    /// What it is to hold; absent for one that is to be deleted.
    pub after: Option<String>,
}

/// What is adopted for one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Whose access.
    pub subject: Subject,
    /// What the files say then, as fragments.
    pub what: Vec<String>,
}

/// What is not adopted, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotAdopted {
    /// Whose access; absent for what was chosen and does not exist.
    pub subject: Option<Subject>,
    /// Why: a lowercase fragment.
    pub why: String,
}

/// Why nothing can be adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The edits would leave files with errors: a defect of this program.
    #[error("the edits would leave files with errors; nothing was changed")]
    Contradiction(Vec<Diagnostic>),
    /// A plan cannot be made.
    #[error("cannot plan: {0}")]
    Plan(#[from] serde_json::Error),
}

/// Works out the edits that write chosen differences into the files. Nothing is written here.
///
/// # Errors
/// When no plan can be made, which no valid input causes.
pub fn adopt(input: &AdoptInput<'_>) -> Result<Adoption, AdoptError> {
    let first = Situation::of(input, Arc::clone(input.loaded), Arc::clone(input.desired))?;
    let mut refused = Refusals::new();
    loop {
        let attempt = Attempt::run(input, &first, &refused)?;
        let new: Vec<(SubjectKey, String)> = attempt
            .refused
            .iter()
            .filter(|(key, _)| !refused.contains_key(key))
            .map(|(key, why)| (key.clone(), why.clone()))
            .collect();
        // Another attempt without those of whom nothing was edited would come to the same.
        let is_last = new.iter().all(|(key, _)| attempt.untouched.contains(key));
        if is_last {
            refused.extend(new);
            return Ok(finish(input, &first, attempt, refused));
        }
        refused.extend(new);
    }
}

/// Files as they are and the plan between them and what is live.
struct Situation {
    loaded: Arc<Loaded>,
    desired: Arc<DesiredState>,
    content: PlanContent,
    /// Where in the desired state each team is, by its name, and each service account.
    teams: BTreeMap<Arc<str>, usize>,
    service_accounts: BTreeMap<Arc<str>, usize>,
}

impl Situation {
    fn edited(input: &AdoptInput<'_>, edited: &Edited) -> Result<Self, AdoptError> {
        let loaded = load_edited(input.options, edited);
        let resolved = loaded.resolve(input.instant).map_err(AdoptError::Contradiction)?;
        Self::of(input, Arc::new(loaded), Arc::new(resolved.state))
    }

    fn of(
        input: &AdoptInput<'_>,
        loaded: Arc<Loaded>,
        desired: Arc<DesiredState>,
    ) -> Result<Self, AdoptError> {
        let content = planned(input, &desired, input.live)?;
        let teams = desired.teams.iter().flatten().map(|team| &team.name);
        let accounts = desired.service_accounts.iter().flatten().map(|one| &one.username);
        let (teams, service_accounts) = (indexed(teams), indexed(accounts));
        Ok(Self { loaded, desired, content, teams, service_accounts })
    }

    fn team(&self, name: &str) -> Option<&DesiredTeam> {
        self.desired.teams.as_deref()?.get(*self.teams.get(name)?)
    }

    fn service_account(&self, username: &str) -> Option<&DesiredServiceAccount> {
        let accounts = self.desired.service_accounts.as_deref()?;
        accounts.get(*self.service_accounts.get(username)?)
    }
}

/// Where each name stands; of several, the first.
fn indexed<'a>(
    names: impl DoubleEndedIterator<Item = &'a Arc<str>> + Clone,
) -> BTreeMap<Arc<str>, usize> {
    let count = names.clone().count();
    let last_first = names.rev().enumerate();
    last_first.map(|(back, name)| (Arc::clone(name), count - 1 - back)).collect()
}

fn planned(
    input: &AdoptInput<'_>,
    desired: &DesiredState,
    live: &LiveState,
) -> Result<PlanContent, AdoptError> {
    Ok(plan(&PlanningInput {
        desired,
        live,
        capabilities: input.capabilities,
        base_url: "",
        instant_given: false,
        allow: &[],
    })?)
}

/// One way through all rounds, leaving out what was refused before.
struct Attempt<'a> {
    first: &'a Situation,
    edited: Edited,
    adopted: Said,
    refused: Refusals,
    /// Of those who are refused, the people and service accounts of whom nothing was edited.
    untouched: BTreeSet<SubjectKey>,
    /// What is not adopted of subjects that may be.
    left: BTreeSet<NotAdopted>,
}

impl<'a> Attempt<'a> {
    fn run(
        input: &AdoptInput<'_>,
        first: &'a Situation,
        before: &Refusals,
    ) -> Result<Self, AdoptError> {
        let mut attempt = Self {
            first,
            edited: Edited::new(),
            adopted: Said::new(),
            refused: Refusals::new(),
            untouched: BTreeSet::new(),
            left: BTreeSet::new(),
        };
        let mut now: Option<Situation> = None;
        for _ in 0..MAX_ROUNDS {
            let situation = now.as_ref().unwrap_or(attempt.first);
            let (found, left) = differences(input, situation, before);
            attempt.leave_untouched(&found);
            let mut files = Files::of(&situation.loaded);
            let round =
                Round { input, situation, style: OnceCell::new(), mentions: OnceCell::new() };
            let (adopted, refused) = round.edit(&found, &mut files);
            if files.is_unchanged() {
                attempt.left = left;
                attempt.refused.extend(refused);
                attempt.keep(found.keys().filter(|key| !adopted.contains_key(key)).cloned());
                return attempt.judged(input, now);
            }
            files.write(&mut attempt.edited);
            for (key, what) in adopted {
                let said = attempt.adopted.entry(key).or_default();
                let mut known: BTreeSet<String> = said.iter().cloned().collect();
                said.extend(what.into_iter().filter(|one| known.insert(one.clone())));
            }
            attempt.refused.extend(refused);
            now = Some(Situation::edited(input, &attempt.edited)?);
        }
        let situation = now.as_ref().unwrap_or(attempt.first);
        let (found, left) = differences(input, situation, before);
        attempt.left = left;
        attempt.keep(found.into_keys());
        attempt.judged(input, now)
    }

    /// Remembers who is refused without an edit before. What is known of teams decides about others.
    fn leave_untouched(&mut self, found: &Corrections) {
        for (key, difference) in found {
            let is_edited = self.adopted.contains_key(key) || self.refused.contains_key(key);
            if matches!(difference, Correction::Refused(_))
                && !matches!(key, SubjectKey::Team(_))
                && !is_edited
            {
                self.untouched.insert(key.clone());
            }
        }
    }

    /// What still differs although it was edited is taken back.
    fn keep(&mut self, keys: impl IntoIterator<Item = SubjectKey>) {
        for key in keys {
            self.refused.entry(key).or_insert_with(|| UNDONE.to_owned());
        }
    }

    /// Takes back what the policy denies.
    fn judged(
        mut self,
        input: &AdoptInput<'_>,
        now: Option<Situation>,
    ) -> Result<Self, AdoptError> {
        if let Some(now) = now {
            let denied = judgement::denied(input, self.first, &now, &self.adopted)?;
            self.refused.extend(denied);
        }
        Ok(self)
    }
}

/// One round: differences to edits.
struct Round<'a> {
    input: &'a AdoptInput<'a>,
    situation: &'a Situation,
    /// How the tree is written; looked at once, when somebody is new.
    style: OnceCell<TreeStyle>,
    /// Who is named where; looked at once, when somebody is gone.
    mentions: OnceCell<Mentions<'a>>,
}

type Said = BTreeMap<SubjectKey, Vec<String>>;
type Refusals = BTreeMap<SubjectKey, String>;

impl Round<'_> {
    fn edit(&self, found: &Corrections, files: &mut Files<'_>) -> (Said, Refusals) {
        let mut adopted = Said::new();
        let mut refused = Refusals::new();
        self.removals(found, files, &mut adopted, &mut refused);
        for (key, difference) in found {
            let edited = match difference {
                Correction::Refused(why) => Err(why.clone()),
                Correction::Gone => continue,
                Correction::Undeclared => self.add(key, files),
                Correction::Declared(wanted) => self.change(key, wanted, files),
            };
            match edited {
                Ok(what) => drop(adopted.insert(key.clone(), what)),
                Err(why) => drop(refused.insert(key.clone(), why)),
            }
        }
        self.projects(files);
        (adopted, refused)
    }
}

fn finish(
    input: &AdoptInput<'_>,
    first: &Situation,
    attempt: Attempt<'_>,
    refused: Refusals,
) -> Adoption {
    let Attempt { first: _, edited, adopted, refused: _, untouched: _, left } = attempt;
    let mut changes = Vec::with_capacity(edited.len());
    let files = files::by_path(&first.loaded);
    for (path, after) in edited {
        let file = files.get(path.as_path());
        let before = file.and_then(|file| first.loaded.text(*file).ok());
        let after = after.map(|text| text.to_string());
        if before != after {
            let name = files::name_of(&path);
            changes.push(FileChange { name, path, before, after });
        }
    }
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    let adopted = adopted
        .into_iter()
        .filter(|(_, what)| !what.is_empty())
        .map(|(key, what)| Adopted { subject: key.into(), what })
        .collect();
    let mut refused: Vec<NotAdopted> = refused
        .into_iter()
        .map(|(key, why)| NotAdopted { subject: Some(key.into()), why })
        .chain(left)
        .collect();
    refused.sort();
    refused.extend(input.chosen.missing(first, input.live));
    Adoption { files: changes, adopted, refused }
}

/// A fragment about a role.
fn role_words(what: &str, role: Option<&str>) -> String {
    format!("{what}: {}", role.unwrap_or(crate::access::NO_ACCESS))
}
