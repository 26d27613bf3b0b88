//! Edges on their way into a graph, by relation: laid aside as they come, since they are most of what
//! the making of a graph of millions of nodes would hold.

use super::named::Number;
use crate::error::Result;
use crate::mapping::Words;
use crate::schema::{RELATION_COUNT, Relation};
use crate::sections::{Shelf, Shelved};

/// Edges of one relation that came together: where each begins, and where it leads.
type Part = (Words<Number>, Words<Number>);

/// Edges whose targets are certain.
pub(super) struct Links {
    shelf: Shelf,
    parts: [Vec<Part>; RELATION_COUNT],
    /// Those that still come; none where none did.
    coming: [Option<(Shelved<Number>, Shelved<Number>)>; RELATION_COUNT],
}

impl Links {
    pub(super) fn new(shelf: &Shelf) -> Links {
        let (parts, coming) = ([const { Vec::new() }; _], [const { None }; _]);
        Links { shelf: shelf.clone(), parts, coming }
    }

    /// Adds an edge, which is there once those that come are [closed](Links::close).
    pub(super) fn push(&mut self, relation: Relation, from: Number, to: Number) {
        let coming = &mut self.coming[relation as usize];
        let (all_from, all_to) =
            coming.get_or_insert_with(|| (self.shelf.list(), self.shelf.list()));
        all_from.push(from);
        all_to.push(to);
    }

    /// What came stands beside what was there.
    ///
    /// # Errors
    /// What the medium said.
    pub(super) fn close(&mut self) -> Result<()> {
        for (coming, parts) in self.coming.iter_mut().zip(&mut self.parts) {
            if let Some((from, to)) = coming.take() {
                parts.push((from.into_words()?, to.into_words()?));
            }
        }
        Ok(())
    }

    /// The edges of the relation of a number.
    pub(super) fn of(&self, relation: usize) -> impl Iterator<Item = (Number, Number)> + '_ {
        let parts = self.parts[relation].iter();
        parts.flat_map(|(from, to)| from.iter().copied().zip(to.iter().copied()))
    }

    /// How many the relation of a number has.
    pub(super) fn len(&self, relation: usize) -> usize {
        self.parts[relation].iter().map(|(from, _)| from.len()).sum()
    }

    /// Where edges lead, of all relations.
    pub(super) fn targets(&self) -> impl Iterator<Item = Number> + '_ {
        self.parts.iter().flatten().flat_map(|(_, to)| to.iter().copied())
    }

    /// Forgets the edges of a relation.
    pub(super) fn forget(&mut self, relation: usize) {
        self.parts[relation].clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FileStorage, MemoryStorage, Storage};
    use std::sync::Arc;

    #[test]
    fn edges_come_back_by_relation_in_their_order_whether_held_or_laid_aside() {
        let folder = tempfile::tempdir().unwrap();
        let media: [Arc<dyn Storage>; 2] =
            [Arc::new(FileStorage::new(folder.path())), Arc::new(MemoryStorage::new())];
        // More than are held of one list.
        let count = 300_000;
        for medium in media {
            let mut links = Links::new(&Shelf::beside(medium));
            (0..count).for_each(|at| links.push(Relation::ProducedBy, at, count - at));
            links.push(Relation::ServedBy, 5, 6);
            assert_eq!(links.len(Relation::ProducedBy as usize), 0, "these still come");
            links.close().unwrap();
            links.push(Relation::ServedBy, 7, 5);
            links.close().unwrap();
            let long = links.of(Relation::ProducedBy as usize);
            assert!(long.eq((0..count).map(|at| (at, count - at))));
            let short: Vec<_> = links.of(Relation::ServedBy as usize).collect();
            assert_eq!(short, [(5, 6), (7, 5)]);
            assert_eq!(links.targets().count(), count as usize + 2);
            links.forget(Relation::ProducedBy as usize);
            let mut left: Vec<_> = links.targets().collect();
            left.sort_unstable();
            assert_eq!((left, links.len(Relation::ServedBy as usize)), (vec![5, 6], 2));
        }
    }
}
