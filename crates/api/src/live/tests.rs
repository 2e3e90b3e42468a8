use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use mixaccess_model::{
    Actor, Email, Grant, GrantSource, LiveProject, ManagedBy, MemberStatus, OrganizationRole,
    ProjectRole, ServiceAccountId, UserId,
};

use super::*;
use crate::{ProjectMember, ProjectServiceAccount};

mod odd_rows;

#[derive(Default)]
struct Fake {
    members: Vec<LiveMember>,
    carries_grants: bool,
    rows: BTreeMap<u64, Vec<ProjectMember>>,
    accounts: Option<Vec<LiveServiceAccount>>,
    account_rows: BTreeMap<u64, Vec<ProjectServiceAccount>>,
    /// Rows that cannot be read, by what is asked.
    odd: BTreeMap<String, Vec<OddRow>>,
    /// What is answered with a status instead.
    refused: BTreeMap<String, u16>,
    requests: AtomicUsize,
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

impl Fake {
    fn refusal(&self, what: &str) -> Result<(), ApiError> {
        let refused = |status: &u16| ApiError {
            status: Some(*status),
            ..ApiError::permanent(format!("GET {what}"), format!("the service answered {status}"))
        };
        self.refused.get(what).map(refused).map_or(Ok(()), Err)
    }

    fn listed<T>(&self, what: &str, rows: Vec<T>) -> Listed<T> {
        Listed { rows, unread: self.odd.get(what).cloned().unwrap_or_default() }
    }

    /// One request, which takes a moment.
    async fn sent(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AccessRead for Fake {
    async fn me(&self) -> Result<Actor, ApiError> {
        self.sent().await;
        Ok(Actor::default())
    }
    async fn members(&self) -> Result<Vec<LiveMember>, ApiError> {
        self.sent().await;
        Ok(self.members.clone())
    }
    async fn roster(&self) -> Result<Roster, ApiError> {
        let Listed { rows: members, unread } = self.listed("members", self.members().await?);
        Ok(Roster { members, unread, carries_grants: self.carries_grants })
    }
    async fn teams(&self) -> Result<Option<Listed<LiveTeam>>, ApiError> {
        self.sent().await;
        self.refusal("teams")?;
        Ok(Some(self.listed("teams", Vec::new())))
    }
    async fn service_accounts(&self) -> Result<Option<Listed<LiveServiceAccount>>, ApiError> {
        self.sent().await;
        self.refusal("accounts")?;
        Ok(self.accounts.clone().map(|rows| self.listed("accounts", rows)))
    }
    async fn project_service_accounts(
        &self,
        project: ProjectId,
    ) -> Result<Option<Listed<ProjectServiceAccount>>, ApiError> {
        self.sent().await;
        self.refusal(&format!("accounts of {project}"))?;
        let rows = self.account_rows.get(&project.0).cloned();
        Ok(rows.map(|rows| self.listed(&format!("accounts of {project}"), rows)))
    }
    async fn identity_provider(&self) -> Result<Option<LiveIdentityProvider>, ApiError> {
        self.sent().await;
        self.refusal("scim")?;
        Ok(Some(LiveIdentityProvider::default()))
    }
    async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        self.sent().await;
        let project = |id: &u64| LiveProject {
            id: ProjectId(*id),
            name: format!("project {id}"),
            members_read: false,
            service_accounts_read: false,
            custom_roles: None,
        };
        Ok(self.rows.keys().rev().map(project).collect())
    }
    async fn project_members(&self, project: ProjectId) -> Result<Listed<ProjectMember>, ApiError> {
        self.sent().await;
        self.refusal(&format!("members of {project}"))?;
        let missing = || ApiError::permanent(format!("GET {project}"), "no such project".into());
        let rows = self.rows.get(&project.0).cloned().ok_or_else(missing)?;
        Ok(self.listed(&format!("members of {project}"), rows))
    }
}

fn member(id: Option<u64>, email: &str) -> LiveMember {
    LiveMember {
        id: id.map(UserId),
        email: Email::new(email),
        name: None,
        organization_role: Some(OrganizationRole::Member),
        status: MemberStatus::Active,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    }
}

fn row(user: Option<u64>, email: Option<&str>, role: &str) -> ProjectMember {
    ProjectMember {
        user: user.map(UserId),
        email: email.map(Email::new),
        status: MemberStatus::Active,
        role: ProjectRole::parse(role),
        source: GrantSource::Individual,
    }
}

fn read(fake: &Fake, declared: &[u64], all: bool) -> Result<LiveState, ApiError> {
    let declared: Vec<ProjectId> = declared.iter().copied().map(ProjectId).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read_live(
        fake,
        OrganizationId(1),
        Dialect::Members,
        &declared,
        |_| Reads { undeclared_projects: all, ..Reads::default() },
        2,
        Timestamp::UNIX_EPOCH,
    ))
}

fn roles(live: &LiveState) -> Vec<String> {
    live.members
        .iter()
        .map(|member| {
            let grants: Vec<String> = member
                .grants
                .iter()
                .map(|Grant { project, role, source }| {
                    let source = if source.is_individual() { "" } else { "*" };
                    format!("{project}={role}{source}")
                })
                .collect();
            format!("{} {}", member.email, grants.join(" "))
        })
        .collect()
}

#[test]
fn reads_declared_projects_only_unless_told() {
    let rows = (1..=9).map(|id| (id, vec![row(Some(5), Some("a@x"), "admin")])).collect();
    let fake = Fake { members: vec![member(Some(5), "a@x")], rows, ..Fake::default() };
    let live = read(&fake, &[3, 7, 99], false).unwrap();
    assert_eq!(fake.requests.load(Ordering::SeqCst), 5);
    assert_eq!(roles(&live), ["a@x 3=admin 7=admin"]);
    let read_ids: Vec<u64> =
        live.projects.iter().filter(|one| one.members_read).map(|one| one.id.0).collect();
    assert_eq!(read_ids, [3, 7]);
    assert_eq!(live.projects.len(), 9);
    assert!(fake.most.load(Ordering::SeqCst) <= 2);
    let live = read(&fake, &[3], true).unwrap();
    assert_eq!(fake.requests.load(Ordering::SeqCst), 5 + 12);
    assert!(live.projects.iter().all(|project| project.members_read));
}

#[test]
fn joins_rows_by_number_then_address() {
    let rows = BTreeMap::from([(
        7,
        vec![
            row(Some(2), None, "owner"),
            row(None, Some("A@X"), "admin"),
            row(Some(4), Some("new-spelling@x"), "analyst"),
            row(Some(9), Some("stranger@x"), "viewer"),
            row(None, Some("Stranger@x"), "Custom"),
        ],
    )]);
    let members = vec![member(Some(2), "b@x"), member(Some(1), "a@x"), member(Some(4), "old@x")];
    let live = read(&Fake { members, rows, ..Fake::default() }, &[7], false).unwrap();
    assert_eq!(
        roles(&live),
        ["a@x 7=admin", "b@x 7=owner", "old@x 7=analyst", "stranger@x 7=consumer 7=Custom"]
    );
    let stranger = live.member(&Email::new("stranger@x")).unwrap();
    assert_eq!((stranger.id, stranger.organization_role), (Some(UserId(9)), None));
}

#[test]
fn look_alikes_stay_two_and_repeated_rows_are_one() {
    let rows = BTreeMap::from([(
        7,
        vec![
            row(Some(1), Some("a@x"), "admin"),
            row(Some(1), Some("a@x"), "admin"),
            row(None, Some("A@x"), "viewer"),
        ],
    )]);
    let members = vec![
        member(Some(1), "a@x"),
        member(Some(2), "A@x"),
        member(Some(1), "a@x"),
        member(None, "p@x"),
        member(None, "p@x"),
    ];
    let live = read(&Fake { members, rows, ..Fake::default() }, &[7], false).unwrap();
    assert_eq!(roles(&live), ["a@x 7=admin", "A@x 7=consumer", "p@x "]);
}

#[test]
fn an_all_users_row_without_a_person_is_for_everybody() {
    let everybody = ProjectMember { source: GrantSource::AllUsers, ..row(None, None, "viewer") };
    let rows = BTreeMap::from([(7, vec![everybody, row(None, Some("new@x"), "admin")])]);
    let members = vec![member(Some(1), "a@x"), member(Some(2), "b@x")];
    let live = read(&Fake { members, rows, ..Fake::default() }, &[7], false).unwrap();
    assert_eq!(roles(&live), ["a@x 7=consumer*", "b@x 7=consumer*", "new@x 7=admin"]);
}

#[test]
fn contradictions_are_errors() {
    let members = vec![member(Some(1), "a@x"), member(Some(2), "b@x")];
    let rows = vec![row(Some(1), Some("b@x"), "admin")];
    let fake = Fake { members, rows: BTreeMap::from([(7, rows)]), ..Fake::default() };
    let error = read(&fake, &[7], false).unwrap_err();
    let expected = "members of project 7: it says that b@x has number 1, which the organization's \
                    member list gives to a@x";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn reading_again_touches_only_what_is_named() {
    let rows = (1..=3).map(|id| (id, vec![row(Some(5), Some("a@x"), "admin")])).collect();
    let fake = Fake { members: vec![member(Some(5), "a@x")], rows, ..Fake::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = read_members(&fake, &[ProjectId(2), ProjectId(2)], 8);
    let (members, unread) = runtime.block_on(read).unwrap();
    assert_eq!(unread, []);
    assert_eq!(fake.requests.load(Ordering::SeqCst), 2);
    let grants: Vec<u64> = members[0].grants.iter().map(|grant| grant.project.0).collect();
    assert_eq!((members.len(), grants), (1, vec![2]));
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let fake = Fake::default();
    is_send(&read_live(
        &fake,
        OrganizationId(1),
        Dialect::Members,
        &[],
        |_| Reads::default(),
        1,
        Timestamp::UNIX_EPOCH,
    ));
}

fn account(id: u64) -> LiveServiceAccount {
    LiveServiceAccount {
        id: ServiceAccountId(id),
        username: format!("account {id}").into(),
        created: None,
        expires: None,
        last_used: None,
        creator: None,
        creator_email: None,
        user: None,
        grants: Vec::new(),
    }
}

fn account_row(id: u64, role: &str) -> ProjectServiceAccount {
    let role = ProjectRole::parse(role);
    ProjectServiceAccount { id: ServiceAccountId(id), role, source: GrantSource::Individual }
}

fn read_with(fake: &Fake, reads: Reads) -> Result<LiveState, ApiError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (organization, taken_at) = (OrganizationId(1), Timestamp::UNIX_EPOCH);
    let declared = [ProjectId(7), ProjectId(8)];
    let read = read_live(fake, organization, Dialect::Members, &declared, |_| reads, 2, taken_at);
    runtime.block_on(read)
}

fn with_accounts() -> Fake {
    Fake {
        rows: BTreeMap::from([(7, vec![]), (8, vec![]), (9, vec![])]),
        accounts: Some(vec![account(2), account(1), account(2)]),
        account_rows: BTreeMap::from([
            (7, vec![account_row(2, "admin"), account_row(1, "viewer")]),
            (9, vec![account_row(1, "owner")]),
        ]),
        ..Fake::default()
    }
}

#[test]
fn only_what_is_asked_for_is_read() {
    for (reads, requests) in [
        (Reads::default(), 5),
        (Reads { teams: true, ..Reads::default() }, 6),
        (Reads { identity_provider: true, ..Reads::default() }, 6),
        (Reads { service_accounts: ServiceAccountReads::Names, ..Reads::default() }, 6),
        (Reads { service_accounts: ServiceAccountReads::Roles, ..Reads::default() }, 8),
        (Reads::EVERYTHING, 3 + 3 + 1 + 1 + 3 + 1),
    ] {
        let fake = with_accounts();
        let live = read_with(&fake, reads).unwrap();
        assert_eq!(fake.requests.load(Ordering::SeqCst), requests, "{reads:?}");
        assert!(fake.most.load(Ordering::SeqCst) <= 2);
        assert_eq!(live.teams.is_some(), reads.teams);
        assert_eq!(live.identity_provider.is_some(), reads.identity_provider);
        let asked = reads.service_accounts > ServiceAccountReads::Nothing;
        assert_eq!(live.service_accounts.is_some(), asked);
    }
}

#[test]
fn roles_of_service_accounts_come_from_the_projects_that_answer() {
    let roles = Reads { service_accounts: ServiceAccountReads::Roles, ..Reads::default() };
    let live = read_with(&with_accounts(), roles).unwrap();
    let accounts = live.service_accounts.as_deref().unwrap();
    let said: Vec<_> = accounts
        .iter()
        .map(|account| (account.id.0, account.individual_role(ProjectId(7)).unwrap().as_str()))
        .collect();
    assert_eq!(said, [(1, "consumer"), (2, "admin")]);
    let read: Vec<_> =
        live.projects.iter().map(|project| (project.id.0, project.service_accounts_read)).collect();
    assert_eq!(read, [(7, true), (8, false), (9, false)]);

    let unanswered = Fake { accounts: None, ..with_accounts() };
    let live = read_with(&unanswered, roles).unwrap();
    assert!(live.service_accounts.is_none());
    assert!(live.projects.iter().all(|project| !project.service_accounts_read));

    let stranger = Fake { accounts: Some(vec![account(1)]), ..with_accounts() };
    let live = read_with(&stranger, roles).unwrap();
    let [row] = live.unread_rows.as_slice() else { panic!("{:?}", live.unread_rows) };
    assert_eq!((row.list, row.project), (UnreadList::ProjectServiceAccounts, Some(ProjectId(7))));
    assert!(row.subject.is_none() && row.why.contains("service account number 2"), "{row:?}");
}

#[test]
fn a_roster_with_grants_needs_no_other_list() {
    let grant = |project: u64, role: &str| Grant {
        project: ProjectId(project),
        role: ProjectRole::parse(role),
        source: GrantSource::Individual,
    };
    let mut ann = member(Some(1), "a@x");
    ann.grants = vec![grant(9, "owner"), grant(8, "admin"), grant(7, "viewer"), grant(8, "admin")];
    let fake = Fake {
        members: vec![ann.clone(), ann],
        rows: BTreeMap::from([(7, vec![]), (8, vec![]), (9, vec![])]),
        carries_grants: true,
        ..Fake::default()
    };
    let live = read_with(&fake, Reads::default()).unwrap();
    assert_eq!(fake.requests.load(Ordering::SeqCst), 3);
    assert_eq!(roles(&live), ["a@x 7=consumer 8=admin"]);
    assert!(!live.project(ProjectId(9)).unwrap().members_read);
}

fn read_everything(fake: &Fake, declared: &[u64]) -> Result<LiveState, ApiError> {
    let declared: Vec<ProjectId> = declared.iter().copied().map(ProjectId).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read_live(
        fake,
        OrganizationId(1),
        Dialect::Members,
        &declared,
        |_| Reads::EVERYTHING,
        2,
        Timestamp::UNIX_EPOCH,
    ))
}

#[test]
fn what_the_service_keeps_to_itself_is_unread_and_ends_nothing() {
    let fake = |what: &str, status| Fake {
        members: vec![member(Some(1), "a@x")],
        rows: [(7, vec![row(Some(1), None, "admin")]), (8, vec![row(Some(1), None, "owner")])]
            .into(),
        accounts: Some(Vec::new()),
        account_rows: [(7, Vec::new()), (8, Vec::new())].into(),
        refused: [(what.to_owned(), status)].into(),
        ..Fake::default()
    };
    for (what, list, project) in [
        ("members of 8", UnreadList::ProjectMembers, Some(8)),
        ("accounts of 7", UnreadList::ProjectServiceAccounts, Some(7)),
        ("accounts of 8", UnreadList::ProjectServiceAccounts, Some(8)),
        ("accounts", UnreadList::ServiceAccounts, None),
        ("teams", UnreadList::Teams, None),
        ("scim", UnreadList::IdentityProvider, None),
    ] {
        for status in [403, 404, 405, 500, 503] {
            let live = read_everything(&fake(what, status), &[7]).unwrap();
            let project = project.map(ProjectId);
            assert_eq!(live.unread.len(), 1, "{what}");
            let why = live.why_unread(list, project).unwrap();
            assert!(why.contains(what) && why.contains(&status.to_string()), "{why}");
            let members_read = live.projects.iter().map(|one| one.members_read);
            assert_eq!(members_read.collect::<Vec<_>>(), [true, what != "members of 8"]);
            let accounts_read = live.projects.iter().map(|one| one.service_accounts_read);
            let expected = match what {
                "accounts" => [false, false],
                "accounts of 7" => [false, true],
                "accounts of 8" => [true, false],
                _ => [true, true],
            };
            assert_eq!(accounts_read.collect::<Vec<_>>(), expected, "{what}");
            assert_eq!(live.service_accounts.is_none(), what == "accounts");
            assert_eq!(live.teams.is_none(), what == "teams");
            let rows = if what == "members of 8" { "a@x 7=admin" } else { "a@x 7=admin 8=owner" };
            assert_eq!(roles(&live), [rows], "{what}");
        }
        // Without credentials nothing is answered, and that is not about one list.
        assert_eq!(read_everything(&fake(what, 401), &[7]).unwrap_err().status, Some(401));
    }
    // What the files declare has to be read.
    let declared = fake("members of 7", 403);
    assert_eq!(read_everything(&declared, &[7]).unwrap_err().status, Some(403));
    assert_eq!(read_everything(&fake("members of 8", 403), &[7, 8]).unwrap_err().status, Some(403));
}
