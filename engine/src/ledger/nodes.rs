//! The nodes of the ledger: anything that a stub or revision names, in the order of the log.

use super::grown::{Grown, GrownBytes};
use super::table::Table;
use crate::key_bytes;
use crate::schema::{KINDS, Kind};
use lineal_proof::{Hash, Key};

/// Stands for no revision.
pub(super) const NONE: u32 = u32::MAX;

/// All nodes.
#[derive(Default)]
pub(crate) struct Nodes {
    pub(super) ids: Grown<[u8; 32]>,
    pub(super) kinds: Grown<u8>,
    /// Where the key of each ends.
    pub(super) key_ends: Grown<u64>,
    pub(super) keys: GrownBytes,
    /// The commit that first named each.
    pub(super) born: Grown<u32>,
    /// Has it a stub?
    pub(super) stubs: Vec<u8>,
    /// The last revision of each, or [`NONE`].
    pub(super) last: Vec<u32>,
    pub(super) table: Table,
}

impl Nodes {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn id(&self, node: u32) -> Hash {
        Hash(self.ids.get(node as usize).unwrap_or_default())
    }

    pub(crate) fn kind(&self, node: u32) -> Kind {
        let kind = self.kinds.get(node as usize).and_then(|at| KINDS.get(usize::from(at)));
        kind.copied().unwrap_or(Kind::Actor)
    }

    /// The key of a node, in the bytes of `key_bytes.rs`.
    pub(crate) fn key_bytes(&self, node: u32) -> &[u8] {
        let end = |at: usize| self.key_ends.get(at).and_then(|end| usize::try_from(end).ok());
        let from = (node as usize).checked_sub(1).map_or(Some(0), end);
        match from.zip(end(node as usize)) {
            Some((from, to)) if from <= to => self.keys.range(from, to),
            _ => &[],
        }
    }

    pub(crate) fn key(&self, node: u32) -> Key {
        key_bytes::read(self.key_bytes(node)).unwrap_or_default()
    }

    /// The text of a part of a node's key, if there is such a part and it is one.
    pub(crate) fn key_text(&self, node: u32, part: usize) -> Option<&str> {
        key_bytes::text(self.key_bytes(node), part)
    }

    pub(crate) fn born(&self, node: u32) -> u64 {
        self.born.get(node as usize).unwrap_or(0).into()
    }

    pub(crate) fn has_stub(&self, node: u32) -> bool {
        self.stubs.get(node as usize).is_some_and(|stub| *stub == 1)
    }

    /// Does any revision describe it?
    pub(crate) fn is_described(&self, node: u32) -> bool {
        self.last.get(node as usize).is_some_and(|last| *last != NONE)
    }

    /// A node by its id.
    pub(crate) fn find(&self, id: &Hash) -> Option<u32> {
        self.table.find(id, |node| self.ids.get(node as usize) == Some(id.0))
    }

    /// Adds a node that is not there.
    pub(super) fn push(&mut self, id: Hash, kind: Kind, key: &Key, born: u64) -> u32 {
        let node = u32::try_from(self.len()).expect("fewer than 2^32 nodes");
        self.ids.push(id.0);
        self.kinds.push(kind as u8);
        self.keys.extend(|out| key_bytes::write(out, key));
        self.key_ends.push(self.keys.len() as u64);
        self.born.push(u32::try_from(born).expect("fewer than 2^32 commits"));
        self.stubs.push(0);
        self.last.push(NONE);
        let ids = &self.ids;
        self.table.add(node, |node| Hash(ids.get(node as usize).unwrap_or_default()));
        node
    }
}
