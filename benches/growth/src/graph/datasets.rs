//! The data sets of the world: raw ones, curated ones made of raw ones, features made of curated ones.

use std::collections::BTreeMap;

use super::Graph;
use crate::chance::{Chance, Weighted};

/// A version of a data set.
pub(crate) struct Dataset {
    /// 0 raw, 1 curated, 2 features.
    pub(crate) kind: usize,
    pub(crate) family: usize,
    pub(crate) version: u32,
    /// Milliseconds since 1970.
    pub(crate) time: i64,
    pub(crate) parents: Vec<usize>,
    /// Versions since the family was last made afresh.
    chain: u32,
}

/// The names of the kinds.
pub(crate) const KINDS: [&str; 3] = ["raw", "curated", "features"];
/// A chain of versions is made afresh after so many.
const CHAIN: u32 = 12;
/// How many data sets there are for a family, by kind.
const PER_FAMILY: [usize; 3] = [40, 30, 35];
/// How often a version continues the one before it, by kind.
const CONTINUES: [f64; 3] = [0.5, 0.4, 0.3];

/// What is known of families, by kind.
#[derive(Default)]
pub(crate) struct Families {
    /// Their data sets, in order of time.
    members: [BTreeMap<usize, Vec<usize>>; 3],
    /// The newest of all.
    newest: [Option<usize>; 3],
}

impl Families {
    /// The newest data set of a family that was there at a time.
    pub(crate) fn known_at(
        &self,
        datasets: &[Dataset],
        kind: usize,
        family: usize,
        time: i64,
    ) -> Option<usize> {
        let members = self.members[kind].get(&family)?;
        let after = members.partition_point(|member| datasets[*member].time <= time);
        members.get(after.checked_sub(1)?).copied()
    }

    fn newest_of(&self, kind: usize, family: usize) -> Option<usize> {
        self.members[kind].get(&family).and_then(|members| members.last().copied())
    }
}

/// Adds data sets up to a number, evenly over a span of time. Returns how families are now drawn.
#[expect(clippy::cast_possible_wrap, reason = "counts of data sets are far below 2^63")]
pub(crate) fn grow(
    graph: &mut Graph,
    chance: &mut Chance,
    to: usize,
    (from, until): (i64, i64),
) -> [Weighted; 3] {
    let drawn = PER_FAMILY.map(|each| Weighted::zipf((to / each).max(8), 1.05));
    let first = graph.datasets.len();
    let many = to.saturating_sub(first).max(1) as i64;
    for at in first..to {
        let kind = match chance.fraction() {
            _ if at < 9 => at / 3,
            x if x < 0.25 => 0,
            x if x < 0.65 => 1,
            _ => 2,
        };
        let time = from + (at - first) as i64 * ((until - from) / many);
        let made = dataset(graph, chance, &drawn, kind, time);
        let families = &mut graph.families;
        families.members[kind].entry(made.family).or_default().push(at);
        families.newest[kind] = Some(at);
        graph.datasets.push(made);
    }
    drawn
}

fn dataset(
    graph: &Graph,
    chance: &mut Chance,
    drawn: &[Weighted; 3],
    kind: usize,
    time: i64,
) -> Dataset {
    let families = &graph.families;
    let family = drawn[kind].draw(chance);
    let before = families.newest_of(kind, family);
    let version = before.map_or(1, |before| graph.datasets[before].version + 1);
    let mut made = Dataset { kind, family, version, time, parents: Vec::new(), chain: 0 };
    let continued = chance.happens(CONTINUES[kind]);
    if let Some(before) = before.filter(|before| continued && graph.datasets[*before].chain < CHAIN)
    {
        made.parents.push(before);
        made.chain = graph.datasets[before].chain + 1;
    }
    if kind > 0 {
        let most = if kind == 2 { 4 } else { 3 };
        let wanted = (1 + chance.index(4)).min(most);
        let source = if kind == 1 || chance.happens(0.9) { kind - 1 } else { 0 };
        for _ in 0..wanted {
            let parent = families.newest_of(source, drawn[source].draw(chance));
            made.parents.extend(parent.or(families.newest[source]));
        }
    }
    made.parents.sort_unstable();
    made.parents.dedup();
    made
}
