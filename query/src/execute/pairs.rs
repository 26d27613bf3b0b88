//! Deployments beside what they lead to, as numbers: what counters are added up by
//! (`benches/asking.rs`, q5).

use std::collections::BTreeSet;

use lineal_engine::Counters;

use super::led::{Bounds, Walked};
use super::{Executor, Run};
use crate::plan::{Route, StepPlan};
use crate::source::{NodeNo, Source};

/// The place of the deployment of a pair.
pub(super) fn place_of(pair: u64) -> usize {
    usize::try_from(pair & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

/// The node of a pair.
pub(super) fn node_of(pair: u64) -> NodeNo {
    NodeNo::try_from(pair >> 32).unwrap_or(NodeNo::MAX)
}

/// Fewer pairs are sorted by comparing them: quicker than to count them by bytes.
const COUNTED_MIN: usize = 512;

/// Sorts pairs whose places ascend: by their nodes alone, a byte after the other, which takes as long
/// as to read them a few times.
fn sort_by_node(pairs: &mut Vec<u64>) {
    if pairs.len() < COUNTED_MIN {
        return pairs.sort_unstable();
    }
    let bounds = pairs.iter().map(|pair| node_of(*pair));
    let (low, high) = bounds.fold((NodeNo::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    let mut sorted = vec![0; pairs.len()];
    for byte in (0..4).take_while(|byte| high.saturating_sub(low) >> (8 * byte) > 0) {
        let digit = |pair: u64| (node_of(pair) - low) >> (8 * byte) & 0xff;
        let mut ends = [0_usize; 256];
        pairs.iter().for_each(|pair| ends[digit(*pair) as usize] += 1);
        let mut before = 0;
        for end in &mut ends {
            before += std::mem::replace(end, before);
        }
        for pair in &*pairs {
            let place = &mut ends[digit(*pair) as usize];
            sorted[*place] = *pair;
            *place += 1;
        }
        std::mem::swap(pairs, &mut sorted);
    }
}

impl<'a, S: Source> Executor<'a, S> {
    /// What the deployments lead to, each as node << 32 | place of the deployment, ascending.
    pub(super) fn led_to(&mut self, route: &Route, counters: &Counters<'_>) -> Run<Vec<u64>> {
        let source = self.source;
        let ways = self.ways(route.hops.iter().copied(), counters.deployments.len());
        let (from, to) = (Bounds::of(source, route.from), Bounds::of(source, route.to));
        let mut pairs = Vec::with_capacity(counters.deployments.len());
        let mut walked = Walked::default();
        for (place, deployment) in (0_u64..).zip(counters.deployments) {
            self.look(1)?;
            if !from.has(*deployment) {
                continue;
            }
            self.walk_ways(*deployment, &ways, &mut walked)?;
            let ends = walked.here.iter().filter(|node| to.has(**node));
            pairs.extend(ends.map(|node| u64::from(*node) << 32 | place));
        }
        sort_by_node(&mut pairs);
        Ok(pairs)
    }

    /// Takes away what is marked deleted in its source, and notes what else would have counted.
    pub(super) fn leave_out_deleted(
        &mut self,
        step: &'a StepPlan,
        pairs: &mut Vec<u64>,
    ) -> Run<()> {
        if self.plan.slots.get(step.slot).is_some_and(|slot| slot.with_deleted) {
            return Ok(());
        }
        let source = self.source;
        let mut deleted = BTreeSet::new();
        pairs.retain(|pair| {
            let node = node_of(*pair);
            let is_deleted = source.is_deleted(node);
            if is_deleted {
                deleted.insert(node);
            }
            !is_deleted
        });
        for node in deleted {
            if self.is_kept(step, node)? {
                self.left_out.insert(node);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_sorted_by_node_and_then_by_place_however_many_they_are() {
        let length = 3 * COUNTED_MIN as u64;
        // Of one node, of nodes that differ in one byte, in two, and in all four.
        for (spread, first) in [(1, 7), (200, 9), (60_000, 100), (u64::from(u32::MAX), 0)] {
            for length in [0, 1, 100, length] {
                let node = |place: u64| first + place.wrapping_mul(0x9e37_79b9_7f4a_7c15) % spread;
                let mut pairs: Vec<u64> =
                    (0..length).map(|place| node(place) << 32 | place).collect();
                let mut wanted = pairs.clone();
                wanted.sort_unstable();
                sort_by_node(&mut pairs);
                assert_eq!(pairs, wanted, "{length} of {spread}");
            }
        }
        assert_eq!((node_of(7 << 32 | 9), place_of(7 << 32 | 9)), (7, 9));
    }
}
