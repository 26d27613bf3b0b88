//! Mending a damaged store without inventing anything.
//!
//! What is derived is set aside and made again from the records. What is recorded comes back only
//! from a copy of the same store, and only if it proves itself: before a byte is written the store is
//! verified as it would be, with the copy's bytes in the place of the damaged ones, so ids, digests
//! and the chain of commits decide and the copy is not believed. What was there stays in `orphans/`.
//!
//! A `head` that names an earlier commit than the segments end with is brought up first, as opening for
//! writing would: held to it, what later commits wrote would be judged, and replaced, by what was before.
//!
//! A copy with another past is refused whole, by the commit from which on the two differ (`repair/parting.rs`):
//! which of them is right is not for a program to say.
//!
//! Each file is replaced at once, after the old bytes are durable in `orphans/`: a crash leaves a
//! store that can be repaired again. Of seeds that were set aside nothing stays that a recorded erasure
//! destroyed.

mod parting;

use crate::error::{Error, Result};
use crate::head::{HEAD, Head, own_head};
use crate::keys::{KEY_FILES, SEEDS};
use crate::mapping::Bytes;
use crate::public_log::TILES;
use crate::sealed::{Own, REGISTER, joined};
use crate::storage::{AsideStorage, Storage};
use crate::store::{BACKUP_LIST, Options, Store, aside, reach};
use crate::verify::{
    Beside, Code, Depth, Fault, Progress, Report, What, commitments_named, verify, verify_all,
};
use lineal_proof::tlog::SignedCheckpoint;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is to be done.
#[derive(Clone)]
pub struct Wanted {
    /// A copy of the store to take from.
    pub from: Option<Arc<dyn Storage>>,
    /// Say what would be done, write nothing.
    pub dry_run: bool,
    /// How the store is opened to be written.
    pub options: Options,
}

/// A file that came back from the copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// The file.
    pub file: String,
    /// Bytes of it that are the copy's.
    pub from_copy: u64,
    /// Bytes behind them that were here and stay.
    pub kept: u64,
    /// Where the damaged one is now; none if there was none.
    pub aside: Option<String>,
    /// Nothing but the copy says that it is right: a key file has nothing to be held to.
    pub rests_on_copy: bool,
}

/// What was done, or would be.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Repaired {
    /// Files of the truth that came back.
    pub restored: Vec<Restored>,
    /// Derived files that were set aside, with their new names.
    pub set_aside: Vec<(String, String)>,
    /// The commit that `head` named, and the last one of the segments, which it names now; none where
    /// these were one.
    pub brought_up: Option<(u64, u64)>,
    /// Was what is derived made again?
    pub rebuilt: bool,
    /// What is still wrong.
    pub left: Vec<Fault>,
    /// Faults of the truth before.
    pub truth_before: u64,
    /// Faults of what is derived before.
    pub derived_before: u64,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// Mends what can be mended.
///
/// # Errors
/// [`Error::Locked`] if somebody writes the store, [`Error::OtherStore`] if the copy is of another
/// one, [`Error::OtherHistory`] if it is of this one with another past, which is told before anything is
/// written, [`Error::NoStore`], and what the medium says.
pub fn repair(
    storage: &Arc<dyn Storage>,
    wanted: &Wanted,
    progress: &mut dyn FnMut(Progress),
) -> Result<Repaired> {
    // Held while the truth is written; opening for writing then takes it again.
    let lock = if wanted.dry_run { None } else { Some(storage.lock("a repair")?) };
    let behind = head_behind(&**storage)?;
    if let Some(from) = &wanted.from {
        let reached = behind.as_ref().map(|(_, reached)| *reached);
        parting::need_one_history(&**storage, reached, &**from)?;
    }
    let mut kept_head = None;
    let ahead: Arc<dyn Storage>;
    let storage = match &behind {
        Some((_, reached)) if wanted.dry_run => {
            ahead = Arc::new(AsideStorage::of(Arc::clone(storage), *reached)?);
            &ahead
        }
        Some((_, reached)) => {
            kept_head = keep_head(&**storage)?;
            storage.put(HEAD, &reached.to_bytes(), false)?;
            storage
        }
        None => storage,
    };
    let before = verify_all(storage, &What::default(), progress)?;
    let (derived, truth): (Vec<Fault>, Vec<Fault>) =
        before.faults.iter().cloned().partition(|fault| fault.derived);
    let mut done = Repaired {
        truth_before: truth.len() as u64 + before.faults_not_listed,
        derived_before: derived.len() as u64 + before.faults_derived_not_listed,
        brought_up: behind.map(|(head, reached)| (head.commit, reached.commit)),
        notes: kept_head.into_iter().collect(),
        ..Repaired::default()
    };
    let candidates = match &wanted.from {
        Some(from) => candidates(storage, &**from, &truth)?,
        None => Vec::new(),
    };
    let (proved, left) = prove(storage, candidates, &before, progress)?;
    for candidate in proved {
        let restored = candidate.restore(&**storage, wanted.dry_run)?;
        done.restored.push(restored);
    }
    done.left = left;
    let head_is_lost = truth.iter().any(|fault| fault.file == HEAD);
    let files: BTreeSet<&String> = derived.iter().map(|fault| &fault.file).collect();
    for file in files {
        let name = aside(&**storage, file)?;
        if !wanted.dry_run {
            storage.rename(file, &name)?;
        }
        done.set_aside.push((file.clone(), name));
    }
    let rebuilds = !done.set_aside.is_empty()
        || !done.restored.is_empty()
        || head_is_lost
        || done.brought_up.is_some();
    if wanted.dry_run {
        done.left.retain(|fault| fault.file != HEAD || fault.code == Code::HeadElsewhere);
        done.rebuilt = rebuilds && done.left.is_empty();
        return Ok(done);
    }
    if head_is_lost {
        done.notes.extend(keep_head(&**storage)?);
        // Without one the next opening finds the last commit; in another store's segments it is not sought.
        if own_head(&**storage)?.is_none() && storage.read(HEAD)?.is_some() {
            storage.remove(HEAD)?;
        }
    }
    drop(lock);
    if rebuilds {
        rebuild(storage, wanted, &mut done);
        told_of_seeds(&**storage, &mut done)?;
    }
    done.left = verify_all(storage, &What::default(), progress)?.faults;
    Ok(done)
}

/// A `head` that reads, and how far the segments go on behind it; none where they end with its commit, and of a
/// copy, of which containers may come behind the segments: who makes it brings it up.
fn head_behind(storage: &dyn Storage) -> Result<Option<(Head, Head)>> {
    if storage.read(BACKUP_LIST)?.is_some() {
        return Ok(None);
    }
    let Some(head) = storage.read(HEAD)?.and_then(|bytes| Head::from_bytes(&bytes).ok()) else {
        return Ok(None);
    };
    let reached = reach(storage, &head)?;
    Ok((reached.commit > head.commit).then_some((head, reached)))
}

/// Keeps `head` as it is in `orphans/`, and says where.
fn keep_head(storage: &dyn Storage) -> Result<Option<String>> {
    let Some(bytes) = storage.read(HEAD)? else { return Ok(None) };
    let name = aside(storage, HEAD)?;
    storage.put(&name, &bytes, false)?;
    Ok(Some(format!("{HEAD} as it was is now {name}")))
}

/// Opens the store as a writer does after a crash, which finds `head` again, and makes what is
/// derived.
fn rebuild(storage: &Arc<dyn Storage>, wanted: &Wanted, done: &mut Repaired) {
    let opened = Store::open_on(Arc::clone(storage), wanted.options.clone());
    match opened.and_then(|store| store.rebuild()) {
        Ok(()) => done.rebuilt = true,
        Err(error) => done.notes.push(format!("what is derived was not made again: {error}")),
    }
}

/// Of what was set aside that is gone again: a recorded erasure reached it, and left nothing of it.
fn told_of_seeds(storage: &dyn Storage, done: &mut Repaired) -> Result<()> {
    for one in &mut done.restored {
        let Some(path) = &one.aside else { continue };
        if storage.read(path)?.is_none() {
            let file = &one.file;
            done.notes
                .push(format!("{file} as it was is not kept: it may have held what was erased"));
            one.aside = None;
        }
    }
    Ok(())
}

/// Bytes that may stand in the place of a damaged file.
struct Candidate {
    file: String,
    bytes: Vec<u8>,
    from_copy: u64,
}

impl Candidate {
    /// Keeps what is there, then puts the file in its place.
    fn restore(self, storage: &dyn Storage, dry_run: bool) -> Result<Restored> {
        let Candidate { file, bytes, from_copy } = self;
        let damaged = storage.read(&file)?;
        let aside = damaged.as_ref().map(|_| aside(storage, &file)).transpose()?;
        if !dry_run {
            if let (Some(name), Some(damaged)) = (&aside, &damaged) {
                storage.put(name, damaged, true)?;
            }
            storage.put(&file, &bytes, is_secret(&file))?;
        }
        let rests_on_copy = KEY_FILES.iter().any(|name| file == format!("keys/{name}.key"));
        let kept = bytes.len() as u64 - from_copy;
        Ok(Restored { file, from_copy, kept, aside, rests_on_copy })
    }
}

fn is_secret(path: &str) -> bool {
    path.starts_with("keys/") || path.starts_with("sealed/")
}

/// The files whose bytes may be at fault.
fn files_of(fault: &Fault) -> &str {
    match fault.code {
        Code::SealedMissing => REGISTER,
        Code::BatchSeed => SEEDS,
        _ => &fault.file,
    }
}

/// What the copy has for each file that is at fault.
fn candidates(
    storage: &Arc<dyn Storage>,
    from: &dyn Storage,
    truth: &[Fault],
) -> Result<Vec<Candidate>> {
    let Some(theirs) = from.read(HEAD)? else {
        return Err(Error::NoStore { path: from.name() });
    };
    let theirs = Head::from_bytes(&theirs)?;
    let own = own_head(&**storage)?;
    let own_id = own.map(|head| head.store).or_else(|| first_id(&**storage));
    if own_id.is_some_and(|id| id != theirs.store) {
        return Err(Error::OtherStore { path: from.name() });
    }
    let files: BTreeSet<&str> = truth.iter().map(files_of).filter(|file| *file != HEAD).collect();
    let (mut found, mut registers) = (Vec::new(), None);
    let differs = truth.iter().filter(|fault| fault.code == Code::CheckpointDiffers);
    for fault in differs {
        found.extend(checkpoint(&**storage, from, &fault.file)?);
    }
    for file in files {
        let Some(copy) = from.read(file)? else { continue };
        let mut of_file = truth.iter().filter(|fault| files_of(fault) == file);
        if of_file.any(|fault| fault.code == Code::CheckpointDiffers) {
            // What the copy tells of it is among these already.
            continue;
        }
        let here = storage.read(file)?;
        if file == REGISTER {
            registers = Some((copy, here));
            continue;
        }
        let is_of_signature = |fault: &&Fault| fault.code == Code::CheckpointSignature;
        if truth.iter().filter(|fault| files_of(fault) == file).all(|fault| is_of_signature(&fault))
            && let Some(bytes) = here.as_deref().and_then(|here| with_lines_of(&copy, here))
        {
            let from_copy = bytes.len() as u64;
            found.push(Candidate { file: file.to_owned(), bytes, from_copy });
            continue;
        }
        found.push(merged(file, &copy, here.as_ref(), own.as_ref(), &theirs));
    }
    if let Some((copy, here)) = registers {
        let here = here.as_deref().unwrap_or_default();
        found.extend(register(storage, &found, (&copy, here), &theirs.store)?);
    }
    Ok(found)
}

/// The register that the copy's and the one that is here make: each of its values proves itself, so it is put
/// together value by value. Which are the store's own say the records, as they would be.
fn register(
    storage: &Arc<dyn Storage>,
    found: &[Candidate],
    (copy, here): (&[u8], &[u8]),
    store: &[u8; 16],
) -> Result<Option<Candidate>> {
    let beside = Beside::over(storage);
    for one in found.iter().filter(|one| one.file.starts_with("segments/")) {
        beside.lay(&one.file, &one.bytes)?;
    }
    let (named, is_whole) = commitments_named(&beside)?;
    let joined = joined(copy, here, &Own { store, named: &named, is_whole });
    Ok(joined.map(|(bytes, from_copy)| Candidate {
        file: REGISTER.to_owned(),
        bytes,
        from_copy: from_copy as u64,
    }))
}

/// One of two checkpoints that differ in the place of both, the kept one and the one that is served: that of
/// which the copy has every line that the other lacks.
fn checkpoint(storage: &dyn Storage, from: &dyn Storage, file: &str) -> Result<Vec<Candidate>> {
    let served = format!("{TILES}/checkpoint");
    let read = |storage: &dyn Storage, file: &str| -> Result<Option<SignedCheckpoint>> {
        Ok(storage.read(file)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()))
    };
    let notes = (read(from, file)?, read(storage, file)?, read(storage, &served)?);
    let (Some(copy), Some(kept), Some(other)) = notes else { return Ok(Vec::new()) };
    let is_told = |one: &SignedCheckpoint, beside: &SignedCheckpoint| {
        let mut own = one.note.signatures().iter();
        own.all(|line| {
            beside.note.signatures().contains(line) || copy.note.signatures().contains(line)
        })
    };
    let right = match (is_told(&other, &kept), is_told(&kept, &other)) {
        (true, false) => other,
        (false, true) => kept,
        _ => return Ok(Vec::new()),
    };
    let bytes = right.to_string().into_bytes();
    let from_copy = bytes.len() as u64;
    let mut found = Vec::new();
    for file in [file.to_owned(), served] {
        if storage.read(&file)?.as_deref() != Some(&bytes[..]) {
            found.push(Candidate { file, bytes: bytes.clone(), from_copy });
        }
    }
    Ok(found)
}

/// A checkpoint as it is here, with the copy's line of each key that signed both: a witness that signed after the
/// copy was made signed none the less. None where it is another checkpoint.
fn with_lines_of(copy: &[u8], here: &[u8]) -> Option<Vec<u8>> {
    let copy = SignedCheckpoint::parse(copy).ok()?;
    let mut joined = SignedCheckpoint::parse(here).ok()?;
    if copy.note.text() != joined.note.text() {
        return None;
    }
    copy.note.signatures().iter().for_each(|line| joined.note.add(line.clone()));
    Some(joined.to_string().into_bytes())
}

/// The store's id, from the first segment whose header reads.
fn first_id(storage: &dyn Storage) -> Option<[u8; 16]> {
    let bytes = storage.read(&crate::segment::segment_path(1)).ok()??;
    let magic = lineal_proof::frame::MAGIC_SEGMENT;
    lineal_proof::frame::read_header(&bytes, magic).ok().map(|(store, _)| store)
}

/// The copy's bytes, and behind them those that are here: of a file that is only ever appended to the
/// copy has the beginning. No byte behind what `head` vouches for is taken over from the copy.
fn merged(
    file: &str,
    copy: &Bytes,
    here: Option<&Bytes>,
    own: Option<&Head>,
    theirs: &Head,
) -> Candidate {
    let whole = |head: &Head| crate::segment::segment_path(head.segment) == file;
    let length = |head: &Head| usize::try_from(head.length).unwrap_or(usize::MAX);
    let mut from_copy = copy.len();
    if whole(theirs) {
        from_copy = from_copy.min(length(theirs));
    }
    if let Some(own) = own.filter(|own| whole(own)) {
        from_copy = from_copy.min(length(own));
    }
    let mut bytes = copy[..from_copy].to_vec();
    // A container or a key is one or the other, whole.
    let grows = file.starts_with("segments/") || file == SEEDS;
    if grows && let Some(rest) = here.and_then(|here| here.get(from_copy..)) {
        bytes.extend_from_slice(rest);
    }
    Candidate { file: file.to_owned(), bytes, from_copy: from_copy as u64 }
}

/// Keeps the candidates with which no fault of their file is left, and says what is left then.
///
/// With all of them first; if some do not prove themselves they are left out and the rest are proved
/// again, since one file may be judged by another.
fn prove(
    storage: &Arc<dyn Storage>,
    mut candidates: Vec<Candidate>,
    before: &Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Vec<Candidate>, Vec<Fault>)> {
    let is_truth = |fault: &Fault| !fault.derived;
    while !candidates.is_empty() {
        let beside = Beside::over(storage);
        for candidate in &candidates {
            beside.lay(&candidate.file, &candidate.bytes)?;
        }
        let report = verify(&beside, Depth::Full, progress)?;
        let left: Vec<Fault> = report.faults.into_iter().filter(is_truth).collect();
        // What neither register holds stays lost, whatever else comes back.
        let is_of_candidate = |fault: &&Fault| fault.code != Code::SealedMissing;
        let bad: BTreeSet<&str> = left.iter().filter(is_of_candidate).map(files_of).collect();
        // Segments stand and fall together: one that is wrong hides what is behind it.
        let log_is_bad = bad.iter().any(|file| file.starts_with("segments/"))
            || left.iter().any(|fault| fault.code == Code::HeadElsewhere);
        let is_good = |candidate: &Candidate| {
            let is_log = candidate.file.starts_with("segments/");
            !(bad.contains(candidate.file.as_str()) || is_log && log_is_bad)
        };
        if candidates.iter().all(is_good) {
            return Ok((candidates, left));
        }
        candidates.retain(is_good);
    }
    Ok((candidates, before.faults.iter().filter(|fault| is_truth(fault)).cloned().collect()))
}
