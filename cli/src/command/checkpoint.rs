//! `lineal checkpoint`: a signed statement of which commits there are, for strangers to hold on to.

mod there;
mod timestamp;
pub(super) mod witness;

use crate::args::{Arguments, Checkpoint};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::counted;
use crate::time::{Zone, rfc3339};
use lineal_engine::public_log::{KeptCheckpoint, LogIdentity, Worth};
use lineal_engine::{Error, Store};
use lineal_evidence::timestamp::Roots;
use lineal_proof::timestamp::Timestamp;
use lineal_proof::tlog::{SignedCheckpoint, TreeHash};
use serde_json::{Value as Json, json};
use std::io::Write;

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

pub(super) fn run(arguments: &Arguments, wanted: &Checkpoint) -> Outcome {
    if wanted.witness.len() != wanted.witness_key.len() {
        return Err(Failure::usage(
            "each --witness URL needs its --witness-key KEY, in the same order: its signature is worth what you know of the key",
        ));
    }
    let takes_roots = wanted.list || wanted.timestamp.is_some() || wanted.timestamp_reply.is_some();
    if wanted.timestamp_ca.is_some() && !takes_roots {
        return Err(Failure::usage(
            "--timestamp-ca goes with --timestamp, --timestamp-reply or --list: which stamps are to be checked?",
        ));
    }
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    if wanted.rotate_key {
        return rotate(arguments, wanted);
    }
    let roots = timestamp::roots(wanted.timestamp_ca.as_deref())?;
    if wanted.list {
        return list(arguments, roots.as_ref());
    }
    if let Some(range) = &wanted.consistency {
        return consistency(arguments, range);
    }
    if let Some(reply) = &wanted.timestamp_reply {
        return timestamp::keep(arguments, wanted.size, reply, roots.as_ref());
    }
    let (store, size) = meant(arguments, wanted)?;
    if let Some(number) = wanted.proof {
        return proof(arguments, wanted, &store, number, size);
    }
    if let Some(file) = &wanted.timestamp_request {
        return timestamp::request(arguments, &store, size, file);
    }
    for (url, key) in wanted.witness.iter().zip(&wanted.witness_key) {
        witness::ask(arguments, &store, size, url, key).map_err(kept)?;
    }
    if let Some(url) = &wanted.timestamp {
        timestamp::ask(arguments, &store, size, url, roots.as_ref()).map_err(kept)?;
    }
    print(arguments, &store, size)?;
    Ok(Exit::Answer)
}

/// Says of somebody who could not be reached that what they were to sign is there.
fn kept(failure: Failure) -> Failure {
    match failure {
        Failure::Remote { message, exit: Exit::Partial } => {
            let message =
                format!("{message}; the checkpoint is kept, ask again with the same command");
            Failure::Remote { message, exit: Exit::Partial }
        }
        other => other,
    }
}

/// The store, and the size of the checkpoint that is meant: a kept one, or one that is made now.
fn meant(arguments: &Arguments, wanted: &Checkpoint) -> Outcome<(Store, u64)> {
    let store = place::open_read_only(arguments)?;
    if let Some(size) = wanted.size {
        store.kept_checkpoint(size)?;
        return Ok((store, size));
    }
    // A proof of what an earlier checkpoint covers needs no new one.
    if let Some(number) = wanted.proof
        && let Some(newest) = store.checkpoint_sizes()?.pop()
        && newest >= number
    {
        return Ok((store, newest));
    }
    let store = if store.log_identity()?.is_some() {
        // Signing what is there needs no writer: a server may go on writing meanwhile.
        store.record_log(wanted.origin.as_deref(), None)?;
        store
    } else {
        drop(store);
        let store = place::open_noted(arguments, "checkpoint")?;
        let actor = wanted.actor.as_ref().map(|login| store.person_key(login)).transpose()?;
        store.record_log(wanted.origin.as_deref(), actor)?;
        store.write_indexes()?;
        store
    };
    let size = store.checkpoint()?.checkpoint.size;
    Ok((store, size))
}

fn identity(store: &Store) -> Outcome<LogIdentity> {
    Ok(store.log_identity()?.ok_or(Error::NoLog)?)
}

fn rotate(arguments: &Arguments, wanted: &Checkpoint) -> Outcome {
    let store = place::open_noted(arguments, "checkpoint")?;
    let actor = wanted.actor.as_ref().map(|login| store.person_key(login)).transpose()?;
    let made = store.rotate_log_key(wanted.compromised, wanted.reason.as_deref(), actor)?;
    store.write_indexes()?;
    print(arguments, &store, made.checkpoint.size)?;
    if !arguments.json {
        let then = if wanted.compromised {
            "nothing that the former key signed counts any more: have the checkpoint witnessed and stamped anew"
        } else {
            "the former key signs nothing more; what it signed stands"
        };
        writeln!(std::io::stderr(), "{then}\n  tell whoever checks this log the new key")?;
    }
    Ok(Exit::Answer)
}

fn print(arguments: &Arguments, store: &Store, size: u64) -> Outcome<()> {
    let kept = store.kept_checkpoint(size)?;
    let identity = identity(store)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let mut object = told(&kept, Some(&identity), None);
        object["key"] = json!(key_of(&identity, &kept.note));
        let keys = identity.keys.iter().map(|key| {
            json!({ "key": key.key.to_string(), "state": key.state.name(), "reason": key.reason })
        });
        object["keys"] = keys.collect();
        return Ok(writeln!(out, "{object}")?);
    }
    write!(out, "{}", kept.note)?;
    out.flush()?;
    let mut err = std::io::stderr().lock();
    writeln!(err, "{}, kept in checkpoints/{size:012}.note", counted(size, "commit"))?;
    tell_key(&mut err, &identity, &kept.note)
}

/// Tells whoever checks a checkpoint the key that signed it, and where that is not the one of today, both.
fn tell_key(err: &mut impl Write, identity: &LogIdentity, note: &SignedCheckpoint) -> Outcome<()> {
    match identity.signer_of(note) {
        Some((key, Worth::Signs)) => {
            return Ok(writeln!(err, "  the log's key, for whoever checks it: {}", key.key)?);
        }
        Some((key, Worth::Replaced)) => writeln!(
            err,
            "  the key that signed it, for whoever checks it: {}; commit {} replaced it, and what it signed before stands",
            key.key,
            key.until.unwrap_or_default()
        )?,
        Some((key, _)) => writeln!(err, "  the key that signed it: {}", key.key)?,
        None => {}
    }
    if let Some(why) = void(Some(identity), note) {
        writeln!(err, "  {why}")?;
    }
    Ok(writeln!(err, "  the log's key of today: {}", identity.signing())?)
}

/// The key that signed a checkpoint: the best of those that did; none if it was no key of the log.
fn key_of(identity: &LogIdentity, note: &SignedCheckpoint) -> Option<String> {
    identity.signer_of(note).map(|(key, _)| key.key.to_string())
}

/// What the signature of a checkpoint is worth, if a key of the log signed it.
fn signer(identity: Option<&LogIdentity>, note: &SignedCheckpoint) -> Option<Worth> {
    identity?.signer_of(note).map(|(_, worth)| worth)
}

/// Why the signature of a checkpoint counts for nothing, if it does.
fn void(identity: Option<&LogIdentity>, note: &SignedCheckpoint) -> Option<String> {
    let by = match identity.and_then(|identity| identity.signer_of(note)) {
        Some((_, worth)) if worth.counts() => return None,
        Some((_, Worth::Revoked)) => "a revoked key".to_owned(),
        Some((key, _)) => {
            format!("a key that commit {} had replaced", key.until.unwrap_or_default())
        }
        None => "no key of this log".to_owned(),
    };
    Some(format!("signed by {by}: it counts for nothing"))
}

/// A checkpoint and who vouched for it, for programs.
fn told(kept: &KeptCheckpoint, identity: Option<&LogIdentity>, roots: Option<&Roots>) -> Json {
    let said = &kept.note.checkpoint;
    json!({
        "origin": said.origin, "size": said.size, "root": said.root.to_string(),
        "key_state": signer(identity, &kept.note).map(Worth::name),
        "note": kept.note.to_string(),
        "signatures": kept.note.note.signatures().iter().map(|line| {
            json!({ "name": line.name, "key_id": format!("{:08x}", line.id) })
        }).collect::<Json>(),
        "timestamps": stamps(kept).map(|(reply, stamp)| {
            let until = stamp.certificates_end().map(|until| rfc3339(until.saturating_mul(SECOND_NS)));
            let mut told = json!({ "time": rfc3339(stamp.time().saturating_mul(SECOND_NS)), "renew_by": until });
            if let Some(roots) = roots {
                let led = timestamp::issuer(reply, roots);
                told["is_led_to_root"] = json!(led.is_ok());
                told["signer_sha256"] = json!(led.as_ref().ok());
                told["why_not"] = json!(led.err());
            } else if let Some(why) = timestamp::forged(reply) {
                told["why_not"] = json!(why.to_string());
            }
            told
        }).collect::<Json>(),
    })
}

/// The stamps of a checkpoint that are of its text, each with the answer that it came in.
fn stamps(kept: &KeptCheckpoint) -> impl Iterator<Item = (&[u8], Timestamp)> {
    let read = kept
        .timestamps
        .iter()
        .filter_map(|reply| Some((&reply[..], Timestamp::parse(reply).ok()?)));
    let text = kept.note.note.text();
    read.filter(move |(_, stamp)| stamp.covers(text.as_bytes()).is_ok())
}

/// All that are kept. The code is 1 where the signature of a stamp is wrong, and with roots where one does not
/// lead to one of them.
fn list(arguments: &Arguments, roots: Option<&Roots>) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let zone = Zone::parse(&arguments.tz)?;
    let kept = store.checkpoint_sizes()?.into_iter().map(|size| store.kept_checkpoint(size));
    let kept: Vec<KeptCheckpoint> = kept.collect::<Result<_, _>>()?;
    let is_refused = |reply: &[u8]| match roots {
        Some(roots) => timestamp::issuer(reply, roots).is_err(),
        None => timestamp::forged(reply).is_some(),
    };
    let is_any_refused = kept.iter().flat_map(stamps).any(|(reply, _)| is_refused(reply));
    let exit = if is_any_refused { Exit::No } else { Exit::Answer };
    let identity = store.log_identity()?;
    exit.after(print_kept(arguments, (&kept, identity.as_ref()), roots, &zone))
}

fn print_kept(
    arguments: &Arguments,
    (kept, identity): (&[KeptCheckpoint], Option<&LogIdentity>),
    roots: Option<&Roots>,
    zone: &Zone,
) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let all: Json = kept.iter().map(|one| told(one, identity, roots)).collect();
        return Ok(writeln!(out, "{}", json!({ "checkpoints": all }))?);
    }
    for one in kept {
        let said = &one.note.checkpoint;
        write!(out, "{:>8}  {}", said.size, said.root)?;
        let others = one.note.note.signatures().iter().filter(|line| line.name != said.origin);
        for line in others {
            write!(out, "  witness {}", line.name)?;
        }
        let mut refused = Vec::new();
        for (reply, stamp) in stamps(one) {
            write!(out, "  stamped {}", zone.time(stamp.time().saturating_mul(SECOND_NS)))?;
            match roots.map(|roots| timestamp::issuer(reply, roots)) {
                Some(Ok(_)) => write!(out, " by a trusted authority")?,
                Some(Err(why)) => {
                    write!(out, " (not by whom you trust)")?;
                    refused.push(why);
                }
                None => {
                    if let Some(why) = timestamp::forged(reply) {
                        write!(out, " (does not count)")?;
                        refused.push(why.to_string());
                    }
                }
            }
        }
        writeln!(out)?;
        if let Some(why) = void(identity, &one.note) {
            writeln!(out, "          {why}")?;
        }
        for why in refused {
            writeln!(out, "          {why}")?;
        }
    }
    if kept.is_empty() {
        writeln!(out, "none yet: `lineal checkpoint` makes one")?;
    }
    Ok(())
}

/// The two sizes of a range.
fn sizes(range: &str) -> Outcome<(u64, u64)> {
    let sizes = range.split_once("..").and_then(|(earlier, later)| {
        Some((earlier.parse::<u64>().ok()?, later.parse::<u64>().ok()?))
    });
    sizes.filter(|(earlier, size)| 0 < *earlier && earlier <= size).ok_or_else(|| {
        Failure::usage(format!(
            "--consistency {range}: write A..B, the commits of two kept checkpoints, the smaller first (`lineal checkpoint --list`)"
        ))
    })
}

fn consistency(arguments: &Arguments, range: &str) -> Outcome {
    let (earlier, size) = sizes(range)?;
    let store = place::open_read_only(arguments)?;
    let proof = store.consistency(earlier, size)?;
    let old = store.kept_checkpoint(earlier)?.note;
    let new = store.kept_checkpoint(size)?.note;
    let identity = store.log_identity()?;
    let identity = identity.as_ref();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let hashes: Json = proof.iter().map(TreeHash::to_string).collect();
        let state = |note| signer(identity, note).map(Worth::name);
        let object = json!({
            "earlier": old.to_string(), "later": new.to_string(), "proof": hashes,
            "earlier_key_state": state(&old), "later_key_state": state(&new),
        });
        writeln!(out, "{object}")?;
        return Ok(Exit::Answer);
    }
    // As a witness is asked (C2SP tlog-witness, add-checkpoint).
    write!(out, "{}", witness::body(earlier, &proof, &new))?;
    out.flush()?;
    let root = old.checkpoint.root;
    writeln!(
        std::io::stderr(),
        "the log of {} begins with that of {earlier}, whose root was {root}",
        counted(size, "commit")
    )?;
    for (size, note) in [(earlier, &old), (size, &new)] {
        if let Some(why) = void(identity, note) {
            let commits = counted(size, "commit");
            writeln!(std::io::stderr(), "  the checkpoint of {commits} is {why}")?;
        }
    }
    Ok(Exit::Answer)
}

fn proof(
    arguments: &Arguments,
    wanted: &Checkpoint,
    store: &Store,
    number: u64,
    size: u64,
) -> Outcome {
    let proof = store.log_proof(number, size)?;
    let entry = store.commit_payload(number)?;
    if let Some(file) = &wanted.entry {
        std::fs::write(file, &entry)?;
    }
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let object = json!({
            "commit": number, "size": size, "proof": proof.to_string(),
            "entry": data_encoding::BASE64.encode(&entry),
            "key": key_of(&identity(store)?, &proof.checkpoint),
        });
        writeln!(out, "{object}")?;
    } else {
        write!(out, "{proof}")?;
    }
    Ok(Exit::Answer)
}

/// The text that is stamped and signed.
fn text(note: &SignedCheckpoint) -> &[u8] {
    note.note.text().as_bytes()
}
