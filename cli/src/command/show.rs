//! `lineal show`: everything recorded about one thing.

use crate::args::{Arguments, Show};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::{Style, and_more, counted, listed, value_text, visible};
use crate::sound::print_sound;
use crate::target::{Target, resolve};
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::event_fields::EVENT_FIELDS;
use lineal_engine::schema::{COMMON_FIELDS, fields};
use lineal_engine::{EventRef, NodeNo, Snapshot};
use lineal_proof::Value;
use lineal_query::told::{event_json, neighbours, node_json, type_of};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::io::Write;

/// Neighbours listed a relation; `--json` lists all.
const NEIGHBOURS_SHOWN: usize = 6;
/// Characters of a value on the screen: some lines of it; `--json` has all.
const VALUE_SHOWN: usize = 1_000;
/// Events listed of those that share a hash.
const EVENTS_SHOWN: usize = 20;

/// What is shown of the query language instead of a thing.
const SCHEMA: &str = "schema";

pub(super) fn run(arguments: &Arguments, wanted: &Show) -> Outcome {
    if wanted.target == SCHEMA {
        return print_schema(arguments, wanted.for_prompt);
    }
    if wanted.for_prompt {
        let what = format!("--for-prompt shows the schema: `lineal show {SCHEMA} --for-prompt`");
        return Err(Failure::usage(what));
    }
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(wanted.as_of.unwrap_or_else(|| store.commit()))?;
    let zone = Zone::parse(&arguments.tz)?;
    print_sound(&mut std::io::stdout().lock(), &view, |out| {
        let target = resolve(&view, &zone, &wanted.target)
            .map_err(|failure| retracted::explain(&store, &view, &zone, &wanted.target, failure))?;
        match target {
            Target::Node(node) if arguments.json => {
                writeln!(out, "{}", node_json(&view, node, &|_| true, usize::MAX)?)?;
            }
            Target::Node(node) => print_node(out, &view, node, &zone)?,
            Target::Events { events, .. } if arguments.json => {
                let events = events.iter().map(|event| Ok(event_json(&view, *event, false)?));
                writeln!(out, "{}", Json::Array(events.collect::<Outcome<_>>()?))?;
            }
            Target::Events { events, by } => print_events(out, &view, &events, &by, &zone)?,
        }
        Ok(Exit::Answer)
    })
}

/// The schema card. It is that of the program and needs no store.
fn print_schema(arguments: &Arguments, for_prompt: bool) -> Outcome {
    let mut out = std::io::stdout().lock();
    let card = lineal_query::schema_card();
    if arguments.json {
        writeln!(out, "{}", json!({ "schema": card }))?;
        return Ok(Exit::Answer);
    }
    writeln!(out, "{}", card.trim_end())?;
    if !for_prompt {
        let note =
            "`show kinds`, `show relations` and `show fields of KIND` say more, as questions";
        writeln!(out, "{}", Style::new().faint(note))?;
    }
    Ok(Exit::Answer)
}

fn print_node(out: &mut dyn Write, view: &Snapshot, node: NodeNo, zone: &Zone) -> Outcome<()> {
    let style = Style::new();
    writeln!(out, "{}", style.strong(&view.name_of(node)))?;
    if view.is_missing(node) {
        let candidates = view.candidates(node);
        if candidates.is_empty() {
            writeln!(out, "{}", style.warn("missing: only referred to, never imported"))?;
        } else {
            let names: Vec<String> = candidates.iter().map(|node| view.name_of(*node)).collect();
            writeln!(
                out,
                "{}",
                style.warn(&format!("cannot tell which is meant: {}", names.join(", ")))
            )?;
            writeln!(out, "  `lineal alias` decides")?;
        }
    }
    let folded = view.fields(node)?;
    let kind = view.kind_of(node);
    let specs = fields(kind).iter().chain(COMMON_FIELDS);
    let ordered = specs.filter_map(|spec| Some((spec.name, folded.fields.get(spec.name)?)));
    for (name, value) in ordered {
        let text = match (name, value) {
            // Every point of every metric is for programs: `--json`.
            ("series", Value::Map(series)) => {
                format!("{} (--json has the points)", counted(series.len() as u64, "metric"))
            }
            // What is so for nearly every node is no news.
            ("id" | "kind", _) | ("missing" | "gone" | "deleted", Value::Bool(false)) => continue,
            _ => value_text(value, type_of(kind, name), zone),
        };
        if text.is_empty() {
            continue;
        }
        let text = shortened(&text).replace('\n', &format!("\n{:18}", ""));
        writeln!(out, "  {:16}{text}", format!("{name} "))?;
    }
    if let Some(id) = view.revision_id(node) {
        writeln!(out, "{}", style.faint(&format!("  revision #{id}")))?;
    }
    for (word, nodes) in neighbours(view, node) {
        let names = listed(nodes.iter().map(|node| view.name_of(*node)), NEIGHBOURS_SHOWN);
        writeln!(out, "  {word} {}", visible(&names))?;
    }
    Ok(())
}

/// The beginning of a long value, for the screen.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(VALUE_SHOWN) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let more = counted(text[end..].chars().count() as u64, "more character");
            Cow::Owned(format!("{} ... {more} (--json has all)", &text[..end]))
        }
    }
}

fn print_events(
    out: &mut dyn Write,
    view: &Snapshot,
    events: &[EventRef],
    by: &str,
    zone: &Zone,
) -> Outcome<()> {
    let style = Style::new();
    let count = events.len() as u64;
    writeln!(out, "{} ({by})", style.strong(&format!("inference: {}", counted(count, "event"))))?;
    for event in events.iter().take(EVENTS_SHOWN) {
        let fields = view.event(*event)?;
        for spec in EVENT_FIELDS {
            if let Some(value) = fields.get(spec.name) {
                let text = value_text(value, Some(spec.field_type), zone);
                writeln!(out, "  {:24}{}", format!("{} ", spec.name), shortened(&text))?;
            }
        }
        if let Some(deployment) = view.event_deployment(*event) {
            writeln!(out, "  served_by {}", visible(&view.name_of(deployment)))?;
        }
        if let Some(batch) = view.event_batch(*event) {
            writeln!(out, "  part_of {}", view.name_of(batch))?;
        }
        writeln!(out)?;
    }
    if let Some(more) = and_more(count, EVENTS_SHOWN) {
        writeln!(out, "{more}")?;
    }
    Ok(())
}
