//! What lies in the store whether it counts or not: a retraction takes it out of answers and destroys
//! nothing.

use super::open::replay_from;
use super::{State, Store};
use crate::error::Result;
use crate::index;
use crate::ledger::Ledger;
use crate::snapshot::Snapshot;

impl Store {
    /// All that lies in the store as of a view: the view as if no import had been retracted, and with
    /// the rows that others outweigh. None where no import is retracted as of the view: then each
    /// batch is in it. It is made of the records anew, so ask it of decisions, not of questions; its
    /// counters say nothing.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a record cannot be read.
    pub fn stored(&self, view: &Snapshot) -> Result<Option<Snapshot>> {
        let state = self.read_state();
        self.views.stored(self, &state, (view, true))
    }

    /// The same for who looks for rows, and not for batches: none only where no row of the view is outweighed
    /// either, since such a row is no event of the view.
    ///
    /// # Errors
    /// As [`Store::stored`].
    pub fn stored_rows(&self, view: &Snapshot) -> Result<Option<Snapshot>> {
        let state = self.read_state();
        self.views.stored(self, &state, (view, view.outweighed_rows() == 0))
    }

    /// The ledger of a state as if nothing had been retracted.
    pub(crate) fn unretracted(&self, state: &State) -> Result<Ledger> {
        let index = index::ledger_bytes(&*self.storage)?;
        let (mut ledger, _) = replay_from(&*self.storage, &state.head, index.as_ref())?;
        ledger.retractions.clear();
        Ok(ledger)
    }
}
