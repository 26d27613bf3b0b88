//! The zip of a session that was recorded offline: `task.json`, `metrics.jsonl`, and the manifest of
//! a data set among the artifacts. Nothing is unpacked onto the disk.

use super::super::fields::number;
use super::super::json::Object;
use super::super::told::Told;
use super::super::{DOCUMENT_BYTES_MAX, json};
use super::task::{Beside, task};
use crate::mlflow::json_of_python;
use serde_json::Value;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Most entries of a zip: a session has a few, artifacts a few hundred.
const ENTRIES_MAX: usize = 100_000;
/// What the session is about.
const TASK: &str = "task.json";
/// Its figures.
const METRICS: &str = "metrics.jsonl";
/// The manifest of a data set, below `data/`.
const MANIFEST: &str = "/artifacts/state/state.json";

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    let mut zip = match ZipArchive::new(Cursor::new(bytes)) {
        Ok(zip) if zip.len() <= ENTRIES_MAX => zip,
        Ok(_) => return told.reject("", "the zip has more than 100,000 entries"),
        Err(error) => return told.reject("", &broken(&error)),
    };
    let mut names = Vec::new();
    for name in zip.file_names() {
        match name {
            Ok(name) => names.push(name.into_owned()),
            Err(error) => told.reject("", &broken(&error)),
        }
    }
    let mut left: u64 = DOCUMENT_BYTES_MAX;
    let Some(whole) = entry(&mut zip, TASK, &mut left, told) else {
        return told
            .reject("", "the zip has no readable `task.json`: a session of ClearML was expected");
    };
    let parsed = json_of_python(&whole);
    let Ok(Value::Object(object)) = parsed else {
        return told.reject("/task.json", "no readable JSON object");
    };
    let mut beside = Beside::default();
    if names.iter().any(|name| name == METRICS)
        && let Some(lines) = entry(&mut zip, METRICS, &mut left, told)
    {
        metrics(&lines, &mut beside, told);
    }
    for name in names.iter().filter(|name| name.ends_with(MANIFEST)) {
        let Some(state) = entry(&mut zip, name, &mut left, told) else { continue };
        match json_of_python(&state) {
            Ok(Value::Object(state)) => beside.manifest = Some(state),
            _ => told.reject(&format!("/{name}"), "no readable JSON object"),
        }
    }
    // Console lines and the bytes of artifacts are no lineage.
    for name in &names {
        if name == "log.jsonl" {
            told.skip("lines of the console");
        } else if name != TASK
            && name != METRICS
            && !name.ends_with(MANIFEST)
            && !name.ends_with('/')
        {
            told.skip("bytes of artifacts");
        }
    }
    task(&object, &beside, "/task.json", told);
}

/// The bytes of an entry; what is too large or damaged is a reject.
fn entry(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    left: &mut u64,
    told: &mut Told,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match zip.by_name(name) {
        // What the header says of the size may be anything.
        Ok(entry) => entry.take(*left + 1).read_to_end(&mut bytes).map_err(ZipError::from),
        Err(error) => Err(error),
    };
    if let Err(error) = read {
        told.reject(&format!("/{name}"), &broken(&error));
        return None;
    }
    let Some(rest) = left.checked_sub(bytes.len() as u64) else {
        told.reject(&format!("/{name}"), "unpacked, the zip has more than 64 MiB of descriptions");
        *left = 0;
        return None;
    };
    *left = rest;
    Some(bytes)
}

fn broken(error: &ZipError) -> String {
    match error {
        ZipError::FileNotFound => "the zip has no such entry".to_owned(),
        ZipError::UnsupportedArchive(why) => format!("a zip that cannot be read: {why}"),
        _ => "the zip is damaged or breaks off".to_owned(),
    }
}

/// Figures: each line is a list of events.
fn metrics(lines: &[u8], beside: &mut Beside, told: &mut Told) {
    let mut byte = 0;
    for (number, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let at = byte;
        byte += line.len();
        if line.trim_ascii().is_empty() {
            continue;
        }
        let pointer = || format!("/{METRICS}, line {}, byte {at}", number + 1);
        let Ok(value) = json_of_python(line) else {
            told.reject(&pointer(), "no readable JSON");
            continue;
        };
        let events = match &value {
            Value::Array(events) => events.iter().collect(),
            one => vec![one],
        };
        for event in events {
            match event.as_object() {
                Some(event) if is_scalar(event) => match scalar(event) {
                    Some(scalar) => beside.scalars.push(scalar),
                    None => told.skip("scalars without a number or a time"),
                },
                Some(_) => told.skip("events that are no figures (plots, images, console)"),
                None => told.reject(&pointer(), "an event is a JSON object"),
            }
        }
    }
}

fn is_scalar(event: &Object) -> bool {
    event.get("type").and_then(Value::as_str).is_some_and(|kind| kind.contains("scalar"))
}

fn scalar(event: &Object) -> Option<(String, (i64, i64, f64))> {
    let text = |name: &str| json::text(event, &[name]).unwrap_or_default();
    let name = match (text("metric"), text("variant")) {
        (metric, variant) if variant.is_empty() => metric,
        (metric, variant) => format!("{metric}/{variant}"),
    };
    let value = number(event.get("value")?)?;
    let int = |name: &str| event.get(name).and_then(Value::as_i64);
    Some((name, (int("iter").unwrap_or_default(), int("timestamp")?, value)))
}
