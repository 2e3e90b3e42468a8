//! What the plans that earlier runs left in the state directory say.

use std::path::Path;

use mixaccess_model::{ActingIdentity, LiveState, OrganizationId};
use serde::Deserialize;

/// Largest plan that is looked at, in bytes.
const MOST_BYTES: u64 = 1 << 28;

/// As much of a plan file as tells who made it.
#[derive(Deserialize)]
struct Kept {
    content: KeptContent,
}

#[derive(Deserialize)]
struct KeptContent {
    organization: KeptOrganization,
    acting_as: ActingIdentity,
}

#[derive(Deserialize)]
struct KeptOrganization {
    id: OrganizationId,
}

/// Whether a plan kept below `directory` was made by the identity that read `live` when it was a
/// member. Nothing is looked at where it is one now, or where who it is is not known. A file that is no
/// plan says nothing.
pub fn was_listed(directory: &Path, live: &LiveState) -> bool {
    let Some(email) = live.actor.email.as_ref().filter(|_| live.lists_actor() == Some(false))
    else {
        return false;
    };
    let Ok(entries) = std::fs::read_dir(directory.join("plans")) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        let is_plan = path.extension().is_some_and(|extension| extension == "json")
            && entry.metadata().is_ok_and(|found| found.is_file() && found.len() <= MOST_BYTES);
        let bytes = if is_plan { std::fs::read(&path).ok() } else { None };
        let kept = bytes.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        kept.is_some_and(|Kept { content: KeptContent { organization, acting_as } }| {
            organization.id == live.organization
                && acting_as.listed
                && acting_as.email.as_ref() == Some(email)
        })
    })
}
