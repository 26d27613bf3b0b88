//! Why a view has no event at a row of a batch.

use super::super::Snapshot;
use crate::store::Store;
use lineal_proof::Hash;

/// Why there is no event at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// The log holds no batch whose revision has that id.
    Unknown,
    /// The view does not show it, as rows of its batch that are restricted.
    Restricted {
        /// How many of the batch's events are, as its counters tell.
        events: u64,
    },
    /// The batch is recorded behind the view.
    Later {
        /// The commit that records it.
        commit: u64,
    },
    /// The batch has fewer rows.
    TooFew {
        /// How many.
        rows: u32,
    },
    /// The import that brought it is retracted as of the view.
    Retracted {
        /// The import.
        import: u64,
        /// The last commit as of which the event is there.
        until: u64,
        /// The first.
        since: u64,
        /// When it was retracted, ns.
        recorded: i64,
    },
}

impl Store {
    /// Why [`Store::event_at`] gives none.
    #[must_use]
    pub fn why_missing(&self, view: &Snapshot, batch: &Hash, row: u32) -> Missing {
        let state = self.read_state();
        let ledger = &state.ledger;
        let Some(revision) = ledger.revision(batch) else { return Missing::Unknown };
        let Some(ordinal) = ledger.batch_of(revision) else { return Missing::Unknown };
        let commit = ledger.revisions.commit(revision);
        if commit > view.commit() {
            return Missing::Later { commit };
        }
        if let Some(place) = view.graph().batch_place(ordinal) {
            let unshown = view.unshown().filter(|of| of.batch == place.node);
            return match row < place.rows {
                // No row of a batch that stands is kept back for another reason.
                true => Missing::Restricted { events: unshown.map(|of| of.restricted).sum() },
                false => Missing::TooFew { rows: place.rows },
            };
        }
        let import = ledger.import_of(commit);
        let last = ledger.retractions.iter().rev();
        let last = last.into_iter().find(|(of, at, _)| *of == import && *at <= view.commit());
        match last {
            Some((_, at, false)) => {
                // Before, it may have been retracted and restored.
                let earlier =
                    ledger.retractions.iter().filter(|(of, of_at, _)| *of == import && of_at < at);
                let since = earlier.map(|(_, of_at, _)| *of_at).fold(commit, u64::max);
                let recorded = ledger.commit_entry(*at).map_or(0, |entry| entry.recorded);
                Missing::Retracted { import, until: at - 1, since, recorded }
            }
            _ => Missing::Unknown,
        }
    }
}
