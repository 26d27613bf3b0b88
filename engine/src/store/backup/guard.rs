//! What a copy is about to take is held to what it says of itself first: damage must not take the place of a
//! good copy.
//!
//! Transactions are hashed as a mirror hashes them, but for those that the earlier copy has byte for byte;
//! frames of the register are read, and each sealed value that the copy holds must be in the register that
//! takes its place, unless an erasure destroyed it; checkpoints are of the tree of the commits, and keep their
//! signatures. Containers are held to their manifests ([`Part::checked`]).

use super::update::of_copy;
use super::{Backup, Part};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::mapping::Bytes;
use crate::mirror::check_note;
use crate::public_log::{WITNESSES, Witnesses, is_note, leaves_of, read_stamp};
use crate::sealed::{REGISTER, Register};
use crate::segment::{Walk, open_segment, segment_path};
use crate::storage::Storage;
use crate::verify::commitments_of;
use lineal_proof::Hash;
use lineal_proof::frame::{self, MAGIC_SEGMENT, SEGMENT_HEADER};
use lineal_proof::tlog::TreeHash;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Holds the files of one copy to what they say of themselves, in their order.
pub(super) struct Guard<'a> {
    backup: &'a Backup,
    /// Where the copy is brought to, and what its `head` and its list say; none of an archive.
    earlier: Option<(&'a dyn Storage, Head, &'a Digests)>,
    checked: Checked,
}

/// What was learnt of the files before.
#[derive(Default)]
pub(super) struct Checked {
    /// The last commit that was hashed.
    reached: Option<(u64, Hash)>,
    /// Commitments in the transactions that were hashed.
    named: BTreeSet<Hash>,
    /// The leaves of the public log, read where a checkpoint is new.
    leaves: Option<Vec<TreeHash>>,
}

/// The digests of a list, by path.
type Digests = BTreeMap<String, [u8; 32]>;

impl<'a> Guard<'a> {
    pub(super) fn of(
        backup: &'a Backup,
        earlier: Option<(&'a dyn Storage, Head, &'a Digests)>,
    ) -> Guard<'a> {
        Guard { backup, earlier, checked: Checked::default() }
    }

    /// Goes on where another stopped.
    pub(super) fn behind(self, checked: Checked) -> Guard<'a> {
        Guard { checked, ..self }
    }

    /// What was learnt of the files that were checked.
    pub(super) fn checked(self) -> Checked {
        self.checked
    }

    /// Checks a file that the copy has not.
    ///
    /// # Errors
    /// [`Error::Corrupt`] and the like with what is wrong of it.
    pub(super) fn check(&mut self, part: &Part, content: &Bytes) -> Result<()> {
        let path = part.path.as_str();
        let number = path.strip_prefix("segments/").and_then(|name| name.strip_suffix(".seg"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            return self.segment(number, content);
        }
        if path.starts_with("checkpoints/") {
            return self.checkpoint(path, content);
        }
        Ok(())
    }

    /// Hashes the transactions of a segment that the copy has not byte for byte.
    fn segment(&mut self, number: u32, bytes: &[u8]) -> Result<()> {
        let (path, head) = (segment_path(number), self.backup.head);
        let broken = |rule: &str| Error::corrupt(&path, 12, rule);
        let (store, told) =
            frame::read_header(bytes, MAGIC_SEGMENT).map_err(|e| Error::record(&path, 0, e))?;
        if store != head.store || told != number {
            return Err(broken("the header names this store and this segment"));
        }
        let mut from = SEGMENT_HEADER as u64;
        if number == 1 {
            self.checked.reached = Some((0, Hash::default()));
        }
        if let Some((end, reached)) = self.shared(number, &path, bytes)? {
            (from, self.checked.reached) = (end, Some(reached));
        }
        let mut walk = Walk::new(number, bytes, from, bytes.len() as u64);
        while let Some(transaction) = walk.next()? {
            // Of the first one behind segments that the copy has, its own word: what follows hashes it.
            let said = transaction.commit.parent.map_or(Hash::default(), |parent| parent.0);
            let own = (transaction.commit.number.saturating_sub(1), said);
            let parent = self.checked.reached.unwrap_or(own);
            transaction.check(bytes, &head.store, parent)?;
            for (location, frame) in &transaction.frames {
                let named = commitments_of(frame);
                self.checked
                    .named
                    .extend(named.map_err(|e| Error::record(&path, location.offset, e))?);
            }
            self.checked.reached = Some((transaction.commit.number, transaction.id));
        }
        let last = (head.commit, head.commit_id);
        if number == head.segment && self.checked.reached.is_some_and(|reached| reached != last) {
            return Err(broken("the last commit is the one that `head` names"));
        }
        Ok(())
    }

    /// Up to where a segment is that of the copy, and the commit that it ends with there.
    fn shared(&self, number: u32, path: &str, bytes: &[u8]) -> Result<Option<(u64, (u64, Hash))>> {
        let earlier = self.earlier.filter(|(_, head, _)| head.segment == number);
        let Some((to, head, _)) = earlier else {
            return Ok(None);
        };
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        let there = to.read(path)?;
        let there = there.as_deref().and_then(|there| there.get(..length));
        let same = there.is_some_and(|there| bytes.starts_with(there));
        Ok(same.then_some((head.length, (head.commit, head.commit_id))))
    }

    /// Holds a checkpoint that the copy has not to the commits, and to the one of that name that it has.
    fn checkpoint(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let there = self.earlier.map(|(to, ..)| to.read(path)).transpose()?.flatten();
        if there.as_deref() == Some(bytes) {
            return Ok(());
        }
        if path == WITNESSES {
            return Witnesses::check(bytes);
        }
        if !is_note(path) {
            let read = read_stamp(bytes);
            return read.map(drop).map_err(|error| Error::corrupt(path, 0, error.to_string()));
        }
        let size = super::update::checkpoint_of(path).unwrap_or_default();
        if self.checked.leaves.is_none() {
            self.checked.leaves = Some(leaves_of(&*self.backup.storage, &self.backup.head)?);
        }
        let leaves = self.checked.leaves.as_deref().unwrap_or_default();
        // One that no key of the log signed is copied as it is: `verify` says what it counts for.
        let _ = check_note(path, bytes, (size, leaves), (self.backup.identity.as_ref(), None))?;
        let text = String::from_utf8_lossy(bytes);
        let is_other =
            |(there, digest): (&Bytes, &[u8; 32])| Sha256::digest(there)[..] != digest[..];
        let damaged = self
            .earlier
            .filter(|(.., listed)| there.as_ref().zip(listed.get(path)).is_some_and(is_other));
        let there = String::from_utf8_lossy(there.as_deref().unwrap_or_default()).into_owned();
        let lines: BTreeSet<&str> = text.lines().collect();
        if there.lines().all(|line| lines.contains(line)) {
            return Ok(());
        }
        match damaged {
            // What was witnessed may stand in the copy alone, in whatever form.
            Some(_) if self.backup.heals && text.lines().count() >= there.lines().count() => Ok(()),
            Some((to, ..)) => {
                let rule = "the checkpoint in the copy is as the copy's list says (the store's may take \
                            its place: `lineal backup --heal`)";
                Err(of_copy(to, Error::corrupt(path, 0, rule)))
            }
            None => {
                let rule = "a checkpoint keeps the signatures that the copy has of it";
                Err(Error::corrupt(path, 0, rule))
            }
        }
    }

    /// Holds the register, or that there is none, to what the log names and to the one that the copy has; and
    /// that no checkpoint of the copy has gone. Comes behind the segments.
    pub(super) fn others(&self) -> Result<()> {
        let backup = self.backup;
        let register = backup.files.iter().find(|part| part.path == REGISTER);
        let register = register.map(|part| backup.read(part)).transpose()?;
        let log = (&*backup.storage, &backup.head);
        let register = register.map(|bytes| read_register(bytes, &backup.erased, log));
        let register = register.transpose()?;
        let is_held = |commitment: &Hash| {
            backup.erased.contains(commitment)
                || register.as_ref().is_some_and(|register| register.holds(commitment))
        };
        if let Some(lacks) = self.checked.named.iter().find(|commitment| !is_held(commitment)) {
            return Err(lost(lacks));
        }
        let Some((to, head, _)) = self.earlier else { return Ok(()) };
        let there = to.read(REGISTER)?;
        need_values(there.as_ref(), register.as_ref(), &backup.erased, log)?;
        let files: BTreeSet<&str> = backup.files.iter().map(|part| part.path.as_str()).collect();
        for (size, path) in crate::public_log::checkpoint_files(to)? {
            if size <= head.commit && !files.contains(path.as_str()) {
                let rule = "a checkpoint that the copy has is in the store";
                return Err(Error::corrupt(path, 0, rule));
            }
        }
        Ok(())
    }
}

fn lost(commitment: &Hash) -> Error {
    let rule = format!(
        "the register holds what {} commits to, which nobody erased (a copy may still hold it: \
         `lineal repair --from`)",
        commitment.short()
    );
    Error::corrupt(REGISTER, 0, rule)
}

/// A register whose frames are whole. What a power cut leaves in it (a torn end, a block that was lost) is
/// none of its frames, as long as no record needs what stood there.
///
/// # Errors
/// [`Error::Corrupt`] with the first frame that does not read, or the value that a record needs.
pub(crate) fn read_register(
    bytes: Bytes,
    erased: &BTreeSet<Hash>,
    log: (&dyn Storage, &Head),
) -> Result<Register> {
    let length = bytes.len() as u64;
    let register = Register::read_over(bytes, &log.1.store)?;
    let rule = "a frame has its crc32c, its id and the form of a sealed record";
    if let Some((at, _)) = register.damaged().find(|(_, may_be_torn)| !may_be_torn) {
        return Err(Error::corrupt(REGISTER, at, rule));
    }
    let unread = register.damaged().next().map(|(at, _)| at);
    let unread = unread.or((register.length() < length).then_some(register.length()));
    let is_lost = |commitment: &Hash| !register.holds(commitment) && !erased.contains(commitment);
    match unread {
        Some(at) if first_named(log, &is_lost)?.is_some() => {
            Err(Error::corrupt(REGISTER, at, rule))
        }
        _ => Ok(register),
    }
}

/// Each value that a register holds must be in the one that takes its place, if the log names it and it was
/// not erased. The log is read only where one is not.
///
/// # Errors
/// [`Error::Corrupt`] with the first that is not.
pub(crate) fn need_values(
    there: Option<&Bytes>,
    new: Option<&Register>,
    erased: &BTreeSet<Hash>,
    log: (&dyn Storage, &Head),
) -> Result<()> {
    let Some(there) = there else { return Ok(()) };
    let there = Register::over(there.clone(), &log.1.store);
    let held = |commitment: &Hash| new.is_some_and(|new| new.holds(commitment));
    let lacking = there.entries().map(|entry| entry.commitment);
    let lacking: BTreeSet<Hash> =
        lacking.filter(|commitment| !held(commitment) && !erased.contains(commitment)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let lacks = first_named(log, &|commitment| lacking.contains(commitment))?;
    lacks.map_or(Ok(()), |lacks| Err(lost(&lacks)))
}

/// The first such commitment that a record of a log holds.
fn first_named(
    (storage, head): (&dyn Storage, &Head),
    is_sought: &dyn Fn(&Hash) -> bool,
) -> Result<Option<Hash>> {
    for number in 1..=head.segment {
        let path = segment_path(number);
        let missing = || Error::corrupt(&path, 0, "a segment that `head` vouches for is there");
        let bytes = open_segment(storage, number, &head.store)?.ok_or_else(missing)?;
        let end = if number == head.segment { head.length } else { bytes.len() as u64 };
        let mut walk = Walk::new(number, &bytes, SEGMENT_HEADER as u64, end);
        while let Some(transaction) = walk.next()? {
            for (location, frame) in &transaction.frames {
                let named = commitments_of(frame);
                let named = named.map_err(|e| Error::record(&path, location.offset, e))?;
                if let Some(found) = named.into_iter().find(is_sought) {
                    return Ok(Some(found));
                }
            }
        }
    }
    Ok(None)
}
