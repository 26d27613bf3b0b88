//! `head`: the one mutable pointer, what readers trust (docs/format.md, section 12).

use crate::error::{Error, Result};
use crate::sealed::REGISTER;
use crate::storage::Storage;
use lineal_proof::Hash;
use lineal_proof::frame::{self, FORMAT, MAGIC_SEALED, MAGIC_SEGMENT, SEGMENT_HEADER};

/// The file's name.
pub(crate) const HEAD: &str = "head";
const MAGIC: &[u8; 8] = b"LINHEAD1";
/// Its length.
pub(crate) const LENGTH: usize = 128;

/// Up to where the store is whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The store.
    pub store: [u8; 16],
    /// The last commit's number, 0 for none.
    pub commit: u64,
    /// Its id.
    pub commit_id: Hash,
    /// The segment that holds it.
    pub segment: u32,
    /// How long that segment is.
    pub length: u64,
}

impl Head {
    /// The head of a store without commits.
    #[must_use]
    pub fn new(store: [u8; 16]) -> Head {
        Head {
            store,
            commit: 0,
            commit_id: Hash::default(),
            segment: 1,
            length: SEGMENT_HEADER as u64,
        }
    }

    /// The 128 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&self.commit.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.commit_id.0);
        bytes.resize(LENGTH - 4, 0);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        let mut head = [0; LENGTH];
        head.copy_from_slice(&bytes);
        head
    }

    /// Reads the 128 bytes, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::NewerFormat`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Head> {
        let fail = |rule: &str| Err(Error::corrupt(HEAD, 0, rule));
        let Ok(bytes) = <&[u8; LENGTH]>::try_from(bytes) else { return fail("it has 128 bytes") };
        if &bytes[..8] != MAGIC {
            return fail("it begins with its magic");
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        if word(LENGTH - 4) != crc32c::crc32c(&bytes[..LENGTH - 4]) {
            return fail("its crc32c fits");
        }
        if word(8) != FORMAT {
            let (found, newest) = (i64::from(word(8)), i64::from(FORMAT));
            return Err(Error::NewerFormat { file: HEAD.to_owned(), found, newest });
        }
        let mut store = [0; 16];
        store.copy_from_slice(&bytes[16..32]);
        let mut commit_id = [0; 32];
        commit_id.copy_from_slice(&bytes[48..80]);
        Ok(Head {
            store,
            commit: long(32),
            commit_id: Hash(commit_id),
            segment: word(12),
            length: long(40),
        })
    }
}

/// Is a `head` that reads another store's? Then the headers of the segments and of the register of sealed values, two
/// files at least, all name one store, and another than it does. Where they do not agree nobody can tell which of
/// the files is the stray one.
///
/// # Errors
/// What the medium says.
pub(crate) fn is_of_other_store(storage: &dyn Storage, head: &Head) -> Result<bool> {
    let segments = storage.list("segments")?.into_iter();
    let mut files: Vec<(String, _)> = segments
        .filter(|name| name.ends_with(".seg"))
        .map(|name| (format!("segments/{name}"), MAGIC_SEGMENT))
        .collect();
    files.push((REGISTER.to_owned(), MAGIC_SEALED));
    let mut agreeing = 0;
    let mut named = None;
    for (path, magic) in files {
        let Some(bytes) = storage.read_first(&path, SEGMENT_HEADER as u64)? else { continue };
        let Ok((store, _)) = frame::read_header(&bytes, magic) else { continue };
        if store == head.store || *named.get_or_insert(store) != store {
            return Ok(false);
        }
        agreeing += 1;
    }
    Ok(agreeing > 1)
}

/// The `head` of a store, where it reads and is its own.
///
/// # Errors
/// What the medium says.
pub(crate) fn own_head(storage: &dyn Storage) -> Result<Option<Head>> {
    let head = storage.read(HEAD)?.and_then(|bytes| Head::from_bytes(&bytes).ok());
    match head {
        Some(head) if is_of_other_store(storage, &head)? => Ok(None),
        head => Ok(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_any_flipped_bit_is_noticed() {
        let head = Head { commit: 7, segment: 2, length: 4096, ..Head::new([3; 16]) };
        let good = head.to_bytes();
        assert_eq!(Head::from_bytes(&good).unwrap(), head);
        for bit in 0..good.len() * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::from_bytes(&bad).is_err(), "bit {bit}");
        }
    }
}
