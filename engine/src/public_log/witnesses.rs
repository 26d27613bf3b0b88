//! `checkpoints/witnesses`: the keys of witnesses whose signatures are kept, so that each can be checked again
//! whenever the store is (docs/format.md, section 21).
//!
//! A key's id is in its signature lines and made of name and key, so that a line here that was changed is no
//! key, or that of nobody who signed. Whoever writes the store can put another key and another signature
//! here: what a witness is known by is what its operator told, and not this file.

use super::alone::alone;
use crate::error::{Error, Result};
use crate::storage::Storage;
use lineal_proof::tlog::{SignatureKind, VerifierKey};

/// The file: one key a line, as `lineal checkpoint --witness-key` takes it.
pub(crate) const WITNESSES: &str = "checkpoints/witnesses";

/// The keys in the file.
#[derive(Default)]
pub(crate) struct Witnesses {
    pub(crate) keys: Vec<VerifierKey>,
    /// Where a line begins that is no key of a witness, and why.
    pub(crate) unread: Vec<(u64, String)>,
}

impl Witnesses {
    /// Those that a store knows.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn known(storage: &dyn Storage) -> Result<Witnesses> {
        Ok(storage.read(WITNESSES)?.map(|bytes| Witnesses::of(&bytes)).unwrap_or_default())
    }

    /// Reads the file's bytes.
    pub(crate) fn of(bytes: &[u8]) -> Witnesses {
        let mut found = Witnesses::default();
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match read(line) {
                Ok(key) => found.keys.push(key),
                Err(why) => found.unread.push((at, why)),
            }
            at += line.len() as u64;
        }
        found
    }

    /// Refuses a file that does not read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the first line that is no key.
    pub(crate) fn check(bytes: &[u8]) -> Result<()> {
        match Witnesses::of(bytes).unread.into_iter().next() {
            Some((at, why)) => Err(Error::corrupt(WITNESSES, at, why)),
            None => Ok(()),
        }
    }
}

fn read(line: &[u8]) -> std::result::Result<VerifierKey, String> {
    let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
    let text = text.ok_or("each line is the key of a witness, and ends with a line end")?;
    let key = VerifierKey::parse(text).map_err(|why| why.to_string())?;
    let is_as_written = key.kind() == SignatureKind::Cosignature && key.to_string() == text;
    if is_as_written { Ok(key) } else { Err("each line is the key of a witness".to_owned()) }
}

/// Keeps a key, once.
pub(super) fn keep(storage: &dyn Storage, key: &VerifierKey) -> Result<()> {
    let _alone = alone(storage)?;
    let known = storage.read(WITNESSES)?;
    let mut bytes = known.as_deref().unwrap_or_default().to_vec();
    if Witnesses::of(&bytes).keys.contains(key) {
        return Ok(());
    }
    // A line that was cut short stays what it is, and is told.
    if bytes.last().is_some_and(|byte| *byte != b'\n') {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(format!("{key}\n").as_bytes());
    storage.put(WITNESSES, &bytes, false)
}
