//! The client: one organization, through one dialect.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use mixaccess_model::{Actor, Dialect, Email, LiveMember, LiveProject, OrganizationId, ProjectId};
use secrecy::SecretString;

use crate::dialect::members::Members;
use crate::transport::Transport;
use crate::{
    AccessRead, AccessWrite, ApiError, AuditEvent, ClientError, ClientOptions, Credentials,
    ProjectMember, Write, Written,
};

/// A client of one organization. Connections are kept and used again; share it by reference.
pub struct Client {
    transport: Transport,
    organization: OrganizationId,
    dialect: Dialect,
    organization_name: Mutex<Option<String>>,
}

impl Client {
    /// Prepares a client. Nothing is sent yet.
    ///
    /// # Errors
    /// When the certificate authorities cannot be read, or no secure connection could be made.
    pub fn new(options: ClientOptions, credentials: Credentials) -> Result<Self, ClientError> {
        let (organization, dialect) = (options.organization, options.dialect);
        let transport = Transport::new(options, credentials)?;
        Ok(Self { transport, organization, dialect, organization_name: Mutex::new(None) })
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
        let result = match self.dialect {
            Dialect::Members | Dialect::App => self.members_dialect().audit_log(email, since).await,
        };
        match result {
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

    /// Rotates one of a project's tokens (`mixpanel-api.md`, "Dialect `members`") and gives the new
    /// value: a secret, in no error and no log. Sent once; every implementation that uses the old
    /// value stops working.
    ///
    /// # Errors
    /// When the service refuses; or the outcome is unknown, and then the old value may be gone.
    pub async fn rotate_token(
        &self,
        project: ProjectId,
        token_id: &str,
    ) -> Result<SecretString, ApiError> {
        match self.dialect {
            Dialect::Members | Dialect::App => {
                self.members_dialect().rotate_token(project, token_id).await
            }
        }
    }

    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) const fn members_dialect(&self) -> Members<'_> {
        Members { transport: &self.transport, organization: self.organization }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("organization", &self.organization)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl AccessRead for Client {
    async fn me(&self) -> Result<Actor, ApiError> {
        let identity = match self.dialect {
            Dialect::Members | Dialect::App => self.members_dialect().me().await?,
        };
        let mut name = self.organization_name.lock().unwrap_or_else(PoisonError::into_inner);
        *name = identity.organization_name;
        drop(name);
        Ok(identity.actor)
    }

    fn organization_name(&self) -> Option<String> {
        self.organization_name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn members(&self) -> Result<Vec<LiveMember>, ApiError> {
        match self.dialect {
            Dialect::Members | Dialect::App => self.members_dialect().members().await,
        }
    }

    async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        match self.dialect {
            Dialect::Members | Dialect::App => self.members_dialect().projects().await,
        }
    }

    async fn project_members(&self, project: ProjectId) -> Result<Vec<ProjectMember>, ApiError> {
        match self.dialect {
            Dialect::Members | Dialect::App => {
                self.members_dialect().project_members(project).await
            }
        }
    }
}

impl AccessWrite for Client {
    async fn write(&self, write: &Write) -> Result<Written, ApiError> {
        match self.dialect {
            Dialect::Members | Dialect::App => self.members_dialect().write(write).await,
        }
    }
}
