//! The endpoints of the dialect members (`SERVICE.md`, "Dialect members"), and `GET /api/app/me`.

use axum::http::Method;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{Reply, Row, View, id, object};
use crate::call::{Call, number, objects, text};
use crate::event::Event;
use crate::member::Member;
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::seed::{ManagedBy, Part, ScimLogEntry, Status};
use crate::state::{Actor, Source};
use crate::transition::{Outcome, Transition};

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Me,
    Members,
    Member(u64),
    ResendInvitation(u64),
    Projects,
    AuditLog,
    ScimLogs,
    ProjectMembers(u64),
    ProjectMember(u64, u64),
}

impl Endpoint {
    /// Reads what comes after the organization.
    pub(super) fn of_organization(rest: &[&str]) -> Option<Self> {
        match rest {
            ["members"] => Some(Self::Members),
            ["members", user] => Some(Self::Member(id(user)?)),
            ["members", user, "resend-invite"] => Some(Self::ResendInvitation(id(user)?)),
            ["projects"] => Some(Self::Projects),
            ["audit_log"] => Some(Self::AuditLog),
            ["scim", "logs"] => Some(Self::ScimLogs),
            _ => None,
        }
    }

    /// Reads what comes after a project.
    pub(super) fn of_project(project: u64, rest: &[&str]) -> Option<Self> {
        match rest {
            ["members"] => Some(Self::ProjectMembers(project)),
            ["members", user] => Some(Self::ProjectMember(project, id(user)?)),
            _ => None,
        }
    }
}

impl View<'_> {
    /// Answers a GET of this dialect.
    pub(super) fn members_dialect(
        &self,
        endpoint: Endpoint,
        actor: &Actor,
        call: &Call,
    ) -> Result<Reply, Refusal> {
        match endpoint {
            Endpoint::Me => Ok(Reply::One(self.me(actor))),
            Endpoint::Members => {
                let members = self.state.members.iter();
                let rows = members.map(|(id, member)| (*id, self.member(*id, member))).collect();
                Ok(Reply::List { name: "members", rows })
            }
            Endpoint::Projects => Ok(Reply::List { name: "projects", rows: self.projects() }),
            Endpoint::AuditLog => self.audit_log(call),
            Endpoint::ScimLogs => Ok(Reply::List { name: "logs", rows: self.scim_logs() }),
            Endpoint::ProjectMembers(project) => {
                self.project(project)?;
                Ok(Reply::List { name: "members", rows: self.project_members(project) })
            }
            Endpoint::Member(..) | Endpoint::ResendInvitation(..) | Endpoint::ProjectMember(..) => {
                Err(Refusal::MethodNotAllowed)
            }
        }
    }

    /// A person as they are now, or only their number when they are gone.
    pub(super) fn member_or_gone(&self, id: u64) -> Value {
        let row = self.state.members.get(&id).map(|member| self.member(id, member));
        Value::Object(row.unwrap_or_else(|| object([("id", self.shape.id(id))])))
    }

    /// An individual grant as it is now, or only the person's number when there is none any more.
    pub(super) fn grant_or_gone(&self, id: u64, project: u64) -> Value {
        let grant = self.state.members.get(&id).and_then(|member| {
            let role = member.grants.get(&project)?;
            Some(object([
                ("id", self.shape.id(id)),
                ("email", json!(member.email)),
                ("role", json!(self.shape.project_role(role))),
                ("grant_type", json!("individual")),
            ]))
        });
        Value::Object(grant.unwrap_or_else(|| object([("id", self.shape.id(id))])))
    }

    fn me(&self, actor: &Actor) -> Value {
        let organization = &self.state.organization;
        let mut own =
            object([("id", self.shape.id(organization.id)), ("name", json!(organization.name))]);
        if let Some(role) = actor.stated_role {
            own.insert("role".to_owned(), json!(role.as_str()));
        }
        let projects = self.state.projects.iter().filter_map(|(id, project)| {
            let role = self.state.actor_role(actor, *id)?;
            let one = object([
                ("name", json!(project.name)),
                ("organization_id", self.shape.id(organization.id)),
                ("role", json!(self.shape.project_role(&role))),
            ]);
            Some((id.to_string(), Value::Object(one)))
        });
        json!({
            "user_id": self.shape.id(actor.id),
            "user_email": actor.email,
            "organizations": { organization.id.to_string(): own },
            "projects": projects.collect::<Map<String, Value>>(),
        })
    }

    pub(super) fn member(&self, id: u64, member: &Member) -> Map<String, Value> {
        let lifetime = self.limits.invitation_lifetime;
        let status = match member.status_at(self.now, lifetime) {
            Status::Active => "active",
            Status::Pending => "pending",
            Status::Expired => "expired",
        };
        let mut row = object([
            ("id", self.shape.id(id)),
            ("email", json!(member.email)),
            ("role", json!(member.role.as_str())),
            ("status", json!(status)),
        ]);
        if let Some(name) = &member.name {
            row.insert("name".to_owned(), json!(name));
        }
        if let Some(last_active) = member.last_active {
            row.insert("last_active".to_owned(), json!(last_active));
        }
        if member.status != Status::Active {
            if let Some(invited_at) = member.invited_at {
                row.insert("invited_at".to_owned(), json!(invited_at));
            }
            if let Some(end) = member.invite_expires_at(lifetime) {
                row.insert("invite_expires_at".to_owned(), json!(end));
            }
        }
        if let Some(ManagedBy::Scim) = member.managed_by {
            row.insert("managed_by".to_owned(), json!("scim"));
        }
        row
    }

    fn projects(&self) -> Vec<Row> {
        self.state
            .projects
            .iter()
            .filter(|(_, project)| project.is_visible(self.now, self.limits.propagation))
            .map(|(id, project)| {
                let mut row = object([("id", self.shape.id(*id)), ("name", json!(project.name))]);
                if self.state.served.has(Part::CustomRoles) {
                    row.insert("custom_roles".to_owned(), json!(project.custom_roles));
                }
                (*id, row)
            })
            .collect()
    }

    /// The grant type of a source, and the team.
    pub(super) const fn source_words<'a>(
        &self,
        source: Source<'a>,
    ) -> (&'static str, Option<&'a str>) {
        match source {
            Source::Individual => ("individual", None),
            Source::Team(name) => ("team", Some(name)),
            Source::Organization => ("organization", None),
            Source::AllUsers => (self.shape.all_users(), None),
        }
    }

    fn project_members(&self, project: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        for (id, member) in &self.state.members {
            for (source, role) in self.state.grants(*id, project) {
                let (grant_type, team) = self.source_words(source);
                let mut row = object([
                    ("id", self.shape.id(*id)),
                    ("email", json!(member.email)),
                    ("role", json!(self.shape.project_role(&role))),
                    ("grant_type", json!(grant_type)),
                ]);
                if let Some(team) = team {
                    row.insert("team".to_owned(), json!(team));
                }
                rows.push((*id, row));
            }
        }
        rows
    }

    fn audit_log(&self, call: &Call) -> Result<Reply, Refusal> {
        let since = match call.parameter("start_date") {
            None | Some("") => Timestamp::MIN,
            Some(date) => start_of(date)
                .ok_or_else(|| Refusal::BadRequest(format!("Invalid start_date: {date}")))?,
        };
        let email = call.parameter("user_email").map(str::to_lowercase);
        let is_wanted = |event: &Event| {
            event.timestamp >= since
                && email.as_ref().is_none_or(|email| event.user_email.to_lowercase() == *email)
        };
        let rows = (1..)
            .zip(self.log.events())
            .filter(|(_, event)| is_wanted(event))
            .map(|(id, event)| (id, self.event(id, event)))
            .collect();
        Ok(Reply::List { name: "events", rows })
    }

    fn scim_logs(&self) -> Vec<Row> {
        let row = |entry: &ScimLogEntry| {
            object([
                ("user_email", json!(entry.user_email)),
                ("event", json!(entry.event)),
                ("timestamp", json!(entry.timestamp)),
            ])
        };
        (1..).zip(self.log.scim()).map(|(id, entry)| (id, row(entry))).collect()
    }

    fn event(&self, id: u64, event: &Event) -> Map<String, Value> {
        let Event { event: kind, user_email, actor_email, timestamp, project_id, .. } = event;
        let mut row = object([
            ("id", self.shape.id(id)),
            ("event", json!(kind)),
            ("actor_email", json!(actor_email)),
            ("timestamp", json!(timestamp)),
            ("from", json!(event.from)),
            ("to", json!(event.to)),
        ]);
        if !user_email.is_empty() {
            row.insert("user_email".to_owned(), json!(user_email));
        }
        if let Some(project) = project_id {
            row.insert("project_id".to_owned(), self.shape.id(*project));
        }
        if let Some(team) = &event.team {
            row.insert("team".to_owned(), json!(team));
        }
        if let Some(account) = &event.service_account {
            row.insert("service_account".to_owned(), json!(account));
        }
        row
    }
}

/// Carries out a write.
pub(super) fn write(
    endpoint: Endpoint,
    actor: &Actor,
    call: &Call,
    transition: Transition<'_>,
) -> Result<Outcome, Refusal> {
    match (&call.method, endpoint) {
        (&Method::POST, Endpoint::Members) => {
            let body = call.object()?;
            let projects = objects(&body, "projects")?
                .into_iter()
                .map(|project| Ok((number(project, "id")?, text(project, "role")?.to_owned())));
            let projects = projects.collect::<Result<Vec<_>, Refusal>>()?;
            transition.invite(actor, text(&body, "email")?, organization_role(&body)?, &projects)
        }
        (&Method::POST, Endpoint::Member(user)) => {
            transition.set_organization_role(actor, user, organization_role(&call.object()?)?)
        }
        (&Method::DELETE, Endpoint::Member(user)) => transition.remove(actor, user),
        (&Method::POST, Endpoint::ResendInvitation(user)) => {
            transition.resend_invitation(actor, user)
        }
        (&Method::POST, Endpoint::ProjectMembers(project)) => {
            let body = call.object()?;
            transition.grant(actor, project, text(&body, "email")?, text(&body, "role")?)
        }
        (&Method::PUT, Endpoint::ProjectMember(project, user)) => {
            let body = call.object()?;
            transition.set_project_role(actor, project, user, text(&body, "role")?)
        }
        (&Method::DELETE, Endpoint::ProjectMember(project, user)) => {
            transition.revoke(actor, project, user)
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}

fn organization_role(body: &Map<String, Value>) -> Result<OrganizationRole, Refusal> {
    let word = text(body, "role")?;
    OrganizationRole::parse(word).ok_or_else(|| Refusal::UnknownRole(word.to_owned()))
}

/// A date, or an instant.
fn start_of(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}
