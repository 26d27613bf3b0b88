//! What was erased, on whose decision, and what stays of it (docs/format.md, section 23).

use super::{Parts, Record, bytes, optional_text};
use crate::cid::Cid;
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::value::{Map, Value};

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// What is named was destroyed.
    Erased,
    /// Nothing was destroyed, for the reason that `basis` gives.
    Refused,
    /// Nothing was destroyed; what is named is shown to those alone who may see what is restricted.
    Restricted,
    /// What is named is restricted no more.
    Lifted,
}

impl Decision {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Decision::Erased => "erased",
            Decision::Refused => "refused",
            Decision::Restricted => "restricted",
            Decision::Lifted => "lifted",
        }
    }

    /// The decision of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Decision> {
        let all = [Decision::Erased, Decision::Refused, Decision::Restricted, Decision::Lifted];
        all.into_iter().find(|each| each.name() == word)
    }
}

/// Rows of one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErasedRows {
    /// The batch's revision.
    pub batch: Cid,
    /// Runs of rows, each a first row and a count, ascending and apart from each other.
    pub runs: Vec<(u32, u32)>,
    /// The leaf of each row; none where nothing is left of the batch, whose root then stands alone.
    pub leaves: Option<Vec<Hash>>,
}

impl ErasedRows {
    /// How many rows.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.runs.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Each row, with its leaf where it was kept.
    pub fn each(&self) -> impl Iterator<Item = (u32, Option<Hash>)> + '_ {
        let rows = self.runs.iter().flat_map(|(first, count)| *first..first.saturating_add(*count));
        let leaf = |at: usize| self.leaves.as_ref().and_then(|leaves| leaves.get(at)).copied();
        rows.enumerate().map(move |(at, row)| (row, leaf(at)))
    }
}

/// A sealed value whose key and ciphertext are gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErasedValue {
    /// The node of which it was said; of a record that is no revision, the subject.
    pub node: Hash,
    /// The field.
    pub field: String,
    /// What stands in the record.
    pub commitment: Hash,
    /// Whose key was destroyed.
    pub subject: Hash,
    /// By which the value is known when it comes again; none where it could not be opened any more.
    pub fingerprint: Option<Hash>,
}

/// A file that must no longer exist, here or in any copy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ErasedFile {
    /// The container.
    pub container: Hash,
    /// Its generation.
    pub generation: u32,
    /// SHA-256 of the file.
    pub sha256: Hash,
}

/// What stays of a batch's keys (its `keys_root`), so that proofs about other values can be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErasedKeys {
    /// The batch's revision.
    pub batch: Cid,
    /// Each bucket that held a value of an erased row, with its leaf. Ascending.
    pub buckets: Vec<(u32, Hash)>,
}

/// An erasure, or the refusal of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erasure {
    /// What was decided.
    pub decision: Decision,
    /// The legal ground, in words.
    pub basis: String,
    /// The reference of the request, without the identity of who made it.
    pub reference: String,
    /// The actor key of who decided.
    pub decided_by: Option<String>,
    /// The actor key of who did it.
    pub executed_by: Option<String>,
    /// Rows, in the order of the batches' links.
    pub batches: Vec<ErasedRows>,
    /// Rows whose salts went with those of others, though they stay: their leaves stand here.
    pub unsalted: Vec<ErasedRows>,
    /// Buckets of keys, of batches that have a `keys_root` and of which something is left.
    pub keys: Vec<ErasedKeys>,
    /// By which the events are known when they come again, ascending.
    pub fingerprints: Vec<[u8; 16]>,
    /// Sealed values.
    pub sealed: Vec<ErasedValue>,
    /// Files that held any of it.
    pub files: Vec<ErasedFile>,
}

/// Bytes of a fingerprint.
const FINGERPRINT: usize = 16;

fn rows_value(rows: &ErasedRows) -> Value {
    let number = |number: u32| Value::from(i64::from(number));
    let runs =
        rows.runs.iter().map(|(first, count)| Value::List(vec![number(*first), number(*count)]));
    let leaves = rows.leaves.as_ref().map_or(Value::Null, |leaves| {
        Value::Bytes(leaves.iter().flat_map(|leaf| leaf.0).collect())
    });
    Value::List(vec![Value::Link(rows.batch), Value::List(runs.collect()), leaves])
}

fn small(value: &Value) -> Option<u32> {
    value.as_i64().and_then(|number| u32::try_from(number).ok())
}

fn hash(value: &Value) -> Option<Hash> {
    value.as_bytes().and_then(Hash::from_slice)
}

fn optional_hash(value: &Value) -> Option<Option<Hash>> {
    if *value == Value::Null { Some(None) } else { hash(value).map(Some) }
}

fn read_rows(value: &Value) -> Option<ErasedRows> {
    let [batch, runs, leaves] = value.as_list()? else { return None };
    let runs = runs.as_list()?.iter().map(|run| match run.as_list()? {
        [first, count] => Some((small(first)?, small(count)?)),
        _ => None,
    });
    let runs: Vec<(u32, u32)> = runs.collect::<Option<_>>()?;
    let end = |(first, count): &(u32, u32)| first.checked_add(*count).filter(|_| *count > 0);
    let ends: Vec<u32> = runs.iter().map(end).collect::<Option<_>>()?;
    let apart = ends.iter().zip(runs.iter().skip(1)).all(|(end, (next, _))| end < next);
    (apart && !runs.is_empty()).then_some(())?;
    let leaves = match leaves {
        Value::Null => None,
        value => {
            let (leaves, rest) = value.as_bytes()?.as_chunks::<32>();
            rest.is_empty().then_some(())?;
            Some(leaves.iter().map(|leaf| Hash(*leaf)).collect::<Vec<_>>())
        }
    };
    let rows = ErasedRows { batch: batch.as_link()?, runs, leaves };
    let fits = rows.leaves.as_ref().is_none_or(|leaves| leaves.len() as u64 == rows.count());
    fits.then_some(rows)
}

fn read_keys(value: &Value) -> Option<ErasedKeys> {
    let [batch, buckets] = value.as_list()? else { return None };
    let buckets = buckets.as_list()?.iter().map(|bucket| match bucket.as_list()? {
        [number, leaf] => Some((small(number)?, hash(leaf)?)),
        _ => None,
    });
    let buckets: Vec<_> = buckets.collect::<Option<_>>()?;
    let fits = !buckets.is_empty() && buckets.is_sorted_by(|a, b| a.0 < b.0);
    fits.then_some(ErasedKeys { batch: batch.as_link()?, buckets })
}

fn read_value(value: &Value) -> Option<ErasedValue> {
    let [node, field, commitment, subject, fingerprint] = value.as_list()? else { return None };
    Some(ErasedValue {
        node: hash(node)?,
        field: field.as_text()?.to_owned(),
        commitment: hash(commitment)?,
        subject: hash(subject)?,
        fingerprint: optional_hash(fingerprint)?,
    })
}

fn read_file(value: &Value) -> Option<ErasedFile> {
    let [container, generation, sha256] = value.as_list()? else { return None };
    let (container, sha256) = (hash(container)?, hash(sha256)?);
    Some(ErasedFile { container, generation: small(generation)?, sha256 })
}

impl Record for Erasure {
    const TYPE: RecordType = RecordType::Erasure;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("decision", self.decision.name());
        map.insert("basis", self.basis.as_str());
        map.insert("reference", self.reference.as_str());
        map.insert("decided_by", optional_text(self.decided_by.as_ref()));
        map.insert("executed_by", optional_text(self.executed_by.as_ref()));
        map.insert("batches", Value::List(self.batches.iter().map(rows_value).collect()));
        map.insert("unsalted", Value::List(self.unsalted.iter().map(rows_value).collect()));
        let keys = self.keys.iter().map(|keys| {
            let buckets = keys.buckets.iter().map(|(bucket, leaf)| {
                Value::List(vec![Value::from(i64::from(*bucket)), bytes(leaf)])
            });
            Value::List(vec![Value::Link(keys.batch), Value::List(buckets.collect())])
        });
        map.insert("keys", Value::List(keys.collect()));
        let fingerprints = self.fingerprints.iter().flatten().copied().collect();
        map.insert("fingerprints", Value::Bytes(fingerprints));
        let sealed = self.sealed.iter().map(|value| {
            Value::List(vec![
                bytes(&value.node),
                Value::text(&value.field),
                bytes(&value.commitment),
                bytes(&value.subject),
                value.fingerprint.as_ref().map_or(Value::Null, bytes),
            ])
        });
        map.insert("sealed", Value::List(sealed.collect()));
        let files = self.files.iter().map(|file| {
            let generation = Value::from(i64::from(file.generation));
            Value::List(vec![bytes(&file.container), generation, bytes(&file.sha256)])
        });
        map.insert("files", Value::List(files.collect()));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Erasure> {
        let decision = parts.text("decision")?;
        let decision = parts.want(Decision::parse(&decision))?;
        let (basis, reference) = (parts.text("basis")?, parts.text("reference")?);
        let decided_by = parts.optional_text("decided_by")?;
        let executed_by = parts.optional_text("executed_by")?;
        let [batches, unsalted, sealed, files] = [
            parts.list("batches")?,
            parts.list("unsalted")?,
            parts.list("sealed")?,
            parts.list("files")?,
        ];
        let rows = |listed: &[Value]| listed.iter().map(read_rows).collect::<Option<Vec<_>>>();
        let (batches, unsalted) = (parts.want(rows(&batches))?, parts.want(rows(&unsalted))?);
        let sealed = parts.want(sealed.iter().map(read_value).collect())?;
        let files = parts.want(files.iter().map(read_file).collect())?;
        let keys = parts.list("keys")?;
        let keys = parts.want(keys.iter().map(read_keys).collect())?;
        let fingerprints = parts.take("fingerprints")?;
        let fingerprints = parts.want(fingerprints.as_bytes())?;
        let (fingerprints, rest) = fingerprints.as_chunks::<FINGERPRINT>();
        if !rest.is_empty() || !fingerprints.is_sorted_by(|a, b| a < b) {
            return parts.fail("fingerprints are of 16 bytes, ascending, no two alike");
        }
        let fingerprints = fingerprints.to_vec();
        Ok(Erasure {
            decision,
            basis,
            reference,
            decided_by,
            executed_by,
            batches,
            unsalted,
            keys,
            fingerprints,
            sealed,
            files,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure() -> Erasure {
        let batch = Cid(Hash::of(b"batch"));
        Erasure {
            decision: Decision::Erased,
            basis: "b".into(),
            reference: "r".into(),
            decided_by: Some("abcdefghijklmnop".into()),
            executed_by: None,
            batches: vec![
                ErasedRows { batch, runs: vec![(0, 9)], leaves: None },
                ErasedRows {
                    batch,
                    runs: vec![(1, 1), (3, 1)],
                    leaves: Some(vec![Hash::of(b"1"), Hash::of(b"3")]),
                },
            ],
            unsalted: Vec::new(),
            keys: vec![ErasedKeys {
                batch,
                buckets: vec![(0, Hash::of(b"0")), (7, Hash::of(b"7"))],
            }],
            fingerprints: vec![[1; 16], [2; 16]],
            sealed: Vec::new(),
            files: vec![ErasedFile { container: batch.0, generation: 2, sha256: batch.0 }],
        }
    }

    #[test]
    fn it_reads_back_and_says_the_leaf_of_each_row() {
        let erasure = erasure();
        assert_eq!(Erasure::decode(&erasure.encode()).unwrap(), erasure);
        let each: Vec<_> = erasure.batches[1].each().collect();
        assert_eq!(each, [(1, Some(Hash::of(b"1"))), (3, Some(Hash::of(b"3")))]);
        assert_eq!(erasure.batches[0].each().count(), 9);
    }

    #[test]
    fn what_is_no_erasure_is_refused() {
        type Change = fn(&mut Erasure);
        let changes: [Change; 7] = [
            |e| e.batches[1].runs = vec![(3, 1), (1, 1)],
            |e| e.batches[1].runs = vec![(1, 1), (2, 1)],
            |e| e.batches[1].runs = vec![(1, 2), (9, 0)],
            |e| e.batches[1].runs = vec![(u32::MAX, 2)],
            |e| e.batches[1].leaves = Some(vec![Hash::of(b"1")]),
            |e| e.fingerprints = vec![[2; 16], [1; 16]],
            |e| e.keys[0].buckets.reverse(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut bad = erasure();
            change(&mut bad);
            assert!(Erasure::decode(&bad.encode()).is_err(), "change {at}");
        }
    }
}
