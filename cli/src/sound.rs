//! Answers that are printed whole or not at all, so that damage met half way is not overlooked.

use crate::exit::Outcome;
use lineal_engine::Snapshot;
use std::io::Write;

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
