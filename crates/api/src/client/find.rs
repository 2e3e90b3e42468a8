//! Which dialect an organization answers, and where its paths begin: found out once.

use std::sync::PoisonError;

use mixaccess_model::Dialect;

use super::Client;
use crate::dialect::app::PREFIXES;
use crate::dialect::members;
use crate::{ApiError, ErrorKind};

/// Which dialect a client uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDialect {
    /// The dialect.
    pub dialect: Dialect,
    /// Whether the files declare it, so that it was not found out.
    pub is_declared: bool,
    /// What decided it: a lowercase fragment such as "GET /api/app/organizations/7/users/ answers".
    pub because: String,
}

/// What was found out.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) dialect: Dialect,
    /// Where the organization verbs answer; nothing where none was found to.
    pub(super) prefix: Option<&'static str>,
    because: String,
}

impl Found {
    /// Where the organization verbs answer, when it is by them that the organization is managed.
    pub(super) fn verbs(&self) -> Option<&'static str> {
        self.prefix.filter(|_| self.dialect == Dialect::App)
    }
}

impl Client {
    /// Which dialect the organization is managed through: the declared one, or the one it answers, which
    /// is `app` where its list of users is answered, else `members`. Asks once, and not at all where
    /// `members` is declared; what the answer says of members serves whoever reads them next.
    ///
    /// # Errors
    /// When asking fails in another way than that the service does not know the endpoint.
    pub async fn find_dialect(&self) -> Result<FoundDialect, ApiError> {
        if let Some(dialect) = self.declared {
            let because = "the files declare it".to_owned();
            return Ok(FoundDialect { dialect, is_declared: true, because });
        }
        let found = self.found().await?;
        Ok(FoundDialect {
            dialect: found.dialect,
            is_declared: false,
            because: found.because.clone(),
        })
    }

    /// The dialect and where its paths begin.
    pub(super) async fn found(&self) -> Result<&Found, ApiError> {
        self.found.get_or_try_init(|| self.find()).await
    }

    /// Where the paths of teams begin.
    pub(super) async fn prefix(&self) -> Result<&'static str, ApiError> {
        Ok(self.found().await?.prefix.unwrap_or(members::ROOT))
    }

    async fn find(&self) -> Result<Found, ApiError> {
        if self.declared == Some(Dialect::Members) {
            return Ok(Found { dialect: Dialect::Members, prefix: None, because: String::new() });
        }
        let mut asked = Vec::with_capacity(PREFIXES.len());
        for prefix in PREFIXES {
            let app = self.app_dialect(prefix);
            let request = app.reading_users().label();
            match app.roster().await {
                // An organization has an owner at least, so that nobody at all is no answer.
                Ok(roster) if roster.members.is_empty() && self.declared.is_none() => {
                    asked.push(request);
                }
                Ok(roster) => {
                    *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(roster);
                    return Ok(Found {
                        dialect: Dialect::App,
                        prefix: Some(prefix),
                        because: format!("{request} answers"),
                    });
                }
                Err(error) if answers_elsewhere(&error) || self.may_not(&error) => {
                    asked.push(request);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Found {
            dialect: self.declared.unwrap_or(Dialect::Members),
            prefix: None,
            because: format!("neither {} answers", asked.join(" nor ")),
        })
    }
}

impl Client {
    /// Whether a dialect that is only looked for is forbidden: the other may be allowed.
    fn may_not(&self, error: &ApiError) -> bool {
        self.declared.is_none() && error.status == Some(403)
    }
}

/// Whether a path is none of the API's: 404 or 405, a page instead of JSON, or a redirect to a log-in.
pub(super) fn answers_elsewhere(error: &ApiError) -> bool {
    let is_page = error.kind == ErrorKind::Permanent
        && error.status.is_some_and(|status| (200..400).contains(&status));
    error.is_missing() || is_page
}
