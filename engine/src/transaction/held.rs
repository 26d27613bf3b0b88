//! What a full snapshot of a source holds, as long as it is read: laid aside, so that an import of a
//! registry holds nothing for each of its nodes.

use crate::error::Result;
use crate::ledger::table;
use crate::mapping::Words;
use crate::sections::{Shelf, Shelved};
use crate::store::Store;
use lineal_proof::Hash;
use std::collections::BTreeMap;

/// Nodes of a full snapshot, with the digests of what it says of them.
pub struct Held {
    nodes: Shelved<[u8; 32]>,
    contents: Shelved<[u8; 32]>,
}

impl Held {
    fn on(shelf: &Shelf) -> Held {
        Held { nodes: shelf.list(), contents: shelf.list() }
    }

    /// Adds a node with the digest of what is said of it; the last counts of what is said of one.
    pub fn insert(&mut self, node: Hash, content: Hash) {
        self.nodes.push(node.0);
        self.contents.push(content.0);
    }

    /// Everything that is held, to be looked up.
    ///
    /// # Errors
    /// What the medium said when it was laid aside.
    pub(super) fn known(self) -> Result<KnownHeld> {
        let (nodes, contents) = (self.nodes.into_words()?, self.contents.into_words()?);
        let count = u32::try_from(nodes.len()).expect("fewer than 2^32 nodes");
        let table = table::of_all(count, |at| Hash(nodes[at as usize]));
        Ok(KnownHeld { nodes, contents, table })
    }
}

impl From<BTreeMap<Hash, Hash>> for Held {
    fn from(all: BTreeMap<Hash, Hash>) -> Held {
        let mut held = Held::on(&Shelf::default());
        all.into_iter().for_each(|(node, content)| held.insert(node, content));
        held
    }
}

impl Store {
    /// Nothing held yet, to be laid aside beside this store as it grows.
    #[must_use]
    pub fn nothing_held(&self) -> Held {
        Held::on(&self.shelf())
    }
}

/// What is held, by node.
pub(super) struct KnownHeld {
    nodes: Words<[u8; 32]>,
    contents: Words<[u8; 32]>,
    table: Vec<u32>,
}

impl KnownHeld {
    /// The digest of what is said of a node; none if it is not held.
    pub(super) fn get(&self, node: &Hash) -> Option<Hash> {
        let at = table::find(&self.table, node, |at| self.nodes[at as usize] == node.0)?;
        self.contents.get(at as usize).map(|content| Hash(*content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_is_said_of_a_node_counts() {
        let [one, other, third] = [b"1", b"2", b"3"].map(|name| Hash::of(name));
        let mut held = Held::from(BTreeMap::from([(one, one), (other, third)]));
        held.insert(one, other);
        let known = held.known().unwrap();
        let all = [one, other, third].map(|node| known.get(&node));
        assert_eq!(all, [Some(other), Some(third), None]);
    }
}
