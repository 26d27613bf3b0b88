//! `lineal trace`: where a thing comes from, as a tree, with what is missing.

mod describe;
mod tree;

pub(crate) use describe::node as describe_node;

use super::show::event_json;
use crate::args::{Arguments, FailOn, Trace};
use crate::exit::{Exit, Outcome};
use crate::render::{Style, and_more, listed};
use crate::sound::print_sound;
use crate::target::{Target, resolve};
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use serde_json::{Value as Json, json};
use std::io::Write;
use tree::{Finding, Tree};

/// Lines of a tree on the screen; `--json` has all.
const LINES_SHOWN: usize = 120;
/// Data sets named in the answer; `--json` has all.
const TRAINED_ON_SHOWN: usize = 6;
/// Findings on the screen; `--json` has all.
const FINDINGS_SHOWN: usize = 20;

pub(super) fn run(arguments: &Arguments, wanted: &Trace) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(wanted.as_of.unwrap_or_else(|| store.commit()))?;
    let zone = Zone::parse(&arguments.tz)?;
    let mut out = std::io::stdout().lock();
    let explained = |failure| retracted::explain(&store, &view, &zone, &wanted.target, failure);
    print_sound(&mut out, &view, |out| {
        if arguments.json {
            let (json, exit) =
                as_json(&view, &wanted.target, &zone, wanted.fail_on).map_err(explained)?;
            writeln!(out, "{json}")?;
            return Ok(exit);
        }
        print(out, &view, &wanted.target, &zone, wanted.fail_on).map_err(explained)
    })
}

/// Where the tree begins: at the node, or at the deployments of the events.
fn roots(view: &Snapshot, target: &Target) -> Vec<NodeNo> {
    match target {
        Target::Node(node) => vec![*node],
        Target::Events { events, .. } => {
            let mut deployments: Vec<NodeNo> =
                events.iter().filter_map(|event| view.event_deployment(*event)).collect();
            deployments.sort_unstable();
            deployments.dedup();
            deployments
        }
    }
}

/// Prints the tree of a target and what it amounts to.
pub(super) fn print(
    out: &mut dyn Write,
    view: &Snapshot,
    text: &str,
    zone: &Zone,
    fail_on: Option<FailOn>,
) -> Outcome {
    let style = Style::new();
    let target = resolve(view, zone, text)?;
    let below_events = matches!(target, Target::Events { .. });
    let tree = Tree::grow(view, &roots(view, &target), below_events, zone, style)?;
    if let Target::Events { events, by } = &target {
        for line in describe::events(view, events, by, zone)? {
            writeln!(out, "{line}")?;
        }
    }
    for line in tree.lines.iter().take(LINES_SHOWN) {
        writeln!(out, "{line}")?;
    }
    if let Some(more) = and_more(tree.lines.len() as u64, LINES_SHOWN) {
        writeln!(out, "{}", style.faint(&format!("{more} lines; --json has all")))?;
    }
    writeln!(out)?;
    let concerns_training = tree.concerns_training;
    if !tree.trained_on.is_empty() {
        let names = tree.trained_on.iter().map(|node| view.name_of(*node));
        writeln!(
            out,
            "{} {}",
            style.found("training data recorded: yes."),
            style.strong(&listed(names, TRAINED_ON_SHOWN))
        )?;
    } else if concerns_training {
        writeln!(out, "{}", style.warn("training data recorded: no."))?;
    }
    for finding in tree.findings.iter().take(FINDINGS_SHOWN) {
        for line in finding.lines(view) {
            writeln!(out, "{}", style.warn(&line))?;
        }
    }
    if let Some(more) = and_more(tree.findings.len() as u64, FINDINGS_SHOWN) {
        writeln!(out, "{}", style.warn(&format!("{more}; --json has all")))?;
    }
    if tree.findings.is_empty() {
        writeln!(
            out,
            "{}",
            style.faint(&format!("nothing missing on the way, as of commit {}", view.commit()))
        )?;
    }
    Ok(exit(&tree, fail_on))
}

fn exit(tree: &Tree, fail_on: Option<FailOn>) -> Exit {
    if fail_on == Some(FailOn::CannotTell) && tree.findings.iter().any(Finding::is_uncertain) {
        Exit::CannotTell
    } else if tree.concerns_training && tree.trained_on.is_empty() {
        Exit::No
    } else {
        Exit::Answer
    }
}

/// The same for programs, and how the command ends.
pub(super) fn as_json(
    view: &Snapshot,
    text: &str,
    zone: &Zone,
    fail_on: Option<FailOn>,
) -> Outcome<(Json, Exit)> {
    let target = resolve(view, zone, text)?;
    let roots = roots(view, &target);
    let (events, found_by) = match &target {
        Target::Node(_) => (Vec::new(), None),
        Target::Events { events, by } => {
            let events = events.iter().map(|event| event_json(view, *event, zone));
            (events.collect::<Outcome<Vec<_>>>()?, Some(by))
        }
    };
    let tree = Tree::grow(view, &roots, false, zone, Style::new())?;
    let name = |node: &NodeNo| view.name_of(*node);
    let edges = tree.edges.iter().map(
        |(from, relation, to)| json!({ "from": name(from), "relation": relation, "to": name(to) }),
    );
    let findings: Vec<String> =
        tree.findings.iter().map(|finding| finding.lines(view).join(" ")).collect();
    let uncertain = tree.findings.iter().any(Finding::is_uncertain);
    let json = json!({
        "target": text, "events": events, "found_by": found_by, "roots": roots.iter().map(name).collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "training_data": tree.trained_on.iter().map(name).collect::<Vec<_>>(),
        "recorded": tree.concerns_training.then_some(!tree.trained_on.is_empty()),
        "completeness": if uncertain { "cannot_tell" } else { "complete" },
        "findings": findings, "commit": view.commit(),
    });
    Ok((json, exit(&tree, fail_on)))
}

/// Do the runs behind a node record any data set at all?
fn has_inputs(view: &Snapshot, run: NodeNo) -> bool {
    [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used]
        .into_iter()
        .any(|relation| !view.edges(run, relation, Direction::Forward).is_empty())
}

/// Kinds whose training data is a sensible question.
fn asks_for_training(kind: Kind) -> bool {
    matches!(kind, Kind::Model | Kind::Run | Kind::Deployment | Kind::Batch)
}
