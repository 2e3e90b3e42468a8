//! SCIM 2.0 (`SERVICE.md`, "SCIM 2.0"; RFC 7643 and 7644): the people and groups of an identity
//! provider. Against any server that speaks it: what Mixpanel has of its own is the path and the token.

mod change;
pub(crate) mod features;
mod find;
mod page;
mod resource;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mixaccess_model::{Email, ScimGroup, ScimUser};
use reqwest::Url;
use secrecy::SecretString;
use tokio::sync::OnceCell;

pub use features::ScimFeatures;

use crate::answer::Answer;
use crate::request::{Endpoint, Request};
use crate::transport::Transport;
use crate::{ApiError, ClientError};
use page::read_all;
use resource::{GroupResource, UserResource};

const MEDIA_TYPE: &str = "application/scim+json";

/// SCIM of one organization.
pub(crate) struct Scim {
    transport: Transport,
    /// Where the paths begin.
    path: String,
    features: OnceCell<ScimFeatures>,
    /// The ids found so far: they never change, and a plan may name the same people and groups often.
    ids: Mutex<Ids>,
    /// Held while a whole group is read, changed and put back, since the last to do so would win.
    whole_group: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Ids {
    users: HashMap<Email, Arc<str>>,
    groups: HashMap<Arc<str>, Arc<str>>,
}

impl Scim {
    /// SCIM at the service of `transport`, by a token of its own.
    ///
    /// # Errors
    /// When the token cannot be sent.
    pub(crate) fn new(
        transport: &Transport,
        path: String,
        token: SecretString,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            transport: transport.with_bearer(token, MEDIA_TYPE)?,
            path,
            features: OnceCell::new(),
            ids: Mutex::new(Ids::default()),
            whole_group: tokio::sync::Mutex::new(()),
        })
    }

    /// Everybody and every group, each sorted; nothing where SCIM is not answered.
    pub(crate) async fn everything(
        &self,
    ) -> Result<(Option<Vec<ScimUser>>, Option<Vec<ScimGroup>>), ApiError> {
        let Some(users) = self.all::<UserResource>(Endpoint::ScimUsers).await? else {
            return Ok((None, None));
        };
        let groups = self.all::<GroupResource>(Endpoint::ScimGroups).await?;
        let mut users: Vec<ScimUser> = users.into_iter().map(UserResource::into_user).collect();
        users.sort_unstable();
        let addresses: HashMap<&str, &Email> =
            users.iter().map(|user| (&*user.id, &user.email)).collect();
        let groups = groups.map(|groups| {
            let mut groups: Vec<ScimGroup> =
                groups.into_iter().map(|group| group.into_group(&addresses)).collect();
            groups.sort_unstable();
            groups
        });
        self.remember(&users, groups.as_deref().unwrap_or_default());
        Ok((Some(users), groups))
    }

    /// Keeps the ids of what one name stands for; of two of the same name, neither.
    fn remember(&self, users: &[ScimUser], groups: &[ScimGroup]) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.users = users
            .chunk_by(|a, b| a.email == b.email)
            .filter_map(|same| match same {
                [user] => Some((user.email.clone(), Arc::clone(&user.id))),
                _ => None,
            })
            .collect();
        ids.groups = groups
            .chunk_by(|a, b| a.name == b.name)
            .filter_map(|same| match same {
                [group] => Some((Arc::clone(&group.name), Arc::clone(&group.id))),
                _ => None,
            })
            .collect();
    }

    /// The reading request of an endpoint.
    pub(crate) fn reading(&self, endpoint: Endpoint) -> Request {
        let kind = match endpoint {
            Endpoint::ScimUsers => "/Users",
            Endpoint::ScimGroups => "/Groups",
            _ => "/ServiceProviderConfig",
        };
        Request::get(endpoint, self.url(kind))
    }

    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    async fn all<R: page::Resource>(&self, endpoint: Endpoint) -> Result<Option<Vec<R>>, ApiError> {
        match read_all::<R>(&self.transport, self.reading(endpoint), |_| {}).await {
            Ok(resources) => Ok(Some(resources)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many people or groups there are. Shows each answer before it is read.
    pub(crate) async fn count(
        &self,
        endpoint: Endpoint,
        seen_answer: impl Fn(&Answer) + Sync,
    ) -> Result<usize, ApiError> {
        let request = self.reading(endpoint);
        Ok(match endpoint {
            Endpoint::ScimGroups => {
                read_all::<GroupResource>(&self.transport, request, seen_answer).await?.len()
            }
            _ => read_all::<UserResource>(&self.transport, request, seen_answer).await?.len(),
        })
    }

    fn url(&self, rest: &str) -> Url {
        self.transport.url(&format!("{}{rest}", self.path))
    }
}
