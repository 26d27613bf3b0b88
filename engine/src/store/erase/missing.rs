//! Erasing where seeds are missing that records need. `keys/seeds` is written anew by an erasure, and then
//! nothing in it tells any more that it was cut off or is another's: so that is refused, unless somebody goes on
//! without them, and then the record says so.

use super::{ErasureDone, ErasureOrder, How, Reach, Rows, WORDS_MAX};
use crate::error::{Error, Result};
use crate::runs::runs_of;
use crate::store::Store;
use crate::store::lacking::Lacking;
use lineal_proof::Hash;
use lineal_proof::record::ErasedValue;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What is done where seeds are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MissingSeeds {
    /// Nothing is erased.
    Refuse,
    /// It is erased, and the basis on record says what was missing.
    Record,
    /// It is erased in the words of elsewhere: in an older copy, which is of no use until that is done.
    Pass,
}

impl Store {
    /// As [`Store::erase`], also where `keys/seeds` lacks what other records need and no backup has it: the basis
    /// on record then says how much was missing. What is missing stays lost, and is told by every question that
    /// needs it.
    ///
    /// # Errors
    /// As [`Store::erase`].
    pub fn erase_despite_missing_seeds(
        &self,
        order: &ErasureOrder,
        dry_run: bool,
    ) -> Result<ErasureDone> {
        self.erase_within(order, How::of(Reach::Trail, MissingSeeds::Record), dry_run)
    }

    /// The order as it is to be recorded, where what stays has its seeds, or somebody goes on without.
    ///
    /// # Errors
    /// [`Error::SeedsMissing`], or [`Error::Unsaid`] if the basis with what was missing is too long.
    pub(super) fn telling_of_seeds<'o>(
        &self,
        order: &'o ErasureOrder,
        (rows, values): (&Rows, &[ErasedValue]),
        missing: MissingSeeds,
    ) -> Result<Cow<'o, ErasureOrder>> {
        if missing == MissingSeeds::Pass {
            return Ok(Cow::Borrowed(order));
        }
        let lacking = self.lacking_beside(rows, values);
        if lacking.is_none() {
            return Ok(Cow::Borrowed(order));
        }
        if missing == MissingSeeds::Refuse {
            let instead = "nothing was erased. Where no backup has it, `lineal erase ... --despite-missing-seeds` \
                           goes on without, and its record says so";
            return Err(Error::SeedsMissing {
                what: lacking.to_string(),
                instead: instead.to_owned(),
            });
        }
        let basis = format!("{}; done while keys/seeds lacked {lacking}", order.basis.trim());
        if basis.len() > WORDS_MAX {
            return Err(Error::Unsaid { what: "legal basis", limit: WORDS_MAX });
        }
        Ok(Cow::Owned(ErasureOrder { basis, ..order.clone() }))
    }

    /// What is lacking of what stays behind an erasure.
    fn lacking_beside(&self, rows: &Rows, values: &[ErasedValue]) -> Lacking {
        let going: BTreeSet<Hash> = values.iter().map(|value| value.commitment).collect();
        let rows_go = |ordinal: u32| runs_of(rows.get(&ordinal).into_iter().flatten().copied());
        let state = self.read_state();
        let secrets = self.secrets();
        let there = (&*state.ledger, &secrets.register);
        Lacking::of(&secrets.keys, there, (&|value| going.contains(value), &rows_go))
    }
}
