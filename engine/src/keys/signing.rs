//! The key that signs checkpoints, and the one that is about to take its place (docs/format.md, sections 8
//! and 21).

use super::{key_file, read_key};
use crate::error::Result;
use crate::storage::Storage;
use crate::store::Store;

/// The number of this kind of key in its file.
const KIND: u8 = 1;
/// The key that signs.
const NAME: &str = "signing";
/// The key that will: it is there while the log is being told of it.
pub(crate) const NEXT: &str = "signing-next";

/// The secret that signs; none if the file is not here.
pub(crate) fn signing_key(storage: &dyn Storage) -> Result<Option<[u8; 32]>> {
    read_key(storage, NAME, KIND)
}

/// The secret that is about to sign; none if no key is being replaced.
pub(crate) fn next_signing_key(storage: &dyn Storage) -> Result<Option<[u8; 32]>> {
    read_key(storage, NEXT, KIND)
}

/// Makes the secret that is about to sign. One that is there already, left by a crash before the log
/// was told of it, is replaced: nothing was signed with it.
pub(crate) fn make_next_signing_key(store: &Store) -> Result<[u8; 32]> {
    // Tests make secrets from the label alone: another key for each commit.
    let secret = store.new_secret(&format!("{NEXT} {}", store.commit()));
    store.storage().put(&format!("keys/{NEXT}.key"), &key_file(KIND, &secret), true)?;
    Ok(secret)
}

/// Puts it in the place of the one that signed so far.
pub(crate) fn take_next_signing_key(storage: &dyn Storage) -> Result<()> {
    storage.rename(&format!("keys/{NEXT}.key"), &format!("keys/{NAME}.key"))
}
