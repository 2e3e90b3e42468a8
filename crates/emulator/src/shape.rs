//! How lists are answered (`SERVICE.md`, "Hosts and requests": "shapes of a list" and
//! "paging").

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::role::ProjectRole;

/// How lists are answered. The default is `{"status":"ok","results":[…]}` with numbers for ids and
/// everything on one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// What the rows are wrapped in.
    pub list: ListShape,
    /// Whether ids in answers are strings.
    pub string_ids: bool,
    /// Whether the grant type of everybody's role is spelled `all_users` instead of `all-users`.
    pub underscored_all_users: bool,
    /// Whether the weakest project role is called `consumer` instead of `viewer`.
    pub consumer: bool,
    /// Whether lists say how many rows all their pages have; a bare array cannot.
    pub total: bool,
    /// How long lists are cut.
    pub paging: Option<Paging>,
}

/// What the rows of a list are wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListShape {
    /// `[…]`; cannot be paged.
    Bare,
    /// `{"members":[…]}`, `{"projects":[…]}` or `{"events":[…]}`.
    Members,
    /// `{"status":"ok","results":[…]}`.
    #[default]
    Results,
    /// `{"status":"ok","results":{"members":[…]}}`.
    Nested,
    /// `{"status":"ok","results":{"<id>":{"id":…,…}}}`. A second row with the same id has the key
    /// `<id>-2`, and so on.
    Map,
    /// Like [`ListShape::Map`], with the id in the key only, unless the key is not the id.
    KeyedMap,
}

/// How long lists are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Rows on a page, at least 1.
    pub size: usize,
    /// How the next page is named.
    pub next: NextPage,
}

/// How the next page is named; the last page has `null` there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// `next` is an absolute URL.
    Url,
    /// `next` is a path with a query.
    Path,
    /// `next` is what the parameter `cursor` wants.
    Cursor,
    /// `next_page` is the number that the parameter `page` wants.
    Number,
}

/// A shape that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown shape {word:?}; a shape is a list of bare, members, results, nested, map or keyed-map, \
     string-ids, all_users, consumer, total and page=SIZE[:url|path|cursor|number], separated by commas"
)]
pub struct ShapeError {
    word: String,
}

impl Shape {
    /// Every way of wrapping, each with numbers and with strings for ids.
    pub fn every() -> Vec<Self> {
        let lists = [
            ListShape::Bare,
            ListShape::Members,
            ListShape::Results,
            ListShape::Nested,
            ListShape::Map,
            ListShape::KeyedMap,
        ];
        let with_ids = |list, string_ids| Self { list, string_ids, ..Self::default() };
        lists.into_iter().flat_map(|list| [with_ids(list, false), with_ids(list, true)]).collect()
    }

    /// Whether the shape can be answered: a bare array has no room for the next page, and a page has
    /// rows.
    pub(crate) fn is_possible(&self) -> bool {
        self.paging.is_none_or(|paging| paging.size > 0 && self.list != ListShape::Bare)
    }

    /// The word for a project role: this dialect says `viewer` for consumer.
    pub(crate) fn project_role<'a>(&self, role: &'a ProjectRole) -> &'a str {
        match role {
            ProjectRole::Consumer if !self.consumer => "viewer",
            role => role.as_str(),
        }
    }

    /// The grant type of everybody's role.
    pub(crate) const fn all_users(&self) -> &'static str {
        if self.underscored_all_users { "all_users" } else { "all-users" }
    }

    /// An id as it appears in answers.
    pub(crate) fn id(&self, id: u64) -> Value {
        if self.string_ids { Value::String(id.to_string()) } else { Value::from(id) }
    }

    /// Wraps the rows of a list and cuts the page that the call asks for. `base_url` is what absolute
    /// URLs begin with.
    pub(crate) fn wrap(
        &self,
        name: &str,
        rows: Vec<(u64, Map<String, Value>)>,
        call: &Call,
        base_url: &str,
    ) -> Result<Value, Refusal> {
        let total = rows.len();
        let Some(paging) = self.paging else {
            return Ok(self.totalled(self.wrap_rows(name, rows), total));
        };
        let from = start_of_page(call, paging.size)?;
        let rows = rows.into_iter().skip(from).take(paging.size).collect();
        let mut body = self.wrap_rows(name, rows);
        let next_from = from.saturating_add(paging.size);
        let field = if paging.next == NextPage::Number { "next_page" } else { "next" };
        let next =
            if next_from < total { paging.name(call, base_url, next_from) } else { Value::Null };
        if let Some(object) = body.as_object_mut() {
            object.insert(field.to_owned(), next);
        }
        Ok(self.totalled(body, total))
    }

    fn totalled(&self, mut body: Value, total: usize) -> Value {
        if self.total
            && let Some(object) = body.as_object_mut()
        {
            object.insert("total".to_owned(), Value::from(total));
        }
        body
    }

    fn wrap_rows(&self, name: &str, rows: Vec<(u64, Map<String, Value>)>) -> Value {
        let array = |rows: Vec<(u64, Map<String, Value>)>| {
            Value::Array(rows.into_iter().map(|(_, row)| Value::Object(row)).collect())
        };
        match self.list {
            ListShape::Bare => array(rows),
            ListShape::Members => json!({ name: array(rows) }),
            ListShape::Results => json!({ "status": "ok", "results": array(rows) }),
            ListShape::Nested => json!({ "status": "ok", "results": { name: array(rows) } }),
            ListShape::Map => json!({ "status": "ok", "results": keyed(rows, false) }),
            ListShape::KeyedMap => json!({ "status": "ok", "results": keyed(rows, true) }),
        }
    }
}

impl Paging {
    fn name(self, call: &Call, base_url: &str, from: usize) -> Value {
        let number = from / self.size + 1;
        match self.next {
            NextPage::Url => {
                Value::String(format!("{base_url}{}", call.with_query("page", &number.to_string())))
            }
            NextPage::Path => Value::String(call.with_query("page", &number.to_string())),
            NextPage::Cursor => Value::String(format!("after-{from}")),
            NextPage::Number => Value::from(number),
        }
    }
}

fn start_of_page(call: &Call, size: usize) -> Result<usize, Refusal> {
    let bad = |name: &str| Refusal::BadRequest(format!("Invalid {name}"));
    if let Some(cursor) = call.parameter("cursor") {
        let from = cursor.strip_prefix("after-").and_then(|from| from.parse().ok());
        return from.ok_or_else(|| bad("cursor"));
    }
    match call.parameter("page") {
        None => Ok(0),
        Some(page) => {
            let page: usize =
                page.parse().ok().filter(|page| *page > 0).ok_or_else(|| bad("page"))?;
            Ok((page - 1).saturating_mul(size))
        }
    }
}

fn keyed(rows: Vec<(u64, Map<String, Value>)>, id_in_key_only: bool) -> Value {
    let mut map = Map::new();
    for (number, mut row) in rows {
        let id = match row.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => number.to_string(),
        };
        let mut key = id.clone();
        let mut count = 1;
        while map.contains_key(&key) {
            count += 1;
            key = format!("{id}-{count}");
        }
        if id_in_key_only && count == 1 {
            row.remove("id");
        }
        map.insert(key, Value::Object(row));
    }
    Value::Object(map)
}

impl FromStr for Shape {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Self, ShapeError> {
        let mut shape = Self::default();
        for word in text.split(',').map(str::trim) {
            match word {
                "bare" => shape.list = ListShape::Bare,
                "members" => shape.list = ListShape::Members,
                "results" => shape.list = ListShape::Results,
                "nested" => shape.list = ListShape::Nested,
                "map" => shape.list = ListShape::Map,
                "keyed-map" => shape.list = ListShape::KeyedMap,
                "string-ids" => shape.string_ids = true,
                "all_users" => shape.underscored_all_users = true,
                "consumer" => shape.consumer = true,
                "total" => shape.total = true,
                other => {
                    let paging = other.strip_prefix("page=").and_then(parse_paging);
                    let unknown = || ShapeError { word: other.to_owned() };
                    shape.paging = Some(paging.ok_or_else(unknown)?);
                }
            }
        }
        if shape.is_possible() { Ok(shape) } else { Err(ShapeError { word: text.to_owned() }) }
    }
}

fn parse_paging(text: &str) -> Option<Paging> {
    let (size, next) = text.split_once(':').unwrap_or((text, "url"));
    let next = match next {
        "url" => NextPage::Url,
        "path" => NextPage::Path,
        "cursor" => NextPage::Cursor,
        "number" => NextPage::Number,
        _ => return None,
    };
    Some(Paging { size: size.parse().ok()?, next })
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.list {
            ListShape::Bare => "bare",
            ListShape::Members => "members",
            ListShape::Results => "results",
            ListShape::Nested => "nested",
            ListShape::Map => "map",
            ListShape::KeyedMap => "keyed-map",
        })?;
        if self.string_ids {
            f.write_str(",string-ids")?;
        }
        if self.underscored_all_users {
            f.write_str(",all_users")?;
        }
        if self.consumer {
            f.write_str(",consumer")?;
        }
        if self.total {
            f.write_str(",total")?;
        }
        if let Some(Paging { size, next }) = self.paging {
            let next = match next {
                NextPage::Url => "url",
                NextPage::Path => "path",
                NextPage::Cursor => "cursor",
                NextPage::Number => "number",
            };
            write!(f, ",page={size}:{next}")?;
        }
        Ok(())
    }
}
