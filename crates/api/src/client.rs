//! The client: one organization, through one dialect.

mod find;
mod granting;
mod reading;
mod writing;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use mixaccess_model::{Dialect, Email, OrganizationId};
use tokio::sync::OnceCell;

pub use find::FoundDialect;

use crate::dialect::app::App;
use crate::dialect::members::Members;
use crate::scim::{Scim, ScimFeatures};
use crate::service_account::ServiceAccounts;
use crate::team::Teams;
use crate::transport::Transport;
use crate::{ApiError, AuditEvent, ClientError, ClientOptions, Credentials, Roster};
use find::Found;

/// A client of one organization. Connections are kept and used again; share it by reference.
pub struct Client {
    transport: Transport,
    scim: Option<Scim>,
    organization: OrganizationId,
    /// The name of the service account that the credentials are of.
    username: Arc<str>,
    declared: Option<Dialect>,
    found: OnceCell<Found>,
    /// Whether the organization verb that grants is answered, once that showed.
    answers_grants: OnceLock<bool>,
    /// The members, read while finding out which dialect is answered, for the next who asks for them.
    ahead: Mutex<Option<Roster>>,
    organization_name: Mutex<Option<String>>,
}

impl Client {
    /// Prepares a client. Nothing is sent yet.
    ///
    /// # Errors
    /// When the certificate authorities cannot be read, no secure connection could be made, or a
    /// credential cannot be sent.
    pub fn new(options: ClientOptions, credentials: Credentials) -> Result<Self, ClientError> {
        let (organization, declared) = (options.organization, options.dialect);
        let scim = options.scim_token.clone().map(|token| (options.scim_path.clone(), token));
        let username = Arc::from(credentials.username());
        let transport = Transport::new(options, credentials)?;
        let scim = scim.map(|(path, token)| Scim::new(&transport, path, token)).transpose()?;
        Ok(Self {
            transport,
            scim,
            organization,
            username,
            declared,
            found: OnceCell::new(),
            answers_grants: OnceLock::new(),
            ahead: Mutex::new(None),
            organization_name: Mutex::new(None),
        })
    }

    /// How many requests were sent so far, retries and redirects included.
    pub fn requests_sent(&self) -> u64 {
        self.transport.requests_sent()
    }

    /// What the audit log knows about one person from a moment on. Empty where the service does not
    /// answer that endpoint: who changed something is then not known.
    ///
    /// # Errors
    /// When the request fails in another way.
    pub async fn audit_log(
        &self,
        email: &Email,
        since: Timestamp,
    ) -> Result<Vec<AuditEvent>, ApiError> {
        match self.members_dialect().audit_log(email, since).await {
            // The service filters by day at most, and may not filter at all.
            Ok(mut events) => {
                events.retain(|event| {
                    event.at.is_none_or(|at| at >= since)
                        && event.email.as_ref().is_none_or(|about| about == email)
                });
                Ok(events)
            }
            Err(error) if error.is_missing() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// What SCIM says it can do; nothing without a SCIM token. One request, the first time.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn scim_features(&self) -> Result<Option<ScimFeatures>, ApiError> {
        match &self.scim {
            Some(scim) => scim.features().await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) const fn scim(&self) -> Option<&Scim> {
        self.scim.as_ref()
    }

    pub(crate) const fn members_dialect(&self) -> Members<'_> {
        Members { transport: &self.transport, organization: self.organization }
    }

    pub(crate) const fn app_dialect(&self, prefix: &'static str) -> App<'_> {
        App { transport: &self.transport, organization: self.organization, prefix }
    }

    pub(crate) const fn teams_at(&self, prefix: &'static str) -> Teams<'_> {
        Teams { transport: &self.transport, organization: self.organization, prefix }
    }

    pub(crate) const fn accounts(&self) -> ServiceAccounts<'_> {
        ServiceAccounts { transport: &self.transport, organization: self.organization }
    }

    /// What was read while finding out the dialect. Given once: it is older with every request.
    fn take_ahead(&self) -> Option<Roster> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("organization", &self.organization)
            .field("dialect", &self.declared)
            .finish_non_exhaustive()
    }
}
