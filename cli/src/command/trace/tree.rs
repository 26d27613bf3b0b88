//! Growing the tree: lineage upstream, with approvals and documents beside it.

use super::describe;
use crate::exit::Outcome;
use crate::render::Style;
use crate::time::Zone;
use lineal_engine::{NodeNo, Snapshot};
use lineal_query::told::upstream;
use std::collections::HashSet;

/// A tree of what lies upstream.
pub(super) struct Tree {
    pub(super) lines: Vec<String>,
}

/// A node that waits to be printed.
struct Pending {
    node: NodeNo,
    relation: Option<&'static str>,
    prefix: String,
    last: bool,
    top: bool,
}

impl Tree {
    /// Grows the tree of some roots.
    pub(super) fn grow(
        view: &Snapshot,
        roots: &[NodeNo],
        below_events: bool,
        zone: &Zone,
        style: Style,
    ) -> Outcome<Tree> {
        let mut tree = Tree { lines: Vec::new() };
        let mut printed: HashSet<NodeNo> = HashSet::new();
        let mut stack: Vec<Pending> = Vec::new();
        for (at, root) in roots.iter().enumerate().rev() {
            stack.push(Pending {
                node: *root,
                relation: below_events.then_some("served_by"),
                prefix: String::new(),
                last: at + 1 == roots.len(),
                top: !below_events,
            });
        }
        // A stack of its own, since lineage may be deep.
        while let Some(pending) = stack.pop() {
            tree.visit(view, pending, &mut printed, &mut stack, zone, style)?;
        }
        Ok(tree)
    }

    fn visit(
        &mut self,
        view: &Snapshot,
        pending: Pending,
        printed: &mut HashSet<NodeNo>,
        stack: &mut Vec<Pending>,
        zone: &Zone,
        style: Style,
    ) -> Outcome<()> {
        let Pending { node, relation, prefix, last, top } = pending;
        let (joint, below) = match (top, last) {
            (true, _) => ("", ""),
            (false, true) => ("└─ ", "   "),
            (false, false) => ("├─ ", "│  "),
        };
        let word =
            relation.map_or_else(String::new, |relation| format!("{} ", style.faint(relation)));
        let name = view.name_of(node);
        let again = !printed.insert(node);
        let told =
            if again { style.faint("(above)") } else { describe::node(view, node, zone, style)? };
        let name = if view.is_missing(node) { style.warn(&name) } else { style.strong(&name) };
        self.lines.push(format!("{prefix}{joint}{word}{name}  {told}").trim_end().to_owned());
        if again {
            return Ok(());
        }
        let prefix = format!("{prefix}{below}");
        let children = upstream(view, node);
        let bar = if children.is_empty() { "   " } else { "│  " };
        for line in describe::beside(view, node, zone, style)? {
            self.lines.push(format!("{prefix}{bar}{line}"));
        }
        for (at, (relation, target)) in children.iter().enumerate().rev() {
            stack.push(Pending {
                node: *target,
                relation: Some(relation.name()),
                prefix: prefix.clone(),
                last: at + 1 == children.len(),
                top: false,
            });
        }
        Ok(())
    }
}
