//! Sealed values: which an order is about, and what else goes with the key of their subject.

use super::{ErasureOrder, Target};
use crate::error::Result;
use crate::segment::{open_segment, read_frame};
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::record::{ErasedValue, Record, Revision, Sealed};
use std::collections::{BTreeMap, BTreeSet};

impl Store {
    /// The values that go: those of the fields that are named, and all others under the same keys; of those
    /// that are named by themselves no others. Of these also what is not here while something waits in the
    /// trail: what of it is committed later is known by its fingerprint, and not sealed.
    pub(super) fn values_of(&self, order: &ErasureOrder) -> Result<Vec<ErasedValue>> {
        let mut stated: BTreeMap<Hash, Hash> = BTreeMap::new();
        for target in &order.targets {
            if let Target::Field(node, field) = target {
                for commitment in self.commitments_of(node, field)? {
                    stated.insert(commitment, *node);
                }
            }
        }
        let secrets = self.secrets();
        for target in &order.targets {
            if let Target::Subject(subject) = target {
                let own = secrets.register.entries().filter(|entry| entry.subject == *subject);
                for entry in own {
                    stated.entry(entry.commitment).or_insert(*subject);
                }
            }
        }
        let entry = |commitment: &Hash| secrets.register.entry(commitment);
        let subjects: BTreeSet<Hash> =
            stated.keys().filter_map(|commitment| Some(entry(commitment)?.subject)).collect();
        let by_itself = order.targets.iter().filter_map(|target| match target {
            Target::Value(value) => Some(value),
            _ => None,
        });
        let by_itself: Vec<&ErasedValue> = by_itself.collect();
        stated.extend(by_itself.iter().map(|value| (value.commitment, value.node)));
        if stated.is_empty() {
            return Ok(Vec::new());
        }
        let waits = !by_itself.is_empty() && !self.storage().list("trail")?.is_empty();
        let absent = by_itself.into_iter().filter(|value| {
            waits && value.fingerprint.is_some() && entry(&value.commitment).is_none()
        });
        let goes = |entry: &&Sealed| {
            subjects.contains(&entry.subject) || stated.contains_key(&entry.commitment)
        };
        let prints = secrets.keys.fingerprints()?;
        let mut values: Vec<ErasedValue> = secrets
            .register
            .entries()
            .filter(goes)
            .map(|entry| {
                let value = secrets.register.open_value(&secrets.keys, &entry.commitment);
                let print = |value| prints.of_value(&entry.subject, &entry.field, &value);
                ErasedValue {
                    node: stated.get(&entry.commitment).copied().unwrap_or(entry.subject),
                    field: entry.field.clone(),
                    commitment: entry.commitment,
                    subject: entry.subject,
                    fingerprint: value.map(print),
                }
            })
            .chain(absent.cloned())
            .collect();
        values.sort_by_key(|value| value.commitment);
        Ok(values)
    }

    /// What revisions of a node ever committed to in a sealed field.
    fn commitments_of(&self, node: &Hash, field: &str) -> Result<BTreeSet<Hash>> {
        let state = self.read_state();
        let ledger = &state.ledger;
        let mut found = BTreeSet::new();
        let Some(entry) = ledger.node(node) else { return Ok(found) };
        for revision in ledger.revisions_of(entry) {
            let at = ledger.revisions.at(revision);
            let Some(bytes) = open_segment(self.storage(), at.segment, self.id())? else {
                continue;
            };
            let frame = read_frame(&bytes, at)?;
            let Ok(said) = Revision::decode(frame.payload) else { continue };
            let own = said.sealed.iter().filter(|(name, _)| name == field);
            found.extend(own.map(|(_, commitment)| *commitment));
        }
        Ok(found)
    }
}
