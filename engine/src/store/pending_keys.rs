//! Event keys of what was just committed, until they are a run: so that an import holds some
//! megabytes of them, whatever its size.
//!
//! Entries are made from the rows while these are in memory. When enough wait, a thread of their
//! own sorts, writes and merges them; the next ones wait until it is done. What goes wrong there
//! costs nothing: what the runs lack is read from the containers when the index is written.

use super::{State, Store};
use crate::error::{Error, Result};
use crate::events::{Container, IndexedFields, KeyEntry, ROWS_PREFIX};
use crate::graph::container_place;
use crate::index::RunFiles;
use crate::keys::ValueHasher;
use lineal_proof::Cid;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// Entries that wait before they become a run: 64 MiB in memory, and as much again while the run
/// before is written.
pub(crate) const RUN_ENTRIES_MAX: usize = 4 << 20;

/// The entries of new batches, each of the batch of a revision whose ordinal is not known yet.
pub(crate) type NewKeys = Vec<(Cid, Vec<KeyEntry>)>;

/// Event keys that are not on disk.
#[derive(Default)]
pub(crate) struct PendingKeys {
    pending: Mutex<Pending>,
    /// Set once the runs on disk, or the truth, were found to be made under the key that is here.
    is_own_key: OnceLock<()>,
}

#[derive(Default)]
struct Pending {
    state: Waiting,
    /// The thread that writes the run before.
    writing: Option<JoinHandle<Result<bool>>>,
}

#[derive(Default)]
enum Waiting {
    /// Nothing is known yet of what is on disk.
    #[default]
    Unknown,
    /// Entries of the commits behind one, the last that is on disk or on its way there, up to another.
    Upto { behind: u64, commit: u64, fields: IndexedFields, entries: Vec<KeyEntry> },
    /// Something was missed: the containers are read when the index is written.
    Missed,
}

impl Pending {
    /// Waits for the thread; a run that it could not write was missed.
    fn join(&mut self) {
        let done = self.writing.take().map(JoinHandle::join);
        if !matches!(done, None | Some(Ok(Ok(true)))) {
            self.state = Waiting::Missed;
        }
    }
}

impl Drop for PendingKeys {
    fn drop(&mut self) {
        // Before the writer's lock is given back.
        self.lock().join();
    }
}

impl PendingKeys {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the thread is done. Whoever is to settle on a thread of the pool does so before:
    /// the thread sorts in the same pool, and in a pool of one it would wait for who waits for it.
    pub(crate) fn wait(&self) {
        self.lock().join();
    }

    /// Refuses a key under which the runs on disk were not made. They are asked once: later ones are made here.
    /// Where there are none the truth is asked.
    ///
    /// # Errors
    /// [`Error::OtherIndexKey`], or what the medium says.
    pub(super) fn need_key(
        &self,
        files: &RunFiles,
        of_truth: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if self.is_own_key.get().is_none() {
            if !files.need_key()? {
                of_truth()?;
            }
            let _ = self.is_own_key.set(());
        }
        Ok(())
    }

    /// Forgets what waits: files were removed.
    pub(super) fn forget(&self) {
        let mut pending = self.lock();
        pending.join();
        pending.state = Waiting::Unknown;
    }

    /// Takes the entries of the commit that the state ends with.
    pub(crate) fn take(&self, store: &Store, state: &State, new: NewKeys) {
        let mut pending = self.lock();
        let commit = state.head.commit;
        let indexed = state.ledger.indexed(commit);
        if matches!(pending.state, Waiting::Unknown) {
            pending.state = begin(store, state, indexed).unwrap_or(Waiting::Missed);
        }
        let Waiting::Upto { behind, commit: upto, fields, entries } = &mut pending.state else {
            return;
        };
        if *upto + 1 != commit || *fields != indexed {
            pending.state = Waiting::Missed;
            return;
        }
        *upto = commit;
        for (revision, own) in new {
            let batch = state.ledger.revision(&revision.0).and_then(|at| state.ledger.batch_of(at));
            let Some(batch) = batch else { continue };
            entries.extend(own.into_iter().map(|entry| KeyEntry { batch, ..entry }));
        }
        if entries.len() < store.options.run_entries_max {
            return;
        }
        let mut entries = std::mem::take(entries);
        let commits = (std::mem::replace(behind, commit), commit);
        let files = store.run_files(indexed);
        pending.join();
        let name = "lineal-runs".to_owned();
        let thread = std::thread::Builder::new().name(name);
        match thread.spawn(move || files.append(&mut entries, commits)) {
            Ok(writing) => pending.writing = Some(writing),
            Err(_) => pending.state = Waiting::Missed,
        }
    }

    /// Writes what waits, and what the runs on disk lack.
    ///
    /// # Errors
    /// What the medium says, or [`Error::Corrupt`] if a container cannot be read.
    pub(crate) fn settle(&self, store: &Store, state: &State) -> Result<()> {
        let mut pending = self.lock();
        pending.join();
        // What a crash left half written; nothing is being written now but indexes of containers,
        // whose writer clears up behind itself.
        let is_left = |name: &&String| name.ends_with(".tmp") && !name.starts_with(ROWS_PREFIX);
        for name in store.storage().list("index")?.iter().filter(is_left) {
            store.storage().remove(&format!("index/{name}"))?;
        }
        let commit = state.head.commit;
        let indexed = state.ledger.indexed(commit);
        let files = store.run_files(indexed);
        let waiting = std::mem::take(&mut pending.state);
        if let Waiting::Upto { behind, commit: upto, fields, mut entries } = waiting
            && (upto, fields) == (commit, indexed)
            && !entries.is_empty()
        {
            files.append(&mut entries, (behind, commit))?;
        }
        let hasher = match store.value_hasher() {
            // Without its key there is no index, and look-ups by value say so.
            Err(Error::NoKey { .. }) => return Ok(()),
            other => other?,
        };
        let covered = catch_up(store, state, &files, &hasher, commit)?;
        pending.state = nothing(covered, indexed);
        files.sweep()
    }
}

/// What waits at the first commit of a process: nothing, once the commits before it are on disk.
fn begin(store: &Store, state: &State, indexed: IndexedFields) -> Result<Waiting> {
    let before = state.head.commit - 1;
    let covered =
        catch_up(store, state, &store.run_files(indexed), &store.value_hasher()?, before)?;
    Ok(nothing(covered, indexed))
}

fn nothing(commit: u64, fields: IndexedFields) -> Waiting {
    Waiting::Upto { behind: commit, commit, fields, entries: Vec::new() }
}

/// Reads the batches that the runs on disk lack from their containers, run by run; gives the last
/// commit that is covered then.
fn catch_up(
    store: &Store,
    state: &State,
    files: &RunFiles,
    hasher: &ValueHasher,
    upto: u64,
) -> Result<u64> {
    let covered = files.covered()?;
    if covered >= upto {
        return Ok(covered);
    }
    // A run that was made under another store's key would say from then on that it is the right one.
    store.need_index_key_in(state)?;
    let ledger = &state.ledger;
    let mut entries = Vec::new();
    let (mut behind, mut last) = (covered, covered);
    let mut open: Option<(u32, Container)> = None;
    for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
        let commit = ledger.revisions.commit(batch.revision);
        let Some((manifest, first_row)) = batch.place else { continue };
        if commit <= covered || commit > upto {
            continue;
        }
        if commit > last && entries.len() >= store.options.run_entries_max {
            files.append(&mut entries, (behind, last))?;
            entries.clear();
            behind = last;
        }
        last = commit;
        if open.as_ref().is_none_or(|(number, _)| *number != manifest) {
            let place = container_place(ledger, manifest);
            open = Some((manifest, Container::open_checked(store.storage(), &place)?));
        }
        let Some((_, container)) = &open else { continue };
        let from = first_row as usize;
        let block = container.read(from..from + batch.rows as usize, &files.fields.fields())?;
        files.fields.entries(hasher, &block, &(0..batch.rows as usize), ordinal, &mut entries);
    }
    files.append(&mut entries, (behind, upto))?;
    files.covered()
}
