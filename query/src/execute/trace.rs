//! One shortest path for each pair of ends.
//!
//! From one end a breadth-first search runs upstream, where lineage is narrow, and only if that
//! does not find the other end, downstream. Neighbours are visited in the order of kind and key, so
//! of several shortest paths the first in that order is given, in every store.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use lineal_engine::schema::{Direction, Kind, Relation};

use super::reach::relations;
use super::row_set::RowSet;
use super::rows::order_values;
use super::scan::Window;
use super::{Executor, Run, Stop};
use crate::limits::Limit;
use crate::plan::{Closure, Kinds, TracePlan};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Path, Step};

/// How each node was first come to: from what, by which relation.
pub(super) type Arrivals = BTreeMap<Item, (Item, Relation, Direction)>;

impl<'a, S: Source> Executor<'a, S> {
    pub(super) fn trace_into(&mut self, plan: &'a TracePlan, out: &mut RowSet) -> Run<()> {
        let mut pairs: Vec<Vec<Item>> = Vec::new();
        let rows_max = self.limits.rows;
        let mut is_open = true;
        for guard in &plan.ends.guards {
            is_open = is_open && self.holds(guard)?;
        }
        let listed = &plan.ends.listed;
        if is_open {
            self.bind(&plan.ends.steps, &mut |run: &mut Executor<'a, S>| {
                pairs.push(listed.iter().map(|slot| run.bound_item(*slot)).collect());
                if pairs.len() as u64 > rows_max {
                    return Err(Stop::Limit(Limit::Rows(rows_max)));
                }
                Ok(true)
            })?;
        }
        pairs.sort_unstable();
        pairs.dedup();
        if pairs.is_empty() {
            return self.doubts_of_no_pairs(plan);
        }
        let ended = if plan.all {
            self.all_paths(plan, &pairs, out)
        } else {
            self.paths(plan, &pairs, out)
        };
        self.arrange(plan, out)?;
        ended
    }

    /// Orders the rows; of rows with the same values, if only different ones are asked for, the
    /// first stands for all.
    pub(super) fn arrange(&mut self, plan: &TracePlan, out: &mut RowSet) -> Run<()> {
        let descending: Vec<bool> = plan.order.iter().map(|(_, d)| *d).collect();
        self.sort(out, &descending)?;
        if plan.distinct {
            out.keep_first_by(|a, b| order_values(a.values, b.values));
        }
        Ok(())
    }

    fn paths(&mut self, plan: &'a TracePlan, pairs: &[Vec<Item>], out: &mut RowSet) -> Run<()> {
        let place = |slot| plan.ends.listed.iter().position(|listed| *listed == slot);
        let (Some(from_at), Some(to_at)) = (place(plan.from), place(plan.to)) else {
            return Ok(());
        };
        let ends = |pair: &Vec<Item>| Some((*pair.get(from_at)?, *pair.get(to_at)?));
        let distinct = |at: usize| {
            let mut items: Vec<_> = pairs.iter().filter_map(|pair| pair.get(at)).collect();
            items.sort_unstable();
            items.dedup();
            items.len()
        };
        // One search serves all pairs that share its start.
        let search_to = match distinct(from_at).cmp(&distinct(to_at)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            // Later kinds lie downstream: from there the search runs upstream.
            std::cmp::Ordering::Equal => pairs
                .first()
                .and_then(ends)
                .is_some_and(|(from, to)| self.kind_of_item(to) > self.kind_of_item(from)),
        };
        let (up, down) =
            if search_to { (&plan.to_up, &plan.to_down) } else { (&plan.from_up, &plan.from_down) };
        let mut known: BTreeMap<(Item, bool), Rc<Arrivals>> = BTreeMap::new();
        for pair in pairs {
            let Some((from, to)) = ends(pair) else { continue };
            let (start, goal) = if search_to { (to, from) } else { (from, to) };
            let mut walked = None;
            let mut searched = Vec::new();
            for (upstream, closure) in [(true, up), (false, down)] {
                let arrivals = match known.get(&(start, upstream)) {
                    Some(arrivals) => arrivals.clone(),
                    None => {
                        let found = Rc::new(self.search(closure, start)?);
                        known.insert((start, upstream), found.clone());
                        found
                    }
                };
                walked = walk(&arrivals, start, goal);
                if walked.is_some() {
                    break;
                }
                searched.push((closure, arrivals));
            }
            if walked.is_none() {
                for (closure, arrivals) in searched {
                    self.note_searched(closure, start, &arrivals);
                }
            }
            // `within` is about the shortest distance: a nearer end is none.
            let least = u64::from(up.within.0);
            let Some(path) = walked.filter(|path| path.steps.len() as u64 >= least) else {
                continue;
            };
            let path = if search_to { turned(&path) } else { path };
            self.emit_path(plan, pair, path, out)?;
        }
        Ok(())
    }

    /// Where no path was found, or every one is asked for, all that was searched may hide one.
    pub(super) fn note_searched(&mut self, closure: &Closure, start: Item, arrivals: &Arrivals) {
        for item in std::iter::once(&start).chain(arrivals.keys()) {
            let Item::Node(node) = item else { continue };
            self.note_in_closure(closure, *node);
            for (relation, direction) in relations(closure, self.source.kind_of(*node)) {
                self.note_claims(*node, *relation, *direction, Kinds::all());
            }
        }
    }

    /// Where there is no pair of ends there is nothing to search between: what each end leads to
    /// may hide the other.
    fn doubts_of_no_pairs(&mut self, plan: &'a TracePlan) -> Run<()> {
        if self.asked.is_empty() {
            return Ok(()); // Nothing of the kinds in question is doubtful.
        }
        self.noting = true;
        let ended = self.walk_from_ends(plan);
        self.noting = false;
        ended
    }

    fn walk_from_ends(&mut self, plan: &'a TracePlan) -> Run<()> {
        let (from, to) = (self.candidates(plan.from)?, self.candidates(plan.to)?);
        let up_and_down = [
            (&from, &plan.from_up),
            (&from, &plan.from_down),
            (&to, &plan.to_up),
            (&to, &plan.to_down),
        ];
        for (start, closure) in up_and_down {
            self.reach(closure, start, Kinds::NONE, Window::default())?;
        }
        Ok(())
    }

    pub(super) fn emit_path(
        &mut self,
        plan: &'a TracePlan,
        pair: &[Item],
        path: Path,
        out: &mut RowSet,
    ) -> Run<()> {
        for (slot, item) in plan.ends.listed.iter().zip(pair) {
            if let Some(binding) = self.bindings.get_mut(*slot) {
                *binding = *item;
            }
        }
        for item in std::iter::once(path.start).chain(path.steps.iter().map(|step| step.to)) {
            if let Item::Node(node) = item {
                self.note(node);
            }
        }
        self.path = Some(Arc::new(path));
        for filter in &plan.filters {
            if !self.holds(filter)? {
                return Ok(());
            }
        }
        self.row_into(&plan.items, &plan.order, &plan.ends.listed, out)
    }

    fn kind_of_item(&self, item: Item) -> Kind {
        match item {
            Item::Node(node) => self.source.kind_of(node),
            Item::Event(_) => Kind::Inference,
        }
    }

    /// How everything that the closure reaches was first come to.
    pub(super) fn search(&mut self, closure: &Closure, start: Item) -> Run<Arrivals> {
        let mut avoided = Vec::new();
        for set in &closure.avoiding {
            avoided.push(self.set(*set)?);
        }
        let is_avoided = |item: Item| avoided.iter().any(|set| set.has(item));
        let mut arrivals = Arrivals::new();
        let mut level = vec![start];
        let mut distance = 0;
        while !level.is_empty() && distance < closure.within.1 {
            distance += 1;
            let mut next = Vec::new();
            for item in &level {
                for (end, relation, direction) in self.neighbours(closure, *item)? {
                    if end == start || is_avoided(end) || arrivals.contains_key(&end) {
                        continue;
                    }
                    arrivals.insert(end, (*item, relation, direction));
                    next.push(end);
                }
            }
            level = next;
        }
        Ok(arrivals)
    }

    /// The other ends of the edges to follow, in the order of kind and key.
    pub(super) fn neighbours(
        &mut self,
        closure: &Closure,
        item: Item,
    ) -> Run<Vec<(Item, Relation, Direction)>> {
        let source = self.source;
        let kind = self.kind_of_item(item);
        let mut out = Vec::new();
        for (relation, direction) in relations(closure, kind) {
            match item {
                Item::Event(event) => {
                    self.count_edges(1)?;
                    let node: NodeNo = match (relation, direction) {
                        (Relation::ServedBy, Direction::Forward) => source.event_deployment(event),
                        (Relation::PartOf, Direction::Forward) => source.event_batch(event),
                        _ => continue,
                    };
                    out.push((Item::Node(node), *relation, *direction));
                }
                Item::Node(node) => {
                    let ends = source.edges(node, *relation, *direction);
                    self.count_edges(ends.len())?;
                    out.extend(ends.iter().map(|end| (Item::Node(*end), *relation, *direction)));
                    if *direction == Direction::Inverse {
                        let mut events = Vec::new();
                        self.events_at(node, *relation, Window::default(), &mut events)?;
                        let item = |event| (Item::Event(event), *relation, *direction);
                        out.extend(events.into_iter().map(item));
                    }
                }
            }
        }
        out.sort_unstable_by_key(|(item, relation, _)| (*item, *relation));
        Ok(out)
    }
}

/// The path that led to the goal.
fn walk(arrivals: &Arrivals, start: Item, goal: Item) -> Option<Path> {
    let mut steps = Vec::new();
    let mut at = goal;
    while at != start {
        let (before, relation, direction) = arrivals.get(&at)?;
        steps.push(Step { relation: *relation, direction: *direction, to: at });
        at = *before;
    }
    steps.reverse();
    (!steps.is_empty()).then_some(Path { start, steps })
}

/// The same path from its other end.
fn turned(path: &Path) -> Path {
    let mut items: Vec<Item> = vec![path.start];
    items.extend(path.steps.iter().map(|step| step.to));
    let last = items.last().copied().unwrap_or(path.start);
    let steps = path.steps.iter().zip(&items).rev().map(|(step, before)| Step {
        relation: step.relation,
        direction: match step.direction {
            Direction::Forward => Direction::Inverse,
            Direction::Inverse => Direction::Forward,
        },
        to: *before,
    });
    Path { start: last, steps: steps.collect() }
}
