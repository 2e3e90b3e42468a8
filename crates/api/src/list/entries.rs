//! A list inside a row: a person's projects, a team's people. Rows nest them in as many shapes as lists
//! come in.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::field::FieldVisitor;
use super::{Field, Key};

/// What stands where a row may hold a list.
#[derive(Debug, Default)]
pub(crate) enum Entries<'a, T> {
    /// Absent or null.
    #[default]
    Nothing,
    /// A list, or an object whose fields are its entries.
    Listed(Vec<Entry<'a, T>>),
    /// Neither.
    Other,
}

/// One entry of such a list.
#[derive(Debug)]
pub(crate) struct Entry<'a, T> {
    /// What it is listed under.
    pub(crate) key: Option<Cow<'a, str>>,
    /// What it is.
    pub(crate) value: EntryValue<'a, T>,
}

/// What an entry is.
#[derive(Debug)]
pub(crate) enum EntryValue<'a, T> {
    /// An object.
    Object(T),
    /// A text, a number or the like.
    Bare(Field<'a>),
}

impl<'a, T> Entries<'a, T> {
    /// The entries; none where there is no list.
    pub(crate) fn listed(&self) -> &[Entry<'a, T>] {
        match self {
            Self::Listed(entries) => entries,
            Self::Nothing | Self::Other => &[],
        }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for EntryValue<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor(PhantomData))
    }
}

struct EntryVisitor<'a, T>(PhantomData<(&'a (), T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for EntryVisitor<'a, T> {
    type Value = EntryValue<'a, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of a list")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Nothing))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Flag(flag)))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Number(number)))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Other))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Other))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Text(Cow::Borrowed(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(EntryValue::Bare(Field::Text(Cow::Owned(text.to_owned()))))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        FieldVisitor::<'a>(PhantomData).visit_seq(items).map(EntryValue::Bare)
    }
    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(EntryValue::Object)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<'a, T>(PhantomData<(&'a (), T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<'a, T> {
    type Value = Entries<'a, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list in a row")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Entries::Nothing)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Entries::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Entries::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Entries::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Entries::Other)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Entries::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(value) = items.next_element()? {
            entries.push(Entry { key: None, value });
        }
        Ok(Entries::Listed(entries))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Key(key)) = fields.next_key::<Key<'de>>()? {
            entries.push(Entry { key: Some(key), value: fields.next_value()? });
        }
        Ok(Entries::Listed(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Project<'a> {
        #[serde(borrow, default)]
        role: Field<'a>,
    }

    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow, default)]
        projects: Entries<'a, Project<'a>>,
    }

    fn said(json: &str) -> Vec<String> {
        let row: Row<'_> = serde_json::from_str(json).unwrap();
        row.projects
            .listed()
            .iter()
            .map(|entry| match &entry.value {
                EntryValue::Object(project) => format!("{:?} {:?}", entry.key, project.role.word()),
                EntryValue::Bare(field) => format!("{:?} {field:?}", entry.key),
            })
            .collect()
    }

    #[test]
    fn lists_and_maps_of_objects_and_bare_values() {
        for (json, expected) in [
            (r#"{"projects":[{"role":"admin","x":[1]}]}"#, r#"None Some("admin")"#),
            (r#"{"projects":{"7":{"role":"admin"}}}"#, r#"Some("7") Some("admin")"#),
            (r#"{"projects":{"7":"admin"}}"#, r#"Some("7") Text("admin")"#),
            (r#"{"projects":[7]}"#, "None Number(7)"),
            (r#"{"projects":["a@x\u002eexample"]}"#, r#"None Text("a@x.example")"#),
            (r#"{"projects":[null]}"#, "None Nothing"),
            (r#"{"projects":[true]}"#, "None Flag(true)"),
            (r#"{"projects":[[{}]]}"#, "None Other"),
            (r#"{"projects":[-1]}"#, "None Other"),
            (r#"{"projects":[1.5]}"#, "None Other"),
        ] {
            assert_eq!(said(json), [expected], "{json}");
        }
        for json in [r#"{"projects":[]}"#, r#"{"projects":{}}"#, "{}", r#"{"projects":null}"#] {
            assert!(said(json).is_empty(), "{json}");
        }
    }

    #[test]
    fn what_is_no_list_is_told_from_an_empty_one() {
        for (json, listed, nothing) in [
            ("{}", false, true),
            (r#"{"projects":null}"#, false, true),
            (r#"{"projects":[]}"#, true, false),
            (r#"{"projects":"all"}"#, false, false),
            (r#"{"projects":3}"#, false, false),
            (r#"{"projects":-3}"#, false, false),
            (r#"{"projects":3.5}"#, false, false),
            (r#"{"projects":true}"#, false, false),
        ] {
            let row: Row<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(matches!(row.projects, Entries::Listed(_)), listed, "{json}");
            assert_eq!(matches!(row.projects, Entries::Nothing), nothing, "{json}");
        }
    }
}
