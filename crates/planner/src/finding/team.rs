//! What a human is told about teams.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    Access, AffectedSubject, Change, DesiredState, DesiredTeam, DesiredTeamMember, Email, Finding,
    LiveTeam, NotPlanned, NotPlannedKind, Severity, Subject, UnreadList, Verb,
};

use crate::codes::{
    DECLARED_TWICE, DUPLICATE_TEAM, LOOK_ALIKE_TEAM, TEAM_DELETED, TEAM_MEMBER_ABSENT,
    TEAMS_UNREADABLE,
};
use crate::compare::comparer::Comparer;
use crate::compare::draft::SubjectDraft;
use crate::custom_role::CustomRoles;
use crate::effective::effective_role;
use crate::finding::names::names;

pub(crate) fn unreadable(comparer: &Comparer<'_>, declared: &[DesiredTeam]) -> Finding {
    let place = declared.first().map(|team| comparer.desired.place(team.cause.position));
    let why = comparer.live.why_unread(UnreadList::Teams, None);
    let message = match why {
        Some(why) => format!("teams are declared, and were not read: {why}"),
        None => "teams are declared, and the service did not answer which there are".to_owned(),
    };
    Finding::new(Severity::Warning, TEAMS_UNREADABLE, message)
        .with_hint("`mixaccess doctor` says which endpoints the organization answers. A snapshot that was taken before the files declared teams does not hold them: take a new one.")
        .at(place)
}

pub(crate) fn declared_twice(
    desired: &DesiredState,
    again: &[DesiredTeam],
) -> impl Iterator<Item = Finding> {
    again.iter().map(|team| {
        let message = format!("team {} is declared more than once", shown(&team.name));
        Finding::new(Severity::Error, DECLARED_TWICE, message)
            .about_subject(Subject::Team { name: Arc::clone(&team.name), id: None })
            .with_hint("Keep one of the declarations.")
            .at(Some(desired.place(team.cause.position)))
    })
}

/// A declared team about which nothing is done, because none was read.
pub(crate) fn not_compared(team: &DesiredTeam) -> NotPlanned {
    NotPlanned {
        kind: NotPlannedKind::Withheld,
        subject: Some(Subject::Team { name: Arc::clone(&team.name), id: None }),
        project: None,
        message: "declared, and not compared: the teams were not read".to_owned(),
    }
}

/// What is not done about a declared team.
pub(crate) const fn withheld(team: Subject, message: String) -> NotPlanned {
    NotPlanned { kind: NotPlannedKind::Withheld, subject: Some(team), project: None, message }
}

/// Several live teams of one name: nobody can tell which one the files mean.
pub(crate) fn duplicate(teams: &[LiveTeam]) -> Option<Finding> {
    let first = teams.first()?;
    let numbers: Vec<String> = teams.iter().map(|team| team.id.to_string()).collect();
    let message = format!("{} live teams have this name: {}", teams.len(), numbers.join(", "));
    let finding = Finding::new(Severity::Warning, DUPLICATE_TEAM, message)
        .about_subject(subject_of(first))
        .with_hint("Rename or delete one of them in Mixpanel; until then none is planned for.");
    Some(finding)
}

/// Teams that are to be created although one of nearly that name is live.
pub(crate) fn look_alikes(drafted: &[SubjectDraft], live: &[LiveTeam]) -> Vec<Finding> {
    let created = drafted
        .iter()
        .filter(|one| one.drafts.iter().any(|draft| draft.write.verb == Verb::Create));
    let alike = |one: &SubjectDraft| {
        let Subject::Team { name, .. } = &one.subject else { return None };
        let folded = name.trim().to_lowercase();
        let found = live.iter().find(|team| team.name.trim().to_lowercase() == folded)?;
        let message = format!("is created although team {} is already live", shown(&found.name));
        let finding = Finding::new(Severity::Warning, LOOK_ALIKE_TEAM, message)
            .about_subject(one.subject.clone())
            .with_hint("If this is the same team, declare its live name.");
        Some(finding)
    };
    created.filter_map(alike).collect()
}

pub(crate) fn nobody_there(
    desired: &DesiredState,
    team: &DesiredTeam,
    member: &DesiredTeamMember,
) -> Finding {
    let message = format!("{} should be in the team, and is not in the organization", member.email);
    Finding::new(Severity::Warning, TEAM_MEMBER_ABSENT, message)
        .about_subject(Subject::Team { name: Arc::clone(&team.name), id: None })
        .with_hint("Declare the person as a collaborator, so that they are invited.")
        .at(Some(desired.place(member.cause.position)))
}

pub(crate) fn not_there_yet(team: Subject) -> NotPlanned {
    NotPlanned {
        kind: NotPlannedKind::ManagedByScim,
        subject: Some(team),
        project: None,
        message: "the identity provider has to make it; its roles are given by the next run then"
            .to_owned(),
    }
}

pub(crate) fn unmanaged(team: &LiveTeam) -> NotPlanned {
    let message = format!(
        "not in the files: {}, {}",
        count(team.members.len(), "person", "people"),
        count(team.grants.len(), "project", "projects")
    );
    NotPlanned {
        kind: NotPlannedKind::Unmanaged,
        subject: Some(subject_of(team)),
        project: None,
        message,
    }
}

/// People in a declared team whom the files do not name at all: they stay where they are.
pub(crate) fn undeclared_people(team: &LiveTeam, people: &[&Email]) -> Option<NotPlanned> {
    (!people.is_empty()).then(|| NotPlanned {
        kind: NotPlannedKind::Unmanaged,
        subject: Some(subject_of(team)),
        project: None,
        message: format!(
            "keeps {} whom the files do not name: {}",
            count(people.len(), "person", "people"),
            names(people.iter().map(ToString::to_string))
        ),
    })
}

/// Who loses what because a team is deleted.
pub(crate) fn deletions(
    changes: &[Change],
    subjects: &[AffectedSubject],
    custom: &CustomRoles<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        let Change { subject: Subject::Team { .. }, write, .. } = change else { continue };
        if write.verb != Verb::Delete {
            continue;
        }
        let in_it: BTreeSet<&Email> = write.team_members().map(|(email, _)| email).collect();
        let losers: Vec<&Email> = subjects
            .iter()
            .filter_map(|one| {
                Some((one, one.subject.email().filter(|email| in_it.contains(email))?))
            })
            .filter(|(one, _)| loses_access(one, custom))
            .map(|(_, email)| email)
            .collect();
        let roles = write.project_roles().filter_map(|(project, diff)| {
            Some(format!("{} in {}", diff.before.as_ref().known()?, project.key))
        });
        let message = if losers.is_empty() {
            "is deleted, and nobody loses access by it".to_owned()
        } else {
            format!(
                "is deleted: {} lose{} {}: {}",
                count(losers.len(), "person", "people"),
                if losers.len() == 1 { "s" } else { "" },
                names(roles),
                names(losers.iter().map(ToString::to_string))
            )
        };
        findings.push(
            Finding::new(Severity::Warning, TEAM_DELETED, message)
                .about_subject(change.subject.clone())
                .at(change.reason.place.clone()),
        );
    }
    findings
}

fn loses_access(one: &AffectedSubject, custom: &CustomRoles<'_>) -> bool {
    let Some(before) = &one.before else { return false };
    let rows = |access: &Access, project| {
        let rows = access.grants.iter().filter(|grant| grant.project == project);
        let rows: Vec<_> = rows.cloned().collect();
        effective_role(&rows, access.organization_role, custom)
    };
    let projects: BTreeSet<_> = before.grants.iter().map(|grant| grant.project).collect();
    projects.into_iter().any(|project| {
        let after = one.after.as_ref().and_then(|after| rows(after, project));
        let held = rows(before, project);
        held != after
            && held.is_some_and(|held| {
                after.is_none_or(|after| {
                    custom.power(project, &after) < custom.power(project, &held)
                })
            })
    })
}

fn subject_of(team: &LiveTeam) -> Subject {
    Subject::Team { name: Arc::clone(&team.name), id: Some(team.id) }
}

fn shown(name: &str) -> String {
    mixaccess_model::printable(name).to_string()
}

pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
