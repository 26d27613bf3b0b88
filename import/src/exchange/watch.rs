//! Datadog's monitors, the alerts that they raised, and changes of either by people, as its API gives
//! them: `v1/monitor`, `v1/monitor/search`, `v2/events`, `v2/audit/events`.
//!
//! A monitor watches a deployment where its tags and the scope of its query name one in full: service,
//! environment, id, model, version, each once. Most name a service alone, and nothing leads from these
//! to a deployment. Pages overlap and say the same of an object: it is one node. Uses that change
//! nothing are counted and left out.

use super::artifact::part;
use super::fields::{actor, seal, set_text, set_time, tag, tag_words};
use super::json::{Object, at, list, member, object, objects, text, time_of, values};
use super::measured::{measured, threshold};
use super::paging::{Next, Page};
use super::told::Told;
use crate::record::{Part, Reference};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::bare_version;
use serde_json::Value;

/// The form of what the API says of monitors, alerts and changes.
pub(super) const FORM: &str = "datadog-watch";
/// The form of what a search, or an alert, says of monitors in passing: less than they do.
const PART: &str = "datadog-watch-part";
/// Where monitors are named without their organisation.
const NO_ORG: &str = "some monitors, or alerts of them, have no `org_id`: these monitors are called by their number \
     alone, and are not one with those of that number that have one";
/// Actions of the audit trail that change something.
const CHANGES: [&str; 6] = ["created", "modified", "deleted", "updated", "enabled", "disabled"];

/// The tags that name the parts of a deployment's key, in their order, by all their spellings.
const DEPLOYMENT_TAGS: [&[&str]; 5] = [
    &["service"],
    &["env", "environment"],
    &["deployment_id", "deployment", "endpoint"],
    &["model_name", "model"],
    &[VERSION],
];
/// The tag that holds a version, which logs have without a leading `v`.
const VERSION: &str = "model_version";

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    values(bytes, told, &mut |value, pointer, told| page(value, pointer, told));
}

/// A page of answers, or one object.
fn page(value: &Value, pointer: &str, told: &mut Told) {
    let Some(held) = value.as_object() else {
        return told.reject(pointer, "an answer of Datadog's API was expected: a JSON object");
    };
    if held.contains_key("monitors") {
        told.page("monitors", String::new(), page_of_search(held));
        for (number, one) in objects(held, &["monitors"]).into_iter().enumerate() {
            monitor(one, PART, &format!("{pointer}/monitors/{number}"), told);
        }
        return;
    }
    if held.get("data").is_some_and(|data| data.is_array() || data.is_object()) {
        told.page("data", String::new(), page_of_events(held));
        for (number, one) in objects(held, &["data"]).into_iter().enumerate() {
            event(one, &format!("{pointer}/data/{number}"), told);
        }
        return;
    }
    if held.contains_key("attributes") {
        return event(held, pointer, told);
    }
    monitor(held, FORM, pointer, told);
}

/// A page of a search for monitors, which says how many there are.
fn page_of_search(held: &Object) -> Page {
    let all = object(held, "metadata").and_then(|it| it.get("total_count")).and_then(Value::as_u64);
    Page {
        held: list(held, &["monitors"]).len() as u64,
        of: all.map(|all| (all, "metadata.total_count")),
        next: None,
    }
}

/// A page of events, which has a cursor where another may follow.
fn page_of_events(held: &Object) -> Page {
    let cursor = at(held.get("meta"), &["page", "after"]).map(|it| (it, "meta.page.after"));
    let link = || at(held.get("links"), &["next"]).map(|it| (it, "links.next"));
    let cursor =
        cursor.or_else(link).filter(|(it, _)| it.as_str().is_some_and(|it| !it.is_empty()));
    Page {
        held: list(held, &["data"]).len() as u64,
        of: None,
        next: cursor.map(|(_, member)| Next::Cursor(member)),
    }
}

/// The node of a monitor: its number is of an organisation.
fn monitor_of(source: &str, org: Option<&str>, id: &str) -> Reference {
    let name = match org {
        Some(org) => format!("{source}/{org}/{id}"),
        None => format!("{source}/{id}"),
    };
    Reference::new(Kind::Monitor, vec![part(&name)])
}

fn monitor(held: &Object, form: &'static str, pointer: &str, told: &mut Told) {
    let (id, org) = (text(held, &["id"]), text(held, &["org_id"]));
    let Some(id) = id.filter(|_| held.contains_key("query") || held.contains_key("type")) else {
        return told
            .reject(pointer, "`id` with `type` and `query` was expected: a monitor has them");
    };
    if org.is_none() {
        told.warn(NO_ORG);
    }
    let node = monitor_of(&told.source, org.as_deref(), &id);
    let time = |name: &str| held.get(name).and_then(time_of);
    told.saw_time(time("modified").or(time("created")));
    let record = told.node(form, &node);
    set_text(record, "name", text(held, &["name"]).as_deref());
    let query = text(held, &["query"]);
    set_text(record, "query", query.as_deref());
    set_text(record, "metric", measured(held).as_deref());
    set_time(record, "time", time("created").or(time("created_at")));
    let thresholds = object(held, "options").and_then(|options| object(options, "thresholds"));
    let critical = thresholds.and_then(|it| it.get("critical")).and_then(Value::as_f64);
    // A search gives no options; the query ends with the figure that they hold, too.
    let critical = critical.or_else(|| query.as_deref().and_then(threshold));
    record.set("threshold", critical.map(lineal_proof::Value::float));
    tag(record, "datadog.type", text(held, &["type"]).as_deref());
    tag(record, "datadog.priority", text(held, &["priority"]).as_deref());
    // What was so at the moment of the answer is told as of it, by the full answer alone.
    if form == FORM {
        tag(record, "datadog.state", text(held, &["overall_state"]).as_deref());
        tag(record, "datadog.modified", text(held, &["modified"]).as_deref());
        record.set("deleted", member(held, &["deleted"]).map(|_| true));
    }
    tag_words(record, list(held, &["tags"]).into_iter().filter_map(Value::as_str));
    if let Some(deployment) = watched(held) {
        told.link(form, &node, Relation::Watches, &deployment);
    }
    let record = told.node(form, &node);
    if let Some(message) = text(held, &["message"]) {
        // Messages notify people by name.
        seal(record, "tags.datadog.message", &message, None);
    }
    let creator = object(held, "creator").and_then(|it| text(it, &["email", "handle", "name"]));
    if let Some(person) = creator.and_then(|creator| actor(&creator)) {
        told.link(form, &node, Relation::DoneBy, &person);
    }
}

/// The deployment that a monitor names in full; none where a part is missing, a pattern, negated, or said
/// twice in two ways.
fn watched(held: &Object) -> Option<Reference> {
    let query = text(held, &["query"]).unwrap_or_default();
    if excludes(&query) {
        return None;
    }
    let tags = list(held, &["tags"]).into_iter().filter_map(Value::as_str);
    let ends = |sign: char| sign.is_whitespace() || "{}(),\"'".contains(sign);
    let words: Vec<&str> = tags.chain(query.split(ends)).collect();
    let mut key = Vec::with_capacity(DEPLOYMENT_TAGS.len());
    for names in DEPLOYMENT_TAGS {
        let mut values = words.iter().filter_map(|word| {
            let bare = word.trim_start_matches(['-', '!']);
            let (name, value) = bare.trim_start_matches('@').split_once(':')?;
            // What is excluded is named, too: such a query is about something else.
            let value = if bare.len() == word.len() { value } else { "*" };
            let value = if name == VERSION { bare_version(value) } else { value };
            names.contains(&name).then_some(value)
        });
        let value = values.next().filter(|value| !value.is_empty() && !value.contains('*'))?;
        if values.any(|other| other != value) {
            return None;
        }
        key.push(part(value));
    }
    Some(Reference::new(Kind::Deployment, key))
}

/// Does a query exclude more than the word behind a sign: by `NOT`, or by a sign before a group? What of the
/// rest it is then about is not read here. A minus between two groups is taken for such a sign, too: an edge
/// less, not a wrong one.
fn excludes(query: &str) -> bool {
    let mut words = query.split(|sign: char| !(sign.is_alphanumeric() || "_-.:/@".contains(sign)));
    let is_group = |rest: &str| rest.trim_start().starts_with(['(', '{']);
    words.any(|word| word.eq_ignore_ascii_case("not"))
        || query.match_indices(['-', '!']).any(|(at, sign)| is_group(&query[at + sign.len()..]))
}

fn event(held: &Object, pointer: &str, told: &mut Told) {
    let Some(attributes) = object(held, "attributes") else {
        return told.reject(pointer, "`attributes` are missing: an event has them");
    };
    let Some(id) = text(held, &["id"]) else {
        return told.reject(pointer, "`id` is missing: an event has one");
    };
    match text(held, &["type"]).as_deref() {
        Some("audit") => audit(&id, attributes, pointer, told),
        Some("event" | "events" | "alert") => alert(&id, attributes, told),
        _ => told.skip("objects that are no monitors, events or audit events"),
    }
}

fn time_in(attributes: &Object) -> Option<i64> {
    let inner = object(attributes, "attributes");
    attributes.get("timestamp").or_else(|| inner?.get("timestamp")).and_then(time_of)
}

/// An event of a monitor. Others are counted.
fn alert(id: &str, attributes: &Object, told: &mut Told) {
    let Some(inner) = object(attributes, "attributes") else {
        return told.skip("events of no monitor");
    };
    let held = object(inner, "monitor");
    let monitor = text(inner, &["monitor_id"]).or_else(|| held.and_then(|it| text(it, &["id"])));
    let Some(monitor) = monitor else { return told.skip("events of no monitor") };
    let org = held.and_then(|it| text(it, &["org_id"]));
    if org.is_none() {
        told.warn(NO_ORG);
    }
    let (source, time) = (told.source.clone(), time_in(attributes));
    let node = Reference::new(Kind::Alert, vec![source.as_str().into(), part(id)]);
    told.saw_time(time);
    let record = told.node(FORM, &node);
    set_time(record, "time", time);
    set_text(record, "status", text(inner, &["status"]).as_deref());
    let priority =
        text(inner, &["priority"]).or_else(|| held.and_then(|it| text(it, &["priority"])));
    set_text(record, "severity", priority.as_deref());
    tag(record, "datadog.title", text(inner, &["title"]).as_deref());
    tag_words(record, list(attributes, &["tags"]).into_iter().filter_map(Value::as_str));
    for (number, group) in
        list(inner, &["monitor_groups"]).into_iter().filter_map(Value::as_str).enumerate()
    {
        tag(record, &format!("datadog.group.{number}"), Some(group));
    }
    if let Some(message) = text(attributes, &["message"]) {
        seal(record, "tags.datadog.message", &message, None);
    }
    let monitor = monitor_of(&source, org.as_deref(), &monitor);
    if let Some(held) = held {
        set_text(told.node(PART, &monitor), "name", text(held, &["name"]).as_deref());
    }
    told.link(FORM, &node, Relation::RaisedBy, &monitor);
}

/// An event of the audit trail: who changed what.
fn audit(id: &str, attributes: &Object, pointer: &str, told: &mut Told) {
    let empty = Object::new();
    let inner = object(attributes, "attributes").unwrap_or(&empty);
    let action = text(inner, &["action"]).unwrap_or_default();
    if !CHANGES.contains(&action.as_str()) {
        return told.skip("events of the audit trail that change nothing");
    }
    let Some(time) = time_in(attributes) else {
        return told
            .reject(&format!("{pointer}/attributes/timestamp"), "a time of RFC 3339 was expected");
    };
    let Ok(stamp) = jiff::Timestamp::from_nanosecond(i128::from(time)) else { return };
    told.saw_time(Some(time));
    let key: Vec<Part> = vec![
        told.source.clone().into(),
        Part::Null,
        format!("audit/{id}").into(),
        stamp.to_string().into(),
    ];
    let node = Reference::new(Kind::Change, key);
    let whole = Value::Object(inner.clone());
    let word = |path: &[&str]| at(Some(&whole), path).and_then(super::json::text_of);
    let asset = word(&["asset", "type"]).or_else(|| word(&["evt", "name"]));
    let record = told.node(FORM, &node);
    set_time(record, "time", Some(time));
    let name = asset.as_deref().map_or_else(|| action.clone(), |asset| format!("{asset} {action}"));
    set_text(record, "name", Some(&name));
    tag(record, "datadog.action", Some(&action));
    tag(record, "datadog.asset.type", asset.as_deref());
    tag(record, "datadog.asset.id", word(&["asset", "id"]).as_deref());
    tag(record, "datadog.asset.name", word(&["asset", "name"]).as_deref());
    if let Some(message) = text(attributes, &["message"]) {
        seal(record, "tags.datadog.message", &message, None);
    }
    let person = word(&["usr", "email"]).or_else(|| word(&["usr", "id"]));
    if let Some(person) = person.and_then(|person| actor(&person)) {
        told.link(FORM, &node, Relation::DoneBy, &person);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tags: &[&str], query: &str) -> Option<Reference> {
        let held = serde_json::json!({ "tags": tags, "query": query });
        watched(held.as_object().unwrap())
    }

    #[test]
    fn a_monitor_watches_the_deployment_that_it_names_in_full_and_no_other() {
        let scope =
            "avg(last_5m):avg:scorer.latency{service:scorer,env:prod,deployment:eu-1} > 250";
        let model = ["model_name:credit", "model_version:3"];
        let key = ["scorer", "prod", "eu-1", "credit", "3"].map(part).to_vec();
        let whole = Some(Reference::new(Kind::Deployment, key));
        assert_eq!(named(&model, scope), whole);
        let said_again = ["model:credit", "model_version:3", "service:scorer"];
        assert_eq!(named(&said_again, scope), whole);
        assert_eq!(named(&["model:credit", "model_version:v3"], scope), whole, "as logs have it");
        assert_eq!(named(&model[..1], scope), None, "the version is missing");
        assert_eq!(named(&["model:credit", "model_version:*"], scope), None, "a pattern");
        assert_eq!(named(&[&model[..], &["service:other"]].concat(), scope), None, "two services");
        let negated = scope.replace("env:prod", "!env:prod");
        assert_eq!(named(&model, &negated), None, "negated");
        for other in
            ["NOT env:prod", "not env:prod", "Not (env:prod)", "!(env:prod)", "- (env:prod)"]
        {
            let negated = scope.replace("env:prod", other);
            assert_eq!(named(&model, &negated), None, "{other}");
            let logs = format!("logs(\"service:scorer {other} @endpoint:eu-1\").rollup(\"count\")");
            assert_eq!(named(&model, &logs), None, "{other}");
        }
        let difference = format!("{scope} - avg:scorer.not_found{{service:scorer}}");
        assert_eq!(named(&model, &difference), whole, "a minus before a series excludes nothing");
        let logs =
            "logs(\"service:scorer env:prod @endpoint:eu-1\").index(\"*\").rollup(\"count\")";
        assert_eq!(named(&model, logs), whole);
    }
}
