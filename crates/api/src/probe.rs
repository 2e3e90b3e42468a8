//! Trying every reading endpoint, for `doctor` (`design.md`, "Commands"). Writes nothing.

use jiff::Timestamp;
use mixaccess_model::ProjectId;

use crate::answer::{Answer, DecodeError, decode_value};
use crate::request::{Endpoint, Request};
use crate::{ApiError, Client};

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
    /// What time it is for the service.
    pub service_time: Option<Timestamp>,
}

impl Client {
    /// Tries every reading endpoint once, the project one for `project`. Writes nothing, and goes on
    /// after a failure.
    pub async fn probe(&self, project: Option<ProjectId>) -> Probe {
        let dialect = self.members_dialect();
        let mut endpoints = Vec::new();
        for (endpoint, purpose, is_optional) in [
            (Endpoint::Me, "who the credentials are", true),
            (Endpoint::Members, "members of the organization", false),
            (Endpoint::Projects, "projects of the organization", false),
            (Endpoint::ProjectMembers, "members of a project", false),
            (Endpoint::AuditLog, "audit log", true),
        ] {
            if endpoint == Endpoint::ProjectMembers && project.is_none() {
                continue;
            }
            let request = dialect.reading(endpoint, project);
            endpoints.push(EndpointProbe {
                purpose,
                request: request.label(),
                is_inferred: endpoint.is_inferred(),
                is_optional,
                outcome: self.answered(&request).await,
            });
        }
        let service_time = endpoints
            .iter()
            .filter_map(|probe| probe.outcome.as_ref().ok())
            .find_map(|answered| answered.service_time);
        Probe { endpoints, service_time }
    }

    async fn answered(&self, request: &Request) -> Result<Answered, ApiError> {
        self.transport().read(request, read_answered).await
    }
}

fn read_answered(answer: &Answer) -> Result<Answered, DecodeError> {
    decode_value(answer)?;
    let service_time = answer
        .date
        .as_deref()
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .and_then(|date| Timestamp::try_from(date).ok());
    Ok(Answered { status: answer.status.as_u16(), service_time })
}
