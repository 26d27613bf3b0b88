//! Names of nodes that were made in a view: a name is put together from key, version and a look
//! whether another node has it too, which costs more than following the edge that led there
//! (`benches/load/run.py`). They go with their view, whose names never change.

use std::sync::OnceLock;

use lineal_engine::NodeNo;

/// Places for names, each for the nodes that share it: a megabyte, and some where all are taken.
const PLACES: usize = 1 << 15;
/// Longest name that is kept, in bytes: others are rare, and what names people is short too.
const NAME_BYTES_MAX: usize = 200;

/// A node and its name; nothing where no name was kept yet. Whoever comes first keeps the place: a lock
/// that each name takes would go from core to core, which costs as much as to make the name.
type Place = OnceLock<(NodeNo, Box<str>)>;

/// The names.
#[derive(Debug)]
pub(super) struct Names(Box<[Place]>);

impl Default for Names {
    fn default() -> Names {
        Names((0..PLACES).map(|_| Place::default()).collect())
    }
}

impl Names {
    /// Gives the name of a node to `take`, made if it is not kept.
    pub(super) fn of<T>(
        &self,
        node: NodeNo,
        make: impl FnOnce() -> String,
        take: impl FnOnce(&str) -> T,
    ) -> T {
        let place = usize::try_from(node).ok().and_then(|at| self.0.get(at % PLACES));
        match place.and_then(OnceLock::get) {
            Some((known, name)) if *known == node => return take(name),
            _ => {}
        }
        let name = make();
        if let Some(place) = place.filter(|_| name.len() <= NAME_BYTES_MAX) {
            // Where another was faster, or another node is, it stays.
            let _ = place.set((node, Box::from(name.as_str())));
        }
        take(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_once_and_a_node_that_shares_its_place_goes_without() {
        let kept = Names::default();
        let of = |node, name: &str| kept.of(node, || name.to_owned(), str::to_owned);
        let places = NodeNo::try_from(PLACES).unwrap();
        assert_eq!(of(3, "three"), "three");
        assert_eq!(of(3, "made again"), "three", "it is kept");
        assert_eq!(of(3 + places, "other"), "other");
        assert_eq!(of(3 + places, "other again"), "other again", "the place is taken");
        assert_eq!(of(3, "made again"), "three");
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        assert_eq!(of(4, &long), long);
        assert_eq!(of(4, "made anew"), "made anew");
    }
}
