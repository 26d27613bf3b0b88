//! The batches of a view, and the other short lists that are read whole when first asked for.

use super::batch_places::{BatchPlace, BatchPlaces};
use super::{Batch, ContainerPlace, ImportFacts, NodeNo};
use crate::index::{Reader, Writer};
use lineal_proof::Key;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::OnceLock;

/// The batches that are alive, in the order of their ordinals.
#[derive(Default)]
pub(crate) struct Batches {
    list: Vec<Batch>,
    /// By node: more than one of a node where rows of a retracted import were imported again.
    of_node: Vec<(NodeNo, u32)>,
    /// The first and the last time of each, beside each other: a scan of a stretch of time asks all
    /// of them (`benches/asking.rs`, q10).
    times: OnceLock<Vec<(i64, i64)>>,
}

impl Batches {
    pub(crate) fn new(list: Vec<Batch>) -> Batches {
        debug_assert!(list.is_sorted_by_key(|batch| batch.ordinal));
        let mut of_node: Vec<_> = (0_u32..).zip(&list).map(|(at, b)| (b.node, at)).collect();
        of_node.sort_unstable();
        Batches { list, of_node, times: OnceLock::new() }
    }

    /// The batch whose revision has this place in the log.
    pub(crate) fn of_ordinal(&self, ordinal: u32) -> Option<&Batch> {
        // While no import was retracted they are all there, each in its own place.
        let guessed = self.list.get(ordinal as usize).filter(|batch| batch.ordinal == ordinal);
        guessed.or_else(|| {
            let at = self.list.binary_search_by_key(&ordinal, |batch| batch.ordinal).ok()?;
            self.list.get(at)
        })
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

    /// The batches that may hold events between two times, themselves included, where such are
    /// given; in the order of the log.
    pub(crate) fn within(
        &self,
        from: Option<i64>,
        to: Option<i64>,
    ) -> impl Iterator<Item = &Batch> {
        let of_all = || self.list.iter().map(|batch| (batch.first_time, batch.last_time));
        let times = self.times.get_or_init(|| of_all().collect());
        let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        let touches = move |(first, last): &(i64, i64)| *last >= from && *first <= to;
        let own = self.list.iter().zip(times).filter(move |(_, times)| touches(times));
        own.map(|(batch, _)| batch)
    }

    /// To change what they count; not which they are.
    pub(super) fn list_mut(&mut self) -> &mut [Batch] {
        self.times = OnceLock::new();
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
    out.runs(&batch.erased);
    out.runs(&batch.restricted);
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
        erased: Vec::new(),
        restricted: Vec::new(),
        doubted: Vec::new(),
        months: Vec::new(),
    };
    let is_kept = from.u8()? == 1;
    let kept = from.runs()?;
    let kept = is_kept.then_some(kept);
    let (outweighed, erased, restricted) = (from.runs()?, from.runs()?, from.runs()?);
    let batch = Batch { kept, outweighed, erased, restricted, months: from.months()?, ..batch };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch with events between two times.
    fn batch(ordinal: u32, (first_time, last_time): (i64, i64)) -> Batch {
        Batch {
            node: 10 + ordinal,
            deployment: 1,
            ordinal,
            commit: 1,
            rows: 1,
            events: 1,
            overrides: 0,
            art12: 0,
            first_time,
            last_time,
            place: None,
            kept: None,
            outweighed: Vec::new(),
            erased: Vec::new(),
            restricted: Vec::new(),
            doubted: Vec::new(),
            months: Vec::new(),
        }
    }

    #[test]
    fn batches_are_found_by_their_times_as_these_are_now() {
        // The third has no event with a time; the second of the log is gone.
        let times = [(0, (5, 9)), (2, (8, 20)), (3, (i64::MAX, i64::MIN)), (4, (21, 30))];
        let mut batches = Batches::new(times.map(|(at, times)| batch(at, times)).into());
        let within = |batches: &Batches, from, to| -> Vec<u32> {
            batches.within(from, to).map(|batch| batch.ordinal).collect()
        };
        assert_eq!(within(&batches, None, None), [0, 2, 3, 4]);
        assert_eq!(within(&batches, Some(9), Some(20)), [0, 2]);
        assert_eq!(within(&batches, Some(10), None), [2, 4]);
        assert_eq!(within(&batches, None, Some(7)), [0]);
        batches.list_mut()[0].last_time = 7;
        assert_eq!(within(&batches, Some(9), Some(20)), [2]);
        for (ordinal, _) in times {
            assert_eq!(batches.of_ordinal(ordinal).map(|batch| batch.node), Some(10 + ordinal));
        }
        assert!(batches.of_ordinal(1).is_none() && batches.of_ordinal(5).is_none());
    }
}
