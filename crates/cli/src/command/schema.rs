//! `schema`: the JSON Schemas of files, plans and live state.

use mixaccess_model::{LiveState, Plan};

use crate::args::{Schema as Args, SchemaOf};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let schema = match args.of {
        SchemaOf::Access => mixaccess_config::schema(),
        SchemaOf::Plan => schemars::schema_for!(Plan).to_value(),
        SchemaOf::Live => schemars::schema_for!(LiveState).to_value(),
    };
    let text = String::from_utf8(storage::pretty(&schema)?)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
    context.console.result(&text)?;
    Ok(Exit::Done)
}
