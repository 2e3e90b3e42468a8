//! What a policy says of a role it says of every stronger one, whatever the role comes through.

use mixaccess_model::{
    CustomRole, GuardCode, NotPlannedKind, OrganizationRole, ProjectRole, Requirement, Rule,
    RuleMatch,
};

use super::{World, refusals, with_accounts, with_teams, world};
use crate::guard;
use crate::testing::NOW;

/// Custom roles in web: one that counts as analyst, one that counts as admin, and one of which nobody
/// says how much it allows. Qa has a stronger Tagger.
fn with_roles(mut world: World) -> World {
    let custom = |name: &str, at_most: Option<&str>| {
        let ProjectRole::Custom(name) = ProjectRole::parse(name) else { unreachable!() };
        CustomRole { name, at_most: at_most.map(ProjectRole::parse) }
    };
    let web = [("Deputy", Some("admin")), ("Loose", None), ("Tagger", Some("analyst"))];
    let web = web.map(|(name, at_most)| custom(name, at_most));
    world.desired.projects[0].custom_roles = Some(web.into());
    world.desired.projects[2].custom_roles = Some(vec![custom("Tagger", Some("admin"))]);
    world
}

fn denying(world: World, roles: &[&str]) -> World {
    let role = roles.iter().map(|role| ProjectRole::parse(role)).collect();
    ruled(world, RuleMatch { role, tag: vec!["outside".to_owned()], ..RuleMatch::default() })
}

fn ruled(mut world: World, deny: RuleMatch) -> World {
    let because = "it was agreed".to_owned();
    world.desired.policy.rules.push(Rule { deny, because, place: None });
    world
}

/// Whether the plan is refused by the rule, the same in `validate` and again at apply.
#[track_caller]
fn check(world: &World, refused: bool, in_files: bool, what: &str) {
    let content = world.plan().unwrap();
    let verdicts: Vec<_> =
        content.guards.iter().filter(|one| one.guard == GuardCode::Rule).collect();
    assert_eq!(!verdicts.is_empty(), refused, "{what}: {verdicts:?}");
    let validated = !guard::denied_declarations(&world.desired).is_empty();
    assert_eq!(validated, in_files, "validate, {what}");
    let again = guard::evaluate(&content, &world.live, NOW, Some(NOW));
    if !content.changes.is_empty() {
        let again = again.iter().any(|one| one.guard == GuardCode::Rule);
        assert_eq!(again, refused, "at apply, {what}");
    }
}

/// What stands already and is denied stops the additions of whoever has it, and no plan.
#[track_caller]
fn check_standing(world: &World, denied: bool, in_files: bool, what: &str) {
    check(world, false, in_files, what);
    let content = world.plan().unwrap();
    let told = content.errors_of_subjects().any(|one| one.code == "rule");
    assert_eq!(told, denied, "{what}");
    assert!(!content.is_refused(), "{what}");
    assert_eq!(content.changes.is_empty(), denied, "{what}");
    let withheld =
        content.not_planned.iter().filter(|one| one.kind == NotPlannedKind::Withheld).count();
    assert_eq!(withheld, usize::from(denied), "{what}");
}

/// Which role in web a rule for these roles denies.
const DENIED: [(&[&str], &[&str], &[&str]); 8] = [
    (&["admin"], &["admin", "owner", "Deputy", "Loose"], &["analyst", "consumer", "Tagger"]),
    (&["analyst"], &["analyst", "Tagger", "admin", "owner", "Loose"], &["consumer"]),
    (&["viewer"], &["consumer", "analyst", "admin", "owner", "Tagger", "Loose"], &[]),
    (&["owner"], &["owner", "Loose"], &["admin", "Deputy", "analyst", "Tagger"]),
    (&["owner", "analyst"], &["analyst", "admin", "Tagger"], &["consumer"]),
    // A custom role is denied with what is stronger, and not with its equals.
    (&["Tagger"], &["Tagger", "admin", "owner", "Deputy", "Loose"], &["analyst", "consumer"]),
    (&["Deputy"], &["Deputy", "owner", "Loose"], &["admin", "analyst", "Tagger"]),
    // One of unknown power is judged as project owner.
    (&["Loose"], &["Loose", "owner"], &["admin", "Deputy", "analyst"]),
];

#[test]
fn a_denied_role_denies_every_stronger_one_through_any_door() {
    for (denied, refused, passes) in DENIED {
        let all = refused.iter().map(|role| (role, true));
        for (role, refused) in all.chain(passes.iter().map(|role| (role, false))) {
            let what = format!("{role} where {denied:?} is denied");
            let zoe = ["zoe owner"];
            // Their own grant, given or changed or carried by an invitation.
            let own = format!("ana #outside web={role}");
            for live in ["ana", "ana web=consumer", "bo"] {
                if *role == "consumer" && live == "ana web=consumer" {
                    continue;
                }
                let made = with_roles(world(&[own.as_str(), zoe[0]], &[live, zoe[0]]));
                match denied {
                    // Consumer is denied, and stands.
                    ["viewer"] if live == "ana web=consumer" => {
                        check_standing(&denying(made, denied), refused, refused, &what);
                    }
                    _ => check(&denying(made, denied), refused, refused, &what),
                }
            }
            // A team that they join, and a team of theirs that is given the role.
            let [gives, is_in] = [format!("Growth +ana web={role}"), format!("Growth web={role}")];
            for live in ["Growth +ana", &is_in] {
                let made = with_roles(world(&["ana #outside", zoe[0]], &["ana", zoe[0]]));
                let made = with_teams(made, &[&gives], &[live]);
                check(&denying(made, denied), refused, refused, &format!("team, {what}"));
            }
            // A service account.
            for live in [&[][..], &["bot"]] {
                let made = with_roles(world(&zoe, &zoe));
                let made = with_accounts(made, &[&format!("bot #outside web={role}")], live);
                check(&denying(made, denied), refused, refused, &format!("account, {what}"));
            }
            // All users have it; the files say nothing of that.
            let standing = format!("ana web/*={role}");
            let made =
                with_roles(world(&["ana #outside ios=consumer", zoe[0]], &[&standing, zoe[0]]));
            if !denied.contains(&"viewer") {
                let what_of_all = format!("all users, {what}");
                check_standing(&denying(made, denied), refused, false, &what_of_all);
                // Whoever is invited will have it too.
                let standing = format!("bo web/*={role}");
                let files = ["ana #outside ios=consumer", "bo", zoe[0]];
                let made = with_roles(world(&files, &[&standing, zoe[0]]));
                check(&denying(made, denied), refused, false, &format!("invited, {what}"));
            }
        }
    }
}

#[test]
fn organization_owner_and_admin_are_stronger_than_any_project_role() {
    for denied in ["owner", "admin", "analyst", "viewer", "Tagger", "Loose"] {
        for (organization_role, refused) in
            [("owner", true), ("admin", true), ("billing_admin", false), ("member", false)]
        {
            let what = format!("organization {organization_role} where {denied} is denied");
            let person = format!("ana #outside {organization_role}");
            for live in ["bo", "ana"] {
                let made = with_roles(world(&[person.as_str(), "zoe owner"], &[live, "zoe owner"]));
                check(&denying(made, &[denied]), refused, refused, &what);
            }
            let made = with_roles(world(&["zoe owner"], &["zoe owner"]));
            let bot = format!("bot #outside {organization_role}");
            check(&denying(with_accounts(made, &[&bot], &[]), &[denied]), refused, refused, &what);
        }
    }
}

#[test]
fn a_denied_organization_role_denies_every_stronger_one() {
    use OrganizationRole::{Admin, BillingAdmin, Member, Owner};
    for denied in OrganizationRole::ALL {
        let deny = RuleMatch { organization_role: vec![denied], ..RuleMatch::default() };
        for held in [Member, BillingAdmin, Admin, Owner] {
            let person = format!("ana {held} ios=consumer");
            let made = || world(&[person.as_str()], &["ana", "zoe owner"]);
            let what = format!("{held} of {denied}");
            match denied {
                // Every member is denied, and ana is one already.
                Member => check_standing(&ruled(made(), deny.clone()), true, true, &what),
                _ => check(&ruled(made(), deny.clone()), held >= denied, held >= denied, &what),
            }
        }
    }
    // Several are as good as the weakest of them.
    let deny = RuleMatch { organization_role: vec![Owner, BillingAdmin], ..RuleMatch::default() };
    check(&ruled(world(&["ana admin"], &["zoe owner"]), deny), true, true, "between two");
    // The service tells the organization role of an account by its rows alone.
    let deny = RuleMatch {
        organization_role: vec![Admin],
        tag: vec!["outside".to_owned()],
        ..RuleMatch::default()
    };
    for (rows, files, refused) in [
        ("bot web/organization=owner", "bot #outside ios=consumer", true),
        ("bot web/organization=admin", "bot #outside ios=consumer", true),
        ("bot", "bot #outside ios=consumer", false),
    ] {
        let made = with_accounts(world(&["zoe owner"], &["zoe owner"]), &[files], &[rows]);
        check_standing(&ruled(made, deny.clone()), refused, false, rows);
    }
    // Nothing is given.
    for files in ["bot #outside", "bot #outside ios=consumer"] {
        let rows = "bot web/organization=owner ios=admin";
        let made = with_accounts(world(&["zoe owner"], &["zoe owner"]), &[files], &[rows]);
        let made = ruled(made, deny.clone());
        check(&made, false, false, files);
        assert!(!made.plan().unwrap().changes.is_empty(), "{files}");
    }
}

#[test]
fn no_rule_keeps_what_is_taken() {
    for (files, live) in [
        ("ana #outside", "ana web=owner"),
        ("ana #outside web=consumer", "ana web=owner"),
        ("ana #outside web=consumer", "ana web=Loose"),
        ("ana #outside", "ana owner"),
        ("ana #outside suspended", "ana owner web=owner web/Growth=owner"),
        ("ana #outside removed", "ana owner web=owner"),
        // What stays through other doors was not given by this plan.
        ("ana #outside", "ana web=owner ios/Growth=owner qa/*=Loose"),
        ("ana #outside ios=consumer", "ana ios=admin web/Growth=owner"),
    ] {
        let made = with_roles(world(&[files, "zoe owner"], &[live, "zoe owner"]));
        check(&denying(made, &["analyst"]), false, false, &format!("{live} to {files}"));
    }
    // A team that loses its role, or somebody.
    for (files, live) in [
        ("Growth +ana web=consumer", "Growth +ana web=owner"),
        ("Growth +ana", "Growth +ana web=owner"),
        ("Growth web=consumer", "Growth +ana web=consumer"),
        ("Growth removed", "Growth +ana web=owner"),
    ] {
        let made = with_roles(world(&["ana #outside", "zoe owner"], &["ana", "zoe owner"]));
        let made = with_teams(made, &[files], &[live]);
        check(&denying(made, &["analyst"]), false, false, &format!("{live} to {files}"));
    }
    // A service account is lowered by two changes.
    for (files, live) in [
        ("bot #outside web=consumer", "bot web=owner ios/organization=owner"),
        ("bot #outside", "bot web=owner ios/organization=owner"),
    ] {
        let made = with_accounts(world(&["zoe owner"], &["zoe owner"]), &[files], &[live]);
        check(&denying(with_roles(made), &["analyst"]), false, false, files);
    }
}

#[test]
fn a_refusal_says_what_a_custom_role_counts_as() {
    for (role, expected) in [
        ("owner", "owner in web"),
        ("Deputy", "Deputy in web, which counts as project_admin"),
        ("Loose", "Loose in web, of unknown power without `at_most`"),
    ] {
        let files = [format!("ana #outside web={role}"), "zoe owner".to_owned()];
        let made = denying(with_roles(world(&files, &["ana", "zoe owner"])), &["admin"]);
        let content = made.plan().unwrap();
        let messages: Vec<&str> = content.refusals().map(|one| one.message.as_str()).collect();
        let expected =
            format!("denied for 1 person (ana@acme.example: {expected}) because it was agreed");
        assert_eq!(messages, [expected]);
    }
}

/// Whether a plan lacks the paperwork that these roles ask for.
#[track_caller]
fn asks(world: &World, roles: &[&str], asked: bool, what: &str) {
    for guard in [GuardCode::Ticket, GuardCode::Reason] {
        let mut world = world.clone();
        let roles = roles.iter().map(ToString::to_string).collect();
        let requirement = Some(Requirement { roles, environments: Vec::new() });
        match guard {
            GuardCode::Ticket => world.desired.policy.ticket = requirement,
            _ => world.desired.policy.reason = requirement,
        }
        let content = world.plan().unwrap();
        assert!(!content.changes.is_empty(), "{what}");
        assert_eq!(refusals(&content).contains(&guard), asked, "{guard}, {what}");
    }
}

#[test]
fn paperwork_for_a_role_is_asked_for_stronger_ones() {
    for (asked, gives, is_asked) in [
        ("admin", "web=owner", true),
        ("admin", "web=admin", true),
        ("admin", "web=Deputy", true),
        ("admin", "web=Loose", true),
        ("admin", "web=Tagger", false),
        ("admin", "web=analyst", false),
        ("admin", "admin", true),
        ("admin", "owner", true),
        ("admin", "billing_admin", false),
        ("owner", "web=admin", false),
        ("owner", "web=Loose", true),
        ("owner", "admin", true),
        ("billing_admin", "billing_admin", true),
        ("billing_admin", "admin", true),
        ("billing_admin", "web=admin", true),
        ("billing_admin", "web=analyst", false),
        ("Tagger", "web=Tagger", true),
        ("Tagger", "web=analyst", false),
        ("Tagger", "web=admin", true),
        ("Tagger", "admin", true),
        ("Loose", "web=Loose", true),
        ("Loose", "web=owner", true),
        ("Loose", "web=admin", false),
        ("Loose", "admin", true),
    ] {
        let what = format!("{gives} where {asked} is asked for");
        let person = format!("ana {gives}");
        for live in ["bo", "ana"] {
            let made = with_roles(world(&[person.as_str(), "zoe owner"], &[live, "zoe owner"]));
            asks(&made, &[asked], is_asked, &what);
        }
        let bot = format!("bot {gives}");
        let made = with_roles(world(&["zoe owner"], &["zoe owner"]));
        asks(&with_accounts(made, &[&bot], &[]), &[asked], is_asked, &what);
        if let Some((project, role)) = gives.split_once('=') {
            // Whoever is invited has what all users have; whoever is there has it already.
            let standing = format!("bo {project}/*={role}");
            let made = with_roles(world(&["ana", "bo", "zoe owner"], &[&standing, "zoe owner"]));
            asks(&made, &[asked], is_asked, &format!("all users, {what}"));
            let standing = format!("ana {project}/*={role} ios=admin");
            let files = ["ana ios=consumer", "zoe owner"];
            let made = with_roles(world(&files, &[&standing, "zoe owner"]));
            asks(&made, &[asked], false, &format!("there already, {what}"));
            for (files, live) in [
                (format!("Growth +ana {gives}"), format!("Growth {gives}")),
                (format!("Growth +ana {gives}"), "Growth +ana".to_owned()),
            ] {
                let made = with_roles(world(&["ana", "zoe owner"], &["ana", "zoe owner"]));
                let made = with_teams(made, &[&files], &[&live]);
                asks(&made, &[asked], is_asked, &format!("team, {what}"));
            }
        }
    }
}

#[test]
fn paperwork_for_a_role_is_not_asked_of_what_only_takes_away() {
    for asked in ["viewer", "analyst", "Tagger", "admin", "member"] {
        for (files, live) in [
            ("ana web=analyst", "ana web=owner"),
            ("ana web=admin", "ana web=owner"),
            ("ana web=Tagger", "ana web=admin"),
            ("ana web=consumer", "ana web=Loose"),
            ("ana admin", "ana owner"),
            ("ana", "ana billing_admin"),
            ("ana", "ana web=owner"),
            ("ana removed", "ana web=owner"),
            ("ana suspended", "ana owner"),
        ] {
            let made = with_roles(world(&[files, "zoe owner"], &[live, "zoe owner"]));
            asks(&made, &[asked], false, &format!("{live} to {files} where {asked} is asked for"));
        }
        // A service account is lowered by two changes.
        let made = with_roles(world(&["zoe owner"], &["zoe owner"]));
        let made = with_accounts(made, &["bot web=analyst"], &["bot web=owner"]);
        asks(&made, &[asked], false, asked);
        for (files, live) in [
            ("Growth +ana web=analyst", "Growth +ana web=owner"),
            ("Growth web=owner", "Growth +ana web=owner"),
        ] {
            let made = with_roles(world(&["ana", "zoe owner"], &["ana", "zoe owner"]));
            asks(&with_teams(made, &[files], &[live]), &[asked], false, files);
        }
    }
    // Of two roles without an order nobody can say that only something is taken.
    let made =
        with_roles(world(&["ana web=analyst", "zoe owner"], &["ana web=Loose", "zoe owner"]));
    asks(&made, &["analyst"], true, "from unknown power");
}
