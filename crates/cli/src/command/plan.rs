//! `plan`: resolves, reads live state, shows the difference.

use crate::args::Plan as Args;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CommandResult;
use crate::situation::Situation;
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let situation = Situation::gather(context, &args.live, &args.connection, &args.state)?;
    let plan = situation.plan(context, &args.allow, &args.state)?;
    if let Some(path) = &args.out {
        storage::write(path, &storage::pretty(&plan)?)?;
    }
    let redaction = context.redaction(plan.content.organization.id);
    let file = args.out.as_ref().map(|path| path.display().to_string());
    let mut options = context.rendering(redaction.as_ref());
    options.diff = args.diff;
    options.plan_file = file.as_deref();
    context.console.result(&mixaccess_report::plan(&plan, context.format(), &options)?)?;
    Ok(if plan.content.is_refused() {
        Exit::Refused
    } else if args.detailed_exitcode && plan.content.differs() {
        Exit::Differences
    } else {
        Exit::Done
    })
}
