//! The list of a copy, `backup.sha256`: what it holds, with digests, as `sha256sum -c` reads it
//! (docs/format.md, section 20).

use super::BACKUP_LIST;
use crate::clock::utc_text;
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::storage::Storage;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What stands before the store's id.
const STORE: &str = "# store ";

/// A list that was read.
pub(crate) struct List {
    /// The store that it is of, in hexadecimal; none if it does not say so.
    pub(crate) store: Option<String>,
    /// Each file but the list itself, with its SHA-256.
    pub(crate) files: BTreeMap<String, [u8; 32]>,
}

/// The text of a list: the files in the order in which they are given, then `head`.
pub(crate) fn text<'a>(
    head: &Head,
    recorded: i64,
    files: impl Iterator<Item = (&'a str, [u8; 32])>,
) -> String {
    let mut text = format!(
        "# lineal backup 1\n{STORE}{}\n# commit {} {} recorded {}\n# without keys\n",
        HEXLOWER.encode(&head.store),
        head.commit,
        HEXLOWER.encode(&head.commit_id.0),
        utc_text(recorded),
    );
    let own: [u8; 32] = Sha256::digest(head.to_bytes()).into();
    for (path, digest) in files.chain([(HEAD, own)]) {
        text.push_str(&format!("{}  {path}\n", HEXLOWER.encode(&digest)));
    }
    text
}

impl List {
    /// The list of a folder; none if it has none.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not in its form, or what the medium says.
    pub(crate) fn of(storage: &dyn Storage) -> Result<Option<List>> {
        storage.read(BACKUP_LIST)?.map(|bytes| List::read(&bytes)).transpose()
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn read(bytes: &[u8]) -> Result<List> {
        let fail = |rule: &str| Err(Error::corrupt(BACKUP_LIST, 0, rule));
        let Ok(text) = std::str::from_utf8(bytes) else { return fail("the list is text") };
        let mut list = List { store: None, files: BTreeMap::new() };
        for line in text.lines() {
            if let Some(store) = line.strip_prefix(STORE) {
                list.store = Some(store.to_owned());
            }
            if line.starts_with('#') {
                continue;
            }
            let Some((digest, path)) = line.split_once("  ") else {
                return fail("a line is a digest and a path");
            };
            let digest = HEXLOWER.decode(digest.as_bytes()).ok();
            let Some(digest) = digest.and_then(|bytes| bytes.try_into().ok()) else {
                return fail("a digest is 64 hexadecimal digits");
            };
            if list.files.insert(path.to_owned(), digest).is_some() {
                return fail("the list names each file once");
            }
        }
        Ok(list)
    }
}
