//! The address of the service.

use std::fmt;

use mixaccess_model::printable;
use reqwest::Url;

/// Address of the service, checked: HTTPS, or plain HTTP to this machine only, because credentials go
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    loopback: bool,
}

/// Why a text is no usable address of the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is no URL.
    #[error("the base URL is not a URL: {0}")]
    Syntax(String),
    /// Its scheme is neither `https` nor `http`.
    #[error("the base URL has the scheme `{0}`, and only https is spoken")]
    Scheme(String),
    /// Plain HTTP to another machine.
    #[error("the base URL is plain HTTP to `{0}`, which would send the secret unencrypted")]
    PlainHttp(String),
    /// It carries a user name or password.
    #[error("the base URL carries a user name or a password")]
    Credentials,
    /// It carries a query or a fragment.
    #[error("the base URL carries a query or a fragment")]
    QueryOrFragment,
}

impl BaseUrlError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Syntax(_) | Self::Scheme(_) | Self::QueryOrFragment => {
                "Give it as in https://mixpanel.com, https://eu.mixpanel.com or https://in.mixpanel.com."
            }
            Self::PlainHttp(_) => {
                "Use https; plain HTTP is accepted for 127.0.0.1, [::1] and localhost only."
            }
            Self::Credentials => {
                "Give credentials in MIXPANEL_SERVICE_ACCOUNT and MIXPANEL_SERVICE_ACCOUNT_SECRET."
            }
        }
    }
}

/// Checks an address of the service: HTTPS anywhere, plain HTTP to loopback only, no credentials,
/// query or fragment. A path is kept, for services behind a proxy.
///
/// # Errors
/// Says what is wrong, without repeating credentials.
pub fn check_base_url(text: &str) -> Result<BaseUrl, BaseUrlError> {
    let url = Url::parse(text.trim()).map_err(|error| BaseUrlError::Syntax(error.to_string()))?;
    let scheme = url.scheme();
    if scheme != "https" && scheme != "http" {
        return Err(BaseUrlError::Scheme(printable(scheme).into_owned()));
    }
    let Some(host) = url.host_str() else {
        return Err(BaseUrlError::Syntax("empty host".to_owned()));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BaseUrlError::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BaseUrlError::QueryOrFragment);
    }
    let loopback = is_loopback(host);
    if scheme == "http" && !loopback {
        return Err(BaseUrlError::PlainHttp(printable(host).into_owned()));
    }
    Ok(BaseUrl { url, loopback })
}

fn is_loopback(host: &str) -> bool {
    if host == "localhost" {
        return true;
    }
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl BaseUrl {
    /// Whether the service runs on this machine.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether the service is spoken to without encryption.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Appends an absolute path.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let prefix = self.url.path().trim_end_matches('/');
        url.set_path(&format!("{prefix}{path}"));
        url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_https_anywhere_and_http_on_loopback() {
        for (text, shown, loopback) in [
            ("https://mixpanel.com", "https://mixpanel.com", false),
            ("https://EU.mixpanel.com/", "https://eu.mixpanel.com", false),
            ("https://proxy.example:8443/mixpanel/", "https://proxy.example:8443/mixpanel", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://127.9.9.9", "http://127.9.9.9", true),
            ("http://[::1]:80/", "http://[::1]", true),
            ("http://localhost:3000", "http://localhost:3000", true),
            ("https://localhost", "https://localhost", true),
        ] {
            let base = check_base_url(text).unwrap();
            assert_eq!(base.to_string(), shown, "{text}");
            assert_eq!(base.is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for (text, expected) in [
            ("http://mixpanel.com", "plain HTTP to `mixpanel.com`"),
            ("http://127.0.0.1.evil.example", "plain HTTP"),
            ("http://localhost.evil.example", "plain HTTP"),
            ("http://10.0.0.1", "plain HTTP"),
            ("http://[::ffff:127.0.0.1]", "plain HTTP"),
            ("http://0.0.0.0", "plain HTTP"),
            ("ftp://mixpanel.com", "scheme `ftp`"),
            ("file:///etc/passwd", "scheme `file`"),
            ("mixpanel.com", "not a URL"),
            ("", "not a URL"),
            ("https://", "not a URL"),
            ("https://user@mixpanel.com", "user name or a password"),
            ("https://:hunter2@mixpanel.com", "user name or a password"),
            ("https://mixpanel.com?x=1", "query or a fragment"),
            ("https://mixpanel.com#x", "query or a fragment"),
        ] {
            let error = check_base_url(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2"));
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn keeps_a_path_prefix() {
        let base = check_base_url("https://proxy.example/mp/").unwrap();
        assert_eq!(base.at("/api/app/me").as_str(), "https://proxy.example/mp/api/app/me");
        let base = check_base_url("https://mixpanel.com").unwrap();
        assert_eq!(base.at("/api/app/me").as_str(), "https://mixpanel.com/api/app/me");
    }
}
