//! Growing the tree: lineage upstream, with approvals and documents beside it.

use super::{asks_for_training, describe, has_inputs};
use crate::exit::Outcome;
use crate::render::Style;
use crate::time::Zone;
use lineal_engine::schema::{Class, Direction, Kind, RELATIONS, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::Value;
use std::collections::HashSet;

/// Something on the way that is not as it should be.
#[derive(Debug)]
pub(super) enum Finding {
    /// Referred to, never imported.
    Missing(NodeNo),
    /// A claim that fits several nodes.
    Ambiguous(NodeNo),
    /// A run that records no data set, and what was found instead.
    NoInput(NodeNo, Vec<String>),
    /// A run that records a data set without saying what for.
    NoRole(NodeNo),
    /// A deployment whose events name no model.
    NoModel(NodeNo),
    /// A model that no run is recorded for.
    NoRun(NodeNo),
}

impl Finding {
    /// Does it leave the answer open?
    pub(super) fn is_uncertain(&self) -> bool {
        !matches!(self, Finding::NoInput(..))
    }

    pub(super) fn lines(&self, view: &Snapshot) -> Vec<String> {
        let name = |node: &NodeNo| view.name_of(*node);
        match self {
            Finding::Missing(node) => {
                let bringer = crate::command::stats::bringer(view.kind_of(*node));
                vec![format!("missing: {} is only referred to; {bringer}", name(node))]
            }
            Finding::Ambiguous(node) => {
                let candidates: Vec<String> = view.candidates(*node).iter().map(name).collect();
                vec![
                    format!("cannot tell: {} may be {}", name(node), candidates.join(" or ")),
                    format!(
                        "  `lineal alias` decides: lineal alias NAME = {}",
                        candidates.first().map_or("...", String::as_str)
                    ),
                ]
            }
            Finding::NoInput(node, hints) => {
                let found = if hints.is_empty() {
                    "nothing that names data".to_owned()
                } else {
                    hints.join("; ")
                };
                vec![
                    format!("{} records no dataset input; found instead: {found}", name(node)),
                    "  to record it: mlflow.log_input(dataset, context=\"training\") in the training run".to_owned(),
                ]
            }
            Finding::NoRole(node) => vec![format!(
                "{} names data sets without a role; mlflow.log_input(..., context=\"training\") records it",
                name(node)
            )],
            Finding::NoModel(node) => {
                vec![format!(
                    "{}: its events name no model version, so the trail ends here",
                    name(node)
                )]
            }
            Finding::NoRun(node) => {
                vec![format!("{}: no run that made it is recorded", name(node))]
            }
        }
    }
}

/// A tree of what lies upstream.
pub(super) struct Tree {
    pub(super) lines: Vec<String>,
    pub(super) edges: Vec<(NodeNo, &'static str, NodeNo)>,
    /// Data sets behind it by training, in order of discovery.
    pub(super) trained_on: Vec<NodeNo>,
    /// All of them, those that leave the answer open first.
    pub(super) findings: Vec<Finding>,
    /// Is its training data a sensible question?
    pub(super) concerns_training: bool,
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
        let mut tree = Tree {
            lines: Vec::new(),
            edges: Vec::new(),
            trained_on: training_data(view, roots),
            findings: Vec::new(),
            concerns_training: roots.iter().any(|root| asks_for_training(view.kind_of(*root))),
        };
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
        // What leaves the answer open stands first, where a screen is cut.
        tree.findings.sort_by_key(|finding| !finding.is_uncertain());
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
        self.judge(view, node, &children)?;
        for (at, (relation, target)) in children.iter().enumerate().rev() {
            self.edges.push((node, relation.name(), *target));
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

    fn judge(
        &mut self,
        view: &Snapshot,
        node: NodeNo,
        children: &[(Relation, NodeNo)],
    ) -> Outcome<()> {
        let has = |relation: Relation| children.iter().any(|(of, _)| *of == relation);
        let finding = if !view.candidates(node).is_empty() {
            Some(Finding::Ambiguous(node))
        } else if view.is_missing(node) {
            Some(Finding::Missing(node))
        } else {
            match view.kind_of(node) {
                Kind::Run if !has_inputs(view, node) => {
                    let hints = view.field(node, "input_hints")?;
                    let hints = hints.as_ref().and_then(Value::as_list).unwrap_or_default();
                    let hints = hints.iter().filter_map(Value::as_text).map(str::to_owned);
                    Some(Finding::NoInput(node, hints.collect()))
                }
                Kind::Run if has(Relation::Used) && !has(Relation::TrainedOn) => {
                    Some(Finding::NoRole(node))
                }
                Kind::Deployment if !has(Relation::Deploys) => Some(Finding::NoModel(node)),
                Kind::Model if !has(Relation::ProducedBy) && !has(Relation::RegisteredFrom) => {
                    Some(Finding::NoRun(node))
                }
                _ => None,
            }
        };
        // A node is judged once, so no finding comes twice.
        self.findings.extend(finding);
        Ok(())
    }
}

/// Data sets that training led to, in order of discovery. A walk of its own: the tree shows a node
/// once, and may have come to it by another way first.
fn training_data(view: &Snapshot, roots: &[NodeNo]) -> Vec<NodeNo> {
    let mut found = Vec::new();
    let mut walked: HashSet<NodeNo> = HashSet::new();
    let mut stack: Vec<NodeNo> = roots.iter().rev().copied().collect();
    while let Some(node) = stack.pop() {
        if !walked.insert(node) {
            continue;
        }
        if view.kind_of(node) == Kind::Dataset && !roots.contains(&node) {
            found.push(node);
        }
        let children = upstream(view, node).into_iter().rev();
        stack.extend(children.filter(|(relation, _)| is_training(*relation)).map(|(_, to)| to));
    }
    found
}

/// May training data be reached over this relation?
fn is_training(relation: Relation) -> bool {
    !matches!(
        relation,
        Relation::ValidatedOn | Relation::Used | Relation::TestedOn | Relation::Executes
    )
}

/// What lies directly upstream: lineage, and the data it was tested on.
fn upstream(view: &Snapshot, node: NodeNo) -> Vec<(Relation, NodeNo)> {
    let mut children = Vec::new();
    for spec in &RELATIONS {
        if spec.class == Class::Lineage || spec.relation == Relation::TestedOn {
            let targets = view.edges(node, spec.relation, Direction::Forward);
            children.extend(targets.iter().map(|target| (spec.relation, *target)));
        }
    }
    children
}
