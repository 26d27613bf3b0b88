//! The one seam between the store and the medium.
//!
//! Paths are relative to the store and use `/`. Two halves: immutable objects (put whole, read,
//! list, remove) and the local journal (append, sync, cut, lock). Nothing else in the engine
//! touches files, so the crash tests see every write that matters; the catalog (sled) is derived
//! and does its own input and output.

mod aside;
mod faulty;
mod file;
mod memory;

pub(crate) use aside::AsideStorage;
pub use faulty::{FaultyStorage, Plan};
pub use file::FileStorage;
pub use memory::MemoryStorage;

use crate::error::Result;
use crate::mapping::Bytes;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

/// A medium.
pub trait Storage: Send + Sync {
    /// The bytes of a file as they are now; none if there is no such file.
    ///
    /// # Errors
    /// What the medium says.
    fn read(&self, path: &str) -> Result<Option<Bytes>>;

    /// The bytes of a file that is written once and removed when nobody needs it: while they are
    /// kept, [`Storage::remove_unheld`] leaves it.
    ///
    /// # Errors
    /// What the medium says.
    fn read_held(&self, path: &str) -> Result<Option<Bytes>> {
        self.read(path)
    }

    /// Removes a file if nobody holds it; says whether it is gone. A medium whose bytes outlive
    /// their file need not ask.
    ///
    /// # Errors
    /// What the medium says.
    fn remove_unheld(&self, path: &str) -> Result<bool> {
        self.remove(path).map(|()| true)
    }

    /// The first bytes of a file, as many as it is known never to lose while it is there; none if there is
    /// no such file, or it is shorter. They outlive the file.
    ///
    /// # Errors
    /// What the medium says.
    fn read_first(&self, path: &str, length: u64) -> Result<Option<Bytes>> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(self.read(path)?.and_then(|bytes| bytes.part(0..length)))
    }

    /// The names of the files in a folder, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// What the medium says.
    fn list(&self, folder: &str) -> Result<Vec<String>>;

    /// Writes a file whole, durable and at once: a reader sees the old bytes or the new.
    ///
    /// # Errors
    /// What the medium says; the old bytes are then still there.
    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()>;

    /// Appends to a file, making it if needed. Not durable until [`Storage::sync`].
    ///
    /// # Errors
    /// What the medium says; part of the bytes may have been written.
    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()>;

    /// Writes bytes at a place of a file that is being made below a name that nobody reads, making it
    /// if needed; what lies before and was never written is zero. Not durable until
    /// [`Storage::sync`].
    ///
    /// # Errors
    /// What the medium says; part of the bytes may have been written.
    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()>;

    /// A file without a name for what is needed while something is made: it goes with its holder,
    /// whatever happens, and is never durable. None on a medium that has no such files.
    ///
    /// # Errors
    /// What the medium says.
    fn scratch(&self) -> Result<Option<File>> {
        Ok(None)
    }

    /// Makes what was appended durable, and the file's name with it.
    ///
    /// # Errors
    /// What the medium says; nothing is known of the bytes then.
    fn sync(&self, path: &str) -> Result<()>;

    /// Cuts a file to a length, durably.
    ///
    /// # Errors
    /// What the medium says.
    fn cut(&self, path: &str, length: u64) -> Result<()>;

    /// Moves a file within the store, durably.
    ///
    /// # Errors
    /// What the medium says.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Removes a file; no error if there is none.
    ///
    /// # Errors
    /// What the medium says.
    fn remove(&self, path: &str) -> Result<()>;

    /// Takes the writer's lock until the guard is dropped.
    ///
    /// # Errors
    /// [`crate::Error::Locked`] if another process holds it.
    fn lock(&self, holder: &str) -> Result<Box<dyn Send + Sync>>;

    /// Where the folder lies on a local disk, for the catalog; none for media in memory.
    fn local_path(&self) -> Option<PathBuf>;

    /// What to call the store in messages.
    fn name(&self) -> String;
}

/// Bytes of the smallest block that a medium writes whole.
const BLOCK: u64 = 512;

/// May a power cut have left a part of a file so that was appended and not synced yet: with a block that
/// did not come, although a later one did? Such a block reads as zeros. Of what was never written that
/// way only a part that is zeros anyway looks alike.
pub(crate) fn has_lost_block(bytes: &[u8], part: &Range<u64>) -> bool {
    let mut from = part.start;
    while from < part.end {
        let end = part.end.min((from / BLOCK + 1) * BLOCK);
        let inside = usize::try_from(from).ok().zip(usize::try_from(end).ok());
        let inside = inside.and_then(|(from, end)| bytes.get(from..end));
        if inside.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)) {
            return true;
        }
        from = end;
    }
    false
}
