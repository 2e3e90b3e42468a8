//! What the planner tells a human besides the changes: the codes, and how each is worded.

use std::collections::BTreeMap;

use mixaccess_model::{
    Action, Capabilities, Change, DesiredCollaborator, DesiredState, Email, Finding, GrantSource,
    LiveMember, LiveState, MemberStatus, ProjectRef, ProjectRole, Severity,
};

/// Every code of a finding that the planner makes, with its severity and one line of meaning.
pub const CODES: &[(&str, Severity, &str)] = &[
    (
        ACTOR_POWER,
        Severity::Error,
        "the service would refuse the change for the identity we run as",
    ),
    (ACTOR_UNKNOWN, Severity::Note, "the service did not say what the identity we run as may do"),
    (DUPLICATE_MEMBER, Severity::Error, "two live accounts differ only in capital letters"),
    (FEW_OWNERS, Severity::Warning, "the organization has fewer owners than is prudent"),
    (
        GRANT_UNCHANGED,
        Severity::Note,
        "a declared role is already given by something other than an individual grant",
    ),
    (IRREVERSIBLE, Severity::Note, "the plan holds changes that cannot be undone"),
    (LOOK_ALIKE_MEMBER, Severity::Warning, "an invited address closely resembles a live account"),
    (PENDING, Severity::Note, "an invitation is not accepted yet"),
    (PROJECT_NOT_LIVE, Severity::Error, "a declared project is not in the live organization"),
    (PROJECT_NOT_READ, Severity::Error, "the members of a declared project were not read"),
    (REINVITED, Severity::Warning, "a changed role of a pending person takes a new invitation"),
    (SPELLING, Severity::Warning, "the live address is spelled differently"),
    (
        STILL_HAS_ACCESS,
        Severity::Warning,
        "somebody keeps access through something other than an individual grant",
    ),
    (
        UNKNOWN_ORGANIZATION_ROLE,
        Severity::Warning,
        "the service names an organization role that we do not know",
    ),
    (UNKNOWN_VERB, Severity::Error, "the dialect has no way to make a change"),
];

pub(crate) const ACTOR_POWER: &str = "actor-power";
pub(crate) const ACTOR_UNKNOWN: &str = "actor-unknown";
pub(crate) const DUPLICATE_MEMBER: &str = "duplicate-member";
pub(crate) const FEW_OWNERS: &str = "few-owners";
pub(crate) const GRANT_UNCHANGED: &str = "grant-unchanged";
pub(crate) const IRREVERSIBLE: &str = "irreversible";
pub(crate) const LOOK_ALIKE_MEMBER: &str = "look-alike-member";
pub(crate) const PENDING: &str = "pending";
pub(crate) const PROJECT_NOT_LIVE: &str = "project-not-live";
pub(crate) const PROJECT_NOT_READ: &str = "project-not-read";
pub(crate) const REINVITED: &str = "reinvited";
pub(crate) const SPELLING: &str = "spelling";
pub(crate) const STILL_HAS_ACCESS: &str = "still-has-access";
pub(crate) const UNKNOWN_ORGANIZATION_ROLE: &str = "unknown-organization-role";
pub(crate) const UNKNOWN_VERB: &str = "unknown-verb";

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

pub(crate) fn pending(member: &LiveMember) -> Option<Finding> {
    (member.status == MemberStatus::Pending).then(|| {
        Finding::new(Severity::Note, PENDING, "invited, and not accepted yet").about(&member.email)
    })
}

pub(crate) fn unknown_organization_role(member: &LiveMember) -> Finding {
    Finding::new(
        Severity::Warning,
        UNKNOWN_ORGANIZATION_ROLE,
        "the service names no organization role that we know, so it is left alone",
    )
    .about(&member.email)
}

/// One note a person, however many projects it is about.
pub(crate) fn met_otherwise(
    member: &LiveMember,
    met: &[(ProjectRef, ProjectRole, GrantSource)],
) -> Option<Finding> {
    let ((project, role, source), others) = met.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        1 => " (and 1 more project alike)".to_owned(),
        count => format!(" (and {count} more projects alike)"),
    };
    let message = format!(
        "{role} in {} is already given through {}, so nothing is added{more}",
        project.key,
        through(source)
    );
    Some(
        Finding::new(Severity::Note, GRANT_UNCHANGED, message)
            .about(&member.email)
            .in_project(&project.key),
    )
}

pub(crate) fn still_has_access(
    member: &LiveMember,
    project: &ProjectRef,
    role: &ProjectRole,
    source: &GrantSource,
) -> Finding {
    Finding::new(
        Severity::Warning,
        STILL_HAS_ACCESS,
        format!("keeps {role} in {} through {}", project.key, through(source)),
    )
    .about(&member.email)
    .in_project(&project.key)
    .with_hint("Plans change individual grants only: take the person out of the team, or lower the project's default.")
}

fn through(source: &GrantSource) -> String {
    match source {
        GrantSource::Individual => "an individual grant".to_owned(),
        GrantSource::Team(name) => format!("team {name}"),
        GrantSource::Organization => "the organization role".to_owned(),
        GrantSource::AllUsers => "the project's role for all users".to_owned(),
    }
}

/// Live accounts that differ only in capital letters: nobody can tell which one the files mean.
pub(crate) fn duplicate(member: &LiveMember, other: &LiveMember) -> Finding {
    Finding::new(
        Severity::Error,
        DUPLICATE_MEMBER,
        format!("two live accounts for one address: {} and {}", member.email, other.email),
    )
    .about(&member.email)
    .with_hint("Remove or rename one of them in Mixpanel; until then neither is planned for.")
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

pub(crate) fn actor_unknown() -> Finding {
    Finding::new(
        Severity::Note,
        ACTOR_UNKNOWN,
        "the service did not say which organization role the credentials have, so its refusals cannot be foreseen",
    )
}

/// What the plan does that no undo plan can reverse.
pub(crate) fn irreversible(changes: &[Change]) -> Option<Finding> {
    let (mut invitations, mut withdrawals, mut removals) = (0_usize, 0_usize, 0_usize);
    for change in changes {
        match &change.action {
            Action::Invite { .. } => invitations += 1,
            Action::WithdrawInvitation { .. } => withdrawals += 1,
            Action::RemoveMember { .. } => removals += 1,
            Action::SetOrganizationRole { .. }
            | Action::Grant { .. }
            | Action::SetProjectRole { .. }
            | Action::Revoke { .. } => {}
        }
    }
    let parts: Vec<String> = [
        (removals, "removal"),
        (withdrawals, "withdrawn invitation"),
        (invitations, "sent invitation"),
    ]
    .into_iter()
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

/// Invited addresses that are a live account but for a `+alias`: probably the same person twice
/// (`mixpanel-api.md`, "How the world behaves", 8).
pub(crate) fn look_alikes(changes: &[Change], live: &LiveState) -> Vec<Finding> {
    let invited: Vec<&Email> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Invite { .. }))
        .map(|change| change.subject.email())
        .collect();
    if invited.is_empty() {
        return Vec::new();
    }
    let mut by_base: BTreeMap<String, &Email> = BTreeMap::new();
    for member in &live.members {
        by_base.entry(without_alias(&member.email)).or_insert(&member.email);
    }
    invited
        .into_iter()
        .filter_map(|email| {
            let found = by_base.get(&without_alias(email)).filter(|found| **found != email)?;
            Some(
                Finding::new(
                    Severity::Warning,
                    LOOK_ALIKE_MEMBER,
                    format!("{email} is invited although {found} is already live"),
                )
                .about(email)
                .with_hint("If this is the same person, declare the live address instead."),
            )
        })
        .collect()
}

fn without_alias(email: &Email) -> String {
    match email.folded().split_once('@') {
        Some((local, domain)) => {
            let base = local.split_once('+').map_or(local, |(base, _)| base);
            format!("{base}@{domain}")
        }
        None => email.folded().to_owned(),
    }
}

/// Changes that the dialect cannot make: refused before anything is sent.
pub(crate) fn unknown_verbs(changes: &[Change], capabilities: &Capabilities) -> Vec<Finding> {
    let Capabilities {
        dialect,
        invitation_grants: _,
        set_organization_role,
        set_project_role,
        revoke,
        remove_member,
        change_pending_roles: _,
    } = capabilities;
    changes
        .iter()
        .filter(|change| match change.action {
            Action::Invite { .. } | Action::Grant { .. } => false,
            Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => !remove_member,
            Action::SetOrganizationRole { .. } => !set_organization_role,
            Action::SetProjectRole { .. } => !set_project_role,
            Action::Revoke { .. } => !revoke,
        })
        .map(|change| {
            let message = format!("the dialect {dialect} has no verb for {}", change.action.kind());
            Finding::new(Severity::Error, UNKNOWN_VERB, message).about(change.subject.email())
        })
        .collect()
}
