//! What the planner tells a human besides the changes, and how it is worded.

use mixaccess_model::{
    Actor, Capabilities, Change, DesiredCollaborator, DesiredState, Email, Finding, LiveMember,
    LiveState, OrganizationRole, Severity, Subject, UnreadList, Verb, printable,
};

use crate::codes::{
    ACTOR_POWER, ACTOR_UNKNOWN, DECLARED_TWICE, DUPLICATE_MEMBER, FEW_OWNERS, IRREVERSIBLE,
    LOOK_ALIKE_MEMBER, NOT_UNDONE, PROJECT_NOT_LIVE, PROJECT_NOT_READ, READING_CREDENTIALS,
    REINVITED, SPELLING, UNDECLARED_PROJECT_UNREAD, UNKNOWN_ORGANIZATION_ROLE, UNKNOWN_VERB,
};
use crate::finding::names::names;
use crate::order::sequence::Sequence;

/// Declared projects that cannot be planned for, because nobody's grants in them are known.
pub(crate) fn unreadable_projects(desired: &DesiredState, live: &LiveState) -> Vec<Finding> {
    let mut findings = Vec::new();
    for project in &desired.projects {
        let place = Some(desired.place(project.position));
        match live.project(project.id) {
            None => findings.push(
                Finding::new(
                    Severity::Error,
                    PROJECT_NOT_LIVE,
                    format!("project {} (id {}) is not in the live organization", project.key, project.id),
                )
                .in_project(&project.key)
                .with_hint("Check the id. A project that was just created can take 5 minutes to appear.")
                .at(place),
            ),
            Some(found) if !found.members_read => findings.push(
                Finding::new(
                    Severity::Error,
                    PROJECT_NOT_READ,
                    format!("the members of project {} were not read", project.key),
                )
                .in_project(&project.key)
                .with_hint("The snapshot was taken before the files declared this project. Take a new one with `mixaccess snapshot`.")
                .at(place),
            ),
            Some(_) => {}
        }
    }
    findings
}

pub(crate) fn spelling(
    desired: &DesiredState,
    collaborator: &DesiredCollaborator,
    member: &LiveMember,
) -> Option<Finding> {
    if collaborator.email.same_spelling(&member.email) {
        return None;
    }
    Some(
        Finding::new(
            Severity::Warning,
            SPELLING,
            format!("declared as {}, live as {}", collaborator.email, member.email),
        )
        .about(&member.email)
        .with_hint(
            "Identity providers compare addresses letter by letter: write it as the live account does.",
        )
        .at(Some(desired.place(collaborator.cause.position))),
    )
}

pub(crate) fn unknown_organization_role(member: &LiveMember) -> Finding {
    Finding::new(
        Severity::Warning,
        UNKNOWN_ORGANIZATION_ROLE,
        "the service names no organization role that we know, so it is left alone",
    )
    .about(&member.email)
}

/// An address that is declared more than once: the first declaration is planned.
pub(crate) fn declared_twice(
    desired: &DesiredState,
    first: &DesiredCollaborator,
    again: &DesiredCollaborator,
) -> Finding {
    let place = desired.place(first.cause.position);
    Finding::new(
        Severity::Error,
        DECLARED_TWICE,
        format!("{} is declared here and at {place}", again.email),
    )
    .about(&again.email)
    .with_hint("Keep one of the declarations.")
    .at(Some(desired.place(again.cause.position)))
}

/// Live accounts that differ only in capital letters: nobody can tell which one the files mean.
pub(crate) fn duplicate(accounts: &[LiveMember]) -> Option<Finding> {
    let finding = Finding::new(
        Severity::Warning,
        DUPLICATE_MEMBER,
        format!("{} live accounts for one address: {}", accounts.len(), spelled(accounts)),
    )
    .about(&accounts.first()?.email)
    .with_hint("Remove or rename one of them in Mixpanel; until then nothing is given, and what the files take away is taken from one account a plan, the accepted one first.");
    Some(finding)
}

/// Accounts that differ only in capital letters, none of them declared.
pub(crate) fn unmanaged_look_alike(member: &LiveMember, accounts: &[LiveMember]) -> Finding {
    Finding::new(
        Severity::Warning,
        LOOK_ALIKE_MEMBER,
        format!("{} live accounts for one address: {}", accounts.len(), spelled(accounts)),
    )
    .about(&member.email)
    .with_hint(
        "Identity providers compare addresses letter by letter: one of them is probably a mistake.",
    )
}

fn spelled(accounts: &[LiveMember]) -> String {
    let names: Vec<String> = accounts
        .iter()
        .map(|one| match one.id {
            Some(id) => format!("{} (number {id})", one.email),
            None => one.email.to_string(),
        })
        .collect();
    names.join(", ")
}

/// Changes that the service would refuse for the identity we run as.
pub(crate) fn actor_power(sequence: &Sequence) -> Vec<Finding> {
    let refused = sequence.refused.iter().filter_map(|refused| {
        let change = sequence.changes.get(refused.change)?;
        let message = format!("the service would refuse this: {}", refused.message);
        let mut finding = Finding::new(Severity::Error, ACTOR_POWER, message)
            .about_subject(change.subject.clone())
            .with_hint("Run as a service account with a stronger role, or leave this change out.")
            .at(change.reason.place.clone());
        finding.project = change.write.project().map(|project| project.key.clone());
        Some(finding)
    });
    refused.collect()
}

/// The one thing to tell somebody who plans with credentials that cannot apply.
pub(crate) fn reading_identity(sequence: &Sequence) -> Option<Finding> {
    let refused = sequence.refused.len();
    let message = format!(
        "the credentials can plan, and the service would refuse {refused} of the {} changes to them",
        sequence.changes.len()
    );
    (refused > 0).then(|| {
        Finding::new(Severity::Warning, READING_CREDENTIALS, message)
            .with_hint("Apply with a service account that is organization admin or owner.")
    })
}

/// Undeclared projects whose members were not read, each with the reason that is known.
pub(crate) fn unread_projects(desired: &DesiredState, live: &LiveState) -> Vec<String> {
    let unread = live
        .projects
        .iter()
        .filter(|project| !project.members_read && desired.project(project.id).is_none());
    unread
        .map(|project| {
            let name = printable(&project.name);
            let why = live.why_unread(UnreadList::ProjectMembers, Some(project.id));
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("{name} (id {}{why})", project.id)
        })
        .collect()
}

/// Somebody who should have no access at all, while nobody could read what there is in some projects.
pub(crate) fn access_unknown(email: &Email, unread: &[String]) -> Option<Finding> {
    (!unread.is_empty()).then(|| {
        let plural = if unread.len() == 1 { "" } else { "s" };
        let message = format!(
            "should have no access, and what there is in the undeclared project{plural} {} is unknown: the members were not read",
            names(unread.iter().cloned())
        );
        Finding::new(Severity::Warning, UNDECLARED_PROJECT_UNREAD, message)
            .about(email)
            .with_hint("What there is elsewhere goes. Give the service account admin of the project and plan again, or look at the project by hand; a snapshot reads every project with --all-projects.")
    })
}

/// An invitation that would have to be sent anew, while nobody could read all that it gives.
pub(crate) fn invitation_unknown(email: &Email, unread: &[String]) -> Finding {
    let message = format!(
        "the invitation is not replaced, since what it gives in {} is unknown: the members were not read",
        names(unread.iter().cloned())
    );
    Finding::new(Severity::Warning, UNDECLARED_PROJECT_UNREAD, message)
        .about(email)
        .with_hint("Give the service account admin of the project and plan again, or invite the person by hand.")
}

/// An address with every letter told that may be taken for another.
pub(crate) fn spelled_out(email: &Email) -> String {
    if email.as_str().is_ascii() {
        return email.to_string();
    }
    let letters = email.as_str().chars();
    let spelled: String = letters
        .flat_map(|one| {
            let escaped = (!one.is_ascii()).then(|| one.escape_unicode());
            let plain = one.is_ascii().then_some(one);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    format!("{email} (spelled {spelled})")
}

/// A pending invitation that is replaced, because its role differs.
pub(crate) fn reinvited(member: &LiveMember, role: OrganizationRole) -> Finding {
    let before = member.organization_role.map_or("unknown", OrganizationRole::as_str);
    Finding::new(
        Severity::Warning,
        REINVITED,
        format!("the pending invitation as {before} is withdrawn and a new one as {role} is sent"),
    )
    .about(&member.email)
    .with_hint("The service cannot change a role while the invitation is pending.")
}

/// Something that was applied and that an undo plan does not take back.
pub(crate) fn not_undone(subject: &Subject, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Warning, NOT_UNDONE, message).about_subject(subject.clone())
}

/// How many accepted owners there will be, when that is fewer than two.
pub(crate) fn few_owners(owners: usize) -> Option<Finding> {
    (owners < 2).then(|| {
        Finding::new(
            Severity::Warning,
            FEW_OWNERS,
            format!(
                "the organization will have {owners} accepted owner{}",
                if owners == 1 { "" } else { "s" }
            ),
        )
        .with_hint("Two are recommended, so that one lost account locks nobody out.")
    })
}

/// What is not known about the identity we run as.
pub(crate) fn actor_unknown(actor: &Actor) -> Vec<Finding> {
    let mut unknown = Vec::new();
    if actor.organization_role.is_none() {
        unknown.push(
            "the service did not say which organization role the credentials have, so its refusals cannot be foreseen",
        );
    }
    if actor.email.is_none() && actor.user.is_none() {
        unknown.push(
            "the service did not say who the credentials are, so a change of their own access cannot be noticed",
        );
    }
    unknown
        .into_iter()
        .map(|message| Finding::new(Severity::Note, ACTOR_UNKNOWN, message))
        .collect()
}

/// What the plan does that no undo plan can reverse.
pub(crate) fn irreversible(changes: &[Change]) -> Option<Finding> {
    let parts: Vec<String> = [
        (Verb::Remove, "removal"),
        (Verb::Delete, "deleted service account"),
        (Verb::Withdraw, "withdrawn invitation"),
        (Verb::Invite, "sent invitation"),
        (Verb::Remind, "sent reminder"),
    ]
    .into_iter()
    .map(|(verb, what)| {
        let all = changes.iter().filter(|change| change.irreversible().is_some());
        (all.filter(|change| change.write.verb == verb).count(), what)
    })
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    .collect();
    (!parts.is_empty()).then(|| {
        Finding::new(
            Severity::Note,
            IRREVERSIBLE,
            format!("no undo plan can reverse {}", parts.join(", ")),
        )
    })
}

pub(crate) fn without_alias(email: &Email) -> String {
    match email.folded().split_once('@') {
        Some((local, domain)) => {
            let base = local.split_once('+').map_or(local, |(base, _)| base);
            format!("{base}@{domain}")
        }
        None => email.folded().to_owned(),
    }
}

/// Changes that the dialect cannot make: refused before anything is sent. Its table is about people;
/// teams and service accounts have verbs of their own.
pub(crate) fn unknown_verbs(changes: &[Change], capabilities: &Capabilities) -> Vec<Finding> {
    changes
        .iter()
        .filter(|change| change.subject.email().is_some())
        .filter(|change| change.write.lacks(capabilities).is_some())
        .map(|change| {
            let dialect = capabilities.dialect;
            let message = format!("the dialect {dialect} has no verb for {}", change.kind());
            Finding::new(Severity::Error, UNKNOWN_VERB, message)
                .about_subject(change.subject.clone())
        })
        .collect()
}
