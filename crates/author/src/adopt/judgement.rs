//! What the policy says of what was adopted: the same guard rails that a plan of it would have met.

use std::collections::BTreeSet;
use std::mem::discriminant;

use mixaccess_model::{
    DesiredState, GuardCode, LiveState, NotPlannedKind, OrganizationRole, Policy, ProjectId,
    SubjectKey,
};
use mixaccess_planner::Projection;

use super::{AdoptError, AdoptInput, Refusals, Said, Situation, planned};

/// Guard rails about what somebody holds and who asked for it. The others limit what one plan does, and
/// adopting does nothing to anybody.
const ASKED: [GuardCode; 5] = [
    GuardCode::Rule,
    GuardCode::Escalations,
    GuardCode::Ticket,
    GuardCode::Reason,
    GuardCode::SeparationOfDuties,
];

/// Subjects whose adopted access the policy would have refused, had the files asked for it. Each is
/// judged alone, so that nobody is refused for somebody else: together they are only acquitted, half
/// by half.
pub(super) fn denied(
    input: &AdoptInput<'_>,
    first: &Situation,
    now: &Situation,
    adopted: &Said,
) -> Result<Refusals, AdoptError> {
    if !asks(now, adopted) {
        return Ok(Refusals::new());
    }
    let before = as_the_files_were(input.live, first, now, adopted);
    let mut judged = Judged::of(&now.desired, &before);
    let mut denied = Refusals::new();
    let keys: Vec<&SubjectKey> = adopted.keys().collect();
    // What is acquitted together must not give each other anything, as a team would.
    let mut open: Vec<&[&SubjectKey]> =
        keys.chunk_by(|one, other| discriminant(*one) == discriminant(*other)).collect();
    while let Some(keys) = open.pop() {
        judged.choose(keys, now, &before);
        let content = planned(input, &judged.desired, &judged.live)?;
        let refusals = content.refusals().filter(|verdict| ASKED.contains(&verdict.guard));
        let refusals = refusals.map(|verdict| format!("{}: {}", verdict.guard, verdict.message));
        // Who had what is denied before is given nothing more by a plan, and nothing more by the files.
        let standing = content.findings.iter().filter(|one| one.code == GuardCode::Rule.as_str());
        let standing = standing.map(|one| format!("{}: {}", one.code, one.message));
        let why: Vec<String> = refusals.chain(standing).collect();
        match keys {
            [] => {}
            [_] if why.is_empty() => {}
            [key] => {
                let why = format!("the policy refuses it ({})", why.join("; "));
                denied.insert((*key).clone(), why);
            }
            // Of somebody whom the others keep out of the plan nothing was judged.
            _ if why.is_empty()
                && content.not_planned.iter().all(|one| is_left_out_alone(one.kind))
                && content.errors().next().is_none() => {}
            _ => {
                let (one, other) = keys.split_at(keys.len() / 2);
                open.extend([one, other]);
            }
        }
    }
    Ok(denied)
}

/// Whether the policy asks anything of what is adopted. Organization owners it always asks about.
fn asks(now: &Situation, adopted: &Said) -> bool {
    let Policy { rules, ticket, reason, separation_of_duties, escalations, .. } =
        &now.desired.policy;
    let is_owner = |key: &SubjectKey| match key {
        SubjectKey::Person(email) => now
            .desired
            .collaborator(email)
            .is_some_and(|one| one.organization_role == OrganizationRole::Owner),
        SubjectKey::ServiceAccount(name) => now
            .service_account(name)
            .is_some_and(|one| one.organization_role == OrganizationRole::Owner),
        SubjectKey::Team(_) => false,
    };
    !rules.is_empty()
        || ticket.is_some()
        || reason.is_some()
        || *separation_of_duties
        || escalations.maximum.is_some()
        || adopted.keys().any(is_owner)
}

/// Whether a plan that is about nobody else would leave the same out.
const fn is_left_out_alone(kind: NotPlannedKind) -> bool {
    match kind {
        NotPlannedKind::Unmanaged
        | NotPlannedKind::UndeclaredProject
        | NotPlannedKind::Pending
        | NotPlannedKind::Protected
        | NotPlannedKind::ManagedByScim => true,
        NotPlannedKind::ActorPower | NotPlannedKind::Unreadable | NotPlannedKind::Withheld => false,
    }
}

/// Files and organization with some subjects of one kind in them.
struct Judged {
    desired: DesiredState,
    live: LiveState,
}

impl Judged {
    fn of(desired: &DesiredState, live: &LiveState) -> Self {
        let no_teams = |teams: &Option<Vec<_>>| teams.as_ref().map(|_| Vec::new());
        let desired = DesiredState {
            collaborators: Vec::new(),
            teams: no_teams(&desired.teams),
            service_accounts: desired.service_accounts.as_ref().map(|_| Vec::new()),
            organization: desired.organization.clone(),
            files: desired.files.clone(),
            projects: desired.projects.clone(),
            policy: desired.policy.clone(),
            findings: Vec::new(),
            instant: desired.instant,
            files_digest: desired.files_digest,
        };
        let live = LiveState {
            members: Vec::new(),
            teams: live.teams.as_ref().map(|_| Vec::new()),
            service_accounts: live.service_accounts.as_ref().map(|_| Vec::new()),
            organization_name: live.organization_name.clone(),
            actor: live.actor.clone(),
            projects: live.projects.clone(),
            identity_provider: live.identity_provider.clone(),
            format_version: live.format_version,
            organization: live.organization,
            dialect: live.dialect,
            taken_at: live.taken_at,
            unread: live.unread.clone(),
            unread_rows: live.unread_rows.clone(),
        };
        Self { desired, live }
    }

    fn choose(&mut self, keys: &[&SubjectKey], now: &Situation, live: &LiveState) {
        self.desired.collaborators.clear();
        self.live.members.clear();
        let (teams, accounts) = (&mut self.desired.teams, &mut self.desired.service_accounts);
        teams.iter_mut().for_each(Vec::clear);
        accounts.iter_mut().for_each(Vec::clear);
        self.live.teams.iter_mut().for_each(Vec::clear);
        self.live.service_accounts.iter_mut().for_each(Vec::clear);
        for key in keys {
            match key {
                SubjectKey::Person(email) => {
                    self.desired.collaborators.extend(now.desired.collaborator(email).cloned());
                    self.live.members.extend(live.member(email).cloned());
                }
                SubjectKey::Team(name) => {
                    teams.iter_mut().for_each(|teams| teams.extend(now.team(name).cloned()));
                    let found = live.team(name);
                    self.live.teams.iter_mut().for_each(|teams| teams.extend(found.cloned()));
                }
                SubjectKey::ServiceAccount(name) => {
                    let found = now.service_account(name);
                    accounts.iter_mut().for_each(|all| all.extend(found.cloned()));
                    let found = live.service_account(name);
                    let all = &mut self.live.service_accounts;
                    all.iter_mut().for_each(|all| all.extend(found.cloned()));
                }
            }
        }
    }
}

/// The organization as it would be, had nobody made the changes that are adopted.
fn as_the_files_were(
    live: &LiveState,
    first: &Situation,
    now: &Situation,
    adopted: &Said,
) -> LiveState {
    let mut projection = Projection::new(live);
    for change in &first.content.changes {
        if adopted.contains_key(&change.subject.key()) {
            projection.apply(change);
        }
    }
    let mut before = projection.to_live_state();
    before.members.retain(|member| {
        let is_new = first.desired.collaborator(&member.email).is_none();
        !(is_new && adopted.contains_key(&SubjectKey::Person(member.email.clone())))
    });
    let new: BTreeSet<ProjectId> = now
        .desired
        .projects
        .iter()
        .map(|project| project.id)
        .filter(|project| first.desired.project(*project).is_none())
        .collect();
    if !new.is_empty() {
        for member in &mut before.members {
            member.grants.retain(|grant| !new.contains(&grant.project));
        }
    }
    before
}
