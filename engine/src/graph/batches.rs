//! The batches of a view, and the other short lists that are read whole when first asked for.

use super::batch_places::{BatchPlace, BatchPlaces};
use super::{Batch, ContainerPlace, ImportFacts, NodeNo};
use crate::index::{Reader, Writer};
use lineal_proof::Key;
use std::collections::BTreeMap;
use std::ops::Deref;

/// The batches that are alive, in the order of their ordinals.
#[derive(Default)]
pub(crate) struct Batches {
    list: Vec<Batch>,
    /// By node: more than one of a node where rows of a retracted import were imported again.
    of_node: Vec<(NodeNo, u32)>,
}

impl Batches {
    pub(super) fn new(list: Vec<Batch>) -> Batches {
        debug_assert!(list.is_sorted_by_key(|batch| batch.ordinal));
        let mut of_node: Vec<_> = (0_u32..).zip(&list).map(|(at, b)| (b.node, at)).collect();
        of_node.sort_unstable();
        Batches { list, of_node }
    }

    /// The batch whose revision has this place in the log.
    pub(crate) fn of_ordinal(&self, ordinal: u32) -> Option<&Batch> {
        let at = self.list.binary_search_by_key(&ordinal, |batch| batch.ordinal).ok()?;
        self.list.get(at)
    }

    /// The batches of a node, in the order of the log.
    pub(crate) fn of_node(&self, node: NodeNo) -> impl Iterator<Item = &Batch> {
        // Nodes of a kind have numbers beside each other, and mostly one batch each.
        let first = self.of_node.first().map_or(0, |(of, _)| *of);
        let guess = node.wrapping_sub(first) as usize;
        let is_at = |at: usize| self.of_node.get(at).is_some_and(|(of, _)| *of == node);
        let from = match guess.checked_sub(1) {
            Some(before) if is_at(guess) && !is_at(before) => guess,
            _ => self.of_node.partition_point(|(of, _)| *of < node),
        };
        let own = self.of_node[from..].iter().take_while(move |(of, _)| *of == node);
        own.filter_map(|(_, at)| self.list.get(*at as usize))
    }

    /// To change what they count; not which they are.
    pub(super) fn list_mut(&mut self) -> &mut [Batch] {
        &mut self.list
    }
}

impl Deref for Batches {
    type Target = [Batch];
    fn deref(&self) -> &[Batch] {
        &self.list
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a Batch;
    type IntoIter = std::slice::Iter<'a, Batch>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

pub(super) fn write_batches(batches: &[Batch]) -> Vec<u8> {
    let mut out = Writer::default();
    let batches: Vec<_> = (0..).zip(batches).collect();
    out.items(&batches, |out, (at, batch)| write_batch(out, *at, batch));
    out.into_bytes()
}

/// What does not stand in the columns, behind the batch's place in them.
fn write_batch(out: &mut Writer, at: u32, batch: &Batch) {
    out.u32(at);
    out.u64(batch.commit);
    for count in [batch.events, batch.overrides, batch.art12] {
        out.u64(count);
    }
    out.i64(batch.first_time);
    out.i64(batch.last_time);
    out.u8(u8::from(batch.kept.is_some()));
    out.runs(batch.kept.as_deref().unwrap_or_default());
    out.runs(&batch.outweighed);
    out.months(&batch.months);
}

/// None if the bytes are not what stands beside the columns of these batches.
pub(super) fn read_batches(bytes: &[u8], places: &BatchPlaces) -> Option<Batches> {
    let mut from = Reader::over(bytes);
    let list = from.items(|from| read_batch(from, places))?;
    let ascending = list.is_sorted_by(|a, b| a.ordinal < b.ordinal);
    let fits = from.is_at_end() && ascending && list.len() == places.len();
    fits.then(|| Batches::new(list))
}

fn read_batch(from: &mut Reader<'_>, places: &BatchPlaces) -> Option<Batch> {
    let of = places.get(from.u32()? as usize)?;
    let BatchPlace { node, deployment, ordinal, rows, place, is_whole } = of;
    let batch = Batch {
        node,
        deployment,
        ordinal,
        commit: from.u64()?,
        rows,
        events: from.u64()?,
        overrides: from.u64()?,
        art12: from.u64()?,
        first_time: from.i64()?,
        last_time: from.i64()?,
        place,
        kept: None,
        outweighed: Vec::new(),
        doubted: Vec::new(),
        months: Vec::new(),
    };
    let is_kept = from.u8()? == 1;
    let kept = from.runs()?;
    let kept = is_kept.then_some(kept);
    let batch = Batch { kept, outweighed: from.runs()?, months: from.months()?, ..batch };
    (BatchPlace::of(&batch).is_whole == is_whole).then_some(batch)
}

pub(super) fn write_imports(imports: &BTreeMap<NodeNo, ImportFacts>) -> Vec<u8> {
    let mut out = Writer::default();
    let imports: Vec<_> = imports.iter().collect();
    out.items(&imports, |out, (node, facts)| {
        out.u32(**node);
        out.u64(facts.number);
        out.i64(facts.recorded);
        out.u64(facts.revisions);
        out.u64(facts.events);
        out.u8(u8::from(facts.retracted));
    });
    out.into_bytes()
}

pub(super) fn read_imports(bytes: &[u8]) -> Option<BTreeMap<NodeNo, ImportFacts>> {
    let mut from = Reader::over(bytes);
    let imports = from.items(|from| {
        let node = from.u32()?;
        let (number, recorded) = (from.u64()?, from.i64()?);
        let (revisions, events) = (from.u64()?, from.u64()?);
        let retracted = from.u8()? == 1;
        Some((node, ImportFacts { number, recorded, revisions, events, retracted }))
    })?;
    from.is_at_end().then(|| imports.into_iter().collect())
}

pub(super) fn write_aliases(aliases: &[(String, String, Key)]) -> Vec<u8> {
    let mut out = Writer::default();
    out.items(aliases, |out, (kind, name, key)| {
        out.bytes(kind.as_bytes());
        out.bytes(name.as_bytes());
        out.key(key);
    });
    out.into_bytes()
}

pub(super) fn read_aliases(bytes: &[u8]) -> Option<Vec<(String, String, Key)>> {
    let mut from = Reader::over(bytes);
    let aliases = from.items(|from| Some((from.text()?, from.text()?, from.key()?)))?;
    from.is_at_end().then_some(aliases)
}

pub(super) fn write_containers(out: &mut Writer, containers: &[ContainerPlace]) {
    out.items(containers, |out, container| {
        out.hash(&container.id);
        out.u32(container.generation);
        out.u64(container.length);
        out.hash(&container.sha256);
    });
}

pub(super) fn read_containers(from: &mut Reader<'_>) -> Option<Vec<ContainerPlace>> {
    from.items(|from| {
        Some(ContainerPlace {
            id: from.hash()?,
            generation: from.u32()?,
            length: from.u64()?,
            sha256: from.hash()?,
        })
    })
}
