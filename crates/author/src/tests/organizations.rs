//! Random organizations, hostile names included.

use jiff::Timestamp;
use mixaccess_model::{
    Actor, Dialect, Email, Grant, GrantSource, Invitation, LIVE_FORMAT_VERSION, LiveMember,
    LiveProject, LiveServiceAccount, LiveState, LiveTeam, ManagedBy, MemberStatus, OrganizationId,
    OrganizationRole, OwnGrant, ProjectId, ProjectRole, ServiceAccountId, TeamId, UserId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};

const NOW: i64 = 1_780_000_000;
const DAY: i64 = 86_400;

/// The same cases every time, and nothing is written beside the sources.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x6175_7468_6f72),
        max_shrink_iters: 2_000,
        ..Config::default()
    }
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// Names that trip over quotes, indicators, line ends, look like other values, or cannot be seen.
fn name() -> impl Strategy<Value = String> {
    let hostile = vec![
        "",
        " ",
        "no",
        "null",
        "~",
        "1e3",
        "0123",
        "2026-12-31",
        "*",
        "&a",
        "- x",
        "a: b",
        "a #b",
        "\"",
        "'",
        "\\",
        "{",
        "]",
        "!x",
        "%",
        "@x",
        "a\nb: c",
        "a\r\n\tb",
        "\u{0}",
        "\u{7}",
        "\u{85}",
        "\u{2028}",
        "x\u{202e}y",
        "\u{feff}",
        "\u{ffff}",
        "\u{e000}",
        "\u{1f680}",
        "none",
        "owner",
        "viewer",
        "---",
        "...",
        "# x",
        "production",
        "Web",
        "web",
        "Live Test",
        "中村",
        "../../x",
    ];
    prop_oneof![
        3 => select(vec!["Web Production", "iOS Production", "Web Staging", "iOS Staging", "QA", "Android Prod"]).prop_map(str::to_owned),
        2 => select(hostile).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn role() -> impl Strategy<Value = ProjectRole> {
    prop_oneof![
        12 => select(vec!["consumer", "analyst", "admin", "owner"]).prop_map(ProjectRole::parse),
        2 => Just(ProjectRole::parse("Reviewer")),
        1 => name().prop_map(|name| ProjectRole::parse(&name)),
    ]
}

fn source() -> impl Strategy<Value = GrantSource> {
    prop_oneof![
        8 => Just(GrantSource::Individual),
        1 => Just(GrantSource::Team("Growth".into())),
        1 => Just(GrantSource::AllUsers),
    ]
}

/// Access as it is given out in practice: few kinds, which many people share.
fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let grant = |(project, role, source)| Grant { project: ProjectId(project), role, source };
    let shared = select(vec![
        (0..6).map(|at| (11 + at, "analyst")).collect::<Vec<_>>(),
        (0..5).map(|at| (11 + at, "analyst")).collect(),
        vec![(11, "admin"), (12, "admin"), (13, "analyst"), (14, "analyst")],
        vec![(11, "consumer")],
        vec![],
    ]);
    let individual = |(project, role)| (project, ProjectRole::parse(role), GrantSource::Individual);
    let shared = shared.prop_map(move |rows| rows.into_iter().map(individual).collect::<Vec<_>>());
    prop_oneof![
        2 => shared.prop_map(move |rows| rows.into_iter().map(grant).collect()),
        1 => vec((11_u64..18, role(), source()), 0..6).prop_map(move |rows| rows.into_iter().map(grant).collect()),
    ]
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => "[a-f][a-d]@(acme|agency)\\.example",
        2 => "[a-c]\\+[ab]@acme\\.example",
        1 => "[A-C]a@acme\\.example",
        1 => name(),
        1 => name().prop_map(|name| format!("{name}@acme.example")),
    ]
}

fn instant() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of((0_i64..200).prop_map(|days| second(NOW - days * DAY)))
}

fn invitation() -> impl Strategy<Value = Option<Invitation>> {
    let some = (instant(), proptest::option::of(-9_i64..9), proptest::bool::weighted(0.2));
    proptest::option::of(some.prop_map(|(sent_at, days, expired)| Invitation {
        sent_at,
        expires_at: days.map(|days| second(NOW + days * DAY)),
        expired,
    }))
}

prop_compose! {
    fn member()(
        id in proptest::option::weighted(0.9, 1_u64..99),
        email in address(),
        name in proptest::option::of(name()),
        organization_role in proptest::option::weighted(0.95, select(OrganizationRole::ALL.to_vec())),
        pending in proptest::bool::weighted(0.2),
        invitation in invitation(),
        scim in proptest::bool::weighted(0.2),
        last_active in instant(),
        grants in grants(),
    ) -> LiveMember {
        LiveMember {
            id: id.map(UserId),
            email: Email::new(&email),
            name: name.map(Into::into),
            organization_role,
            status: if pending { MemberStatus::Pending } else { MemberStatus::Active },
            invitation: invitation.filter(|_| pending),
            managed_by: if scim { ManagedBy::Scim } else { ManagedBy::Mixpanel },
            last_active,
            grants,
        }
    }
}

fn project(
    (id, name, members_read, roles): (u64, String, bool, Option<Vec<String>>),
) -> LiveProject {
    LiveProject {
        id: ProjectId(id),
        name,
        members_read,
        service_accounts_read: true,
        custom_roles: roles.map(|roles| {
            let named = roles.into_iter().map(Into::into);
            named.chain((id % 2 == 0).then(|| "Reviewer".into())).collect()
        }),
    }
}

prop_compose! {
    fn team()(
        id in 1_u64..9,
        name in name(),
        scim in any::<bool>(),
        members in vec(address(), 0..6),
        grants in vec((11_u64..18, role()), 0..6),
    ) -> LiveTeam {
        LiveTeam {
            id: TeamId(id),
            name: name.into(),
            managed_by: if scim { ManagedBy::Scim } else { ManagedBy::Mixpanel },
            members: members.iter().map(|one| Email::new(one)).collect(),
            grants: grants.into_iter().map(|(project, role)| OwnGrant { project: ProjectId(project), role }).collect(),
        }
    }
}

prop_compose! {
    fn service_account()(
        id in 1_u64..9,
        username in name(),
        expires in instant(),
        last_used in instant(),
        creator in proptest::option::of(address()),
        grants in grants(),
    ) -> LiveServiceAccount {
        LiveServiceAccount {
            id: ServiceAccountId(id),
            username: username.into(),
            created: None,
            expires,
            last_used,
            creator: None,
            user: None,
            creator_email: creator.map(|one| Email::new(&one)),
            grants,
        }
    }
}

prop_compose! {
    /// Any organization, as a service may answer it.
    pub(crate) fn organization()(
        name in proptest::option::of(name()),
        app in any::<bool>(),
        projects in vec((11_u64..18, name(), proptest::bool::weighted(0.9), proptest::option::of(vec(name(), 0..3))), 0..8),
        members in vec(member(), 1..14),
        teams in proptest::option::of(vec(team(), 0..4)),
        service_accounts in proptest::option::of(vec(service_account(), 0..4)),
    ) -> LiveState {
        let mut live = LiveState {
            format_version: LIVE_FORMAT_VERSION,
            organization: OrganizationId(12345),
            organization_name: name,
            dialect: if app { Dialect::App } else { Dialect::Members },
            taken_at: second(NOW),
            actor: Actor::default(),
            projects: projects.into_iter().map(project).collect(),
            members,
            teams,
            service_accounts,
            identity_provider: None,
            unread: Vec::new(),
        unread_rows: Vec::new(),
        };
        live.normalize();
        live
    }
}
