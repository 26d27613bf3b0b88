//! A few words on each thing in the tree: when, by whom, in which state.

use crate::exit::Outcome;
use crate::render::{Style, counted, visible};
use crate::time::Zone;
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{EventRef, NodeNo, Snapshot};
use lineal_proof::{Map, Value};
use std::borrow::Cow;

/// Events described when several share a hash.
const EVENTS_SHOWN: usize = 3;
/// Approvals and documents listed a node.
const BESIDE_SHOWN: usize = 5;

fn text<'a>(fields: &'a Map, name: &str) -> Option<Cow<'a, str>> {
    fields.get(name).and_then(Value::as_text).map(visible)
}

fn time(fields: &Map, name: &str) -> Option<i64> {
    fields.get(name).and_then(Value::as_i64)
}

/// The events that a hash or id named.
pub(super) fn events(
    view: &Snapshot,
    events: &[EventRef],
    by: &str,
    zone: &Zone,
) -> Outcome<Vec<String>> {
    let style = Style::new();
    let mut lines = Vec::new();
    for event in events.iter().take(EVENTS_SHOWN) {
        let fields = view.event(*event)?;
        let name = match (text(&fields, "event_id"), fields.get("input_hash")) {
            (_, Some(Value::Bytes(hash))) => data_encoding::HEXLOWER.encode(hash),
            (Some(id), _) => id.into_owned(),
            _ => "event".to_owned(),
        };
        let mut told = Vec::new();
        told.extend(time(&fields, "time").map(|time| zone.time(time)));
        if let Some(decision) = text(&fields, "decision") {
            let confidence =
                fields.get(EventField::Confidence.spec().name).and_then(Value::as_float);
            told.push(match confidence {
                Some(confidence) => format!("decision {decision} ({confidence})"),
                None => format!("decision {decision}"),
            });
        }
        if fields.get("human_override").and_then(Value::as_bool) == Some(true) {
            told.push(match text(&fields, "original_decision") {
                Some(original) => format!("overridden by a human, was {original}"),
                None => "overridden by a human".to_owned(),
            });
        }
        lines.push(format!("{}  {}", style.strong(&format!("inference:{name}")), told.join(", ")));
    }
    let count = events.len();
    let found = if count == 1 {
        format!("found by {by}")
    } else {
        format!("{} found by {by}", counted(count as u64, "event"))
    };
    lines.push(style.faint(&found));
    Ok(lines)
}

/// A node, in a few words.
pub(crate) fn node(view: &Snapshot, node: NodeNo, zone: &Zone, style: Style) -> Outcome<String> {
    if !view.candidates(node).is_empty() {
        return Ok(style.warn("cannot tell which"));
    }
    if view.is_missing(node) {
        return Ok(style.warn("not imported"));
    }
    let fields = view.fields(node)?.fields;
    let mut told: Vec<String> = Vec::new();
    match view.kind_of(node) {
        Kind::Deployment => {
            let count =
                |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or(0).unsigned_abs();
            told.push(counted(count("events"), "event"));
            if count("overrides") > 0 {
                told.push(counted(count("overrides"), "override"));
            }
            if let (Some(first), Some(last)) =
                (time(&fields, "first_event"), time(&fields, "last_event"))
            {
                told.push(zone.span(first, last));
            }
        }
        Kind::Model => {
            told.extend(
                text(&fields, "stage").filter(|stage| stage != "None").map(Cow::into_owned),
            );
            let aliases = fields.get("aliases").and_then(Value::as_list).unwrap_or_default();
            told.extend(
                aliases
                    .iter()
                    .filter_map(Value::as_text)
                    .map(|alias| format!("@{}", visible(alias))),
            );
            told.extend(text(&fields, "form").map(Cow::into_owned));
            told.extend(time(&fields, "time").map(|time| zone.date(time)));
        }
        Kind::Run => {
            told.extend(text(&fields, "name").map(|name| format!("\"{name}\"")));
            told.extend(text(&fields, "status").map(Cow::into_owned));
            told.extend(time(&fields, "started").map(|time| zone.time(time)));
            let people = view.edges(node, Relation::DoneBy, Direction::Forward);
            told.extend(people.iter().map(|person| format!("by {}", person_name(view, *person))));
        }
        Kind::Dataset => {
            told.extend(
                text(&fields, "uri").or_else(|| text(&fields, "source_type")).map(Cow::into_owned),
            );
            let rows = fields.get("rows").and_then(Value::as_i64);
            told.extend(rows.map(|rows| counted(rows.unsigned_abs(), "row")));
        }
        Kind::Code => told.extend(text(&fields, "repo").map(Cow::into_owned)),
        _ => {}
    }
    if view.is_deleted(node) {
        told.push(style.warn("deleted in its source"));
    }
    Ok(told.join(", "))
}

fn person_name(view: &Snapshot, person: NodeNo) -> String {
    let name = view.name_of(person);
    visible(name.strip_prefix("actor:").unwrap_or(&name)).into_owned()
}

/// Approvals, documents and the like that stand beside a node.
pub(super) fn beside(
    view: &Snapshot,
    node: NodeNo,
    zone: &Zone,
    style: Style,
) -> Outcome<Vec<String>> {
    let mut lines = Vec::new();
    for approval in
        view.edges(node, Relation::Approves, Direction::Inverse).iter().take(BESIDE_SHOWN)
    {
        let fields = view.fields(*approval)?.fields;
        let people = view.edges(*approval, Relation::DoneBy, Direction::Forward);
        let people: Vec<String> = people.iter().map(|person| person_name(view, *person)).collect();
        let what = match (text(&fields, "decision").as_deref(), text(&fields, "role")) {
            (Some("granted"), _) => "approved".to_owned(),
            (Some(decision), _) => decision.to_owned(),
            (None, Some(role)) => role.replace('_', " "),
            (None, None) => "decision recorded".to_owned(),
        };
        let when =
            time(&fields, "time").map_or_else(String::new, |time| format!(", {}", zone.time(time)));
        lines.push(style.found(&format!("{what} by {}{when}", people.join(", "))));
    }
    for document in
        view.edges(node, Relation::Documents, Direction::Inverse).iter().take(BESIDE_SHOWN)
    {
        let fields = view.fields(*document)?.fields;
        let kind = text(&fields, "type").as_deref().unwrap_or("document").replace('_', " ");
        lines.push(style.faint(&format!("{kind}: {}", view.name_of(*document))));
    }
    Ok(lines)
}
