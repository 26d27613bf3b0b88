//! Bringing a folder up to what a copy holds: new, or from an earlier copy of the same store.
//!
//! What cannot change is known by name, length and digest and is not copied again (it is read again where the
//! copy is to be healed: [`Backup::healing`]); what only grows is
//! appended to behind what the old `head` vouches for; the rest is replaced at once. `head` comes
//! behind all that it names, and what the new state no longer has goes behind `head`: so the copy is at
//! every moment the old one or the new, and what was erased in the store goes from it too.

use super::guard::Guard;
use super::receive::{FOLDERS, is_of_a_copy};
use super::{BACKUP_LIST, Backup, BackupProgress, List, Part, is_secret};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::journal::FOLDERS as FOLDERS_OF_JOURNALS;
use crate::mapping::{Bytes, forget_large};
use crate::public_log::commit_id;
use crate::sealed::{REGISTER, with_entries_of};
use crate::segment::{open_segment, segment_path};
use crate::storage::Storage;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What else may stand in the folder of a copy: the lock of who writes it, tiles of a mirror, and what a
/// write that broke off left.
const BESIDE: [&str; 4] = ["lock", "tiles", "head.tmp", "backup.sha256.tmp"];

/// What was done to a folder.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Updated {
    /// The commit of the copy that was there.
    pub was: Option<u64>,
    /// Files that were written, whole or their new end.
    pub written: u64,
    /// Bytes of that.
    pub bytes: u64,
    /// Files that were there already.
    pub kept: u64,
    /// Files that the copy no longer has, and that were removed.
    pub removed: Vec<String>,
}

/// Makes a folder for a copy if there is none; one that holds anything but a copy is refused, and nothing in
/// it touched.
///
/// # Errors
/// [`Error::NotACopy`], or what the medium says.
pub fn need_copy(folder: &Path) -> Result<()> {
    let failed = |error| Error::io("list", folder, error);
    fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
    let path = folder.display().to_string();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let mut known = FOLDERS.iter().chain(&FOLDERS_OF_JOURNALS).chain(&BESIDE);
        if !known.any(|known| *known == name) && !is_of_a_copy(&name) {
            let why = match name.as_str() {
                "keys" => {
                    "it holds keys/, which belong into a file of their own (--with-keys FILE)"
                        .to_owned()
                }
                other => format!("it holds {other}"),
            };
            return Err(Error::NotACopy { path, why });
        }
    }
    Ok(())
}

/// What a folder holds before it is brought up to date.
struct Before {
    head: Option<Head>,
    files: BTreeMap<String, [u8; 32]>,
    /// Is what is there read again?
    heals: bool,
}

impl Before {
    fn of(to: &dyn Storage, backup: &Backup) -> Result<Before> {
        let refused = |why: &str| Error::NotACopy { path: to.name(), why: why.to_owned() };
        let store = &backup.head.store;
        let of_copy = |error| of_copy(to, error);
        let head = to.read(HEAD)?.map(|bytes| Head::from_bytes(&bytes)).transpose();
        let heals = backup.heals;
        let Some(head) = head.map_err(of_copy)? else {
            // A first copy that broke off: what came of it is looked at file by file.
            return match open_segment(to, 1, store) {
                Ok(_) => Ok(Before { head: None, files: BTreeMap::new(), heals }),
                Err(_) => Err(refused("it holds the first segment of another store")),
            };
        };
        let list = List::of(to).map_err(of_copy)?;
        let list = list.ok_or_else(|| refused("it is a store and has no backup.sha256"))?;
        if head.store != *store {
            return Err(Error::OtherStore { path: to.name() });
        }
        // Nor has a store that the copy is ahead of its last commit.
        if head.commit > 0
            && commit_id(&*backup.storage, &backup.head, head.commit)? != Some(head.commit_id)
        {
            let commit = first_difference(to, &head, backup)?;
            let (path, other) = (to.name(), backup.storage.name());
            return Err(Error::OtherHistory { path, other, commit });
        }
        Ok(Before { head: Some(head), files: list.files, heals })
    }

    /// Is a file known to be there as it must be?
    fn has(&self, to: &dyn Storage, part: &Part) -> Result<Option<[u8; 32]>> {
        let Some(digest) = self.files.get(&part.path) else { return Ok(None) };
        let is_same = match part.sha256 {
            Some(said) => said.0 == *digest,
            None => self.head.is_some_and(|head| is_closed(&part.path, &head)),
        };
        let there = if is_same { to.read(&part.path)? } else { None };
        let is_whole = |bytes: &Bytes| {
            bytes.len() as u64 == part.length
                && (!self.heals || Sha256::digest(bytes)[..] == digest[..])
        };
        Ok(there.filter(is_whole).map(|_| *digest))
    }
}

/// Names the file of a copy, which the store has under the same name.
pub(super) fn of_copy(to: &dyn Storage, error: Error) -> Error {
    match error {
        Error::Corrupt { file, at, rule } => {
            let file = Path::new(&to.name()).join(file).display().to_string();
            Error::Corrupt { file, at, rule }
        }
        other => other,
    }
}

/// The first commit that a copy and a store do not share.
fn first_difference(to: &dyn Storage, head: &Head, backup: &Backup) -> Result<u64> {
    crate::public_log::first_difference((to, head), (&*backup.storage, &backup.head))
}

/// Is it a segment that was not the last one of the earlier copy? Nothing is appended to it any more.
fn is_closed(path: &str, head: &Head) -> bool {
    (1..head.segment).any(|number| segment_path(number) == path)
}

impl Backup {
    /// The same onto a medium.
    ///
    /// # Errors
    /// As [`Backup::write_to`], but for what else a folder holds.
    pub fn write_on(
        &self,
        to: &dyn Storage,
        progress: &mut dyn FnMut(BackupProgress),
    ) -> Result<Updated> {
        let _lock = to.lock("a backup")?;
        let before = Before::of(to, self)?;
        let mut done = Updated { was: before.head.map(|head| head.commit), ..Updated::default() };
        let mut digests = Vec::with_capacity(self.files.len());
        let (mut bytes, all) = (0, self.bytes());
        let (mut register, mut behind) = (None, Vec::new());
        let old = before.head.map_or(u64::MAX, |head| head.commit);
        // Before anything is written: of what is damaged here the copy has the good one.
        let mut guard = Guard::of(self, before.head.map(|head| (to, head, &before.files)));
        let mut is_there = Vec::with_capacity(self.files.len());
        for part in &self.files {
            let known = before.has(to, part)?;
            is_there.push(known.is_some());
            if let Some(digest) = known {
                digests.push(digest);
                continue;
            }
            let content = self.read(part)?;
            digests.push(part.checked(Sha256::digest(&content).into())?);
            guard.check(part, &content)?;
            forget_large(&[content]);
        }
        guard.others()?;
        for (part, is_there) in self.files.iter().zip(is_there) {
            if is_there {
                done.kept += 1;
            } else {
                let content = self.read(part)?;
                if checkpoint_of(&part.path).is_some_and(|size| size > old) {
                    // The old `head` knows no commits that it could be of.
                    behind.push((part, content));
                    continue;
                }
                if part.path == REGISTER {
                    register = bring_register(to, &content, &mut done)?;
                } else {
                    bring(to, part, &content, &mut done)?;
                }
                forget_large(&[content]);
            }
            bytes += part.length;
            progress(BackupProgress { bytes, all });
        }
        let list = self.list(&digests);
        put_if_other(to, BACKUP_LIST, list.as_bytes())?;
        put_if_other(to, HEAD, &self.head())?;
        for (part, content) in behind {
            bring(to, part, &content, &mut done)?;
        }
        if let Some(register) = register {
            to.put(REGISTER, &register, true)?;
        }
        let paths = self.files.iter().map(|part| part.path.as_str());
        done.removed = remove_others(to, &paths.collect())?;
        progress(BackupProgress { bytes: all, all });
        Ok(done)
    }
}

/// The commit whose checkpoint, or time stamp of one, a file is.
pub(super) fn checkpoint_of(path: &str) -> Option<u64> {
    path.strip_prefix("checkpoints/")?.split('.').next()?.parse().ok()
}

/// Writes what a file lacks: its new end where it only grew, else the whole.
fn bring(to: &dyn Storage, part: &Part, content: &[u8], done: &mut Updated) -> Result<()> {
    let path = part.path.as_str();
    let there = to.read(path)?;
    let length = there.as_ref().map_or(0, |bytes| bytes.len());
    match there {
        Some(there) if there[..] == *content => {
            done.kept += 1;
            return Ok(());
        }
        // Bytes behind what the old `head` vouches for, left by an update that broke off.
        Some(there) if path.starts_with("segments/") && there.starts_with(content) => {
            drop(there);
            to.cut(path, content.len() as u64)?;
        }
        Some(there) if path.starts_with("segments/") && content.starts_with(&there) => {
            drop(there);
            to.append(path, &content[length..], false)?;
            to.sync(path)?;
            done.bytes += (content.len() - length) as u64;
        }
        _ => {
            to.put(path, content, is_secret(path))?;
            done.bytes += content.len() as u64;
        }
    }
    done.written += 1;
    Ok(())
}

/// Brings the register. One that an erasure wrote anew lacks what the old `head` still names: until the new
/// one is there the register holds both, and the bytes that must then take its place are given back.
fn bring_register(to: &dyn Storage, new: &Bytes, done: &mut Updated) -> Result<Option<Bytes>> {
    let there = to.read(REGISTER)?;
    if there.as_deref() == Some(&new[..]) {
        done.kept += 1;
        return Ok(None);
    }
    done.written += 1;
    done.bytes += new.len() as u64;
    match there {
        Some(there) if !new.starts_with(&there) && to.read(HEAD)?.is_some() => {
            to.put(REGISTER, &with_entries_of(&there, new), true)?;
            Ok(Some(new.clone()))
        }
        _ => {
            to.put(REGISTER, new, true)?;
            Ok(None)
        }
    }
}

pub(crate) fn put_if_other(to: &dyn Storage, path: &str, bytes: &[u8]) -> Result<()> {
    match to.read(path)? {
        Some(there) if there[..] == *bytes => Ok(()),
        _ => to.put(path, bytes, false),
    }
}

/// The files in the folders of a copy.
pub(crate) fn files_there(storage: &dyn Storage) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in FOLDERS.iter().chain(&FOLDERS_OF_JOURNALS) {
        let names = storage.list(folder)?;
        found.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    Ok(found)
}

/// Removes every file of the folders that the copy no longer has, durably.
pub(crate) fn remove_others(to: &dyn Storage, kept: &BTreeSet<&str>) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    for path in files_there(to)? {
        if !kept.contains(path.as_str()) {
            to.remove(&path)?;
            removed.push(path);
        }
    }
    // A name is gone for good once its folder was synced: with any file that stays in it.
    let folder = |path: &str| path.split('/').next().map(str::to_owned);
    let touched: BTreeSet<_> = removed.iter().filter_map(|path| folder(path)).collect();
    for touched in touched {
        if let Some(stays) = kept.iter().find(|path| folder(path).as_ref() == Some(&touched)) {
            to.sync(stays)?;
        }
    }
    Ok(removed)
}
