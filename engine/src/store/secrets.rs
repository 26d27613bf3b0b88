//! Keys and sealed values of an open store, shared with its snapshots.

use super::Store;
use crate::error::Result;
use crate::keys::{Fingerprints, Keys, SeedKind, ValueHasher};
use crate::sealed::{Register, Sought};
use lineal_proof::{Hash, Value};
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

/// Keys and the sealed register.
pub(crate) struct SecretBox {
    pub(crate) keys: Keys,
    pub(crate) register: Register,
}

impl SecretBox {
    /// The value behind a commitment, or why it does not open.
    pub(crate) fn seek(&self, commitment: &Hash) -> Sought {
        self.register.seek(&self.keys, commitment)
    }
}

fn padded(id: &[u8; 16]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(id);
    bytes
}

impl Store {
    pub(super) fn secrets(&self) -> RwLockReadGuard<'_, SecretBox> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn secrets_mut(&self) -> RwLockWriteGuard<'_, SecretBox> {
        self.secrets.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key under which a person is known here.
    ///
    /// # Errors
    /// [`crate::Error::NoKey`] without the actor key.
    pub fn actor_key(&self, login: &str) -> Result<String> {
        self.secrets().keys.actor(login)
    }

    /// The keyed form of a key part that holds personal data.
    ///
    /// # Errors
    /// [`crate::Error::NoKey`] without the actor key.
    pub fn keyed_part(&self, part: &str) -> Result<String> {
        self.secrets().keys.keyed_part(part)
    }

    /// The digest by which a file is known again.
    ///
    /// # Errors
    /// [`crate::Error::NoKey`] without the index key.
    pub fn source_digest(&self, blake3: &Hash) -> Result<[u8; 16]> {
        self.secrets().keys.source_digest(blake3)
    }

    pub(crate) fn value_hasher(&self) -> Result<ValueHasher> {
        self.secrets().keys.value_hasher()
    }

    /// Seals a value for a subject and returns the commitment that a record may hold. The value
    /// becomes durable with the next commit.
    ///
    /// # Errors
    /// [`crate::Error::NoKey`] without the seeds.
    pub fn seal(&self, subject: &Hash, field: &str, value: &Value) -> Result<Hash> {
        // Held until it is sealed: an erasure that is recorded between would find it sealed anew.
        let state = self.read_state();
        if let Some(erased) = self.erased_commitment(&state, subject, field, value)? {
            return Ok(erased);
        }
        let SecretBox { keys, register } = &mut *self.secrets_mut();
        register.seal(keys, &*self.options.secrets, subject, field, value)
    }

    /// What knows again what was erased.
    ///
    /// # Errors
    /// [`crate::Error::NoKey`] without the index key.
    pub(crate) fn fingerprints(&self) -> Result<Fingerprints> {
        self.secrets().keys.fingerprints()
    }

    /// Is a sealed value here, with its subject's key?
    pub(crate) fn has_sealed(&self, commitment: &Hash) -> bool {
        let SecretBox { keys, register } = &*self.secrets();
        let entry = register.entry(commitment);
        entry.is_some_and(|entry| keys.seed(SeedKind::Subject, &entry.subject.0).is_some())
    }

    /// The seed of a batch and its id, made if there is none.
    pub(crate) fn batch_seed(&self, node: &Hash) -> Result<([u8; 16], [u8; 32])> {
        let mut id = [0; 16];
        id.copy_from_slice(&node.0[..16]);
        let keys = &mut self.secrets_mut().keys;
        let seed = keys.seed_or_new(SeedKind::Batch, &padded(&id), &*self.options.secrets)?;
        Ok((id, seed))
    }

    /// The secret of the buckets of a batch's keys; none without the index key, and then nothing can be
    /// proved absent from the batch.
    pub(crate) fn batch_keys_secret(&self, node: &Hash) -> Option<[u8; 32]> {
        self.secrets().keys.batch_keys_secret(node)
    }

    /// Makes new seeds and sealed values durable, in this order.
    pub(crate) fn flush_secrets(&self) -> Result<()> {
        let SecretBox { keys, register } = &mut *self.secrets_mut();
        keys.flush(&*self.storage)?;
        register.flush(&*self.storage)
    }
}
