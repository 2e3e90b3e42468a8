//! What each stage of a run costs: files, desired state, live state, plan, renderings.
#![expect(clippy::expect_used, reason = "without its tree there is nothing to measure")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jiff::Timestamp;
use mixaccess_bench::tree::Shape;
use mixaccess_config::{LoadOptions, Loaded, load};
use mixaccess_model::{Capabilities, DesiredState, Dialect, LiveState, Plan, PlanContent};
use mixaccess_planner::{PlanningInput, plan};
use mixaccess_report::{Format, RenderOptions};

const CAPABILITIES: Capabilities = Capabilities {
    dialect: Dialect::Members,
    grants_per_call: 1,
    set_organization_role: true,
    set_project_role: true,
    revoke: true,
    remove_member: true,
    change_pending_roles: false,
};
/// 20,000 grants, of which as many differ as a plan has changes.
const SHAPE: Shape = Shape {
    people: 2_000,
    projects: 100,
    grants_each: 10,
    changes: 1_000,
    teams: 50,
    service_accounts: 200,
    pending: 0,
};
const INSTANT: &str = "2026-06-15T12:00:00Z";

fn main() {
    divan::main();
}

/// A generated organization on disk.
struct Organization {
    directory: tempfile::TempDir,
    grants: ItemsCount,
}

impl Organization {
    fn generate(shape: Shape) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let grants = shape.write(directory.path()).expect("a tree").grants;
        Self { directory, grants: ItemsCount::new(grants) }
    }

    fn loaded(&self) -> Loaded {
        load(&LoadOptions { root: self.directory.path().join("access"), organization: None })
    }

    fn desired(&self) -> DesiredState {
        self.loaded().resolve(instant()).expect("files without errors").state
    }

    fn live_bytes(&self) -> Vec<u8> {
        std::fs::read(self.directory.path().join("live.json")).expect("a live state")
    }

    fn live(&self) -> LiveState {
        LiveState::from_json(&self.live_bytes()).expect("a live state")
    }
}

fn instant() -> Timestamp {
    INSTANT.parse().expect("an instant")
}

fn planned(desired: &DesiredState, live: &LiveState) -> PlanContent {
    let input = PlanningInput {
        desired,
        live,
        capabilities: &CAPABILITIES,
        base_url: "https://mixpanel.com",
        instant_given: false,
        allow: &[],
    };
    plan(&input).expect("a plan")
}

#[divan::bench]
fn read_files(bencher: Bencher<'_, '_>) {
    let organization = Organization::generate(SHAPE);
    bencher.counter(organization.grants).bench_local(|| organization.loaded());
}

#[divan::bench]
fn resolve(bencher: Bencher<'_, '_>) {
    let organization = Organization::generate(SHAPE);
    let loaded = organization.loaded();
    bencher.counter(organization.grants).bench_local(|| loaded.resolve(instant()));
}

#[divan::bench]
fn read_live_state(bencher: Bencher<'_, '_>) {
    let organization = Organization::generate(SHAPE);
    let bytes = organization.live_bytes();
    bencher.counter(organization.grants).bench_local(|| LiveState::from_json(black_box(&bytes)));
}

#[divan::bench(args = [0, 1_000])]
fn plan_and_seal(bencher: Bencher<'_, '_>, changes: usize) {
    let organization = Organization::generate(Shape { changes, ..SHAPE });
    let (desired, live) = (organization.desired(), organization.live());
    bencher
        .counter(organization.grants)
        .bench_local(|| Plan::seal(planned(&desired, &live), instant(), "bench".to_owned()));
}

#[divan::bench(args = ["human", "markdown", "json", "sarif", "junit"])]
fn render_changes(bencher: Bencher<'_, '_>, format: &str) {
    let format = match format {
        "human" => Format::Human,
        "markdown" => Format::Markdown,
        "json" => Format::Json,
        "sarif" => Format::Sarif,
        _ => Format::Junit,
    };
    let organization = Organization::generate(SHAPE);
    let content = planned(&organization.desired(), &organization.live());
    let plan = Plan::seal(content, instant(), "bench".to_owned()).expect("a plan");
    let options = RenderOptions::default();
    bencher
        .counter(ItemsCount::new(SHAPE.changes))
        .bench_local(|| mixaccess_report::plan(&plan, format, &options));
}
