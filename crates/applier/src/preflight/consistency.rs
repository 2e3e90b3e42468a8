//! Whether changes say of live state what the planner would say: a plan is untrusted input, and its
//! digests prove no more than that it is whole.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Change, Difference, Email, LiveState, LiveSubject, LiveTeam, MemberStatus, OrganizationRole,
    Precondition, ProjectRef, ProjectRole, Reading, Slot, Subject, SubjectKey, Verb, Write,
};
use mixaccess_planner::Projection;

use crate::Refusal;
use crate::send::call::{follows_creation, needs_number};

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
    if !change.write.verb.begins() && !follows_creation {
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
    let given = projection.preconditions(&change.subject, &change.write);
    let same = if follows_creation {
        unnumbered(&given) == unnumbered(&change.preconditions)
    } else {
        given == change.preconditions
    };
    if !same {
        return Some("its preconditions are not those of such a change".to_owned());
    }
    before(&change.write, found, ambiguous.live)
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

/// What a write says of the state before it and is not so.
fn before(write: &Write, found: Option<LiveSubject<'_>>, live: &LiveState) -> Option<String> {
    let found = match (write.verb.begins(), found) {
        (true, None) => return None,
        (true, Some(LiveSubject::Person(_))) => {
            return Some("it invites somebody who is there".to_owned());
        }
        (true, Some(_)) => return Some("it creates what is there".to_owned()),
        (false, None) => return Some("it changes what is not there".to_owned()),
        (false, Some(found)) => found,
    };
    let status = match (write.verb, found) {
        (_, LiveSubject::Team(_) | LiveSubject::ServiceAccount(_)) => None,
        (verb, LiveSubject::Person(member)) => other_status(verb, member.status),
    };
    let each = || write.differences.iter().find_map(|one| otherwise(one, write, found, live));
    status.map(str::to_owned).or_else(each).or_else(|| unnamed(write, found))
}

fn other_status(verb: Verb, status: MemberStatus) -> Option<&'static str> {
    match (verb, status) {
        (Verb::Withdraw, MemberStatus::Active) => {
            Some("it withdraws an invitation that was accepted")
        }
        (Verb::Remind, MemberStatus::Active) => {
            Some("it reminds somebody who has accepted the invitation")
        }
        (Verb::Remove, MemberStatus::Pending) => {
            Some("it removes a member who has not accepted the invitation")
        }
        (Verb::Withdraw | Verb::Remind, MemberStatus::Pending)
        | (Verb::Remove, MemberStatus::Active)
        | (Verb::Invite | Verb::Create | Verb::Delete | Verb::Set, _) => None,
    }
}

/// What one difference says of the slot before it and is not so.
fn otherwise(
    difference: &Difference,
    write: &Write,
    found: LiveSubject<'_>,
    live: &LiveState,
) -> Option<String> {
    match (difference, found) {
        (Difference::OrganizationRole(diff), LiveSubject::Person(member)) => {
            let held = member.organization_role.map_or(Reading::Unread, Reading::Known);
            let word = |role: Reading<OrganizationRole>| {
                role.known().map_or("unknown", OrganizationRole::as_str)
            };
            (held != diff.before).then(|| {
                format!(
                    "it names {} as the organization role before, and it is {}",
                    word(diff.before),
                    word(held)
                )
            })
        }
        (Difference::ProjectRole(project, diff), found) => {
            held(found, project, diff.before.as_ref().known())
        }
        (Difference::TeamMember(email, ..), LiveSubject::Team(team)) => {
            if write.verb == Verb::Delete {
                // Whoever an earlier change removes has left the team by now, or in an earlier run.
                let is_known =
                    team.has(email) || was_in(live, team, email) || has_left(live, email);
                return (!is_known).then(|| OTHER_PEOPLE.to_owned());
            }
            match (difference.gives(), team.has(email)) {
                (true, true) => Some(format!("it adds {email}, who is in the team")),
                (false, false) => Some(format!("it takes out {email}, who is not in the team")),
                (true, false) | (false, true) => None,
            }
        }
        (
            Difference::OrganizationRole(_) | Difference::TeamMember(..),
            LiveSubject::Person(_) | LiveSubject::Team(_) | LiveSubject::ServiceAccount(_),
        )
        | (Difference::Account(_) | Difference::Reminder(_) | Difference::Expiry(_), _) => None,
    }
}

const OTHER_PEOPLE: &str = "it names other people than are in the team";

/// What a write that ends its subject takes and does not name.
fn unnamed(write: &Write, found: LiveSubject<'_>) -> Option<String> {
    if !write.verb.ends() {
        return None;
    }
    let named: BTreeSet<Slot<'_>> = write.differences.iter().map(Difference::slot).collect();
    let people = match found {
        LiveSubject::Team(team) => team.members.as_slice(),
        LiveSubject::Person(_) | LiveSubject::ServiceAccount(_) => &[],
    };
    if people.iter().any(|email| !named.contains(&Slot::TeamMember(email))) {
        return Some(OTHER_PEOPLE.to_owned());
    }
    let mut roles = found.roles().into_iter();
    let (project, role) = roles.find(|(id, _)| !named.contains(&Slot::ProjectRole(*id)))?;
    Some(format!("it does not name {role} in project {project}"))
}

fn was_in(live: &LiveState, team: &LiveTeam, email: &Email) -> bool {
    live.team(&team.name).is_some_and(|team| team.has(email))
}

/// Whether somebody is not in the organization, or is invited anew.
fn has_left(live: &LiveState, email: &Email) -> bool {
    live.member(email).is_none_or(|member| !member.status.is_active())
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
        planner.add(ANN, Write::remove(before, Vec::new()), &[]);
        let members = named.iter().map(|email| Email::new(email));
        planner.add_to_team("Growth", Write::delete_team(members, Vec::new()), &[]);
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
