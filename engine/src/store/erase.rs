//! Erasing: events, batches and sealed values are destroyed, and what stays proves that nothing else
//! was touched (docs/format.md, section 23).
//!
//! First the next generation of each container is written without the rows, then the erasure is
//! recorded: from that commit on no view shows them. What must be destroyed besides (salts, keys, also in
//! files of them that were set aside, entries of indexes, old files) is destroyed behind it, and, if a crash comes between, by the next
//! opening for writing (`finish.rs`). A decision to refuse or to restrict destroys nothing
//! (`restrict.rs`).

mod again;
mod decisions;
mod find;
mod finish;
mod record;
mod restrict;
mod retracted;
mod rewrite;
mod salts;
mod suppress;
mod values;

pub use decisions::{DecidedStep, DecisionInfo, DecisionLog};
pub use finish::SeedsRewritten;
pub use retracted::RetractedShare;
pub use suppress::Suppressed;

use super::Store;
use crate::error::{Error, Result};
use crate::keys::seeds_aside;
use crate::snapshot::EventRef;
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedFile, ErasedValue};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of a basis and of a reference: a sentence or two, so that no case file gets in.
const WORDS_MAX: usize = 1_024;

/// What is to be erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Events, and every other row of the same identities, whichever import brought it.
    Events(Vec<EventRef>),
    /// All rows of a batch, by its node.
    Batch(Hash),
    /// A sealed field of a node, by the node's id, as any revision states it: its subject's key goes,
    /// and with it all that was sealed under that.
    Field(Hash, String),
    /// Every value that is sealed under a subject's key, whoever states it: the key goes.
    Subject(Hash),
}

/// An erasure, or the refusal of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErasureOrder {
    /// What.
    pub targets: Vec<Target>,
    /// Erased; or refused, restricted or lifted: then nothing is destroyed.
    pub decision: Decision,
    /// The legal ground, in words: at most 1,024 bytes.
    pub basis: String,
    /// The reference of the request, without the identity of who made it: at most 1,024 bytes.
    pub reference: String,
    /// The actor key of who decided.
    pub decided_by: String,
    /// The actor key of who does it: another person.
    pub executed_by: String,
}

/// What an erasure did, or would do.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ErasureDone {
    /// The commit that records it; none of a rehearsal.
    pub commit: Option<u64>,
    /// Rows, and the batches in which they stood.
    pub rows: u64,
    /// How many batches.
    pub batches: u64,
    /// What of it no import holds that stands: nobody was shown it.
    pub retracted: RetractedShare,
    /// Sealed values: field and whether the node that was named states it.
    pub values: Vec<(String, bool)>,
    /// Files that must no longer exist, in copies neither.
    pub files: Vec<ErasedFile>,
    /// Paths that stay until those who read them now are done; the next writer removes them.
    pub waiting: Vec<String>,
    /// Files of seeds that were set aside, and held what was erased or did not read: they hold nothing of
    /// it any more.
    pub rewritten: Vec<SeedsRewritten>,
    /// Other files set aside by earlier recoveries, which may hold what was erased: nobody looks into them.
    pub orphans: Vec<String>,
}

/// Rows of batches, by the ordinal of the batch: ascending, no two alike.
type Rows = BTreeMap<u32, BTreeSet<u32>>;

impl Store {
    /// Erases, restricts, lifts a restriction, or records that a request is refused. With `dry_run` only
    /// says what would be.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::SamePerson`], [`Error::Unsaid`],
    /// [`Error::Held`] where a hold forbids it, [`Error::Restricted`], [`Error::NothingToErase`], [`Error::NoKey`] without
    /// the index key or the seeds, [`Error::Corrupt`] if a container cannot be read, or what the
    /// medium says.
    pub fn erase(&self, order: &ErasureOrder, dry_run: bool) -> Result<ErasureDone> {
        self.check_writable()?;
        check_words(order)?;
        // What is read here must still be so when the decision is recorded.
        let turn = self.turn();
        let mut rows = self.rows_of(order)?;
        let mut values = self.values_of(order)?;
        if rows.is_empty() && values.is_empty() {
            let what = "no row and no sealed value of that is here; what was erased before is not \
                        erased again";
            return Err(Error::NothingToErase { what: what.to_owned() });
        }
        match order.decision {
            Decision::Erased => {
                self.check_holds(&rows, &values)?;
                self.check_restricted(&rows, &values)?;
            }
            Decision::Restricted | Decision::Lifted => {
                // What lies under the same key as a field is not what was asked for.
                let is_asked = |value: &ErasedValue| is_named(order, value.node, &value.field);
                values.retain(is_asked);
                self.to_restrict(order, &mut rows, &mut values)?;
            }
            Decision::Refused => {}
        }
        let count = rows.values().map(|rows| rows.len() as u64).sum();
        let is_named = |value: &ErasedValue| is_named(order, value.node, &value.field);
        let mut done = ErasureDone {
            rows: count,
            batches: rows.len() as u64,
            retracted: self.retracted_share(order, &rows),
            values: values.iter().map(|value| (value.field.clone(), is_named(value))).collect(),
            ..ErasureDone::default()
        };
        if order.decision == Decision::Erased {
            done.files = self.files_of(&rows);
        }
        if dry_run {
            return Ok(done);
        }
        if order.decision != Decision::Erased {
            let records = self.decision_records(order, &rows, values);
            let mut transaction =
                self.begin_in_turn(&turn, None, Some(order.executed_by.clone()))?;
            records.into_iter().for_each(|record| transaction.add_erasure(record));
            done.commit = Some(transaction.commit()?.number);
            // Views of before show what is restricted since.
            self.views.let_go();
            self.write_indexes_in_turn()?;
            return Ok(done);
        }
        // Event keys that wait name rows: they are written before these are erased.
        self.write_indexes_in_turn()?;
        let repacked = self.next_generations(&rows)?;
        let records = self.erasures(order, &rows, values, done.files.clone())?;
        let mut transaction = self.begin_in_turn(&turn, None, Some(order.executed_by.clone()))?;
        repacked.into_iter().for_each(|next| transaction.add_repacked(next));
        records.into_iter().for_each(|record| transaction.add_erasure(record));
        done.commit = Some(transaction.commit()?.number);
        let finished = self.finish_erasures()?;
        (done.waiting, done.rewritten) = (finished.waiting, finished.rewritten);
        self.write_indexes_in_turn()?;
        let of_seeds = seeds_aside(self.storage())?;
        let orphans = self.storage.list("orphans")?.into_iter();
        done.orphans = orphans.map(|name| format!("orphans/{name}")).collect();
        // These were looked into.
        done.orphans.retain(|path| !of_seeds.iter().any(|file| file.path == *path));
        Ok(done)
    }
}

/// Does an order name this field of this node?
fn is_named(order: &ErasureOrder, node: Hash, field: &str) -> bool {
    order.targets.iter().any(|target| match target {
        Target::Field(of, named) => *of == node && named == field,
        _ => false,
    })
}

fn check_words(order: &ErasureOrder) -> Result<()> {
    if order.decided_by == order.executed_by {
        return Err(Error::SamePerson { who: order.decided_by.clone() });
    }
    for (what, said) in [("legal basis", &order.basis), ("reference", &order.reference)] {
        if said.trim().is_empty() || said.len() > WORDS_MAX {
            return Err(Error::Unsaid { what, limit: WORDS_MAX });
        }
    }
    Ok(())
}
