//! What an import brought back: nodes and events that were recorded before it, and that no view
//! showed any more because the imports that brought them are retracted.

use crate::exit::Outcome;
use crate::render::counted;
use crate::retracted;
use lineal_engine::schema::{KINDS, Kind};
use lineal_engine::{NodeNo, Snapshot, Store};
use serde_json::{Value as Json, json};

/// Imports that a list looks at, the newest: each costs two views.
pub(crate) const LOOKED_AT: usize = 8;

/// How much came back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct CameBack {
    pub(crate) nodes: u64,
    pub(crate) events: u64,
}

impl CameBack {
    /// For a person; nothing if nothing came back.
    pub(crate) fn text(self) -> Option<String> {
        let told = [(self.nodes, "node"), (self.events, "event")];
        let told = told.into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told.map(|(count, noun)| counted(count, noun)).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// For programs.
    pub(crate) fn json(self) -> Json {
        json!({ "nodes": self.nodes, "events": self.events })
    }
}

/// What an import brought back, seen from a later view.
pub(crate) fn count(store: &Store, view: &Snapshot, import: u64) -> Outcome<CameBack> {
    // An earlier view is dear, and where nothing is retracted nothing can have come back.
    if retracted::imports(view)?.is_empty() {
        return Ok(CameBack::default());
    }
    let before = store.snapshot_at(import.saturating_sub(1))?;
    let after = store.snapshot_at(store.import_end(view, import))?;
    let mut back = CameBack::default();
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Import) {
        for node in after.nodes_of(kind).filter(|node| !after.is_missing(*node)) {
            // What this import said anew did not come back.
            if after.commits_of(node).1 >= import {
                continue;
            }
            let then = before.same_node(&after, node).filter(|then| !before.is_missing(*then));
            if kind == Kind::Batch {
                let events =
                    |view: &Snapshot, node: NodeNo| view.batch(node).map_or(0, |b| b.events);
                let earlier = then.map_or(0, |then| events(&before, then));
                back.events += events(&after, node).saturating_sub(earlier);
            } else {
                back.nodes += u64::from(then.is_none());
            }
        }
    }
    Ok(back)
}
