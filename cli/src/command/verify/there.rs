//! `lineal --url verify`: the server hashes the files of its store, and the report comes here.

use super::FAULTS_SHOWN;
use crate::args::{Arguments, Verify};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{Style, and_more, counted, grouped, texts, visible};
use serde_json::{Value as Json, json};
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Verify, remote: &Remote) -> Outcome {
    if wanted.node.is_some() {
        return Err(Failure::usage(
            "--node does not go with --url: ask `verify deep` in a question, or run it beside the store",
        ));
    }
    if !wanted.witness_key.is_empty() {
        return Err(Failure::usage(
            "--witness-key does not go with --url: run it beside the store, or on a copy or mirror of it",
        ));
    }
    let depth = match (wanted.fast, wanted.bytes) {
        (true, _) => "fast",
        (false, true) => "bytes",
        (false, false) => "full",
    };
    let told = remote.done("/v1/verify", &json!({ "depth": depth, "since": wanted.since }))?;
    let is = |name: &str| told[name].as_array().is_some_and(|list| !list.is_empty());
    let exit = match (told["sound"] == true, is("faults") || is("signatures_wrong")) {
        (false, _) => Exit::Damaged,
        (true, true) => Exit::No,
        (true, false)
            if wanted.require_keys && (told["keys_present"] != true || is("keys_missing")) =>
        {
            Exit::CannotTell
        }
        (true, false) => Exit::Answer,
    };
    let mut out = std::io::stdout().lock();
    exit.after(match arguments.json {
        true => writeln!(out, "{told}").map_err(Failure::from),
        false => print(&mut out, &told),
    })
}

fn print(out: &mut dyn Write, told: &Json) -> Outcome<()> {
    let style = Style::new();
    let none = Vec::new();
    let list = |name: &str| told[name].as_array().unwrap_or(&none);
    let number = |name: &str| told[name].as_u64().unwrap_or(0);
    let text = |json: &Json| visible(json.as_str().unwrap_or("?")).into_owned();
    for one in list("signatures_wrong") {
        let (name, why) = (text(&one["approval"]), text(&one["why"]));
        let told = format!("{name}: the signature does not check: {why}");
        writeln!(out, "{}", style.warn(&told))?;
    }
    let faults = list("faults");
    for fault in faults.iter().take(FAULTS_SHOWN) {
        let told = format!(
            "{}, byte {}: what must hold and does not: {}; lost: {} [{}]",
            text(&fault["file"]),
            fault["at"],
            text(&fault["rule"]),
            text(&fault["lost"]),
            text(&fault["code"])
        );
        writeln!(out, "{}", style.warn(&told))?;
    }
    if let Some(more) = and_more(faults.len() as u64, FAULTS_SHOWN) {
        writeln!(out, "{more}; --json lists all")?;
    }
    writeln!(
        out,
        "{}, {}, {}, {} with {}, {}; {} bytes of the server's store ({})",
        counted(number("commits"), "commit"),
        counted(number("records"), "record"),
        counted(number("containers"), "container"),
        counted(number("batches"), "batch"),
        counted(number("rows"), "row"),
        counted(number("sealed"), "sealed value"),
        grouped(number("segment_bytes") + number("container_bytes")),
        text(&told["depth"]),
    )?;
    for note in texts(&told["notes"]) {
        writeln!(out, "{}", style.faint(&format!("note: {}", visible(note))))?;
    }
    let derived = faults.iter().filter(|fault| fault["derived"] == true).count() as u64;
    let truth = faults.len() as u64 - derived + number("faults_not_listed");
    let derived = derived + number("faults_derived_not_listed");
    let verdict = match (truth, derived) {
        (0, 0) => {
            style.found("no fault found, as far as this server says: it hashed its own files")
        }
        (0, derived) => format!(
            "{} in derived files only: `lineal rebuild` beside the store mends that",
            counted(derived, "fault")
        ),
        (truth, _) => format!(
            "{} in what was recorded; `lineal repair --dry-run` beside the store says what can be brought back",
            counted(truth, "fault")
        ),
    };
    Ok(writeln!(out, "{verdict}")?)
}
