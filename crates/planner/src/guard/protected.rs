//! `protected`: people whom no plan may touch, the identity we run as always among them.

use std::collections::BTreeSet;

use mixaccess_model::{Change, Email, GuardCode, GuardVerdict, Subject};

use super::{Context, TeamPeople, subjects, way_past};
use crate::order::actor_permission::is_acting_account;

pub(super) fn evaluate(context: &Context<'_>) -> Vec<GuardVerdict> {
    let people = TeamPeople::of(context.content);
    let mut verdicts: Vec<GuardVerdict> = Vec::new();
    let mut seen: BTreeSet<&Email> = BTreeSet::new();
    let mut self_seen = false;
    for change in &context.content.changes {
        for email in people.touched_by(change) {
            if seen.insert(email) {
                verdicts.extend(of_person(context, email, change));
            }
        }
        if !self_seen && is_own_account(context, &change.subject) {
            self_seen = true;
            verdicts.push(ourselves(change, change.subject.clone()));
        }
    }
    verdicts.extend(unknown_account(context));
    verdicts
}

/// A deletion of service accounts while nobody knows which of them we run as: live state that an older
/// program took does not say.
fn unknown_account(context: &Context<'_>) -> Option<GuardVerdict> {
    if context.live.actor.service_account.is_some() {
        return None;
    }
    let is_deletion = |change: &&Change| {
        let is_account = matches!(change.subject, Subject::ServiceAccount { .. });
        is_account && change.write.verb.ends()
    };
    let deletions = || context.content.changes.iter().filter(is_deletion);
    let first = deletions().next()?;
    Some(GuardVerdict {
        guard: GuardCode::Protected,
        message: format!(
            "the plan deletes {}, and live state does not say which service account we run as",
            subjects(deletions().map(|change| &change.subject))
        ),
        way_past: "there is none: plan against the service, or take a new snapshot with `mixaccess snapshot`"
            .to_owned(),
        subject: (deletions().count() == 1).then(|| first.subject.clone()),
        place: first.reason.place.clone(),
        overridden_by: None,
    })
}

fn of_person(context: &Context<'_>, email: &Email, change: &Change) -> Option<GuardVerdict> {
    let member = context.live.member(email);
    let user = change.subject.user().or_else(|| member.and_then(|member| member.id));
    let subject = Subject::Person { email: email.clone(), user };
    let is_self = context.content.acting_as.email.as_ref() == Some(email)
        || context.live.actor.email.as_ref() == Some(email)
        || (user.is_some() && context.live.actor.user == user);
    if is_self {
        return Some(ourselves(change, subject));
    }
    let pattern = context.policy().protected.iter().find(|pattern| pattern.matches(email))?;
    Some(GuardVerdict {
        guard: GuardCode::Protected,
        message: format!("{email} is protected by `{}`, and the plan changes it", pattern.as_str()),
        way_past: way_past(GuardCode::Protected, None),
        subject: Some(subject),
        place: change.reason.place.clone(),
        overridden_by: context.overridden(GuardCode::Protected, None),
    })
}

fn is_own_account(context: &Context<'_>, subject: &Subject) -> bool {
    let Subject::ServiceAccount { username, .. } = subject else { return false };
    is_acting_account(&context.live.actor, username, context.live.service_account(username))
}

fn ourselves(change: &Change, subject: Subject) -> GuardVerdict {
    GuardVerdict {
        guard: GuardCode::Protected,
        message: format!("{subject} is the identity we run as, and the plan changes it"),
        way_past: "there is none: let another administrator's credentials make this change"
            .to_owned(),
        subject: Some(subject),
        place: change.reason.place.clone(),
        overridden_by: None,
    }
}
