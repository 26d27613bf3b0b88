//! Containers against their manifests, and batches against their rows.

use super::erased::{self, ErasedOf};
use super::records::BatchRecord;
use super::segments::Log;
use super::{Code, Depth, Report, Steps, What};
use crate::error::Result;
use crate::events::{Container, EventBlock, key_tree, keys_of, seal};
use crate::keys::Keys;
use crate::mapping::Bytes;
use crate::runs::count;
use crate::segment::segment_path;
use crate::storage::Storage;
use crate::transaction::container_path;
use lineal_proof::record::{Manifest, node_id};
use lineal_proof::{Hash, Value};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Containers that are checked at once: each may be 128 MiB in memory several times over.
const AT_ONCE: usize = 4;

/// Checks each container that counts.
pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    keys: Option<&Keys>,
    what: &What,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let counting = counting(log, report);
    steps.add(counting.len());
    for some in counting.chunks(AT_ONCE) {
        let found: Vec<Result<Report>> = some
            .par_iter()
            .map(|manifest| {
                let depth = if is_wanted(log, manifest, what) { what.depth } else { Depth::Fast };
                container(storage, log, manifest, keys, depth)
            })
            .collect();
        for (manifest, found) in some.iter().zip(found) {
            let found = found?;
            report.erased += found.erased;
            let Report { containers, container_bytes, batches, rows, notes, faults, .. } = found;
            report.containers += containers;
            report.container_bytes += container_bytes;
            report.batches += batches;
            report.rows += rows;
            report.notes.extend(notes);
            faults.into_iter().for_each(|fault| report.push(fault));
            steps.read(&path_of(manifest), manifest.length)?;
            steps.done(&path_of(manifest))?;
        }
    }
    let named: BTreeSet<String> = log.manifests.iter().map(path_of).collect();
    for name in storage.list("containers")? {
        let path = format!("containers/{name}");
        if !named.contains(&path) {
            report.note(format!("{path}: no manifest names it; opening for writing sets it aside"));
        }
    }
    Ok(())
}

fn path_of(manifest: &Manifest) -> String {
    container_path(&manifest.container, manifest.generation)
}

/// The manifests that say last where some batch is; batches of which none says it are faults.
fn counting<'a>(log: &'a Log, report: &mut Report) -> Vec<&'a Manifest> {
    let mut last: BTreeMap<Hash, usize> = BTreeMap::new();
    for (at, manifest) in log.manifests.iter().enumerate() {
        for entry in &manifest.batches {
            last.insert(entry.batch.0, at);
        }
    }
    for (id, batch) in &log.batches {
        if !last.contains_key(id) && !log.hurt {
            let path = segment_path(batch.at.segment);
            let rule = "a manifest says where the batch's rows are";
            let lost = "the rows of the batch; its counters read";
            report.fault(Code::BatchPlace, &path, batch.at.offset, rule, lost);
        }
    }
    let counting: BTreeSet<usize> = last.into_values().collect();
    counting.into_iter().filter_map(|at| log.manifests.get(at)).collect()
}

/// Is the container among what is to be read again: does a batch of the node stand in it, was it
/// named behind the commit?
fn is_wanted(log: &Log, manifest: &Manifest, what: &What) -> bool {
    if let Some(node) = what.node {
        let mut batches =
            manifest.batches.iter().filter_map(|entry| log.batches.get(&entry.batch.0));
        return batches.any(|batch| batch.is_of(&node));
    }
    !log.named_before.contains(&(manifest.container, manifest.generation))
}

/// One container, in a report of its own so that several can be checked at once.
fn container(
    storage: &dyn Storage,
    log: &Log,
    manifest: &Manifest,
    keys: Option<&Keys>,
    depth: Depth,
) -> Result<Report> {
    let mut report = Report::default();
    let path = path_of(manifest);
    let rows: u64 = manifest.batches.iter().map(|entry| u64::from(entry.rows)).sum();
    let lost = format!(
        "the {rows} rows of {} batches cannot be trusted; their roots and counters stand in the records",
        manifest.batches.len()
    );
    let Some(bytes) = storage.read(&path)? else {
        report.fault(Code::ContainerMissing, &path, 0, "the container is there", lost);
        return Ok(report);
    };
    if bytes.len() as u64 != manifest.length {
        let rule = "it is as long as its manifest says";
        report.fault(Code::ContainerLength, &path, bytes.len() as u64, rule, lost);
        return Ok(report);
    }
    if depth == Depth::Fast {
        report.containers = 1;
        return Ok(report);
    }
    report.container_bytes = manifest.length;
    // Two hashes over the same bytes, each as fast as a core goes.
    let (sha256, blake3) = rayon::join(|| Sha256::digest(&bytes), || Hash::of(&bytes));
    if sha256[..] != manifest.sha256.0 {
        let rule = "its SHA-256 is that of its manifest";
        report.fault(Code::ContainerBytes, &path, 0, rule, lost);
        return Ok(report);
    }
    if manifest.generation == 1 && blake3 != manifest.container {
        let rule = "the first generation is named by its BLAKE3";
        report.fault(Code::ContainerBytes, &path, 0, rule, lost);
        return Ok(report);
    }
    report.containers = 1;
    if depth == Depth::Full {
        batches(&path, bytes, log, manifest, keys, &mut report);
    }
    Ok(report)
}

fn batches(
    path: &str,
    bytes: Bytes,
    log: &Log,
    manifest: &Manifest,
    keys: Option<&Keys>,
    report: &mut Report,
) {
    let container = match Container::open(path, bytes) {
        Ok(container) => container,
        Err(error) => return report.error(Code::ContainerRows, path, &error, "its rows"),
    };
    let mut next = 0;
    for entry in &manifest.batches {
        let first = entry.first_row as usize;
        if first != next {
            let rule = "batches stand one after another";
            report.fault(Code::ContainerRows, path, 0, rule, "nothing if their roots fit");
        }
        next = first + entry.rows as usize;
        let Some(record) = log.batches.get(&entry.batch.0) else { continue };
        match container.read_all(first..next) {
            Ok(block) => match erased_of(log, keys, &entry.batch.0) {
                Some(erased) => {
                    erased_batch(path, &block, (&entry.batch.0, record), &erased, keys, report);
                }
                None => batch(path, &block, record, keys, report),
            },
            Err(error) => {
                report.error(Code::ContainerRows, path, &error, "the rows of a batch");
            }
        }
    }
    if next != container.rows() {
        let rule = "each row of a container is of a batch";
        report.fault(Code::ContainerRows, path, 0, rule, "nothing: rows too many");
    }
}

/// What is erased of a batch; none where all of it is there, with its seed. A seed goes with rows of another batch
/// that shared it too, and beside keys of a later state with what was erased since.
fn erased_of<'l>(log: &'l Log, keys: Option<&Keys>, id: &Hash) -> Option<Cow<'l, ErasedOf>> {
    let own = log.erased.batches.get(id);
    if keys.is_none_or(|keys| keys.unseeded_since(id).is_none()) {
        return own.map(Cow::Borrowed);
    }
    match (own, log.later.rows(id)) {
        (Some(own), None) => Some(Cow::Borrowed(own)),
        (None, None) => Some(Cow::Owned(ErasedOf::default())),
        (own, Some(later)) => Some(Cow::Owned(own.cloned().unwrap_or_default().with_later(later))),
    }
}

/// A batch of which rows were erased: those that are left, and the leaves of the others.
fn erased_batch(
    path: &str,
    block: &EventBlock,
    (id, record): (&Hash, &BatchRecord),
    erased: &ErasedOf,
    keys: Option<&Keys>,
    report: &mut Report,
) {
    let fields = &record.revision.fields;
    let seed_id = fields.get("seed").and_then(Value::as_bytes).unwrap_or_default();
    let cover = keys.and_then(|keys| keys.cover(id, seed_id, block.rows() as u64));
    let root = fields.get("root").and_then(Value::as_bytes);
    match erased::fits(block, root, cover.as_ref(), erased) {
        Ok(fits) => {
            // Where no bucket was kept nothing is proved from the keys any more.
            let kept: Vec<_> = erased.keys.iter().map(|(bucket, leaf)| (*bucket, *leaf)).collect();
            if fits.is_some()
                && (!kept.is_empty() || erased.runs.is_empty())
                && keys.is_some_and(|keys| !keys_fit(block, record, keys, &kept))
            {
                let at = record.at;
                let lost = "what shows that a value was never recorded in the batch";
                let path = segment_path(at.segment);
                report.fault(Code::BatchRoot, &path, at.offset, KEYS_RULE, lost);
            }
            report.batches += u64::from(fits.is_some());
            report.rows += if fits.is_some() { block.rows() as u64 } else { 0 };
            report.erased += count(&erased.runs);
        }
        Err((code, rule)) => {
            let at = record.at;
            let lost = format!("what vouches for the {} rows of a batch in {path}", block.rows());
            report.fault(code, &segment_path(at.segment), at.offset, rule, lost);
        }
    }
}

/// A batch's rows, hashed and counted again.
fn batch(
    path: &str,
    block: &EventBlock,
    record: &BatchRecord,
    keys: Option<&Keys>,
    report: &mut Report,
) {
    let fields = &record.revision.fields;
    let mut fault = |code, rule: String| {
        let at = record.at;
        let lost = format!("what vouches for the {} rows of a batch in {path}", block.rows());
        report.fault(code, &segment_path(at.segment), at.offset, rule, lost);
    };
    let seed_id = fields.get("seed").and_then(Value::as_bytes).unwrap_or_default();
    let Some(keys) = keys else { return };
    let Some(seed) = keys.batch_seed(seed_id) else {
        return fault(Code::BatchSeed, "the seed of the batch is in keys/seeds".to_owned());
    };
    let rows: Vec<u32> = (0..u32::try_from(block.rows()).unwrap_or(u32::MAX)).collect();
    let in_order = rows.windows(2).all(|pair| match pair {
        [a, b] => block.compare_rows(*a as usize, *b as usize).is_le(),
        _ => true,
    });
    if !in_order {
        let rule = "rows stand in the order of time, log id and line";
        fault(Code::BatchCounters, rule.to_owned());
    }
    let sealed = seal(block, &rows, seed);
    if fields.get("root").and_then(Value::as_bytes) != Some(&sealed.root.0[..]) {
        return fault(Code::BatchRoot, "the batch's root is that of its rows".to_owned());
    }
    let counted = sealed.counters.to_fields();
    for name in ["first_time", "last_time", "months"] {
        if fields.get(name).is_some() && counted.get(name).is_none() {
            fault(Code::BatchCounters, format!("the batch's `{name}` is that of its rows"));
        }
    }
    for (name, value) in counted.iter() {
        if fields.get(name) != Some(value) {
            fault(Code::BatchCounters, format!("the batch's `{name}` is that of its rows"));
        }
    }
    if !keys_fit(block, record, keys, &[]) {
        fault(Code::BatchRoot, KEYS_RULE.to_owned());
    }
    report.batches += 1;
    report.rows += block.rows() as u64;
}

const KEYS_RULE: &str = "the batch's keys_root is that of the indexed values of its rows";

/// Is a batch's keys_root that of its rows, and of the buckets that erasures kept? Without the index
/// key nobody can tell: then the root stands as it was recorded.
fn keys_fit(block: &EventBlock, record: &BatchRecord, keys: &Keys, kept: &[(u32, Hash)]) -> bool {
    let revision = &record.revision;
    let Some((root, indexed)) = keys_of(&revision.fields) else { return true };
    let node = node_id(&revision.kind, &revision.key);
    let Some(secret) = keys.batch_keys_secret(&node) else { return true };
    let tree = key_tree(indexed, block, &(0..block.rows()), &secret, kept);
    tree.is_some_and(|tree| tree.root().0 == *root)
}
