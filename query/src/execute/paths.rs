//! Every path between two ends, the shortest first.
//!
//! Only what lies between the ends is looked at: what the one reaches and the other is reached from.
//! There, for each length, it is counted how many walks of that length are left from each thing to
//! the goal; so the number of paths is known exactly before the first is written down, and no
//! step is taken that leads nowhere. Where odd data holds a cycle the number is not known, and paths
//! that come twice to one thing are left out.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::schema::{Direction, Relation};

use super::row_set::RowSet;
use super::{Executor, Run, Stop};
use crate::limits::{Limit, PATHS_MAX};
use crate::plan::{Bound, Closure, TracePlan};
use crate::source::Source;
use crate::value::{Item, Path, Step};

type Onward = Vec<(Item, Relation, Direction)>;

/// What lies between two ends.
struct Between {
    onward: BTreeMap<Item, Onward>,
    /// By length: walks of exactly that length to the goal.
    walks: Vec<BTreeMap<Item, u64>>,
    is_cyclic: bool,
}

impl<'a, S: Source> Executor<'a, S> {
    /// All paths for these pairs of ends.
    pub(super) fn all_paths(
        &mut self,
        plan: &'a TracePlan,
        pairs: &[Vec<Item>],
        out: &mut RowSet,
    ) -> Run<()> {
        let place = |slot| plan.ends.listed.iter().position(|listed| *listed == slot);
        let (Some(from_at), Some(to_at)) = (place(plan.from), place(plan.to)) else {
            return Ok(());
        };
        let wanted = self.wanted(plan)?;
        let mut total: Option<u64> = Some(0);
        for pair in pairs {
            let (Some(from), Some(to)) = (pair.get(from_at), pair.get(to_at)) else { continue };
            for closure in [&plan.from_up, &plan.from_down] {
                let Some(between) = self.between(closure, *from, *to)? else { continue };
                let (least, most) = closure.within;
                let lengths = between.lengths(least, most);
                let count = lengths.clone().map(|length| between.count(length, *from));
                let count = count.fold(0, u64::saturating_add);
                total = total.filter(|_| !between.is_cyclic).map(|sum| sum.saturating_add(count));
                let begun = out.len();
                for length in lengths {
                    let mut path = Path { start: *from, steps: Vec::new() };
                    let found = (out.len() - begun) as u64;
                    let left = wanted.saturating_sub(found);
                    self.walk_all(plan, &between, pair, &mut path, *to, length, left, out)?;
                }
                break;
            }
        }
        if plan.filters.is_empty() && !plan.distinct {
            self.total = total;
        }
        self.arrange(plan, out)?;
        let found = self.total.unwrap_or(out.len() as u64);
        if plan.unbounded && (found > PATHS_MAX || out.len() as u64 > PATHS_MAX) {
            out.page(0, usize::try_from(PATHS_MAX).unwrap_or(usize::MAX));
            return Err(Stop::Limit(Limit::Paths(PATHS_MAX)));
        }
        Ok(())
    }

    /// How many paths of a pair are needed: with the order of lengths no more than are given.
    fn wanted(&self, plan: &TracePlan) -> Run<u64> {
        if !plan.by_length || !plan.filters.is_empty() || plan.distinct {
            return Ok(u64::MAX);
        }
        if plan.unbounded {
            return Ok(PATHS_MAX + 1);
        }
        let number = |bound: Option<Bound>| -> Run<Option<u64>> {
            let number = bound.map(|bound| self.bound(bound)).transpose()?;
            Ok(number.map(|number| number as u64))
        };
        let skip = number(plan.skip)?.unwrap_or(0);
        Ok(number(plan.limit)?.map_or(u64::MAX, |limit| limit.saturating_add(skip)))
    }

    /// What lies between two ends; none where the closure does not lead from the one to the other.
    fn between(&mut self, closure: &Closure, start: Item, goal: Item) -> Run<Option<Between>> {
        let reached = self.search(closure, start)?;
        self.note_searched(closure, start, &reached);
        if !reached.contains_key(&goal) || start == goal {
            return Ok(None);
        }
        let mut onward: BTreeMap<Item, Onward> = BTreeMap::new();
        let mut back: BTreeMap<Item, Vec<Item>> = BTreeMap::new();
        for item in std::iter::once(start).chain(reached.keys().copied()) {
            if item == goal {
                continue;
            }
            let mut ends = self.neighbours(closure, item)?;
            ends.retain(|(end, ..)| *end != start && reached.contains_key(end));
            for (end, ..) in &ends {
                back.entry(*end).or_default().push(item);
            }
            onward.insert(item, ends);
        }
        // Keep what leads to the goal.
        let mut leading: BTreeSet<Item> = BTreeSet::from([goal]);
        let mut open = vec![goal];
        while let Some(item) = open.pop() {
            for before in back.get(&item).into_iter().flatten() {
                if leading.insert(*before) {
                    open.push(*before);
                }
            }
        }
        onward.retain(|item, _| leading.contains(item));
        for ends in onward.values_mut() {
            ends.retain(|(end, ..)| leading.contains(end));
        }
        let mut between = Between { onward, walks: Vec::new(), is_cyclic: false };
        between.is_cyclic = between.has_cycle(start);
        self.count_walks(&mut between, goal, closure.within.1)?;
        Ok(Some(between))
    }

    fn count_walks(&mut self, between: &mut Between, goal: Item, most: u32) -> Run<()> {
        // No simple path is longer than there are things.
        let longest = (between.onward.len() as u64).min(u64::from(most));
        between.walks.push(BTreeMap::from([(goal, 1)]));
        for _ in 0..longest {
            let Some(shorter) = between.walks.last() else { break };
            let mut walks = BTreeMap::new();
            let mut edges = 0;
            for (item, ends) in &between.onward {
                edges += ends.len();
                let sum = ends.iter().filter_map(|(end, ..)| shorter.get(end));
                let sum = sum.fold(0u64, |a, b| a.saturating_add(*b));
                if sum > 0 {
                    walks.insert(*item, sum);
                }
            }
            self.count_edges(edges)?;
            if walks.is_empty() {
                break;
            }
            between.walks.push(walks);
        }
        Ok(())
    }

    /// Writes down the walks of exactly this length that go on from the path so far.
    #[expect(clippy::too_many_arguments, reason = "one recursion; a struct would only rename them")]
    fn walk_all(
        &mut self,
        plan: &'a TracePlan,
        between: &Between,
        pair: &[Item],
        path: &mut Path,
        goal: Item,
        left: usize,
        wanted: u64,
        out: &mut RowSet,
    ) -> Run<()> {
        // Depth first with a stack of our own: a path may be as long as there are things.
        let mut stack: Vec<(usize, (Item, Relation, Direction))> = Vec::new();
        let begun = out.len();
        let offer = |stack: &mut Vec<_>, at: Item, depth: usize| {
            let still = left - depth;
            let Some(walks) = still.checked_sub(1).and_then(|rest| between.walks.get(rest)) else {
                return;
            };
            let ends = between.onward.get(&at).into_iter().flatten().rev();
            stack.extend(ends.filter(|end| walks.contains_key(&end.0)).map(|end| (depth, *end)));
        };
        offer(&mut stack, path.start, 0);
        while let Some((depth, (to, relation, direction))) = stack.pop() {
            self.look(1)?;
            if (out.len() - begun) as u64 >= wanted {
                break;
            }
            path.steps.truncate(depth);
            let been = between.is_cyclic
                && (path.start == to || path.steps.iter().any(|step| step.to == to));
            if been {
                continue;
            }
            path.steps.push(Step { relation, direction, to });
            if depth + 1 < left {
                offer(&mut stack, to, depth + 1);
            } else if to == goal {
                if out.len() as u64 >= self.limits.rows {
                    return Err(Stop::Limit(Limit::Rows(self.limits.rows)));
                }
                self.emit_path(plan, pair, path.clone(), out)?;
            }
        }
        Ok(())
    }
}

impl Between {
    /// Lengths of which there is a walk at all.
    fn lengths(&self, least: u32, most: u32) -> std::ops::RangeInclusive<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let longest = self.walks.len().saturating_sub(1);
        least as usize..=most.min(longest)
    }

    fn count(&self, length: usize, from: Item) -> u64 {
        self.walks.get(length).and_then(|walks| walks.get(&from)).copied().unwrap_or(0)
    }

    /// Does a walk come back to where it was?
    fn has_cycle(&self, start: Item) -> bool {
        // Things that nothing leads to any more are taken away; what stays is a cycle.
        let mut leading: BTreeMap<Item, usize> = BTreeMap::new();
        for (end, ..) in self.onward.values().flatten() {
            *leading.entry(*end).or_default() += 1;
        }
        let mut open = vec![start];
        let mut taken = 0;
        while let Some(item) = open.pop() {
            taken += 1;
            for (end, ..) in self.onward.get(&item).into_iter().flatten() {
                if let Some(count) = leading.get_mut(end) {
                    *count -= 1;
                    if *count == 0 {
                        open.push(*end);
                    }
                }
            }
        }
        // The goal is taken too and leads nowhere.
        taken < self.onward.len() + 1
    }
}
