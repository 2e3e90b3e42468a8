//! Answers: status, a few headers, a body.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use crate::fault::RetryAfter;
use crate::refusal::Refusal;

/// What a request is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, "application/json".to_owned())],
            body: value.to_string().into_bytes(),
        }
    }

    /// An answer of SCIM.
    pub(crate) fn scim(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, "application/scim+json".to_owned())],
            body: value.to_string().into_bytes(),
        }
    }

    /// An answer without a body.
    pub(crate) const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A success in the service's envelope.
    pub(crate) fn ok(results: &Value) -> Self {
        Self::json(200, &json!({ "status": "ok", "results": results }))
    }

    /// An error in the service's envelope.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "status": "error", "error": message }))
    }

    /// A refusal in the service's envelope.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        let answer = Self::error(refusal.status(), &refusal.to_string());
        match refusal {
            Refusal::Unauthenticated => {
                answer.with(header::WWW_AUTHENTICATE, "Basic realm=\"Mixpanel\"")
            }
            Refusal::InvitationLimit { retry_after } => {
                answer.with(header::RETRY_AFTER, retry_after.to_string())
            }
            _ => answer,
        }
    }

    /// The redirect to the path with its slash (`SERVICE.md`, "Hosts and requests":
    /// "redirect").
    pub(crate) fn redirect(location: String) -> Self {
        Self { status: 301, headers: vec![(header::LOCATION, location)], body: Vec::new() }
    }

    /// A page of something between the client and the service.
    pub(crate) fn page(status: u16) -> Self {
        let title = reason(status);
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{status} {title}</title></head>\n\
             <body><h1>{status} {title}</h1><p>An injected page.</p></body></html>\n"
        );
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned())],
            body: body.into_bytes(),
        }
    }

    /// What a fault answers with. Text that is no JSON is answered as text.
    pub(crate) fn injected(status: u16, body: Option<&str>) -> Self {
        let Some(text) = body else { return Self::error(status, reason(status)) };
        let is_json = serde_json::from_str::<Value>(text).is_ok();
        let content_type = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, content_type.to_owned())],
            body: text.as_bytes().to_vec(),
        }
    }

    /// The same list without so many of its last rows. What is no list stays as it is.
    pub(crate) fn without_last_rows(mut self, rows: usize) -> Self {
        if let Ok(mut value) = serde_json::from_slice::<Value>(&self.body) {
            shorten(&mut value, rows);
            self.body = value.to_string().into_bytes();
        }
        self
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds `Retry-After` in the form that is asked for.
    pub(crate) fn with_retry_after(self, retry_after: RetryAfter, now: Timestamp) -> Self {
        let value = match retry_after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => {
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                let then = now.saturating_add(jiff::SignedDuration::from_secs(seconds));
                http_date(then.unwrap_or(Timestamp::MAX)).unwrap_or_default()
            }
        };
        self.with(header::RETRY_AFTER, value)
    }

    /// The answer for HTTP, dated by the emulator's clock.
    pub(crate) fn into_response(self, now: Timestamp) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            // A location with line breaks comes from a fault's own text and is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(name, value);
            }
        }
        if let Some(date) = http_date(now).and_then(|date| HeaderValue::from_str(&date).ok()) {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }
}

/// Drops the last rows of the list that is in a value, however it is wrapped.
fn shorten(value: &mut Value, rows: usize) {
    match value {
        Value::Array(list) => list.truncate(list.len().saturating_sub(rows)),
        Value::Object(fields) => {
            if let Some(list) = fields.values_mut().find(|field| field.is_array()) {
                return shorten(list, rows);
            }
            match fields.get_mut("results") {
                Some(inner) => shorten(inner, rows),
                // Rows by their number.
                None => {
                    let kept = fields.len().saturating_sub(rows);
                    let gone: Vec<String> = fields.keys().skip(kept).cloned().collect();
                    gone.iter().for_each(|key| drop(fields.remove(key)));
                }
            }
        }
        _ => {}
    }
}

fn http_date(instant: Timestamp) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).ok()
}

fn reason(status: u16) -> &'static str {
    let status = StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Injected fault")
}
