//! Gathers records, so that what is said of one node in several places becomes one record.
//!
//! Records are kept packed, and what is more than some dozen megabytes goes to sorted runs of a
//! temporary file: of a store with many versions, approvals and data sets they would otherwise be most
//! of what an import holds.

use super::packed::{put_reference, put_said, take_reference, take_said};
use super::runs_on_disk::{DiskRuns, Merge};
use crate::plural::counted;
use crate::record::{NodeRecord, Reference};
use lineal_engine::schema::Kind;
use lineal_proof::Value;
use std::collections::{BTreeMap, HashSet};
use std::io;

/// Packed records are held in blocks of about this size, so that no growing list is ever copied.
const BLOCK_BYTES: usize = 1 << 20;

/// Bytes of packed records in memory before they go to a run.
const HELD_BYTES_MAX: usize = 48 << 20;

/// Where a packed record stands: its block, its first byte, the lengths of its key and of all.
#[derive(Clone, Copy)]
struct Entry {
    block: u32,
    at: u32,
    key: u32,
    all: u32,
}

/// Records in the order of reading, and what is worth a warning.
#[derive(Default)]
pub(super) struct Collector {
    blocks: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    /// The start of the hash of each: the same thing is said again and again, of people above all.
    known: HashSet<[u8; 16]>,
    held: usize,
    /// What was laid aside.
    runs: Option<DiskRuns>,
    /// What another one had laid aside could not be read.
    failed: Option<io::Error>,
    remarks: BTreeMap<String, u64>,
    /// Nothing is wanted of what comes.
    deaf: bool,
}

impl Collector {
    /// A collector that keeps nothing.
    pub(super) fn deaf() -> Collector {
        Collector { deaf: true, ..Collector::default() }
    }

    /// Adds what is said of a node.
    pub(super) fn add(&mut self, record: NodeRecord) {
        if self.deaf {
            return;
        }
        let record = record.whole();
        let mut bytes = Vec::with_capacity(512);
        put_reference(&mut bytes, &record.node);
        let key = bytes.len();
        put_said(&mut bytes, &record);
        self.push(&bytes, key);
    }

    fn push(&mut self, bytes: &[u8], key: usize) {
        let hash = blake3::hash(bytes);
        let start = hash.as_bytes().first_chunk().copied().unwrap_or_default();
        if !self.known.insert(start) {
            return;
        }
        let fits = |block: &Vec<u8>| block.len() + bytes.len() <= block.capacity();
        if !self.blocks.last().is_some_and(fits) {
            self.blocks.push(Vec::with_capacity(BLOCK_BYTES.max(bytes.len())));
        }
        let block = self.blocks.len() - 1;
        let short = |number: usize| u32::try_from(number).expect("a record is shorter than 4 GiB");
        if let Some(last) = self.blocks.last_mut() {
            let (block, at) = (short(block), short(last.len()));
            last.extend_from_slice(bytes);
            self.entries.push(Entry { block, at, key: short(key), all: short(bytes.len()) });
        }
        self.held += bytes.len();
        if self.held > HELD_BYTES_MAX {
            self.lay_aside();
        }
    }

    /// Writes what is held as a run. Where there is no room for it, it stays in memory.
    fn lay_aside(&mut self) {
        if self.runs.is_none() {
            self.runs = DiskRuns::create().ok();
        }
        self.held = 0;
        let Some(runs) = &mut self.runs else { return };
        sort(&self.blocks, &mut self.entries);
        let records = self.entries.iter().map(|entry| (of(&self.blocks, *entry), entry.key));
        if runs.add(records).is_ok() {
            self.blocks.clear();
            self.entries.clear();
            self.known.clear();
        }
    }

    /// Adds what another one gathered.
    pub(super) fn absorb(&mut self, mut other: Collector) {
        for entry in &other.entries {
            self.push(of(&other.blocks, *entry), entry.key as usize);
        }
        if let Some(runs) = other.runs.take()
            && let Err(error) = self.absorb_runs(runs)
        {
            self.failed.get_or_insert(error);
        }
        for (remark, count) in &other.remarks {
            *self.remarks.entry(remark.clone()).or_default() += count;
        }
    }

    fn absorb_runs(&mut self, runs: DiskRuns) -> io::Result<()> {
        let mut merge = runs.merge()?;
        while let Some((bytes, key)) = merge.next() {
            self.push(bytes, key);
            merge.pass()?;
        }
        Ok(())
    }

    /// Counts something worth a warning.
    pub(super) fn remark(&mut self, remark: String) {
        *self.remarks.entry(remark).or_default() += 1;
    }

    /// Everything in the order of kinds and keys.
    ///
    /// # Errors
    /// What the file system says of what was laid aside.
    pub(super) fn finish(mut self) -> io::Result<Gathered> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.runs.is_some() {
            self.lay_aside();
        }
        let merge = self.runs.map(DiskRuns::merge).transpose()?;
        let Collector { blocks, mut entries, known, remarks, .. } = self;
        drop(known);
        sort(&blocks, &mut entries);
        let (disagreements, failed) = (Disagreements::new(), None);
        Ok(Gathered { blocks, entries, at: 0, merge, failed, remarks, disagreements })
    }
}

/// By all of the bytes: what is equal is not there twice, so the order is one.
fn sort(blocks: &[Vec<u8>], entries: &mut [Entry]) {
    entries.sort_unstable_by(|a, b| of(blocks, *a).cmp(of(blocks, *b)));
}

fn of(blocks: &[Vec<u8>], entry: Entry) -> &[u8] {
    let (at, all) = (entry.at as usize, entry.all as usize);
    blocks.get(entry.block as usize).and_then(|block| block.get(at..at + all)).unwrap_or_default()
}

/// What was gathered, one node after another.
pub(in super::super) struct Gathered {
    blocks: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    at: usize,
    /// What was laid aside. What is held beside it could not be.
    merge: Option<Merge>,
    failed: Option<io::Error>,
    remarks: BTreeMap<String, u64>,
    disagreements: Disagreements,
}

impl Gathered {
    /// The next packed record, the length of its key, and whether it is one that is held.
    fn next(&self) -> Option<(&[u8], usize, bool)> {
        let entry = self.entries.get(self.at);
        let held = entry.map(|entry| (of(&self.blocks, *entry), entry.key as usize, true));
        let laid = self.merge.as_ref().and_then(Merge::next);
        match (held, laid.map(|(bytes, key)| (bytes, key, false))) {
            (Some(held), Some(laid)) => Some(if held.0 < laid.0 { held } else { laid }),
            (held, laid) => held.or(laid),
        }
    }

    fn next_key(&self) -> Option<&[u8]> {
        let (bytes, key, _) = self.next()?;
        bytes.get(..key)
    }

    /// Was everything read that was laid aside?
    ///
    /// # Errors
    /// What the file system said: what came is not all.
    pub(in super::super) fn check(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The next node that stands before a reference, or any where none is given: one record for
    /// all that is said of it, in canonical form.
    pub(in super::super) fn next_before(
        &mut self,
        limit: Option<&Reference>,
    ) -> Option<NodeRecord> {
        let limit = limit.map(packed);
        let mut record = loop {
            let key = self.next_key()?;
            if limit.as_deref().is_some_and(|limit| key >= limit) {
                return None;
            }
            let node = take_reference(&mut &*key)?;
            if let Some(record) = self.take(node) {
                break record;
            }
        };
        self.join(&mut record);
        Some(record)
    }

    /// Adds to a record what else was said of its node, and brings it into canonical form. To be
    /// called when everything before it was taken.
    pub(in super::super) fn join(&mut self, record: &mut NodeRecord) {
        let key = packed(&record.node);
        while self.next_key() == Some(key.as_slice()) {
            if let Some(mut other) = self.take(record.node.clone()) {
                merge(record, &mut other, &mut self.disagreements);
            }
        }
        settle(record);
    }

    /// Adds to a record one that was made of the same node elsewhere.
    pub(in super::super) fn unite(&mut self, record: &mut NodeRecord, mut other: NodeRecord) {
        if record.series.is_empty() {
            record.series = std::mem::take(&mut other.series);
        }
        merge(record, &mut other.whole(), &mut self.disagreements);
        settle(record);
    }

    fn take(&mut self, node: Reference) -> Option<NodeRecord> {
        let (bytes, key, is_held) = self.next()?;
        let record = take_said(node, bytes.get(key..)?);
        if is_held {
            self.at += 1;
        } else if let Some(merge) = &mut self.merge
            && let Err(error) = merge.pass()
        {
            self.failed.get_or_insert(error);
            self.merge = None;
        }
        record
    }

    /// What is worth a warning.
    pub(in super::super) fn warnings(&self) -> Vec<String> {
        let disagreements = self.disagreements.iter().map(|((kind, field), count)| {
            let times = counted(*count, "time");
            format!(
                "{times} the store gives `{field}` of one {kind} two values; the smaller one is kept"
            )
        });
        let remarks = self
            .remarks
            .iter()
            .map(|(remark, count)| format!("{}: {remark}", counted(*count, "time")));
        disagreements.chain(remarks).collect()
    }
}

/// Brings a record into canonical form.
fn settle(record: &mut NodeRecord) {
    record.edges.sort_unstable();
    record.edges.dedup();
    record.personal.sort_unstable_by(|a, b| a.field.cmp(&b.field));
}

fn packed(reference: &Reference) -> Vec<u8> {
    let mut key = Vec::new();
    put_reference(&mut key, reference);
    key
}

/// How often a field of a kind was given two values.
type Disagreements = BTreeMap<(Kind, String), u64>;

/// Takes over what another place says of the same node. Where the two give a field different
/// values, the smaller one stays, so that the order of reading does not show.
fn merge(kept: &mut NodeRecord, other: &mut NodeRecord, disagreements: &mut Disagreements) {
    let kind = kept.node.kind;
    if !kept.series.is_empty() && other.fields.get("series").is_some() {
        let nothing = NodeRecord::new(kept.node.clone(), kept.at.clone());
        *kept = std::mem::replace(kept, nothing).whole();
    }
    for (name, value) in std::mem::take(&mut other.fields) {
        let Some(before) = kept.fields.get(&name) else {
            kept.fields.insert(name, value);
            continue;
        };
        if *before != value {
            *disagreements.entry((kind, name.clone())).or_default() += 1;
            if order(&value) < order(before) {
                kept.fields.insert(name, value);
            }
        }
    }
    for personal in other.personal.drain(..) {
        match kept.personal.iter_mut().find(|held| held.field == personal.field) {
            None => kept.personal.push(personal),
            Some(held) if personal.value < held.value => *held = personal,
            Some(_) => {}
        }
    }
    kept.edges.append(&mut other.edges);
}

/// Any total order will do.
fn order(value: &Value) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Location;

    #[test]
    fn what_is_laid_aside_comes_back_as_if_it_had_been_held() {
        let record = |number: u32| {
            let node =
                Reference::new(Kind::Code, vec![format!("{:03}", number % 50).as_str().into()]);
            let mut record = NodeRecord::new(node, Location::default());
            record.set("branch", Some(format!("branch {}", number % 60).as_str()));
            record
        };
        let gather = |lays_aside: &dyn Fn(u32) -> bool| {
            let mut collector = Collector::default();
            for number in 0..120 {
                let mut part = Collector::default();
                part.add(record(number));
                if number.is_multiple_of(7) && lays_aside(number) {
                    part.lay_aside();
                }
                collector.absorb(part);
                if lays_aside(number) {
                    collector.lay_aside();
                }
            }
            let mut gathered = collector.finish().unwrap();
            let all: Vec<NodeRecord> = std::iter::from_fn(|| gathered.next_before(None)).collect();
            gathered.check().unwrap();
            (all, gathered.warnings())
        };
        let held = gather(&|_| false);
        assert_eq!((held.0.len(), held.1.len()), (50, 1));
        assert_eq!(gather(&|number| number % 40 == 39), held);
        assert_eq!(gather(&|number| number.is_multiple_of(40)), held);
    }

    #[test]
    fn the_order_of_adding_does_not_show() {
        let record = |branch: &str| {
            let node = Reference::new(Kind::Code, vec!["abc".into()]);
            let mut record = NodeRecord::new(node, Location::default());
            record.set("branch", Some(branch));
            record
        };
        let mut results = Vec::new();
        for order in [["main", "dev"], ["dev", "main"]] {
            let mut collector = Collector::default();
            for record in order.map(record) {
                let mut part = Collector::default();
                part.add(record.clone());
                collector.absorb(part);
                collector.add(record);
            }
            let mut gathered = collector.finish().unwrap();
            let record = gathered.next_before(None).unwrap();
            assert!(gathered.next_before(None).is_none());
            results.push((record, gathered.warnings()));
        }
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0].0.fields.get("branch"), Some(&Value::text("dev")));
        assert_eq!(results[0].1.len(), 1);
    }
}
