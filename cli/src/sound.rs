//! Answers that are printed whole or not at all, so that damage met half way is not overlooked.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::place;
use crate::time::Zone;
use lineal_engine::{Snapshot, Store};
use std::io::Write;

/// Prints an overview of the store that is meant: what `stats` and `imports` give.
pub(crate) fn print_overview(
    arguments: &Arguments,
    print: fn(&mut dyn Write, &Store, &Snapshot, &Zone, bool) -> Outcome<()>,
) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot()?;
    let zone = Zone::parse(&arguments.tz)?;
    let out = &mut std::io::stdout().lock();
    print_sound(out, &view, |out| print(out, &store, &view, &zone, arguments.json))?;
    Ok(Exit::Answer)
}

/// Prints an answer, unless what it was read from turns out to be damaged: then this is said in its
/// stead.
pub(crate) fn print_sound<T>(
    out: &mut dyn Write,
    view: &Snapshot,
    print: impl FnOnce(&mut dyn Write) -> Outcome<T>,
) -> Outcome<T> {
    let mut answer = Vec::new();
    let printed = print(&mut answer);
    if let Some(damage) = view.damage() {
        return Err(damage.into());
    }
    out.write_all(&answer)?;
    printed
}
