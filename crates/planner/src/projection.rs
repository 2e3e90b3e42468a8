//! Live state as it will be after some changes, without copying the roster.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Access, Action, Change, ChangeId, Email, Grant, GrantSource, LiveMember, LiveState,
    MemberStatus, OrganizationRole, Precondition, ProjectId, ProjectRole,
};

/// A change whose subject is not what the plan expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The change that can no longer run.
    pub change: ChangeId,
    /// Whose access moved.
    pub email: Email,
    /// What moved: expected and found, as a fragment.
    pub message: String,
}

/// Live state with the effects of changes laid over it. Holds only the members that were changed.
#[derive(Clone, Debug)]
pub struct Projection<'a> {
    live: &'a LiveState,
    touched: BTreeMap<Email, Option<LiveMember>>,
    owners: usize,
}

impl<'a> Projection<'a> {
    /// Starts from live state as it was read.
    pub fn new(live: &'a LiveState) -> Self {
        Self { live, touched: BTreeMap::new(), owners: live.active_owners() }
    }

    /// Somebody as of now, or nothing when absent.
    pub fn member(&self, email: &Email) -> Option<&LiveMember> {
        match self.touched.get(email) {
            Some(member) => member.as_ref(),
            None => self.live.member(email),
        }
    }

    /// Accepted owners as of now.
    pub const fn active_owners(&self) -> usize {
        self.owners
    }

    /// Somebody's whole access as of now, without the rows that only repeat the organization role.
    pub fn access(&self, email: &Email) -> Option<Access> {
        self.member(email).map(|member| Access {
            status: member.status,
            organization_role: member.organization_role,
            grants: member
                .grants
                .iter()
                .filter(|grant| grant.source != GrantSource::Organization)
                .cloned()
                .collect(),
        })
    }

    /// What must hold of the subject for an action to run as of now: what a plan gives, and what an
    /// apply finds given.
    pub fn preconditions(&self, email: &Email, action: &Action) -> Vec<Precondition> {
        let Some(member) = self.member(email) else {
            return vec![Precondition::Absent];
        };
        let mut preconditions = vec![Precondition::Member {
            user: member.id,
            status: member.status,
            organization_role: member.organization_role,
        }];
        let mut expect = |project: ProjectId| {
            preconditions.push(Precondition::IndividualGrant {
                project,
                role: member.individual_role(project).cloned(),
            });
        };
        match action {
            Action::Grant { project, .. }
            | Action::SetProjectRole { project, .. }
            | Action::Revoke { project, .. } => expect(project.id),
            Action::WithdrawInvitation { loses, .. } | Action::RemoveMember { loses, .. } => {
                for lost in loses {
                    expect(lost.project.id);
                }
            }
            Action::Invite { .. } | Action::SetOrganizationRole { .. } => {}
        }
        preconditions
    }

    /// Which preconditions of a change do not hold as of now; empty when it may run. Somebody who is
    /// removed must hold no individual grant but those that the change takes away.
    pub fn moved(&self, change: &Change) -> Vec<Moved> {
        let email = change.subject.email();
        let member = self.member(email);
        change
            .preconditions
            .iter()
            .filter_map(|precondition| violation(precondition, member))
            .chain(member.into_iter().flat_map(|member| unnamed_losses(&change.action, member)))
            .map(|message| Moved { change: change.id.clone(), email: email.clone(), message })
            .collect()
    }

    /// Whether what the change would bring about is already so.
    pub fn holds(&self, change: &Change) -> bool {
        let member = self.member(change.subject.email());
        match &change.action {
            Action::Invite { organization_role, grants } => member.is_some_and(|member| {
                member.organization_role == Some(*organization_role)
                    && grants
                        .iter()
                        .all(|grant| member.individual_role(grant.project.id) == Some(&grant.role))
            }),
            Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => member.is_none(),
            Action::SetOrganizationRole { after, .. } => {
                member.is_some_and(|member| member.organization_role == Some(*after))
            }
            Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
                member.is_some_and(|member| member.individual_role(project.id) == Some(after))
            }
            Action::Revoke { project, .. } => {
                member.is_none_or(|member| member.individual_role(project.id).is_none())
            }
        }
    }

    /// Lays the effect of a change over the state.
    pub fn apply(&mut self, change: &Change) {
        self.lay(change.subject.email(), &change.action);
    }

    pub(crate) fn lay(&mut self, email: &Email, action: &Action) {
        let live = self.live;
        let member =
            self.touched.entry(email.clone()).or_insert_with(|| live.member(email).cloned());
        let owned_before = member.as_ref().is_some_and(LiveMember::is_active_owner);
        take_effect(member, email, action);
        let owns_after = member.as_ref().is_some_and(LiveMember::is_active_owner);
        self.owners =
            self.owners.saturating_sub(usize::from(owned_before)) + usize::from(owns_after);
    }

    /// Live state as of now, as a whole.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn to_live_state(&self) -> LiveState {
        let mut live = self.live.clone();
        live.members.retain(|member| !self.touched.contains_key(&member.email));
        live.members.extend(self.touched.values().flatten().cloned());
        live.normalize();
        live
    }
}

fn take_effect(slot: &mut Option<LiveMember>, email: &Email, action: &Action) {
    match action {
        Action::Invite { organization_role, grants } => {
            let mut invited = LiveMember {
                id: None,
                email: email.clone(),
                name: None,
                organization_role: Some(*organization_role),
                status: MemberStatus::Pending,
                invitation: None,
                managed_by: ManagedBy::Mixpanel,
                last_active: None,
                grants: Vec::new(),
            };
            for grant in grants {
                set_individual(&mut invited, grant.project.id, Some(&grant.role));
            }
            *slot = Some(invited);
        }
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => *slot = None,
        Action::SetOrganizationRole { after, .. } => {
            if let Some(member) = slot {
                member.organization_role = Some(*after);
                member.grants.retain(|grant| grant.source != GrantSource::Organization);
            }
        }
        Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
            if let Some(member) = slot {
                set_individual(member, project.id, Some(after));
            }
        }
        Action::Revoke { project, .. } => {
            if let Some(member) = slot {
                set_individual(member, project.id, None);
            }
        }
    }
}

/// Keeps the grants sorted.
fn set_individual(member: &mut LiveMember, project: ProjectId, role: Option<&ProjectRole>) {
    let grants = &mut member.grants;
    grants.retain(|grant| grant.project != project || !grant.source.is_individual());
    if let Some(role) = role {
        let grant = Grant { project, role: role.clone(), source: GrantSource::Individual };
        let at = grants.partition_point(|other| *other < grant);
        grants.insert(at, grant);
    }
}

fn violation(precondition: &Precondition, member: Option<&LiveMember>) -> Option<String> {
    match (precondition, member) {
        (Precondition::Absent, None) => None,
        (Precondition::Absent, Some(found)) => Some(format!(
            "expected nobody, found {} with organization role {}",
            status_word(found.status),
            role_word(found.organization_role)
        )),
        (Precondition::Member { .. } | Precondition::IndividualGrant { .. }, None) => {
            Some("expected a member, found nobody".to_owned())
        }
        (Precondition::Member { user, status, organization_role }, Some(found)) => {
            if user.is_some() && *user != found.id {
                Some("expected the same account, found another with this address".to_owned())
            } else if *status != found.status {
                Some(format!(
                    "expected {}, found {}",
                    status_word(*status),
                    status_word(found.status)
                ))
            } else if *organization_role != found.organization_role {
                Some(format!(
                    "expected organization role {}, found {}",
                    role_word(*organization_role),
                    role_word(found.organization_role)
                ))
            } else {
                None
            }
        }
        (Precondition::IndividualGrant { project, role }, Some(found)) => {
            let held = found.individual_role(*project);
            (held != role.as_ref()).then(|| {
                format!(
                    "expected {} in project {project}, found {}",
                    role.as_ref().map_or("none", ProjectRole::as_str),
                    held.map_or("none", ProjectRole::as_str)
                )
            })
        }
    }
}

/// Individual grants that a removal would take away and does not name.
fn unnamed_losses(action: &Action, member: &LiveMember) -> Vec<String> {
    let (Action::WithdrawInvitation { loses, .. } | Action::RemoveMember { loses, .. }) = action
    else {
        return Vec::new();
    };
    let named: BTreeSet<ProjectId> = loses.iter().map(|lost| lost.project.id).collect();
    member
        .individual_grants()
        .filter(|(project, _)| !named.contains(project))
        .map(|(project, role)| format!("expected none in project {project}, found {role}"))
        .collect()
}

const fn status_word(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Active => "an accepted member",
        MemberStatus::Pending => "a pending invitation",
    }
}

fn role_word(role: Option<OrganizationRole>) -> &'static str {
    role.map_or("unknown", OrganizationRole::as_str)
}
