//! Croissant: the description of a data set, with the digests of its files.

use super::artifact::{Artifact, LISTING, base_name, best_of, listing_digest, part};
use super::fields::{actor, seal, set_text, set_time, tag_json};
use super::json::{Object, canonical, list, objects, text, text_of, time_of, values};
use super::told::Told;
use crate::record::Reference;
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;

/// The form of what a description says of its data set.
pub(super) const FORM: &str = "croissant";
/// The form of what is said in passing, of its files.
const PART: &str = "croissant-part";

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    values(bytes, told, &mut |value, pointer, told| match value.as_object() {
        Some(data) if is_dataset(data) => dataset(data, pointer, told),
        _ => told.reject(pointer, "`@type` is not sc:Dataset"),
    });
}

fn is_type(object: &Object, kind: &str) -> bool {
    list(object, &["@type"])
        .into_iter()
        .filter_map(Value::as_str)
        .any(|held| held.rsplit([':', '/']).next() == Some(kind))
}

fn is_dataset(object: &Object) -> bool {
    is_type(object, "Dataset")
}

/// A text, or the first of several, or what an object is called.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(word),
        Value::Object(held) => text(held, &["name", "@value", "url", "@id"]),
        other => text_of(other).filter(|text| !text.is_empty()),
    }
}

fn words(data: &Object, names: &[&str]) -> Option<String> {
    super::json::member(data, names).and_then(word)
}

fn dataset(data: &Object, pointer: &str, told: &mut Told) {
    let Some(name) = words(data, &["name", "sc:name"]) else {
        return told.reject(pointer, "`name` is missing: a data set has one");
    };
    let version = words(data, &["version"]).unwrap_or_default();
    let url = words(data, &["url", "@id"]).unwrap_or_default();
    let key = vec![part(&name), part(&version), FORM.into(), part(&url)];
    let node = Reference::new(Kind::Dataset, key);
    let time = |name: &str| data.get(name).and_then(time_of);
    let (published, modified) = (time("datePublished"), time("dateModified"));
    told.saw_time(published.max(modified));
    let record = told.node(FORM, &node);
    set_text(record, "name", Some(&name));
    set_text(record, "version", Some(&version));
    record.set("source_type", Some(FORM));
    set_text(record, "uri", Some(&url));
    set_text(record, "license", words(data, &["license", "sc:license"]).as_deref());
    set_time(record, "time", modified.or(published));
    if let Some(description) = words(data, &["description"]) {
        seal(record, "tags.description", &description, None);
    }
    for member in ["citeAs", "keywords", "inLanguage", "sameAs", "conformsTo", "isLiveDataset"] {
        if let Some(value) = data.get(member) {
            tag_json(record, member, value);
        }
    }
    // What it says of personal data is prose, which may say that there is none: `personal_data` stays unsaid.
    for (member, value) in data.iter().filter(|(member, _)| member.starts_with("rai:")) {
        tag_json(record, member, value);
    }
    set_text(record, "schema", schema(data).as_deref());
    for (number, maker) in list(data, &["creator", "author"]).into_iter().enumerate() {
        let named = match maker {
            Value::Object(maker) => text(maker, &["email", "name"]),
            other => text_of(other),
        };
        let Some(named) = named else { continue };
        let is_person = maker.as_object().is_none_or(|maker| is_type(maker, "Person"));
        let person = is_person.then_some(named.as_str());
        seal(told.node(FORM, &node), &format!("tags.creator.{number}"), &canonical(maker), person);
        if let Some(actor) = person.and_then(actor) {
            told.link(FORM, &node, Relation::DoneBy, &actor);
        }
    }
    files(data, &node, pointer, told);
}

/// The files: each one with a digest is a node, and all together make that of the data set.
fn files(data: &Object, node: &Reference, pointer: &str, told: &mut Told) {
    let mut listed: Vec<(String, String)> = Vec::new();
    let mut is_whole = true;
    for (number, file) in objects(data, &["distribution"]).into_iter().enumerate() {
        let pointer = format!("{pointer}/distribution/{number}");
        if !is_type(file, "FileObject") {
            told.skip("sets of files, which are a pattern over others");
            continue;
        }
        let place = text(file, &["contentUrl", "url"]);
        let Some(name) = text(file, &["name", "@id"]).or_else(|| place.clone()) else {
            told.reject(&pointer, "neither `name` nor `contentUrl`");
            is_whole = false;
            continue;
        };
        let digests = ["sha256", "md5"].into_iter();
        let digests =
            digests.filter_map(|algorithm| Some((algorithm.to_owned(), text(file, &[algorithm])?)));
        let digest = best_of(digests, told);
        // A file that lies in another one is part of its bytes.
        if file.contains_key("containedIn") && digest.is_none() {
            told.skip("files within files");
            continue;
        }
        match &digest {
            Some(digest) if digest.algorithm == "sha256" => {
                listed.push((place.clone().unwrap_or_else(|| name.clone()), digest.value.clone()));
            }
            _ => is_whole = false,
        }
        let called = place.as_deref().map(base_name).filter(|name| name.contains('.'));
        let artifact = Artifact {
            name: called.unwrap_or(&name),
            uri: place.as_deref(),
            digest,
            kind: Some(Kind::Dataset),
            media_type: None,
        };
        let held = artifact.put(PART, told);
        told.link(FORM, node, Relation::DerivedFrom, &held);
    }
    if is_whole && !listed.is_empty() {
        let digest =
            listing_digest(listed.iter().map(|(path, hash)| (path.as_str(), hash.as_str())));
        let record = told.node(FORM, node);
        record.set("digest", Some(digest));
        record.set("digest_kind", Some(LISTING));
    }
}

/// Names and types of the fields of the record sets.
fn schema(data: &Object) -> Option<String> {
    let mut columns = Vec::new();
    for set in objects(data, &["recordSet"]) {
        for field in objects(set, &["field"]) {
            columns.push(serde_json::json!({
                "name": text(field, &["@id", "name"]),
                "type": field.get("dataType").cloned(),
            }));
        }
    }
    (!columns.is_empty()).then(|| canonical(&Value::Array(columns)))
}
