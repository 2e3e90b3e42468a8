//! `drift`: like plan, worded for a schedule; says who changed it, when the audit log knows.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mixaccess_api::{AuditEvent, Client};
use mixaccess_model::{Change, Email, Plan, PlanContent, Subject, printable};
use mixaccess_report::{Culprit, Culprits, Purpose};

use crate::args::{Allow, Drift as Args};
use crate::connection::{block_on, connect};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::situation::Situation;
use crate::storage;

/// People the audit log is asked about; beyond that the log itself is the better place to look.
const MOST_ASKED: usize = 20;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let situation = Situation::gather(context, &args.live, &args.connection, &args.state)?;
    let allow = Allow { allow: Vec::new(), because: None };
    let plan = situation.plan(context, &allow, &args.state)?;
    if let Some(path) = &args.out {
        storage::write(path, &storage::pretty(&plan)?)?;
    }
    let asks = args.live.live.is_none() && args.audit_days > 0 && !plan.content.is_empty();
    let culprits =
        if asks { who_changed(args, context, &situation, &plan)? } else { Culprits::new() };
    let redaction = context.redaction(plan.content.organization.id);
    let file = args.out.as_ref().map(|path| path.display().to_string());
    let mut options = context.rendering(redaction.as_ref());
    options.diff = args.diff;
    options.plan_file = file.as_deref();
    options.purpose = Purpose::Drift { culprits: &culprits };
    context.console.result(&mixaccess_report::plan(&plan, context.format(), &options)?)?;
    Ok(exit(&plan.content))
}

fn exit(content: &PlanContent) -> Exit {
    if content.differs() {
        Exit::Differences
    } else if content.errors().next().is_some() {
        Exit::Error
    } else if content.is_refused() {
        Exit::Refused
    } else {
        Exit::Done
    }
}

/// Asks the audit log about the people who drifted. What it does not answer is only said.
fn who_changed(
    args: &Args,
    context: &Context,
    situation: &Situation,
    plan: &Plan,
) -> Result<Culprits, Failure> {
    let client = connect(context, &situation.desired.organization, &args.connection)?;
    let since = context.now - SignedDuration::from_hours(24 * i64::from(args.audit_days));
    block_on(async {
        let mut culprits = Culprits::new();
        let people: BTreeSet<&Email> = plan.content.changes.iter().filter_map(person_of).collect();
        for email in people.into_iter().take(MOST_ASKED) {
            match events_about(&client, email, since).await {
                Ok(events) => attribute(&mut culprits, plan, email, &events),
                Err(reason) => {
                    context.console.say(&format!(
                        "The audit log does not say who changed it: {}",
                        printable(&reason)
                    ));
                    break;
                }
            }
        }
        culprits
    })
}

async fn events_about(
    client: &Client,
    email: &Email,
    since: jiff::Timestamp,
) -> Result<Vec<AuditEvent>, String> {
    client.audit_log(email, since).await.map_err(|error| error.to_string())
}

/// Whose access a change changes: the person's, or the one who comes to a team or leaves it.
fn person_of(change: &Change) -> Option<&Email> {
    change.write.moved_member().or_else(|| change.subject.email())
}

/// Whether an event of the audit log may be what a change would put back. One that names no team is no
/// evidence against anybody.
fn is_about(event: &AuditEvent, change: &Change) -> bool {
    let of_team = event.event.starts_with("team.");
    match (change.write.moved_member(), &change.subject) {
        (Some(_), Subject::Team { name, .. }) => of_team && event.team.as_deref() == Some(&**name),
        (Some(_) | None, _) => {
            let project = change.write.project().map(|project| project.id);
            !of_team && event.project == project
        }
    }
}

/// The latest event about the same project or the same team, or about the person where it names none.
fn attribute(culprits: &mut Culprits, plan: &Plan, email: &Email, events: &[AuditEvent]) {
    for change in plan.content.changes.iter().filter(|one| person_of(one) == Some(email)) {
        let latest = events
            .iter()
            .filter(|event| is_about(event, change))
            .filter_map(|event| Some((event.at, event.actor.as_ref()?)))
            .max_by_key(|(at, _)| *at);
        if let Some((at, who)) = latest {
            culprits.insert(change.id.clone(), Culprit { who: who.clone(), at });
        }
    }
}
