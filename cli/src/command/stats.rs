//! `lineal stats`: what the store holds, and what would complete it.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::remote::Remote;
use crate::render::{Style, counted, number_of, print_table, table, texts, time_of, visible};
use crate::sound::print_overview;
use crate::time::Zone;
use lineal_engine::schema::Kind;
use lineal_engine::{Snapshot, Store};
use lineal_query::told::{Tally, Tool, bringer};
use serde_json::Value as Json;
use std::io::Write;

/// Missing nodes named a kind.
const MISSING_SHOWN: usize = 3;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Some(remote) = Remote::meant(arguments)? else { return print_overview(arguments, print) };
    let zone = Zone::parse(&arguments.tz)?;
    draw(&mut std::io::stdout().lock(), &remote.stats()?, &zone, arguments.json)?;
    Ok(Exit::Answer)
}

/// Prints the counts of a view, or gives them to a program.
pub(crate) fn print(
    out: &mut dyn Write,
    store: &Store,
    view: &Snapshot,
    zone: &Zone,
    json: bool,
) -> Outcome<()> {
    draw(out, &Tally::of(store, view)?.to_json(&store.name(), view), zone, json)
}

/// Prints counts, of a store here or as a server gave them.
pub(crate) fn draw(out: &mut dyn Write, told: &Json, zone: &Zone, json: bool) -> Outcome<()> {
    if json {
        writeln!(out, "{told}")?;
        return Ok(());
    }
    let style = Style::new();
    let name = told["store"].as_str().unwrap_or_default();
    writeln!(out, "{} at commit {}", style.strong(name), told["commit"])?;
    let kinds = told["kinds"].as_object();
    let kinds = || kinds.into_iter().flatten();
    let rows = kinds().map(|(kind, counts)| {
        let unless_none =
            |count: u64| if count == 0 { String::new() } else { number_of(&count.into()) };
        let deleted = counts["deleted"].as_u64().unwrap_or(0);
        vec![
            kind.clone(),
            number_of(&counts["known"]),
            unless_none(missing(counts)),
            unless_none(deleted),
        ]
    });
    print_table(out, &table(&["kind", "known", "missing", "deleted"], rows.collect()))?;
    for (kind, counts) in kinds() {
        let forms = counts["forms"].as_object().into_iter().flatten();
        let forms: Vec<String> =
            forms.map(|(form, count)| format!("{} {form}", number_of(count))).collect();
        if !forms.is_empty() {
            writeln!(out, "{kind}s by form: {}", forms.join(", "))?;
        }
    }
    if let (Some(first), Some(last)) = (time_of(&told["first_event"]), time_of(&told["last_event"]))
    {
        let count = |name: &str| told[name].as_u64().unwrap_or(0);
        writeln!(
            out,
            "{} ({}), {}; the newest at {}",
            counted(count("events"), "event"),
            counted(count("overrides"), "override"),
            zone.span(first, last),
            zone.time(last)
        )?;
    }
    if let Some(rows) = told["outweighed"].as_u64() {
        let note = format!(
            "{} not counted, as another row of the same event says something else: `lineal check --reconcile` (REC-21)",
            counted(rows, "row")
        );
        writeln!(out, "{}", style.warn(&note))?;
    }
    for source in told["sources"].as_array().into_iter().flatten() {
        let text = |name: &str| source[name].as_str().unwrap_or_default();
        let count = |name: &str| source[name].as_u64().unwrap_or(0);
        writeln!(
            out,
            "source {} ({}): {}, {}",
            visible(text("source")),
            text("form"),
            counted(count("files"), "file"),
            counted(count("bytes"), "byte")
        )?;
    }
    for (kind, counts) in kinds().filter(|(_, counts)| missing(counts) > 0) {
        let names = texts(&counts["missing"]);
        let more = if missing(counts) > MISSING_SHOWN as u64 { ", ..." } else { "" };
        let names = names.iter().take(MISSING_SHOWN).copied().collect::<Vec<_>>().join(", ");
        // A server of an earlier version names no tools.
        let tools: Vec<Tool> =
            texts(&counts["missing_tools"]).into_iter().filter_map(Tool::of_form).collect();
        let bringer = Kind::parse(kind).map(|kind| bringer(kind, &tools));
        let bringer = bringer.unwrap_or_else(|| "import what describes it".to_owned());
        writeln!(out, "{}", style.warn(&format!("missing {names}{more}: {bringer}")))?;
    }
    Ok(())
}

/// How many are missing; a server names the first of them alone.
fn missing(counts: &Json) -> u64 {
    let named = counts["missing"].as_array().map_or(0, Vec::len) as u64;
    counts["missing_count"].as_u64().unwrap_or(named)
}
