//! `lineal migrate`: reserved. Format 1 is the only one, so every store that opens is of it.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::place;
use std::io::Write;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(
            out,
            "{}",
            serde_json::json!({ "store": store.name(), "format": 1, "migrated": false })
        )?;
        return Ok(Exit::Answer);
    }
    writeln!(out, "{} has format 1, the newest there is: nothing to migrate", store.name())?;
    Ok(Exit::Answer)
}
