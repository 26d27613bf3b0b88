//! Checkpoints and tiles: each checkpoint is of the tree that the commits make, signed by a key that the
//! log names; each signature below it is its key's, where that is known; each tile is of that tree; each time
//! stamp is of its checkpoint, and as its signer made it.

use super::lost_checkpoints;
use super::segments::Log;
use super::{Code, Fault, Report, Steps};
use crate::clock::utc_text;
use crate::error::{Error, Result};
use crate::public_log::{
    KeptCheckpoint, LogIdentity, SERVED_RULE, StampError, TILES, WITNESSES, Witnesses, Worth,
    checkpoint_files, note_path, read_checkpoint, read_stamp, served_holds_more,
};
use crate::storage::Storage;
use lineal_proof::tlog::{
    EntryBundle, NoteSignature, SignedCheckpoint, TILE_HEIGHT, TILE_WIDTH, Tile, Tree, TreeHash,
    VerifierKey, tiles_between,
};
use std::collections::{BTreeMap, BTreeSet};

/// A time stamp of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimestampNote {
    /// Size of the checkpoint.
    pub checkpoint: u64,
    /// When the authority says that it saw it, seconds since 1970.
    pub time: i64,
    /// Until when the certificates in the answer hold, seconds since 1970: before that it should be
    /// stamped anew. None where the answer holds none.
    pub renew_by: Option<i64>,
}

pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    told: &[VerifierKey],
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let mut signatures = Signatures::of(storage, log, told, report)?;
    let mut sizes: Vec<u64> =
        checkpoint_files(storage)?.into_iter().map(|(size, _)| size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    steps.add(sizes.len() + 1);
    let mut tree = Tree::default();
    let mut leaves = log.leaves.iter();
    for size in &sizes {
        let path = format!("checkpoints/{size:012}.note");
        let lost = "this checkpoint: the records are as the segments have them";
        match read_checkpoint(storage, *size) {
            Ok(kept) => {
                let more =
                    usize::try_from(size.saturating_sub(tree.leaves())).unwrap_or(usize::MAX);
                leaves.by_ref().take(more).for_each(|leaf| tree.push(*leaf));
                if checkpoint(&path, *size, &tree, &kept, log, report) {
                    report.checkpoints += 1;
                }
                signatures.check(&path, &kept.note, report);
                timestamps(*size, &kept, report);
            }
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => report.error(Code::CheckpointDamaged, &path, &error, lost),
        }
        steps.done(&path)?;
    }
    signatures.tell_unknown(report);
    tiles(storage, &sizes, log, report)?;
    served(storage, &sizes, log, report)?;
    lost_checkpoints::check(storage, &sizes, report)?;
    steps.done(TILES)?;
    Ok(())
}

/// The keys with which signature lines are checked, and whose lines nobody can check here.
struct Signatures<'a> {
    identity: Option<&'a LogIdentity>,
    witnesses: Vec<VerifierKey>,
    /// Lines of keys that are not known, by name and id.
    unknown: BTreeMap<(String, u32), u64>,
}

impl<'a> Signatures<'a> {
    /// Those of the log, those that the store keeps, and those that were told.
    fn of(
        storage: &dyn Storage,
        log: &'a Log,
        told: &[VerifierKey],
        report: &mut Report,
    ) -> Result<Signatures<'a>> {
        let Witnesses { keys, unread } = Witnesses::known(storage)?;
        for (at, why) in unread {
            let lost = "this key: whether its signatures are its own is not checked without it";
            report.fault(Code::CheckpointDamaged, WITNESSES, at, why, lost);
        }
        let mut witnesses = told.to_vec();
        witnesses.extend(keys);
        Ok(Signatures { identity: log.identity.as_ref(), witnesses, unknown: BTreeMap::new() })
    }

    /// Names each line of a note that is not its key's signature.
    fn check(&mut self, path: &str, note: &SignedCheckpoint, report: &mut Report) {
        let text = note.note.text();
        let of_log = |identity: &'a LogIdentity| identity.keys.iter().map(|key| &key.key);
        // Where no key of the log signed it that was told.
        let is_signed = self.identity.is_some_and(|log| log.vouches_for(note));
        for line in note.note.signatures() {
            let is_its = |key: &&VerifierKey| key.name() == line.name && key.id() == line.id;
            let own = self.identity.and_then(|identity| of_log(identity).find(is_its));
            let Some(key) = own.or_else(|| self.witnesses.iter().find(is_its)) else {
                *self.unknown.entry((line.name.clone(), line.id)).or_default() += 1;
                continue;
            };
            if (own.is_none() || is_signed) && line.verify(text, key).is_err() {
                let rule = format!(
                    "the signature of {} ({:08x}) is that key's, of this text",
                    line.name, line.id
                );
                let lost = format!(
                    "that {} signed this checkpoint, unless a copy has its line; the other signatures stand",
                    line.name
                );
                report.fault(Code::CheckpointSignature, path, place_of(note, line), rule, lost);
            }
        }
    }

    /// Says once of each key that is not known how many signatures nobody can check here.
    fn tell_unknown(self, report: &mut Report) {
        for ((name, id), count) in self.unknown {
            let lines = match count {
                1 => "1 signature".to_owned(),
                count => format!("{count} signatures"),
            };
            report.note(format!(
                "checkpoints/: whether {lines} of {name} ({id:08x}) are that key's cannot be told: no key is \
                 recorded for it (`lineal verify --witness-key KEY` checks them with one)"
            ));
        }
    }
}

/// Where a signature line begins.
fn place_of(note: &SignedCheckpoint, line: &NoteSignature) -> u64 {
    let before = note.note.signatures().iter().take_while(|other| *other != line);
    let above = note.note.text().len() + 1;
    above as u64 + before.map(|other| other.to_string().len() as u64).sum::<u64>()
}

/// Is a checkpoint of the tree, and signed by a key of the log?
fn checkpoint(
    path: &str,
    size: u64,
    tree: &Tree,
    kept: &KeptCheckpoint,
    log: &Log,
    report: &mut Report,
) -> bool {
    let said = &kept.note.checkpoint;
    if tree.leaves() != size {
        // Behind damage the commits are not all there: that is reported already.
        if !log.hurt {
            let rule = format!("a checkpoint is of commits that are there, up to {}", log.commits);
            let lost = "commits that were signed for: this store is older than its checkpoint";
            report.fault(Code::CheckpointRoot, path, 0, rule, lost);
        }
        return false;
    }
    if said.root != tree.root() {
        if !log.hurt {
            let rule = "the root that was signed is that of the commits";
            let lost = "that the commits are those that were signed for: the log was rewritten";
            report.fault(Code::CheckpointRoot, path, 0, rule, lost);
        }
        return false;
    }
    let Some(identity) = &log.identity else {
        report.note(format!("{path}: the log names no key that could have signed it"));
        return false;
    };
    signature(path, identity, &kept.note, report)
}

/// Is a checkpoint signed by a key of the log whose signature counts below it?
fn signature(
    path: &str,
    identity: &LogIdentity,
    note: &SignedCheckpoint,
    report: &mut Report,
) -> bool {
    let rule = match identity.signer_of(note) {
        Some((_, worth)) if worth.counts() => return true,
        Some((_, Worth::Revoked)) => {
            report.note(format!(
                "{path}: signed only by a key that was revoked since; it counts no more"
            ));
            return false;
        }
        Some((key, _)) => format!(
            "a checkpoint is signed by the key that signs as of its commits: commit {} had replaced {}, which alone signed it",
            key.until.unwrap_or_default(),
            key.key
        ),
        None => "a checkpoint is signed by a key that the log names".to_owned(),
    };
    report.fault(Code::CheckpointSignature, path, 0, rule, "this checkpoint");
    false
}

/// Checks the time stamps of a checkpoint, and lists the newest.
fn timestamps(size: u64, kept: &KeptCheckpoint, report: &mut Report) {
    let mut newest: Option<TimestampNote> = None;
    for (number, reply) in kept.timestamps.iter().enumerate() {
        let path = format!("checkpoints/{size:012}.{number:03}.tsr");
        let read = read_stamp(reply).and_then(|(stamp, untold)| {
            stamp.covers(kept.note.note.text().as_bytes()).map_err(StampError::from)?;
            Ok((stamp, untold))
        });
        match read {
            Ok((stamp, untold)) => {
                if let Some(why) = untold {
                    report.note(format!("{path}: who signed it cannot be told here: {why}"));
                }
                let note = TimestampNote {
                    checkpoint: size,
                    time: stamp.time(),
                    renew_by: stamp.certificates_end(),
                };
                if newest.as_ref().is_none_or(|newest| newest.time <= note.time) {
                    newest = Some(note);
                }
            }
            Err(error) => {
                report.fault(
                    Code::TimestampDamaged,
                    &path,
                    0,
                    error.to_string(),
                    "this time stamp",
                );
            }
        }
    }
    let Some(newest) = newest else { return };
    let text = |seconds: i64| utc_text(seconds.saturating_mul(1_000_000_000));
    let until = newest.renew_by.map_or_else(String::new, |until| {
        format!("; stamp it anew before {}, when its certificates end", text(until))
    });
    report.note(format!(
        "checkpoint {size} is time-stamped {}{until} (whose certificate signed it: `lineal checkpoint --list --timestamp-ca`)",
        text(newest.time)
    ));
    report.timestamps.push(newest);
}

/// Compares the tiles with the tree: those of the newest checkpoint, and partial ones of those before it. They
/// are derived: what is missing is no fault, and of the older ones not worth a note, as a later tile
/// holds all that they do.
fn tiles(storage: &dyn Storage, sizes: &[u64], log: &Log, report: &mut Report) -> Result<()> {
    let Some((newest, older)) = sizes.split_last() else { return Ok(()) };
    if log.hurt || *newest > log.leaves.len() as u64 {
        return Ok(());
    }
    let mut levels = vec![log.leaves.clone()];
    let (mut missing, mut seen) = (0, BTreeSet::new());
    for one in tiles_between(0, *newest) {
        missing += tile(storage, &one, &mut levels, report)?;
        seen.insert(one.path());
    }
    for one in older.iter().flat_map(|size| tiles_between(0, *size)) {
        if one.width < TILE_WIDTH && seen.insert(one.path()) {
            tile(storage, &one, &mut levels, report)?;
        }
    }
    if missing > 0 {
        report.note(format!("{missing} tiles are not here; `lineal rebuild` makes them"));
    }
    Ok(())
}

/// Compares a tile, and the bundle of commits beside it; gives how many of the two are not here. Levels of the
/// tree are made as they are asked for.
fn tile(
    storage: &dyn Storage,
    tile: &Tile,
    levels: &mut Vec<Vec<TreeHash>>,
    report: &mut Report,
) -> Result<u64> {
    while levels.len() <= tile.level as usize {
        let next = levels.last().map(|level| above(level)).unwrap_or_default();
        levels.push(next);
    }
    let first = usize::try_from(tile.index * TILE_WIDTH).unwrap_or(usize::MAX);
    let width = usize::try_from(tile.width).unwrap_or(usize::MAX);
    let level = levels.get(tile.level as usize).map_or(&[][..], Vec::as_slice);
    let wanted = level.get(first..first.saturating_add(width)).unwrap_or_default();
    let bytes: Vec<u8> = wanted.iter().flat_map(|hash| hash.0).collect();
    let path = format!("{TILES}/{}", tile.path());
    let mut missing = 0;
    match storage.read(&path)? {
        Some(found) if *found == bytes[..] => {}
        Some(_) => derived(report, path, "a tile holds the hashes of the tree"),
        None => missing += 1,
    }
    if tile.level > 0 {
        return Ok(missing);
    }
    let path = format!("{TILES}/{}", tile.entries_path());
    let Some(found) = storage.read(&path)? else { return Ok(missing + 1) };
    let leaves = EntryBundle::entries(&found)
        .map(|entries| entries.into_iter().map(TreeHash::leaf).collect::<Vec<_>>());
    if leaves.ok().as_deref() != Some(wanted) {
        derived(report, path, "a bundle holds the commits that the tile beside it hashes");
    }
    Ok(missing)
}

/// The checkpoint that is served with the tiles is one that is kept: as it is, or as it was before it was
/// signed by others too. One of a size that is not kept says that a checkpoint was lost.
fn served(storage: &dyn Storage, sizes: &[u64], log: &Log, report: &mut Report) -> Result<()> {
    let path = format!("{TILES}/checkpoint");
    let Some(bytes) = storage.read(&path)? else {
        if !sizes.is_empty() {
            report.note(format!("{path} is not here; the next checkpoint puts it there"));
        }
        return Ok(());
    };
    let keys = log.identity.iter().flat_map(|identity| &identity.keys);
    let signed = SignedCheckpoint::parse(&bytes).ok();
    let is_ours =
        |signed: &SignedCheckpoint| keys.clone().any(|key| signed.verify(&key.key).is_ok());
    let Some(signed) = signed.filter(|signed| log.hurt || is_ours(signed)) else {
        derived(report, path, "the checkpoint that is served is one that a key of the log signed");
        return Ok(());
    };
    let size = signed.checkpoint.size;
    if !sizes.contains(&size) {
        let rule = format!("the checkpoint of {size} commits, which {path} serves, is kept");
        let file = format!("checkpoints/{size:012}.note");
        let lost = "this checkpoint with its signatures and time stamps; the commits read";
        report.fault(Code::CheckpointMissing, &file, 0, rule, lost);
        return Ok(());
    }
    // What does not read was told.
    let Ok(kept) = read_checkpoint(storage, size) else { return Ok(()) };
    if served_holds_more(storage, &kept.note)? {
        let lost =
            "signatures of witnesses, of one of the two; the commits and the log's signature hold";
        report.fault(Code::CheckpointDiffers, &note_path(size), 0, SERVED_RULE, lost);
        return Ok(());
    }
    let (kept, served) = (kept.note.to_string(), String::from_utf8_lossy(&bytes).into_owned());
    let lines: BTreeSet<&str> = kept.lines().collect();
    if !served.lines().all(|line| lines.contains(line)) {
        derived(report, path, "the checkpoint that is served is one that is kept");
    }
    Ok(())
}

/// The hashes of the level of tiles above.
fn above(hashes: &[TreeHash]) -> Vec<TreeHash> {
    let width = 1 << TILE_HEIGHT;
    let full = hashes.chunks_exact(width).map(|part| {
        let mut tree = Tree::default();
        part.iter().for_each(|hash| tree.push(*hash));
        tree.root()
    });
    full.collect()
}

fn derived(report: &mut Report, file: String, rule: &str) {
    let lost = "nothing: the tiles are made anew from the commits".to_owned();
    report.push(Fault {
        code: Code::DerivedDiffers,
        file,
        at: 0,
        rule: rule.to_owned(),
        lost,
        derived: true,
    });
}
