//! Planned, applied and gone on with over HTTP: any one request goes wrong in any way, and going on
//! converges without doing anything twice that must happen once.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use mixaccess_api::{AccessRead, Client, ClientOptions, Credentials, capabilities, read_live};
use mixaccess_applier::{
    ApplyError, ApplyOptions, ApplyStatus, Awaited, CancelToken, Delivery, NoProgress, Patience,
    Receipt, Refusal, SecretSink, StateDirectory, Target, apply,
};
use mixaccess_emulator::{Clock, Emulator, EmulatorOptions, EventKind, Seed};
use mixaccess_model::{
    Cause, DeclaredOrganization, DeclaredProject, DesiredCollaborator, DesiredGrant,
    DesiredServiceAccount, DesiredState, DesiredTeam, DesiredTeamMember, Dialect, Digest, Email,
    FileIndex, LiveMember, LiveState, ManagedBy, OrganizationId, OrganizationRole, Plan, Policy,
    Position, ProjectId, ProjectKey, ProjectRole, Region, State,
};
use mixaccess_planner::{PlanningInput, plan, what_to_read};
use secrecy::SecretString;

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { id: 1, username: ci, secret: demo-secret, email: ci@acme.example, role: owner }
  - { id: 2, username: etl, secret: other, email: etl@acme.example, role: member, projects: { 7: consumer } }
  - { id: 3, username: old, secret: third, email: old@acme.example, role: member, projects: { 8: admin } }
teams:
  - { id: 7, name: Growth, members: [sam@agency.example], projects: { 7: consumer } }
  - { id: 8, name: Old, members: [kim@acme.example], projects: { 8: analyst } }
projects:
  - { id: 7, name: Web }
  - { id: 8, name: iOS }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: sam@agency.example, role: member, projects: { 7: analyst, 8: analyst } }
  - { id: 503, email: lee@agency.example, role: member, status: pending, projects: { 8: consumer } }
  - { id: 504, email: kim@acme.example, role: admin, projects: { 7: admin } }
";

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ORGANIZATION: OrganizationId = OrganizationId(12345);
const CAUSE: Cause =
    Cause { position: Position { file: FileIndex(0), line: 1, column: 1 }, annotations: None };

fn collaborator(
    email: &str,
    organization_role: OrganizationRole,
    grants: &[(u64, ProjectRole)],
) -> DesiredCollaborator {
    DesiredCollaborator {
        email: Email::new(email),
        name: None,
        state: State::Active,
        managed_by: ManagedBy::Mixpanel,
        tags: Vec::new(),
        organization_role,
        organization_role_cause: CAUSE,
        grants: grants
            .iter()
            .map(|(id, role)| DesiredGrant {
                project: ProjectId(*id),
                role: Some(role.clone()),
                cause: CAUSE,
            })
            .collect(),
        cause: CAUSE,
    }
}

fn grants(roles: &[(u64, ProjectRole)]) -> Vec<DesiredGrant> {
    let grant = |(id, role): &(u64, ProjectRole)| DesiredGrant {
        project: ProjectId(*id),
        role: Some(role.clone()),
        cause: CAUSE,
    };
    roles.iter().map(grant).collect()
}

fn team(name: &str, state: State, members: &[&str], roles: &[(u64, ProjectRole)]) -> DesiredTeam {
    let member = |email: &&str| DesiredTeamMember { email: Email::new(email), cause: CAUSE };
    DesiredTeam {
        key: name.into(),
        name: name.into(),
        state,
        managed_by: ManagedBy::Mixpanel,
        members: members.iter().map(member).collect(),
        grants: grants(roles),
        cause: CAUSE,
    }
}

fn account(username: &str, state: State, roles: &[(u64, ProjectRole)]) -> DesiredServiceAccount {
    DesiredServiceAccount {
        key: username.into(),
        username: username.into(),
        state,
        organization_role: OrganizationRole::Member,
        expires: None,
        owner: None,
        purpose: None,
        tags: Vec::new(),
        grants: grants(roles),
        cause: CAUSE,
    }
}

/// The same, and teams and service accounts: made, changed, deleted.
fn desired_whole() -> DesiredState {
    use ProjectRole::{Admin, Analyst, Consumer};
    let mut desired = desired();
    desired.teams = Some(vec![
        team(
            "Data",
            State::Active,
            &["new@agency.example", "priya@acme.example"],
            &[(7, Consumer)],
        ),
        team("Growth", State::Active, &["kim@acme.example"], &[(7, Analyst), (8, Consumer)]),
        team("Old", State::Removed, &[], &[]),
    ]);
    desired.service_accounts = Some(vec![
        account("etl", State::Active, &[(7, Admin)]),
        account("loader", State::Active, &[(8, Consumer)]),
        account("old", State::Removed, &[]),
    ]);
    desired
}

/// Keeps secrets in memory.
#[derive(Default)]
struct Vault(Mutex<BTreeMap<String, SecretString>>);

impl SecretSink for Vault {
    fn deliver<'a>(&'a self, awaited: Awaited<'a>, secret: &'a SecretString) -> Delivery<'a> {
        self.0.lock().unwrap().insert(awaited.username.to_owned(), secret.clone());
        Box::pin(async { Ok(()) })
    }
}

/// Changes of every kind: a role up, a project taken, an invitation with two projects, an invited
/// admin, a changed invitation, an organization role lowered.
fn desired() -> DesiredState {
    use OrganizationRole::{Admin, Member, Owner};
    use ProjectRole::{Analyst, Consumer};
    let mut policy = Policy::default();
    policy.reductions.percent = 1_000;
    policy.removals.percent = 100;
    let mut collaborators = vec![
        collaborator("priya@acme.example", Owner, &[]),
        collaborator("sam@agency.example", Member, &[(7, ProjectRole::Admin)]),
        collaborator("lee@agency.example", Member, &[(7, Analyst), (8, Analyst)]),
        collaborator("kim@acme.example", Member, &[(7, Analyst)]),
        collaborator("new@agency.example", Member, &[(7, Consumer), (8, Analyst)]),
        collaborator("boss@acme.example", Admin, &[(8, Analyst)]),
    ];
    collaborators.sort_by(|a, b| a.email.cmp(&b.email));
    let project = |id, key: &str| DeclaredProject {
        key: ProjectKey::new(key),
        id: ProjectId(id),
        environment: None,
        group: None,
        custom_roles: None,
        position: CAUSE.position,
    };
    DesiredState {
        organization: DeclaredOrganization {
            id: ORGANIZATION,
            name: None,
            region: Region::Us,
            api: Some(Dialect::Members),
            identity_provider: None,
            time_zone: "UTC".to_owned(),
            position: CAUSE.position,
        },
        instant: NOW,
        files: vec![Arc::from("access/access.yaml")],
        files_digest: Digest::of_bytes(b"files"),
        projects: vec![project(7, "web"), project(8, "ios")],
        collaborators,
        teams: None,
        service_accounts: None,
        policy,
        findings: Vec::new(),
    }
}

struct Bench {
    emulator: Emulator,
    client: Client,
    dialect: Dialect,
    desired: DesiredState,
    vault: Arc<Vault>,
    state: StateDirectory,
    options: ApplyOptions,
    root: tempfile::TempDir,
}

impl Bench {
    async fn new(dialect: Dialect, desired: DesiredState) -> Self {
        // One clock for both: when an account was created tells whose it is.
        let emulator_options =
            EmulatorOptions { clock: Clock::standing_at(NOW), ..EmulatorOptions::default() };
        let emulator =
            Emulator::start(Seed::from_yaml(SEED).unwrap(), emulator_options).await.unwrap();
        let url = emulator.base_url();
        let mut client = ClientOptions::new(&url, ORGANIZATION, dialect).unwrap();
        // Never again by itself: what goes wrong must be seen here.
        client.max_wait = Duration::ZERO;
        let credentials = Credentials::new("ci", "demo-secret".to_owned().into()).unwrap();
        let root = tempfile::tempdir().unwrap();
        let target = Target {
            organization: ORGANIZATION,
            base_url: url,
            capabilities: *capabilities(dialect),
            scim: false,
        };
        let mut options = ApplyOptions::new(target, Arc::new(|| NOW), "mixaccess test");
        options.patience =
            Patience { settle: vec![Duration::ZERO; 3], verify: vec![Duration::ZERO; 3] };
        let vault = Arc::<Vault>::default();
        options.secrets = Some(Arc::clone(&vault) as Arc<dyn SecretSink>);
        Self {
            dialect,
            desired,
            vault,
            client: Client::new(client, credentials).unwrap(),
            state: StateDirectory::open(root.path()).unwrap(),
            emulator,
            options,
            root,
        }
    }

    async fn live(&self) -> LiveState {
        let projects = [ProjectId(7), ProjectId(8)];
        let reads = |members: &[LiveMember]| what_to_read(&self.desired, members, NOW);
        read_live(&self.client, ORGANIZATION, self.dialect, &projects, reads, 8, NOW).await.unwrap()
    }

    async fn plan(&self) -> Plan {
        let live = self.live().await;
        let input = PlanningInput {
            desired: &self.desired,
            live: &live,
            capabilities: capabilities(self.dialect),
            base_url: &self.options.target.base_url,
            instant_given: false,
            allow: &[],
        };
        Plan::seal(plan(&input).unwrap(), NOW, "mixaccess test".into()).unwrap()
    }

    async fn apply(&self, plan: &Plan, resume: bool) -> Result<Receipt, ApplyError> {
        let mut options = self.options.clone();
        options.resume = resume;
        apply(plan, &self.client, &self.state, &options, &NoProgress, &CancelToken::never()).await
    }

    /// Applies, and goes on until nothing is left; gives how many runs that took.
    async fn drive(&self, plan: &Plan) -> usize {
        let mut resume = false;
        for runs in 1..6 {
            match self.apply(plan, resume).await {
                Ok(receipt) if receipt.status == ApplyStatus::Incomplete => resume = true,
                Ok(_) => return runs,
                Err(ApplyError::Refused(refusals)) if refusals == [Refusal::NothingToResume] => {
                    resume = false;
                }
                Err(ApplyError::Read(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("does not come to an end");
    }

    /// The secret that was handed over last is the account's.
    async fn check_secret(&self, fault: &str) {
        if self.desired.service_accounts.is_none() {
            return;
        }
        let secret = self.vault.0.lock().unwrap().get("loader").cloned().unwrap();
        let options = ClientOptions::new(&self.emulator.base_url(), ORGANIZATION, self.dialect);
        let credentials = Credentials::new("loader", secret).unwrap();
        let client = Client::new(options.unwrap(), credentials).unwrap();
        assert!(client.me().await.is_ok(), "{fault}");
    }

    fn invitations(&self) -> Vec<String> {
        let sent = self.emulator.audit().into_iter();
        let sent = sent.filter(|event| event.event == EventKind::InvitationSent);
        let mut sent = sent.map(|event| event.user_email).collect::<Vec<_>>();
        sent.sort();
        sent
    }
}

/// What goes wrong with one request. The client never tries again by itself here.
const TROUBLES: [&str; 8] = [
    "status=503 after",
    "status=403",
    "status=429",
    "reset",
    "reset after",
    "truncate",
    "hang=20ms after",
    "stale=2",
];

#[tokio::test]
async fn any_request_may_go_wrong_in_any_way() {
    let bench = Bench::new(Dialect::Members, desired()).await;
    let clean = bench.plan().await;
    assert!(!clean.content.is_refused(), "{:?}", clean.content.guards);
    bench.emulator.clear_requests();
    assert_eq!(bench.drive(&clean).await, 1);
    let requests = bench.emulator.requests().len();
    // Who we are, members, the list of projects and two of them; the changes; members and two projects for
    // what the invitations gave, and for verifying.
    assert_eq!(requests, 5 + clean.content.changes.len() + 3 + 3);
    assert!(bench.plan().await.content.is_empty());
    assert!(bench.emulator.max_in_flight() <= 8);

    let invited = bench.invitations();
    let each = TROUBLES.map(|trouble| Box::pin(every_request(&bench, trouble, requests, &invited)));
    let interrupted = join_all(each).await.into_iter().sum::<usize>();
    assert!(interrupted > requests, "only {interrupted} runs were interrupted");
}

#[tokio::test]
async fn any_request_about_anything_may_go_wrong_on_either_dialect() {
    for dialect in [Dialect::Members, Dialect::App] {
        let bench = Bench::new(dialect, desired_whole()).await;
        let clean = bench.plan().await;
        assert!(!clean.content.is_refused(), "{:?}", clean.content.guards);
        bench.emulator.clear_requests();
        assert_eq!(bench.drive(&clean).await, 1);
        let requests = bench.emulator.requests().len();
        assert!(bench.plan().await.content.is_empty());
        let invited = bench.invitations();
        let troubles = ["reset after", "stale=2"];
        let each =
            troubles.map(|trouble| Box::pin(every_request(&bench, trouble, requests, &invited)));
        let interrupted = join_all(each).await.into_iter().sum::<usize>();
        assert!(interrupted > 0);
    }
}

/// Lets each request in turn go wrong; gives how many of the runs had to be gone on with.
async fn every_request(like: &Bench, trouble: &str, requests: usize, invited: &[String]) -> usize {
    let bench = Bench::new(like.dialect, like.desired.clone()).await;
    let seed = Seed::from_yaml(SEED).unwrap();
    let mut interrupted = 0;
    for nth in 1..=requests {
        bench.emulator.replace(&seed).unwrap();
        // The same plan again: without its journals, or it would be applied already.
        std::fs::remove_dir_all(bench.state.journals()).unwrap();
        StateDirectory::open(bench.root.path()).unwrap();
        let plan = bench.plan().await;
        let fault = format!("* /** nth={nth} {trouble}");
        bench.emulator.set_faults(vec![fault.parse().unwrap()]);
        interrupted += usize::from(bench.drive(&plan).await > 1);
        bench.emulator.set_faults(Vec::new());
        let left = bench.plan().await.content;
        assert!(left.is_empty(), "{fault}: {:?}", left.changes);
        assert_eq!(bench.invitations(), invited, "{fault}");
        bench.check_secret(&fault).await;
    }
    interrupted
}

#[tokio::test]
async fn the_undo_plan_takes_back_what_can_be_taken_back() {
    let bench = Bench::new(Dialect::Members, desired()).await;
    let before = bench.live().await;
    let plan = bench.plan().await;
    let receipt = bench.apply(&plan, false).await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(!receipt.undo.irreversible.is_empty());
    let text = std::fs::read(receipt.undo.plan.unwrap()).unwrap();
    let undo = Plan::from_json(&text).unwrap();
    assert!(!undo.content.is_refused(), "{:?} {:?}", undo.content.guards, undo.content.findings);
    let undone = bench.apply(&undo, false).await.unwrap();
    assert_eq!(undone.status, ApplyStatus::Applied, "{undone:?}");
    let after = bench.live().await;
    for email in ["sam@agency.example", "kim@acme.example", "priya@acme.example"] {
        let email = Email::new(email);
        assert_eq!(after.member(&email), before.member(&email));
    }
    for invited in ["new@agency.example", "boss@acme.example"] {
        assert_eq!(after.member(&Email::new(invited)), None);
    }
}
