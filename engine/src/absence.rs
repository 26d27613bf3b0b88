//! Making proofs that something was never recorded: from the map of a commit, and from the keys of a
//! batch (docs/format.md, section 22). How they are checked, without a store: `lineal_proof::absence`.
//!
//! Each proof is checked here before it is given away: what does not fit the root in the log is an
//! error of this store, and no proof.

use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::events::{Container, EventBlock, IndexedFields, indexed_hashes, key_tree, keys_of};
use crate::graph::container_place;
use crate::ledger::Ledger;
use crate::record_map::{Place, RecordMap, follow};
use crate::schema::FieldType;
use crate::segment::{read_frame, segment_path};
use crate::store::{State, Store};
use lineal_proof::absence::keys::{self, value_hash};
use lineal_proof::absence::map::size_of;
use lineal_proof::absence::run::{estimate_run, leaves_of, prove_run};
use lineal_proof::absence::{
    EntryValue, KeyTree, KeysOpening, MapName, MapOpening, Presence, RunRange, check_map,
};
use lineal_proof::record::{ErasedKeys, Revision};
use lineal_proof::{Cid, Hash, Value};
use std::collections::BTreeSet;

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

/// The keys of a batch, made again.
struct BatchKeys {
    keys_root: Hash,
    indexed: IndexedFields,
    block: EventBlock,
    tree: KeyTree,
}

/// Keeps of a batch's keys what stays when rows of it are erased.
pub(crate) struct Redaction {
    batch: Cid,
    keys: BatchKeys,
    /// Buckets whose leaves are kept already.
    known: BTreeSet<u32>,
}

impl Redaction {
    /// The leaves of the buckets in which values of these rows stand, and which are not kept yet; none
    /// if there are none.
    pub(crate) fn of_rows(&mut self, rows: &[u32]) -> Option<ErasedKeys> {
        let BatchKeys { indexed, block, tree, .. } = &self.keys;
        let hashes = indexed_hashes(*indexed, block, &rows.iter().map(|row| *row as usize));
        let mut buckets = tree.redact(&hashes);
        buckets.retain(|(bucket, _)| self.known.insert(*bucket));
        (!buckets.is_empty()).then_some(ErasedKeys { batch: self.batch, buckets })
    }
}

fn cannot(revision: &Hash, reason: &str) -> Error {
    Error::NoAbsence { what: format!("batch {}", revision.short()), reason: reason.to_owned() }
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
    /// of its rows are read, restricted ones too. So this is for whoever may see these;
    /// [`Store::prove_absent`] asks for others.
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
        let BatchKeys { keys_root, indexed, tree, .. } = self.batch_keys(revision)?;
        let cannot = |reason: &str| cannot(revision, reason);
        if !indexed.holds(field) {
            return Err(cannot("its keys_root does not cover the field: it was not indexed then"));
        }
        let asked = asked(field, value);
        let name = field.spec().name;
        let redacted = "an erased event had a value in the same bucket, of which no more is known";
        let opening = tree.open(&value_hash(name, &asked)).ok_or_else(|| cannot(redacted))?;
        let presence = opening.check(&keys_root, name, &asked);
        let presence = presence.map_err(|reason| cannot(&reason.to_string()))?;
        Ok(KeysProof { keys_root, opening, presence })
    }

    /// What an erasure of rows of a batch needs to keep of its keys; none where nothing could be
    /// proved from them before.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key, or what is wrong with the rows.
    pub(crate) fn redaction(&self, revision: &Hash) -> Result<Option<Redaction>> {
        let keys = match self.batch_keys(revision) {
            Err(Error::NoAbsence { .. }) => return Ok(None),
            other => other?,
        };
        let known = keys.tree.redact(&[]).into_iter().map(|(bucket, _)| bucket).collect();
        let is_sound = keys.tree.root() == keys.keys_root;
        Ok(is_sound.then(|| Redaction { batch: Cid(*revision), keys, known }))
    }

    /// Was the keys_root of a batch made under the index key that is here? None where the batch cannot tell.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn is_under_own_key(&self, state: &State, revision: &Hash) -> Result<Option<bool>> {
        match self.batch_keys_in(state, revision) {
            Ok(keys) => Ok(Some(keys.tree.root() == keys.keys_root)),
            Err(error @ Error::Io { .. }) => Err(error),
            // Damage is told by who looks for it.
            Err(_) => Ok(None),
        }
    }

    /// The tree of a batch's keys, over the rows that are left.
    fn batch_keys(&self, revision: &Hash) -> Result<BatchKeys> {
        self.batch_keys_in(&self.read_state(), revision)
    }

    fn batch_keys_in(&self, state: &State, revision: &Hash) -> Result<BatchKeys> {
        let cannot = |reason: &str| cannot(revision, reason);
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
        let Some(keys_root) = Hash::from_slice(root) else {
            return Err(cannot("its keys_root has other than 32 bytes"));
        };
        let secret = self.batch_keys_secret(&ledger.nodes.id(ledger.revisions.node(number)));
        let purpose = "showing what is in a batch";
        let secret = secret.ok_or(Error::NoKey { name: "index.key", purpose })?;
        let Some((manifest, first)) = batch.place else {
            return Err(cannot("no manifest says where its rows are"));
        };
        let place = container_place(ledger, manifest);
        let container = Container::open_checked(self.storage(), &place)?;
        let from = first as usize;
        let block = container.read(from..from + batch.rows as usize, &indexed.fields())?;
        let kept = ledger.kept_keys(revision);
        let tree = key_tree(indexed, &block, &(0..batch.rows as usize), &secret, &kept);
        let tree = tree.ok_or_else(|| cannot("its keys_root covers no field"))?;
        Ok(BatchKeys { keys_root, indexed, block, tree })
    }

    /// How many bytes [`Store::prove_in_batch`] would give, about: of a batch of so many rows.
    #[must_use]
    pub fn estimate_in_batch(rows: u64) -> u64 {
        keys::estimate(rows, 1)
    }

    pub(crate) fn map_as_of(&self, as_of: Option<u64>) -> Result<(RecordMap, Place)> {
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
pub(crate) fn stated(place: &Place) -> Result<Hash> {
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
