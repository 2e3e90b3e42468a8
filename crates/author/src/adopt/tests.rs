//! Adopting, by example and for any organization.

mod examples;
mod properties;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mixaccess_config::{LoadOptions, load};
use mixaccess_model::{Annotations, LiveState, PlanContent};
use mixaccess_planner::testing::{CAPABILITIES, World};
use similar::{Algorithm, ChangeTag, capture_diff_slices};

use super::{AdoptInput, Adoption, Chosen, adopt};

pub(super) fn everything() -> Chosen {
    Chosen { all: true, ..Chosen::default() }
}

pub(super) fn options(root: &Path) -> LoadOptions {
    LoadOptions { root: root.to_path_buf(), organization: None }
}

pub(super) fn adopted(
    root: &Path,
    live: &LiveState,
    chosen: &Chosen,
    notes: &Annotations,
) -> Adoption {
    let loaded = load(&options(root));
    let desired = loaded.resolve(live.taken_at).unwrap_or_else(|errors| panic!("{errors:#?}"));
    adopt(&AdoptInput {
        options: &options(root),
        loaded: &Arc::new(loaded),
        desired: &Arc::new(desired.state),
        live,
        instant: live.taken_at,
        capabilities: &CAPABILITIES,
        chosen,
        annotations: notes,
    })
    .unwrap()
}

pub(super) fn write(adoption: &Adoption) {
    for file in &adoption.files {
        match &file.after {
            Some(text) => {
                fs::create_dir_all(file.path.parent().unwrap()).unwrap();
                fs::write(&file.path, text).unwrap();
            }
            None => fs::remove_file(&file.path).unwrap(),
        }
    }
}

/// The plan between the files below a directory and an organization.
pub(super) fn plan_of(root: &Path, live: &LiveState) -> PlanContent {
    let loaded = load(&options(root));
    let desired =
        loaded.resolve(live.taken_at).unwrap_or_else(|errors| panic!("{errors:#?}")).state;
    World { desired, live: live.clone() }.plan().unwrap()
}

/// What changes, as unified diffs, and what does not, with its reason.
pub(super) fn shown(root: &Path, adoption: &Adoption) -> String {
    let mut text = String::new();
    for file in &adoption.files {
        let name = file.path.strip_prefix(root).unwrap().display().to_string();
        let before = file.before.as_deref().unwrap_or_default();
        let after = file.after.as_deref().unwrap_or_default();
        let what = match (&file.before, &file.after) {
            (None, _) => "new ",
            (_, None) => "deleted ",
            _ => "",
        };
        text.push_str(&format!("=== {what}{name}\n"));
        let old: Vec<&str> = before.lines().collect();
        let new: Vec<&str> = after.lines().collect();
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            for change in op.iter_changes(&old, &new) {
                if change.tag() != ChangeTag::Equal {
                    text.push_str(&format!("{}{}\n", change.tag(), change.value()));
                }
            }
        }
    }
    for one in &adoption.refused {
        let who = one.subject.as_ref().map_or_else(String::new, |subject| format!("{subject}: "));
        text.push_str(&format!("not adopted: {who}{}\n", one.why));
    }
    text
}
