//! Making views, and keeping the last few: the graph and the segments.

mod stored;

use super::runs::DiskRuns;
use super::{Snapshot, View, columns, ids, opened, weigh};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::graph::{self, Base, Former, Graph};
use crate::index;
use crate::mapping::Bytes;
use crate::schema::{KINDS, Kind};
use crate::sections::Sections;
use crate::segment::{open_segment, segment_path};
use crate::store::{Mark, State, Store, enter};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Views kept for `as of` and for repeated questions. Each is a graph in memory.
const KEPT: usize = 4;

/// The commit that a view ends with, and whether it leaves out what was retracted.
type Which = (u64, bool);

#[derive(Default)]
pub(crate) struct Views {
    cached: Mutex<Vec<(Which, Arc<View>)>>,
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
        if let Some(view) = kept(&mut cached, (commit, true)) {
            return Ok(Snapshot::new(view));
        }
        let mark = self.mark_for(store)?;
        let segments = segments(store, state)?;
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
        let (graph, is_new) = match indexed {
            Some(graph) => (graph, false),
            None => made(store, state, &segments, (commit, &damage))?,
        };
        let view = self.view(store, (graph, segments), mark);
        let view = if is_new { weigh::weigh(view)? } else { view };
        keep(&mut cached, (commit, true), &view);
        Ok(Snapshot::new(view))
    }

    /// What keeps the files in place that a view reads. The state is locked: `head` does not move before
    /// the view is made.
    fn mark_for(&self, store: &Store) -> Result<Option<Mark>> {
        match &self.mark {
            Some(mark) => Ok(Some(mark.clone())),
            None if store.is_writer() => enter(store.storage()),
            None => Ok(None),
        }
    }

    /// Writes what is derived.
    pub(crate) fn write(&self, store: &Store, state: &State) -> Result<()> {
        self.runs.forget();
        store.pending_keys().wait();
        // Runs are written one after another, indexes of containers beside them.
        let (settled, written) =
            rayon::join(|| store.pending_keys().settle(store, state), || ids::write(store, state));
        settled.and(written)?;
        let (storage, head, ledger) = (store.storage(), &state.head, state.ledger.load()?);
        let is_there = index::read_graph(storage, head, &Arc::default())?.is_some();
        if is_there && index::is_ledger_current(storage, head, ledger)? {
            return Ok(());
        }
        let generation = if is_there { None } else { Some(self.generation(store, state)?) };
        index::write(storage, head, ledger, generation.as_ref())
    }

    /// The sections of the next generation: a tail where it is small beside its base, else all.
    fn generation(&self, store: &Store, state: &State) -> Result<Sections> {
        let snapshot = self.snapshot(store, state, state.head.commit)?;
        let segments = &snapshot.view.segments;
        let former = index::read_former(store.storage(), &state.head, segments)?;
        let percent = store.tail_percent_max();
        let base = former.as_ref().map(Former::base);
        let Some(tail) = snapshot.graph().tail() else {
            return match (&former, &base) {
                (Some(former), Some(base)) => differing(&snapshot, former, base, percent),
                _ => whole(&snapshot, None),
            };
        };
        // Only the trail went on; else it was read from files that are gone.
        if base.is_some_and(|base| base.head == tail.base.head) {
            let columns = columns::make(&snapshot, &KINDS, former.as_ref())?;
            let own = snapshot.graph().own(columns)?;
            if let Some(own) = own.filter(|own| is_short(own, tail.before, &tail.base, percent)) {
                return Ok(own);
            }
        }
        let (ledger, commit) = (state.ledger.load()?, state.head.commit);
        let damage = Arc::clone(snapshot.graph().damage());
        let laid = (&store.shelf(), &damage);
        let graph = graph::build(ledger, segments, commit, former.as_ref(), laid)?;
        let view = self.view(store, (graph, segments.clone()), None);
        whole(&Snapshot::new(weigh::weigh(view)?), former.as_ref())
    }

    fn view(
        &self,
        store: &Store,
        (graph, segments): (Graph, Vec<Bytes>),
        mark: Option<Mark>,
    ) -> Arc<View> {
        let indexed = graph.indexed;
        let containers = graph.containers.iter().map(|_| OnceLock::new()).collect();
        Arc::new(View {
            graph,
            segments,
            storage: store.shared_storage(),
            secrets: Arc::clone(store.secret_box()),
            erased_in_log: super::missed::ErasedInLog::default(),
            contradicted: OnceLock::new(),
            opened: opened::Opened::obeying(Arc::clone(store.erased_values())),
            containers,
            decoded: crate::events::Decoded::default(),
            row_indexes: ids::RowIndexes::default(),
            runs: OnceLock::new(),
            hasher: OnceLock::new(),
            disk_runs: Arc::clone(&self.runs),
            store: *store.id(),
            indexed,
            _mark: mark,
        })
    }
}

/// A view that is kept; it is then the last to go.
fn kept(cached: &mut Vec<(Which, Arc<View>)>, which: Which) -> Option<Arc<View>> {
    let at = cached.iter().position(|(of, _)| *of == which)?;
    let entry = cached.remove(at);
    let view = Arc::clone(&entry.1);
    cached.push(entry);
    Some(view)
}

/// Keeps a view, in the place of the one that was asked for the longest time ago.
fn keep(cached: &mut Vec<(Which, Arc<View>)>, which: Which, view: &Arc<View>) {
    if cached.len() >= KEPT {
        cached.remove(0);
    }
    cached.push((which, Arc::clone(view)));
}

/// The segments of a state.
fn segments(store: &Store, state: &State) -> Result<Vec<Bytes>> {
    let open = |number: u32| {
        let missing = || Error::corrupt(segment_path(number), 0, "the segment is there");
        open_segment(store.storage(), number, store.id())?.ok_or_else(missing)
    };
    (1..=state.head.segment).map(open).collect()
}

/// A graph that no generation covers, and whether its rows must still be weighed: over the generation
/// before where only the trail went on, else from the records.
fn made(
    store: &Store,
    state: &State,
    segments: &[Bytes],
    (commit, damage): (u64, &Arc<Damage>),
) -> Result<(Graph, bool)> {
    let (storage, head) = (store.storage(), &state.head);
    let ledger = state.ledger.load()?;
    let former = match commit == head.commit {
        true if store.is_writer() => index::read_former(storage, head, segments)?,
        true => index::read_former_unchecked(storage, head, segments, damage)?,
        false => None,
    };
    if let Some(former) = &former
        && let Some(graph) = graph::follow(former, ledger, segments, commit)?
    {
        return Ok((graph, false));
    }
    let former = former.filter(|_| store.is_writer());
    let laid = (&store.shelf(), damage);
    graph::build(ledger, segments, commit, former.as_ref(), laid).map(|graph| (graph, true))
}

/// All sections of a graph that was made of the records, as a generation of its own has them.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read.
pub(crate) fn generation_of(snapshot: &Snapshot) -> Result<Sections> {
    whole(snapshot, None)
}

/// All sections of a view's graph, with columns.
fn whole(snapshot: &Snapshot, former: Option<&Former>) -> Result<Sections> {
    snapshot.graph().whole(columns::make(snapshot, &KINDS, former)?)
}

/// Kinds whose fields depend on more than their own records.
const COUNTED: [Kind; 3] = [Kind::Deployment, Kind::Batch, Kind::Import];

/// All tails behind one base may have so many times the bytes that a single one may: as many as the
/// base, by default. So a tail that is written again and again, longer each time, costs no more than
/// the base it rests on until that is written anew.
const TAILS: u128 = 4;

/// Is a tail so short beside its base that it is written, and not all?
fn is_short(own: &Sections, before: u64, base: &Base, percent: u32) -> bool {
    let bytes = u128::from(own.byte_len());
    let bytes_max = u128::from(base.length) * u128::from(percent) / 100;
    bytes <= bytes_max && bytes + u128::from(before) <= bytes_max * TAILS
}

/// What of a view's graph is not as it is in a base, if that is short enough; else all.
fn differing(snapshot: &Snapshot, former: &Former, base: &Base, percent: u32) -> Result<Sections> {
    let (graph, before, former) = (snapshot.graph(), former.tail_bytes(), Some(former));
    let Some(old) = base.graph() else { return whole(snapshot, former) };
    let split = graph.first_other(&old);
    let (all, rest) = (graph.node_count() as u64, u64::from(split));
    // So much of the nodes is so much of the bytes, more or less: else nothing is tried.
    if (all - rest.min(all)) * 100 > all * u64::from(percent) {
        return whole(snapshot, former);
    }
    let differs = |kind: &Kind| {
        let own = graph.nodes_of(*kind);
        own != old.nodes_of(*kind) || own.end > split || COUNTED.contains(kind)
    };
    let kinds: Vec<Kind> = KINDS.into_iter().filter(differs).collect();
    let columns = columns::make(snapshot, &kinds, former)?;
    let own = graph.tail_over((base, before), split, &kinds, columns)?;
    match own.filter(|own| is_short(own, before, base, percent)) {
        Some(own) => Ok(own),
        None => whole(snapshot, former),
    }
}
