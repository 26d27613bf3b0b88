//! Erasing: events, batches and sealed values are destroyed, and what stays proves that nothing else
//! was touched (docs/format.md, section 23).
//!
//! First the next generation of each container is written without the rows, then the erasure is
//! recorded: from that commit on no view shows them. What must be destroyed besides (salts, keys,
//! entries of indexes, old files) is destroyed behind it, and, if a crash comes between, by the next
//! opening for writing (`finish.rs`).

mod again;
mod find;
mod finish;
mod record;
mod rewrite;
mod salts;
mod suppress;
mod values;

pub use suppress::Suppressed;

use super::Store;
use crate::error::{Error, Result};
use crate::snapshot::EventRef;
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedFile};
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
    /// Erased, or refused: then nothing is destroyed.
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
    /// Sealed values: field and whether the node that was named states it.
    pub values: Vec<(String, bool)>,
    /// Files that must no longer exist, in copies neither.
    pub files: Vec<ErasedFile>,
    /// Paths that stay until those who read them now are done; the next writer removes them.
    pub waiting: Vec<String>,
    /// Files set aside by earlier recoveries, which may hold what was erased: nobody looks into them.
    pub orphans: Vec<String>,
}

/// Rows of batches, by the ordinal of the batch: ascending, no two alike.
type Rows = BTreeMap<u32, BTreeSet<u32>>;

impl Store {
    /// Erases, or records that an erasure is refused. With `dry_run` only says what would be erased.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::SamePerson`], [`Error::Unsaid`],
    /// [`Error::Held`] where a hold forbids it, [`Error::NothingToErase`], [`Error::NoKey`] without
    /// the index key or the seeds, [`Error::Corrupt`] if a container cannot be read, or what the
    /// medium says.
    pub fn erase(&self, order: &ErasureOrder, dry_run: bool) -> Result<ErasureDone> {
        self.check_writable()?;
        check_words(order)?;
        let rows = self.rows_of(order)?;
        let values = self.values_of(order)?;
        if rows.is_empty() && values.is_empty() {
            let what = "no row and no sealed value of that is here; what was erased before is not \
                        erased again";
            return Err(Error::NothingToErase { what: what.to_owned() });
        }
        if order.decision == Decision::Erased {
            self.check_holds(&rows, &values)?;
        }
        let count = rows.values().map(|rows| rows.len() as u64).sum();
        let named: BTreeSet<(Hash, &str)> = order
            .targets
            .iter()
            .filter_map(|target| match target {
                Target::Field(node, field) => Some((*node, field.as_str())),
                _ => None,
            })
            .collect();
        let is_named = |node: Hash, field: &str| named.contains(&(node, field));
        let mut done = ErasureDone {
            rows: count,
            batches: rows.len() as u64,
            values: values.iter().map(|v| (v.field.clone(), is_named(v.node, &v.field))).collect(),
            files: self.files_of(&rows),
            ..ErasureDone::default()
        };
        if dry_run {
            return Ok(done);
        }
        if order.decision == Decision::Refused {
            let records = self.refusals(order, &rows);
            let mut transaction = self.begin(None, Some(order.executed_by.clone()))?;
            records.into_iter().for_each(|record| transaction.add_erasure(record));
            done.commit = Some(transaction.commit()?.number);
            done.files.clear();
            self.write_indexes()?;
            return Ok(done);
        }
        // Event keys that wait name rows: they are written before these are erased.
        self.write_indexes()?;
        let repacked = self.next_generations(&rows)?;
        let records = self.erasures(order, &rows, values, done.files.clone())?;
        let mut transaction = self.begin(None, Some(order.executed_by.clone()))?;
        repacked.into_iter().for_each(|next| transaction.add_repacked(next));
        records.into_iter().for_each(|record| transaction.add_erasure(record));
        done.commit = Some(transaction.commit()?.number);
        done.waiting = self.finish_erasures()?;
        self.write_indexes()?;
        let orphans = self.storage.list("orphans")?;
        done.orphans = orphans.into_iter().map(|name| format!("orphans/{name}")).collect();
        Ok(done)
    }
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
