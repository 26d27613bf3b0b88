//! Restriction (GDPR 18) and its end: nothing is destroyed and no file but the log changes; views hide
//! what is named until a record lifts it.

use super::{ErasureOrder, Rows};
use crate::error::{Error, Result};
use crate::runs::{rows_of, within_sorted};
use crate::store::Store;
use lineal_proof::record::{Decision, ErasedValue};
use std::collections::BTreeSet;

impl Store {
    /// Leaves of an order what it changes: to restrict what is not restricted yet, to lift what is.
    pub(super) fn to_restrict(
        &self,
        order: &ErasureOrder,
        rows: &mut Rows,
        values: &mut Vec<ErasedValue>,
    ) -> Result<()> {
        let lifts = order.decision == Decision::Lifted;
        let state = self.read_state();
        let restricted = state.ledger.restricted_rows();
        for (ordinal, own) in rows.iter_mut() {
            let runs = restricted.get(ordinal).map_or(&[][..], Vec::as_slice);
            own.retain(|row| within_sorted(runs, *row) == lifts);
        }
        rows.retain(|_, own| !own.is_empty());
        let restricted = state.ledger.restricted_values();
        values.retain(|value| restricted.contains(&value.commitment) == lifts);
        if rows.is_empty() && values.is_empty() {
            let what = match lifts {
                true => "nothing of that is restricted",
                false => "all of that is restricted already",
            };
            return Err(Error::NothingToErase { what: what.to_owned() });
        }
        Ok(())
    }

    /// Refuses where some of these rows or values are restricted: whoever asked for that may need
    /// them, so a decision of its own must come first.
    pub(super) fn check_restricted(&self, rows: &Rows, values: &[ErasedValue]) -> Result<()> {
        let state = self.read_state();
        let restricted = state.ledger.restricted_rows();
        let hit = |(ordinal, own): (&u32, &BTreeSet<u32>)| {
            let runs = restricted.get(ordinal).map_or(&[][..], Vec::as_slice);
            rows_of(runs).filter(|row| own.contains(row)).count()
        };
        let row_count: usize = rows.iter().map(hit).sum();
        let restricted = state.ledger.restricted_values();
        let is_restricted = |value: &&ErasedValue| restricted.contains(&value.commitment);
        let value_count = values.iter().filter(is_restricted).count();
        match row_count + value_count {
            0 => Ok(()),
            _ => Err(Error::Restricted {
                what: format!("{row_count} of the rows, {value_count} of the sealed values"),
            }),
        }
    }

    /// Are some rows of these batches, by their ordinals, restricted?
    #[must_use]
    pub fn has_restricted(&self, batches: &[u32]) -> bool {
        let restricted = self.read_state().ledger.restricted_rows();
        batches.iter().any(|ordinal| restricted.contains_key(ordinal))
    }
}
