//! Events of the audit log.

use mixaccess_model::{Email, ProjectId};
use serde::Deserialize;

use crate::audit::AuditEvent;
use crate::list::{Field, Identity, OddRow, Row, Words};

/// An event of the audit log, under the names that were seen or are likely.
#[derive(Deserialize)]
pub(crate) struct EventFields<'a> {
    #[serde(borrow, default)]
    event: Field<'a>,
    #[serde(borrow, default)]
    event_type: Field<'a>,
    #[serde(borrow, default)]
    action: Field<'a>,
    #[serde(borrow, default)]
    actor: Field<'a>,
    #[serde(borrow, default)]
    actor_email: Field<'a>,
    #[serde(borrow, default)]
    timestamp: Field<'a>,
    #[serde(borrow, default)]
    time: Field<'a>,
    #[serde(borrow, default)]
    created_at: Field<'a>,
    #[serde(borrow, default)]
    user_email: Field<'a>,
    #[serde(borrow, default)]
    project_id: Field<'a>,
    #[serde(borrow, default)]
    team: Field<'a>,
    #[serde(borrow, default)]
    team_name: Field<'a>,
    #[serde(borrow, default)]
    from: Field<'a>,
    #[serde(borrow, default)]
    to: Field<'a>,
}

impl Row for AuditEvent {
    type Wire<'de> = EventFields<'de>;
    const KEYS: &'static [&'static str] = &["results", "events", "audit_log", "logs"];

    fn read(row: EventFields<'_>, _: Option<&str>, _: &mut Words) -> Result<Option<Self>, OddRow> {
        let owned = |field: &Field<'_>| field.word().map(str::to_owned);
        let event = owned(&row.event).or_else(|| owned(&row.event_type));
        let Some(event) = event.or_else(|| owned(&row.action)) else { return Ok(None) };
        Ok(Some(Self {
            event,
            actor: owned(&row.actor_email).or_else(|| owned(&row.actor)),
            at: [&row.timestamp, &row.time, &row.created_at].into_iter().find_map(Field::instant),
            email: row.user_email.word().map(Email::new),
            project: row.project_id.number().map(ProjectId),
            team: owned(&row.team).or_else(|| owned(&row.team_name)),
            before: owned(&row.from),
            after: owned(&row.to),
        }))
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Unsaid
    }
}
