//! Making views, and keeping the last few: the graph, the segments and the event-key runs.

use super::{Snapshot, View};
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::{Container, EventValue, KeyEntry, KeyRun, write_run};
use crate::graph;
use crate::segment::open_segment;
use crate::store::{State, Store};
use crate::transaction::container_path;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Views kept for `as of` and for repeated questions. Each is a graph in memory.
const KEPT: usize = 4;
/// Above this many runs they are merged into one.
const RUNS_MAX: usize = 8;

#[derive(Default)]
pub(crate) struct Views {
    cached: Mutex<Vec<(u64, Arc<View>)>>,
    runs: Mutex<Option<Arc<Vec<KeyRun>>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Views {
    /// Forgets everything derived.
    pub(crate) fn forget(&self) {
        locked(&self.cached).clear();
        *locked(&self.runs) = None;
    }

    /// The view up to a commit.
    pub(crate) fn snapshot(&self, store: &Store, state: &State, commit: u64) -> Result<Snapshot> {
        let mut cached = locked(&self.cached);
        if let Some(at) = cached.iter().position(|(of, _)| *of == commit) {
            let entry = cached.remove(at);
            let view = Arc::clone(&entry.1);
            cached.push(entry);
            return Ok(Snapshot::new(view));
        }
        let mut segments = Vec::new();
        for number in 1..=state.head.segment {
            if let Some(bytes) = open_segment(store.storage(), number, store.id())? {
                segments.push(bytes);
            }
        }
        let view = Arc::new(View {
            graph: graph::build(&state.ledger, &segments, commit)?,
            segments,
            storage: store.shared_storage(),
            secrets: Arc::clone(store.secret_box()),
            containers: Mutex::new(HashMap::new()),
            runs: self.runs(store, state)?,
        });
        let view = recount(view)?;
        if cached.len() >= KEPT {
            cached.remove(0);
        }
        cached.push((commit, Arc::clone(&view)));
        Ok(Snapshot::new(view))
    }

    /// Runs that cover every commit: those on disk, and one in memory for what they lack.
    fn runs(&self, store: &Store, state: &State) -> Result<Arc<Vec<KeyRun>>> {
        let mut kept = locked(&self.runs);
        let covered = |runs: &[KeyRun]| runs.last().map_or(0, |run| run.commits.1);
        if let Some(runs) = &*kept
            && covered(runs) >= state.head.commit
        {
            return Ok(Arc::clone(runs));
        }
        let mut runs = on_disk(store, state)?;
        if covered(&runs) < state.head.commit {
            let commits = (covered(&runs) + 1, state.head.commit);
            let mut entries = entries(store, state, commits)?;
            let bytes = write_run(&mut entries, store.id(), commits);
            let bytes = crate::mapping::Bytes::held(bytes);
            runs.push(KeyRun::open("a run in memory", bytes, store.id())?);
        }
        let runs = Arc::new(runs);
        *kept = Some(Arc::clone(&runs));
        Ok(runs)
    }

    /// Writes what the runs on disk lack, and merges them when there are many.
    pub(crate) fn write(&self, store: &Store, state: &State) -> Result<()> {
        let runs = on_disk(store, state)?;
        let covered = runs.last().map_or(0, |run| run.commits.1);
        if covered < state.head.commit {
            let commits = (covered + 1, state.head.commit);
            let mut new = entries(store, state, commits)?;
            let storage = store.storage();
            let (mut from, mut old) = (commits.0, Vec::new());
            if runs.len() >= RUNS_MAX {
                from = 1;
                new.extend(runs.iter().flat_map(KeyRun::entries));
                old = runs.iter().map(|run| run_path(run.commits)).collect();
            }
            let commits = (from, commits.1);
            storage.put(&run_path(commits), &write_run(&mut new, store.id(), commits), false)?;
            for path in old {
                storage.remove(&path)?;
            }
        }
        *locked(&self.runs) = None;
        Ok(())
    }
}

fn run_path(commits: (u64, u64)) -> String {
    format!("index/keys-{:012}-{:012}.run", commits.0, commits.1)
}

/// Whole runs on disk that follow one another from the first commit; what does not fit is left
/// aside, and its commits are read from the containers again.
fn on_disk(store: &Store, state: &State) -> Result<Vec<KeyRun>> {
    let mut all = Vec::new();
    for name in store.storage().list("index")? {
        let path = format!("index/{name}");
        if let Some(bytes) = store.storage().read(&path)?
            && name.ends_with(".run")
            && let Ok(run) = KeyRun::open(&path, bytes, store.id())
        {
            all.push(run);
        }
    }
    // A merged run and the ones it replaces may both be there after a crash: the longest wins.
    all.sort_by_key(|run| (run.commits.0, std::cmp::Reverse(run.commits.1)));
    let mut runs: Vec<KeyRun> = Vec::new();
    for run in all {
        let next = runs.last().map_or(1, |last| last.commits.1 + 1);
        if run.commits.0 == next && run.commits.1 <= state.head.commit {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// The index entries of the batches of some commits.
fn entries(store: &Store, state: &State, commits: (u64, u64)) -> Result<Vec<KeyEntry>> {
    let ledger = &state.ledger;
    let hasher = store.value_hasher()?;
    let mut entries = Vec::new();
    let mut open: Option<(u32, Container)> = None;
    for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
        let commit = ledger.revisions[batch.revision as usize].commit();
        let Some((manifest, first_row)) = batch.place else { continue };
        if commit < commits.0 || commit > commits.1 {
            continue;
        }
        if open.as_ref().is_none_or(|(number, _)| *number != manifest) {
            let (_, said) = &ledger.manifests[manifest as usize];
            let path = container_path(&said.container, said.generation);
            let none = || crate::Error::corrupt(&path, 0, "the container is there");
            let bytes = store.storage().read(&path)?.ok_or_else(none)?;
            open = Some((manifest, Container::open(&path, bytes)?));
        }
        let Some((_, container)) = &open else { continue };
        let from = first_row as usize;
        let block = container.read(from..from + batch.rows as usize, &[EventField::InputHash])?;
        let name = EventField::InputHash.spec().name;
        for row in 0..batch.rows {
            if let Some(EventValue::Hash(value)) = block.get(row as usize, EventField::InputHash) {
                let hash = hasher.hash(name, value);
                entries.push(KeyEntry { hash, batch: ordinal, row });
            }
        }
    }
    Ok(entries)
}

/// Counts again what lives on of batches whose import was retracted.
fn recount(view: Arc<View>) -> Result<Arc<View>> {
    if view.graph.batches.iter().all(|batch| batch.kept.is_none()) {
        return Ok(view);
    }
    let snapshot = Snapshot::new(view);
    let mut counted = HashMap::new();
    for (at, batch) in snapshot.view.graph.batches.iter().enumerate() {
        if batch.kept.is_some() {
            let fields = [EventField::Time, EventField::HumanOverride, EventField::Conflict];
            let block = snapshot.read_batch(batch, &fields)?;
            let alive = (0..batch.rows).filter(|row| {
                batch.has_row(*row) && !block.is_true(*row as usize, EventField::Conflict)
            });
            let (mut events, mut overrides) = (0, 0);
            let (mut first, mut last) = (i64::MAX, i64::MIN);
            for row in alive {
                events += 1;
                overrides += u64::from(block.is_true(row as usize, EventField::HumanOverride));
                if let Some(time) = block.int(row as usize, EventField::Time) {
                    (first, last) = (first.min(time), last.max(time));
                }
            }
            counted.insert(at, (events, overrides, first, last));
        }
    }
    let mut view = Arc::into_inner(snapshot.view).expect("nobody else has seen this view");
    for (at, (events, overrides, first, last)) in counted {
        let batch = &mut view.graph.batches[at];
        (batch.events, batch.overrides) = (events, overrides);
        (batch.first_time, batch.last_time) = (first, last);
    }
    view.graph.derive_deployments();
    Ok(Arc::new(view))
}
