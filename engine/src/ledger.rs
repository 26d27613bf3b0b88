//! The log, folded: what each record says, in the order of the segments.
//!
//! The ledger is what a reader of docs/format.md sections 6 to 11 must keep in mind to answer; it
//! holds places and digests, not fields. It is derived from the segments alone. What stands in its
//! file (`ledger/file.rs`) is read where it is mapped; what came since is in memory, and goes to a new
//! file when it is much, so that neither opening nor an import holds a store's whole past.

mod apply;
mod batch;
mod erasures;
mod file;
mod grown;
mod nodes;
mod retraction;
mod revisions;
pub(crate) mod table;
mod view;

pub(crate) use apply::ReadTransaction;
pub(crate) use nodes::Nodes;
pub(crate) use revisions::{Revisions, is_place, pack, unpack};
pub(crate) use view::{ChainHead, Rank};

use crate::events::MonthCounts;
use crate::id_map::IdMap;
use crate::segment::Location;
use lineal_proof::Hash;
use lineal_proof::record::{Erasure, Hold, Manifest, Reference, Setting, Source};
use std::collections::HashMap;

/// A commit.
#[derive(Clone, Debug)]
pub(crate) struct CommitEntry {
    pub(crate) recorded: i64,
    pub(crate) import: u64,
}

/// A full snapshot of a source in a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotEntry {
    pub(crate) chain: u16,
    pub(crate) observed_at: i64,
    pub(crate) commit: u64,
}

/// A batch's revision: the number of the entry is its ordinal.
#[derive(Clone, Debug)]
pub(crate) struct BatchEntry {
    pub(crate) revision: u32,
    pub(crate) deployment: Hash,
    pub(crate) rows: u32,
    pub(crate) overrides: u64,
    pub(crate) art12: u64,
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    /// The counters by month, in order; those of events without a time last.
    pub(crate) months: Vec<MonthCounts>,
    /// Runs of rows whose identity was known with other content when it was written.
    pub(crate) doubted: Vec<(u32, u32)>,
    /// Its place, by the last manifest so far: index into `manifests`, first row.
    pub(crate) place: Option<(u32, u32)>,
    /// Runs of rows that were erased, whatever commit is asked for.
    pub(crate) erased: Vec<(u32, u32)>,
}

/// Rows that another import holds too: they live on when the first is retracted.
#[derive(Clone, Debug)]
pub(crate) struct SeenRowsEntry {
    pub(crate) commit: u64,
    pub(crate) batch: u32,
    pub(crate) runs: Vec<(u32, u32)>,
}

/// The log, folded.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) commits: Vec<CommitEntry>,
    pub(crate) chains: Vec<(String, String)>,
    pub(crate) nodes: Nodes,
    pub(crate) revisions: Revisions,
    pub(crate) snapshots: Vec<SnapshotEntry>,
    /// By chain: its snapshots, in the order of the log.
    chain_snapshots: Vec<Vec<u32>>,
    /// (import, commit, restore)
    pub(crate) retractions: Vec<(u64, u64, bool)>,
    pub(crate) references: Vec<(u64, Reference)>,
    pub(crate) settings: Vec<(u64, Setting)>,
    pub(crate) sources: Vec<(u64, Source)>,
    pub(crate) manifests: Vec<(u64, Manifest)>,
    pub(crate) erasures: Vec<(u64, Erasure)>,
    pub(crate) holds: Vec<(u64, Hold)>,
    pub(crate) batches: Vec<BatchEntry>,
    pub(crate) seen_rows: Vec<SeenRowsEntry>,
    pub(crate) blobs: IdMap<Location>,
    pub(crate) batch_index: HashMap<u32, u32>,
}

impl Ledger {
    /// The number of the last commit.
    pub(crate) fn commit(&self) -> u64 {
        self.commits.len() as u64
    }

    /// A commit by its number.
    pub(crate) fn commit_entry(&self, number: u64) -> Option<&CommitEntry> {
        usize::try_from(number.checked_sub(1)?).ok().and_then(|at| self.commits.get(at))
    }

    /// The import that a commit belongs to.
    pub(crate) fn import_of(&self, commit: u64) -> u64 {
        self.commit_entry(commit).map_or(commit, |entry| entry.import)
    }

    /// A node by its id.
    pub(crate) fn node(&self, id: &Hash) -> Option<u32> {
        self.nodes.find(id)
    }

    /// A revision by its id.
    pub(crate) fn revision(&self, id: &Hash) -> Option<u32> {
        self.revisions.find(id)
    }

    /// The ordinal of a batch's revision.
    pub(crate) fn batch_of(&self, revision: u32) -> Option<u32> {
        self.batch_index.get(&revision).copied()
    }

    /// A chain by its source and form.
    pub(crate) fn chain(&self, source: &str, form: &str) -> Option<u16> {
        // Stores have a handful of chains: a scan is quicker than making two strings.
        let at = self.chains.iter().position(|(s, f)| s == source && f == form)?;
        u16::try_from(at).ok()
    }
}
