//! Names of nodes that were made lately in a view: a name is put together from key, version and a look
//! whether another node has it too, which costs more than following the edge that led there
//! (`benches/load/run.py`). They go with their view, whose names never change.

use std::sync::{Mutex, PoisonError};

use lineal_engine::NodeNo;

/// Places for names, each for the nodes that share it: some megabytes where all are taken.
const PLACES: usize = 1 << 14;
/// Longest name that is kept, in bytes: others are rare, and what names people is short too.
const NAME_BYTES_MAX: usize = 200;

/// A node and its name; none where no name was kept yet.
type Place = Mutex<Option<(NodeNo, Box<str>)>>;

/// The names.
#[derive(Debug)]
pub(super) struct Names(Box<[Place]>);

impl Default for Names {
    fn default() -> Names {
        Names((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl Names {
    /// The name of a node, made if it is not kept.
    pub(super) fn of(&self, node: NodeNo, make: impl FnOnce() -> String) -> String {
        let Some(place) = usize::try_from(node).ok().and_then(|at| self.0.get(at % PLACES)) else {
            return make();
        };
        let kept = || place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, name)) = kept().as_ref()
            && *known == node
        {
            return String::from(&**name);
        }
        // Not under the lock: making one may read the store.
        let name = make();
        if name.len() <= NAME_BYTES_MAX {
            *kept() = Some((node, Box::from(name.as_str())));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_once_until_another_node_takes_its_place() {
        let names = Names::default();
        let places = NodeNo::try_from(PLACES).unwrap();
        assert_eq!(names.of(3, || "three".to_owned()), "three");
        assert_eq!(names.of(3, || panic!("it is kept")), "three");
        assert_eq!(names.of(3 + places, || "other".to_owned()), "other");
        assert_eq!(names.of(3, || "three again".to_owned()), "three again");
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        assert_eq!(names.of(4, || long.clone()), long);
        assert_eq!(names.of(4, || "made anew".to_owned()), "made anew");
    }
}
