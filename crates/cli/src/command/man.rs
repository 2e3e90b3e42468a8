//! `man`: manual pages.

use clap::CommandFactory as _;

use crate::args::{Cli, Man as Args};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let command = Cli::command();
    let Some(directory) = &args.out else {
        let page = page(&command, "mixaccess")?;
        context.console.result(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::new(format!("cannot create {}: {error}", directory.display())))?;
    storage::write(&directory.join("mixaccess.1"), &page(&command, "mixaccess")?)?;
    for subcommand in command.get_subcommands() {
        let name = format!("mixaccess-{}", subcommand.get_name());
        storage::write(&directory.join(format!("{name}.1")), &page(subcommand, &name)?)?;
    }
    context.console.say(&format!("Wrote the manual pages to {}.", directory.display()));
    Ok(Exit::Done)
}

fn page(command: &clap::Command, name: &str) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut page)
        .map_err(|error| Failure::new(format!("cannot write the manual page: {error}")))?;
    Ok(page)
}
