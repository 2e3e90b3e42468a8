//! Grants by the organization verb, or through `members` where an organization lacks it.

use mixaccess_model::{Email, ProjectId, ProjectRole};

use super::Client;
use crate::dialect::app::App;
use crate::request::{Endpoint, Request};
use crate::{ApiError, ErrorKind, Written};

impl Client {
    /// Gives grants by the verb of dialect `app`, all in one call; without that dialect, or where the
    /// verb is missing (404 or 405), sends `instead` one by one, up to the first that fails
    /// (`SERVICE.md`, "Dialect app").
    ///
    /// A 404 may be about a project too: `instead` then fails with a 404 of its own. What showed of the
    /// verb holds from then on, so that no call is sent in vain twice.
    ///
    /// # Errors
    /// When a request fails. After a part of `instead` was carried out, the outcome counts as unknown:
    /// reading again tells the grants that were made from those that were not.
    pub(super) async fn give<'g>(
        &self,
        app: Option<App<'_>>,
        endpoint: Endpoint,
        grants: impl IntoIterator<Item = (&'g Email, ProjectId, &'g ProjectRole)> + Send,
        instead: impl Iterator<Item = Request> + Send,
    ) -> Result<Written, ApiError> {
        let known = self.answers_grants.get().copied();
        let app = app.filter(|_| known != Some(false));
        let is_asked = app.is_some();
        if let Some(app) = app {
            match self.transport.write(&app.grants(endpoint, grants)).await {
                Ok(()) => {
                    self.answers_grants.get_or_init(|| true);
                    return Ok(Written::default());
                }
                Err(error) if known.is_some() || !error.is_missing() => return Err(error),
                Err(error) if error.status == Some(405) => {
                    self.answers_grants.get_or_init(|| false);
                }
                Err(_) => {}
            }
        }
        for (made, request) in instead.enumerate() {
            let sent = self.transport.write(&request).await;
            sent.map_err(|error| after_others(error, made))?;
        }
        if is_asked {
            self.answers_grants.get_or_init(|| false);
        }
        Ok(Written::default())
    }
}

/// The error of a grant before which others of the same write were made.
fn after_others(error: ApiError, made: usize) -> ApiError {
    if made == 0 {
        return error;
    }
    let grants = if made == 1 { "one grant was" } else { "other grants were" };
    let message = format!("{}; {grants} made before it", error.message);
    ApiError { kind: ErrorKind::OutcomeUnknown, message, ..error }
}
