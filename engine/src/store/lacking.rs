//! Seeds that records need and that are not in the file that is here: it was cut off, is one of before, or
//! another store's. What was erased needs none.

use crate::keys::{Keys, SeedKind};
use crate::ledger::{BatchEntry, Ledger};
use crate::runs::count;
use crate::sealed::Register;
use lineal_proof::Hash;
use std::fmt::{self, Display, Formatter};

/// How much of what stands has no seed among those that are here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::store) struct Lacking {
    /// Sealed values whose key is not here.
    pub(in crate::store) values: u64,
    /// Batches with rows of which no salt is here.
    pub(in crate::store) batches: u64,
}

/// Which values, and which batches by their ordinal, go anyway.
type Goes<'a> = (&'a dyn Fn(&Hash) -> bool, &'a dyn Fn(u32, &BatchEntry) -> bool);

impl Lacking {
    /// Of what stands in register and log, but for values and batches (by their ordinal) of which `goes` is true.
    /// Where no seeds are here at all nothing is lacking of them: they were not brought along.
    pub(in crate::store) fn of(
        keys: &Keys,
        (ledger, register): (&Ledger, &Register),
        goes: Goes<'_>,
    ) -> Lacking {
        if !keys.has_seeds() {
            return Lacking::default();
        }
        let (value_goes, batch_goes) = goes;
        let erased = ledger.erased_values();
        let values = register
            .entries()
            .filter(|entry| keys.seed(SeedKind::Subject, &entry.subject.0).is_none())
            .filter(|entry| !erased.contains(&entry.commitment) && !value_goes(&entry.commitment))
            .count();
        let has_salts = |batch: &BatchEntry| {
            let node = ledger.nodes.id(ledger.revisions.node(batch.revision));
            let id = ledger.revisions.id(batch.revision);
            keys.cover(&id, &node.0[..16], batch.rows.into()).is_some()
        };
        let batches = (0_u32..)
            .zip(&ledger.batches)
            .filter(|(_, batch)| count(&batch.erased) < u64::from(batch.rows) && !has_salts(batch))
            .filter(|(ordinal, batch)| !batch_goes(*ordinal, batch))
            .count();
        Lacking { values: values as u64, batches: batches as u64 }
    }

    /// Is all there?
    pub(in crate::store) fn is_none(self) -> bool {
        self == Lacking::default()
    }
}

impl Display for Lacking {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut and = "";
        for (count, one, many) in [
            (self.values, "the key of 1 sealed value", ("the keys of ", " sealed values")),
            (self.batches, "the seed of 1 batch", ("the seeds of ", " batches")),
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
        let told = |values, batches| Lacking { values, batches }.to_string();
        assert_eq!(told(1, 0), "the key of 1 sealed value");
        assert_eq!(told(0, 2), "the seeds of 2 batches");
        assert_eq!(told(3, 1), "the keys of 3 sealed values and the seed of 1 batch");
    }
}
