//! Hashes of the log's tree: SHA-256 with the prefixes of RFC 6962, section 2.1.

use crate::base64;
use sha2::{Digest, Sha256};
use std::fmt;

/// A node of the log's tree. Written in base64, as C2SP's texts do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeHash(pub [u8; 32]);

impl TreeHash {
    /// Bytes of a hash.
    pub const LENGTH: usize = 32;

    /// The root of a tree without leaves: `SHA-256("")`.
    #[must_use]
    pub fn empty() -> TreeHash {
        TreeHash(Sha256::digest(b"").into())
    }

    /// The leaf of an entry: `SHA-256(00 || entry)`.
    #[must_use]
    pub fn leaf(entry: &[u8]) -> TreeHash {
        let mut digest = Sha256::new();
        digest.update([0]);
        digest.update(entry);
        TreeHash(digest.finalize().into())
    }

    /// The node above two others: `SHA-256(01 || left || right)`.
    #[must_use]
    pub fn node(left: &TreeHash, right: &TreeHash) -> TreeHash {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        TreeHash(Sha256::digest(bytes).into())
    }

    /// From exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<TreeHash> {
        bytes.try_into().ok().map(TreeHash)
    }

    /// From the base64 of 32 bytes (RFC 4648, section 4, padded, no line ends).
    #[must_use]
    pub fn from_base64(text: &str) -> Option<TreeHash> {
        TreeHash::from_slice(&base64::decode(text.as_bytes())?)
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::BASE64.encode(&self.0))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
