//! The journals as anybody may read them beside the writer: for copies, and to check them.
//!
//! Whoever appends may be in the middle of a frame, and a file may be sealed and removed at any moment:
//! what counts is the whole frames of the files that are there (docs/format.md, sections 19 and 20).

use super::open;
use super::{INTAKE, TRAIL};
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::Storage;

/// A file of a journal, as far as it is whole.
pub(crate) struct Beside {
    pub(crate) path: String,
    /// Entries that were taken and are not removed yet: they wait to be sealed, or were just now.
    pub(crate) entries: u64,
    /// Bytes up to the end of the last whole frame.
    pub(crate) length: u64,
    /// Is there more, which is no whole frame? It is being written, or a crash left it.
    pub(crate) torn: bool,
}

/// The folders of both journals.
pub(crate) const FOLDERS: [&str; 2] = [INTAKE, TRAIL];

/// The files of one journal, each with what is wrong with it if anything is. One that is removed
/// meanwhile is left out: `head` names its commit by then.
///
/// # Errors
/// What the medium says.
pub(crate) fn files(
    storage: &dyn Storage,
    store: &[u8; 16],
    folder: &str,
) -> Result<Vec<(String, Result<Beside>)>> {
    let numbers = open::numbers(storage, folder)?;
    let newest = numbers.last().copied();
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let path = open::path(folder, number);
        let read = match open::read_file(storage, store, &path, number) {
            Ok(None) => continue,
            Ok(Some(read)) => whole(&path, &read, newest == Some(number)),
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => Err(error),
        };
        found.push((path, read));
    }
    Ok(found)
}

/// What of a file is whole; damage where it was durable.
fn whole(path: &str, read: &open::Read, is_newest: bool) -> Result<Beside> {
    let entries = read.requests.iter().map(|request| request.entries.len() as u64).sum();
    let (length, torn) = match &read.torn {
        Some(torn) if !is_newest || torn.was_durable => {
            return Err(Error::corrupt(path, torn.at, torn.rule));
        }
        Some(torn) => (torn.at, true),
        None => (read.length, false),
    };
    Ok(Beside { path: path.to_owned(), entries, length, torn })
}

/// The whole frames of all files of both journals, to be copied. They are read in the order in which
/// a writer removes: `head`, if it is read after this, names the commit of what was gone.
///
/// # Errors
/// [`Error::Corrupt`] if what was acknowledged is damaged, or what the medium says.
pub(crate) fn copied(storage: &dyn Storage, store: &[u8; 16]) -> Result<Vec<(String, Bytes)>> {
    let mut copied = Vec::new();
    for folder in FOLDERS {
        for (_, file) in files(storage, store, folder)? {
            let file = file?;
            // Only what is whole is looked at, of which nobody cuts anything.
            if let Some(bytes) = storage.read_first(&file.path, file.length)? {
                copied.push((file.path, bytes));
            }
        }
    }
    Ok(copied)
}
