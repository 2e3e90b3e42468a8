//! A request, read and bounded, as the routes see it.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The largest request body that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path as it was sent.
    pub(crate) path: String,
    /// The query as it was sent.
    pub(crate) query: Option<String>,
    parameters: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Username and secret of HTTP Basic authentication.
    pub(crate) credentials: Option<(String, String)>,
    /// The token of Bearer authentication.
    pub(crate) bearer: Option<String>,
    content_type: Option<String>,
}

impl Call {
    pub(crate) fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Self {
        let parameters = Query::<Vec<(String, String)>>::try_from_uri(uri);
        Self {
            method,
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            parameters: parameters.map(|Query(parameters)| parameters).unwrap_or_default(),
            body,
            credentials: basic_credentials(headers),
            bearer: authorization(headers, "bearer").map(str::to_owned),
            content_type: header_text(headers, &header::CONTENT_TYPE).map(str::to_lowercase),
        }
    }

    /// The path without a trailing slash.
    pub(crate) fn trimmed_path(&self) -> &str {
        self.path.trim_end_matches('/')
    }

    /// The query parameter, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Path and query as they were sent.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Path and query with one parameter replaced; `value` needs no escaping.
    pub(crate) fn with_query(&self, name: &str, value: &str) -> String {
        let kept = self.query.iter().flat_map(|query| query.split('&'));
        let kept = kept.filter(|pair| pair.split('=').next() != Some(name));
        let own = format!("{name}={value}");
        let query: Vec<&str> = kept.chain([own.as_str()]).collect();
        format!("{}?{}", self.path, query.join("&"))
    }

    /// The body as a JSON object of SCIM, whose numbers are texts. Bodies of another type than JSON are
    /// refused; a request may leave the type out.
    pub(crate) fn scim_object(&self) -> Result<Map<String, Value>, Refusal> {
        let essence = |content_type: &String| {
            content_type.split(';').next().unwrap_or_default().trim().to_owned()
        };
        let is_json =
            |essence: String| essence == "application/scim+json" || essence == "application/json";
        if !self.content_type.as_ref().map(essence).is_none_or(is_json) {
            return Err(Refusal::UnsupportedMediaType);
        }
        self.any_object()
    }

    /// The body as a JSON object, whose numbers may be texts.
    pub(crate) fn any_object(&self) -> Result<Map<String, Value>, Refusal> {
        let bad = |message: &str| Refusal::BadRequest(message.to_owned());
        match serde_json::from_slice(&self.body).map_err(|_| bad("Invalid JSON"))? {
            Value::Object(object) => Ok(object),
            _ => Err(bad("Expected a JSON object")),
        }
    }

    /// The body as a JSON object. A string where the service wants a number is answered with 500
    /// (`SERVICE.md`, "Hosts and requests": "numeric ids").
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        let object = self.any_object()?;
        let is_id = |name: &str| name == "id" || name.ends_with("_id");
        if object.iter().any(|(name, value)| is_id(name) && value.is_string()) {
            return Err(Refusal::StringId);
        }
        Ok(object)
    }
}

/// A text field of a JSON object.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    match object.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Refusal::BadRequest(format!("Field must be a string: {name}"))),
        None => Err(Refusal::BadRequest(format!("Missing required field: {name}"))),
    }
}

/// A list of texts in a JSON object; absent, it is empty.
pub(crate) fn texts(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let bad = || Refusal::BadRequest(format!("Field must be a list of strings: {name}"));
    list(object, name)?.iter().map(|value| text(value).ok_or_else(bad)).collect()
}

/// A number in a JSON object. A string is answered with 500, like every string where the service wants a
/// number.
pub(crate) fn number(object: &Map<String, Value>, name: &str) -> Result<u64, Refusal> {
    let missing = || Refusal::BadRequest(format!("Missing required field: {name}"));
    as_number(object.get(name).ok_or_else(missing)?, name)
}

/// A list of numbers in a JSON object; absent, it is empty.
pub(crate) fn numbers(object: &Map<String, Value>, name: &str) -> Result<Vec<u64>, Refusal> {
    list(object, name)?.iter().map(|value| as_number(value, name)).collect()
}

/// A list of objects in a JSON object; absent, it is empty.
pub(crate) fn objects<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Result<Vec<&'a Map<String, Value>>, Refusal> {
    let bad = || Refusal::BadRequest(format!("Field must be a list of objects: {name}"));
    list(object, name)?.iter().map(|value| value.as_object().ok_or_else(bad)).collect()
}

/// Refuses fields that mean nothing: where the body's shape is our own inference, a misspelt field must
/// not pass for a change that was made.
pub(crate) fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Refusal::BadRequest(format!("Unknown field: {name}"))),
        None => Ok(()),
    }
}

fn list<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], Refusal> {
    match object.get(name) {
        None => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(_) => Err(Refusal::BadRequest(format!("Field must be a list: {name}"))),
    }
}

fn as_number(value: &Value, name: &str) -> Result<u64, Refusal> {
    match value {
        Value::String(_) => Err(Refusal::StringId),
        value => value
            .as_u64()
            .ok_or_else(|| Refusal::BadRequest(format!("Field must be a whole number: {name}"))),
    }
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = authorization(headers, "basic")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (username, secret) = decoded.split_once(':')?;
    Some((username.to_owned(), secret.to_owned()))
}

/// What stands after the scheme in the header for authorization, when it is that scheme.
fn authorization<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let (scheme, value) = header_text(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| value.trim())
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
