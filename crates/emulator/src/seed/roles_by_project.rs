//! Maps from project number to role that refuse a project named twice, which the readers of YAML
//! and JSON would let pass, the last one winning.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(
    roles: &BTreeMap<u64, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    roles.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<u64, String>, D::Error> {
    deserializer.deserialize_map(RolesVisitor)
}

struct RolesVisitor;

impl<'de> Visitor<'de> for RolesVisitor {
    type Value = BTreeMap<u64, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from project number to role")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut roles = BTreeMap::new();
        while let Some((project, role)) = map.next_entry::<u64, String>()? {
            match roles.entry(project) {
                Entry::Vacant(entry) => entry.insert(role),
                Entry::Occupied(_) => {
                    return Err(A::Error::custom(format_args!("project {project} is named twice")));
                }
            };
        }
        Ok(roles)
    }
}
