//! Random organizations and files, for property tests of this crate and of those above it.
//!
//! Everything is drawn from small pools of projects and people, so that files and organization meet
//! often, and everything is small, so that thousands of cases take seconds.

mod desired;
mod live;
mod policy;
mod whole;

use jiff::Timestamp;
use mixaccess_model::{
    Capabilities, DesiredState, Dialect, Email, LiveState, OrganizationRole, Override, PlanContent,
    ProjectId, ProjectKey, ProjectRole,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

pub use policy::{overrides, policies, yielding_policies};
pub use whole::whole_worlds;

use crate::{PlanningInput, Projection, plan};

/// Files and the organization that they are about.
#[derive(Clone, Debug)]
pub struct World {
    /// What the files say.
    pub desired: DesiredState,
    /// What the service answers.
    pub live: LiveState,
}

/// What kind of answers the service gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// What a faithful service says: everybody has a number and a role, nobody is there twice,
    /// somebody accepted owns the organization, every declared project is there and was read, and the
    /// identity we run as is its owner.
    Faithful,
    /// Anything: look-alikes, missing numbers and roles, rows said twice, projects that are missing or
    /// were not read, no owner at all, and credentials of any power.
    Odd,
}

/// The instant that everything is resolved for.
pub const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// How property tests run: the same cases every time, and nothing is written beside the sources.
pub fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x6d69_7861_6363),
        max_shrink_iters: 4_000,
        ..Config::default()
    }
}

/// Files and organizations, with policies of which most let most plans pass.
pub fn worlds(answers: Answers) -> impl Strategy<Value = World> {
    let policy = prop_oneof![3 => yielding_policies(), 1 => policies()];
    (desired::states(policy), live::states(answers)).prop_map(move |(desired, live)| {
        let mut world = World { desired, live };
        if answers == Answers::Faithful {
            live::read_what_is_declared(&mut world);
        }
        world
    })
}

/// What the `members` dialect can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    dialect: Dialect::Members,
    grants_per_call: 1,
    set_organization_role: true,
    set_project_role: true,
    revoke: true,
    remove_member: true,
    change_pending_roles: false,
};

/// What the `app` dialect can do.
pub const APP_CAPABILITIES: Capabilities =
    Capabilities { dialect: Dialect::App, grants_per_call: 500, ..CAPABILITIES };

impl World {
    /// The plan that takes the organization to the files, on the dialect that it was read through.
    ///
    /// # Errors
    /// When the content cannot be written as JSON.
    pub fn plan(&self) -> Result<PlanContent, serde_json::Error> {
        self.plan_with(&[])
    }

    /// The same with overrides given on the command line.
    ///
    /// # Errors
    /// When the content cannot be written as JSON.
    pub fn plan_with(&self, allow: &[Override]) -> Result<PlanContent, serde_json::Error> {
        plan(&PlanningInput {
            desired: &self.desired,
            live: &self.live,
            capabilities: match self.live.dialect {
                Dialect::Members => &CAPABILITIES,
                Dialect::App => &APP_CAPABILITIES,
            },
            base_url: "https://mixpanel.example",
            instant_given: false,
            allow,
        })
    }

    /// The organization once every change of the plan is applied.
    #[must_use]
    pub fn after(&self, content: &PlanContent) -> Self {
        Self { desired: self.desired.clone(), live: applied(&self.live, content) }
    }
}

/// Live state once every change of the plan is applied. People whom it invites are pending, and have
/// no number yet.
pub fn applied(live: &LiveState, content: &PlanContent) -> LiveState {
    let mut projection = Projection::new(live);
    for change in &content.changes {
        projection.apply(change);
    }
    projection.to_live_state()
}

/// The people of the pool, declared or live or both. The last two are one but for an alias.
pub const PEOPLE: [&str; 10] = [
    "ana@acme.example",
    "bo@acme.example",
    "cleo@acme.example",
    "dev@agency.example",
    "eve@agency.example",
    "fay@agency.example",
    "gil@partner.example",
    "hal@partner.example",
    "ivo@iz.example",
    "ivo+test@iz.example",
];

/// Numbers of the projects of the pool.
pub const PROJECTS: [u64; 6] = [11, 12, 13, 14, 15, 16];

fn key_of(project: ProjectId) -> ProjectKey {
    ProjectKey::new(format!("project-{project}"))
}

/// Random choices, taken from one random number: many times faster than a strategy for each, and it
/// shrinks towards the first of each choice.
#[derive(Debug)]
struct Choices(u128);

impl Choices {
    /// A number below `n`, which is at most 16.
    fn below(&mut self, n: u8) -> u8 {
        let drawn = u8::try_from(self.0 % u128::from(n.max(1))).unwrap_or(0);
        self.0 /= u128::from(n.max(1));
        drawn
    }

    fn once_in(&mut self, n: u8) -> bool {
        self.below(n) == n - 1
    }

    fn role(&mut self) -> ProjectRole {
        match self.below(10) {
            0..=2 => ProjectRole::Consumer,
            3..=5 => ProjectRole::Analyst,
            6..=7 => ProjectRole::Admin,
            8 => ProjectRole::Owner,
            _ => ProjectRole::parse("Messenger"),
        }
    }

    fn organization_role(&mut self) -> OrganizationRole {
        match self.below(9) {
            0..=3 => OrganizationRole::Member,
            4 => OrganizationRole::BillingAdmin,
            5 | 6 => OrganizationRole::Admin,
            _ => OrganizationRole::Owner,
        }
    }
}

/// Which of a pool's members are in, by the bits of a mask.
fn drawn_of<T: Copy>(pool: &[T], mask: u16) -> Vec<T> {
    pool.iter()
        .enumerate()
        .filter(|(index, _)| mask >> index & 1 == 1)
        .map(|(_, one)| *one)
        .collect()
}

/// An address of the pool, sometimes with a capital letter.
fn spelled(address: &'static str, capital: bool) -> Email {
    if !capital {
        return Email::new(address);
    }
    let mut letters = address.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    Email::new(&first.into_iter().chain(letters).collect::<String>())
}
