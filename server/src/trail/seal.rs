//! Sealing the trail: what waits in its journal becomes commits that hold nothing else.
//!
//! A file that is sealed a second time, because a crash came before it was removed, is known word for
//! word and leaves nothing new.

use super::Trail;
use super::entry::Entry;
use lineal_engine::journal::JournalFiles;
use lineal_engine::{Outcome, Store};

/// Entries of one commit: a file that waited long becomes several.
const COMMIT_ENTRIES: usize = 10_000;

/// Makes commits of everything that was noted before now; how many entries.
///
/// # Errors
/// What the journal or the store says. What was committed before that stays.
pub(crate) fn seal(trail: &Trail, store: &Store) -> Result<u64, lineal_engine::Error> {
    let (closed, files) = trail.close()?;
    let mut sealed = 0;
    for number in closed {
        sealed += commit(&files, number, store)?;
        files.remove(number)?;
        // Readers first: an answer never lacks entries that wait no more.
        trail.tenant.follow();
        trail.journal.sealed(number);
    }
    if sealed > 0 {
        match store.write_indexes() {
            // They are committed, and wait no more.
            Err(error @ lineal_engine::Error::Stands { .. }) => {
                tracing::error!(%error, "what is derived waits");
            }
            written => written?,
        }
    }
    Ok(sealed)
}

/// Makes commits of one closed file of the journal; how many entries it has.
///
/// # Errors
/// What the journal or the store says. What was committed before that stays.
pub(super) fn commit(
    files: &JournalFiles,
    number: u32,
    store: &Store,
) -> Result<u64, lineal_engine::Error> {
    let requests = files.read(number)?;
    let entries: Vec<&Vec<u8>> = requests.iter().flat_map(|request| &request.entries).collect();
    for some in entries.chunks(COMMIT_ENTRIES) {
        let mut transaction = store.begin(None, None)?;
        let mut is_new = false;
        for bytes in some {
            let (saying, draft) = Entry::read(bytes, store)?.node();
            is_new |= transaction.add_node(&saying, draft)?.outcome == Outcome::Recorded;
        }
        if is_new {
            transaction.commit()?;
        }
    }
    Ok(entries.len() as u64)
}
