//! What an answer says beside the rows of its list: whether, and where, it goes on.

use serde_json::Value;

use super::told::{Told, is_nothing, link, normal, whole_number};

/// Deepest level below an object about the list at which anything about it is looked for.
const DEEPEST: u8 = 3;

/// One thing that an answer says about a further page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Further {
    /// In which way.
    pub(crate) way: NextKey,
    /// Under which key, as the answer spells it.
    pub(crate) key: String,
    /// What it says.
    pub(crate) value: Value,
}

/// Where an answer speaks of further pages. Its words are told apart without their `_`, `-` and capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextKey {
    /// `next` and its like: a location, a cursor or a number.
    Next,
    /// `next_page`: its number.
    NextPage,
    /// `next_cursor`, `next_page_token`: what the parameter `cursor` wants.
    Cursor,
    /// `next_token`, `continuation` and their like: there is more, in a way that is not known.
    Elsewhere,
    /// `more`, `has_more`, `truncated` and their like.
    More,
    /// `is_last`: whether there is no more.
    Last,
    /// `page`: the number of this one.
    Here,
}

impl NextKey {
    fn parse(key: &str) -> Option<Self> {
        match normal(key).as_str() {
            "next" | "nexturl" | "nexturi" | "nextlink" | "nexthref" | "nextpath"
            | "nextpageurl" | "nextpageuri" | "nextpagelink" | "odatanextlink" => Some(Self::Next),
            "nextpage" | "nextpagenumber" => Some(Self::NextPage),
            "nextcursor" | "nextpagetoken" | "nextpagecursor" => Some(Self::Cursor),
            "nexttoken"
            | "nextoffset"
            | "nextstart"
            | "nextstartindex"
            | "nextindex"
            | "nextmarker"
            | "nextkey"
            | "nextid"
            | "nextrecords"
            | "nextrecordsurl"
            | "nextresults"
            | "continuation"
            | "continuationtoken"
            | "nextcontinuation"
            | "nextcontinuationtoken"
            | "continue"
            | "lastevaluatedkey" => Some(Self::Elsewhere),
            "more" | "hasmore" | "hasmorepages" | "hasmoreitems" | "hasmoreresults"
            | "moreavailable" | "moreresults" | "hasnext" | "hasnextpage" | "truncated"
            | "istruncated" | "incomplete" | "incompleteresults" | "partial" | "ispartial" => {
                Some(Self::More)
            }
            "last" | "islast" | "lastpage" | "islastpage" | "complete" | "iscomplete" => {
                Some(Self::Last)
            }
            "page" | "currentpage" | "pagenumber" => Some(Self::Here),
            _ => None,
        }
    }

    /// What a key and what stands there say; nothing where they speak of something else.
    fn of(key: &str, value: &Value) -> Option<Self> {
        // An object under `page` is about this page, and no number of it.
        Self::parse(key).filter(|way| *way != Self::Here || !value.is_object())
    }
}

impl Further {
    /// Whether it says that there is a further page.
    pub(crate) fn goes_on(&self) -> bool {
        let word = || self.value.as_str().map(|text| text.trim().to_ascii_lowercase());
        match self.way {
            NextKey::Here => false,
            NextKey::Last => self.value == false || word().as_deref() == Some("false"),
            NextKey::More if word().as_deref() == Some("no") => false,
            NextKey::More
            | NextKey::Next
            | NextKey::NextPage
            | NextKey::Cursor
            | NextKey::Elsewhere => !is_nothing(&self.value),
        }
    }

    /// The number that it says.
    pub(crate) fn number(&self) -> Option<u64> {
        whole_number(&self.value)
    }

    /// The address in it, when it is a link.
    pub(crate) fn link(&self) -> Option<&str> {
        link(&self.value).and_then(Value::as_str)
    }
}

/// Whether what stands under such a key says how long a list is, or whether it goes on.
pub(super) fn is_of_list(key: &str) -> bool {
    NextKey::parse(key).is_some() || Told::is_one(key) || is_about(key)
}

/// Whether an answer speaks of its list under such a key.
fn is_about(key: &str) -> bool {
    let key = normal(key);
    matches!(
        key.as_str(),
        "page" | "pages" | "meta" | "links" | "info" | "cursor" | "cursors" | "resultset"
    ) || ["pagination", "paging", "pageinfo", "metadata", "listinfo", "resultinfo", "paginginfo"]
        .iter()
        .any(|about| key.ends_with(about))
}

/// What is counted and is no list: so many seats are no rows.
fn is_of_something_else(key: &str) -> bool {
    matches!(
        normal(key).as_str(),
        "seats" | "quota" | "quotas" | "usage" | "limits" | "ratelimit" | "billing" | "plan"
    )
}

/// Takes in a field of the answer that [`is_of_list`]; answers whether it was understood as such.
pub(super) fn hear(key: &str, value: &Value, told: &mut Told, further: &mut Vec<Further>) -> bool {
    let way = NextKey::of(key, value);
    further.extend(way.map(|way| Further { way, key: key.to_owned(), value: value.clone() }));
    told.hear(key, value);
    let is_within = way.is_none() && is_about(key);
    if is_within {
        hear_within(value, 1, told, further);
    }
    way.is_some() || is_within || !(value.is_object() || value.is_array())
}

/// Takes in what an object about the list says, and each object in it.
fn hear_within(about: &Value, depth: u8, told: &mut Told, further: &mut Vec<Further>) {
    // Links are also listed, each with what it leads to.
    for link in about.as_array().into_iter().flatten() {
        let leads_to = ["rel", "name"].into_iter().find_map(|key| link.get(key)?.as_str());
        if let Some(key) = leads_to.filter(|key| key.eq_ignore_ascii_case("next")) {
            let (key, value) = (key.to_owned(), link.clone());
            further.push(Further { way: NextKey::Next, key, value });
        }
    }
    for (key, value) in about.as_object().into_iter().flatten() {
        told.hear(key, value);
        match NextKey::of(key, value) {
            Some(way) => {
                further.push(Further { way, key: key.clone(), value: value.clone() });
            }
            None if depth < DEEPEST && !is_of_something_else(key) => {
                hear_within(value, depth + 1, told, further);
            }
            None => {}
        }
    }
}
