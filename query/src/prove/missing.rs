//! Why an event that was named is none, and what can be proved in its place.

use super::NotProved;
use crate::store_view::StoreView;
use crate::told;
use crate::value::time_text;
use lineal_engine::{EventRef, Missing, Unproved};
use lineal_proof::Hash;

/// Why no event stands at a row of a batch.
pub(super) fn at_place(view: &StoreView, (batch, row): (Hash, u32)) -> NotProved {
    let unknown = || NotProved::NoRow { batch: batch.to_string(), row };
    let (store, snapshot) = (view.store(), view.snapshot());
    match store.why_missing(snapshot, &batch, row) {
        Missing::Unknown => unknown(),
        Missing::Restricted { events } => {
            NotProved::Restricted { batch: batch.to_string(), row, events }
        }
        Missing::TooFew { rows } => NotProved::TooFewRows { batch: batch.to_string(), row, rows },
        Missing::Later { commit } => NotProved::LaterBatch { batch: batch.to_string(), commit },
        Missing::Retracted { import, since, until, recorded } => {
            let sizes = store.checkpoint_sizes().unwrap_or_default();
            let before = sizes.into_iter().rfind(|size| (since..=until).contains(size));
            let how = match before {
                Some(size) => format!(
                    "a checkpoint from before is kept: `--checkpoint` with checkpoints/{size:012}.note of the store proves that it was recorded"
                ),
                None => format!(
                    "no checkpoint from before is kept: `lineal retract import:{import} --restore` brings it back, and a checkpoint made then proves it"
                ),
            };
            let (commit, on) = (until + 1, time_text(recorded));
            NotProved::Retracted { import, commit, on, how }
        }
    }
}

/// What is told of a hash or id that no event has: is it in a row in whose place another one counts?
pub(super) fn outweighed(
    view: &StoreView,
    key: &str,
    withhold: bool,
) -> Result<Option<NotProved>, NotProved> {
    let found = told::outweighed_row(view.snapshot(), key, withhold).map_err(Unproved::Store)?;
    let Some((row, counts)) = found else { return Ok(None) };
    let place = |event: EventRef| {
        let batch = view.store().revision_of_part(event.batch)?;
        Some(format!("event:{batch}/{}", event.row))
    };
    let (Some(row), Some(stands)) = (place(row), place(counts)) else { return Ok(None) };
    Ok(Some(NotProved::Outweighed { key: key.to_owned(), row, stands }))
}
