//! What was imported when, from where, and what it brought back: nodes and events that were recorded
//! before, and that no view showed any more because the imports that brought them are retracted.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::schema::{KINDS, Kind};
use lineal_engine::{Error, NodeNo, Snapshot, Store};
use lineal_proof::Value;
use serde_json::{Value as Json, json};

use super::lineage::Untold;
use crate::value::time_text;

/// Imports that a list looks at for what they brought back, the newest: each costs two views.
const LOOKED_AT: usize = 8;

/// How much came back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CameBack {
    /// Nodes.
    pub nodes: u64,
    /// Events.
    pub events: u64,
}

impl CameBack {
    /// For programs.
    #[must_use]
    pub fn json(self) -> Json {
        json!({ "nodes": self.nodes, "events": self.events })
    }

    /// What [`CameBack::json`] was made of; nothing where it is no such thing.
    #[must_use]
    pub fn of_json(json: &Json) -> CameBack {
        let count = |name: &str| json[name].as_u64().unwrap_or(0);
        CameBack { nodes: count("nodes"), events: count("events") }
    }
}

/// What an import brought back, seen from a later view.
///
/// # Errors
/// [`Error`], if the store cannot be read.
pub fn came_back(store: &Store, view: &Snapshot, import: u64) -> Result<CameBack, Error> {
    // An earlier view is dear, and where nothing is retracted nothing can have come back.
    if retracted_imports(view)?.is_empty() {
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

/// Numbers of the imports that are retracted in a view, ascending.
///
/// # Errors
/// [`Error`], if the store cannot be read.
pub fn retracted_imports(view: &Snapshot) -> Result<Vec<u64>, Error> {
    let mut numbers = Vec::new();
    for node in view.nodes_of(Kind::Import) {
        let fields = view.fields(node)?.fields;
        if fields.get("retracted").and_then(Value::as_bool) == Some(true) {
            let number = fields.get("number").and_then(Value::as_i64).unwrap_or(0);
            numbers.push(number.unsigned_abs());
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The imports of a view, in their order: number, when, how much, from where. `stop` is asked between
/// them whether somebody still waits.
///
/// # Errors
/// [`Untold`], if the store cannot be read or nobody waits any more.
pub fn imports_json(
    store: &Store,
    view: &Snapshot,
    stop: &dyn Fn() -> bool,
) -> Result<Json, Untold> {
    let waits = || if stop() { Err(Untold::Stopped) } else { Ok(()) };
    let mut labels: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for (_, import, source) in store.sources() {
        let folder = source.label.split('/').next().unwrap_or("").to_owned();
        labels.entry(import).or_default().insert(format!("{} {folder}", source.source));
    }
    let returns = returns(store, view, &waits)?;
    let mut imports = Vec::new();
    for node in view.nodes_of(Kind::Import) {
        waits()?;
        let fields = view.fields(node)?.fields;
        let int = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or(0).unsigned_abs();
        let number = int("number");
        imports.push(json!({
            "import": number,
            "recorded": fields.get("time").and_then(Value::as_i64).map(time_text),
            "nodes": int("nodes"), "events": int("events"),
            "brought_back": returns.get(&number).copied().unwrap_or_default().json(),
            "sources": labels.get(&number).into_iter().flatten().collect::<Vec<_>>(),
            "retracted": fields.get("retracted").and_then(Value::as_bool).unwrap_or(false),
        }));
    }
    Ok(Json::Array(imports))
}

/// What imports brought back. Only those that came after one that is retracted can have.
fn returns(
    store: &Store,
    view: &Snapshot,
    waits: &dyn Fn() -> Result<(), Untold>,
) -> Result<BTreeMap<u64, CameBack>, Untold> {
    let Some(first) = retracted_imports(view)?.first().copied() else {
        return Ok(BTreeMap::new());
    };
    let later: BTreeSet<u64> = store.sources().into_iter().map(|(_, import, _)| import).collect();
    let later = later.into_iter().rev().filter(|import| *import > first).take(LOOKED_AT);
    let came_back = |import| {
        waits()?;
        Ok((import, came_back(store, view, import)?))
    };
    later.map(came_back).collect()
}
