//! The one place every request goes through: credentials, limits, redirects, bounded bodies, retries.

mod connect;

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, IF_MATCH,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::answer::{Answer, DecodeError, answered, said};
use crate::error::{UNREADABLE, quotable};
use crate::request::Request;
use crate::retry::{Cause, Failure, Tries, Verdict, retry_after};
use crate::{
    ApiError, BaseUrl, ClientError, ClientOptions, Credentials, MAX_CONCURRENCY, OnWait, Wait, hint,
};

const MOST_REDIRECTS: usize = 5;
/// Most bytes of an answer that is no list.
const MAX_BODY_BYTES: usize = 1 << 20;
const MESSAGE_LIMIT: usize = 400;

/// Sends requests to one service, with one way to prove who we are. Copies made by
/// [`Transport::with_bearer`] share connections, limits and counts.
pub(crate) struct Transport {
    http: reqwest::Client,
    base: BaseUrl,
    authorization: HeaderValue,
    /// What is sent, and asked for.
    media_type: &'static str,
    /// What no message may repeat.
    secrets: Vec<SecretString>,
    permits: Arc<Semaphore>,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
    backoff: Duration,
    max_wait: Duration,
    on_wait: Option<OnWait>,
    sent: Arc<AtomicU64>,
}

impl Transport {
    pub(crate) fn new(
        options: ClientOptions,
        credentials: Credentials,
    ) -> Result<Self, ClientError> {
        let token = credentials.token();
        let authorization = authorization("Basic", &token, "credentials")?;
        let limiter = options.requests_per_second.map(Quota::per_second).map(RateLimiter::direct);
        Ok(Self {
            http: connect::http_client(&options)?,
            base: options.base_url,
            authorization,
            media_type: "application/json",
            secrets: vec![credentials.into_secret(), token],
            permits: Arc::new(Semaphore::new(options.concurrency.clamp(1, MAX_CONCURRENCY))),
            limiter: limiter.map(Arc::new),
            backoff: options.backoff,
            max_wait: options.max_wait,
            on_wait: options.on_wait,
            sent: Arc::new(AtomicU64::new(0)),
        })
    }

    /// The same service by a bearer token, in another media type.
    pub(crate) fn with_bearer(
        &self,
        token: SecretString,
        media_type: &'static str,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            http: self.http.clone(),
            base: self.base.clone(),
            authorization: authorization("Bearer", &token, "SCIM token")?,
            media_type,
            secrets: vec![token],
            permits: Arc::clone(&self.permits),
            limiter: self.limiter.clone(),
            backoff: self.backoff,
            max_wait: self.max_wait,
            on_wait: self.on_wait.clone(),
            sent: Arc::clone(&self.sent),
        })
    }

    /// The URL of a path at the service.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.at(path)
    }

    /// How many requests were sent, retries and redirects included.
    pub(crate) fn requests_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends a reading request until it is answered and the answer can be read.
    pub(crate) async fn read<D>(
        &self,
        request: &Request,
        decode: impl Fn(&Answer) -> Result<D, DecodeError>,
    ) -> Result<D, ApiError> {
        self.run(request, decode, || None).await
    }

    /// Sends a writing request until it is answered, as often as is safe.
    pub(crate) async fn write(&self, request: &Request) -> Result<(), ApiError> {
        self.run(request, crate::answer::decode_write, || Some(())).await
    }

    async fn run<D>(
        &self,
        request: &Request,
        decode: impl Fn(&Answer) -> Result<D, DecodeError>,
        gone: impl Fn() -> Option<D>,
    ) -> Result<D, ApiError> {
        // The permit is kept through waits, so that a service in trouble sees fewer requests.
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(ApiError::permanent(request.label(), "the client is closed".to_owned()));
        };
        let mut tries = Tries::new(self.backoff, self.max_wait);
        let began = Instant::now();
        loop {
            let mut failure = match self.attempt(request, &decode).await {
                Ok(decoded) => return Ok(decoded),
                Err(failure) => failure,
            };
            failure.message = self.safe(&failure.message);
            let message = failure.message.clone();
            match tries.judge(request, failure, began.elapsed()) {
                Verdict::Again(duration) => {
                    if let Some(on_wait) = &self.on_wait {
                        on_wait.tell(&Wait { request: request.label(), message, duration });
                    }
                    tokio::time::sleep(duration).await;
                }
                Verdict::Fail(error) => return Err(error),
                Verdict::AlreadyGone => match gone() {
                    Some(done) => return Ok(done),
                    None => {
                        let message = "the service no longer knows it".to_owned();
                        return Err(ApiError::permanent(request.label(), message));
                    }
                },
            }
        }
    }

    async fn attempt<D>(
        &self,
        request: &Request,
        decode: &impl Fn(&Answer) -> Result<D, DecodeError>,
    ) -> Result<D, Failure> {
        let answer = self.send(request).await?;
        if !answer.status.is_success() {
            return Err(refusal(request, &answer));
        }
        decode(&answer).map_err(|error| {
            let (cause, message) = match error {
                DecodeError::NotWhole { problem, hint } => {
                    let hint = Some(hint.to_owned());
                    return Failure { hint, ..refused(format!("{UNREADABLE}: {problem}")) };
                }
                DecodeError::Truncated(message) => (Cause::Uncertain, message),
                DecodeError::Unreadable(message) => (Cause::Unreadable, message),
                DecodeError::Refused(text) => {
                    (Cause::Refused, format!("the service answered an error: {text}"))
                }
            };
            let hint = (cause == Cause::Unreadable).then(|| {
                "This does not look like Mixpanel's answer: check the base URL and whether a proxy \
                 or login page stands in between; `mixaccess doctor` tries every endpoint."
                    .to_owned()
            });
            let status = Some(answer.status.as_u16());
            Failure { cause, status, message, hint, retry_after: None }
        })
    }

    /// Sends it once, following redirects that stay at the service.
    async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        let mut url = request.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.send_to(request, url.clone()).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
                return read_answer(request, response).await;
            }
            url = redirected(&url, &response).map_err(|message| {
                let hint = "Point the base URL at the address that answers itself: credentials are \
                            never sent to another host, port or scheme.";
                let status = Some(response.status().as_u16());
                Failure { status, hint: Some(hint.to_owned()), ..refused(message) }
            })?;
        }
        Err(refused(format!("more than {MOST_REDIRECTS} redirects one after the other")))
    }

    async fn send_to(&self, request: &Request, url: Url) -> Result<Response, Failure> {
        self.respect_rate().await;
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, self.media_type);
        if let Some(version) = &request.version {
            builder = builder.header(IF_MATCH, version);
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, self.media_type).body(body.to_string());
        }
        let built = builder.build().map_err(|error| {
            refused(format!("the request cannot be made: {}", chain(&error.without_url())))
        })?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.http.execute(built).await.map_err(connect::failure)
    }

    async fn respect_rate(&self) {
        let Some(limiter) = &self.limiter else { return };
        while let Err(not_until) = limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(DefaultClock::default().now())).await;
        }
    }

    /// Takes the secret out of a message, should the service or a proxy repeat it.
    fn safe(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for secret in &self.secrets {
            message = message.replace(secret.expose_secret(), "[REDACTED]");
        }
        quotable(&message, MESSAGE_LIMIT)
    }
}

fn authorization(
    scheme: &str,
    token: &SecretString,
    what: &'static str,
) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {}", token.expose_secret()))
        .map_err(|_| ClientError::Header(what))?;
    value.set_sensitive(true);
    Ok(value)
}

fn refused(message: String) -> Failure {
    Failure { cause: Cause::Refused, status: None, message, hint: None, retry_after: None }
}

fn lost(message: String) -> Failure {
    Failure { cause: Cause::Uncertain, ..refused(message) }
}

/// What an answer that is not 2xx means.
fn refusal(request: &Request, answer: &Answer) -> Failure {
    let status = answer.status;
    let cause = match status.as_u16() {
        429 => Cause::RateLimited,
        408 | 500..=599 => Cause::Uncertain,
        _ => Cause::Refused,
    };
    Failure {
        cause,
        status: Some(status.as_u16()),
        message: match cause {
            Cause::Uncertain if request.endpoint.answers_secret() => answered(status),
            _ => said(answer),
        },
        hint: hint::for_status(request.endpoint, status.as_u16()).map(str::to_owned),
        retry_after: match cause {
            Cause::RateLimited | Cause::Uncertain => retry_after(answer),
            Cause::NotSent | Cause::Unreadable | Cause::Refused => None,
        },
    }
}

/// Where a redirect leads, when it stays at the same scheme, host and port (`SERVICE.md`, "Hosts and
/// requests": "redirect").
fn redirected(from: &Url, response: &Response) -> Result<Url, String> {
    let status = response.status().as_u16();
    let location = text(response.headers(), &LOCATION)
        .ok_or_else(|| format!("the service answered {status} without saying where to go"))?;
    let to = from
        .join(&location)
        .map_err(|_| format!("the service answered {status} with a location that is no URL"))?;
    if to.origin() != from.origin() {
        let origin = quotable(&to.origin().ascii_serialization(), MESSAGE_LIMIT);
        return Err(format!("the service answered {status} and redirects to {origin}"));
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(format!("the service answered {status} with a location that has credentials"));
    }
    Ok(to)
}

async fn read_answer(request: &Request, mut response: Response) -> Result<Answer, Failure> {
    let status = response.status();
    let headers = response.headers();
    let retry_after = text(headers, &RETRY_AFTER);
    let date = text(headers, &DATE);
    let limit = if request.is_write() || !status.is_success() {
        MAX_BODY_BYTES
    } else {
        request.endpoint.most_bytes()
    };
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    let mut body = Vec::with_capacity(announced.unwrap_or(0).min(limit));
    loop {
        let piece = match response.chunk().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            // What an error page would have said matters less than its status.
            Err(_) if !status.is_success() => break,
            Err(error) => return Err(interrupted(status, &error.without_url())),
        };
        if body.len() + piece.len() > limit {
            if status.is_success() {
                return Err(too_large(request, status, limit));
            }
            break;
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, retry_after, date, body })
}

fn interrupted(status: StatusCode, error: &reqwest::Error) -> Failure {
    let message = format!("the answer stopped in the middle: {}", chain(error));
    Failure { status: Some(status.as_u16()), ..lost(message) }
}

fn too_large(request: &Request, status: StatusCode, limit: usize) -> Failure {
    let cause = if request.is_write() { Cause::Unreadable } else { Cause::Refused };
    let message = format!("the answer is larger than {} MB", limit >> 20);
    Failure { cause, status: Some(status.as_u16()), ..refused(message) }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An error with what caused it, each said once.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
