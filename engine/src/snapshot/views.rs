//! Making views, and keeping the last few: the graph and the segments.

use super::runs::{self, DiskRuns};
use super::{Snapshot, View, weigh};
use crate::error::{Error, Result};
use crate::graph;
use crate::index;
use crate::segment::{open_segment, segment_path};
use crate::store::{State, Store};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Views kept for `as of` and for repeated questions. Each is a graph in memory.
const KEPT: usize = 4;

#[derive(Default)]
pub(crate) struct Views {
    cached: Mutex<Vec<(u64, Arc<View>)>>,
    runs: Arc<DiskRuns>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Views {
    /// Forgets everything derived.
    pub(crate) fn forget(&self) {
        locked(&self.cached).clear();
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
        let mut segments = Vec::new();
        for number in 1..=state.head.segment {
            let missing = || Error::corrupt(segment_path(number), 0, "the segment is there");
            let bytes = open_segment(store.storage(), number, store.id())?;
            segments.push(bytes.ok_or_else(missing)?);
        }
        let indexed = if commit == state.head.commit {
            index::read_graph(store.storage(), &state.head)?
        } else {
            None
        };
        let is_new = indexed.is_none();
        let graph = match indexed {
            Some(graph) => graph,
            None => graph::build(&state.ledger, &segments, commit)?,
        };
        let view = Arc::new(View {
            graph,
            segments,
            storage: store.shared_storage(),
            secrets: Arc::clone(store.secret_box()),
            containers: Mutex::new(HashMap::new()),
            decoded: crate::events::Decoded::default(),
            runs: OnceLock::new(),
            disk_runs: Arc::clone(&self.runs),
            store: *store.id(),
            indexed: state.ledger.indexed(commit),
            doubtful: OnceLock::new(),
            open_claims: OnceLock::new(),
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
        runs::write(store, state)?;
        self.runs.forget();
        if index::is_current(store.storage(), &state.head)? {
            return Ok(());
        }
        let snapshot = self.snapshot(store, state, state.head.commit)?;
        index::write(store.storage(), &state.head, &state.ledger, &snapshot.view.graph)
    }
}
