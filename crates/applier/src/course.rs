//! What the changes of a plan add up to for each person: an earlier one may be taken over by a later
//! one, as a withdrawal is by the invitation that follows it, and a revocation by the grant of another
//! role in the same project.

use std::collections::BTreeMap;

use mixaccess_model::{
    Action, Change, Email, LiveMember, LiveState, OrganizationRole, ProjectId, ProjectRole,
};

/// Changes in their order, found by person.
pub(crate) struct Course<'a> {
    of_person: BTreeMap<&'a Email, Vec<(usize, &'a Change)>>,
}

/// What one change makes of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect<'a> {
    Present(bool),
    OrganizationRole(OrganizationRole),
    Project(ProjectId, Option<&'a ProjectRole>),
}

impl<'a> Course<'a> {
    /// The course of some changes of a plan, each with its index.
    pub(crate) fn of(changes: impl Iterator<Item = (usize, &'a Change)>) -> Self {
        let mut of_person: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, change) in changes {
            of_person.entry(change.subject.email()).or_default().push((index, change));
        }
        Self { of_person }
    }

    /// Whether everything that the changes add up to is so.
    pub(crate) fn is_finished(&self, live: &LiveState) -> bool {
        self.of_person.iter().all(|(email, own)| {
            let mut last: BTreeMap<ProjectId, Option<&ProjectRole>> = BTreeMap::new();
            let (mut present, mut role) = (None, None);
            for effect in own.iter().flat_map(|(_, change)| effects(&change.action)) {
                match effect {
                    Effect::Present(after) => present = Some(after),
                    Effect::OrganizationRole(after) => role = Some(after),
                    Effect::Project(project, after) => drop(last.insert(project, after)),
                }
            }
            let Some(member) = live.member(email) else {
                let gives = role.is_some() || last.values().any(Option::is_some);
                return present == Some(false) || (present.is_none() && !gives);
            };
            present != Some(false)
                && role.is_none_or(|role| member.organization_role == Some(role))
                && last.iter().all(|(project, role)| member.individual_role(*project) == *role)
        })
    }

    /// Whether somebody is as after that change, or as after a later one that took it over.
    pub(crate) fn is_behind(
        &self,
        index: usize,
        change: &Change,
        member: Option<&LiveMember>,
    ) -> bool {
        let own = self.of_person.get(change.subject.email()).map_or(&[][..], Vec::as_slice);
        let from = own.partition_point(|(at, _)| *at < index);
        let rest = own.get(from..).unwrap_or_default();
        let given = || rest.iter().flat_map(|(_, change)| effects(&change.action));
        let Some(member) = member else {
            return matches!(change.action, Action::Revoke { .. })
                || given().any(|effect| effect == Effect::Present(false));
        };
        let has_role = || {
            let role = member.organization_role.map(Effect::OrganizationRole);
            given().any(|effect| Some(effect) == role)
        };
        effects(&change.action).into_iter().all(|effect| match effect {
            Effect::Present(true) => true,
            // Present again, through the later invitation.
            Effect::Present(false) => {
                given().any(|effect| effect == Effect::Present(true)) && has_role()
            }
            Effect::OrganizationRole(_) => has_role(),
            Effect::Project(project, _) => {
                let held = Effect::Project(project, member.individual_role(project));
                given().any(|effect| effect == held)
            }
        })
    }
}

fn effects(action: &Action) -> Vec<Effect<'_>> {
    match action {
        Action::Invite { organization_role, grants } => {
            let start = [Effect::Present(true), Effect::OrganizationRole(*organization_role)];
            let grants =
                grants.iter().map(|grant| Effect::Project(grant.project.id, Some(&grant.role)));
            start.into_iter().chain(grants).collect()
        }
        Action::WithdrawInvitation { loses, .. } | Action::RemoveMember { loses, .. } => {
            let lost = loses.iter().map(|lost| Effect::Project(lost.project.id, None));
            std::iter::once(Effect::Present(false)).chain(lost).collect()
        }
        Action::SetOrganizationRole { after, .. } => vec![Effect::OrganizationRole(*after)],
        Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
            vec![Effect::Project(project.id, Some(after))]
        }
        Action::Revoke { project, .. } => vec![Effect::Project(project.id, None)],
    }
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{InvitedGrant, MemberStatus};

    use super::*;
    use crate::fake::{Fake, Fault, Person, Planner, Roster, options, person, project};
    use crate::precheck::is_applied;
    use crate::{ApplyStatus, CancelToken, NoProgress, Receipt, StateDirectory, apply};

    const LEE: &str = "lee@agency.example";
    const KIM: &str = "kim@agency.example";
    const ROOT: &str = "root@acme.example";

    fn pending(id: u64, grants: &[(u64, ProjectRole)]) -> Person {
        Person { status: MemberStatus::Pending, ..person(id, OrganizationRole::Member, grants) }
    }

    fn roster() -> Roster {
        let two = [(7, ProjectRole::Analyst), (8, ProjectRole::Analyst)];
        [
            (ROOT, person(1, OrganizationRole::Owner, &[])),
            (LEE, pending(4, &two)),
            (KIM, pending(5, &two)),
        ]
        .into_iter()
        .map(|(email, person)| (Email::new(email), person))
        .collect()
    }

    /// Lee's role in one project is changed by revoking and granting; Kim is invited anew to one
    /// project with the role she has, and loses the other.
    fn planner() -> Planner {
        let mut planner = Planner::new(&roster());
        let analyst =
            |number| InvitedGrant { project: project(number), role: ProjectRole::Analyst };
        let organization_role = OrganizationRole::Member;
        let revoke = Action::Revoke { project: project(7), before: ProjectRole::Analyst };
        let revoked = planner.add(LEE, revoke, &[]);
        let withdrawal = Action::WithdrawInvitation {
            organization_role: Some(organization_role),
            loses: vec![analyst(7), analyst(8)],
        };
        let withdrawn = planner.add(KIM, withdrawal, &[]);
        let grant = Action::Grant { project: project(7), after: ProjectRole::Admin };
        planner.add(LEE, grant, &[revoked]);
        let invite = Action::Invite { organization_role, grants: vec![analyst(7)] };
        planner.add(KIM, invite, &[withdrawn]);
        planner
    }

    struct Bench {
        fake: Fake,
        root: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            Self { fake: Fake::new(roster()), root: tempfile::tempdir().unwrap() }
        }

        async fn run(&self, directory: &str, resume: bool) -> Receipt {
            let state = StateDirectory::open(self.root.path().join(directory)).unwrap();
            let mut options = options(1);
            options.concurrency = 1;
            options.resume = resume;
            let never = CancelToken::never();
            let plan = planner().plan();
            apply(&plan, &self.fake, &state, &options, &NoProgress, &never).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_finished_plan_is_already_applied_also_where_no_journal_tells() {
        let bench = Bench::new();
        assert!(!is_applied(&planner().content().changes, &bench.fake.live()));
        assert_eq!(bench.run("one", false).await.status, ApplyStatus::Applied);
        for directory in ["one", "two"] {
            let again = bench.run(directory, false).await;
            assert_eq!(again.status, ApplyStatus::AlreadyApplied, "{again:?}");
            assert_eq!((again.exit_code(), again.requests.writes), (0, 0));
        }
        let one = bench.run("one", false).await;
        assert!(one.notes.is_empty(), "{:?}", one.notes);
        bench.fake.by_hand(|roster| drop(roster.remove(&Email::new(KIM))));
        assert!(!is_applied(&planner().content().changes, &bench.fake.live()));
    }

    #[tokio::test]
    async fn going_on_without_what_the_journal_said_finds_what_was_taken_over() {
        for lost in 0..4 {
            let bench = Bench::new();
            // The run ends early, at the write of that number.
            bench.fake.lock().faults.insert(lost, Fault::Busy);
            let receipt = bench.run("one", false).await;
            let path = receipt.journal.unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let header = text.lines().next().unwrap();
            std::fs::write(&path, format!("{header}\n\u{fffd}\n")).unwrap();
            let receipt = bench.run("one", true).await;
            assert_eq!(receipt.status, ApplyStatus::Applied, "{lost}: {receipt:?}");
            assert!(is_applied(&planner().content().changes, &bench.fake.live()));
            assert_eq!(bench.fake.lock().invitations.len(), 1);
            assert_eq!(bench.fake.lock().writes.len(), 4 + 1);
        }
    }

    #[test]
    fn what_somebody_else_did_is_not_taken_for_a_later_change() {
        let content = planner().content();
        let course = Course::of(content.changes.iter().enumerate());
        let behind = |index: usize, member: &Person| {
            let mut roster = roster();
            let email = content.changes[index].subject.email().clone();
            roster.insert(email.clone(), member.clone());
            let live = Fake::new(roster).live();
            course.is_behind(index, &content.changes[index], live.member(&email))
        };
        // Revoked; granted anew; as before; changed by somebody else.
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        assert!(behind(0, &pending(4, &[])));
        assert!(behind(0, &pending(4, &[(7, admin)])));
        assert!(!behind(0, &pending(4, &[(7, analyst.clone())])));
        assert!(!behind(0, &pending(4, &[(7, ProjectRole::Owner)])));
        assert!(!behind(2, &pending(4, &[])));
        // Invited anew; still with what the withdrawal takes; promoted by somebody else.
        assert!(behind(1, &pending(9, &[(7, analyst.clone())])));
        assert!(!behind(1, &pending(5, &[(7, analyst.clone()), (8, analyst.clone())])));
        let mut promoted = pending(9, &[(7, analyst)]);
        promoted.role = OrganizationRole::Admin;
        assert!(!behind(1, &promoted));
        assert!(!behind(3, &promoted));
    }
}
