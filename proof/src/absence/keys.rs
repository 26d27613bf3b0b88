//! The tree of keyed digests of a batch's indexed values: is a value in none of its rows?
//!
//! Who asks must be able to compute where a value would stand, and must not learn more of the other
//! values than their number. So places are public and contents are keyed: the hash of a value leads
//! to one of 2^bits buckets, each a leaf of a tree that has all of them, and a bucket's digests are
//! made under a salt of its own. A proof opens one bucket, by its salt. Whoever has it can compute the
//! digest of the value that was asked, and of guesses that fall into the same bucket: one guess of
//! 2^bits, so at least 255 of 256 say nothing. Other buckets stay closed, their salts follow from none
//! (docs/format.md, section 21).

use super::Refused;
use super::tree::{range_path, range_root, root_of};
use crate::cbor;
use crate::hash::Hash;
use crate::lanes::{self, Message};
use crate::value::Value;

/// Context of the secret of which a batch's bucket salts are made.
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
const VALUES_PER_BUCKET: usize = 4;
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

/// The secret of a batch's buckets, from its seed. Kept when an erasure destroys the seed.
#[must_use]
pub fn secret_of(seed: &[u8; 32]) -> [u8; 32] {
    Hash::derive(CONTEXT_BATCH_KEYS, seed)
}

/// The bucket of a value among 2^bits.
fn bucket_of(hash: &Hash, bits: u32) -> u32 {
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

fn bits_for(values: usize) -> u32 {
    let buckets = values.div_ceil(VALUES_PER_BUCKET).next_power_of_two();
    buckets.ilog2().clamp(BITS_MIN, BITS_MAX)
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
    digests: Vec<(u32, Digest)>,
    secret: [u8; 32],
    leaves: Vec<Hash>,
}

impl KeyTree {
    /// The tree over the [`value_hash`]es of all values of the fields in a batch's rows, in any order,
    /// each as often as it comes.
    #[must_use]
    pub fn new(secret: &[u8; 32], fields: &[&str], mut values: Vec<Hash>) -> KeyTree {
        values.sort_unstable();
        values.dedup();
        let bits = bits_for(values.len());
        let salts = salts(secret, 0..1 << bits);
        let mut digests = Vec::with_capacity(values.len());
        for some in values.chunks(TOGETHER) {
            let bytes: Vec<_> = some.iter().map(digest_message).collect();
            let messages = some.iter().zip(&bytes).map(|(hash, bytes)| Message {
                key: &salts[bucket_of(hash, bits) as usize].0,
                bytes: &bytes[..],
            });
            let made = lanes::keyed(&messages.collect::<Vec<_>>());
            let placed = some.iter().zip(&made);
            digests.extend(placed.map(|(hash, made)| (bucket_of(hash, bits), digest_of(made))));
        }
        KeyTree::over(
            secret,
            fields.iter().map(|field| (*field).to_owned()).collect(),
            bits,
            &salts,
            digests,
        )
    }

    fn over(
        secret: &[u8; 32],
        fields: Vec<String>,
        bits: u32,
        salts: &[Hash],
        mut digests: Vec<(u32, Digest)>,
    ) -> KeyTree {
        digests.sort_unstable();
        digests.dedup();
        let mut leaves = Vec::with_capacity(salts.len());
        let mut at = 0;
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(TOGETHER));
        for (number, some) in salts.chunks(TOGETHER).enumerate() {
            bytes.clear();
            ends.clear();
            for bucket in number * TOGETHER..number * TOGETHER + some.len() {
                while let Some((_, digest)) =
                    digests.get(at).filter(|(own, _)| *own as usize == bucket)
                {
                    bytes.extend_from_slice(digest);
                    at += 1;
                }
                ends.push(bytes.len());
            }
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let spans = starts.zip(ends.iter().copied());
            let messages = some
                .iter()
                .zip(spans)
                .map(|(salt, (start, end))| Message { key: &salt.0, bytes: &bytes[start..end] });
            leaves.extend(lanes::keyed(&messages.collect::<Vec<_>>()));
        }
        KeyTree { bits, fields, digests, secret: *secret, leaves }
    }

    /// The batch's `keys_root`.
    #[must_use]
    pub fn root(&self) -> Hash {
        keys_root(self.bits, &self.fields, &root_of(self.leaves.clone()))
    }

    /// The bucket and digest of a value: what an erasure keeps of it, so that the tree can be made
    /// again without the row ([`KeyTree::with_kept`]).
    #[must_use]
    pub fn kept(&self, value: &Hash) -> (u32, Digest) {
        let bucket = bucket_of(value, self.bits);
        let salt = salts(&self.secret, bucket..bucket + 1);
        let digest = salt
            .first()
            .map_or_else(Hash::default, |salt| Hash::keyed(&salt.0, &digest_message(value)));
        (bucket, digest_of(&digest))
    }

    /// The tree of `bits` over the values of the rows that are left, and what was kept of others.
    #[must_use]
    pub fn with_kept(
        secret: &[u8; 32],
        fields: &[&str],
        bits: u32,
        values: &[Hash],
        kept: &[(u32, Digest)],
    ) -> KeyTree {
        let bits = bits.clamp(BITS_MIN, BITS_MAX);
        let salts = salts(secret, 0..1 << bits);
        let own = values.iter().map(|hash| {
            let bucket = bucket_of(hash, bits);
            (bucket, digest_of(&Hash::keyed(&salts[bucket as usize].0, &digest_message(hash))))
        });
        let digests = own.chain(kept.iter().copied()).collect();
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        KeyTree::over(secret, fields, bits, &salts, digests)
    }

    /// Bits that lead to a bucket.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Opens the bucket in which a value would stand.
    #[must_use]
    pub fn open(&self, value: &Hash) -> KeysOpening {
        let bucket = bucket_of(value, self.bits);
        let from = self.digests.partition_point(|(own, _)| *own < bucket);
        let to = self.digests.partition_point(|(own, _)| *own <= bucket);
        let salt = salts(&self.secret, bucket..bucket + 1).pop().unwrap_or_default();
        let place = bucket as usize;
        KeysOpening {
            bits: self.bits,
            fields: self.fields.clone(),
            salt: salt.0,
            digests: self.digests[from..to].iter().map(|(_, digest)| *digest).collect(),
            path: range_path(&self.leaves, &(place..place + 1)),
        }
    }
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

/// Bytes of an opening as numbers and hashes, about: of a batch of so many different values.
#[must_use]
pub fn estimate(values: usize) -> u64 {
    let bits = bits_for(values);
    let digests = (values >> bits) as u64 + 1;
    32 * (u64::from(bits) + 1) + digests * DIGEST as u64
}

impl KeysOpening {
    /// Whether a value of a field is in the batch with this `keys_root`.
    ///
    /// # Errors
    /// [`Refused`] if the opening does not show either.
    pub fn check(&self, root: &Hash, field: &str, value: &Value) -> Result<Presence, Refused> {
        let (bits, steps) = (self.bits, self.path.len());
        if !(BITS_MIN..=BITS_MAX).contains(&bits) || steps != bits as usize {
            return Err(Refused::Buckets { bits, most: BITS_MAX, steps });
        }
        if self.digests.len() > DIGESTS_MAX || !self.digests.is_sorted_by(|a, b| a < b) {
            return Err(Refused::Digests { most: DIGESTS_MAX });
        }
        if !self.fields.iter().any(|own| own == field) {
            return Err(Refused::Field);
        }
        let hash = value_hash(field, value);
        let leaf = Hash::keyed(&self.salt, self.digests.as_flattened());
        let place = u64::from(bucket_of(&hash, bits));
        let tree = range_root(1 << bits, place, &[leaf], &self.path);
        if tree.map(|tree| keys_root(bits, &self.fields, &tree)) != Some(*root) {
            return Err(Refused::KeysRoot);
        }
        let digest = digest_of(&Hash::keyed(&self.salt, &digest_message(&hash)));
        let is_there = self.digests.binary_search(&digest).is_ok();
        Ok(if is_there { Presence::Present } else { Presence::Absent })
    }
}
