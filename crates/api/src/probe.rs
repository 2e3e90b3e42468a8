//! Trying every reading endpoint, for `doctor`. Writes nothing.

use futures_util::future;
use jiff::Timestamp;
use mixaccess_model::{
    Dialect, LiveMember, LiveProject, LiveServiceAccount, ProjectId, ScimEvent, without_owner,
};

use crate::answer::{Answer, DecodeError, decode_value};
use crate::dialect::app::PREFIXES;
use crate::dialect::members;
use crate::error::INCOMPLETE;
use crate::list::{Page, Row, decode_page};
use crate::request::{Endpoint, Request};
use crate::row::RosterRow;
use crate::scim::features;
use crate::team::TeamRow;
use crate::transport::Transport;
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
    /// The dialect that lists people by it; absent where it lists no people.
    pub dialect: Option<Dialect>,
    /// What it answered.
    pub outcome: Result<Answered, ApiError>,
}

/// An answer that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// How many rows its first page has, when it is a list.
    pub rows: Option<usize>,
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
        let tried = trials.into_iter().map(|trial| self.tried(trial, self.transport()));
        let (mut endpoints, users, scim) =
            future::join3(future::join_all(tried), self.users(), self.scim_tried()).await;
        endpoints.extend(users);
        let (scim, features) = scim.unzip();
        endpoints.extend(scim);
        let service_time = endpoints
            .iter()
            .filter_map(|probe| probe.outcome.as_ref().ok())
            .find_map(|answered| answered.service_time);
        Probe { endpoints, service_time, scim: features.flatten() }
    }

    fn trials(&self, project: Option<ProjectId>) -> Vec<Trial> {
        let (members, accounts) = (self.members_dialect(), self.accounts());
        let reading = |endpoint| members.reading(endpoint, project);
        let mut trials = vec![
            Trial::optional("who the credentials are", reading(Endpoint::Me)),
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
            let probe = self.tried(trial, self.transport()).await;
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
        probes.push(self.tried(trial, self.transport()).await);
        probes
    }

    /// SCIM and what it can do; nothing without a token.
    async fn scim_tried(&self) -> Option<(EndpointProbe, Option<ScimFeatures>)> {
        let scim = self.scim()?;
        let trial = Trial::optional("SCIM", scim.reading(Endpoint::ScimFeatures));
        let both = |answer: &Answer| {
            Ok((answered(Endpoint::ScimFeatures, answer)?, features::decode(answer)?))
        };
        let (outcome, features) = match scim.transport().read(&trial.request, both).await {
            Ok((answered, features)) => (Ok(answered), Some(features)),
            Err(error) => (Err(error), None),
        };
        Some((trial.told(outcome), features))
    }

    async fn tried(&self, trial: Trial, transport: &Transport) -> EndpointProbe {
        let decode = |answer: &Answer| answered(trial.request.endpoint, answer);
        let outcome = transport.read(&trial.request, decode).await;
        trial.told(outcome)
    }
}

/// What an endpoint answered, when it reads as what it should answer.
fn answered(endpoint: Endpoint, answer: &Answer) -> Result<Answered, DecodeError> {
    let rows = match endpoint {
        Endpoint::Members => |answer: &Answer| people(answer, |member: LiveMember| member),
        Endpoint::Users => |answer: &Answer| people(answer, |row: RosterRow| row.member),
        Endpoint::Projects => rows::<LiveProject>,
        Endpoint::ProjectMembers => rows::<ProjectMember>,
        Endpoint::AuditLog => rows::<AuditEvent>,
        Endpoint::Teams => rows::<TeamRow>,
        Endpoint::ServiceAccounts => rows::<LiveServiceAccount>,
        Endpoint::ProjectServiceAccounts => rows::<ProjectServiceAccount>,
        Endpoint::Tokens => rows::<ProjectToken>,
        Endpoint::ScimLog => rows::<ScimEvent>,
        _ => |answer: &Answer| decode_value(answer).map(|_| None),
    };
    Ok(Answered {
        status: answer.status.as_u16(),
        rows: rows(answer)?,
        service_time: service_time(answer),
    })
}

fn rows<R: Row>(answer: &Answer) -> Result<Option<usize>, DecodeError> {
    first_page::<R>(answer).map(|page| Some(page.rows.len()))
}

/// The rows of a list of the organization's people: of all of them, one is an accepted owner.
fn people<R: Row>(
    answer: &Answer,
    member: impl Fn(R) -> LiveMember,
) -> Result<Option<usize>, DecodeError> {
    let page = first_page::<R>(answer)?;
    let is_last = !page.goes_on();
    let members: Vec<LiveMember> = page.rows.into_iter().map(member).collect();
    match without_owner(&members).filter(|_| is_last) {
        Some(problem) => Err(DecodeError::NotWhole { problem, hint: INCOMPLETE }),
        None => Ok(Some(members.len())),
    }
}

/// The first page of a list; where it is the last as well, it has every row that it says it has.
fn first_page<R: Row>(answer: &Answer) -> Result<Page<R>, DecodeError> {
    let page = decode_page::<R>(answer)?;
    match page.told.missing(page.received, 1).filter(|_| !page.goes_on()) {
        Some(problem) => Err(DecodeError::NotWhole { problem, hint: INCOMPLETE }),
        None => Ok(page),
    }
}

fn service_time(answer: &Answer) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(answer.date.as_deref()?.trim()).ok()?;
    Timestamp::try_from(date).ok()
}
