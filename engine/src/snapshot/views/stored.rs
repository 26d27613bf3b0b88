//! Views of all that lies in a store: of retracted imports too, whose rows and values stay in its files
//! until they are erased. Who erases or holds something looks for it here.

use super::{Views, keep, kept, locked, segments};
use crate::error::Result;
use crate::graph;
use crate::snapshot::Snapshot;
use crate::store::{State, Store};
use std::sync::Arc;

impl Views {
    /// As [`Store::stored`].
    pub(crate) fn stored(
        &self,
        store: &Store,
        state: &State,
        (of, shows_all): (&Snapshot, bool),
    ) -> Result<Option<Snapshot>> {
        let commit = of.graph().commit;
        if shows_all && !state.ledger.load()?.has_retracted(commit) {
            return Ok(None);
        }
        let mut cached = locked(&self.cached);
        let which = (commit, false);
        if let Some(view) = kept(&mut cached, which) {
            return Ok(Some(Snapshot { view, ..of.clone() }));
        }
        let mark = self.mark_for(store)?;
        let segments = segments(store, state)?;
        let ledger = store.unretracted(state)?;
        let damage = Arc::clone(&locked(&self.damage));
        let graph = graph::build(&ledger, &segments, commit, None, (&store.shelf(), &damage))?;
        // Not weighed: a row that another outweighs lies there as well.
        let view = self.view(store, (graph, segments), mark);
        keep(&mut cached, which, &view);
        Ok(Some(Snapshot { view, ..of.clone() }))
    }
}
