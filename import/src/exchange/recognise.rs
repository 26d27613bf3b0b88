//! Tells the format of a document by what it is called and by the members of its first object.

use super::head::{self, Seen};
use super::{DOCUMENT_BYTES_MAX, FORMATS, Format, clearml, in_toto, prov, wandb};
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

/// Members of a task of which others that have a type have hardly two.
const OF_TASK: [&str; 9] = [
    "script",
    "hyperparams",
    "execution",
    "system_tags",
    "last_metrics",
    "last_iteration",
    "configuration",
    "runtime",
    "company",
];

/// Has it an id, and the type of a task of ClearML?
fn is_typed(seen: &Seen) -> bool {
    let types = seen.texts("type");
    // Of what lies deep no more is seen than that it is there.
    let is_type = seen.get("type") == Some(&Seen::Other)
        || matches!(types[..], [one] if clearml::TASK_TYPES.contains(&one));
    seen.get("id").is_some() && is_type
}

fn is_clearml(seen: &Seen) -> bool {
    let one = |seen: &Seen| {
        seen.has(&["id", "dataset_file_entries"])
            || (seen.has(&["id", "type", "script"]) && seen.has_any(&["hyperparams", "execution"]))
            || (seen.has(&["id", "uri", "framework"]) && !seen.has_any(&["type", "bom-ref"]))
            || (is_typed(seen)
                && OF_TASK.iter().filter(|name| seen.get(name).is_some()).count() > 1)
    };
    let held = |seen: &Seen| {
        let task = |seen: &Seen| is_typed(seen) && seen.has_any(&OF_TASK);
        ["task", "tasks"].iter().any(|name| seen.first(name).is_some_and(task))
            || ["task", "tasks", "model", "models"]
                .iter()
                .any(|name| seen.first(name).is_some_and(one))
    };
    // Each answer of its API says which call it answers; what is asked for may leave most members out.
    let is_answer = seen
        .get("meta")
        .and_then(|meta| meta.get("endpoint"))
        .is_some_and(|endpoint| endpoint.has(&["name"]));
    let has_things = |data: &Seen| data.has_any(&["task", "tasks", "model", "models"]);
    one(seen)
        || held(seen)
        || seen
            .get("data")
            .is_some_and(|data| one(data) || held(data) || (is_answer && has_things(data)))
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
    run(seen)
        || artifact(seen)
        || first("runs").is_some_and(run)
        || first("artifacts").is_some_and(artifact)
        || is_of_wandb(seen)
        || seen.get("data").is_some_and(is_of_wandb)
}

/// Does an answer of GraphQL, or its `data`, lead to runs or artifacts of W&B? What lies deep is not seen, so
/// names that only its schema has must do.
fn is_of_wandb(seen: &Seen) -> bool {
    let is_list = |held: &Seen| match held.get("edges") {
        Some(Seen::List(edges)) if !edges.is_empty() => {
            // What lies too deep to be looked at may be one.
            edges.iter().any(|edge| *edge == Seen::Other || edge.get("node").is_some())
        }
        Some(Seen::List(_)) => held.has_any(&["pageInfo", "totalCount"]),
        Some(Seen::Other) => true,
        _ => false,
    };
    let list = |held: &Seen, name: &str| held.get(name).is_some_and(is_list);
    let run = |held: &Seen| {
        held.has_any(&wandb::USED)
            || held.has_any(&wandb::LOGGED)
            || held.has_any(&["summaryMetrics", "historyKeys"])
            || (held.has(&["config", "name"]) && held.has_any(&["state", "displayName"]))
    };
    let artifact = |held: &Seen| {
        held.get("digest").is_some()
            && held.has_any(&["artifactSequence", "artifactType", "versionIndex"])
    };
    let typed = |held: &Seen| {
        let names = ["artifactCollections", "artifactCollection", "artifactSequences"];
        ["artifactTypes", "artifactType"].iter().any(|name| list(held, name))
            || held.get("artifactType").is_some_and(|held| {
                held.has_any(&names) || held.has_any(&["artifactSequence", "artifacts"])
            })
            || held.get("artifactCollection").is_some_and(|held| held.get("artifacts").is_some())
    };
    let project = |held: &Seen| {
        list(held, "runs")
            || list(held, "artifacts")
            || held.get("run").is_some_and(run)
            || held.get("artifact").is_some_and(artifact)
            || typed(held)
    };
    // Of what lies deep no more is seen than which members it has.
    let deep = |held: &Seen| {
        let names = ["runs", "run", "artifact", "artifactType", "artifactTypes"];
        names.iter().any(|name| held.get(name) == Some(&Seen::Other))
    };
    let leads = |held: &Seen| {
        project(held)
            || held.get("project").is_some_and(|held| project(held) || deep(held))
            || list(held, "projects")
            || held.get("sweep").is_some_and(|sweep| list(sweep, "runs"))
    };
    leads(seen)
        || ["project", "viewer", "entity", "organization"]
            .iter()
            .any(|name| seen.get(name).is_some_and(leads))
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
