//! The credentials, which are never shown.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// Environment variable with the service account's user name (`SERVICE.md`, "Hosts and requests":
/// "environment").
pub const USERNAME_VARIABLE: &str = "MIXPANEL_SERVICE_ACCOUNT";
/// Environment variable with the service account's secret (`SERVICE.md`, "Hosts and requests":
/// "environment").
pub const SECRET_VARIABLE: &str = "MIXPANEL_SERVICE_ACCOUNT_SECRET";
/// Environment variable with the path of a file that holds the secret.
pub const SECRET_FILE_VARIABLE: &str = "MIXPANEL_SERVICE_ACCOUNT_SECRET_FILE";

/// Environment variable with the SCIM token (`SERVICE.md`, "SCIM 2.0").
pub const SCIM_TOKEN_VARIABLE: &str = "MIXPANEL_SCIM_TOKEN";
/// Environment variable with the path of a file that holds the SCIM token.
pub const SCIM_TOKEN_FILE_VARIABLE: &str = "MIXPANEL_SCIM_TOKEN_FILE";

const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// A service account's user name and secret. They come from the environment or a file, never from an
/// argument, which every other process could read.
#[derive(Clone)]
pub struct Credentials {
    username: String,
    secret: SecretString,
}

/// Why there are no usable credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The variable is not set, or empty.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// Neither the secret nor a file with it is given.
    #[error("neither {SECRET_VARIABLE} nor {SECRET_FILE_VARIABLE} is set")]
    MissingSecret,
    /// Both the secret and a file with it are given.
    #[error("both {0} and {1} are set")]
    TwoSecrets(&'static str, &'static str),
    /// The variable holds no UTF-8.
    #[error("{0} is not valid UTF-8")]
    NotText(&'static str),
    /// The user name or secret cannot be sent.
    #[error("{0} holds {1}, which cannot be part of a user name or secret")]
    Unusable(&'static str, &'static str),
    /// The file with the secret cannot be read.
    #[error("cannot read {}, which {variable} names: {source}", path.display())]
    File {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file with the secret is empty or far too large to be one.
    #[error("{}, which {variable} names, {problem}", path.display())]
    FileContent {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl CredentialsError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::MissingSecret => {
                "Create a service account under Organization Settings, Service Accounts, and set \
                 MIXPANEL_SERVICE_ACCOUNT and MIXPANEL_SERVICE_ACCOUNT_SECRET (or \
                 MIXPANEL_SERVICE_ACCOUNT_SECRET_FILE, the path of a file that holds the secret)."
            }
            Self::TwoSecrets(..) => "Unset one of them, so that it is clear which secret is meant.",
            Self::NotText(_) | Self::Unusable(..) => {
                "Copy the value again from where it was shown."
            }
            Self::File { .. } | Self::FileContent { .. } => {
                "The file must be readable and hold the secret alone, on one line."
            }
        }
    }
}

impl Credentials {
    /// Wraps a user name and secret.
    ///
    /// # Errors
    /// When one of them is empty or cannot be sent with HTTP Basic authentication.
    pub fn new(username: &str, secret: SecretString) -> Result<Self, CredentialsError> {
        check(USERNAME_VARIABLE, username)?;
        if username.contains(':') {
            return Err(CredentialsError::Unusable(USERNAME_VARIABLE, "a colon"));
        }
        check(SECRET_VARIABLE, secret.expose_secret())?;
        Ok(Self { username: username.to_owned(), secret })
    }

    /// Reads the credentials from variables that `lookup` finds; an empty variable counts as unset.
    ///
    /// # Errors
    /// Names the variable or file that is missing or unusable; never shows a value.
    pub fn from_lookup(
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, CredentialsError> {
        let find = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let username = find(USERNAME_VARIABLE)
            .ok_or(CredentialsError::Missing(USERNAME_VARIABLE))?
            .into_string()
            .map_err(|_| CredentialsError::NotText(USERNAME_VARIABLE))?;
        let secret = find_secret(find, SECRET_VARIABLE, SECRET_FILE_VARIABLE)?;
        Self::new(&username, secret.ok_or(CredentialsError::MissingSecret)?)
    }

    /// The user name, which is no secret.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// User name and secret as HTTP Basic authentication sends them.
    pub(crate) fn token(&self) -> SecretString {
        let pair = format!("{}:{}", self.username, self.secret.expose_secret());
        STANDARD.encode(pair).into()
    }

    pub(crate) fn into_secret(self) -> SecretString {
        self.secret
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("secret", &format_args!("[REDACTED]"))
            .finish()
    }
}

/// Reads the SCIM token from variables that `lookup` finds; an empty variable counts as unset. Nothing
/// where none is set: most organizations have none.
///
/// # Errors
/// Names the variable or file that is unusable; never shows a value.
pub fn scim_token(
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<SecretString>, CredentialsError> {
    let find = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
    let token = find_secret(find, SCIM_TOKEN_VARIABLE, SCIM_TOKEN_FILE_VARIABLE)?;
    if let Some(token) = &token {
        check(SCIM_TOKEN_VARIABLE, token.expose_secret())?;
    }
    Ok(token)
}

/// A secret that stands in a variable, or in a file that another variable names.
fn find_secret(
    find: impl Fn(&'static str) -> Option<OsString>,
    variable: &'static str,
    file_variable: &'static str,
) -> Result<Option<SecretString>, CredentialsError> {
    match (find(variable), find(file_variable)) {
        (Some(_), Some(_)) => Err(CredentialsError::TwoSecrets(variable, file_variable)),
        (None, None) => Ok(None),
        (Some(secret), None) => {
            let secret = secret.into_string().map_err(|_| CredentialsError::NotText(variable))?;
            Ok(Some(secret.into()))
        }
        (None, Some(path)) => read_secret(file_variable, Path::new(&path)).map(Some),
    }
}

fn check(variable: &'static str, value: &str) -> Result<(), CredentialsError> {
    if value.is_empty() {
        return Err(CredentialsError::Missing(variable));
    }
    if value.chars().any(char::is_control) {
        return Err(CredentialsError::Unusable(variable, "a control character or line break"));
    }
    Ok(())
}

fn read_secret(variable: &'static str, path: &Path) -> Result<SecretString, CredentialsError> {
    let content =
        |problem| CredentialsError::FileContent { variable, path: path.to_owned(), problem };
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| CredentialsError::File { variable, path: path.to_owned(), source })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_SECRET_BYTES {
        return Err(content("is too large to be a secret"));
    }
    let text = String::from_utf8(bytes).map_err(|_| content("is not valid UTF-8"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(content("is empty"));
    }
    if secret.contains(['\r', '\n']) {
        return Err(content("holds more than one line"));
    }
    Ok(secret.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Credentials, CredentialsError> {
        Credentials::from_lookup(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn reads_both_variables() {
        let credentials =
            from(&[(USERNAME_VARIABLE, "ci.mp-service-account"), (SECRET_VARIABLE, "hunter2")])
                .unwrap();
        assert_eq!(credentials.username(), "ci.mp-service-account");
        assert_eq!(credentials.secret.expose_secret(), "hunter2");
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }

    #[test]
    fn reads_the_secret_from_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let named = [(USERNAME_VARIABLE, "ci"), (SECRET_FILE_VARIABLE, path.to_str().unwrap())];
        assert!(matches!(from(&named), Err(CredentialsError::File { .. })));
        std::fs::write(&path, "hunter2\r\n").unwrap();
        assert_eq!(from(&named).unwrap().secret.expose_secret(), "hunter2");
        for content in [&b"\n"[..], b"a\nb\n", b"\xff\xfe", &[b'x'; 20_000]] {
            std::fs::write(&path, content).unwrap();
            let error = from(&named).unwrap_err();
            assert!(matches!(error, CredentialsError::FileContent { .. }), "{error}");
        }
    }

    #[test]
    fn a_scim_token_is_optional_and_as_well_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "hunter2\n").unwrap();
        let path = path.to_str().unwrap();
        let token = |pairs: &[(&str, &str)]| {
            scim_token(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            })
        };
        assert!(token(&[]).unwrap().is_none());
        assert!(token(&[(SCIM_TOKEN_VARIABLE, "")]).unwrap().is_none());
        for pairs in [[(SCIM_TOKEN_VARIABLE, "hunter2")], [(SCIM_TOKEN_FILE_VARIABLE, path)]] {
            assert_eq!(token(&pairs).unwrap().unwrap().expose_secret(), "hunter2");
        }
        for (pairs, expected) in [
            (
                vec![(SCIM_TOKEN_VARIABLE, "hunter2"), (SCIM_TOKEN_FILE_VARIABLE, path)],
                "both MIXPANEL_SCIM_TOKEN and MIXPANEL_SCIM_TOKEN_FILE are set",
            ),
            (
                vec![(SCIM_TOKEN_FILE_VARIABLE, "/nowhere/x")],
                "cannot read /nowhere/x, which MIXPANEL_SCIM_TOKEN_FILE",
            ),
            (vec![(SCIM_TOKEN_VARIABLE, "hunter2\n")], "MIXPANEL_SCIM_TOKEN holds a control"),
        ] {
            let error = token(&pairs).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"));
        }
    }

    #[test]
    fn names_the_variable_and_never_the_value() {
        let secret = "hunter2\u{7}";
        for (pairs, expected) in [
            (vec![], "MIXPANEL_SERVICE_ACCOUNT is not set"),
            (vec![(USERNAME_VARIABLE, "")], "MIXPANEL_SERVICE_ACCOUNT is not set"),
            (vec![(USERNAME_VARIABLE, "ci")], "neither MIXPANEL_SERVICE_ACCOUNT_SECRET nor"),
            (
                vec![
                    (USERNAME_VARIABLE, "ci"),
                    (SECRET_VARIABLE, secret),
                    (SECRET_FILE_VARIABLE, "/x"),
                ],
                "both MIXPANEL_SERVICE_ACCOUNT_SECRET and",
            ),
            (
                vec![(USERNAME_VARIABLE, "ci"), (SECRET_VARIABLE, secret)],
                "MIXPANEL_SERVICE_ACCOUNT_SECRET holds a control character",
            ),
            (
                vec![(USERNAME_VARIABLE, "a:b"), (SECRET_VARIABLE, "hunter2")],
                "MIXPANEL_SERVICE_ACCOUNT holds a colon",
            ),
        ] {
            let error = from(&pairs).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"));
        }
    }
}
