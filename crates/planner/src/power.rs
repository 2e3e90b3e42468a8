//! What the service would refuse for the identity we run as (`SERVICE.md`, "Behaviour", 3): nobody
//! assigns a role above their own, nobody removes somebody who is not below them, somebody whose access
//! comes from a team is removed by organization owners and admins only, and organization-scoped writes
//! need an organization admin or owner.

use mixaccess_model::{
    Action, Actor, ChangeId, DesiredState, Dialect, Email, Grant, GrantSource, InvitedGrant,
    LiveMember, LiveServiceAccount, LiveState, OrganizationRole, OwnGrant, PlanContent, ProjectId,
    ProjectRef, ProjectRole, Subject,
};

use crate::custom_role::CustomRoles;
use crate::effective::effective_role;
use crate::projection::Projection;

/// The identity we run as, with its own membership where it is a member.
#[derive(Clone, Copy)]
pub(crate) struct ActorPower<'a> {
    organization_role: OrganizationRole,
    membership: Option<&'a LiveMember>,
    /// Its role in each project that it reaches, where the service said so.
    projects: Option<&'a [OwnGrant]>,
    /// Whether grants go through a route of the organization.
    grants_by_organization: bool,
    custom: &'a CustomRoles<'a>,
}

impl<'a> ActorPower<'a> {
    /// Unknown without an organization role.
    pub(crate) fn of(live: &'a LiveState, custom: &'a CustomRoles<'a>) -> Option<Self> {
        let LiveState { actor, members, dialect, .. } = live;
        Some(Self {
            organization_role: actor.organization_role?,
            membership: members.iter().find(|member| is_actor(actor, member)),
            projects: actor.projects.as_deref(),
            grants_by_organization: *dialect == Dialect::App,
            custom,
        })
    }

    /// Why the service would refuse an action on a subject as of now, or nothing when it would not.
    pub(crate) fn refusal(
        self,
        projection: &Projection<'_>,
        subject: &Subject,
        action: &Action,
    ) -> Option<String> {
        match subject {
            Subject::Person { email, .. } => {
                self.refusal_for_person(projection.member(email), action)
            }
            // Teams and service accounts are written through routes of the organization.
            Subject::Team { .. } => {
                self.organization_scoped().or_else(|| self.refusal_for_other(action))
            }
            Subject::ServiceAccount { username, .. } => self
                .organization_scoped()
                .or_else(|| self.refusal_for_other(action))
                .or_else(|| self.deletes(projection.service_account(username), action)),
        }
    }

    fn refusal_for_person(self, subject: Option<&LiveMember>, action: &Action) -> Option<String> {
        match action {
            Action::Invite { organization_role, grants } => match grants.as_slice() {
                [grant] if *organization_role == OrganizationRole::Member => {
                    self.grants(&grant.project, &grant.role)
                }
                grants => self
                    .organization_scoped()
                    .or_else(|| self.assigns(*organization_role))
                    .or_else(|| self.assigns_all(grants)),
            },
            Action::SetOrganizationRole { before, after } => self
                .organization_scoped()
                .or_else(|| self.assigns(*after))
                .or_else(|| self.assigns(*before).map(|_| self.touches(*before))),
            Action::WithdrawInvitation { organization_role, .. }
            | Action::RemoveMember { before: organization_role, .. } => {
                self.organization_scoped().or_else(|| self.removes(*organization_role))
            }
            Action::RemindInvitation { .. } => self.organization_scoped(),
            Action::Grant { project, after } => self.grants(project, after),
            Action::SetProjectRole { project, before, after } => {
                self.assigns_in(project, after).or_else(|| self.assigns_in(project, before))
            }
            Action::Revoke { project, .. } => self.revokes(project, subject),
            Action::CreateTeam
            | Action::AddTeamMember { .. }
            | Action::RemoveTeamMember { .. }
            | Action::DeleteTeam { .. }
            | Action::CreateServiceAccount { .. }
            | Action::DeleteServiceAccount { .. } => None,
        }
    }

    fn refusal_for_other(self, action: &Action) -> Option<String> {
        match action {
            Action::Grant { project, after } => self.assigns_in(project, after),
            Action::SetProjectRole { project, before, after } => {
                self.assigns_in(project, after).or_else(|| self.assigns_in(project, before))
            }
            Action::CreateServiceAccount { organization_role, grants, .. } => {
                self.assigns(*organization_role).or_else(|| self.assigns_all(grants))
            }
            Action::Revoke { project, before } => self.takes_in(project, before),
            Action::DeleteTeam { loses, .. } => {
                loses.iter().find_map(|lost| self.takes_in(&lost.project, &lost.role))
            }
            Action::Invite { .. }
            | Action::WithdrawInvitation { .. }
            | Action::RemindInvitation { .. }
            | Action::SetOrganizationRole { .. }
            | Action::RemoveMember { .. }
            | Action::CreateTeam
            | Action::AddTeamMember { .. }
            | Action::RemoveTeamMember { .. }
            | Action::DeleteServiceAccount { .. } => None,
        }
    }

    /// Whether an account above us would be deleted. The service tells its organization role only by
    /// what that gives in projects.
    fn deletes(self, account: Option<&LiveServiceAccount>, action: &Action) -> Option<String> {
        let is_owner =
            |row: &Grant| row.source == GrantSource::Organization && row.role == ProjectRole::Owner;
        let deletes = matches!(action, Action::DeleteServiceAccount { .. });
        let is_above = self.organization_role < OrganizationRole::Owner
            && account.is_some_and(|account| account.grants.iter().any(is_owner));
        (deletes && is_above).then(|| {
            format!(
                "the credentials are organization {}, and nobody deletes an account above them ({})",
                self.organization_role,
                OrganizationRole::Owner
            )
        })
    }

    fn assigns_all(self, grants: &[InvitedGrant]) -> Option<String> {
        grants.iter().find_map(|grant| self.assigns_in(&grant.project, &grant.role))
    }

    fn grants(self, project: &ProjectRef, role: &ProjectRole) -> Option<String> {
        let scoped = self.grants_by_organization.then(|| self.organization_scoped()).flatten();
        scoped.or_else(|| self.assigns_in(project, role))
    }

    fn organization_scoped(self) -> Option<String> {
        (self.organization_role < OrganizationRole::Admin).then(|| {
            format!(
                "the credentials are organization {}, and the service lets only admins and owners write to the organization",
                self.organization_role
            )
        })
    }

    fn assigns(self, role: OrganizationRole) -> Option<String> {
        (role > self.organization_role).then(|| {
            format!(
                "the credentials are organization {}, and nobody assigns a role above their own ({role})",
                self.organization_role
            )
        })
    }

    fn touches(self, role: OrganizationRole) -> String {
        format!(
            "the credentials are organization {}, and nobody changes the role of somebody above them ({role})",
            self.organization_role
        )
    }

    fn removes(self, role: Option<OrganizationRole>) -> Option<String> {
        let role = role?;
        let may =
            self.organization_role == OrganizationRole::Owner || role < self.organization_role;
        (!may).then(|| {
            format!(
                "the credentials are organization {}, and nobody removes somebody who is not below them ({role})",
                self.organization_role
            )
        })
    }

    /// Whether these credentials are for reading: what an organization admin must do, they cannot.
    pub(crate) fn is_below_admin(self) -> bool {
        self.organization_role < OrganizationRole::Admin
    }

    /// The power in projects of somebody who is no member is not known: service accounts are in no
    /// member list, and can be given projects all the same. The service may say it of them.
    fn is_unknown_in_projects(self) -> bool {
        self.membership.is_none() && self.projects.is_none() && self.is_below_admin()
    }

    fn role_in(self, project: ProjectId) -> Option<ProjectRole> {
        let grants = self.membership.map_or(&[][..], |member| member.grants_in(project));
        let told = self.projects.unwrap_or_default().iter().filter(|one| one.project == project);
        let told = told.map(|one| Grant {
            project,
            role: one.role.clone(),
            source: GrantSource::Individual,
        });
        let grants: Vec<Grant> = grants.iter().cloned().chain(told).collect();
        effective_role(&grants, Some(self.organization_role), self.custom)
    }

    fn power_of(self, project: ProjectId, role: Option<&ProjectRole>) -> u8 {
        role.and_then(|role| self.custom.power(project, role)).unwrap_or(0)
    }

    fn assigns_in(self, project: &ProjectRef, role: &ProjectRole) -> Option<String> {
        if self.is_unknown_in_projects() {
            return None;
        }
        if let Some(refusal) = self.manages(project, "manage its people") {
            return Some(refusal);
        }
        let own = self.role_in(project.id);
        let power = self.power_of(project.id, own.as_ref());
        (self.power_of(project.id, Some(role)) > power).then(|| {
            format!(
                "the credentials have admin in {}, and nobody assigns a role above their own ({role})",
                project.key
            )
        })
    }

    /// What takes a project admin or owner.
    fn manages(self, project: &ProjectRef, what: &str) -> Option<String> {
        let own = self.role_in(project.id);
        (self.power_of(project.id, own.as_ref()) < ADMIN_POWER).then(|| {
            format!(
                "the credentials have {} in {}, and only project admins and owners {what}",
                own.as_ref().map_or("no access", ProjectRole::as_str),
                project.key
            )
        })
    }

    fn takes_in(self, project: &ProjectRef, role: &ProjectRole) -> Option<String> {
        let own = self.role_in(project.id);
        let is_above =
            self.power_of(project.id, Some(role)) > self.power_of(project.id, own.as_ref());
        is_above.then(|| {
            format!(
                "the credentials have {} in {}, and nobody takes away a role above their own ({role})",
                own.as_ref().map_or("no access", ProjectRole::as_str),
                project.key
            )
        })
    }

    fn revokes(self, project: &ProjectRef, subject: Option<&LiveMember>) -> Option<String> {
        if self.organization_role == OrganizationRole::Owner || self.is_unknown_in_projects() {
            return None;
        }
        let own = self.role_in(project.id);
        let power = self.power_of(project.id, own.as_ref());
        if power < ADMIN_POWER {
            return self.assigns_in(project, &ProjectRole::Consumer);
        }
        let subject = subject?;
        let rows = subject.grants_in(project.id);
        let from_team = rows.iter().any(|row| matches!(row.source, GrantSource::Team(_)));
        if from_team && let Some(refusal) = self.organization_scoped() {
            return Some(refusal);
        }
        let organization_role = subject.organization_role?;
        let held = effective_role(rows, Some(organization_role), self.custom);
        let standing = self.power_of(project.id, held.as_ref());
        let below = organization_role < self.organization_role
            || (organization_role == self.organization_role && standing < power);
        (!below).then(|| {
            format!(
                "the credentials do not stand above this person in {}, and nobody removes somebody who is not below them",
                project.key
            )
        })
    }
}

/// Why the service would refuse the identity we run as a new value for a token of a project, or nothing
/// when it would not, or when its power is not known.
pub fn refused_rotation(
    desired: &DesiredState,
    actor: &Actor,
    project: &ProjectRef,
) -> Option<String> {
    let custom = CustomRoles::declared(desired);
    let power = ActorPower {
        organization_role: actor.organization_role?,
        membership: None,
        projects: actor.projects.as_deref(),
        grants_by_organization: false,
        custom: &custom,
    };
    if power.is_unknown_in_projects() {
        return None;
    }
    power.manages(project, "rotate its tokens")
}

const ADMIN_POWER: u8 = 3;

/// Whether a member is the identity we run as.
pub(crate) fn is_actor(actor: &Actor, member: &LiveMember) -> bool {
    actor.is(member)
}

/// Whether a service account is the identity we run as: by the name that the credentials have or by
/// its number. Where the credentials' name is not known, also by the address that the service tells,
/// which may be the name with a domain behind it.
pub(crate) fn is_acting_account(
    actor: &Actor,
    username: &str,
    account: Option<&LiveServiceAccount>,
) -> bool {
    // Files may know it without what the service appends to its name.
    let spelled = account.map_or(username, |account| &account.username);
    let named = match (&actor.service_account, &actor.email) {
        (Some(own), _) => {
            let own = own.to_lowercase();
            [username, spelled].into_iter().any(|name| name.to_lowercase() == own)
        }
        (None, Some(email)) => {
            let local = email.folded().split_once('@').map(|(local, _)| local);
            Email::new(username) == *email || local == Some(&*username.to_lowercase())
        }
        (None, None) => false,
    };
    named || (actor.user.is_some() && actor.user == account.and_then(|account| account.user))
}

/// The changes of a plan that the service would refuse for the identity that `live` was read with, and
/// why. An apply asks this about its own credentials, whoever planned.
pub fn refused_by_service(
    content: &PlanContent,
    live: &LiveState,
) -> Vec<(ChangeId, Subject, String)> {
    let custom = CustomRoles::planned(content);
    let Some(power) = ActorPower::of(live, &custom) else {
        return Vec::new();
    };
    let mut projection = Projection::new(live);
    let mut refused = Vec::new();
    for change in &content.changes {
        if let Some(message) = power.refusal(&projection, &change.subject, &change.action) {
            refused.push((change.id.clone(), change.subject.clone(), message));
        }
        projection.apply(change);
    }
    refused
}
