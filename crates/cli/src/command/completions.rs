//! `completions`: a script for the shell.

use clap::CommandFactory as _;

use crate::args::{Cli, Completions as Args};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::CommandResult;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mixaccess", &mut script);
    context.console.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
