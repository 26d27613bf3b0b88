//! `lineal show`: everything recorded about one thing.

use crate::args::{Arguments, Show};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{Style, and_more, counted, texts, told_text, visible};
use crate::sound::print_sound;
use crate::target::{Target, resolve};
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::event_fields::EVENT_FIELDS;
use lineal_engine::schema::{COMMON_FIELDS, Kind, fields};
use lineal_evidence::record::signature_of;
use lineal_query::told::{event_json, node_json, other_rows_json, type_of};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::io::Write;

/// Neighbours listed a relation; `--json` lists all.
const NEIGHBOURS_SHOWN: usize = 6;
/// Characters of a value on the screen: some lines of it; `--json` has all.
const VALUE_SHOWN: usize = 1_000;
/// Events listed of those that share a hash.
const EVENTS_SHOWN: usize = 20;

/// Where an event's rows stand that do not count, as another row says something else.
const OTHERS: &str = "also_recorded";

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
    let zone = Zone::parse(&arguments.tz)?;
    if let Some(remote) = Remote::meant(arguments)? {
        let told = remote.show(&wanted.target, wanted.as_of)?;
        return print(&mut std::io::stdout().lock(), &told, &zone, arguments.json);
    }
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(wanted.as_of.unwrap_or_else(|| store.commit()))?;
    print_sound(&mut std::io::stdout().lock(), &view, |out| {
        let target = resolve(&view, &zone, &wanted.target)
            .map_err(|failure| retracted::explain(&store, &view, &zone, &wanted.target, failure))?;
        let told = match target {
            Target::Node(node) => {
                // The screen shows a few; a node may have a million.
                let most = if arguments.json { usize::MAX } else { NEIGHBOURS_SHOWN };
                let mut told = node_json(&view, node, &|_| true, most)?;
                if view.kind_of(node) == Kind::Approval {
                    let signature = signature_of(&store, &view, node)?;
                    told["signature"] =
                        json!({ "state": signature.name(), "says": signature.words() });
                }
                told
            }
            Target::Events { events, by } => {
                let shown = if arguments.json { usize::MAX } else { EVENTS_SHOWN };
                let given = events.iter().take(shown);
                let contradicted = view.contradicted()?;
                let given = given.map(|event| {
                    let mut told = event_json(&view, *event, false)?;
                    let others = other_rows_json(&view, &contradicted, *event, &|_| true, false)?;
                    if !others.is_empty() {
                        told[OTHERS] = json!(others);
                    }
                    Ok(told)
                });
                let given = given.collect::<Outcome<Vec<Json>>>()?;
                json!({ "events": given, "total": events.len(), "found_by": by })
            }
        };
        print(out, &told, &zone, arguments.json)
    })
}

/// Prints what is told of a thing, here or by a server.
fn print(out: &mut dyn Write, told: &Json, zone: &Zone, json: bool) -> Outcome {
    match (&told["events"], json) {
        (Json::Null, true) => writeln!(out, "{told}")?,
        (Json::Null, false) => print_node(out, told, zone)?,
        (events, true) => writeln!(out, "{events}")?,
        (_, false) => print_events(out, told, zone)?,
    }
    if let Some(unsealed) = told["unsealed"].as_str().filter(|_| !json) {
        writeln!(out, "{}", Style::new().warn(unsealed))?;
    }
    Ok(Exit::Answer)
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

fn print_node(out: &mut dyn Write, told: &Json, zone: &Zone) -> Outcome<()> {
    let style = Style::new();
    writeln!(out, "{}", style.strong(told["node"].as_str().unwrap_or_default()))?;
    if told["missing"] == true {
        let candidates = texts(&told["candidates"]);
        if candidates.is_empty() {
            writeln!(out, "{}", style.warn("missing: only referred to, never imported"))?;
        } else {
            let which = format!("cannot tell which is meant: {}", candidates.join(", "));
            writeln!(out, "{}", style.warn(&which))?;
            writeln!(out, "  `lineal alias` decides")?;
        }
    }
    if let Some(proof) = told["proof"].as_str() {
        writeln!(out, "{}", style.warn(&format!("proof {proof}: not sealed yet")))?;
    }
    let kind = told["kind"].as_str().and_then(Kind::parse);
    let recorded = &told["fields"];
    let own = kind.map(fields).unwrap_or_default();
    for name in own.iter().chain(COMMON_FIELDS).map(|spec| spec.name) {
        let value = &recorded[name];
        let text = match (name, value) {
            // Every point of every metric is for programs: `--json`.
            ("series", Json::Object(series)) => {
                format!("{} (--json has the points)", counted(series.len() as u64, "metric"))
            }
            // What is so for nearly every node is no news.
            ("id" | "kind", _) | ("missing" | "gone" | "deleted", Json::Bool(false)) => continue,
            _ => told_text(value, kind.and_then(|kind| type_of(kind, name)), zone),
        };
        if text.is_empty() {
            continue;
        }
        let text = shortened(&text).replace('\n', &format!("\n{:18}", ""));
        writeln!(out, "  {:16}{text}", format!("{name} "))?;
    }
    if let Some(says) = told["signature"]["says"].as_str() {
        let says =
            if told["signature"]["state"] == "wrong" { style.warn(says) } else { says.to_owned() };
        writeln!(out, "  {:16}{says}", "signature ")?;
    }
    if let Some(id) = told["revision"].as_str() {
        writeln!(out, "{}", style.faint(&format!("  revision #{id}")))?;
    }
    for (word, nodes) in told["edges"].as_object().into_iter().flatten() {
        let names = texts(nodes);
        let all = names.len() as u64 + told["more"][word].as_u64().unwrap_or(0);
        let first: Vec<&str> = names.into_iter().take(NEIGHBOURS_SHOWN).collect();
        let more = and_more(all, NEIGHBOURS_SHOWN).map_or_else(String::new, |m| format!(" {m}"));
        writeln!(out, "  {word} {}", visible(&format!("{}{more}", first.join(", "))))?;
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

/// The fields of a row that are meant, and where it belongs.
fn print_row(
    out: &mut dyn Write,
    row: &Json,
    zone: &Zone,
    is_meant: &dyn Fn(&str) -> bool,
) -> Outcome<()> {
    for spec in EVENT_FIELDS.iter().filter(|spec| is_meant(spec.name)) {
        if let Some(value) = row.get(spec.name) {
            let text = told_text(value, Some(spec.field_type), zone);
            writeln!(out, "  {:24}{}", format!("{} ", spec.name), shortened(&text))?;
        }
    }
    // The last is said of what is in no commit yet.
    for word in ["served_by", "part_of", "proof"] {
        if let Some(name) = row[word].as_str() {
            writeln!(out, "  {word} {}", visible(name))?;
        }
    }
    Ok(())
}

fn print_events(out: &mut dyn Write, told: &Json, zone: &Zone) -> Outcome<()> {
    let style = Style::new();
    let count = told["total"].as_u64().unwrap_or(0);
    let by = told["found_by"].as_str().unwrap_or_default();
    writeln!(out, "{} ({by})", style.strong(&format!("inference: {}", counted(count, "event"))))?;
    for event in told["events"].as_array().into_iter().flatten().take(EVENTS_SHOWN) {
        print_row(out, event, zone, &|_| true)?;
        for other in event[OTHERS].as_array().into_iter().flatten() {
            let say = "also recorded of it, and not counted; what differs:";
            writeln!(out, "  {}", style.warn(say))?;
            print_row(out, other, zone, &|name| event.get(name) != other.get(name))?;
            let lacks = EVENT_FIELDS.iter().map(|spec| spec.name);
            let lacks = lacks.filter(|name| event.get(name).is_some() && other.get(name).is_none());
            let lacks: Vec<&str> = lacks.collect();
            if !lacks.is_empty() {
                writeln!(out, "  without {}", lacks.join(", "))?;
            }
        }
        // What this role is not shown is no less recorded.
        let withheld = texts(&event["withheld"]);
        if !withheld.is_empty() {
            writeln!(out, "  withheld from this role: {}", withheld.join(", "))?;
        }
        writeln!(out)?;
    }
    if let Some(more) = and_more(count, EVENTS_SHOWN) {
        writeln!(out, "{more}")?;
    }
    Ok(())
}
