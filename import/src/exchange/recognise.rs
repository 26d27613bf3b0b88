//! Tells the format of a document by what it is called and by the members of its first object.

use super::head::{self, Seen};
use super::{DOCUMENT_BYTES_MAX, FORMATS, Format, in_toto, prov, wandb};
use crate::plain;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// How documents of JSON end.
const JSON_ENDINGS: [&str; 7] =
    ["json", "jsonl", "ndjson", "jsonld", "intoto", "sigstore", "bundle"];

/// The format of a file; none if it is no document of these.
pub(crate) fn recognise(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    if !path.is_file() {
        return None;
    }
    if name == "dvc.lock" || (name.ends_with(".dvc") && name != ".dvc") {
        return Some(Format::Dvc);
    }
    let mut file = plain::open(path).ok()?;
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ending == "zip" {
        return zip_of_session(&mut file).then_some(Format::Clearml);
    }
    // A file of another name may be given by itself: its first character decides.
    let mut first = [0; 1];
    if !JSON_ENDINGS.contains(&ending) {
        let is_json = matches!(file.read(&mut first), Ok(1) if matches!(first[0], b'{' | b'['));
        if !is_json {
            return None;
        }
        file = plain::open(path).ok()?;
    }
    format_of(&head::read(BufReader::new(file.take(DOCUMENT_BYTES_MAX)))?)
}

/// The format that these members are of.
fn format_of(seen: &Seen) -> Option<Format> {
    // Those that name themselves stand before those that are known by their members.
    let fits = |format: &Format| match format {
        Format::InToto => is_in_toto(seen),
        Format::Clearml => is_clearml(seen),
        Format::Cyclonedx => seen.begins("bomFormat", "CycloneDX"),
        Format::Spdx => {
            seen.begins("@context", "https://spdx.org/rdf/3") && seen.get("@graph").is_some()
        }
        Format::Croissant => is_croissant(seen),
        Format::Prov => is_prov(seen),
        Format::Wandb => is_wandb(seen),
        Format::DatadogWatch => is_watch(seen),
        // By its name alone.
        Format::Dvc => false,
    };
    FORMATS.into_iter().find(fits)
}

fn is_in_toto(seen: &Seen) -> bool {
    let envelope = |seen: &Seen| {
        seen.has(&["payload", "signatures"])
            && seen.begins("payloadType", "application/vnd.in-toto")
    };
    seen.begins("_type", in_toto::STATEMENT)
        || envelope(seen)
        || seen.get("dsseEnvelope").is_some_and(envelope)
        || seen.first("attestations").is_some_and(|one| one.has_any(&["bundle", "dsseEnvelope"]))
}

fn is_clearml(seen: &Seen) -> bool {
    let one = |seen: &Seen| {
        seen.has(&["id", "dataset_file_entries"])
            || (seen.has(&["id", "type", "script"]) && seen.has_any(&["hyperparams", "execution"]))
            || (seen.has(&["id", "uri", "framework"]) && !seen.has_any(&["type", "bom-ref"]))
    };
    let held = |seen: &Seen| {
        ["task", "tasks", "model", "models"].iter().any(|name| seen.first(name).is_some_and(one))
    };
    one(seen) || held(seen) || seen.get("data").is_some_and(|data| one(data) || held(data))
}

fn is_croissant(seen: &Seen) -> bool {
    let of_type = |name: &str| seen.texts("@type").contains(&name);
    (of_type("sc:Dataset") || of_type("Dataset") || of_type("https://schema.org/Dataset"))
        && (seen.begins("conformsTo", "http://mlcommons.org/croissant")
            || seen.has_any(&["distribution"]))
}

/// Nothing but what a document of PROV-JSON may hold, each an object, and more than one of them or
/// one that is of PROV alone.
fn is_prov(seen: &Seen) -> bool {
    let Seen::Object(members) = seen else { return false };
    let may_hold =
        |name: &str| prov::MEMBERS.contains(&name) || matches!(name, "prefix" | "bundle");
    let of_prov =
        members.keys().filter(|name| name.starts_with("was") || *name == "prefix").count();
    members.len() > 1
        && of_prov > 0
        && members.iter().all(|(name, held)| may_hold(name) && matches!(held, Seen::Object(_)))
}

fn is_wandb(seen: &Seen) -> bool {
    let run = |seen: &Seen| {
        let lineage = wandb::USED.iter().chain(&wandb::LOGGED).any(|name| seen.get(name).is_some());
        let of_run = seen.has_any(&["summary", "summaryMetrics", "summary_metrics"])
            && seen.has_any(&["config", "rawconfig"]);
        seen.has_any(&["id", "name"]) && (lineage || of_run)
    };
    let artifact = |seen: &Seen| {
        seen.has(&["name", "digest"])
            && seen.has_any(&["type", "artifactType"])
            && seen.has_any(&["aliases", "version", "versionIndex", "manifest"])
            && seen.get("bom-ref").is_none()
    };
    let first = |name: &str| seen.first(name);
    let of_edges = |name: &str| seen.get(name).and_then(|held| held.first("edges"));
    run(seen)
        || artifact(seen)
        || first("runs").is_some_and(run)
        || first("artifacts").is_some_and(artifact)
        || ["runs", "artifacts"]
            .iter()
            .any(|name| of_edges(name).is_some_and(|it| it.get("node").is_some()))
}

fn is_watch(seen: &Seen) -> bool {
    let monitor = |seen: &Seen| {
        seen.has(&["id", "type", "query", "name"])
            && seen.has_any(&["options", "overall_state", "org_id"])
    };
    let event = |seen: &Seen| {
        let kind = |name| seen.begins("type", name);
        (kind("audit") || kind("event")) && seen.has(&["id", "attributes"])
    };
    monitor(seen)
        || event(seen)
        || seen.first("monitors").is_some_and(monitor)
        || seen.first("data").is_some_and(event)
}

/// Is the zip a session that ClearML wrote offline: does it name `task.json` in its head or tail?
fn zip_of_session(file: &mut File) -> bool {
    let mut bytes = Vec::new();
    let is_read = file.take(DOCUMENT_BYTES_MAX).read_to_end(&mut bytes).is_ok();
    let names = |name: &[u8]| bytes.windows(name.len()).any(|part| part == name);
    is_read && bytes.starts_with(b"PK\x03\x04") && names(b"task.json") && names(b"PK\x05\x06")
}
