//! Keys are held to what the log needs of them before a file of keys takes them: one of keys that are damaged,
//! lost or another store's must not take the place of the only good one.

use super::CopiedKeys;
use super::keys::SIGNING;
use crate::error::{Error, Result};
use crate::keys::{KEY_FILES, Keys, NEXT_KEY_FILE, SEEDS, SEEDS_HEADER};
use crate::ledger::Ledger;
use crate::public_log::LogIdentity;
use crate::sealed::Register;
use crate::store::lacking::Lacking;
use lineal_proof::record::Sealed;
use std::collections::BTreeSet;

/// The key files that every store has from its first day; of the one that signs a signer may keep the only
/// copy elsewhere.
const NEEDED: [&str; 2] = ["actor", "index"];

fn unfit(file: impl Into<String>, why: impl Into<String>) -> Error {
    Error::KeysUnfit { file: file.into(), why: why.into() }
}

/// What a file says that does not read, as a reason.
fn reason(error: Error) -> Error {
    match error {
        Error::Corrupt { file, at, rule } => {
            unfit(file, format!("it is damaged at byte {at}; what must hold and does not: {rule}"))
        }
        other => other,
    }
}

/// How many values nobody erased and do not open although a key of their subject is here: it was made anew
/// behind an erasure that this log does not name, or is another store's.
fn closed_values(keys: &Keys, ledger: &Ledger, register: &Register) -> u64 {
    let erased = ledger.erased_values();
    let is_closed = |entry: &&Sealed| {
        !erased.contains(&entry.commitment)
            && register.check(keys, &entry.commitment) == Some(false)
    };
    register.entries().filter(is_closed).count() as u64
}

impl CopiedKeys {
    /// Checks each key as `verify` does, and that none is missing which the log as of this ledger needs.
    ///
    /// # Errors
    /// [`Error::KeysUnfit`] with the first that does not fit.
    pub(super) fn need_fit(
        &self,
        ledger: &Ledger,
        identity: Option<&LogIdentity>,
        register: &Register,
    ) -> Result<()> {
        for name in KEY_FILES.iter().chain([&NEXT_KEY_FILE]) {
            let path = format!("keys/{name}.key");
            match self.file(&path) {
                Some(bytes) => drop(Keys::check_bytes(name, bytes).map_err(reason)?),
                None if NEEDED.contains(name) => return Err(unfit(path, "it is not here")),
                None => {}
            }
        }
        self.need_signer(identity)?;
        self.need_seeds(ledger, register)
    }

    /// The key that signs, where it is here, is the one that the log names.
    fn need_signer(&self, identity: Option<&LogIdentity>) -> Result<()> {
        let (Some(identity), true) = (identity, self.sign()) else { return Ok(()) };
        for name in [KEY_FILES[0], NEXT_KEY_FILE] {
            let bytes = self.file(&format!("keys/{name}.key"));
            let secret = bytes.map(|bytes| Keys::check_bytes(name, bytes)).transpose()?;
            if secret.is_some_and(|secret| identity.is_signed_with(&secret)) {
                return Ok(());
            }
        }
        let named = identity.signing();
        Err(unfit(SIGNING, format!("it is not the key that the log names ({named})")))
    }

    /// The frames of seeds read, and there is one for each batch and each sealed value. What a crash tore is
    /// no damage as long as nothing needs it.
    fn need_seeds(&self, ledger: &Ledger, register: &Register) -> Result<()> {
        let keys = Keys::of_seeds(self.file(SEEDS).cloned()).map_err(reason)?;
        if !keys.has_seeds() {
            return Err(unfit(SEEDS, "it is not here"));
        }
        if let Some((at, _)) = keys.damaged_seeds().find(|(_, may_be_torn)| !may_be_torn) {
            let rule = "a frame of seeds has its crc32c and opens under the file key";
            return Err(reason(Error::corrupt(SEEDS, at, rule)));
        }
        let mut lacking = Lacking::of(&keys, (ledger, register), (&|_| false, &|_| Vec::new()));
        lacking.values += closed_values(&keys, ledger, register);
        if lacking.is_none() {
            return Ok(());
        }
        let cause = match keys.may_lack_seeds() {
            true => "frames at its end do not read",
            false if lacking.cut > 0 => "it is of a later state of the store, which erased that",
            false => {
                "it is older than the store, of a later state that erased that, or another store's"
            }
        };
        Err(unfit(SEEDS, format!("it lacks {lacking}, which nobody erased: {cause}")))
    }

    /// Keys of a file that these are to replace are among these. Each erasure writes the seeds anew under another
    /// key: then those of before are to be gone.
    pub(super) fn need_all_of(&self, there: &CopiedKeys) -> Result<()> {
        let names = there.files.iter().map(|(path, _)| path);
        let next = format!("keys/{NEXT_KEY_FILE}.key");
        if let Some(lost) =
            names.into_iter().find(|path| **path != next && self.file(path).is_none())
        {
            return Err(unfit(lost, "it is in the file of keys, and no longer in the store"));
        }
        for name in NEEDED {
            let path = format!("keys/{name}.key");
            if there
                .file(&path)
                .is_some_and(|before| self.file(&path).is_none_or(|now| now[..] != before[..]))
            {
                return Err(unfit(
                    path,
                    "it is not the one of the file of keys, and never changes",
                ));
            }
        }
        let (Some(before), Some(now)) = (there.file(SEEDS), self.file(SEEDS)) else {
            return Ok(());
        };
        if before.get(..SEEDS_HEADER) != now.get(..SEEDS_HEADER) {
            return Ok(());
        }
        let known = |bytes: &crate::mapping::Bytes| -> Result<BTreeSet<(u8, [u8; 32])>> {
            let keys = Keys::of_seeds(Some(bytes.clone()))?;
            Ok(keys.known_seeds().map(|(kind, id)| (kind as u8, id)).collect())
        };
        // Those of the file may be of no use to anybody, and are then no reason.
        let Ok(before) = known(before) else { return Ok(()) };
        match before.difference(&known(now)?).count() {
            0 => Ok(()),
            lost => Err(unfit(
                SEEDS,
                format!(
                    "it lacks {lost} seeds that are in the file of keys, and nothing was erased"
                ),
            )),
        }
    }
}
