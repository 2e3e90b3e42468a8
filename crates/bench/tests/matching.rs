//! What is generated must be what it says: files without a problem, live state that meets them, and
//! exactly as many differences as were asked for.
#![expect(clippy::unwrap_used, reason = "what a test cannot do is a failure of the test")]

use mixaccess_bench::tree::Shape;
use mixaccess_config::{LoadOptions, load};
use mixaccess_model::{Capabilities, Change, Dialect, LiveState, PlanContent};
use mixaccess_planner::{PlanningInput, plan};

const CAPABILITIES: Capabilities = Capabilities {
    dialect: Dialect::Members,
    grants_per_call: 1,
    set_organization_role: true,
    set_project_role: true,
    revoke: true,
    remove_member: true,
    change_pending_roles: false,
};

/// A block of people has every way to declare access in it, and three are more than any pattern in them.
const SHAPE: Shape = Shape {
    people: 300,
    projects: 40,
    grants_each: 10,
    changes: 0,
    teams: 7,
    service_accounts: 9,
    pending: 0,
};

fn planned(shape: Shape) -> PlanContent {
    let directory = tempfile::tempdir().unwrap();
    let written = shape.write(directory.path()).unwrap();
    let options = LoadOptions { root: directory.path().join("access"), organization: None };
    let loaded = load(&options);
    assert!(loaded.diagnostics().is_empty(), "{:?}", loaded.diagnostics());
    let desired = loaded.resolve("2026-06-15T12:00:00Z".parse().unwrap()).unwrap().state;
    let declared: usize = desired.collaborators.iter().map(|one| one.grants.len()).sum();
    assert_eq!((declared, loaded.files().len()), (written.grants, written.files));
    let live = std::fs::read(directory.path().join("live.json")).unwrap();
    assert_eq!(live.len() as u64, written.live_bytes);
    let live = LiveState::from_json(&live).unwrap();
    plan(&PlanningInput {
        desired: &desired,
        live: &live,
        capabilities: &CAPABILITIES,
        base_url: "https://mixpanel.com",
        instant_given: false,
        allow: &[],
    })
    .unwrap()
}

#[test]
fn live_state_meets_the_files() {
    for shape in [
        SHAPE,
        Shape { people: 20, projects: 100, grants_each: 50, changes: 0, ..Shape::default() },
        Shape { people: 101, projects: 5, grants_each: 1, changes: 0, ..Shape::default() },
        Shape { people: 100, projects: 7, grants_each: 7, changes: 0, ..Shape::default() },
    ] {
        let content = planned(shape);
        assert!(content.is_empty(), "{shape:?}: {:?}", content.changes.first());
        assert!(!content.is_refused(), "{shape:?}: {:?} {:?}", content.guards, content.findings);
        assert!(content.not_planned.is_empty(), "{shape:?}: {:?}", content.not_planned);
    }
}

#[test]
fn differs_in_as_many_places_as_asked_for() {
    for changes in [1, 10, 300, 1_000] {
        let content = planned(Shape { changes, teams: 0, ..SHAPE });
        assert_eq!(content.changes.len(), changes);
        let kinds: std::collections::BTreeSet<&str> =
            content.changes.iter().map(Change::kind).collect();
        if changes >= 10 {
            assert_eq!(
                kinds.into_iter().collect::<Vec<_>>(),
                ["grant", "revoke", "set_project_role"]
            );
        }
    }
}

#[test]
fn a_grant_costs_the_same_number_of_entries_in_every_size() {
    let directory = tempfile::tempdir().unwrap();
    for people in [100, 1_000] {
        let shape =
            Shape { people, projects: 100, grants_each: 50, changes: 0, ..Shape::default() };
        let directory = directory.path().join(people.to_string());
        assert_eq!(shape.write(&directory).unwrap().grants, people * 50);
    }
}

#[test]
fn the_same_shape_gives_the_same_bytes() {
    let digest = || {
        let directory = tempfile::tempdir().unwrap();
        SHAPE.write(directory.path()).unwrap();
        let options = LoadOptions { root: directory.path().join("access"), organization: None };
        (load(&options).files_digest(), std::fs::read(directory.path().join("live.json")).unwrap())
    };
    assert_eq!(digest(), digest());
}

#[test]
fn impossible_shapes_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (shape, message) in [
        (Shape { projects: 4, ..SHAPE }, "at least 5 projects"),
        (Shape { grants_each: 41, ..SHAPE }, "between 1 and 40"),
        (Shape { grants_each: 0, ..SHAPE }, "between 1 and 40"),
        (Shape { changes: 100_000, ..SHAPE }, "no room"),
    ] {
        let error = shape.write(directory.path()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}
