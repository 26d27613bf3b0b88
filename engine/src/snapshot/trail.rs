//! Who may see the trail: views that keep it back, and what is left out of every search that names
//! no kind.
//!
//! Uses of a store lie in its log beside what it is about (docs/format.md, section 6). They are found
//! by their kind alone, so that no name, id or word for any node leads to them by accident.

use super::Snapshot;
use crate::schema::{KINDS, Kind};

/// The kinds that a search without a kind goes through.
pub(super) fn untold() -> impl Iterator<Item = Kind> {
    KINDS.into_iter().filter(|kind| *kind != Kind::Access)
}

impl Snapshot {
    /// The same view for those who may not read the trail: it has no node of that kind.
    #[must_use]
    pub fn without_trail(self) -> Snapshot {
        Snapshot { hides_trail: true, ..self }
    }

    /// The same view for those who may read the trail.
    #[must_use]
    pub fn with_trail(self) -> Snapshot {
        Snapshot { hides_trail: false, ..self }
    }

    /// Is this kind kept back?
    #[inline]
    #[must_use]
    pub fn hides(&self, kind: Kind) -> bool {
        self.hides_trail && kind == Kind::Access
    }
}
