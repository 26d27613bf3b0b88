//! `lineal stats`: what the store holds, and what would complete it.

use crate::args::Arguments;
use crate::exit::Outcome;
use crate::render::{Style, counted, grouped, print_table, table, visible};
use crate::sound::print_overview;
use crate::time::Zone;
use lineal_engine::{Snapshot, Store};
use lineal_query::told::{Tally, bringer};
use std::io::Write;

/// Missing nodes named a kind.
const MISSING_SHOWN: usize = 3;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    print_overview(arguments, print)
}

/// Prints the counts of a view, or gives them to a program.
pub(crate) fn print(
    out: &mut dyn Write,
    store: &Store,
    view: &Snapshot,
    zone: &Zone,
    json: bool,
) -> Outcome<()> {
    let tally = Tally::of(store, view)?;
    if json {
        writeln!(out, "{}", tally.to_json(&store.name(), view))?;
        return Ok(());
    }
    let Tally { kinds, events, overrides, span: (first, last), sources } = tally;
    let style = Style::new();
    writeln!(out, "{} at commit {}", style.strong(&store.name()), view.commit())?;
    let rows = kinds.iter().map(|c| {
        let number = |count: u64| if count == 0 { String::new() } else { grouped(count) };
        vec![
            c.kind.name().to_owned(),
            grouped(c.known),
            number(c.missing.len() as u64),
            number(c.deleted),
        ]
    });
    print_table(out, &table(&["kind", "known", "missing", "deleted"], rows.collect()))?;
    for c in kinds.iter().filter(|c| !c.forms.is_empty()) {
        let forms = c.forms.iter().map(|(form, count)| format!("{} {form}", grouped(*count)));
        let forms = forms.collect::<Vec<_>>().join(", ");
        writeln!(out, "{}s by form: {forms}", c.kind.name())?;
    }
    if events > 0 {
        writeln!(
            out,
            "{} ({}), {}; the newest at {}",
            counted(events, "event"),
            counted(overrides, "override"),
            zone.span(first, last),
            zone.time(last)
        )?;
    }
    for ((source, form), (files, size)) in &sources {
        writeln!(
            out,
            "source {} ({form}): {}, {}",
            visible(source),
            counted(*files, "file"),
            counted(*size, "byte")
        )?;
    }
    for c in kinds.iter().filter(|c| !c.missing.is_empty()) {
        let names = c.missing.iter().take(MISSING_SHOWN).map(|node| view.name_of(*node));
        let more = if c.missing.len() > MISSING_SHOWN { ", ..." } else { "" };
        let names = names.collect::<Vec<_>>().join(", ");
        writeln!(out, "{}", style.warn(&format!("missing {names}{more}: {}", bringer(c.kind))))?;
    }
    Ok(())
}
