//! One request, from its bytes to its answer, with what goes wrong in between.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, header};

use super::Shared;
use crate::answer::Answer;
use crate::call::{BODY_LIMIT, Call};
use crate::connection::Handle;
use crate::fault::{Fault, FaultKind};
use crate::inspection;
use crate::record::Effect;
use crate::refusal::Refusal;
use crate::world::Mode;

/// Answers a request.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Handle>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let is_inspection = inspection::concerns(parts.uri.path());
    let _in_flight = (!is_inspection).then(|| InFlight::enter(&shared));
    let body = axum::body::to_bytes(body, BODY_LIMIT).await;
    let is_readable = body.is_ok();
    let call = Call::new(parts.method, &parts.uri, &parts.headers, body.unwrap_or_default());
    let answer = if is_inspection {
        inspection::answer(&mut shared.world(), &call, shared.terms.limits, &shared.clock)
    } else {
        let sequence = shared.world().record.begin(&call);
        if is_readable {
            shared.answer(&call, sequence, &connection).await
        } else {
            shared.settle(sequence, Answer::refused(&Refusal::BodyTooLarge))
        }
    };
    answer.into_response(shared.clock.now())
}

impl Shared {
    async fn answer(&self, call: &Call, sequence: u64, connection: &Handle) -> Answer {
        if self.redirect_slash && !call.path.ends_with('/') {
            return self.settle(sequence, Answer::redirect(slashed(call)));
        }
        let answer = match self.meet_fault(call, sequence) {
            Some(fault) => self.fail(&fault, call, sequence, connection).await,
            None => Some(self.execute(call, sequence, Mode::Faithful)),
        };
        if let Some(latency) = self.latency {
            self.wait(Some(latency)).await;
        }
        match answer {
            Some(answer) => self.settle(sequence, answer),
            None => {
                connection.reset();
                Answer::error(500, "connection lost")
            }
        }
    }

    fn meet_fault(&self, call: &Call, sequence: u64) -> Option<Fault> {
        let account = call.credentials.as_ref().map(|(username, _)| username.as_str());
        let mut world = self.world();
        let fault = world.faults.meet(&call.method, call.trimmed_path(), account)?;
        world.record.amend(sequence, |request| request.fault = Some(fault.to_string()));
        Some(fault)
    }

    fn execute(&self, call: &Call, sequence: u64, mode: Mode) -> Answer {
        let now = self.clock.now();
        let mut world = self.world();
        let (answer, effect) = world.execute(call, &self.terms, now, mode);
        world.record.amend(sequence, |request| request.effect = effect);
        answer
    }

    /// Remembers what a request is answered with.
    fn settle(&self, sequence: u64, answer: Answer) -> Answer {
        let status = answer.status;
        self.world().record.amend(sequence, |request| request.status = Some(status));
        answer
    }

    /// Lets a request go wrong. No answer means that the connection is to be lost.
    async fn fail(
        &self,
        fault: &Fault,
        call: &Call,
        sequence: u64,
        connection: &Handle,
    ) -> Option<Answer> {
        let done = fault.is_done.then(|| self.execute(call, sequence, Mode::Faithful));
        match &fault.kind {
            FaultKind::Status { code, retry_after, body, location } => {
                let mut answer = Answer::injected(*code, body.as_deref());
                if let Some(retry_after) = retry_after {
                    answer = answer.with_retry_after(*retry_after, self.clock.now());
                }
                if let Some(location) = location {
                    answer = answer.with(header::LOCATION, location);
                }
                Some(answer)
            }
            FaultKind::Reset => None,
            FaultKind::Hang(duration) => {
                self.wait(*duration).await;
                None
            }
            FaultKind::Slow(duration) => {
                let answer = self.execute(call, sequence, Mode::Faithful);
                self.wait(Some(*duration)).await;
                Some(answer)
            }
            FaultKind::Truncate(bytes) => {
                connection.truncate(*bytes);
                Some(done.unwrap_or_else(|| self.pretend(call, sequence)))
            }
            FaultKind::Html(status) => Some(Answer::page(*status)),
            FaultKind::Stale(writes) => Some(self.execute(call, sequence, Mode::Stale(*writes))),
            FaultKind::Lie => Some(self.pretend(call, sequence)),
            FaultKind::Cut(rows) => {
                let answer = self.execute(call, sequence, Mode::Faithful);
                Some(answer.without_last_rows(*rows))
            }
            FaultKind::Empty => {
                let answer = self.execute(call, sequence, Mode::Faithful);
                Some(answer.without_last_rows(usize::MAX))
            }
        }
    }

    /// Answers as if the request had been carried out.
    fn pretend(&self, call: &Call, sequence: u64) -> Answer {
        let answer = self.execute(call, sequence, Mode::Lie);
        self.world().record.amend(sequence, |request| request.effect = Effect::Nothing);
        answer
    }
}

fn slashed(call: &Call) -> String {
    match &call.query {
        Some(query) => format!("{}/?{query}", call.path),
        None => format!("{}/", call.path),
    }
}

/// A request in flight, until it is answered or its client has gone.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn enter(shared: &'a Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        shared.max_in_flight.fetch_max(now, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
