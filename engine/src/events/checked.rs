//! The bytes of a container, of which none is believed before its piece was hashed: the whole at
//! once when it is opened, or, where the hashes of its pieces are known and prove themselves against
//! its manifest, each piece when it is first touched.

use crate::mapping;
use bytes::Bytes;
use lineal_proof::Hash;
use lineal_proof::pieces::{self, PIECE};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where nothing was found to be damaged.
const NOWHERE: u64 = u64::MAX;

/// Bytes that are checked where they are touched. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Checked {
    inner: Arc<Inner>,
}

struct Inner {
    bytes: Bytes,
    /// The hash of each piece, and whether it was found to fit; none if the whole is believed.
    pieces: Option<Vec<(AtomicBool, [u8; 32])>>,
    /// The first byte of a piece that did not fit.
    damaged: AtomicU64,
}

impl Checked {
    /// Bytes that are believed already, or that somebody else checks.
    pub(super) fn believed(bytes: mapping::Bytes) -> Checked {
        Checked::over(bytes, None)
    }

    /// Bytes whose hash is to be this one, checked by the hashes of their pieces; none if these
    /// are not the pieces of such a hash.
    pub(super) fn by_pieces(
        bytes: mapping::Bytes,
        hash: &Hash,
        list: &[[u8; 32]],
    ) -> Option<Checked> {
        if list.len() != pieces::count(bytes.len()) || pieces::whole(list) != Some(*hash) {
            return None;
        }
        let unknown = list.iter().map(|hash| (AtomicBool::new(false), *hash));
        Some(Checked::over(bytes, Some(unknown.collect())))
    }

    fn over(bytes: mapping::Bytes, pieces: Option<Vec<(AtomicBool, [u8; 32])>>) -> Checked {
        let (bytes, damaged) = (Bytes::from_owner(bytes), AtomicU64::new(NOWHERE));
        Checked { inner: Arc::new(Inner { bytes, pieces, damaged }) }
    }

    /// The first byte of a piece that was touched and is not what its hash says.
    pub(super) fn damaged(&self) -> Option<u64> {
        Some(self.inner.damaged.load(Ordering::Relaxed)).filter(|at| *at != NOWHERE)
    }

    /// Are these bytes, which lie within, what they were when they were hashed?
    fn check(&self, from: usize, to: usize) -> io::Result<()> {
        let Inner { bytes, pieces: Some(list), damaged } = &*self.inner else { return Ok(()) };
        for number in from / PIECE..to.div_ceil(PIECE) {
            let Some((is_known, hash)) = list.get(number) else { continue };
            // Set from unknown to what every thread would find: no order is needed.
            if is_known.load(Ordering::Relaxed) {
                continue;
            }
            if pieces::piece(bytes, number) != *hash {
                damaged.store((number * PIECE) as u64, Ordering::Relaxed);
                return Err(io::Error::other("a piece is what its hash says"));
            }
            is_known.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Length for Checked {
    fn len(&self) -> u64 {
        self.inner.bytes.len() as u64
    }
}

impl ChunkReader for Checked {
    type T = From;

    fn get_read(&self, start: u64) -> Result<From> {
        Ok(From { bytes: self.clone(), at: usize::try_from(start)? })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = &self.inner.bytes;
        let start = usize::try_from(start)?;
        let end = start.checked_add(length).filter(|end| *end <= bytes.len());
        let end = end.ok_or_else(|| ParquetError::EOF("it ends before that".to_owned()))?;
        self.check(start, end)?;
        Ok(bytes.slice(start..end))
    }
}

/// Reads on from a place.
pub(super) struct From {
    bytes: Checked,
    at: usize,
}

impl Read for From {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.inner.bytes.get(self.at..).unwrap_or_default();
        // To the end of the piece at most: what lies behind is checked when it is wanted.
        let count = rest.len().min(out.len()).min(PIECE - self.at % PIECE);
        self.bytes.check(self.at, self.at + count)?;
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_is_checked_and_what_is_not_touched_does_not_matter() {
        let mut content: Vec<u8> =
            (0..5 * PIECE).map(|at| u8::try_from(at / 7 % 251).unwrap()).collect();
        let (hash, list) = (Hash::of(&content), pieces::pieces(&content));
        content[2 * PIECE + 9] ^= 1;
        let of = |list: &[[u8; 32]]| {
            Checked::by_pieces(mapping::Bytes::held(content.clone()), &hash, list)
        };
        let bytes = of(&list).unwrap();
        assert_eq!(bytes.get_bytes(5, 2 * PIECE - 5).unwrap(), content[5..2 * PIECE]);
        let mut read = vec![0; PIECE];
        bytes.get_read(PIECE as u64).unwrap().read_exact(&mut read).unwrap();
        assert_eq!((read, bytes.damaged()), (content[PIECE..2 * PIECE].to_vec(), None));
        assert!(bytes.get_bytes(3 * PIECE as u64 - 1, 1).is_err());
        assert_eq!(bytes.damaged(), Some(2 * PIECE as u64));
        assert!(bytes.get_read(2 * PIECE as u64).unwrap().read_exact(&mut [0]).is_err());
        assert!(bytes.get_bytes(5 * PIECE as u64, 1).is_err(), "behind the end");
        assert!(of(&list[1..]).is_none() && of(&pieces::pieces(&content)).is_none());
    }
}
