//! Lists of resources, page by page (RFC 7644, section 3.4.2.4).

use std::collections::HashSet;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::ApiError;
use crate::answer::{Answer, DecodeError, check_whole};
use crate::list::whole_number;
use crate::request::Request;
use crate::transport::Transport;

/// How many resources are asked for at once; a server may answer fewer.
const PAGE: usize = 1000;
/// Most pages of one list.
const MOST_PAGES: usize = 10_000;

/// A resource of a list.
pub(super) trait Resource: DeserializeOwned + Send {
    /// Its id.
    fn id(&self) -> &str;
}

/// One page as the server spells it. A list without any resources may leave them out.
#[derive(Deserialize)]
struct Page<R> {
    #[serde(rename = "totalResults", alias = "totalresults", default, deserialize_with = "count")]
    total: Option<usize>,
    #[serde(rename = "startIndex", alias = "startindex", default, deserialize_with = "count")]
    start: Option<usize>,
    #[serde(rename = "itemsPerPage", alias = "itemsperpage", default, deserialize_with = "count")]
    per_page: Option<usize>,
    #[serde(rename = "Resources", alias = "resources")]
    resources: Option<Vec<R>>,
}

/// Reads a list to its end, and shows each answer before it is read.
///
/// # Errors
/// Any failed request, an answer that is no list, and a list that ends before it should: half a list
/// would look like people who left.
pub(super) async fn read_all<R: Resource>(
    transport: &Transport,
    mut request: Request,
    seen_answer: impl Fn(&Answer) + Sync,
) -> Result<Vec<R>, ApiError> {
    let decode = |answer: &Answer| {
        seen_answer(answer);
        decode::<R>(answer)
    };
    let first = request.url.clone();
    let (mut all, mut seen, mut received): (Vec<R>, HashSet<String>, usize) = Default::default();
    for _ in 0..MOST_PAGES {
        request.url = first.clone();
        request
            .url
            .query_pairs_mut()
            .append_pair("startIndex", &(received + 1).to_string())
            .append_pair("count", &PAGE.to_string());
        let page = transport.read(&request, decode).await?;
        let refused = |problem: &str| ApiError::incomplete(request.label(), problem);
        // Some servers count from 0, which is the first all the same.
        if let Some(start) = page.start.filter(|start| (*start).max(1) != received + 1) {
            let asked = received + 1;
            return Err(refused(&format!("the page from {asked} on begins at {start}")));
        }
        let resources = page.resources.unwrap_or_default();
        let count = resources.len();
        received += count;
        // Somebody who comes or goes in between moves the pages, so that they can overlap.
        all.extend(resources.into_iter().filter(|one| seen.insert(one.id().to_owned())));
        match (page.total, page.per_page) {
            (Some(total), _) if received < total && count > 0 => {}
            // Of two that overlap, one hides somebody else.
            (Some(total), _) if all.len() < total => {
                let had = all.len();
                return Err(refused(&format!("the list ends after {had} of {total} resources")));
            }
            (None, Some(per_page)) if count < per_page => {
                return Err(refused(&format!("the page has {count} of its {per_page} resources")));
            }
            _ => return Ok(all),
        }
    }
    let problem = format!("the list has more than {MOST_PAGES} pages");
    Err(ApiError::permanent(request.label(), problem))
}

/// A number, which some servers write as a text.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(None);
    }
    let number = whole_number(&value).and_then(|number| usize::try_from(number).ok());
    number.map(Some).ok_or_else(|| D::Error::custom("a count of its resources is no number"))
}

/// Reads one page.
fn decode<R: Resource>(answer: &Answer) -> Result<Page<R>, DecodeError> {
    check_whole(answer)?;
    let page = serde_json::from_slice::<Page<R>>(&answer.body)
        .map_err(|error| DecodeError::from_json(&error, &answer.body))?;
    match (page.total, &page.resources) {
        (None, None) => {
            Err(DecodeError::Unreadable("the answer is no list of SCIM resources".to_owned()))
        }
        _ => Ok(page),
    }
}
