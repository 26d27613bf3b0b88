//! What a store holds, counted.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::schema::{KINDS, Kind};
use lineal_engine::{Error, NodeNo, Snapshot, Store};
use lineal_proof::Value;
use serde_json::{Map, Value as Json, json};

use super::{Tool, tool_of_missing};
use crate::value::time_text;

/// Most missing nodes of a kind whose referrers are asked for their tool: the first are the ones that are named.
const ASKED_MAX: usize = 1_000;

/// The counts of a view.
#[derive(Debug)]
pub struct Tally {
    /// Of each kind that has nodes.
    pub kinds: Vec<Counted>,
    /// Events that count.
    pub events: u64,
    /// Human overrides among them.
    pub overrides: u64,
    /// Rows that are no events, as another row of the same event counts.
    pub outweighed: u64,
    /// First and last event, ns; only meaningful where there are events.
    pub span: (i64, i64),
    /// Files and bytes by source and form.
    pub sources: BTreeMap<(String, String), (u64, u64)>,
}

/// The counts of one kind.
#[derive(Debug)]
pub struct Counted {
    /// The kind.
    pub kind: Kind,
    /// Nodes that something was recorded of.
    pub known: u64,
    /// Nodes that are only referred to.
    pub missing: Vec<NodeNo>,
    /// The tools whose records refer to these.
    pub missing_tools: Vec<Tool>,
    /// Nodes that their source marks as deleted.
    pub deleted: u64,
    /// Of models: how many are of each form, the missing ones left out.
    pub forms: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts a view of a store.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn of(store: &Store, view: &Snapshot) -> Result<Tally, Error> {
        let mut tally = Tally {
            kinds: kinds(view)?,
            events: 0,
            overrides: 0,
            outweighed: view.outweighed_rows(),
            span: (i64::MAX, i64::MIN),
            sources: BTreeMap::new(),
        };
        for batch in view.batches() {
            tally.events += batch.events;
            tally.overrides += batch.overrides;
            let (first, last) = tally.span;
            tally.span = (first.min(batch.first_time), last.max(batch.last_time));
        }
        for (_, _, source) in store.sources() {
            let (files, size) = tally.sources.entry((source.source, source.form)).or_default();
            *files += source.files;
            *size += source.size;
        }
        Ok(tally)
    }

    /// For programs. `name` is what the store is called.
    #[must_use]
    pub fn to_json(&self, name: &str, view: &Snapshot) -> Json {
        let kinds: Map<String, Json> = self
            .kinds
            .iter()
            .map(|c| {
                let missing: Vec<String> =
                    c.missing.iter().map(|node| view.name_of(*node)).collect();
                let mut counts =
                    json!({"known": c.known, "missing": missing, "deleted": c.deleted});
                if !c.missing_tools.is_empty() {
                    let tools = c.missing_tools.iter().map(|tool| tool.name());
                    counts["missing_tools"] = tools.collect();
                }
                if c.kind == Kind::Model {
                    counts["forms"] = json!(c.forms);
                }
                (c.kind.name().to_owned(), counts)
            })
            .collect();
        let sources: Vec<Json> = self
            .sources
            .iter()
            .map(|((source, form), (files, size))| json!({"source": source, "form": form, "files": files, "bytes": size}))
            .collect();
        let time = |ns: i64| (self.events > 0).then(|| time_text(ns));
        let mut told = json!({
            "store": name, "commit": view.commit(), "recorded": time_text(view.recorded()),
            "kinds": kinds, "events": self.events, "overrides": self.overrides,
            "first_event": time(self.span.0), "last_event": time(self.span.1), "sources": sources,
        });
        if self.outweighed > 0 {
            told["outweighed"] = json!(self.outweighed);
        }
        told
    }
}

fn kinds(view: &Snapshot) -> Result<Vec<Counted>, Error> {
    let mut all = Vec::new();
    for kind in KINDS {
        let nodes = view.nodes_of(kind);
        if nodes.is_empty() {
            continue;
        }
        let missing: Vec<NodeNo> = nodes.clone().filter(|node| view.is_missing(*node)).collect();
        let deleted = nodes.clone().filter(|node| view.is_deleted(*node)).count() as u64;
        let known = u64::from(nodes.end - nodes.start) - missing.len() as u64;
        let mut forms = BTreeMap::new();
        for node in nodes.filter(|_| kind == Kind::Model) {
            if let Some(form) = view.field(node, "form")?.as_ref().and_then(Value::as_text) {
                *forms.entry(form.to_owned()).or_default() += 1;
            }
        }
        let referring = missing.iter().take(ASKED_MAX);
        let tools: BTreeSet<Tool> =
            referring.filter_map(|node| tool_of_missing(view, *node, &|_| true)).collect();
        let missing_tools = tools.into_iter().collect();
        all.push(Counted { kind, known, missing, missing_tools, deleted, forms });
    }
    Ok(all)
}
