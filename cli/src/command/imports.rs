//! `lineal imports`: what was brought when, from where.

use crate::args::Arguments;
use crate::came_back;
use crate::exit::{Exit, Outcome};
use crate::remote::Remote;
use crate::render::{number_of, print_table, table, texts, time_of};
use crate::sound::print_overview;
use crate::time::Zone;
use lineal_engine::{Snapshot, Store};
use lineal_query::told::{CameBack, imports_json};
use serde_json::Value as Json;
use std::io::Write;

/// Sources named an import.
const SOURCES_SHOWN: usize = 3;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Some(remote) = Remote::meant(arguments)? else { return print_overview(arguments, print) };
    let zone = Zone::parse(&arguments.tz)?;
    draw(&mut std::io::stdout().lock(), &remote.imports()?, &zone, arguments.json)?;
    Ok(Exit::Answer)
}

/// Prints the imports of a view, or gives them to a program.
pub(crate) fn print(
    out: &mut dyn Write,
    store: &Store,
    view: &Snapshot,
    zone: &Zone,
    json: bool,
) -> Outcome<()> {
    draw(out, &imports_json(store, view, &|| false)?, zone, json)
}

/// Prints imports, of a store here or as a server gave them.
pub(crate) fn draw(out: &mut dyn Write, told: &Json, zone: &Zone, json: bool) -> Outcome<()> {
    if json {
        writeln!(out, "{told}")?;
        return Ok(());
    }
    let imports = told.as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = imports.map(|import| row(import, zone)).collect();
    if rows.is_empty() {
        writeln!(out, "no imports yet: lineal import PATH...")?;
        return Ok(());
    }
    let header = ["import", "recorded", "revisions", "events", "from", ""];
    print_table(out, &table(&header, rows))?;
    Ok(())
}

fn row(import: &Json, zone: &Zone) -> Vec<String> {
    let sources = texts(&import["sources"]);
    let mut from = sources.iter().take(SOURCES_SHOWN).copied().collect::<Vec<_>>().join(", ");
    if sources.len() > SOURCES_SHOWN {
        from.push_str(", ...");
    }
    let back = came_back::text(CameBack::of_json(&import["brought_back"]));
    let back = back.map(|back| format!("brought back {back}"));
    let mark = Some("retracted".to_owned()).filter(|_| import["retracted"] == true);
    let mark = back.into_iter().chain(mark).collect::<Vec<_>>().join("; ");
    vec![
        format!("import:{}", import["import"]),
        time_of(&import["recorded"]).map_or_else(String::new, |time| zone.time(time)),
        number_of(&import["nodes"]),
        number_of(&import["events"]),
        from,
        mark,
    ]
}
