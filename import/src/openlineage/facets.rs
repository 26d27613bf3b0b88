//! Facets: what the schema has a field for goes there, all else stays as text of JSON among the
//! tags, and what may name or quote a person is sealed.

use super::event::Object;
use crate::mlflow::is_personal;
use crate::record::{NodeRecord, Personal, Reference};
use lineal_proof::{Map, Value};
use serde_json::Value as Json;

/// Facets that are sealed as they are: they name people, or hold free text and code that may.
const SEALED: [&str; 6] =
    ["documentation", "errorMessage", "sql", "sourceCode", "environmentVariables", "externalQuery"];
/// Parts of names of members whose values name people.
const NAMES_PEOPLE: [&str; 5] = ["user", "owner", "email", "author", "creator"];
/// Deepest nesting that is searched for such members; what is deeper counts as one.
const DEPTH_MAX: usize = 32;
/// Stand before the names of facets among the tags.
const FACET: &str = "facet.";

/// Keeps the facets of a node that no field holds; `mapped` are those that one does.
pub(super) fn keep(record: &mut NodeRecord, facets: Option<&Object>, mapped: &[&str]) {
    let facets = facets.into_iter().flatten();
    for (name, facet) in facets.filter(|(name, _)| !mapped.contains(&name.as_str())) {
        match name.as_str() {
            "tags" => tags(record, facet),
            "ownership" => owners(record, facet),
            _ => put(record, "tags", &format!("{FACET}{name}"), name, facet),
        }
    }
}

/// Keeps one facet under a name of a map.
pub(crate) fn put(record: &mut NodeRecord, map: &str, key: &str, name: &str, facet: &Json) {
    let Some(text) = text_of(facet) else { return };
    let is_sealed = SEALED.contains(&name) || name_people(name) || holds_people(facet, 0);
    put_member(record, map, key, text, is_sealed);
}

/// Sets a text, sealed if it is personal.
pub(crate) fn put_text(record: &mut NodeRecord, field: &str, text: Option<&str>) {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return };
    if is_personal(text) {
        seal(record, field.to_owned(), text.to_owned(), None);
    } else {
        record.fields.insert(field, text);
    }
}

/// Sets a member of an open map, sealed where it is wanted or the text is personal.
pub(crate) fn put_member(
    record: &mut NodeRecord,
    map: &str,
    key: &str,
    text: String,
    is_sealed: bool,
) {
    if is_sealed || is_personal(&text) {
        seal(record, format!("{map}.{key}"), text, None);
        return;
    }
    let mut members = match record.fields.remove(map) {
        Some(Value::Map(members)) => members,
        _ => Map::new(),
    };
    members.insert(key, text);
    record.fields.insert(map, Value::Map(members));
}

fn seal(record: &mut NodeRecord, field: String, value: String, person: Option<String>) {
    record.personal.retain(|held| held.field != field);
    record.personal.push(Personal { field, value, person });
}

/// A facet as text: members in order, without what says only which program and schema made it.
fn text_of(facet: &Json) -> Option<String> {
    let mut facet = facet.clone();
    if let Json::Object(members) = &mut facet {
        members.retain(|name, _| name != "_producer" && name != "_schemaURL");
        if members.is_empty() {
            return None;
        }
    }
    facet.sort_all_objects();
    Some(facet.to_string())
}

/// `tags`: keys and values; those of single columns stay together.
fn tags(record: &mut NodeRecord, facet: &Json) {
    let all = facet.get("tags").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let text = |tag: &Json, name: &str| tag.get(name).and_then(Json::as_str).map(str::to_owned);
    let mut of_columns = Vec::new();
    for tag in all {
        match (text(tag, "key"), text(tag, "value")) {
            (Some(key), Some(value)) if text(tag, "field").is_none() && !key.is_empty() => {
                let is_sealed = name_people(&key);
                put_member(record, "tags", &key, value, is_sealed);
            }
            _ => of_columns.push(tag.clone()),
        }
    }
    if !of_columns.is_empty() {
        put(record, "tags", "facet.tags", "tags", &Json::Array(of_columns));
    }
}

/// `ownership`: each owner is sealed as a person.
fn owners(record: &mut NodeRecord, facet: &Json) {
    let all = facet.get("owners").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for (number, owner) in all.iter().enumerate() {
        let name = owner.get("name").and_then(Json::as_str).unwrap_or_default();
        let person = Reference::actor(name).map(|_| name.to_owned());
        if let Some(text) = text_of(owner) {
            seal(record, format!("tags.ownership.{number}"), text, person);
        }
    }
}

pub(crate) fn name_people(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES_PEOPLE.iter().any(|part| name.contains(part))
}

/// Has any member a name that says that its value names somebody?
fn holds_people(json: &Json, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return true;
    }
    match json {
        Json::Object(members) => members
            .iter()
            .any(|(name, member)| name_people(name) || holds_people(member, depth + 1)),
        Json::Array(items) => items.iter().any(|item| holds_people(item, depth + 1)),
        _ => false,
    }
}
