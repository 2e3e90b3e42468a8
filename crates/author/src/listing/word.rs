//! Words of a list: roles, standings and dates, as interfaces and people write them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mixaccess_config::nearest;
use mixaccess_model::{OrganizationRole, ProjectRole, printable};

use super::Standing;
use crate::survey::is_sayable_role;

const ORGANIZATION_WORDS: [(&str, OrganizationRole); 4] = [
    ("owner", OrganizationRole::Owner),
    ("admin", OrganizationRole::Admin),
    ("billing admin", OrganizationRole::BillingAdmin),
    ("member", OrganizationRole::Member),
];
const PROJECT_WORDS: [&str; 5] = ["owner", "admin", "analyst", "consumer", "viewer"];
const NO_ACCESS: [&str; 5] = ["none", "no access", "-", "–", ""];

/// A word in lower case, without what stands around it, blanks for `_` and `-` inside.
pub(super) fn folded(text: &str) -> String {
    let words = text.split(|one: char| one.is_whitespace() || matches!(one, '_' | '-'));
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}

/// An organization role: `Owner`, `Org Admin`, `billing_admin`.
pub(super) fn organization_role(text: &str) -> Result<OrganizationRole, String> {
    let word = folded(text);
    let word =
        word.strip_prefix("organization ").or_else(|| word.strip_prefix("org ")).unwrap_or(&word);
    if let Some((_, role)) = ORGANIZATION_WORDS.iter().find(|(name, _)| *name == word) {
        return Ok(*role);
    }
    let hint = nearest(word, ORGANIZATION_WORDS.iter().map(|(name, _)| *name));
    let hint = hint.map_or_else(String::new, |word| format!("; did you mean {word}?"));
    Err(format!("there is no organization role `{}`{hint}", printable(text)))
}

/// A project role: `Admin`, `Project Analyst`, `Viewer`, the name of a custom role, or nothing for no
/// access. A word that begins like a standard role and is nearly that is a mistake.
pub(super) fn project_role(text: &str) -> Result<Option<ProjectRole>, String> {
    let text = text.trim();
    let word = folded(text);
    if NO_ACCESS.contains(&text) || NO_ACCESS.contains(&word.as_str()) {
        return Ok(None);
    }
    let plain = word.strip_prefix("project ").unwrap_or(&word);
    if PROJECT_WORDS.contains(&plain) {
        return Ok(Some(ProjectRole::parse(plain)));
    }
    let alike =
        PROJECT_WORDS.into_iter().filter(|word| word.chars().next() == plain.chars().next());
    if let Some(meant) = nearest(plain, alike) {
        return Err(format!("there is no role `{}`; did you mean {meant}?", printable(text)));
    }
    let role = ProjectRole::parse(text);
    if is_sayable_role(&role) {
        Ok(Some(role))
    } else {
        Err(format!("`{}` can name no role", printable(text)))
    }
}

/// Whether and how somebody is there.
pub(super) fn standing(text: &str) -> Option<Standing> {
    match folded(text).as_str() {
        "" | "active" | "accepted" | "member" | "joined" => Some(Standing::Active),
        "pending" | "invited" | "invite sent" | "invitation sent" => Some(Standing::Pending),
        "expired" | "invite expired" | "invitation expired" => Some(Standing::Expired),
        _ => None,
    }
}

/// An instant or a day; the day begins in UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let day = text.get(..10).unwrap_or(text);
    let date = day.parse::<Date>().or_else(|_| Date::strptime("%b %d, %Y", text));
    let date = date.or_else(|_| Date::strptime("%m/%d/%Y", text)).ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
