//! Whether changes say of live state what the planner would say: a plan is untrusted input
//! (`design.md`, "Secrets and hostile input"), and its digests prove no more than that it is whole.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Action, Change, InvitedGrant, LiveMember, LiveState, MemberStatus, OrganizationRole,
    Precondition, ProjectRef, ProjectRole, UserId,
};
use mixaccess_planner::Projection;

use crate::Refusal;
use crate::call::{follows_invitation, needs_user};

/// Refuses every change that is to be sent, as `is_sent` tells by index, and that addresses another
/// number than its subject's, is held to other preconditions than the planner gives, or names another
/// state before it than there is. The preconditions of such a change hold.
pub(crate) fn inconsistencies(
    changes: &[Change],
    is_sent: &[bool],
    live: &LiveState,
) -> Vec<Refusal> {
    let shared = shared_numbers(live);
    let mut projection = Projection::new(live);
    let mut refusals = Vec::new();
    for ((change, follows), is_sent) in changes.iter().zip(follows_invitation(changes)).zip(is_sent)
    {
        if !is_sent {
            continue;
        }
        if let Some(message) = inconsistency(&projection, change, follows, &shared) {
            let message = format!("change {} of {}: {message}", change.id, change.subject);
            refusals.push(Refusal::Malformed { message });
        }
        projection.apply(change);
    }
    refusals
}

fn inconsistency(
    projection: &Projection<'_>,
    change: &Change,
    follows_invitation: bool,
    shared: &BTreeSet<UserId>,
) -> Option<String> {
    let email = change.subject.email();
    let member = projection.member(email);
    let is_invitation = matches!(change.action, Action::Invite { .. });
    if !is_invitation && !follows_invitation {
        let planned = change.subject.user();
        let found = member.and_then(|member| member.id);
        if planned != found {
            return Some(format!(
                "it addresses number {}, and the number of {email} is {}",
                number(planned),
                number(found)
            ));
        }
        if needs_user(&change.action) && planned.is_some_and(|user| shared.contains(&user)) {
            return Some(format!("number {} stands for several members", number(planned)));
        }
    }
    let given = projection.preconditions(email, &change.action);
    let same = if follows_invitation {
        invited(&given) == invited(&change.preconditions)
    } else {
        given == change.preconditions
    };
    if !same {
        return Some("its preconditions are not those of such a change".to_owned());
    }
    before(&change.action, member)
}

/// Preconditions without what is not known of somebody whom the plan itself invites: the number, and
/// whether the invitation has been accepted since.
fn invited(preconditions: &[Precondition]) -> Vec<Precondition> {
    let mut invited = preconditions.to_vec();
    for precondition in &mut invited {
        if let Precondition::Member { user, status, .. } = precondition {
            *user = None;
            *status = MemberStatus::Pending;
        }
    }
    invited
}

/// What an action says of the state before it and is not so.
fn before(action: &Action, member: Option<&LiveMember>) -> Option<String> {
    let member = match (action, member) {
        (Action::Invite { .. }, None) => return None,
        (Action::Invite { .. }, Some(_)) => {
            return Some("it invites somebody who is there".to_owned());
        }
        (_, None) => return Some("it changes somebody who is not there".to_owned()),
        (_, Some(member)) => member,
    };
    let role = |before: Option<OrganizationRole>| {
        let word =
            |role: Option<OrganizationRole>| role.map_or("unknown", OrganizationRole::as_str);
        let found = member.organization_role;
        (found != before).then(|| {
            format!(
                "it names {} as the organization role before, and it is {}",
                word(before),
                word(found)
            )
        })
    };
    match action {
        Action::Invite { .. } => None,
        Action::SetOrganizationRole { before, .. } => role(Some(*before)),
        Action::Grant { project, .. } => held(member, project, None),
        Action::SetProjectRole { project, before, .. } | Action::Revoke { project, before } => {
            held(member, project, Some(before))
        }
        Action::WithdrawInvitation { organization_role, loses } => member
            .status
            .is_active()
            .then(|| "it withdraws an invitation that was accepted".to_owned())
            .or_else(|| role(*organization_role))
            .or_else(|| lost(member, loses)),
        Action::RemoveMember { before, loses } => (!member.status.is_active())
            .then(|| "it removes a member who has not accepted the invitation".to_owned())
            .or_else(|| role(*before))
            .or_else(|| lost(member, loses)),
    }
}

fn held(member: &LiveMember, project: &ProjectRef, before: Option<&ProjectRole>) -> Option<String> {
    let word = |role: Option<&ProjectRole>| role.map_or("none", ProjectRole::as_str).to_owned();
    let found = member.individual_role(project.id);
    (found != before).then(|| {
        format!(
            "it names {} in project {} as the role before, and it is {}",
            word(before),
            project.id,
            word(found)
        )
    })
}

fn lost(member: &LiveMember, loses: &[InvitedGrant]) -> Option<String> {
    loses.iter().find_map(|lost| held(member, &lost.project, Some(&lost.role)))
}

fn number(user: Option<UserId>) -> String {
    user.map_or_else(|| "unknown".to_owned(), |user| user.to_string())
}

/// Numbers that the service gives to several members.
fn shared_numbers(live: &LiveState) -> BTreeSet<UserId> {
    let mut members: BTreeMap<UserId, usize> = BTreeMap::new();
    for user in live.members.iter().filter_map(|member| member.id) {
        *members.entry(user).or_default() += 1;
    }
    members.into_iter().filter(|(_, count)| *count > 1).map(|(user, _)| user).collect()
}
