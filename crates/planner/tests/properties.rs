//! What holds for every plan, whatever the files and the organization.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use mixaccess_model::{
    Change, ChangeId, Dialect, Difference, Email, Fact, GrantSource, GuardCode, GuardVerdict,
    LiveMember, LiveState, LiveSubject, ManagedBy, ManualTask, NotPlannedKind, OrganizationRole,
    PlanContent, ProjectId, ProjectRole, ReasonKind, Risk, Slot, State, Subject, SubjectKey,
    Through, UnmanagedAction, UserId, Verb,
};
use mixaccess_planner::testing::{
    Answers, NOW, World, applied, config, overrides, policies, whole_worlds, worlds,
};
use mixaccess_planner::{CODES, Projection, guard, reordered, undo};
use proptest::collection::vec;
use proptest::prelude::*;

fn any_world() -> BoxedStrategy<World> {
    prop_oneof![faithful_worlds(), odd_worlds()].boxed()
}

fn faithful_worlds() -> BoxedStrategy<World> {
    prop_oneof![1 => worlds(Answers::Faithful), 2 => whole_worlds(Answers::Faithful)].boxed()
}

fn odd_worlds() -> BoxedStrategy<World> {
    prop_oneof![1 => worlds(Answers::Odd), 2 => whole_worlds(Answers::Odd)].boxed()
}

fn bytes(content: &PlanContent) -> Option<String> {
    serde_json::to_string(content).ok()
}

/// An order of changes that respects dependencies and keeps one person's changes in their order,
/// chosen by `picks`. Nothing when the changes wait for each other.
fn interleaving<'a>(changes: &'a [Change], picks: &[usize]) -> Option<Vec<&'a Change>> {
    let mut left: Vec<&Change> = changes.iter().collect();
    let mut done: BTreeSet<&ChangeId> = BTreeSet::new();
    let mut order = Vec::new();
    let mut picks = picks.iter().cycle();
    while !left.is_empty() {
        let mut met: BTreeSet<SubjectKey> = BTreeSet::new();
        let ready: Vec<usize> = left
            .iter()
            .enumerate()
            .filter(|(_, change)| {
                met.insert(change.subject.key())
                    && change.depends_on.iter().all(|id| done.contains(id))
            })
            .map(|(index, _)| index)
            .collect();
        let pick = picks.next()?.checked_rem(ready.len())?;
        let change = left.remove(*ready.get(pick)?);
        done.insert(&change.id);
        order.push(change);
    }
    Some(order)
}

/// What is in each slot of a subject that has something in it.
fn facts(subject: Option<LiveSubject<'_>>) -> BTreeMap<Slot<'_>, Fact<'_>> {
    let all = subject.into_iter().flat_map(LiveSubject::facts);
    all.filter(|fact| !fact.is_absent()).map(|fact| (fact.slot(), fact)).collect()
}

fn nobody() -> Subject {
    Subject::Person { email: Email::new("nobody@x.example"), user: None }
}

type OwnAccess = (Option<OrganizationRole>, Vec<(ProjectId, ProjectRole)>);

/// Individual grants and organization roles of everybody whom `skip` does not name.
fn own_access(live: &LiveState, skip: &BTreeSet<Email>) -> BTreeMap<Email, OwnAccess> {
    live.members
        .iter()
        .filter(|member| !skip.contains(&member.email))
        .map(|member| {
            let grants = member.individual_grants().map(|(id, role)| (id, role.clone())).collect();
            (member.email.clone(), (member.organization_role, grants))
        })
        .collect()
}

type Own = (BTreeSet<Email>, Vec<(ProjectId, ProjectRole)>);

/// What teams and service accounts have that `told` does not name, without people whom `skip` names.
fn others(
    live: &LiveState,
    skip: &BTreeSet<Email>,
    told: &BTreeSet<SubjectKey>,
) -> BTreeMap<SubjectKey, Own> {
    let teams = live.teams.iter().flatten().map(|team| {
        let members = team.members.iter().filter(|email| !skip.contains(email)).cloned();
        let grants = team.grants.iter().map(|grant| (grant.project, grant.role.clone()));
        (SubjectKey::Team(team.name.clone()), (members.collect(), grants.collect()))
    });
    let accounts = live.service_accounts.iter().flatten().map(|one| {
        let grants = one.individual_grants().map(|(project, role)| (project, role.clone()));
        (SubjectKey::ServiceAccount(one.username.clone()), (BTreeSet::new(), grants.collect()))
    });
    teams.chain(accounts).filter(|(key, _)| !told.contains(key)).collect()
}

fn refuses(verdicts: &[GuardVerdict], guard: GuardCode) -> bool {
    verdicts.iter().any(|verdict| verdict.guard == guard && verdict.overridden_by.is_none())
}

/// Who effectively has more than is declared where the policy refuses that.
fn above_declared(content: &PlanContent) -> BTreeSet<SubjectKey> {
    let codes = ["effective-above-declared", "none-not-reachable"];
    let above = content.errors().filter(|one| codes.contains(&&*one.code));
    above.filter_map(|one| one.subject.as_ref().map(Subject::key)).collect()
}

/// Of whom something is withheld.
fn withheld(content: &PlanContent) -> BTreeSet<SubjectKey> {
    let left = content.not_planned.iter().filter(|one| one.kind == NotPlannedKind::Withheld);
    left.filter_map(|one| one.subject.as_ref().map(Subject::key)).collect()
}

/// The plan after a plan. What the first withheld can be clear by then, as when the account goes that
/// somebody new looked like: the second is about those alone, and the third is given.
fn next(world: &World, first: &PlanContent) -> Result<PlanContent, serde_json::Error> {
    let after = world.after(first);
    let second = after.plan()?;
    let withheld = withheld(first);
    let is_withheld = |change: &Change| {
        let joins = change.write.joined();
        let key = joins.map_or_else(|| change.subject.key(), |one| SubjectKey::Person(one.clone()));
        withheld.contains(&key)
    };
    if second.changes.is_empty() || !second.changes.iter().all(is_withheld) {
        return Ok(second);
    }
    after.after(&second).plan()
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn converges_in_one_run(world in faithful_worlds()) {
        let first = world.plan().unwrap();
        let second = next(&world, &first).unwrap();
        prop_assert_eq!(&second.changes, &Vec::new());
        // How old a plan may be is said of a new one where an override lets it be older.
        let about_the_files = |verdict: &GuardVerdict| match verdict.guard {
            GuardCode::Rule | GuardCode::Tiny => true,
            GuardCode::PlanAge => verdict.overridden_by.is_some(),
            _ => false,
        };
        prop_assert!(second.guards.iter().all(about_the_files));
        // What the next plan would refuse, the first does.
        prop_assert!(above_declared(&second).is_subset(&above_declared(&first)));
    }

    #[test]
    fn converges_whatever_the_service_answers(world in odd_worlds()) {
        let first = world.plan().unwrap();
        let second = next(&world, &first).unwrap();
        prop_assert_eq!(&second.changes, &Vec::new());
    }

    #[test]
    fn preconditions_hold_in_the_order_of_the_plan(world in any_world()) {
        let content = world.plan().unwrap();
        let mut projection = Projection::new(&world.live);
        for change in &content.changes {
            prop_assert_eq!(projection.moved(change), Vec::new());
            prop_assert!(!projection.holds(change), "{} is so already", change.kind());
            projection.apply(change);
            prop_assert!(projection.holds(change));
        }
    }

    #[test]
    fn what_follows_from_changes_is_made_anew_of_them(world in any_world()) {
        let content = world.plan().unwrap();
        let mut edited = content.clone();
        for change in &mut edited.changes {
            change.risk = Risk::Neutral;
            change.depends_on.clear();
            change.preconditions.clear();
        }
        prop_assert_eq!(reordered(&edited, &world.live).unwrap(), content.changes);
    }

    #[test]
    fn preconditions_and_the_owner_floor_hold_in_every_order(
        world in any_world(),
        picks in vec(any::<usize>(), 1..12),
    ) {
        let content = world.plan().unwrap();
        let minimum = match content.policy.owners {
            owners if owners.set => owners.minimum.max(1) as usize,
            _ => 1,
        };
        let floor_holds = !content.guards.iter().any(|one| one.guard == GuardCode::OwnerFloor);
        let mut projection = Projection::new(&world.live);
        for change in interleaving(&content.changes, &picks).unwrap() {
            prop_assert_eq!(projection.moved(change), Vec::new());
            let before = projection.active_owners();
            projection.apply(change);
            let after = projection.active_owners();
            if floor_holds {
                prop_assert!(after >= before || after >= minimum, "{after} owners left");
            }
        }
        prop_assert_eq!(projection.access(&nobody()), None);
    }

    #[test]
    fn what_a_team_gives_instead_comes_first_in_every_order(
        world in any_world(),
        picks in vec(any::<usize>(), 1..12),
    ) {
        let content = world.plan().unwrap();
        let finally = world.after(&content).live;
        let as_much = |member: Option<&LiveMember>, project: ProjectId, role: &ProjectRole| {
            let rows = member.map(|member| member.grants_in(project)).unwrap_or_default();
            rows.iter().any(|row| {
                matches!(row.source, GrantSource::Team(_) | GrantSource::AllUsers)
                    && matches!((row.role.power(), role.power()), (Some(one), Some(other)) if one >= other)
            })
        };
        let mut projection = Projection::new(&world.live);
        for change in interleaving(&content.changes, &picks).unwrap() {
            projection.apply(change);
            let (Some(email), Some((project, before))) =
                (change.subject.email(), change.write.revoked())
            else { continue };
            let is_given_again = content.changes.iter().any(|other| {
                other.subject == change.subject
                    && other.write.granted().is_some_and(|(given, _)| given == project)
            });
            if !is_given_again && as_much(finally.member(email), project.id, before) {
                prop_assert!(as_much(projection.member(email), project.id, before));
            }
        }
    }

    #[test]
    fn only_what_the_files_are_about_is_changed(world in any_world()) {
        let content = world.plan().unwrap();
        let World { desired, live } = &world;
        let unmanaged = &desired.policy.unmanaged;
        for change in &content.changes {
            let Some(email) = change.subject.email() else { continue };
            let declared = desired.collaborator(email);
            let member = live.member(email);
            match declared {
                Some(one) => prop_assert_ne!(one.managed_by, mixaccess_model::ManagedBy::Scim),
                None => {
                    prop_assert_ne!(unmanaged.action, UnmanagedAction::Report);
                    prop_assert!(!unmanaged.ignore.iter().any(|pattern| pattern.matches(email)));
                    prop_assert!(!desired.policy.protected.iter().any(|one| one.matches(email)));
                    prop_assert_ne!(live.actor.email.as_ref(), Some(email));
                    prop_assert_eq!(change.reason.kind, ReasonKind::Unmanaged);
                }
            }
            let protected = desired.policy.protected.iter().any(|one| one.matches(email))
                || live.actor.email.as_ref() == Some(email);
            if protected {
                let says_so = |verdict: &GuardVerdict| {
                    verdict.guard == GuardCode::Protected
                        && verdict.subject.as_ref().and_then(Subject::email) == Some(email)
                };
                prop_assert!(content.guards.iter().any(says_so));
            }
            if let Some(project) = change.write.project() {
                let suspended = declared.is_none_or(|one| one.state == State::Suspended);
                prop_assert!(suspended || desired.project(project.id).is_some());
            }
            // Only individual grants are taken, and only such as are there.
            if let Some(Difference::ProjectRole(project, diff)) = change.write.only()
                && let Some(before) = diff.before.as_ref().known()
            {
                prop_assert_eq!(member.and_then(|one| one.individual_role(project.id)), Some(before));
            }
            // Of whom there are several nobody knows who is to be given anything.
            let count = live.members.iter().filter(|one| one.email == *email).count();
            prop_assert!(count <= 1 || change.risk != Risk::Escalation);
        }
    }

    #[test]
    fn other_peoples_and_other_types_of_access_stay(world in any_world()) {
        let content = world.plan().unwrap();
        let changed: BTreeSet<Email> =
            content.subjects.iter().filter_map(|one| one.subject.email().cloned()).collect();
        let after = world.after(&content).live;
        let others = |live: &LiveState| {
            let mut members = live.members.clone();
            members.retain(|member| !changed.contains(&member.email));
            members
        };
        prop_assert_eq!(others(&world.live), others(&after));
        for member in &after.members {
            let Some(before) = world.live.member(&member.email) else { continue };
            if !changed.contains(&member.email) {
                continue;
            }
            if content.changes.iter().any(|change| {
                change.subject.email() == Some(&member.email)
                    && change.write.verb == Verb::Invite
            }) {
                continue;
            }
            let others = |grants: &[mixaccess_model::Grant]| {
                let mut grants = grants.to_vec();
                grants.retain(|grant| grant.source == mixaccess_model::GrantSource::AllUsers);
                grants
            };
            prop_assert_eq!(others(&before.grants), others(&member.grants));
        }
    }

    #[test]
    fn the_same_bytes_whatever_the_order_of_answers(
        world in any_world(),
        seed in any::<u64>(),
    ) {
        let content = world.plan().unwrap();
        let mut shuffled = world.clone();
        let mut state = seed | 1;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        };
        shuffled.live.members.sort_by_cached_key(|_| next());
        shuffled.live.projects.sort_by_cached_key(|_| next());
        for member in &mut shuffled.live.members {
            member.grants.sort_by_cached_key(|_| next());
        }
        let again = shuffled.live.members.first().cloned();
        shuffled.live.members.extend(again);
        shuffled.live.normalize();
        prop_assert_eq!(bytes(&content), bytes(&shuffled.plan().unwrap()));
    }

    #[test]
    fn every_part_of_a_plan_agrees_with_the_others(world in any_world()) {
        let content = world.plan().unwrap();
        let mut ids = BTreeSet::new();
        for change in &content.changes {
            for dependency in &change.depends_on {
                prop_assert!(ids.contains(dependency), "a dependency comes first");
            }
            prop_assert!(ids.insert(change.id.clone()), "ids are unique");
            prop_assert!(content.subject(&change.subject.key()).is_some());
            if let Some(project) = change.write.project() {
                prop_assert_eq!(content.project(project.id).map(|one| &one.key), Some(&project.key));
            }
        }
        prop_assert!(content.subjects.is_sorted_by(|a, b| a.subject.key() < b.subject.key()));
        prop_assert!(content.projects.is_sorted_by(|a, b| a.id < b.id));
        for one in &content.subjects {
            let is_person = one.subject.email().is_some();
            prop_assert!(one.before != one.after || !is_person, "somebody who is changed differs");
        }
        for finding in &content.findings {
            let code = CODES.iter().find(|(code, ..)| *code == finding.code);
            let by_policy = ["effective-above-declared", "none-not-reachable"];
            let is_by_policy = by_policy.contains(&&*finding.code);
            prop_assert!(code.is_some(), "{} is listed", finding.code);
            prop_assert!(code.map(|(_, severity, _)| *severity) == Some(finding.severity) || is_by_policy);
        }
        let text = bytes(&content).unwrap();
        prop_assert_eq!(serde_json::from_str::<PlanContent>(&text).unwrap(), content);
    }

    #[test]
    fn changes_say_what_they_change_and_nothing_else(world in any_world()) {
        let content = world.plan().unwrap();
        let mut projection = Projection::new(&world.live);
        for change in &content.changes {
            let key = change.subject.key();
            let before: BTreeMap<_, _> = facts(projection.subject(&key));
            let mut after = projection.clone();
            after.apply(change);
            let differences = &change.write.differences;
            let slots: BTreeSet<_> = differences.iter().map(|one| one.slot()).collect();
            prop_assert_eq!(slots.len(), differences.len(), "{:?}", differences);
            for one in differences {
                // What the service does not tell of such a subject, nobody can compare.
                let is_told = match before.get(&one.slot()) {
                    Some(found) => one.before() == *found,
                    None => {
                        let slot = one.slot();
                        // Whoever an earlier change removes has left the team that is deleted.
                        let has_left = matches!(slot, Slot::TeamMember(email) if projection.member(email).is_none());
                        one.before().is_absent() || slot == Slot::Reminder || has_left
                    }
                };
                prop_assert!(is_told, "{:?} {:?}", one, before);
                let found = after.subject(&key);
                prop_assert!(one.is_met_by(found), "{:?} {:?}", one, found);
            }
            let now = projection.subject(&key);
            prop_assert!(differences.iter().any(|one| !one.is_met_by(now)), "{:?}", change);
            // An invitation is an e-mail as well, and an account comes and goes with all that it has.
            let is_whole = slots.contains(&Slot::Account);
            let found = facts(after.subject(&key));
            for slot in before.keys().chain(found.keys()).filter(|slot| !slots.contains(*slot)) {
                let goes_along = is_whole && matches!(slot, Slot::Reminder | Slot::Expiry | Slot::OrganizationRole);
                prop_assert!(goes_along || before.get(slot) == found.get(slot), "{:?} {:?}", slot, change);
            }
            drop((before, found));
            projection.apply(change);
        }
    }

    #[test]
    fn guard_rails_say_the_same_again(world in any_world()) {
        let content = world.plan().unwrap();
        let again = guard::evaluate(&content, &world.live, content.instant, None);
        prop_assert_eq!(&content.guards[..again.len()], &again[..]);
        let rest = &content.guards[again.len()..];
        prop_assert!(rest.iter().all(|verdict| verdict.guard == GuardCode::Rule));
        // What the files alone break, no plan of them passes, or it stands already and is told.
        let denied = guard::denied_declarations(&world.desired);
        let is_told = content.guards.iter().any(|verdict| verdict.guard == GuardCode::Rule)
            || content.findings.iter().any(|finding| finding.code == "rule");
        prop_assert!(denied.is_empty() || is_told);
        // A plan that was just made is never too old, however short its age may be.
        let at_once = guard::evaluate(&content, &world.live, content.instant, Some(NOW));
        prop_assert!(!refuses(&at_once, GuardCode::PlanAge));
    }

    #[test]
    fn overrides_only_ever_let_more_pass(world in any_world(), allow in vec(overrides(), 0..3)) {
        let without = world.plan().unwrap();
        let with = world.plan_with(&allow).unwrap();
        // What a rule that stands broken withholds, an override lets pass.
        prop_assume!(without.findings.iter().all(|one| one.code != "rule"));
        prop_assert_eq!(&without.changes, &with.changes);
        // How old a plan may be is said of a new one where an override lets it be older.
        let is_now = |verdict: &&GuardVerdict| verdict.guard != GuardCode::PlanAge;
        let [before, after] = [&without, &with].map(|one| one.guards.iter().filter(is_now));
        prop_assert_eq!(before.clone().count(), after.clone().count());
        for (without, with) in before.zip(after) {
            prop_assert_eq!(&without.message, &with.message);
            prop_assert!(without.overridden_by.is_none() || with.overridden_by.is_some());
            let is_self = with.message.contains("the identity we run as");
            let is_last_owner = with.message.starts_with("0 accepted owners");
            prop_assert!(!(is_self || is_last_owner) || with.overridden_by.is_none());
        }
    }

    #[test]
    fn undo_restores_everybody_who_stayed(world in any_world()) {
        let content = world.plan().unwrap();
        let done: Vec<ChangeId> = content.changes.iter().map(|change| change.id.clone()).collect();
        let mut after = applied(&world.live, &content);
        for (number, member) in (5_000..).zip(&mut after.members) {
            // Whoever was invited has a number by now.
            let is_new = world.live.member(&member.email).is_none_or(|before| before.id.is_some());
            member.id = member.id.or_else(|| is_new.then_some(UserId(number)));
        }
        let digest = content.files_digest;
        let undone = undo(&content, digest, &done, &after, NOW + SignedDuration::from_hours(1)).unwrap();
        prop_assert_eq!(undone.undoes, Some(digest));
        let mut projection = Projection::new(&after);
        for change in &undone.changes {
            prop_assert_eq!(projection.moved(change), Vec::new());
            projection.apply(change);
        }
        let restored = applied(&after, &undone);
        let mut came_or_went: BTreeSet<Email> = content
            .changes
            .iter()
            .filter(|change| change.irreversible().is_some())
            .filter_map(|change| change.subject.email().cloned())
            .collect();
        // Without a number, nobody's grant can be taken away.
        came_or_went.extend(undone.not_planned.iter().filter_map(|one| one.subject.as_ref()?.email().cloned()));
        prop_assert_eq!(
            own_access(&world.live, &came_or_went),
            own_access(&restored, &came_or_went)
        );
        let told: BTreeSet<SubjectKey> = undone
            .findings
            .iter()
            .filter(|finding| finding.code == "not-undone")
            .filter_map(|finding| Some(finding.subject.as_ref()?.key()))
            .collect();
        prop_assert_eq!(
            others(&world.live, &came_or_went, &told),
            others(&restored, &came_or_went, &told)
        );
        // Everybody else is named.
        for email in &came_or_went {
            let named = undone.findings.iter().map(mixaccess_model::Finding::email);
            let mut named = named.chain(undone
                .not_planned
                .iter()
                .map(|one| one.subject.as_ref().and_then(Subject::email)));
            prop_assert!(named.any(|one| one == Some(email)));
        }
    }

    #[test]
    fn nothing_panics_whatever_the_policy(
        world in any_world(),
        policy in policies(),
        allow in vec(overrides(), 0..4),
        seconds in any::<i32>(),
    ) {
        let mut world = world;
        world.desired.policy = policy;
        let content = world.plan_with(&allow).unwrap();
        let now = NOW + SignedDuration::from_secs(i64::from(seconds));
        for verdict in guard::evaluate(&content, &world.live, now, Some(NOW)) {
            prop_assert!(!verdict.message.is_empty() && !verdict.way_past.is_empty());
        }
        guard::denied_declarations(&world.desired);
    }

    #[test]
    fn what_an_identity_provider_decides_is_never_written_to_mixpanel(world in any_world()) {
        let content = world.plan().unwrap();
        let World { desired, live } = &world;
        let users = live.identity_provider.as_ref().and_then(|one| one.users.as_ref());
        let is_gone_there = |email: &Email| {
            users.is_some_and(|users| !users.iter().any(|user| user.email == *email && user.active))
        };
        let is_managed = |email: &Email| {
            let declared = desired.collaborator(email);
            let is_given_up = is_gone_there(email)
                && declared.is_some_and(|one| one.state == State::Removed);
            declared.is_some_and(|one| one.managed_by == ManagedBy::Scim)
                || !is_given_up
                    && live.member(email).is_some_and(|one| one.managed_by == ManagedBy::Scim)
        };
        for change in &content.changes {
            if let Some(email) = change.subject.email() {
                let alike = live.members.iter().filter(|one| one.email == *email).count();
                prop_assert!(alike > 1 || !is_managed(email), "{} is left alone", email);
            }
            let Some(Difference::TeamMember(email, through, _)) = change.write.only() else { continue };
            let Subject::Team { name, .. } = &change.subject else {
                return Err(TestCaseError::fail("only teams have members"));
            };
            let declared = desired.teams.iter().flatten().find(|team| team.name == *name);
            let by_provider = is_managed(email)
                || declared.is_some_and(|team| team.managed_by == ManagedBy::Scim)
                || live.team(name).is_some_and(|team| team.managed_by == ManagedBy::Scim);
            prop_assert_eq!(*through == Through::Scim, by_provider);
            prop_assert!(*through == Through::Mixpanel || desired.policy.scim.write);
        }
        for manual in &content.manual {
            prop_assert!(!manual.steps.is_empty());
            prop_assert!(manual.steps.iter().all(|step| step.ends_with('.')));
        }
    }

    #[test]
    fn a_membership_that_nobody_declares_never_gives_more_than_is_declared(world in any_world()) {
        let content = world.plan().unwrap();
        let after = world.after(&content).live;
        for change in &content.changes {
            let (Subject::Team { name, .. }, Some(email)) =
                (&change.subject, change.write.joined())
            else { continue };
            let mut declared = world.desired.teams.iter().flatten().filter(|team| team.name == *name);
            if declared.any(|team| team.members.iter().any(|member| member.email == *email)) {
                continue;
            }
            let wanted = world.desired.collaborator(email);
            for given in after.team(name).into_iter().flat_map(|team| &team.grants) {
                let grants = wanted.map(|one| one.grants.as_slice()).unwrap_or_default();
                let role = grants.iter().find(|one| one.project == given.project);
                let role = role.and_then(|one| one.role.as_ref());
                let power = |role: &ProjectRole| {
                    let custom = world.desired.project(given.project).into_iter();
                    let mut custom = custom.flat_map(|one| one.custom_roles.iter().flatten());
                    let counts = custom.find(|one| role.as_str() == one.name.as_str());
                    role.power().or_else(|| counts?.at_most.as_ref()?.power())
                };
                let is_within = matches!(
                    (power(&given.role), role.and_then(power)),
                    (Some(given), Some(wanted)) if given <= wanted
                );
                prop_assert!(role == Some(&given.role) || is_within, "{name} gives {email} too much");
            }
        }
    }

    #[test]
    fn only_declared_teams_and_accounts_change(world in any_world()) {
        let content = world.plan().unwrap();
        let World { desired, live } = &world;
        for change in &content.changes {
            match &change.subject {
                Subject::Person { .. } => continue,
                Subject::Team { name, .. } => {
                    let declared = desired.teams.iter().flatten().any(|team| team.name == *name);
                    prop_assert!(declared || desired.policy.scim.write);
                }
                Subject::ServiceAccount { username, .. } => {
                    let mut accounts = desired.service_accounts.iter().flatten();
                    prop_assert!(accounts.any(|one| one.username == *username));
                    let deletes = change.write.verb == Verb::Delete;
                    let is_known = live.actor.service_account.is_some()
                        || live.actor.email == Some(Email::new("robot@acme.example"));
                    prop_assert!(!deletes || &**username != "robot" || !is_known);
                    prop_assert!(!deletes || live.actor.service_account.is_some()
                        || refuses(&content.guards, GuardCode::Protected));
                }
            }
            if let Some(project) = change.write.project() {
                prop_assert!(desired.project(project.id).is_some());
            }
        }
        // A role that changes is given back right after it was taken away.
        for (at, change) in content.changes.iter().enumerate() {
            let Some((project, _)) = change.write.revoked() else { continue };
            let given_later = content.changes.iter().skip(at).position(|later| {
                later.subject == change.subject
                    && later.write.granted().is_some_and(|(given, _)| given == project)
            });
            if matches!(change.subject, Subject::ServiceAccount { .. }) {
                prop_assert!(given_later.is_none_or(|later| later == 1));
            }
        }
    }

    #[test]
    fn the_dialect_changes_no_plan(world in any_world()) {
        let mut world = world;
        // What an identity may do depends on the dialect; an owner may do anything.
        world.live.actor.organization_role = Some(OrganizationRole::Owner);
        let content = world.plan().unwrap();
        let mut other = world.clone();
        other.live.dialect = match other.live.dialect {
            Dialect::Members => Dialect::App,
            Dialect::App => Dialect::Members,
        };
        let mut again = other.plan().unwrap();
        again.organization.api = content.organization.api;
        prop_assert_eq!(bytes(&content), bytes(&again));
    }
}

/// What the random worlds are good for: every action and every way of writing membership is met, and so
/// are manual changes.
#[test]
fn the_worlds_reach_every_action() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..1_000 {
        let content = any_world().new_tree(&mut runner).unwrap().current().plan().unwrap();
        met.extend(content.changes.iter().map(Change::kind));
        met.extend(content.manual.iter().map(|manual| match manual.task {
            ManualTask::ChangeGroups { .. } => "groups by hand",
            ManualTask::Provision { .. } => "provision by hand",
            ManualTask::Deprovision => "deprovision by hand",
            ManualTask::CheckDeprovisioning => "deprovisioning to check",
            ManualTask::ChangePeople { .. } => "people by hand",
        }));
        let scim = content.changes.iter().filter(|change| {
            let joins = !change.write.only_takes();
            joins
                && matches!(change.write.only(), Some(Difference::TeamMember(_, Through::Scim, _)))
        });
        met.extend(scim.map(|_| "through SCIM"));
    }
    assert_eq!(met.len(), 14 + 6, "{met:?}");
}
