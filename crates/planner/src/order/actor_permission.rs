//! What the service would refuse for the identity we run as (`SERVICE.md`, "Behaviour", 3): nobody
//! assigns a role above their own, nobody removes somebody who is not below them, somebody whose access
//! comes from a team is removed by organization owners and admins only, and organization-scoped writes
//! need an organization admin or owner.

use mixaccess_model::Reading::{Absent, Known, Unread};
use mixaccess_model::{
    Actor, ChangeId, DesiredState, Dialect, Diff, Difference, Email, Grant, GrantSource,
    LiveMember, LiveServiceAccount, LiveState, OrganizationRole, OwnGrant, PlanContent, ProjectId,
    ProjectRef, ProjectRole, Reading, Subject, Verb, Write,
};

use crate::custom_role::CustomRoles;
use crate::effective::effective_role;
use crate::overlay::Projection;

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

    /// Why the service would refuse a write as of now, or nothing when it would not.
    pub(crate) fn refusal(
        self,
        projection: &Projection<'_>,
        subject: &Subject,
        write: &Write,
    ) -> Option<String> {
        match subject {
            Subject::Person { email, .. } => {
                self.refusal_for_person(projection.member(email), write)
            }
            // Teams and service accounts are written through routes of the organization.
            Subject::Team { .. } => self.organization_scoped().or_else(|| {
                write.differences.iter().find_map(|one| self.refusal_for_other(write.verb, one))
            }),
            Subject::ServiceAccount { username, .. } => self.organization_scoped().or_else(|| {
                if write.verb.ends() {
                    return self.deletes(projection.service_account(username));
                }
                let mut each = write.differences.iter();
                each.find_map(|one| self.refusal_for_other(write.verb, one))
            }),
        }
    }

    fn refusal_for_person(self, subject: Option<&LiveMember>, write: &Write) -> Option<String> {
        let role = write.organization_role();
        match write.verb {
            Verb::Invite => {
                let role = role.and_then(|diff| diff.after.known());
                let is_member = role == Some(OrganizationRole::Member);
                let carried = |(project, diff): (_, &Diff<Reading<ProjectRole>>)| {
                    Some((project, diff.after.clone().known()?))
                };
                let carried: Vec<_> = write.project_roles().filter_map(carried).collect();
                match carried.as_slice() {
                    [(project, role)] if is_member => self.grants(project, role),
                    carried => {
                        self.organization_scoped().or_else(|| self.assigns(role?)).or_else(|| {
                            carried.iter().find_map(|(at, role)| self.assigns_in(at, role))
                        })
                    }
                }
            }
            Verb::Withdraw | Verb::Remove => self
                .organization_scoped()
                .or_else(|| self.removes(role.and_then(|diff| diff.before.known()))),
            Verb::Remind => self.organization_scoped(),
            Verb::Set => write.differences.iter().find_map(|one| self.sets(subject, one)),
            Verb::Create | Verb::Delete => None,
        }
    }

    fn sets(self, subject: Option<&LiveMember>, difference: &Difference) -> Option<String> {
        match difference {
            Difference::OrganizationRole(Diff { before, after }) => {
                self.organization_scoped().or_else(|| self.assigns(after.known()?)).or_else(|| {
                    let before = before.known()?;
                    self.assigns(before).map(|_| self.touches(before))
                })
            }
            Difference::ProjectRole(project, Diff { before, after }) => match (before, after) {
                (_, Absent) => self.revokes(project, subject),
                (Absent | Unread, Known(role)) => self.grants(project, role),
                (Known(before), Known(after)) => {
                    self.assigns_in(project, after).or_else(|| self.assigns_in(project, before))
                }
                (_, Unread) => None,
            },
            Difference::Account(_)
            | Difference::TeamMember(..)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => None,
        }
    }

    fn refusal_for_other(self, verb: Verb, difference: &Difference) -> Option<String> {
        match difference {
            Difference::OrganizationRole(diff) => self.assigns(diff.after.known()?),
            Difference::ProjectRole(project, Diff { before, after }) => match (before, after) {
                (Known(before), Absent | Unread) => self.takes_in(project, before),
                (Known(before), Known(after)) if verb == Verb::Set => {
                    self.assigns_in(project, after).or_else(|| self.assigns_in(project, before))
                }
                (_, Known(after)) => self.assigns_in(project, after),
                (Absent | Unread, Absent | Unread) => None,
            },
            Difference::Account(_)
            | Difference::TeamMember(..)
            | Difference::Reminder(_)
            | Difference::Expiry(_) => None,
        }
    }

    /// Whether an account above us would be deleted. The service tells its organization role only by
    /// what that gives in projects.
    fn deletes(self, account: Option<&LiveServiceAccount>) -> Option<String> {
        let is_owner =
            |row: &Grant| row.source == GrantSource::Organization && row.role == ProjectRole::Owner;
        let is_above = self.organization_role < OrganizationRole::Owner
            && account.is_some_and(|account| account.grants.iter().any(is_owner));
        is_above.then(|| {
            format!(
                "the credentials are organization {}, and nobody deletes an account above them ({})",
                self.organization_role,
                OrganizationRole::Owner
            )
        })
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
        if let Some(message) = power.refusal(&projection, &change.subject, &change.write) {
            refused.push((change.id.clone(), change.subject.clone(), message));
        }
        projection.apply(change);
    }
    refused
}
