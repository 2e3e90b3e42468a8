//! What a SCIM server can do: `ServiceProviderConfig` (RFC 7643, section 5).

use serde_json::Value;

use super::Scim;
use crate::ApiError;
use crate::answer::{Answer, DecodeError, decode_value};
use crate::request::Endpoint;

/// What a SCIM server says it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScimFeatures {
    /// Whether one member of a group can be added or removed; else groups are replaced whole.
    pub patch: bool,
    /// Whether people and groups can be looked up by name; else all are read.
    pub filter: bool,
    /// Whether many operations can be sent at once. Nothing here does.
    pub bulk: bool,
    /// The most resources that one answer holds, when it says so.
    pub most_results: Option<u64>,
}

impl ScimFeatures {
    /// What RFC 7644 leads one to expect, for a server that does not say.
    const UNSAID: Self = Self { patch: true, filter: true, bulk: false, most_results: None };
}

impl Scim {
    /// What the server can do, asked once. A server that does not say is taken to be able to do what most
    /// can.
    pub(crate) async fn features(&self) -> Result<ScimFeatures, ApiError> {
        let ask = || async {
            let request = self.reading(Endpoint::ScimFeatures);
            match self.transport.read(&request, decode).await {
                Err(error) if error.is_missing() => Ok(ScimFeatures::UNSAID),
                result => result,
            }
        };
        self.features.get_or_try_init(ask).await.copied()
    }
}

/// Reads what the server says it can do; what it does not mention, it cannot.
///
/// # Errors
/// When the answer is none of a SCIM server's.
pub(crate) fn decode(answer: &Answer) -> Result<ScimFeatures, DecodeError> {
    let value = decode_value(answer)?;
    let feature = |name: &str| value.get(name).filter(|feature| feature.is_object());
    if ["patch", "filter", "bulk"].into_iter().all(|name| feature(name).is_none()) {
        let problem = "the answer is no service provider configuration".to_owned();
        return Err(DecodeError::Unreadable(problem));
    }
    let is_supported = |name| {
        let supported = feature(name).and_then(|feature| feature.get("supported"));
        supported.and_then(Value::as_bool).unwrap_or(false)
    };
    Ok(ScimFeatures {
        patch: is_supported("patch"),
        filter: is_supported("filter"),
        bulk: is_supported("bulk"),
        most_results: feature("filter")
            .and_then(|filter| filter.get("maxResults"))
            .and_then(Value::as_u64),
    })
}
