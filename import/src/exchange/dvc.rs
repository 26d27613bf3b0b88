//! DVC: `dvc.lock`, whose stages are runs, and `.dvc` files, which say where data came from.
//!
//! A stage has no time, no actor and no id, so it goes by what it says: the same stage with the same
//! inputs and outputs is the same run, a changed one another. Its digests are MD5, which is noted: it
//! tells a mistake, not a forger.

use super::artifact::{Artifact, Digest, best, id_of, is_code, kind_of, listing_digest, part};
use super::fields::{figure, parameters, set_text, tag};
use super::json::{Object, canonical, list, object, objects, text};
use super::told::Told;
use super::yaml;
use crate::record::Reference;
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;
use std::collections::BTreeMap;

/// The form of what a stage says of itself.
pub(super) const FORM: &str = "dvc";
/// The form of what is said in passing.
const PART: &str = "dvc-part";

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    let document = match yaml::read(bytes) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return told.reject("", "a map of stages, or of `outs`, was expected"),
        Err(why) => return told.reject("", &why),
    };
    if document.contains_key("outs") || document.contains_key("deps") {
        return tracked(&document, told);
    }
    // Before schema 2.0 the stages stood at the top.
    let stages = match object(&document, "stages") {
        Some(stages) => stages,
        None if document.contains_key("schema") => return told.reject("/stages", "no stages"),
        None => &document,
    };
    for (name, held) in stages {
        match held {
            Value::Object(one) => stage(name, one, held, told),
            _ => told.reject(
                &format!("/stages/{name}"),
                "a stage with `cmd`, `deps`, `outs` was expected",
            ),
        }
    }
}

/// The digest of an entry: old files that do not say how have MD5 over text with Unix line ends.
fn digest(entry: &Object, is_old: bool) -> Option<Digest> {
    let md5 = if entry.contains_key("hash") || !is_old { "md5" } else { "md5-dos2unix" };
    let known = [("md5", md5), ("checksum", "checksum"), ("etag", "etag")];
    let own =
        known.iter().filter_map(|(name, algorithm)| Digest::new(algorithm, &text(entry, &[name])?));
    best(own).or_else(|| in_cloud(entry, "etag"))
}

/// What the remotes say of an entry that lies in them by version: of the first that says it, by name.
fn in_cloud(entry: &Object, name: &'static str) -> Option<Digest> {
    let remotes: BTreeMap<&String, &Value> = object(entry, "cloud")?.iter().collect();
    remotes.into_values().find_map(|remote| Digest::new(name, &text(remote.as_object()?, &[name])?))
}

/// What tells a file of a listing from its other versions: its digest, else the version that its remote calls it.
fn version(file: &Object) -> Option<String> {
    let version = || Digest::new("version_id", &text(file, &["version_id"])?);
    let version = digest(file, false).or_else(version).or_else(|| in_cloud(file, "version_id"))?;
    Some(version.value)
}

/// The digest of a folder whose files are listed one by one, as cloud versioning has it: over the same lines as any
/// listing, with the digest that stands there of each, or its version there. None where one of them has none: a digest over a part
/// would be one of something else.
fn listed(entry: &Object) -> Option<Digest> {
    let file = |file: &Value| {
        let file = file.as_object()?;
        Some((text(file, &["relpath"])?, version(file)?))
    };
    let files: Option<Vec<(String, String)>> =
        list(entry, &["files"]).into_iter().map(file).collect();
    let files = files.filter(|files| !files.is_empty())?;
    let listing =
        listing_digest(files.iter().map(|(path, digest)| (path.as_str(), digest.as_str())));
    Digest::new("sha256", &listing)
}

/// The kind that a `.dvc` file states of what it tracks (`type`), where it is one of ours.
fn stated(entry: &Object) -> Option<Kind> {
    match text(entry, &["type"])?.to_ascii_lowercase().as_str() {
        "model" => Some(Kind::Model),
        "data" | "dataset" => Some(Kind::Dataset),
        _ => None,
    }
}

fn thing(entry: &Object, path: &str, is_old: bool, told: &mut Told) -> Reference {
    let own = digest(entry, is_old);
    let of_files = if own.is_none() { listed(entry) } else { None };
    let is_listed = of_files.is_some();
    if own.is_none() && !is_listed && !list(entry, &["files"]).is_empty() {
        told.skip("files of a folder of which not each has a digest: the folder goes by its path");
    }
    let digest = own.or(of_files);
    if digest.is_none() && entry.contains_key("md5") {
        told.skip("digests that are not as long as MD5 is: the file goes by its path");
    }
    let is_folder = digest.as_ref().is_some_and(|digest| digest.value.ends_with(".dir"));
    let artifact = Artifact {
        name: path,
        uri: None,
        digest,
        // What somebody wrote of it goes before what it is called.
        kind: stated(entry).or_else(|| Some(kind_of(path, None))),
        media_type: None,
    };
    let node = artifact.put(PART, told);
    if node.kind == Kind::Dataset {
        let mut lost = Vec::new();
        let record = told.node(PART, &node);
        for name in ["size", "nfiles"] {
            if let Some(value) = entry.get(name) {
                lost.extend(figure(record, "stats", name, value).err());
            }
        }
        if is_listed {
            record.set(
                "digest_kind",
                Some("sha256 of the lines `DIGEST  PATH` of DVC's files, sorted by path"),
            );
        }
        if is_folder {
            record.set("digest_kind", Some("md5 of DVC's listing of the folder"));
        }
        told.skip_all(lost);
    }
    node
}

fn stage(name: &str, stage: &Object, whole: &Value, told: &mut Told) {
    let said = format!("{name}\n{}", canonical(whole));
    let run = Reference::new(Kind::Run, vec![id_of("dvc", said.as_bytes()).into()]);
    let record = told.node(FORM, &run);
    set_text(record, "name", Some(name));
    match stage.get("cmd") {
        Some(Value::Array(lines)) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            tag(record, "dvc.cmd", Some(&lines.join("\n")));
        }
        _ => tag(record, "dvc.cmd", text(stage, &["cmd"]).as_deref()),
    }
    for (file, given) in object(stage, "params").into_iter().flatten() {
        let prefix = if file == "params.yaml" { "" } else { file.as_str() };
        parameters(told.node(FORM, &run), prefix, given);
    }
    let all = objects(stage, &["deps"]).into_iter().chain(objects(stage, &["outs"]));
    // `hash` came with DVC 3 to every entry at once.
    let is_old = !all.into_iter().any(|entry| entry.contains_key("hash"));
    for (number, dep) in objects(stage, &["deps"]).into_iter().enumerate() {
        let Some(path) = text(dep, &["path"]) else {
            told.reject(&format!("/stages/{name}/deps/{number}"), "`path` is missing");
            continue;
        };
        if is_code(&path) {
            // A program's source is no data, and its digest no commit.
            let digest = digest(dep, is_old).map(|digest| digest.value);
            tag(told.node(FORM, &run), &format!("dvc.code.{path}"), digest.as_deref());
            continue;
        }
        let used = thing(dep, &path, is_old, told);
        told.link(FORM, &run, Relation::Used, &used);
    }
    for (number, out) in objects(stage, &["outs"]).into_iter().enumerate() {
        let Some(path) = text(out, &["path"]) else {
            told.reject(&format!("/stages/{name}/outs/{number}"), "`path` is missing");
            continue;
        };
        let made = thing(out, &path, is_old, told);
        told.link(PART, &made, Relation::ProducedBy, &run);
    }
}

/// A `.dvc` file: what is tracked, and from where it was brought.
fn tracked(file: &Object, told: &mut Told) {
    let all: Vec<&Object> = objects(file, &["outs"]);
    let is_old = !all.iter().any(|entry| entry.contains_key("hash"));
    let mut brought = Vec::new();
    for (number, dep) in objects(file, &["deps"]).into_iter().enumerate() {
        let Some(path) = text(dep, &["path"]) else {
            told.reject(&format!("/deps/{number}"), "`path` is missing");
            continue;
        };
        brought.push(match object(dep, "repo") {
            Some(repo) => of_repository(repo, &path, told),
            None => thing(dep, &path, is_old, told),
        });
    }
    for (number, out) in all.into_iter().enumerate() {
        let Some(path) = text(out, &["path"]) else {
            told.reject(&format!("/outs/{number}"), "`path` is missing");
            continue;
        };
        let node = thing(out, &path, is_old, told);
        for from in &brought {
            if from.kind == node.kind {
                told.link(PART, &node, Relation::DerivedFrom, from);
            } else {
                told.skip("origins of another kind than what was brought");
            }
        }
    }
}

/// What lies in another repository at a commit.
fn of_repository(repo: &Object, path: &str, told: &mut Told) -> Reference {
    let url = text(repo, &["url"]).unwrap_or_default();
    let revision = text(repo, &["rev_lock", "rev"]).unwrap_or_default();
    match kind_of(path, None) {
        Kind::Model => {
            let id = format!("{url}@{revision}/{path}");
            let node = Reference::new(Kind::Model, vec![part(&id)]);
            let record = told.node(PART, &node);
            record.set("form", Some("logged"));
            set_text(record, "name", Some(path));
            set_text(record, "uri", Some(&url));
            node
        }
        _ => {
            let key = vec![part(path), part(&revision), "git".into(), part(&url)];
            let node = Reference::new(Kind::Dataset, key);
            let record = told.node(PART, &node);
            set_text(record, "name", Some(path));
            set_text(record, "version", Some(&revision));
            set_text(record, "uri", Some(&url));
            record.set("source_type", Some("git"));
            node
        }
    }
}
