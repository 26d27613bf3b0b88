//! Sets of nodes and events, sorted.

use crate::source::{EventRef, NodeNo};
use crate::value::Item;

/// A set: both lists sorted, without duplicates.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct ItemSet {
    pub(super) nodes: Vec<NodeNo>,
    pub(super) events: Vec<EventRef>,
}

impl ItemSet {
    pub(super) fn one(item: Item) -> ItemSet {
        match item {
            Item::Node(node) => ItemSet { nodes: vec![node], events: Vec::new() },
            Item::Event(event) => ItemSet { nodes: Vec::new(), events: vec![event] },
        }
    }

    /// Sorts and removes duplicates.
    pub(super) fn of(nodes: Vec<NodeNo>, events: Vec<EventRef>) -> ItemSet {
        let mut set = ItemSet { nodes, events };
        set.arrange();
        set
    }

    /// Sorts what was added, and removes duplicates.
    pub(super) fn arrange(&mut self) {
        if self.nodes.len() > 1 {
            self.nodes.sort_unstable();
            self.nodes.dedup();
        }
        if self.events.len() > 1 {
            self.events.sort_unstable();
            self.events.dedup();
        }
    }

    pub(super) fn has(&self, item: Item) -> bool {
        match item {
            Item::Node(node) => self.nodes.binary_search(&node).is_ok(),
            Item::Event(event) => self.events.binary_search(&event).is_ok(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.events.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len() + self.events.len()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Item> {
        let nodes = self.nodes.iter().map(|node| Item::Node(*node));
        nodes.chain(self.events.iter().map(|event| Item::Event(*event)))
    }

    pub(super) fn meets(&self, other: &ItemSet) -> bool {
        let (small, great) = if self.len() < other.len() { (self, other) } else { (other, self) };
        small.items().any(|item| great.has(item))
    }

    pub(super) fn keep(&mut self, other: &ItemSet) {
        self.nodes.retain(|node| other.has(Item::Node(*node)));
        self.events.retain(|event| other.has(Item::Event(*event)));
    }
}
