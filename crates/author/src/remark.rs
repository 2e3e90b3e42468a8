//! What deserves a look, as comments beside the declaration.

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{LiveMember, LiveServiceAccount, OrganizationRole, ProjectRole};

use crate::survey::{Person, Survey};

/// Somebody who was not active for so long may not need the access any more.
const INACTIVE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A service account that was not used for so long should be looked at.
const UNUSED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What deserves a look about a person.
pub(crate) fn person(person: &Person<'_>, survey: &Survey<'_>) -> Vec<String> {
    let member = person.live;
    let mut remarks = Vec::new();
    match member.organization_role {
        Some(OrganizationRole::Owner) => remarks.push("owner of the organization".to_owned()),
        Some(OrganizationRole::Admin) => {
            remarks.push("organization admin: administers every project".to_owned());
        }
        Some(OrganizationRole::BillingAdmin | OrganizationRole::Member) => {}
        None => remarks.push("the service names no organization role".to_owned()),
    }
    if let Some(role @ (ProjectRole::Admin | ProjectRole::Owner)) =
        survey.projects.everywhere(&person.access)
    {
        remarks.push(format!("{role} in every project"));
    }
    if let Some(known) = person.at_provider {
        remarks.push(format!(
            "{known} at the identity provider, and still in the organization: to remove the person, write `state: removed` with `managed_by: mixpanel`"
        ));
    }
    if !person.by_hand.is_empty() {
        remarks.push(format!(
            "made by hand and not written, because the identity provider puts it back: {}; give it through a group",
            person.by_hand.join(", ")
        ));
    }
    remarks.extend(standing(member, survey.live.taken_at));
    let address = member.email.as_str();
    if address.split('@').next().is_some_and(|local| local.trim_start_matches('+').contains('+')) {
        remarks.push("a +alias: is there another account of the same person?".to_owned());
    }
    if address.chars().any(char::is_uppercase) {
        remarks.push("capital letters in the address, which make look-alike accounts".to_owned());
    }
    remarks
}

/// Whether somebody is there at all.
fn standing(member: &LiveMember, now: Timestamp) -> Option<String> {
    if !member.status.is_active() {
        let sent = member.invitation.and_then(|invitation| invitation.sent_at);
        return Some(match sent {
            Some(at) => format!("invited on {}, not accepted yet", day(at)),
            None => "invited, not accepted yet".to_owned(),
        });
    }
    let last = member.last_active.filter(|last| is_older(*last, INACTIVE, now))?;
    Some(format!("not active since {}, for more than 90 days", day(last)))
}

/// What deserves a look about a service account.
pub(crate) fn service_account(account: &LiveServiceAccount, now: Timestamp) -> Vec<String> {
    let mut remarks = Vec::new();
    match account.expires {
        None => remarks.push("its credentials never expire".to_owned()),
        Some(end) if end <= now => remarks.push("its credentials have expired".to_owned()),
        Some(_) => {}
    }
    match account.last_used {
        None => remarks.push("never used, as far as the service says".to_owned()),
        Some(last) if is_older(last, UNUSED, now) => {
            remarks.push(format!("not used since {}, for more than 30 days", day(last)));
        }
        Some(_) => {}
    }
    remarks
}

fn is_older(at: Timestamp, than: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(at) > than
}

/// The day of an instant, in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%F").to_string()
}
