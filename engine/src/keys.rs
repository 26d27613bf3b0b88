//! The store's secrets: key files and the seeds of batches and subjects (docs/format.md, section 8).
//!
//! Readers may hold the index and actor keys; without them look-ups by value are refused. Seeds
//! are durable before the commit that needs them.

mod aside;
mod fingerprints;
mod salts;
mod signing;
mod values;
mod veil;

pub(crate) use aside::{SeedsAside, seeds_aside};
pub(crate) use fingerprints::Fingerprints;
pub(crate) use salts::{Destroyed, LeftSalts};
pub(crate) use signing::{
    NEXT as NEXT_KEY_FILE, make_next_signing_key, next_signing_key, signing_key,
    take_next_signing_key,
};
pub(crate) use veil::trail_subject;

pub use values::ValueHasher;

use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::{Storage, has_lost_block};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use lineal_proof::hash::{CONTEXT_INDEX, actor_key};
use lineal_proof::{Hash, Value, cbor};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Makes new secrets.
pub trait Secrets: Send + Sync {
    /// A secret for a use. Real ones ignore the label; those of tests are made from it alone, never
    /// from the order of asking, so that the same inputs give the same bytes.
    fn secret(&self, label: &str) -> [u8; 32];
}

/// Secrets from the operating system.
#[derive(Clone, Copy, Default, Debug)]
pub struct RandomSecrets;

impl Secrets for RandomSecrets {
    fn secret(&self, _label: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

/// Secrets derived from labels, for tests and reproducible demonstrations. They protect nothing.
#[derive(Clone, Copy, Default, Debug)]
pub struct LabelledSecrets;

impl Secrets for LabelledSecrets {
    fn secret(&self, label: &str) -> [u8; 32] {
        Hash::derive("lineal v1 test secrets", label.as_bytes())
    }
}

const KEY_MAGIC: &[u8; 6] = b"LNKEY1";
const KEY_LENGTH: usize = 48;
pub(crate) const SEEDS: &str = "keys/seeds";
const SEEDS_MAGIC: &[u8; 8] = b"LNSEEDS1";
pub(crate) const SEEDS_HEADER: usize = 64;
const SEED_FRAME: usize = 97;
const KINDS: [(&str, u8); 3] = [("signing", 1), ("index", 2), ("actor", 3)];
/// The names of the key files.
pub(crate) const KEY_FILES: [&str; 3] = ["signing", "index", "actor"];

/// What a seed belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub(crate) enum SeedKind {
    Batch = 1,
    Subject = 2,
}

/// The kind of a frame that holds a node of a batch's tree of salts (`keys/salts.rs`).
const NODE_KIND: u8 = 3;
/// The kind of one that holds the key of veils of a file key that is gone.
const VEIL_KIND: u8 = 4;

/// A frame of `seeds`, opened.
struct SeedFrame {
    kind: u8,
    id: [u8; 32],
    secret: [u8; 32],
    /// Of a node its place, else zero.
    extra: [u8; 8],
}

/// The secrets of an open store.
pub struct Keys {
    index: Option<[u8; 32]>,
    /// Derived from it once: a look-up by value hashes little else.
    index_key: OnceLock<[u8; 32]>,
    actor: Option<[u8; 32]>,
    file_key: Option<[u8; 32]>,
    /// The bytes of `seeds` as they were when the store was opened.
    bytes: Bytes,
    /// Read when a seed is first needed: an answer rarely opens a sealed value.
    seeds: OnceLock<Seeds>,
    pending: Vec<u8>,
}

/// The seeds that were read.
#[derive(Default)]
struct Seeds {
    known: HashMap<(SeedKind, [u8; 32]), [u8; 32]>,
    /// What is left of the salts of batches, by their revisions.
    nodes: HashMap<[u8; 32], LeftSalts>,
    /// Keys of veils from before `seeds` was written anew.
    veils: Vec<[u8; 32]>,
    /// Where the last whole frame ends; the next one goes there.
    length: usize,
    /// Where frames stand that do not read although whole ones follow them.
    damaged: Vec<u64>,
}

fn key_file(kind: u8, key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(KEY_LENGTH);
    bytes.extend_from_slice(KEY_MAGIC);
    bytes.extend_from_slice(&[kind, 0]);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

fn read_key(storage: &dyn Storage, name: &str, kind: u8) -> Result<Option<[u8; 32]>> {
    let path = format!("keys/{name}.key");
    storage.read(&path)?.map(|bytes| whole_key(&path, &bytes, kind)).transpose()
}

/// The secret in the bytes of a key file.
fn whole_key(path: &str, bytes: &[u8], kind: u8) -> Result<[u8; 32]> {
    let whole = bytes.len() == KEY_LENGTH
        && bytes.starts_with(KEY_MAGIC)
        && bytes.get(6) == Some(&kind)
        && bytes.get(44..) == Some(&crc32c::crc32c(&bytes[..44]).to_le_bytes()[..]);
    let key = if whole { bytes.get(8..40).and_then(|key| key.try_into().ok()) } else { None };
    key.ok_or_else(|| Error::corrupt(path, 0, "a key file has its form and crc32c"))
}

/// One frame of `seeds`; none if it is torn or damaged.
fn read_seed(cipher: &XChaCha20Poly1305, at: usize, frame: &[u8]) -> Option<SeedFrame> {
    let whole =
        frame.len() == SEED_FRAME && frame[93..] == crc32c::crc32c(&frame[..93]).to_le_bytes();
    let kind = *frame.first().filter(|kind| whole && (1..=VEIL_KIND).contains(kind))?;
    let extra = frame[81..89].try_into().ok()?;
    let named = named(kind, &frame[..33], &extra);
    let payload = Payload { msg: &frame[33..81], aad: &named };
    let secret = cipher.decrypt(&nonce(&frame[..33], at), payload).ok()?.try_into().ok()?;
    let id = frame[1..33].try_into().ok()?;
    Some(SeedFrame { kind, id, secret, extra })
}

/// What a frame's secret is bound to: kind and id, and of a node its place.
fn named(kind: u8, kind_and_id: &[u8], extra: &[u8; 8]) -> Vec<u8> {
    let extra = if kind == NODE_KIND { &extra[..] } else { &[] };
    [kind_and_id, extra].concat()
}

/// The bytes of a frame that stands at a place of the file.
fn frame_bytes(cipher: &XChaCha20Poly1305, at: usize, seed: &SeedFrame) -> Vec<u8> {
    let mut frame = Vec::with_capacity(SEED_FRAME);
    frame.push(seed.kind);
    frame.extend_from_slice(&seed.id);
    let named = named(seed.kind, &frame, &seed.extra);
    let payload = Payload { msg: &seed.secret, aad: &named };
    let sealed = cipher
        .encrypt(&nonce(&frame, at), payload)
        .expect("32 bytes are within the cipher's limit");
    frame.extend_from_slice(&sealed);
    frame.extend_from_slice(&seed.extra);
    frame.resize(93, 0);
    frame.extend_from_slice(&crc32c::crc32c(&frame).to_le_bytes());
    frame
}

/// The frames of a file of seeds, each with its place; none for what is torn or damaged.
fn frames_of<'b>(
    cipher: &'b XChaCha20Poly1305,
    bytes: &'b [u8],
) -> impl Iterator<Item = (usize, Option<SeedFrame>)> + 'b {
    let frames = bytes.get(SEEDS_HEADER..).unwrap_or_default().chunks(SEED_FRAME).enumerate();
    frames.map(move |(number, frame)| {
        let at = SEEDS_HEADER + number * SEED_FRAME;
        (at, read_seed(cipher, at, frame))
    })
}

fn cipher_of(file_key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*file_key).into())
}

/// The header of a file of seeds under a key.
fn seeds_header(file_key: &[u8; 32]) -> Vec<u8> {
    let mut header = Vec::with_capacity(SEEDS_HEADER);
    header.extend_from_slice(SEEDS_MAGIC);
    header.extend_from_slice(&[0; 8]);
    header.extend_from_slice(file_key);
    header.resize(SEEDS_HEADER - 4, 0);
    header.extend_from_slice(&crc32c::crc32c(&header).to_le_bytes());
    header
}

/// The nonce of a frame that begins with these bytes, kind and id. The offset alone would not do: the
/// frame that replaces a torn one, or that is written behind a backup, stands where another stood.
fn nonce(kind_and_id: &[u8], offset: usize) -> XNonce {
    let mut bytes = kind_and_id.to_vec();
    bytes.extend_from_slice(&(offset as u64).to_le_bytes());
    let mut nonce = [0; 24];
    nonce.copy_from_slice(&Hash::of(&bytes).0[..24]);
    XNonce::from(nonce)
}

impl Keys {
    /// Makes the key files of a new store.
    pub(crate) fn create(storage: &dyn Storage, secrets: &dyn Secrets) -> Result<()> {
        for (name, kind) in KINDS {
            let bytes = key_file(kind, &secrets.secret(name));
            storage.put(&format!("keys/{name}.key"), &bytes, true)?;
        }
        storage.put(SEEDS, &seeds_header(&secrets.secret("seeds")), true)
    }

    /// Reads what keys are there.
    pub(crate) fn open(storage: &dyn Storage) -> Result<Keys> {
        let mut keys = Keys::open_seeds(storage)?;
        keys.index = read_key(storage, "index", 2)?;
        keys.actor = read_key(storage, "actor", 3)?;
        Ok(keys)
    }

    /// With the index key, where it is there and whole: that it is damaged is told by those who look at
    /// its file.
    pub(crate) fn with_index_key(mut self, storage: &dyn Storage) -> Result<Keys> {
        self.index = match read_key(storage, "index", 2) {
            Err(error @ Error::Io { .. }) => return Err(error),
            found => found.unwrap_or_default(),
        };
        Ok(self)
    }

    /// With the actor key, on the same terms.
    pub(crate) fn with_actor_key(mut self, storage: &dyn Storage) -> Result<Keys> {
        self.actor = match read_key(storage, "actor", 3) {
            Err(error @ Error::Io { .. }) => return Err(error),
            found => found.unwrap_or_default(),
        };
        Ok(self)
    }

    /// Reads the seeds alone.
    pub(crate) fn open_seeds(storage: &dyn Storage) -> Result<Keys> {
        Keys::of_seeds(storage.read(SEEDS)?)
    }

    /// The seeds of a file that is not in its place, or none.
    pub(crate) fn of_seeds(bytes: Option<Bytes>) -> Result<Keys> {
        let mut keys = Keys {
            index: None,
            index_key: OnceLock::new(),
            actor: None,
            file_key: None,
            bytes: Bytes::held(Vec::new()),
            seeds: OnceLock::new(),
            pending: Vec::new(),
        };
        let Some(bytes) = bytes else { return Ok(keys) };
        let header = bytes.get(..SEEDS_HEADER).unwrap_or_default();
        if header.len() < SEEDS_HEADER
            || !header.starts_with(SEEDS_MAGIC)
            || header.get(60..) != Some(&crc32c::crc32c(&header[..60]).to_le_bytes()[..])
        {
            return Err(Error::corrupt(SEEDS, 0, "the header has its form and crc32c"));
        }
        if header[8] != 0 {
            return Err(Error::NewerFormat {
                file: SEEDS.to_owned(),
                found: i64::from(header[8]),
                newest: 0,
            });
        }
        let mut file_key = [0; 32];
        file_key.copy_from_slice(&header[16..48]);
        keys.file_key = Some(file_key);
        keys.bytes = bytes;
        Ok(keys)
    }

    /// Are there seeds at all?
    pub(crate) fn has_seeds(&self) -> bool {
        self.file_key.is_some()
    }

    /// Is the key of persons here?
    pub(crate) fn has_actor_key(&self) -> bool {
        self.actor.is_some()
    }

    /// Do frames of seeds not read, so that a seed that is not known may have been in one of them?
    pub(crate) fn may_lack_seeds(&self) -> bool {
        let seeds = self.seeds();
        self.has_seeds() && (!seeds.damaged.is_empty() || self.bytes.len() > seeds.length)
    }

    /// Is a key file there, and whole?
    pub(crate) fn check_file(storage: &dyn Storage, name: &str) -> Result<bool> {
        let kind = KINDS.iter().find(|(file, _)| *file == name).map_or(0, |(_, kind)| *kind);
        Ok(read_key(storage, name, kind)?.is_some())
    }

    /// Of a key file that is not in its place: the secret in it.
    pub(crate) fn check_bytes(name: &str, bytes: &[u8]) -> Result<[u8; 32]> {
        let known = KINDS.iter().find(|(file, _)| *file == name);
        // What is about to sign is of the kind of what signs.
        let kind = known.map_or(KINDS[0].1, |(_, kind)| *kind);
        whole_key(&format!("keys/{name}.key"), bytes, kind)
    }

    /// The ids of what seeds are known for, with their kinds: to compare two files.
    pub(crate) fn known_seeds(&self) -> impl Iterator<Item = (SeedKind, [u8; 32])> {
        self.seeds().known.keys().copied()
    }

    /// Reads the frames. Those at the end that do not read are what a crash tore: no commit needs
    /// them. One before a whole frame is damage, which `verify` reports; the others still open.
    fn read_seeds(&self) -> Seeds {
        let mut seeds = Seeds::default();
        let Some(cipher) = self.cipher() else { return seeds };
        seeds.length = SEEDS_HEADER;
        let mut unread = Vec::new();
        for (at, frame) in frames_of(&cipher, &self.bytes) {
            let Some(frame) = frame else {
                unread.push(at as u64);
                continue;
            };
            seeds.damaged.append(&mut unread);
            let SeedFrame { kind, id, secret, .. } = frame;
            match kind {
                1 => _ = seeds.known.entry((SeedKind::Batch, id)).or_insert(secret),
                2 => _ = seeds.known.entry((SeedKind::Subject, id)).or_insert(secret),
                NODE_KIND => seeds.nodes.entry(id).or_default().add(&frame),
                _ => seeds.veils.push(secret),
            }
            seeds.length = at + SEED_FRAME;
        }
        seeds
    }

    fn seeds(&self) -> &Seeds {
        self.seeds.get_or_init(|| self.read_seeds())
    }

    fn seeds_mut(&mut self) -> &mut Seeds {
        self.seeds();
        self.seeds.get_mut().expect("read in the line above")
    }

    /// Where seeds stand that can no longer be read, and whether a crash may have left them so.
    pub(crate) fn damaged_seeds(&self) -> impl Iterator<Item = (u64, bool)> {
        let all = self.seeds().damaged.iter();
        all.map(|at| (*at, has_lost_block(&self.bytes, &(*at..*at + SEED_FRAME as u64))))
    }

    /// Where frames begin at the end of `seeds` that do not read, and whether they are whole ones.
    pub(crate) fn torn_seeds(&self, storage: &dyn Storage) -> Result<Option<(u64, bool)>> {
        let length = storage.read(SEEDS)?.map_or(0, |bytes| bytes.len());
        let read = self.seeds().length;
        let behind = length.saturating_sub(read);
        Ok((behind > 0).then_some((read as u64, behind >= SEED_FRAME)))
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        self.file_key.as_ref().map(cipher_of)
    }

    /// A seed that is known.
    pub(crate) fn seed(&self, kind: SeedKind, id: &[u8; 32]) -> Option<&[u8; 32]> {
        self.seeds().known.get(&(kind, *id))
    }

    /// Is a seed known here, and not the one that the other knows?
    pub(crate) fn is_other_than(&self, other: &Keys, kind: SeedKind, id: &[u8; 32]) -> bool {
        let own = self.seed(kind, id);
        own.is_some() && own != other.seed(kind, id)
    }

    /// The seed of a batch by its seed id.
    pub(crate) fn batch_seed(&self, id: &[u8]) -> Option<&[u8; 32]> {
        let mut padded = [0; 32];
        padded.get_mut(..16)?.copy_from_slice(id.get(..16)?);
        self.seed(SeedKind::Batch, &padded)
    }

    /// A seed, made if it is not known; durable after [`Keys::flush`].
    pub(crate) fn seed_or_new(
        &mut self,
        kind: SeedKind,
        id: &[u8; 32],
        secrets: &dyn Secrets,
    ) -> Result<[u8; 32]> {
        if let Some(secret) = self.seed(kind, id) {
            return Ok(*secret);
        }
        let needed = Error::NoKey { name: "seeds", purpose: "writing sealed values and events" };
        let cipher = self.cipher().ok_or(needed)?;
        let secret = secrets.secret(&format!("{kind:?} {}", Hash(*id)));
        let seed = SeedFrame { kind: kind as u8, id: *id, secret, extra: [0; 8] };
        let at = self.seeds().length + self.pending.len();
        self.pending.extend_from_slice(&frame_bytes(&cipher, at, &seed));
        self.seeds_mut().known.insert((kind, *id), secret);
        Ok(secret)
    }

    /// Makes new seeds durable.
    pub(crate) fn flush(&mut self, storage: &dyn Storage) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // What a crash tore stands where the next frame belongs.
        let read = self.seeds().length;
        if storage.read(SEEDS)?.is_some_and(|bytes| bytes.len() > read) {
            storage.cut(SEEDS, read as u64)?;
        }
        storage.append(SEEDS, &self.pending, true)?;
        storage.sync(SEEDS)?;
        self.seeds_mut().length = read + self.pending.len();
        self.pending.clear();
        Ok(())
    }

    /// The key under which a person is known in this store.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the actor key.
    pub fn actor(&self, login: &str) -> Result<String> {
        let purpose = "finding or recording a person";
        let secret = self.actor.ok_or(Error::NoKey { name: "actor.key", purpose })?;
        Ok(actor_key(&secret, login))
    }

    /// The keyed form of a key part that holds personal data.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the actor key.
    pub fn keyed_part(&self, part: &str) -> Result<String> {
        let purpose = "recording a key that holds personal data";
        let secret = self.actor.ok_or(Error::NoKey { name: "actor.key", purpose })?;
        let hash = Hash::keyed(&Hash::derive("lineal v1 part", &secret), part.as_bytes());
        let text = data_encoding::BASE32_NOPAD.encode(&hash.0[..10]).to_lowercase();
        Ok(format!("keyed:{text}"))
    }

    fn index_key(&self) -> Result<[u8; 32]> {
        let purpose = "looking up a value or knowing a file again";
        let secret = self.index.ok_or(Error::NoKey { name: "index.key", purpose })?;
        Ok(*self.index_key.get_or_init(|| Hash::derive(CONTEXT_INDEX, &secret)))
    }

    /// The digest by which a source file is known again.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key.
    pub fn source_digest(&self, blake3: &Hash) -> Result<[u8; 16]> {
        let key = self.index_key()?;
        let named = Value::List(vec![Value::text("source"), Value::Bytes(blake3.0.to_vec())]);
        let hash = Hash::keyed(&key, &cbor::encode(&named));
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.0[..16]);
        Ok(digest)
    }

    /// The secret of the buckets of a batch's keys, by the batch's node id; none without the index key.
    pub(crate) fn batch_keys_secret(&self, node: &Hash) -> Option<[u8; 32]> {
        self.index.map(|secret| lineal_proof::absence::keys::secret_of(&secret, node))
    }

    /// What hashes indexed values; cheap to call often.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key.
    pub fn value_hasher(&self) -> Result<ValueHasher> {
        Ok(ValueHasher::new(self.index_key()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    struct SameSecret;

    impl Secrets for SameSecret {
        fn secret(&self, _label: &str) -> [u8; 32] {
            [5; 32]
        }
    }

    #[test]
    fn seeds_survive_and_a_torn_one_is_ignored() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let mut keys = Keys::open(&storage).unwrap();
        let first = keys.seed_or_new(SeedKind::Batch, &[1; 32], &LabelledSecrets).unwrap();
        keys.flush(&storage).unwrap();
        storage.append(SEEDS, &[9; 40], true).unwrap();

        let mut again = Keys::open(&storage).unwrap();
        assert_eq!(again.seed(SeedKind::Batch, &[1; 32]), Some(&first));
        assert_eq!(again.seed(SeedKind::Subject, &[1; 32]), None);
        let second = again.seed_or_new(SeedKind::Subject, &[2; 32], &RandomSecrets).unwrap();
        again.flush(&storage).unwrap();
        let last = Keys::open(&storage).unwrap();
        assert_eq!(last.seed(SeedKind::Subject, &[2; 32]), Some(&second));
    }

    #[test]
    fn a_block_that_a_power_cut_lost_is_told_from_damage() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let mut keys = Keys::open(&storage).unwrap();
        for number in 0..12 {
            keys.seed_or_new(SeedKind::Batch, &[number; 32], &LabelledSecrets).unwrap();
        }
        keys.flush(&storage).unwrap();
        // The sixth frame begins in the second block; the tenth lies within the third.
        storage.damage(SEEDS, |bytes| bytes[SEEDS_HEADER + 2 * SEED_FRAME..512].fill(0));
        storage.damage(SEEDS, |bytes| bytes[SEEDS_HEADER + 10 * SEED_FRAME + 40] ^= 1);
        let found: Vec<_> = Keys::open(&storage).unwrap().damaged_seeds().collect();
        let at = |frame: usize| (SEEDS_HEADER + frame * SEED_FRAME) as u64;
        assert_eq!(found, [(at(2), true), (at(3), true), (at(4), true), (at(10), false)]);
    }

    #[test]
    fn two_copies_of_a_store_use_no_nonce_twice() {
        let copy = |id: [u8; 32]| {
            let storage = MemoryStorage::new();
            Keys::create(&storage, &LabelledSecrets).unwrap();
            let mut keys = Keys::open(&storage).unwrap();
            keys.seed_or_new(SeedKind::Subject, &id, &SameSecret).unwrap();
            keys.flush(&storage).unwrap();
            storage.read(SEEDS).unwrap().unwrap()[SEEDS_HEADER + 33..][..32].to_vec()
        };
        // Under one key, one nonce and one plaintext the cipher's text would be the same.
        assert_ne!(copy([1; 32]), copy([2; 32]));
    }

    #[test]
    fn a_damaged_key_is_named() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        storage.damage("keys/actor.key", |bytes| bytes[20] ^= 1);
        let Err(Error::Corrupt { file, .. }) = Keys::open(&storage) else { panic!("must refuse") };
        assert_eq!(file, "keys/actor.key");
    }

    #[test]
    fn a_person_has_one_key_however_the_login_is_written() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let keys = Keys::open(&storage).unwrap();
        let key = keys.actor("Anna@Bank.example ").unwrap();
        assert_eq!(key, keys.actor("anna@bank.example").unwrap());
        assert_eq!(key.len(), 16);
        assert_ne!(key, keys.actor("bert@bank.example").unwrap());
    }

    #[test]
    fn values_hashed_together_are_values_hashed_one_by_one() {
        let hasher = ValueHasher::new([3; 32]);
        let values: Vec<Vec<u8>> = (0..40).map(|length| vec![7; length * 31]).collect();
        let together = hasher.hash_all("input_hash", values.iter().map(Vec::as_slice));
        let one_by_one = values.iter().map(|value| hasher.hash("input_hash", value));
        assert!(one_by_one.eq(together));
    }
}
