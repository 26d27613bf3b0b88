//! What the trail says of what is erased: questions, and what was given with them, that hold its values.
//!
//! They are sealed under the key of their day, which all of that day need, and a commitment is bound to its
//! key: so these values go from the register, and the key goes with the last of its day.

use super::Rows;
use super::words::Words;
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::EventValue;
use crate::keys::trail_subject;
use crate::ledger::Ledger;
use crate::schema::Kind;
use crate::segment::{open_segment, read_frame};
use crate::store::{SecretBox, Store};
use lineal_proof::record::{ErasedValue, Record, Revision, Sealed};
use lineal_proof::{Hash, Value};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The sealed fields of a use that say what it was about. Who it was, and from where, is what the trail is
/// kept for, and goes with its day.
pub(super) const SAID: [&str; 2] = ["question", "given"];

/// The fields of an event whose values point at it, or at whom it is about.
const SOUGHT: [EventField; 9] = [
    EventField::EventId,
    EventField::LogId,
    EventField::RequestId,
    EventField::InputHash,
    EventField::OutputHash,
    EventField::Session,
    EventField::ReferenceMatch,
    EventField::OverrideReason,
    EventField::Rest,
];

/// What of the trail an erasure takes along.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TrailShare {
    /// Questions, and what was given with them, that hold a value of what is erased.
    pub values: u64,
    /// The uses of the store in which they stand: who it was, when, and what came of it stays.
    pub uses: u64,
    /// Those that nobody could look into: the keys of their days are not here, or they are damaged.
    pub unread: u64,
}

/// What was found in the trail.
#[derive(Default)]
pub(super) struct InTrail {
    pub(super) values: Vec<ErasedValue>,
    pub(super) share: TrailShare,
}

/// Under whose keys uses are sealed: their days.
pub(super) fn trail_days(ledger: &Ledger) -> HashSet<Hash> {
    uses_of(ledger).map(|revision| day_of(ledger, revision)).collect()
}

fn uses_of(ledger: &Ledger) -> impl Iterator<Item = u32> + '_ {
    let is_use = |at: &u32| ledger.nodes.kind(ledger.revisions.node(*at)) == Kind::Access;
    ledger.revisions.numbers().filter(is_use)
}

fn day_of(ledger: &Ledger, revision: u32) -> Hash {
    trail_subject(ledger.revisions.observed_at(revision))
}

impl Store {
    /// What of the trail holds values of these rows, or one of these sealed values.
    pub(super) fn in_trail(&self, rows: &Rows, values: &[ErasedValue]) -> Result<InTrail> {
        let days = trail_days(&self.read_state().ledger);
        if days.is_empty() {
            return Ok(InTrail::default());
        }
        let words = self.words_of(rows, values, &days)?;
        if words.is_empty() {
            return Ok(InTrail::default());
        }
        let mut found = self.said_of(&words, values, &days)?;
        let stated = self.stated_by(&found.values)?;
        found.share.uses = stated.uses;
        for value in &mut found.values {
            value.node = stated.nodes.get(&value.commitment).copied().unwrap_or(value.subject);
        }
        Ok(found)
    }

    /// What is sought: what points at the rows, and the texts of the values. What was itself said in the
    /// trail names no thing.
    fn words_of(&self, rows: &Rows, values: &[ErasedValue], days: &HashSet<Hash>) -> Result<Words> {
        let mut words = Words::default();
        for (ordinal, own) in rows {
            let block = self.read_rows_of(*ordinal, &SOUGHT)?;
            for row in own.iter().map(|row| *row as usize).filter(|row| *row < block.rows()) {
                for field in SOUGHT {
                    match (block.get(row, field), field) {
                        (Some(EventValue::Text(text)), EventField::Rest) => {
                            words.add_addresses(text);
                        }
                        (Some(EventValue::Text(text)), _) => words.add_text(text),
                        (Some(EventValue::Hash(hash)), _) => words.add_hash(hash),
                        _ => {}
                    }
                }
            }
        }
        let secrets = self.secrets();
        for value in values.iter().filter(|value| !days.contains(&value.subject)) {
            if let Some(value) = secrets.register.open_value(&secrets.keys, &value.commitment) {
                add_value(&mut words, &value);
            }
        }
        Ok(words)
    }

    /// The values of the trail that hold such words, but those that go anyway.
    fn said_of(
        &self,
        words: &Words,
        going: &[ErasedValue],
        days: &HashSet<Hash>,
    ) -> Result<InTrail> {
        let going: BTreeSet<Hash> = going.iter().map(|value| value.commitment).collect();
        let secrets = self.secrets();
        let SecretBox { keys, register } = &*secrets;
        let is_said = |entry: &&Sealed| {
            SAID.contains(&entry.field.as_str())
                && days.contains(&entry.subject)
                && !going.contains(&entry.commitment)
        };
        let said: Vec<&Sealed> = register.entries().filter(is_said).collect();
        let prints = keys.fingerprints()?;
        // None of what does not open.
        let look = |entry: &&Sealed| match register.open_value(keys, &entry.commitment) {
            Some(value) => value.as_text().is_some_and(|text| words.are_in(text)).then(|| {
                Some(ErasedValue {
                    node: entry.subject,
                    field: entry.field.clone(),
                    commitment: entry.commitment,
                    subject: entry.subject,
                    fingerprint: Some(prints.of_value(&entry.subject, &entry.field, &value)),
                })
            }),
            None => Some(None),
        };
        let found: Vec<Option<ErasedValue>> = said.par_iter().filter_map(look).collect();
        let all = found.len();
        let mut values: Vec<ErasedValue> = found.into_iter().flatten().collect();
        values.sort_by_key(|value| value.commitment);
        let (count, unread) = (values.len() as u64, (all - values.len()) as u64);
        Ok(InTrail { values, share: TrailShare { values: count, uses: 0, unread } })
    }

    /// Which uses state these values: the first of each, and how many in all.
    fn stated_by(&self, values: &[ErasedValue]) -> Result<Stated> {
        let mut stated = Stated::default();
        let days: HashSet<Hash> = values.iter().map(|value| value.subject).collect();
        let wanted: BTreeSet<Hash> = values.iter().map(|value| value.commitment).collect();
        if wanted.is_empty() {
            return Ok(stated);
        }
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        let mut open = None;
        for revision in uses_of(ledger).filter(|at| days.contains(&day_of(ledger, *at))) {
            let at = ledger.revisions.at(revision);
            if open.as_ref().is_none_or(|(number, _)| *number != at.segment) {
                let bytes = open_segment(self.storage(), at.segment, self.id())?;
                open = bytes.map(|bytes| (at.segment, bytes));
            }
            let Some((_, bytes)) = &open else { continue };
            let Ok(said) = Revision::decode(read_frame(bytes, at)?.payload) else { continue };
            let own = said.sealed.iter().filter(|(_, commitment)| wanted.contains(commitment));
            let node = ledger.nodes.id(ledger.revisions.node(revision));
            let mut is_one = false;
            for (_, commitment) in own {
                is_one = true;
                stated.nodes.entry(*commitment).or_insert(node);
            }
            stated.uses += u64::from(is_one);
        }
        Ok(stated)
    }
}

/// Where values of the trail stand.
#[derive(Default)]
struct Stated {
    nodes: BTreeMap<Hash, Hash>,
    uses: u64,
}

/// Takes the texts of a sealed value; of bytes only such as may be a digest.
fn add_value(words: &mut Words, value: &Value) {
    /// Bytes of the longest digest.
    const DIGEST_MAX: usize = 64;
    match value {
        Value::Text(text) => words.add_text(text),
        Value::Bytes(bytes) if bytes.len() <= DIGEST_MAX => words.add_hash(bytes),
        Value::List(items) => items.iter().for_each(|item| add_value(words, item)),
        Value::Map(map) => map.iter().for_each(|(_, item)| add_value(words, item)),
        _ => {}
    }
}
