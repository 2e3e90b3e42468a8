//! Random policies.

use jiff::Timestamp;
use mixaccess_model::{
    Escalations, GuardCode, OrganizationRole, Override, OverrideOrigin, Owners, Pattern,
    PlanMaxAge, Policy, ProjectId, Reductions, Removals, Requirement, Rule, RuleMatch, Unmanaged,
    UnmanagedAction,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Choices, PEOPLE, PROJECTS, key_of};

/// Policies under which most plans pass: nothing is counted, and everybody may become owner.
pub fn yielding_policies() -> impl Strategy<Value = Policy> {
    (unmanaged(), vec(patterns(), 0..2), overrides()).prop_map(|(unmanaged, protected, mut one)| {
        one.guard = GuardCode::Tiny;
        one.maximum = None;
        one.until = None;
        Policy {
            protected,
            removals: Removals { people: 1_000, percent: 100 },
            reductions: Reductions { percent: 100 },
            escalations: Escalations { allow_organization_owner: true, maximum: None },
            unmanaged,
            overrides: vec![one],
            ..Policy::default()
        }
    })
}

/// Any policy at all.
pub fn policies() -> impl Strategy<Value = Policy> {
    let amounts = (
        prop_oneof![0..4_u32, any::<u32>()],
        any::<bool>(),
        (any_amount(), any_amount()),
        any_amount(),
        (any::<bool>(), proptest::option::of(any_amount())),
    );
    let paperwork = (
        any::<bool>(),
        proptest::option::weighted(0.3, requirements()),
        proptest::option::weighted(0.3, requirements()),
        vec(rules(), 0..3),
    );
    let rest = (unmanaged(), vec(patterns(), 0..3), vec(overrides(), 0..4), any::<u64>());
    (amounts, paperwork, rest).prop_map(|(amounts, paperwork, rest)| {
        let (minimum, set, (people, percent), reductions, (allow_organization_owner, maximum)) =
            amounts;
        let (separation_of_duties, ticket, reason, rules) = paperwork;
        let (unmanaged, protected, overrides, age) = rest;
        Policy {
            owners: Owners { minimum, set },
            protected,
            removals: Removals { people, percent },
            reductions: Reductions { percent: reductions },
            escalations: Escalations { allow_organization_owner, maximum },
            separation_of_duties,
            ticket,
            reason,
            rules,
            unmanaged,
            plan_max_age_seconds: PlanMaxAge(age),
            overrides,
            ..Policy::default()
        }
    })
}

/// Any override, valid or not.
pub fn overrides() -> impl Strategy<Value = Override> {
    let until = prop_oneof![Just(None), (-2..2_i64).prop_map(|at| Timestamp::from_second(at).ok())];
    (proptest::sample::select(GuardCode::ALL.to_vec()), proptest::option::of(any_amount()), until)
        .prop_map(|(guard, maximum, until)| Override {
            guard,
            maximum,
            until,
            reason: "because".to_owned(),
            ticket: None,
            origin: OverrideOrigin::CommandLine,
        })
}

fn any_amount() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..6_u32, 1 => any::<u32>()]
}

fn unmanaged() -> impl Strategy<Value = Unmanaged> {
    let action = prop_oneof![
        3 => Just(UnmanagedAction::Report),
        1 => Just(UnmanagedAction::Suspend),
        1 => Just(UnmanagedAction::Remove),
    ];
    (action, vec(patterns(), 0..2)).prop_map(|(action, ignore)| Unmanaged { action, ignore })
}

fn patterns() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        3 => proptest::sample::select(PEOPLE.to_vec()).prop_map(Pattern::new),
        1 => Just(Pattern::new("*@Partner.example")),
        1 => Just(Pattern::new("keeper@*")),
    ]
}

fn requirements() -> impl Strategy<Value = Requirement> {
    let role = proptest::sample::select(vec!["owner", "admin", "viewer", "billing_admin"]);
    (vec(role.prop_map(str::to_owned), 0..2), vec(Just("production".to_owned()), 0..2))
        .prop_map(|(roles, environments)| Requirement { roles, environments })
}

fn rules() -> impl Strategy<Value = Rule> {
    let domain = || proptest::sample::select(vec!["acme.example", "Agency.example", "iz.example"]);
    let project = proptest::sample::select(PROJECTS.to_vec());
    (
        vec(domain().prop_map(str::to_owned), 0..2),
        vec(domain().prop_map(str::to_owned), 0..2),
        vec(Just("contractor".to_owned()), 0..2),
        vec(Just("production".to_owned()), 0..2),
        vec(project.prop_map(|id| key_of(ProjectId(id))), 0..2),
        vec(any::<u128>().prop_map(|drawn| Choices(drawn).role()), 0..3),
        vec(proptest::sample::select(OrganizationRole::ALL.to_vec()), 0..2),
    )
        .prop_map(|(domain, outside, tag, environment, project, role, organization_role)| {
            Rule {
                deny: RuleMatch {
                    domain,
                    outside,
                    tag,
                    environment,
                    project,
                    role,
                    organization_role,
                },
                because: "of the consortium's rules".to_owned(),
                place: None,
            }
        })
}
