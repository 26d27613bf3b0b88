//! The revisions of one node: what each says, and whether it still is what was written.
//!
//! [`crate::verify`] checks a whole store and believes nothing; this checks what one answer rests on,
//! on an open view.

use super::Snapshot;
use crate::error::{Error, Result};
use crate::events::{Container, root_of, seal};
use crate::graph::NodeNo;
use crate::runs::count;
use crate::segment::{Location, segment_path};
use crate::store::Store;
use lineal_proof::record::{Record, Revision};
use lineal_proof::{Hash, Map, Value};
use std::collections::BTreeMap;

/// A revision of a node, by its place in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevisionInfo {
    /// Its id.
    pub id: Hash,
    /// The commit that wrote it.
    pub commit: u64,
    /// When that commit was recorded, ns.
    pub recorded: i64,
    /// Who says it.
    pub source: String,
    /// In which form.
    pub form: String,
    at: Location,
    /// Of a batch: the order of the revision in the log, as in [`super::EventRef`].
    batch: Option<u32>,
    /// Of a batch: the leaves that erasures kept of its rows.
    leaves: BTreeMap<u32, Hash>,
}

impl Store {
    /// The last commit of an import that stands as of a view.
    #[must_use]
    pub fn import_end(&self, view: &Snapshot, number: u64) -> u64 {
        let state = self.read_state();
        let last = (number..=view.commit()).rev();
        last.into_iter().find(|commit| state.ledger.import_of(*commit) == number).unwrap_or(number)
    }

    /// The canonical bytes of a revision or of a blob, as they stand in the log; none where no record
    /// of these kinds has that id. Their BLAKE3 is the id, which is looked at.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the segment cannot be read.
    pub fn record_bytes(&self, view: &Snapshot, id: &Hash) -> Result<Option<Vec<u8>>> {
        let revision = {
            let state = self.read_state();
            let ledger = &state.ledger;
            ledger.revision(id).map(|number| ledger.revisions.at(number))
        };
        let Some(at) = revision.or_else(|| view.graph().blob(id)) else { return Ok(None) };
        let frame = view.view.frame(at)?;
        Ok((frame.id == *id).then(|| frame.payload.to_vec()))
    }

    /// The revisions of a node that stand as of a view, in the order of the log. Those of retracted
    /// imports are left out.
    #[must_use]
    pub fn revisions(&self, view: &Snapshot, node: NodeNo) -> Vec<RevisionInfo> {
        let state = self.read_state();
        let ledger = &state.ledger;
        let Some(entry) = ledger.node(&view.node_id(node)) else { return Vec::new() };
        let standing = |number: &u32| ledger.effective(*number, view.commit()).is_some();
        let mut standing: Vec<u32> = ledger.revisions_of(entry).filter(standing).collect();
        standing.reverse();
        let all = &ledger.revisions;
        standing
            .into_iter()
            .map(|number| {
                let commit = all.commit(number);
                let (source, form) = &ledger.chains[usize::from(all.chain(number))];
                RevisionInfo {
                    id: all.id(number),
                    commit,
                    recorded: ledger.commit_entry(commit).map_or(0, |entry| entry.recorded),
                    source: source.clone(),
                    form: form.clone(),
                    at: all.at(number),
                    batch: ledger.batch_of(number),
                    leaves: ledger.kept_leaves(&all.id(number)),
                }
            })
            .collect()
    }
}

impl Snapshot {
    /// The commit that first named a node, and the last that said something new about it.
    #[must_use]
    pub fn commits_of(&self, node: NodeNo) -> (u64, u64) {
        self.graph().commits_of(node)
    }

    /// The node of this view that another view of the same store has under that number.
    #[must_use]
    pub fn same_node(&self, other: &Snapshot, node: NodeNo) -> Option<NodeNo> {
        self.graph().with_key(other.kind_of(node), &other.key_of(node))
    }

    /// When its source was in the state that a revision describes, ns, and what the revision says;
    /// sealed fields that cannot be opened are left out.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the record cannot be read.
    pub fn read_revision(&self, revision: &RevisionInfo) -> Result<(i64, Map)> {
        let read = self.view.revision(revision.at)?;
        let observed_at = read.observed_at;
        Ok((observed_at, self.view.said_of(read, self.with_restricted)?))
    }

    /// The record of a revision as it stands in the log: commitments in place of sealed fields, and
    /// its links with their pins.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the record cannot be read.
    pub fn revision_record(&self, revision: &RevisionInfo) -> Result<Revision> {
        self.view.revision(revision.at)
    }

    /// Reads a revision again and computes its id; with `deep` it is encoded again too.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check_revision(&self, revision: &RevisionInfo, deep: bool) -> Result<()> {
        let fail = |rule: &str| {
            Err(Error::corrupt(segment_path(revision.at.segment), revision.at.offset, rule))
        };
        let frame = self.view.frame(revision.at)?;
        if frame.id != revision.id {
            return fail("the record has the id under which it is known");
        }
        let read = self.view.revision(revision.at)?;
        if deep && read.encode() != frame.payload {
            return fail("it is what it encodes to");
        }
        Ok(())
    }

    /// Reads the rows of a batch's revision again and computes its root; the container's bytes are
    /// hashed anew. Gives how many rows fit; none where the revision is of no batch of this view.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check_rows(&self, revision: &RevisionInfo) -> Result<u64> {
        let graph = self.graph();
        let batch = revision.batch.and_then(|ordinal| graph.batches().of_ordinal(ordinal));
        let Some(batch) = batch else { return Ok(0) };
        let fail = |rule: &str| {
            Err(Error::corrupt(segment_path(revision.at.segment), revision.at.offset, rule))
        };
        let Some((place, first)) = batch.place else {
            return fail("a manifest says where the batch's rows are");
        };
        // Not the container that is open: that one was believed when it was opened.
        let place = &graph.containers[place as usize];
        let container = Container::open_checked(&*self.view.storage, place)?;
        let first = first as usize;
        let block = container.read_all(first..first + batch.rows as usize)?;
        let fields = self.view.revision(revision.at)?.fields;
        let root = fields.get("root").and_then(Value::as_bytes);
        let seed = fields.get("seed").and_then(Value::as_bytes).unwrap_or_default();
        let secrets = self.view.secrets();
        if !batch.erased.is_empty() || !revision.leaves.is_empty() {
            let Some(cover) = secrets.keys.cover(&revision.id, seed, batch.rows.into()) else {
                return fail("what is left of the batch's salts is in keys/seeds");
            };
            let left = u64::from(batch.rows) - count(&batch.erased);
            let known = |row: u32| revision.leaves.get(&row).copied();
            // Where nothing is left of a batch its root stands alone.
            return match root_of(&block, &cover, &known) {
                Some(found) if root == Some(&found.0[..]) => Ok(left),
                None if left == 0 => Ok(0),
                _ => fail(
                    "the batch's root is that of its rows and of the leaves of what was erased",
                ),
            };
        }
        let Some(seed) = secrets.keys.batch_seed(seed) else {
            return fail("the seed of the batch is in keys/seeds");
        };
        let rows: Vec<u32> = (0..batch.rows).collect();
        let sealed = seal(&block, &rows, seed);
        if root != Some(&sealed.root.0[..]) {
            return fail("the batch's root is that of its rows");
        }
        Ok(u64::from(batch.rows))
    }
}
