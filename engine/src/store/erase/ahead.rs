//! What an older copy does not hold yet of what a later log of the same store decided. What is erased there is
//! known by its fingerprints when it comes, and not recorded; a restriction names rows and values and
//! nothing else, so of what is not here it cannot be done.

use super::trail::SAID;
use crate::ledger::Ledger;
use crate::runs::{count, merged, without};
use crate::store::{DecidedStep, Store};
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedRows, ErasedValue, Erasure};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Fingerprints of what is not here.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) events: Vec<[u8; 16]>,
    pub(super) values: Vec<ErasedValue>,
}

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.values.is_empty()
    }
}

/// A decision of a later log of which something could not be done in an older copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotDone {
    /// The commit of the later log.
    pub commit: u64,
    /// What was decided.
    pub decision: Decision,
    /// Its reference.
    pub reference: String,
    /// Rows that are not here, and that nothing would know again.
    pub rows: u64,
    /// Sealed values of which that is so.
    pub values: u64,
}

impl Store {
    /// What of an erasure of a later log is to be known again when it comes: what is erased here already needs
    /// nothing, and of the trail nothing comes by an import.
    pub(super) fn ahead_of(&self, erasure: &Erasure, days: &HashSet<Hash>) -> Ahead {
        if erasure.decision != Decision::Erased {
            return Ahead::default();
        }
        let state = self.read_state();
        let destroyed = || state.ledger.destroyed();
        let known: HashSet<&[u8; 16]> = destroyed().flat_map(|one| &one.fingerprints).collect();
        let events = erasure.fingerprints.iter().filter(|print| !known.contains(print));
        let known: HashSet<Hash> =
            destroyed().flat_map(|one| &one.sealed).filter_map(|value| value.fingerprint).collect();
        let secrets = self.secrets();
        let comes = |value: &&ErasedValue| {
            value.fingerprint.is_some_and(|print| !known.contains(&print))
                && secrets.register.entry(&value.commitment).is_none()
                && !is_of_trail(value, days)
        };
        let values = erasure.sealed.iter().filter(comes);
        Ahead { events: events.copied().collect(), values: values.cloned().collect() }
    }

    /// What of these steps of a later log, done in this order, cannot be done here.
    pub(in crate::store) fn not_done(&self, steps: &[&(u64, DecidedStep)]) -> Vec<NotDone> {
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        let secrets = self.secrets();
        let days = super::trail::trail_days(ledger);
        let is_here = |batch: &Hash| ledger.revision(batch).is_some();
        let has_value = |value: &ErasedValue| secrets.register.entry(&value.commitment).is_some();
        let erasures = steps.iter().filter_map(|(commit, step)| match step {
            DecidedStep::Erasure(erasure) => Some((*commit, erasure)),
            DecidedStep::Hold(_) => None,
        });
        let erasures: Vec<(u64, &Erasure)> = erasures.collect();
        let mut found = Vec::new();
        for (at, (commit, erasure)) in erasures.iter().enumerate() {
            let later = &erasures[at + 1..];
            let missing = erasure.batches.iter().filter(|rows| !is_here(&rows.batch.0));
            let (rows, values) = match erasure.decision {
                Decision::Erased => {
                    let rows: u64 = missing.map(ErasedRows::count).sum();
                    let lost = erasure.sealed.iter().filter(|value| {
                        value.fingerprint.is_none()
                            && !has_value(value)
                            && !is_of_trail(value, &days)
                    });
                    let is_known = !erasure.fingerprints.is_empty();
                    (if is_known { 0 } else { rows }, lost.count() as u64)
                }
                Decision::Restricted => {
                    let lifted = Lifted::of(later);
                    let left = |rows: &ErasedRows| {
                        let lifted = lifted.rows.get(&rows.batch.0).map_or(&[][..], Vec::as_slice);
                        count(&without(&rows.runs, lifted))
                    };
                    let stands = |value: &&ErasedValue| {
                        !has_value(value) && !lifted.values.contains(&value.commitment)
                    };
                    let values = erasure.sealed.iter().filter(stands).count() as u64;
                    (missing.map(left).sum(), values)
                }
                Decision::Lifted | Decision::Refused => (0, 0),
            };
            if rows + values > 0 {
                let (decision, reference) = (erasure.decision, erasure.reference.clone());
                found.push(NotDone { commit: *commit, decision, reference, rows, values });
            }
        }
        found
    }
}

/// Was it said in the trail? Only its questions are told by their fields, where all of their day waits.
fn is_of_trail(value: &ErasedValue, days: &HashSet<Hash>) -> bool {
    days.contains(&value.subject) || SAID.contains(&value.field.as_str())
}

/// What is restricted no more.
#[derive(Default)]
struct Lifted {
    rows: BTreeMap<Hash, Vec<(u32, u32)>>,
    values: BTreeSet<Hash>,
}

impl Lifted {
    fn of(steps: &[(u64, &Erasure)]) -> Lifted {
        let mut all = Lifted::default();
        for (_, erasure) in steps.iter().filter(|(_, one)| one.decision == Decision::Lifted) {
            for rows in &erasure.batches {
                let own = all.rows.entry(rows.batch.0).or_default();
                *own = merged(own, &rows.runs);
            }
            all.values.extend(erasure.sealed.iter().map(|value| value.commitment));
        }
        all
    }
}
