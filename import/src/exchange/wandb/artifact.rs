//! A version of an artifact: a model, or a data set.

use super::super::artifact::part;
use super::super::fields::{actor, figure, seal, set_text, set_time, tag, tag_json};
use super::super::json::{Object, list, member, object, text, text_of, time_of};
use super::super::told::Told;
use super::page::{Around, Entries};
use super::place::{Above, graph_id, named};
use super::run::parsed;
use super::{DIGEST, FORM, LOGGED, NO_DATA, PART, UNPLACED, USED};
use crate::record::Reference;
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;

/// Is it an artifact in itself?
pub(super) fn is_artifact(held: &Object) -> bool {
    (held.contains_key("digest") || held.contains_key("manifest"))
        && !held.contains_key("config")
        && !USED.iter().chain(&LOGGED).any(|name| held.contains_key(*name))
}

/// The type of an artifact, as it is told itself or by what is around it.
fn type_of(held: &Object, around: &Around) -> Option<String> {
    text(held, &["type"])
        .or_else(|| named(held, &["artifactType", "artifact_type"]))
        .or_else(|| around.kind.clone())
}

/// The type of what is neither data nor a model: programs, and what W&B keeps of a run for itself
/// (`wandb-history`).
pub(super) fn no_data(held: &Object, around: &Around) -> Option<String> {
    let kind = type_of(held, around)?.to_ascii_lowercase();
    let own = kind.strip_prefix("wandb-").map(str::to_owned);
    own.or_else(|| matches!(kind.as_str(), "job" | "code").then_some(kind))
}

/// Tells a run what it used or made that is no data: `wandb.job.NAME`, with the digest.
pub(super) fn tell(kind: &str, held: &Object, run: &Reference, told: &mut Told) {
    let sequence = object(held, "artifactSequence").and_then(|it| text(it, &["name"]));
    let name = text(held, &["qualified_name", "qualifiedName"])
        .or(sequence)
        .or_else(|| text(held, &["name"]));
    let index = text(held, &["versionIndex", "version_index"]);
    let name = name.map(|name| match index.filter(|_| !name.contains(':')) {
        Some(index) => format!("{name}:v{index}"),
        None => name,
    });
    match (name, text(held, &["digest"])) {
        (Some(name), Some(digest)) => {
            tag(told.node(FORM, run), &format!("wandb.{kind}.{name}"), Some(&digest));
        }
        _ => told.skip(NO_DATA),
    }
}

/// A version of an artifact: `name:v3`, or a name and a version beside it.
pub(super) fn artifact(held: &Object, around: &Around, told: &mut Told) -> Option<Reference> {
    let sequence = object(held, "artifactSequence");
    let of_sequence = sequence.map(Above::of).unwrap_or_default();
    let above = Above::of(held).or(&of_sequence).or(&around.above);
    let full = text(held, &["qualified_name", "qualifiedName"])
        .or_else(|| sequence.and_then(|it| text(it, &["name"])))
        .or_else(|| text(held, &["name"]))
        .or_else(|| around.collection.clone())?;
    let (name, of_name) = match full.rsplit_once(':') {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (full.clone(), None),
    };
    let index = text(held, &["versionIndex", "version_index"]).map(|index| format!("v{index}"));
    // An alias such as `latest` moves, so it is no version where another is said.
    let is_version =
        |it: &String| it.strip_prefix('v').is_some_and(|rest| rest.parse::<u64>().is_ok());
    let version = text(held, &["version"])
        .filter(is_version)
        .or(index)
        .or_else(|| around.version.clone().filter(is_version))
        .or_else(|| of_name.clone().filter(is_version));
    let digest = text(held, &["digest"]);
    let version_or = version.clone().or_else(|| digest.clone()).or(of_name).unwrap_or_default();
    let place = above.place();
    if !name.contains('/') && !above.is_whole() {
        told.warn(UNPLACED);
    }
    let name =
        if name.contains('/') || place.is_empty() { name } else { format!("{place}/{name}") };
    let kind = type_of(held, around);
    let is_model = kind.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("model"));
    let node = node_of(is_model, &name, &version_or, told);
    let time = |names: &[&str]| member(held, names).and_then(time_of);
    let (created, updated) =
        (time(&["created_at", "createdAt"]), time(&["updated_at", "updatedAt"]));
    told.saw_time(created.max(updated));
    let registry = told.source.clone();
    let mut lost = Vec::new();
    let record = told.node(PART, &node);
    set_text(record, "name", Some(&name));
    set_text(record, "version", Some(&version_or));
    set_text(record, "digest", digest.as_deref());
    set_time(record, "time", created);
    tag(record, "wandb.type", kind.as_deref());
    if is_model {
        record.set("form", Some("registered"));
        record.set("registry", Some(registry));
        let aliases = list(held, &["aliases"]).into_iter().filter_map(|alias| match alias {
            Value::Object(alias) => text(alias, &["alias"]),
            other => text_of(other),
        });
        let aliases: Vec<lineal_proof::Value> = aliases.map(lineal_proof::Value::Text).collect();
        record.set("aliases", (!aliases.is_empty()).then_some(lineal_proof::Value::List(aliases)));
    } else {
        record.set("digest_kind", digest.as_ref().map(|_| DIGEST));
        record.set("source_type", Some(FORM));
        for name in ["size", "file_count", "fileCount"] {
            if let Some(value) = held.get(name) {
                lost.extend(figure(record, "stats", name, value).err());
            }
        }
    }
    if let Some(description) = text(held, &["description"]) {
        seal(record, "tags.description", &description, None);
    }
    if let Some(metadata) = parsed(held, &["metadata"]) {
        for (name, value) in metadata.as_object().into_iter().flatten() {
            tag_json(record, name, value);
        }
    }
    told.skip_all(lost);
    made_and_used(held, &node, &above, told);
    linked_from(held, &node, told);
    Some(node)
}

/// The node of a version by its full name.
pub(super) fn node_of(is_model: bool, name: &str, version: &str, told: &Told) -> Reference {
    if is_model {
        let key = vec![told.source.clone().into(), part(name), part(version)];
        return Reference::new(Kind::Model, key);
    }
    Reference::new(Kind::Dataset, vec![part(name), part(version), FORM.into(), "".into()])
}

/// A version in a registry is a link to one of a project, which says what it was linked from: as a name, by the
/// parts of one, or as the version itself.
fn linked_from(held: &Object, node: &Reference, told: &mut Told) {
    let whole = ["sourceArtifact", "source_artifact"].iter().find_map(|name| object(held, name));
    if let Some(source) = whole
        && let Some(source) = artifact(source, &Around::default(), told)
    {
        return link(node, &source, told);
    }
    let of_parts = || {
        let part = |name| text(held, &[name]);
        let name = part("source_name").or_else(|| part("source_collection"))?;
        Some(format!("{}/{}/{name}", part("source_entity")?, part("source_project")?))
    };
    let full = text(held, &["source_qualified_name", "sourceQualifiedName"]).or_else(of_parts);
    let Some(full) = full else { return };
    let (name, version) = match full.rsplit_once(':') {
        Some((name, version)) => (name.to_owned(), version.to_owned()),
        None => match text(held, &["source_version", "sourceVersion"]) {
            Some(version) => (full, version),
            None => return,
        },
    };
    let source = node_of(node.kind == Kind::Model, &name, &version, told);
    link(node, &source, told);
}

/// A membership of GraphQL: the artifact `one` stands in a collection that is another than its own, which makes it a
/// version of that collection, too.
pub(super) fn linked_as(
    held: &Object,
    one: &Object,
    around: &Around,
    source: &Reference,
    told: &mut Told,
) {
    let collection = object(held, "artifactCollection");
    let name = collection.and_then(|it| text(it, &["name"])).or_else(|| around.collection.clone());
    let index = text(held, &["versionIndex", "version_index"]);
    let (Some(name), Some(index)) = (name, index) else { return };
    // Where it does not say where it is from it is called by this collection.
    let is_named = object(one, "artifactSequence").is_some()
        || text(one, &["qualified_name", "qualifiedName"]).is_some();
    if !is_named {
        return;
    }
    let above = collection.map(Above::of).unwrap_or_default().or(&around.above);
    let place = above.place();
    let name =
        if name.contains('/') || place.is_empty() { name } else { format!("{place}/{name}") };
    let version = format!("v{index}");
    let is_model = source.kind == Kind::Model;
    let node = node_of(is_model, &name, &version, told);
    if node == *source {
        return;
    }
    let registry = told.source.clone();
    let record = told.node(PART, &node);
    set_text(record, "name", Some(&name));
    set_text(record, "version", Some(&version));
    set_text(record, "digest", text(one, &["digest"]).as_deref());
    if is_model {
        record.set("form", Some("registered"));
        record.set("registry", Some(registry));
    } else {
        record.set("digest_kind", text(one, &["digest"]).map(|_| DIGEST));
        record.set("source_type", Some(FORM));
    }
    link(&node, source, told);
}

/// The link of a version to the one that it stands for.
fn link(node: &Reference, source: &Reference, told: &mut Told) {
    if node.kind == source.kind {
        let relation = match node.kind {
            Kind::Model => Relation::RegisteredFrom,
            _ => Relation::DerivedFrom,
        };
        told.link(PART, node, relation, source);
    }
}

/// Who or what made it, and which runs used it.
fn made_and_used(held: &Object, node: &Reference, above: &Above, told: &mut Told) {
    // GraphQL calls a run by `name`; where there is a name beside an id it is for people.
    let by = object(held, "createdBy").map(|by| (by, ["name", "id"]));
    let by = by.or_else(|| object(held, "logged_by").map(|by| (by, ["id", "run_id"])));
    match by {
        Some((user, _)) if text(user, &["__typename"]).as_deref() == Some("User") => {
            let login = text(user, &["email", "username", "name"]);
            if let Some(person) = login.and_then(|login| actor(&login)) {
                told.link(PART, node, Relation::DoneBy, &person);
            }
        }
        Some((by, names)) => {
            if let Some(run) = run_of(by, &names, above) {
                told.link(PART, node, Relation::ProducedBy, &run);
            }
        }
        None => {}
    }
    let Some(users) = Entries::of(held, "usedBy") else { return };
    users.note("usedBy", format!("{:?}", node.key), told);
    for user in users.objects("/usedBy", told) {
        if let Some(run) = run_of(user.held, &["name", "id"], above) {
            told.link(PART, &run, Relation::Used, node);
        }
    }
}

/// A run that is named in passing, by the first of these members.
fn run_of(held: &Object, names: &[&str], above: &Above) -> Option<Reference> {
    let above = Above::of_run(held).or(above);
    let id = match (text(held, &["name"]), graph_id(held)) {
        (None, Some((run, _))) => run,
        _ => text(held, names)?,
    };
    let place = above.place();
    let full = if place.is_empty() { id } else { format!("{place}/{id}") };
    Some(Reference::new(Kind::Run, vec![part(&full)]))
}
