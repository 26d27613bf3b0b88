//! Compaction: many small containers become few large ones, and many runs of event keys one.
//!
//! A nightly import of one day leaves a container and a run each time. Rows, batches, roots and
//! ordinals stay as they are: a manifest says for each batch where its rows stand now. Each new
//! container is a commit of its own, so what was done before a crash, or before somebody stopped it,
//! stays done. What was replaced goes when no reader can come to it any more (`reading.rs`).

use super::{Store, Turn, reading};
use crate::error::{Error, Result};
use crate::event_fields::Group;
use crate::events::{Container, ContainerPart, EventBlock, container_id, write_container};
use crate::graph::container_place;
use crate::ledger::Ledger;
use crate::stands::Stands;
use crate::transaction::{CONTAINER_ROWS_MAX, Repacked, container_path};
use lineal_proof::record::{Manifest, ManifestBatch};
use lineal_proof::{Cid, Hash};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// Containers with fewer rows are small: two of them fit into one.
const SMALL_ROWS: u64 = CONTAINER_ROWS_MAX as u64 / 2;
/// Containers held open at once while their rows are read.
const OPEN_MAX: usize = 256;

/// How far a compaction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompactProgress {
    /// Events in new containers that are durable.
    pub events: u64,
    /// Events that are to be packed anew.
    pub all: u64,
}

/// What a compaction did, or would do.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Compaction {
    /// Small containers that are packed anew, and those that they became.
    pub packed: (u64, u64),
    /// Events in them.
    pub events: u64,
    /// Containers that hold events: before and after.
    pub containers: (u64, u64),
    /// Runs of event keys: before and after.
    pub runs: (u64, u64),
    /// Bytes of segments, containers and index files: before and after. After a rehearsal the second
    /// is that of now.
    pub bytes: (u64, u64),
    /// Of these, bytes of replaced containers that stay until the readers of today are gone.
    pub waiting_bytes: u64,
    /// The last commit.
    pub commit: u64,
    /// Was it stopped before its end?
    pub stopped: bool,
}

/// A batch that moves: its ordinal, and the manifest that holds it now.
#[derive(Clone, Copy)]
struct Moving {
    batch: u32,
    manifest: u32,
    first_row: u32,
    rows: u32,
}

/// What is to be packed together, new container by new container.
fn plan(ledger: &Ledger) -> Vec<Vec<Moving>> {
    let mut held: BTreeMap<u32, Vec<Moving>> = BTreeMap::new();
    for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
        let Some((manifest, first_row)) = batch.place else { continue };
        let moving = Moving { batch: ordinal, manifest, first_row, rows: batch.rows };
        held.entry(manifest).or_default().push(moving);
    }
    held.retain(|_, own| own.iter().map(|moving| u64::from(moving.rows)).sum::<u64>() < SMALL_ROWS);
    let mut moving: Vec<Moving> = held.values().flatten().copied().collect();
    // The order of docs/format.md, section 10.
    moving.sort_by_cached_key(|moving| {
        let batch = &ledger.batches[moving.batch as usize];
        let key = ledger.node(&batch.deployment).map(|node| ledger.nodes.key(node));
        let first = Some(batch.first_time).filter(|time| *time != i64::MAX);
        (key, first, moving.batch)
    });
    let mut groups: Vec<Vec<Moving>> = Vec::new();
    let mut rows = 0;
    for moving in moving {
        let more = moving.rows as usize;
        match groups.last_mut() {
            Some(group) if rows + more <= CONTAINER_ROWS_MAX => group.push(moving),
            _ => {
                groups.push(vec![moving]);
                rows = 0;
            }
        }
        rows += more;
    }
    // One that is a container already would become the same again.
    groups.retain(|group| {
        let first = group[0].manifest;
        group.iter().any(|moving| moving.manifest != first)
            || held.get(&first).is_some_and(|own| own.len() != group.len())
    });
    groups
}

fn rows_of(group: &[Moving]) -> u64 {
    group.iter().map(|moving| u64::from(moving.rows)).sum()
}

/// Containers in which some batch stands.
fn used(ledger: &Ledger) -> u64 {
    let mut used: Vec<u32> = ledger.batches.iter().filter_map(|b| Some(b.place?.0)).collect();
    used.sort_unstable();
    used.dedup();
    used.len() as u64
}

impl Store {
    /// Packs small containers into large ones, merges the runs of event keys into one, writes what is
    /// derived, and removes what was replaced as far as nobody can come to it any more. Answers, roots
    /// and rows stay as they are. Each step is durable before the next: it may be killed at any
    /// point, and goes on where it was when called again. With `dry_run` it only says what it would
    /// do. `progress` is called behind each new container, and may end it there.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::Corrupt`] if a container cannot be read or
    /// does not read back as it was written, or what the medium says.
    pub fn compact(
        &self,
        dry_run: bool,
        progress: &mut dyn FnMut(CompactProgress) -> ControlFlow<()>,
    ) -> Result<Compaction> {
        self.check_writable()?;
        let groups = plan(&self.read_state().ledger);
        let all = groups.iter().map(|group| rows_of(group)).sum();
        let mut moved: Vec<u32> = groups.iter().flatten().map(|moving| moving.manifest).collect();
        moved.sort_unstable();
        moved.dedup();
        let before = used(&self.read_state().ledger);
        let mut done = Compaction {
            packed: (moved.len() as u64, groups.len() as u64),
            events: all,
            containers: (before, before + groups.len() as u64 - moved.len() as u64),
            runs: (self.count_runs()?, 1),
            bytes: (self.bytes()?, self.bytes()?),
            commit: self.commit(),
            ..Compaction::default()
        };
        done.runs.1 = done.runs.0.min(1);
        if dry_run {
            return Ok(done);
        }
        let (mut import, mut events, mut packed) = (None, 0, 0);
        for (number, group) in groups.iter().enumerate() {
            let turn = self.turn();
            // Others take turns between two containers. What an erasure moved is left for the next time.
            if self.is_where_it_was(group) {
                let made = self.pack(&turn, group, import);
                import = Some(made.map_err(|error| self.behind_packed(packed, error))?);
                packed += 1;
            }
            drop(turn);
            events += rows_of(group);
            if progress(CompactProgress { events, all }).is_break() {
                done.stopped = number + 1 < groups.len();
                break;
            }
        }
        (done.packed.1, done.events) = (packed, events);
        // Runs that are merged must not grow meanwhile.
        let _turn = self.turn();
        self.write_indexes_in_turn().map_err(|error| self.behind_packed(packed, error))?;
        let indexed = {
            let state = self.read_state();
            state.ledger.indexed(state.head.commit)
        };
        if !done.stopped {
            // What maps the runs of before.
            self.views.let_go();
            let merged = self.run_files(indexed).merge_all();
            merged.map_err(|error| self.behind_packed(packed, error))?;
        }
        let state = self.read_state();
        self.views.let_go();
        let cleared = reading::clear_away(self.storage(), &state.ledger, &state.head);
        let commit = state.head.commit;
        let waiting = cleared.map_err(|error| match packed {
            0 => error,
            _ => error.behind(commit, Stands::Packed),
        })?;
        for path in &waiting {
            done.waiting_bytes += self.storage.read(path)?.map_or(0, |bytes| bytes.len() as u64);
        }
        done.containers.1 = used(&state.ledger);
        done.commit = state.head.commit;
        drop(state);
        done.runs.1 = self.count_runs()?;
        done.bytes.1 = self.bytes()?;
        Ok(done)
    }

    /// What is told of an error of a compaction that committed so many containers.
    fn behind_packed(&self, packed: u64, error: Error) -> Error {
        if packed == 0 { error } else { self.behind(Stands::Packed, error) }
    }

    fn count_runs(&self) -> Result<u64> {
        let state = self.read_state();
        let files = self.run_files(state.ledger.indexed(state.head.commit));
        Ok(files.count()? as u64)
    }

    /// Bytes of segments, containers and index files.
    fn bytes(&self) -> Result<u64> {
        let mut sum = 0;
        for folder in ["segments", "containers", "index"] {
            for name in self.storage.list(folder)? {
                let file = self.storage.read(&format!("{folder}/{name}"))?;
                sum += file.map_or(0, |bytes| bytes.len() as u64);
            }
        }
        Ok(sum)
    }

    /// Do these batches stand where they stood when it was planned to move them?
    fn is_where_it_was(&self, group: &[Moving]) -> bool {
        let batches = &self.read_state().ledger.batches;
        let place = |moving: &Moving| batches.get(moving.batch as usize)?.place;
        group.iter().all(|moving| place(moving) == Some((moving.manifest, moving.first_row)))
    }

    /// Writes one new container and the commit that says so; gives the number of the first one.
    fn pack(&self, turn: &Turn<'_>, group: &[Moving], import: Option<u64>) -> Result<u64> {
        let blocks = self.read_moving(group)?;
        let rows: Vec<Vec<u32>> = group.iter().map(|moving| (0..moving.rows).collect()).collect();
        let erased: Vec<Vec<(u32, u32)>> = {
            let batches = &self.read_state().ledger.batches;
            group.iter().map(|moving| batches[moving.batch as usize].erased.clone()).collect()
        };
        let parts = blocks.iter().zip(&rows).zip(&erased);
        let parts = parts.map(|((block, rows), erased)| ContainerPart { block, rows, erased });
        let parts: Vec<_> = parts.collect();
        let bytes = write_container(&parts, &self.id)
            .map_err(|e| Error::corrupt("a new container", 0, e.to_string()))?;
        check(&bytes, group, &blocks)?;
        let (id, sha256) = rayon::join(|| container_id(&bytes), || Sha256::digest(&bytes));
        let manifest = {
            let state = self.read_state();
            let ledger = &state.ledger;
            let mut first_row = 0;
            let mut batches = Vec::with_capacity(group.len());
            for moving in group {
                let revision = ledger.batches[moving.batch as usize].revision;
                let batch = Cid(ledger.revisions.id(revision));
                batches.push(ManifestBatch { batch, first_row, rows: moving.rows });
                first_row += moving.rows;
            }
            let (length, sha256) = (bytes.len() as u64, Hash(sha256.into()));
            let replaces = emptied(ledger, group);
            Manifest { container: id, generation: 1, length, sha256, batches, replaces }
        };
        let mut transaction = self.begin_in_turn(turn, import, None)?;
        transaction.add_repacked(Repacked { manifest, path: container_path(&id, 1), bytes });
        Ok(transaction.commit()?.import)
    }

    fn read_moving(&self, group: &[Moving]) -> Result<Vec<EventBlock>> {
        let state = self.read_state();
        let mut open: HashMap<u32, Container> = HashMap::new();
        let mut blocks = Vec::with_capacity(group.len());
        for moving in group {
            if open.len() >= OPEN_MAX && !open.contains_key(&moving.manifest) {
                open.clear();
            }
            let container = match open.entry(moving.manifest) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => {
                    let of = container_place(&state.ledger, moving.manifest);
                    place.insert(Container::open_checked(self.storage(), &of)?)
                }
            };
            let first = moving.first_row as usize;
            blocks.push(container.read_all(first..first + moving.rows as usize)?);
        }
        Ok(blocks)
    }
}

/// The containers that hold no batch any more once a group has moved.
fn emptied(ledger: &Ledger, group: &[Moving]) -> Vec<Hash> {
    let mut left: BTreeMap<u32, usize> = BTreeMap::new();
    for (manifest, _) in ledger.batches.iter().filter_map(|batch| batch.place) {
        *left.entry(manifest).or_default() += 1;
    }
    for moving in group {
        if let Some(count) = left.get_mut(&moving.manifest) {
            *count -= 1;
        }
    }
    let mut from: Vec<u32> = group.iter().map(|moving| moving.manifest).collect();
    from.sort_unstable();
    from.dedup();
    let empty = from.into_iter().filter(|manifest| left.get(manifest) == Some(&0));
    empty.map(|manifest| ledger.manifests[manifest as usize].1.container).collect()
}

/// Reads a new container back: each row says what it said before, to the byte.
fn check(bytes: &[u8], group: &[Moving], blocks: &[EventBlock]) -> Result<()> {
    let path = "a new container";
    let container = Container::open(path, crate::mapping::Bytes::held(bytes.to_vec()))?;
    let mut first = 0;
    let mut places = Vec::with_capacity(group.len());
    for (moving, block) in group.iter().zip(blocks) {
        places.push((first..first + moving.rows as usize, block));
        first += moving.rows as usize;
    }
    places.into_par_iter().try_for_each(|(range, before)| {
        let after = container.read_all(range)?;
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for row in 0..before.rows() {
            for group in [Group::Open, Group::Subject] {
                old.clear();
                new.clear();
                before.write_group(&mut old, row, group);
                after.write_group(&mut new, row, group);
                if old != new {
                    return Err(Error::corrupt(path, 0, "its rows read back as they were written"));
                }
            }
        }
        Ok(())
    })
}
