//! `lineal imports`: what was brought when, from where.

use crate::args::Arguments;
use crate::came_back::{self, CameBack, LOOKED_AT};
use crate::exit::Outcome;
use crate::render::{grouped, print_table, table};
use crate::retracted;
use crate::sound::print_overview;
use crate::time::{Zone, rfc3339};
use lineal_engine::schema::{FieldType, Kind};
use lineal_engine::{Snapshot, Store};
use lineal_proof::Value;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    print_overview(arguments, print)
}

/// Prints the imports of a view, or gives them to a program.
pub(crate) fn print(
    out: &mut dyn Write,
    store: &Store,
    view: &Snapshot,
    zone: &Zone,
    json: bool,
) -> Outcome<()> {
    let mut labels: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for (_, import, source) in store.sources() {
        let folder = source.label.split('/').next().unwrap_or("").to_owned();
        labels.entry(import).or_default().insert(format!("{} {folder}", source.source));
    }
    let returns = returns(store, view)?;
    let mut rows = Vec::new();
    let mut objects = Vec::new();
    for node in view.nodes_of(Kind::Import) {
        let fields = view.fields(node)?.fields;
        let int = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or(0).unsigned_abs();
        let retracted = fields.get("retracted").and_then(Value::as_bool).unwrap_or(false);
        let time = fields.get("time").map_or_else(String::new, |time| {
            crate::render::value_text(time, Some(FieldType::Time), zone)
        });
        let number = int("number");
        let sources: Vec<String> = labels.get(&number).into_iter().flatten().cloned().collect();
        objects.push(json!({
            "import": number, "recorded": fields.get("time").and_then(Value::as_i64).map(rfc3339), "nodes": int("nodes"), "events": int("events"),
            "brought_back": returns.get(&number).copied().unwrap_or_default().json(),
            "sources": sources, "retracted": retracted,
        }));
        let mut from = sources.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        if sources.len() > 3 {
            from.push_str(", ...");
        }
        let back = returns.get(&number).and_then(|back| back.text());
        let back = back.map(|back| format!("brought back {back}"));
        let mark = Some("retracted".to_owned()).filter(|_| retracted);
        let mark = back.into_iter().chain(mark).collect::<Vec<_>>().join("; ");
        rows.push(vec![
            format!("import:{number}"),
            time,
            grouped(int("nodes")),
            grouped(int("events")),
            from,
            mark,
        ]);
    }
    if json {
        writeln!(out, "{}", Json::Array(objects))?;
    } else if rows.is_empty() {
        writeln!(out, "no imports yet: lineal import PATH...")?;
    } else {
        print_table(out, &table(&["import", "recorded", "revisions", "events", "from", ""], rows))?;
    }
    Ok(())
}

/// What imports brought back. Only those that came after one that is retracted can have.
fn returns(store: &Store, view: &Snapshot) -> Outcome<BTreeMap<u64, CameBack>> {
    let Some(first) = retracted::imports(view)?.first().copied() else {
        return Ok(BTreeMap::new());
    };
    let later: BTreeSet<u64> = store.sources().into_iter().map(|(_, import, _)| import).collect();
    let later = later.into_iter().rev().filter(|import| *import > first).take(LOOKED_AT);
    later.map(|import| Ok((import, came_back::count(store, view, import)?))).collect()
}
