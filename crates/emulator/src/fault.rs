//! Faults: what goes wrong, for which requests, how often.

use std::fmt;
use std::time::Duration;

use axum::http::Method;

mod grammar;

pub use grammar::FaultError;

/// One thing that goes wrong, read from text such as
/// `PUT /projects/*/members/* status=503 times=2 retry-after=1`.
///
/// A fault is a method, a path and words:
///
/// * The method is one, several with commas, or `*`. The path is matched without a trailing slash, as
///   it is or after `/api/app`; `*` stands for one segment, `**` for any number.
/// * Which of the requests that match: `account=USERNAME`; `nth=N` begins with the Nth (default 1);
///   `times=N` ends after N of them (default 1, `always` never ends).
/// * What happens, exactly one of: `status=CODE`, with `retry-after=SECONDS` or
///   `retry-after=date:SECONDS` (the same as an HTTP date), `body="TEXT"` and `location=URL`; `reset`,
///   the connection is lost; `hang` or `hang=DURATION`, no answer comes and then the connection is
///   lost; `slow=DURATION`, the answer comes late; `truncate` or `truncate=BYTES`, the body ends early;
///   `html` or `html=STATUS`, a page instead of JSON; `stale=WRITES`, a GET answers what was true that
///   many writes ago; `lie`, a write is answered with success and not carried out; `cut` or `cut=ROWS`, a
///   list lacks its last rows, one by default; `empty`, it lacks all of them. What the answer says of its
///   length stays.
/// * Whether the request is carried out although it goes wrong: `before` (it is not) or `after` (it
///   is). The default is `before`, for `truncate` it is `after`.
///
/// Durations are `250ms`, `2s`, `1m`, or a number of seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Empty for any.
    methods: Vec<String>,
    path: String,
    account: Option<String>,
    nth: u32,
    /// Nothing for always.
    times: Option<u32>,
    pub(crate) kind: FaultKind,
    /// Whether the request is carried out all the same.
    pub(crate) is_done: bool,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Status {
        code: u16,
        retry_after: Option<RetryAfter>,
        body: Option<String>,
        location: Option<String>,
    },
    Reset,
    Hang(Option<Duration>),
    Slow(Duration),
    Truncate(usize),
    Html(u16),
    Stale(usize),
    Lie,
    /// A list without its last rows, so many of them.
    Cut(usize),
    /// A list without any.
    Empty,
}

/// How long to wait, in the two forms of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    Date(u64),
}

impl Fault {
    /// Whether a request is one of those this fault counts.
    fn matches(&self, method: &Method, path: &str, account: Option<&str>) -> bool {
        let is_read = *method == Method::GET;
        let can_happen = match self.kind {
            FaultKind::Stale(_) | FaultKind::Cut(_) | FaultKind::Empty => is_read,
            FaultKind::Lie => !is_read,
            _ => true,
        };
        let method_matches =
            self.methods.is_empty() || self.methods.iter().any(|wanted| wanted == method.as_str());
        let account_matches = self.account.as_deref().is_none_or(|wanted| Some(wanted) == account);
        can_happen && method_matches && account_matches && self.path_matches(path)
    }

    fn path_matches(&self, path: &str) -> bool {
        let below_root = path.strip_prefix("/api/app").unwrap_or(path);
        let pattern = segments(&self.path);
        glob(&pattern, &segments(path)) || glob(&pattern, &segments(below_root))
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.trim_matches('/').split('/').collect()
}

/// Whether the segments match; `**` stands for any number of them. Takes the product of the lengths,
/// whatever the pattern.
fn glob(pattern: &[&str], path: &[&str]) -> bool {
    let mut matched = vec![false; path.len() + 1];
    if let Some(start) = matched.first_mut() {
        *start = true;
    }
    for wanted in pattern {
        let mut next = Vec::with_capacity(matched.len());
        let mut any_before = false;
        let mut previous = false;
        for (at, is_matched) in matched.iter().enumerate() {
            any_before |= is_matched;
            let segment = at.checked_sub(1).and_then(|before| path.get(before));
            let fits = segment.is_some_and(|segment| *wanted == "*" || wanted == segment);
            next.push(if *wanted == "**" { any_before } else { previous && fits });
            previous = *is_matched;
        }
        matched = next;
    }
    matched.last() == Some(&true)
}

/// The faults of a running emulator, with how often each has been met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    faults: Vec<(Fault, u32)>,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self { faults: faults.into_iter().map(|fault| (fault, 0)).collect() }
    }

    /// Counts a request and answers what goes wrong with it: the first fault whose turn it is.
    pub(crate) fn meet(
        &mut self,
        method: &Method,
        path: &str,
        account: Option<&str>,
    ) -> Option<Fault> {
        let mut met = None;
        for (fault, count) in &mut self.faults {
            if !fault.matches(method, path, account) {
                continue;
            }
            *count = count.saturating_add(1);
            let turn = count.checked_sub(fault.nth);
            let is_due = turn.is_some_and(|turn| fault.times.is_none_or(|times| turn < times));
            if is_due && met.is_none() {
                met = Some(fault.clone());
            }
        }
        met
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = if self.methods.is_empty() { "*".to_owned() } else { self.methods.join(",") };
        write!(f, "{methods} {}", self.path)?;
        match &self.kind {
            FaultKind::Status { code, retry_after, body, location } => {
                write!(f, " status={code}")?;
                match retry_after {
                    Some(RetryAfter::Seconds(seconds)) => write!(f, " retry-after={seconds}")?,
                    Some(RetryAfter::Date(seconds)) => write!(f, " retry-after=date:{seconds}")?,
                    None => {}
                }
                if let Some(body) = body {
                    write!(f, " body={}", grammar::quoted(body))?;
                }
                if let Some(location) = location {
                    write!(f, " location={}", grammar::quoted(location))?;
                }
            }
            FaultKind::Reset => f.write_str(" reset")?,
            FaultKind::Hang(None) => f.write_str(" hang")?,
            FaultKind::Hang(Some(duration)) => write!(f, " hang={}ms", duration.as_millis())?,
            FaultKind::Slow(duration) => write!(f, " slow={}ms", duration.as_millis())?,
            FaultKind::Truncate(bytes) => write!(f, " truncate={bytes}")?,
            FaultKind::Html(status) => write!(f, " html={status}")?,
            FaultKind::Stale(writes) => write!(f, " stale={writes}")?,
            FaultKind::Lie => f.write_str(" lie")?,
            FaultKind::Cut(rows) => write!(f, " cut={rows}")?,
            FaultKind::Empty => f.write_str(" empty")?,
        }
        if self.kind.has_moment() {
            f.write_str(if self.is_done { " after" } else { " before" })?;
        }
        if let Some(account) = &self.account {
            write!(f, " account={}", grammar::quoted(account))?;
        }
        match self.times {
            Some(times) => write!(f, " nth={} times={times}", self.nth),
            None => write!(f, " nth={} times=always", self.nth),
        }
    }
}

impl FaultKind {
    /// Whether it matters if the request is carried out all the same.
    const fn has_moment(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::Reset
            | Self::Hang(_)
            | Self::Truncate(_)
            | Self::Html(_) => true,
            Self::Slow(_) | Self::Stale(_) | Self::Lie | Self::Cut(_) | Self::Empty => false,
        }
    }
}

#[cfg(test)]
mod tests;
