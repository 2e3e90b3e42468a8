//! The unified diff of a subject's access, before and after, as YAML.

use std::collections::BTreeMap;

use mixaccess_model::{
    Access, AffectedSubject, Change, Grant, GrantSource, MemberStatus, OrganizationRole, Plan,
    ProjectId, Reading, Subject, SubjectKey, printable,
};
use serde::Serialize;

use crate::gain::ByPower;
use crate::kind::Kind;
use crate::project_labels::ProjectLabels;
use crate::unified::unified;
use crate::{RenderOptions, ReportError};

/// Somebody's access as a reader of the files would write it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_role: Option<&'static str>,
    /// The teams of a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    teams: Vec<&'a str>,
    /// Of a team: of the people who join or leave, those who are in it.
    #[serde(rename = "members (of those who change)", skip_serializing_if = "Vec::is_empty")]
    members: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    projects: BTreeMap<String, Held<'a>>,
}

/// The roles in one project: a word when there is one individual grant and nothing else.
#[derive(Serialize)]
#[serde(untagged)]
enum Held<'a> {
    One(&'a str),
    Several(Vec<String>),
}

/// The unified diff of everybody's access, one file header a subject, those who gain most power first,
/// then in the order of the plan's subjects. Empty when nobody's access changes.
///
/// # Errors
/// When somebody's access cannot be written as YAML, which no valid plan causes.
pub fn diff(plan: &Plan, options: &RenderOptions<'_>) -> Result<String, ReportError> {
    let redacted = options.redact.map(|redaction| redaction.knowing(plan).plan(plan));
    let plan = redacted.as_ref().unwrap_or(plan);
    let kind = Kind::of(plan, options.purpose);
    each(plan, kind, &ByPower::of_plan(plan, kind)).map(|(_, text)| text).collect()
}

/// The unified diff of each subject, in turn.
pub(crate) fn each<'a>(
    plan: &'a Plan,
    kind: Kind,
    powers: &ByPower,
) -> impl Iterator<Item = (&'a Subject, Result<String, ReportError>)> {
    let labels = ProjectLabels::of(&plan.content.projects);
    let keys: BTreeMap<ProjectId, String> = plan
        .content
        .projects
        .iter()
        .map(|project| (project.id, labels.of_number(project.id)))
        .collect();
    let mut teams: BTreeMap<SubjectKey, Vec<&Change>> = BTreeMap::new();
    for change in &plan.content.changes {
        if matches!(change.subject, Subject::Team { .. }) {
            teams.entry(change.subject.key()).or_default().push(change);
        }
    }
    let subjects = powers.first(&plan.content.subjects, |one| Some(&one.subject));
    subjects.into_iter().map(move |affected| {
        let changes = match affected.subject {
            Subject::Team { .. } => teams.get(&affected.subject.key()),
            Subject::Person { .. } | Subject::ServiceAccount { .. } => None,
        };
        let changes = changes.map(Vec::as_slice).unwrap_or_default();
        (&affected.subject, subject(affected, changes, &keys, kind))
    })
}

/// People of a team who leave, and people who join it.
fn moving<'a>(changes: &[&'a Change]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut leave, mut join) = (Vec::new(), Vec::new());
    for (email, diff) in changes.iter().flat_map(|change| change.write.team_members()) {
        match diff.after {
            Reading::Known(()) => join.push(email.as_str()),
            Reading::Absent | Reading::Unread => leave.push(email.as_str()),
        }
    }
    leave.sort_unstable();
    join.sort_unstable();
    (leave, join)
}

fn subject(
    affected: &AffectedSubject,
    changes: &[&Change],
    keys: &BTreeMap<ProjectId, String>,
    kind: Kind,
) -> Result<String, ReportError> {
    let AffectedSubject { subject, name: _, tags: _, before, after } = affected;
    let (leave, join) = moving(changes);
    let person = matches!(subject, Subject::Person { .. });
    let old = document(before.as_ref(), leave, person, keys)?;
    let new = document(after.as_ref(), join, person, keys)?;
    let (left, right) = kind.sides();
    let header = |there: bool, when: &str| {
        if there { format!("{subject} ({when})") } else { format!("{subject} (absent, {when})") }
    };
    let hunks = unified(&old, &new);
    if hunks.is_empty() {
        return Ok(hunks);
    }
    let old = header(before.is_some(), left);
    let new = header(after.is_some(), right);
    Ok(format!("--- {}\n+++ {}\n{hunks}", printable(&old), printable(&new)))
}

fn document(
    access: Option<&Access>,
    members: Vec<&str>,
    person: bool,
    keys: &BTreeMap<ProjectId, String>,
) -> Result<String, ReportError> {
    let Some(Access { status, organization_role, teams, grants }) = access else {
        return Ok(String::new());
    };
    let mut projects: BTreeMap<String, Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        let key = keys.get(&grant.project);
        let key = key.map_or_else(|| format!("project {}", grant.project), Clone::clone);
        projects.entry(key).or_default().push(grant);
    }
    let document = Document {
        status: (*status == MemberStatus::Pending).then_some("pending"),
        // A person always has one, whether or not the service said which; others have none to tell.
        organization_role: organization_role
            .map(OrganizationRole::as_str)
            .or(person.then_some("unknown")),
        teams: teams.iter().map(AsRef::as_ref).collect(),
        members,
        projects: projects.into_iter().map(|(key, grants)| (key, held(&grants))).collect(),
    };
    let yaml = serde_yaml::to_string(&document)?;
    // A team without roles and people has nothing to list.
    let yaml = if yaml.trim() == "{}" { "projects: {}\n" } else { &yaml };
    Ok(yaml.to_owned())
}

fn held<'a>(grants: &[&'a Grant]) -> Held<'a> {
    match grants {
        [Grant { role, source: GrantSource::Individual, .. }] => Held::One(role.as_str()),
        several => Held::Several(several.iter().map(|grant| described(grant)).collect()),
    }
}

fn described(grant: &Grant) -> String {
    let Grant { project: _, role, source } = grant;
    match source {
        GrantSource::Individual => role.to_string(),
        other => format!("{role} ({})", source_words(other)),
    }
}

/// Where a grant comes from, in words.
pub(crate) fn source_words(source: &GrantSource) -> String {
    match source {
        GrantSource::Individual => "individual grant".to_owned(),
        GrantSource::Team(name) => format!("team {name}"),
        GrantSource::Organization => "organization role".to_owned(),
        GrantSource::AllUsers => "all users".to_owned(),
    }
}
