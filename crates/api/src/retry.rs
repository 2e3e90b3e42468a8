//! Which failed request is sent again, when, and what is known when it is not.
//!
//! Retries only where it is safe (5xx and lost connections on PUT and DELETE, 429 and refused
//! connections on all), with backoff, jitter and `Retry-After` up to a limit.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::Method;

use crate::answer::Answer;
use crate::request::Request;
use crate::{ApiError, ErrorKind};

const LONGEST_BACKOFF: Duration = Duration::from_secs(20);
const MOST_RETRIES: usize = 10;
const MOST_RETRIES_UNREACHABLE: usize = 4;

/// What is known about one failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It never reached the service.
    NotSent,
    /// The service turned it away unseen: 429.
    RateLimited,
    /// It may have been carried out: no answer, half an answer, 408 or 5xx.
    Uncertain,
    /// A 2xx answer that is not what the endpoint answers.
    Unreadable,
    /// The service refused, or it cannot be sent at all.
    Refused,
}

/// One failed try.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// How long the service asks to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// What follows from a failed try.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Wait, then send it again.
    Again(Duration),
    /// What it should remove is no longer there, because an earlier try removed it.
    AlreadyGone,
    /// Give up.
    Fail(ApiError),
}

/// The tries of one request so far.
pub(crate) struct Tries {
    backoff: ExponentialBackoff,
    max_wait: Duration,
    unreachable: usize,
    doubt: bool,
}

impl Tries {
    /// No try yet. `backoff` is the first wait.
    pub(crate) fn new(backoff: Duration, max_wait: Duration) -> Self {
        let backoff = ExponentialBuilder::new()
            .with_min_delay(backoff)
            .with_max_delay(LONGEST_BACKOFF)
            .with_max_times(MOST_RETRIES)
            .with_jitter()
            .build();
        Self { backoff, max_wait, unreachable: 0, doubt: false }
    }

    /// Decides what follows from a failed try, `elapsed` after the first one began.
    pub(crate) fn judge(
        &mut self,
        request: &Request,
        failure: Failure,
        elapsed: Duration,
    ) -> Verdict {
        if self.doubt && request.method == Method::DELETE && failure.status == Some(404) {
            return Verdict::AlreadyGone;
        }
        let uncertain = match failure.cause {
            Cause::Uncertain | Cause::Unreadable => true,
            Cause::NotSent | Cause::RateLimited | Cause::Refused => false,
        };
        self.doubt |= uncertain && request.is_write();
        let again = match failure.cause {
            Cause::Refused => false,
            Cause::RateLimited => true,
            Cause::NotSent => {
                self.unreachable += 1;
                self.unreachable <= MOST_RETRIES_UNREACHABLE
            }
            Cause::Uncertain => request.is_repeatable(),
            Cause::Unreadable => request.is_repeatable() && request.is_write(),
        };
        let wait = again.then(|| self.wait(failure.retry_after)).flatten();
        if request.endpoint.is_asked_about_each_time() {
            let error = self.give_up(request, failure);
            return Verdict::Fail(ApiError { retry_after: wait.or(error.retry_after), ..error });
        }
        match wait {
            Some(wait) if elapsed.saturating_add(wait) <= self.max_wait => Verdict::Again(wait),
            _ => Verdict::Fail(self.give_up(request, failure)),
        }
    }

    /// The next wait; none when there were enough tries.
    fn wait(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        match retry_after.filter(|asked| !asked.is_zero()) {
            // Waiting as long as the service asks is no guess, so only the time limit bounds it.
            Some(asked) => Some(self.backoff.next().map_or(asked, |wait| wait.max(asked))),
            None => self.backoff.next(),
        }
    }

    fn give_up(&self, request: &Request, failure: Failure) -> ApiError {
        let Failure { cause, status, mut message, mut hint, retry_after } = failure;
        let kind = match cause {
            _ if self.doubt => ErrorKind::OutcomeUnknown,
            Cause::Refused | Cause::Unreadable => ErrorKind::Permanent,
            Cause::NotSent | Cause::RateLimited | Cause::Uncertain => ErrorKind::Transient,
        };
        if kind == ErrorKind::OutcomeUnknown {
            message.push_str("; whether the change was made is not known");
            if cause != Cause::Refused {
                hint = Some("Reading again tells what became of it.".to_owned());
            }
        }
        if let Some(asked) = retry_after {
            message.push_str(&format!("; it asks to wait {} s", asked.as_secs()));
        }
        ApiError { kind, request: request.label(), status, message, hint, retry_after }
    }
}

/// How long the answer asks to wait: seconds, or an HTTP date, which is compared with the answer's own
/// `Date`, so that neither our clock nor its error matters (`SERVICE.md`, "Hosts and requests": "rate
/// limit").
pub(crate) fn retry_after(answer: &Answer) -> Option<Duration> {
    let asked = answer.retry_after.as_deref()?.trim();
    if let Ok(seconds) = asked.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    let now = httpdate::parse_http_date(answer.date.as_deref()?.trim()).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
