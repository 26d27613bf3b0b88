//! What a question asks about: walks along its relations, from what is known toward what is sought.
//!
//! The order is that of the words. Deployments and batches stand for their events, which are not
//! listed. What a walk from a key finds is kept for the rows.

use std::rc::Rc;

use lineal_engine::schema::{Direction, Kind, Relation};

use super::item_set::ItemSet;
use super::scan::Window;
use super::truth::Truth;
use super::{Executor, Run};
use crate::plan::{Chain, End, Hop, HopKind, Kinds, SetId, SetSource, SlotId, Unordered};
use crate::source::Source;

/// A list without content for another run, in the memory of this one.
pub(super) fn emptied<'b>(mut asked: Vec<Asked<'_>>) -> Vec<Asked<'b>> {
    asked.clear();
    asked.into_iter().map(|_| Asked::default()).collect()
}

/// What a variable stands for, as far as the ties of its question tell. Deployments and batches
/// stand for their events, which are not listed.
#[derive(Clone, Default, Debug)]
pub(super) struct Asked<'a> {
    /// What keys and relations lead to; none where no key is tied to it.
    pub(super) tied: Option<Rc<ItemSet>>,
    /// Those of them that its own conditions do not rule out.
    pub(super) kept: Option<Rc<ItemSet>>,
    /// The selection that it is a variable of.
    pub(super) parts: Option<&'a Unordered>,
}

impl<'a, S: Source> Executor<'a, S> {
    /// Walks the relations of a selection: from keys first, then from what they led to.
    pub(super) fn walk_chains(&mut self, parts: &'a Unordered) -> Run<()> {
        let mut left = self.list();
        left.nodes.extend((0..).take(parts.chains.len()));
        while !left.nodes.is_empty() {
            let is_key = |end: End| matches!(end, End::Set(set) if self.is_known(set));
            let is_tied = |end: End| matches!(end, End::Slot(slot) if self.is_tied(slot));
            let by = |test: &dyn Fn(End) -> bool| {
                let has = |chain: &Chain| test(chain.start) || test(chain.end);
                left.nodes
                    .iter()
                    .position(|number| parts.chains.get(*number as usize).is_some_and(has))
            };
            // Where nothing is known, all of the first term's kind is asked about.
            let place = by(&is_key).or_else(|| by(&is_tied)).unwrap_or(0);
            let number = left.nodes.remove(place);
            let Some(chain) = parts.chains.get(number as usize) else { continue };
            let (end, found) = self.walk(chain)?;
            if let (End::Slot(slot), true) = (end, parts.slots.iter().any(|s| End::Slot(*s) == end))
            {
                self.meet(slot, &found);
            }
        }
        self.keep_list(left);
        Ok(())
    }

    /// Walks one chain from the end that is known; gives the other end and what was come to.
    pub(super) fn walk(&mut self, chain: &'a Chain) -> Run<(End, Rc<ItemSet>)> {
        for hop in &chain.hops {
            let avoided = match &hop.how {
                HopKind::Reach { to_target, .. } => to_target.avoiding.as_slice(),
                HopKind::Edge(..) => &[],
            };
            for set in hop.to_set.iter().chain(avoided) {
                self.doubts_of_set(*set)?;
            }
        }
        for end in [chain.start, chain.end] {
            if let End::Set(set) = end {
                self.doubts_of_set(set)?;
            }
        }
        let from_end = self.walks_from_end(chain);
        let chain = if from_end { chain.turned() } else { chain };
        let has_events = chain
            .hops
            .iter()
            .any(|hop| hop.from.has(Kind::Inference) || hop.to.has(Kind::Inference));
        if let (End::Set(set), false) = (chain.start, has_events)
            && self.is_known(set)
        {
            // Kept for the rows: they come from the same end.
            return Ok((chain.end, self.forward(chain, Window::default())?));
        }
        let start = self.asked_end(chain.start, chain.kinds)?;
        let found = self.walk_hops(&start, &chain.hops)?;
        let events = Kinds::one(Kind::Inference);
        if chain.end == End::Any && chain.hops.last().is_some_and(|hop| hop.to == events) {
            self.note_unread();
            self.note_unshown_among(&found);
        }
        Ok((chain.end, self.shared(found)))
    }

    /// Which end is walked from: a key, else a variable that is tied to one, else the first; of
    /// two that are alike the one from which the walk leads upstream.
    fn walks_from_end(&self, chain: &Chain) -> bool {
        let rank = |end: End| match end {
            End::Set(set) if self.is_known(set) => 3,
            End::Slot(slot) if self.is_tied(slot) => 2,
            End::Slot(_) => 1,
            End::Set(_) | End::Any => 0,
        };
        let leads_down = chain.hops.iter().any(|hop| match &hop.how {
            HopKind::Reach { to_target, .. } => !to_target.upstream,
            HopKind::Edge(..) => false,
        });
        match rank(chain.start).cmp(&rank(chain.end)) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => leads_down,
            std::cmp::Ordering::Greater => false,
        }
    }

    /// Is the set the same for every row?
    fn is_known(&self, set: SetId) -> bool {
        self.plan.sets.get(set).is_some_and(|set| !set.correlated)
    }

    fn is_tied(&self, slot: SlotId) -> bool {
        self.asked.get(slot).is_some_and(|asked| asked.tied.is_some())
    }

    pub(super) fn known_set(&mut self, set: SetId) -> Run<Option<Rc<ItemSet>>> {
        if self.is_known(set) { self.set(set).map(Some) } else { Ok(None) }
    }

    pub(super) fn set_asked(&mut self, slot: SlotId, asked: Asked<'a>) {
        if let Some(place) = self.asked.get_mut(slot) {
            *place = asked;
        }
    }

    /// A variable is also among these.
    pub(super) fn meet(&mut self, slot: SlotId, found: &Rc<ItemSet>) {
        // Deployments stand for events: they are no bound of events that are known by key.
        let is_event = self.slot_kinds(slot) == Kinds::one(Kind::Inference);
        let Some(asked) = self.asked.get_mut(slot) else { return };
        asked.kept = None;
        match &asked.tied {
            Some(known) if is_event && !known.events.is_empty() => {}
            Some(known) => {
                let mut both = (**known).clone();
                both.keep(found);
                asked.tied = Some(Rc::new(both));
            }
            None => asked.tied = Some(found.clone()),
        }
    }

    pub(super) fn slot_kinds(&self, slot: SlotId) -> Kinds {
        self.plan.slots.get(slot).map_or(Kinds::NONE, |slot| slot.kinds)
    }

    /// What stands at one end of a chain.
    fn asked_end(&mut self, end: End, kinds: Kinds) -> Run<Rc<ItemSet>> {
        match end {
            End::Slot(slot) => self.candidates(slot),
            End::Set(set) if self.is_known(set) => self.set(set),
            End::Set(set) => match self.plan.sets.get(set).map(|set| &set.source) {
                Some(SetSource::Slot(slot)) => self.candidates(*slot),
                _ => Ok(Rc::new(self.everything(kinds))),
            },
            End::Any => Ok(Rc::new(self.everything(kinds))),
        }
    }

    /// Every node of these kinds; for events all deployments.
    fn everything(&self, kinds: Kinds) -> ItemSet {
        let stands_for = |kind| if kind == Kind::Inference { Kind::Deployment } else { kind };
        let nodes = kinds.iter().flat_map(|kind| self.source.nodes_of(stands_for(kind)));
        ItemSet::of(nodes.collect(), Vec::new())
    }

    /// What a variable may stand for: what it is tied to, without what its own conditions rule out.
    pub(super) fn candidates(&mut self, slot: SlotId) -> Run<Rc<ItemSet>> {
        let asked = self.asked.get(slot).cloned().unwrap_or_default();
        if let Some(kept) = asked.kept {
            return Ok(kept);
        }
        let kinds = self.slot_kinds(slot);
        let is_event = kinds == Kinds::one(Kind::Inference);
        let scanned = asked.tied.is_none();
        let with_deleted = self.plan.slots.get(slot).is_some_and(|slot| slot.with_deleted);
        let mut found = match asked.tied {
            Some(tied) => (*tied).clone(),
            None => self.everything(kinds),
        };
        if let (Some(parts), false) = (asked.parts, is_event) {
            let mut nodes = Vec::with_capacity(found.nodes.len());
            for node in found.nodes {
                if scanned {
                    self.look(1)?;
                }
                if !with_deleted && self.source.is_deleted(node) {
                    continue;
                }
                if self.truth_of_all(parts, slot, node)? != Truth::False {
                    nodes.push(node);
                }
            }
            found.nodes = nodes;
        }
        let found = Rc::new(found);
        if let Some(asked) = self.asked.get_mut(slot) {
            asked.kept = Some(found.clone());
        }
        Ok(found)
    }

    /// Follows hops over nodes; what leads to events ends at what they belong to.
    fn walk_hops(&mut self, start: &ItemSet, hops: &[Hop]) -> Run<ItemSet> {
        let events = Kinds::one(Kind::Inference);
        let mut here = start.clone();
        for hop in hops {
            let mut found = match &hop.how {
                HopKind::Edge(relation, Direction::Forward) if hop.from == events => {
                    self.out_of_events(&here, *relation)?
                }
                HopKind::Edge(..) if hop.to == events => {
                    here.nodes.iter().for_each(|node| self.pass(*node));
                    here.clone()
                }
                HopKind::Edge(relation, direction) => {
                    let to = hop.to.without(Kind::Inference);
                    self.step(&here, *relation, *direction, to, Window::default())?
                }
                HopKind::Reach { to_target, .. } => {
                    let to = if hop.to == events {
                        Kinds::one(Kind::Deployment).or(Kinds::one(Kind::Batch))
                    } else {
                        hop.to.without(Kind::Inference)
                    };
                    let mut found = self.reach(to_target, &here, to, Window::default())?;
                    if hop.from == events || hop.to == events {
                        // What stands for events is itself on the way.
                        let own = here.nodes.iter().copied();
                        found.nodes.extend(own.filter(|n| to.has(self.source.kind_of(*n))));
                        found = ItemSet::of(found.nodes, found.events);
                    }
                    found
                }
            };
            if let Some(set) = hop.to_set
                && let Some(set) = self.known_set(set)?
            {
                if hop.to == events { found = (*set).clone() } else { found.keep(&set) }
            }
            here = found;
        }
        Ok(here)
    }

    /// The deployments or batches of events.
    fn out_of_events(&mut self, from: &ItemSet, relation: Relation) -> Run<ItemSet> {
        let source = self.source;
        let mut nodes = Vec::new();
        for event in &from.events {
            nodes.push(match relation {
                Relation::ServedBy => source.event_deployment(*event),
                _ => source.event_batch(*event),
            });
        }
        for node in &from.nodes {
            match (relation, source.kind_of(*node)) {
                (Relation::ServedBy, Kind::Batch) => {
                    nodes.extend(source.edges(*node, Relation::ServedBy, Direction::Forward));
                }
                (Relation::PartOf, Kind::Deployment) => nodes.extend(source.batches_of(*node)),
                _ => nodes.push(*node),
            }
        }
        self.count_edges(nodes.len())?;
        nodes.iter().for_each(|node| self.pass(*node));
        Ok(ItemSet::of(nodes, Vec::new()))
    }
}
