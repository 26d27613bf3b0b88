//! Encryption under a key that comes from the file key of the seeds, for what waits to be sealed; and
//! whose key it then is.

use super::Keys;
use crate::error::{Error, Result};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use lineal_proof::{Hash, Value, cbor};

/// Separates the key of veils, and that of their nonces, from every other use of the file key.
const CONTEXT_VEIL: &str = "lineal v1 trail";
const CONTEXT_NONCE: &str = "lineal v1 trail nonce";
/// Bytes of a nonce, which stands before what it hides.
const NONCE: usize = 24;
/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

/// Whose key seals the fields of an entry of the trail: that of its day (UTC). So a day's questions
/// can be made unreadable, with one key, when their time is over (docs/format.md, section 8).
pub(crate) fn trail_subject(time: i64) -> Hash {
    let day = Value::Int(time.div_euclid(DAY_NS).into());
    Hash::of(&cbor::encode(&Value::List(vec![Value::text("access"), day])))
}

impl Keys {
    fn file_key(&self) -> Result<[u8; 32]> {
        let purpose = "keeping what waits for the trail unreadable";
        self.file_key.ok_or(Error::NoKey { name: "seeds", purpose })
    }

    pub(crate) fn veil(&self, name: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
        let key = self.file_key()?;
        // Of name and bytes: a nonce comes again only where all else is the same too.
        let length = (name.len() as u64).to_le_bytes();
        let said = [&length[..], name, bytes].concat();
        let nonce = Hash::keyed(&Hash::derive(CONTEXT_NONCE, &key), &said);
        let mut out = nonce.0[..NONCE].to_vec();
        let cipher = XChaCha20Poly1305::new(&Hash::derive(CONTEXT_VEIL, &key).into());
        let mut bytes_of_nonce = [0; NONCE];
        bytes_of_nonce.copy_from_slice(&out);
        let sealed = cipher
            .encrypt(&XNonce::from(bytes_of_nonce), Payload { msg: bytes, aad: name })
            .expect("an entry is within the cipher's limit");
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub(crate) fn unveil(&self, name: &[u8], veiled: &[u8]) -> Result<Option<Vec<u8>>> {
        self.file_key()?;
        let Some((nonce, sealed)) = veiled.split_first_chunk::<NONCE>() else { return Ok(None) };
        let opened = self.veil_keys().into_iter().find_map(|key| {
            let payload = Payload { msg: sealed, aad: name };
            XChaCha20Poly1305::new(&key.into()).decrypt(&XNonce::from(*nonce), payload).ok()
        });
        Ok(opened)
    }

    /// The keys under which something may wait: that of today's file key, then those of before.
    pub(super) fn veil_keys(&self) -> Vec<[u8; 32]> {
        let own = self.file_key.map(|key| Hash::derive(CONTEXT_VEIL, &key));
        own.into_iter().chain(self.seeds().veils.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::LabelledSecrets;
    use crate::storage::MemoryStorage;

    #[test]
    fn what_is_veiled_is_read_under_its_name_alone() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let keys = Keys::open(&storage).unwrap();
        let veiled = keys.veil(b"s 1", b"find model").unwrap();
        assert!(!veiled.windows(5).any(|five| five == b"model"));
        assert_eq!(keys.unveil(b"s 1", &veiled).unwrap().as_deref(), Some(&b"find model"[..]));
        assert_eq!(keys.unveil(b"s 2", &veiled).unwrap(), None);
        assert_eq!(keys.unveil(b"s 1", &veiled[..20]).unwrap(), None);
        assert_ne!(keys.veil(b"s 2", b"find model").unwrap()[..24], veiled[..24]);
    }

    #[test]
    fn a_day_has_one_key_and_the_next_another() {
        let noon = 20_000 * DAY_NS + DAY_NS / 2;
        assert_eq!(trail_subject(noon), trail_subject(20_000 * DAY_NS));
        assert_ne!(trail_subject(noon), trail_subject(20_001 * DAY_NS));
    }
}
