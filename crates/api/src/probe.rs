//! Trying every reading endpoint, for `doctor`. Writes nothing.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures_util::future;
use jiff::Timestamp;
use mixaccess_model::{
    Dialect, LiveMember, LiveProject, LiveServiceAccount, ProjectId, ScimEvent, without_owner,
};
use reqwest::StatusCode;

use crate::answer::{Answer, decode_value};
use crate::dialect::app::PREFIXES;
use crate::dialect::members;
use crate::list::{Listed, OddRow, Row};
use crate::paging::{read_all_seen, read_first, read_readable_seen};
use crate::request::{Endpoint, Request};
use crate::row::RosterRow;
use crate::scim::features;
use crate::team::TeamRow;
use crate::{
    ApiError, AuditEvent, Client, ProjectMember, ProjectServiceAccount, ProjectToken, ScimFeatures,
};

/// What every reading endpoint answers.
#[derive(Clone, Debug)]
pub struct Probe {
    /// One for each endpoint that was tried.
    pub endpoints: Vec<EndpointProbe>,
    /// What time it is for the service, from the first answer that says so (to the second).
    pub service_time: Option<Timestamp>,
    /// What SCIM says it can do; nothing without a token, and where it is not answered.
    pub scim: Option<ScimFeatures>,
}

/// What one endpoint answers.
#[derive(Clone, Debug)]
pub struct EndpointProbe {
    /// What it is for: a fragment such as "members of the organization".
    pub purpose: &'static str,
    /// Verb and path.
    pub request: String,
    /// Whether no document of Mixpanel's names it, so that an organization may well not answer it.
    pub is_inferred: bool,
    /// Whether a plan can do without it.
    pub is_optional: bool,
    /// Whether it is about one project.
    pub is_of_project: bool,
    /// The dialect that lists people by it; absent where it lists no people.
    pub dialect: Option<Dialect>,
    /// What it answered.
    pub outcome: Result<Answered, ApiError>,
}

/// An answer that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// How many rows it has, when it is a list.
    pub rows: Option<usize>,
    /// Rows that could not be read, where whoever needs the list goes on without them.
    pub unread: Vec<OddRow>,
    /// What time it is for the service.
    pub service_time: Option<Timestamp>,
}

/// What is tried for one endpoint.
struct Trial {
    purpose: &'static str,
    request: Request,
    is_optional: bool,
}

impl Trial {
    const fn needed(purpose: &'static str, request: Request) -> Self {
        Self { purpose, request, is_optional: false }
    }

    const fn optional(purpose: &'static str, request: Request) -> Self {
        Self { purpose, request, is_optional: true }
    }

    fn told(&self, outcome: Result<Answered, ApiError>) -> EndpointProbe {
        EndpointProbe {
            purpose: self.purpose,
            request: self.request.label(),
            is_inferred: self.request.endpoint.is_inferred(),
            is_optional: self.is_optional,
            is_of_project: matches!(
                self.request.endpoint,
                Endpoint::ProjectMembers | Endpoint::ProjectServiceAccounts | Endpoint::Tokens
            ),
            dialect: match self.request.endpoint {
                Endpoint::Users => Some(Dialect::App),
                Endpoint::Members | Endpoint::ProjectMembers => Some(Dialect::Members),
                _ => None,
            },
            outcome,
        }
    }
}

impl Client {
    /// Tries every reading endpoint once, side by side; those of a project for `project`, SCIM's with a
    /// token. An answer counts when it reads as what the endpoint should answer. Writes nothing.
    pub async fn probe(&self, project: Option<ProjectId>) -> Probe {
        let trials = self.trials(project);
        let tried = trials.into_iter().map(|trial| self.tried(trial));
        let (mut endpoints, users, scim) =
            future::join3(future::join_all(tried), self.users(), self.scim_tried()).await;
        endpoints.extend(users);
        let (scim, features) = scim;
        endpoints.extend(scim);
        let service_time = endpoints
            .iter()
            .filter_map(|probe| probe.outcome.as_ref().ok())
            .find_map(|answered| answered.service_time);
        Probe { endpoints, service_time, scim: features }
    }

    fn trials(&self, project: Option<ProjectId>) -> Vec<Trial> {
        let (members, accounts) = (self.members_dialect(), self.accounts());
        let reading = |endpoint| members.reading(endpoint, project);
        let mut trials = vec![
            Trial::needed("who the credentials are", reading(Endpoint::Me)),
            Trial::needed("members of the organization", reading(Endpoint::Members)),
            Trial::needed("projects of the organization", reading(Endpoint::Projects)),
            Trial::optional("audit log", reading(Endpoint::AuditLog)),
            Trial::optional("log of SCIM", reading(Endpoint::ScimLog)),
            Trial::optional("service accounts of the organization", accounts.reading()),
        ];
        if let Some(project) = project {
            let accounts = accounts.reading_project(project);
            trials.push(Trial::needed("members of a project", reading(Endpoint::ProjectMembers)));
            trials.push(Trial::optional("tokens of a project", reading(Endpoint::Tokens)));
            trials.push(Trial::optional("service accounts of a project", accounts));
        }
        trials
    }

    /// Users and teams, at the first prefix that answers; at every one where none does.
    async fn users(&self) -> Vec<EndpointProbe> {
        let mut probes = Vec::new();
        let mut teams = members::ROOT;
        for prefix in PREFIXES {
            let request = self.app_dialect(prefix).reading_users();
            let trial = Trial::optional("users of the organization", request);
            let probe = self.tried(trial).await;
            let answers = probe.outcome.is_ok();
            if answers {
                probes.clear();
                teams = prefix;
            }
            probes.push(probe);
            if answers {
                break;
            }
        }
        let trial = Trial::optional("teams of the organization", self.teams_at(teams).reading());
        probes.push(self.tried(trial).await);
        probes
    }

    /// SCIM, what it can do, and its lists; nothing without a token.
    async fn scim_tried(&self) -> (Vec<EndpointProbe>, Option<ScimFeatures>) {
        let Some(scim) = self.scim() else { return (Vec::new(), None) };
        let trial = Trial::optional("SCIM", scim.reading(Endpoint::ScimFeatures));
        let first = First::default();
        let decode = |answer: &Answer| {
            first.keep(answer);
            decode_value(answer)?;
            features::decode(answer)
        };
        let features = scim.transport().read(&trial.request, decode).await;
        let (outcome, features) = match features {
            Ok(features) => (Ok(first.answered(Rows::default())), Some(features)),
            Err(error) => (Err(error), None),
        };
        let mut probes = vec![trial.told(outcome)];
        for (purpose, endpoint) in
            [("people of SCIM", Endpoint::ScimUsers), ("groups of SCIM", Endpoint::ScimGroups)]
        {
            let trial = Trial::optional(purpose, scim.reading(endpoint));
            let first = First::default();
            let rows = scim.count(endpoint, |answer| first.keep(answer)).await;
            probes.push(trial.told(rows.map(|rows| first.answered(Rows::whole(rows)))));
        }
        (probes, features)
    }

    async fn tried(&self, trial: Trial) -> EndpointProbe {
        let first = First::default();
        let seen = |answer: &Answer| first.keep(answer);
        let rows = self.rows(&trial.request, seen).await;
        trial.told(rows.map(|rows| first.answered(rows)))
    }

    /// Which rows an endpoint answers, read as by whoever needs them; nothing where it is no list.
    async fn rows(
        &self,
        request: &Request,
        seen: impl Fn(&Answer) + Sync,
    ) -> Result<Rows, ApiError> {
        match request.endpoint {
            Endpoint::Me => self.members_dialect().me(seen).await.map(|_| Rows::default()),
            Endpoint::Members => self.people(request, |member: LiveMember| member, seen).await,
            Endpoint::Users => self.people(request, |row: RosterRow| row.member, seen).await,
            Endpoint::Projects => self.list::<LiveProject>(request, seen).await,
            Endpoint::ProjectMembers => self.readable::<ProjectMember>(request, seen).await,
            Endpoint::Teams => self.readable::<TeamRow>(request, seen).await,
            Endpoint::ServiceAccounts => self.readable::<LiveServiceAccount>(request, seen).await,
            Endpoint::ProjectServiceAccounts => {
                self.readable::<ProjectServiceAccount>(request, seen).await
            }
            Endpoint::Tokens => self.list::<ProjectToken>(request, seen).await,
            Endpoint::ScimLog => self.list::<ScimEvent>(request, seen).await,
            // Whoever needs it asks for one person's.
            Endpoint::AuditLog => {
                let events = read_first::<AuditEvent>(self.transport(), request, seen).await?;
                Ok(Rows::whole(events.len()))
            }
            _ => {
                let decode = |answer: &Answer| {
                    seen(answer);
                    decode_value(answer).map(drop)
                };
                self.transport().read(request, decode).await.map(|()| Rows::default())
            }
        }
    }

    /// A list of which every row counts.
    async fn list<R: Row + fmt::Debug>(
        &self,
        request: &Request,
        seen: impl Fn(&Answer) + Sync,
    ) -> Result<Rows, ApiError> {
        let (endpoint, url) = (request.endpoint, request.url.clone());
        let rows = read_all_seen::<R>(self.transport(), endpoint, url, seen).await?;
        Ok(Rows::whole(rows.len()))
    }

    /// A list that is of use without the rows that cannot be read.
    async fn readable<R: Row + fmt::Debug>(
        &self,
        request: &Request,
        seen: impl Fn(&Answer) + Sync,
    ) -> Result<Rows, ApiError> {
        let (endpoint, url) = (request.endpoint, request.url.clone());
        let Listed { rows, unread } =
            read_readable_seen::<R>(self.transport(), endpoint, url, seen).await?;
        Ok(Rows { count: Some(rows.len()), unread })
    }

    /// The organization's people: of all of them, one is an accepted owner.
    async fn people<R: Row + fmt::Debug>(
        &self,
        request: &Request,
        member: impl Fn(R) -> LiveMember,
        seen: impl Fn(&Answer) + Sync,
    ) -> Result<Rows, ApiError> {
        let (endpoint, url) = (request.endpoint, request.url.clone());
        let Listed { rows, unread } =
            read_readable_seen::<R>(self.transport(), endpoint, url, seen).await?;
        let members: Vec<LiveMember> = rows.into_iter().map(member).collect();
        match without_owner(&members) {
            Some(problem) => Err(ApiError::incomplete(request.label(), &problem)),
            None => Ok(Rows { count: Some(members.len()), unread }),
        }
    }
}

/// The rows of an answer: how many could be read, where it is a list, and those that could not be.
#[derive(Default)]
struct Rows {
    count: Option<usize>,
    unread: Vec<OddRow>,
}

impl Rows {
    /// A list of which every row was read.
    const fn whole(count: usize) -> Self {
        Self { count: Some(count), unread: Vec::new() }
    }
}

/// What the first answer says beside its body.
#[derive(Default)]
struct First(Mutex<Option<(u16, Option<Timestamp>)>>);

impl First {
    fn keep(&self, answer: &Answer) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| (answer.status.as_u16(), service_time(answer)));
    }

    fn answered(&self, rows: Rows) -> Answered {
        let first = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, service_time) = first.unwrap_or((StatusCode::OK.as_u16(), None));
        Answered { status, rows: rows.count, unread: rows.unread, service_time }
    }
}

fn service_time(answer: &Answer) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(answer.date.as_deref()?.trim()).ok()?;
    Timestamp::try_from(date).ok()
}
