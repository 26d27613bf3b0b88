//! Making proofs that something was never recorded: from the map of a commit, and from the keys of a
//! batch (docs/format.md, section 25). How they are checked, without a store: `lineal_proof::absence`.
//!
//! Each proof is checked here before it is given away: what does not fit the root in the log is an
//! error of this store, and no proof.

use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::events::{Container, key_tree, keys_of};
use crate::graph::container_place;
use crate::ledger::Ledger;
use crate::record_map::{Place, RecordMap, follow};
use crate::schema::FieldType;
use crate::segment::{read_frame, segment_path};
use crate::store::Store;
use lineal_proof::absence::keys::{self, value_hash};
use lineal_proof::absence::map::size_of;
use lineal_proof::absence::run::{estimate_run, leaves_of, prove_run};
use lineal_proof::absence::{
    EntryValue, KeysOpening, MapName, MapOpening, Presence, RunRange, check_map,
};
use lineal_proof::record::Revision;
use lineal_proof::{Hash, Value};

/// What the map of a commit holds under some names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapProof {
    /// The commit's number.
    pub commit: u64,
    /// Its id.
    pub commit_id: Hash,
    /// The root that it states.
    pub map_root: Hash,
    /// Shows what stands under each name.
    pub opening: MapOpening,
    /// What stands under each: the first 16 bytes of ids of records. Nothing: never recorded as of
    /// the commit.
    pub found: Vec<Vec<EntryValue>>,
    /// Bytes of the opening, without what a file adds.
    pub size: u64,
}

/// Whether a value is in a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeysProof {
    /// The root that the batch's revision states.
    pub keys_root: Hash,
    /// Shows it.
    pub opening: KeysOpening,
    /// What it shows.
    pub presence: Presence,
}

impl Store {
    /// Shows all that stands under some names as of a commit, the last one if none is given. An
    /// earlier commit's map is made anew from the segments, in memory.
    ///
    /// # Errors
    /// [`Error::NoCommit`], [`Error::NoAbsence`] for a commit of a program that made no map, or what is
    /// wrong with the log.
    pub fn prove_in_map(&self, names: &[MapName], as_of: Option<u64>) -> Result<MapProof> {
        let (map, place) = self.map_as_of(as_of)?;
        let map_root = stated(&place)?;
        let mut ranges: Vec<Vec<RunRange>> = names.iter().map(|_| Vec::new()).collect();
        for run in &map.runs {
            let entries = run.entries()?;
            let leaves = leaves_of(entries);
            for (name, ranges) in names.iter().zip(&mut ranges) {
                ranges.push(prove_run(entries, &leaves, name));
            }
        }
        let opening = MapOpening { runs: map.heads(), ranges };
        let refused = |reason: lineal_proof::absence::Refused| Error::NoAbsence {
            what: format!("commit {}", place.commit),
            reason: reason.to_string(),
        };
        let found = check_map(&map_root, names, &opening).map_err(refused)?;
        let size = size_of(&opening);
        let (commit, commit_id) = (place.commit, place.commit_id);
        Ok(MapProof { commit, commit_id, map_root, opening, found, size })
    }

    /// How many bytes [`Store::prove_in_map`] would give, about.
    ///
    /// # Errors
    /// As [`Store::prove_in_map`].
    pub fn estimate_in_map(&self, names: &[MapName], as_of: Option<u64>) -> Result<u64> {
        let (map, place) = self.map_as_of(as_of)?;
        stated(&place)?;
        let mut size = 0;
        for run in &map.runs {
            let entries = run.entries()?;
            size += 40 + names.iter().map(|name| estimate_run(entries, name)).sum::<u64>();
        }
        Ok(size)
    }

    /// Shows whether a value of an event field is in the rows of a batch, as they were recorded: all
    /// of its rows are read.
    ///
    /// # Errors
    /// [`Error::NoAbsence`] where the batch cannot tell, [`Error::NoKey`] without the index key, or
    /// what is wrong with the rows.
    pub fn prove_in_batch(
        &self,
        revision: &Hash,
        field: EventField,
        value: &[u8],
    ) -> Result<KeysProof> {
        let named = format!("batch {}", revision.short());
        let cannot =
            |reason: &str| Error::NoAbsence { what: named.clone(), reason: reason.to_owned() };
        let state = self.read_state();
        let ledger: &Ledger = state.ledger.load()?;
        let number = ledger.revision(revision);
        let batch = number.and_then(|number| ledger.batch_of(number));
        let batch = batch.and_then(|ordinal| ledger.batches.get(ordinal as usize));
        let (Some(number), Some(batch)) = (number, batch) else {
            return Err(cannot("no revision of a batch has this id"));
        };
        let at = ledger.revisions.at(number);
        let path = segment_path(at.segment);
        let missing = || Error::corrupt(&path, 0, "the segment is there");
        let bytes = self.storage().read(&path)?.ok_or_else(missing)?;
        let frame = read_frame(&bytes, at)?;
        let record = Revision::decode_some(frame.payload, |name, _| name.starts_with("keys_"));
        let fields = record.map_err(|e| Error::record(&path, at.offset, e))?.fields;
        let Some((root, indexed)) = keys_of(&fields) else {
            return Err(cannot("it has no keys_root: its program made none, or had no index key"));
        };
        if !indexed.holds(field) {
            return Err(cannot("its keys_root does not cover the field: it was not indexed then"));
        }
        let Some(keys_root) = Hash::from_slice(root) else {
            return Err(cannot("its keys_root has other than 32 bytes"));
        };
        let secret = self.batch_keys_secret(&ledger.nodes.id(ledger.revisions.node(number)));
        let purpose = "showing what is in a batch";
        let secret = secret.ok_or(Error::NoKey { name: "index.key", purpose })?;
        // What would stand in the buckets of erased values is known no more.
        if !batch.erased.is_empty() {
            return Err(cannot(
                "events of it were erased, and what is left does not give its root",
            ));
        }
        let Some((manifest, first)) = batch.place else {
            return Err(cannot("no manifest says where its rows are"));
        };
        let place = container_place(ledger, manifest);
        let container = Container::open_checked(self.storage(), &place)?;
        let from = first as usize;
        let block = container.read(from..from + batch.rows as usize, &indexed.fields())?;
        let tree = key_tree(indexed, &block, &(0..batch.rows as usize), &secret);
        let asked = asked(field, value);
        let (name, words) = (field.spec().name, "the bucket of the value was redacted");
        let opening = tree.and_then(|tree| tree.open(&value_hash(name, &asked)));
        let opening = opening.ok_or_else(|| cannot(words))?;
        let presence = opening.check(&keys_root, name, &asked);
        let presence = presence.map_err(|reason| cannot(&reason.to_string()))?;
        Ok(KeysProof { keys_root, opening, presence })
    }

    /// How many bytes [`Store::prove_in_batch`] would give, about: of a batch of so many rows.
    #[must_use]
    pub fn estimate_in_batch(rows: u64) -> u64 {
        keys::estimate(rows, 1)
    }

    fn map_as_of(&self, as_of: Option<u64>) -> Result<(RecordMap, Place)> {
        let head = self.read_state().head;
        let number = as_of.unwrap_or(head.commit);
        if number > head.commit {
            return Err(Error::NoCommit { number, newest: head.commit });
        }
        let storage = self.storage();
        if number == head.commit {
            return self.map_keeper().as_of(storage, &head, false);
        }
        let start = (RecordMap::default(), Place::START);
        follow(storage, &head.store, start, (number, head.segment), None)
    }
}

/// The root that a commit states.
fn stated(place: &Place) -> Result<Hash> {
    place.root.ok_or_else(|| Error::NoAbsence {
        what: format!("commit {}", place.commit),
        reason:
            "it has no map_root: an older program wrote it; every commit of this program has one"
                .to_owned(),
    })
}

/// A value as it stands in a row.
fn asked(field: EventField, value: &[u8]) -> Value {
    match field.spec().field_type {
        FieldType::Text => Value::Text(String::from_utf8_lossy(value).into_owned()),
        _ => Value::Bytes(value.to_vec()),
    }
}
