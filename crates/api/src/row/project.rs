//! Projects in an organization's list.

use std::sync::Arc;

use mixaccess_model::{LiveProject, ProjectId};
use serde::Deserialize;

use super::numbered;
use crate::list::{Entries, EntryValue, Field, Identity, OddRow, Row, Words};

/// A project in the organization's list.
#[derive(Deserialize)]
pub(crate) struct ProjectFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    custom_roles: Entries<'a, CustomRoleFields<'a>>,
}

/// A role that a project defines itself.
#[derive(Deserialize)]
pub(crate) struct CustomRoleFields<'a> {
    #[serde(borrow, default)]
    name: Field<'a>,
}

/// The roles a project defines itself; nothing where the row does not say, or says one in a way not
/// understood: half a list would make the others look unknown.
fn custom_roles(roles: &Entries<'_, CustomRoleFields<'_>>) -> Option<Vec<Arc<str>>> {
    let Entries::Listed(entries) = roles else { return None };
    let mut names = entries
        .iter()
        .map(|entry| {
            let field = match &entry.value {
                EntryValue::Object(fields) => &fields.name,
                EntryValue::Bare(field) => field,
            };
            field.word().map(Arc::from)
        })
        .collect::<Option<Vec<Arc<str>>>>()?;
    names.sort_unstable();
    names.dedup();
    Some(names)
}

impl Row for LiveProject {
    type Wire<'de> = ProjectFields<'de>;
    const KEYS: &'static [&'static str] = &["results", "projects"];
    const IS_NUMBERED: bool = true;

    fn read(
        row: ProjectFields<'_>,
        key: Option<&str>,
        _: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let id = numbered(&[&row.id], key).map(ProjectId).ok_or("has no number")?;
        let name = row.name.word().map_or_else(|| id.to_string(), str::to_owned);
        Ok(Some(Self {
            id,
            name,
            members_read: false,
            service_accounts_read: false,
            custom_roles: custom_roles(&row.custom_roles),
        }))
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Number(self.id.0, &self.name)
    }
}
