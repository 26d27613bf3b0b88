//! The 256-bit names of content, and the contexts that keep keyed hashes of different uses apart.

use std::fmt;

/// A BLAKE3 hash. Two records with the same hash are the same record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// Context of a sealed field's commitment key (docs/format.md, section 8).
pub const CONTEXT_SEALED: &str = "lineal v1 sealed";
/// Message under which an event's salt yields its two leaf keys (docs/format.md, section 9).
pub const CONTEXT_EVENT: &[u8] = b"lineal v1 event";
/// Context of an actor's key (docs/format.md, section 8).
pub const CONTEXT_ACTOR: &str = "lineal v1 actor";
/// Context of the keyed digests of sources and indexed values (docs/format.md, section 8).
pub const CONTEXT_INDEX: &str = "lineal v1 index";

impl Hash {
    /// BLAKE3 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(*blake3::hash(bytes).as_bytes())
    }

    /// BLAKE3 of the bytes under a 32-byte key.
    #[must_use]
    pub fn keyed(key: &[u8; 32], bytes: &[u8]) -> Hash {
        Hash(*blake3::keyed_hash(key, bytes).as_bytes())
    }

    /// A key derived from key material for one use.
    #[must_use]
    pub fn derive(context: &str, material: &[u8]) -> [u8; 32] {
        blake3::derive_key(context, material)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From a slice of exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Hash> {
        bytes.try_into().ok().map(Hash)
    }

    /// From 64 hexadecimal digits of either case.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Hash> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        Hash::from_slice(&bytes)
    }

    /// The first digits, for messages.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.short())
    }
}

/// The key under which a person is known in the records: 16 base32 letters of a keyed hash of the
/// canonical login or e-mail (trimmed, lower case). Without the store's actor key it tells nothing.
#[must_use]
pub fn actor_key(actor_secret: &[u8; 32], login: &str) -> String {
    let canonical = login.trim().to_lowercase();
    let key = Hash::derive(CONTEXT_ACTOR, actor_secret);
    let hash = Hash::keyed(&key, canonical.as_bytes());
    let (head, _) = hash.0.split_at(10);
    data_encoding::BASE32_NOPAD.encode(head).to_lowercase()
}
