//! Lists that come in pages: followed to the end, or refused loudly (`SERVICE.md`, "Hosts and
//! requests": "paging").

use std::collections::BTreeSet;
use std::fmt;

use reqwest::Url;
use serde_json::Value;

use crate::ApiError;
use crate::answer::{Answer, DecodeError};
use crate::error::quotable;
use crate::list::{
    Further, Known, Listed, NextKey, Page, Row, Told, decode_page, decode_readable, whole_number,
};
use crate::request::{Endpoint, Request};
use crate::transport::Transport;

/// Most pages of one list.
const MOST_PAGES: usize = 10_000;
/// Most rows of one list.
const MOST_ROWS: usize = 5_000_000;
const QUOTE_LIMIT: usize = 80;

/// Reads a list to its last page, every row of it.
///
/// # Errors
/// Any failed request, an answer that is no list, a row that cannot be read, pages this program cannot
/// follow, and fewer rows or pages than the answers say there are: half a list would look like people
/// who left.
pub(crate) async fn read_all<R: Row + fmt::Debug>(
    transport: &Transport,
    endpoint: Endpoint,
    url: Url,
) -> Result<Vec<R>, ApiError> {
    read_all_seen(transport, endpoint, url, |_| {}).await
}

/// As [`read_all`], and shows each answer before it is read.
///
/// # Errors
/// As [`read_all`].
pub(crate) async fn read_all_seen<R: Row + fmt::Debug>(
    transport: &Transport,
    endpoint: Endpoint,
    url: Url,
    seen_answer: impl Fn(&Answer) + Sync,
) -> Result<Vec<R>, ApiError> {
    let decode = |answer: &Answer, _| {
        seen_answer(answer);
        decode_page::<R>(answer)
    };
    Ok(read_pages(transport, endpoint, url, decode).await?.rows)
}

/// Reads a list to its last page; a row that cannot be read is told beside those that can.
///
/// # Errors
/// As [`read_all`], and when no row at all can be read: then it is the list that is not understood.
pub(crate) async fn read_readable<R: Row + fmt::Debug>(
    transport: &Transport,
    endpoint: Endpoint,
    url: Url,
) -> Result<Listed<R>, ApiError> {
    read_readable_seen(transport, endpoint, url, |_| {}).await
}

/// As [`read_readable`], and shows each answer before it is read.
///
/// # Errors
/// As [`read_readable`].
pub(crate) async fn read_readable_seen<R: Row + fmt::Debug>(
    transport: &Transport,
    endpoint: Endpoint,
    url: Url,
    seen_answer: impl Fn(&Answer) + Sync,
) -> Result<Listed<R>, ApiError> {
    let decode = |answer: &Answer, before: usize| {
        seen_answer(answer);
        let page = decode_readable::<R>(answer)?;
        let read = before + page.received.saturating_sub(page.unread.len());
        match page.unread.first() {
            Some((at, odd)) if read == 0 && !page.next.iter().any(Further::goes_on) => {
                Err(odd.as_error(*at))
            }
            _ => Ok(page),
        }
    };
    read_pages(transport, endpoint, url, decode).await
}

async fn read_pages<R: Row + fmt::Debug>(
    transport: &Transport,
    endpoint: Endpoint,
    url: Url,
    decode: impl Fn(&Answer, usize) -> Result<Page<R>, DecodeError> + Sync,
) -> Result<Listed<R>, ApiError> {
    let mut request = Request::get(endpoint, url.clone());
    let mut seen = BTreeSet::new();
    let mut listed = Listed::default();
    let mut readable = 0_usize;
    let mut told = Told::default();
    let mut known = Known::default();
    for pages in 1..=MOST_PAGES {
        seen.insert(request.url.to_string());
        let page = transport.read(&request, |answer| decode(answer, readable)).await?;
        readable += page.received.saturating_sub(page.unread.len());
        let next = next_page(&url, &request.url, &page.next);
        let is_new = known.take_in(&page).map_err(|problem| refused(&request, &problem))?;
        if !is_new && pages > 1 {
            return Err(refused(&request, "a page of the list repeats what was read already"));
        }
        told.join(page.told);
        if listed.rows.is_empty() {
            listed.rows = page.rows;
        } else {
            listed.rows.extend(page.rows);
        }
        listed.unread.extend(page.unread.into_iter().map(|(_, odd)| odd));
        if listed.rows.len().saturating_add(listed.unread.len()) > MOST_ROWS {
            return Err(refused(&request, &format!("the list has more than {MOST_ROWS} rows")));
        }
        match next {
            Ok(None) if readable == 0 && !listed.unread.is_empty() => {
                return Err(refused(&request, "no row of the list can be read"));
            }
            Ok(None) => {
                return match told.missing(known.received, pages) {
                    Some(problem) => Err(refused(&request, &problem)),
                    None => Ok(listed),
                };
            }
            Ok(Some(next)) if seen.contains(next.as_str()) => {
                return Err(refused(&request, "the next page of the list was read already"));
            }
            Ok(Some(next)) => request.url = next,
            Err(problem) => return Err(refused(&request, &problem)),
        }
    }
    Err(refused(&request, &format!("the list has more than {MOST_PAGES} pages")))
}

/// Reads the first page of a list that has no end.
///
/// # Errors
/// As [`read_all`], for the one page.
pub(crate) async fn read_first<R: Row>(
    transport: &Transport,
    request: &Request,
    seen_answer: impl Fn(&Answer) + Sync,
) -> Result<Vec<R>, ApiError> {
    let decode = |answer: &Answer| {
        seen_answer(answer);
        decode_page::<R>(answer)
    };
    let page = transport.read(request, decode).await?;
    let missing = match next_page(&request.url, &request.url, &page.next) {
        Ok(Some(_)) => None,
        Ok(None) => page.told.missing(page.received, 1),
        Err(problem) => Some(problem),
    };
    missing.map_or(Ok(page.rows), |problem| Err(refused(request, &problem)))
}

fn refused(request: &Request, problem: &str) -> ApiError {
    ApiError::incomplete(request.label(), problem)
}

/// Where the next page is: a URL or path at the service, a page number, or a cursor.
fn next_page(first: &Url, current: &Url, found: &[Further]) -> Result<Option<Url>, String> {
    let here = page_number(current, found);
    let mut next: Option<Url> = None;
    let mut more = None;
    for one in found.iter().filter(|one| one.goes_on()) {
        let target = match one.way {
            NextKey::Here => continue,
            NextKey::More | NextKey::Last | NextKey::Elsewhere => {
                more.get_or_insert(one);
                continue;
            }
            // It is read already.
            NextKey::NextPage if here.is_some() && one.number() == here => continue,
            NextKey::Next | NextKey::NextPage | NextKey::Cursor => target(first, current, one)?,
        };
        match &next {
            Some(earlier) if *earlier != target => {
                return Err("the list names two different next pages".to_owned());
            }
            _ => next = Some(target),
        }
    }
    match more.filter(|_| next.is_none()) {
        Some(one) => Err(format!(
            "the list goes on ({}), but its answer does not say where in a way that is known",
            said(one)
        )),
        None => Ok(next),
    }
}

/// The number of the page that was read, where the answer says it or it was asked for.
fn page_number(current: &Url, found: &[Further]) -> Option<u64> {
    let told = found.iter().filter(|one| one.way == NextKey::Here).find_map(Further::number);
    told.or_else(|| {
        let asked = current.query_pairs().find(|(name, _)| name == "page");
        asked.and_then(|(_, page)| page.parse().ok())
    })
}

/// Where one of the ways leads that say where.
fn target(first: &Url, current: &Url, one: &Further) -> Result<Url, String> {
    let page = |page: &str| with_query(first, "page", page);
    let cursor = |cursor: &str| with_query(first, "cursor", cursor);
    match (one.way, &one.value) {
        (NextKey::Next | NextKey::NextPage, Value::String(text)) if is_location(text) => {
            located(current, text.trim())
        }
        (NextKey::NextPage, Value::String(text)) => Ok(page(text.trim())),
        (NextKey::Next | NextKey::Cursor, Value::String(text)) => Ok(cursor(text.trim())),
        (way, value) => match (way, one.link(), whole_number(value)) {
            (NextKey::Next | NextKey::NextPage, Some(link), _) => located(current, link.trim()),
            (NextKey::Next | NextKey::NextPage, None, Some(number)) => {
                Ok(page(&number.to_string()))
            }
            (NextKey::Cursor, None, Some(number)) => Ok(cursor(&number.to_string())),
            _ => Err(format!("the list goes on in a way not understood: {}", said(one))),
        },
    }
}

/// What an answer says about a further page, in its own words.
fn said(one: &Further) -> String {
    let value = match &one.value {
        Value::String(text) => quotable(text, QUOTE_LIMIT),
        other => quotable(&other.to_string(), QUOTE_LIMIT),
    };
    format!("`{}`: `{value}`", quotable(&one.key, QUOTE_LIMIT))
}

fn is_location(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('/') || text.starts_with('?') || text.contains("://")
}

fn located(current: &Url, text: &str) -> Result<Url, String> {
    let shown = || quotable(text, QUOTE_LIMIT);
    let target = current
        .join(text)
        .map_err(|_| format!("the list goes on at `{}`, which is no URL", shown()))?;
    let has_credentials = !target.username().is_empty() || target.password().is_some();
    if target.origin() != current.origin() || has_credentials {
        let origin = quotable(&target.origin().ascii_serialization(), QUOTE_LIMIT);
        return Err(format!("the list goes on at {origin}, which is another address"));
    }
    Ok(target)
}

fn with_query(first: &Url, name: &str, value: &str) -> Url {
    let mut url = first.clone();
    let kept: Vec<(String, String)> = first
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn next(found: &[(NextKey, Value)]) -> Result<Option<String>, String> {
        let found: Vec<Further> = found
            .iter()
            .map(|(way, value)| Further { way: *way, key: "k".to_owned(), value: value.clone() })
            .collect();
        let found = found.as_slice();
        let first = Url::parse("https://mixpanel.example/api/app/organizations/1/members").unwrap();
        let mut current = first.clone();
        current.set_query(Some("page=2"));
        next_page(&first, &current, found).map(|next| {
            next.map(|url| {
                url.as_str().trim_start_matches("https://mixpanel.example/api/app/").to_owned()
            })
        })
    }

    #[test]
    fn follows_urls_paths_pages_and_cursors() {
        use NextKey::{Cursor, Elsewhere, Here, Last, More, Next, NextPage};
        for (key, value, expected) in [
            (Next, json!(null), None),
            (Next, json!(""), None),
            (Next, json!(false), None),
            (Next, json!("null"), None),
            (Next, json!({}), None),
            (Next, json!([]), None),
            (Next, json!({ "href": null, "title": "next" }), None),
            (Next, json!({ "href": "/api/app/x?page=3" }), Some("x?page=3")),
            (Next, json!({ "url": "members?page=3" }), Some("organizations/1/members?page=3")),
            (More, json!(false), None),
            (More, json!("False"), None),
            (More, json!("no"), None),
            (More, json!("0"), None),
            (More, json!(0), None),
            (Last, json!(true), None),
            (Here, json!(7), None),
            (Elsewhere, json!(""), None),
            (NextPage, json!(0), None),
            (NextPage, json!(-1), None),
            (NextPage, json!("None"), None),
            // It is the page that was asked for.
            (NextPage, json!(2), None),
            (NextPage, json!("2.0"), None),
            (Next, json!("/api/app/x?page=3"), Some("x?page=3")),
            (Next, json!("?page=3"), Some("organizations/1/members?page=3")),
            (Next, json!("https://mixpanel.example/api/app/x"), Some("x")),
            (Next, json!("https://MIXPANEL.example:443/api/app/x"), Some("x")),
            (Next, json!("a b/c="), Some("organizations/1/members?cursor=a+b%2Fc%3D")),
            (Next, json!(3), Some("organizations/1/members?page=3")),
            (NextPage, json!(3), Some("organizations/1/members?page=3")),
            (NextPage, json!(3.0), Some("organizations/1/members?page=3")),
            (NextPage, json!("3"), Some("organizations/1/members?page=3")),
            (NextPage, json!("/api/app/x"), Some("x")),
            (Cursor, json!("abc"), Some("organizations/1/members?cursor=abc")),
        ] {
            let found = next(&[(key, value.clone())]).unwrap();
            assert_eq!(found.as_deref(), expected, "{key:?} {value}");
        }
        // What the answer says of its own number counts before what was asked for.
        assert_eq!(next(&[(NextPage, json!(4)), (Here, json!("4"))]), Ok(None));
        assert_eq!(
            next(&[(More, json!(true)), (NextPage, json!(3)), (Next, json!("?page=3"))]),
            Ok(Some("organizations/1/members?page=3".to_owned()))
        );
    }

    #[test]
    fn refuses_what_it_cannot_follow() {
        use NextKey::{Cursor, Elsewhere, Last, More, Next, NextPage};
        for (found, expected) in [
            (vec![(Next, json!("https://evil.example/x"))], "https://evil.example"),
            (vec![(Next, json!("//evil.example/x"))], "https://evil.example"),
            (vec![(Next, json!("http://mixpanel.example/x"))], "another address"),
            (vec![(Next, json!("https://mixpanel.example:444/x"))], "another address"),
            (vec![(Next, json!("https://a:b@mixpanel.example/x"))], "another address"),
            (vec![(Next, json!("file:///etc/passwd"))], "another address"),
            (vec![(Next, json!(true))], "not understood"),
            (vec![(Next, json!({ "token": 1 }))], "not understood"),
            (vec![(NextPage, json!([2]))], "not understood"),
            (vec![(NextPage, json!(2.5))], "not understood"),
            (vec![(Next, json!({ "href": "https://evil.example/x" }))], "https://evil.example"),
            (vec![(Next, json!({ "href": "//evil.example/x" }))], "another address"),
            (vec![(Cursor, json!([1]))], "not understood"),
            (vec![(More, json!(true))], "(`k`: `true`), but its answer does not say where"),
            (vec![(More, json!("?page=2"))], "does not say where"),
            (vec![(More, json!(true)), (NextPage, json!(2))], "does not say where"),
            (vec![(Last, json!(false))], "(`k`: `false`)"),
            (vec![(Elsewhere, json!("abc"))], "(`k`: `abc`)"),
            (vec![(Elsewhere, json!({ "token": 1 }))], "does not say where"),
            (vec![(NextPage, json!(3)), (Next, json!("?page=4"))], "two different"),
        ] {
            let problem = next(&found).unwrap_err();
            assert!(problem.contains(expected), "{found:?}: {problem}");
        }
    }
}
