//! The endpoints, one module a dialect or part of the service.

use std::collections::BTreeMap;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::audit::Log;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::seed::{Part, Served};
use crate::shape::Shape;
use crate::state::{Actor, Project, State};
use crate::transition::{Limits, Outcome, Transition, Written};

mod app;
mod members;
pub(crate) mod scim;
mod service_accounts;
mod teams;
mod tokens;

/// Where the paths of the service begin (`SERVICE.md`, "Hosts and requests": "hosts").
const ROOT: &str = "/api/app";

/// What a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    organization: Option<u64>,
    endpoint: Endpoint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Members(members::Endpoint),
    App(app::Endpoint),
    Scim(scim::Endpoint),
    ServiceAccounts(service_accounts::Endpoint),
    Teams(teams::Endpoint),
    Tokens(tokens::Endpoint),
}

/// What a GET is answered with, before it gets its shape.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A list: its name and its rows.
    List { name: &'static str, rows: Vec<Row> },
    /// One thing.
    One(Value),
    /// Something that has no other shape.
    Answer(Answer),
}

/// A row of a list, with its number; it is keyed by its `id`, or by the number when it has none.
pub(crate) type Row = (u64, Map<String, Value>);

/// What reading needs to know.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) log: &'a Log,
    /// When service accounts were last used.
    pub(crate) uses: &'a BTreeMap<u64, Timestamp>,
    pub(crate) shape: Shape,
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
    pub(crate) base_url: &'a str,
}

impl Route {
    /// Reads a path without its trailing slash, as far as it is served. Ids are numbers.
    pub(crate) fn parse(path: &str, served: &Served) -> Option<Self> {
        // The list of projects belongs to whichever dialect's path was asked.
        let is_served = |route: &Self, dialect| match route.endpoint.part() {
            Part::Projects => served.has(Part::Projects) && served.has(dialect),
            part => served.has(part),
        };
        let below_prefix = |prefix: &String| Self::below_prefix(path, prefix);
        let below_root = Self::below_root(path).filter(|route| is_served(route, Part::Members));
        below_root.or_else(|| {
            let route = served.prefixes.iter().find_map(below_prefix);
            route.filter(|route| is_served(route, Part::App))
        })
    }

    /// What answers below the root only.
    fn below_root(path: &str) -> Option<Self> {
        let segments = segments(path, ROOT)?;
        let (organization, endpoint) = match segments.as_slice() {
            ["me"] => (None, Endpoint::Members(members::Endpoint::Me)),
            ["organizations", organization, rest @ ..] => {
                (Some(id(organization)?), Endpoint::of_organization(rest)?)
            }
            ["scim", "v2", rest @ ..] => (None, Endpoint::Scim(scim::Endpoint::parse(rest)?)),
            ["projects", project, rest @ ..] => (None, Endpoint::of_project(id(project)?, rest)?),
            _ => return None,
        };
        Some(Self { organization, endpoint })
    }

    /// What answers below every prefix.
    fn below_prefix(path: &str, prefix: &str) -> Option<Self> {
        let segments = segments(path, prefix)?;
        let ["organizations", organization, rest @ ..] = segments.as_slice() else { return None };
        let endpoint = match rest {
            ["projects"] => Endpoint::Members(members::Endpoint::Projects),
            rest => app::Endpoint::of_organization(rest)
                .map(Endpoint::App)
                .or_else(|| teams::Endpoint::of_organization(rest).map(Endpoint::Teams))?,
        };
        Some(Self { organization: Some(id(organization)?), endpoint })
    }

    /// Refuses another organization than the emulated one.
    pub(crate) fn check_organization(self, state: &State) -> Result<(), Refusal> {
        match self.organization {
            Some(organization) if organization != state.organization.id => {
                Err(Refusal::NoSuchOrganization)
            }
            _ => Ok(()),
        }
    }

    /// Carries out a write.
    pub(crate) fn write(
        self,
        actor: &Actor,
        call: &Call,
        transition: Transition<'_>,
    ) -> Result<Outcome, Refusal> {
        match self.endpoint {
            Endpoint::Members(endpoint) => members::write(endpoint, actor, call, transition),
            Endpoint::Scim(endpoint) => scim::write(endpoint, actor, call, transition),
            Endpoint::ServiceAccounts(endpoint) => {
                service_accounts::write(endpoint, actor, call, transition)
            }
            Endpoint::App(_) | Endpoint::Teams(_) if call.method != Method::POST => {
                Err(Refusal::MethodNotAllowed)
            }
            Endpoint::App(endpoint) => app::write(endpoint, actor, call, transition),
            Endpoint::Teams(endpoint) => teams::write(endpoint, actor, call, transition),
            Endpoint::Tokens(endpoint) => tokens::write(endpoint, actor, call, transition),
        }
    }
}

impl Endpoint {
    /// The part of the service it belongs to.
    const fn part(self) -> Part {
        match self {
            Self::Members(members::Endpoint::Me) => Part::Me,
            Self::Members(members::Endpoint::Projects) => Part::Projects,
            Self::Members(members::Endpoint::AuditLog) => Part::AuditLog,
            Self::Members(members::Endpoint::ScimLogs) => Part::Scim,
            Self::Members(_) => Part::Members,
            Self::App(_) => Part::App,
            Self::Scim(_) => Part::Scim,
            Self::ServiceAccounts(_) => Part::ServiceAccounts,
            Self::Teams(_) => Part::Teams,
            Self::Tokens(_) => Part::Tokens,
        }
    }

    fn of_organization(rest: &[&str]) -> Option<Self> {
        let accounts = || service_accounts::Endpoint::of_organization(rest);
        members::Endpoint::of_organization(rest)
            .map(Self::Members)
            .or_else(|| accounts().map(Self::ServiceAccounts))
    }

    fn of_project(project: u64, rest: &[&str]) -> Option<Self> {
        let accounts = || service_accounts::Endpoint::of_project(project, rest);
        members::Endpoint::of_project(project, rest)
            .map(Self::Members)
            .or_else(|| accounts().map(Self::ServiceAccounts))
            .or_else(|| tokens::Endpoint::of_project(project, rest).map(Self::Tokens))
    }
}

impl View<'_> {
    /// Answers a GET.
    pub(crate) fn read(&self, route: Route, actor: &Actor, call: &Call) -> Result<Reply, Refusal> {
        match route.endpoint {
            Endpoint::Members(endpoint) => self.members_dialect(endpoint, actor, call),
            Endpoint::App(endpoint) => self.app_dialect(endpoint),
            Endpoint::Scim(endpoint) => self.scim(endpoint, call),
            Endpoint::ServiceAccounts(endpoint) => self.service_accounts(endpoint),
            Endpoint::Teams(endpoint) => self.teams(endpoint),
            Endpoint::Tokens(endpoint) => self.tokens(endpoint, actor),
        }
    }

    /// Answers a write that has been carried out.
    pub(crate) fn written(&self, written: &Written) -> Answer {
        match written {
            Written::Member(id) => Answer::ok(&self.member_or_gone(*id)),
            Written::Grant { member, project } => {
                Answer::ok(&self.grant_or_gone(*member, *project))
            }
            Written::Teams(ids) => Answer::ok(&self.team_names(ids)),
            Written::Team(id) => Answer::ok(&self.team_row(*id)),
            Written::Account { id } => self.new_account(*id),
            Written::Token { project, at } => self.rotated(*project, *at),
            Written::ScimUser { id, is_new } => self.scim_user_written(*id, *is_new),
            Written::ScimGroup { id, is_new } => self.scim_group_written(*id, *is_new),
            Written::ScimGone => Answer::empty(204),
            Written::Nothing => Answer::json(200, &json!({ "status": "ok" })),
            Written::Count(name, count) => Answer::ok(&json!({ *name: count })),
        }
    }

    /// The project, when it exists and can be seen yet.
    fn project(&self, id: u64) -> Result<&Project, Refusal> {
        self.state
            .projects
            .get(&id)
            .filter(|project| project.is_visible(self.now, self.limits.propagation))
            .ok_or(Refusal::NoSuchProject)
    }
}

fn segments<'a>(path: &'a str, prefix: &str) -> Option<Vec<&'a str>> {
    Some(path.strip_prefix(prefix)?.strip_prefix('/')?.split('/').collect())
}

fn id(segment: &str) -> Option<u64> {
    segment.bytes().all(|byte| byte.is_ascii_digit()).then(|| segment.parse().ok())?
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
