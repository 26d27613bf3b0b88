//! `checkpoints/`: each checkpoint that was signed, with the signatures of witnesses below it and the
//! answers of time-stamp authorities beside it. The newest also lies in `tiles/`, where a reader of
//! the log looks for it.

use super::alone::alone;
use super::{KeptCheckpoint, identity, tiles};
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::Storage;
use crate::store::Store;
use lineal_proof::tlog::{Checkpoint, NoteSignature, NoteSigner, SignedCheckpoint};

/// The folder.
const FOLDER: &str = "checkpoints";
/// What a signed note's name ends with.
const NOTE: &str = "note";
/// What the name of an answer of a time-stamp authority ends with (RFC 3161, section 3.2).
const REPLY: &str = "tsr";
/// Answers that one checkpoint may have: each renewal brings one, decades of them fit.
const REPLIES_MAX: usize = 1_000;

/// `checkpoints/000000000012.note`
pub(crate) fn note_path(size: u64) -> String {
    format!("{FOLDER}/{size:012}.{NOTE}")
}

/// Is it a signed note, and no answer of a time-stamp authority?
pub(crate) fn is_note(path: &str) -> bool {
    path.ends_with(&format!(".{NOTE}"))
}

/// Puts the newest checkpoint where readers of the log look for it.
pub(crate) fn put_newest(storage: &dyn Storage, signed: &SignedCheckpoint) -> Result<()> {
    let path = format!("{}/checkpoint", tiles::FOLDER);
    let bytes = signed.to_string();
    match storage.read(&path)? {
        Some(there) if there[..] == *bytes.as_bytes() => Ok(()),
        _ => storage.put(&path, bytes.as_bytes(), false),
    }
}

/// What must hold of a checkpoint and of the one that is served with the tiles.
pub(crate) const SERVED_RULE: &str = "it has each signature that tiles/checkpoint serves of it; one of the two was changed, and which cannot be told here (`lineal repair --from` a copy tells; whoever knows that the kept one is right removes tiles/checkpoint)";

/// Does the checkpoint that is served hold signatures of others that the kept one lacks, both being signed by
/// the log alike? A crash leaves it with fewer.
pub(crate) fn served_holds_more(storage: &dyn Storage, kept: &SignedCheckpoint) -> Result<bool> {
    let served = storage.read(&format!("{}/checkpoint", tiles::FOLDER))?;
    let served = served.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
    let Some(served) = served.filter(|served| served.note.text() == kept.note.text()) else {
        return Ok(false);
    };
    let (served, kept_lines) = (served.note.signatures(), kept.note.signatures());
    let is_here = |line: &NoteSignature| kept_lines.contains(line);
    let is_of_log = |line: &NoteSignature| line.name == kept.checkpoint.origin;
    let is_signed = served.iter().any(|line| is_of_log(line) && is_here(line));
    Ok(is_signed && served.iter().any(|line| !is_of_log(line) && !is_here(line)))
}

/// Refuses to put anything in the place of what is served and may be the only good one.
pub(crate) fn need_served(storage: &dyn Storage, kept: &SignedCheckpoint) -> Result<()> {
    match served_holds_more(storage, kept)? {
        true => Err(Error::corrupt(note_path(kept.checkpoint.size), 0, SERVED_RULE)),
        false => Ok(()),
    }
}

/// `checkpoints/000000000012.000.tsr`
fn reply_path(size: u64, number: usize) -> String {
    format!("{FOLDER}/{size:012}.{number:03}.{REPLY}")
}

/// The files of the folder with the size of the checkpoint that each is of; not what a write that broke off
/// left beside one.
pub(crate) fn listed(storage: &dyn Storage) -> Result<Vec<(u64, String)>> {
    let names = storage.list(FOLDER)?;
    let of = |name: String| {
        let is_whole = [NOTE, REPLY].iter().any(|end| name.ends_with(&format!(".{end}")));
        let size = name.split('.').next()?.parse().ok()?;
        is_whole.then(|| (size, format!("{FOLDER}/{name}")))
    };
    Ok(names.into_iter().filter_map(of).collect())
}

pub(super) fn sizes(storage: &dyn Storage) -> Result<Vec<u64>> {
    let mut sizes: Vec<u64> = listed(storage)?
        .into_iter()
        .filter(|(size, path)| *path == note_path(*size))
        .map(|(size, _)| size)
        .collect();
    sizes.sort_unstable();
    Ok(sizes)
}

fn read(storage: &dyn Storage, size: u64) -> Result<SignedCheckpoint> {
    let path = note_path(size);
    let bytes = storage.read(&path)?.ok_or(Error::NoCheckpoint { size })?;
    let read = SignedCheckpoint::parse(&bytes);
    let read = read.map_err(|source| Error::Log { what: path.clone(), source })?;
    if read.checkpoint.size != size {
        return Err(Error::corrupt(path, 0, "a checkpoint is of the size that its name says"));
    }
    Ok(read)
}

pub(crate) fn kept(storage: &dyn Storage, size: u64) -> Result<KeptCheckpoint> {
    let note = read(storage, size)?;
    let timestamps = replies(storage, size)?;
    Ok(KeptCheckpoint { note, timestamps })
}

fn replies(storage: &dyn Storage, size: u64) -> Result<Vec<Bytes>> {
    let mut found = Vec::new();
    for number in 0..REPLIES_MAX {
        let Some(bytes) = storage.read(&reply_path(size, number))? else { break };
        found.push(bytes);
    }
    Ok(found)
}

/// Signs the checkpoint of the last commit with the key that the log names, and `also` with others.
pub(super) fn make(store: &Store, also: &[NoteSigner]) -> Result<SignedCheckpoint> {
    let identity = store.log_identity()?.ok_or(Error::NoLog)?;
    let signer = identity::present_signer(store, &identity)?;
    make_with(store, &signer, also)
}

pub(super) fn make_with(
    store: &Store,
    signer: &NoteSigner,
    also: &[NoteSigner],
) -> Result<SignedCheckpoint> {
    let storage = store.storage();
    let _alone = alone(storage)?;
    let head = store.read_state().head;
    let newest = sizes(storage)?.last().map(|size| read(storage, *size)).transpose()?;
    if let Some(newest) = &newest
        && newest.checkpoint.size > head.commit
    {
        let size = newest.checkpoint.size;
        return Err(Error::Rewritten { size, commits: head.commit });
    }
    newest.as_ref().map_or(Ok(()), |newest| need_served(storage, newest))?;
    // No log signs what does not begin with what it signed before: `grow` refuses it.
    let before = newest.as_ref().map(|newest| &newest.checkpoint);
    let tree = tiles::grow(storage, &head, before, &sizes(storage)?)?;
    let checkpoint = Checkpoint {
        origin: signer.verifier().name().to_owned(),
        size: head.commit,
        root: tree.root(),
        extensions: Vec::new(),
    };
    let mut signed = checkpoint
        .sign(signer)
        .map_err(|source| Error::Log { what: "the checkpoint".to_owned(), source })?;
    if let Some(newest) = newest.filter(|newest| newest.checkpoint.size == checkpoint.size) {
        // The same tree once more: what witnesses said of it stays.
        let others = newest.note.signatures().iter();
        others.for_each(|line| signed.note.add(line.clone()));
    }
    also.iter().for_each(|signer| signed.note.sign(signer));
    write(storage, &signed, true)?;
    Ok(signed)
}

fn write(storage: &dyn Storage, signed: &SignedCheckpoint, newest: bool) -> Result<()> {
    let bytes = signed.to_string();
    storage.put(&note_path(signed.checkpoint.size), bytes.as_bytes(), false)?;
    if newest {
        storage.put(&format!("{}/checkpoint", tiles::FOLDER), bytes.as_bytes(), false)?;
    }
    Ok(())
}

pub(super) fn cosign(
    storage: &dyn Storage,
    size: u64,
    signatures: Vec<NoteSignature>,
) -> Result<SignedCheckpoint> {
    let _alone = alone(storage)?;
    let mut signed = read(storage, size)?;
    let newest = sizes(storage)?.last() == Some(&size);
    if newest {
        need_served(storage, &signed)?;
        let is_of = |line: &NoteSignature, other: &NoteSignature| {
            line.name == other.name && line.id == other.id
        };
        let known = signed.note.signatures();
        if signatures.iter().any(|line| known.iter().any(|other| is_of(line, other))) {
            // Who signs again is served with the new line: a crash must not leave the old one beside it.
            storage.remove(&format!("{}/checkpoint", tiles::FOLDER))?;
        }
    }
    signatures.into_iter().for_each(|line| signed.note.add(line));
    write(storage, &signed, newest)?;
    Ok(signed)
}

pub(super) fn stamp(storage: &dyn Storage, size: u64, reply: &[u8]) -> Result<String> {
    let _alone = alone(storage)?;
    read(storage, size)?;
    let known = replies(storage, size)?;
    let path = match known.iter().position(|known| **known == *reply) {
        Some(at) => return Ok(reply_path(size, at)),
        None => reply_path(size, known.len()),
    };
    if known.len() >= REPLIES_MAX {
        let what = format!("time stamps of checkpoint {size}");
        return Err(Error::Limit { what, found: known.len() as u64, limit: REPLIES_MAX as u64 });
    }
    storage.put(&path, reply, false)?;
    Ok(path)
}
