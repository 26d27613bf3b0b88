//! Who may see what is restricted (docs/format.md, section 23): rows and sealed values that are kept as
//! they are and shown to nobody but those who must see them. A view hides them unless it was made
//! for one of these; counters and proofs do not change.

use super::Snapshot;
use crate::schema::Kind;

impl Snapshot {
    /// The same view for those who may see what is restricted.
    #[must_use]
    pub fn with_restricted(self) -> Snapshot {
        Snapshot { with_restricted: true, ..self }
    }

    /// The same view for those who may not.
    #[must_use]
    pub fn without_restricted(self) -> Snapshot {
        Snapshot { with_restricted: false, ..self }
    }

    /// How many sealed values are restricted and not shown.
    #[must_use]
    pub fn unshown_values(&self) -> u64 {
        if self.with_restricted { 0 } else { self.graph().restricted_values.len() as u64 }
    }

    /// How many sealed values of nodes of a kind are erased, and shown to nobody.
    #[must_use]
    pub fn erased_values(&self, kind: Kind) -> u64 {
        let of_kind = self.graph().erased_values.iter().filter(|(of, _)| *of == kind);
        of_kind.map(|(_, values)| values).sum()
    }

    /// Is what is restricted shown?
    #[must_use]
    pub fn shows_restricted(&self) -> bool {
        self.with_restricted
    }
}
