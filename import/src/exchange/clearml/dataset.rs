//! A data set: a task with a manifest of its files, each with its SHA-256, and the data sets that it
//! was made from.

use super::super::artifact::{Artifact, Digest, base_name};
use super::super::artifact::{LISTING, listing_digest};
use super::super::fields::{actor, figure, seal, set_text, set_time, tag, tag_words};
use super::super::json::{Object, list, object, objects, text, time_of};
use super::super::told::Told;
use super::{FORM, PART, dataset_of};
use crate::record::Reference;
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value as Json;

/// Most files of a data set that become nodes of their own; the digest covers all of them.
const FILES_MAX: usize = 10_000;
/// Where the client keeps the structure of a data set.
const STRUCTURE: &str = "Dataset Struct";

/// A task that is a data set.
pub(super) fn task(
    task: &Object,
    manifest: Option<&Object>,
    id: &str,
    pointer: &str,
    told: &mut Told,
) {
    let Some(name) = text(task, &["name"]) else {
        return told.reject(pointer, "`name` is missing: a data set has one");
    };
    let node = dataset_of(id);
    let properties = object(task, "hyperparams").and_then(|all| object(all, "properties"));
    let of_properties = properties
        .and_then(|all| object(all, "version"))
        .and_then(|version| text(version, &["value"]));
    let version = object(task, "runtime").and_then(|it| text(it, &["version"])).or(of_properties);
    let record = told.node(told.own, &node);
    set_text(record, "name", Some(&name));
    set_text(record, "version", version.as_deref());
    record.set("source_type", Some(FORM));
    tag(record, "clearml.status", text(task, &["status"]).as_deref());
    tag(record, "clearml.project", super::project(task).as_deref());
    let time = |name: &str| task.get(name).and_then(time_of);
    set_time(record, "time", time("completed").or(time("created")));
    tag_words(record, list(task, &["tags"]).into_iter().filter_map(Json::as_str));
    if let Some(user) = super::task::user(task)
        && let Some(actor) = actor(&user)
    {
        seal(told.node(told.own, &node), "tags.clearml.user", &user, Some(&user));
        told.link(told.own, &node, Relation::DoneBy, &actor);
    }
    match manifest {
        Some(manifest) => entries(manifest, &node, told),
        None => structure(task, &node, id, told),
    }
}

/// A manifest that lies by itself: all that is known of the name is the id.
pub(super) fn manifest(manifest: &Object, pointer: &str, told: &mut Told) {
    let Some(id) = text(manifest, &["id"]) else {
        return told.reject(pointer, "`id` is missing: a manifest names its data set");
    };
    told.warnings.push(format!(
        "{} is a manifest without its task: the data set is called by its id",
        told.file()
    ));
    let node = dataset_of(&id);
    told.node(told.own, &node).set("source_type", Some(FORM));
    entries(manifest, &node, told);
}

fn entries(manifest: &Object, node: &Reference, told: &mut Told) {
    let mut files = Vec::new();
    let mut is_whole = true;
    for (number, file) in objects(manifest, &["dataset_file_entries"]).into_iter().enumerate() {
        let pointer = format!("/dataset_file_entries/{number}");
        let Some(path) = text(file, &["relative_path"]) else {
            told.reject(&pointer, "`relative_path` is missing");
            is_whole = false;
            continue;
        };
        match text(file, &["hash"]).filter(|hash| is_sha256(hash)) {
            Some(hash) => files.push((path, hash)),
            None => {
                told.reject(&pointer, "`hash` is no SHA-256: 64 hexadecimal digits were expected");
                is_whole = false;
            }
        }
    }
    let links = objects(manifest, &["dataset_link_entries"]);
    let record = told.node(told.own, node);
    // A digest over a part of the files would be one of something else.
    if is_whole && links.is_empty() && !files.is_empty() {
        let digest =
            listing_digest(files.iter().map(|(path, hash)| (path.as_str(), hash.as_str())));
        record.set("digest", Some(digest.as_str()));
        record.set("digest_kind", Some(LISTING));
    }
    for name in ["file_count", "total_size"] {
        if let Some(value) = manifest.get(name) {
            let kept = figure(told.node(told.own, node), "stats", name, value);
            told.skip_all(kept.err().into_iter().collect());
        }
    }
    let record = told.node(told.own, node);
    if manifest.get("dirty").and_then(Json::as_bool) == Some(true) {
        tag(record, "clearml.dirty", Some("true"));
        told.warnings.push(format!(
            "{}: the data set was not finalized, so its files may still have changed",
            told.file()
        ));
    }
    if files.len() > FILES_MAX {
        for _ in &files {
            told.skip("files of a data set of more than 10,000: its digest covers them");
        }
    } else {
        for (path, hash) in &files {
            let digest = Digest::new("sha256", hash);
            let file = Artifact {
                name: base_name(path),
                digest,
                kind: Some(Kind::Dataset),
                ..Artifact::default()
            };
            let file = file.put(PART, told);
            told.link(told.own, node, Relation::DerivedFrom, &file);
        }
    }
    for (number, link) in links.into_iter().enumerate() {
        let Some(place) = text(link, &["link"]) else {
            told.reject(&format!("/dataset_link_entries/{number}"), "`link` is missing");
            continue;
        };
        let digest = text(link, &["hash"])
            .filter(|hash| is_sha256(hash))
            .and_then(|hash| Digest::new("sha256", &hash));
        let file = Artifact {
            name: &place,
            uri: Some(&place),
            digest,
            kind: Some(Kind::Dataset),
            media_type: None,
        };
        let file = file.put(PART, told);
        told.link(told.own, node, Relation::DerivedFrom, &file);
    }
    let own = text(manifest, &["id"]).unwrap_or_default();
    let graph = object(manifest, "dependency_graph");
    for parent in
        graph.and_then(|graph| graph.get(&own)).and_then(Json::as_array).into_iter().flatten()
    {
        if let Some(parent) = parent.as_str().filter(|parent| *parent != own) {
            told.link(told.own, node, Relation::DerivedFrom, &dataset_of(parent));
        }
    }
}

fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The structure that the task itself holds, where its manifest is not there: JSON in a text, in
/// which the last entry is the data set.
fn structure(task: &Object, node: &Reference, id: &str, told: &mut Told) {
    told.skip("manifests that are not beside their data set");
    let text_of = |task: &Object| {
        let all = object(task, "configuration")?;
        text(object(all, STRUCTURE)?, &["value"])
    };
    let Some(Ok(Json::Object(all))) = text_of(task).map(|text| serde_json::from_str(&text)) else {
        return;
    };
    let bare = id.strip_prefix("offline-").unwrap_or(id);
    for entry in all.values().filter_map(Json::as_object) {
        if text(entry, &["job_id"]).as_deref() != Some(bare) {
            continue;
        }
        // Parents are named by their places among the entries, or by their ids.
        for parent in list(entry, &["parents"]) {
            let Some(parent) = super::super::json::text_of(parent) else { continue };
            let named = all.get(&parent).and_then(Json::as_object);
            let parent = named.and_then(|it| text(it, &["job_id"])).unwrap_or(parent);
            told.link(told.own, node, Relation::DerivedFrom, &dataset_of(&parent));
        }
    }
}
