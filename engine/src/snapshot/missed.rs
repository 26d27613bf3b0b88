//! Why a sealed value does not open: erased, restricted and not brought along are no damage, and a value that
//! nobody erased is, where it is no longer held, does not fit its commitment, or has no key among the seeds that
//! are here. Then the answer ends with an error: to leave the value out would be another answer.

use super::View;
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::keys::SEEDS;
use crate::sealed::{REGISTER, Sought};
use crate::segment::{open_segment, segment_path};
use crate::skim::Skim;
use crate::storage::Storage;
use lineal_proof::Hash;
use lineal_proof::frame::RecordType;
use lineal_proof::record::{Decision, Erasure, Record};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The commitments of erased values that the log names, read when it is first asked for, and the commit up to
/// which. What the store knows of erasures need not be read yet, and another process may go on.
#[derive(Default)]
pub(super) struct ErasedInLog {
    known: Mutex<Option<(u64, Arc<HashSet<Hash>>)>>,
}

impl ErasedInLog {
    fn holds(&self, storage: &dyn Storage, commitment: &Hash) -> Result<bool> {
        let bytes = storage.read(HEAD)?;
        let Some(head) = bytes.map(|bytes| Head::from_bytes(&bytes)).transpose()? else {
            // Of a store without `head` nothing is vouched for.
            return Ok(true);
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((commit, erased)) = &*known
            && *commit == head.commit
        {
            return Ok(erased.contains(commitment));
        }
        let erased = Arc::new(erased_in(storage, &head)?);
        *known = Some((head.commit, Arc::clone(&erased)));
        Ok(erased.contains(commitment))
    }
}

/// The commitments that erasures of a log name. Other records are passed over by their length.
fn erased_in(storage: &dyn Storage, head: &Head) -> Result<HashSet<Hash>> {
    let mut erased = HashSet::new();
    for number in 1..=head.segment {
        let path = segment_path(number);
        let missing = || Error::corrupt(&path, 0, "a segment that `head` vouches for is there");
        let bytes = open_segment(storage, number, &head.store)?.ok_or_else(missing)?;
        for found in Skim::of(number, &bytes, head, RecordType::Erasure) {
            let (at, frame) = found?;
            let erasure = Erasure::decode(frame.payload);
            let erasure = erasure.map_err(|e| Error::record(&path, at, e))?;
            if erasure.decision == Decision::Erased {
                erased.extend(erasure.sealed.iter().map(|value| value.commitment));
            }
        }
    }
    Ok(erased)
}

impl View {
    /// Notes it as damage if a value should open and does not. Nothing is said of a store without keys.
    #[cold]
    pub(super) fn missed(&self, commitment: &Hash, sought: &Sought) {
        let (file, rule) = match sought {
            Sought::Found(_) | Sought::NoSeeds => return,
            Sought::NotHeld => {
                (REGISTER, "the register holds the values that records name and nobody erased")
            }
            Sought::DoesNotFit => (REGISTER, "a sealed value opens and fits its commitment"),
            Sought::KeyDamaged => (SEEDS, "the keys of sealed values that nobody erased read"),
            Sought::NoKey => (
                SEEDS,
                "it holds the keys of sealed values that nobody erased, and is none of before or of another \
                 store (put it back from its backup)",
            ),
        };
        match self.erased_in_log.holds(&*self.storage, commitment) {
            Ok(true) => {}
            Ok(false) => {
                let rule = format!("{rule}: {}", commitment.short());
                self.graph.damage().note(file, 0, rule);
            }
            Err(error) => self.graph.damage().note_error(&error),
        }
    }
}
