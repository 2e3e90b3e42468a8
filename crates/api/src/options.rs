//! How the client behaves.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mixaccess_model::{Dialect, OrganizationId};
use secrecy::SecretString;

use crate::{BaseUrl, BaseUrlError, check_base_url};

/// Most requests that are ever in flight at once, whatever is asked for.
pub const MAX_CONCURRENCY: usize = 32;

const DEFAULT_CONCURRENCY: usize = 8;
const DEFAULT_REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// How the client behaves. [`ClientOptions::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Address of the service.
    pub base_url: BaseUrl,
    /// The organization.
    pub organization: OrganizationId,
    /// The endpoints it is managed through; nothing is the ones it is found to answer
    /// ([`Client::find_dialect`](crate::Client::find_dialect)).
    pub dialect: Option<Dialect>,
    /// The token for SCIM, where the organization has one; nothing by default, and then SCIM is not
    /// asked.
    pub scim_token: Option<SecretString>,
    /// Where SCIM's paths begin at the base URL: `/api/app/scim/v2` by default (`SERVICE.md`, "SCIM
    /// 2.0").
    pub scim_path: String,
    /// When to give up on one request.
    pub timeouts: Timeouts,
    /// How long one call may take, waits and retries included, before another try is no longer
    /// begun; 60 s by default, and zero never tries again.
    pub max_wait: Duration,
    /// The first wait before a retry, doubled for each further one up to 20 s, with jitter; 500 ms by
    /// default. A longer `Retry-After` wins.
    pub backoff: Duration,
    /// How many requests may be in flight at once: 8 by default, and never more than
    /// [`MAX_CONCURRENCY`].
    pub concurrency: usize,
    /// How many requests are begun a second, reads and writes together, retries included. The service's
    /// limit is unpublished (`SERVICE.md`, "Hosts and requests": "rate limit"): 20 by default, and no
    /// limit towards this machine.
    pub requests_per_second: Option<NonZeroU32>,
    /// A file with certificate authorities (PEM) to trust besides the system's. The variables
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's.
    pub ca_file: Option<PathBuf>,
    /// What the client calls itself; `mixaccess/VERSION` by default.
    pub user_agent: String,
    /// Is told of every wait before a request is sent again, so that nobody stares at a silent
    /// program; nobody is by default.
    pub on_wait: Option<OnWait>,
}

/// A wait before a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The request, as method and path without host and query.
    pub request: String,
    /// Why it failed: a lowercase fragment, safe to print.
    pub message: String,
    /// For how long.
    pub duration: Duration,
}

/// Is told of waits. Called from several threads.
#[derive(Clone)]
pub struct OnWait(Arc<dyn Fn(&Wait) + Send + Sync>);

impl OnWait {
    /// Wraps a function, which should return soon.
    pub fn new(tell: impl Fn(&Wait) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, wait: &Wait) {
        (self.0)(wait);
    }
}

impl fmt::Debug for OnWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnWait")
    }
}

/// When to give up on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected; 10 s by default.
    pub connect: Duration,
    /// Between two pieces of an answer; 30 s by default.
    pub read: Duration,
    /// For the whole request; 120 s by default.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

impl ClientOptions {
    /// The defaults for one organization at one address. Without a dialect, the client finds out which
    /// one the organization answers.
    ///
    /// # Errors
    /// When the address is refused by [`check_base_url`].
    pub fn new(
        base_url: &str,
        organization: OrganizationId,
        dialect: impl Into<Option<Dialect>>,
    ) -> Result<Self, BaseUrlError> {
        let base_url = check_base_url(base_url)?;
        let requests_per_second =
            if base_url.is_loopback() { None } else { Some(DEFAULT_REQUESTS_PER_SECOND) };
        Ok(Self {
            base_url,
            organization,
            dialect: dialect.into(),
            scim_token: None,
            scim_path: "/api/app/scim/v2".to_owned(),
            timeouts: Timeouts::default(),
            max_wait: Duration::from_secs(60),
            backoff: Duration::from_millis(500),
            concurrency: DEFAULT_CONCURRENCY,
            requests_per_second,
            ca_file: None,
            user_agent: concat!("mixaccess/", env!("CARGO_PKG_VERSION")).to_owned(),
            on_wait: None,
        })
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file with certificate authorities cannot be read.
    #[error("cannot read the certificate authorities in {}: {source}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no certificate in PEM form.
    #[error("{} holds no certificate in PEM form{detail}", path.display())]
    CaContent {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, or nothing.
        detail: String,
    },
    /// The credentials or the user agent cannot be sent.
    #[error("the {0} cannot be sent as a header")]
    Header(&'static str),
    /// No secure connection can be made, mostly for want of certificate authorities.
    #[error("cannot set up secure connections: {0}")]
    Tls(String),
}

impl ClientError {
    /// What to do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::CaFile { .. } | Self::CaContent { .. } => {
                Some("Name a readable file with one or more BEGIN CERTIFICATE blocks.")
            }
            Self::Header(_) => None,
            Self::Tls(_) => Some(
                "This machine seems to have no certificate authorities: install its ca-certificates \
                 package, or set SSL_CERT_FILE to a file with them.",
            ),
        }
    }
}
