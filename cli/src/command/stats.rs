//! `lineal stats`: what the store holds, and what would complete it.

use crate::args::Arguments;
use crate::exit::Outcome;
use crate::render::{Style, counted, grouped, print_table, table, visible};
use crate::sound::print_overview;
use crate::time::{Zone, rfc3339};
use lineal_engine::schema::{KINDS, Kind};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_proof::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;

/// Missing nodes named a kind.
const MISSING_SHOWN: usize = 3;

struct Counted {
    kind: Kind,
    known: u64,
    missing: Vec<NodeNo>,
    deleted: u64,
    /// Of models: how many are of each form, the missing ones left out.
    forms: BTreeMap<String, u64>,
}

fn count(view: &Snapshot) -> Outcome<Vec<Counted>> {
    let mut all = Vec::new();
    for kind in KINDS {
        let nodes = view.nodes_of(kind);
        if nodes.is_empty() {
            continue;
        }
        let missing: Vec<NodeNo> = nodes.clone().filter(|node| view.is_missing(*node)).collect();
        let deleted = nodes.clone().filter(|node| view.is_deleted(*node)).count() as u64;
        let known = u64::from(nodes.end - nodes.start) - missing.len() as u64;
        let mut forms = BTreeMap::new();
        for node in nodes.filter(|_| kind == Kind::Model) {
            if let Some(form) = view.field(node, "form")?.as_ref().and_then(Value::as_text) {
                *forms.entry(form.to_owned()).or_default() += 1;
            }
        }
        all.push(Counted { kind, known, missing, deleted, forms });
    }
    Ok(all)
}

/// Which import would bring missing nodes of a kind.
pub(super) fn bringer(kind: Kind) -> &'static str {
    match kind {
        Kind::Model | Kind::Run | Kind::Dataset | Kind::Experiment | Kind::Evaluation => {
            "import the MLflow store that has it"
        }
        Kind::Deployment | Kind::Batch => "import the log archive that has it",
        _ => "import the source that describes it",
    }
}

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
    let tally = count(view)?;
    let (mut events, mut overrides, mut first, mut last) = (0, 0, i64::MAX, i64::MIN);
    for batch in view.batches() {
        events += batch.events;
        overrides += batch.overrides;
        (first, last) = (first.min(batch.first_time), last.max(batch.last_time));
    }
    let mut sources: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for (_, _, source) in store.sources() {
        let (files, size) = sources.entry((source.source, source.form)).or_default();
        *files += source.files;
        *size += source.size;
    }
    if json {
        let kinds: Map<String, Json> = tally
            .iter()
            .map(|c| {
                let missing: Vec<String> =
                    c.missing.iter().map(|node| view.name_of(*node)).collect();
                let mut counts =
                    json!({"known": c.known, "missing": missing, "deleted": c.deleted});
                if c.kind == Kind::Model {
                    counts["forms"] = json!(c.forms);
                }
                (c.kind.name().to_owned(), counts)
            })
            .collect();
        let sources: Vec<Json> = sources
            .iter()
            .map(|((source, form), (files, size))| json!({"source": source, "form": form, "files": files, "bytes": size}))
            .collect();
        let time = |ns: i64| (events > 0).then(|| rfc3339(ns));
        writeln!(
            out,
            "{}",
            json!({
                "store": store.name(), "commit": view.commit(), "recorded": rfc3339(view.recorded()),
                "kinds": kinds, "events": events, "overrides": overrides,
                "first_event": time(first), "last_event": time(last), "sources": sources,
            })
        )?;
        return Ok(());
    }
    let style = Style::new();
    writeln!(out, "{} at commit {}", style.strong(&store.name()), view.commit())?;
    let rows = tally.iter().map(|c| {
        let number = |count: u64| if count == 0 { String::new() } else { grouped(count) };
        vec![
            c.kind.name().to_owned(),
            grouped(c.known),
            number(c.missing.len() as u64),
            number(c.deleted),
        ]
    });
    print_table(out, &table(&["kind", "known", "missing", "deleted"], rows.collect()))?;
    for c in tally.iter().filter(|c| !c.forms.is_empty()) {
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
    for c in tally.iter().filter(|c| !c.missing.is_empty()) {
        let names = c.missing.iter().take(MISSING_SHOWN).map(|node| view.name_of(*node));
        let more = if c.missing.len() > MISSING_SHOWN { ", ..." } else { "" };
        let names = names.collect::<Vec<_>>().join(", ");
        writeln!(out, "{}", style.warn(&format!("missing {names}{more}: {}", bringer(c.kind))))?;
    }
    Ok(())
}
