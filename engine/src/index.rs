//! What is written under `index/` so that opening is quick: the ledger and the graph, flat.
//!
//! Each file says which commit it covers, as `head` said it then. One that does not fit, for
//! whatever reason, is left aside and what it held is made again (docs/format.md, section 14).

mod flat;
mod graph;
mod ledger;

pub(crate) use flat::check;

use crate::error::Result;
use crate::graph::Graph;
use crate::head::Head;
use crate::ledger::Ledger;
use crate::storage::Storage;

const LEDGER: &str = "index/ledger.idx";
const GRAPH: &str = "index/graph.idx";

/// What a file holds; runs of event keys are kind 1.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum IndexKind {
    Ledger = 2,
    Graph = 3,
}

/// The ledger as of some commit that `head` has passed or is at, and what `head` was then.
pub(crate) fn read_ledger(storage: &dyn Storage, head: &Head) -> Result<Option<(Ledger, Head)>> {
    let Some(bytes) = storage.read(LEDGER)? else { return Ok(None) };
    let Some((covered, mut reader)) = flat::open(&bytes, IndexKind::Ledger) else {
        return Ok(None);
    };
    let before = covered.commit < head.commit
        && covered.store == head.store
        && (covered.segment, covered.length) < (head.segment, head.length);
    if !before && covered != *head {
        return Ok(None);
    }
    let ledger = ledger::read(&mut reader).filter(|ledger| ledger.commit() == covered.commit);
    Ok(ledger.map(|ledger| (ledger, covered)))
}

/// The graph as of `head`.
pub(crate) fn read_graph(storage: &dyn Storage, head: &Head) -> Result<Option<Graph>> {
    let Some(bytes) = storage.read(GRAPH)? else { return Ok(None) };
    let opened = flat::open(&bytes, IndexKind::Graph).filter(|(covered, _)| covered == head);
    Ok(opened.and_then(|(_, mut reader)| graph::read(&mut reader)))
}

/// Writes the ledger and the graph as of `head`.
pub(crate) fn write(
    storage: &dyn Storage,
    head: &Head,
    ledger: &Ledger,
    graph: &Graph,
) -> Result<()> {
    let mut writer = flat::Writer::new(IndexKind::Ledger, head);
    ledger::write(&mut writer, ledger);
    storage.put(LEDGER, &writer.finish(), false)?;
    let mut writer = flat::Writer::new(IndexKind::Graph, head);
    graph::write(&mut writer, graph);
    storage.put(GRAPH, &writer.finish(), false)
}

/// Do both files cover this commit?
pub(crate) fn is_current(storage: &dyn Storage, head: &Head) -> Result<bool> {
    for (path, kind) in [(LEDGER, IndexKind::Ledger), (GRAPH, IndexKind::Graph)] {
        let bytes = storage.read(path)?;
        if bytes.and_then(|bytes| Some(flat::open(&bytes, kind)?.0)) != Some(*head) {
            return Ok(false);
        }
    }
    Ok(true)
}
