//! What a plan says, held to the files it was made from and to what the planner makes of them: a plan
//! file is hostile input, because anybody who can edit one can seal it.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Access, Change, ChangeId, DesiredState, LiveState, NotPlannedKind, OrganizationRole, Override,
    OverrideOrigin, Place, Plan, PlanContent, PlanProject, Policy, ProjectRef, Reason, ReasonKind,
    State, Subject, SubjectKey,
};
use mixaccess_planner::{PlanningInput, plan as planned, reordered};
use serde::Serialize;

use crate::journal::{JournalRun, Record};
use crate::{Refusal, Target};

/// What the files say otherwise than a plan that names their digest. Empty when nothing does.
pub(crate) fn against_files(plan: &Plan, desired: &DesiredState) -> Vec<Refusal> {
    let content = &plan.content;
    if content.files_digest != desired.files_digest {
        return vec![Refusal::OtherFiles {
            planned: content.files_digest,
            here: desired.files_digest,
        }];
    }
    let mut edited = Vec::new();
    if !content.instant_given && content.instant != plan.made_at {
        edited.push(format!(
            "it is resolved for {}, was made at {}, and says that no instant was asked for",
            content.instant, plan.made_at
        ));
    }
    let (planned, here) = (from_files(&content.policy), from_files(&desired.policy));
    edited.extend(
        unlike(&planned, &here).into_iter().map(|key| {
            format!("policy.{key} is not what the files say that the plan was made from")
        }),
    );
    let shown = |given: &&Override| {
        content.guards.iter().any(|verdict| verdict.overridden_by.as_ref() == Some(*given))
    };
    let given = content.policy.overrides.iter();
    let given = given.filter(|one| one.origin == OverrideOrigin::CommandLine);
    edited.extend(given.filter(|one| !shown(one)).map(|one| {
        format!("it holds a way past guard rail {} that it does not show as taken", one.guard)
    }));
    for project in &content.projects {
        edited.extend(project_unlike(project, desired));
    }
    for (change, named) in named(&content.changes) {
        if content.project(named.id).is_none_or(|project| project.key != named.key) {
            edited.push(format!(
                "change {} of {} names project {} as {}, and it is another",
                change.id, change.subject, named.id, named.key
            ));
        }
    }
    for one in &content.subjects {
        let (name, tags) = described(&one.subject, desired);
        if one.tags != tags || name.is_some_and(|name| one.name.as_ref() != Some(name)) {
            edited.push(format!("{} has another name or other tags in the files", one.subject));
        }
    }
    if let Some(name) = &desired.organization.name
        && content.organization.name.as_ref() != Some(name)
    {
        edited
            .push(format!("it names the organization otherwise than the files, which say {name}"));
    }
    edited.extend(counted_otherwise(content, desired));
    edited.into_iter().map(|message| Refusal::Malformed { message }).collect()
}

/// What the plan counts of the files, and they hold another number of.
fn counted_otherwise<'a>(
    content: &'a PlanContent,
    desired: &'a DesiredState,
) -> impl Iterator<Item = String> + 'a {
    let figures = content.figures;
    let counted = [
        ("collaborators", figures.collaborators, desired.collaborators.len()),
        ("projects", figures.projects, desired.projects.len()),
    ];
    let differs =
        counted.into_iter().filter(|(_, planned, here)| u64::try_from(*here) != Ok(*planned));
    differs.map(|(what, planned, here)| {
        format!("it counts {planned} {what}, and the files declare {here}")
    })
}

/// Counts that are fewer than what the plan itself names, or than each other. How many there were beyond
/// that only the live state told that the plan was made from.
pub(crate) fn impossible_figures(content: &PlanContent) -> Vec<Refusal> {
    let figures = content.figures;
    let at_least = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let people = || content.subjects.iter().filter(|one| one.subject.email().is_some());
    let held = || people().filter_map(|one| one.before.as_ref());
    let is_owner = |access: &&Access| {
        access.status.is_active() && access.organization_role == Some(OrganizationRole::Owner)
    };
    let own =
        |access: &Access| access.grants.iter().filter(|one| one.source.is_individual()).count();
    let swept: BTreeSet<SubjectKey> = content
        .changes
        .iter()
        .filter(|change| change.reason.kind == ReasonKind::Unmanaged)
        .map(|change| change.subject.key())
        .chain(left_undeclared(content))
        .filter(|key| matches!(key, SubjectKey::Person(_)))
        .collect();
    let counted = [
        ("members", figures.members, at_least(held().count())),
        ("members", figures.members, figures.active_owners),
        ("members", figures.members, figures.unmanaged),
        ("active owners", figures.active_owners, at_least(held().filter(is_owner).count())),
        ("individual grants", figures.individual_grants, at_least(held().map(own).sum())),
        ("undeclared people", figures.unmanaged, at_least(swept.len())),
    ];
    let fewer = counted.into_iter().filter(|(_, said, least)| said < least);
    let messages = fewer.map(|(what, said, least)| {
        format!("it counts {said} {what}, and there were {least} at least")
    });
    messages.map(|message| Refusal::Malformed { message }).collect()
}

/// Whom the plan leaves as they are because no file names them.
fn left_undeclared(content: &PlanContent) -> impl Iterator<Item = SubjectKey> {
    let left = content.not_planned.iter().filter(|one| one.kind == NotPlannedKind::Unmanaged);
    left.filter_map(|one| one.subject.as_ref()).map(Subject::key)
}

/// A policy as files can say it.
fn from_files(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    policy.overrides.retain(|one| one.origin != OverrideOrigin::CommandLine);
    policy
}

/// The keys of two values that differ.
fn unlike<T: Serialize>(one: &T, other: &T) -> Vec<String> {
    let object = |value: &T| match serde_json::to_value(value) {
        Ok(serde_json::Value::Object(object)) => object,
        _ => serde_json::Map::new(),
    };
    let (one, other) = (object(one), object(other));
    let keys = one.keys().chain(other.keys()).collect::<BTreeSet<_>>();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

fn project_unlike(project: &PlanProject, desired: &DesiredState) -> Option<String> {
    let id = project.id;
    let Some(declared) = desired.project(id) else {
        let takes_a_key = desired.projects.iter().any(|one| one.key == project.key);
        let says_more = project.declared
            || project.environment.is_some()
            || !project.custom_roles.is_empty()
            || takes_a_key;
        return says_more.then(|| {
            format!("it describes project {id} ({}), which no file declares", project.key)
        });
    };
    let of_files = PlanProject {
        id,
        key: declared.key.clone(),
        environment: declared.environment.as_deref().map(str::to_owned),
        declared: true,
        custom_roles: declared.custom_roles.clone().unwrap_or_default(),
    };
    let unlike = unlike(project, &of_files);
    (!unlike.is_empty()).then(|| {
        format!(
            "project {id} is {} in the files, and the plan says otherwise of its {}",
            declared.key,
            unlike.join(", ")
        )
    })
}

/// Every project that a change names, with the change.
fn named(changes: &[Change]) -> impl Iterator<Item = (&Change, &ProjectRef)> {
    changes.iter().flat_map(|change| change.write.projects().map(move |project| (change, project)))
}

type Described<'a> = (Option<&'a std::sync::Arc<str>>, Vec<std::sync::Arc<str>>);

/// The name and the tags that the files give somebody.
fn described<'a>(subject: &Subject, desired: &'a DesiredState) -> Described<'a> {
    match subject {
        Subject::Person { email, .. } => desired
            .collaborator(email)
            .map(|one| (one.name.as_ref(), one.tags.clone()))
            .unwrap_or_default(),
        Subject::ServiceAccount { username, .. } => {
            let accounts = desired.service_accounts.as_deref().unwrap_or_default();
            let declared = accounts.iter().find(|one| one.username == *username);
            (None, declared.map(|one| one.tags.clone()).unwrap_or_default())
        }
        Subject::Team { .. } => (None, Vec::new()),
    }
}

/// What an undo plan says that the undo plan of an apply does not. `runs` are those of the plan that it
/// undoes, and `kept` the undo plan that they left.
pub(crate) fn against_undo(
    content: &PlanContent,
    runs: &[JournalRun],
    kept: Option<&PlanContent>,
) -> Vec<Refusal> {
    if runs.is_empty() {
        let message = "it says that it undoes a plan, and no apply of that plan is known in the state \
                       directory (--state-dir)";
        return vec![Refusal::NotUndo { message: message.to_owned() }];
    }
    // Without it nothing tells what was done, and any change of those people could call itself an undo.
    let Some(kept) = kept else {
        let message = "the apply that it says it undoes left no undo plan that can be read in the state \
                       directory (--state-dir): nothing of it was carried out, or the file is gone";
        return vec![Refusal::NotUndo { message: message.to_owned() }];
    };
    let mut refusals = Vec::new();
    let touched: BTreeSet<SubjectKey> = runs
        .iter()
        .flat_map(|run| &run.records)
        .filter_map(|record| match record {
            Record::Intent { subject, .. } => Some(subject.key()),
            Record::Started(_)
            | Record::Before { .. }
            | Record::Outcome { .. }
            | Record::Contradicted { .. }
            | Record::HandOver { .. }
            | Record::Finished { .. } => None,
        })
        .collect();
    let known: BTreeMap<&ChangeId, &Change> =
        kept.changes.iter().map(|change| (&change.id, change)).collect();
    for change in &content.changes {
        let Change { id, subject, reason, .. } = change;
        let message = if reason.kind != ReasonKind::Undo {
            format!("change {id} of {subject} is in an undo plan, and undoes nothing")
        } else if !touched.contains(&subject.key()) {
            format!("change {id} is about {subject}, whom the plan that is undone did not change")
        } else if known.get(id) != Some(&change) {
            format!("change {id} of {subject} is not in the undo plan that the apply wrote")
        } else {
            continue;
        };
        refusals.push(Refusal::NotUndo { message });
    }
    refusals
}

/// What guard rails judge instead of what a plan says: what the files say today.
pub(crate) fn judged(content: &PlanContent, desired: &DesiredState) -> PlanContent {
    let mut judged = content.clone();
    judged.policy = desired.policy.clone();
    let given = content.policy.overrides.iter();
    let given = given.filter(|one| one.origin == OverrideOrigin::CommandLine).cloned();
    judged.policy.overrides.extend(given);
    for project in &mut judged.projects {
        let declared = desired.project(project.id);
        project.declared = declared.is_some();
        project.environment =
            declared.and_then(|one| one.environment.as_deref()).map(str::to_owned);
        project.custom_roles =
            declared.and_then(|one| one.custom_roles.clone()).unwrap_or_default();
        if let Some(declared) = declared {
            project.key = declared.key.clone();
        }
    }
    for one in &mut judged.subjects {
        one.tags = described(&one.subject, desired).1;
    }
    judged
}

/// What the planner makes of the files and of live state as of the plan's making, whoever we run as.
pub(crate) fn derived(
    plan: &Plan,
    desired: &DesiredState,
    live: &LiveState,
    target: &Target,
) -> Result<PlanContent, serde_json::Error> {
    let mut live = live.clone();
    // How long an invitation has waited was judged then.
    live.taken_at = plan.made_at;
    // Who may carry it out is checked apart; nothing is to be left out for it.
    live.actor.organization_role = Some(OrganizationRole::Owner);
    for project in &mut live.projects {
        // An undeclared project has the name that the plan read.
        if let Some(planned) = plan.content.project(project.id)
            && desired.project(project.id).is_none()
        {
            project.name = planned.key.to_string();
        }
    }
    let given = plan.content.policy.overrides.iter();
    let given: Vec<Override> =
        given.filter(|one| one.origin == OverrideOrigin::CommandLine).cloned().collect();
    planned(&PlanningInput {
        desired,
        live: &live,
        capabilities: &target.capabilities,
        base_url: &target.base_url,
        instant_given: plan.content.instant_given,
        allow: &given,
    })
}

/// The changes among those `asked` that do not follow from the files: the planner does not make them,
/// or for another reason.
pub(crate) fn underived(
    changes: &[Change],
    asked: impl Fn(usize) -> bool,
    derived: &PlanContent,
) -> Vec<Refusal> {
    let known: BTreeMap<&ChangeId, &Change> =
        derived.changes.iter().map(|change| (&change.id, change)).collect();
    let held: BTreeSet<&ChangeId> = changes.iter().map(|change| &change.id).collect();
    let mut refusals = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let Change { id, subject, write, reason, .. } = change;
        let message = match known.get(id) {
            _ if !asked(index) => continue,
            Some(found) if found.subject.key() == subject.key() && found.write == *write => {
                match spelled_otherwise(change, found)
                    .or_else(|| reason_unlike(reason, &found.reason))
                    .or_else(|| lacking(found, &held, derived))
                {
                    Some(unlike) => format!("change {id} of {subject}: {unlike}"),
                    None => continue,
                }
            }
            _ => format!(
                "the files and live state do not ask for change {id}, a {} of {subject}",
                change.kind()
            ),
        };
        refusals.push(Refusal::Malformed { message });
    }
    refusals
}

/// Addresses are equal whatever their capitals, and an invitation goes out as it is spelled.
fn spelled_otherwise(planned: &Change, found: &Change) -> Option<String> {
    let people = |change: &Change| -> Vec<String> {
        change.write.team_members().map(|(email, _)| email.to_string()).collect()
    };
    let is_same = planned.subject.to_string() == found.subject.to_string()
        && people(planned) == people(found);
    (!is_same).then(|| format!("the files or live state spell it {}", found.subject))
}

/// Codes of findings about nobody in particular that follow from changes alone.
const OF_CHANGES: [&str; 2] = ["irreversible", "follow-up-tokens"];

/// What the planner makes or says of those whom a plan changes, and the plan does not have. They are as
/// they were when it was made, so that it was taken out; of others something may have changed since.
pub(crate) fn left_out(content: &PlanContent, derived: &PlanContent) -> Vec<Refusal> {
    let changed: BTreeSet<SubjectKey> =
        content.changes.iter().map(|change| change.subject.key()).collect();
    let is_changed = |subject: &Subject| changed.contains(&subject.key());
    let beyond_us: BTreeSet<SubjectKey> = content
        .not_planned
        .iter()
        .filter(|one| one.kind == NotPlannedKind::ActorPower)
        .filter_map(|one| Some(one.subject.as_ref()?.key()))
        .collect();
    let held: BTreeSet<&ChangeId> = content.changes.iter().map(|change| &change.id).collect();
    let changes = derived.changes.iter().filter(|one| {
        is_changed(&one.subject)
            && !held.contains(&one.id)
            && !beyond_us.contains(&one.subject.key())
    });
    let changes = changes
        .map(|one| format!("it lacks change {}, a {} of {}", one.id, one.kind(), one.subject));
    let findings = derived.findings.iter().filter(|one| {
        let is_told = match &one.subject {
            Some(subject) => is_changed(subject),
            None => OF_CHANGES.contains(&&*one.code),
        };
        is_told
            && !content.findings.iter().any(|said| {
                said.code == one.code
                    && said.severity == one.severity
                    && said.subject.as_ref().map(Subject::key)
                        == one.subject.as_ref().map(Subject::key)
            })
    });
    let findings = findings.map(|one| {
        let about = one.subject.as_ref().map(|one| format!(" about {one}")).unwrap_or_default();
        format!("it lacks the {} {}{about}", one.severity, one.code)
    });
    let withheld = derived.not_planned.iter().filter(|one| {
        one.subject.as_ref().is_some_and(is_changed)
            && !content.not_planned.iter().any(|said| {
                said.kind == one.kind
                    && said.subject.as_ref().map(Subject::key)
                        == one.subject.as_ref().map(Subject::key)
            })
    });
    let withheld =
        withheld.map(|one| format!("it does not say what it leaves alone: {}", one.message));
    changes.chain(findings).chain(withheld).map(|message| Refusal::Malformed { message }).collect()
}

/// What the planner makes together with a change, and a plan holds without it: what comes before it, so
/// that nobody loses what is given anew, and what takes its place.
fn lacking(found: &Change, held: &BTreeSet<&ChangeId>, derived: &PlanContent) -> Option<String> {
    let is_replaced_by = |other: &Change| {
        other.depends_on.contains(&found.id)
            && other.subject.key() == found.subject.key()
            && other.write.project() == found.write.project()
    };
    let other = derived.changes.iter().find(|other| {
        !held.contains(&other.id) && (found.depends_on.contains(&other.id) || is_replaced_by(other))
    })?;
    let Change { id, subject, .. } = other;
    Some(format!("it goes with change {id}, a {} of {subject}, which the plan lacks", other.kind()))
}

fn reason_unlike(planned: &Reason, found: &Reason) -> Option<String> {
    if planned.kind != found.kind {
        return Some(format!(
            "the plan says that its reason is {}, and it is {}",
            word(planned.kind),
            word(found.kind)
        ));
    }
    if planned.annotations != found.annotations {
        let unlike = unlike(&planned.annotations, &found.annotations).join(", ");
        return Some(format!("the plan and the files do not say the same {unlike}"));
    }
    let is_same = match (&planned.place, &found.place) {
        (Some(planned), Some(found)) => is_same_place(planned, found),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let shown = |place: &Option<Place>| match place {
        Some(place) => format!("at {place}"),
        None => "nowhere".to_owned(),
    };
    (!is_same).then(|| {
        format!(
            "the plan says that it stands {}, and it stands {}",
            shown(&planned.place),
            shown(&found.place)
        )
    })
}

/// Whether two places are one. Files may have been read under another directory since: their names count.
fn is_same_place(planned: &Place, found: &Place) -> bool {
    let name = |place: &Place| place.file.rsplit(['/', '\\']).next().map(str::to_owned);
    (planned.line, planned.column) == (found.line, found.column) && name(planned) == name(found)
}

const fn word(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Declared => "declared",
        ReasonKind::NotMentioned => "not mentioned",
        ReasonKind::Suspended => "suspended",
        ReasonKind::Removed => "removed",
        ReasonKind::Unmanaged => "not in the files",
        ReasonKind::InvitationExpired => "an expired invitation",
        ReasonKind::InvitationWaiting => "an invitation that waits",
        ReasonKind::Undo => "undo",
    }
}

/// The changes whose reason cannot be, by what the files alone say of the person.
pub(crate) fn impossible_reasons(changes: &[Change], desired: &DesiredState) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for Change { id, subject, reason, .. } in changes {
        let state = subject.email().map(|email| desired.collaborator(email).map(|one| one.state));
        let is_possible = match (reason.kind, state) {
            (ReasonKind::Undo, _) => false,
            (_, None) => true,
            (kind, Some(Some(State::Suspended))) => kind == ReasonKind::Suspended,
            (kind, Some(Some(State::Removed))) => kind == ReasonKind::Removed,
            (kind, Some(None)) => kind == ReasonKind::Unmanaged,
            (
                ReasonKind::Declared
                | ReasonKind::NotMentioned
                | ReasonKind::InvitationExpired
                | ReasonKind::InvitationWaiting,
                Some(Some(State::Active)),
            ) => true,
            (
                ReasonKind::Suspended | ReasonKind::Removed | ReasonKind::Unmanaged,
                Some(Some(State::Active)),
            ) => false,
        };
        if !is_possible {
            let message = format!(
                "change {id} of {subject}: the plan says that its reason is {}, and the files say \
                 otherwise of that person",
                word(reason.kind)
            );
            refusals.push(Refusal::Malformed { message });
        }
    }
    refusals
}

/// The changes whose id, risk, place or dependencies do not follow from what they do. Where others have
/// been carried out since, the order of changes of teams is not known any more.
pub(crate) fn out_of_order(
    content: &PlanContent,
    live: &LiveState,
    is_resumed: bool,
) -> Result<Vec<Refusal>, serde_json::Error> {
    let expected = reordered(content, live)?;
    let by_id: BTreeMap<&ChangeId, &Change> = expected.iter().map(|one| (&one.id, one)).collect();
    let is_team = |change: &Change| matches!(change.subject, Subject::Team { .. });
    let order_is_known = !(is_resumed && content.changes.iter().any(is_team));
    let mut refusals = Vec::new();
    for (change, at) in content.changes.iter().zip(&expected) {
        let Change { id, subject, risk, depends_on, .. } = change;
        let message = match by_id.get(id) {
            None => "its id is not that of what it does".to_owned(),
            Some(found) if found.risk != *risk => {
                format!("the plan says that its risk is {risk}, and it is {}", found.risk)
            }
            Some(_) if !order_is_known => continue,
            Some(_) if at.id != *id => "it is not in its place in the order".to_owned(),
            Some(found) if found.depends_on != *depends_on => {
                "it depends on other changes than it must".to_owned()
            }
            Some(_) => continue,
        };
        let message = format!("change {id} of {subject}: {message}");
        refusals.push(Refusal::Malformed { message });
    }
    Ok(refusals)
}
