//! The sealed register: encrypted values behind the commitments of revisions.
//!
//! Entries are immutable and each is checked against its commitment when read, so the register
//! needs no commit of its own; erasing a subject's key erases its values wherever they were copied
//! (docs/format.md, section 8).

mod joined;
mod login;

pub(crate) use joined::{Own, joined};
pub(crate) use login::{LOGINS, Persons};

use crate::error::{Error, Result};
use crate::keys::{Keys, Secrets, SeedKind};
use crate::mapping::Bytes;
use crate::segment::next_frame;
use crate::storage::{Storage, has_lost_block};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use lineal_proof::frame::{self, MAGIC_SEALED, RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Record, Sealed};
use lineal_proof::{Hash, Value, cbor};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

pub(crate) const REGISTER: &str = "sealed/00000001.seg";
const CONTEXT_VALUE: &str = "lineal v1 sealed value";

/// The register of an open store.
pub(crate) struct Register {
    store: [u8; 16],
    /// The register as it was when the store was opened.
    bytes: Bytes,
    /// Read when a value is first opened: few answers do.
    read: OnceLock<Entries>,
    pending: Vec<u8>,
}

/// What came of opening a value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Sought {
    /// It.
    Found(Value),
    /// No seeds are here: they were not brought along, or are not for who asks.
    NoSeeds,
    /// Seeds are here, and the key of its subject is not among them: it was erased, or the file is one of
    /// before, or another store's.
    NoKey,
    /// The register does not hold it, although keys are here.
    NotHeld,
    /// It does not open under its subject's key, or is not what its commitment says.
    DoesNotFit,
    /// Its subject's key is not among those that read, and some of them do not.
    KeyDamaged,
}

/// What was read of a register.
#[derive(Default)]
struct Entries {
    by_commitment: HashMap<Hash, Sealed>,
    /// Where the last whole frame ends; the next one goes there.
    length: u64,
    /// Where bytes stand that do not read although whole frames follow them.
    damaged: Vec<Range<u64>>,
}

/// A register's bytes with the whole entries of another behind them that it lacks.
pub(crate) fn with_entries_of(register: &[u8], other: &[u8]) -> Vec<u8> {
    let known = Entries::of(register);
    let end = usize::try_from(known.length).unwrap_or(usize::MAX).min(register.len());
    let mut bytes = register[..end].to_vec();
    let mut from = SEGMENT_HEADER;
    while let Some((at, frame)) = next_frame(other, from) {
        from = at + frame.length;
        if let Ok(entry) = Sealed::decode(frame.payload)
            && !known.by_commitment.contains_key(&entry.commitment)
        {
            frame::write(&mut bytes, frame.record_type, frame.payload);
        }
    }
    bytes
}

fn cipher(subject_key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Hash::derive(CONTEXT_VALUE, subject_key).into())
}

fn nonce(commitment: &Hash) -> XNonce {
    let mut nonce = [0; 24];
    nonce.copy_from_slice(&commitment.0[..24]);
    XNonce::from(nonce)
}

impl Entries {
    /// Reads the frames. What does not read at the end is what a crash tore: no commit needs it.
    /// Before a whole frame it is damage, which `verify` reports; the other values still open.
    fn of(bytes: &[u8]) -> Entries {
        let mut entries = Entries::default();
        if bytes.is_empty() {
            // The register is missing.
            return entries;
        }
        let mut from = SEGMENT_HEADER;
        entries.length = from as u64;
        while let Some((at, frame)) = next_frame(bytes, from) {
            if at > from {
                entries.damaged.push(from as u64..at as u64);
            }
            match Sealed::decode(frame.payload) {
                Ok(entry) if frame.record_type == RecordType::Sealed => {
                    entries.by_commitment.insert(entry.commitment, entry);
                }
                _ => entries.damaged.push(at as u64..(at + frame.length) as u64),
            }
            from = at + frame.length;
            entries.length = from as u64;
        }
        entries
    }
}

impl Register {
    pub(crate) fn create(storage: &dyn Storage, store: &[u8; 16]) -> Result<()> {
        storage.put(REGISTER, &frame::header(MAGIC_SEALED, store, 1), true)
    }

    /// Reads what is there; nothing if the register is missing (values then cannot be opened).
    pub(crate) fn open(storage: &dyn Storage, store: &[u8; 16]) -> Result<Register> {
        let Some(bytes) = storage.read(REGISTER)? else {
            return Ok(Register::over(Bytes::held(Vec::new()), store));
        };
        Register::read_over(bytes, store)
    }

    /// Reads a register that is not in its place yet.
    pub(crate) fn read_over(bytes: Bytes, store: &[u8; 16]) -> Result<Register> {
        let (found, _) =
            frame::read_header(&bytes, MAGIC_SEALED).map_err(|e| Error::record(REGISTER, 0, e))?;
        if found != *store {
            return Err(Error::corrupt(REGISTER, 16, "the header names this store"));
        }
        Ok(Register::over(bytes, store))
    }

    /// Reads the frames of a register whose header may be damaged.
    pub(crate) fn over(bytes: Bytes, store: &[u8; 16]) -> Register {
        Register { store: *store, bytes, read: OnceLock::new(), pending: Vec::new() }
    }

    fn read(&self) -> &Entries {
        self.read.get_or_init(|| Entries::of(&self.bytes))
    }

    fn read_mut(&mut self) -> &mut Entries {
        self.read();
        self.read.get_mut().expect("read in the line above")
    }

    /// Where the last whole frame ends.
    pub(crate) fn length(&self) -> u64 {
        self.read().length
    }

    /// Where bytes stand that do not read although whole frames follow them, and whether a crash may have
    /// left them so.
    pub(crate) fn damaged(&self) -> impl Iterator<Item = (u64, bool)> {
        let all = self.read().damaged.iter();
        all.map(|range| (range.start, has_lost_block(&self.bytes, range)))
    }

    /// Is it here, and does each of its bytes read?
    pub(crate) fn is_whole(&self) -> bool {
        let read = self.read();
        !self.bytes.is_empty() && read.damaged.is_empty() && read.length >= self.bytes.len() as u64
    }

    /// Every entry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Sealed> {
        self.read().by_commitment.values()
    }

    /// Seals a value for a subject and returns the commitment.
    pub(crate) fn seal(
        &mut self,
        keys: &mut Keys,
        secrets: &dyn Secrets,
        subject: &Hash,
        field: &str,
        value: &Value,
    ) -> Result<Hash> {
        let key = keys.seed_or_new(SeedKind::Subject, &subject.0, secrets)?;
        let commitment = Sealed::commit_to(&key, field, value);
        if !self.holds(&commitment) {
            let encrypted = cipher(&key)
                .encrypt(&nonce(&commitment), cbor::encode(value).as_slice())
                .expect("a field is within the cipher's limit");
            let entry =
                Sealed { commitment, subject: *subject, field: field.to_owned(), value: encrypted };
            frame::write(&mut self.pending, RecordType::Sealed, &entry.encode());
            self.read_mut().by_commitment.insert(commitment, entry);
        }
        Ok(commitment)
    }

    /// Opens a value; none if the register or the subject's key lacks it, or if it does not fit
    /// its commitment.
    pub(crate) fn open_value(&self, keys: &Keys, commitment: &Hash) -> Option<Value> {
        match self.seek(keys, commitment) {
            Sought::Found(value) => Some(value),
            _ => None,
        }
    }

    /// Opens a value, or says why it does not open.
    pub(crate) fn seek(&self, keys: &Keys, commitment: &Hash) -> Sought {
        let Some(entry) = self.read().by_commitment.get(commitment) else {
            return if keys.has_seeds() { Sought::NotHeld } else { Sought::NoSeeds };
        };
        let Some(key) = keys.seed(SeedKind::Subject, &entry.subject.0) else {
            return match (keys.has_seeds(), keys.may_lack_seeds()) {
                (false, _) => Sought::NoSeeds,
                (true, true) => Sought::KeyDamaged,
                (true, false) => Sought::NoKey,
            };
        };
        let bytes = cipher(key).decrypt(&nonce(commitment), entry.value.as_slice()).ok();
        let value = bytes.and_then(|bytes| cbor::decode(&bytes).ok());
        let fits = |value: &Value| Sealed::commit_to(key, &entry.field, value) == *commitment;
        value.filter(fits).map_or(Sought::DoesNotFit, Sought::Found)
    }

    /// Does a value fit its commitment? None if the subject's key is not here.
    pub(crate) fn check(&self, keys: &Keys, commitment: &Hash) -> Option<bool> {
        let entry = self.read().by_commitment.get(commitment)?;
        keys.seed(SeedKind::Subject, &entry.subject.0)?;
        Some(self.open_value(keys, commitment).is_some())
    }

    /// Does the register hold an entry for the commitment?
    pub(crate) fn holds(&self, commitment: &Hash) -> bool {
        self.read().by_commitment.contains_key(commitment)
    }

    /// Whose value a commitment stands for.
    pub(crate) fn entry(&self, commitment: &Hash) -> Option<&Sealed> {
        self.read().by_commitment.get(commitment)
    }

    /// Of these subjects, those under whose key, where it is here, a value opens that is not erased.
    pub(crate) fn in_use(
        &self,
        keys: &Keys,
        subjects: &BTreeSet<[u8; 32]>,
        is_erased: &dyn Fn(&Hash) -> bool,
    ) -> BTreeSet<[u8; 32]> {
        let mut used = BTreeSet::new();
        if subjects.is_empty() {
            return used;
        }
        for Sealed { commitment, subject, .. } in self.entries() {
            if subjects.contains(&subject.0)
                && !used.contains(&subject.0)
                && !is_erased(commitment)
                && self.open_value(keys, commitment).is_some()
            {
                used.insert(subject.0);
            }
        }
        used
    }

    /// Writes the register whole without some values.
    pub(crate) fn destroy(
        &mut self,
        storage: &dyn Storage,
        commitments: &BTreeSet<Hash>,
    ) -> Result<()> {
        self.flush(storage)?;
        let Some(bytes) = storage.read(REGISTER)? else { return Ok(()) };
        let mut written = frame::header(MAGIC_SEALED, &self.store, 1).to_vec();
        let mut from = SEGMENT_HEADER;
        while let Some((at, frame)) = next_frame(&bytes, from) {
            from = at + frame.length;
            if let Ok(entry) = Sealed::decode(frame.payload)
                && !commitments.contains(&entry.commitment)
            {
                frame::write(&mut written, frame.record_type, frame.payload);
            }
        }
        storage.put(REGISTER, &written, true)?;
        *self = Register::over(Bytes::held(written), &self.store);
        Ok(())
    }

    /// Makes new entries durable.
    pub(crate) fn flush(&mut self, storage: &dyn Storage) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut length = self.read().length;
        if length == 0 {
            // The register was lost: a new one begins, and holds what is sealed from now on.
            let header = frame::header(MAGIC_SEALED, &self.store, 1);
            storage.put(REGISTER, &header, true)?;
            length = header.len() as u64;
        }
        if storage.read(REGISTER)?.is_some_and(|bytes| bytes.len() as u64 > length) {
            storage.cut(REGISTER, length)?;
        }
        storage.append(REGISTER, &self.pending, true)?;
        storage.sync(REGISTER)?;
        self.read_mut().length = length + self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::LabelledSecrets;
    use crate::storage::MemoryStorage;

    #[test]
    fn a_sealed_value_opens_with_the_key_and_only_so() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        Register::create(&storage, &[1; 16]).unwrap();
        let mut keys = Keys::open(&storage).unwrap();
        let mut register = Register::open(&storage, &[1; 16]).unwrap();
        let subject = Hash::of(b"anna");
        let value = Value::text("Anna Keller");
        let first = register.seal(&mut keys, &LabelledSecrets, &subject, "name", &value).unwrap();
        let again = register.seal(&mut keys, &LabelledSecrets, &subject, "name", &value).unwrap();
        assert_eq!(first, again, "a re-import commits to the same bytes");
        keys.flush(&storage).unwrap();
        register.flush(&storage).unwrap();

        let keys = Keys::open(&storage).unwrap();
        let register = Register::open(&storage, &[1; 16]).unwrap();
        assert_eq!(register.open_value(&keys, &first), Some(value));
        assert_eq!(register.seek(&keys, &Hash::of(b"other")), Sought::NotHeld);
        let bytes = storage.read(REGISTER).unwrap().unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"Keller"));

        storage.damage(REGISTER, |bytes| bytes.extend_from_slice(&[7; 50]));
        let again = Register::open(&storage, &[1; 16]).unwrap();
        assert!(
            again.damaged().next().is_none() && again.holds(&first),
            "a torn tail is no damage"
        );
        storage.damage("sealed/00000001.seg", |bytes| bytes[70] ^= 1);

        storage.remove("keys/seeds").unwrap();
        let without = Keys::open(&storage).unwrap();
        assert_eq!(register.seek(&without, &first), Sought::NoSeeds);
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let others = Keys::open(&storage).unwrap();
        assert_eq!(register.seek(&others, &first), Sought::NoKey, "seeds, and none of it");
        assert!(register.holds(&first));
    }
}
