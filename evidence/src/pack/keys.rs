//! `keys/` and `checkpoints/`: what signed, and what was signed.

use super::making::Making;
use super::{Error, Files};
use crate::check::time_text;
use crate::record::signers;
use data_encoding::BASE64;
use lineal_engine::public_log::LogIdentity;
use lineal_engine::schema::Kind;
use lineal_proof::timestamp::Timestamp;
use lineal_proof::tlog::{SignedCheckpoint, TreeHash, VerifierKey};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Earlier checkpoints that come along, the newest: what shows that the log only grew.
const EARLIER_MAX: usize = 32;
/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Ns of a second.
const SECOND: i64 = 1_000_000_000;

/// What the keys are.
pub(super) struct Keys {
    /// The key that signs the manifest.
    pub(super) signing: VerifierKey,
    /// The file that OpenSSL reads it from.
    pub(super) pem: String,
    /// Times of stamps on the checkpoint, ns, each with its file.
    pub(super) stamps: Vec<(i64, String)>,
}

/// Where the note of a checkpoint stands.
pub(super) fn note_path(size: u64) -> String {
    format!("checkpoints/{size:012}.note")
}

/// Where its text alone stands: what time-stamp authorities stamped.
pub(super) fn text_path(size: u64) -> String {
    format!("checkpoints/{size:012}.txt")
}

/// Adds the keys and the checkpoints.
pub(super) fn add(making: &Making<'_>, files: &mut Files) -> Result<Keys, Error> {
    let identity = making.store.log_identity()?.ok_or(lineal_engine::Error::NoLog)?;
    let signing = identity.signing().clone();
    let mut log: Vec<Json> = Vec::new();
    for key in &identity.keys {
        let name = format!("{:08x}", key.key.id());
        files.add(format!("keys/{name}.vkey"), format!("{}\n", key.key).into_bytes())?;
        files.add(pem_path(&key.key), pem(&key.key).into_bytes())?;
        log.push(json!({
            "key": key.key.to_string(), "state": key.state.name(), "reason": key.reason,
            "vkey": format!("keys/{name}.vkey"), "pem": pem_path(&key.key),
        }));
    }
    let told = json!({
        "manifest": signing.to_string(), "log": log, "approvers": approvers(making)?,
    });
    files.json("keys/keys.json", &told)?;
    let stamps = checkpoints(making, files, &identity)?;
    let pem = pem_path(&signing);
    Ok(Keys { signing, pem, stamps })
}

fn pem_path(key: &VerifierKey) -> String {
    format!("keys/{:08x}.pem", key.id())
}

/// The key as OpenSSL reads it.
fn pem(key: &VerifierKey) -> String {
    let der = [&SPKI[..], &key.public()].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der))
}

/// The keys on record of persons who stand in the closure, with how long each counts.
fn approvers(making: &Making<'_>) -> Result<Json, Error> {
    let actors: BTreeSet<&str> = making
        .closure
        .of_kind(Kind::Actor)
        .filter_map(|(_, member)| member.key.part_text(0))
        .collect();
    let all = signers(making.snapshot())?;
    let own = all.into_iter().filter(|it| it.owners.iter().any(|it| actors.contains(it.as_str())));
    let told = own.map(|key| {
        json!({
            "fingerprint": key.fingerprint, "public_key": key.public_key, "owners": key.owners,
            "revoked": key.revoked.map(time_text), "replaced_by": key.replaced_by,
        })
    });
    Ok(told.collect())
}

/// The pack's checkpoint with its stamps, and earlier ones with what shows that this one goes on from each.
fn checkpoints(
    making: &Making<'_>,
    files: &mut Files,
    identity: &LogIdentity,
) -> Result<Vec<(i64, String)>, Error> {
    let (store, size) = (making.store, making.size());
    let is_signed = |note: &SignedCheckpoint| identity.vouches_for(note);
    if !is_signed(&making.kept.note) {
        return Err(Error::Untrusted { size });
    }
    files.add(note_path(size), making.note.clone())?;
    files.add(text_path(size), making.kept.note.note.text().as_bytes().to_vec())?;
    let mut stamps = Vec::new();
    // What is no stamp of this text shows nothing: it stays out, and `lineal verify` names it.
    for (number, reply) in making.kept.timestamps.iter().enumerate() {
        if let Ok(stamp) = Timestamp::parse(reply)
            && stamp.covers(making.kept.note.note.text().as_bytes()).is_ok()
        {
            let path = format!("checkpoints/{size:012}.{number:03}.tsr");
            files.add(path.clone(), reply.to_vec())?;
            stamps.push((stamp.time().saturating_mul(SECOND), path));
        }
    }
    let sizes = store.checkpoint_sizes()?;
    let earlier = sizes.iter().rev().filter(|earlier| **earlier < size).take(EARLIER_MAX);
    for earlier in earlier {
        let kept = store.kept_checkpoint(*earlier)?;
        // What only a key signed that is no longer trusted says nothing.
        if !is_signed(&kept.note) {
            continue;
        }
        let proof = store.consistency(*earlier, size)?;
        let lines: String = proof.iter().map(|hash: &TreeHash| format!("{hash}\n")).collect();
        files.add(note_path(*earlier), kept.note.to_string().into_bytes())?;
        files.add(format!("checkpoints/{earlier:012}.consistency"), lines.into_bytes())?;
    }
    Ok(stamps)
}
