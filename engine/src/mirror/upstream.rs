//! Where a mirror takes from: a folder here, or a server (the client of which is in `cli/`).

use crate::error::{Error, Result};
use crate::head::Head;
use crate::public_log::{TILES, checkpoint_files};
use crate::sealed::REGISTER;
use crate::segment::segment_path;
use crate::store::Store;
use lineal_proof::frame::SEGMENT_HEADER;
use lineal_proof::tlog::is_tile_path;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a store has to give. Nothing of it is believed but how much there is to ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// The last commit, and where it stands.
    pub head: Head,
    /// Bytes of the segments from number 1 on, as many as `head` vouches for.
    pub segments: Vec<u64>,
    /// Bytes and SHA-256 of the register of sealed values, if there is one.
    pub register: Option<(u64, [u8; 32])>,
    /// Path, bytes and SHA-256 of each checkpoint and time stamp.
    pub checkpoints: Vec<(String, u64, [u8; 32])>,
}

impl Offer {
    /// Bytes of segments behind what a mirror has.
    pub(super) fn bytes_behind(&self, own: &Head) -> u64 {
        let numbers = (1_u32..).zip(&self.segments);
        let behind = numbers.filter(|(number, _)| *number >= own.segment).map(|(_, bytes)| bytes);
        behind.sum::<u64>().saturating_sub(own.length)
    }

    /// Bytes of a segment; none if there is no such one.
    pub(super) fn segment(&self, number: u32) -> Option<u64> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.segments.get(at).copied().filter(|bytes| *bytes >= SEGMENT_HEADER as u64)
    }
}

/// A place to pull from.
pub trait Upstream {
    /// What it has now.
    ///
    /// # Errors
    /// [`Error::Upstream`], or what the medium says.
    fn offer(&self) -> Result<Offer>;

    /// So many bytes of a file from one on; fewer at its end, none if there is no such file.
    ///
    /// # Errors
    /// As [`Upstream::offer`].
    fn bytes(&self, path: &str, from: u64, length: u64) -> Result<Option<Vec<u8>>>;

    /// What to call it in messages.
    fn name(&self) -> String;
}

/// A store, a copy or a mirror in a folder.
pub struct Folder {
    store: Store,
}

impl Folder {
    /// Opens it for reading.
    ///
    /// # Errors
    /// As [`Store::open_read_only`].
    pub fn open(path: &Path) -> Result<Folder> {
        Ok(Folder { store: Store::open_read_only(path)? })
    }

    /// The same of a store that is open.
    #[must_use]
    pub fn of(store: Store) -> Folder {
        Folder { store }
    }
}

impl Upstream for Folder {
    fn offer(&self) -> Result<Offer> {
        self.store.offer()
    }

    fn bytes(&self, path: &str, from: u64, length: u64) -> Result<Option<Vec<u8>>> {
        self.store.piece(path, from, length)
    }

    fn name(&self) -> String {
        self.store.name()
    }
}

impl Store {
    /// What a mirror may pull, as of the commit that this was opened at, or wrote last.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a segment is not there, or what the medium says.
    pub fn offer(&self) -> Result<Offer> {
        let head = self.read_state().head;
        let storage = self.storage();
        let mut segments = Vec::new();
        for number in 1..head.segment {
            let path = segment_path(number);
            let missing = || Error::corrupt(&path, 0, "a segment that `head` vouches for is there");
            segments.push(storage.read(&path)?.ok_or_else(missing)?.len() as u64);
        }
        segments.push(head.length);
        let said = |bytes: &[u8]| (bytes.len() as u64, Sha256::digest(bytes).into());
        let register = storage.read(REGISTER)?.map(|bytes| said(&bytes));
        let mut checkpoints = Vec::new();
        for (size, path) in checkpoint_files(storage)? {
            if let (true, Some(bytes)) = (size <= head.commit, storage.read(&path)?) {
                let (length, digest) = said(&bytes);
                checkpoints.push((path, length, digest));
            }
        }
        Ok(Offer { head, segments, register, checkpoints })
    }

    /// So many bytes of a file that a mirror may pull, from one on; none if there is no such file, or it is
    /// none of those. Of a segment nothing behind what `head` vouches for.
    ///
    /// # Errors
    /// What the medium says.
    pub fn piece(&self, path: &str, from: u64, length: u64) -> Result<Option<Vec<u8>>> {
        let is_tile = path.strip_prefix(TILES).and_then(|path| path.strip_prefix('/'));
        if !crate::store::is_pulled(path) && !is_tile.is_some_and(is_tile_path) {
            return Ok(None);
        }
        let head = self.read_state().head;
        let Some(bytes) = self.storage().read(path)? else { return Ok(None) };
        let vouched = match path {
            path if path == segment_path(head.segment) => head.length,
            path if path.starts_with("segments/") && *path > *segment_path(head.segment) => 0,
            _ => u64::MAX,
        };
        let end = from.saturating_add(length).min(vouched).min(bytes.len() as u64);
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        Ok(Some(bytes.get(place(from.min(end))..place(end)).unwrap_or_default().to_vec()))
    }
}
