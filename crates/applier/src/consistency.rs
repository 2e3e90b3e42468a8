//! Whether changes say of live state what the planner would say: a plan is untrusted input, and its
//! digests prove no more than that it is whole.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Action, Change, Email, InvitedGrant, LiveMember, LiveState, LiveSubject, LiveTeam,
    MemberStatus, OrganizationRole, Precondition, ProjectRef, ProjectRole, Subject, SubjectKey,
};
use mixaccess_planner::Projection;

use crate::Refusal;
use crate::call::{creates, follows_creation, needs_number};

/// Whether a change is going to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    No,
    /// As the plan has it.
    AsPlanned,
    /// After what an earlier run made of it is deleted.
    Anew,
}

/// Refuses every change that is to be sent, as `sent` tells by index, and that addresses another
/// number than its subject's, is held to other preconditions than the planner gives, or names another
/// state before it than there is. The preconditions of such a change hold.
pub(crate) fn inconsistencies(changes: &[Change], sent: &[Sent], live: &LiveState) -> Vec<Refusal> {
    let ambiguous = Ambiguous::of(live);
    let mut projection = Projection::new(live);
    let mut refusals = Vec::new();
    for ((change, follows), sent) in changes.iter().zip(follows_creation(changes)).zip(sent) {
        if *sent == Sent::No {
            continue;
        }
        if *sent == Sent::AsPlanned
            && let Some(message) = inconsistency(&projection, change, follows, &ambiguous)
        {
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
    follows_creation: bool,
    ambiguous: &Ambiguous<'_>,
) -> Option<String> {
    let key = change.subject.key();
    let found = projection.subject(&key);
    if !creates(&change.action) && !follows_creation {
        let planned = number(&change.subject);
        let live = found.and_then(LiveSubject::number);
        if planned != live {
            return Some(format!(
                "it addresses number {}, and the number of {key} is {}",
                shown(planned),
                shown(live)
            ));
        }
        if needs_number(change) && planned.is_some_and(|one| ambiguous.has_number(&key, one)) {
            return Some(format!("number {} stands for several", shown(planned)));
        }
    }
    if ambiguous.names.contains(&key) {
        return Some(format!("there are several with that name, and {key} may be any of them"));
    }
    let given = projection.preconditions(&change.subject, &change.action);
    let same = if follows_creation {
        unnumbered(&given) == unnumbered(&change.preconditions)
    } else {
        given == change.preconditions
    };
    if !same {
        return Some("its preconditions are not those of such a change".to_owned());
    }
    before(&change.action, found, ambiguous.live)
}

/// Preconditions without what is not known of a subject that the plan itself makes: the number, and
/// whether the invitation has been accepted since.
fn unnumbered(preconditions: &[Precondition]) -> Vec<Precondition> {
    let mut unnumbered = preconditions.to_vec();
    for precondition in &mut unnumbered {
        match precondition {
            Precondition::Member { user, status, .. } => {
                *user = None;
                *status = MemberStatus::Pending;
            }
            Precondition::Team { id } => *id = None,
            Precondition::ServiceAccount { id } => *id = None,
            Precondition::Absent
            | Precondition::TeamMember { .. }
            | Precondition::IndividualGrant { .. } => {}
        }
    }
    unnumbered
}

/// What an action says of the state before it and is not so.
fn before(action: &Action, found: Option<LiveSubject<'_>>, live: &LiveState) -> Option<String> {
    let found = match (creates(action), found) {
        (true, None) => return None,
        (true, Some(LiveSubject::Person(_))) => {
            return Some("it invites somebody who is there".to_owned());
        }
        (true, Some(_)) => return Some("it creates what is there".to_owned()),
        (false, None) => return Some("it changes what is not there".to_owned()),
        (false, Some(found)) => found,
    };
    match (action, found) {
        (Action::Grant { project, .. }, found) => held(found, project, None),
        (
            Action::SetProjectRole { project, before, .. } | Action::Revoke { project, before },
            _,
        ) => held(found, project, Some(before)),
        (_, LiveSubject::Person(member)) => before_person(action, member),
        (Action::DeleteServiceAccount { loses }, found) => lost(found, loses),
        (Action::DeleteTeam { members, loses }, LiveSubject::Team(team)) => {
            // Whoever an earlier change removes has left the team by now, or in an earlier run.
            let known = |email: &Email| {
                team.has(email) || was_in(live, team, email) || has_left(live, email)
            };
            let is_same = members.iter().all(known)
                && team.members.iter().all(|email| members.contains(email));
            (!is_same)
                .then(|| "it names other people than are in the team".to_owned())
                .or_else(|| lost(found, loses))
        }
        (Action::AddTeamMember { email, .. }, LiveSubject::Team(team)) => {
            team.has(email).then(|| format!("it adds {email}, who is in the team"))
        }
        (Action::RemoveTeamMember { email, .. }, LiveSubject::Team(team)) => {
            (!team.has(email)).then(|| format!("it takes out {email}, who is not in the team"))
        }
        _ => None,
    }
}

fn was_in(live: &LiveState, team: &LiveTeam, email: &Email) -> bool {
    live.team(&team.name).is_some_and(|team| team.has(email))
}

/// Whether somebody is not in the organization, or is invited anew.
fn has_left(live: &LiveState, email: &Email) -> bool {
    live.member(email).is_none_or(|member| !member.status.is_active())
}

fn before_person(action: &Action, member: &LiveMember) -> Option<String> {
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
    let found = LiveSubject::Person(member);
    match action {
        Action::SetOrganizationRole { before, .. } => role(Some(*before)),
        Action::WithdrawInvitation { organization_role, loses } => member
            .status
            .is_active()
            .then(|| "it withdraws an invitation that was accepted".to_owned())
            .or_else(|| role(*organization_role))
            .or_else(|| lost(found, loses)),
        Action::RemoveMember { before, loses } => (!member.status.is_active())
            .then(|| "it removes a member who has not accepted the invitation".to_owned())
            .or_else(|| role(*before))
            .or_else(|| lost(found, loses)),
        Action::RemindInvitation { .. } => member
            .status
            .is_active()
            .then(|| "it reminds somebody who has accepted the invitation".to_owned()),
        _ => None,
    }
}

fn held(
    found: LiveSubject<'_>,
    project: &ProjectRef,
    before: Option<&ProjectRole>,
) -> Option<String> {
    let word = |role: Option<&ProjectRole>| role.map_or("none", ProjectRole::as_str).to_owned();
    let role = found.role(project.id);
    (role != before).then(|| {
        format!(
            "it names {} in project {} as the role before, and it is {}",
            word(before),
            project.id,
            word(role)
        )
    })
}

/// Whether what goes with a subject is named, and nothing else is.
fn lost(found: LiveSubject<'_>, loses: &[InvitedGrant]) -> Option<String> {
    let named: BTreeSet<_> = loses.iter().map(|lost| lost.project.id).collect();
    let unnamed = found.roles().into_iter().find(|(project, _)| !named.contains(project));
    loses.iter().find_map(|lost| held(found, &lost.project, Some(&lost.role))).or_else(|| {
        unnamed.map(|(project, role)| format!("it does not name {role} in project {project}"))
    })
}

fn number(subject: &Subject) -> Option<u64> {
    match subject {
        Subject::Person { user, .. } => user.map(|user| user.0),
        Subject::Team { id, .. } => id.map(|id| id.0),
        Subject::ServiceAccount { id, .. } => id.map(|id| id.0),
    }
}

fn shown(number: Option<u64>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}

/// What stands for several in live state.
struct Ambiguous<'a> {
    live: &'a LiveState,
    /// Numbers of several people, teams, or service accounts.
    people: BTreeSet<u64>,
    teams: BTreeSet<u64>,
    service_accounts: BTreeSet<u64>,
    /// Names that several teams or several service accounts have.
    names: BTreeSet<SubjectKey>,
}

impl<'a> Ambiguous<'a> {
    fn of(live: &'a LiveState) -> Self {
        let teams = live.teams.as_deref().unwrap_or_default();
        let accounts = live.service_accounts.as_deref().unwrap_or_default();
        let team_names = teams.iter().map(|one| SubjectKey::Team(one.name.clone()));
        let usernames = accounts.iter().map(|one| SubjectKey::ServiceAccount(one.username.clone()));
        Self {
            live,
            people: repeated(live.members.iter().filter_map(|member| Some(member.id?.0))),
            teams: repeated(teams.iter().map(|team| team.id.0)),
            service_accounts: repeated(accounts.iter().map(|account| account.id.0)),
            names: repeated(team_names.chain(usernames)),
        }
    }

    fn has_number(&self, key: &SubjectKey, number: u64) -> bool {
        match key {
            SubjectKey::Person(_) => self.people.contains(&number),
            SubjectKey::Team(_) => self.teams.contains(&number),
            SubjectKey::ServiceAccount(_) => self.service_accounts.contains(&number),
        }
    }
}

fn repeated<T: Ord>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(one, _)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Organization, Planner, Team, person};

    const ANN: &str = "ann@acme.example";
    const BEN: &str = "ben@acme.example";

    fn organization(emails: &[&str]) -> Organization {
        let people = (1..)
            .zip(emails)
            .map(|(id, email)| (Email::new(email), person(id, OrganizationRole::Member, &[])));
        let members = emails.iter().map(|email| Email::new(email)).collect();
        Organization {
            people: people.collect(),
            teams: [("Growth".into(), Team { id: 8, members, ..Team::default() })].into(),
            ..Organization::default()
        }
    }

    /// Ann is removed, and then the team is deleted that both were in: refusals of a first run, and of
    /// one that goes on after the removal.
    fn refused(named: &[&str]) -> [usize; 2] {
        let (both, ben) = (organization(&[ANN, BEN]), organization(&[BEN]));
        let mut planner = Planner::of(&both);
        let before = Some(OrganizationRole::Member);
        planner.add(ANN, Action::RemoveMember { before, loses: Vec::new() }, &[]);
        let members = named.iter().map(|email| Email::new(email)).collect();
        planner.add_to_team("Growth", Action::DeleteTeam { members, loses: Vec::new() }, &[]);
        let changes = planner.content().changes;
        let refused = |sent: [Sent; 2], live| inconsistencies(&changes, &sent, &live).len();
        [
            refused([Sent::AsPlanned, Sent::AsPlanned], both.live()),
            refused([Sent::No, Sent::AsPlanned], ben.live()),
        ]
    }

    #[test]
    fn a_deleted_team_names_who_was_in_it_before_others_were_removed() {
        assert_eq!(refused(&[ANN, BEN]), [0, 0]);
        assert_eq!(refused(&[ANN]), [1, 1]);
        assert_eq!(refused(&[]), [1, 1]);
    }
}
