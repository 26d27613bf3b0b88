//! Making views, and keeping the last few: the graph and the segments.

use super::runs::DiskRuns;
use super::{Snapshot, View, columns, ids, opened, weigh};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::graph::{self, Graph};
use crate::index;
use crate::segment::{open_segment, segment_path};
use crate::store::{Mark, State, Store, enter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Views kept for `as of` and for repeated questions. Each is a graph in memory.
const KEPT: usize = 4;

#[derive(Default)]
pub(crate) struct Views {
    cached: Mutex<Vec<(u64, Arc<View>)>>,
    /// The graph that opening the store found to be of `head`, until the first view takes it.
    opened: Mutex<Option<Graph>>,
    runs: Arc<DiskRuns>,
    /// What a reader holds from before it read `head`.
    mark: Option<Mark>,
    /// Shared by all views since derived files were last made anew.
    damage: Mutex<Arc<Damage>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Views {
    /// Views of a store whose graph was found when it was opened.
    pub(crate) fn new(opened: Option<Graph>, damage: Arc<Damage>, mark: Option<Mark>) -> Views {
        let (opened, damage) = (Mutex::new(opened), Mutex::new(damage));
        Views { opened, damage, mark, ..Views::default() }
    }

    /// What a reader holds from before it read `head`.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.mark.clone()
    }

    /// Lets go of the views that are kept, and of the files they hold.
    pub(crate) fn let_go(&self) {
        locked(&self.cached).clear();
        self.runs.forget();
    }

    /// Forgets everything derived, and what was found damaged of it.
    pub(crate) fn forget(&self) {
        locked(&self.cached).clear();
        *locked(&self.opened) = None;
        *locked(&self.damage) = Arc::default();
        self.runs.forget();
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
        let mark = match &self.mark {
            Some(mark) => Some(mark.clone()),
            // The state is locked: `head` does not move before the view is made.
            None if store.is_writer() => enter(store.storage())?,
            None => None,
        };
        let mut segments = Vec::new();
        for number in 1..=state.head.segment {
            let missing = || Error::corrupt(segment_path(number), 0, "the segment is there");
            let bytes = open_segment(store.storage(), number, store.id())?;
            segments.push(bytes.ok_or_else(missing)?);
        }
        let mut damage = Arc::clone(&locked(&self.damage));
        let indexed = if commit == state.head.commit {
            let opened = locked(&self.opened).take();
            match opened {
                Some(graph) => Some(graph),
                None => index::read_graph(store.storage(), &state.head, &damage)?,
            }
        } else {
            None
        };
        // What a writer reads decides what it writes, so it believes a file whole or not at all.
        let indexed = indexed.filter(|graph| !store.is_writer() || graph.is_sound());
        if store.is_writer() && damage.found().is_some() {
            damage = Arc::default();
            *locked(&self.damage) = Arc::clone(&damage);
        }
        let is_new = indexed.is_none();
        let graph = match indexed {
            Some(graph) => graph,
            None => {
                let former = match commit == state.head.commit && store.is_writer() {
                    true => index::read_former(store.storage(), &state.head, &segments)?,
                    false => None,
                };
                graph::build(state.ledger.load()?, &segments, commit, former.as_ref(), &damage)?
            }
        };
        let indexed = graph.indexed;
        let view = Arc::new(View {
            graph,
            segments,
            storage: store.shared_storage(),
            secrets: Arc::clone(store.secret_box()),
            opened: opened::Opened::default(),
            containers: Mutex::new(HashMap::new()),
            decoded: crate::events::Decoded::default(),
            row_indexes: ids::RowIndexes::default(),
            runs: OnceLock::new(),
            disk_runs: Arc::clone(&self.runs),
            store: *store.id(),
            indexed,
            _mark: mark,
        });
        let view = if is_new { weigh::weigh(view)? } else { view };
        if cached.len() >= KEPT {
            cached.remove(0);
        }
        cached.push((commit, Arc::clone(&view)));
        Ok(Snapshot::new(view))
    }

    /// Writes what is derived.
    pub(crate) fn write(&self, store: &Store, state: &State) -> Result<()> {
        self.runs.forget();
        store.pending_keys().wait();
        // Runs are written one after another, indexes of containers beside them.
        let (settled, written) =
            rayon::join(|| store.pending_keys().settle(store, state), || ids::write(store, state));
        settled.and(written)?;
        if index::is_current(store.storage(), &state.head, state.ledger.load()?)? {
            return Ok(());
        }
        let snapshot = self.snapshot(store, state, state.head.commit)?;
        // Gone before the file is to be removed.
        let columns = {
            let segments = &snapshot.view.segments;
            let former = index::read_former(store.storage(), &state.head, segments)?;
            columns::make(&snapshot, former.as_ref())?
        };
        let ledger = state.ledger.load()?;
        index::write(store.storage(), &state.head, ledger, &snapshot.view.graph, columns)
    }
}
