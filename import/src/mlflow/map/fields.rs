//! Puts texts into records, in the clear or sealed.

use super::super::personal::is_personal;
use super::super::store::Texts;
use crate::mapping::MlflowMapping;
use crate::record::{NodeRecord, Part, Personal, Reference};
use lineal_proof::{Map, Value};

/// Nanoseconds of a time in milliseconds; `None` for what no calendar holds.
pub(super) fn ns(ms: Option<i64>) -> Option<i64> {
    ms?.checked_mul(1_000_000)
}

/// A part of a key, marked if it is personal.
pub(super) fn part(text: &str) -> Part {
    if is_personal(text) { Part::Personal(text.to_owned()) } else { Part::Text(text.to_owned()) }
}

/// The person of that login, unless it names nobody here.
pub(super) fn person(login: &str, mapping: &MlflowMapping) -> Option<Reference> {
    let nobody = mapping.nobody.contains(&login.trim().to_lowercase());
    if nobody { None } else { Reference::actor(login) }
}

/// Sets a text field; seals it if the text is personal.
pub(super) fn put_text(record: &mut NodeRecord, field: &str, text: Option<String>) {
    let Some(text) = text else { return };
    if is_personal(&text) {
        seal(record, field, text, None);
    } else {
        record.personal.retain(|held| held.field != field);
        record.fields.insert(field, text);
    }
}

/// Sets a sealed field.
pub(super) fn seal(record: &mut NodeRecord, field: &str, value: String, person: Option<String>) {
    record.fields.remove(field);
    record.personal.retain(|held| held.field != field);
    record.personal.push(Personal { field: field.to_owned(), value, person });
}

/// Sets a sealed field that names a person.
pub(super) fn seal_person(
    record: &mut NodeRecord,
    field: &str,
    login: String,
    mapping: &MlflowMapping,
) {
    let named = person(&login, mapping).is_some().then(|| login.clone());
    seal(record, field, login, named);
}

/// Sets a map of texts; seals the members that are personal or that the mapping seals.
pub(super) fn put_texts(
    record: &mut NodeRecord,
    field: &str,
    texts: Texts,
    mapping: &MlflowMapping,
) {
    let mut map = Map::new();
    for (key, text) in texts {
        if field == "tags" && mapping.sealed_tags.is_match(&key) {
            seal_person(record, &format!("{field}.{key}"), text, mapping);
        } else if is_personal(&text) {
            seal(record, &format!("{field}.{key}"), text, None);
        } else {
            map.insert(key, text);
        }
    }
    put_map(record, field, map);
}

/// Sets a map, unless it is empty.
pub(super) fn put_map(record: &mut NodeRecord, field: &str, map: Map) {
    if !map.is_empty() {
        record.fields.insert(field, Value::Map(map));
    }
}
