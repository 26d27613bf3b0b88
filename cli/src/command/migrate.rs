//! `lineal migrate`: reserved. Format 1 is the only one, so every store that opens is of it.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::place;
use std::io::Write;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} has format 1, the newest there is: nothing to migrate", store.name())?;
    Ok(Exit::Answer)
}
