//! Trying every reading endpoint, for `doctor` (`design.md`, "Commands"). Writes nothing.

use futures_util::future;
use jiff::Timestamp;
use mixaccess_model::{LiveMember, LiveProject, ProjectId};

use crate::answer::{Answer, DecodeError, decode_value};
use crate::list::{Row, decode_page};
use crate::request::{Endpoint, Request};
use crate::{ApiError, AuditEvent, Client, ProjectMember};

/// What every reading endpoint answers.
#[derive(Clone, Debug)]
pub struct Probe {
    /// One for each endpoint that was tried, in the order of the dialect's table.
    pub endpoints: Vec<EndpointProbe>,
    /// What time it is for the service, from the first answer that says so (to the second).
    pub service_time: Option<Timestamp>,
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

impl Client {
    /// Tries every reading endpoint once, side by side; the project one for `project`. An answer
    /// counts when it reads as what the endpoint should answer. Writes nothing.
    pub async fn probe(&self, project: Option<ProjectId>) -> Probe {
        let dialect = self.members_dialect();
        let probes = [
            (Endpoint::Me, "who the credentials are", true),
            (Endpoint::Members, "members of the organization", false),
            (Endpoint::Projects, "projects of the organization", false),
            (Endpoint::ProjectMembers, "members of a project", false),
            (Endpoint::AuditLog, "audit log", true),
        ]
        .into_iter()
        .filter(|(endpoint, ..)| *endpoint != Endpoint::ProjectMembers || project.is_some())
        .map(|(endpoint, purpose, is_optional)| {
            let request = dialect.reading(endpoint, project);
            async move {
                EndpointProbe {
                    purpose,
                    request: request.label(),
                    is_inferred: endpoint.is_inferred(),
                    is_optional,
                    outcome: self.answered(&request).await,
                }
            }
        });
        let endpoints = future::join_all(probes).await;
        let service_time = endpoints
            .iter()
            .filter_map(|probe| probe.outcome.as_ref().ok())
            .find_map(|answered| answered.service_time);
        Probe { endpoints, service_time }
    }

    async fn answered(&self, request: &Request) -> Result<Answered, ApiError> {
        let rows = match request.endpoint {
            Endpoint::Members => rows::<LiveMember>,
            Endpoint::Projects => rows::<LiveProject>,
            Endpoint::ProjectMembers => rows::<ProjectMember>,
            Endpoint::AuditLog => rows::<AuditEvent>,
            _ => |answer: &Answer| decode_value(answer).map(|_| None),
        };
        let decode = |answer: &Answer| {
            Ok(Answered {
                status: answer.status.as_u16(),
                rows: rows(answer)?,
                service_time: service_time(answer),
            })
        };
        self.transport().read(request, decode).await
    }
}

fn rows<R: Row>(answer: &Answer) -> Result<Option<usize>, DecodeError> {
    decode_page::<R>(answer).map(|page| Some(page.rows.len()))
}

fn service_time(answer: &Answer) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(answer.date.as_deref()?.trim()).ok()?;
    Timestamp::try_from(date).ok()
}
