//! Growing the tree: lineage upstream, with approvals and documents beside it.

use super::describe;
use crate::render::{Style, texts};
use crate::time::Zone;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashSet};

/// A tree of what lies upstream.
pub(super) struct Tree {
    pub(super) lines: Vec<String>,
}

/// A node that waits to be printed.
struct Pending<'a> {
    name: &'a str,
    relation: Option<&'a str>,
    prefix: String,
    last: bool,
    top: bool,
}

/// What is told of the nodes, and what lies directly upstream of each, in the order of the schema.
struct Told<'a> {
    nodes: &'a Json,
    upstream: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Told<'a> {
    fn of(json: &'a Json) -> Told<'a> {
        let mut upstream: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        // Edges stand in the order of a stack: the last of a node comes first.
        for edge in json["edges"].as_array().into_iter().flatten().rev() {
            let text = |name: &str| edge[name].as_str();
            if let (Some(from), Some(relation), Some(to)) =
                (text("from"), text("relation"), text("to"))
            {
                upstream.entry(from).or_default().push((relation, to));
            }
        }
        Told { nodes: &json["nodes"], upstream }
    }
}

impl Tree {
    /// Grows the tree of a lineage.
    pub(super) fn grow(json: &Json, zone: &Zone, style: Style) -> Tree {
        let told = Told::of(json);
        let below_events = json["events"].as_array().is_some_and(|events| !events.is_empty());
        let mut tree = Tree { lines: Vec::new() };
        let mut printed: HashSet<&str> = HashSet::new();
        let mut stack: Vec<Pending<'_>> = Vec::new();
        let roots = texts(&json["roots"]);
        for (at, root) in roots.iter().enumerate().rev() {
            stack.push(Pending {
                name: root,
                relation: below_events.then_some("served_by"),
                prefix: String::new(),
                last: at + 1 == roots.len(),
                top: !below_events,
            });
        }
        // A stack of its own, since lineage may be deep.
        while let Some(pending) = stack.pop() {
            tree.visit(&told, pending, &mut printed, &mut stack, zone, style);
        }
        tree
    }

    fn visit<'a>(
        &mut self,
        told: &Told<'a>,
        pending: Pending<'a>,
        printed: &mut HashSet<&'a str>,
        stack: &mut Vec<Pending<'a>>,
        zone: &Zone,
        style: Style,
    ) {
        let Pending { name, relation, prefix, last, top } = pending;
        let node = &told.nodes[name];
        let (joint, below) = match (top, last) {
            (true, _) => ("", ""),
            (false, true) => ("└─ ", "   "),
            (false, false) => ("├─ ", "│  "),
        };
        let word =
            relation.map_or_else(String::new, |relation| format!("{} ", style.faint(relation)));
        let again = !printed.insert(name);
        let text = if again { style.faint("(above)") } else { describe::node(node, zone, style) };
        let shown = if node["missing"] == true { style.warn(name) } else { style.strong(name) };
        self.lines.push(format!("{prefix}{joint}{word}{shown}  {text}").trim_end().to_owned());
        if again {
            return;
        }
        let prefix = format!("{prefix}{below}");
        let children = told.upstream.get(name).map(Vec::as_slice).unwrap_or_default();
        let bar = if children.is_empty() { "   " } else { "│  " };
        for line in describe::beside(&node["beside"], zone, style) {
            self.lines.push(format!("{prefix}{bar}{line}"));
        }
        for (at, (relation, target)) in children.iter().enumerate().rev() {
            stack.push(Pending {
                name: target,
                relation: Some(relation),
                prefix: prefix.clone(),
                last: at + 1 == children.len(),
                top: false,
            });
        }
    }
}
