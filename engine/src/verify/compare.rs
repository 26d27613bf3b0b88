//! What is derived, held to the records: the graph that stands in the index to the graph that the
//! fold makes, the ledger's file to the ledger of the segments, key runs and row indexes to the rows, the
//! writer's catalog to the ledger.
//!
//! Checksums say that a file is what somebody wrote; this says that it is what follows from the
//! truth. Nothing is written into the store: what is made again is made in memory, or beside
//! (`beside.rs`, `catalog.rs`).

use super::beside::Beside;
use super::derived::LOST;
use super::{Code, Fault, Report, Steps, catalog};
use crate::error::{Error, Result};
use crate::events::{Container, ROWS_PREFIX, RowIndex, row_index_path};
use crate::graph::{NodeNo, container_place};
use crate::head::{HEAD, Head};
use crate::index::{self, IndexKind};
use crate::ledger::Ledger;
use crate::record_map::{LIST as MAP, files_fit_the_log};
use crate::schema::{COMMON_FIELDS, Direction, RELATIONS};
use crate::snapshot::{Snapshot, generation_of};
use crate::storage::{MemoryStorage, Storage};
use crate::store::{Store, replay};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

/// Nodes that are compared at once: enough for all cores, few enough to keep what differs in order.
const CHUNK: u32 = 4_096;
/// Most differences of one file that are told: the first say what is wrong with it.
const TOLD_MAX: usize = 20;
/// Where the ledger is written to be compared.
const LEDGER: &str = "index/ledger.idx";

/// Compares all of it as of `head`.
pub(super) fn check(
    storage: &Arc<dyn Storage>,
    head: &Head,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let beside = Arc::new(Beside::over(storage));
    let stored = Store::open_read_only_on(Arc::clone(storage))?;
    steps.tell(HEAD)?;
    let made = Store::open_read_only_on(Arc::clone(&beside) as Arc<dyn Storage>)?;
    if stored.commit() != head.commit || made.commit() != head.commit {
        report.note("a writer went on meanwhile: the derived part was not compared");
        return Ok(());
    }
    let state = made.read_state();
    let ledger = state.ledger.load()?;
    steps.tell(LEDGER)?;
    // Ledger and map are made again while the graph is: each of the three is one thread's work.
    let mut others = Report::default();
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            ledgers(&**storage, head, ledger, &mut others)?;
            map(&**storage, head, &mut others)?;
            catalog::check(&**storage, ledger, &mut others)
        });
        let compared = match index::graph_file(&**storage, head)? {
            Some(file) => graph(storage, head, (&stored, &made), file, report, steps),
            None => {
                report.note("no graph of this commit is in index/: questions make it in memory");
                Ok(())
            }
        };
        let compared = compared.and_then(|()| steps.tell(MAP));
        let beside = beside.join().unwrap_or_else(|panic| resume_unwind(panic));
        compared.and(beside)
    })?;
    report.append(others);
    rows(&**storage, &*beside, ledger, made.id(), report, steps)?;
    runs(&stored, ledger, report, steps)
}

/// The graph: byte by byte where it stands in one file, else as it answers, node by node.
fn graph(
    storage: &Arc<dyn Storage>,
    head: &Head,
    (stored, made): (&Store, &Store),
    (file, is_whole): (String, bool),
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let made = made.snapshot()?;
    steps.tell(&file)?;
    if is_whole {
        let memory = MemoryStorage::new();
        generation_of(&made)?.write(&memory, &file, IndexKind::Graph, head)?;
        if storage.read(&file)?.as_deref() == memory.read(&file)?.as_deref() {
            return Ok(());
        }
    }
    let before = report.faults.len();
    match stored.snapshot() {
        Ok(view) => graphs(&view, &made, &file, report, steps)?,
        Err(error) if error.is_damage() => {
            differs(report, &file, format!("a view can be made of it: {error}"));
        }
        Err(error) => return Err(error),
    }
    if is_whole && report.faults.len() == before {
        let rule = "its lists beside the nodes are those that are made of the records";
        differs(report, &file, rule.to_owned());
    }
    Ok(())
}

/// A difference of a derived file.
pub(super) fn differs(report: &mut Report, file: &str, rule: String) {
    let (file, lost) = (file.to_owned(), LOST.to_owned());
    report.push(Fault { code: Code::DerivedDiffers, file, at: 0, rule, lost, derived: true });
}

fn graphs(
    stored: &Snapshot,
    made: &Snapshot,
    file: &str,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    if stored.node_count() != made.node_count() {
        let (found, expected) = (stored.node_count(), made.node_count());
        differs(report, file, format!("it has the {expected} nodes of the records, not {found}"));
        return Ok(());
    }
    let mut told = 0;
    for first in (0..made.node_count()).step_by(CHUNK as usize) {
        steps.tell(file)?;
        let nodes = first..made.node_count().min(first + CHUNK);
        let found: Vec<Option<String>> = nodes
            .into_par_iter()
            .map(|node| difference(stored, made, node))
            .collect::<Result<_>>()?;
        for what in found.into_iter().flatten() {
            told += 1;
            if told <= TOLD_MAX {
                differs(report, file, what);
            } else {
                report.faults_derived_not_listed += 1;
            }
        }
    }
    if stored.batches().ne(made.batches()) {
        differs(report, file, "batches are those of the records, counters too".to_owned());
    }
    match stored.damage() {
        Some(Error::Derived { file, at, rule }) => {
            let (code, lost) = (Code::DerivedDamaged, LOST.to_owned());
            report.push(Fault { code, file, at, rule, lost, derived: true });
            Ok(())
        }
        // The truth was read before and had no fault.
        Some(error) => {
            differs(report, file, format!("it leads to what stands in the segments: {error}"));
            Ok(())
        }
        None => Ok(()),
    }
}

/// What the index says of a node and the records do not.
fn difference(stored: &Snapshot, made: &Snapshot, node: NodeNo) -> Result<Option<String>> {
    let is_same = |what: &str, same: bool| {
        (!same).then(|| format!("{what} of {} is that of the records", made.name_of(node)))
    };
    let plain = is_same("the id", stored.node_id(node) == made.node_id(node))
        .or_else(|| is_same("the key", stored.key_of(node) == made.key_of(node)))
        .or_else(|| is_same("the kind", stored.kind_of(node) == made.kind_of(node)))
        .or_else(|| {
            is_same("the span of commits", stored.commits_of(node) == made.commits_of(node))
        })
        .or_else(|| {
            is_same("the newest revision", stored.revision_id(node) == made.revision_id(node))
        })
        .or_else(|| is_same("what is missing", stored.is_missing(node) == made.is_missing(node)))
        .or_else(|| is_same("what is deleted", stored.is_deleted(node) == made.is_deleted(node)))
        .or_else(|| is_same("the candidates", stored.candidates(node) == made.candidates(node)))
        .or_else(|| is_same("the claims", stored.open_claims(node) == made.open_claims(node)))
        .or_else(|| is_same("the sources", stored.sources_of(node) == made.sources_of(node)))
        .or_else(|| is_same("the months", stored.months_of(node) == made.months_of(node)));
    if plain.is_some() {
        return Ok(plain);
    }
    for spec in &RELATIONS {
        for direction in [Direction::Forward, Direction::Inverse] {
            let edges = |view: &Snapshot| view.edges(node, spec.relation, direction).to_vec();
            if edges(stored) != edges(made) {
                return Ok(is_same(&format!("`{}`", spec.name), false));
            }
        }
    }
    let kind = made.kind_of(node);
    for spec in COMMON_FIELDS.iter().chain(crate::fields::fields(kind)) {
        // The records were read before: an error is where the index led.
        let found = match stored.field(node, spec.name) {
            Err(error) if !error.is_damage() => return Err(error),
            other => other.ok(),
        };
        if found != Some(made.field(node, spec.name)?) {
            return Ok(is_same(&format!("`{}`", spec.name), false));
        }
    }
    let name = made.name_of(node);
    let key = name.split_once(':').map_or("", |(_, key)| key);
    Ok(is_same("the look-up", stored.find(Some(kind), key) == made.find(Some(kind), key)))
}

/// The ledger's file with what the segments say behind it, and the ledger of the segments alone.
fn ledgers(storage: &dyn Storage, head: &Head, made: &Ledger, report: &mut Report) -> Result<()> {
    let Some(bytes) = index::ledger_bytes(storage)? else { return Ok(()) };
    let Some((ledger, covered)) = index::read_ledger(&bytes, head) else {
        report.note(format!("{LEDGER} is of another version or history, and is not used"));
        return Ok(());
    };
    // One of another history (a store brought back from a copy) is left aside by readers too.
    let Ok((stored, _)) = replay(storage, head, ledger, covered) else {
        report.note(format!("{LEDGER} is of another history, and is not used"));
        return Ok(());
    };
    let written = |ledger: &Ledger| {
        let memory = MemoryStorage::new();
        ledger.write(&memory, LEDGER, head)?;
        memory.read(LEDGER)
    };
    // The tables are made anew when it is written, so they are asked for everything.
    let (nodes, revisions) = (&stored.nodes, &stored.revisions);
    let count = |length: usize| 0..u32::try_from(length).unwrap_or(u32::MAX);
    let is_found = count(nodes.len()).all(|node| stored.node(&nodes.id(node)) == Some(node))
        && count(revisions.len()).all(|each| stored.revision(&revisions.id(each)) == Some(each));
    if !is_found || written(&stored)?.as_deref() != written(made)?.as_deref() {
        differs(report, LEDGER, "it says what the segments say".to_owned());
    }
    Ok(())
}

/// The map of what records name, made again from the segments.
fn map(storage: &dyn Storage, head: &Head, report: &mut Report) -> Result<()> {
    match files_fit_the_log(storage, head) {
        Ok(Some(true)) => {}
        Ok(Some(false)) => {
            differs(report, MAP, "it, and its runs, say what the segments say".to_owned());
        }
        // Damaged files are told where their checksums are looked at.
        Ok(None) | Err(Error::Derived { .. }) => {
            if storage.read(MAP)?.is_some() {
                report.note(format!("{MAP} is of another version or history, and is not used"));
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// What is derived of single containers, made again file by file.
fn rows(
    storage: &dyn Storage,
    beside: &dyn Storage,
    ledger: &Ledger,
    store: &[u8; 16],
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let names = storage.list("index")?;
    let in_use: BTreeSet<u32> =
        ledger.batches.iter().filter_map(|batch| batch.place).map(|(number, _)| number).collect();
    for number in 0..u32::try_from(ledger.manifests.len()).unwrap_or(u32::MAX) {
        let place = container_place(ledger, number);
        let path = row_index_path(&place);
        if !names.iter().any(|name| name.starts_with(ROWS_PREFIX) && path.ends_with(name.as_str()))
        {
            continue;
        }
        steps.tell(&path)?;
        if !in_use.contains(&number) {
            // Of a container that an erasure or a compaction replaced, and that may be gone by now.
            report.note(format!("{path}: its container was replaced; the next generation of the index goes without it"));
            continue;
        }
        RowIndex::write(beside, &place, store)?;
        if storage.read(&path)?.as_deref() != beside.read(&path)?.as_deref() {
            differs(report, &path, "it leads to the rows of its container".to_owned());
        }
        beside.remove(&path)?;
    }
    Ok(())
}

/// Each indexed value of each row is looked for in the runs, and they hold no more than that.
fn runs(stored: &Store, ledger: &Ledger, report: &mut Report, steps: &mut Steps<'_>) -> Result<()> {
    let fields = ledger.indexed(ledger.commit());
    let damage = Arc::default();
    let files = stored.run_files(fields);
    let opened = files.open(&damage)?;
    if opened.runs.is_empty() {
        if !ledger.batches.is_empty() {
            report.note("no run of event keys is used: look-ups by value read the containers");
        }
        return Ok(());
    }
    let hasher = match stored.value_hasher() {
        Err(Error::NoKey { .. }) => {
            report.note("keys/index.key is not here: key runs were not compared");
            return Ok(());
        }
        other => other?,
    };
    let path = "index/runs.idx";
    if files.need_key_of(&opened.runs).is_err() {
        let rule = "the runs that it names were made under keys/index.key";
        differs(report, path, rule.to_owned());
        return Ok(());
    }
    let held: u64 = opened.runs.iter().map(|run| run.len() as u64).sum();
    let (mut expected, mut open) = (0_u64, None);
    for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
        let Some((manifest, first)) = batch.place else { continue };
        if ledger.revisions.commit(batch.revision) > opened.covered {
            continue;
        }
        if open.as_ref().is_none_or(|(number, _)| *number != manifest) {
            let place = container_place(ledger, manifest);
            open = Some((manifest, Container::open_checked(stored.storage(), &place)?));
        }
        let Some((_, container)) = &open else { continue };
        steps.tell(path)?;
        let first = first as usize;
        let block = container.read(first..first + batch.rows as usize, &fields.fields())?;
        let mut entries = Vec::new();
        fields.entries(&hasher, &block, &(0..batch.rows as usize), ordinal, &mut entries);
        expected += entries.len() as u64;
        let is_held = |entry: &&crate::events::KeyEntry| {
            opened.runs.iter().any(|run| run.find(entry.hash).any(|found| found == **entry))
        };
        if let Some(entry) = entries.iter().find(|entry| !is_held(entry)) {
            let (row, ordinal) = (entry.row, entry.batch);
            let rule = format!("row {row} of batch {ordinal} of the log is found by its value");
            differs(report, path, rule);
            return Ok(());
        }
    }
    if held != expected {
        let rule = format!("the runs hold the {expected} values of the rows, not {held}");
        differs(report, path, rule);
    }
    Ok(())
}
