//! The proof of a sample: of up to 64 batches, spread evenly over all, the first event that is shown.
//! Whoever checks it knows that these events, and the batches that they are rows of, stand in the log
//! that the checkpoint covers.

use super::counts::Reconciled;
use super::files::Folder;
use super::{LogsError, Wanted};
use lineal_engine::{Claim, EventRef, Snapshot, Store, Unproved};
use lineal_proof::tlog::SignedCheckpoint;

/// Events of a sample: each needs the leaves of its whole batch.
const SAMPLE_MAX: usize = 64;
/// The file that holds it.
pub(super) const PROOF_FILE: &str = "sample-proof.json";
/// How it is taken, as the statement says it.
pub(super) const RULE: &str =
    "of up to 64 batches, spread evenly over those with rows, the first row that is shown";

/// Writes the proof; says of how many events it is.
pub(super) fn prove(
    store: &Store,
    view: &Snapshot,
    wanted: &Wanted,
    reconciled: &Reconciled,
    checkpoint: &SignedCheckpoint,
    folder: &mut Folder,
) -> Result<usize, LogsError> {
    let note = checkpoint.to_string();
    let made = |events: Vec<EventRef>| {
        let claim = Claim::Events { events, named: None };
        store.prove(view, &claim, note.as_bytes(), !wanted.with_subject_group)
    };
    let mut events = sample(reconciled.shown());
    if events.is_empty() {
        return Ok(0);
    }
    let proof = match made(events.clone()) {
        // Another event under the same seed was erased, and the salts of its neighbours with it.
        Err(Unproved::Unsalted { .. }) => {
            events.retain(|event| made(vec![*event]).is_ok());
            if events.is_empty() {
                return Ok(0);
            }
            made(events.clone())?
        }
        made => made?,
    };
    folder.put(PROOF_FILE, proof.write().as_bytes())?;
    Ok(events.len())
}

fn sample(shown: &[(u32, u32)]) -> Vec<EventRef> {
    let count = shown.len().min(SAMPLE_MAX);
    let at = |number: usize| shown.get(number * shown.len() / count);
    let found = (0..count).filter_map(at);
    found.map(|(batch, row)| EventRef { batch: *batch, row: *row }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_evenly_and_names_no_event_twice() {
        let shown: Vec<(u32, u32)> = (0..1_000).map(|batch| (batch, batch % 7)).collect();
        let found = sample(&shown);
        assert_eq!(found.len(), SAMPLE_MAX);
        assert!(found.windows(2).all(|pair| pair[0].batch < pair[1].batch));
        assert_eq!(found.first(), Some(&EventRef { batch: 0, row: 0 }));
        assert_eq!(found[32], EventRef { batch: 500, row: 3 });
        assert_eq!(sample(&shown[..3]).len(), 3);
        assert!(sample(&[]).is_empty());
    }
}
