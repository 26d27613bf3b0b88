//! Whole keys that are another store's: what the log says of the signing key, and what was recorded under the
//! actor key, tell. What the index key is of, batches and key runs tell (`containers.rs`, `compare.rs`).

use super::segments::Log;
use super::{Code, Report};
use crate::error::{Error, Result};
use crate::keys::{Keys, next_signing_key, signing_key};
use crate::sealed::{Persons, Register};
use crate::storage::Storage;

const SIGNING: &str = "keys/signing.key";
const ACTOR: &str = "keys/actor.key";

pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    keys: Option<&Keys>,
    report: &mut Report,
) -> Result<()> {
    signing(storage, log, report)?;
    keys.map_or(Ok(()), |keys| actor(storage, log, keys, report))
}

/// The key that signs is the one that the log named last; so is one that is about to take its place, where a
/// crash left both. A log that names none was never signed.
fn signing(storage: &dyn Storage, log: &Log, report: &mut Report) -> Result<()> {
    let Some(identity) = log.identity.as_ref().filter(|_| !log.hurt) else { return Ok(()) };
    let is_other = |secret: Result<Option<[u8; 32]>>| match secret {
        Err(error @ Error::Io { .. }) => Err(error),
        // That it does not read was told.
        Err(_) => Ok(None),
        Ok(secret) => Ok(secret.map(|secret| !identity.is_signed_with(&secret))),
    };
    if is_other(signing_key(storage))? == Some(true)
        && is_other(next_signing_key(storage))? != Some(false)
    {
        let rule =
            format!("its public half is the key that the log names ({})", identity.signing());
        let lost = "nothing that was signed: nothing new is signed until the right key is put back \
                    from its backup";
        report.fault(Code::KeyDamaged, SIGNING, 0, rule, lost);
    }
    Ok(())
}

/// Of most persons a login that is sealed gives their key, or that is worth a note. None that is sealed, or that
/// opens, tells nothing.
fn actor(storage: &dyn Storage, log: &Log, keys: &Keys, report: &mut Report) -> Result<()> {
    if log.logins.is_empty() || log.hurt || !keys.has_actor_key() {
        return Ok(());
    }
    let store = log.store.unwrap_or_default();
    // That it does not read was told.
    let Ok(register) = Register::open(storage, &store) else { return Ok(()) };
    let persons = Persons::of((&register, keys), log.logins.iter());
    if persons.are_others() {
        // Another program may key persons by what it does not seal: that is no fault.
        let Persons { fitting, opened } = persons;
        report.note(format!(
            "{ACTOR} makes the key of {fitting} of the {opened} persons whose sealed names open: it may be \
             another store's, and then nobody is found by name until the right one is put back from its \
             backup"
        ));
    }
    Ok(())
}
