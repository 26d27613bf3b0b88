//! `lineal trace`: where a thing comes from, as a tree, with what is missing.

mod describe;
mod tree;

pub(crate) use describe::node as describe_node;

use crate::args::{Arguments, FailOn, Trace};
use crate::exit::{Exit, Outcome};
use crate::remote::Remote;
use crate::render::{Style, and_more, listed, texts};
use crate::sound::print_sound;
use crate::target::resolve;
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::Snapshot;
use lineal_query::told::{self, Asker, Lineage};
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
    let zone = Zone::parse(&arguments.tz)?;
    let mut out = std::io::stdout().lock();
    if let Some(remote) = Remote::meant(arguments)? {
        let json = remote.trace(&wanted.target, wanted.as_of, !arguments.json)?;
        if arguments.json {
            writeln!(out, "{json}")?;
        } else {
            draw(&mut out, &json, &zone)?;
        }
        return Ok(exit(&json, wanted.fail_on));
    }
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(wanted.as_of.unwrap_or_else(|| store.commit()))?;
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
    let target = resolve(view, zone, text)?;
    let lineage = Lineage::of(view, &target, &Asker::ANYBODY)?;
    let mut json = told::trace_json(view, text, &target, &lineage, &Asker::ANYBODY)?;
    told::describe(&mut json, view, &lineage, &Asker::ANYBODY)?;
    draw(out, &json, zone)?;
    Ok(exit(&json, fail_on))
}

/// Draws what is told of a lineage, here or by a server.
fn draw(out: &mut dyn Write, json: &Json, zone: &Zone) -> Outcome<()> {
    let style = Style::new();
    let tree = Tree::grow(json, zone, style);
    for line in describe::events(json, zone) {
        writeln!(out, "{line}")?;
    }
    for line in tree.lines.iter().take(LINES_SHOWN) {
        writeln!(out, "{line}")?;
    }
    if let Some(more) = and_more(tree.lines.len() as u64, LINES_SHOWN) {
        writeln!(out, "{}", style.faint(&format!("{more} lines; --json has all")))?;
    }
    writeln!(out)?;
    let trained_on = texts(&json["training_data"]);
    if !trained_on.is_empty() {
        let names = trained_on.iter().map(|name| (*name).to_owned());
        writeln!(
            out,
            "{} {}",
            style.found("training data recorded: yes."),
            style.strong(&listed(names, TRAINED_ON_SHOWN))
        )?;
    } else if !json["recorded"].is_null() {
        writeln!(out, "{}", style.warn("training data recorded: no."))?;
    }
    let findings = json["finding_lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    for finding in findings.iter().take(FINDINGS_SHOWN) {
        for line in texts(finding) {
            writeln!(out, "{}", style.warn(line))?;
        }
    }
    if let Some(more) = and_more(findings.len() as u64, FINDINGS_SHOWN) {
        writeln!(out, "{}", style.warn(&format!("{more}; --json has all")))?;
    }
    if findings.is_empty() {
        let note = format!("nothing missing on the way, as of commit {}", json["commit"]);
        writeln!(out, "{}", style.faint(&note))?;
    }
    Ok(())
}

fn exit(json: &Json, fail_on: Option<FailOn>) -> Exit {
    if fail_on == Some(FailOn::CannotTell) && json["completeness"] != "complete" {
        Exit::CannotTell
    } else if json["recorded"] == false {
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
    let lineage = Lineage::of(view, &target, &Asker::ANYBODY)?;
    let json = told::trace_json(view, text, &target, &lineage, &Asker::ANYBODY)?;
    let exit = exit(&json, fail_on);
    Ok((json, exit))
}
