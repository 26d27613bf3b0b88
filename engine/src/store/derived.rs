//! What is derived of a store: written beside what is new, or thrown away and made again.

use super::{LazyLedger, State, Store, open};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::ledger::Ledger;
use crate::stands::Stands;

impl Store {
    /// Writes what is derived, so that the next opening is quick. Does nothing when reading only, nor
    /// behind a failed write: what is on the medium is not known then.
    ///
    /// # Errors
    /// [`crate::Error::Stands`] with what the medium says; the store itself is not touched.
    pub fn write_indexes(&self) -> Result<()> {
        // Behind an erasure's commit nothing may be written that hides what is still to be destroyed.
        let _turn = self.turn();
        self.write_indexes_in_turn().map_err(|error| self.behind(Stands::Derived, error))
    }

    /// What is told of an error behind what is recorded.
    pub(crate) fn behind(&self, stands: Stands, error: Error) -> Error {
        match self.commit() {
            0 => error,
            commit => error.behind(commit, stands),
        }
    }

    /// The same for who has the turn.
    pub(crate) fn write_indexes_in_turn(&self) -> Result<()> {
        if self.check_writable().is_err() || self.aside_of.is_some() {
            return Ok(());
        }
        let state = self.read_state();
        if let Some(catalog) = &self.catalog {
            catalog.bring_up_to_date(&state.ledger);
        }
        self.map.write(&*self.storage, &state.head, false)?;
        self.views.write(self, &state)
    }

    /// Throws away everything derived and makes it again from the segments and containers.
    ///
    /// # Errors
    /// [`crate::Error::ReadOnly`], [`crate::Error::Poisoned`], [`crate::Error::OtherIndexKey`] where batches say
    /// that the index key is another store's (nothing was thrown away then), what the medium says, or
    /// [`crate::Error::Corrupt`] if the truth itself is damaged; of a checkpoint that is served with signatures
    /// that the kept one lacks when all else is made, and that one stays as it is.
    pub fn rebuild(&self) -> Result<()> {
        self.check_writable()?;
        let _turn = self.turn();
        // What is there was made under the right key, maybe: it is not given up for what another makes.
        self.need_index_key_of_truth(&self.read_state())?;
        self.pending_keys.forget();
        for name in self.storage.list("index")? {
            self.storage.remove(&format!("index/{name}"))?;
        }
        self.views.forget();
        self.map.forget();
        {
            // What was read from the index may be what is wrong: the segments are read again.
            let mut state = self.state_for_writing()?;
            let empty = (Ledger::default(), Head::new(self.id));
            let (ledger, head) = open::replay(&*self.storage, &state.head, empty.0, empty.1)?;
            *state = State::new(head, LazyLedger::known(ledger));
        }
        if let Some(catalog) = &self.catalog {
            catalog.rebuild(&self.read_state().ledger);
        }
        let made = || {
            self.map.write(&*self.storage, &self.read_state().head, true)?;
            self.rebuild_tiles()?;
            self.write_indexes_in_turn()
        };
        made().map_err(|error| self.behind(Stands::Derived, error))?;
        self.need_served()
    }
}
