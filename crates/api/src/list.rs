//! Lists in every shape the service may answer (`SERVICE.md`, "Hosts and requests": "shapes of a
//! list").
//!
//! Rows are read straight from the bytes and turned into ours one by one: a large organization has a
//! million of them.

mod entries;
mod field;
mod further;
mod identity;
mod margin;
mod odd;
mod told;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use mixaccess_model::ProjectRole;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

pub(crate) use entries::{Entries, Entry, EntryValue};
pub(crate) use field::Field;
pub(crate) use further::{Further, NextKey};
pub(crate) use identity::{Identity, Known};
pub use odd::{Listed, OddRow};
pub(crate) use told::{Told, whole_number};

use crate::answer::{Answer, DecodeError, check_whole, envelope_error};
use margin::Margin;

/// Deepest level at which a list is looked for: `{"results":{"members":[…]}}`.
const DEEPEST: u8 = 2;

/// A row of a list, as the service spells it and as we do.
pub(crate) trait Row: Sized {
    /// The row as it is on the wire.
    type Wire<'de>: Deserialize<'de>;
    /// Keys under which such a list is found.
    const KEYS: &'static [&'static str];
    /// Reads one row; nothing when it stands for nothing. `key` is what it is listed under.
    ///
    /// # Errors
    /// Says what is missing, and whom the row is about as far as it tells.
    fn read(
        wire: Self::Wire<'_>,
        key: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, OddRow>;
    /// Whether each row of such a list has a number of its own.
    const IS_NUMBERED: bool = false;
    /// What tells the row from every other of its list.
    fn identity(&self) -> Identity<'_>;
}

/// Words that many rows share, held once.
#[derive(Debug, Default)]
pub(crate) struct Words {
    roles: HashMap<String, ProjectRole>,
    names: HashMap<String, Arc<str>>,
}

impl Words {
    /// A project role by its word.
    pub(crate) fn role(&mut self, word: &str) -> ProjectRole {
        match ProjectRole::parse(word) {
            custom @ ProjectRole::Custom(_) => {
                self.roles.entry(word.to_owned()).or_insert(custom).clone()
            }
            standard => standard,
        }
    }

    /// A name.
    pub(crate) fn name(&mut self, name: &str) -> Arc<str> {
        match self.names.get(name) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = Arc::from(name);
                self.names.insert(name.to_owned(), Arc::clone(&new));
                new
            }
        }
    }
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// The rows that could not be read, each with its place in the answer.
    pub(crate) unread: Vec<(usize, OddRow)>,
    /// How many rows the answer has, also those that stand for nothing.
    pub(crate) received: usize,
    /// How long the answer says that the list is.
    pub(crate) told: Told,
    /// What the answer says about a further page, as it says it.
    pub(crate) next: Vec<Further>,
}

/// Reads one page of a list, every row of it.
pub(crate) fn decode_page<R: Row>(answer: &Answer) -> Result<Page<R>, DecodeError> {
    let page = decode_readable::<R>(answer)?;
    match page.unread.first() {
        Some((at, odd)) => Err(odd.as_error(*at)),
        None => Ok(page),
    }
}

/// Reads those rows of one page that can be read.
pub(crate) fn decode_readable<R: Row>(answer: &Answer) -> Result<Page<R>, DecodeError> {
    check_whole(answer)?;
    let mut found = Found::<R> {
        rows: None,
        unread: Vec::new(),
        next: Vec::new(),
        envelope: serde_json::Map::new(),
        margin: Margin::default(),
        words: Words::default(),
        count: 0,
        told: Told::default(),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(&answer.body);
    Level { found: &mut found, depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| DecodeError::from_json(&error, &answer.body))?;
    if let Some(text) = envelope_error(&Value::Object(found.envelope)) {
        return Err(DecodeError::Refused(text));
    }
    match found.rows {
        Some(rows) => {
            found.margin.judge()?;
            Ok(Page {
                rows,
                unread: found.unread,
                received: found.count,
                told: found.told,
                next: found.next,
            })
        }
        None => Err(DecodeError::Unreadable(format!(
            "the answer holds no list: neither an array nor one under {}",
            R::KEYS.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ")
        ))),
    }
}

struct Found<R> {
    rows: Option<Vec<R>>,
    unread: Vec<(usize, OddRow)>,
    next: Vec<Further>,
    envelope: serde_json::Map<String, Value>,
    margin: Margin,
    words: Words,
    count: usize,
    told: Told,
}

impl<R: Row> Found<R> {
    fn push(&mut self, rows: &mut Vec<R>, row: EntryValue<'_, R::Wire<'_>>, key: Option<&str>) {
        self.count += 1;
        let row = match row {
            EntryValue::Object(wire) => R::read(wire, key, &mut self.words),
            EntryValue::Bare(_) => Err("is no object".into()),
        };
        match row {
            Ok(row) => rows.extend(row),
            Err(odd) => self.unread.push((self.count, odd)),
        }
    }

    fn set<E: serde::de::Error>(&mut self, rows: Vec<R>) -> Result<(), E> {
        if self.rows.is_some() {
            return Err(E::custom("it holds two lists, and which one is meant is not clear"));
        }
        self.rows = Some(rows);
        Ok(())
    }
}

/// A place where a list may be: the answer itself, or a field of it.
struct Level<'a, R> {
    found: &'a mut Found<R>,
    depth: u8,
}

impl<'de, R: Row> DeserializeSeed<'de> for Level<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Row> Visitor<'de> for Level<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = items.next_element::<EntryValue<'de, R::Wire<'de>>>()? {
            self.found.push(&mut rows, row, None);
        }
        self.found.set(rows)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Level { found, depth } = self;
        let mut keyed: Option<Vec<R>> = None;
        let mut unknown = None;
        let mut is_empty = true;
        while let Some(Key(key)) = fields.next_key::<Key<'de>>()? {
            is_empty = false;
            if is_row_key(&key) {
                let row = fields.next_value::<EntryValue<'de, R::Wire<'de>>>()?;
                found.push(keyed.get_or_insert_default(), row, Some(&key));
            } else if depth < DEEPEST && R::KEYS.contains(&&*key) {
                fields.next_value_seed(Level { found: &mut *found, depth: depth + 1 })?;
            } else if further::is_of_list(&key) {
                let value: Value = fields.next_value()?;
                if !further::hear(&key, &value, &mut found.told, &mut found.next) {
                    unknown = Some(key);
                }
            } else if Margin::is_one(&key) || (depth == 0 && key == "message") {
                let value = fields.next_value()?;
                found.margin.hear(&key, &value);
                if depth == 0 {
                    found.envelope.insert(key.into_owned(), value);
                }
            } else {
                match fields.next_value::<Field<'de>>()? {
                    Field::Named(_) | Field::Other => unknown = Some(key),
                    Field::Nothing | Field::Flag(_) | Field::Number(_) | Field::Text(_) => {}
                }
            }
        }
        match (keyed, unknown) {
            (Some(_), Some(key)) => {
                Err(A::Error::custom(format_args!("it lists rows by number, and `{key}` is none")))
            }
            (Some(rows), None) => found.set(rows),
            (None, _) if is_empty && depth > 0 => found.set(Vec::new()),
            (None, _) => Ok(()),
        }
    }

    // A count, a null or a text under the name of a list is no list; that none was found is said later.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Whether rows are listed under such keys: numbers, numbers told apart as `7-2`, and addresses, which
/// do not begin with their `@` as annotations do.
fn is_row_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_digit()) || key.find('@').is_some_and(|at| at > 0)
}

/// A key of an object, borrowed where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor<'de>(PhantomData<&'de ()>);
        impl<'de> Visitor<'de> for KeyVisitor<'de> {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests;
