//! A few words on each thing in the tree: when, by whom, in which state. What is told was gathered
//! by the language's library, here or at a server, so that both print the same.

use crate::render::{Style, counted, texts, time_of, visible};
use crate::time::Zone;
use serde_json::Value as Json;
use std::borrow::Cow;

/// Events described when several share a hash.
const EVENTS_SHOWN: usize = 3;

fn text<'a>(fields: &'a Json, name: &str) -> Option<Cow<'a, str>> {
    fields[name].as_str().map(visible)
}

/// The events that a hash or id named.
pub(super) fn events(json: &Json, zone: &Zone) -> Vec<String> {
    let style = Style::new();
    let events = json["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = Vec::new();
    if events.is_empty() {
        return lines;
    }
    for fields in events.iter().take(EVENTS_SHOWN) {
        let name = text(fields, "input_hash").or_else(|| text(fields, "event_id"));
        let name = name.map_or_else(|| "event".to_owned(), Cow::into_owned);
        let mut told = Vec::new();
        told.extend(time_of(&fields["time"]).map(|time| zone.time(time)));
        if let Some(decision) = text(fields, "decision") {
            told.push(match fields["confidence"].as_f64() {
                Some(confidence) => format!("decision {decision} ({confidence})"),
                None => format!("decision {decision}"),
            });
        }
        if fields["human_override"] == true {
            told.push(match text(fields, "original_decision") {
                Some(original) => format!("overridden by a human, was {original}"),
                None => "overridden by a human".to_owned(),
            });
        }
        lines.push(format!("{}  {}", style.strong(&format!("inference:{name}")), told.join(", ")));
    }
    let count = events.len();
    let by = json["found_by"].as_str().unwrap_or_default();
    let found = if count == 1 {
        format!("found by {by}")
    } else {
        format!("{} found by {by}", counted(count as u64, "event"))
    };
    lines.push(style.faint(&found));
    lines
}

/// A node, in a few words.
pub(crate) fn node(told_of: &Json, zone: &Zone, style: Style) -> String {
    if told_of["unclear"] == true {
        return style.warn("cannot tell which");
    }
    if told_of["missing"] == true {
        return style.warn("not imported");
    }
    let fields = &told_of["fields"];
    let time = |name: &str| time_of(&fields[name]);
    let text = |name: &str| text(fields, name).map(Cow::into_owned);
    let mut told: Vec<String> = Vec::new();
    match told_of["kind"].as_str().unwrap_or_default() {
        "deployment" => {
            let count = |name: &str| fields[name].as_i64().unwrap_or(0).unsigned_abs();
            told.push(counted(count("events"), "event"));
            if count("overrides") > 0 {
                told.push(counted(count("overrides"), "override"));
            }
            if let (Some(first), Some(last)) = (time("first_event"), time("last_event")) {
                told.push(zone.span(first, last));
            }
        }
        "model" => {
            told.extend(text("stage").filter(|stage| stage != "None"));
            let aliases = texts(&fields["aliases"]);
            told.extend(aliases.iter().map(|alias| format!("@{}", visible(alias))));
            told.extend(text("form"));
            told.extend(time("time").map(|time| zone.date(time)));
        }
        "run" => {
            told.extend(text("name").map(|name| format!("\"{name}\"")));
            told.extend(text("status"));
            told.extend(time("started").map(|time| zone.time(time)));
            let people = texts(&told_of["people"]);
            told.extend(people.iter().map(|person| format!("by {}", person_name(person))));
        }
        "dataset" => {
            told.extend(text("uri").or_else(|| text("source_type")));
            let rows = fields["rows"].as_i64();
            told.extend(rows.map(|rows| counted(rows.unsigned_abs(), "row")));
        }
        "code" => told.extend(text("repo")),
        _ => {}
    }
    if told_of["deleted"] == true {
        told.push(style.warn("deleted in its source"));
    }
    if let Some(at) = time_of(&told_of["withdrawn"]) {
        told.push(style.warn(&format!("withdrawn {}", zone.time(at))));
    }
    told.join(", ")
}

fn person_name(name: &str) -> String {
    visible(name.strip_prefix("actor:").unwrap_or(name)).into_owned()
}

/// Decisions, documents and the like that stand beside a node: each as it was decided. Whether they come to an
/// approval, `lineal gate` and the reports tell.
pub(super) fn beside(told: &Json, zone: &Zone, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for approval in told["approvals"].as_array().into_iter().flatten() {
        let fields = &approval["fields"];
        let people = texts(&approval["people"]);
        let people: Vec<String> = people.iter().map(|person| person_name(person)).collect();
        let what = match (text(fields, "decision").as_deref(), text(fields, "role")) {
            (Some(decision), _) => decision.to_owned(),
            (None, Some(role)) => role.replace('_', " "),
            (None, None) => "decision recorded".to_owned(),
        };
        let when = time_of(&fields["time"]);
        let when = when.map_or_else(String::new, |time| format!(", {}", zone.time(time)));
        let until = time_of(&fields["expires"]);
        let until = until.map_or_else(String::new, |time| format!(", until {}", zone.time(time)));
        lines.push(style.found(&format!("{what} by {}{when}{until}", people.join(", "))));
    }
    for document in told["documents"].as_array().into_iter().flatten() {
        let kind = text(&document["fields"], "type");
        let kind = kind.as_deref().unwrap_or("document").replace('_', " ");
        let name = document["name"].as_str().unwrap_or_default();
        lines.push(style.faint(&format!("{kind}: {name}")));
    }
    lines
}
