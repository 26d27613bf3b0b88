//! Views of a store aside: what is in them before it is recorded.

use super::Snapshot;
use crate::graph::NodeNo;

impl Snapshot {
    /// The same view, in which what came behind a commit is pending.
    pub(crate) fn with_pending(self, recorded: u64) -> Snapshot {
        Snapshot { recorded_upto: Some(recorded), ..self }
    }

    /// Does the view hold what is in no commit yet?
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.recorded_upto.is_some()
    }

    /// Is something said of a node that is in no commit yet? Of a batch: are its events? Nothing of that
    /// can be proved.
    #[must_use]
    pub fn is_pending(&self, node: NodeNo) -> bool {
        self.recorded_upto.is_some_and(|recorded| self.graph().commits_of(node).1 > recorded)
    }
}
