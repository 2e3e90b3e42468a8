//! The `mixaccess` program: arguments in, one command, an exit code out.

pub mod args;
mod clock;
mod command;
mod connection;
mod console;
mod context;
mod environment;
mod example;
mod exit;
mod failure;
mod progress;
mod receipt;
mod repository;
mod secrets;
mod situation;
mod storage;
mod wording;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

pub use exit::Exit;

use args::Cli;
use console::Console;
use context::Context;
use environment::Environment;

/// Runs the program with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; everything else is bad usage, which is exit code 1.
            let exit = if error.use_stderr() { Exit::Error } else { Exit::Done };
            let _ = error.print();
            return exit.into();
        }
    };
    execute(cli, Environment::default()).into()
}

/// Runs a parsed command line in an environment.
fn execute(cli: Cli, environment: Environment) -> Exit {
    let Cli { command, common } = cli;
    let context = Context::new(common, environment);
    match command::run(&command, &context) {
        Ok(exit) => exit,
        Err(failure) => {
            let console: &Console = &context.console;
            let failure = context.shown(failure);
            console.fail(&failure);
            failure.exit
        }
    }
}
