//! What a human is told about people whom an identity provider manages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mixaccess_model::{
    DesiredCollaborator, Finding, LiveMember, LiveState, ScimUser, Severity, State, UnreadList,
};

use crate::codes::{
    LOOK_ALIKE_MEMBER, SCIM_DOMAIN, SCIM_HAND_MADE, SCIM_REMOVED_STILL_ACCESS, SCIM_REVERTED,
    SCIM_UNDECLARED, SCIM_UNREADABLE,
};
use crate::compare::comparer::Comparer;
use crate::finding::names::names;
use crate::finding::observation::without_alias;
use crate::invitation::lasting;

/// An event of the SCIM log (`SERVICE.md`, "Dialect members").
const ROLE_CHANGED: &str = "USER_ROLE_CHANGED";

/// What is told of somebody whom an identity provider manages. `differs` says whether something has
/// to change there so that they have what is declared.
pub(crate) fn about(
    comparer: &Comparer<'_>,
    collaborator: Option<&DesiredCollaborator>,
    member: Option<&LiveMember>,
    differs: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(collaborator.and_then(|one| unclaimed_domain(comparer, one)));
    let Some(member) = member else { return findings };
    findings.extend(undeclared(comparer, collaborator, member));
    findings.extend(hand_made(comparer, collaborator, member));
    findings.extend(removed_and_still_there(comparer, collaborator, member));
    findings.extend(reverted(comparer, member).filter(|_| differs));
    let place = collaborator.map(|one| comparer.desired.place(one.cause.position));
    findings.into_iter().map(|finding| finding.at(place.clone())).collect()
}

/// SCIM reaches only people whose domain the organization has claimed.
fn unclaimed_domain(comparer: &Comparer<'_>, one: &DesiredCollaborator) -> Option<Finding> {
    if !comparer.is_of_unclaimed_domain(one) {
        return None;
    }
    let domain = one.email.domain();
    let message = format!("marked `managed_by: scim`, and the domain {domain} is not claimed");
    Some(
        Finding::new(Severity::Warning, SCIM_DOMAIN, message).about(&one.email).with_hint(
            "SCIM reaches only people of claimed domains: claim it, list it under `identity_provider.domains`, or manage the person in Mixpanel.",
        ),
    )
}

fn undeclared(
    comparer: &Comparer<'_>,
    collaborator: Option<&DesiredCollaborator>,
    member: &LiveMember,
) -> Option<Finding> {
    let is_told = collaborator.is_some_and(|one| {
        let goes = one.state == State::Removed && comparer.is_gone_there(member);
        one.managed_by.is_mixpanel() && !goes
    });
    (is_told && comparer.is_managed(None, Some(member))).then(|| {
        Finding::new(
            Severity::Warning,
            SCIM_UNDECLARED,
            "an identity provider manages this account, and the files do not say so",
        )
        .about(&member.email)
        .with_hint("Write `managed_by: scim` beside the person: nothing is changed here meanwhile.")
    })
}

fn hand_made(
    comparer: &Comparer<'_>,
    collaborator: Option<&DesiredCollaborator>,
    member: &LiveMember,
) -> Option<Finding> {
    let grants: Vec<String> = member
        .individual_grants()
        .map(|(project, role)| format!("{role} in {}", comparer.names.reference(project).key))
        .collect();
    if grants.is_empty() {
        return None;
    }
    let (will, hint) = if !comparer.is_reached(collaborator, member) {
        (
            "which stays, because SCIM does not reach the domain",
            "Manage the person in Mixpanel, or claim the domain.",
        )
    } else if comparer.is_gone_there(member) {
        (
            "which stays, because the identity provider does not have the person",
            "It goes with the account: see that the person leaves Mixpanel, or take it away there.",
        )
    } else {
        (
            "which the identity provider will revert",
            "Give it through a group of the identity provider.",
        )
    };
    let held = names(grants);
    let message = format!("holds {held} by an individual grant, {will}");
    let finding = Finding::new(Severity::Warning, SCIM_HAND_MADE, message);
    Some(finding.about(&member.email).with_hint(hint))
}

/// Somebody whom the identity provider does not have any more, and who is there all the same, after
/// the time that its changes take.
fn removed_and_still_there(
    comparer: &Comparer<'_>,
    collaborator: Option<&DesiredCollaborator>,
    member: &LiveMember,
) -> Option<Finding> {
    if collaborator.is_some_and(|one| comparer.is_of_unclaimed_domain(one)) {
        return None;
    }
    let passed = comparer.outstayed(member)?;
    let is_known = comparer.directory.user(&member.email).is_some();
    let gone = if is_known { "deactivated" } else { "not known" };
    let when =
        passed.map_or_else(String::new, |time| format!(", deprovisioned {} ago", lasting(time)));
    let message = format!("{gone} at the identity provider{when}, and still in the organization");
    Some(
        Finding::new(Severity::Warning, SCIM_REMOVED_STILL_ACCESS, message)
            .about(&member.email)
            .with_hint("Check how deprovisioning is set up at the identity provider and in Mixpanel, or declare `state: removed` with `managed_by: mixpanel`."),
    )
}

/// SCIM set the access, and it differs from the files. Its log does not say whether the identity
/// provider did, or a run that wrote membership through it.
fn reverted(comparer: &Comparer<'_>, member: &LiveMember) -> Option<Finding> {
    let at = comparer.directory.last_event(&member.email, ROLE_CHANGED)?;
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let message = format!("SCIM last set the access at {at}, and it differs from the files");
    let hint = match comparer.desired.policy.scim.write {
        true => {
            "Either a change by hand was put back, or this is what was last written through SCIM: look at what the person's groups give."
        }
        false => "A change by hand was probably put back: change the groups there instead.",
    };
    Some(
        Finding::new(Severity::Warning, SCIM_REVERTED, message)
            .about(&member.email)
            .with_hint(hint),
    )
}

/// SCIM was asked, and did not answer what writing through it takes.
pub(crate) fn unreadable(comparer: &Comparer<'_>) -> Option<Finding> {
    if let Some(why) = comparer.live.why_unread(UnreadList::IdentityProvider, None) {
        let message = format!("what the identity provider has was not read: {why}");
        let finding = Finding::new(Severity::Warning, SCIM_UNREADABLE, message)
            .with_hint("What it has of people is unknown; changes there are made by hand. Check MIXPANEL_SCIM_TOKEN with `mixaccess doctor`.");
        return Some(finding);
    }
    let groups = comparer.live.identity_provider.as_ref().and_then(|one| one.groups.as_ref());
    let is_managed = comparer.desired.collaborators.iter().any(|one| !one.managed_by.is_mixpanel());
    (comparer.desired.policy.scim.write && is_managed && groups.is_none()).then(|| {
        let message = "`policy.scim.write` is on, and the groups of the identity provider were not read";
        Finding::new(Severity::Warning, SCIM_UNREADABLE, message)
            .with_hint("Give the token of SCIM with MIXPANEL_SCIM_TOKEN; until then changes there are made by hand.")
    })
}

/// Two accounts for one person, one of which an identity provider manages: an account there that is a
/// live one but for capital letters or an alias, or two live ones that are one but for an alias
/// (`SERVICE.md`, "Behaviour", 8).
pub(crate) fn look_alikes(comparer: &Comparer<'_>) -> Vec<Finding> {
    let live = comparer.live;
    let provider = live.identity_provider.as_ref();
    let users = provider.and_then(|provider| provider.users.as_deref()).unwrap_or_default();
    let mut by_base: BTreeMap<String, Vec<&LiveMember>> = BTreeMap::new();
    let says_so = live.members.iter().any(|one| !one.managed_by.is_mixpanel())
        || comparer.desired.collaborators.iter().any(|one| !one.managed_by.is_mixpanel());
    if users.is_empty() && !says_so {
        return Vec::new();
    }
    for member in &live.members {
        by_base.entry(without_alias(&member.email)).or_default().push(member);
    }
    let mut findings: Vec<Finding> =
        users.iter().filter_map(|user| look_alike(live, &by_base, user)).collect();
    findings.extend(by_base.values().filter_map(|accounts| two_accounts(comparer, accounts)));
    findings
}

/// Live accounts that are one but for an alias. Those that differ in capital letters only are told of
/// where they are compared; whom the policy ignores is meant to be there.
fn two_accounts(comparer: &Comparer<'_>, accounts: &[&LiveMember]) -> Option<Finding> {
    let mut accounts: Vec<&LiveMember> =
        accounts.iter().copied().filter(|one| !comparer.is_ignored(one)).collect();
    accounts.dedup_by(|a, b| a.email == b.email);
    let is_managed = |one: &&LiveMember| {
        comparer.is_managed(comparer.desired.collaborator(&one.email), Some(one))
    };
    let managed = accounts.iter().copied().find(is_managed)?;
    let others = accounts.iter().filter(|one| one.email != managed.email);
    let others: Vec<String> = others.map(|one| one.email.to_string()).collect();
    if others.is_empty() {
        return None;
    }
    let message = format!("{} is live as well: two accounts for one person", names(others));
    let finding = Finding::new(Severity::Warning, LOOK_ALIKE_MEMBER, message)
        .about(&managed.email)
        .with_hint("An identity provider that sends another spelling makes another account: keep the one that it manages, or list the other under `policy.unmanaged.ignore`.");
    Some(finding)
}

fn look_alike(
    live: &LiveState,
    by_base: &BTreeMap<String, Vec<&LiveMember>>,
    user: &ScimUser,
) -> Option<Finding> {
    let email = &user.email;
    let found = match live.member(email) {
        Some(member) if member.email.same_spelling(email) => return None,
        Some(member) => &member.email,
        None => &by_base.get(&without_alias(email))?.first()?.email,
    };
    let message = format!("the identity provider has {email}, live is {found}");
    let finding = Finding::new(Severity::Warning, LOOK_ALIKE_MEMBER, message)
        .about(found)
        .with_hint("Addresses are compared letter by letter, so that one person gets two accounts: make both alike.");
    Some(finding)
}
