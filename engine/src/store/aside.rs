//! A store beside another: what would be if something were written now.

use super::{Options, Store};
use crate::error::Result;
use crate::storage::AsideStorage;
use std::sync::Arc;

impl Store {
    /// A store that begins as this one is now and is written in memory alone: imports into it make the
    /// views that the same imports into this one would make, and nothing of them is kept. Such views end with
    /// this store's last commit: what is behind it is in them and pending ([`crate::Snapshot::is_pending`]). What it needs
    /// of this store's files is read where they lie, so this one must stay open as long as its views
    /// are used. Only the clock and the secrets of the options are looked at.
    ///
    /// # Errors
    /// As [`Store::open`], but for the lock: the other store may have a writer.
    pub fn aside(&self, options: &Options) -> Result<Store> {
        let head = self.read_state().head;
        let storage = AsideStorage::of(self.shared_storage(), head)?;
        // A segment of its own, so that none is copied to be appended to.
        let options = Options { segment_bytes_max: 1, ..options.clone() };
        let mut store = Store::open_on(Arc::new(storage), options)?;
        store.aside_of = Some(head.commit);
        Ok(store)
    }
}
