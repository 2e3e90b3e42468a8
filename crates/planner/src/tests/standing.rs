//! What somebody has already and a rule denies: an error for them, and nothing to anybody else.

use mixaccess_model::{
    GuardCode, NotPlanned, NotPlannedKind, Pattern, ProjectRole, Rule, RuleMatch, UnmanagedAction,
};

use super::{World, changes, refusals, sweeping, with_accounts, with_teams, world};

/// No admin in production, the organization's owners apart.
fn ruled(mut world: World) -> World {
    let deny = RuleMatch {
        outside: vec!["x.example".to_owned()],
        role: vec![ProjectRole::Admin],
        ..RuleMatch::default()
    };
    let because = "it was agreed".to_owned();
    world.desired.policy.rules.push(Rule { deny, because, place: None });
    world
}

/// Of whom a plan says it, as an error that stops nobody else.
#[track_caller]
fn told(world: &World) -> Vec<String> {
    let content = world.plan().unwrap();
    assert_eq!(refusals(&content), [], "{:?}", content.guards);
    assert!(!content.is_refused(), "{:?}", content.findings);
    let told: Vec<_> = content.errors_of_subjects().collect();
    assert_eq!(content.findings.iter().filter(|one| one.code == "rule").count(), told.len());
    let subjects = told.into_iter().map(|one| one.subject.as_ref().unwrap().to_string());
    subjects.map(|one| one.trim_end_matches("@acme.example").to_owned()).collect()
}

const OWNER: &str = "zoe@x.example owner";
const CY: &str = "cy qa=analyst";

#[test]
fn whatever_door_it_comes_through_it_is_an_error_for_whoever_has_it() {
    for (ana, live) in [
        // Declared as it is, and declared otherwise.
        ("ana web=admin", "ana web=admin"),
        ("ana", "ana web/Growth=admin"),
        ("ana admin", "ana admin"),
        ("ana", "ana web/*=admin"),
        ("ana", "ana web/*=owner"),
        ("ana scim", "ana scim web/Growth=admin"),
        ("ana suspended", "ana web/*=admin"),
        ("ana web=admin", "ana pending web=admin"),
    ] {
        // Nobody has to be given anything for it to be said.
        let alone = ruled(world(&[ana, OWNER], &[live, OWNER]));
        assert_eq!(told(&alone), ["ana"], "{ana}, {live}");
        // Others are given what is theirs.
        let others = ruled(world(&[ana, CY, OWNER], &[live, "cy", OWNER]));
        assert_eq!(told(&others), ["ana"], "{ana}, {live}");
        let content = others.plan().unwrap();
        assert!(changes(&content).contains(&"cy: qa + analyst".to_owned()), "{ana}, {live}");
    }
    // What goes with this plan is nothing to be told.
    for (ana, live) in [("ana", "ana web=admin"), ("ana removed", "ana web/*=admin")] {
        assert_eq!(told(&ruled(world(&[ana, OWNER], &[live, OWNER]))), Vec::<String>::new());
    }
}

#[test]
fn a_team_that_gives_it_is_an_error_for_its_people() {
    let made = with_teams(
        world(&["ana", "bo", CY, OWNER], &["ana", "bo", "cy", OWNER]),
        &["Growth +ana +cy web=admin"],
        &["Growth +ana web=admin"],
    );
    let made = ruled(made);
    // Whom the plan itself would give it is a refusal as before.
    assert_eq!(refusals(&made.plan().unwrap()), [GuardCode::Rule]);
    let made = with_teams(
        world(&["ana", "bo", CY, OWNER], &["ana", "bo", "cy", OWNER]),
        &["Growth +ana web=admin"],
        &["Growth +ana web=admin"],
    );
    let made = ruled(made);
    assert_eq!(told(&made), ["ana"]);
    assert_eq!(changes(&made.plan().unwrap()), ["cy: qa + analyst"]);
}

#[test]
fn people_whom_no_file_declares_answer_as_well() {
    for live in ["ana web=admin", "ana web/Growth=admin", "ana admin", "ana web/*=admin"] {
        let made = || world(&[CY, OWNER], &[live, "cy", OWNER]);
        let reported = ruled(made());
        assert_eq!(told(&reported), ["ana"], "{live}");
        let content = reported.plan().unwrap();
        assert_eq!(changes(&content), ["cy: qa + analyst"], "{live}");
        let withheld = |one: &&NotPlanned| one.kind == NotPlannedKind::Withheld;
        assert_eq!(content.not_planned.iter().filter(withheld).count(), 0, "{live}");
        let told_of = content.errors_of_subjects().next().unwrap();
        assert!(told_of.hint.as_ref().unwrap().starts_with("No file declares it"), "{told_of:?}");
        // Whom the plan takes it from has it no more; whom the policy ignores is nobody's business.
        let removed = ruled(sweeping(made(), UnmanagedAction::Remove));
        assert_eq!(told(&removed), Vec::<String>::new(), "{live}");
        let mut ignoring = ruled(made());
        ignoring.desired.policy.unmanaged.ignore = vec![Pattern::new("ana@acme.example")];
        assert_eq!(told(&ignoring), Vec::<String>::new(), "{live}");
    }
}

#[test]
fn service_accounts_answer_where_the_files_are_about_them() {
    for (files, expected) in [(&["etl"][..], &["service account bot"][..]), (&["etl", "bot"], &[])]
    {
        let mut made = with_accounts(world(&[OWNER], &[OWNER]), files, &["bot web=admin", "etl"]);
        made.desired.policy.rules.push(Rule {
            deny: RuleMatch { role: vec![ProjectRole::Admin], ..RuleMatch::default() },
            because: "it was agreed".to_owned(),
            place: None,
        });
        let told: Vec<String> =
            told(&made).into_iter().filter(|one| one.starts_with("service")).collect();
        assert_eq!(told, expected, "{files:?}");
    }
}

#[test]
fn every_account_of_an_address_answers() {
    for (ana, first, second, expected) in [
        ("ana", "ana", "Ana@acme.example web=admin", true),
        ("ana", "ana web=admin", "Ana@acme.example", false),
        ("ana", "ana web=admin", "Ana@acme.example web=admin", true),
        ("ana removed", "ana web=admin", "Ana@acme.example admin", true),
        ("ana suspended", "ana", "Ana@acme.example pending web=admin", true),
        ("ana web=analyst", "ana web=analyst", "Ana@acme.example web=analyst", false),
    ] {
        let made = ruled(world(&[ana, CY, OWNER], &[first, second, "cy", OWNER]));
        let told: Vec<String> = told(&made).into_iter().map(|one| one.to_lowercase()).collect();
        assert_eq!(told.contains(&"ana".to_owned()), expected, "{first}, {second}");
        assert!(changes(&made.plan().unwrap()).contains(&"cy: qa + analyst".to_owned()));
    }
    // Whom no file declares as well.
    let live = ["ana", "Ana@acme.example web=admin", "cy", OWNER];
    assert_eq!(told(&ruled(world(&[CY, OWNER], &live))), ["ana"]);
}

#[test]
fn every_service_account_of_a_name_answers() {
    let accounts = ["bot", "bot web=admin", "etl"];
    let mut made = with_accounts(world(&[OWNER], &[OWNER]), &["bot", "etl"], &accounts);
    made.desired.policy.rules.push(Rule {
        deny: RuleMatch { role: vec![ProjectRole::Admin], ..RuleMatch::default() },
        because: "it was agreed".to_owned(),
        place: None,
    });
    let accounts = |one: &String| one.starts_with("service");
    let told: Vec<String> = told(&made).into_iter().filter(accounts).collect();
    assert_eq!(told, ["service account bot"]);
}
