//! Event-key runs: those on disk, and what a view must add to them.

use super::View;
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::events::{Container, EventValue, IndexedFields, KeyEntry, KeyRun};
use crate::graph::container_place;
use crate::keys::ValueHasher;
use crate::storage::Storage;
use crate::store::{State, Store};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Above this many runs they are merged into one.
const RUNS_MAX: usize = 8;

/// The runs on disk, opened once for all views of a store.
#[derive(Default)]
pub(crate) struct DiskRuns {
    opened: Mutex<Option<Arc<Vec<KeyRun>>>>,
}

impl DiskRuns {
    fn opened(&self) -> MutexGuard<'_, Option<Arc<Vec<KeyRun>>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets them: files were written or removed.
    pub(super) fn forget(&self) {
        *self.opened() = None;
    }

    fn get(
        &self,
        storage: &dyn Storage,
        store: &[u8; 16],
        damage: &Arc<Damage>,
    ) -> Result<Arc<Vec<KeyRun>>> {
        let mut opened = self.opened();
        if let Some(runs) = &*opened {
            return Ok(Arc::clone(runs));
        }
        let runs = Arc::new(on_disk(storage, store, damage)?);
        *opened = Some(Arc::clone(&runs));
        Ok(runs)
    }
}

impl View {
    /// Runs over every batch of the view: those on disk, and one in memory for what they lack.
    pub(super) fn runs(&self) -> Result<&[KeyRun]> {
        if self.runs.get().is_none() {
            let runs = self.make_runs()?;
            // Another thread may have been quicker: both made the same.
            let _ = self.runs.set(runs);
        }
        Ok(self.runs.get().map_or(&[], Vec::as_slice))
    }

    fn make_runs(&self) -> Result<Vec<KeyRun>> {
        let damage = self.graph.damage();
        let disk = self.disk_runs.get(&*self.storage, &self.store, damage)?;
        let fitting = disk.iter().filter(|run| run.fields == self.indexed).cloned();
        let mut runs = in_order(fitting.collect());
        let covered = covered(&runs);
        let hasher = self.secrets().keys.value_hasher()?;
        let mut entries = Vec::new();
        let mut open: Option<(u32, Container)> = None;
        for batch in self.graph.batches().iter().filter(|batch| batch.commit > covered) {
            let Some((place, first_row)) = batch.place else { continue };
            if open.as_ref().is_none_or(|(of, _)| *of != place) {
                let place_of = &self.graph.containers[place as usize];
                open = Some((place, Container::open_checked(&*self.storage, place_of)?));
            }
            let Some((_, container)) = &open else { continue };
            let of = (batch.ordinal, first_row, batch.rows);
            read_entries(container, &hasher, self.indexed, of, &mut entries)?;
        }
        if !entries.is_empty() {
            let commits = (covered + 1, self.graph.commit.max(covered + 1));
            runs.push(KeyRun::of(&mut entries, commits, self.indexed, damage));
        }
        Ok(runs)
    }
}

fn covered(runs: &[KeyRun]) -> u64 {
    runs.last().map_or(0, |run| run.commits.1)
}

/// The entries of one batch: its ordinal, first row and rows.
fn read_entries(
    container: &Container,
    hasher: &ValueHasher,
    indexed: IndexedFields,
    (batch, first_row, rows): (u32, u32, u32),
    entries: &mut Vec<KeyEntry>,
) -> Result<()> {
    let from = first_row as usize;
    let fields = indexed.fields();
    let block = container.read(from..from + rows as usize, &fields)?;
    for field in fields {
        let name = field.spec().name;
        for row in 0..rows {
            let hash = match block.get(row as usize, field) {
                Some(EventValue::Hash(value)) => hasher.hash(name, value),
                Some(EventValue::Text(value)) => hasher.hash(name, value.as_bytes()),
                _ => continue,
            };
            entries.push(KeyEntry { hash, batch, row });
        }
    }
    Ok(())
}

/// Writes what the runs on disk lack, and merges them when there are many.
pub(super) fn write(store: &Store, state: &State) -> Result<()> {
    let storage = store.storage();
    for name in storage.list("index")?.iter().filter(|name| name.ends_with(".tmp")) {
        storage.remove(&format!("index/{name}"))?;
    }
    let indexed = state.ledger.indexed(state.head.commit);
    let (fitting, others): (Vec<_>, Vec<_>) = on_disk(storage, store.id(), &Arc::default())?
        .into_iter()
        .partition(|run| run.fields == indexed);
    // Made when other fields were indexed: none of them answers for this set.
    for run in others {
        storage.remove(&run_path(run.commits))?;
    }
    let runs = in_order(fitting);
    let covered = covered(&runs);
    if covered >= state.head.commit {
        return Ok(());
    }
    let hasher = match store.value_hasher() {
        // Without its key there is no index, and look-ups by value say so.
        Err(Error::NoKey { .. }) => return Ok(()),
        other => other?,
    };
    let commits = (covered + 1, state.head.commit);
    let mut new = entries(storage, state, &hasher, indexed, commits)?;
    let (mut from, mut old) = (commits.0, Vec::new());
    // Damage must not get a new checksum: what is damaged waits for `rebuild`.
    if runs.len() >= RUNS_MAX && runs.iter().all(KeyRun::is_sound) {
        from = 1;
        new.extend(runs.iter().flat_map(KeyRun::entries));
        old = runs.iter().map(|run| run_path(run.commits)).collect();
    }
    let commits = (from, commits.1);
    KeyRun::write(storage, &run_path(commits), &mut new, store.id(), (commits, indexed))?;
    old.iter().try_for_each(|path| storage.remove(path))
}

fn run_path(commits: (u64, u64)) -> String {
    format!("index/keys-{:012}-{:012}.run", commits.0, commits.1)
}

/// Runs on disk that are whole.
fn on_disk(storage: &dyn Storage, store: &[u8; 16], damage: &Arc<Damage>) -> Result<Vec<KeyRun>> {
    let mut all = Vec::new();
    for name in storage.list("index")? {
        let path = format!("index/{name}");
        if name.ends_with(".run")
            && let Some(bytes) = storage.read(&path)?
            && let Ok(run) = KeyRun::open(&path, bytes, store, damage)
        {
            all.push(run);
        }
    }
    Ok(all)
}

/// Runs that follow one another from the first commit; what does not fit is left aside, and its
/// commits are read from the containers again.
fn in_order(mut all: Vec<KeyRun>) -> Vec<KeyRun> {
    // A merged run and the ones it replaces may both be there after a crash: the longest wins.
    all.sort_by_key(|run| (run.commits.0, std::cmp::Reverse(run.commits.1)));
    let mut runs: Vec<KeyRun> = Vec::new();
    for run in all {
        let next = runs.last().map_or(1, |last| last.commits.1 + 1);
        if run.commits.0 == next {
            runs.push(run);
        }
    }
    runs
}

/// The index entries of the batches of some commits.
fn entries(
    storage: &dyn Storage,
    state: &State,
    hasher: &ValueHasher,
    indexed: IndexedFields,
    commits: (u64, u64),
) -> Result<Vec<KeyEntry>> {
    let ledger = &state.ledger;
    let mut entries = Vec::new();
    let mut open: Option<(u32, Container)> = None;
    for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
        let commit = ledger.revisions[batch.revision as usize].commit();
        let Some((manifest, first_row)) = batch.place else { continue };
        if commit < commits.0 || commit > commits.1 {
            continue;
        }
        if open.as_ref().is_none_or(|(number, _)| *number != manifest) {
            let place = container_place(ledger, manifest);
            open = Some((manifest, Container::open_checked(storage, &place)?));
        }
        let Some((_, container)) = &open else { continue };
        let of = (ordinal, first_row, batch.rows);
        read_entries(container, hasher, indexed, of, &mut entries)?;
    }
    Ok(entries)
}
