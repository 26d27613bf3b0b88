//! Rows of a restricted event that come later, as an archive is delivered again with more in each line: they
//! are restricted too, by a record of the same commit in the words of the one that restricted the event, so
//! that no commit shows what was restricted before it (docs/format.md, section 23).

use super::batches::Ready;
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::Container;
use crate::graph::container_place;
use crate::ledger::Ledger;
use crate::runs::{rows_of, runs_of, within_sorted};
use crate::storage::Storage;
use crate::store::State;
use lineal_proof::Cid;
use lineal_proof::record::{Decision, ErasedRows, Erasure};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// By what an event is known within its log source: the tag and the id.
type Identity = (u8, Vec<u8>);
/// By log source: who is restricted, and by which decision of the log.
type Known<'l> = HashMap<&'l str, HashMap<Identity, usize>>;

/// The records by which rows of new batches are restricted; mostly none.
///
/// # Errors
/// [`crate::Error::Corrupt`] if a container with restricted rows cannot be read.
pub(super) fn records(
    storage: &dyn Storage,
    state: &State,
    placed: &[(Cid, Ready)],
) -> Result<Vec<Erasure>> {
    let sources: BTreeSet<&str> =
        placed.iter().map(|(_, ready)| ready.draft.saying.source.as_str()).collect();
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let known = known(storage, &state.ledger, &sources)?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let mut by_decision: BTreeMap<usize, Vec<ErasedRows>> = BTreeMap::new();
    for (batch, ready) in placed {
        let Some(own) = known.get(ready.draft.saying.source.as_str()) else { continue };
        let mut found: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (row, at) in (0_u32..).zip(&ready.rows) {
            let Some((tag, id)) = ready.draft.block.identified_by(*at as usize) else { continue };
            if let Some(decision) = own.get(&(tag, id.to_vec())) {
                found.entry(*decision).or_default().push(row);
            }
        }
        for (decision, rows) in found {
            let runs = runs_of(rows);
            let rows = ErasedRows { batch: *batch, runs, leaves: None };
            by_decision.entry(decision).or_default().push(rows);
        }
    }
    let record = |(decision, mut batches): (usize, Vec<ErasedRows>)| {
        let (_, first) = state.ledger.erasures.get(decision)?;
        batches.sort_by_key(|rows| rows.batch);
        Some(Erasure {
            decision: Decision::Restricted,
            basis: first.basis.clone(),
            reference: first.reference.clone(),
            decided_by: first.decided_by.clone(),
            executed_by: first.executed_by.clone(),
            batches,
            unsalted: Vec::new(),
            keys: Vec::new(),
            fingerprints: Vec::new(),
            sealed: Vec::new(),
            files: Vec::new(),
        })
    };
    Ok(by_decision.into_iter().filter_map(record).collect())
}

/// Who is restricted in these log sources.
fn known<'l>(
    storage: &dyn Storage,
    ledger: &'l Ledger,
    sources: &BTreeSet<&str>,
) -> Result<Known<'l>> {
    let mut known = Known::new();
    for (ordinal, runs) in ledger.restricted_rows() {
        let batch = &ledger.batches[ordinal as usize];
        let source = ledger.nodes.key_text(ledger.revisions.node(batch.revision), 0);
        let (Some(source), Some((manifest, first))) = (source, batch.place) else { continue };
        if !sources.contains(source) {
            continue;
        }
        let container = Container::open_checked(storage, &container_place(ledger, manifest))?;
        let first = first as usize;
        let ids = [EventField::EventId, EventField::LogId];
        let block = container.read(first..first + batch.rows as usize, &ids)?;
        for row in rows_of(&runs).filter(|row| *row < batch.rows) {
            let Some((tag, id)) = block.identified_by(row as usize) else { continue };
            let Some(decision) = decision_on(ledger, ordinal, row) else { continue };
            let own = known.entry(source).or_default();
            // Of several rows of the event the first decision counts.
            own.entry((tag, id.to_vec()))
                .and_modify(|at| *at = decision.min(*at))
                .or_insert(decision);
        }
    }
    Ok(known)
}

/// The last decision that restricted a row.
fn decision_on(ledger: &Ledger, ordinal: u32, row: u32) -> Option<usize> {
    let id = ledger.revisions.id(ledger.batches[ordinal as usize].revision);
    ledger.erasures.iter().rposition(|(_, erasure)| {
        let mut own = erasure.batches.iter().filter(|rows| rows.batch.0 == id);
        erasure.decision == Decision::Restricted && own.any(|rows| within_sorted(&rows.runs, row))
    })
}
