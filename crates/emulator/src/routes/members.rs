//! The endpoints of `mixpanel-api.md`, "Dialect `members`", and `GET /api/app/me`.

use axum::http::Method;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Reply;
use crate::audit::{Event, Log};
use crate::call::{Call, text};
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::seed::Status;
use crate::shape::Shape;
use crate::state::{Actor, Member, Source, State};
use crate::transition::{Outcome, Transition};

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Me,
    Members(u64),
    Member(u64, u64),
    ResendInvitation(u64, u64),
    Projects(u64),
    AuditLog(u64),
    ProjectMembers(u64),
    ProjectMember(u64, u64),
}

impl Endpoint {
    /// Reads a path without its trailing slash. Ids are numbers.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix("/api/app/")?.split('/').collect();
        match segments.as_slice() {
            ["me"] => Some(Self::Me),
            ["organizations", org, "members"] => Some(Self::Members(id(org)?)),
            ["organizations", org, "members", user] => Some(Self::Member(id(org)?, id(user)?)),
            ["organizations", org, "members", user, "resend-invite"] => {
                Some(Self::ResendInvitation(id(org)?, id(user)?))
            }
            ["organizations", org, "projects"] => Some(Self::Projects(id(org)?)),
            ["organizations", org, "audit_log"] => Some(Self::AuditLog(id(org)?)),
            ["projects", project, "members"] => Some(Self::ProjectMembers(id(project)?)),
            ["projects", project, "members", user] => {
                Some(Self::ProjectMember(id(project)?, id(user)?))
            }
            _ => None,
        }
    }

    const fn organization(self) -> Option<u64> {
        match self {
            Self::Members(org)
            | Self::Member(org, _)
            | Self::ResendInvitation(org, _)
            | Self::Projects(org)
            | Self::AuditLog(org) => Some(org),
            Self::Me | Self::ProjectMembers(_) | Self::ProjectMember(..) => None,
        }
    }

    /// Refuses another organization than the emulated one.
    pub(crate) fn check_organization(self, state: &State) -> Result<(), Refusal> {
        match self.organization() {
            Some(organization) if organization != state.organization.id => {
                Err(Refusal::NoSuchOrganization)
            }
            _ => Ok(()),
        }
    }
}

/// What reading needs to know.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) log: &'a Log,
    pub(crate) shape: Shape,
    pub(crate) now: Timestamp,
    /// How long a new project stays invisible.
    pub(crate) propagation: SignedDuration,
}

impl View<'_> {
    /// Answers a GET.
    pub(crate) fn read(
        &self,
        endpoint: Endpoint,
        actor: &Actor,
        call: &Call,
    ) -> Result<Reply, Refusal> {
        match endpoint {
            Endpoint::Me => Ok(Reply::One(self.me(actor))),
            Endpoint::Members(_) => {
                let members = self.state.members.iter();
                let rows = members.map(|(id, member)| (*id, self.member(*id, member))).collect();
                Ok(Reply::List { name: "members", rows })
            }
            Endpoint::Projects(_) => Ok(Reply::List { name: "projects", rows: self.projects() }),
            Endpoint::AuditLog(_) => self.audit_log(call),
            Endpoint::ProjectMembers(project) => {
                self.state
                    .projects
                    .get(&project)
                    .filter(|project| project.is_visible(self.now, self.propagation))
                    .ok_or(Refusal::NoSuchProject)?;
                Ok(Reply::List { name: "members", rows: self.project_members(project) })
            }
            Endpoint::Member(..) | Endpoint::ResendInvitation(..) | Endpoint::ProjectMember(..) => {
                Err(Refusal::MethodNotAllowed)
            }
        }
    }

    /// Answers a write that has been carried out: the member as they are now, or only their number when
    /// they are gone or have no grant any more.
    pub(crate) fn written(&self, endpoint: Endpoint, id: u64) -> Value {
        let gone = || Value::Object(object([("id", self.shape.id(id))]));
        let Some(member) = self.state.members.get(&id) else { return gone() };
        match endpoint {
            Endpoint::ProjectMembers(project) | Endpoint::ProjectMember(project, _) => {
                member.grants.get(&project).map_or_else(gone, |role| {
                    Value::Object(object([
                        ("id", self.shape.id(id)),
                        ("email", json!(member.email)),
                        ("role", json!(self.shape.project_role(role))),
                        ("grant_type", json!("individual")),
                    ]))
                })
            }
            _ => Value::Object(self.member(id, member)),
        }
    }

    fn me(&self, actor: &Actor) -> Value {
        let organization = &self.state.organization;
        let mut own =
            object([("id", self.shape.id(organization.id)), ("name", json!(organization.name))]);
        if let Some(role) = actor.stated_role {
            own.insert("role".to_owned(), json!(role.as_str()));
        }
        json!({
            "user_id": self.shape.id(actor.id),
            "user_email": actor.email,
            "organizations": { organization.id.to_string(): own },
        })
    }

    fn member(&self, id: u64, member: &Member) -> Map<String, Value> {
        let status = match member.status {
            Status::Active => "active",
            Status::Pending => "pending",
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
        if let (Status::Pending, Some(invited_at)) = (member.status, member.invited_at) {
            row.insert("invited_at".to_owned(), json!(invited_at));
        }
        row
    }

    fn projects(&self) -> Vec<(u64, Map<String, Value>)> {
        self.state
            .projects
            .iter()
            .filter(|(_, project)| project.is_visible(self.now, self.propagation))
            .map(|(id, project)| {
                (*id, object([("id", self.shape.id(*id)), ("name", json!(project.name))]))
            })
            .collect()
    }

    fn project_members(&self, project: u64) -> Vec<(u64, Map<String, Value>)> {
        let mut rows = Vec::new();
        for (id, member) in &self.state.members {
            for (source, role) in self.state.grants(*id, project) {
                let (grant_type, team) = match source {
                    Source::Individual => ("individual", None),
                    Source::Team(name) => ("team", Some(name)),
                    Source::Organization => ("organization", None),
                    Source::AllUsers => (self.shape.all_users(), None),
                };
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

    fn event(&self, id: u64, event: &Event) -> Map<String, Value> {
        let Event { event: kind, user_email, actor_email, timestamp, project_id, team, from, to } =
            event;
        let mut row = object([
            ("id", self.shape.id(id)),
            ("event", json!(kind)),
            ("user_email", json!(user_email)),
            ("actor_email", json!(actor_email)),
            ("timestamp", json!(timestamp)),
            ("from", json!(from)),
            ("to", json!(to)),
        ]);
        if let Some(project) = project_id {
            row.insert("project_id".to_owned(), self.shape.id(*project));
        }
        if let Some(team) = team {
            row.insert("team".to_owned(), json!(team));
        }
        row
    }
}

/// Carries out a write.
pub(crate) fn write(
    endpoint: Endpoint,
    actor: &Actor,
    call: &Call,
    transition: Transition<'_>,
) -> Result<Outcome, Refusal> {
    match (&call.method, endpoint) {
        (&Method::POST, Endpoint::Members(_)) => {
            let body = call.object()?;
            transition.invite(actor, text(&body, "email")?, organization_role(&body)?)
        }
        (&Method::POST, Endpoint::Member(_, user)) => {
            transition.set_organization_role(actor, user, organization_role(&call.object()?)?)
        }
        (&Method::DELETE, Endpoint::Member(_, user)) => transition.remove(actor, user),
        (&Method::POST, Endpoint::ResendInvitation(_, user)) => {
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

fn id(segment: &str) -> Option<u64> {
    segment.bytes().all(|byte| byte.is_ascii_digit()).then(|| segment.parse().ok())?
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
