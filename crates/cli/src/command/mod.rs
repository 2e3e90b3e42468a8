//! One file a command.

mod adopt;
mod apply;
mod completions;
mod demo;
mod doctor;
mod drift;
mod emulator;
mod explain;
mod init;
mod man;
mod plan;
mod reviewed;
mod schema;
mod show;
mod snapshot;
mod stop;
mod tokens;
mod validate;

use crate::args::Command;
use crate::context::Context;
use crate::failure::CommandResult;

/// Runs a command.
///
/// # Errors
/// Whatever the command reports.
pub(crate) fn run(command: &Command, context: &Context) -> CommandResult {
    match command {
        Command::Init(args) => init::run(args, context),
        Command::Validate => validate::run(context),
        Command::Plan(args) => plan::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Apply(args) => apply::run(args, context),
        Command::Drift(args) => drift::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Adopt(args) => adopt::run(args, context),
        Command::Snapshot(args) => snapshot::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Tokens(args) => tokens::run(args, context),
        Command::Schema(args) => schema::run(args, context),
        Command::Completions(args) => completions::run(args, context),
        Command::Man(args) => man::run(args, context),
        Command::Emulator(args) => emulator::run(args, context),
        Command::Demo(args) => demo::run(args, context),
    }
}
