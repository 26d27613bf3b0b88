//! The journals as anybody may copy them beside the writer.
//!
//! Whoever appends may be in the middle of a frame, and a file may be sealed and removed at any moment:
//! what counts is the whole frames of the files that are there (docs/format.md, sections 19 and 20).

use super::{FOLDERS, check, open};
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::Storage;

/// The whole frames of all files of both journals, with their paths. Of what is not there any more
/// `head` names the commit, if it is read after this.
///
/// # Errors
/// [`Error::Corrupt`] or [`Error::Record`] if what was acknowledged is damaged, or what the medium says.
pub(crate) fn copied(storage: &dyn Storage, store: &[u8; 16]) -> Result<Vec<(String, Bytes)>> {
    let mut copied = Vec::new();
    for folder in FOLDERS {
        let numbers = open::numbers(storage, folder)?;
        let newest = numbers.last().copied();
        for number in numbers {
            let path = open::path(folder, number);
            let Some(bytes) = storage.read(&path)? else { continue };
            let length = match check(&path, &bytes, store)?.1 {
                Some(torn) if torn.was_durable || newest != Some(number) => {
                    return Err(Error::corrupt(path, torn.at, torn.rule));
                }
                // It is being written, or a crash left it.
                Some(torn) => torn.at,
                None => bytes.len() as u64,
            };
            drop(bytes);
            // Only what is whole is looked at, of which nobody cuts anything.
            if let Some(bytes) = storage.read_first(&path, length)? {
                copied.push((path, bytes));
            }
        }
    }
    Ok(copied)
}
