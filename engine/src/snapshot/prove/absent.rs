//! Proofs that something was never recorded: the names of the map that a statement asks, the records
//! under them, and of each batch of its scope the bucket in which a value would stand.

use super::in_map::InMap;
use super::{Maker, Snapshot, Unproved, bundle_of};
use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::events::{Container, key_tree, keys_of};
use crate::graph::container_place;
use crate::runs::count;
use crate::store::Store;
use lineal_proof::absence::keys::{estimate, value_hash};
use lineal_proof::absence::{EntryValue, MapOpening, Presence};
use lineal_proof::bundle::absent::{Asked, Told, hash_bytes, told};
use lineal_proof::bundle::{Absent, Bundle, KeysPart, KeysShown, Known, Nothing, Statement};
use lineal_proof::record::{Decision, Record, Revision};
use lineal_proof::tlog::SignedCheckpoint;
use lineal_proof::{Hash, Value};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Batches whose keys are made before it is asked whether to go on.
const BATCHES_TOGETHER: usize = 64;

/// How large a proof of absence will be, and what making it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AbsenceSize {
    /// Bytes of the file, about.
    pub bytes: u64,
    /// Records that it shows, as far as is known.
    pub records: u64,
    /// Batches that are looked at.
    pub batches: u64,
    /// Rows in them, all of which are read.
    pub rows: u64,
    /// Batches, or before these records, that were looked at so far.
    pub done: u64,
}

impl Store {
    /// Makes a proof that something was never recorded. The view is the one as of the checkpoint's last
    /// commit. `go_on` is told how large it will be before many records are read, again before rows are, and
    /// how far it is after.
    ///
    /// # Errors
    /// [`Unproved::Recorded`] where it is recorded, [`Unproved::TooLarge`] where `go_on` says no, and
    /// what else is missing.
    pub fn prove_absent(
        &self,
        view: &Snapshot,
        what: &Nothing,
        checkpoint: &[u8],
        go_on: &(dyn Fn(&AbsenceSize) -> bool + Sync),
    ) -> Result<Bundle, Unproved> {
        let signed = SignedCheckpoint::parse(checkpoint)?;
        let size = signed.checkpoint.size;
        if size != view.commit() {
            return Err(Unproved::OtherView { size, commit: view.commit() });
        }
        let form = |(member, rule): (&str, &str)| Unproved::NotShown {
            reason: format!("the {member} is not what can be stated: {rule}"),
        };
        what.check_form().map_err(form)?;
        let (map, place) = self.map_as_of(Some(size))?;
        crate::absence::stated(&place).map_err(|error| match error {
            Error::NoAbsence { what, reason } => {
                Unproved::NotShown { reason: format!("of {what} nothing is: {reason}") }
            }
            other => Unproved::Store(other),
        })?;
        let mut maker = Maker::new(self, view);
        let runs = map.heads();
        let mut asked = InMap::new(self, view, map, go_on)?;
        let Told { against, claims, batches } = told(what, &mut asked)?;
        // Before anything is looked up: the answer must not depend on whether the value is there.
        if matches!(what, Nothing::Event { .. }) {
            maker.check_restricted(&batches)?;
        }
        if let Some(against) = against {
            return Err(maker.recorded(&against, &mut asked));
        }
        let what = match what.clone() {
            Nothing::Edge { from, relation, node, .. } => {
                Nothing::Edge { from, relation, node, claims }
            }
            other => other,
        };
        let opened = MapOpening { runs, ranges: asked.ranges };
        let map_bytes = lineal_proof::absence::map::size_of(&opened) * 4 / 3;
        let records = asked.records.len() as u64;
        let bytes = map_bytes + asked.bytes;
        let mut size = AbsenceSize { bytes, records, ..AbsenceSize::default() };
        maker.records = asked.records;
        let parts = maker.buckets(&what, &batches, &mut size, go_on)?;
        let absent = Absent { what, map: opened, batches: parts };
        let statement = Statement::Absent(Box::new(absent));
        let log = maker.log(&signed)?;
        // The map's root stands in the last commit.
        bundle_of(&signed, &log, &[view.commit()], Vec::new(), statement)
    }
}

impl Maker<'_> {
    /// What stands against a statement, in words.
    fn recorded(&self, value: &EntryValue, asked: &mut InMap<'_>) -> Unproved {
        let what = match asked.record(value) {
            Ok((id, Known::Revision(revision))) => {
                let node = lineal_proof::bundle::Node { kind: revision.kind, key: revision.key };
                format!("revision {} of {node} says it, or may mean it", id.short())
            }
            // A stub: the ledger knows nodes, not the places of their stubs.
            _ => "records refer to it, though no source describes it".to_owned(),
        };
        Unproved::Recorded { what }
    }

    /// Refuses a scope in which rows are restricted, where the view does not show these.
    fn check_restricted(&self, batches: &BTreeMap<Hash, Revision>) -> Result<(), Unproved> {
        if self.view.shows_restricted() {
            return Ok(());
        }
        let state = self.store.read_state();
        let ledger = state.ledger.load()?;
        let restricted = ledger.restricted_rows();
        let ordinal = |batch: &Hash| ledger.revision(batch).and_then(|at| ledger.batch_of(at));
        let hidden = batches.keys().filter_map(|batch| restricted.get(&ordinal(batch)?));
        match hidden.map(|runs| count(runs)).sum() {
            0 => Ok(()),
            rows => Err(Unproved::Restricted { rows }),
        }
    }

    /// Of each batch the bucket in which a value would stand.
    fn buckets(
        &mut self,
        what: &Nothing,
        batches: &BTreeMap<Hash, Revision>,
        size: &mut AbsenceSize,
        go_on: &(dyn Fn(&AbsenceSize) -> bool + Sync),
    ) -> Result<Vec<KeysPart>, Unproved> {
        let rows = |revision: &Revision| {
            let rows = revision.fields.get("rows").and_then(Value::as_i64);
            rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0)
        };
        size.batches = batches.len() as u64;
        size.rows = batches.values().map(rows).sum();
        size.bytes +=
            batches.values().map(|batch| estimate(rows(batch), 1) * 4 / 3 + 250).sum::<u64>();
        let large = |size: &AbsenceSize| Unproved::TooLarge {
            bytes: size.bytes,
            records: size.records,
            batches: size.batches,
            rows: size.rows,
        };
        if !go_on(size) {
            return Err(large(size));
        }
        let Nothing::Event { named, .. } = what else { return Ok(Vec::new()) };
        let field = EventField::parse(&named.field).ok_or(Unproved::NotShown {
            reason: format!("events have no field {}", named.field),
        })?;
        let value = match hash_bytes(named) {
            Some(bytes) => Value::Bytes(bytes),
            None => Value::text(&named.value),
        };
        let containers = self.containers(batches)?;
        let all: Vec<(&Hash, &Revision)> = batches.iter().collect();
        let mut parts = Vec::with_capacity(all.len());
        for some in all.chunks(BATCHES_TOGETHER) {
            let made: Vec<KeysPart> = some
                .par_iter()
                .map(|(batch, revision)| {
                    let shown = self.bucket(batch, revision, field, &value, &containers)?;
                    Ok(KeysPart { batch: **batch, shown })
                })
                .collect::<Result<_, Unproved>>()?;
            self.records.extend(made.iter().filter_map(|part| part.shown.erased().copied()));
            parts.extend(made);
            size.done = parts.len() as u64;
            if !go_on(size) {
                return Err(Unproved::Stopped);
            }
        }
        Ok(parts)
    }

    /// The containers in which batches lie that the view does not hold: of retracted imports.
    fn containers(
        &self,
        batches: &BTreeMap<Hash, Revision>,
    ) -> Result<HashMap<u32, Arc<Container>>> {
        let mut containers = HashMap::new();
        let state = self.store.read_state();
        let ledger = &state.ledger;
        for batch in batches.keys() {
            let Some(ordinal) = ledger.revision(batch).and_then(|at| ledger.batch_of(at)) else {
                continue;
            };
            let entry = ledger.batches.get(ordinal as usize);
            let Some((manifest, _)) = entry.and_then(|entry| entry.place) else { continue };
            let is_held = self.view.graph().batch_place(ordinal).is_some();
            if !is_held && !containers.contains_key(&manifest) {
                let place = container_place(ledger, manifest);
                let container = Container::open_checked(self.store.storage(), &place)?;
                containers.insert(manifest, Arc::new(container));
            }
        }
        Ok(containers)
    }

    /// The bucket in which a value would stand, or the erasure that took it.
    fn bucket(
        &self,
        batch: &Hash,
        revision: &Revision,
        field: EventField,
        value: &Value,
        containers: &HashMap<u32, Arc<Container>>,
    ) -> Result<KeysShown, Unproved> {
        let cannot = |reason: &str| Unproved::NotShown {
            reason: format!("of batch revision {} {reason}", batch.short()),
        };
        let (erasures, kept, ordinal, node) = {
            let state = self.store.read_state();
            let ledger = &state.ledger;
            let destroying =
                ledger.erasures.iter().filter(|(_, one)| one.decision == Decision::Erased);
            let about = destroying.filter(|(_, one)| {
                one.batches.iter().any(|rows| rows.batch.0 == *batch)
                    || one.keys.iter().any(|keys| keys.batch.0 == *batch)
            });
            let erasures: Vec<_> = about.cloned().collect();
            let number = ledger.revision(batch);
            let ordinal = number.and_then(|number| ledger.batch_of(number));
            let node = number.map(|number| ledger.nodes.id(ledger.revisions.node(number)));
            (erasures, ledger.kept_keys(batch), ordinal, node)
        };
        let since = |commit: u64| Unproved::ErasedSince { commit };
        let gone = erasures.iter().find(|(_, one)| {
            one.batches.iter().any(|rows| rows.batch.0 == *batch && rows.leaves.is_none())
        });
        if let Some((commit, erasure)) = gone {
            if *commit > self.view.commit() {
                return Err(since(*commit));
            }
            return Ok(KeysShown::Gone { record: Hash::of(&erasure.encode()) });
        }
        let Some((root, indexed)) = keys_of(&revision.fields) else {
            return Err(cannot(
                "nothing can be shown to be absent: it has no keys_root, because its program made none, or had no index key",
            ));
        };
        if !indexed.holds(field) {
            let name = field.spec().name;
            return Err(cannot(&format!(
                "nothing can be shown of {name}: the field was not indexed when it was recorded"
            )));
        }
        let root = Hash::from_slice(root).ok_or_else(|| cannot("the keys_root is no hash"))?;
        let (Some(ordinal), Some(node)) = (ordinal, node) else {
            return Err(cannot("no rows are known"));
        };
        let block = self.rows_of(ordinal, &indexed.fields(), containers)?;
        let secret = self.store.batch_keys_secret(&node);
        let purpose = "showing what is in a batch";
        let secret = secret.ok_or(Error::NoKey { name: "index.key", purpose })?;
        let tree = key_tree(indexed, &block, &(0..block.rows()), &secret, &kept);
        let tree = tree.ok_or_else(|| cannot("the keys_root covers no field"))?;
        let name = field.spec().name;
        let hash = value_hash(name, value);
        if let Some(opening) = tree.open(&hash) {
            let presence = opening.check(&root, name, value);
            let presence = presence.map_err(|reason| cannot(&reason.to_string()))?;
            if presence == Presence::Present {
                let batch = batch.short();
                let what = format!(
                    "an event of batch revision {batch} has it, or had it before it was erased"
                );
                return Err(Unproved::Recorded { what });
            }
            return Ok(KeysShown::Opened(opening));
        }
        let (bits, fields, path) = tree.path(&hash);
        let bucket = lineal_proof::absence::keys::bucket_of(&hash, bits);
        let record = erasures.iter().find(|(_, one)| {
            let own = one.keys.iter().filter(|keys| keys.batch.0 == *batch);
            own.flat_map(|keys| &keys.buckets).any(|(number, _)| *number == bucket)
        });
        match record {
            Some((commit, _)) if *commit > self.view.commit() => Err(since(*commit)),
            Some((_, erasure)) => {
                let record = Hash::of(&erasure.encode());
                Ok(KeysShown::Bucket { bits, fields, path, record })
            }
            None => Err(cannot("a bucket is gone that no erasure names")),
        }
    }

    /// The rows of a batch, of some fields.
    fn rows_of(
        &self,
        ordinal: u32,
        fields: &[EventField],
        containers: &HashMap<u32, Arc<Container>>,
    ) -> Result<crate::events::EventBlock, Unproved> {
        if let Some(place) = self.view.graph().batch_place(ordinal) {
            let (container, first) = self.view.place(place.place)?;
            return Ok(container.read(first..first + place.rows as usize, fields)?);
        }
        let (place, rows) = {
            let state = self.store.read_state();
            let entry = state.ledger.batches.get(ordinal as usize);
            entry.map_or((None, 0), |entry| (entry.place, entry.rows as usize))
        };
        let held = place.and_then(|(manifest, first)| Some((containers.get(&manifest)?, first)));
        let Some((container, first)) = held else {
            let reason = "no manifest says where the rows of a batch are".to_owned();
            return Err(Unproved::NotShown { reason });
        };
        Ok(container.read(first as usize..first as usize + rows, fields)?)
    }
}
