//! Keys, seeds and sealed values, as far as they are here.

use super::erased;
use super::own_keys;
use super::records::BatchRecord;
use super::segments::Log;
use super::{Code, Depth, Report, Steps, What};
use crate::error::{Error, Result};
use crate::keys::{KEY_FILES, Keys, SEEDS};
use crate::sealed::{REGISTER, Register};
use crate::segment::segment_path;
use crate::storage::Storage;
use lineal_proof::{Hash, Value};

/// The key under which what is looked up by value is checked.
const INDEX: &str = "keys/index.key";

/// Checks the secrets; gives the seeds, for the batches, where they can be read.
pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    what: &What,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<Option<Keys>> {
    steps.add(KEY_FILES.len() + 2);
    for name in KEY_FILES {
        let path = format!("keys/{name}.key");
        match Keys::check_file(storage, name) {
            Ok(true) => {}
            Ok(false) => {
                if path == INDEX {
                    report.keys_missing.push(path.clone());
                }
                report.note(format!("{path} is not here"));
            }
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => {
                let lost = "what needs this key; put it back from its backup";
                report.error(Code::KeyDamaged, &path, &error, lost);
            }
        }
        steps.done(&path)?;
    }
    let (keys, torn) = seeds(storage, report)?;
    steps.done(SEEDS)?;
    sealed(storage, log, keys.as_ref(), what, report)?;
    own_keys::check(storage, log, keys.as_ref(), report)?;
    steps.done(REGISTER)?;
    if let Some(keys) = &keys {
        let closed = closed_values(storage, log, keys, what)?;
        torn_frames(log, keys, &torn, closed > 0, what, report);
        if closed > 0 && torn.is_empty() {
            let rule =
                "it holds the key of each sealed value that a record names and nobody erased";
            let lost = format!(
                "{closed} sealed values, which no key here opens; put it back from its backup"
            );
            report.fault(Code::SeedsDamaged, SEEDS, 0, rule, lost);
        }
    }
    Ok(keys)
}

/// How many values that records name, that nobody erased and that the register holds have no key although seeds
/// are here: what was cut off, or a file of before.
fn closed_values(storage: &dyn Storage, log: &Log, keys: &Keys, what: &What) -> Result<usize> {
    if what.depth == Depth::Fast || storage.read(REGISTER)?.is_none() {
        return Ok(0);
    }
    let register = match Register::open(storage, &log.store.unwrap_or_default()) {
        Ok(register) => register,
        Err(error @ Error::Io { .. }) => return Err(error),
        // That is told where its values are looked at.
        Err(_) => return Ok(0),
    };
    let is_closed = |commitment: &&Hash| {
        !log.erased.has_value(commitment)
            && !log.later.has_value(commitment)
            && register.holds(commitment)
            && register.check(keys, commitment).is_none()
    };
    Ok(log.sealed.keys().filter(is_closed).count())
}

/// Frames that do not read, at the end or in a block that was lost before others that were not: a
/// power cut leaves them of a transaction that was never committed (docs/format.md, section 8), and so
/// does damage of one that was. Which of the two it is, what needs them tells.
fn torn_frames(
    log: &Log,
    keys: &Keys,
    torn: &[u64],
    is_lacking: bool,
    what: &What,
    report: &mut Report,
) {
    let Some(first) = torn.first() else { return };
    let has_seed = |(id, batch): (&Hash, &BatchRecord)| {
        let seed = batch.revision.fields.get("seed").and_then(Value::as_bytes);
        let was_erased = log.erased.batches.contains_key(id);
        // What of its salts is lacking is told where its rows are looked at.
        let is_split = keys.unseeded_since(id).is_some();
        was_erased || is_split || keys.batch_seed(seed.unwrap_or_default()).is_some()
    };
    if what.depth != Depth::Fast
        && (is_lacking || report.sealed_without_key > 0 || !log.batches.iter().all(has_seed))
    {
        let rule = "the frames from here on read, unless a crash tore them";
        let lost = "the seeds in those that do not, which records need; the others are read";
        for at in torn {
            report.fault(Code::SeedsDamaged, SEEDS, *at, rule, lost);
        }
    } else {
        let told = told_of_torn(what);
        report.note(format!("{SEEDS}: frames from byte {first} on do not read; {told}"));
    }
}

/// What is said of what does not read and no record that was looked at needs.
fn told_of_torn(what: &What) -> &'static str {
    match what.depth {
        Depth::Fast => "whether a crash left them is told without --fast",
        Depth::Bytes | Depth::Full => "no record needs them: a crash left them",
    }
}

/// The seeds, and where whole frames do not read that a crash may have left.
fn seeds(storage: &dyn Storage, report: &mut Report) -> Result<(Option<Keys>, Vec<u64>)> {
    if storage.read(SEEDS)?.is_none() {
        report.keys_missing.push(SEEDS.to_owned());
        report.note("keys/seeds is not here: roots of batches and sealed values are not checked");
        return Ok((None, Vec::new()));
    }
    let keys = match Keys::open_seeds(storage)
        .and_then(|keys| keys.with_index_key(storage))
        .and_then(|keys| keys.with_actor_key(storage))
    {
        Ok(keys) => keys,
        Err(error @ Error::Io { .. }) => return Err(error),
        Err(error) => {
            let lost = "every seed: sealed values stay closed and rows cannot be proved; records and \
                        rows read";
            report.error(Code::SeedsDamaged, SEEDS, &error, lost);
            return Ok((None, Vec::new()));
        }
    };
    let mut torn = Vec::new();
    for (at, may_be_torn) in keys.damaged_seeds() {
        if may_be_torn {
            torn.push(at);
            continue;
        }
        let rule = "a frame of seeds has its crc32c and opens under the file key";
        report.fault(Code::SeedsDamaged, SEEDS, at, rule, "one seed; the others are read");
    }
    // A whole frame or a part of one: a crash leaves both, and so does who cuts the file.
    torn.extend(keys.torn_seeds(storage)?.map(|(at, _)| at));
    Ok((Some(keys), torn))
}

fn sealed(
    storage: &dyn Storage,
    log: &Log,
    keys: Option<&Keys>,
    what: &What,
    report: &mut Report,
) -> Result<()> {
    let lost = "the values in it; their commitments stand in the records";
    let Some(bytes) = storage.read(REGISTER)? else {
        erased::check(storage, log, keys, None, report)?;
        let lost = log.sealed.keys().filter(|commitment| !log.erased.has_value(commitment)).count();
        if lost > 0 {
            let rule = "it is there, since records commit to values that it holds";
            let lost = format!("{lost} sealed values; their commitments stand in the records");
            report.fault(Code::SealedMissing, REGISTER, 0, rule, lost);
        }
        return Ok(());
    };
    let store = log.store.unwrap_or_default();
    let register = match Register::open(storage, &store) {
        Ok(register) => register,
        Err(error @ Error::Io { .. }) => return Err(error),
        Err(error) => {
            report.error(Code::SealedDamaged, REGISTER, &error, lost);
            Register::over(bytes.clone(), &store)
        }
    };
    let is_missing =
        |commitment: &Hash| !register.holds(commitment) && !log.erased.has_value(commitment);
    let lacks_none = !log.sealed.iter().any(|(commitment, _)| is_missing(commitment));
    for (at, may_be_torn) in register.damaged() {
        if may_be_torn && lacks_none {
            let told = told_of_torn(what);
            report.note(format!("{REGISTER}: frames from byte {at} on do not read; {told}"));
            continue;
        }
        let rule = "a frame has its crc32c, its id and the form of a sealed record";
        let lost = "the values up to the next whole frame";
        report.fault(Code::SealedDamaged, REGISTER, at, rule, lost);
    }
    if register.length() < bytes.len() as u64 {
        report
            .note(format!("{REGISTER}: what follows byte {} is no whole frame", register.length()));
    }
    // Without opening the values only their frames are told to be whole.
    let opened = what.depth != Depth::Fast;
    for entry in register.entries().filter(|_| opened) {
        match keys.map(|keys| register.check(keys, &entry.commitment)) {
            None | Some(None) => report.sealed_without_key += 1,
            Some(Some(true)) => report.sealed += 1,
            // Its key went since, and what was said later has another.
            Some(Some(false)) if log.later.has_value(&entry.commitment) => {
                report.sealed_without_key += 1;
            }
            Some(Some(false)) => {
                let rule = format!("the value of {} fits its commitment", entry.commitment.short());
                let lost = "this value; its commitment stands";
                report.fault(Code::SealedValue, REGISTER, 0, rule, lost);
            }
        }
    }
    erased::check(storage, log, keys, Some(&register), report)?;
    for (commitment, at) in &log.sealed {
        if is_missing(commitment) {
            let rule = format!("the register holds what {} commits to", commitment.short());
            let file = segment_path(at.segment);
            let lost = "this sealed value; the record reads";
            report.fault(Code::SealedMissing, &file, at.offset, rule, lost);
        }
    }
    Ok(())
}
