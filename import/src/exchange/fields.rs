//! Fields of records from texts and values: what is personal is sealed, whatever it is called.

use super::json::canonical;
use crate::openlineage::facets::{name_people, put, put_member, put_text};
use crate::record::{NodeRecord, Personal, Reference};
use lineal_engine::schema::Kind;
use lineal_proof::{Map, Value};
use serde_json::Value as Json;

/// Deepest nesting of parameters that become names of their own; what is deeper stays as JSON.
const FLAT_DEPTH_MAX: usize = 8;

/// Sets a text; a personal one is sealed.
pub(super) fn set_text(record: &mut NodeRecord, field: &str, text: Option<&str>) {
    put_text(record, field, text);
}

/// Sets a time.
pub(super) fn set_time(record: &mut NodeRecord, field: &str, time: Option<i64>) {
    record.set(field, time);
}

/// Seals a text under a field; `person` is whom it names, where it names one.
pub(super) fn seal(record: &mut NodeRecord, field: &str, text: &str, person: Option<&str>) {
    if text.is_empty() {
        return;
    }
    record.personal.retain(|held| held.field != field);
    let person = person.filter(|name| Reference::actor(name).is_some()).map(str::to_owned);
    record.personal.push(Personal { field: field.to_owned(), value: text.to_owned(), person });
}

/// Sets a tag; one whose name says that it names people is sealed.
pub(super) fn tag(record: &mut NodeRecord, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty() && !name.is_empty()) {
        put_member(record, "tags", name, text.to_owned(), name_people(name));
    }
}

/// Sets a tag to a value of any shape, as JSON where it is no text.
pub(super) fn tag_json(record: &mut NodeRecord, name: &str, value: &Json) {
    match value {
        Json::Null => {}
        Json::String(text) => tag(record, name, Some(text)),
        Json::Array(_) | Json::Object(_) => put(record, "tags", name, name, value),
        other => tag(record, name, Some(&other.to_string())),
    }
}

/// Sets a member of a map of parameters, text as written.
pub(super) fn parameter(record: &mut NodeRecord, name: &str, text: &str) {
    if !name.is_empty() {
        put_member(record, "params", name, text.to_owned(), name_people(name));
    }
}

/// Sets parameters from a tree: names joined by `.`.
pub(super) fn parameters(record: &mut NodeRecord, prefix: &str, value: &Json) {
    flatten(record, prefix, value, 0);
}

fn flatten(record: &mut NodeRecord, prefix: &str, value: &Json, depth: usize) {
    match value {
        Json::Object(members) if depth < FLAT_DEPTH_MAX && !members.is_empty() => {
            for (name, member) in members {
                let name = match prefix {
                    "" => name.clone(),
                    prefix => format!("{prefix}.{name}"),
                };
                flatten(record, &name, member, depth + 1);
            }
        }
        Json::Null => {}
        Json::String(text) => parameter(record, prefix, text),
        other => parameter(record, prefix, &canonical(other)),
    }
}

/// Sets a member of a map of figures: a number, else the text; a number beyond all floats as it was written.
///
/// # Errors
/// Why nothing of it is kept, for [`super::told::Told::skip`].
pub(super) fn figure(
    record: &mut NodeRecord,
    map: &str,
    name: &str,
    value: &Json,
) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("figures without a name");
    }
    let Some(number) = number(value) else {
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Null => return Err("figures without a value (null)"),
            _ => return Err("figures that are lists or objects (pictures, tables, histograms)"),
        };
        put_member(record, map, name, text, name_people(name));
        return Ok(());
    };
    let mut members = match record.fields.remove(map) {
        Some(Value::Map(members)) => members,
        _ => Map::new(),
    };
    members.insert(name, Value::float(number));
    record.fields.insert(map, Value::Map(members));
    Ok(())
}

/// Sets figures from a tree, names joined by `.`; `lost` is why what is not kept is not.
pub(super) fn figures(
    record: &mut NodeRecord,
    map: &str,
    name: &str,
    value: &Json,
    lost: &mut Vec<&'static str>,
) {
    each_figure(name, value, 0, &mut |name, value| {
        lost.extend(figure(record, map, name, value).err());
    });
}

/// The figures of a tree, one by one, names joined by `.`; a picture or table of W&B (`_type`) stays one.
pub(super) fn each_figure(
    name: &str,
    value: &Json,
    depth: usize,
    each: &mut impl FnMut(&str, &Json),
) {
    match value {
        Json::Object(members)
            if depth < FLAT_DEPTH_MAX && !members.is_empty() && !members.contains_key("_type") =>
        {
            for (member, value) in members {
                each_figure(&format!("{name}.{member}"), value, depth + 1, each);
            }
        }
        value => each(name, value),
    }
}

/// The number of a figure that one can hold; true and false are 1 and 0.
pub(super) fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Json::String(text) => number_of(text),
        _ => None,
    }
}

/// The number that a text is; Python's words for those that are none.
fn number_of(text: &str) -> Option<f64> {
    match text.trim() {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text => text.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

/// The actor of that login, name or e-mail, as a reference of an edge.
pub(super) fn actor(login: &str) -> Option<Reference> {
    let login = login.strip_prefix("mailto:").unwrap_or(login);
    Reference::actor(login).filter(|actor| actor.kind == Kind::Actor)
}

/// Sets the tags that a list of words makes: `name:value` is a tag with a value, a word alone one
/// that is there.
pub(super) fn tag_words<'a>(record: &mut NodeRecord, words: impl Iterator<Item = &'a str>) {
    for word in words {
        match word.split_once(':') {
            Some((name, value)) if !name.is_empty() && !value.starts_with("//") => {
                tag(record, name, Some(value));
            }
            _ => tag(record, word, Some("true")),
        }
    }
}
