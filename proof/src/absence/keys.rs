//! The tree of keyed digests of a batch's indexed values: is a value in none of its rows?
//!
//! Who asks must be able to compute where a value would stand, and must not learn more of the other
//! values than their number. So places are public and contents are keyed: the hash of a value leads
//! to one of 2^bits buckets, each a leaf of a tree that has all of them, and a bucket's digests are
//! made under a salt of its own. A proof opens one bucket, by its salt. Whoever has it can compute the
//! digest of the value that was asked, and of guesses that fall into the same bucket: one guess of
//! 2^bits, so at least 255 of 256 say nothing. Other buckets stay closed, their salts follow from none
//! (docs/format.md, section 22).

use super::Refused;
use super::tree::{range_path, range_root, root_of};
use crate::cbor;
use crate::hash::Hash;
use crate::lanes::{self, Message};
use crate::value::Value;

/// Context of the key under which the id of a batch's node gives the secret of its buckets.
pub const CONTEXT_BATCH_KEYS: &str = "lineal v1 batch keys";
/// What `keys_root` begins with.
const WORD: &str = "batch keys";
/// Bits that lead to a bucket, at least: a proof lets so few guesses be tested however small the
/// batch is, and a tree of 256 buckets costs some 20 us.
pub const BITS_MIN: u32 = 8;
/// At most: 2^18 buckets are four values each of a batch of a million rows; more is for batches
/// with several indexed fields.
pub const BITS_MAX: u32 = 24;
/// Values of a bucket on the mean, at most, while there are more buckets to be had: with four a proof
/// discloses 64 bytes of digests, and the tree costs an event less than its own leaf.
const VALUES_PER_BUCKET: u64 = 4;
/// Bytes of a digest. 128 bits: chance makes no two alike within a bucket.
pub const DIGEST: usize = 16;
/// Digests of a bucket that a verifier reads: more are in none, whatever the batch.
const DIGESTS_MAX: usize = 1 << 16;
/// Buckets that are hashed together.
const TOGETHER: usize = 1_024;

/// A value's digest under the salt of its bucket.
pub type Digest = [u8; DIGEST];

/// The hash of a value, which leads to its bucket: `value` is text or bytes, as it stands in a row.
#[must_use]
pub fn value_hash(field: &str, value: &Value) -> Hash {
    let mut bytes = Vec::with_capacity(64);
    cbor::write_list_head(&mut bytes, 2);
    cbor::write_text(&mut bytes, field);
    cbor::write_value(&mut bytes, value);
    Hash::of(&bytes)
}

/// As [`value_hash`] of each value of a field, side by side: of texts, or of bytes.
#[must_use]
pub fn value_hashes<'v>(
    field: &str,
    are_texts: bool,
    values: impl Iterator<Item = &'v [u8]>,
) -> Vec<Hash> {
    let (mut bytes, mut ends) = (Vec::new(), vec![0]);
    for value in values {
        cbor::write_list_head(&mut bytes, 2);
        cbor::write_text(&mut bytes, field);
        if are_texts {
            cbor::write_text_head(&mut bytes, value.len());
            bytes.extend_from_slice(value);
        } else {
            cbor::write_bytes(&mut bytes, value);
        }
        ends.push(bytes.len());
    }
    lanes::unkeyed(ends.windows(2).map(|ends| &bytes[ends[0]..ends[1]]))
}

/// The secret of a batch's buckets, from the store's index key and the batch's node id. Not from its
/// seed: that is destroyed when one of its events is erased, and the others must stay provable.
#[must_use]
pub fn secret_of(index_key: &[u8; 32], batch: &Hash) -> [u8; 32] {
    Hash::keyed(&Hash::derive(CONTEXT_BATCH_KEYS, index_key), &batch.0).0
}

/// The bucket of a value's hash among 2^bits.
#[must_use]
pub fn bucket_of(hash: &Hash, bits: u32) -> u32 {
    let [a, b, c, d, ..] = hash.0;
    u32::from_le_bytes([a, b, c, d]) >> (u32::BITS - bits.clamp(1, u32::BITS))
}

/// What is hashed under a bucket's salt: never as long as a leaf, which is whole digests.
fn digest_message(hash: &Hash) -> [u8; 33] {
    let mut bytes = [1; 33];
    bytes[1..].copy_from_slice(&hash.0);
    bytes
}

fn digest_of(hash: &Hash) -> Digest {
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&hash.0[..DIGEST]);
    digest
}

/// Bits that lead to a bucket of a batch of so many rows, of which so many fields are covered. Of the
/// rows, not of the values that are there: an erasure must not change it.
#[must_use]
pub fn bits_for(rows: u64, fields: usize) -> u32 {
    let values = rows.saturating_mul(fields as u64).max(1);
    let buckets = values.div_ceil(VALUES_PER_BUCKET).checked_next_power_of_two();
    buckets.map_or(BITS_MAX, u64::ilog2).clamp(BITS_MIN, BITS_MAX)
}

/// The root over a tree of buckets, and which fields it covers.
fn keys_root(bits: u32, fields: &[String], tree: &Hash) -> Hash {
    let fields = fields.iter().map(Value::text).collect();
    let tree = Value::Bytes(tree.0.to_vec());
    let items = vec![Value::text(WORD), Value::from(i64::from(bits)), Value::List(fields), tree];
    Hash::of(&cbor::encode(&Value::List(items)))
}

/// The tree of a batch, as its writer makes it, or whoever has its rows and the secret.
#[derive(Clone, Debug)]
pub struct KeyTree {
    bits: u32,
    fields: Vec<String>,
    /// By bucket, then ascending; no two of a bucket alike.
    digests: Vec<Digest>,
    /// Where each bucket's digests end.
    ends: Vec<usize>,
    secret: [u8; 32],
    leaves: Vec<Hash>,
    /// Buckets of which the leaf alone is known, ascending.
    redacted: Vec<u32>,
}

impl KeyTree {
    /// The tree over the [`value_hash`]es of all values of the fields in a batch of so many rows, in
    /// any order, each as often as it comes. The fields are in the order of the event field table.
    #[must_use]
    pub fn new(secret: &[u8; 32], fields: &[&str], rows: u64, values: &[Hash]) -> KeyTree {
        KeyTree::with_redacted(secret, fields, rows, values, &[])
    }

    /// The same after rows were erased: over the values of those that are left, and with the leaves
    /// that were kept of the buckets in which a value of theirs stood ([`KeyTree::redact`]). `rows`
    /// are those that the batch was recorded with.
    #[must_use]
    pub fn with_redacted(
        secret: &[u8; 32],
        fields: &[&str],
        rows: u64,
        values: &[Hash],
        redacted: &[(u32, Hash)],
    ) -> KeyTree {
        let bits = bits_for(rows, fields.len());
        let salts = salts(secret, 0..1 << bits);
        let (digests, ends) = digests_of(values, bits, &salts);
        let mut leaves = leaves_of(&salts, &digests, &ends);
        for (bucket, leaf) in redacted {
            if let Some(place) = leaves.get_mut(*bucket as usize) {
                *place = *leaf;
            }
        }
        let mut redacted: Vec<u32> = redacted.iter().map(|(bucket, _)| *bucket).collect();
        redacted.sort_unstable();
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        KeyTree { bits, fields, digests, ends, secret: *secret, leaves, redacted }
    }

    /// The batch's `keys_root`.
    #[must_use]
    pub fn root(&self) -> Hash {
        keys_root(self.bits, &self.fields, &root_of(self.leaves.clone()))
    }

    /// What an erasure keeps of the buckets in which these values stand, and no digest of any: their
    /// leaves, ascending. Nothing can be proved of what would stand in them any more; all else can.
    #[must_use]
    pub fn redact(&self, values: &[Hash]) -> Vec<(u32, Hash)> {
        let mut buckets: Vec<u32> = values.iter().map(|hash| bucket_of(hash, self.bits)).collect();
        buckets.extend(&self.redacted);
        buckets.sort_unstable();
        buckets.dedup();
        let leaf = |bucket: u32| self.leaves.get(bucket as usize).map(|leaf| (bucket, *leaf));
        buckets.into_iter().filter_map(leaf).collect()
    }

    /// What leads from the bucket of a value to the root, whatever stands in it: bits, fields, hashes.
    #[must_use]
    pub fn path(&self, value: &Hash) -> (u32, Vec<String>, Vec<Hash>) {
        let place = bucket_of(value, self.bits) as usize;
        (self.bits, self.fields.clone(), range_path(&self.leaves, &(place..place + 1)))
    }

    /// Opens the bucket in which a value would stand; none if it was redacted.
    #[must_use]
    pub fn open(&self, value: &Hash) -> Option<KeysOpening> {
        let bucket = bucket_of(value, self.bits);
        if self.redacted.binary_search(&bucket).is_ok() {
            return None;
        }
        let salt = salts(&self.secret, bucket..bucket + 1).pop()?;
        let place = bucket as usize;
        Some(KeysOpening {
            bits: self.bits,
            fields: self.fields.clone(),
            salt: salt.0,
            digests: self.digests[start_of(&self.ends, place)..self.ends[place]].to_vec(),
            path: range_path(&self.leaves, &(place..place + 1)),
        })
    }
}

/// Where a bucket's digests begin.
fn start_of(ends: &[usize], bucket: usize) -> usize {
    bucket.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0)
}

/// The digests of values, each once, by bucket and then ascending, and where each bucket's end. Values
/// are counted into their buckets, of which each holds a few: sorting them all cost as much as their
/// hashes.
fn digests_of(values: &[Hash], bits: u32, salts: &[Hash]) -> (Vec<Digest>, Vec<usize>) {
    let bucket = |hash: &Hash| bucket_of(hash, bits) as usize;
    // Where the next value of each bucket goes; in the end, where the bucket ends.
    let mut ends = vec![0; salts.len() + 1];
    values.iter().for_each(|hash| ends[bucket(hash) + 1] += 1);
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let mut placed = vec![0; values.len()];
    for (at, hash) in values.iter().enumerate() {
        let next = &mut ends[bucket(hash)];
        placed[*next] = at;
        *next += 1;
    }
    ends.pop();
    let mut digests = Vec::with_capacity(placed.len());
    for some in placed.chunks(TOGETHER) {
        let bytes: Vec<_> = some.iter().map(|at| digest_message(&values[*at])).collect();
        let salt_of = |at: &usize| &salts[bucket(&values[*at])].0;
        let messages = some.iter().zip(&bytes);
        let messages = messages.map(|(at, bytes)| Message { key: salt_of(at), bytes });
        let made = lanes::keyed(&messages.collect::<Vec<_>>());
        digests.extend(made.iter().map(digest_of));
    }
    let (mut from, mut kept) = (0, 0);
    for end in &mut ends {
        let first = kept;
        digests[from..*end]
            .sort_unstable_by_key(|digest| u128::from_le_bytes(*digest).swap_bytes());
        for at in from..*end {
            if kept == first || digests[kept - 1] != digests[at] {
                digests[kept] = digests[at];
                kept += 1;
            }
        }
        (from, *end) = (*end, kept);
    }
    digests.truncate(kept);
    (digests, ends)
}

/// The leaf of each bucket, under its salt.
fn leaves_of(salts: &[Hash], digests: &[Digest], ends: &[usize]) -> Vec<Hash> {
    let mut leaves = Vec::with_capacity(salts.len());
    let mut from = 0;
    for (salts, ends) in salts.chunks(TOGETHER).zip(ends.chunks(TOGETHER)) {
        let starts = std::iter::once(from).chain(ends.iter().copied());
        let messages = salts.iter().zip(starts.zip(ends)).map(|(salt, (start, end))| Message {
            key: &salt.0,
            bytes: digests[start..*end].as_flattened(),
        });
        leaves.extend(lanes::keyed(&messages.collect::<Vec<_>>()));
        from = ends.last().copied().unwrap_or(from);
    }
    leaves
}

/// The salts of some buckets.
fn salts(secret: &[u8; 32], buckets: std::ops::Range<u32>) -> Vec<Hash> {
    let numbers: Vec<[u8; 4]> = buckets.map(u32::to_le_bytes).collect();
    let of = |some: &[[u8; 4]]| {
        let messages = some.iter().map(|bytes| Message { key: secret, bytes });
        lanes::keyed(&messages.collect::<Vec<_>>())
    };
    numbers.chunks(TOGETHER).flat_map(of).collect()
}

/// One bucket of a batch's tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeysOpening {
    /// Bits that lead to a bucket.
    pub bits: u32,
    /// The fields that the tree covers, in the order of the event field table.
    pub fields: Vec<String>,
    /// The bucket's salt.
    pub salt: [u8; 32],
    /// The digests in it, ascending.
    pub digests: Vec<Digest>,
    /// The hashes that lead from the bucket to the root.
    pub path: Vec<Hash>,
}

/// Is a value in a batch?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// No row of the batch, as it was recorded, has the value.
    Absent,
    /// Some row has, or had before it was erased.
    Present,
}

/// Bytes of an opening as numbers and hashes, about: of a batch of so many rows and fields.
#[must_use]
pub fn estimate(rows: u64, fields: usize) -> u64 {
    let bits = bits_for(rows, fields);
    let digests = (rows.saturating_mul(fields as u64) >> bits) + 1;
    32 * (u64::from(bits) + 1) + digests * DIGEST as u64
}

/// Does the leaf of a value's bucket lead to a batch's `keys_root`, in a tree that covers the field?
///
/// # Errors
/// [`Refused`] if it does not.
pub fn bucket_leads(
    (bits, fields, path): (u32, &[String], &[Hash]),
    (field, hash): (&str, &Hash),
    leaf: &Hash,
    root: &Hash,
) -> Result<(), Refused> {
    let steps = path.len();
    if !(BITS_MIN..=BITS_MAX).contains(&bits) || steps != bits as usize {
        return Err(Refused::Buckets { bits, most: BITS_MAX, steps });
    }
    if !fields.iter().any(|own| own == field) {
        return Err(Refused::Field);
    }
    let place = u64::from(bucket_of(hash, bits));
    let tree = range_root(1 << bits, place, &[*leaf], path);
    let is_root = tree.map(|tree| keys_root(bits, fields, &tree)) == Some(*root);
    is_root.then_some(()).ok_or(Refused::KeysRoot)
}

impl KeysOpening {
    /// Whether a value of a field is in the batch with this `keys_root`.
    ///
    /// # Errors
    /// [`Refused`] if the opening does not show either.
    pub fn check(&self, root: &Hash, field: &str, value: &Value) -> Result<Presence, Refused> {
        if self.digests.len() > DIGESTS_MAX || !self.digests.is_sorted_by(|a, b| a < b) {
            return Err(Refused::Digests { most: DIGESTS_MAX });
        }
        let hash = value_hash(field, value);
        let leaf = Hash::keyed(&self.salt, self.digests.as_flattened());
        let way = (self.bits, &self.fields[..], &self.path[..]);
        bucket_leads(way, (field, &hash), &leaf, root)?;
        let digest = digest_of(&Hash::keyed(&self.salt, &digest_message(&hash)));
        let is_there = self.digests.binary_search(&digest).is_ok();
        Ok(if is_there { Presence::Present } else { Presence::Absent })
    }
}
