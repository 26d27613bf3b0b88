//! Holding a copy to its list, and to what was erased since: what is missing or damaged in it, and what
//! should no longer exist.
//!
//! The list proves nothing that the commits do not; `verify` of the copy reads those. What no list can
//! tell is in the log of the store: files that an erasure names must be gone from copies too.

use super::update::{files_there, of_copy};
use super::{BACKUP_LIST, CopiedKeys, List};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::keys::{SEEDS, SEEDS_HEADER};
use crate::public_log::commit_id;
use crate::sealed::{REGISTER, Register};
use crate::storage::Storage;
use crate::store::{BackupProgress, Store};
use crate::transaction::container_path;
use lineal_proof::Hash;
use lineal_proof::record::Decision;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is wrong with a file of a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopyFault {
    /// The list names it, and it is not there.
    Missing,
    /// It has other bytes than the list says.
    Damaged,
    /// It should no longer exist in a copy.
    MustGo,
}

impl CopyFault {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CopyFault::Missing => "missing",
            CopyFault::Damaged => "damaged",
            CopyFault::MustGo => "must-go",
        }
    }
}

/// What was found of a copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedCopy {
    /// The commit that it is of.
    pub commit: u64,
    /// Its id.
    pub commit_id: Hash,
    /// Files that the list names.
    pub files: u64,
    /// Bytes of those that were read.
    pub bytes: u64,
    /// Commits that the store has and the copy has not; none if no store was named.
    pub behind: Option<u64>,
    /// Files with what is wrong with them, and why, in words.
    pub faults: Vec<(String, CopyFault, String)>,
}

impl CheckedCopy {
    fn fault(&mut self, file: &str, fault: CopyFault, why: impl Into<String>) {
        self.faults.push((file.to_owned(), fault, why.into()));
    }
}

/// Reads a copy whole and holds it to its list, and to the erasures of its own log and of the store, if
/// one is named. `keys` is what a file of keys holds.
///
/// # Errors
/// [`Error::NotACopy`], [`Error::OtherStore`] or [`Error::OtherHistory`] if it is none of the store,
/// [`Error::Corrupt`] if its list or `head` does not read, or what the medium says.
pub fn check_copy(
    copy: &Arc<dyn Storage>,
    of: Option<&Store>,
    keys: Option<&CopiedKeys>,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<CheckedCopy> {
    let none = |why: &str| Error::NotACopy { path: copy.name(), why: why.to_owned() };
    let list = List::of(&**copy).map_err(|error| of_copy(&**copy, error))?;
    let list = list.ok_or_else(|| none("it has no backup.sha256"))?;
    let bytes = copy.read(HEAD)?.ok_or_else(|| none("it has no head: a copy broke off"))?;
    let head = Head::from_bytes(&bytes).map_err(|error| of_copy(&**copy, error))?;
    let mut found = CheckedCopy {
        commit: head.commit,
        commit_id: head.commit_id,
        files: list.files.len() as u64,
        bytes: 0,
        behind: None,
        faults: Vec::new(),
    };
    for (path, digest) in &list.files {
        match copy.read(path)? {
            None => found.fault(path, CopyFault::Missing, "the list names it"),
            Some(bytes) => {
                found.bytes += bytes.len() as u64;
                if Sha256::digest(&bytes)[..] != digest[..] {
                    let why = if path == HEAD {
                        "it is not the one of the list: an update broke off; make the copy again"
                    } else {
                        "its SHA-256 is not that of the list"
                    };
                    found.fault(path, CopyFault::Damaged, why);
                }
            }
        }
        progress(BackupProgress { bytes: found.bytes, all: 0 });
    }
    for path in files_there(&**copy)?.into_iter().filter(|path| !list.files.contains_key(path)) {
        let why = format!("{BACKUP_LIST} does not name it: what an update that broke off left");
        found.fault(&path, CopyFault::MustGo, why);
    }
    match Store::open_read_only_on(Arc::clone(copy)) {
        Ok(own) => {
            erased(&own, &**copy, &mut found)?;
            if let Some(store) = of {
                hold_to(store, &own, &**copy, &mut found)?;
            }
        }
        // Its files were named already.
        Err(error) if found.faults.is_empty() => return Err(error),
        Err(_) => {}
    }
    if let (Some(keys), Some(store)) = (keys, of) {
        check_keys(keys, store, &mut found)?;
    }
    found.faults.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// Holds a copy to the store that it is of.
fn hold_to(store: &Store, own: &Store, copy: &dyn Storage, found: &mut CheckedCopy) -> Result<()> {
    if own.id() != store.id() {
        return Err(Error::OtherStore { path: copy.name() });
    }
    let (head, ours) = (own.read_state().head, store.read_state().head);
    if head.commit > 0 && commit_id(store.storage(), &ours, head.commit)? != Some(head.commit_id) {
        let commit = crate::public_log::first_difference((copy, &head), (store.storage(), &ours))?;
        return Err(Error::OtherHistory { path: copy.name(), other: store.name(), commit });
    }
    found.behind = Some(ours.commit.saturating_sub(head.commit));
    erased(store, copy, found)
}

/// Names what the erasures of a log say must be gone and is there.
fn erased(log: &Store, copy: &dyn Storage, found: &mut CheckedCopy) -> Result<()> {
    let state = log.read_state();
    let ledger = state.ledger.load()?;
    let done = ledger.erasures.iter().filter(|(_, each)| each.decision == Decision::Erased);
    let mut values: BTreeMap<Hash, u64> = BTreeMap::new();
    for (commit, erasure) in done {
        for file in &erasure.files {
            let path = container_path(&file.container, file.generation);
            let is_known = found.faults.iter().any(|(file, ..)| *file == path);
            if !is_known && copy.read(&path)?.is_some() {
                let why =
                    format!("it holds rows that commit {commit} erased ({})", erasure.reference);
                found.fault(&path, CopyFault::MustGo, why);
            }
        }
        values.extend(erasure.sealed.iter().map(|value| (value.commitment, *commit)));
    }
    if values.is_empty() {
        return Ok(());
    }
    let register = Register::open(copy, log.id())?;
    let left = values.iter().filter(|(commitment, _)| register.holds(commitment));
    let left: Vec<u64> = left.map(|(_, commit)| *commit).collect();
    let is_known = found.faults.iter().any(|(file, ..)| file == REGISTER);
    if let (Some(last), false) = (left.iter().max(), is_known) {
        let why = format!(
            "it holds {} sealed values that were erased, last by commit {last}",
            left.len()
        );
        found.fault(REGISTER, CopyFault::MustGo, why);
    }
    Ok(())
}

/// Each erasure of rows or values writes the seeds anew, under another key.
fn check_keys(keys: &CopiedKeys, store: &Store, found: &mut CheckedCopy) -> Result<()> {
    if !keys.are_of(store.id()) {
        return Err(Error::OtherStore { path: "the file of keys".to_owned() });
    }
    let now = store.storage().read(SEEDS)?;
    let header = |bytes: &[u8]| bytes.get(..SEEDS_HEADER).map(<[u8]>::to_vec);
    if let (Some(then), Some(now)) = (keys.file(SEEDS), now)
        && header(then) != header(&now)
    {
        let why = "the file of keys holds seeds of before an erasure: write it again";
        found.fault(SEEDS, CopyFault::MustGo, why);
    }
    Ok(())
}
