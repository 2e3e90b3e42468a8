//! Faults as the command line writes them.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultKind, RetryAfter};

/// How many bytes of a body arrive when `truncate` does not say.
const TRUNCATED_BODY: usize = 10;

/// What was not understood in a fault, and what would be. The fault itself is for the caller to name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FaultError {
    reason: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse(text).map_err(|reason| FaultError { reason })
    }
}

/// The words of a fault, as far as they were read.
#[derive(Default)]
struct Words {
    kinds: Vec<FaultKind>,
    retry_after: Option<RetryAfter>,
    body: Option<String>,
    location: Option<String>,
    is_done: Option<bool>,
    account: Option<String>,
    nth: Option<u32>,
    times: Option<Option<u32>>,
}

fn parse(text: &str) -> Result<Fault, String> {
    let mut words = words(text)?.into_iter();
    let methods = methods(&words.next().ok_or("empty; begin with a method and a path")?)?;
    let path = words.next().ok_or("no path; write one such as /projects/*/members/*")?;
    if !path.starts_with('/') && path != "**" {
        return Err(format!("path {path:?} does not begin with `/`; `/**` matches every path"));
    }
    let is_partial = |segment: &str| segment.contains('*') && !matches!(segment, "*" | "**");
    if let Some(segment) = path.split('/').find(|segment| is_partial(segment)) {
        return Err(format!(
            "`*` stands for a whole segment of a path, not for a part of {segment:?}"
        ));
    }
    let mut read = Words::default();
    for word in words {
        read.word(&word)?;
    }
    let mut kinds = read.kinds.into_iter();
    let mut kind = kinds.next().ok_or(
        "nothing goes wrong; add one of status=, reset, hang, slow=, truncate, html, stale=, lie, cut \
         and empty",
    )?;
    if kinds.next().is_some() {
        return Err("more than one thing goes wrong; write one fault for each".to_owned());
    }
    if let FaultKind::Status { retry_after, body, location, .. } = &mut kind {
        (*retry_after, *body, *location) = (read.retry_after, read.body, read.location);
    } else if read.retry_after.is_some() || read.body.is_some() || read.location.is_some() {
        return Err("retry-after=, body= and location= go with status= only".to_owned());
    }
    if read.is_done.is_some() && !kind.has_moment() {
        return Err(
            "`before` and `after` mean nothing for slow=, stale=, lie, cut and empty".to_owned()
        );
    }
    let is_done = read.is_done.unwrap_or(matches!(kind, FaultKind::Truncate(_)));
    Ok(Fault {
        methods,
        path,
        account: read.account,
        nth: read.nth.unwrap_or(1),
        times: read.times.unwrap_or(Some(1)),
        kind,
        is_done,
    })
}

impl Words {
    fn word(&mut self, word: &str) -> Result<(), String> {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let unknown = || format!("unknown word {word:?}");
        let needs = || format!("{name} needs a value, such as {name}=1");
        match (name, value) {
            ("reset", None) => self.kinds.push(FaultKind::Reset),
            ("lie", None) => self.kinds.push(FaultKind::Lie),
            ("empty", None) => self.kinds.push(FaultKind::Empty),
            ("cut", value) => {
                let rows = value.map(number).transpose()?.unwrap_or(1);
                self.kinds.push(FaultKind::Cut(rows));
            }
            ("hang", value) => {
                let duration = value.map(duration).transpose()?;
                self.kinds.push(FaultKind::Hang(duration));
            }
            ("truncate", value) => {
                let bytes = value.map(number).transpose()?.unwrap_or(TRUNCATED_BODY);
                self.kinds.push(FaultKind::Truncate(bytes));
            }
            ("html", value) => {
                self.kinds.push(FaultKind::Html(value.map(status).transpose()?.unwrap_or(200)));
            }
            ("before", None) => once(&mut self.is_done, false, word)?,
            ("after", None) => once(&mut self.is_done, true, word)?,
            ("status", Some(code)) => self.kinds.push(FaultKind::Status {
                code: status(code)?,
                retry_after: None,
                body: None,
                location: None,
            }),
            ("slow", Some(value)) => self.kinds.push(FaultKind::Slow(duration(value)?)),
            ("stale", Some(value)) => self.kinds.push(FaultKind::Stale(number(value)?)),
            ("retry-after", Some(value)) => {
                let retry_after = match value.strip_prefix("date:") {
                    Some(seconds) => RetryAfter::Date(number(seconds)?),
                    None => RetryAfter::Seconds(number(value)?),
                };
                once(&mut self.retry_after, retry_after, word)?;
            }
            ("body", Some(value)) => once(&mut self.body, value.to_owned(), word)?,
            ("location", Some(value)) => once(&mut self.location, value.to_owned(), word)?,
            ("account", Some(value)) => once(&mut self.account, value.to_owned(), word)?,
            ("nth", Some(value)) => {
                let nth: u32 = number(value)?;
                once(&mut self.nth, nth.max(1), word)?;
            }
            ("times", Some("always")) => once(&mut self.times, None, word)?,
            ("times", Some(value)) => once(&mut self.times, Some(number(value)?), word)?,
            ("status" | "slow" | "stale" | "retry-after" | "body" | "location", None) => {
                return Err(needs());
            }
            ("account" | "nth" | "times", None) => return Err(needs()),
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

fn once<T>(place: &mut Option<T>, value: T, word: &str) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{word:?} says again what an earlier word said")),
    }
}

fn methods(word: &str) -> Result<Vec<String>, String> {
    if word == "*" {
        return Ok(Vec::new());
    }
    let known = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    word.split(',')
        .map(|method| {
            let method = method.to_ascii_uppercase();
            if known.contains(&method.as_str()) {
                Ok(method)
            } else {
                Err(format!("unknown method {method:?}; use GET, POST, PUT, DELETE or `*`"))
            }
        })
        .collect()
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no whole number that fits"))
}

fn status(text: &str) -> Result<u16, String> {
    let code: u16 = number(text)?;
    if (200..=599).contains(&code) {
        Ok(code)
    } else {
        Err(format!("status {code} is not between 200 and 599"))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let amount: u64 = number(digits)?;
    match text.strip_prefix(digits) {
        Some("ms") => Ok(Duration::from_millis(amount)),
        Some("s" | "") => Ok(Duration::from_secs(amount)),
        Some("m") => Ok(Duration::from_secs(amount.saturating_mul(60))),
        _ => Err(format!("{text:?} is no duration; write 250ms, 2s or 1m")),
    }
}

/// Splits at white space, except between double quotes, where a backslash takes what follows as it is.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' if is_quoted => word.get_or_insert_default().extend(characters.next()),
            character if character.is_whitespace() && !is_quoted => words.extend(word.take()),
            character => word.get_or_insert_default().push(character),
        }
    }
    if is_quoted {
        return Err("a double quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// The text between double quotes, as [`words`] reads it back.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
