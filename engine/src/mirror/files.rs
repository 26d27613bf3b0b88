//! Containers, the register and checkpoints: what the commits that were verified name, or vouch for.

use super::{Offer, Own, Pulling};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::public_log::{
    KeyState, LogIdentity, LogKey, Worth, extend_tiles, is_note, leaves_of, put_newest, read_stamp,
};
use crate::sealed::{REGISTER, with_entries_of};
use crate::storage::Storage;
use crate::store::{need_values, read_register};
use crate::transaction::container_path;
use lineal_proof::Hash;
use lineal_proof::record::Manifest;
use lineal_proof::tlog::{
    LeafHashes, SignedCheckpoint, Tree, TreeHash, VerifierKey, consistency_proof,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Longest checkpoint or time stamp that is taken, in bytes: a note with all its witnesses has some KiB.
const NOTE_BYTES_MAX: u64 = 1 << 20;
/// Longest container that is taken, in bytes: it is held while it is hashed. Packed ones have some 128 MiB.
const CONTAINER_BYTES_MAX: u64 = 2 << 30;

/// Files of the mirror with their SHA-256.
type Digests = Vec<(String, [u8; 32])>;

/// The register as it is, and as it is to be behind the next `head`.
pub(super) struct CopiedRegister {
    pub(super) digest: Option<[u8; 32]>,
    pub(super) behind: Option<Bytes>,
}

/// Checkpoints that the mirror has or is to have, by their paths.
pub(super) struct Notes {
    files: BTreeMap<String, Vec<u8>>,
    /// The sizes of the notes.
    sizes: BTreeSet<u64>,
    /// Those before: tiles for these are there.
    known: BTreeSet<u64>,
}

impl Pulling<'_> {
    /// Pulls the containers in which batches stand as of the last commit; none if one has gone.
    pub(super) fn containers(&mut self, ledger: &Ledger, own: &Own) -> Result<Option<Digests>> {
        let used = ledger.batches.iter().filter_map(|batch| Some(batch.place?.0));
        let used: BTreeSet<u32> = used.collect();
        let manifests = used.into_iter().map(|number| &ledger.manifests[number as usize].1);
        let named = manifests.map(|m| (container_path(&m.container, m.generation), m));
        let named: BTreeMap<String, &Manifest> = named.collect();
        let mut missing = Vec::new();
        for (path, manifest) in &named {
            if !self.has(path, manifest, own)? {
                missing.push((path, *manifest));
            }
        }
        self.all += missing.iter().map(|(_, manifest)| manifest.length).sum::<u64>();
        for (path, manifest) in missing {
            if manifest.length > CONTAINER_BYTES_MAX {
                let (found, limit) = (manifest.length, CONTAINER_BYTES_MAX);
                return Err(Error::Limit { what: path.clone(), found, limit });
            }
            let Some(bytes) = self.whole(path, manifest.length)? else { return Ok(None) };
            let fits = Sha256::digest(&bytes)[..] == manifest.sha256.0;
            if !fits || manifest.generation == 1 && Hash::of(&bytes) != manifest.container {
                let rule = "a container's sha256 is that of its manifest";
                return Err(Error::corrupt(path, 0, rule));
            }
            self.to.put(path, &bytes, false)?;
            self.done.containers += 1;
        }
        Ok(Some(named.into_iter().map(|(path, m)| (path, m.sha256.0)).collect()))
    }

    /// Is a container there as its manifest says? What the list knows is not hashed again.
    fn has(&self, path: &str, manifest: &Manifest, own: &Own) -> Result<bool> {
        let Some(bytes) = self.to.read(path)? else { return Ok(false) };
        let is_listed = own.files.get(path) == Some(&manifest.sha256.0);
        Ok(bytes.len() as u64 == manifest.length
            && (is_listed || Sha256::digest(&bytes)[..] == manifest.sha256.0))
    }

    /// Pulls the register if it is another; none if it has gone.
    pub(super) fn register(
        &mut self,
        offer: &Offer,
        own: &Own,
        (reached, ledger): (&Head, &Ledger),
    ) -> Result<Option<CopiedRegister>> {
        let there = self.to.read(REGISTER)?;
        let erased = ledger.erased_values();
        let Some((length, digest)) = offer.register else {
            need_values(there.as_ref(), None, &erased, (self.to, reached))?;
            return Ok(Some(CopiedRegister { digest: None, behind: None }));
        };
        let same = there.as_ref().filter(|bytes| Sha256::digest(bytes)[..] == digest);
        if same.is_some() {
            return Ok(Some(CopiedRegister { digest: Some(digest), behind: None }));
        }
        self.all += length;
        let Some(bytes) = self.whole(REGISTER, length)? else { return Ok(None) };
        if Sha256::digest(&bytes)[..] != digest {
            // It was appended to, or written anew, while it came.
            return Ok(None);
        }
        let bytes = Bytes::held(bytes);
        let register = read_register(bytes.clone(), &erased, (self.to, reached))?;
        need_values(there.as_ref(), Some(&register), &erased, (self.to, reached))?;
        match there {
            // The old head still names what an erasure took out: both until the new one is there.
            Some(there) if own.is_there && !bytes.starts_with(&there) => {
                self.to.put(REGISTER, &with_entries_of(&there, &bytes), true)?;
                Ok(Some(CopiedRegister { digest: Some(digest), behind: Some(bytes) }))
            }
            _ => {
                self.to.put(REGISTER, &bytes, true)?;
                Ok(Some(CopiedRegister { digest: Some(digest), behind: None }))
            }
        }
    }

    /// Pulls the checkpoints that are new or have got another signature, and holds each to the commits; none
    /// if one has gone.
    pub(super) fn checkpoints(
        &mut self,
        offer: &Offer,
        reached: &Head,
        ledger: &Ledger,
        key: Option<&VerifierKey>,
    ) -> Result<Option<Notes>> {
        let mut notes = Notes::of(self.to, reached)?;
        if offer.checkpoints.is_empty() && notes.files.is_empty() {
            return Ok(Some(notes));
        }
        let identity = crate::public_log::identity_of(ledger)?;
        if let (Some(identity), Some(key)) = (&identity, key) {
            need_unrevoked(identity, key)?;
        }
        let leaves = leaves_of(self.to, reached)?;
        // The newest that was mirrored: those that come must continue it.
        let last = notes.sizes.last().copied();
        let last = last.map(|size| notes.read(size)).transpose()?;
        let offered = offer.checkpoints.iter().filter(|(path, ..)| is_note(path));
        let sizes = offered.filter_map(|(path, ..)| size_of(path));
        let newest = sizes.filter(|size| *size <= reached.commit).max();
        for (path, length, digest) in &offer.checkpoints {
            let Some(size) = size_of(path).filter(|size| *size <= reached.commit) else { continue };
            let known = notes.files.get(path);
            if known.is_some_and(|bytes| Sha256::digest(bytes)[..] == digest[..]) {
                continue;
            }
            if *length > NOTE_BYTES_MAX {
                let (found, limit) = (*length, NOTE_BYTES_MAX);
                return Err(Error::Limit { what: path.clone(), found, limit });
            }
            let Some(bytes) = self.whole(path, *length)? else { return Ok(None) };
            if is_note(path) {
                let key = key.map(|key| (key, Some(size) == newest));
                match check(path, &bytes, (size, &leaves), (identity.as_ref(), key))? {
                    Ok(signed) => follow(last.as_ref(), &signed, &leaves)?,
                    Err(why) => {
                        self.done.notes.push(format!("{path} is not taken: {why}"));
                        continue;
                    }
                }
                notes.sizes.insert(size);
                self.done.checkpoints += 1;
            } else if let Err(error) = read_stamp(&bytes) {
                return Err(Error::corrupt(path, 0, error.to_string()));
            }
            notes.files.insert(path.clone(), bytes);
        }
        // Also what was there before the key was said, or before the log said that it signs no more.
        let signed = notes.signed(identity.as_ref(), &mut self.done.notes)?;
        if let (Some(key), Some((newest, note))) = (key, &signed) {
            let what = crate::public_log::note_path(*newest);
            note.verify(key).map_err(|source| Error::Log { what, source })?;
        }
        self.done.signed = signed.map(|(size, _)| size);
        Ok(Some(notes))
    }
}

/// The commit whose checkpoint, or time stamp of one, a file is.
fn size_of(path: &str) -> Option<u64> {
    path.strip_prefix("checkpoints/")?.split('.').next()?.parse().ok()
}

/// Refuses to hold a log to a key that the log itself says is in other hands.
fn need_unrevoked(identity: &LogIdentity, key: &VerifierKey) -> Result<()> {
    let mut revoked = identity.keys.iter().filter(|known| known.state == KeyState::Revoked);
    if !revoked.any(|known| known.key == *key) {
        return Ok(());
    }
    let source = lineal_proof::tlog::Error::Form {
        what: "key to hold this log to",
        rule: "the log revoked it, and nothing that it signed counts; ask whoever keeps the log for the key of today, on another way than this one",
    };
    Err(Error::Log { what: key.to_string(), source })
}

/// Holds a checkpoint to the commits and to the keys that sign. One that no key signed whose signature counts
/// below it is none, with the reason; one that says otherwise than the commits is an error. The newest must be
/// of the key that is known from elsewhere, if one is.
pub(crate) fn check(
    path: &str,
    bytes: &[u8],
    (size, leaves): (u64, &[TreeHash]),
    (identity, key): (Option<&LogIdentity>, Option<(&VerifierKey, bool)>),
) -> Result<std::result::Result<SignedCheckpoint, String>> {
    let broken = |source| Error::Log { what: path.to_owned(), source };
    let signed = SignedCheckpoint::parse(bytes).map_err(broken)?;
    let of = usize::try_from(size).unwrap_or(usize::MAX);
    let commits = leaves.len() as u64;
    let Some(leaves) = leaves.get(..of) else { return Err(Error::Rewritten { size, commits }) };
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    if signed.checkpoint.size != size || signed.checkpoint.root != tree.root() {
        return Err(Error::Rewritten { size, commits });
    }
    // Whoever knows the key of the log wants nothing newer that another signed. The log that this signs
    // for names the keys of before.
    let by_known = key.map(|(key, is_newest)| (signed.verify(key), is_newest));
    let is_known = match by_known {
        Some((Err(error), true)) => return Err(broken(error)),
        Some((said, _)) => said.is_ok(),
        None => false,
    };
    // What the log says of its own keys holds for the known one too.
    match identity.map(|identity| (identity, identity.signer_of(&signed))) {
        Some((_, Some((key, worth)))) => Ok(void(key, worth).map_or(Ok(signed), Err)),
        None | Some((_, None)) if is_known => Ok(Ok(signed)),
        Some((identity, None)) => {
            signed.verify(identity.signing()).map_err(broken)?;
            Ok(Ok(signed))
        }
        None => Ok(Err("the log names no key that could have signed it".to_owned())),
    }
}

/// Why the signature of a key of the log counts for nothing, if it does.
fn void(key: &LogKey, worth: Worth) -> Option<String> {
    match worth {
        Worth::Signs | Worth::Replaced => None,
        Worth::Revoked => Some("it is signed only by a key that was revoked since".to_owned()),
        Worth::Late => Some(format!(
            "it is signed only by a key that commit {} replaced, which signs nothing from there on",
            key.until.unwrap_or_default()
        )),
    }
}

/// Does a checkpoint continue the one that was mirrored last?
fn follow(
    last: Option<&SignedCheckpoint>,
    signed: &SignedCheckpoint,
    leaves: &[TreeHash],
) -> Result<()> {
    let Some(last) = last else { return Ok(()) };
    let (earlier, later) = (last.checkpoint.size, signed.checkpoint.size);
    if earlier == 0 || later <= earlier {
        return Ok(());
    }
    let leaves = LeafHashes(leaves);
    let proof = consistency_proof(earlier, later, |height, index| leaves.subtree(height, index));
    let followed = proof.and_then(|proof| signed.follows(last, &proof));
    followed.map_err(|_| Error::Rewritten { size: earlier, commits: later })
}

impl Notes {
    /// Those that the mirror has.
    fn of(to: &dyn Storage, reached: &Head) -> Result<Notes> {
        let mut notes =
            Notes { files: BTreeMap::new(), sizes: BTreeSet::new(), known: BTreeSet::new() };
        for (size, path) in crate::public_log::checkpoint_files(to)? {
            if let (true, Some(bytes)) = (size <= reached.commit, to.read(&path)?) {
                if is_note(&path) {
                    notes.sizes.insert(size);
                }
                notes.files.insert(path, bytes.to_vec());
            }
        }
        notes.known = notes.sizes.clone();
        Ok(notes)
    }

    fn read(&self, size: u64) -> Result<SignedCheckpoint> {
        let path = crate::public_log::note_path(size);
        let bytes = self.files.get(&path).ok_or(Error::NoCheckpoint { size })?;
        let broken = |source| Error::Log { what: path.clone(), source };
        SignedCheckpoint::parse(bytes).map_err(broken)
    }

    /// The newest whose signature counts as the log has it now, with its size; what is newer and does not count
    /// is noted.
    fn signed(
        &self,
        identity: Option<&LogIdentity>,
        told: &mut Vec<String>,
    ) -> Result<Option<(u64, SignedCheckpoint)>> {
        for size in self.sizes.iter().rev() {
            let note = self.read(*size)?;
            let signer = identity.and_then(|identity| identity.signer_of(&note));
            let Some(why) = signer.and_then(|(key, worth)| void(key, worth)) else {
                return Ok(Some((*size, note)));
            };
            let path = crate::public_log::note_path(*size);
            told.push(format!("{path} is held and does not count: {why}"));
        }
        Ok(None)
    }

    pub(super) fn digests(&self) -> impl Iterator<Item = (String, [u8; 32])> {
        self.files.iter().map(|(path, bytes)| (path.clone(), Sha256::digest(bytes).into()))
    }

    /// The sizes of the newest checkpoint that was there and of the newest that is there now.
    pub(super) fn grown(&self) -> (u64, u64) {
        let newest = |sizes: &BTreeSet<u64>| sizes.last().copied().unwrap_or(0);
        (newest(&self.known), newest(&self.sizes))
    }

    /// Gives the tiles that the checkpoints which are new need, with their paths.
    pub(super) fn make_tiles(
        &self,
        to: &dyn Storage,
        reached: &Head,
        put: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
    ) -> Result<()> {
        extend_tiles(to, reached, &self.known, &self.sizes, put)
    }

    /// Writes what is new behind `head`: the tiles that these checkpoints need, then the checkpoints.
    pub(super) fn write(&self, to: &dyn Storage, reached: &Head) -> Result<()> {
        self.make_tiles(to, reached, &mut |path, bytes| to.put(path, bytes, false))?;
        for (path, bytes) in &self.files {
            crate::store::put_if_other(to, path, bytes)?;
        }
        let newest = self.sizes.last().map(|size| self.read(*size)).transpose()?;
        newest.map_or(Ok(()), |newest| put_newest(to, &newest))
    }
}
