//! Every guard rail at, below and above its limit, and the ways past it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{
    Finding, GuardCode, GuardVerdict, Invitation, NotPlannedKind, OrganizationRole, Override,
    OverrideOrigin, Owners, Pattern, PlanMaxAge, ProjectKey, ProjectRole, Requirement, Rule,
    RuleMatch, Severity, UnmanagedAction,
};

use super::{
    World, changes, planned, protecting, refusals, sweeping, with_accounts, with_teams, world,
};
use crate::guard;
use crate::testing::NOW;

fn allowed(guard: GuardCode, maximum: Option<u32>, until: Option<Timestamp>) -> Override {
    let (reason, origin) = ("agreed".to_owned(), OverrideOrigin::CommandLine);
    Override { guard, maximum, until, reason, ticket: None, origin }
}

fn verdict(world: &World, guard: GuardCode) -> Option<GuardVerdict> {
    world.plan().unwrap().guards.into_iter().find(|one| one.guard == guard)
}

/// A guard rail refuses; then which overrides let it pass. `count` is the figure, if it counts.
#[track_caller]
fn check_ways_past(world: &World, guard: GuardCode, count: Option<u32>) {
    let refused = verdict(world, guard).expect("a verdict");
    assert_eq!(refused.overridden_by, None);
    let way = match count {
        Some(count) => format!("--allow {guard}={count} --because \"…\""),
        None => format!("--allow {guard} --because \"…\""),
    };
    assert!(refused.way_past.contains(&way), "{}", refused.way_past);
    let second = SignedDuration::from_secs(1);
    let mut cases = vec![
        (allowed(guard, None, None), true),
        (allowed(guard, None, Some(NOW)), true),
        (allowed(guard, None, Some(NOW - second)), false),
        (allowed(GuardCode::PlanAge, None, None), false),
    ];
    match count {
        Some(count) => cases.extend([
            (allowed(guard, Some(count), None), true),
            (allowed(guard, Some(count - 1), None), false),
        ]),
        None => cases.push((allowed(guard, Some(9), None), false)),
    }
    for (one, passes) in cases {
        let content = world.plan_with(std::slice::from_ref(&one)).unwrap();
        let verdict = content.guards.iter().find(|one| one.guard == guard).unwrap();
        assert_eq!(verdict.overridden_by, passes.then(|| one.clone()), "{one:?}");
        // In the files, it does the same.
        let mut in_files = world.clone();
        in_files.desired.policy.overrides.push(one);
        assert_eq!(verdict.overridden_by, self::verdict(&in_files, guard).unwrap().overridden_by);
    }
}

fn crowd(count: usize, words: &str) -> Vec<String> {
    (0..count).map(|index| format!("p{index:02} {words}").trim_end().to_owned()).collect()
}

#[test]
fn owner_floor() {
    let floor = |owners: &[&str], after: &[&str], minimum: u32, set: bool| {
        let mut world = world(after, owners);
        world.desired.policy.owners = Owners { minimum, set };
        world
    };
    let all = ["ana owner", "bo owner", "cleo owner"];
    let one_goes = ["ana owner", "bo owner", "cleo"];
    assert_eq!(verdict(&floor(&all, &one_goes, 2, true), GuardCode::OwnerFloor), None);
    assert_eq!(verdict(&floor(&all, &one_goes, 3, false), GuardCode::OwnerFloor), None);
    assert_eq!(verdict(&floor(&all, &one_goes, 0, true), GuardCode::OwnerFloor), None);
    let two = floor(&all, &one_goes, 3, true);
    check_ways_past(&two, GuardCode::OwnerFloor, None);
    assert_eq!(
        verdict(&two, GuardCode::OwnerFloor).unwrap().message,
        "2 accepted owners would be left after cleo@acme.example loses the role; at least 3 must remain at every step"
    );
    // The last owner is beyond any override, whoever is pending.
    for last in ["ana", "ana removed", "ana suspended"] {
        let nobody = world(&[last, "bo owner"], &["ana owner", "bo owner pending"]);
        let allow = [allowed(GuardCode::OwnerFloor, None, None)];
        let content = nobody.plan_with(&allow).unwrap();
        assert_eq!(refusals(&content), [GuardCode::OwnerFloor]);
        assert!(content.guards[0].way_past.starts_with("there is none: make somebody else owner"));
        assert_eq!(content.guards[0].place.as_ref().unwrap().line, 10);
    }
    // A plan that mends a lack of owners is not in its own way.
    let mended = floor(&["ana owner", "bo"], &["ana owner", "bo owner"], 3, true);
    assert_eq!(verdict(&mended, GuardCode::OwnerFloor), None);
}

#[test]
fn protected() {
    let live = ["ana web=admin", "robot", "zoe owner"];
    let ana = protecting(world(&["ana web=none"], &live), "*@ACME.example");
    check_ways_past(&ana, GuardCode::Protected, None);
    assert_eq!(
        verdict(&ana, GuardCode::Protected).unwrap().message,
        "ana@acme.example is protected by `*@ACME.example`, and the plan changes it"
    );
    let unchanged = protecting(world(&["ana web=admin"], &live), "ana@*");
    assert_eq!(verdict(&unchanged, GuardCode::Protected), None);
    // Ourselves, by address or by number, have no way past.
    for by_number in [false, true] {
        let mut ourselves = world(&["robot admin"], &live);
        if by_number {
            ourselves.live.actor.email = None;
            ourselves.live.actor.user = Some(mixaccess_model::UserId(101));
        }
        let content = ourselves.plan_with(&[allowed(GuardCode::Protected, None, None)]).unwrap();
        assert_eq!(refusals(&content), [GuardCode::Protected]);
        assert!(content.guards[0].way_past.starts_with("there is none"));
    }
}

#[test]
fn removals() {
    // The smaller of 3 people and 50 % of 8 members.
    let limited = |go: usize, words: &str, people, percent| {
        let live = crowd(7, "web=admin").into_iter().chain(["zoe owner".to_owned()]);
        let live: Vec<String> = live.collect();
        let mut files = crowd(go, words);
        files.extend(crowd(7, "web=admin").into_iter().skip(go));
        let mut world = world(&files, &live);
        world.desired.policy.removals.people = people;
        world.desired.policy.removals.percent = percent;
        world
    };
    for words in ["removed", "suspended", "web=none"] {
        assert_eq!(verdict(&limited(3, words, 3, 50), GuardCode::Removals), None, "{words}");
        check_ways_past(&limited(4, words, 3, 50), GuardCode::Removals, Some(4));
        check_ways_past(&limited(4, words, 10, 40), GuardCode::Removals, Some(4));
        // At least one is always allowed.
        assert_eq!(verdict(&limited(1, words, 0, 0), GuardCode::Removals), None);
        check_ways_past(&limited(2, words, 0, 0), GuardCode::Removals, Some(2));
    }
    // Who keeps a project through something else, or changes projects, does not count.
    for words in ["ios=admin", "web=consumer", "admin"] {
        assert_eq!(verdict(&limited(4, words, 1, 100), GuardCode::Removals), None, "{words}");
    }
    let all_users = world(&["ana"], &["ana web=admin ios/*=consumer", "bo", "zoe owner"]);
    let mut all_users = all_users;
    all_users.desired.policy.removals.people = 0;
    assert_eq!(verdict(&all_users, GuardCode::Removals), None);
    assert_eq!(
        verdict(&limited(4, "removed", 3, 50), GuardCode::Removals).unwrap().message,
        "4 people would be removed, suspended or lose their last project; allowed are 3: 3 people and 50 % of 8 members, whichever is less, and at least 1"
    );
}

#[test]
fn an_owner_who_becomes_member_loses_every_project() {
    let mut world = world(&["ana", "bo"], &["ana owner", "bo admin", "zoe owner"]);
    world.desired.policy.removals.people = 1;
    check_ways_past(&world, GuardCode::Removals, Some(2));
}

#[test]
fn reductions() {
    let limited = |files: &[&str], percent| {
        let mut world =
            world(files, &["ana web=admin ios=admin qa=analyst", "bo web=Messenger", "zoe owner"]);
        world.desired.policy.reductions.percent = percent;
        world
    };
    let two = ["ana web=consumer qa=analyst", "bo web=Messenger"];
    assert_eq!(verdict(&limited(&two, 50), GuardCode::Reductions), None);
    check_ways_past(&limited(&two, 49), GuardCode::Reductions, Some(2));
    let one = ["ana web=admin ios=admin qa=consumer", "bo web=Messenger"];
    assert_eq!(verdict(&limited(&one, 0), GuardCode::Reductions), None);
    // Raised grants do not count; those of a removed person do.
    let raised = ["ana web=owner ios=owner qa=admin", "bo web=owner"];
    assert_eq!(verdict(&limited(&raised, 0), GuardCode::Reductions), None);
    check_ways_past(
        &limited(&["ana removed", "bo web=Messenger"], 25),
        GuardCode::Reductions,
        Some(3),
    );
    assert_eq!(
        verdict(&limited(&two, 49), GuardCode::Reductions).unwrap().message,
        "2 individual grants would be removed or lowered; allowed are 1: 49 % of 4 individual grants, and at least 1"
    );
}

#[test]
fn organization_owners() {
    for live in ["ana", "ana admin", ""] {
        let live: Vec<&str> =
            [live, "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
        let mut world = world(&["ana owner", "zoe owner"], &live);
        assert_eq!(verdict(&world, GuardCode::Escalations), None);
        world.desired.policy.escalations.allow_organization_owner = false;
        check_ways_past(&world, GuardCode::Escalations, None);
        let message = verdict(&world, GuardCode::Escalations).unwrap().message;
        assert_eq!(
            message,
            "1 person would become organization owner (ana@acme.example), which the policy does not allow"
        );
    }
}

#[test]
fn escalations() {
    let limited = |maximum| {
        let mut world = world(
            &[
                "ana admin",
                "bo web=admin ios=owner",
                "cleo qa=admin",
                "dev web=admin",
                "eve web=analyst",
            ],
            &["ana", "bo web=owner", "dev web=admin", "eve", "zoe owner"],
        );
        world.desired.policy.escalations.maximum = maximum;
        world
    };
    // Ana in the organization, bo in ios and cleo by invitation; bo's web is lowered.
    assert_eq!(verdict(&limited(None), GuardCode::Escalations), None);
    assert_eq!(verdict(&limited(Some(3)), GuardCode::Escalations), None);
    check_ways_past(&limited(Some(2)), GuardCode::Escalations, Some(3));
    check_ways_past(&limited(Some(0)), GuardCode::Escalations, Some(3));
}

#[test]
fn separation_of_duties() {
    for (words, refused) in [
        ("", true),
        ("for:ana", true),
        ("for:ana by:bo", false),
        ("by:bo", false),
        ("for:ana by:ANA", true),
    ] {
        let declared = format!("cleo web=admin {words}");
        let mut world = world(&[declared.trim_end()], &["cleo", "zoe owner"]);
        assert_eq!(verdict(&world, GuardCode::SeparationOfDuties), None, "off by default");
        world.desired.policy.separation_of_duties = true;
        assert_eq!(verdict(&world, GuardCode::SeparationOfDuties).is_some(), refused, "{words}");
        if refused {
            check_ways_past(&world, GuardCode::SeparationOfDuties, None);
        }
    }
    let mut blank = world(&["cleo web=admin by:x"], &["cleo", "zoe owner"]);
    let annotations =
        mixaccess_model::Annotations { approved_by: Some(Arc::from("  ")), ..Default::default() };
    blank.desired.collaborators[0].grants[0].cause.annotations = Some(Arc::new(annotations));
    blank.desired.policy.separation_of_duties = true;
    assert!(verdict(&blank, GuardCode::SeparationOfDuties).is_some());
}

#[test]
fn ticket_and_reason() {
    let requirement = |roles: &[&str], environments: &[&str]| Requirement {
        roles: roles.iter().map(ToString::to_string).collect(),
        environments: environments.iter().map(ToString::to_string).collect(),
    };
    for (declared, live, required, refused) in [
        ("ana web=admin", "ana", requirement(&[], &[]), true),
        ("ana web=admin ticket:I-1 reason:work", "ana", requirement(&[], &[]), false),
        ("ana web=admin", "ana", requirement(&["admin"], &[]), true),
        ("ana web=admin", "ana", requirement(&["owner"], &[]), false),
        ("ana web=consumer", "ana", requirement(&["viewer"], &[]), true),
        ("ana web=consumer", "ana", requirement(&[], &["production"]), true),
        ("ana qa=admin", "ana", requirement(&[], &["production"]), false),
        ("ana qa=admin", "ana", requirement(&["admin"], &["production"]), true),
        // What only takes away needs nothing, whatever is asked.
        ("ana", "ana web=admin", requirement(&[], &[]), false),
        ("ana web=analyst", "ana web=admin", requirement(&[], &["production"]), false),
        ("ana", "ana admin", requirement(&[], &["production"]), false),
        ("ana removed", "ana web=admin", requirement(&[], &[]), false),
        ("ana", "ana web=admin", requirement(&["admin"], &[]), false),
        ("ana web=analyst", "ana web=admin", requirement(&["admin"], &[]), false),
        ("ana", "ana web=admin", requirement(&[], &["production"]), false),
        ("ana removed", "ana web=admin", requirement(&[], &["production"]), false),
        ("ana removed", "ana pending admin", requirement(&["admin"], &[]), false),
        ("ana web=admin", "", requirement(&[], &["production"]), true),
        // An organization admin has every project.
        ("ana admin", "ana", requirement(&[], &["production"]), true),
        ("ana billing_admin", "ana", requirement(&[], &["production"]), false),
    ] {
        let live: Vec<&str> =
            [live, "zoe owner"].into_iter().filter(|one| !one.is_empty()).collect();
        for guard in [GuardCode::Ticket, GuardCode::Reason] {
            let mut world = world(&[declared], &live);
            let policy = &mut world.desired.policy;
            let slot =
                if guard == GuardCode::Ticket { &mut policy.ticket } else { &mut policy.reason };
            *slot = Some(required.clone());
            assert_eq!(verdict(&world, guard).is_some(), refused, "{declared} {required:?}");
            if refused {
                check_ways_past(&world, guard, None);
            }
        }
    }
    // A sweep was asked for by the policy.
    let mut swept = sweeping(world(&["zoe owner"], &["ana", "zoe owner"]), UnmanagedAction::Remove);
    swept.desired.policy.ticket = Some(requirement(&[], &[]));
    assert_eq!(verdict(&swept, GuardCode::Ticket), None);
}

/// Whether a finding says that somebody has already what a rule denies.
fn told_of(world: &World) -> bool {
    world.plan().unwrap().findings.iter().any(|one| one.code == "rule")
}

fn ruled(mut world: World, deny: RuleMatch) -> World {
    let because = "it was agreed".to_owned();
    world.desired.policy.rules.push(Rule { deny, because, place: None });
    world
}

#[test]
fn rules() {
    let domain = |name: &str| vec![name.to_owned()];
    let iz = RuleMatch {
        domain: domain("IZ.example"),
        role: vec![ProjectRole::Admin],
        ..RuleMatch::default()
    };
    let outside = RuleMatch {
        outside: domain("acme.example"),
        environment: domain("production"),
        ..RuleMatch::default()
    };
    let tagged = RuleMatch { tag: domain("contractor"), ..RuleMatch::default() };
    let key = RuleMatch { project: vec![ProjectKey::new("qa")], ..RuleMatch::default() };
    let powerful =
        RuleMatch { organization_role: vec![OrganizationRole::Admin], ..RuleMatch::default() };
    for (deny, declared, refused) in [
        (&iz, "ana@iz.example web=admin", true),
        (&iz, "ana@iz.example web=analyst", false),
        (&iz, "ana web=admin", false),
        (&iz, "ana@iz.example admin", true),
        (&outside, "ana@iz.example web=consumer", true),
        (&outside, "ana@iz.example qa=admin", false),
        (&outside, "ana@iz.example owner", true),
        (&outside, "ana web=admin", false),
        (&tagged, "ana #contractor", true),
        (&tagged, "ana #staff", false),
        (&key, "ana qa=consumer", true),
        (&key, "ana web=consumer", false),
        (&powerful, "ana admin", true),
        (&powerful, "ana", false),
        (&iz, "ana@iz.example suspended web=admin", false),
    ] {
        // The plan gives it, and is refused; or everything is found as declared, which stops nobody.
        let live = ["bo@x.example", "zoe@x.example owner"];
        let given = ruled(world(&[declared], &live), deny.clone());
        assert_eq!(verdict(&given, GuardCode::Rule).is_some(), refused, "{declared} {deny:?}");
        if refused {
            check_ways_past(&given, GuardCode::Rule, None);
        }
        let unchanged = declared.split(' ').filter(|word| !word.starts_with('#'));
        let unchanged: Vec<&str> = unchanged.filter(|word| *word != "suspended").collect();
        let live = [&unchanged.join(" "), "zoe@x.example owner"];
        let mut standing = ruled(world(&[declared], &live), deny.clone());
        standing.desired.policy.unmanaged.ignore = vec![Pattern::new("zoe@x.example")];
        assert_eq!(verdict(&standing, GuardCode::Rule), None, "{declared} {deny:?}");
        assert_eq!(told_of(&standing), refused, "{declared} {deny:?}");
        let world = ruled(world(&[declared], &["zoe owner"]), deny.clone());
        assert_eq!(!guard::denied_declarations(&world.desired).is_empty(), refused, "{declared}");
    }
}

#[test]
fn rules_never_keep_access_in_place() {
    let nobody = RuleMatch { domain: vec!["acme.example".to_owned()], ..RuleMatch::default() };
    let admins = RuleMatch { role: vec![ProjectRole::Admin], ..RuleMatch::default() };
    let live = ["ana web/Growth=admin ios=analyst", "zoe@x.example owner"];
    // Suspended or swept, somebody stays a member with what the team gives.
    for deny in [&nobody, &admins] {
        let suspended = ruled(world(&["ana suspended"], &live), deny.clone());
        assert_eq!(verdict(&suspended, GuardCode::Rule), None);
        let swept = sweeping(world(&["bo@x.example"], &live), UnmanagedAction::Suspend);
        assert_eq!(verdict(&ruled(swept, deny.clone()), GuardCode::Rule), None);
    }
    // A reduction does not answer for the team's grant, and neither does what the files leave denied.
    for files in ["ana", "ana web=analyst", "ana ios=consumer"] {
        let reduced = ruled(world(&[files], &live), admins.clone());
        assert_eq!(verdict(&reduced, GuardCode::Rule), None);
    }
    let lowered =
        ruled(world(&["ana web=admin"], &["ana web=owner", "zoe@x.example owner"]), admins);
    assert_eq!(verdict(&lowered, GuardCode::Rule), None);
    assert_eq!(planned(&lowered), ["ana: web owner -> admin"]);
    assert!(told_of(&lowered));
}

#[test]
fn what_stands_and_is_denied_stops_nobody_else() {
    let admins = RuleMatch {
        domain: vec!["acme.example".to_owned()],
        role: vec![ProjectRole::Admin],
        ..RuleMatch::default()
    };
    let live = ["ana web/Growth=admin ios=analyst", "bo web=admin", "zoe@x.example owner"];
    for (of_ana, expected) in [
        // What would be given to ana waits; what is taken goes on, as do the changes of others.
        ("ana ios=analyst qa=analyst", &["bo: web - admin"][..]),
        ("ana ios=analyst billing_admin", &["bo: web - admin"]),
        ("ana qa=analyst", &["ana: ios - analyst", "bo: web - admin"]),
        ("ana qa=admin", &["ana: ios - analyst", "bo: web - admin"]),
        ("ana removed", &["ana: remove member ios=analyst", "bo: web - admin"]),
    ] {
        let world = ruled(world(&[of_ana, "bo", "zoe@x.example owner"], &live), admins.clone());
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), expected, "{of_ana}");
        assert_eq!(refusals(&content), [], "{of_ana}");
        assert_eq!(guard::evaluate(&content, &world.live, NOW, Some(NOW)), content.guards);
        let told: Vec<&Finding> =
            content.findings.iter().filter(|one| one.code == "rule").collect();
        let Some(told) = told.first() else {
            assert_eq!(of_ana, "ana removed");
            continue;
        };
        assert_eq!(told.message, "has what is denied (admin in web) because it was agreed");
        assert_eq!(told.severity, Severity::Error);
        assert_eq!(content.errors().count(), 0, "it stops nobody else: {of_ana}");
        let withheld =
            content.not_planned.iter().filter(|one| one.kind == NotPlannedKind::Withheld);
        let withheld: Vec<&str> = withheld.map(|one| one.message.as_str()).collect();
        assert_eq!(
            withheld,
            ["1 change is withheld: has what is denied (admin in web) because it was agreed"]
        );
        // An override lets all of it pass.
        let passed = world.plan_with(&[allowed(GuardCode::Rule, None, None)]).unwrap();
        assert!(passed.findings.iter().all(|one| one.code != "rule"), "{of_ana}");
        assert!(passed.changes.len() > content.changes.len(), "{of_ana}");
        assert_eq!(passed.refusals().count(), 0, "{of_ana}");
    }
    // Nor does anybody join a team who has too much already.
    let joining = with_teams(
        ruled(world(&["ana", "bo"], &["ana web/*=admin", "bo", "zoe@x.example owner"]), {
            RuleMatch { role: vec![ProjectRole::Admin], ..RuleMatch::default() }
        }),
        &["Growth +ana +bo ios=analyst"],
        &["Growth ios=analyst"],
    );
    assert_eq!(planned(&joining), ["team Growth: + bo"]);
    // What the plan itself gives and the rule denies refuses it, whoever has what else.
    let given = ruled(world(&["ana ios=analyst", "cy web=admin"], &live), admins);
    assert_eq!(refusals(&given.plan().unwrap()), [GuardCode::Rule]);
}

#[test]
fn what_the_files_declare_answers_to_the_rules_whatever_changes() {
    let admins = RuleMatch { role: vec![ProjectRole::Admin], ..RuleMatch::default() };
    // Somebody's own role is lowered, and the declared team gives what is denied.
    let live = ["cy ios=admin web/Growth=admin", "zoe@x.example owner"];
    let lowered = with_teams(
        world(&["cy ios=analyst"], &live),
        &["Growth +cy web=admin"],
        &["Growth +cy web=admin"],
    );
    let lowered = ruled(lowered, admins.clone());
    assert_eq!(refusals(&lowered.plan().unwrap()), []);
    assert!(told_of(&lowered));
    // A reminder changes nobody's access.
    let mut reminded = world(&["pen web=admin"], &["pen pending web=admin", "zoe owner"]);
    reminded.desired.policy.invitations.remind = true;
    let five_days_ago = NOW - SignedDuration::from_hours(120);
    let invitation = Invitation { sent_at: Some(five_days_ago), ..Invitation::default() };
    reminded.live.members[0].invitation = Some(invitation);
    assert_eq!(planned(&reminded), ["pen: remind"]);
    let admins = RuleMatch { role: vec![ProjectRole::Admin], ..RuleMatch::default() };
    let reminded = ruled(reminded, admins);
    assert_eq!(refusals(&reminded.plan().unwrap()), []);
    assert!(told_of(&reminded));
}

#[test]
fn rules_know_the_organization_role_of_a_service_account() {
    let powerful = RuleMatch {
        tag: vec!["robot".to_owned()],
        organization_role: vec![OrganizationRole::Owner, OrganizationRole::Admin],
        ..RuleMatch::default()
    };
    let web = RuleMatch { role: vec![ProjectRole::Admin], ..powerful.clone() };
    for deny in [powerful, web] {
        for (live, declared) in [
            (&[][..], "bot admin #robot"),
            (&["bot"][..], "bot admin #robot"),
            (&["bot web=analyst"][..], "bot admin #robot web=admin"),
            (&["bot web=admin"][..], "bot admin #robot web=analyst"),
        ] {
            let world = with_accounts(world(&["zoe owner"], &["zoe owner"]), &[declared], live);
            let content = ruled(world, deny.clone()).plan().unwrap();
            assert_eq!(refusals(&content), [GuardCode::Rule], "{declared} {live:?}");
            let named = content.guards[0].subject.as_ref().map(ToString::to_string);
            assert_eq!(named.as_deref(), Some("service account bot"));
        }
    }
    // At apply, what a plan creates is known from the plan.
    let bot = with_accounts(world(&["zoe owner"], &["zoe owner"]), &["bot admin #robot"], &[]);
    let powerful = RuleMatch {
        tag: vec!["robot".to_owned()],
        organization_role: vec![OrganizationRole::Admin],
        ..RuleMatch::default()
    };
    let bot = ruled(bot, powerful);
    let content = bot.plan().unwrap();
    let again = guard::evaluate(&content, &bot.live, NOW, Some(NOW));
    assert_eq!(again, content.guards);
}

#[test]
fn tiny() {
    let live: Vec<String> = crowd(9, "").into_iter().chain(["zoe owner".to_owned()]).collect();
    let files = |count| {
        let mut files = crowd(count, "");
        files.push("zoe owner".to_owned());
        world(&files, &live)
    };
    let none = world::<&str, _>(&[], &live);
    check_ways_past(&none, GuardCode::Tiny, None);
    assert_eq!(
        verdict(&none, GuardCode::Tiny).unwrap().message,
        "the files declare no collaborator"
    );
    for action in [UnmanagedAction::Suspend, UnmanagedAction::Remove] {
        assert_eq!(verdict(&sweeping(files(4), action), GuardCode::Tiny), None, "5 of 10");
        check_ways_past(&sweeping(files(3), action), GuardCode::Tiny, None);
    }
    assert_eq!(verdict(&files(0), GuardCode::Tiny), None, "reporting only");
    // Many collaborators of another company are no better than none.
    let strangers: Vec<String> =
        (0..20).map(|index| format!("s{index:02}")).chain(["zoe owner".to_owned()]).collect();
    let strangers = sweeping(world(&strangers, &live), UnmanagedAction::Remove);
    assert_eq!(
        verdict(&strangers, GuardCode::Tiny).unwrap().message,
        "the files name 1 of 10 live members, fewer than half, and the policy does not leave unmanaged people alone"
    );
}

#[test]
fn plan_age() {
    let world = world(&["ana web=admin"], &["ana", "zoe owner"]);
    let mut content = world.plan().unwrap();
    content.policy.plan_max_age_seconds = PlanMaxAge(3_600);
    let after = |seconds: i64| {
        let now = NOW + SignedDuration::from_secs(seconds);
        let verdicts = guard::evaluate(&content, &world.live, now, Some(NOW));
        verdicts.into_iter().find(|one| one.guard == GuardCode::PlanAge).map(|one| one.message)
    };
    assert_eq!(after(3_600), None);
    assert_eq!(after(3_601).unwrap(), "the plan is 60 minutes old; it may be at most 60 minutes");
    assert_eq!(after(8_000).unwrap(), "the plan is 2 hours old; it may be at most 60 minutes");
    assert_eq!(after(-300), None, "clocks differ a little");
    assert!(after(-301).unwrap().contains("in the future"));
    assert_eq!(guard::evaluate(&content, &world.live, Timestamp::MAX, None), []);
    let mut allowed_late = content.clone();
    allowed_late.policy.overrides.push(allowed(GuardCode::PlanAge, None, None));
    let late = guard::evaluate(&allowed_late, &world.live, Timestamp::MAX, Some(NOW));
    assert!(late.iter().all(|one| one.overridden_by.is_some()) && late.len() == 1);
}
