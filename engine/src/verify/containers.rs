//! Containers against their manifests, and batches against their rows.

use super::records::BatchRecord;
use super::segments::Log;
use super::{Depth, Report, Steps};
use crate::error::Result;
use crate::events::{Container, EventBlock, key_tree, keys_of, seal};
use crate::keys::Keys;
use crate::mapping::Bytes;
use crate::segment::segment_path;
use crate::storage::Storage;
use crate::transaction::container_path;
use lineal_proof::record::{Manifest, node_id};
use lineal_proof::{Hash, Value};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Containers that are checked at once: each may be 128 MiB in memory several times over.
const AT_ONCE: usize = 4;

/// Checks each container that counts.
pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    keys: Option<&Keys>,
    depth: Depth,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let counting = counting(log, report);
    steps.add(counting.len());
    for some in counting.chunks(AT_ONCE) {
        let found: Vec<Result<Report>> = some
            .par_iter()
            .map(|manifest| container(storage, log, manifest, keys, depth))
            .collect();
        for (manifest, found) in some.iter().zip(found) {
            let Report { containers, batches, rows, notes, faults, .. } = found?;
            report.containers += containers;
            report.batches += batches;
            report.rows += rows;
            report.notes.extend(notes);
            faults.into_iter().for_each(|fault| report.push(fault));
            steps.done(&path_of(manifest));
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
            report.fault(&path, batch.at.offset, rule, "the rows of the batch; its counters read");
        }
    }
    let counting: BTreeSet<usize> = last.into_values().collect();
    counting.into_iter().filter_map(|at| log.manifests.get(at)).collect()
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
        report.fault(&path, 0, "the container is there", lost);
        return Ok(report);
    };
    if bytes.len() as u64 != manifest.length {
        report.fault(&path, bytes.len() as u64, "it is as long as its manifest says", lost);
        return Ok(report);
    }
    if Sha256::digest(&bytes)[..] != manifest.sha256.0 {
        report.fault(&path, 0, "its SHA-256 is that of its manifest", lost);
        return Ok(report);
    }
    if manifest.generation == 1 && Hash::of(&bytes) != manifest.container {
        report.fault(&path, 0, "the first generation is named by its BLAKE3", lost);
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
        Err(error) => return report.error(path, &error, "its rows"),
    };
    let mut next = 0;
    for entry in &manifest.batches {
        let first = entry.first_row as usize;
        if first != next {
            report.fault(path, 0, "batches stand one after another", "nothing if their roots fit");
        }
        next = first + entry.rows as usize;
        let Some(record) = log.batches.get(&entry.batch.0) else { continue };
        match container.read_all(first..next) {
            Ok(block) => batch(path, &block, record, keys, report),
            Err(error) => report.error(path, &error, "the rows of a batch"),
        }
    }
    if next != container.rows() {
        report.fault(path, 0, "each row of a container is of a batch", "nothing: rows too many");
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
    let mut fault = |rule: String| {
        let at = record.at;
        let lost = format!("what vouches for the {} rows of a batch in {path}", block.rows());
        report.fault(&segment_path(at.segment), at.offset, rule, lost);
    };
    let seed_id = fields.get("seed").and_then(Value::as_bytes).unwrap_or_default();
    let Some(keys) = keys else { return };
    let Some(seed) = keys.batch_seed(seed_id) else {
        return fault("the seed of the batch is in keys/seeds".to_owned());
    };
    let rows: Vec<u32> = (0..u32::try_from(block.rows()).unwrap_or(u32::MAX)).collect();
    let in_order = rows.windows(2).all(|pair| match pair {
        [a, b] => block.compare_rows(*a as usize, *b as usize).is_le(),
        _ => true,
    });
    if !in_order {
        fault("rows stand in the order of time, log id and line".to_owned());
    }
    let sealed = seal(block, &rows, seed);
    if fields.get("root").and_then(Value::as_bytes) != Some(&sealed.root.0[..]) {
        return fault("the batch's root is that of its rows".to_owned());
    }
    let counted = sealed.counters.to_fields();
    for name in ["first_time", "last_time", "months"] {
        if fields.get(name).is_some() && counted.get(name).is_none() {
            fault(format!("the batch's `{name}` is that of its rows"));
        }
    }
    for (name, value) in counted.iter() {
        if fields.get(name) != Some(value) {
            fault(format!("the batch's `{name}` is that of its rows"));
        }
    }
    // Without the index key nobody can tell: then the root stands as it was recorded.
    if let Some((root, indexed)) = keys_of(fields)
        && let Some(secret) =
            keys.batch_keys_secret(&node_id(&record.revision.kind, &record.revision.key))
        && key_tree(indexed, block, &(0..block.rows()), &secret)
            .is_none_or(|tree| tree.root().0 != *root)
    {
        fault("the batch's keys_root is that of the indexed values of its rows".to_owned());
    }
    report.batches += 1;
    report.rows += block.rows() as u64;
}
