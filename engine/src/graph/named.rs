//! The numbers by which nodes go while a graph is built: those of the ledger, and behind them those
//! of nodes that the ledger does not know. Keys stay where the ledger has them.

use crate::id_map::IdMap;
use crate::key_bytes;
use crate::ledger::Ledger;
use crate::schema::Kind;
use lineal_proof::{Hash, Key};

/// The number of a node while the graph is built; its final one comes with the order of keys.
pub(super) type Number = u32;

/// All nodes that a graph may hold.
pub(super) struct Named<'a> {
    ledger: &'a Ledger,
    /// Named by retracted imports alone, or made by the graph.
    others: Vec<(Hash, Kind, Vec<u8>)>,
    places: IdMap<Number>,
}

impl<'a> Named<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Named<'a> {
        Named { ledger, others: Vec::new(), places: IdMap::default() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ledger.nodes.len() + self.others.len()
    }

    fn other(&self, number: Number) -> Option<&(Hash, Kind, Vec<u8>)> {
        (number as usize).checked_sub(self.ledger.nodes.len()).map(|at| &self.others[at])
    }

    pub(super) fn id(&self, number: Number) -> Hash {
        self.other(number).map_or_else(|| self.ledger.nodes.id(number), |(id, ..)| *id)
    }

    pub(super) fn kind(&self, number: Number) -> Kind {
        let of_ledger = || self.ledger.nodes.kind(number);
        self.other(number).map_or_else(of_ledger, |(_, kind, _)| *kind)
    }

    /// The key of a node, in the bytes of `key_bytes.rs`.
    pub(super) fn key_bytes(&self, number: Number) -> &[u8] {
        let of_ledger = || self.ledger.nodes.key_bytes(number);
        self.other(number).map_or_else(of_ledger, |(.., key)| key)
    }

    pub(super) fn key(&self, number: Number) -> Key {
        key_bytes::read(self.key_bytes(number)).unwrap_or_default()
    }

    /// The text of a part of a node's key, if there is such a part and it is one.
    pub(super) fn key_text(&self, number: Number, part: usize) -> Option<&str> {
        key_bytes::text(self.key_bytes(number), part)
    }

    /// A node by its id.
    pub(super) fn find(&self, id: &Hash) -> Option<Number> {
        self.ledger.node(id).or_else(|| self.places.get(id).copied())
    }

    /// A node by its id, added if it is not there.
    pub(super) fn find_or_add(
        &mut self,
        id: Hash,
        kind: Kind,
        key: impl FnOnce() -> Key,
    ) -> Number {
        if let Some(number) = self.find(&id) {
            return number;
        }
        let number = Number::try_from(self.len()).expect("fewer than 2^32 nodes");
        let mut bytes = Vec::new();
        key_bytes::write(&mut bytes, &key());
        self.others.push((id, kind, bytes));
        self.places.insert(id, number);
        number
    }
}
