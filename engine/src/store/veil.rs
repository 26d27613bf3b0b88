//! What waits in the trail's journal to be sealed, unreadable without the store's key for seeds.
//!
//! Until an entry of the trail is committed, the question and the parameters in it stand in a journal,
//! where they must be no more legible than they will be in the sealed register.

use super::Store;
use crate::error::{Error, Result};

impl Store {
    /// Bytes that only a holder of the store's keys can read again. `name` must be another one for
    /// each: it decides, with the bytes, the nonce.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the seeds.
    pub fn veil(&self, name: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
        self.secrets().keys.veil(name, bytes)
    }

    /// Reads again what [`Store::veil`] made under this name.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the seeds; [`Error::Corrupt`] if the bytes are not of that name.
    pub fn unveil(&self, name: &[u8], veiled: &[u8]) -> Result<Vec<u8>> {
        let rule = "what waits to be sealed opens under the store's keys";
        self.secrets().keys.unveil(name, veiled)?.ok_or_else(|| Error::corrupt("trail", 0, rule))
    }
}
