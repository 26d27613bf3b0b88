//! Edges to keys with parts that their sources do not know, on their way into a graph: laid aside as
//! they come, since every data set of a store may name its parents by a digest alone.

use super::named::Number;
use crate::error::Result;
use crate::mapping::Words;
use crate::schema::{RELATIONS, Relation};
use crate::sections::{Shelf, Shelved};
use std::ops::Range;

/// An edge to a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ClaimEdge {
    pub(super) from: Number,
    pub(super) relation: Relation,
    /// The node of the claim itself.
    pub(super) target: Number,
}

/// Ids given beside a claim.
type Beside = Vec<(String, String)>;

/// Those that still come.
pub(super) struct Claims {
    shelf: Shelf,
    /// From where, the number of the relation, to which claim, and which of `beside`, from 1.
    edges: Shelved<[u32; 4]>,
    /// Few claims have any: those of logs.
    beside: Vec<Beside>,
}

impl Claims {
    pub(super) fn new(shelf: &Shelf) -> Claims {
        Claims { shelf: shelf.clone(), edges: shelf.list(), beside: Vec::new() }
    }

    /// Adds one; those of a node come one after another.
    pub(super) fn push(&mut self, edge: ClaimEdge, beside: Beside) {
        let ClaimEdge { from, relation, target } = edge;
        let at = if beside.is_empty() {
            0
        } else {
            self.beside.push(beside);
            u32::try_from(self.beside.len()).expect("fewer than 2^32 claims")
        };
        self.edges.push([from, relation as u32, target, at]);
    }

    /// All that came, to be read; none are left here.
    ///
    /// # Errors
    /// What the medium said.
    pub(super) fn take(&mut self) -> Result<ReadClaims> {
        let edges = std::mem::replace(&mut self.edges, self.shelf.list());
        Ok(ReadClaims { edges: edges.into_words()?, beside: std::mem::take(&mut self.beside) })
    }
}

/// All of them.
pub(super) struct ReadClaims {
    edges: Words<[u32; 4]>,
    beside: Vec<Beside>,
}

impl ReadClaims {
    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// The places of those of each node.
    pub(super) fn by_node(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut end = 0;
        self.edges.chunk_by(|one, other| one[0] == other[0]).map(move |own| {
            let from = end;
            end += own.len();
            from..end
        })
    }

    /// The one at a place.
    pub(super) fn get(&self, at: usize) -> ClaimEdge {
        let [from, relation, target, _] = self.edges[at];
        ClaimEdge { from, relation: RELATIONS[relation as usize].relation, target }
    }

    /// Ids given beside the one at a place.
    pub(super) fn beside(&self, at: usize) -> &[(String, String)] {
        let [.., at] = self.edges[at];
        (at as usize).checked_sub(1).map_or(&[], |at| &self.beside[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::FileStorage;
    use std::sync::Arc;

    #[test]
    fn claims_come_back_node_by_node_with_what_stood_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let laid = Shelf::beside(Arc::new(FileStorage::new(folder.path())));
        // More than are held of one list.
        let edge = |at: u32| {
            let relation = RELATIONS[at as usize % RELATIONS.len()].relation;
            ClaimEdge { from: at / 3, relation, target: at + 7 }
        };
        let ids = |at: u32| match at % 1_000 {
            0 => vec![("run".to_owned(), at.to_string())],
            _ => Vec::new(),
        };
        for shelf in [laid, Shelf::default()] {
            let mut claims = Claims::new(&shelf);
            assert!(claims.take().unwrap().is_empty());
            (0..150_000).for_each(|at| claims.push(edge(at), ids(at)));
            let read = claims.take().unwrap();
            assert!(claims.take().unwrap().is_empty(), "they were taken");
            let all: Vec<Range<usize>> = read.by_node().collect();
            assert!(all.iter().all(|own| own.len() == 3));
            for (at, number) in all.into_iter().flatten().zip(0..) {
                assert_eq!((read.get(at), read.beside(at)), (edge(number), ids(number).as_slice()));
            }
        }
    }
}
