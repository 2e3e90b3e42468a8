//! From an address or a name to the id that SCIM goes by.

use std::sync::{Arc, PoisonError};

use mixaccess_model::{Email, printable};

use super::Scim;
use super::page::{Resource, read_all};
use super::resource::{GroupResource, UserResource};
use crate::ApiError;
use crate::request::Endpoint;

impl Scim {
    /// The id of a person.
    ///
    /// # Errors
    /// When the identity provider does not know the person, or knows two.
    pub(super) async fn user_id(&self, email: &Email) -> Result<Arc<str>, ApiError> {
        let known = |scim: &Self| {
            scim.ids.lock().unwrap_or_else(PoisonError::into_inner).users.get(email).cloned()
        };
        if let Some(id) = known(self) {
            return Ok(id);
        }
        let found = self
            .find::<UserResource>(Endpoint::ScimUsers, "userName", email.as_str(), |user| {
                user.email() == *email
            })
            .await?;
        let who = || format!("a person {}", printable(email.as_str()));
        let hint = "Assign Mixpanel to the person at the identity provider first.";
        let id = self.only(Endpoint::ScimUsers, &found, who, hint)?;
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.users.insert(email.clone(), Arc::clone(&id));
        Ok(id)
    }

    /// The id of a group.
    ///
    /// # Errors
    /// When the identity provider has no such group, or two.
    pub(super) async fn group_id(&self, name: &str) -> Result<Arc<str>, ApiError> {
        let known = |scim: &Self| {
            scim.ids.lock().unwrap_or_else(PoisonError::into_inner).groups.get(name).cloned()
        };
        if let Some(id) = known(self) {
            return Ok(id);
        }
        let mut found = self
            .find::<GroupResource>(Endpoint::ScimGroups, "displayName", name, |group| {
                group.name().to_lowercase() == name.to_lowercase()
            })
            .await?;
        if found.iter().any(|group| group.name() == name) {
            found.retain(|group| group.name() == name);
        }
        let who = || format!("a group {}", printable(name));
        let hint = "Make the group at the identity provider, and push it to Mixpanel.";
        let id = self.only(Endpoint::ScimGroups, &found, who, hint)?;
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.groups.insert(Arc::from(name), Arc::clone(&id));
        Ok(id)
    }

    /// Forgets the id of a group that is no longer what it was.
    pub(super) fn forget_group(&self, name: &str) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).groups.remove(name);
    }

    /// The resources that are meant: looked up where the server can, else found among all.
    async fn find<R: Resource>(
        &self,
        endpoint: Endpoint,
        attribute: &str,
        value: &str,
        is_meant: impl Fn(&R) -> bool,
    ) -> Result<Vec<R>, ApiError> {
        let mut request = self.reading(endpoint);
        if self.features().await?.filter {
            let filter = format!("{attribute} eq {}", quoted(value));
            request.url.query_pairs_mut().append_pair("filter", &filter);
        }
        let mut found = read_all::<R>(&self.transport, request, |_| {}).await?;
        found.retain(is_meant);
        Ok(found)
    }

    fn only<R: Resource>(
        &self,
        endpoint: Endpoint,
        found: &[R],
        who: impl Fn() -> String,
        hint: &str,
    ) -> Result<Arc<str>, ApiError> {
        let problem = match found {
            [one] => return Ok(Arc::from(one.id())),
            [] => format!("the identity provider does not know {}", who()),
            _ => format!("the identity provider knows {} of {}", found.len(), who()),
        };
        let error = ApiError::permanent(self.reading(endpoint).label(), problem);
        Err(ApiError { hint: Some(hint.to_owned()), ..error })
    }
}

/// A value in a filter: a JSON text (RFC 7644, section 3.4.2.2).
pub(super) fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}
