//! `lineal trace`: where a thing comes from, as a tree, with what is missing.

mod describe;
mod tree;

pub(crate) use describe::node as describe_node;

use crate::args::{Arguments, FailOn, Trace};
use crate::exit::{Exit, Outcome};
use crate::render::{Style, and_more, listed};
use crate::sound::print_sound;
use crate::target::{Target, resolve};
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::Snapshot;
use lineal_query::told::{self, Lineage};
use serde_json::Value as Json;
use std::io::Write;
use tree::Tree;

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
    let lineage = Lineage::of(view, &target)?;
    let tree = Tree::grow(view, &lineage.roots, below_events, zone, style)?;
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
    let concerns_training = lineage.concerns_training;
    if !lineage.trained_on.is_empty() {
        let names = lineage.trained_on.iter().map(|node| view.name_of(*node));
        writeln!(
            out,
            "{} {}",
            style.found("training data recorded: yes."),
            style.strong(&listed(names, TRAINED_ON_SHOWN))
        )?;
    } else if concerns_training {
        writeln!(out, "{}", style.warn("training data recorded: no."))?;
    }
    for finding in lineage.findings.iter().take(FINDINGS_SHOWN) {
        for line in finding.lines(view) {
            writeln!(out, "{}", style.warn(&line))?;
        }
    }
    if let Some(more) = and_more(lineage.findings.len() as u64, FINDINGS_SHOWN) {
        writeln!(out, "{}", style.warn(&format!("{more}; --json has all")))?;
    }
    if lineage.findings.is_empty() {
        writeln!(
            out,
            "{}",
            style.faint(&format!("nothing missing on the way, as of commit {}", view.commit()))
        )?;
    }
    Ok(exit(&lineage, fail_on))
}

fn exit(lineage: &Lineage, fail_on: Option<FailOn>) -> Exit {
    if fail_on == Some(FailOn::CannotTell) && lineage.is_uncertain() {
        Exit::CannotTell
    } else if lineage.concerns_training && lineage.trained_on.is_empty() {
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
    let lineage = Lineage::of(view, &target)?;
    let json = told::trace_json(view, text, &target, &lineage, false, &|_| true)?;
    Ok((json, exit(&lineage, fail_on)))
}
