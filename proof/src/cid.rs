//! Content identifiers: how a record links to another (docs/format.md, section 3).
//!
//! Only one form occurs: CIDv1, codec dag-cbor, multihash blake3 of 32 bytes. Inside CBOR it
//! stands under tag 42 behind a zero byte, as IPLD's DAG-CBOR says, so stock tools follow it.

use crate::hash::Hash;

/// Bytes before the hash: version 1, codec dag-cbor (0x71), multihash blake3 (0x1e), length 32.
pub const CID_PREFIX: [u8; 4] = [0x01, 0x71, 0x1e, 0x20];

/// A link to a record by the hash of its canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cid(pub Hash);

impl Cid {
    /// The 36 bytes of the identifier.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 36] {
        let mut bytes = [0; 36];
        let (head, tail) = bytes.split_at_mut(4);
        head.copy_from_slice(&CID_PREFIX);
        tail.copy_from_slice(&self.0.0);
        bytes
    }

    /// Reads the 36 bytes; `None` for any other form of CID.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Cid> {
        let digest = bytes.strip_prefix(&CID_PREFIX)?;
        Hash::from_slice(digest).map(Cid)
    }
}

/// `b` and lower-case base32 without padding: multibase's default text form.
impl std::fmt::Display for Cid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = data_encoding::BASE32_NOPAD.encode(&self.to_bytes()).to_lowercase();
        write!(f, "b{text}")
    }
}
