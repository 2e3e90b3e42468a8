//! `snapshot`: writes the live state to a file.

use mixaccess_api::read_live;
use mixaccess_model::{ProjectId, Reads};
use mixaccess_planner::what_to_read;

use crate::args::{Format, Snapshot as Args};
use crate::connection::{block_on, connect};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::situation::{check_whole, warn_of_unread_rows};
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    if context.common.redact {
        return Err(Failure::new("a snapshot cannot be redacted").hint(
            "Plans need the addresses. Redact the plan instead: `plan --live FILE --redact`.",
        ));
    }
    if !matches!(context.common.format, Format::Human | Format::Json) {
        return Err(
            Failure::new("a snapshot is JSON, and has no other form").hint("Leave --format out.")
        );
    }
    let (_, desired) = context.desired()?;
    let client = connect(context, &desired.organization, &args.connection)?;
    let declared: Vec<ProjectId> = desired.projects.iter().map(|project| project.id).collect();
    let live = block_on(async {
        let dialect = client.find_dialect().await?.dialect;
        let reads = |members: &[_]| Reads {
            undeclared_projects: args.all_projects
                || what_to_read(&desired, members, context.now).undeclared_projects,
            ..Reads::EVERYTHING
        };
        read_live(
            &client,
            desired.organization.id,
            dialect,
            &declared,
            reads,
            usize::from(args.connection.concurrency),
            context.now,
        )
        .await
    })??;
    check_whole(&live, &args.state)?;
    for unread in &live.unread {
        let what = unread.list.as_str();
        let of = unread.project.map(|id| format!(" of project {id}")).unwrap_or_default();
        context.console.warn(&format!("the {what}{of} were not read: {}", unread.why));
    }
    warn_of_unread_rows(context, &live);
    let bytes = serde_json::to_vec(&live)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
    match &args.out {
        Some(path) => {
            storage::write(path, &bytes)?;
            let read = live.projects.iter().filter(|project| project.members_read).count();
            context.console.say(&format!(
                "Wrote {}: {} members, {} of {} projects read.",
                path.display(),
                live.members.len(),
                read,
                live.projects.len()
            ));
        }
        None => context.console.result(&format!("{}\n", String::from_utf8_lossy(&bytes)))?,
    }
    Ok(Exit::Done)
}
