//! `emulator`: serves the embedded Mixpanel on loopback until it is stopped.

use std::time::Duration;

use mixaccess_emulator::{Emulator, EmulatorOptions, Seed};

use super::stop::StopRequests;
use crate::args::Emulator as Args;
use crate::connection::{BASE_URL_VARIABLE, block_on};
use crate::context::Context;
use crate::example;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let seed = seed(args)?;
    let mut options = EmulatorOptions { address: args.listen, ..EmulatorOptions::default() };
    for fault in &args.fault {
        options.faults.push(
            fault.parse().map_err(|error| Failure::new(format!("--fault \"{fault}\": {error}")))?,
        );
    }
    if let Some(shape) = &args.shape {
        options.shape =
            shape.parse().map_err(|error| Failure::new(format!("--shape \"{shape}\": {error}")))?;
    }
    options.latency = (args.latency > 0).then(|| Duration::from_millis(args.latency));
    block_on(serve(seed, options, args, context))?
}

async fn serve(
    seed: Seed,
    options: EmulatorOptions,
    args: &Args,
    context: &Context,
) -> CommandResult {
    let accounts = seed.service_accounts.clone();
    let name = seed.organization.name.clone();
    let emulator = Emulator::start(seed, options).await.map_err(Failure::new)?;
    let mut text = format!("Serving {name} on {}. Ctrl-C stops it.\n\n", emulator.base_url());
    text.push_str("In another terminal:\n\n");
    text.push_str(&format!("  export {BASE_URL_VARIABLE}={}\n", emulator.base_url()));
    if let Some(account) = accounts.first() {
        text.push_str(&format!(
            "  export {}={}\n  export {}={}\n",
            mixaccess_api::USERNAME_VARIABLE,
            account.username,
            mixaccess_api::SECRET_VARIABLE,
            account.secret
        ));
    }
    context.console.result(&mixaccess_text(&text))?;
    StopRequests::listen().next().await;
    if let Some(path) = &args.save {
        let state = emulator.state().to_yaml().map_err(Failure::new)?;
        storage::write(path, state.as_bytes())?;
        context.console.say(&format!("\nWrote {}.", path.display()));
    }
    emulator.stop().await;
    Ok(Exit::Done)
}

/// Names in a seed are somebody else's text.
fn mixaccess_text(text: &str) -> String {
    let mut safe: String =
        text.lines().map(|line| format!("{}\n", mixaccess_model::printable(line))).collect();
    if !text.ends_with('\n') {
        safe.pop();
    }
    safe
}

fn seed(args: &Args) -> Result<Seed, Failure> {
    let (name, text) = match &args.seed {
        None => ("the demo's organization".to_owned(), example::LIVE.to_owned()),
        Some(path) => {
            let bytes = storage::read(path)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::new(format!("{} is not valid UTF-8", path.display())))?;
            (path.display().to_string(), text)
        }
    };
    // JSON is YAML; the reader for JSON says better what is wrong with it.
    let read = if text.trim_start().starts_with('{') {
        Seed::from_json(&text)
    } else {
        Seed::from_yaml(&text)
    };
    read.map_err(|error| Failure::new(format!("{name}: {error}")))
}
