//! What was asked of the emulator.

use std::collections::VecDeque;

use serde::Serialize;

use crate::call::Call;

/// How many requests are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 100_000;

/// A request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedRequest {
    /// Counts from 1, in the order requests arrived.
    pub sequence: u64,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body as text, when there was one.
    pub body: Option<String>,
    /// The username it came with, whether or not the secret was right.
    pub account: Option<String>,
    /// The status it was answered with; absent while there is no answer, and when the connection was lost
    /// instead.
    pub status: Option<u16>,
    /// What it did.
    pub effect: Effect,
    /// The fault that it met.
    pub fault: Option<String>,
}

/// What a request did to the organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It was refused, redirected, or not carried out because of a fault.
    #[default]
    Nothing,
    /// It read.
    Read,
    /// A write was carried out and found everything as it wanted.
    Unchanged,
    /// A write was carried out and changed something.
    Changed,
}

/// The latest requests.
#[derive(Debug, Default)]
pub(crate) struct Record {
    requests: VecDeque<RecordedRequest>,
    count: u64,
}

impl Record {
    /// Remembers a request and answers its sequence number.
    pub(crate) fn begin(&mut self, call: &Call) -> u64 {
        self.count = self.count.saturating_add(1);
        if self.requests.len() >= REMEMBERED {
            self.requests.pop_front();
        }
        let body = String::from_utf8_lossy(&call.body).into_owned();
        self.requests.push_back(RecordedRequest {
            sequence: self.count,
            method: call.method.to_string(),
            path: call.path_and_query(),
            body: Some(body).filter(|body| !body.is_empty()),
            account: call.credentials.as_ref().map(|(username, _)| username.clone()),
            status: None,
            effect: Effect::Nothing,
            fault: None,
        });
        self.count
    }

    /// Changes what is remembered of a request, unless it is forgotten.
    pub(crate) fn amend(&mut self, sequence: u64, amend: impl FnOnce(&mut RecordedRequest)) {
        let found = self.requests.binary_search_by_key(&sequence, |request| request.sequence);
        if let Some(request) = found.ok().and_then(|at| self.requests.get_mut(at)) {
            amend(request);
        }
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = &RecordedRequest> {
        self.requests.iter()
    }

    /// Forgets every request; counting goes on.
    pub(crate) fn clear(&mut self) {
        self.requests.clear();
    }
}
