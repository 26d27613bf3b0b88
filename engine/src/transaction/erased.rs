//! What an erasure means for a transaction that was staged while it was recorded: its events must not
//! bring back what was erased, nor its revisions commit to values whose key is gone.

use super::Transaction;
use crate::error::{Error, Result};
use crate::store::{State, Store};
use lineal_proof::Hash;
use lineal_proof::record::Decision;
use std::collections::HashSet;

/// Refuses a transaction that an erasure overtook.
///
/// # Errors
/// [`Error::ErasedMeanwhile`], or [`Error::NoKey`] without the index key.
pub(super) fn check(store: &Store, state: &State, transaction: &Transaction<'_>) -> Result<()> {
    check_rows(store, state, transaction)?;
    check_values(store, transaction)
}

/// Are there events among the staged ones whose identity was erased since it was asked what is? Nearly
/// always nothing was: then this costs a look at a number.
fn check_rows(store: &Store, state: &State, transaction: &Transaction<'_>) -> Result<()> {
    let since = state.ledger.erasures.get(transaction.erasures_known..).unwrap_or_default();
    let since = since.iter().map(|(_, erasure)| erasure);
    let destroyed = since.filter(|erasure| erasure.decision == Decision::Erased);
    let known: HashSet<[u8; 16]> =
        destroyed.flat_map(|erasure| &erasure.fingerprints).copied().collect();
    if known.is_empty() || transaction.batches.is_empty() {
        return Ok(());
    }
    let prints = store.fingerprints()?;
    for draft in &transaction.batches {
        let source = &draft.saying.source;
        let is_erased = |row: &&u32| {
            let who = draft.block.identified_by(**row as usize);
            who.is_some_and(|who| known.contains(&prints.of_event(source, who)))
        };
        let count = draft.rows.iter().filter(is_erased).count();
        if count > 0 {
            let what = format!("{count} of the events of {}", draft.label);
            return Err(Error::ErasedMeanwhile { what });
        }
    }
    Ok(())
}

/// Does a staged record commit to a value that can no longer be opened, and that no erasure names? Values
/// are sealed before a transaction is begun, so any erasure may have come between.
fn check_values(store: &Store, transaction: &Transaction<'_>) -> Result<()> {
    let erased = store.erased_values();
    if erased.is_empty() {
        return Ok(());
    }
    let revisions = transaction.nodes.iter().flat_map(|staged| &staged.revision.sealed);
    let retracts = transaction.retracts.iter().flat_map(|retract| &retract.sealed);
    let sources = transaction.sources.iter().flat_map(|source| &source.sealed);
    let mut all = revisions.chain(retracts).chain(sources);
    let lost =
        all.find(|(_, commitment)| !erased.holds(commitment) && !store.has_sealed(commitment));
    match lost {
        None => Ok(()),
        Some((field, _)) => {
            Err(Error::ErasedMeanwhile { what: format!("a sealed {field} under an erased key") })
        }
    }
}

/// The sealed values that a transaction erases; none of one that erases nothing.
pub(super) fn values_of(transaction: &Transaction<'_>) -> Option<Vec<Hash>> {
    let erasing = transaction.erasures.iter().filter(|e| e.decision == Decision::Erased);
    let mut erasing = erasing.peekable();
    erasing.peek()?;
    Some(erasing.flat_map(|erasure| &erasure.sealed).map(|value| value.commitment).collect())
}
