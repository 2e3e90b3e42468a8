//! Guard rails, evaluated in plan and in apply by the same code.

mod age;
mod amounts;
mod declaration;
mod declared;
mod denial;
mod named_roles;
mod owners;
mod paperwork;
mod protected;
mod rules;
mod standing;
mod tiny;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_model::{
    Change, Diff, Difference, Email, Grant, GuardCode, GuardVerdict, LiveState, Override,
    PlanContent, Policy, ProjectRef, ProjectRole, Reading, Risk, Subject, Verb, listed,
};

use crate::compare::draft::risk_between;
use crate::custom_role::CustomRoles;

pub use declared::{denied_by_rules, denied_declarations};
pub(crate) use owners::floor as owner_floor;
pub(crate) use rules::judged_on_coming;
pub(crate) use standing::standing;

/// Evaluates every guard rail over a plan's changes against `live`: the live state the plan was made
/// from, or at apply the live state read again. `now` decides whether overrides are still valid; at
/// apply, `made_at` is when the plan was made and lets `plan-age` be checked.
///
/// Reads `content.changes`, `.subjects`, `.projects`, `.policy`, `.figures` and `.acting_as`.
pub fn evaluate(
    content: &PlanContent,
    live: &LiveState,
    now: Timestamp,
    made_at: Option<Timestamp>,
) -> Vec<GuardVerdict> {
    let custom = CustomRoles::planned(content);
    let context = Context { content, live, now, custom: &custom };
    let mut verdicts = Vec::new();
    verdicts.extend(owners::evaluate(&context));
    verdicts.extend(protected::evaluate(&context));
    verdicts.extend(amounts::removals(&context));
    verdicts.extend(amounts::reductions(&context));
    verdicts.extend(amounts::owner_grants(&context));
    verdicts.extend(amounts::escalations(&context));
    verdicts.extend(paperwork::separation_of_duties(&context));
    verdicts.extend(paperwork::tickets(&context));
    verdicts.extend(paperwork::reasons(&context));
    verdicts.extend(rules::evaluate(&context));
    verdicts.extend(tiny::evaluate(&context));
    verdicts.extend(age::evaluate(&context, made_at));
    if content.undoes.is_some() {
        // Nobody can plan an undo again: its overrides are given when it is applied.
        for verdict in &mut verdicts {
            verdict.way_past = verdict.way_past.replace(PLAN_AGAIN, "apply it with");
        }
    }
    verdicts
}

/// How many accepted owners must remain at every step: as many as the policy says, or one where an
/// override that is still valid lets a plan go below that.
pub fn least_owners(policy: &Policy, now: Timestamp) -> usize {
    match valid_override(policy, now, GuardCode::OwnerFloor, None) {
        Some(_) => 1,
        None => owner_floor(policy.owners),
    }
}

/// How the way past a guard rail begins.
const PLAN_AGAIN: &str = "plan again with";

/// What every guard rail sees.
struct Context<'a> {
    content: &'a PlanContent,
    live: &'a LiveState,
    now: Timestamp,
    custom: &'a CustomRoles<'a>,
}

impl Context<'_> {
    const fn policy(&self) -> &Policy {
        &self.content.policy
    }

    /// The override that lets `figure` pass, if there is one that is still valid.
    fn overridden(&self, guard: GuardCode, figure: Option<usize>) -> Option<Override> {
        valid_override(self.policy(), self.now, guard, figure)
    }
}

fn valid_override(
    policy: &Policy,
    now: Timestamp,
    guard: GuardCode,
    figure: Option<usize>,
) -> Option<Override> {
    policy
        .overrides
        .iter()
        .filter(|one| one.guard == guard)
        .filter(|one| one.until.is_none_or(|until| now <= until))
        .find(|one| match (one.maximum, figure) {
            (Some(maximum), Some(figure)) => u32::try_from(figure).is_ok_and(|n| n <= maximum),
            (Some(_), None) => false,
            (None, _) => true,
        })
        .cloned()
}

/// The two ways past a guard rail that has any.
fn way_past(guard: GuardCode, figure: Option<usize>) -> String {
    let (option, entry) = match figure {
        Some(figure) => (format!("{guard}={figure}"), format!("guard: {guard}, maximum: {figure}")),
        None => (guard.to_string(), format!("guard: {guard}")),
    };
    format!(
        "{PLAN_AGAIN} `--allow {option} --because \"…\"`, or add `{{ {entry}, until: …, reason: … }}` to policy.overrides"
    )
}

/// The first few subjects of a list, and how many more there are.
fn subjects<'a>(all: impl Iterator<Item = &'a Subject>) -> String {
    let names: BTreeSet<String> = all.map(ToString::to_string).collect();
    listed(names, 3)
}

/// The person whom a change is about: its subject, or whoever joins or leaves a team.
fn person_of(change: &Change) -> Option<&Email> {
    match change.write.verb {
        Verb::Set => change.write.team_members().next().map(|(email, _)| email),
        Verb::Invite
        | Verb::Withdraw
        | Verb::Remind
        | Verb::Remove
        | Verb::Create
        | Verb::Delete => None,
    }
    .or_else(|| change.subject.email())
}

/// Whether a change gives a role only in the place of a stronger one. What is taken and what is given
/// instead may be two changes.
fn only_lowers(content: &PlanContent, change: &Change, custom: &CustomRoles<'_>) -> bool {
    let is_less = |project: &ProjectRef, before: &ProjectRole, after: &ProjectRole| {
        risk_between(project.id, before, after, custom) == Risk::Reduction
    };
    let held = |project: &ProjectRef| {
        let before = content.subject(&change.subject.key()).and_then(|one| one.before.as_ref());
        let rows = before.into_iter().flat_map(|access| &access.grants);
        let rows: Vec<Grant> = rows.filter(|row| row.project == project.id).cloned().collect();
        Grant::individual_role(&rows).cloned()
    };
    let lowers = |one: &Difference| match one {
        Difference::OrganizationRole(Diff {
            before: Reading::Known(before),
            after: Reading::Known(after),
        }) => after < before,
        Difference::ProjectRole(project, Diff { before, after: Reading::Known(after) }) => before
            .clone()
            .known()
            .or_else(|| held(project))
            .is_some_and(|one| is_less(project, &one, after)),
        Difference::Account(_)
        | Difference::OrganizationRole(_)
        | Difference::ProjectRole(..)
        | Difference::TeamMember(..)
        | Difference::Reminder(_)
        | Difference::Expiry(_) => false,
    };
    change.write.verb == Verb::Set && change.write.differences.iter().all(lowers)
}

/// Which people of a plan are in which of its teams, before or after.
struct TeamPeople<'a>(BTreeMap<&'a str, Vec<&'a Email>>);

impl<'a> TeamPeople<'a> {
    fn of(content: &'a PlanContent) -> Self {
        let mut people: BTreeMap<&str, Vec<&Email>> = BTreeMap::new();
        for one in &content.subjects {
            let Some(email) = one.subject.email() else { continue };
            let access = one.before.iter().chain(&one.after);
            let teams: BTreeSet<&str> =
                access.flat_map(|access| access.teams.iter().map(|team| &**team)).collect();
            for team in teams {
                people.entry(team).or_default().push(email);
            }
        }
        Self(people)
    }

    /// Everybody whose access a change touches: its subject, whoever joins or leaves a team, and the
    /// people of a team whose roles change or which goes.
    fn touched_by(&self, change: &'a Change) -> impl Iterator<Item = &'a Email> {
        // A new team has nobody yet: who joins is told by the change that lets them join.
        let changes_what_it_gives = change.write.differences.iter().any(|one| match one {
            Difference::ProjectRole(..) => true,
            Difference::Account(diff) => diff.after == Reading::Absent,
            Difference::OrganizationRole(_)
            | Difference::TeamMember(..)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => false,
        });
        let team = match &change.subject {
            Subject::Team { name, .. } if changes_what_it_gives => {
                self.0.get(&**name).map(Vec::as_slice).unwrap_or_default()
            }
            Subject::Team { .. } | Subject::Person { .. } | Subject::ServiceAccount { .. } => &[],
        };
        // A reminder changes nobody's access.
        let is_reminder = change.write.verb == Verb::Remind;
        let person = person_of(change).filter(|_| !is_reminder);
        team.iter().copied().chain(person)
    }
}
