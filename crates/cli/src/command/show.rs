//! `show`: renders a saved plan again, in any format, without the network.

use mixaccess_report::Purpose;

use crate::args::Show as Args;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let plan = storage::read_plan(&args.plan)?;
    let redaction = context.redaction(plan.content.organization.id);
    let file = args.plan.display().to_string();
    let mut options = context.rendering(redaction.as_ref());
    options.diff = args.diff;
    options.plan_file = Some(&file);
    if plan.content.undoes.is_some() {
        options.purpose = Purpose::Undo;
    }
    context.console.result(&mixaccess_report::plan(&plan, context.format(), &options)?)?;
    match plan.verify() {
        Ok(()) => Ok(Exit::Done),
        Err(error) => Err(Failure::refused(format!("{}: {error}", args.plan.display())).hint(
            "What is shown above is not what was planned, and apply will refuse it. Plan again.",
        )),
    }
}
