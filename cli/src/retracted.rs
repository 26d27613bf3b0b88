//! Imports that were undone: the likeliest reason why something is gone.

use crate::exit::{Failure, Outcome};
use crate::target::resolve;
use crate::time::Zone;
use lineal_engine::{Snapshot, Store};
use lineal_query::told::retracted_imports;

/// The last retracted imports that are asked: each costs a view.
const ASKED: usize = 3;

/// Adds to "not found" which retracted import had it.
pub(crate) fn explain(
    store: &Store,
    view: &Snapshot,
    zone: &Zone,
    text: &str,
    failure: Failure,
) -> Failure {
    let Failure::NotFound(message) = &failure else { return failure };
    match bringer(store, view, zone, text) {
        Ok(Some((import, last))) => Failure::NotFound(format!(
            "{message}\n  import:{import} had it and is retracted: `--as-of {last}` shows it, \
             `lineal retract import:{import} --restore` brings it back"
        )),
        // The first error says more than one of a second look.
        Ok(None) | Err(_) => failure,
    }
}

/// The retracted import that brought it, and the last commit of that import.
fn bringer(store: &Store, view: &Snapshot, zone: &Zone, text: &str) -> Outcome<Option<(u64, u64)>> {
    let had = |commit: u64| -> Outcome<bool> {
        Ok(resolve(&store.snapshot_at(commit)?, zone, text).is_ok())
    };
    let sources = store.sources();
    for import in retracted_imports(view)?.into_iter().rev().take(ASKED) {
        let commits = sources.iter().filter(|(_, of, _)| *of == import);
        let last = commits.map(|(commit, ..)| *commit).max().unwrap_or(import);
        // An import has the number of its first commit: what was there before, it did not bring.
        if had(last)? && !had(import - 1)? {
            return Ok(Some((import, last)));
        }
    }
    Ok(None)
}
