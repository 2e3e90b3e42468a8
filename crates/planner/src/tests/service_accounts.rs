//! Service accounts: what is planned for them, and what is told of them.

use std::sync::Arc;

use mixaccess_model::{Actor, Annotations, GuardCode, NotPlannedKind, Requirement, Risk, UserId};

use super::{World, changes, email, findings, left_alone, planned, refusals, with_accounts, world};
use crate::testing::NOW;
use crate::{CODES, guard};

fn accounts(files: &[&str], live: &[&str]) -> World {
    with_accounts(world(&["zoe owner"], &["zoe owner"]), files, live)
}

#[track_caller]
fn check(files: &[&str], live: &[&str], expected: &[&str]) {
    assert_eq!(planned(&accounts(files, live)), expected, "{files:?} against {live:?}");
}

/// The codes told of accounts, each once.
fn told(files: &[&str], live: &[&str]) -> Vec<String> {
    let content = accounts(files, live).plan().unwrap();
    let codes = content.findings.iter().filter(|one| one.code.starts_with("service-account"));
    let codes: Vec<String> = codes.map(|one| one.code.to_string()).collect();
    assert!(codes.iter().all(|code| CODES.iter().any(|(listed, ..)| listed == code)));
    codes
}

#[test]
fn accounts_are_created_and_deleted() {
    check(&["etl"], &["etl"], &[]);
    check(
        &["etl admin ios=none web=analyst"],
        &[],
        &["service account etl: create as admin web=analyst"],
    );
    check(&["etl removed"], &["etl web=admin"], &["service account etl: delete web=admin"]);
    check(&["etl removed"], &[], &[]);
    check(&["etl expires:-1"], &[], &[]);
    assert!(told(&["etl expires:-1"], &[]).contains(&"service-account-expired".to_owned()));
}

#[test]
fn a_role_is_changed_by_taking_it_away_and_giving_it_again() {
    check(&["etl web=analyst"], &["etl web=analyst"], &[]);
    check(&["etl web=analyst"], &["etl web/org=analyst"], &[]);
    check(&["etl"], &["etl web=analyst old=admin"], &["service account etl: web - analyst"]);
    check(&["etl web=analyst"], &["etl"], &["service account etl: web + analyst"]);
    let world = accounts(
        &["etl ios=admin web=analyst", "aaa web=admin", "zzz"],
        &["aaa", "etl ios=analyst web=admin", "zzz web=analyst"],
    );
    let content = world.plan().unwrap();
    assert_eq!(
        changes(&content),
        [
            "service account etl: web - admin",
            "service account etl: web + analyst",
            "service account zzz: web - analyst",
            "service account aaa: web + admin",
            "service account etl: ios - analyst",
            "service account etl: ios + admin",
        ]
    );
    assert_eq!(content.changes[1].depends_on, [content.changes[0].id.clone()]);
    assert_eq!(content.changes[5].depends_on, [content.changes[4].id.clone()]);
}

#[test]
fn accounts_that_are_not_declared_are_reported() {
    let content = accounts(&[], &["etl web=admin ios=admin"]).plan().unwrap();
    assert_eq!(changes(&content), Vec::<String>::new());
    let expected =
        (NotPlannedKind::Unmanaged, "service account etl: not in the files: 2 projects".to_owned());
    assert_eq!(left_alone(&content), [expected]);
    let admin = "service-account-admin-without-purpose: is admin of web and 1 more project, and no file says what it is for";
    assert!(findings(&content).contains(&admin.to_owned()), "{:?}", findings(&content));
}

#[test]
fn what_the_service_appends_to_a_name_makes_no_other_account() {
    let appended = "etl.a1b2.mp-service-account";
    let planned = |files: &[&str], live: &[&str]| changes(&accounts(files, live).plan().unwrap());
    let live = format!("{appended} web=analyst");
    assert_eq!(planned(&["etl web=analyst"], &[&live]), Vec::<String>::new());
    assert_eq!(planned(&["etl removed"], &[&live]), ["service account etl: delete web=analyst"]);
    assert_eq!(
        planned(&["etl web=admin"], &[&live, "other"]),
        ["service account etl: web - analyst", "service account etl: web + admin"]
    );
    let by_hand = format!("{appended} web=analyst");
    assert_eq!(planned(&[&by_hand], &[&live]), Vec::<String>::new(), "declared as it is spelled");
    let content = accounts(&["etl"], &["etl", appended]).plan().unwrap();
    assert!(findings(&content).iter().any(|one| one.starts_with("duplicate-service-account")));
    let withheld = left_alone(&content).into_iter().filter(|one| one.0 == NotPlannedKind::Withheld);
    assert_eq!((withheld.count(), changes(&content)), (1, vec![]));
    // Two declarations keep what is theirs.
    let both = accounts(&["etl", appended], &["etl", appended]).plan().unwrap();
    assert_eq!((changes(&both), both.errors().count()), (vec![], 0));
}

#[test]
fn each_finding_has_its_moment() {
    let expiring = "expires:200";
    for (files, live, expected) in [
        ("etl", format!("etl {expiring}"), vec![]),
        ("etl", "etl".to_owned(), vec!["service-account-no-expiry"]),
        ("etl", "etl expires:30".to_owned(), vec!["service-account-expiring"]),
        ("etl", "etl expires:31".to_owned(), vec![]),
        ("etl", "etl expires:0".to_owned(), vec!["service-account-expired"]),
        ("etl", format!("etl {expiring} used:29"), vec![]),
        ("etl", format!("etl {expiring} used:30"), vec!["service-account-unused"]),
        ("etl", format!("etl {expiring} used:never created:29"), vec![]),
        (
            "etl",
            format!("etl {expiring} used:never created:30"),
            vec!["service-account-never-used"],
        ),
        ("etl", format!("etl {expiring} used:never"), vec!["service-account-never-used"]),
        ("etl expires:200", format!("etl {expiring}"), vec![]),
        ("etl expires:201", format!("etl {expiring}"), vec!["service-account-expires-differs"]),
        ("etl owner:zoe", format!("etl {expiring}"), vec![]),
        ("etl owner:ana", format!("etl {expiring}"), vec!["service-account-owner-gone"]),
        ("etl admin", format!("etl {expiring}"), vec!["service-account-admin-without-purpose"]),
        ("etl admin purpose:export", format!("etl {expiring}"), vec![]),
        (
            "etl web=admin",
            format!("etl {expiring} web=admin"),
            vec!["service-account-admin-without-purpose"],
        ),
    ] {
        assert_eq!(told(&[files], &[&live]), expected, "{files} against {live}");
    }
}

#[test]
fn what_was_not_read_withholds_the_account_alone() {
    let mut unread = accounts(&["etl web=analyst"], &[]);
    unread.live.service_accounts = None;
    let mut project = accounts(&["etl web=analyst"], &["etl"]);
    project.live.projects[0].service_accounts_read = false;
    let twice = accounts(&["etl"], &["etl", "etl web=admin"]);
    for (world, code) in [
        (unread, "service-account-unreadable"),
        (project, "service-account-unreadable"),
        (twice, "duplicate-service-account"),
    ] {
        let content = world.plan().unwrap();
        assert!(findings(&content).iter().any(|one| one.starts_with(code)), "{code}");
        assert!(!content.is_refused());
        let withheld = |one: &&(NotPlannedKind, String)| {
            one.0 == NotPlannedKind::Withheld && one.1.contains("etl: ")
        };
        assert_eq!(left_alone(&content).iter().filter(withheld).count(), 1, "{code}");
        assert_eq!(changes(&content), Vec::<String>::new());
    }
}

#[test]
fn whoever_goes_leaves_accounts_behind() {
    for (files, expected) in [
        (
            "ana removed",
            Some(
                "service-account-left-behind: leaves 2 service accounts behind: ci (owner), etl (creator)",
            ),
        ),
        (
            "ana suspended",
            Some(
                "service-account-left-behind: leaves 2 service accounts behind: ci (owner), etl (creator)",
            ),
        ),
        ("ana", None),
    ] {
        let world = with_accounts(
            world(&[files, "zoe owner"], &["ana web=analyst", "zoe owner"]),
            &["ci owner:ana", "etl"],
            &["ci", "etl by:100"],
        );
        let content = world.plan().unwrap();
        let told = findings(&content).into_iter().find(|one| one.contains("left-behind"));
        assert_eq!(told.as_deref(), expected);
    }
}

#[test]
fn the_account_we_run_as_is_safe() {
    // By the credentials' name or the local part of the address, and by number.
    for (name, live, own) in [
        ("robot", "robot", Some("robot")),
        ("Robot", "Robot", Some("robot")),
        ("Robot", "Robot", None),
        ("etl", "etl user:7", Some("robot")),
        ("etl", "etl user:7", None),
    ] {
        let declared = format!("{name} removed");
        let mut world = accounts(&[&declared], &[live]);
        world.live.actor.user = Some(UserId(7));
        world.live.actor.service_account = own.map(Into::into);
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), Vec::<String>::new(), "{name}");
        assert_eq!(left_alone(&content)[0].0, NotPlannedKind::Protected);
        let changed = format!("{name} web=admin");
        let mut world = accounts(&[&changed], &[live]);
        world.live.actor.user = Some(UserId(7));
        world.live.actor.service_account = own.map(Into::into);
        assert_eq!(refusals(&world.plan().unwrap()), [GuardCode::Protected]);
    }
}

#[test]
fn the_account_we_run_as_is_known_by_its_credentials() {
    // Whatever the service says of them.
    let known = |name: &str, address: Option<&str>| Actor {
        service_account: Some(name.into()),
        email: address.map(email),
        ..Actor::default()
    };
    for address in [None, Some("ana"), Some("etl")] {
        let mut world = accounts(&["robot removed"], &["robot"]);
        world.live.actor = known("robot", address);
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), Vec::<String>::new(), "{address:?}");
        assert_eq!(left_alone(&content)[0].0, NotPlannedKind::Protected);
        // An account that only resembles the address is none of ours.
        let mut world = accounts(&["etl removed"], &["etl", "robot"]);
        world.live.actor = known("robot", address);
        let content = world.plan().unwrap();
        assert_eq!(changes(&content), ["service account etl: delete"], "{address:?}");
        assert_eq!(refusals(&content), []);
        // Whoever applies runs as somebody else: the guard rail is evaluated again.
        world.live.actor = known("etl", address);
        let verdicts = guard::evaluate(&content, &world.live, NOW, Some(NOW));
        assert_eq!(
            verdicts.iter().map(|one| one.guard).collect::<Vec<_>>(),
            [GuardCode::Protected]
        );
        // Even where the accounts were not read.
        world.live.service_accounts = None;
        assert_eq!(guard::evaluate(&content, &world.live, NOW, Some(NOW)), verdicts);
        let mut revoked = accounts(&["etl"], &["etl web=admin"]);
        revoked.live.actor = known("etl", address);
        assert_eq!(refusals(&revoked.plan().unwrap()), [GuardCode::Protected]);
    }
}

#[test]
fn no_account_is_deleted_while_it_is_unknown_which_we_run_as() {
    let mut world = accounts(&["ci removed", "etl removed"], &["ci", "etl"]);
    world.live.actor.service_account = None;
    let content = world.plan().unwrap();
    let [refusal] = &content.refusals().collect::<Vec<_>>()[..] else { panic!("one refusal") };
    assert_eq!(refusal.guard, GuardCode::Protected);
    assert_eq!(
        refusal.message,
        "the plan deletes service account ci, service account etl, and live state does not say which service account we run as"
    );
    // No override lets it pass.
    world.desired.policy.overrides.push(mixaccess_model::Override {
        guard: GuardCode::Protected,
        maximum: None,
        until: None,
        reason: "trust me".to_owned(),
        ticket: None,
        origin: mixaccess_model::OverrideOrigin::CommandLine,
    });
    assert_eq!(refusals(&world.plan().unwrap()), [GuardCode::Protected]);
    // Nothing else needs to know.
    let mut world = accounts(&["etl"], &["etl web=admin"]);
    world.live.actor.service_account = None;
    assert_eq!(refusals(&world.plan().unwrap()), []);
}

#[test]
fn guard_rails_count_accounts() {
    let mut world = accounts(&["etl admin web=admin", "ci owner"], &[]);
    world.desired.policy.escalations.maximum = Some(1);
    assert_eq!(refusals(&world.plan().unwrap()), [GuardCode::Escalations]);
    world.desired.policy.escalations.maximum = None;
    world.desired.policy.escalations.allow_organization_owner = false;
    let content = world.plan().unwrap();
    let refusal = content.refusals().next().unwrap();
    assert!(
        refusal
            .message
            .starts_with("1 subject would become organization owner (service account ci)")
    );

    let mut less = accounts(&["etl"], &["etl web=admin ios=admin"]);
    less.desired.policy.reductions.percent = 50;
    let content = less.plan().unwrap();
    assert_eq!(content.figures.other_grants, 2);
    assert_eq!(refusals(&content), [GuardCode::Reductions]);
    let change = &accounts(&["etl removed"], &["etl"]).plan().unwrap().changes[0];
    assert_eq!(change.risk, Risk::Destructive);
}

#[test]
fn rules_are_about_accounts_by_tag_and_project() {
    let rule =
        |deny| mixaccess_model::Rule { deny, because: "of the contract".to_owned(), place: None };
    let role = vec![mixaccess_model::ProjectRole::Admin];
    let by_role = mixaccess_model::RuleMatch { role: role.clone(), ..Default::default() };
    let by_tag = mixaccess_model::RuleMatch { tag: vec!["robot".to_owned()], ..by_role.clone() };
    let outside =
        mixaccess_model::RuleMatch { outside: vec!["acme.example".to_owned()], ..by_role.clone() };
    for (deny, denied) in [(by_role, true), (by_tag, true), (outside, false)] {
        for live in [&[][..], &["etl web=admin"][..]] {
            let mut world = accounts(&["etl web=admin #robot"], live);
            world.desired.policy.rules.push(rule(deny.clone()));
            world.desired.collaborators.clear();
            let content = world.plan().unwrap();
            let told = match live {
                [] => refusals(&content).contains(&GuardCode::Rule),
                _ => content.findings.iter().any(|one| one.code == "rule"),
            };
            assert_eq!(told, denied, "{deny:?} {live:?}");
        }
    }
}

#[test]
fn a_new_account_answers_with_the_words_of_everything_it_is_given() {
    let words = |ticket: Option<&str>, requested: &str, approved: &str| {
        let annotations = Annotations {
            ticket: ticket.map(Arc::from),
            reason: None,
            requested_by: Some(Arc::from(requested)),
            approved_by: Some(Arc::from(approved)),
        };
        Some(Arc::new(annotations))
    };
    let approved = || words(Some("T-1"), "ana", "bo");
    let by_themselves = || words(Some("T-2"), "ana", "ANA");
    let both = [GuardCode::SeparationOfDuties, GuardCode::Ticket];
    for (declared, account, grant, refused) in [
        ("etl web=admin", approved(), by_themselves(), &both[..1]),
        ("etl web=admin", approved(), words(None, "ana", "bo"), &both[1..]),
        ("etl web=admin", None, approved(), &[][..]),
        ("etl admin web=admin", None, approved(), &both[..]),
        ("etl admin web=admin", approved(), approved(), &[][..]),
        ("etl", approved(), None, &[][..]),
    ] {
        let mut world = accounts(&[declared], &[]);
        let policy = &mut world.desired.policy;
        policy.separation_of_duties = true;
        policy.ticket = Some(Requirement { roles: vec!["admin".to_owned()], environments: vec![] });
        let etl = &mut world.desired.service_accounts.as_mut().unwrap()[0];
        etl.cause.annotations = account;
        for one in &mut etl.grants {
            one.cause.annotations.clone_from(&grant);
        }
        assert_eq!(refusals(&world.plan().unwrap()), refused, "{declared}");
    }
}
