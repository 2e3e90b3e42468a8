//! How long an answer says that its list is.

use serde_json::Value;

use crate::error::quotable;

const QUOTE_LIMIT: usize = 80;

/// How long the answers say that a list is; the most that any page of it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// `total` and its like: the rows of all pages.
    total: Option<u64>,
    /// `count`: the rows of all pages, or only those of this one.
    count: Option<u64>,
    /// `total_pages` and its like.
    pages: Option<u64>,
    /// What is said of its length and no number, in the answer's own words.
    odd: Option<String>,
}

/// A key without what it may be spelled with or without.
pub(super) fn normal(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect()
}

/// A number that is not negative, also when written as a text or with a fraction of nothing.
pub(crate) fn whole_number(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => &text,
    };
    whole.parse().ok()
}

/// Whether something stands there that is meant for a number: not a word, nor that it is not known. What
/// is about the pages, or lists them, is no number of them.
fn says_a_length(key: &str, value: &Value) -> bool {
    let is_link = matches!(normal(key).as_str(), "pages" | "lastpage");
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => !is_nothing(value),
        Value::String(text) => !is_link && !is_nothing(value) && text.contains(char::is_numeric),
        Value::Array(_) | Value::Object(_) => !is_link && !is_nothing(value),
    }
}

impl Told {
    /// Whether such a key says how long a list is.
    pub(super) fn is_one(key: &str) -> bool {
        Self::default().slot(key).is_some()
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<u64>> {
        match normal(key).as_str() {
            "total" | "totalcount" | "totalresults" | "totalitems" | "totalrows"
            | "totalelements" | "totalrecords" | "totalentries" | "totalhits" | "totalsize"
            | "totalnumber" | "totalresultscount" | "resultcount" | "resultscount"
            | "itemcount" | "itemscount" | "rowcount" | "recordcount" => Some(&mut self.total),
            "count" => Some(&mut self.count),
            "totalpages" | "pagecount" | "pagescount" | "numpages" | "pages" | "pagestotal"
            | "totalpagecount" | "lastpage" | "lastpagenumber" => Some(&mut self.pages),
            _ => None,
        }
    }

    /// Takes in one field of an answer, whatever it is about.
    pub(super) fn hear(&mut self, key: &str, value: &Value) {
        let Some(slot) = self.slot(key) else { return };
        // Absent is less than any number.
        *slot = whole_number(value).max(*slot);
        if says_a_length(key, value) && whole_number(value).is_none() {
            let quoted = |text: &str| quotable(text, QUOTE_LIMIT);
            self.odd = Some(match value {
                Value::String(text) => format!("`{}`: `{}`", quoted(key), quoted(text)),
                other => format!("`{}`: `{}`", quoted(key), quoted(&other.to_string())),
            });
        }
    }

    /// Takes in what another page says.
    pub(crate) fn join(&mut self, other: Self) {
        self.total = self.total.max(other.total);
        self.count = self.count.max(other.count);
        self.pages = self.pages.max(other.pages);
        self.odd = self.odd.take().or(other.odd);
    }

    /// What is missing of a list of which so much was received; nothing where it is whole. More than it
    /// says is no matter: somebody may have come in between. Beside a total, a count is that of a page.
    pub(crate) fn missing(self, rows: usize, pages: usize) -> Option<String> {
        if let Some(odd) = self.odd {
            return Some(format!("how long the list is cannot be read ({odd})"));
        }
        let fewer = |had: usize, told: Option<u64>| {
            told.filter(|told| u64::try_from(had).is_ok_and(|had| had < *told))
        };
        if let Some(total) = fewer(rows, self.total.or(self.count)) {
            return Some(format!(
                "the list ends after {rows} of the {total} rows that it says it has"
            ));
        }
        let total = fewer(pages, self.pages)?;
        Some(format!("the list ends after {pages} of the {total} pages that it says it has"))
    }
}

/// Whether a value stands for nothing, however that is written.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number <= 0.0),
        Value::String(text) => matches!(
            text.trim().to_ascii_lowercase().as_str(),
            "" | "null" | "none" | "nil" | "undefined" | "false" | "0" | "-1"
        ),
        Value::Array(all) => all.is_empty(),
        Value::Object(fields) => match link(value) {
            Some(target) => is_nothing(target),
            None => fields.values().all(is_nothing),
        },
    }
}

/// What a link leads to.
pub(super) fn link(value: &Value) -> Option<&Value> {
    ["href", "url", "uri", "link"].into_iter().find_map(|key| value.get(key))
}
