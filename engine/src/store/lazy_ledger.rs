//! The ledger of an open store, read when it is first needed.
//!
//! A writer needs it at once. A reader whose graph is of `head` answers without it, until something
//! is asked of the past or of single revisions.

use super::open::replay_from;
use crate::damage::Damage;
use crate::error::Result;
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::storage::Storage;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock, OnceLock};

/// What stands for a ledger that cannot be read; the damage is noted then.
static NOTHING: LazyLock<Ledger> = LazyLock::new(Ledger::default);

/// A ledger, or where it is to be read.
pub(crate) struct LazyLedger {
    known: OnceLock<Ledger>,
    unread: Option<Unread>,
}

/// Where a ledger is to be read.
struct Unread {
    storage: Arc<dyn Storage>,
    head: Head,
    /// The ledger's file as it was when the store was opened.
    index: Option<Bytes>,
    damage: Arc<Damage>,
}

impl LazyLedger {
    /// A ledger that is there.
    pub(super) fn known(ledger: Ledger) -> LazyLedger {
        LazyLedger { known: OnceLock::from(ledger), unread: None }
    }

    /// The ledger as of `head`, to be read when it is needed.
    pub(super) fn unread(
        storage: Arc<dyn Storage>,
        head: Head,
        index: Option<Bytes>,
        damage: Arc<Damage>,
    ) -> LazyLedger {
        let unread = Some(Unread { storage, head, index, damage });
        LazyLedger { known: OnceLock::new(), unread }
    }

    /// The ledger, if it was read.
    pub(super) fn read(&self) -> Option<&Ledger> {
        self.known.get()
    }

    /// The ledger.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] if the segments cannot be read.
    pub(crate) fn load(&self) -> Result<&Ledger> {
        let Some(unread) = &self.unread else { return Ok(self.known.get().unwrap_or(&NOTHING)) };
        if let Some(ledger) = self.known.get() {
            return Ok(ledger);
        }
        let (ledger, _) = replay_from(&*unread.storage, &unread.head, unread.index.as_ref())?;
        Ok(self.known.get_or_init(|| ledger))
    }
}

impl Deref for LazyLedger {
    type Target = Ledger;

    /// The ledger where no error can be returned: an empty one, and a note, if it cannot be read.
    fn deref(&self) -> &Ledger {
        self.load().unwrap_or_else(|error| {
            if let Some(unread) = &self.unread {
                unread.damage.note_error(&error);
            }
            &NOTHING
        })
    }
}

impl DerefMut for LazyLedger {
    fn deref_mut(&mut self) -> &mut Ledger {
        self.known
            .get_mut()
            .expect("only writers change the ledger, and they read it when they open")
    }
}
