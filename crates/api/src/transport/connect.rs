//! Connections: TLS, proxies, timeouts, and what a connection that fails means.

use std::error::Error as StdError;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::redirect::Policy;

use super::{chain, lost, refused};
use crate::retry::{Cause, Failure};
use crate::{ClientError, ClientOptions};

/// Shorter than the idle limits of usual servers, so that a POST seldom meets a closed connection.
const IDLE: Duration = Duration::from_secs(20);
const MAX_CA_BYTES: u64 = 8 << 20;

/// The HTTP client. Redirects and retries are ours, since reqwest's would change methods and send
/// twice what must be sent once.
pub(super) fn http_client(options: &ClientOptions) -> Result<reqwest::Client, ClientError> {
    // An error only says that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let user_agent = reqwest::header::HeaderValue::from_str(&options.user_agent)
        .map_err(|_| ClientError::Header("user agent"))?;
    let mut builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(options.timeouts.connect)
        .read_timeout(options.timeouts.read)
        .timeout(options.timeouts.total)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(options.concurrency);
    let authorities = match &options.ca_file {
        Some(path) => read_authorities(path)?,
        None => Vec::new(),
    };
    if options.base_url.is_loopback() {
        builder = builder.no_proxy();
    }
    if options.base_url.is_plain() {
        // No connection will be encrypted, so a machine without authorities will do.
        builder = builder.tls_certs_only(authorities);
    } else if !authorities.is_empty() {
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().map_err(|error| ClientError::Tls(chain(&error)))
}

fn read_authorities(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_CA_BYTES).read_to_end(&mut bytes))
        .map_err(|source| ClientError::CaFile { path: path.to_owned(), source })?;
    let content = |detail| ClientError::CaContent { path: path.to_owned(), detail };
    let authorities = Certificate::from_pem_bundle(&bytes)
        .map_err(|error| content(format!(": {}", chain(&error))))?;
    if authorities.is_empty() { Err(content(String::new())) } else { Ok(authorities) }
}

/// What a request without an answer means.
pub(super) fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if let Some(problem) = untrusted(&error) {
        let hint = "If a proxy or the service uses a certificate authority of its own, name its file \
                    with --ca-file or SSL_CERT_FILE.";
        let message = format!("the service's certificate is not trusted: {problem}");
        return Failure { hint: Some(hint.to_owned()), ..refused(message) };
    }
    if error.is_builder() {
        return refused(format!("the request cannot be made: {}", chain(&error)));
    }
    if error.is_connect() {
        let hint =
            "Check the base URL, the network and the proxy variables (HTTPS_PROXY, NO_PROXY).";
        let message = format!("the service cannot be reached: {}", chain(&error));
        return Failure { cause: Cause::NotSent, hint: Some(hint.to_owned()), ..refused(message) };
    }
    if error.is_timeout() {
        return lost("the service did not answer in time".to_owned());
    }
    lost(format!("the connection was lost: {}", chain(&error)))
}

/// The certificate problem behind an error, if that is what it is.
fn untrusted(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        // An I/O error does not name the error it wraps as its source, but that one's source.
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = cause
            .downcast_ref::<rustls::Error>()
            .or_else(|| inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
        if let Some(problem @ rustls::Error::InvalidCertificate(_)) = tls {
            return Some(problem.to_string());
        }
        next = match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    None
}
