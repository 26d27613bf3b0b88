//! Seeds that records need and that are not in the file that is here: it was cut off, is one of before, one of
//! after an erasure that is not in this log, or another store's. What was erased needs none.

use crate::keys::{Keys, SeedKind};
use crate::ledger::{BatchEntry, Ledger};
use crate::runs::{count, merged};
use crate::sealed::Register;
use lineal_proof::Hash;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

/// How much of what stands has no seed among those that are here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::store) struct Lacking {
    /// Sealed values whose key is not here.
    pub(in crate::store) values: u64,
    /// Batches with rows of which no salt is here.
    pub(in crate::store) batches: u64,
    /// Batches whose seed went, and of which the salt of some row that stands is not here: they were written after
    /// an erasure that this log does not name.
    pub(in crate::store) cut: u64,
}

/// Which values, and which rows of a batch by its ordinal, go anyway.
type Goes<'a> = (&'a dyn Fn(&Hash) -> bool, &'a dyn Fn(u32) -> Vec<(u32, u32)>);

/// What of a batch's salts is not here.
enum Lack {
    All,
    Part,
}

impl Lacking {
    /// Of what stands in register and log, but for values of which `goes` is true and the rows of a batch (by its
    /// ordinal) that it gives. Where no seeds are here at all nothing is lacking of them: they were not brought
    /// along.
    pub(in crate::store) fn of(
        keys: &Keys,
        (ledger, register): (&Ledger, &Register),
        goes: Goes<'_>,
    ) -> Lacking {
        if !keys.has_seeds() {
            return Lacking::default();
        }
        let (value_goes, rows_go) = goes;
        let erased = ledger.erased_values();
        let values = register
            .entries()
            .filter(|entry| keys.seed(SeedKind::Subject, &entry.subject.0).is_none())
            .filter(|entry| !erased.contains(&entry.commitment) && !value_goes(&entry.commitment))
            .count();
        let mut found = Lacking { values: values as u64, ..Lacking::default() };
        let unsalted = Unsalted::of(ledger);
        for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
            match lack(keys, (ledger, &unsalted), batch, &rows_go(ordinal)) {
                Some(Lack::All) => found.batches += 1,
                Some(Lack::Part) => found.cut += 1,
                None => {}
            }
        }
        found
    }

    /// Is all there?
    pub(in crate::store) fn is_none(self) -> bool {
        self == Lacking::default()
    }
}

/// What is not here of the salts of a batch of which these rows go. One whose seed is here, as nearly all are,
/// is decided by that.
fn lack(
    keys: &Keys,
    (ledger, unsalted): (&Ledger, &Unsalted<'_>),
    batch: &BatchEntry,
    goes: &[(u32, u32)],
) -> Option<Lack> {
    let id = ledger.revisions.id(batch.revision);
    let node = ledger.nodes.id(ledger.revisions.node(batch.revision));
    let is_split = keys.unseeded_since(&id).is_some();
    if !is_split && keys.batch_seed(&node.0[..16]).is_some() {
        return None;
    }
    let all = u64::from(batch.rows);
    let gone = merged(&batch.erased, goes);
    if count(&gone) >= all {
        return None;
    }
    let Some(cover) = keys.cover(&id, &node.0[..16], all) else { return Some(Lack::All) };
    let needless = merged(&gone, &cover.runs());
    let is_whole = count(&needless) >= all || count(&merged(&needless, unsalted.rows(&id))) >= all;
    (!is_whole).then_some(Lack::Part)
}

/// Rows that stand without a salt, as one of another batch under the same seed was erased: read when first
/// needed.
struct Unsalted<'l> {
    ledger: &'l Ledger,
    runs: OnceCell<HashMap<Hash, Vec<(u32, u32)>>>,
}

impl Unsalted<'_> {
    fn of(ledger: &Ledger) -> Unsalted<'_> {
        Unsalted { ledger, runs: OnceCell::new() }
    }

    fn rows(&self, batch: &Hash) -> &[(u32, u32)] {
        let read = || {
            let mut all: HashMap<Hash, Vec<(u32, u32)>> = HashMap::new();
            for rows in self.ledger.destroyed().flat_map(|erasure| &erasure.unsalted) {
                let own = all.entry(rows.batch.0).or_default();
                *own = merged(own, &rows.runs);
            }
            all
        };
        self.runs.get_or_init(read).get(batch).map_or(&[], Vec::as_slice)
    }
}

impl Display for Lacking {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut and = "";
        for (count, one, many) in [
            (self.values, "the key of 1 sealed value", ("the keys of ", " sealed values")),
            (self.batches, "the seed of 1 batch", ("the seeds of ", " batches")),
            (self.cut, "salts of rows of 1 batch", ("salts of rows of ", " batches")),
        ] {
            match count {
                0 => continue,
                1 => write!(f, "{and}{one}")?,
                count => write!(f, "{and}{}{count}{}", many.0, many.1)?,
            }
            and = " and ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_told_by_number() {
        let told = |values, batches, cut| Lacking { values, batches, cut }.to_string();
        assert_eq!(told(1, 0, 0), "the key of 1 sealed value");
        assert_eq!(told(0, 2, 0), "the seeds of 2 batches");
        assert_eq!(told(3, 1, 0), "the keys of 3 sealed values and the seed of 1 batch");
        assert_eq!(told(0, 1, 2), "the seed of 1 batch and salts of rows of 2 batches");
    }
}
