//! A list of people and the organization that it is about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mixaccess_config::nearest;
use mixaccess_model::{
    Actor, Dialect, Email, Grant, GrantSource, Invitation, LIVE_FORMAT_VERSION, LiveMember,
    LiveProject, LiveState, ManagedBy, MemberStatus, OrganizationId, OrganizationRole, ProjectId,
    printable,
};

use super::word::folded;
use super::{Listed, ListedGrant, Listing, ListingError, ListingKind, ListingNote, Standing};

/// An organization with the people of a list in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// What is to be declared.
    pub live: LiveState,
    /// Where each person who is not live was found, for [`crate::InitOptions::remarks`].
    pub remarks: BTreeMap<Email, String>,
    /// Where list and organization differ, and what was taken.
    pub notes: Vec<ListingNote>,
}

/// An organization that is known by its projects alone, without asking the service.
pub fn offline(
    organization: OrganizationId,
    name: Option<String>,
    projects: Vec<(String, ProjectId)>,
    taken_at: Timestamp,
) -> LiveState {
    let project = |(name, id)| LiveProject {
        id,
        name,
        members_read: true,
        service_accounts_read: false,
        custom_roles: None,
    };
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization,
        organization_name: name,
        dialect: Dialect::Members,
        taken_at,
        actor: Actor::default(),
        projects: projects.into_iter().map(project).collect(),
        members: Vec::new(),
        teams: None,
        service_accounts: None,
        identity_provider: None,
        unread: Vec::new(),
        unread_rows: Vec::new(),
    };
    live.normalize();
    live
}

/// Puts the people of a list into an organization.
///
/// Where somebody is live, what is live counts and differences are noted; an invitation list adds the
/// projects in which the person has nothing yet. Whoever a member list names and is not live has left
/// since, where the service was asked who is (`was_asked`).
///
/// # Errors
/// Every project that is not known, or that several projects could be.
pub fn combine(
    listing: &Listing,
    live: LiveState,
    was_asked: bool,
) -> Result<Combined, Vec<ListingError>> {
    let at = live.members.iter().enumerate().map(|(at, one)| (one.email.clone(), at)).collect();
    let mut named: BTreeMap<String, Vec<ProjectId>> = BTreeMap::new();
    for project in &live.projects {
        named.entry(folded(&project.name)).or_default().push(project.id);
    }
    let mut combining = Combining {
        at,
        named,
        combined: Combined { live, remarks: BTreeMap::new(), notes: Vec::new() },
        kind: listing.kind,
        was_asked,
        errors: Vec::new(),
    };
    for listed in &listing.people {
        combining.person(listed);
    }
    let Combining { mut combined, mut errors, .. } = combining;
    combined.live.normalize();
    errors.sort();
    if errors.is_empty() { Ok(combined) } else { Err(errors) }
}

struct Combining {
    /// Where in the organization each live person is.
    at: BTreeMap<Email, usize>,
    /// Numbers of projects by folded name.
    named: BTreeMap<String, Vec<ProjectId>>,
    combined: Combined,
    kind: ListingKind,
    was_asked: bool,
    errors: Vec<ListingError>,
}

impl Combining {
    fn note(&mut self, listed: &Listed, message: String) {
        self.combined.notes.push(ListingNote { place: listed.place.clone(), message });
    }

    fn person(&mut self, listed: &Listed) {
        let mut grants = Vec::with_capacity(listed.grants.len());
        for grant in &listed.grants {
            match self.project(grant) {
                Ok(project) => grants.push(Grant {
                    project,
                    role: grant.role.clone(),
                    source: GrantSource::Individual,
                }),
                Err(error) => self.errors.push(error),
            }
        }
        let who = printable(listed.email.as_str()).into_owned();
        if let Some(at) = self.at.get(&listed.email).copied() {
            return self.known(listed, at, grants);
        }
        if self.was_asked && self.kind == ListingKind::Members {
            return self.note(listed, format!("{who} is listed and not live, and is left out"));
        }
        if self.kind == ListingKind::Invitations {
            let remark = format!("to be invited, from {}", listed.place);
            self.combined.remarks.insert(listed.email.clone(), remark);
        }
        self.combined.live.members.push(member(listed, self.kind, grants));
    }

    /// Somebody who is live already.
    fn known(&mut self, listed: &Listed, at: usize, grants: Vec<Grant>) {
        let adds = self.kind == ListingKind::Invitations;
        let Some(member) = self.combined.live.members.get_mut(at) else { return };
        let who = printable(listed.email.as_str()).into_owned();
        let mut differences = Vec::new();
        if let (Some(role), Some(held)) = (listed.organization_role, member.organization_role)
            && role != held
        {
            differences
                .push(format!("{who} is live as {held}, and listed as {role}; {held} is taken"));
        }
        for grant in grants {
            let held = member.individual_role(grant.project).cloned();
            let project = grant.project;
            match held {
                Some(held) if held == grant.role => {}
                Some(held) => differences.push(format!(
                    "{who} is live as {held} in project {project}, and listed as {}; {held} is taken",
                    grant.role
                )),
                None if adds => {
                    differences.push(format!("{who} is live, and gets {} in project {project}", grant.role));
                    member.grants.push(grant);
                    member.grants.sort_unstable();
                }
                None => differences.push(format!(
                    "{who} has no grant of their own in project {project}, and is listed as {}; it is not taken",
                    grant.role
                )),
            }
        }
        for difference in differences {
            self.note(listed, difference);
        }
    }

    /// A project by number, by name, or by both: `Web (2891234)`.
    fn project(&self, grant: &ListedGrant) -> Result<ProjectId, ListingError> {
        let text = grant.project.trim();
        let live = &self.combined.live;
        let number = |text: &str| text.trim().parse::<u64>().ok().map(ProjectId);
        let inside = text.strip_suffix([')', ']']).and_then(|rest| rest.rsplit_once(['(', '[']));
        let numbered = number(text).or_else(|| number(inside?.1));
        if let Some(project) = numbered.and_then(|number| live.project(number)) {
            return Ok(project.id);
        }
        let error = |message: String, hint: String| ListingError {
            place: grant.place.clone(),
            message,
            hint,
        };
        match self.named.get(&folded(text)).map_or(&[][..], Vec::as_slice) {
            [project] => Ok(*project),
            [] => {
                let shown = printable(text);
                let names = live.projects.iter().map(|project| project.name.as_str());
                let hint = match nearest(text, names) {
                    Some(name) => format!("Did you mean `{}`?", printable(name)),
                    None => format!("Name its number with --project \"{shown}=NUMBER\"."),
                };
                Err(error(format!("there is no project `{shown}`"), hint))
            }
            several => {
                let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
                Err(error(
                    format!("{} projects are named `{}`", several.len(), printable(text)),
                    format!("Write the number instead: {}.", numbers.join(" or ")),
                ))
            }
        }
    }
}

fn member(listed: &Listed, kind: ListingKind, mut grants: Vec<Grant>) -> LiveMember {
    grants.sort_unstable();
    let role = listed.organization_role;
    LiveMember {
        id: None,
        email: listed.email.clone(),
        name: listed.name.as_deref().map(Into::into),
        organization_role: match kind {
            ListingKind::Invitations => Some(role.unwrap_or(OrganizationRole::LOWEST)),
            ListingKind::Members => role,
        },
        status: match listed.standing {
            Standing::Active => MemberStatus::Active,
            Standing::Pending | Standing::Expired => MemberStatus::Pending,
        },
        invitation: (listed.standing == Standing::Expired)
            .then(|| Invitation { expired: true, ..Invitation::default() }),
        managed_by: ManagedBy::Mixpanel,
        last_active: listed.last_active,
        grants,
    }
}
