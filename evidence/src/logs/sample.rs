//! The proof of a sample: of up to 64 batches, spread evenly over all, the first event that is shown.
//! Whoever checks it knows that these events, and the batches that they are rows of, stand in the log
//! that the checkpoint covers.

use super::counts::Reconciled;
use super::files::Folder;
use super::{LogsError, Wanted};
use lineal_engine::{Claim, EventRef, Snapshot, Store, Unproved};
use lineal_proof::tlog::SignedCheckpoint;
use serde_json::{Value as Json, json};

/// Events of a sample: each needs the leaves of its whole batch.
const SAMPLE_MAX: usize = 64;
/// The file that holds it.
pub(super) const PROOF_FILE: &str = "sample-proof.json";
/// How it is taken, as the statement says it.
pub(super) const RULE: &str =
    "of up to 64 batches, spread evenly over those with rows, the first row that is shown";

/// Nothing is shown that could be proved.
const NONE_SHOWN: &str = "no row is shown";
/// A neighbour of each event was erased under the same seed, and its salts with it.
const UNSALTED: &str =
    "the salts of every sampled batch were erased with other events of the batch";

/// What the proof is of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sample {
    /// Events that are proved; none if there is no proof.
    pub(super) events: usize,
    /// Batches whose event cannot be proved, because salts of it were erased.
    pub(super) dropped: usize,
}

impl Sample {
    /// Why there is no proof; none if there is one.
    pub(super) fn why(&self) -> Option<&'static str> {
        match (self.events, self.dropped) {
            (0, 0) => Some(NONE_SHOWN),
            (0, _) => Some(UNSALTED),
            _ => None,
        }
    }

    /// As the statement says it.
    pub(super) fn json(&self) -> Json {
        match self.why() {
            Some(why) => json!({ "events": 0, "dropped": self.dropped, "why": why }),
            None => json!({
                "file": PROOF_FILE, "events": self.events, "dropped": self.dropped, "rule": RULE,
            }),
        }
    }
}

/// Writes the proof; says of how many events it is.
pub(super) fn prove(
    store: &Store,
    view: &Snapshot,
    wanted: &Wanted,
    reconciled: &Reconciled,
    checkpoint: &SignedCheckpoint,
    folder: &mut Folder,
) -> Result<Sample, LogsError> {
    let note = checkpoint.to_string();
    let made = |events: Vec<EventRef>| {
        let claim = Claim::Events { events, named: None };
        store.prove(view, &claim, note.as_bytes(), !wanted.with_subject_group)
    };
    let events = sample(reconciled.shown());
    if events.is_empty() {
        return Ok(Sample { events: 0, dropped: 0 });
    }
    let all = events.len();
    let (proof, events) = match made(events.clone()) {
        // Another event under the same seed was erased, and the salts of its neighbours with it.
        Err(Unproved::Unsalted { .. }) => {
            let mut salted = Vec::with_capacity(all);
            for event in events {
                match made(vec![event]) {
                    Ok(_) => salted.push(event),
                    Err(Unproved::Unsalted { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if salted.is_empty() {
                return Ok(Sample { events: 0, dropped: all });
            }
            (made(salted.clone())?, salted.len())
        }
        made => (made?, all),
    };
    folder.put(PROOF_FILE, proof.write().as_bytes())?;
    Ok(Sample { events, dropped: all - events })
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

    #[test]
    fn a_sample_without_a_proof_says_why_and_one_with_it_how_many_it_lacks() {
        let none = Sample { events: 0, dropped: 0 }.json();
        assert_eq!(none, json!({ "events": 0, "dropped": 0, "why": NONE_SHOWN }));
        assert_eq!(Sample { events: 0, dropped: 3 }.json()["why"], UNSALTED);
        let some = Sample { events: 2, dropped: 1 };
        assert_eq!(some.why(), None);
        assert_eq!((&some.json()["events"], &some.json()["dropped"]), (&json!(2), &json!(1)));
    }
}
