//! Putting a copy back: verified while it is read, whole or not at all, and without what was erased since.
//!
//! It is made beside its place, in a folder `NAME.restoring`, and takes the name when everything in it
//! has proved itself: a copy that is damaged leaves nothing, and neither does a crash but that folder.

use super::list::List;
use super::{BACKUP_LIST, BackupProgress, CopiedKeys, is_secret, need_empty, receive};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::later_erasures::LaterErasures;
use crate::public_log::commit_id;
use crate::storage::{FileStorage, Storage};
use crate::store::{DecidedStep, DecisionLog, NotDone, Options, Store};
use crate::verify::{Code, Depth, Report, verify_before};
use lineal_proof::Hash;
use lineal_proof::record::Decision;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands behind the name of a folder that is not whole yet.
const PART: &str = "restoring";
/// Names of damaged files that are listed in a message; the others are counted.
const NAMES_MAX: usize = 20;

/// What a copy lies in.
pub enum Origin<'a> {
    /// A folder: a copy, or a mirror.
    Folder(&'a dyn Storage),
    /// An archive.
    Archive(&'a mut dyn Read),
}

/// How it is put back.
pub struct Restoring<'a> {
    /// The keys of the store.
    pub keys: Option<CopiedKeys>,
    /// What tells of a later state of the same store: what was erased since is erased again.
    pub erasures_of: Option<Later<'a>>,
    /// How the store is opened where something is to be erased.
    pub options: Options,
}

/// What tells what was erased behind a copy.
#[derive(Clone, Copy)]
pub enum Later<'a> {
    /// A later state of the store: its commits show that it is one.
    Store(&'a Store),
    /// What such a state was asked for. It is believed: nothing in it shows that it is of this past, but the
    /// store's id.
    List(&'a DecisionLog),
}

/// What was put back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestoredCopy {
    /// The commit of the copy.
    pub commit: u64,
    /// Its id.
    pub commit_id: Hash,
    /// Files, `head` among them, and keys where they were given.
    pub files: u64,
    /// Bytes of those of the copy.
    pub bytes: u64,
    /// Erasures that were done again, each a commit of its own behind that of the copy.
    pub erased_again: u64,
    /// What was decided since and could not be done, as what it names is not in the copy and nothing would know it
    /// again when it comes.
    pub not_done: Vec<NotDone>,
}

/// Puts a copy back into a new or empty folder.
///
/// # Errors
/// [`Error::NotEmpty`]; [`Error::NotACopy`], [`Error::DamagedCopy`] or [`Error::Corrupt`] with the names of
/// files that are not as they were written; [`Error::KeysNotOfCopy`] if keys lack what none of the erasures that
/// are known destroyed; [`Error::OtherStore`], [`Error::OtherHistory`] if keys or erasures are of another store
/// or past; [`Error::ErasedSince`] if something is to be erased again and no keys are given; or what the medium
/// says. Then the folder is as it was.
pub fn restore(
    origin: Origin<'_>,
    folder: &Path,
    wanted: Restoring<'_>,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<RestoredCopy> {
    need_empty(folder)?;
    let part = beside(folder);
    if part.exists() {
        // An earlier one that broke off: nobody else's, but it is not ours to remove unasked.
        return Err(Error::NotEmpty { path: part.display().to_string() });
    }
    let is_new = |above: &&Path| !above.as_os_str().is_empty() && !above.exists();
    let made_above: Vec<&Path> = folder.ancestors().skip(1).take_while(is_new).collect();
    let made = make(origin, &part, wanted, progress);
    let made = made.and_then(|done| {
        fs::rename(&part, folder).map_err(|error| Error::io("move to its place", folder, error))?;
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        let synced = File::open(above).and_then(|file| file.sync_all());
        synced.map_err(|error| Error::io("sync the folder", above, error))?;
        Ok(done)
    });
    if made.is_err() {
        // Half a store is of no use to anybody. What made it fail is said, not that this failed too.
        let _ = fs::remove_dir_all(&part);
        for above in made_above {
            let _ = fs::remove_dir(above);
        }
    }
    made
}

fn beside(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(format!(".{PART}"));
    PathBuf::from(name)
}

fn make(
    origin: Origin<'_>,
    part: &Path,
    wanted: Restoring<'_>,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<RestoredCopy> {
    let to = FileStorage::new(part);
    let name = match &origin {
        Origin::Folder(from) => from.name(),
        Origin::Archive(_) => "the archive".to_owned(),
    };
    let (mut files, bytes) = match origin {
        Origin::Folder(from) => copied(from, &to, progress)?,
        Origin::Archive(archive) => {
            let came = receive(archive, Some(part))?;
            (came.files - 1, came.bytes)
        }
    };
    // A store is no copy: the next backup must not take it for one.
    to.remove(BACKUP_LIST)?;
    let head = to.read(HEAD)?.ok_or_else(|| Error::NoStore { path: name.clone() })?;
    let head = Head::from_bytes(&head)?;
    let has_keys = wanted.keys.as_ref().is_some_and(|keys| keys.count() > 0);
    if let Some(keys) = &wanted.keys {
        if !keys.are_of(&head.store) {
            return Err(Error::OtherStore { path: "the file of keys".to_owned() });
        }
        keys.restore(&to)?;
        files += keys.count() as u64;
    }
    let depth = if has_keys { Depth::Full } else { Depth::Bytes };
    let since = wanted.erasures_of.map(|later| Since::of(later, &head)).transpose()?;
    // Keys that were written after these erasures lack what they destroyed.
    let erased = since.as_ref().map(|since| Arc::clone(&since.erasures)).unwrap_or_default();
    let report = verify_before(&to, depth, erased)?;
    if !report.is_sound() {
        return Err(unsound(&name, &report));
    }
    let (mut erased_again, mut not_done) = (0, Vec::new());
    if let (Some(later), Some(since)) = (wanted.erasures_of, since) {
        if let Later::Store(later) = later {
            check_past(later, &head, &name, part)?;
        }
        (erased_again, not_done) = erase_since(&since, &name, (part, has_keys, wanted.options))?;
    }
    let Head { commit, commit_id, .. } = head;
    Ok(RestoredCopy { commit, commit_id, files, bytes, erased_again, not_done })
}

/// What a copy is that does not fit its own commits, or the keys that lie beside it. Its files were held to its
/// list before: where nothing but what keys open is amiss, it is the keys.
fn unsound(path: &str, report: &Report) -> Error {
    let is_of_keys =
        |code| matches!(code, Code::BatchSeed | Code::SeedsDamaged | Code::SealedValue);
    let truth = || report.faults.iter().filter(|fault| !fault.derived);
    let (count, names) = named(truth().map(|f| format!("{} ({})", f.file, f.rule)).collect());
    let path = path.to_owned();
    if count > 0 && truth().all(|fault| is_of_keys(fault.code)) {
        return Error::KeysNotOfCopy { path, count, names };
    }
    Error::DamagedCopy { path, count, names }
}

fn damaged(path: &str, names: Vec<String>) -> Error {
    let (count, names) = named(names);
    Error::DamagedCopy { path: path.to_owned(), count, names }
}

/// How many names there are, and the first of them.
fn named(mut names: Vec<String>) -> (usize, Vec<String>) {
    names.dedup();
    let count = names.len();
    names.truncate(NAMES_MAX);
    (count, names)
}

/// What a later log of the store decided behind the commit of a copy.
struct Since {
    /// With the holds: one of the copy's time may have been released before what it held was erased.
    steps: Vec<(u64, DecidedStep)>,
    erasures: Arc<LaterErasures>,
}

impl Since {
    fn of(later: Later<'_>, head: &Head) -> Result<Since> {
        let (log, path) = match later {
            Later::Store(later) => (later.decision_log()?, later.name()),
            Later::List(list) => (list.clone(), "the list of erasures".to_owned()),
        };
        if log.store != head.store {
            return Err(Error::OtherStore { path });
        }
        let mut steps = log.steps;
        steps.retain(|(commit, _)| *commit > head.commit);
        let erasures = steps.iter().filter_map(|(_, step)| match step {
            DecidedStep::Erasure(erasure) => Some(erasure),
            DecidedStep::Hold(_) => None,
        });
        let erasures = Arc::new(LaterErasures::of(erasures));
        Ok(Since { steps, erasures })
    }
}

/// Copies what the list names, and holds each file to it. Goes on behind a damaged one, so that all of
/// them are named.
fn copied(
    from: &dyn Storage,
    to: &dyn Storage,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<(u64, u64)> {
    let none = |why: &str| Error::NotACopy { path: from.name(), why: why.to_owned() };
    let list = List::of(from)?.ok_or_else(|| none("it has no backup.sha256"))?;
    if !list.files.contains_key(HEAD) {
        return Err(none("its list names no head"));
    }
    if let Some(path) = list.files.keys().find(|path| !super::receive::is_of_a_copy(path)) {
        return Err(none(&format!("its list names {}", path.escape_debug())));
    }
    let (mut bytes, mut wrong) = (0, Vec::new());
    for (path, digest) in &list.files {
        let Some(content) = from.read(path)? else {
            wrong.push(format!("{path} (missing)"));
            continue;
        };
        if Sha256::digest(&content)[..] != digest[..] {
            wrong.push(format!("{path} (its SHA-256 is not that of the list)"));
            continue;
        }
        if wrong.is_empty() {
            to.put(path, &content, is_secret(path))?;
        }
        bytes += content.len() as u64;
        progress(BackupProgress { bytes, all: 0 });
    }
    if !wrong.is_empty() {
        return Err(damaged(&from.name(), wrong));
    }
    Ok((list.files.len() as u64, bytes))
}

/// Erases again what a later log of the store says was erased behind the copy: how many erasures that were, and
/// what of the decisions could not be done.
fn erase_since(
    since: &Since,
    name: &str,
    (part, has_keys, options): (&Path, bool, Options),
) -> Result<(u64, Vec<NotDone>)> {
    let is_erasure = |(_, step): &&(u64, DecidedStep)| matches!(step, DecidedStep::Erasure(_));
    let count = since.steps.iter().filter(is_erasure).count();
    if count == 0 {
        return Ok((0, Vec::new()));
    }
    if !has_keys {
        return Err(Error::ErasedSince { path: name.to_owned(), count });
    }
    // Of seeds nothing is lacking but what is erased here now.
    let store = Store::open(part, Options { despite_missing_seeds: true, ..options })?;
    let mut done = 0;
    for (_, step) in &since.steps {
        match step {
            DecidedStep::Erasure(erasure) => {
                let is_done = store.erase_again(erasure, &since.erasures)?.is_some();
                done += u64::from(is_done && erasure.decision == Decision::Erased);
            }
            DecidedStep::Hold(hold) => store.hold_again(hold)?,
        }
    }
    let steps: Vec<&(u64, DecidedStep)> = since.steps.iter().collect();
    Ok((done, store.not_done(&steps)))
}

/// Refuses a later state whose past is not that of the copy.
fn check_past(later: &Store, head: &Head, name: &str, part: &Path) -> Result<()> {
    if later.id() != &head.store {
        return Err(Error::OtherStore { path: later.name() });
    }
    let state = later.read_state();
    if head.commit > 0
        && commit_id(later.storage(), &state.head, head.commit)? != Some(head.commit_id)
    {
        let commit = crate::public_log::first_difference(
            (&FileStorage::new(part), head),
            (later.storage(), &state.head),
        )?;
        let (path, other) = (name.to_owned(), later.name());
        return Err(Error::OtherHistory { path, other, commit });
    }
    Ok(())
}
