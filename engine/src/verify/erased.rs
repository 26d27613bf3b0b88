//! What recorded erasures say, and whether it was done: what must be gone and is not is named.

use super::{Code, Report, segments::Log};
use crate::error::Result;
use crate::events::EventBlock;
use crate::keys::{Keys, SeedKind, seeds_aside};
use crate::later_erasures::LaterRows;
use crate::runs::{merged, rows_of, within_sorted};
use crate::sealed::Register;
use crate::storage::Storage;
use crate::transaction::container_path;
use lineal_proof::Hash;
use lineal_proof::cover::{Cover, SaltPlace};
use lineal_proof::record::{Decision, ErasedFile, Erasure};
use std::collections::{BTreeMap, BTreeSet};

/// What is erased of a batch.
#[derive(Clone, Default)]
pub(super) struct ErasedOf {
    /// Runs of rows that hold nothing.
    pub(super) runs: Vec<(u32, u32)>,
    /// Runs of rows that are there, and that a later log of the store erased.
    erased_later: Vec<(u32, u32)>,
    /// Leaves that were kept, of these rows and of rows whose salts went with theirs.
    pub(super) leaves: BTreeMap<u32, Hash>,
    /// Leaves that were kept of buckets of its keys.
    pub(super) keys: BTreeMap<u32, Hash>,
}

impl ErasedOf {
    /// With what erasures of a later log destroyed of the batch's salts, and the leaves that they kept.
    pub(super) fn with_later(mut self, later: &LaterRows) -> ErasedOf {
        self.erased_later.clone_from(&later.runs);
        for (row, leaf) in &later.leaves {
            self.leaves.entry(*row).or_insert(*leaf);
        }
        self
    }
}

/// What the erasures of a log say together.
#[derive(Default)]
pub(super) struct Erased {
    pub(super) batches: BTreeMap<Hash, ErasedOf>,
    values: BTreeSet<Hash>,
    /// Whose keys went with them.
    subjects: BTreeSet<Hash>,
    files: BTreeSet<ErasedFile>,
}

impl Erased {
    /// Takes an erasure, in the order of the log.
    pub(super) fn take(&mut self, erasure: &Erasure) {
        if erasure.decision != Decision::Erased {
            return;
        }
        for rows in &erasure.batches {
            let own = self.batches.entry(rows.batch.0).or_default();
            own.runs = merged(&own.runs, &rows.runs);
        }
        for rows in erasure.batches.iter().chain(&erasure.unsalted) {
            let own = self.batches.entry(rows.batch.0).or_default();
            own.leaves.extend(rows.each().filter_map(|(row, leaf)| Some((row, leaf?))));
        }
        for keys in &erasure.keys {
            let own = &mut self.batches.entry(keys.batch.0).or_default().keys;
            for (bucket, leaf) in &keys.buckets {
                own.entry(*bucket).or_insert(*leaf);
            }
        }
        self.values.extend(erasure.sealed.iter().map(|value| value.commitment));
        self.subjects.extend(erasure.sealed.iter().map(|value| value.subject));
        self.files.extend(erasure.files.iter().cloned());
    }

    /// Was the value behind a commitment erased?
    pub(super) fn has_value(&self, commitment: &Hash) -> bool {
        self.values.contains(commitment)
    }
}

/// Names what recorded erasures should have destroyed and what is still there.
pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    keys: Option<&Keys>,
    register: Option<&Register>,
    report: &mut Report,
) -> Result<()> {
    const NEXT: &str = "erased, and still there; the next opening for writing finishes the erasure";
    for file in &log.erased.files {
        let path = container_path(&file.container, file.generation);
        if storage.read(&path)?.is_some() {
            report.note(format!("{path}: it holds what was erased, and is still there, for readers of before; the next command that writes removes it when they are done"));
        }
    }
    let names: BTreeSet<String> = log
        .erased
        .files
        .iter()
        .map(|file| container_path(&file.container, file.generation).replace('/', "-"))
        .collect();
    for orphan in storage.list("orphans")? {
        if names.iter().any(|name| orphan.starts_with(name.as_str())) {
            report.note(format!("orphans/{orphan}: it holds rows that were erased; nothing but you removes what was set aside"));
        }
    }
    let left = |commitment: &&Hash| register.is_some_and(|register| register.holds(commitment));
    let values = log.erased.values.iter().filter(left).count();
    if values > 0 {
        report.note(format!("sealed/: {values} values: {NEXT}"));
    }
    if !log.erased.batches.is_empty() || !log.erased.values.is_empty() {
        aside(storage, log, Secrets { keys, register }, report)?;
    }
    let Some(keys) = keys else { return Ok(()) };
    let open = revealed(log, keys);
    if open > 0 {
        report.note(format!("keys/seeds: salts of erased rows of {open} batches: {NEXT}"));
    }
    let of_no_use = of_no_use(log, keys, register);
    if of_no_use > 0 {
        report.note(format!("keys/seeds: keys whose values were erased ({of_no_use}): {NEXT}"));
    }
    Ok(())
}

/// The secrets in their place.
#[derive(Clone, Copy)]
struct Secrets<'s> {
    keys: Option<&'s Keys>,
    register: Option<&'s Register>,
}

/// Names files of seeds that are not in their place and hold what was erased, or may.
fn aside(storage: &dyn Storage, log: &Log, today: Secrets<'_>, report: &mut Report) -> Result<()> {
    const NEXT: &str = "the next opening for writing destroys that";
    for file in seeds_aside(storage)? {
        let path = &file.path;
        let Some(keys) = &file.keys else {
            report.note(format!(
                "{path}: salts and keys that do not read, and may be of what was erased; {NEXT}"
            ));
            continue;
        };
        let is_erased = |subject: &&Hash| {
            let own = keys.seed(SeedKind::Subject, &subject.0);
            own.is_some()
                && own != today.keys.and_then(|today| today.seed(SeedKind::Subject, &subject.0))
        };
        let subjects: BTreeSet<[u8; 32]> =
            log.erased.subjects.iter().filter(is_erased).map(|subject| subject.0).collect();
        let has_value = |commitment: &Hash| log.erased.has_value(commitment);
        // A key under which something opens that stands is not told: nothing destroys it.
        let used = today.register.map(|register| register.in_use(keys, &subjects, &has_value));
        let subjects = subjects.len() - used.unwrap_or_default().len();
        let batches = revealed(log, keys);
        if batches > 0 || subjects > 0 {
            report.note(format!("{path}: it holds salts of erased rows (batches: {batches}) and keys whose values were erased ({subjects}); {NEXT}"));
        } else if !file.is_whole() {
            report.note(format!(
                "{path}: frames of it do not read, and may be of what was erased; {NEXT}"
            ));
        }
    }
    Ok(())
}

/// Subjects whose values were erased and whose key is here, although nothing in the register opens under it.
fn of_no_use(log: &Log, keys: &Keys, register: Option<&Register>) -> usize {
    let is_here = |subject: &&Hash| keys.seed(SeedKind::Subject, &subject.0).is_some();
    let subjects: BTreeSet<[u8; 32]> =
        log.erased.subjects.iter().filter(is_here).map(|subject| subject.0).collect();
    if subjects.is_empty() || keys.may_lack_seeds() {
        return 0;
    }
    let Some(register) = register.filter(|register| register.is_whole()) else { return 0 };
    let has_value = |commitment: &Hash| log.erased.has_value(commitment);
    subjects.len() - register.in_use(keys, &subjects, &has_value).len()
}

/// Batches of which these keys give a salt of an erased row.
fn revealed(log: &Log, keys: &Keys) -> u64 {
    let mut open = 0_u64;
    for (id, erased) in &log.erased.batches {
        let Some(record) = log.batches.get(id) else { continue };
        let fields = &record.revision.fields;
        let rows = fields.get("rows").and_then(|rows| u64::try_from(rows.as_i64()?).ok());
        let seed = fields.get("seed").and_then(lineal_proof::Value::as_bytes);
        let (Some(rows), Some(seed)) = (rows, seed) else { continue };
        if let Some(cover) = keys.cover(id, seed, rows) {
            let place = |row| SaltPlace::of_row(row, rows);
            let places: Vec<_> = rows_of(&erased.runs).map(place).collect();
            open += u64::from(cover.reveals(&places));
        }
    }
    open
}

/// Is the root of a batch that of the rows that are left and of the leaves that were kept? None where
/// nothing is left that could tell. Says which rule is broken.
pub(super) fn fits(
    block: &EventBlock,
    root: Option<&[u8]>,
    cover: Option<&Cover>,
    erased: &ErasedOf,
) -> std::result::Result<Option<()>, (Code, &'static str)> {
    let rows = u32::try_from(block.rows()).unwrap_or(u32::MAX);
    for row in rows_of(&erased.runs).filter(|row| *row < rows) {
        if !block.is_empty_row(row as usize) {
            return Err((Code::ContainerRows, "an erased row holds nothing"));
        }
    }
    if (0..rows).any(|row| !within_sorted(&erased.runs, row) && block.is_empty_row(row as usize)) {
        return Err((Code::ContainerRows, "a row that is not erased holds something"));
    }
    let is_known = |row: u32| erased.leaves.contains_key(&row);
    if rows_of(&erased.runs).chain(rows_of(&erased.erased_later)).any(|row| !is_known(row)) {
        // Nothing of it is left, and its root stands alone.
        return Ok(None);
    }
    let Some(cover) = cover else { return Ok(None) };
    let known = |row: u32| erased.leaves.get(&row).copied();
    match crate::events::root_of(block, cover, &known) {
        Some(found) if root == Some(&found.0[..]) => Ok(Some(())),
        Some(_) => Err((
            Code::BatchRoot,
            "the batch's root is that of its rows and of the leaves of what was erased",
        )),
        None => Err((Code::BatchSeed, "the salt of a row that is there is in keys/seeds")),
    }
}
